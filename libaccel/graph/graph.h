/* SPDX-License-Identifier: MIT */
/*
 * The graph in memory, from import to code generation: values and nodes in ONNX terms (NCHW, row-major), refined
 * in place by passes. Values and nodes are referred to by index; a node's inputs were made before it, so that
 * the node order is a valid execution order at any time.
 */
#ifndef ACCEL_GRAPH_GRAPH_H
#define ACCEL_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <accel/accel.h>

#define ACCEL_VALUE_NONE (-1)
#define ACCEL_MAX_TEXT 32		/* of an attribute, with its end */

/* Operators after import. op_table.c has a row for each: ONNX name, inputs, attributes, shape function. */
enum accel_op {
	ACCEL_OP_INVALID = 0,
	ACCEL_OP_CONV,			/* x, w [oc][ic/g][kh][kw], b? */
	ACCEL_OP_GEMM,			/* a, b, c?; MatMul is GEMM where both are matrices and b is constant */
	ACCEL_OP_MATMUL,
	ACCEL_OP_ADD,
	ACCEL_OP_SUB,
	ACCEL_OP_MUL,
	ACCEL_OP_DIV,
	ACCEL_OP_RELU,
	ACCEL_OP_CLIP,
	ACCEL_OP_MAXPOOL,
	ACCEL_OP_AVGPOOL,
	ACCEL_OP_GLOBAL_AVGPOOL,
	ACCEL_OP_FLATTEN,
	ACCEL_OP_RESHAPE,
	ACCEL_OP_TRANSPOSE,
	ACCEL_OP_SOFTMAX,
	ACCEL_OP_BATCHNORM,
	ACCEL_OP_QUANTIZE,		/* QuantizeLinear */
	ACCEL_OP_DEQUANTIZE,		/* DequantizeLinear */
	ACCEL_OP_IDENTITY,
	ACCEL_OP_CONSTANT,		/* gone after import */
	/* Those that the CPU alone has. The numbers are part of the program file format: new ones go to the end. */
	ACCEL_OP_ABS, ACCEL_OP_ACOS, ACCEL_OP_ACOSH, ACCEL_OP_ASIN, ACCEL_OP_ASINH, ACCEL_OP_ATAN,
	ACCEL_OP_ATANH, ACCEL_OP_CEIL, ACCEL_OP_CELU, ACCEL_OP_COS, ACCEL_OP_COSH, ACCEL_OP_ELU,
	ACCEL_OP_ERF, ACCEL_OP_EXP, ACCEL_OP_FLOOR, ACCEL_OP_HARDSIGMOID, ACCEL_OP_HARDSWISH,
	ACCEL_OP_ISINF, ACCEL_OP_ISNAN, ACCEL_OP_LEAKYRELU, ACCEL_OP_LOG, ACCEL_OP_MISH,
	ACCEL_OP_NEG, ACCEL_OP_NOT, ACCEL_OP_RECIPROCAL, ACCEL_OP_ROUND, ACCEL_OP_SELU,
	ACCEL_OP_SHRINK, ACCEL_OP_SIGMOID, ACCEL_OP_SIGN, ACCEL_OP_SIN, ACCEL_OP_SINH,
	ACCEL_OP_SOFTPLUS, ACCEL_OP_SOFTSIGN, ACCEL_OP_SQRT, ACCEL_OP_TAN, ACCEL_OP_TANH,
	ACCEL_OP_THRESHOLDEDRELU, ACCEL_OP_AND, ACCEL_OP_BITSHIFT, ACCEL_OP_EQUAL,
	ACCEL_OP_GREATER, ACCEL_OP_GREATER_EQUAL, ACCEL_OP_LESS, ACCEL_OP_LESS_EQUAL, ACCEL_OP_MAX,
	ACCEL_OP_MEAN, ACCEL_OP_MIN, ACCEL_OP_MOD, ACCEL_OP_OR, ACCEL_OP_POW, ACCEL_OP_PRELU,
	ACCEL_OP_SUM, ACCEL_OP_XOR, ACCEL_OP_CAST, ACCEL_OP_CASTLIKE, ACCEL_OP_WHERE,
	ACCEL_OP_REDUCE_L1, ACCEL_OP_REDUCE_L2, ACCEL_OP_REDUCE_LOGSUM, ACCEL_OP_REDUCE_LOGSUMEXP,
	ACCEL_OP_REDUCE_MAX, ACCEL_OP_REDUCE_MEAN, ACCEL_OP_REDUCE_MIN, ACCEL_OP_REDUCE_PROD,
	ACCEL_OP_REDUCE_SUM, ACCEL_OP_REDUCE_SUMSQUARE, ACCEL_OP_ARGMAX, ACCEL_OP_ARGMIN,
	ACCEL_OP_CUMSUM, ACCEL_OP_COMPRESS, ACCEL_OP_CONCAT, ACCEL_OP_CONSTANT_OF_SHAPE,
	ACCEL_OP_DEPTH_TO_SPACE, ACCEL_OP_DROPOUT, ACCEL_OP_EXPAND, ACCEL_OP_EYELIKE,
	ACCEL_OP_GATHER, ACCEL_OP_GATHER_ELEMENTS, ACCEL_OP_GATHER_ND, ACCEL_OP_NONZERO,
	ACCEL_OP_ONEHOT, ACCEL_OP_PAD, ACCEL_OP_RANGE, ACCEL_OP_REVERSE_SEQUENCE, ACCEL_OP_SCATTER,
	ACCEL_OP_SCATTER_ELEMENTS, ACCEL_OP_SCATTER_ND, ACCEL_OP_SHAPE, ACCEL_OP_SIZE,
	ACCEL_OP_SLICE, ACCEL_OP_SPACE_TO_DEPTH, ACCEL_OP_SPLIT, ACCEL_OP_SQUEEZE, ACCEL_OP_TILE,
	ACCEL_OP_TOPK, ACCEL_OP_TRILU, ACCEL_OP_UNSQUEEZE, ACCEL_OP_GLOBAL_MAXPOOL,
	ACCEL_OP_HARDMAX, ACCEL_OP_LOGSOFTMAX, ACCEL_OP_INSTANCENORM, ACCEL_OP_LAYERNORM,
	ACCEL_OP_LRN, ACCEL_OP_NLL_LOSS, ACCEL_OP_SOFTMAX_CROSS_ENTROPY, ACCEL_OP_CONV_TRANSPOSE,
	ACCEL_OP_CONV_INTEGER, ACCEL_OP_QLINEAR_CONV, ACCEL_OP_MATMUL_INTEGER,
	ACCEL_OP_QLINEAR_MATMUL, ACCEL_OP_DYNAMIC_QUANTIZE, ACCEL_OP_RESIZE, ACCEL_OP_UPSAMPLE,
	ACCEL_OP_RNN, ACCEL_OP_GRU, ACCEL_OP_LSTM, ACCEL_OP_EINSUM,
	ACCEL_NUM_OPS,
};

