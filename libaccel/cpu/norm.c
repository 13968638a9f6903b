// SPDX-License-Identifier: MIT
/* Softmax and batch normalisation. */
#include <math.h>

#include "libaccel/cpu/kernels.h"

/* One distribution of @n elements, @step apart. */
static void softmax(const float *x, float *y, int64_t n, int64_t step)
{
	float max = -INFINITY, sum = 0;

	for (int64_t i = 0; i < n; i++)
		max = fmaxf(max, x[i * step]);
	for (int64_t i = 0; i < n; i++) {
		y[i * step] = expf(x[i * step] - max);
		sum += y[i * step];
	}
	for (int64_t i = 0; i < n; i++)
		y[i * step] /= sum;
}

int accel_kernel_softmax(const struct accel_kernel *k)
{
	const struct accel_value *v = k->out;
	int axis = (int)(k->n->attrs.axis < 0 ? k->n->attrs.axis + v->rank : k->n->attrs.axis);
	bool flat = k->n->attrs.flat;
	int64_t outer = accel_dims_product(v, 0, axis);
	int64_t n = flat ? accel_dims_product(v, axis, v->rank) : v->dims[axis];
	int64_t inner = flat ? 1 : accel_dims_product(v, axis + 1, v->rank);

	for (int64_t o = 0; o < outer; o++)
		for (int64_t i = 0; i < inner; i++)
			softmax((const float *)k->x[0] + o * n * inner + i, (float *)k->y + o * n * inner + i, n, inner);
	return 0;
}

int accel_kernel_batchnorm(const struct accel_kernel *k)
{
	const struct accel_value *v = k->out;
	const float *x = k->x[0], *scale = k->x[1], *bias = k->x[2], *mean = k->x[3], *var = k->x[4];
	int64_t plane = accel_dims_product(v, 2, v->rank), channels = v->dims[1];
	float *y = k->y;

	for (int64_t n = 0; n < v->dims[0]; n++)
		for (int64_t c = 0; c < channels; c++) {
			float f = scale[c] / sqrtf(var[c] + k->n->attrs.epsilon);

			for (int64_t i = 0; i < plane; i++)
				*y++ = (*x++ - mean[c]) * f + bias[c];
		}
	return 0;
}
