// SPDX-License-Identifier: MIT
/* Operators and forms of them that others express, so that what follows meets fewer cases. */
#include <errno.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

static void matmul_to_gemm(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *a = &g->values[n->in[0]], *b = &g->values[n->in[1]];

	if (a->rank != 2 || b->rank != 2 || !b->data)
		return;
	n->op = ACCEL_OP_GEMM;
	n->attrs = accel_op_info(ACCEL_OP_GEMM)->defaults;
}

/* Constant input 1 takes over alpha. */
static int fold_alpha(struct accel_graph *g, int node)
{
	int b = g->nodes[node].in[1], scaled;
	float alpha = g->nodes[node].attrs.alpha;
	int64_t elems;

	if (alpha == 1 || !accel_pass_is_f32_constant(g, &g->nodes[node], 1) || g->values[b].store != ACCEL_NONE)
		return 0;
	scaled = accel_pass_constant(g, node, "weights", g->values[b].rank, g->values[b].dims);
	if (scaled < 0)
		return scaled;
	elems = accel_value_elems(&g->values[b]);
	for (int64_t i = 0; i < elems; i++)
		((float *)g->values[scaled].data)[i] = alpha * ((const float *)g->values[b].data)[i];
	g->nodes[node].in[1] = scaled;
	g->nodes[node].attrs.alpha = 1;
	return 0;
}

/* A constant c that is the same for every row becomes a vector of [n], times beta. */
static int normalise_bias(struct accel_graph *g, int node)
{
	const struct accel_node *n = &g->nodes[node];
	int c = accel_node_in(n, 2), vector;
	int64_t cols = g->values[n->out[0]].dims[1], given;
	float beta = n->attrs.beta;

	if (g->values[c].rank == 1 && g->values[c].dims[0] == cols && beta == 1)
		return 0;
	given = accel_value_elems(&g->values[c]);
	vector = accel_pass_constant(g, node, "bias", 1, &cols);
	if (vector < 0)
		return vector;
	for (int64_t i = 0; i < cols; i++)
		((float *)g->values[vector].data)[i] =
			beta * ((const float *)g->values[c].data)[given == 1 ? 0 : i];
	g->nodes[node].in[2] = vector;
	g->nodes[node].attrs.beta = 1;
	return 0;
}

/* Any other c is added by a node of its own, behind a Mul by beta. */
static int split_bias(struct accel_graph *g, int node)
{
	int c = g->nodes[node].in[2], out = g->nodes[node].out[0], product, ret;
	float beta = g->nodes[node].attrs.beta;

	product = accel_graph_add_value(g, NULL, g->values[out].dtype, 2, g->values[out].dims);
	if (product < 0)
		return product;
	if (beta != 1) {
		int factor = accel_pass_constant(g, node, "beta", 0, NULL);
		int scaled = accel_graph_add_value(g, NULL, ACCEL_F32, g->values[c].rank, g->values[c].dims);

		if (factor < 0 || scaled < 0)
			return -ENOMEM;
		*(float *)g->values[factor].data = beta;
		ret = accel_graph_insert(g, ACCEL_OP_MUL, NULL, (int[]){ c, factor }, 2, scaled, NULL);
		if (ret < 0)
			return ret;
		c = scaled;
	}
	ret = accel_graph_insert(g, ACCEL_OP_ADD, NULL, (int[]){ product, c }, 2, out, NULL);
	if (ret < 0)
		return ret;
	g->nodes[node].out[0] = product;
	g->values[product].producer = node;
	g->nodes[node].num_in = 2;
	g->nodes[node].attrs.beta = 1;
	return 0;
}

static int normalise_gemm(struct accel_graph *g, int node)
{
	const struct accel_value *c;
	int ret;

	if (g->values[g->nodes[node].out[0]].dtype != ACCEL_F32)
		return 0;
	ret = fold_alpha(g, node);
	if (ret)
		return ret;
	c = accel_node_input(g, &g->nodes[node], 2);
	if (!c) {
		g->nodes[node].num_in = 2;
		g->nodes[node].attrs.beta = 1;
		return 0;
	}
	/* a stored bias stays what its quantisation made it */
	if (c->store != ACCEL_NONE && c->rank == 1)
		return 0;
	if (c->data && (accel_value_elems(c) == 1 || c->rank < 2 || c->dims[0] == 1))
		return normalise_bias(g, node);
	return split_bias(g, node);
}

/* Squeeze and Unsqueeze: the input in other dims, which are known by now. */
static int to_reshape(struct accel_graph *g, int node)
{
	struct accel_value out = g->values[g->nodes[node].out[0]];	/* adding one moves the others */
	int64_t rank = out.rank;
	int dims = accel_graph_add_constant(g, NULL, ACCEL_S64, 1, &rank, out.dims);

	if (dims < 0)
		return dims;
	g->nodes[node].op = ACCEL_OP_RESHAPE;
	g->nodes[node].attrs = accel_op_info(ACCEL_OP_RESHAPE)->defaults;
	g->nodes[node].attrs.allow_zero = true;
	g->nodes[node].in[1] = dims;
	g->nodes[node].num_in = 2;
	return 0;
}

/* Dropout in inference, whose mask nothing reads. */
static bool unmasked_dropout(const struct accel_graph *g, const struct accel_node *n)
{
	return n->op == ACCEL_OP_DROPOUT && (n->num_out == 1 || !accel_graph_uses(g, n->out[1]));
}

int accel_pass_replace(struct accel_graph *g)
{
	int count = g->num_nodes;

	for (int i = 0; i < count; i++) {
		int ret = 0;

		if (g->nodes[i].dead)
			continue;
		if (g->nodes[i].op == ACCEL_OP_IDENTITY || unmasked_dropout(g, &g->nodes[i]))
			accel_pass_bypass(g, i, 0);
		if (g->nodes[i].op == ACCEL_OP_SUM && g->nodes[i].num_in == 2)
			g->nodes[i].op = ACCEL_OP_ADD;
		if (g->nodes[i].op == ACCEL_OP_MATMUL)
			matmul_to_gemm(g, &g->nodes[i]);
		if (g->nodes[i].op == ACCEL_OP_GEMM)
			ret = normalise_gemm(g, i);
		if (g->nodes[i].op == ACCEL_OP_SQUEEZE || g->nodes[i].op == ACCEL_OP_UNSQUEEZE)
			ret = to_reshape(g, i);
		if (ret)
			return ret;
	}
	return accel_graph_compact(g);
}
