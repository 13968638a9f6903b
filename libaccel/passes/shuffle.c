// SPDX-License-Identifier: MIT
/*
 * Channel shuffle: Reshape to [n][groups][channels of a group][h][w], Transpose of the middle two, Reshape back. The same
 * with h and w as one dimension stays within the four that the NPU part has.
 */
#include <errno.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

/* The node that alone reads the output of node @i, where it is a @op; -1 otherwise. */
static int only_reader(const struct accel_graph *g, int i, enum accel_op op)
{
	int v = g->nodes[i].out[0];

	if (accel_graph_uses(g, v) != 1 || accel_graph_is_output(g, v))
		return -1;
	for (int k = 0; k < g->num_nodes; k++)
		if (!g->nodes[k].dead && g->nodes[k].op == op && g->nodes[k].in[0] == v)
			return k;
	return -1;
}

static bool swaps_middle(const int64_t *perm)
{
	static const int64_t want[5] = { 0, 2, 1, 3, 4 };

	for (int i = 0; i < 5; i++)
		if (perm[i] != want[i])
			return false;
	return true;
}

/* Reshape @node to @dims. */
static int reshape_to(struct accel_graph *g, int node, const int64_t dims[4])
{
	const int64_t four = 4;
	int shape = accel_graph_add_constant(g, NULL, ACCEL_S64, 1, &four, dims);

	if (shape < 0)
		return shape;
	g->nodes[node].in[1] = shape;
	return accel_node_infer(g, &g->nodes[node]);
}

int accel_pass_shuffle(struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_value *wide = &g->values[g->nodes[i].out[0]];
		int64_t narrow[4], last[4];
		int t, back, ret;

		if (g->nodes[i].dead || g->nodes[i].op != ACCEL_OP_RESHAPE || g->nodes[i].num_in != 2 || wide->rank != 5)
			continue;
		t = only_reader(g, i, ACCEL_OP_TRANSPOSE);
		back = t < 0 ? -1 : only_reader(g, t, ACCEL_OP_RESHAPE);
		if (back < 0 || !swaps_middle(g->nodes[t].attrs.perm) || g->values[g->nodes[back].out[0]].rank != 4)
			continue;
		for (int k = 0; k < 4; k++) {
			narrow[k] = wide->dims[k];
			last[k] = g->values[g->nodes[back].out[0]].dims[k];
		}
		narrow[3] = wide->dims[3] * wide->dims[4];
		ret = reshape_to(g, i, narrow);
		if (ret)
			return ret;
		g->nodes[t].attrs.perm[3] = 3;
		g->nodes[t].attrs.axes = 4;
		ret = accel_node_infer(g, &g->nodes[t]);
		/* The shape it goes back to may be said by dimensions that are there no more. */
		if (!ret)
			ret = reshape_to(g, back, last);
		if (ret)
			return ret;
	}
	return 0;
}
