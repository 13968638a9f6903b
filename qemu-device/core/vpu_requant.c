/* SPDX-License-Identifier: MIT */
/* REQUANT, both modes. */
#include <string.h>

#include "fpconv.h"
#include "vpu.h"

/* gemmlowp's steps: rounding doubling high multiply, then rounding right shift (half away from zero). */
static int32_t high_mul(int32_t a, int32_t b)
{
	int64_t ab = (int64_t)a * b;

	if (a == INT32_MIN && b == INT32_MIN)
		return INT32_MAX;
	return (int32_t)((ab + (ab >= 0 ? 1ll << 30 : 1 - (1ll << 30))) / (1ll << 31));
}

static int32_t shift_right(int32_t x, int by)
{
	int32_t mask = (int32_t)((1ll << by) - 1), rest = x & mask, half = (mask >> 1) + (x < 0);

	return (x >> by) + (rest > half);
}

static int32_t rq_q31(int32_t acc, int32_t mult, int32_t shift)
{
	int left = shift > 0 ? shift : 0, right = shift < 0 ? -shift : 0;

	return shift_right(high_mul((int32_t)((uint32_t)acc << left), mult), right);
}

static int32_t clamp_shift(int32_t s)
{
	return s < -31 ? -31 : s > 30 ? 30 : s;
}

static void row_q31(const struct loom_requant *d, uint8_t *dst, const int32_t *src, const int32_t *mult,
		    const int32_t *shift)
{
	bool vec = d->flags & LOOM_RQ_PER_CHANNEL;

	for (uint32_t j = 0; j < d->n; j++) {
		int64_t v = rq_q31(src[j], mult[vec ? j : 0], clamp_shift(shift[vec ? j : 0]));

		v += d->zp;
		v = v < d->lo ? d->lo : v > d->hi ? d->hi : v;
		dst[j] = (uint8_t)v;
	}
}

static void requant_q31(struct loom_core *core, const struct loom_requant *d)
{
	bool vec = d->flags & LOOM_RQ_PER_CHANNEL;
	int32_t mult = (int32_t)d->scale, shift = (int32_t)d->shift;
	const uint8_t *src = loom_mem(core, d->src);

	for (uint32_t i = 0; i < d->m; i++)
		row_q31(d, core->spm + d->dst + (uint64_t)i * d->ldd,
			(const int32_t *)(const void *)(src + (uint64_t)i * d->lds),
			vec ? (const int32_t *)(const void *)(core->spm + d->scale) : &mult,
			vec ? (const int32_t *)(const void *)(core->spm + d->shift) : &shift);
}

static void row_f32(const struct loom_requant *d, const float *imm, const float *scale, uint8_t *dst,
		    const int32_t *src, uint64_t n)
{
	const struct loom_kernels *k = loom_kernels();

	for (uint64_t j = 0; j < n; j += LOOM_LANES)
		k->rq_f32(dst + j, src + j, scale ? scale + j : imm,
			  n - j < LOOM_LANES ? n - j : LOOM_LANES, d->zp, d->lo, d->hi);
}

static void requant_f32(struct loom_core *core, const struct loom_requant *d)
{
	const float *scale = d->flags & LOOM_RQ_PER_CHANNEL ?
			     (const float *)(const void *)(core->spm + d->scale) : NULL;
	const uint8_t *src = loom_mem(core, d->src);
	uint8_t *dst = core->spm + d->dst;
	float *imm = core->vpu->imm[0];

	for (int j = 0; j < LOOM_LANES && !scale; j++)
		imm[j] = loom_f32_of_bits(d->scale);
	if (!scale && d->lds == 4ull * d->n && d->ldd == d->n) {
		row_f32(d, imm, NULL, dst, (const int32_t *)(const void *)src, (uint64_t)d->m * d->n);
		return;
	}
	for (uint32_t i = 0; i < d->m; i++)
		row_f32(d, imm, scale, dst + (uint64_t)i * d->ldd,
			(const int32_t *)(const void *)(src + (uint64_t)i * d->lds), d->n);
}

void loom_exec_requant(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_requant *d = &op->u.requant;

	if (d->mode == LOOM_RQ_Q31)
		requant_q31(core, d);
	else
		requant_f32(core, d);
}
