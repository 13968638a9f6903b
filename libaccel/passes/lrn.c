// SPDX-License-Identifier: MIT
/*
 * LRN, y = x / (k + alpha / size * sum of x^2 over near channels)^beta, for the powers that square roots make: the sum is a
 * pointwise convolution of x^2 with a band of weights, and v^0.75 is sqrt(v * sqrt(v)). What is between x and y stays F32 whatever
 * the precision: squares have twice the range.
 */
#include <errno.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

/* More channels make the convolution dearer than what it saves. */
#define MAX_CHANNELS	1024

static int constant_f32(struct accel_graph *g, int node, const char *what, int rank, const int64_t *dims)
{
	int v = accel_pass_constant(g, node, what, rank, dims);

	if (v >= 0)
		g->values[v].store = ACCEL_F32;
	return v;
}

/* A value of the output's shape that is kept in F32; made by @op of @a and, where that is not negative, @b. */
static int step(struct accel_graph *g, int like, enum accel_op op, int a, int b)
{
	int v = accel_graph_add_value(g, NULL, ACCEL_F32, g->values[like].rank, g->values[like].dims), ret;

	if (v < 0)
		return v;
	g->values[v].store = ACCEL_F32;
	ret = accel_graph_insert(g, op, NULL, (int[]){ a, b }, b < 0 ? 1 : 2, v, NULL);
	return ret < 0 ? ret : v;
}

/* k + alpha / size * sum, by channel. */
static int sums(struct accel_graph *g, int node, int squares)
{
	const struct accel_attrs a = g->nodes[node].attrs;
	int out = g->nodes[node].out[0], v, w, b, conv;
	int64_t channels = g->values[out].dims[1], dims[4] = { channels, channels, 1, 1 };
	int64_t before = (a.number - 1) / 2, behind = a.number / 2;

	w = constant_f32(g, node, "band", 4, dims);
	b = w < 0 ? w : constant_f32(g, node, "offset", 1, &channels);
	v = b < 0 ? b : accel_graph_add_value(g, NULL, ACCEL_F32, 4, g->values[out].dims);
	if (v < 0)
		return v;
	g->values[v].store = ACCEL_F32;
	for (int64_t c = 0; c < channels; c++) {
		((float *)g->values[b].data)[c] = a.gamma;
		for (int64_t j = c < before ? 0 : c - before; j <= c + behind && j < channels; j++)
			((float *)g->values[w].data)[c * channels + j] = a.alpha / (float)a.number;
	}
	conv = accel_graph_insert(g, ACCEL_OP_CONV, NULL, (int[]){ squares, w, b }, 3, v, NULL);
	if (conv < 0)
		return conv;
	g->nodes[conv].attrs.group = 1;
	for (int i = 0; i < 2; i++)
		g->nodes[conv].attrs.kernel[i] = g->nodes[conv].attrs.stride[i] = g->nodes[conv].attrs.dilation[i] = 1;
	return v;
}

static int replace(struct accel_graph *g, int node)
{
	int x = g->nodes[node].in[0], out = g->nodes[node].out[0], ret;
	float beta = g->nodes[node].attrs.beta;
	int v = step(g, out, ACCEL_OP_MUL, x, x), root;

	if (v >= 0)
		v = sums(g, node, v);
	if (v >= 0 && beta == 0.75f) {
		root = step(g, out, ACCEL_OP_SQRT, v, -1);
		v = root < 0 ? root : step(g, out, ACCEL_OP_MUL, v, root);
	}
	if (v >= 0 && beta != 1)
		v = step(g, out, ACCEL_OP_SQRT, v, -1);
	if (v < 0)
		return v;
	ret = accel_graph_insert(g, ACCEL_OP_DIV, NULL, (int[]){ x, v }, 2, out, NULL);
	if (ret < 0)
		return ret;
	g->nodes[ret].act = g->nodes[node].act;
	g->nodes[node].dead = true;
	return 0;
}

int accel_pass_lrn(struct accel_graph *g)
{
	int count = g->num_nodes;

	for (int i = 0; i < count; i++) {
		const struct accel_node *n = &g->nodes[i];
		const struct accel_value *out = &g->values[n->out[0]];
		int ret;

		if (n->dead || n->op != ACCEL_OP_LRN || out->dtype != ACCEL_F32 || out->rank != 4 || out->dims[1] > MAX_CHANNELS ||
		    g->values[n->in[0]].data || (n->attrs.beta != 0.5f && n->attrs.beta != 0.75f && n->attrs.beta != 1))
			continue;
		ret = replace(g, i);
		if (ret)
			return ret;
	}
	return accel_graph_compact(g);
}
