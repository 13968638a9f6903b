// SPDX-License-Identifier: MIT
/* Rows of the operator table: elementwise arithmetic, comparisons, reductions. */
#include "libaccel/graph/op_rows.h"

#define T_BOOL	ACCEL_TYPE(ACCEL_BOOL)
#define T_REAL	ACCEL_TYPES_REAL
#define T_NUM	ACCEL_TYPES_NUMBER
#define T_INT	ACCEL_TYPES_INT

static const struct accel_attr_info none[] = { { 0 } };
static const struct accel_attr_info alpha[] = { { ATTR("alpha", FLOAT, alpha) }, { 0 } };

static const struct accel_attr_info alpha_beta[] = {
	{ ATTR("alpha", FLOAT, alpha) },
	{ ATTR("beta", FLOAT, beta) },
	{ 0 },
};

static const struct accel_attr_info selu[] = {
	{ ATTR("alpha", FLOAT, alpha) },
	{ ATTR("gamma", FLOAT, gamma) },
	{ 0 },
};

static const struct accel_attr_info shrink[] = {
	{ ATTR("bias", FLOAT, beta) },
	{ ATTR("lambd", FLOAT, alpha) },
	{ 0 },
};

static const struct accel_attr_info isinf_attrs[] = {
	{ BOOL("detect_negative", flag) },
	{ BOOL("detect_positive", flag2) },
	{ 0 },
};

static const char *const directions[] = { "LEFT", "RIGHT", NULL };
static const struct accel_attr_info bitshift[] = { { WORD("direction", mode, directions) }, { 0 } };
static const struct accel_attr_info mod[] = { { BOOL("fmod", flag) }, { 0 } };

static const struct accel_attr_info cast[] = {
	{ ATTR("to", DTYPE, to) },
	{ IGNORED("saturate"), .since = 19 },		/* of fp8, which is refused */
	{ 0 },
};

static const struct accel_attr_info castlike[] = { { IGNORED("saturate"), .since = 19 }, { 0 } };

/* ReduceSum has its axes as an input since operator set 13, the others since 18. */
#define REDUCTION(name, last)						\
	static const struct accel_attr_info name[] = {			\
		{ INPUT("axes", 1), .until = last },			\
		{ BOOL("keepdims", keep_dims) },			\
		{ BOOL("noop_with_empty_axes", flag), .since = last + 1 }, \
		{ 0 },							\
	}
REDUCTION(reduce_sum, 12);
REDUCTION(reduce, 17);

static const struct accel_attr_info arg[] = {
	{ AXIS("axis", axis) },
	{ BOOL("keepdims", keep_dims) },
	{ BOOL("select_last_index", flag), .since = 12 },
	{ 0 },
};

static const struct accel_attr_info cumsum[] = {
	{ BOOL("exclusive", flag) },
	{ BOOL("reverse", flag2) },
	{ 0 },
};

static const struct accel_attr_info dropout[] = {
	{ IGNORED("ratio"), .until = 11 },		/* of training */
	{ IGNORED("seed"), .since = 12 },
	{ 0 },
};

