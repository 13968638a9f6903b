// SPDX-License-Identifier: MIT
/* Arithmetic on pairs, and limits. */
#include <math.h>

#include "libaccel/cpu/lanes.h"

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

/* In f32 where all is f32: what networks do most. */
int accel_kernel_binary(const struct accel_kernel *k)
{
	struct accel_walk w;

	if (k->out->dtype != ACCEL_F32)
		return accel_kernel_pairs(k);
	accel_walk_begin(&w, k->out, k->in, 2);
	for (int64_t row = 0; row < w.rows; row++, accel_walk_next(&w))
		row_f32(k->n->op, (const float *)k->x[0] + w.off[0], w.step[0], (const float *)k->x[1] + w.off[1],
			w.step[1], (float *)k->y + row * w.row, w.row);
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
