// SPDX-License-Identifier: MIT
#include "profile.h"

#include <stdlib.h>
#include <string.h>

#include "libaccel/graph/graph.h"
#include "qemu-device/core/cycles.h"
#include "qemu-device/core/exec_priv.h"
#include "uapi/loom/isa_table.h"

enum loss {
	RAGGED,		/* planes that the terms and the outputs of a product do not fill */
	SHORT,		/* rows that are over before the next plane is full */
	BIAS,		/* rows that only start accumulators */
	VECTOR,		/* the vector unit works longer than the array */
	BUS,		/* the bus does */
	WAITS,		/* none of them works all the time: the first tile in, the last one out, waits between */
	NUM_LOSSES,
};

static const char *const loss_name[NUM_LOSSES] = {
	"planes not full", "fewer rows than a plane's", "biases", "vector work", "traffic", "fill, drain and waits",
};

struct row {
	int node;
	uint64_t cycles, macs, array, bus, vector, loss[NUM_LOSSES];
	uint64_t bound;
	const char *by;
};

static void add_op(struct row *row, const struct loom_geometry *geo, const struct loom_op *op, const struct loom_cost *cost)
{
	uint64_t r = geo->array_dim, macs = loom_op_macs(op) / (r * r), rows = cost->folds * cost->rows;

	row->macs += macs;
	if (!cost->folds) {
		row->loss[BIAS] += cost->rows;
		row->array += cost->rows;
		return;
	}
	row->loss[RAGGED] += rows - macs;
	row->loss[SHORT] += cost->rows < r ? cost->folds * r - rows : 0;
	row->array += cost->rows < r ? cost->folds * r : rows;
}

static void add_stream(const struct accel_stream *s, const struct loom_geometry *geo, struct row *rows, int num)
{
	struct loom_timeline *t = calloc(1, sizeof(*t));

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
		if (info->engine == LOOM_ENGINE_MXU)
			add_op(row, geo, &op, &cost);
		row->vector += t->busy[LOOM_ENGINE_VPU] - busy[LOOM_ENGINE_VPU];
		row->bus += t->busy[LOOM_ENGINE_DMA_IN] - busy[LOOM_ENGINE_DMA_IN] +
			    t->busy[LOOM_ENGINE_DMA_OUT] - busy[LOOM_ENGINE_DMA_OUT];
		i += info->slots;
	}
	free(t);
}

static int by_loss(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	uint64_t p = x->cycles - (x->macs < x->cycles ? x->macs : x->cycles);
	uint64_t q = y->cycles - (y->macs < y->cycles ? y->macs : y->cycles);

	return (p < q) - (p > q);
}

static void judge(struct row *r)
{
	r->bound = r->array;
	r->by = "array";
	if (r->bus > r->bound) {
		r->bound = r->bus;
		r->by = "bus";
	}
	if (r->vector > r->bound) {
		r->bound = r->vector;
		r->by = "vector";
	}
	r->loss[VECTOR] = r->vector > r->array ? r->vector - r->array : 0;
	r->loss[BUS] = r->bus > r->array ? r->bus - r->array : 0;
	r->loss[WAITS] = r->cycles > r->bound ? r->cycles - r->bound : 0;
}

static int largest(const struct row *r)
{
	int worst = 0;

	for (int i = 1; i < NUM_LOSSES; i++)
		if (r->loss[i] > r->loss[worst])
			worst = i;
	return worst;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_row(FILE *to, const struct row *r, const struct accel_graph *g, uint64_t all)
{
	const struct accel_node *n = &g->nodes[r->node];
	const struct accel_value *o = &g->values[n->out[0]];
	const struct accel_value *w = n->num_in > 1 && n->in[1] >= 0 ? &g->values[n->in[1]] : NULL;
	int worst = largest(r);

	fprintf(to, "#   %10llu %5.1f%% %10llu %10llu %10llu %10llu %5.1f%% %-6s %5.1f%% %9llu %-25s %s %s",
		(unsigned long long)r->cycles, percent(r->cycles, all), (unsigned long long)r->macs,
		(unsigned long long)r->array, (unsigned long long)r->bus, (unsigned long long)r->vector,
		percent(r->macs, r->bound), r->by, percent(r->macs, r->cycles), (unsigned long long)r->loss[worst],
		loss_name[worst], accel_op_name(n->op), n->name);
	for (int k = 0; k < o->rank; k++)
		fprintf(to, "%s%lld", k ? "x" : " ", (long long)o->dims[k]);
	for (int k = 0; w && k < w->rank; k++)
		fprintf(to, "%s%lld", k ? "x" : " w ", (long long)w->dims[k]);
	fprintf(to, "\n");
}

double print_profile(FILE *to, const struct accel_program *p, const struct accel_device_info *info, int lines)
{
	const struct accel_graph *g = p->graph;
	struct row *rows = calloc((size_t)g->num_nodes + 1, sizeof(*rows)), all = { 0 };
	struct loom_geometry geo;

	if (!rows)
		return 0;
	loom_geometry_default(&geo);
	geo.array_dim = info->array_dim;
	geo.num_cores = info->num_cores;
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
		all.bound += rows[i].bound;
	}
	qsort(rows, (size_t)g->num_nodes, sizeof(*rows), by_loss);
	fprintf(to, "#   %10s %6s %10s %10s %10s %10s %13s %6s %9s %-25s\n", "cycles", "", "products", "array", "bus", "vector",
		"bound        ", "got", "most lost", "to");
	for (int i = 0; i < g->num_nodes && i < lines; i++)
		if (rows[i].cycles)
			print_row(to, &rows[i], g, all.cycles);
	fprintf(to, "#   %10llu        %10llu in all: bound %.1f%%, got %.1f%%\n", (unsigned long long)all.cycles,
		(unsigned long long)all.macs, percent(all.macs, all.bound), percent(all.macs, all.cycles));
	free(rows);
	return percent(all.macs, all.bound);
}
