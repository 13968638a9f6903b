// SPDX-License-Identifier: MIT
/* Rows of the operator table: normalisation, losses, integer products, transposed convolution, resizing. */
#include "libaccel/graph/op_rows.h"

#define T_FLOAT	ACCEL_TYPES_FLOAT
#define T_8BIT	(ACCEL_TYPE(ACCEL_S8) | ACCEL_TYPE(ACCEL_U8))

static const struct accel_attr_info none[] = { { 0 } };
static const struct accel_attr_info axis[] = { { AXIS("axis", axis) }, { 0 } };
static const struct accel_attr_info epsilon[] = { { ATTR("epsilon", FLOAT, epsilon) }, { 0 } };

static const struct accel_attr_info layernorm[] = {
	{ AXIS("axis", axis) },
	{ ATTR("epsilon", FLOAT, epsilon) },
	{ ONLY("stash_type", 1) },
	{ 0 },
};

static const struct accel_attr_info lrn[] = {
	{ ATTR("alpha", FLOAT, alpha) },
	{ ATTR("beta", FLOAT, beta) },
	{ ATTR("bias", FLOAT, gamma) },
	{ ATTR("size", INT, number), .min = 1, .max = LARGEST },
	{ 0 },
};

static const char *const reductions[] = { "mean", "none", "sum", NULL };
static const struct accel_attr_info loss[] = {
	{ WORD("reduction", mode, reductions) },
	{ ATTR("ignore_index", INT, number) },
	{ 0 },
};

static const struct accel_attr_info conv[] = {
	{ SPATIAL("kernel_shape", kernel) },
	{ SPATIAL("strides", stride) },
	{ SPATIAL("dilations", dilation) },
	{ PADS("pads", pad) },
	{ ATTR("auto_pad", AUTO_PAD, auto_pad) },
	{ ATTR("group", INT, group), .min = 1, .max = ACCEL_MAX_DIM },
	{ 0 },
};

static const struct accel_attr_info conv_transpose[] = {
	{ SPATIAL("kernel_shape", kernel) },
	{ SPATIAL("strides", stride) },
	{ SPATIAL("dilations", dilation) },
	{ PADS("pads", pad) },
	{ ATTR("auto_pad", AUTO_PAD, auto_pad) },
	{ ATTR("group", INT, group), .min = 1, .max = ACCEL_MAX_DIM },
	{ ATTR("output_padding", SPATIAL, extra), .max = LARGEST },
	{ ATTR("output_shape", SPATIAL, shape), .min = 1, .max = ACCEL_MAX_DIM },
	{ 0 },
};

static const char *const resize_modes[] = { "nearest", "linear", "cubic", NULL };
static const char *const coordinates[] = {
	"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn", NULL
};
static const char *const roundings[] = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL };
static const struct accel_attr_info resize[] = {
	{ WORD("mode", mode, resize_modes) },
	{ WORD("coordinate_transformation_mode", mode2, coordinates), .since = 11 },
	{ WORD("nearest_mode", mode3, roundings), .since = 11 },
	{ ATTR("cubic_coeff_a", FLOAT, alpha), .since = 11 },
	{ BOOL("exclude_outside", flag), .since = 11 },
	{ IGNORED("extrapolation_value"), .since = 11 },	/* of tf_crop_and_resize, which is refused */
	{ ONLY("antialias", 0), .since = 18 },
	{ 0 },
};

static const struct accel_attr_info upsample[] = {
	{ WORD("mode", mode, resize_modes) },
	{ INPUT("scales", 1), .until = 8 },
	{ 0 },
};

static const struct accel_attr_info einsum[] = { { ATTR("equation", TEXT, text) }, { 0 } };

#define WINDOW	.stride = { 1, 1 }, .dilation = { 1, 1 }, .group = 1

static const struct accel_op_info ops[] = {
	{ ACCEL_OP_GLOBAL_MAXPOOL, "GlobalMaxPool", 1, 1, 1, T_FLOAT, none, { 0 }, accel_shape_global_pool },
	{ ACCEL_OP_LOGSOFTMAX, "LogSoftmax", 1, 1, 1, T_FLOAT, axis, { .axis = -1 }, accel_shape_softmax },
	{ ACCEL_OP_HARDMAX, "Hardmax", 1, 1, 1, T_FLOAT, axis, { .axis = -1 }, accel_shape_softmax },
	{ ACCEL_OP_INSTANCENORM, "InstanceNormalization", 3, 3, 3, T_FLOAT, epsilon, { .epsilon = 1e-5f },
	  accel_shape_instancenorm },
	{ ACCEL_OP_LAYERNORM, "LayerNormalization", 2, 3, 3, T_FLOAT, layernorm, { .axis = -1, .epsilon = 1e-5f },
	  accel_shape_layernorm, .max_out = 3 },
	{ ACCEL_OP_LRN, "LRN", 1, 1, 1, T_FLOAT, lrn, { .alpha = 1e-4f, .beta = 0.75f, .gamma = 1 }, accel_shape_lrn },
	{ ACCEL_OP_NLL_LOSS, "NegativeLogLikelihoodLoss", 2, 3, 1, T_FLOAT, loss, { .number = INT64_MIN },
	  accel_shape_loss, .index = 1 << 1 },
	{ ACCEL_OP_SOFTMAX_CROSS_ENTROPY, "SoftmaxCrossEntropyLoss", 2, 3, 1, T_FLOAT, loss, { .number = INT64_MIN },
	  accel_shape_loss, .max_out = 2, .index = 1 << 1 },
	{ ACCEL_OP_CONV_TRANSPOSE, "ConvTranspose", 2, 3, 3, T_FLOAT, conv_transpose, { WINDOW },
	  accel_shape_conv_transpose },
	{ ACCEL_OP_CONV_INTEGER, "ConvInteger", 2, 4, 1, T_8BIT, conv, { WINDOW }, accel_shape_conv_integer },
	{ ACCEL_OP_QLINEAR_CONV, "QLinearConv", 8, 9, 1, T_8BIT, conv, { WINDOW }, accel_shape_qlinear_conv },
	{ ACCEL_OP_MATMUL_INTEGER, "MatMulInteger", 2, 4, 1, T_8BIT, none, { 0 }, accel_shape_matmul_integer },
	{ ACCEL_OP_QLINEAR_MATMUL, "QLinearMatMul", 8, 8, 1, T_8BIT, none, { 0 }, accel_shape_qlinear_matmul },
	{ ACCEL_OP_DYNAMIC_QUANTIZE, "DynamicQuantizeLinear", 1, 1, 1, ACCEL_TYPE(ACCEL_F32), none, { 0 },
	  accel_shape_dynamic_quantize, .max_out = 3 },
	{ ACCEL_OP_EINSUM, "Einsum", 1, 8, 8, ACCEL_TYPES_REAL | ACCEL_TYPE(ACCEL_S32), einsum, { 0 }, accel_shape_einsum },
	{ ACCEL_OP_RESIZE, "Resize", 1, 4, 1, T_FLOAT | ACCEL_TYPES_INT, resize, { .alpha = -0.75f },
	  accel_shape_resize },
	/* coordinates and rounding as they were before Resize had a choice of them */
	{ ACCEL_OP_UPSAMPLE, "Upsample", 2, 2, 1, T_FLOAT | ACCEL_TYPES_INT, upsample, { .mode2 = 3, .mode3 = 2 },
	  accel_shape_resize },
};

OP_GROUP(accel_ops_more, ops);
