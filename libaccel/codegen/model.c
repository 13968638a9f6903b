// SPDX-License-Identifier: MIT
#include "model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/program/program.h"
#include "qemu-device/core/cycles.h"
#include "qemu-device/core/exec_priv.h"
#include "uapi/loom/isa_table.h"

/* @by_node: NULL, or by node what its descriptors add to the end of all; @nodes of them */
static double model(const struct accel_stream *s, const struct accel_machine *m, double *by_node, uint32_t nodes)
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
		double before = (double)t->horizon;

		memcpy(&op.u, desc, (size_t)info->slots * LOOM_SLOT_BYTES);
		loom_op_cost(&geo, &op, &cost);
		loom_timeline_run(t, &geo, &op, &cost);
		if (op.u.d.op == LOOM_OP_MARK)
			loom_timeline_mark(t);
		if (by_node && op.u.d.node < nodes)
			by_node[op.u.d.node] += (double)t->horizon - before;
		i += info->slots;
	}
	cycles = (double)t->horizon;
	free(t);
	return cycles;
}

double accel_model_cycles(const struct accel_stream *s, const struct accel_machine *m)
{
	return model(s, m, NULL, 0);
}

int accel_program_cycles(const struct accel_program *prog, const struct accel_device *dev, double *by_node)
{
	struct accel_device_info d;
	int nodes = prog->graph->num_nodes;

	accel_device_get_info(dev, &d);
	memset(by_node, 0, (size_t)nodes * sizeof(*by_node));
	if (d.array_dim != prog->target.array_dim)
		return accel_error(EINVAL, "cycles: the program was compiled for an array of %u, the device has %u", prog->target.array_dim,
				   d.array_dim);
	for (uint32_t i = 0; i < prog->num_streams; i++) {
		const struct accel_machine m = { d.array_dim, d.spm_bytes, d.acc_bytes, d.dram_bpc, d.num_cores,
						d.features };

		if (model(&prog->streams[i], &m, by_node, (uint32_t)nodes) < 0)
			return accel_enomem("the cycle estimate");
	}
	return 0;
}

void accel_program_memory(const struct accel_program *prog, struct accel_program_memory *mem)
{
	*mem = (struct accel_program_memory){ prog->const_bytes, prog->arena_bytes, prog->arena_bound, prog->io_bytes, 0,
					       prog->kept_values, prog->kept_bytes };
	for (uint32_t i = 0; i < prog->num_streams; i++)
		mem->stream_bytes += (uint64_t)prog->streams[i].slots * LOOM_SLOT_BYTES;
}
