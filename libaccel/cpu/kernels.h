/* SPDX-License-Identifier: MIT */
/* Between the executor and its kernels. */
#ifndef ACCEL_CPU_KERNELS_H
#define ACCEL_CPU_KERNELS_H

#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"

/**
 * struct accel_kernel - operands of a node
 * @n: the node
 * @in: its inputs, NULL where absent
 * @x: their contents
 * @out: its first output
 * @y: contents to fill
 * @outs: all outputs, @out among them
 * @ys: contents of each
 * @f32: the operands are floats, and @x and @y are all f32 whatever the values' types
 */
struct accel_kernel {
	const struct accel_node *n;
	const struct accel_value *in[ACCEL_NODE_MAX_IN];
	const void *x[ACCEL_NODE_MAX_IN];
	const struct accel_value *out;
	void *y;
	const struct accel_value *outs[ACCEL_NODE_MAX_OUT];
	void *ys[ACCEL_NODE_MAX_OUT];
	bool f32;
};

/** enum accel_form - what a kernel wants of operands that are no f32 */
enum accel_form {
	ACCEL_AS_THEY_ARE = 0,
	ACCEL_AS_F32,			/* all are converted: floats, and bytes; one output */
	ACCEL_FLOATS_AS_F32,		/* floats are converted, integers come as they are; one output */
};

/**
 * struct accel_kernel_row - how an operator is computed
 * @activates: it applies the node's activation itself
 */
struct accel_kernel_row {
	int (*run)(const struct accel_kernel *k);
	enum accel_form form;
	bool activates;
};

/* By operator; @run is NULL where there is no kernel. */
extern const struct accel_kernel_row accel_kernels[ACCEL_NUM_OPS];

/* Each returns 0 or -errno with the message set. */
int accel_kernel_conv(const struct accel_kernel *k);
int accel_kernel_gemm(const struct accel_kernel *k);
int accel_kernel_matmul(const struct accel_kernel *k);
int accel_kernel_binary(const struct accel_kernel *k);
int accel_kernel_pairs(const struct accel_kernel *k);
int accel_kernel_compare(const struct accel_kernel *k);
int accel_kernel_where(const struct accel_kernel *k);
int accel_kernel_unary(const struct accel_kernel *k);
int accel_kernel_cast(const struct accel_kernel *k);
int accel_kernel_reduce(const struct accel_kernel *k);
int accel_kernel_arg(const struct accel_kernel *k);
int accel_kernel_cumsum(const struct accel_kernel *k);
int accel_kernel_dropout(const struct accel_kernel *k);
int accel_kernel_slice(const struct accel_kernel *k);
int accel_kernel_pad(const struct accel_kernel *k);
int accel_kernel_repeat(const struct accel_kernel *k);
int accel_kernel_compress(const struct accel_kernel *k);
int accel_kernel_concat(const struct accel_kernel *k);
int accel_kernel_split(const struct accel_kernel *k);
int accel_kernel_depth_to_space(const struct accel_kernel *k);
int accel_kernel_space_to_depth(const struct accel_kernel *k);
int accel_kernel_trilu(const struct accel_kernel *k);
int accel_kernel_reverse_sequence(const struct accel_kernel *k);
int accel_kernel_gather(const struct accel_kernel *k);
int accel_kernel_gather_elements(const struct accel_kernel *k);
int accel_kernel_gather_nd(const struct accel_kernel *k);
int accel_kernel_scatter_elements(const struct accel_kernel *k);
int accel_kernel_scatter_nd(const struct accel_kernel *k);
int accel_kernel_shape(const struct accel_kernel *k);
int accel_kernel_size(const struct accel_kernel *k);
int accel_kernel_constant_of_shape(const struct accel_kernel *k);
int accel_kernel_range(const struct accel_kernel *k);
int accel_kernel_eyelike(const struct accel_kernel *k);
int accel_kernel_onehot(const struct accel_kernel *k);
int accel_kernel_nonzero(const struct accel_kernel *k);
int accel_kernel_topk(const struct accel_kernel *k);
int accel_kernel_instancenorm(const struct accel_kernel *k);
int accel_kernel_layernorm(const struct accel_kernel *k);
int accel_kernel_lrn(const struct accel_kernel *k);
int accel_kernel_loss(const struct accel_kernel *k);
int accel_kernel_conv_transpose(const struct accel_kernel *k);
int accel_kernel_conv_integer(const struct accel_kernel *k);
int accel_kernel_matmul_integer(const struct accel_kernel *k);
int accel_kernel_dynamic_quantize(const struct accel_kernel *k);
int accel_kernel_resize(const struct accel_kernel *k);
int accel_kernel_recurrent(const struct accel_kernel *k);
int accel_kernel_einsum(const struct accel_kernel *k);
int accel_kernel_clip(const struct accel_kernel *k);
int accel_kernel_maxpool(const struct accel_kernel *k);
int accel_kernel_avgpool(const struct accel_kernel *k);
int accel_kernel_global_avgpool(const struct accel_kernel *k);
int accel_kernel_global_maxpool(const struct accel_kernel *k);
int accel_kernel_copy(const struct accel_kernel *k);
int accel_kernel_transpose(const struct accel_kernel *k);
int accel_kernel_softmax(const struct accel_kernel *k);
int accel_kernel_batchnorm(const struct accel_kernel *k);
int accel_kernel_quantize(const struct accel_kernel *k);
int accel_kernel_dequantize(const struct accel_kernel *k);

/** accel_cpu_alloc - memory for a matrix, whose vectors then lie each in one cache line; to be freed; NULL where there is none */
void *accel_cpu_alloc(int64_t bytes);

/** accel_clip - the activation ACCEL_ACT_CLIP of @n outputs; NaN stays */
void accel_clip(const struct accel_act *act, float *y, int64_t n);

/** accel_dims_product - of dims [from, to), which are known */
static inline int64_t accel_dims_product(const struct accel_value *v, int from, int to)
{
	int64_t p = 1;

	for (int i = from; i < to; i++)
		p *= v->dims[i];
	return p;
}

/** accel_add_product - c[m][n] += a[m][k] b[k][n], rows @lda, @ldb and @ldc elements apart; nothing empty */
void accel_add_product(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
		       int64_t ldc);

/** accel_matrix_of - index of the matrix of @v that takes part in matrix number @i of @out, under broadcasting */
int64_t accel_matrix_of(const struct accel_value *v, const struct accel_value *out, int64_t i);

#endif
