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
 */
struct terms {
	int64_t outer, count, inner;
};

static bool terms_of(const struct accel_node *n, const struct accel_value *w, struct terms *t)
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
	*t = (struct terms){ 1, w->dims[axis], 1 };
	for (int i = 0; i < axis; i++)
		t->outer *= w->dims[i];
	for (int i = axis + 1; i < w->rank; i++)
		t->inner *= w->dims[i];
	return t->count >= GROUP;
}

/* @p: @count terms of a group, @step elements apart. Of equal ones the first stay. */
static void prune_group(float *p, int64_t count, int64_t step)
{
	bool kept[GROUP] = { false };

	for (int k = 0; k < KEPT; k++) {
		int64_t largest = -1;

		for (int64_t i = 0; i < count; i++)
			if (!kept[i] && (largest < 0 || fabsf(p[i * step]) > fabsf(p[largest * step])))
				largest = i;
		if (largest >= 0)
			kept[largest] = true;
	}
	for (int64_t i = 0; i < count; i++)
		if (!kept[i])
			p[i * step] = 0;
}

static void prune_weights(float *w, const struct terms *t)
{
	for (int64_t o = 0; o < t->outer; o++)
		for (int64_t i = 0; i < t->inner; i++)
			for (int64_t k = 0; k < t->count; k += GROUP)
				prune_group(w + (o * t->count + k) * t->inner + i, t->count - k < GROUP ? t->count - k : GROUP,
					    t->inner);
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
		    !terms_of(n, &g->values[n->in[1]], &t))
			continue;
		v = own_weights(g, i);
		if (v < 0)
			return v;
		prune_weights(g->values[v].data, &t);
	}
	return 0;
}
