// SPDX-License-Identifier: MIT
/*
 * A batch for a model that was made for one: where every operator on the way treats what belongs to an image apart from the
 * others, inputs and what follows from them get more rows, and lists of dimensions that say 1 say 0: as many as the input.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

/* How an operator may be on the way; what is not in the list may not. */
enum way {
	NO_WAY = 0,
	FIRST,		/* along its first input alone */
	EACH,		/* along any input; the others are alike for all images */
	ALL,		/* along all inputs */
};

static const enum way ways[ACCEL_NUM_OPS] = {
	[ACCEL_OP_CONV] = FIRST, [ACCEL_OP_QLINEAR_CONV] = FIRST, [ACCEL_OP_CONV_INTEGER] = FIRST,
	[ACCEL_OP_CONV_TRANSPOSE] = FIRST, [ACCEL_OP_GEMM] = FIRST, [ACCEL_OP_MATMUL] = FIRST,
	[ACCEL_OP_MAXPOOL] = FIRST, [ACCEL_OP_AVGPOOL] = FIRST, [ACCEL_OP_GLOBAL_AVGPOOL] = FIRST,
	[ACCEL_OP_GLOBAL_MAXPOOL] = FIRST, [ACCEL_OP_BATCHNORM] = FIRST, [ACCEL_OP_INSTANCENORM] = FIRST,
	[ACCEL_OP_LRN] = FIRST, [ACCEL_OP_RELU] = FIRST, [ACCEL_OP_CLIP] = FIRST, [ACCEL_OP_LEAKYRELU] = FIRST,
	[ACCEL_OP_HARDSIGMOID] = FIRST, [ACCEL_OP_HARDSWISH] = FIRST, [ACCEL_OP_SIGMOID] = FIRST, [ACCEL_OP_TANH] = FIRST,
	[ACCEL_OP_ELU] = FIRST, [ACCEL_OP_SELU] = FIRST, [ACCEL_OP_ERF] = FIRST, [ACCEL_OP_EXP] = FIRST,
	[ACCEL_OP_SQRT] = FIRST, [ACCEL_OP_ABS] = FIRST, [ACCEL_OP_NEG] = FIRST, [ACCEL_OP_SOFTPLUS] = FIRST,
	[ACCEL_OP_MISH] = FIRST, [ACCEL_OP_CAST] = FIRST, [ACCEL_OP_IDENTITY] = FIRST, [ACCEL_OP_DROPOUT] = FIRST,
	[ACCEL_OP_QUANTIZE] = FIRST, [ACCEL_OP_DEQUANTIZE] = FIRST, [ACCEL_OP_SOFTMAX] = FIRST,
	[ACCEL_OP_LOGSOFTMAX] = FIRST, [ACCEL_OP_FLATTEN] = FIRST, [ACCEL_OP_RESHAPE] = FIRST,
	[ACCEL_OP_TRANSPOSE] = FIRST, [ACCEL_OP_DEPTH_TO_SPACE] = FIRST, [ACCEL_OP_SPACE_TO_DEPTH] = FIRST,
	[ACCEL_OP_ADD] = EACH, [ACCEL_OP_SUB] = EACH, [ACCEL_OP_MUL] = EACH, [ACCEL_OP_DIV] = EACH, [ACCEL_OP_SUM] = EACH,
	[ACCEL_OP_MAX] = EACH, [ACCEL_OP_MIN] = EACH, [ACCEL_OP_MEAN] = EACH, [ACCEL_OP_POW] = EACH,
	[ACCEL_OP_CONCAT] = ALL,
};

/* What the attributes say of the first dimension. */
static bool keeps_rows(const struct accel_node *n, int rank)
{
	const struct accel_attrs *a = &n->attrs;
	int64_t axis = a->axis < 0 ? a->axis + rank : a->axis;

	switch (n->op) {
	case ACCEL_OP_GEMM:
		return !a->trans_a;
	case ACCEL_OP_FLATTEN:
		return axis == 1;
	case ACCEL_OP_SOFTMAX:
	case ACCEL_OP_LOGSOFTMAX:
	case ACCEL_OP_CONCAT:
		return axis > 0;
	case ACCEL_OP_TRANSPOSE:
		return a->perm[0] == 0;
	default:
		return true;
	}
}

