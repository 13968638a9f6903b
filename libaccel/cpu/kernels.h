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
 * @out: its output
 * @y: contents to fill
 * @f32: the operands are floats, and @x and @y are all f32 whatever the values' types
 */
struct accel_kernel {
	const struct accel_node *n;
	const struct accel_value *in[ACCEL_NODE_MAX_IN];
	const void *x[ACCEL_NODE_MAX_IN];
	const struct accel_value *out;
	void *y;
	bool f32;
};

/* Each returns 0 or -errno with the message set. */
int accel_kernel_conv(const struct accel_kernel *k);
int accel_kernel_gemm(const struct accel_kernel *k);
int accel_kernel_matmul(const struct accel_kernel *k);
int accel_kernel_binary(const struct accel_kernel *k);
int accel_kernel_clip(const struct accel_kernel *k);
int accel_kernel_maxpool(const struct accel_kernel *k);
int accel_kernel_avgpool(const struct accel_kernel *k);
int accel_kernel_global_avgpool(const struct accel_kernel *k);
int accel_kernel_copy(const struct accel_kernel *k);
int accel_kernel_transpose(const struct accel_kernel *k);
int accel_kernel_softmax(const struct accel_kernel *k);
int accel_kernel_batchnorm(const struct accel_kernel *k);
int accel_kernel_quantize(const struct accel_kernel *k);
int accel_kernel_dequantize(const struct accel_kernel *k);

/** accel_dims_product - of dims [from, to), which are known */
static inline int64_t accel_dims_product(const struct accel_value *v, int from, int to)
{
	int64_t p = 1;

	for (int i = from; i < to; i++)
		p *= v->dims[i];
	return p;
}

#endif