/**
 * struct accel_quant - affine quantisation: real = scale * (stored - zero_point)
 * @scale: per tensor; used where @channel_scale is NULL
 * @zero_point: 0 for S32 and for per-channel
 * @channel_scale: per channel, owned by the value
 * @channels: entries of @channel_scale
 * @axis: of the channels
 */
struct accel_quant {
	float scale;
	int32_t zero_point;
	float *channel_scale;
	int64_t channels;
	int axis;
};

/**
 * struct accel_value - a tensor
 * @name: unique in the graph, owned
 * @dtype: type in the graph's own terms (what ONNX says)
 * @rank: dimensions
 * @dims: extents, -1 unknown; all known after the shape pass
 * @data: constants: @dtype elements, row-major, owned; NULL otherwise
 * @producer: node index, or ACCEL_VALUE_NONE for inputs and constants
 * @store: set by the precision pass: how the NPU part keeps it: F32, F16, BF16, S8, U8 (S32: biases). For
 *	constants @data stays in @dtype; code generation converts (weights S8: round to nearest even of
 *	data / scale, clamped to the type: accel_quantise() of dtype.h; calibration's own scales stay in -127..127)
 * @quant: where @store is an integer type
 */
struct accel_value {
	char *name;
	enum accel_dtype dtype;
	int rank;
	int64_t dims[ACCEL_MAX_RANK];
	void *data;
	int producer;
	enum accel_dtype store;
	struct accel_quant quant;
};

enum accel_act_kind {
	ACCEL_ACT_NONE = 0,
	ACCEL_ACT_CLIP,		/* min(max(v, lo), hi); Relu is lo = 0, hi = +inf */
};

/**
 * struct accel_act - activation fused into the node that makes the value
 */
struct accel_act {
	enum accel_act_kind kind;
	float lo;
	float hi;
};

/**
 * struct accel_attrs - attributes of every operator; each uses its own
 * @axes: how many axes the lists below had when given (1: rows are 1 and the input has none), 0 none given
 * @kernel: rows, columns
 * @stride: rows, columns
 * @dilation: rows, columns
 * @pad: top, left, bottom, right; resolved from auto_pad by the shape pass
 * @auto_pad: as imported
 * @group: CONV
 * @ceil_mode: pools
 * @count_include_pad: AVGPOOL
 * @alpha: GEMM
 * @beta: GEMM
 * @trans_a: GEMM
 * @trans_b: GEMM
 * @axis: FLATTEN, SOFTMAX, QUANTIZE, DEQUANTIZE
 * @flat: SOFTMAX before opset 13: one distribution over @axis and all behind it
 * @epsilon: BATCHNORM
 * @perm: TRANSPOSE; perm[0] = -1 reverses
 * @allow_zero: RESHAPE
 * @lo: CLIP of opset 6 (later: inputs; the import resolves constant ones into these)
 * @hi: CLIP
 * @gamma: SELU; LRN's bias
 * @to: CAST, EYELIKE; NONE: of the input
 * @mode: which of the words that the operator's first attribute of words may have
 * @mode2: RESIZE: coordinate_transformation_mode
 * @mode3: RESIZE: nearest_mode
 * @flag: the operator's own yes or no (see its rows of the table)
 * @flag2: a second one
 * @keep_dims: reductions
 * @number: the operator's own integer
 * @number2: a second one
 * @extra: CONV_TRANSPOSE: output_padding, rows, columns
 * @shape: CONV_TRANSPOSE: output_shape, rows, columns; 0 none
 * @text: EINSUM: equation
 */
