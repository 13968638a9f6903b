// SPDX-License-Identifier: MIT
/*
 * Batch normalisation is y = f * x + t by channel, with f = scale / sqrt(var + epsilon) and t = bias - mean * f.
 * Behind a convolution or Gemm with constant weights it goes into those; elsewhere it is a Mul and an Add.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/passes/passes.h"

/* f and t of node @n, @channels each, one after the other; NULL where memory is short. */
static float *factors(const struct accel_graph *g, const struct accel_node *n, int64_t channels)
{
	const float *scale = g->values[n->in[1]].data, *bias = g->values[n->in[2]].data;
	const float *mean = g->values[n->in[3]].data, *var = g->values[n->in[4]].data;
	float *f = malloc(((size_t)channels * 2 + 1) * sizeof(*f));

	for (int64_t c = 0; f && c < channels; c++) {
		f[c] = scale[c] / sqrtf(var[c] + n->attrs.epsilon);
		f[channels + c] = bias[c] - mean[c] * f[c];
	}
	return f;
}

/* Node before @bn that the factors can go into, or -1. */
static int target_of(const struct accel_graph *g, const struct accel_node *bn)
{
	int index = accel_pass_sole_producer(g, bn->in[0]);
	const struct accel_node *p = index < 0 ? NULL : &g->nodes[index];

	if (!p || (p->op != ACCEL_OP_CONV && p->op != ACCEL_OP_GEMM) || p->act.kind != ACCEL_ACT_NONE)
		return -1;
	if (!accel_pass_is_f32_constant(g, p, 1) || g->values[p->in[1]].store != ACCEL_NONE)
		return -1;
	if (accel_node_in(p, 2) >= 0 && (!accel_pass_is_f32_constant(g, p, 2) || g->values[p->in[2]].rank != 1 ||
					 g->values[p->in[2]].dims[0] != g->values[bn->in[0]].dims[1]))
		return -1;
	return g->values[bn->in[0]].store == ACCEL_NONE ? index : -1;
}

/* Weights with output channel c scaled by f[c]. */
static void scale_weights(const struct accel_node *n, const struct accel_value *w, const float *f, float *to)
{
	const float *from = w->data;
	bool rows = n->op == ACCEL_OP_CONV || n->attrs.trans_b;		/* a channel is a row of the matrix */
	int64_t total = accel_value_elems(w), channels = rows ? w->dims[0] : w->dims[1];
	int64_t run = rows ? total / channels : 1;

	for (int64_t i = 0; i < total; i++)
		to[i] = from[i] * f[i / run % channels];
}

static int fold_into(struct accel_graph *g, int target, int bn, const float *f, int64_t channels)
{
	int weights = g->nodes[target].in[1], old_bias = accel_node_in(&g->nodes[target], 2), new_w, new_b;
	float beta = g->nodes[target].op == ACCEL_OP_GEMM ? g->nodes[target].attrs.beta : 1;

	new_w = accel_pass_constant(g, bn, "weights", g->values[weights].rank, g->values[weights].dims);
	if (new_w < 0)
		return new_w;
	new_b = accel_pass_constant(g, bn, "bias", 1, &channels);
	if (new_b < 0)
		return new_b;
	scale_weights(&g->nodes[target], &g->values[weights], f, g->values[new_w].data);
	for (int64_t c = 0; c < channels; c++) {
		float old = old_bias < 0 ? 0 : beta * ((const float *)g->values[old_bias].data)[c];

		((float *)g->values[new_b].data)[c] = old * f[c] + f[channels + c];
	}
	g->nodes[target].in[1] = new_w;
	g->nodes[target].in[2] = new_b;
	g->nodes[target].num_in = 3;
	g->nodes[target].attrs.beta = 1;
	accel_pass_take_over(g, target, bn);
	return 0;
}

static int expand(struct accel_graph *g, int bn, const float *f, int64_t channels)
{
	int x = g->nodes[bn].in[0], out = g->nodes[bn].out[0], rank = g->values[x].rank, mul, add, mid, ret;
	int64_t dims[ACCEL_MAX_RANK] = { channels, 1, 1, 1, 1, 1, 1, 1 };

	_Static_assert(ACCEL_MAX_RANK == 8, "ones behind the channels");

	mul = accel_pass_constant(g, bn, "scale", rank - 1, dims);
	if (mul < 0)
		return mul;
	add = accel_pass_constant(g, bn, "shift", rank - 1, dims);
	if (add < 0)
		return add;
	mid = accel_graph_add_value(g, NULL, ACCEL_F32, rank, g->values[x].dims);
	if (mid < 0)
		return mid;
	memcpy(g->values[mul].data, f, (size_t)channels * sizeof(*f));
	memcpy(g->values[add].data, f + channels, (size_t)channels * sizeof(*f));
	ret = accel_graph_insert(g, ACCEL_OP_MUL, NULL, (int[]){ x, mul }, 2, mid, NULL);
	if (ret >= 0)
		ret = accel_graph_insert(g, ACCEL_OP_ADD, NULL, (int[]){ mid, add }, 2, out, NULL);
	if (ret < 0)
		return ret;
	g->nodes[bn].dead = true;
	return 0;
}

int accel_pass_batchnorm(struct accel_graph *g)
{
	int count = g->num_nodes;

	for (int i = 0; i < count; i++) {
		const struct accel_node *n = &g->nodes[i];
		bool constant = true;
		int64_t channels;
		int target, ret;
		float *f;

		if (n->dead || n->op != ACCEL_OP_BATCHNORM || n->attrs.flag)
			continue;
		for (int k = 1; k < 5; k++)
			constant &= accel_pass_is_f32_constant(g, n, k);
		if (!constant || g->values[n->in[0]].dtype != ACCEL_F32)
			continue;
		channels = g->values[n->in[0]].dims[1];
		f = factors(g, n, channels);
		if (!f)
			return accel_enomem(n->name);
		target = target_of(g, n);
		ret = target < 0 ? expand(g, i, f, channels) : fold_into(g, target, i, f, channels);
		free(f);
		if (ret)
			return ret;
	}
	return accel_graph_compact(g);
}
