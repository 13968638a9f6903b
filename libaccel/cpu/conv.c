// SPDX-License-Identifier: MIT
/*
 * Convolution: of a block of output rows and of input channels the taps are gathered into a matrix, and multiplied by the
 * weights. Blocks stay in the second-level cache: what is gathered until it has been read, and the outputs from the bias, which
 * they begin with, to the activation.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"
#include "libaccel/error.h"

#define BLOCK_COLS	448			/* outputs of a channel in a block, about */
#define BLOCK_ELEMS	(512 << 10 >> 2)	/* of the gathered matrix, about */

struct conv {
	const struct accel_attrs *a;
	const struct accel_act *act;
	int64_t ih, iw, oh, ow;
	int64_t ic, oc;			/* of one group */
	int64_t area;			/* of the kernel */
};

/* Output columns of one row that lie inside of the input for the tap at column offset @dx: [*from, *to). */
static void inside(const struct conv *c, int64_t dx, int64_t *from, int64_t *to)
{
	int64_t s = c->a->stride[1];

	*from = dx < 0 ? (-dx + s - 1) / s : 0;
	*to = c->iw > dx ? (c->iw - dx + s - 1) / s : 0;
	if (*from > c->ow)
		*from = c->ow;
	if (*to > c->ow)
		*to = c->ow;
	if (*to < *from)
		*to = *from;
}

static void zeros(float *col, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		col[i] = 0;
}

/* One row of outputs: every @step-th element. */
static void copy_row(float *col, const float *row, int64_t n, int64_t step)
{
	if (step == 1) {
		memcpy(col, row, (size_t)n * sizeof(*col));
		return;
	}
	for (int64_t i = 0; i < n; i++)
		col[i] = row[i * step];
}

/* One tap of one channel over output rows [y0, y1): a row of the gathered matrix. */
static void gather_tap(const struct conv *c, const float *x, int64_t ky, int64_t kx, int64_t y0, int64_t y1, float *col)
{
	int64_t dx = kx * c->a->dilation[1] - c->a->pad[1], from, to;

	inside(c, dx, &from, &to);
	for (int64_t oy = y0; oy < y1; oy++, col += c->ow) {
		int64_t iy = oy * c->a->stride[0] + ky * c->a->dilation[0] - c->a->pad[0];

		if (iy < 0 || iy >= c->ih) {
			zeros(col, c->ow);
			continue;
		}
		zeros(col, from);
		if (to > from)
			copy_row(col + from, x + iy * c->iw + from * c->a->stride[1] + dx, to - from, c->a->stride[1]);
		zeros(col + to, c->ow - to);
	}
}

/* Channels [@c0, @c1), of which every tap is a row of the matrix, @ld elements apart. */
static void gather(const struct conv *c, const float *x, int64_t c0, int64_t c1, int64_t y0, int64_t y1, float *col, int64_t ld)
{
	for (int64_t ic = c0; ic < c1; ic++)
		for (int64_t ky = 0; ky < c->a->kernel[0]; ky++)
			for (int64_t kx = 0; kx < c->a->kernel[1]; kx++) {
				gather_tap(c, x + ic * c->ih * c->iw, ky, kx, y0, y1, col);
				col += ld;
			}
}

/* Whole vectors. */
static int64_t pitch(int64_t n)
{
	return (n + 15) / 16 * 16;
}

/* The input itself is the gathered matrix. */
static bool pointwise(const struct conv *c)
{
	const struct accel_attrs *a = c->a;

	return a->kernel[0] == 1 && a->kernel[1] == 1 && a->stride[0] == 1 && a->stride[1] == 1 &&
	       !(a->pad[0] | a->pad[1] | a->pad[2] | a->pad[3]);
}

/* What the sums of @n outputs of each channel begin with; @bias may be NULL. */
static void begin(const struct conv *c, const float *bias, float *y, int64_t n)
{
	for (int64_t o = 0; o < c->oc; o++, y += c->oh * c->ow) {
		const float b = bias ? bias[o] : 0;

		for (int64_t i = 0; i < n; i++)
			y[i] = b;
	}
}

static void finish(const struct conv *c, float *y, int64_t n)
{
	for (int64_t o = 0; o < c->oc && c->act->kind == ACCEL_ACT_CLIP; o++, y += c->oh * c->ow)
		accel_clip(c->act, y, n);
}

/* One group of one image; @rows output rows of @chans channels fit into @col, which is NULL for one that is pointwise. */
static void conv_group(const struct conv *c, const float *x, const float *w, const float *bias, float *y, float *col,
		       int64_t rows, int64_t chans)
{
	const int64_t plane = c->oh * c->ow, taps = c->ic * c->area;

	for (int64_t y0 = 0; y0 < c->oh; y0 += rows) {
		const int64_t y1 = y0 + rows < c->oh ? y0 + rows : c->oh, n = (y1 - y0) * c->ow;
		float *out = y + y0 * c->ow;

		begin(c, bias, out, n);
		for (int64_t c0 = 0; c0 < c->ic && taps; c0 += chans) {
			const int64_t c1 = c0 + chans < c->ic ? c0 + chans : c->ic;

			if (col)
				gather(c, x, c0, c1, y0, y1, col, pitch(n));
			accel_add_product(c->oc, n, (c1 - c0) * c->area, w + c0 * c->area, taps, col ? col : x + y0 * c->ow,
					  col ? pitch(n) : plane, out, plane);
		}
		finish(c, out, n);
	}
}

static int64_t between(int64_t low, int64_t v, int64_t high)
{
	return v > high ? high : v < low ? low : v;
}

int accel_kernel_conv(const struct accel_kernel *k)
{
	const struct accel_value *in = k->in[0], *w = k->in[1], *out = k->out;
	bool rows = in->rank == 4;
	int64_t groups = k->n->attrs.group, block, chans;
	struct conv c = {
		.a = &k->n->attrs, .act = &k->n->act,
		.ih = rows ? in->dims[2] : 1, .iw = in->dims[in->rank - 1],
		.oh = rows ? out->dims[2] : 1, .ow = out->dims[in->rank - 1],
		.ic = w->dims[1], .oc = w->dims[0] / groups,
		.area = k->n->attrs.kernel[0] * k->n->attrs.kernel[1],
	};
	const float *x = k->x[0], *bias = k->x[2];
	float *y = k->y, *col = NULL;

	if (!accel_value_elems(out))
		return 0;
	if (c.ic * c.area > INT32_MAX || c.oh * c.ow > INT32_MAX || c.ic * c.area * c.ow > ACCEL_MAX_ELEMS)
		return accel_node_error(EOVERFLOW, k->n, "larger than matrices may be");
	block = between(1, BLOCK_COLS / c.ow, c.oh);
	chans = c.ic;
	if (c.ic * c.area > 0 && !pointwise(&c)) {
		chans = between(1, BLOCK_ELEMS / (block * c.ow * c.area), c.ic);
		col = accel_cpu_alloc(chans * c.area * pitch(c.ow * block) * (int64_t)sizeof(*col));
		if (!col)
			return accel_enomem(k->n->name);
	}
	for (int64_t i = 0; i < in->dims[0]; i++) {
		for (int64_t g = 0; g < groups; g++)
			conv_group(&c, x + g * c.ic * c.ih * c.iw, (const float *)k->x[1] + g * c.oc * c.ic * c.area,
				   bias ? bias + g * c.oc : NULL, y + g * c.oc * c.oh * c.ow, col, block, chans);
		x += groups * c.ic * c.ih * c.iw;
		y += groups * c.oc * c.oh * c.ow;
	}
	free(col);
	return 0;
}