struct accel_attrs {
	int axes;
	int64_t kernel[2];
	int64_t stride[2];
	int64_t dilation[2];
	int64_t pad[4];
	enum accel_auto_pad {
		ACCEL_PAD_EXPLICIT = 0,
		ACCEL_PAD_VALID,
		ACCEL_PAD_SAME_UPPER,
		ACCEL_PAD_SAME_LOWER,
	} auto_pad;
	int64_t group;
	bool ceil_mode;
	bool count_include_pad;
	float alpha;
	float beta;
	bool trans_a;
	bool trans_b;
	int64_t axis;
	bool flat;
	float epsilon;
	int64_t perm[ACCEL_MAX_RANK];
	bool allow_zero;
	float lo;
	float hi;
	float gamma;
	enum accel_dtype to;
	int mode;
	int mode2;
	int mode3;
	bool flag;
	bool flag2;
	bool keep_dims;
	int64_t number;
	int64_t number2;
	int64_t extra[2];
	int64_t shape[2];
	char text[ACCEL_MAX_TEXT];
};

enum accel_place {
	ACCEL_PLACE_UNDECIDED = 0,
	ACCEL_PLACE_NPU,
	ACCEL_PLACE_CPU,
};

#define ACCEL_NODE_MAX_IN	16
#define ACCEL_NODE_MAX_OUT	8

/**
 * struct accel_node - an operator
 * @op: accel_op
 * @name: unique in the graph, owned
 * @in: value indices, ACCEL_VALUE_NONE for absent optional inputs
 * @num_in: entries of @in
 * @out: value indices
 * @num_out: entries of @out
 * @attrs: by @op
 * @act: fused activation, applied to out[0] before it is stored
 * @place: set by the partition pass
 * @reason: why CPU; owned; NULL otherwise
 * @dead: removed by a pass; accel_graph_compact() drops it
 */
struct accel_node {
	enum accel_op op;
	char *name;
	int in[ACCEL_NODE_MAX_IN];
	int num_in;
	int out[ACCEL_NODE_MAX_OUT];
	int num_out;
	struct accel_attrs attrs;
	struct accel_act act;
	enum accel_place place;
	char *reason;
	bool dead;
};

struct accel_graph {
	int refs;			/* atomic */
	struct accel_value *values;
	int num_values, cap_values;
	struct accel_node *nodes;
	int num_nodes, cap_nodes;
	int *inputs;
	int num_inputs;
	int *outputs;
	int num_outputs;
	int64_t opset;
	int made_up;			/* names made up so far, by accel_graph_made_up() */
};

/** accel_graph_clone - deep copy; passes work on a copy so that the caller's graph stays as it was */
int accel_graph_clone(const struct accel_graph *g, struct accel_graph **out);

/**
 * accel_graph_compact - drop dead nodes and values that nothing names, and put the nodes in execution order
 * Return: 0; -ELOOP where a node needs its own output; -ENOMEM.
 */
int accel_graph_compact(struct accel_graph *g);

/** accel_value_elems - product of the dims; -EINVAL unknown dims, -EOVERFLOW */
int64_t accel_value_elems(const struct accel_value *v);

/** accel_op_name - ONNX name */
const char *accel_op_name(enum accel_op op);

/* ---- Passes; each returns 0 or -errno with accel_errmsg() set ---- */

/**
 * accel_passes_run - everything between import and code generation, in order: shapes, constant folding,
 * batch-norm folding, replacement, fusion, precision (with calibration), partition
 * @g: changed in place
 * @opts: of accel_compile()
 *
 * Afterwards: every dim is known; IDENTITY and foldable nodes are gone; BATCHNORM of constants is a product and a sum (mean 0,
 * variance 1, epsilon 0); RELU and CLIP behind CONV, GEMM,
 * ADD, pools are their producers' act; ADD of a constant bias is CONV's or GEMM's bias; every value has store (and
 * quant) set; imported Q/DQ pairs have become store and quant of the values between them; every node has a place.
 */
int accel_passes_run(struct accel_graph *g, const struct accel_compile_options *opts);

/** accel_npu_can - NULL where code generation can place @node on the NPU, else a static reason; in codegen */
const char *accel_npu_can(const struct accel_graph *g, const struct accel_node *node);

/**
 * accel_cpu_node - evaluate one node on the CPU (OpenBLAS for matrix work)
 * @g: with known shapes
 * @node: to evaluate
 * @data: for each value of the graph its contents as the value's dtype, row-major; NULL where not needed. Inputs
 *	are there, outputs are allocated by the caller
 */
int accel_cpu_node(const struct accel_graph *g, const struct accel_node *node, void *const *data);

/** accel_cpu_quantise - what storing and loading @v as its store type does to f32 data, in place */
void accel_cpu_quantise(const struct accel_value *v, float *data, int64_t elems);

#endif
