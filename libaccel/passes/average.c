// SPDX-License-Identifier: MIT
/*
 * Averages in imported quantised models: the NPU multiplies a sum of integers by scale / divisor, where the model says that a quotient
 * of floats is rounded to the output's steps; at the middle of two of those the former may take the other one. So the average is of
 * floats, with a conversion (CLIP without bounds) on either side. Where every divisor is a power of two nothing is rounded, and
 * integers do.
 */
#include <math.h>

#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

static bool is_8bit(const struct accel_value *v)
{
	return v->store == ACCEL_S8 || v->store == ACCEL_U8;
}

static bool power_of_two(int64_t n)
{
	return n > 0 && !(n & (n - 1));
}

static bool divides_exactly(const struct accel_graph *g, const struct accel_node *n)
{
	const struct accel_value *x = &g->values[n->in[0]];
	const int64_t *pad = n->attrs.pad;

	if (n->op == ACCEL_OP_GLOBAL_AVGPOOL)
		return power_of_two((x->rank == 4 ? x->dims[2] : 1) * x->dims[x->rank - 1]);
	return power_of_two(n->attrs.kernel[0] * n->attrs.kernel[1]) && !n->attrs.ceil_mode &&
	       (n->attrs.count_include_pad || !(pad[0] | pad[1] | pad[2] | pad[3]));
}

/* CLIP from value @from to value @to. */
static int convert(struct accel_graph *g, int from, int to)
{
	struct accel_attrs attrs = accel_op_info(ACCEL_OP_CLIP)->defaults;
	int ret;

	attrs.lo = -INFINITY;
	attrs.hi = INFINITY;
	ret = accel_graph_insert(g, ACCEL_OP_CLIP, NULL, &from, 1, to, &attrs);
	return ret < 0 ? ret : 0;
}

static int in_floats(struct accel_graph *g, int index)
{
	int x = g->nodes[index].in[0], y = g->nodes[index].out[0], in, out, ret;

	in = accel_graph_add_value(g, NULL, ACCEL_F32, g->values[x].rank, g->values[x].dims);
	out = in < 0 ? in : accel_graph_add_value(g, NULL, ACCEL_F32, g->values[y].rank, g->values[y].dims);
	ret = out < 0 ? out : convert(g, x, in);
	if (!ret)
		ret = convert(g, out, y);
	if (ret)
		return ret;
	g->values[in].store = g->values[out].store = ACCEL_F32;
	g->values[out].producer = index;
	g->nodes[index].in[0] = in;
	g->nodes[index].out[0] = out;
	return 0;
}

int accel_pass_average(struct accel_graph *g)
{
	int count = g->num_nodes, ret = 0;

	for (int i = 0; i < count && !ret; i++) {
		const struct accel_node *n = &g->nodes[i];

		if (!n->dead && (n->op == ACCEL_OP_AVGPOOL || n->op == ACCEL_OP_GLOBAL_AVGPOOL) && is_8bit(&g->values[n->in[0]]) &&
		    is_8bit(&g->values[n->out[0]]) && !divides_exactly(g, n))
			ret = in_floats(g, i);
	}
	return ret ? ret : accel_graph_compact(g);
}
