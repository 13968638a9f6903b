// SPDX-License-Identifier: MIT
/* The table: operators of networks, and the finding of all. The other rows are in files beside this one. */
#include "libaccel/graph/op_table.h"

#include <math.h>
#include <string.h>

#include "libaccel/graph/op_rows.h"

static const struct accel_attr_info no_attrs[] = { { 0 } };

static const struct accel_attr_info conv_attrs[] = {
	{ SPATIAL("kernel_shape", kernel) },
	{ SPATIAL("strides", stride) },
	{ SPATIAL("dilations", dilation) },
	{ PADS("pads", pad) },
	{ ATTR("auto_pad", AUTO_PAD, auto_pad) },
	{ ATTR("group", INT, group), .min = 1, .max = ACCEL_MAX_DIM },
	{ 0 },
};

static const struct accel_attr_info maxpool_attrs[] = {
	{ SPATIAL("kernel_shape", kernel) },
	{ SPATIAL("strides", stride) },
	{ SPATIAL("dilations", dilation), .since = 10 },
	{ PADS("pads", pad) },
	{ ATTR("auto_pad", AUTO_PAD, auto_pad) },
	{ BOOL("ceil_mode", ceil_mode), .since = 10 },
	{ IGNORED("storage_order"), .since = 8 },	/* of the indices, which are refused */
	{ 0 },
};

static const struct accel_attr_info avgpool_attrs[] = {
	{ SPATIAL("kernel_shape", kernel) },
	{ SPATIAL("strides", stride) },
	{ SPATIAL("dilations", dilation), .since = 19 },
	{ PADS("pads", pad) },
	{ ATTR("auto_pad", AUTO_PAD, auto_pad) },
	{ BOOL("ceil_mode", ceil_mode), .since = 10 },
	{ BOOL("count_include_pad", count_include_pad) },
	{ 0 },
};

static const struct accel_attr_info gemm_attrs[] = {
	{ ATTR("alpha", FLOAT, alpha) },
	{ ATTR("beta", FLOAT, beta) },
	{ BOOL("transA", trans_a) },
	{ BOOL("transB", trans_b) },
	{ 0 },
};

static const struct accel_attr_info clip_attrs[] = {
	{ ATTR("min", FLOAT, lo), .until = 10 },
	{ ATTR("max", FLOAT, hi), .until = 10 },
	{ 0 },
};

static const struct accel_attr_info axis_attrs[] = {
	{ AXIS("axis", axis) },
	{ 0 },
};

static const struct accel_attr_info quant_attrs[] = {
	{ AXIS("axis", axis), .since = 13 },
	{ IGNORED("saturate"), .since = 19 },	/* of fp8, which is refused */
	{ ONLY("block_size", 0), .since = 21 },
	{ ONLY("output_dtype", 0), .since = 21 },
	{ 0 },
};

static const struct accel_attr_info reshape_attrs[] = {
	{ BOOL("allowzero", allow_zero), .since = 14 },
	{ 0 },
};

static const struct accel_attr_info transpose_attrs[] = {
	{ ATTR("perm", PERM, perm), .max = ACCEL_MAX_RANK - 1 },
	{ 0 },
};

static const struct accel_attr_info batchnorm_attrs[] = {
	{ ATTR("epsilon", FLOAT, epsilon) },
	{ IGNORED("momentum") },
	{ ONLY("spatial", 1), .until = 8 },
	{ ONLY("training_mode", 0), .since = 14 },
	{ 0 },
};

#define WINDOW	.stride = { 1, 1 }, .dilation = { 1, 1 }, .group = 1

