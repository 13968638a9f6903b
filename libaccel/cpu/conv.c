// SPDX-License-Identifier: MIT
/* Convolution: a block of output rows at a time is gathered into a matrix, and multiplied by the weights. */
#include <cblas.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"
#include "libaccel/error.h"

#define BLOCK_BYTES	(4 << 20)	/* of the gathered matrix: within a second-level cache or near */

struct conv {
	const struct accel_attrs *a;
	int64_t ih, iw, oh, ow;
	int64_t ic, oc;			/* of one group */
	int64_t taps;			/* rows of the gathered matrix: ic * kh * kw */
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

/* One tap of one channel over output rows [y0, y1): a row of the gathered matrix. */
static void gather_tap(const struct conv *c, const float *x, int64_t ky, int64_t kx, int64_t y0, int64_t y1, float *col)
{
	int64_t dx = kx * c->a->dilation[1] - c->a->pad[1], from, to;

	inside(c, dx, &from, &to);
	for (int64_t oy = y0; oy < y1; oy++, col += c->ow) {
		int64_t iy = oy * c->a->stride[0] + ky * c->a->dilation[0] - c->a->pad[0];
		const float *row = x + iy * c->iw;

		if (iy < 0 || iy >= c->ih) {
			memset(col, 0, (size_t)c->ow * sizeof(*col));
			continue;
		}
		for (int64_t i = 0; i < from; i++)
			col[i] = 0;
		for (int64_t i = from; i < to; i++)
			col[i] = row[i * c->a->stride[1] + dx];
		for (int64_t i = to; i < c->ow; i++)
			col[i] = 0;
	}
}

static void gather(const struct conv *c, const float *x, int64_t y0, int64_t y1, float *col)
{
	for (int64_t ic = 0; ic < c->ic; ic++, x += c->ih * c->iw)
		for (int64_t ky = 0; ky < c->a->kernel[0]; ky++)
			for (int64_t kx = 0; kx < c->a->kernel[1]; kx++) {
				gather_tap(c, x, ky, kx, y0, y1, col);
				col += (y1 - y0) * c->ow;
			}
}

/* The input itself is the gathered matrix. */
static bool pointwise(const struct conv *c)
{
	const struct accel_attrs *a = c->a;

	return a->kernel[0] == 1 && a->kernel[1] == 1 && a->stride[0] == 1 && a->stride[1] == 1 &&
	       !(a->pad[0] | a->pad[1] | a->pad[2] | a->pad[3]);
}

/* One group of one image; @rows output rows fit into @col. */
static void conv_group(const struct conv *c, const float *x, const float *w, float *y, float *col, int64_t rows)
{
	int64_t plane = c->oh * c->ow;

	for (int64_t y0 = 0; y0 < c->oh; y0 += rows) {
		int64_t y1 = y0 + rows < c->oh ? y0 + rows : c->oh, n = (y1 - y0) * c->ow;

		if (!c->taps) {
			for (int64_t o = 0; o < c->oc; o++)
				memset(y + o * plane + y0 * c->ow, 0, (size_t)n * sizeof(*y));
			continue;
		}
		if (col)
			gather(c, x, y0, y1, col);
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)c->oc, (int)n, (int)c->taps, 1, w,
			    (int)c->taps, col ? col : x + y0 * c->ow, (int)(col ? n : plane), 0, y + y0 * c->ow, (int)plane);
	}
}

static void add_bias(const struct conv *c, const float *bias, int64_t channels, float *y)
{
	for (int64_t o = 0; o < channels; o++)
		for (int64_t i = 0; i < c->oh * c->ow; i++)
			*y++ += bias[o];
}

int accel_kernel_conv(const struct accel_kernel *k)
{
	const struct accel_value *in = k->in[0], *w = k->in[1], *out = k->out;
	bool rows = in->rank == 4;
	int64_t groups = k->n->attrs.group, block;
	struct conv c = {
		.a = &k->n->attrs,
		.ih = rows ? in->dims[2] : 1, .iw = in->dims[in->rank - 1],
		.oh = rows ? out->dims[2] : 1, .ow = out->dims[in->rank - 1],
		.ic = w->dims[1], .oc = w->dims[0] / groups,
	};
	const float *x = k->x[0];
	float *y = k->y, *col = NULL;

	c.taps = c.ic * c.a->kernel[0] * c.a->kernel[1];
	if (!accel_value_elems(out))
		return 0;
	if (c.taps > INT32_MAX || c.oh * c.ow > INT32_MAX || c.taps * c.ow > ACCEL_MAX_ELEMS)
		return accel_node_error(EOVERFLOW, k->n, "larger than matrices may be");
	block = c.oh;
	if (c.taps && !pointwise(&c)) {
		block = BLOCK_BYTES / (int64_t)sizeof(*col) / (c.taps * c.ow);
		block = block < 1 ? 1 : block > c.oh ? c.oh : block;
		col = malloc((size_t)(c.taps * c.ow * block) * sizeof(*col));
		if (!col)
			return accel_enomem(k->n->name);
	}
	for (int64_t i = 0; i < in->dims[0]; i++) {
		for (int64_t g = 0; g < groups; g++)
			conv_group(&c, x + g * c.ic * c.ih * c.iw, (const float *)k->x[1] + g * c.oc * c.taps,
				   y + g * c.oc * c.oh * c.ow, col, block);
		if (k->x[2])
			add_bias(&c, k->x[2], c.oc * groups, y);
		x += groups * c.ic * c.ih * c.iw;
		y += groups * c.oc * c.oh * c.ow;
	}
	free(col);
	return 0;
}
