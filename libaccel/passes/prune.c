// SPDX-License-Identifier: MIT
/*
 * Pruning to 2:4: of each four weights that follow each other along the terms of a sum (input channels of a tap, rows of a
 * matrix) the two of smallest magnitude become zero. What the model has quantised itself stays, as does what has fewer than four
 * terms, such as depthwise convolutions and those of images.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/passes/passes.h"

#define GROUP	4
#define KEPT	2

/**
 * struct terms - where the terms of the sums are in a tensor of weights
 * @outer: sums lie this many times behind each other,
 * @count: each of so many terms,
 * @inner: which are this many elements apart
 * @pixels: of a matrix that multiplies a flattened image: its pixels. What is kept of an image are its pixels with all channels
 *	of each, so term k of a sum is channel k % channels of pixel k / channels; else 1
 */
struct terms {
	int64_t outer, count, inner, pixels;
};

/* Pixels of the image with channels that value @v is the flattened form of, or 1. */
static int64_t pixels_of(const struct accel_graph *g, int v)
{
	const struct accel_value *flat = &g->values[v];

	if (flat->rank != 2)
		return 1;
	while (g->values[v].producer >= 0) {
		const struct accel_node *n = &g->nodes[g->values[v].producer];

		if (n->op != ACCEL_OP_FLATTEN && n->op != ACCEL_OP_RESHAPE && n->op != ACCEL_OP_IDENTITY)
			break;
		v = n->in[0];
	}
	if (g->values[v].rank != 4 || g->values[v].dims[0] != flat->dims[0] || flat->dims[1] <= 0)
		return 1;
	return g->values[v].dims[2] * g->values[v].dims[3];
}

/* Where the term is that code generation has at place @k of the sums. */
static int64_t place(const struct terms *t, int64_t k)
{
	int64_t channels = t->count / t->pixels;

	return k % channels * t->pixels + k / channels;
}

static bool terms_of(const struct accel_graph *g, const struct accel_node *n, const struct accel_value *w, struct terms *t)
{
	int axis;

	if (n->op == ACCEL_OP_CONV)
		axis = 1;
	else if (n->op == ACCEL_OP_GEMM && w->rank == 2)
		axis = n->attrs.trans_b ? 1 : 0;
	else if (n->op == ACCEL_OP_MATMUL && w->rank >= 2)
		axis = w->rank - 2;
	else
		return false;
	*t = (struct terms){ 1, w->dims[axis], 1, 1 };
	for (int i = 0; i < axis; i++)
		t->outer *= w->dims[i];
	for (int i = axis + 1; i < w->rank; i++)
		t->inner *= w->dims[i];
	if (n->op == ACCEL_OP_GEMM && !n->attrs.trans_a)
		t->pixels = pixels_of(g, n->in[0]);
	if (t->count % t->pixels)
		t->pixels = 1;
	return t->count >= GROUP;
}

/* The group of sum @w that begins at place @k. Of equal ones the first stay. */
static void prune_group(float *w, const struct terms *t, int64_t k)
{
	int64_t count = t->count - k < GROUP ? t->count - k : GROUP;
	bool kept[GROUP] = { false };
	float *p[GROUP];

	for (int64_t i = 0; i < count; i++)
		p[i] = w + place(t, k + i) * t->inner;
	for (int n = 0; n < KEPT; n++) {
		int64_t largest = -1;

		for (int64_t i = 0; i < count; i++)
			if (!kept[i] && (largest < 0 || fabsf(*p[i]) > fabsf(*p[largest])))
				largest = i;
		if (largest >= 0)
			kept[largest] = true;
	}
	for (int64_t i = 0; i < count; i++)
		if (!kept[i])
			*p[i] = 0;
}

static void prune_weights(float *w, const struct terms *t)
{
	for (int64_t o = 0; o < t->outer; o++)
		for (int64_t i = 0; i < t->inner; i++)
			for (int64_t k = 0; k < t->count; k += GROUP)
				prune_group(w + o * t->count * t->inner + i, t, k);
}

/* Input 1 of @node as a constant of its own. */
static int own_weights(struct accel_graph *g, int node)
{
	int v = g->nodes[node].in[1], copy;

	if (accel_graph_uses(g, v) == 1)
		return v;
	copy = accel_pass_constant(g, node, "pruned", g->values[v].rank, g->values[v].dims);
	if (copy < 0)
		return copy;
	memcpy(g->values[copy].data, g->values[v].data, (size_t)accel_value_bytes(&g->values[v]));
	g->nodes[node].in[1] = copy;
	return copy;
}

int accel_pass_prune(struct accel_graph *g, enum accel_prune prune)
{
	if (prune == ACCEL_PRUNE_NONE)
		return 0;
	if (prune != ACCEL_PRUNE_2_4)
		return accel_error(EINVAL, "compile options: pruning %d is unknown", (int)prune);
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];
		struct terms t;
		int v;

		if (n->num_in < 2 || !accel_pass_is_f32_constant(g, n, 1) || g->values[n->in[1]].store != ACCEL_NONE ||
		    !terms_of(g, n, &g->values[n->in[1]], &t))
			continue;
		v = own_weights(g, i);
		if (v < 0)
			return v;
		prune_weights(g->values[v].data, &t);
	}
	return 0;
}
