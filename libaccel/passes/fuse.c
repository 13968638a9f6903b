// SPDX-License-Identifier: MIT
/* Fusion: a constant Add into the bias, Relu and Clip into the activation of the node before. */
#include <errno.h>
#include <math.h>

#include "libaccel/error.h"
#include "libaccel/passes/passes.h"

static bool takes_act(enum accel_op op)
{
	switch (op) {
	case ACCEL_OP_CONV:
	case ACCEL_OP_GEMM:
	case ACCEL_OP_MATMUL:
	case ACCEL_OP_ADD:
	case ACCEL_OP_SUB:
	case ACCEL_OP_MUL:
	case ACCEL_OP_DIV:
	case ACCEL_OP_BATCHNORM:
	case ACCEL_OP_MAXPOOL:
	case ACCEL_OP_AVGPOOL:
	case ACCEL_OP_GLOBAL_AVGPOOL:
		return true;
	default:
		return false;
	}
}

static float clip(float v, float lo, float hi)
{
	return fminf(fmaxf(v, lo), hi);
}

/* Relu or Clip @node into what makes its input. */
static bool fuse_act(struct accel_graph *g, int node)
{
	const struct accel_node *n = &g->nodes[node];
	bool relu = n->op == ACCEL_OP_RELU;
	float lo = relu ? 0 : n->attrs.lo, hi = relu ? INFINITY : n->attrs.hi;
	int into = n->num_in == 1 ? accel_pass_sole_producer(g, n->in[0]) : -1;
	const struct accel_value *x = &g->values[n->in[0]], *y = &g->values[n->out[0]];
	struct accel_act *act;

	if (into < 0 || !takes_act(g->nodes[into].op) || x->dtype != ACCEL_F32)
		return false;
	/* rounding and clipping at zero commute on one grid, nothing else does */
	if (x->store != ACCEL_NONE && !(relu && accel_pass_same_quant(x, y)))
		return false;
	act = &g->nodes[into].act;
	if (act->kind == ACCEL_ACT_CLIP) {
		lo = clip(act->lo, lo, hi);
		hi = clip(act->hi, relu ? 0 : n->attrs.lo, hi);
	}
	*act = (struct accel_act){ ACCEL_ACT_CLIP, lo, hi };
	accel_pass_take_over(g, into, node);
	return true;
}

/* @p has no bias, or one that can be added to. */
static bool takes_bias(const struct accel_graph *g, const struct accel_node *p)
{
	const struct accel_value *b = accel_node_input(g, p, 2);

	if (p->act.kind != ACCEL_ACT_NONE || (p->op != ACCEL_OP_CONV && p->op != ACCEL_OP_GEMM))
		return false;
	if (p->op == ACCEL_OP_GEMM && p->attrs.beta != 1)
		return false;
	return !b || (b->data && b->dtype == ACCEL_F32 && b->store == ACCEL_NONE && b->rank == 1);
}

/* Add @node of a constant into the bias of what makes its other input. 1 done, 0 not possible, or -errno. */
static int fuse_bias(struct accel_graph *g, int node)
{
	for (int i = 0; i < 2; i++) {
		const struct accel_node *n = &g->nodes[node];
		int into = accel_pass_sole_producer(g, n->in[1 - i]), constant = n->in[i], old, bias;
		int64_t channels, given;
		float *b;

		if (into < 0 || !takes_bias(g, &g->nodes[into]) || !accel_pass_is_f32_constant(g, n, i) ||
		    g->values[n->in[1 - i]].store != ACCEL_NONE || g->values[constant].store != ACCEL_NONE ||
		    !accel_pass_is_by_channel(&g->values[constant], &g->values[n->in[1 - i]]))
			continue;
		channels = g->values[n->in[1 - i]].dims[1];
		given = accel_value_elems(&g->values[constant]);
		old = accel_node_in(&g->nodes[into], 2);
		bias = accel_pass_constant(g, node, "bias", 1, &channels);
		if (bias < 0)
			return bias;
		b = g->values[bias].data;
		for (int64_t c = 0; c < channels; c++)
			b[c] = ((const float *)g->values[constant].data)[given == 1 ? 0 : c] +
			       (old < 0 ? 0 : ((const float *)g->values[old].data)[c]);
		g->nodes[into].in[2] = bias;
		g->nodes[into].num_in = 3;
		accel_pass_take_over(g, into, node);
		return 1;
	}
	return 0;
}

int accel_pass_fuse(struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++) {
		enum accel_op op = g->nodes[i].op;
		int ret = 0;

		if (g->nodes[i].dead)
			continue;
		if (op == ACCEL_OP_ADD)
			ret = fuse_bias(g, i);
		else if (op == ACCEL_OP_RELU || op == ACCEL_OP_CLIP)
			fuse_act(g, i);
		if (ret < 0)
			return ret;
	}
	return accel_graph_compact(g);
}
