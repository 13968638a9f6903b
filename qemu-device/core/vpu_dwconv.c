/* SPDX-License-Identifier: MIT */
/* DWCONV: blocks of channels; of each, weights are widened once, and all pixels pass, the taps of each in order. */
#include <string.h>

#include "mxu.h"
#include "vpu.h"

/**
 * struct block - a part of the work: some taps of some channels
 * @c: the first of @n channels
 * @ky, @kx: the first of @taps taps
 * @last: no taps come after these
 */
struct block {
	uint32_t c, n;
	uint32_t ky, kx, taps;
	bool integer, first, last;
};

static bool is_integer(const struct loom_dwconv *d)
{
	return d->a_type == LOOM_S8 || d->a_type == LOOM_U8;
}

static void widen_weights(struct loom_core *core, const struct loom_dwconv *d, const struct block *b)
{
	const uint8_t *w = core->spm + d->w + ((uint64_t)b->ky * d->kw + b->kx) * d->w_stride_tap;

	for (uint32_t t = 0; t < b->taps; t++, w += d->w_stride_tap)
		loom_widen(core->vpu->taps[t], b->integer, d->b_type, d->b_zp, w, b->c, b->n);
}

/* Taps of one pixel. Padding is zero: nothing to a sum of integers, an operand like any other to one of floats. */
static void pixel(struct loom_core *core, const struct loom_dwconv *d, const struct block *b, const uint8_t *image,
		  int64_t y, int64_t x, uint8_t *out)
{
	const void *in[LOOM_TAPS], *w[LOOM_TAPS];
	uint32_t ky = b->ky, kx = b->kx;
	size_t num = 0;

	for (uint32_t t = 0; t < b->taps; t++) {
		int64_t iy = y + (int64_t)ky * d->dy, ix = x + (int64_t)kx * d->dx;
		bool inside = iy >= 0 && ix >= 0 && iy < d->ih && ix < d->iw;

		w[num] = core->vpu->taps[t];
		in[num] = inside ? image + (uint64_t)iy * d->in_stride_y + (uint64_t)ix * d->in_stride_x :
			  (const uint8_t *)core->vpu->zero;
		num += inside || !b->integer;
		if (++kx == d->kw) {
			kx = 0;
			ky++;
		}
	}
	if (b->first && d->flags & LOOM_MXU_ZERO)
		memset(out, 0, 4ull * b->n);
	loom_kernels()->taps[d->a_type](out, in, w, num, b->n, d->a_zp);
	if (b->last && !b->integer)
		loom_kernels()->canon((float *)(void *)out, b->n);
}

/* Whether it came to its end. */
static bool run_block(struct loom_core *core, const struct loom_dwconv *d, const struct block *b)
{
	const uint8_t *image = core->spm + d->in + (uint64_t)b->c * loom_type_bytes(d->a_type);
	uint8_t *out = core->acc + d->out + 4ull * b->c;

	widen_weights(core, d, b);
	for (uint32_t n = 0; n < d->n; n++, image += d->in_stride_n)
		for (uint32_t oy = 0; oy < d->oh; oy++)
			for (uint32_t ox = 0; ox < d->ow; ox++, out += d->out_stride) {
				if (loom_exec_stopping(core))
					return false;
				pixel(core, d, b, image, (int64_t)oy * d->sy - d->pad_y,
				      (int64_t)ox * d->sx - d->pad_x, out);
			}
	return true;
}

void loom_exec_dwconv(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_dwconv *d = &op->u.dwconv;
	uint64_t taps = (uint64_t)d->kh * d->kw;
	struct block b = { .integer = is_integer(d) };

	for (b.c = 0; b.c < d->c; b.c += b.n) {
		b.n = d->c - b.c < LOOM_LANES ? d->c - b.c : LOOM_LANES;
		for (uint64_t t = 0; t < taps; t += b.taps) {
			b.taps = taps - t < LOOM_TAPS ? (uint32_t)(taps - t) : LOOM_TAPS;
			b.ky = (uint32_t)(t / d->kw);
			b.kx = (uint32_t)(t % d->kw);
			b.first = t == 0;
			b.last = t + b.taps == taps;
			if (!run_block(core, d, &b)) {
				fault->status = LOOM_JOB_STOPPED;
				return;
			}
		}
	}
}
