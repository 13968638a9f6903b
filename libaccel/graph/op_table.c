// SPDX-License-Identifier: MIT
#include "libaccel/graph/op_table.h"

#include <math.h>
#include <string.h>

#include "libaccel/graph/build.h"

#define AT(field)	offsetof(struct accel_attrs, field)
#define LARGEST		(1 << 20)	/* kernels, strides, dilations, pads */

#define ATTR(n, k, f)	.name = n, .kind = ACCEL_ATTR_##k, .offset = AT(f)
#define SPATIAL(n, f)	ATTR(n, SPATIAL, f), .min = 1, .max = LARGEST
#define PADS(n, f)	ATTR(n, PADS, f), .max = LARGEST
#define BOOL(n, f)	ATTR(n, BOOL, f), .max = 1
#define AXIS(n, f)	ATTR(n, INT, f), .min = -ACCEL_MAX_RANK, .max = ACCEL_MAX_RANK
#define ONLY(n, v)	.name = n, .kind = ACCEL_ATTR_ONLY, .only = v
#define IGNORED(n)	.name = n, .kind = ACCEL_ATTR_IGNORED

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
#define ARITH(o, n) { o, n, 2, 2, 2, ACCEL_TYPES_NUMBER, no_attrs, { 0 }, accel_shape_broadcast }

static const struct accel_op_info ops[] = {
	{ ACCEL_OP_CONV, "Conv", 2, 3, 3, ACCEL_TYPES_FLOAT, conv_attrs, { WINDOW }, accel_shape_conv },
	{ ACCEL_OP_GEMM, "Gemm", 2, 3, 3, ACCEL_TYPES_FLOAT, gemm_attrs, { .alpha = 1, .beta = 1 },
	  accel_shape_gemm },
	{ ACCEL_OP_MATMUL, "MatMul", 2, 2, 2, ACCEL_TYPES_FLOAT, no_attrs, { 0 }, accel_shape_matmul },
	ARITH(ACCEL_OP_ADD, "Add"),
	ARITH(ACCEL_OP_SUB, "Sub"),
	ARITH(ACCEL_OP_MUL, "Mul"),
	ARITH(ACCEL_OP_DIV, "Div"),
	{ ACCEL_OP_RELU, "Relu", 1, 1, 1, ACCEL_TYPES_NUMBER, no_attrs, { 0 }, NULL },
	{ ACCEL_OP_CLIP, "Clip", 1, 3, 3, ACCEL_TYPES_NUMBER, clip_attrs, { .lo = -INFINITY, .hi = INFINITY },
	  accel_shape_clip },
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

#define NUM_OPS	(sizeof(ops) / sizeof(ops[0]))

const struct accel_op_info *accel_op_find(const char *name)
{
	for (size_t i = 0; i < NUM_OPS; i++)
		if (!strcmp(ops[i].name, name))
			return &ops[i];
	return NULL;
}

const struct accel_op_info *accel_op_info(enum accel_op op)
{
	for (size_t i = 0; i < NUM_OPS; i++)
		if (ops[i].op == op)
			return &ops[i];
	return NULL;
}

const char *accel_op_name(enum accel_op op)
{
	const struct accel_op_info *info = accel_op_info(op);

	return info ? info->name : "?";
}
