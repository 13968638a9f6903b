// SPDX-License-Identifier: MIT
/* Which nodes the NPU takes, and how each is lowered: one table. */
#include <stddef.h>

#include "lower.h"
#include "libaccel/graph/build.h"

const char *accel_can_alias(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *in = accel_in(g, node, 0), *out = accel_out(g, node);

	if (in->data)
		return "its input is constant";
	if (in->quant.channel_scale || out->quant.channel_scale)
		return "per-channel quantisation of an activation is not supported on the NPU";
	return NULL;
}

static const struct accel_lowering table[ACCEL_NUM_OPS] = {
	[ACCEL_OP_CONV] = { accel_can_conv, accel_lower_conv },
	[ACCEL_OP_GEMM] = { accel_can_gemm, accel_lower_gemm },
	[ACCEL_OP_MATMUL] = { accel_can_matmul, accel_lower_matmul },
	[ACCEL_OP_ADD] = { accel_can_binary, accel_lower_binary },
	[ACCEL_OP_SUB] = { accel_can_binary, accel_lower_binary },
	[ACCEL_OP_MUL] = { accel_can_binary, accel_lower_binary },
	[ACCEL_OP_DIV] = { accel_can_binary, accel_lower_binary },
	[ACCEL_OP_BATCHNORM] = { accel_can_affine, accel_lower_affine },
	[ACCEL_OP_SQRT] = { accel_can_unary, accel_lower_sqrt },
	[ACCEL_OP_RELU] = { accel_can_unary, accel_lower_unary },
	[ACCEL_OP_CLIP] = { accel_can_unary, accel_lower_unary },
	[ACCEL_OP_QUANTIZE] = { accel_can_unary, accel_lower_unary },
	[ACCEL_OP_DEQUANTIZE] = { accel_can_unary, accel_lower_unary },
	[ACCEL_OP_MAXPOOL] = { accel_can_pool, accel_lower_pool },
	[ACCEL_OP_AVGPOOL] = { accel_can_pool, accel_lower_pool },
	[ACCEL_OP_GLOBAL_AVGPOOL] = { accel_can_pool, accel_lower_pool },
	[ACCEL_OP_SOFTMAX] = { accel_can_softmax, accel_lower_softmax },
	[ACCEL_OP_TRANSPOSE] = { accel_can_unary, accel_lower_transpose },
	[ACCEL_OP_CONCAT] = { accel_can_concat, accel_lower_concat },
	[ACCEL_OP_FLATTEN] = { accel_can_alias, NULL },
	[ACCEL_OP_RESHAPE] = { accel_can_alias, NULL },
	[ACCEL_OP_IDENTITY] = { accel_can_alias, NULL },
};

const struct accel_lowering *accel_lowering_of(enum accel_op op)
{
	return op < ACCEL_NUM_OPS && table[op].can ? &table[op] : NULL;
}

/* What any node needs: activations of a type and rank that the NPU part can keep. */
static const char *check_value(const struct accel_value *v)
{
	enum accel_dtype t = v->store;

	if (v->rank > 4)
		return "a tensor has more than four dimensions";
	for (int i = 0; i < v->rank; i++)
		if (v->dims[i] <= 0)
			return "a tensor is empty or of unknown size";
	if (v->data)
		return NULL;
	if (accel_loom_type(t) == LOOM_TYPE_NONE || t == ACCEL_S32)
		return "a tensor's type is not supported on the NPU";
	if (accel_loom_type(v->dtype) == LOOM_TYPE_NONE || (v->dtype == ACCEL_S32 && v->dtype != t))
		return "a tensor's type is not supported on the NPU";
	return NULL;
}

/* Bytes that are integers of the model's own, and stand for no real number. */
static bool plain_integers(const struct accel_value *v)
{
	return (v->store == ACCEL_S8 || v->store == ACCEL_U8) && !v->quant.channel_scale && v->quant.scale == 0;
}

/* Such operators do not compute: what a byte stands for does not matter. */
static bool only_moves(enum accel_op op)
{
	return op == ACCEL_OP_FLATTEN || op == ACCEL_OP_RESHAPE || op == ACCEL_OP_IDENTITY || op == ACCEL_OP_TRANSPOSE ||
	       op == ACCEL_OP_MAXPOOL;
}

const char *accel_npu_can(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_lowering *l = accel_lowering_of(node->op);
	const char *why;

	if (!l)
		return "the NPU has no such operation";
	if (node->op == ACCEL_OP_CLIP && node->num_in > 1)
		return "its limits are computed";
	if (!only_moves(node->op) && (plain_integers(accel_in(g, node, 0)) || plain_integers(accel_out(g, node))))
		return "integers that are no quantised numbers are computed on the CPU";
	for (int i = 0; i < node->num_in; i++) {
		const struct accel_value *v = accel_in(g, node, i);

		/* The shape of Reshape and the parameters of Clip and Q/DQ are read from attributes and stores. */
		if (!v || (v->data && i > 0 && l->lower != accel_lower_binary && v->rank < 2))
			continue;
		why = check_value(v);
		if (why)
			return why;
	}
	why = check_value(accel_out(g, node));
	return why ? why : l->can(g, node);
}
