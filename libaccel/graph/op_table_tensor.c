// SPDX-License-Identifier: MIT
/* Rows of the operator table: what moves, picks, or makes tensors. */
#include <limits.h>

#include "libaccel/graph/op_rows.h"

#define T_ANY	ACCEL_TYPES_ANY
#define T_NUM	ACCEL_TYPES_NUMBER

static const struct accel_attr_info none[] = { { 0 } };
static const struct accel_attr_info axis[] = { { AXIS("axis", axis) }, { 0 } };
static const struct accel_attr_info axes[] = { { INPUT("axes", 1), .until = 12 }, { 0 } };

static const struct accel_attr_info split[] = {
	{ AXIS("axis", axis) },
	{ INPUT("split", 1), .until = 12 },
	{ ATTR("num_outputs", INT, number), .min = 1, .max = ACCEL_NODE_MAX_OUT, .since = 18 },
	{ 0 },
};

static const struct accel_attr_info slice[] = {
	{ INPUT("starts", 1), .until = 9 },
	{ INPUT("ends", 2), .until = 9 },
	{ INPUT("axes", 3), .until = 9 },
	{ 0 },
};

static const char *const pad_modes[] = { "constant", "reflect", "edge", "wrap", NULL };
static const struct accel_attr_info pad[] = {
	{ WORD("mode", mode, pad_modes) },
	{ INPUT("pads", 1), .until = 10 },
	{ INPUT("value", 2), .until = 10 },
	{ 0 },
};

static const char *const block_modes[] = { "DCR", "CRD", NULL };
static const struct accel_attr_info depth_to_space[] = {
	{ ATTR("blocksize", INT, number), .min = 1, .max = LARGEST },
	{ WORD("mode", mode, block_modes), .since = 11 },
	{ 0 },
};

static const struct accel_attr_info space_to_depth[] = {
	{ ATTR("blocksize", INT, number), .min = 1, .max = LARGEST },
	{ 0 },
};

static const struct accel_attr_info trilu[] = { { BOOL("upper", flag) }, { 0 } };

static const struct accel_attr_info reverse_sequence[] = {
	{ ATTR("batch_axis", INT, number), .max = 1 },
	{ ATTR("time_axis", INT, number2), .max = 1 },
	{ 0 },
};

static const struct accel_attr_info shape[] = {
	{ ATTR("start", INT, number), .since = 15 },
	{ ATTR("end", INT, number2), .since = 15 },
	{ 0 },
};

static const struct accel_attr_info constant_of_shape[] = { { INPUT("value", 1) }, { 0 } };

static const struct accel_attr_info eyelike[] = {
	{ ATTR("dtype", DTYPE, to) },
	{ ATTR("k", INT, number), .min = -ACCEL_MAX_DIM, .max = ACCEL_MAX_DIM },
	{ 0 },
};

static const struct accel_attr_info gather_nd[] = {
	{ ATTR("batch_dims", INT, number), .max = ACCEL_MAX_RANK, .since = 12 },
	{ 0 },
};

static const char *const reductions[] = { "none", "add", "mul", "max", "min", NULL };
static const struct accel_attr_info scatter[] = {
	{ AXIS("axis", axis) },
	{ WORD("reduction", mode, reductions), .since = 16 },
	{ 0 },
};

static const struct accel_attr_info scatter_nd[] = { { WORD("reduction", mode, reductions), .since = 16 }, { 0 } };

static const struct accel_attr_info topk[] = {
	{ AXIS("axis", axis) },
	{ BOOL("largest", flag), .since = 11 },
	{ IGNORED("sorted"), .since = 11 },		/* they always are */
	{ INPUT("k", 1), .until = 9 },
	{ 0 },
};

#define MAX_IN	ACCEL_NODE_MAX_IN
#define MAX_OUT	ACCEL_NODE_MAX_OUT
#define I(i)	(1u << (i))

