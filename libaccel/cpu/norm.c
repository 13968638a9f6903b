// SPDX-License-Identifier: MIT
/* Softmax and its kin, and normalisation. */
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

static void log_softmax(const float *x, float *y, int64_t n, int64_t step)
{
	double max = -INFINITY, sum = 0;

	for (int64_t i = 0; i < n; i++)
		max = fmax(max, (double)x[i * step]);
	for (int64_t i = 0; i < n; i++)
		sum += exp((double)x[i * step] - max);
	for (int64_t i = 0; i < n; i++)
		y[i * step] = (float)((double)x[i * step] - max - log(sum));
}

/* One at the first of the largest, zero elsewhere. */
static void hardmax(const float *x, float *y, int64_t n, int64_t step)
{
	int64_t best = 0;

	for (int64_t i = 1; i < n; i++)
		best = x[i * step] > x[best * step] ? i : best;
	for (int64_t i = 0; i < n; i++)
		y[i * step] = i == best;
}

/* Softmax, LogSoftmax, Hardmax. */
int accel_kernel_softmax(const struct accel_kernel *k)
{
	void (*run)(const float *x, float *y, int64_t n, int64_t step) = k->n->op == ACCEL_OP_SOFTMAX ? softmax :
		k->n->op == ACCEL_OP_HARDMAX ? hardmax : log_softmax;
	const struct accel_value *v = k->out;
	int axis = (int)(k->n->attrs.axis < 0 ? k->n->attrs.axis + v->rank : k->n->attrs.axis);
	bool flat = k->n->attrs.flat;
	int64_t outer = accel_dims_product(v, 0, axis);
	int64_t n = flat ? accel_dims_product(v, axis, v->rank) : v->dims[axis];
	int64_t inner = flat ? 1 : accel_dims_product(v, axis + 1, v->rank);

	for (int64_t o = 0; o < outer; o++)
		for (int64_t i = 0; i < inner; i++)
			run((const float *)k->x[0] + o * n * inner + i, (float *)k->y + o * n * inner + i, n, inner);
	return 0;
}

/* Mean, and one over the deviation, of @n elements. */
static void moments(const float *x, int64_t n, float epsilon, double *mean, double *factor)
{
	double sum = 0, squares = 0;

	for (int64_t i = 0; i < n; i++)
		sum += (double)x[i];
	*mean = n ? sum / (double)n : 0;
	for (int64_t i = 0; i < n; i++)
		squares += ((double)x[i] - *mean) * ((double)x[i] - *mean);
	*factor = 1 / sqrt((n ? squares / (double)n : 0) + (double)epsilon);
}

int accel_kernel_instancenorm(const struct accel_kernel *k)
{
	const struct accel_value *v = k->out;
	int64_t plane = accel_dims_product(v, 2, v->rank), planes = v->dims[0] * v->dims[1];
	const float *x = k->x[0], *scale = k->x[1], *bias = k->x[2];
	float *y = k->y;

	for (int64_t p = 0; p < planes; p++, x += plane, y += plane) {
		int64_t c = p % v->dims[1];
		double mean, factor;

		moments(x, plane, k->n->attrs.epsilon, &mean, &factor);
		for (int64_t i = 0; i < plane; i++)
			y[i] = (float)(((double)x[i] - mean) * factor * (double)scale[c] + (double)bias[c]);
	}
	return 0;
}

int accel_kernel_layernorm(const struct accel_kernel *k)
{
	const struct accel_value *v = k->out;
	int axis = (int)(k->n->attrs.axis < 0 ? k->n->attrs.axis + v->rank : k->n->attrs.axis);
	int64_t rows = accel_dims_product(v, 0, axis), n = accel_dims_product(v, axis, v->rank);
	const float *x = k->x[0], *scale = k->x[1], *bias = k->x[2];
	float *y = k->y;

	for (int64_t r = 0; r < rows; r++, x += n, y += n) {
		double mean, factor;

		moments(x, n, k->n->attrs.epsilon, &mean, &factor);
		for (int64_t i = 0; i < n; i++)
			y[i] = (float)(((double)x[i] - mean) * factor * (double)scale[i] + (bias ? (double)bias[i] : 0));
		if (k->ys[1])
			((float *)k->ys[1])[r] = (float)mean;
		if (k->ys[2])
			((float *)k->ys[2])[r] = (float)factor;
	}
	return 0;
}

int accel_kernel_lrn(const struct accel_kernel *k)
{
	const struct accel_attrs *a = &k->n->attrs;
	const struct accel_value *v = k->out;
	int64_t plane = accel_dims_product(v, 2, v->rank), channels = v->dims[1], total = accel_value_elems(v);
	int64_t before = (a->number - 1) / 2, behind = a->number / 2;
	const float *x = k->x[0];

	for (int64_t i = 0; i < total; i++) {
		int64_t c = i / plane % channels;
		double sum = 0;

		for (int64_t j = c < before ? 0 : c - before; j <= c + behind && j < channels; j++) {
			double f = (double)x[i + (j - c) * plane];

			sum += f * f;
		}
		((float *)k->y)[i] = (float)((double)x[i] / pow((double)a->gamma + (double)a->alpha / (double)a->number * sum,
							 (double)a->beta));
	}
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
