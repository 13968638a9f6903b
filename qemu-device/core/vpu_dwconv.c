/* SPDX-License-Identifier: MIT */
/* DWCONV: each output pixel over blocks of channels, the taps in order. */
#include <string.h>

#include "mxu.h"
#include "vpu.h"

/* Input pixel under a tap, or NULL where that is padding. */
static const uint8_t *input(const struct loom_core *core, const struct loom_dwconv *d, uint64_t image, int64_t y,
			    int64_t x)
{
	if (y < 0 || x < 0 || y >= d->ih || x >= d->iw)
		return NULL;
	return core->spm + d->in + image * d->in_stride_n + (uint64_t)y * d->in_stride_y +
	       (uint64_t)x * d->in_stride_x;
}

/* acc[0..n) += input * weight of one tap; padding takes part as value zero. */
static void tap(struct loom_core *core, const struct loom_dwconv *d, const uint8_t *in, const uint8_t *w,
		uint32_t c, uint32_t n, uint8_t *acc)
{
	const struct loom_kernels *k = loom_kernels();
	bool integer = d->a_type == LOOM_S8 || d->a_type == LOOM_U8;
	float *x = core->vpu->src[0], *y = core->vpu->src[1];

	if (in)
		loom_widen(x, integer, d->a_type, d->a_zp, in, c, n);
	else
		memset(x, 0, sizeof(core->vpu->src[0]));
	loom_widen(y, integer, d->b_type, d->b_zp, w, c, n);
	if (integer)
		k->mac((int32_t *)(void *)acc, (const int16_t *)(const void *)x, (const int16_t *)(const void *)y, n);
	else
		k->fma((float *)(void *)acc, x, y, n);
}

static void pixel(struct loom_core *core, const struct loom_dwconv *d, uint64_t image, uint32_t oy, uint32_t ox,
		  uint8_t *out)
{
	int64_t y = (int64_t)oy * d->sy - d->pad_y, x = (int64_t)ox * d->sx - d->pad_x;

	if (d->flags & LOOM_MXU_ZERO)
		memset(out, 0, 4ull * d->c);
	for (uint32_t c = 0; c < d->c && !loom_exec_stopping(core); c += LOOM_LANES) {
		uint32_t n = d->c - c < LOOM_LANES ? d->c - c : LOOM_LANES;
		const uint8_t *w = core->spm + d->w;

		for (uint32_t ky = 0; ky < d->kh; ky++)
			for (uint32_t kx = 0; kx < d->kw; kx++, w += d->w_stride_tap)
				tap(core, d, input(core, d, image, y + (int64_t)ky * d->dy, x + (int64_t)kx * d->dx),
				    w, c, n, out + 4ull * c);
		if (d->a_type != LOOM_S8 && d->a_type != LOOM_U8)
			loom_kernels()->canon((float *)(void *)(out + 4ull * c), n);
	}
}

void loom_exec_dwconv(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_dwconv *d = &op->u.dwconv;
	uint8_t *out = core->acc + d->out;

	for (uint32_t n = 0; n < d->n; n++)
		for (uint32_t oy = 0; oy < d->oh; oy++)
			for (uint32_t ox = 0; ox < d->ow; ox++, out += d->out_stride) {
				if (loom_exec_stopping(core)) {
					fault->status = LOOM_JOB_STOPPED;
					return;
				}
				pixel(core, d, n, oy, ox, out);
			}
}
