// SPDX-License-Identifier: MIT
/* Arithmetic on pairs with broadcasting, and limits. Floats in f32; integers in 64 bits, wrapped to their type. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"

/* Element strides of @v along the dims of @out: 0 where it is broadcast. */
static void strides_of(const struct accel_value *v, const struct accel_value *out, int64_t *stride)
{
	int64_t step = 1;

	for (int d = out->rank - 1, own = v->rank - 1; d >= 0; d--, own--) {
		stride[d] = own < 0 || v->dims[own] == 1 ? 0 : step;
		if (own >= 0)
			step *= v->dims[own];
	}
}

#define ROW(expr)								\
	do {									\
		for (int64_t i = 0; i < n; i++, a += sa, b += sb)		\
			y[i] = (expr);						\
	} while (0)

static void row_f32(enum accel_op op, const float *a, int64_t sa, const float *b, int64_t sb, float *y, int64_t n)
{
	switch (op) {
	case ACCEL_OP_ADD:
		ROW(*a + *b);
		break;
	case ACCEL_OP_SUB:
		ROW(*a - *b);
		break;
	case ACCEL_OP_MUL:
		ROW(*a * *b);
		break;
	default:
		ROW(*a / *b);
	}
}

/* Integers: unsigned arithmetic wraps; division by zero and the one that overflows give 0 and wrap. */
static int64_t int_op(enum accel_op op, int64_t a, int64_t b)
{
	switch (op) {
	case ACCEL_OP_ADD:
		return (int64_t)((uint64_t)a + (uint64_t)b);
	case ACCEL_OP_SUB:
		return (int64_t)((uint64_t)a - (uint64_t)b);
	case ACCEL_OP_MUL:
		return (int64_t)((uint64_t)a * (uint64_t)b);
	default:
		return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
	}
}

int accel_kernel_binary(const struct accel_kernel *k)
{
	const struct accel_value *out = k->out;
	int64_t sa[ACCEL_MAX_RANK] = { 0 }, sb[ACCEL_MAX_RANK] = { 0 }, at[ACCEL_MAX_RANK] = { 0 };
	int last = out->rank - 1;
	int64_t n = out->rank ? out->dims[last] : 1, total = accel_value_elems(out), a = 0, b = 0;

	strides_of(k->in[0], out, sa);
	strides_of(k->in[1], out, sb);
	for (int64_t done = 0; done < total; done += n) {
		if (k->f32)
			row_f32(k->n->op, (const float *)k->x[0] + a, out->rank ? sa[last] : 0,
				(const float *)k->x[1] + b, out->rank ? sb[last] : 0, (float *)k->y + done, n);
		for (int64_t i = 0; !k->f32 && i < n; i++)
			accel_store_s64(out->dtype, k->y, done + i,
					int_op(k->n->op,
					       accel_load_s64(out->dtype, k->x[0], a + (out->rank ? i * sa[last] : 0)),
					       accel_load_s64(out->dtype, k->x[1], b + (out->rank ? i * sb[last] : 0))));
		for (int d = last - 1; d >= 0; d--) {
			a += sa[d];
			b += sb[d];
			if (++at[d] < out->dims[d])
				break;
			a -= at[d] * sa[d];
			b -= at[d] * sb[d];
			at[d] = 0;
		}
	}
	return 0;
}

static void clip_f32(const float *x, float *y, int64_t n, float lo, float hi)
{
	for (int64_t i = 0; i < n; i++) {
		float v = x[i] < lo ? lo : x[i];	/* NaN stays */

		y[i] = v > hi ? hi : v;
	}
}

/* Relu is Clip from 0. Limits are attributes or inputs. */
int accel_kernel_clip(const struct accel_kernel *k)
{
	const struct accel_attrs *a = &k->n->attrs;
	bool relu = k->n->op == ACCEL_OP_RELU;
	float lo = relu ? 0 : a->lo, hi = relu ? INFINITY : a->hi;
	int64_t n = accel_value_elems(k->out);

	if (k->f32) {
		clip_f32(k->x[0], k->y, n, k->x[1] ? *(const float *)k->x[1] : lo, k->x[2] ? *(const float *)k->x[2] : hi);
		return 0;
	}
	for (int64_t i = 0; i < n; i++) {
		enum accel_dtype t = k->out->dtype;
		int64_t v = accel_load_s64(t, k->x[0], i);
		int64_t min = relu ? 0 : k->x[1] ? accel_load_s64(t, k->x[1], 0) : INT64_MIN;
		int64_t max = k->x[2] ? accel_load_s64(t, k->x[2], 0) : INT64_MAX;

		v = v < min ? min : v;
		accel_store_s64(t, k->y, i, v > max ? max : v);
	}
	return 0;
}
