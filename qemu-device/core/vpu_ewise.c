/* SPDX-License-Identifier: MIT */
/* EWISE: chains of fp32 operations over blocks of a row. */
#include <string.h>

#include "fpconv.h"
#include "vpu.h"

/* A chain made ready: what each stage runs, on one operand or on two, and where they lie. */
struct chain {
	int stages;
	void (*fn[LOOM_EW_STAGES])(float *v, const float *w, size_t n);
	void (*fn2[LOOM_EW_STAGES])(float *v, const float *a, const float *b, size_t n);
	uint8_t operand[LOOM_EW_STAGES];
	bool keep_src0;
};

static bool reads(uint8_t operand, unsigned int which)
{
	return LOOM_EWS_FIRST(operand) == which || LOOM_EWS_SECOND(operand) == which;
}

static void prepare(struct loom_core *core, const struct loom_ewise *d, struct chain *ch)
{
	const struct loom_kernels *k = loom_kernels();

	memset(ch, 0, sizeof(*ch));
	for (; ch->stages < LOOM_EW_STAGES && d->stage[ch->stages].op; ch->stages++) {
		uint8_t op = d->stage[ch->stages].op, operand = d->stage[ch->stages].operand;

		if (op == LOOM_EW_FMA || op == LOOM_EW_MAC)
			ch->fn2[ch->stages] = op == LOOM_EW_FMA ? k->fma_of : k->fma;
		else
			ch->fn[ch->stages] = k->ew[op];
		ch->operand[ch->stages] = operand;
		ch->keep_src0 = ch->keep_src0 || reads(operand, LOOM_EWS_SRC0);
	}
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < LOOM_LANES; j++)
			core->vpu->imm[i][j] = loom_f32_of_bits(d->imm[i]);
}

static const float *operand(struct loom_core *core, const struct loom_ewise *d, unsigned int which,
			    uint32_t col)
{
	struct loom_vpu_buffers *b = core->vpu;

	switch (which) {
	case LOOM_EWS_SRC0:
		return b->src[0];
	case LOOM_EWS_SRC1:
		return b->src[1];
	case LOOM_EWS_VEC0:
		return (const float *)(const void *)(core->spm + d->vec0) + col;
	case LOOM_EWS_VEC1:
		return (const float *)(const void *)(core->spm + d->vec1) + col;
	case LOOM_EWS_IMM0:
	case LOOM_EWS_IMM1:
	case LOOM_EWS_IMM2:
	case LOOM_EWS_IMM3:
		return b->imm[which - LOOM_EWS_IMM0];
	default:
		return b->imm[0];	/* unary: not looked at */
	}
}

static void ewise_row(struct loom_core *core, const struct loom_ewise *d, const struct chain *ch,
		      const uint8_t *src0, const uint8_t *src1, uint8_t *dst, uint64_t n)
{
	const struct loom_kernels *k = loom_kernels();
	struct loom_vpu_buffers *b = core->vpu;

	for (uint64_t j = 0; j < n; j += LOOM_LANES) {
		size_t len = n - j < LOOM_LANES ? n - j : LOOM_LANES;

		k->load[d->src0_type](b->v, src0 + j * loom_type_bytes(d->src0_type), len, d->zp0);
		if (ch->keep_src0)
			memcpy(b->src[0], b->v, len * sizeof(float));
		if (src1)
			k->load[d->src1_type](b->src[1], src1 + j * loom_type_bytes(d->src1_type), len,
					      d->zp1);
		for (int s = 0; s < ch->stages; s++) {
			const float *w = operand(core, d, LOOM_EWS_FIRST(ch->operand[s]), (uint32_t)j);

			if (ch->fn2[s])
				ch->fn2[s](b->v, w, operand(core, d, LOOM_EWS_SECOND(ch->operand[s]), (uint32_t)j),
					   len);
			else
				ch->fn[s](b->v, w, len);
		}
		k->store[d->dst_type](dst + j * loom_type_bytes(d->dst_type), b->v, len, d->zpd);
	}
}

/* Rows that follow each other without gap. */
static bool dense(const struct loom_ewise *d)
{
	return d->lds0 == (uint64_t)d->n * loom_type_bytes(d->src0_type) &&
	       d->ldd == (uint64_t)d->n * loom_type_bytes(d->dst_type) &&
	       (d->src1_type == LOOM_TYPE_NONE ||
		d->lds1 == (uint64_t)d->n * loom_type_bytes(d->src1_type));
}

static bool uses_vector(const struct loom_ewise *d)
{
	for (int i = 0; i < LOOM_EW_STAGES; i++)
		if (reads(d->stage[i].operand, LOOM_EWS_VEC0) ||
		    reads(d->stage[i].operand, LOOM_EWS_VEC1))
			return true;
	return false;
}

/* Sums of integers, times one vector and plus the other, to bytes: what most convolutions end with, in one pass. */
static bool is_requant(const struct loom_ewise *d)
{
	return d->stage[0].op == LOOM_EW_FMA && d->stage[0].operand == LOOM_EWS_PAIR(LOOM_EWS_VEC0, LOOM_EWS_VEC1) &&
	       !d->stage[1].op && d->src0_type == LOOM_S32 && (d->dst_type == LOOM_S8 || d->dst_type == LOOM_U8) &&
	       d->src0 & LOOM_ACC && !(d->dst & LOOM_ACC);
}

static void requant(struct loom_core *core, const struct loom_ewise *d)
{
	const float *a = (const float *)(const void *)(core->spm + d->vec0), *b = (const float *)(const void *)(core->spm + d->vec1);
	const uint8_t *src = loom_mem(core, d->src0);
	const int lo = d->dst_type == LOOM_S8 ? -128 : 0;

	for (uint32_t i = 0; i < d->m; i++)
		loom_kernels()->fma_bytes(core->spm + d->dst + (uint64_t)i * d->ldd,
					  (const int32_t *)(const void *)(src + (uint64_t)i * d->lds0), a, b, d->n, d->zpd, lo,
					  lo + 255);
}

void loom_exec_ewise(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_ewise *d = &op->u.ewise;
	const uint8_t *src0 = loom_mem(core, d->src0);
	const uint8_t *src1 = d->src1_type ? loom_mem(core, d->src1) : NULL;
	uint8_t *dst = loom_mem(core, d->dst);
	struct chain ch;

	if (is_requant(d)) {
		requant(core, d);
		return;
	}
	prepare(core, d, &ch);
	if (dense(d) && !uses_vector(d)) {
		ewise_row(core, d, &ch, src0, src1, dst, (uint64_t)d->m * d->n);
		return;
	}
	for (uint32_t i = 0; i < d->m; i++)
		ewise_row(core, d, &ch, src0 + (uint64_t)i * d->lds0,
			  src1 ? src1 + (uint64_t)i * d->lds1 : NULL, dst + (uint64_t)i * d->ldd, d->n);
}
