// SPDX-License-Identifier: MIT
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/graph/graph.h"
#include "qemu-device/core/cycles.h"
#include "qemu-device/core/exec_priv.h"
#include "uapi/loom/isa_table.h"

struct row {
	int node;
	uint64_t cycles, macs, bus, busy[LOOM_NUM_ENGINES];
	double bound, lost;
	const char *by;
};

static void add_stream(const struct accel_stream *s, const struct loom_geometry *geo, struct row *rows, int num)
{
	struct loom_timeline *t = calloc(1, sizeof(*t));
	uint64_t r2 = (uint64_t)geo->array_dim * geo->array_dim;

	for (uint32_t i = 0; t && i < s->slots;) {
		const struct loom_op_info *info;
		struct loom_op op = { .slot = i };
		struct loom_cost cost;
		uint64_t horizon = t->horizon, busy[LOOM_NUM_ENGINES];
		struct row *row;

		info = loom_op_find(s->data[(size_t)i * LOOM_SLOT_BYTES]);
		memcpy(&op.u, s->data + (size_t)i * LOOM_SLOT_BYTES, (size_t)info->slots * LOOM_SLOT_BYTES);
		memcpy(busy, t->busy, sizeof(busy));
		loom_op_cost(geo, &op, &cost);
		loom_timeline_run(t, geo, &op, &cost);
		if (op.u.d.op == LOOM_OP_MARK)
			loom_timeline_mark(t);
		row = &rows[op.u.d.node < num ? op.u.d.node : 0];
		row->cycles += t->horizon - horizon;
		row->macs += loom_op_macs(&op) / r2;
		for (int e = 0; e < LOOM_NUM_ENGINES; e++)
			row->busy[e] += t->busy[e] - busy[e];
		i += info->slots;
	}
	free(t);
}

static int by_loss(const void *a, const void *b)
{
	double x = ((const struct row *)a)->lost, y = ((const struct row *)b)->lost;

	return (x < y) - (x > y);
}

static void judge(struct row *r)
{
	const struct {
		const char *what;
		uint64_t cycles;
	} bound[] = {
		{ "array", r->macs }, { "bus", r->busy[LOOM_ENGINE_DMA_IN] + r->busy[LOOM_ENGINE_DMA_OUT] },
		{ "vector", r->busy[LOOM_ENGINE_VPU] },
	};

	r->by = "array";
	for (size_t i = 0; i < sizeof(bound) / sizeof(bound[0]); i++)
		if ((double)bound[i].cycles > r->bound) {
			r->bound = (double)bound[i].cycles;
			r->by = bound[i].what;
		}
	r->bus = bound[1].cycles;
	r->lost = (double)r->cycles - (double)r->macs;
}

void print_profile(const struct accel_program *p, const struct accel_device_info *info, int lines)
{
	const struct accel_graph *g = p->graph;
	struct row *rows = calloc((size_t)g->num_nodes + 1, sizeof(*rows)), all = { 0 };
	struct loom_geometry geo;

	if (!rows)
		return;
	loom_geometry_default(&geo);
	geo.array_dim = info->array_dim;
	geo.spm_bytes = info->spm_bytes;
	geo.acc_bytes = info->acc_bytes;
	geo.dram_bpc = info->dram_bpc;
	for (uint32_t i = 0; i < p->num_streams; i++)
		add_stream(&p->streams[i], &geo, rows, g->num_nodes);
	for (int i = 0; i < g->num_nodes; i++) {
		rows[i].node = i;
		judge(&rows[i]);
		all.cycles += rows[i].cycles;
		all.macs += rows[i].macs;
	}
	qsort(rows, (size_t)g->num_nodes, sizeof(*rows), by_loss);
	printf("#   %10s %6s %10s %10s %10s %10s  bound by\n", "cycles", "", "products", "array", "bus", "vector");
	for (int i = 0; i < g->num_nodes && i < lines; i++) {
		const struct row *r = &rows[i];
		const struct accel_node *n = &g->nodes[r->node];
		const struct accel_value *o = &g->values[n->out[0]], *w = n->num_in > 1 && n->in[1] >= 0 ?
			&g->values[n->in[1]] : NULL;

		if (!r->cycles)
			continue;
		printf("#   %10llu %5.1f%% %10llu %10llu %10llu %10llu  %-6s %s %s", (unsigned long long)r->cycles,
		       100.0 * (double)r->cycles / (double)all.cycles, (unsigned long long)r->macs,
		       (unsigned long long)r->busy[LOOM_ENGINE_MXU], (unsigned long long)r->bus,
		       (unsigned long long)r->busy[LOOM_ENGINE_VPU], r->by, accel_op_name(n->op), n->name);
		for (int k = 0; k < o->rank; k++)
			printf("%s%lld", k ? "x" : " ", (long long)o->dims[k]);
		for (int k = 0; w && k < w->rank; k++)
			printf("%s%lld", k ? "x" : " w ", (long long)w->dims[k]);
		printf("\n");
	}
	printf("#   %10llu        %10llu (%.1f%%) in all\n", (unsigned long long)all.cycles, (unsigned long long)all.macs,
	       100.0 * (double)all.macs / (double)all.cycles);
	free(rows);
}
