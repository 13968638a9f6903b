/* SPDX-License-Identifier: MIT */
/* POOL: each output pixel over blocks of channels. */
#include <string.h>

#include "fpconv.h"
#include "vpu.h"

/**
 * struct window - the part of a pooling window that lies inside of the input
 * @in: its first pixel
 * @rows, @cols: taps
 */
struct window {
	const uint8_t *in;
	uint32_t rows, cols;
};

/* Taps of one dimension that are inside: *@first of them, and how many. @at: position of tap 0. */
static uint32_t inside(int64_t at, uint32_t taps, uint32_t dilation, uint32_t limit, uint32_t *first)
{
	int64_t skip = at < 0 ? (-at + dilation - 1) / dilation : 0, end;

	*first = (uint32_t)skip;
	if (skip >= taps || at + skip * dilation >= limit)
		return 0;
	end = (limit - 1 - at) / dilation + 1;
	return (uint32_t)((end < taps ? end : taps) - skip);
}

static void find_window(const struct loom_pool *d, const uint8_t *image, uint32_t oy, uint32_t ox,
			struct window *w)
{
	int64_t y = (int64_t)oy * d->sy - d->pad_y, x = (int64_t)ox * d->sx - d->pad_x;
	uint32_t ky, kx;

	w->rows = inside(y, d->kh, d->dy, d->ih, &ky);
	w->cols = inside(x, d->kw, d->dx, d->iw, &kx);
	w->in = image;
	if (!w->rows || !w->cols)
		w->rows = w->cols = 0;
	else
		w->in += (uint64_t)(y + (int64_t)ky * d->dy) * d->in_stride_y +
			 (uint64_t)(x + (int64_t)kx * d->dx) * d->in_stride_x;
}

static const uint8_t *tap(const struct loom_pool *d, const struct window *w, uint32_t ky, uint32_t kx)
{
	return w->in + (uint64_t)ky * d->dy * d->in_stride_y + (uint64_t)kx * d->dx * d->in_stride_x;
}

static void max_int(const struct loom_pool *d, const struct window *w, uint32_t c, uint32_t n, uint8_t *out)
{
	const struct loom_kernels *k = loom_kernels();

	memset(out, d->type == LOOM_S8 ? 0x80 : 0, n);
	for (uint32_t ky = 0; ky < w->rows; ky++)
		for (uint32_t kx = 0; kx < w->cols; kx++)
			k->max8[d->type](out, tap(d, w, ky, kx) + c, n);
}

static uint32_t divisor(const struct loom_pool *d, const struct window *w)
{
	return d->mode == LOOM_POOL_AVG_PAD ? (uint32_t)d->kh * d->kw : w->rows * w->cols;
}

static void avg_int(struct loom_core *core, const struct loom_pool *d, const struct window *w, uint32_t c,
		    uint32_t n, uint8_t *out)
{
	const struct loom_kernels *k = loom_kernels();
	struct loom_vpu_buffers *b = core->vpu;
	int32_t sum[LOOM_LANES] = { 0 };
	uint32_t count = divisor(d, w);
	float factor = count ? loom_f32_of_bits(d->scale) / (float)count : 0.0f;

	for (uint32_t ky = 0; ky < w->rows; ky++)
		for (uint32_t kx = 0; kx < w->cols; kx++)
			k->add_s32[d->type](sum, tap(d, w, ky, kx) + c, n, d->zp_in);
	k->load[LOOM_S32](b->v, sum, n, 0);
	for (uint32_t i = 0; i < n; i++)
		b->src[0][i] = factor;
	k->ew[LOOM_EW_MUL](b->v, b->src[0], n);
	k->store[d->type](out, b->v, n, d->zp_out);
}

static void pool_float(struct loom_core *core, const struct loom_pool *d, const struct window *w, uint32_t c,
		       uint32_t n, uint8_t *out)
{
	const struct loom_kernels *k = loom_kernels();
	struct loom_vpu_buffers *b = core->vpu;
	bool max = d->mode == LOOM_POOL_MAX;
	uint32_t count = divisor(d, w), size = loom_type_bytes(d->type);

	for (uint32_t i = 0; i < n; i++) {
		b->v[i] = max ? loom_f32_of_bits(0xff800000) : 0.0f;
		b->src[1][i] = (float)count;
	}
	for (uint32_t ky = 0; ky < w->rows; ky++)
		for (uint32_t kx = 0; kx < w->cols; kx++) {
			k->load[d->type](b->src[0], tap(d, w, ky, kx) + (uint64_t)c * size, n, 0);
			k->ew[max ? LOOM_EW_MAX : LOOM_EW_ADD](b->v, b->src[0], n);
		}
	if (!max && count)
		k->ew[LOOM_EW_DIV](b->v, b->src[1], n);
	k->store[d->type](out + (uint64_t)c * size, b->v, n, 0);
}

static void pool_pixel(struct loom_core *core, const struct loom_pool *d, const struct window *w, uint8_t *out)
{
	bool integer = d->type == LOOM_S8 || d->type == LOOM_U8;

	for (uint32_t c = 0; c < d->c && !loom_exec_stopping(core); c += LOOM_LANES) {
		uint32_t n = d->c - c < LOOM_LANES ? d->c - c : LOOM_LANES;

		if (!integer)
			pool_float(core, d, w, c, n, out);
		else if (d->mode == LOOM_POOL_MAX)
			max_int(d, w, c, n, out + c);
		else
			avg_int(core, d, w, c, n, out + c);
	}
}

void loom_exec_pool(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_pool *d = &op->u.pool;
	uint8_t *out = core->spm + d->out;
	struct window w;

	for (uint32_t n = 0; n < d->n; n++)
		for (uint32_t oy = 0; oy < d->oh; oy++)
			for (uint32_t ox = 0; ox < d->ow; ox++, out += d->out_stride) {
				if (loom_exec_stopping(core)) {
					fault->status = LOOM_JOB_STOPPED;
					return;
				}
				find_window(d, core->spm + d->in + (uint64_t)n * d->in_stride_n, oy, ox, &w);
				pool_pixel(core, d, &w, out);
			}
}
