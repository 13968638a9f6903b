// SPDX-License-Identifier: MIT
/* Products of bytes with sums in 32 bits, as they are or quantised again; and the quantisation of a whole tensor. */
#include <math.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"

/**
 * struct product - operands of ConvInteger, MatMulInteger (sums leave as s32) and of QLinear* (scaled and rounded)
 * @a: number of the first operand's input; @b: of the second
 * @a_zp: input that holds its zero point; @b_zp
 * @qlinear: inputs 1, 4, 6 are scales, 7 is the output's zero point
 */
struct product {
	const struct accel_kernel *k;
	int a, b, a_zp, b_zp;
	bool qlinear;
};

static struct product product_of(const struct accel_kernel *k)
{
	bool q = k->n->op == ACCEL_OP_QLINEAR_CONV || k->n->op == ACCEL_OP_QLINEAR_MATMUL;

	return q ? (struct product){ k, 0, 3, 2, 5, true } : (struct product){ k, 0, 1, 2, 3, false };
}

/* Zero point in input @i for channel @c. */
static int64_t zero_point(const struct accel_kernel *k, int i, int64_t c)
{
	const struct accel_value *v = k->in[i];

	return v ? accel_load_s64(v->dtype, k->x[i], accel_value_elems(v) > 1 ? c : 0) : 0;
}

/* @row: 0 where the first operand has one scale for all. */
static void leave(const struct product *p, int64_t at, int64_t row, int64_t channel, int64_t sum)
{
	const struct accel_kernel *k = p->k;
	const float *sa = k->x[1], *sb = k->x[4], *sy = k->x[6];
	float scale;

	if (!p->qlinear) {
		accel_store_s64(ACCEL_S32, k->y, at, sum);
		return;
	}
	scale = sa[accel_value_elems(k->in[1]) > 1 ? row : 0] * sb[accel_value_elems(k->in[4]) > 1 ? channel : 0] / *sy;
	accel_store_s64(k->out->dtype, k->y, at,
			accel_quantise((float)(int32_t)sum * scale, 1, (int32_t)zero_point(k, 7, 0), k->out->dtype));
}

int accel_kernel_matmul_integer(const struct accel_kernel *k)
{
	struct product p = product_of(k);
	const struct accel_value *a = k->in[p.a], *b = k->in[p.b];
	int64_t m = a->dims[a->rank - 2], n = b->dims[b->rank - 1], depth = a->dims[a->rank - 1];
	int64_t count = accel_value_elems(k->out);

	for (int64_t i = 0; i < count; i++) {
		int64_t matrix = i / (m * n), row = i / n % m, col = i % n, sum = 0;
		int64_t ia = (accel_matrix_of(a, k->out, matrix) * m + row) * depth;
		int64_t ib = accel_matrix_of(b, k->out, matrix) * depth * n + col;
		int64_t za = zero_point(k, p.a_zp, row), zb = zero_point(k, p.b_zp, col);

		for (int64_t d = 0; d < depth; d++)
			sum += (accel_load_s64(a->dtype, k->x[p.a], ia + d) - za) *
			       (accel_load_s64(b->dtype, k->x[p.b], ib + d * n) - zb);
		leave(&p, i, row, col, sum);
	}
	return 0;
}

/* The window of one output: rows and columns outside of the input are the zero point, and add nothing. */
static int64_t window_sum(const struct product *p, int64_t image, int64_t oc, int64_t oy, int64_t ox)
{
	const struct accel_kernel *k = p->k;
	const struct accel_value *x = k->in[p->a], *w = k->in[p->b];
	const struct accel_attrs *at = &k->n->attrs;
	int64_t h = x->rank == 4 ? x->dims[2] : 1, wd = x->dims[x->rank - 1], ic = w->dims[1];
	int64_t group = oc / (w->dims[0] / at->group), za = zero_point(k, p->a_zp, 0), zw = zero_point(k, p->b_zp, oc);
	int64_t sum = 0;

	for (int64_t c = 0; c < ic; c++)
		for (int64_t ky = 0; ky < at->kernel[0]; ky++)
			for (int64_t kx = 0; kx < at->kernel[1]; kx++) {
				int64_t iy = oy * at->stride[0] - at->pad[0] + ky * at->dilation[0];
				int64_t ix = ox * at->stride[1] - at->pad[1] + kx * at->dilation[1];
				int64_t tap = ((oc * ic + c) * at->kernel[0] + ky) * at->kernel[1] + kx;
				int64_t from = ((image * x->dims[1] + group * ic + c) * h + iy) * wd + ix;

				if (iy >= 0 && iy < h && ix >= 0 && ix < wd)
					sum += (accel_load_s64(x->dtype, k->x[p->a], from) - za) *
					       (accel_load_s64(w->dtype, k->x[p->b], tap) - zw);
			}
	return sum;
}

int accel_kernel_conv_integer(const struct accel_kernel *k)
{
	struct product p = product_of(k);
	int64_t cols = k->out->dims[k->out->rank - 1], rows = k->out->rank == 4 ? k->out->dims[2] : 1;
	int64_t channels = k->out->dims[1], count = accel_value_elems(k->out);
	const int32_t *bias = p.qlinear ? k->x[8] : NULL;

	for (int64_t i = 0; i < count; i++) {
		int64_t oc = i / (cols * rows) % channels;
		int64_t sum = window_sum(&p, i / (cols * rows * channels), oc, i / cols % rows, i % cols);

		leave(&p, i, 0, oc, sum + (bias ? bias[oc] : 0));
	}
	return 0;
}

int accel_kernel_dynamic_quantize(const struct accel_kernel *k)
{
	int64_t n = accel_value_elems(k->in[0]);
	const float *x = k->x[0];
	float lo = 0, hi = 0, scale, zp;

	for (int64_t i = 0; i < n; i++) {
		lo = x[i] < lo ? x[i] : lo;
		hi = x[i] > hi ? x[i] : hi;
	}
	scale = (hi - lo) / 255;
	zp = scale > 0 ? rintf(fminf(fmaxf(-lo / scale, 0), 255)) : 0;
	for (int64_t i = 0; i < n; i++)
		((uint8_t *)k->y)[i] = (uint8_t)accel_quantise(x[i], scale > 0 ? scale : 1, (int32_t)zp, ACCEL_U8);
	if (k->ys[1])
		*(float *)k->ys[1] = scale;
	if (k->ys[2])
		*(uint8_t *)k->ys[2] = (uint8_t)zp;
	return 0;
}
