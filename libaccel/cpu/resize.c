// SPDX-License-Identifier: MIT
/* Resize and Upsample: one axis after the other, each output a weighted sum of up to four inputs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"
#include "libaccel/error.h"

#define TAPS	4

enum { NEAREST, LINEAR, CUBIC };
enum { HALF_PIXEL, PYTORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC, TF_HALF_PIXEL };
enum { PREFER_FLOOR, PREFER_CEIL, FLOOR, CEIL };

/* What an output of one axis is made of. */
struct taps {
	int count;
	int64_t from[TAPS];
	double weight[TAPS];
};

/* Where output @o of @out lies on an axis of @in. */
static double coordinate(const struct accel_attrs *a, int64_t o, int64_t in, int64_t out, double scale)
{
	switch (a->mode2) {
	case ALIGN_CORNERS:
		/* of the length before it was rounded down, as ONNX's reference has it */
		return out == 1 ? 0 : (double)o * (double)(in - 1) / ((double)in * scale - 1);
	case ASYMMETRIC:
		return (double)o / scale;
	case PYTORCH_HALF_PIXEL:
		return out > 1 ? ((double)o + 0.5) / scale - 0.5 : 0;
	case TF_HALF_PIXEL:
		return ((double)o + 0.5) / scale;
	default:
		return ((double)o + 0.5) / scale - 0.5;
	}
}

static int64_t clamped(double v, int64_t n)
{
	return v < 0 ? 0 : v > (double)(n - 1) ? n - 1 : (int64_t)v;
}

static double nearest(int rounding, double x)
{
	switch (rounding) {
	case PREFER_CEIL:
		return floor(x + 0.5);
	case FLOOR:
		return floor(x);
	case CEIL:
		return ceil(x);
	default:
		return ceil(x - 0.5);
	}
}

/* Weight of an input at distance @d, of cubic convolution with coefficient @a. */
static double cubic(double a, double d)
{
	d = fabs(d);
	if (d <= 1)
		return ((a + 2) * d - (a + 3)) * d * d + 1;
	return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static struct taps taps_of(const struct accel_attrs *a, double x, int64_t in)
{
	double base = floor(x), sum = 0;
	struct taps t = { 0 };

	if (a->mode == NEAREST)
		return (struct taps){ 1, { clamped(nearest(a->mode3, x), in) }, { 1 } };
	if (a->mode == LINEAR)
		return (struct taps){ 2, { clamped(base, in), clamped(base + 1, in) }, { 1 - (x - base), x - base } };
	t.count = TAPS;
	for (int i = 0; i < TAPS; i++) {
		double at = base - 1 + i;
		bool outside = at < 0 || at > (double)(in - 1);

		t.from[i] = clamped(at, in);
		t.weight[i] = outside && a->flag ? 0 : cubic((double)a->alpha, x - at);
		sum += t.weight[i];
	}
	for (int i = 0; i < TAPS; i++)
		t.weight[i] /= a->flag ? sum : 1;
	return t;
}

/* Axis @d of @x, which has the extents @dims, from dims[d] to @out elements. */
static void resize_axis(const struct accel_attrs *a, const double *x, const int64_t *dims, int rank, int d, int64_t out,
			double scale, double *y)
{
	int64_t outer = 1, inner = 1;

	for (int i = 0; i < d; i++)
		outer *= dims[i];
	for (int i = d + 1; i < rank; i++)
		inner *= dims[i];
	for (int64_t p = 0; p < outer; p++)
		for (int64_t o = 0; o < out; o++) {
			struct taps t = taps_of(a, coordinate(a, o, dims[d], out, scale), dims[d]);

			for (int64_t i = 0; i < inner; i++) {
				double sum = 0;

				for (int k = 0; k < t.count; k++)
					sum += t.weight[k] * x[(p * dims[d] + t.from[k]) * inner + i];
				*y++ = sum;
			}
		}
}

/* Of axis @d: as given, or from the sizes. */
static double scale_of(const struct accel_kernel *k, int d)
{
	int at = k->n->op == ACCEL_OP_UPSAMPLE ? 1 : 2;

	if (k->in[at] && accel_value_elems(k->in[at]) && !(k->in[3] && accel_value_elems(k->in[3])))
		return accel_load_f64(k->in[at]->dtype, k->x[at], d);
	return (double)k->out->dims[d] / (double)k->in[0]->dims[d];
}

int accel_kernel_resize(const struct accel_kernel *k)
{
	const struct accel_value *in = k->in[0], *out = k->out;
	int64_t dims[ACCEL_MAX_RANK], elems = accel_value_elems(in), most = elems, total = accel_value_elems(out);
	double *x, *y;

	/* an axis that grows comes while those behind it are still small, or already grown: never above this */
	for (int d = 0; d < in->rank; d++)
		most = out->dims[d] > in->dims[d] ? most / in->dims[d] * out->dims[d] : most;
	if (most > ACCEL_MAX_ELEMS / 16)
		return accel_enomem(k->n->name);
	x = malloc((size_t)(most + 1) * sizeof(*x));
	y = malloc((size_t)(most + 1) * sizeof(*y));
	if (!x || !y) {
		free(x);
		free(y);
		return accel_enomem(k->n->name);
	}
	memcpy(dims, in->dims, sizeof(dims));
	for (int64_t i = 0; i < elems; i++)
		x[i] = accel_load_f64(in->dtype, k->x[0], i);
	for (int d = 0; d < in->rank; d++) {
		double *swap = x, scale = scale_of(k, d);

		if (out->dims[d] == dims[d] && scale == 1)
			continue;
		resize_axis(&k->n->attrs, x, dims, in->rank, d, out->dims[d], scale, y);
		dims[d] = out->dims[d];
		x = y;
		y = swap;
	}
	for (int64_t i = 0; i < total; i++)
		accel_store_f64(out->dtype, k->y, i, x[i]);
	free(x);
	free(y);
	return 0;
}