static const struct accel_op_info ops[] = {
	{ ACCEL_OP_CONV, "Conv", 2, 3, 3, ACCEL_TYPES_FLOAT, conv_attrs, { WINDOW }, accel_shape_conv },
	{ ACCEL_OP_GEMM, "Gemm", 2, 3, 3, ACCEL_TYPES_FLOAT, gemm_attrs, { .alpha = 1, .beta = 1 },
	  accel_shape_gemm },
	{ ACCEL_OP_MATMUL, "MatMul", 2, 2, 2, ACCEL_TYPES_FLOAT, no_attrs, { 0 }, accel_shape_matmul },
	{ ACCEL_OP_RELU, "Relu", 1, 1, 1, ACCEL_TYPES_NUMBER & ~ACCEL_TYPE(ACCEL_U64), no_attrs, { 0 }, NULL },
	{ ACCEL_OP_CLIP, "Clip", 1, 3, 3, ACCEL_TYPES_NUMBER & ~ACCEL_TYPE(ACCEL_U64), clip_attrs,
	  { .lo = -INFINITY, .hi = INFINITY }, accel_shape_clip },
	{ ACCEL_OP_MAXPOOL, "MaxPool", 1, 1, 1, ACCEL_TYPES_FLOAT | ACCEL_TYPE(ACCEL_S8) | ACCEL_TYPE(ACCEL_U8),
	  maxpool_attrs, { WINDOW }, accel_shape_pool },
	{ ACCEL_OP_AVGPOOL, "AveragePool", 1, 1, 1, ACCEL_TYPES_FLOAT, avgpool_attrs, { WINDOW },
	  accel_shape_pool },
	{ ACCEL_OP_GLOBAL_AVGPOOL, "GlobalAveragePool", 1, 1, 1, ACCEL_TYPES_FLOAT, no_attrs, { 0 },
	  accel_shape_global_pool },
	{ ACCEL_OP_FLATTEN, "Flatten", 1, 1, 1, ACCEL_TYPES_ANY, axis_attrs, { .axis = 1 }, accel_shape_flatten },
	{ ACCEL_OP_RESHAPE, "Reshape", 2, 2, 1, ACCEL_TYPES_ANY, reshape_attrs, { 0 }, accel_shape_reshape },
	{ ACCEL_OP_TRANSPOSE, "Transpose", 1, 1, 1, ACCEL_TYPES_ANY, transpose_attrs, { .perm = { -1 } },
	  accel_shape_transpose },
	{ ACCEL_OP_SOFTMAX, "Softmax", 1, 1, 1, ACCEL_TYPES_FLOAT, axis_attrs, { .axis = -1 },
	  accel_shape_softmax },
	{ ACCEL_OP_BATCHNORM, "BatchNormalization", 5, 5, 1, ACCEL_TYPES_FLOAT, batchnorm_attrs,
	  { .epsilon = 1e-5f }, accel_shape_batchnorm },
	{ ACCEL_OP_QUANTIZE, "QuantizeLinear", 2, 3, 1, ACCEL_TYPE(ACCEL_F32) | ACCEL_TYPE(ACCEL_S32), quant_attrs,
	  { .axis = 1 }, accel_shape_quantize },
	{ ACCEL_OP_DEQUANTIZE, "DequantizeLinear", 2, 3, 1,
	  ACCEL_TYPE(ACCEL_S8) | ACCEL_TYPE(ACCEL_U8) | ACCEL_TYPE(ACCEL_S32), quant_attrs, { .axis = 1 },
	  accel_shape_dequantize },
	{ ACCEL_OP_IDENTITY, "Identity", 1, 1, 1, ACCEL_TYPES_ANY, no_attrs, { 0 }, NULL },
};

OP_GROUP(accel_ops_network, ops);

static const struct accel_op_group *const groups[] = {
	&accel_ops_network, &accel_ops_elementwise, &accel_ops_tensor, &accel_ops_more, &accel_ops_recurrent,
};

#define NUM_GROUPS	(sizeof(groups) / sizeof(groups[0]))

const struct accel_op_info *accel_op_find(const char *name)
{
	for (size_t k = 0; k < NUM_GROUPS; k++)
		for (size_t i = 0; i < groups[k]->count; i++)
			if (!strcmp(groups[k]->ops[i].name, name))
				return &groups[k]->ops[i];
	return NULL;
}

const struct accel_op_info *accel_op_info(enum accel_op op)
{
	for (size_t k = 0; k < NUM_GROUPS; k++)
		for (size_t i = 0; i < groups[k]->count; i++)
			if (groups[k]->ops[i].op == op)
				return &groups[k]->ops[i];
	return NULL;
}

const char *accel_op_name(enum accel_op op)
{
	const struct accel_op_info *info = accel_op_info(op);

	return info ? info->name : "?";
}