static const struct accel_op_info ops[] = {
	{ ACCEL_OP_CONCAT, "Concat", 1, MAX_IN, MAX_IN, T_ANY, axis, { .axis = INT_MIN }, accel_shape_concat },
	{ ACCEL_OP_SPLIT, "Split", 1, 2, 1, T_ANY, split, { 0 }, accel_shape_split, .max_out = MAX_OUT, .index = I(1) },
	{ ACCEL_OP_SLICE, "Slice", 3, 5, 1, T_ANY, slice, { 0 }, accel_shape_slice, .index = I(1) | I(2) | I(3) | I(4) },
	{ ACCEL_OP_PAD, "Pad", 2, 4, 1, T_ANY, pad, { 0 }, accel_shape_pad, .index = I(1) | I(3) },
	{ ACCEL_OP_EXPAND, "Expand", 2, 2, 1, T_ANY, none, { 0 }, accel_shape_expand, .index = I(1) },
	{ ACCEL_OP_TILE, "Tile", 2, 2, 1, T_ANY, none, { 0 }, accel_shape_tile, .index = I(1) },
	{ ACCEL_OP_SQUEEZE, "Squeeze", 1, 2, 1, T_ANY, axes, { 0 }, accel_shape_squeeze, .index = I(1) },
	{ ACCEL_OP_UNSQUEEZE, "Unsqueeze", 2, 2, 1, T_ANY, axes, { 0 }, accel_shape_unsqueeze, .index = I(1) },
	{ ACCEL_OP_DEPTH_TO_SPACE, "DepthToSpace", 1, 1, 1, T_ANY, depth_to_space, { 0 },
	  accel_shape_depth_to_space },
	{ ACCEL_OP_SPACE_TO_DEPTH, "SpaceToDepth", 1, 1, 1, T_ANY, space_to_depth, { 0 },
	  accel_shape_space_to_depth },
	{ ACCEL_OP_TRILU, "Trilu", 1, 2, 1, T_ANY, trilu, { .flag = true }, accel_shape_trilu, .index = I(1) },
	{ ACCEL_OP_REVERSE_SEQUENCE, "ReverseSequence", 2, 2, 1, T_ANY, reverse_sequence,
	  { .number = 1, .number2 = 0 }, accel_shape_reverse, .index = I(1) },
	{ ACCEL_OP_COMPRESS, "Compress", 2, 2, 1, T_ANY, axis, { .axis = INT_MIN }, accel_shape_compress },
	{ ACCEL_OP_SHAPE, "Shape", 1, 1, 1, T_ANY, shape, { .number2 = INT64_MAX }, accel_shape_shape },
	{ ACCEL_OP_SIZE, "Size", 1, 1, 1, T_ANY, none, { 0 }, accel_shape_size },
	{ ACCEL_OP_CONSTANT_OF_SHAPE, "ConstantOfShape", 1, 2, 1, ACCEL_TYPES_INDEX, constant_of_shape, { 0 },
	  accel_shape_constant },
	{ ACCEL_OP_RANGE, "Range", 3, 3, 3, T_NUM, none, { 0 }, accel_shape_range },
	{ ACCEL_OP_EYELIKE, "EyeLike", 1, 1, 1, T_ANY, eyelike, { 0 }, accel_shape_eyelike },
	{ ACCEL_OP_ONEHOT, "OneHot", 3, 3, 1, T_NUM, axis, { .axis = -1 }, accel_shape_onehot },
	{ ACCEL_OP_GATHER, "Gather", 2, 2, 1, T_ANY, axis, { 0 }, accel_shape_gather, .index = I(1) },
	{ ACCEL_OP_GATHER_ELEMENTS, "GatherElements", 2, 2, 1, T_ANY, axis, { 0 }, accel_shape_gather_elements,
	  .index = I(1) },
	{ ACCEL_OP_GATHER_ND, "GatherND", 2, 2, 1, T_ANY, gather_nd, { 0 }, accel_shape_gather_nd, .index = I(1) },
	{ ACCEL_OP_SCATTER, "Scatter", 3, 3, 1, T_ANY, axis, { 0 }, accel_shape_scatter_elements, .index = I(1) },
	{ ACCEL_OP_SCATTER_ELEMENTS, "ScatterElements", 3, 3, 1, T_ANY, scatter, { 0 },
	  accel_shape_scatter_elements, .index = I(1) },
	{ ACCEL_OP_SCATTER_ND, "ScatterND", 3, 3, 1, T_ANY, scatter_nd, { 0 }, accel_shape_scatter_nd,
	  .index = I(1) },
	{ ACCEL_OP_TOPK, "TopK", 2, 2, 1, T_NUM & ~ACCEL_TYPE(ACCEL_U64), topk, { .axis = -1, .flag = true },
	  accel_shape_topk, .max_out = 2, .index = I(1) },
	{ ACCEL_OP_NONZERO, "NonZero", 1, 1, 1, T_ANY, none, { 0 }, accel_shape_nonzero },
};

OP_GROUP(accel_ops_tensor, ops);
