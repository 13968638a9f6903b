// SPDX-License-Identifier: MIT
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "libaccel/program/program.h"
#include "qemu-device/core/cycles.h"
#include "qemu-device/core/exec_priv.h"
#include "uapi/loom/isa_table.h"

double accel_model_cycles(const struct accel_stream *s, const struct accel_machine *m)
{
	struct loom_timeline *t = calloc(1, sizeof(*t));
	struct loom_geometry geo;
	double cycles;

	if (!t)
		return -1;
	loom_geometry_default(&geo);
	geo.array_dim = m->array_dim;
	geo.num_cores = m->num_cores ? m->num_cores : 1;
	geo.dram_bpc = m->dram_bpc;
	for (uint32_t i = 0; i < s->slots;) {
		const uint8_t *desc = s->data + (size_t)i * LOOM_SLOT_BYTES;
		const struct loom_op_info *info = loom_op_find(desc[0]);
		struct loom_op op = { .slot = i };
		struct loom_cost cost;

		memcpy(&op.u, desc, (size_t)info->slots * LOOM_SLOT_BYTES);
		loom_op_cost(&geo, &op, &cost);
		loom_timeline_run(t, &geo, &op, &cost);
		if (op.u.d.op == LOOM_OP_MARK)
			loom_timeline_mark(t);
		i += info->slots;
	}
	cycles = (double)t->horizon;
	free(t);
	return cycles;
}
