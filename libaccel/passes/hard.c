// SPDX-License-Identifier: MIT
/*
 * HardSigmoid is clip(alpha * x + beta, 0, 1), written as Mul, Add and Clip: behind a convolution nothing of it is left but the
 * clip. HardSwish is x times that, with alpha 1/6 and beta 1/2.
 */
#include <errno.h>

#include "libaccel/error.h"
#include "libaccel/passes/passes.h"

static int number(struct accel_graph *g, int node, const char *what, float f)
{
	int v = accel_pass_constant(g, node, what, 0, NULL);

	if (v >= 0)
		*(float *)g->values[v].data = f;
	return v;
}

/* A new value of the shape of value @like. */
static int another(struct accel_graph *g, int like)
{
	return accel_graph_add_value(g, NULL, ACCEL_F32, g->values[like].rank, g->values[like].dims);
}

/* clip(@alpha x + @beta, 0, 1) into value @out. */
static int expand(struct accel_graph *g, int node, float alpha, float beta, int out)
{
	int x = g->nodes[node].in[0], a = number(g, node, "alpha", alpha), b = number(g, node, "beta", beta);
	int product = another(g, x), sum = another(g, x), ret;

	if (a < 0 || b < 0 || product < 0 || sum < 0)
		return -ENOMEM;
	ret = accel_graph_insert(g, ACCEL_OP_MUL, NULL, (int[]){ x, a }, 2, product, NULL);
	if (ret >= 0)
		ret = accel_graph_insert(g, ACCEL_OP_ADD, NULL, (int[]){ product, b }, 2, sum, NULL);
	if (ret >= 0)
		ret = accel_graph_insert(g, ACCEL_OP_CLIP, NULL, (int[]){ sum }, 1, out, NULL);
	if (ret < 0)
		return ret;
	g->nodes[ret].attrs.lo = 0;
	g->nodes[ret].attrs.hi = 1;
	return 0;
}

static int expand_swish(struct accel_graph *g, int node)
{
	int x = g->nodes[node].in[0], out = g->nodes[node].out[0], gate = another(g, x), ret;

	if (gate < 0)
		return gate;
	ret = expand(g, node, 1 / 6.0f, 0.5f, gate);
	if (!ret)
		ret = accel_graph_insert(g, ACCEL_OP_MUL, NULL, (int[]){ x, gate }, 2, out, NULL);
	return ret < 0 ? ret : 0;
}

int accel_pass_hard(struct accel_graph *g)
{
	int count = g->num_nodes;

	for (int i = 0; i < count; i++) {
		const struct accel_node *n = &g->nodes[i];
		const struct accel_value *x = &g->values[n->in[0]];
		int ret;

		if (n->dead || (n->op != ACCEL_OP_HARDSIGMOID && n->op != ACCEL_OP_HARDSWISH) || x->dtype != ACCEL_F32 || x->data)
			continue;
		ret = n->op == ACCEL_OP_HARDSWISH ? expand_swish(g, i) :
						    expand(g, i, n->attrs.alpha, n->attrs.beta, n->out[0]);
		if (ret)
			return ret;
		g->nodes[i].dead = true;
	}
	return accel_graph_compact(g);
}