static bool inputs_allow(const struct accel_graph *g, const struct accel_node *n, const bool *batched)
{
	int rank = g->values[n->out[0]].rank;

	for (int k = 0; k < n->num_in; k++) {
		const struct accel_value *v = accel_node_input(g, n, k);

		if (!v)
			continue;
		if (!batched[n->in[k]] ? ways[n->op] == ALL : ways[n->op] == FIRST && k > 0)
			return false;
		/* Across ranks, dimensions meet from behind. */
		if (ways[n->op] == EACH && (batched[n->in[k]] ? v->rank != rank : v->rank == rank && v->dims[0] != 1))
			return false;
	}
	return true;
}

/* A list of dimensions that begins with 1: with 0, where that is the same for all who read it. */
static bool free_rows(struct accel_graph *g, const struct accel_node *n)
{
	struct accel_value *shape = &g->values[n->in[1]];
	int64_t *dims = shape->data;

	if (!dims || shape->dims[0] < 1 || dims[0] != 1)
		return dims != NULL;
	for (int i = 0; i < g->num_nodes; i++)
		for (int k = 0; k < g->nodes[i].num_in; k++)
			if (g->nodes[i].in[k] == n->in[1] && (g->nodes[i].op != ACCEL_OP_RESHAPE || k != 1 ||
			    g->nodes[i].attrs.allow_zero || g->values[g->nodes[i].in[0]].rank < 1))
				return false;
	dims[0] = 0;
	return true;
}

/* Of what was made for one image, the same for @batch. */
static bool grew(const struct accel_value *now, int rank, const int64_t *before, int64_t batch)
{
	return now->rank == rank && rank > 0 && before[0] == 1 && now->dims[0] == batch &&
	       !memcmp(now->dims + 1, before + 1, (size_t)(rank - 1) * sizeof(*before));
}

static int widen(struct accel_graph *g, struct accel_node *n, bool *batched, int64_t batch)
{
	int64_t before[ACCEL_MAX_RANK];
	int rank = g->values[n->out[0]].rank, ret;

	memcpy(before, g->values[n->out[0]].dims, sizeof(before));
	if (!ways[n->op] || !keeps_rows(n, rank) || !inputs_allow(g, n, batched) ||
	    (n->op == ACCEL_OP_RESHAPE && !free_rows(g, n)))
		return accel_node_error(EOPNOTSUPP, n, "it may look at more than one image at once, and the model was made "
					"for batch 1: compile for that, or export it with a symbolic first dimension");
	ret = accel_node_infer(g, n);
	if (ret)
		return ret;
	if (!grew(&g->values[n->out[0]], rank, before, batch))
		return accel_node_error(EOPNOTSUPP, n, "its output for a batch of %lld has not the shape of as many for one: "
					"compile for batch 1", (long long)batch);
	for (int k = 0; k < n->num_out; k++)
		if (n->out[k] >= 0)
			batched[n->out[k]] = true;
	return 0;
}

static bool any_batched(const struct accel_node *n, const bool *batched)
{
	for (int k = 0; k < n->num_in; k++)
		if (n->in[k] >= 0 && batched[n->in[k]])
			return true;
	return false;
}

int accel_pass_batch(struct accel_graph *g, int64_t batch)
{
	bool *batched = calloc((size_t)g->num_values + 1, sizeof(*batched)), found = false;
	int ret = 0;

	if (!batched)
		return accel_enomem("the batch");
	for (int i = 0; i < g->num_inputs; i++) {
		struct accel_value *v = &g->values[g->inputs[i]];

		if (v->rank && v->dims[0] == batch)
			found = true;
		if (!v->rank || v->dims[0] != 1)
			continue;
		v->dims[0] = batch;
		batched[g->inputs[i]] = found = true;
	}
	if (!found)
		ret = accel_error(EINVAL, "compile: batch is %lld, and no input has a first dimension of 1 or a symbolic one: "
				  "leave the option out", (long long)batch);
	for (int i = 0; i < g->num_nodes && !ret; i++)
		if (!g->nodes[i].dead && any_batched(&g->nodes[i], batched))
			ret = widen(g, &g->nodes[i], batched, batch);
	free(batched);
	return ret;
}