#define UNARY(o, n, types)	{ ACCEL_OP_##o, n, 1, 1, 1, types, none, { 0 }, NULL }
#define CURVE(o, n, list, ...)	{ ACCEL_OP_##o, n, 1, 1, 1, T_REAL, list, { __VA_ARGS__ }, NULL }
#define BINARY(o, n, types)	{ ACCEL_OP_##o, n, 2, 2, 2, types, none, { 0 }, accel_shape_broadcast }
#define COMPARE(o, n, types)	{ ACCEL_OP_##o, n, 2, 2, 2, types, none, { 0 }, accel_shape_compare }
#define VARIADIC(o, n, types)	\
	{ ACCEL_OP_##o, n, 1, ACCEL_NODE_MAX_IN, ACCEL_NODE_MAX_IN, types, none, { 0 }, accel_shape_broadcast }
#define REDUCE(o, n, list)	\
	{ ACCEL_OP_REDUCE_##o, n, 1, 2, 1, T_NUM & ~ACCEL_TYPE(ACCEL_U64), list, { .keep_dims = true }, accel_shape_reduce, .index = 1 << 1 }

static const struct accel_op_info ops[] = {
	UNARY(ABS, "Abs", T_NUM),		UNARY(ACOS, "Acos", T_REAL),
	UNARY(ACOSH, "Acosh", T_REAL),		UNARY(ASIN, "Asin", T_REAL),
	UNARY(ASINH, "Asinh", T_REAL),		UNARY(ATAN, "Atan", T_REAL),
	UNARY(ATANH, "Atanh", T_REAL),		UNARY(CEIL, "Ceil", T_REAL),
	UNARY(COS, "Cos", T_REAL),		UNARY(COSH, "Cosh", T_REAL),
	UNARY(ERF, "Erf", T_NUM),		UNARY(EXP, "Exp", T_REAL),
	UNARY(FLOOR, "Floor", T_REAL),		UNARY(HARDSWISH, "HardSwish", T_REAL),
	UNARY(LOG, "Log", T_REAL),		UNARY(MISH, "Mish", T_REAL),
	UNARY(NEG, "Neg", T_NUM),		UNARY(NOT, "Not", T_BOOL),
	UNARY(RECIPROCAL, "Reciprocal", T_REAL), UNARY(ROUND, "Round", T_REAL),
	UNARY(SIGMOID, "Sigmoid", T_REAL),	UNARY(SIGN, "Sign", T_NUM),
	UNARY(SIN, "Sin", T_REAL),		UNARY(SINH, "Sinh", T_REAL),
	UNARY(SOFTPLUS, "Softplus", T_REAL),	UNARY(SOFTSIGN, "Softsign", T_REAL),
	UNARY(SQRT, "Sqrt", T_REAL),		UNARY(TAN, "Tan", T_REAL),
	UNARY(TANH, "Tanh", T_REAL),
	CURVE(CELU, "Celu", alpha, .alpha = 1),
	CURVE(ELU, "Elu", alpha, .alpha = 1),
	CURVE(HARDSIGMOID, "HardSigmoid", alpha_beta, .alpha = 0.2f, .beta = 0.5f),
	CURVE(LEAKYRELU, "LeakyRelu", alpha, .alpha = 0.01f),
	CURVE(SELU, "Selu", selu, .alpha = 1.67326319217681884765625f, .gamma = 1.05070102214813232421875f),
	CURVE(SHRINK, "Shrink", shrink, .alpha = 0.5f),
	CURVE(THRESHOLDEDRELU, "ThresholdedRelu", alpha, .alpha = 1),
	{ ACCEL_OP_ISINF, "IsInf", 1, 1, 1, T_REAL, isinf_attrs, { .flag = true, .flag2 = true }, accel_shape_test },
	{ ACCEL_OP_ISNAN, "IsNaN", 1, 1, 1, T_REAL, none, { 0 }, accel_shape_test },
	BINARY(ADD, "Add", T_NUM),		BINARY(SUB, "Sub", T_NUM),
	BINARY(MUL, "Mul", T_NUM),		BINARY(DIV, "Div", T_NUM),
	BINARY(AND, "And", T_BOOL),		BINARY(OR, "Or", T_BOOL),
	BINARY(XOR, "Xor", T_BOOL),
	{ ACCEL_OP_BITSHIFT, "BitShift", 2, 2, 2, T_INT, bitshift, { 0 }, accel_shape_broadcast },
	{ ACCEL_OP_MOD, "Mod", 2, 2, 2, T_NUM, mod, { 0 }, accel_shape_broadcast },
	{ ACCEL_OP_POW, "Pow", 2, 2, 1, T_NUM, none, { 0 }, accel_shape_broadcast },
	{ ACCEL_OP_PRELU, "PRelu", 2, 2, 2, T_NUM, none, { 0 }, accel_shape_prelu },
	COMPARE(EQUAL, "Equal", T_NUM | T_BOOL), COMPARE(GREATER, "Greater", T_NUM),
	COMPARE(GREATER_EQUAL, "GreaterOrEqual", T_NUM), COMPARE(LESS, "Less", T_NUM),
	COMPARE(LESS_EQUAL, "LessOrEqual", T_NUM),
	VARIADIC(MAX, "Max", T_NUM),		VARIADIC(MIN, "Min", T_NUM),
	VARIADIC(SUM, "Sum", T_REAL),		VARIADIC(MEAN, "Mean", T_REAL),
	{ ACCEL_OP_CAST, "Cast", 1, 1, 1, T_NUM | T_BOOL, cast, { 0 }, accel_shape_cast },
	{ ACCEL_OP_CASTLIKE, "CastLike", 2, 2, 1, T_NUM | T_BOOL, castlike, { 0 }, accel_shape_cast },
	{ ACCEL_OP_WHERE, "Where", 3, 3, 1, T_BOOL, none, { 0 }, accel_shape_where },
	REDUCE(L1, "ReduceL1", reduce),		REDUCE(L2, "ReduceL2", reduce),
	REDUCE(LOGSUM, "ReduceLogSum", reduce),	REDUCE(LOGSUMEXP, "ReduceLogSumExp", reduce),
	REDUCE(MAX, "ReduceMax", reduce),	REDUCE(MEAN, "ReduceMean", reduce),
	REDUCE(MIN, "ReduceMin", reduce),	REDUCE(PROD, "ReduceProd", reduce),
	REDUCE(SUM, "ReduceSum", reduce_sum),	REDUCE(SUMSQUARE, "ReduceSumSquare", reduce),
	{ ACCEL_OP_ARGMAX, "ArgMax", 1, 1, 1, T_NUM & ~ACCEL_TYPE(ACCEL_U64), arg, { .keep_dims = true },
	  accel_shape_arg },
	{ ACCEL_OP_ARGMIN, "ArgMin", 1, 1, 1, T_NUM & ~ACCEL_TYPE(ACCEL_U64), arg, { .keep_dims = true },
	  accel_shape_arg },
	{ ACCEL_OP_CUMSUM, "CumSum", 2, 2, 1, T_NUM, cumsum, { 0 }, accel_shape_cumsum, .index = 1 << 1 },
	{ ACCEL_OP_DROPOUT, "Dropout", 1, 3, 1, T_REAL, dropout, { 0 }, accel_shape_dropout, .max_out = 2 },
};

OP_GROUP(accel_ops_elementwise, ops);
