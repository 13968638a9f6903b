// SPDX-License-Identifier: MIT
/* Pools. Padding takes no part in a maximum; in an average only where count_include_pad says so, as zero. */
#include <math.h>
#include <stdlib.h>

#include "libaccel/cpu/kernels.h"
#include "libaccel/error.h"

/* One axis of a pool. */
struct axis {
	int64_t in, out;
	int64_t kernel, stride, dilation;
	int64_t before, after;		/* padding */
};

static struct axis axis_of(const struct accel_attrs *a, int i, int64_t in, int64_t out)
{
	return (struct axis){ in, out, a->kernel[i], a->stride[i], a->dilation[i], a->pad[i], a->pad[i + 2] };
}

/* Outputs [*from, *to) for which tap @k falls on the input, or on @margin of padding before or behind it. */
static void outputs_of_tap(const struct axis *x, int64_t k, bool margin, int64_t *from, int64_t *to)
{
	int64_t at = k * x->dilation - x->before, low = margin ? -x->before : 0, end = x->in + (margin ? x->after : 0);

	*from = at < low ? (low - at + x->stride - 1) / x->stride : 0;
	*to = end > at ? (end - at + x->stride - 1) / x->stride : 0;
	if (*from > x->out)
		*from = x->out;
	if (*to > x->out)
		*to = x->out;
}

/* How many taps each output has: on the input, or with @margin on padding too. */
static void count_taps(const struct axis *x, bool margin, int32_t *count)
{
	for (int64_t o = 0; o < x->out; o++)
		count[o] = 0;
	for (int64_t k = 0; k < x->kernel; k++) {
		int64_t from, to;

		outputs_of_tap(x, k, margin, &from, &to);
		for (int64_t o = from; o < to; o++)
			count[o]++;
	}
}

/* Takes one row of the input, seen by taps of one row of the kernel, into a row of outputs. */
static void take_row(const struct axis *x, const float *in, bool average, float *y)
{
	for (int64_t k = 0; k < x->kernel; k++) {
		const float *v = in + k * x->dilation - x->before;
		int64_t from, to;

		outputs_of_tap(x, k, false, &from, &to);
		if (average)
			for (int64_t o = from; o < to; o++)
				y[o] += v[o * x->stride];
		else
			for (int64_t o = from; o < to; o++) {
				float f = v[o * x->stride];

				y[o] = f > y[o] || f != f ? f : y[o];	/* NaN stays */
			}
	}
}

static void pool_plane(const struct axis *rows, const struct axis *cols, const float *x, bool average, float *y)
{
	for (int64_t oy = 0; oy < rows->out; oy++, y += cols->out) {
		for (int64_t ox = 0; ox < cols->out; ox++)
			y[ox] = average ? 0 : -INFINITY;
		for (int64_t k = 0; k < rows->kernel; k++) {
			int64_t iy = oy * rows->stride - rows->before + k * rows->dilation;

			if (iy >= 0 && iy < rows->in)
				take_row(cols, x + iy * cols->in, average, y);
		}
	}
}

static void divide(const struct axis *rows, const struct axis *cols, const int32_t *count, float *y)
{
	for (int64_t oy = 0; oy < rows->out; oy++)
		for (int64_t ox = 0; ox < cols->out; ox++, y++) {
			int64_t taps = (int64_t)count[oy] * count[rows->out + ox];

			*y = taps ? *y / (float)taps : 0;
		}
}

static int pool(const struct accel_kernel *k, bool average)
{
	const struct accel_attrs *a = &k->n->attrs;
	const struct accel_value *in = k->in[0], *out = k->out;
	int last = in->rank - 1;
	struct axis rows = axis_of(a, 0, in->rank == 4 ? in->dims[2] : 1, in->rank == 4 ? out->dims[2] : 1);
	struct axis cols = axis_of(a, 1, in->dims[last], out->dims[last]);
	int32_t *count = malloc((size_t)(rows.out + cols.out + 1) * sizeof(*count));
	const float *x = k->x[0];
	float *y = k->y;

	if (!count)
		return accel_enomem(k->n->name);
	count_taps(&rows, a->count_include_pad, count);
	count_taps(&cols, a->count_include_pad, count + rows.out);
	for (int64_t c = in->dims[0] * in->dims[1]; c > 0; c--, x += rows.in * cols.in, y += rows.out * cols.out) {
		pool_plane(&rows, &cols, x, average, y);
		if (average)
			divide(&rows, &cols, count, y);
	}
	free(count);
	return 0;
}

int accel_kernel_maxpool(const struct accel_kernel *k)
{
	return pool(k, false);
}

int accel_kernel_avgpool(const struct accel_kernel *k)
{
	return pool(k, true);
}

int accel_kernel_global_maxpool(const struct accel_kernel *k)
{
	const struct accel_value *in = k->in[0];
	int64_t plane = accel_dims_product(in, 2, in->rank);
	const float *x = k->x[0];
	float *y = k->y;

	for (int64_t c = in->dims[0] * in->dims[1]; c > 0; c--, x += plane) {
		float max = -INFINITY;

		for (int64_t i = 0; i < plane; i++)
			max = x[i] > max || x[i] != x[i] ? x[i] : max;	/* NaN stays */
		*y++ = max;
	}
	return 0;
}

int accel_kernel_global_avgpool(const struct accel_kernel *k)
{
	const struct accel_value *in = k->in[0];
	int64_t plane = accel_dims_product(in, 2, in->rank);
	const float *x = k->x[0];
	float *y = k->y;

	for (int64_t c = in->dims[0] * in->dims[1]; c > 0; c--, x += plane) {
		float sum = 0;

		for (int64_t i = 0; i < plane; i++)
			sum += x[i];
		*y++ = plane ? sum / (float)plane : 0;
	}
	return 0;
}
