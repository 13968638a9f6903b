/* SPDX-License-Identifier: MIT */
/* Executors of the control engine. Waits, signals and barriers are the run loop's. */
#include "exec_priv.h"

void loom_exec_nop(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
}

void loom_exec_mark(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	loom_core_clear(core);
}

void loom_exec_stat(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	struct loom_stat st = {
		.cycles = core->time.horizon,
		.macs = core->macs,
		.bytes_in = core->bytes_in,
		.bytes_out = core->bytes_out,
		.descs = core->descs,
		.core = core->id,
		.array_dim = core->geo.array_dim,
	};

	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		st.busy[e] = core->time.busy[e];
		st.stall[e] = core->time.seen[e] - core->time.busy[e];
	}
	loom_vm_write(core, op->u.stat.va, &st, sizeof(st), fault);
}
