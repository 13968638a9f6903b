/* SPDX-License-Identifier: MIT */
/*
 * The passes, one a file. Each changes the graph in place, and leaves it valid and in execution order (nodes that it
 * removed are marked dead, or gone). Each returns 0 or -errno with the message set. accel_passes_run() has the order.
 */
#ifndef ACCEL_PASSES_PASSES_H
#define ACCEL_PASSES_PASSES_H

#include "libaccel/graph/build.h"

/**
 * accel_pass_shapes - give symbolic first dimensions of inputs the value @batch, and infer every node anew. Where none is
 *	symbolic and @batch is more than 1, accel_pass_batch() comes after that.
 * Return: -EINVAL where another dimension of an input is not known.
 */
int accel_pass_shapes(struct accel_graph *g, int64_t batch);
/**
 * accel_pass_batch - make a graph whose inputs have a first dimension of 1 one for @batch images, 2 or more
 * Return: -EOPNOTSUPP, with the node's name, where an operator may mix images; -EINVAL where there is no such input.
 */
int accel_pass_batch(struct accel_graph *g, int64_t batch);
/** accel_pass_shapes_known - -EINVAL, with the node's name, where a shape could not be inferred */
int accel_pass_shapes_known(const struct accel_graph *g);

/**
 * accel_pass_qlinear - QLINEAR_CONV and QLINEAR_MATMUL of constant parameters are CONV and MATMUL between DEQUANTIZE and QUANTIZE. Before
 *	the others, and for devices with an NPU only: there the numbers are the same, on the CPU nearly
 */
int accel_pass_qlinear(struct accel_graph *g);
/** accel_pass_qdq - imported QuantizeLinear/DequantizeLinear pairs become store and quant of values */
int accel_pass_qdq(struct accel_graph *g);
/** accel_pass_fold - nodes whose inputs are constant become constants */
int accel_pass_fold(struct accel_graph *g);
/**
 * accel_fold_shape_node - the same for one node of a few integers or a single float, while a graph grows: shapes are often computed,
 * and what comes behind must know them. The node is dead then, until the graph is compacted.
 */
int accel_fold_shape_node(struct accel_graph *g, int node);
/** accel_pass_hard - HARDSIGMOID is MUL, ADD, CLIP; HARDSWISH its input times that */
int accel_pass_hard(struct accel_graph *g);
/**
 * accel_pass_batchnorm - BATCHNORM, and MUL and ADD of a constant by channel, go into the weights of the node before;
 * chains of them become one BATCHNORM. Those of constants that are left have mean 0, variance 1 and epsilon 0.
 */
int accel_pass_batchnorm(struct accel_graph *g);
/** accel_pass_shuffle - channel shuffles: RESHAPE, TRANSPOSE, RESHAPE through four dimensions in place of five */
int accel_pass_shuffle(struct accel_graph *g);
/**
 * accel_pass_replace - operators and forms of them that others express: IDENTITY and DROPOUT go; SQUEEZE and
 * UNSQUEEZE are RESHAPE; MATMUL of a matrix by a constant matrix is GEMM; GEMM has alpha = beta = 1, and a constant vector of [n] for c or none
 */
int accel_pass_replace(struct accel_graph *g);
/** accel_pass_lrn - LRN of beta 0.5, 0.75 or 1 is MUL, CONV, SQRT and DIV, with F32 between them */
int accel_pass_lrn(struct accel_graph *g);
/** accel_pass_fuse - constant ADD into bias, RELU and CLIP into act of the node before */
int accel_pass_fuse(struct accel_graph *g);
/** accel_pass_average - averages of values that are imported as integers are in F32, with conversions around them */
int accel_pass_average(struct accel_graph *g);
/** accel_pass_prune - of each four weights along the terms of a sum two become zero */
int accel_pass_prune(struct accel_graph *g, enum accel_prune prune);
/**
 * accel_pass_node_precision - nodes that @opts gives a precision of their own: what they compute with has that store, with
 * a CLIP without bounds as conversion where others need it otherwise
 */
int accel_pass_node_precision(struct accel_graph *g, const struct accel_compile_options *opts);
/** accel_pass_precision - store and quant of every value */
int accel_pass_precision(struct accel_graph *g, const struct accel_compile_options *opts);
/** accel_pass_dead - what no output needs goes, and the graph is compacted */
int accel_pass_dead(struct accel_graph *g);
/** accel_pass_partition - place and reason of every node; -EOPNOTSUPP where @npu_only and one must be on the CPU */
int accel_pass_partition(struct accel_graph *g, bool npu_only);

/**
 * struct accel_range - what a value was seen to hold
 * @lo: smallest
 * @hi: largest; below @lo where nothing was seen
 */
struct accel_range {
	float lo;
	float hi;
};

/**
 * accel_calibrate - ranges of every f32 value over the calibration data, in fp32
 * @ranges: by value; g->num_values of them
 */
int accel_calibrate(const struct accel_graph *g, const struct accel_compile_options *opts,
		    struct accel_range *ranges);

/* ---- ranges that follow from a distribution (calib_range.c) ---- */

#define ACCEL_CALIB_BINS	2048

/*
 * Each narrows @r, whose lo is below its hi.
 * @bins: ACCEL_CALIB_BINS counts, from r->lo to r->hi in equal steps
 */
/** accel_range_percentile - cuts ends off that hold @share of all that was counted, each half of it at most */
void accel_range_percentile(struct accel_range *r, const uint64_t *bins, double share);
/** accel_range_entropy - that of least divergence between the distribution and its 8-bit integers */
void accel_range_entropy(struct accel_range *r, const uint64_t *bins);
/** accel_range_mse - that of least squared error of 8-bit integers: of rounding within, of saturation outside */
void accel_range_mse(struct accel_range *r, const uint64_t *bins);

/* ---- what passes share (util.c) ---- */

/**
 * accel_pass_bypass - remove @node, whose output is its input @i
 * Return: false where that cannot be: an output of the graph that would have no node of its own.
 */
bool accel_pass_bypass(struct accel_graph *g, int node, int i);
/** accel_pass_take_over - @into makes what @node made; @node is dead, and what @into made before has no producer */
void accel_pass_take_over(struct accel_graph *g, int into, int node);
/** accel_pass_sole_producer - node that makes value @v, where nothing but one node input uses it; -1 otherwise */
int accel_pass_sole_producer(const struct accel_graph *g, int v);
/** accel_pass_is_f32_constant - input @i of @n is there, constant, and f32 */
bool accel_pass_is_f32_constant(const struct accel_graph *g, const struct accel_node *n, int i);
/** accel_pass_is_by_channel - constant @c is one number per channel (dimension 1) of @out, or a single one */
bool accel_pass_is_by_channel(const struct accel_value *c, const struct accel_value *out);
/** accel_pass_same_quant - same store type and parameters */
bool accel_pass_same_quant(const struct accel_value *a, const struct accel_value *b);
/** accel_pass_constant - append an f32 constant of zeros, called after @node and @what; its index or -errno */
int accel_pass_constant(struct accel_graph *g, int node, const char *what, int rank, const int64_t *dims);

#endif
