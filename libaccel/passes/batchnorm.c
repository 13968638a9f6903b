// SPDX-License-Identifier: MIT
/*
 * Batch normalisation is y = f * x + t by channel, with f = scale / sqrt(var + epsilon) and t = bias - mean * f; so, with one of
 * the two, are Mul and Add of a constant. Behind a convolution or Gemm with constant weights such a node goes into those,
 * behind another of its kind it becomes one with it. What is left is a BATCHNORM whose scale is f and whose bias is t: it rounds
 * once, where each step on its own would.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

/* The input of @n that is no constant, where @n is x * f + t by channel; -1 otherwise. */
static int scaled_input(const struct accel_graph *g, const struct accel_node *n)
{
	const struct accel_value *out = &g->values[n->out[0]];

	if (n->dead || n->act.kind != ACCEL_ACT_NONE || out->dtype != ACCEL_F32 || out->rank < 2)
		return -1;
	if (n->op == ACCEL_OP_BATCHNORM) {
		for (int k = 1; k < 5; k++)
			if (!accel_pass_is_f32_constant(g, n, k) || g->values[n->in[k]].store != ACCEL_NONE)
				return -1;
		return n->attrs.flag ? -1 : 0;
	}
	if ((n->op != ACCEL_OP_MUL && n->op != ACCEL_OP_ADD) || (out->rank != 2 && out->rank != 4))
		return -1;
	for (int k = 0; k < 2; k++) {
		const struct accel_value *x = &g->values[n->in[k]], *c = &g->values[n->in[1 - k]];

		if (!x->data && c->data && c->dtype == ACCEL_F32 && c->store == ACCEL_NONE && x->rank == out->rank &&
		    x->dims[1] == out->dims[1] && accel_pass_is_by_channel(c, x))
			return k;
	}
	return -1;
}

/* f and t of node @n, @channels each, one after the other; NULL where memory is short. */
static float *factors(const struct accel_graph *g, const struct accel_node *n, int input, int64_t channels)
{
	float *f = malloc(((size_t)channels * 2 + 1) * sizeof(*f));
	const struct accel_value *given = &g->values[n->in[1 - (input == 1)]];
	const float *scale = given->data;
	bool one = accel_value_elems(given) == 1;

	for (int64_t c = 0; f && c < channels; c++) {
		if (n->op == ACCEL_OP_BATCHNORM) {
			const float *bias = g->values[n->in[2]].data, *mean = g->values[n->in[3]].data;
			const float *var = g->values[n->in[4]].data;

			f[c] = scale[c] / sqrtf(var[c] + n->attrs.epsilon);
			f[channels + c] = bias[c] - mean[c] * f[c];
		} else {
			f[c] = n->op == ACCEL_OP_MUL ? scale[one ? 0 : c] : 1;
			f[channels + c] = n->op == ACCEL_OP_MUL ? 0 : scale[one ? 0 : c];
		}
	}
	return f;
}

/* Node before value @x that the factors can go into, or -1. */
static int target_of(const struct accel_graph *g, int x)
{
	int index = accel_pass_sole_producer(g, x);
	const struct accel_node *p = index < 0 ? NULL : &g->nodes[index];

	if (!p || (p->op != ACCEL_OP_CONV && p->op != ACCEL_OP_GEMM) || p->act.kind != ACCEL_ACT_NONE)
		return -1;
	if (!accel_pass_is_f32_constant(g, p, 1) || g->values[p->in[1]].store != ACCEL_NONE)
		return -1;
	if (accel_node_in(p, 2) >= 0 && (!accel_pass_is_f32_constant(g, p, 2) || g->values[p->in[2]].rank != 1 ||
					 g->values[p->in[2]].dims[0] != g->values[x].dims[1]))
		return -1;
	return g->values[x].store == ACCEL_NONE ? index : -1;
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

/* Node @index as BATCHNORM of value @x by @f, with mean 0 and variance 1. */
static int normalise(struct accel_graph *g, int index, int x, const float *f, int64_t channels)
{
	static const char *const what[] = { "scale", "shift", "mean", "variance" };
	struct accel_node *n;
	int in[4];

	for (int k = 0; k < 4; k++) {
		in[k] = accel_pass_constant(g, index, what[k], 1, &channels);
		if (in[k] < 0)
			return in[k];
	}
	memcpy(g->values[in[0]].data, f, (size_t)channels * sizeof(*f));
	memcpy(g->values[in[1]].data, f + channels, (size_t)channels * sizeof(*f));
	for (int64_t c = 0; c < channels; c++)
		((float *)g->values[in[3]].data)[c] = 1;
	n = &g->nodes[index];
	n->op = ACCEL_OP_BATCHNORM;
	n->attrs = accel_op_info(ACCEL_OP_BATCHNORM)->defaults;
	n->attrs.epsilon = 0;
	n->in[0] = x;
	memcpy(n->in + 1, in, sizeof(in));
	n->num_in = 5;
	return 0;
}

/* @f of a node behind another of its kind, whose factors are @before: f (f' x + t') + t. */
static void compose(float *f, const float *before, int64_t channels)
{
	for (int64_t c = 0; c < channels; c++) {
		f[channels + c] += f[c] * before[channels + c];
		f[c] *= before[c];
	}
}

/* Node @index, x * f + t: becomes one with what is before it, or a BATCHNORM where it was one. */
static int settle(struct accel_graph *g, int index, int input)
{
	int x = g->nodes[index].in[input], before = accel_pass_sole_producer(g, x), target = target_of(g, x), ret, earlier;
	int64_t channels = g->values[x].dims[1];
	float *f = factors(g, &g->nodes[index], input, channels), *f0;

	if (!f)
		return accel_enomem(g->nodes[index].name);
	earlier = before < 0 || g->values[x].store != ACCEL_NONE ? -1 : scaled_input(g, &g->nodes[before]);
	if (target >= 0) {
		ret = fold_into(g, target, index, f, channels);
	} else if (earlier >= 0) {
		f0 = factors(g, &g->nodes[before], earlier, channels);
		if (f0)
			compose(f, f0, channels);
		ret = f0 ? normalise(g, index, g->nodes[before].in[earlier], f, channels) : accel_enomem(g->nodes[index].name);
		free(f0);
		g->values[x].producer = ret ? before : ACCEL_VALUE_NONE;
		g->nodes[before].dead = !ret;
	} else {
		ret = g->nodes[index].op == ACCEL_OP_BATCHNORM ? normalise(g, index, x, f, channels) : 0;
	}
	free(f);
	return ret;
}

int accel_pass_batchnorm(struct accel_graph *g)
{
	int count = g->num_nodes;

	for (int i = 0; i < count; i++) {
		int input = scaled_input(g, &g->nodes[i]), ret = input < 0 ? 0 : settle(g, i, input);

		if (ret)
			return ret;
	}
	return accel_graph_compact(g);
}
