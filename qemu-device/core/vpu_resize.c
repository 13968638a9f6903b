/* SPDX-License-Identifier: MIT */
/* RESIZE: nearest and bilinear, positions in 16.16. */
#include <string.h>

#include "vpu.h"

/**
 * struct spot - where an output coordinate falls on one axis of the input
 * @lo, @hi: the neighbours
 * @part: how far towards @hi, 0..1
 */
struct spot {
	uint32_t lo, hi;
	float part;
};

static struct spot locate(const struct loom_resize *d, int32_t origin, uint32_t step, uint32_t at, uint32_t limit)
{
	int64_t last = (int64_t)(limit - 1) << 16, pos = (int64_t)origin + (int64_t)step * at;
	struct spot s;

	if (d->mode == LOOM_RESIZE_NEAREST)
		pos = (pos + 0x8000) & ~(int64_t)0xffff;
	pos = pos < 0 ? 0 : pos > last ? last : pos;
	s.lo = (uint32_t)(pos >> 16);
	s.hi = s.lo + 1 < limit ? s.lo + 1 : s.lo;
	s.part = (float)(pos & 0xffff) * 0x1p-16f;
	return s;
}

static const uint8_t *at(const struct loom_core *core, const struct loom_resize *d, uint32_t y, uint32_t x, uint32_t c)
{
	return core->spm + d->in + (uint64_t)y * d->in_stride_y + (uint64_t)x * d->in_stride_x +
	       (uint64_t)c * loom_type_bytes(d->type);
}

/* out = a + part * (b - a) of @n channels from @c on, for the neighbours of one input row. */
static void between(struct loom_core *core, const struct loom_resize *d, uint32_t y, const struct spot *x, uint32_t c,
		    uint32_t n, float *out)
{
	const struct loom_kernels *k = loom_kernels();
	float *diff = core->vpu->src[1], *part = core->vpu->imm[0];

	k->load[d->type](out, at(core, d, y, x->lo, c), n, 0);
	k->load[d->type](diff, at(core, d, y, x->hi, c), n, 0);
	k->ew[LOOM_EW_SUB](diff, out, n);
	for (uint32_t i = 0; i < n; i++)
		part[i] = x->part;
	k->fma(out, part, diff, n);
}

static void linear_pixel(struct loom_core *core, const struct loom_resize *d, const struct spot *y,
			 const struct spot *x, uint8_t *out)
{
	const struct loom_kernels *k = loom_kernels();
	struct loom_vpu_buffers *b = core->vpu;

	for (uint32_t c = 0; c < d->c; c += LOOM_LANES) {
		uint32_t n = d->c - c < LOOM_LANES ? d->c - c : LOOM_LANES;

		between(core, d, y->lo, x, c, n, b->v);
		between(core, d, y->hi, x, c, n, b->src[0]);
		k->ew[LOOM_EW_SUB](b->src[0], b->v, n);
		for (uint32_t i = 0; i < n; i++)
			b->imm[0][i] = y->part;
		k->fma(b->v, b->imm[0], b->src[0], n);
		k->store[d->type](out + (uint64_t)c * loom_type_bytes(d->type), b->v, n, 0);
	}
}

void loom_exec_resize(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_resize *d = &op->u.resize;
	uint8_t *out = core->spm + d->out;

	for (uint32_t oy = 0; oy < d->oh; oy++) {
		struct spot y = locate(d, d->origin_y, d->scale_y, oy, d->ih);

		for (uint32_t ox = 0; ox < d->ow; ox++, out += d->out_stride) {
			struct spot x = locate(d, d->origin_x, d->scale_x, ox, d->iw);

			if (d->mode == LOOM_RESIZE_NEAREST)
				memcpy(out, at(core, d, y.lo, x.lo, 0), (size_t)d->c * loom_type_bytes(d->type));
			else
				linear_pixel(core, d, &y, &x, out);
		}
		if (loom_exec_stopping(core)) {
			fault->status = LOOM_JOB_STOPPED;
			return;
		}
	}
}
