/* SPDX-License-Identifier: MIT */
#include "gen.h"

#include <string.h>

#include <loom/isa_table.h>

uint64_t gen_next(struct gen *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t gen_below(struct gen *g, uint32_t n)
{
	return (uint32_t)(gen_next(g) % n);
}

static uint32_t between(struct gen *g, uint32_t lo, uint32_t hi)
{
	return lo + gen_below(g, hi - lo + 1);
}

static bool chance(struct gen *g, uint32_t percent)
{
	return gen_below(g, 100) < percent;
}

/* Mostly small, sometimes up to @max. */
static uint32_t size(struct gen *g, uint32_t max)
{
	static const uint32_t bound[] = { 3, 9, 20, 40 };
	uint32_t m = bound[gen_below(g, 4)];

	return between(g, 1, chance(g, 5) ? max : m < max ? m : max);
}

enum kind { SMALL_F32, SMALL_F16, SMALL_BF16, SPECIAL_F32, SPECIAL_F16, SMALL_INT, NOISE, NUM_KINDS };

static uint32_t special32(struct gen *g)
{
	static const uint32_t v[] = {
		0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x7f800000,
		0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0x3f800000, 0xbf800000, 0x33800000,
		0x4b000000, 0x4b000001, 0x3f000000, 0x3fc00000, 0x40200000, 0x477fe000, 0x477ff000,
		0x477fefff, 0x387fc000, 0x33000000, 0x33000001, 0x43e00000, 0x43e80000, 0x4f000000,
	};

	return chance(g, 40) ? v[gen_below(g, sizeof(v) / sizeof(v[0]))] : (uint32_t)gen_next(g);
}

static uint32_t word(struct gen *g, enum kind kind)
{
	uint32_t r = (uint32_t)gen_next(g), s = r & 0x80008000;

	switch (kind) {
	case SMALL_F32:		/* exponents -8..8 */
		return (r & 0x807fffff) | (119 + gen_below(g, 17)) << 23;
	case SMALL_F16:
		return s | ((r & 0x03ff03ff) + ((12 + gen_below(g, 6)) << 10 | (12 + gen_below(g, 6)) << 26));
	case SMALL_BF16:
		return s | ((r & 0x007f007f) + ((124 + gen_below(g, 6)) << 7 | (124 + gen_below(g, 6)) << 23));
	case SPECIAL_F32:
		return special32(g);
	case SPECIAL_F16:	/* zeros, subnormals, infinities, the odd NaN */
		return r & (chance(g, 50) ? 0x80038003 : chance(g, 90) ? 0xfc00fc00 : 0xffffffff);
	case SMALL_INT:
		return r & 63;
	default:
		return r;
	}
}

void gen_data(struct gen *g, uint8_t *mem, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes; at += 1024) {
		enum kind kind = (at >> 10) % 8 < NUM_KINDS - 1 ? (at >> 10) % 8 : NOISE;

		for (uint32_t i = 0; i < 1024; i += 4) {
			uint32_t w = word(g, kind);

			memcpy(mem + at + i, &w, 4);
		}
	}
}

static void head(union loom_any *u, uint8_t op)
{
	memset(u, 0, sizeof(*u));
	u->d.op = op;
	memset(u->d.wait_sem, LOOM_SEM_NONE, 2);
	memset(u->d.signal_sem, LOOM_SEM_NONE, 2);
}

/* An address of @bytes in a memory of @limit, aligned; now and then at its very end, or just beyond. */
static uint32_t place(struct gen *g, uint32_t limit, uint64_t bytes, uint32_t align)
{
	uint32_t at;

	if (bytes > limit)
		return gen_below(g, limit) & ~(align - 1);
	at = chance(g, 5) ? limit - (uint32_t)bytes : gen_below(g, limit - (uint32_t)bytes + 1);
	if (chance(g, 1))
		at += align;
	return chance(g, 99) ? at & ~(align - 1) : at;
}

/* Places an operand of @type in the scratchpad where the data are likely of its kind. */
static uint32_t place_typed(struct gen *g, unsigned int type, uint64_t bytes, uint32_t align)
{
	static const uint8_t kind_of[LOOM_NUM_TYPES] = {
		[LOOM_F32] = SMALL_F32, [LOOM_F16] = SMALL_F16, [LOOM_BF16] = SMALL_BF16,
	};
	uint32_t kind, at;

	if (!(LOOM_TYPES(type) & LOOM_TYPES_FLOAT) || chance(g, 30))
		return place(g, GEN_SPM_BYTES, bytes, align);
	kind = kind_of[type];
	at = gen_below(g, 8) * 8192 + kind * 1024 + (gen_below(g, 512) & ~(align - 1));
	return at + bytes <= GEN_SPM_BYTES ? at : place(g, GEN_SPM_BYTES, bytes, align);
}

/* Bytes between rows of @bytes: tight, or with a gap; rarely too small. */
static uint32_t pitch(struct gen *g, uint32_t bytes, uint32_t align, bool zero_ok)
{
	if (zero_ok && chance(g, 3))
		return 0;
	bytes = (bytes + align - 1) & ~(align - 1);
	if (chance(g, 1) && bytes > align)
		return bytes - align;
	return bytes + (chance(g, 50) ? 0 : align * gen_below(g, 20));
}

static unsigned int type_of(struct gen *g, uint32_t set)
{
	unsigned int t;

	do
		t = gen_below(g, LOOM_NUM_TYPES);
	while (!(LOOM_TYPES(t) & set));
	return t;
}

static uint32_t bytes_of(unsigned int type, uint32_t n)
{
	return type == LOOM_S4 ? (n + 1) / 2 : n * loom_type_bytes(type);
}

static int16_t zero_point(struct gen *g, unsigned int type)
{
	if (!(LOOM_TYPES(type) & (LOOM_TYPES_INT8 | LOOM_TYPES(LOOM_S4))) || chance(g, 40))
		return 0;
	return (int16_t)((int)gen_below(g, 384) - 128);
}

static void operand_types(struct gen *g, uint8_t *a, uint8_t *b)
{
	*a = (uint8_t)type_of(g, LOOM_TYPES_MXU_A);
	if (LOOM_TYPES(*a) & LOOM_TYPES_INT8)
		*b = (uint8_t)type_of(g, LOOM_TYPES_INT8 | LOOM_TYPES(LOOM_S4));
	else if (LOOM_TYPES(*a) & LOOM_TYPES_FP8)
		*b = (uint8_t)type_of(g, LOOM_TYPES_FP8);
	else
		*b = *a;
}

static uint32_t align_of(unsigned int type)
{
	return type == LOOM_S4 ? 1 : loom_type_bytes(type);
}

static void gen_mm(struct gen *g, union loom_any *u)
{
	struct loom_mm *d = &u->mm;
	uint32_t am, ak, bk, bn;

	head(u, LOOM_OP_MM);
	operand_types(g, &d->a_type, &d->b_type);
	d->m = size(g, 200);
	d->n = size(g, 700);
	d->k = size(g, 700);
	while ((uint64_t)d->m * d->n * d->k > 60000)
		d->m = (d->m + 1) / 2, d->n = (d->n + 1) / 2;
	d->flags = (uint8_t)(gen_next(g) & (LOOM_MXU_ZERO | LOOM_MXU_TRANS_A | LOOM_MXU_TRANS_B));
	d->a_zp = zero_point(g, d->a_type);
	d->b_zp = zero_point(g, d->b_type);
	am = d->flags & LOOM_MXU_TRANS_A ? d->k : d->m;
	ak = d->flags & LOOM_MXU_TRANS_A ? d->m : d->k;
	bk = d->flags & LOOM_MXU_TRANS_B ? d->n : d->k;
	bn = d->flags & LOOM_MXU_TRANS_B ? d->k : d->n;
	d->lda = pitch(g, bytes_of(d->a_type, ak), align_of(d->a_type), true);
	d->ldb = pitch(g, bytes_of(d->b_type, bn), align_of(d->b_type), true);
	d->ldc = pitch(g, 4 * d->n, 4, false);
	d->a = place_typed(g, d->a_type, (uint64_t)(am - 1) * d->lda + bytes_of(d->a_type, ak),
			   align_of(d->a_type));
	d->b = place_typed(g, d->b_type, (uint64_t)(bk - 1) * d->ldb + bytes_of(d->b_type, bn),
			   align_of(d->b_type));
	d->c = place(g, GEN_ACC_BYTES, (uint64_t)(d->m - 1) * d->ldc + 4 * d->n, 4);
}

static void gen_conv(struct gen *g, union loom_any *u)
{
	struct loom_conv *d = &u->conv;
	uint32_t rows, cols, al;

	head(u, LOOM_OP_CONV);
	operand_types(g, &d->a_type, &d->b_type);
	d->flags = (uint8_t)(gen_next(g) & (LOOM_MXU_ZERO | LOOM_MXU_TRANS_B | LOOM_MXU_ROTATE));
	d->a_zp = zero_point(g, d->a_type);
	d->b_zp = zero_point(g, d->b_type);
	d->n = between(g, 1, 2);
	d->oh = between(g, 1, 8);
	d->ow = between(g, 1, 8);
	d->ih = between(g, 1, 12);
	d->iw = between(g, 1, 12);
	d->ic = size(g, 60);
	d->oc = size(g, 40);
	d->kh = (uint16_t)between(g, 1, 4);
	d->kw = (uint16_t)between(g, 1, 4);
	d->sy = (uint16_t)between(g, 1, 3);
	d->sx = (uint16_t)between(g, 1, 3);
	d->dy = (uint16_t)(chance(g, 60) ? 1 : between(g, 1, 3));
	d->dx = (uint16_t)(chance(g, 60) ? 1 : between(g, 1, 3));
	d->pad_y = (int16_t)((int)gen_below(g, 6) - 1);
	d->pad_x = (int16_t)((int)gen_below(g, 6) - 1);
	d->idy = (uint8_t)(chance(g, 70) ? 1 : between(g, 1, 3));
	d->idx = (uint8_t)(chance(g, 70) ? 1 : between(g, 1, 3));
	while ((uint64_t)d->n * d->oh * d->ow * d->oc * d->ic * d->kh * d->kw > 80000) {
		d->oh = (d->oh + 1) / 2;
		d->oc = (d->oc + 1) / 2;
		d->ic = (d->ic + 1) / 2;
	}
	al = align_of(d->a_type);
	d->in_stride_x = pitch(g, bytes_of(d->a_type, d->ic), al, true);
	d->in_stride_y = pitch(g, d->iw * d->in_stride_x, al, true);
	d->in_stride_n = pitch(g, d->ih * d->in_stride_y, al, true);
	d->in = place_typed(g, d->a_type, (uint64_t)d->n * d->in_stride_n + bytes_of(d->a_type, d->ic), al);
	rows = d->flags & LOOM_MXU_TRANS_B ? d->oc : d->ic;
	cols = bytes_of(d->b_type, d->flags & LOOM_MXU_TRANS_B ? d->ic : d->oc);
	al = align_of(d->b_type);
	d->w_stride_c = pitch(g, cols, al, true);
	d->w_stride_tap = pitch(g, rows * d->w_stride_c, al, true);
	d->w = place_typed(g, d->b_type, (uint64_t)d->kh * d->kw * d->w_stride_tap + cols, al);
	d->out_stride = pitch(g, 4 * d->oc, 4, false);
	d->out = place(g, GEN_ACC_BYTES, (uint64_t)d->n * d->oh * d->ow * d->out_stride, 4);
}

static void gen_accinit(struct gen *g, union loom_any *u)
{
	struct loom_accinit *d = &u->accinit;

	head(u, LOOM_OP_ACCINIT);
	d->m = size(g, 60);
	d->n = size(g, 60);
	d->ldc = pitch(g, 4 * d->n, 4, false);
	d->acc = place(g, GEN_ACC_BYTES, (uint64_t)d->m * d->ldc, 4);
	d->flags = gen_below(g, 2);
	if (d->flags)
		d->bias = place(g, GEN_SPM_BYTES, 4 * d->n, 4);
	else
		d->value = word(g, gen_below(g, NUM_KINDS));
}

/* A matrix operand of the vector unit; @acc: it may lie in the accumulators. */
static void matrix(struct gen *g, uint32_t m, uint32_t n, unsigned int type, bool reads, bool acc, uint32_t *addr,
		   uint32_t *ld)
{
	uint32_t bytes = n * loom_type_bytes(type), al = loom_type_bytes(type);

	*ld = pitch(g, bytes, al, reads);
	if (acc && al == 4 && chance(g, 50))
		*addr = LOOM_ACC | place(g, GEN_ACC_BYTES, (uint64_t)(m - 1) * *ld + bytes, al);
	else if (reads)
		*addr = place_typed(g, type, (uint64_t)(m - 1) * *ld + bytes, al);
	else
		*addr = place(g, GEN_SPM_BYTES, (uint64_t)(m - 1) * *ld + bytes, al);
}

static void gen_requant(struct gen *g, union loom_any *u)
{
	struct loom_requant *d = &u->requant;
	int min;

	head(u, LOOM_OP_REQUANT);
	d->m = size(g, 60);
	d->n = size(g, 300);
	d->mode = (uint8_t)between(g, 1, 2);
	d->dst_type = (uint8_t)type_of(g, LOOM_TYPES_INT8);
	d->flags = (uint8_t)gen_below(g, 2);
	matrix(g, d->m, d->n, LOOM_S32, true, true, &d->src, &d->lds);
	matrix(g, d->m, d->n, d->dst_type, false, false, &d->dst, &d->ldd);
	min = d->dst_type == LOOM_S8 ? -128 : 0;
	d->zp = (int16_t)(min + (int)gen_below(g, 256));
	d->lo = (int16_t)(chance(g, 50) ? min : min + (int)gen_below(g, 128));
	d->hi = (int16_t)(chance(g, 50) ? min + 255 : min + 128 + (int)gen_below(g, 128));
	if (d->flags) {
		d->scale = place_typed(g, LOOM_F32, 4 * d->n, 4);
		d->shift = d->mode == LOOM_RQ_Q31 ? place(g, GEN_SPM_BYTES, 4 * d->n, 4) : 0;
	} else if (d->mode == LOOM_RQ_F32) {
		d->scale = chance(g, 80) ? 0x2f000000 + (uint32_t)(gen_next(g) & 0x0fffffff) : special32(g);
	} else {
		d->scale = (uint32_t)gen_next(g) >> gen_below(g, 2);
		d->shift = (uint32_t)((int)gen_below(g, 62) - 31);
	}
}

static bool gen_stages(struct gen *g, struct loom_ewise *d, unsigned int which)
{
	bool used = false;

	for (int i = 0; i < LOOM_EW_STAGES; i++)
		used = used || d->stage[i].operand == which;
	return used;
}

static void gen_ewise(struct gen *g, union loom_any *u)
{
	struct loom_ewise *d = &u->ewise;

	head(u, LOOM_OP_EWISE);
	d->m = size(g, 40);
	d->n = size(g, 600);
	d->src0_type = (uint8_t)type_of(g, LOOM_TYPES_EWISE);
	d->src1_type = (uint8_t)(chance(g, 50) ? LOOM_TYPE_NONE : type_of(g, LOOM_TYPES_EWISE));
	d->dst_type = (uint8_t)type_of(g, LOOM_TYPES_EWISE);
	d->zp0 = d->src0_type == LOOM_S32 ? 0 : zero_point(g, d->src0_type);
	d->zp1 = d->src1_type == LOOM_S32 || !d->src1_type ? 0 : zero_point(g, d->src1_type);
	d->zpd = d->dst_type == LOOM_S32 ? 0 : zero_point(g, d->dst_type);
	for (uint32_t i = 0, n = gen_below(g, LOOM_EW_STAGES + 1); i < n; i++) {
		uint8_t op = (uint8_t)between(g, 1, LOOM_NUM_EW_OPS - 1);

		d->stage[i].op = op;
		if (op < LOOM_EW_ABS || op > LOOM_EW_RNE)
			do
				d->stage[i].operand = (uint8_t)between(g, 1, LOOM_NUM_EWS - 1);
			while (!d->src1_type && d->stage[i].operand == LOOM_EWS_SRC1);
	}
	for (int i = 0; i < 4; i++)
		d->imm[i] = word(g, gen_below(g, 2) ? SMALL_F32 : SPECIAL_F32);
	matrix(g, d->m, d->n, d->src0_type, true, true, &d->src0, &d->lds0);
	if (d->src1_type)
		matrix(g, d->m, d->n, d->src1_type, true, true, &d->src1, &d->lds1);
	matrix(g, d->m, d->n, d->dst_type, false, true, &d->dst, &d->ldd);
	if (chance(g, 25) && loom_type_bytes(d->dst_type) == loom_type_bytes(d->src0_type)) {
		d->ldd = d->lds0;
		d->dst = d->src0;
	}
	if (gen_stages(g, d, LOOM_EWS_VEC0))
		d->vec0 = place_typed(g, LOOM_F32, 4 * d->n, 4);
	if (gen_stages(g, d, LOOM_EWS_VEC1))
		d->vec1 = place_typed(g, LOOM_F32, 4 * d->n, 4);
}

static void gen_lut(struct gen *g, union loom_any *u)
{
	struct loom_lut *d = &u->lut;

	head(u, LOOM_OP_LUT);
	d->m = size(g, 40);
	d->n = size(g, 300);
	d->elem = (uint8_t)(1u << gen_below(g, 3));
	d->lds = pitch(g, d->n, 1, true);
	d->ldd = pitch(g, d->n * d->elem, d->elem, false);
	d->src = place(g, GEN_SPM_BYTES, (uint64_t)d->m * d->lds, 1);
	d->dst = place(g, GEN_SPM_BYTES, (uint64_t)d->m * d->ldd, d->elem);
	d->table = place(g, GEN_SPM_BYTES, 256u * d->elem, d->elem);
	if (d->elem == 1 && chance(g, 20)) {
		d->dst = d->src;
		d->ldd = d->lds;
	}
}

static void gen_pool(struct gen *g, union loom_any *u)
{
	struct loom_pool *d = &u->pool;
	uint32_t al;

	head(u, LOOM_OP_POOL);
	d->type = (uint8_t)type_of(g, LOOM_TYPES_INT8 | LOOM_TYPES_FLOAT);
	d->mode = (uint8_t)between(g, 1, 3);
	d->n = between(g, 1, 2);
	d->ih = between(g, 1, 10);
	d->iw = between(g, 1, 10);
	d->oh = between(g, 1, 6);
	d->ow = between(g, 1, 6);
	d->c = size(g, 300);
	d->kh = (uint16_t)between(g, 1, 4);
	d->kw = (uint16_t)between(g, 1, 4);
	d->sy = (uint16_t)between(g, 1, 3);
	d->sx = (uint16_t)between(g, 1, 3);
	d->dy = (uint16_t)(chance(g, 70) ? 1 : 2);
	d->dx = (uint16_t)(chance(g, 70) ? 1 : 2);
	d->pad_y = (int16_t)((int)gen_below(g, 6) - 1);
	d->pad_x = (int16_t)((int)gen_below(g, 6) - 1);
	d->zp_in = zero_point(g, d->type);
	d->zp_out = zero_point(g, d->type);
	d->scale = 0x3f800000;
	if (d->mode != LOOM_POOL_MAX && LOOM_TYPES(d->type) & LOOM_TYPES_INT8)
		d->scale = word(g, chance(g, 90) ? SMALL_F32 : SPECIAL_F32);
	al = loom_type_bytes(d->type);
	d->in_stride_x = pitch(g, d->c * al, al, true);
	d->in_stride_y = pitch(g, d->iw * d->in_stride_x, al, true);
	d->in_stride_n = pitch(g, d->ih * d->in_stride_y, al, true);
	d->out_stride = pitch(g, d->c * al, al, false);
	d->in = place_typed(g, d->type, (uint64_t)d->n * d->in_stride_n + d->c * al, al);
	d->out = place(g, GEN_SPM_BYTES, (uint64_t)d->n * d->oh * d->ow * d->out_stride, al);
}

static void gen_reduce(struct gen *g, union loom_any *u)
{
	struct loom_reduce *d = &u->reduce;
	uint32_t count, al;

	head(u, LOOM_OP_REDUCE);
	d->m = size(g, 100);
	d->n = size(g, 600);
	d->op = (uint8_t)between(g, 1, 5);
	d->src_type = (uint8_t)type_of(g, LOOM_TYPES_EWISE);
	d->dst_type = (uint8_t)(d->op == LOOM_REDUCE_ARGMAX ? LOOM_S32 : type_of(g, LOOM_TYPES_EWISE));
	d->flags = (uint8_t)gen_below(g, 2);
	d->zp = d->src_type == LOOM_S32 ? 0 : zero_point(g, d->src_type);
	d->zpd = d->dst_type == LOOM_S32 ? 0 : zero_point(g, d->dst_type);
	d->scale = d->op == LOOM_REDUCE_ARGMAX || chance(g, 50) ? 0x3f800000 : word(g, SMALL_F32);
	matrix(g, d->m, d->n, d->src_type, true, true, &d->src, &d->lds);
	al = loom_type_bytes(d->dst_type);
	count = d->flags ? d->n : d->m;
	d->ldd = pitch(g, al, al, false);
	d->dst = place(g, GEN_SPM_BYTES, (uint64_t)(count - 1) * d->ldd + al, al);
}

static void gen_rows(struct gen *g, union loom_any *u)
{
	struct loom_rows *d = &u->rows;

	head(u, (uint8_t)(gen_below(g, 2) ? LOOM_OP_SOFTMAX : LOOM_OP_LAYERNORM));
	d->m = size(g, 10);
	d->n = size(g, 600);
	d->src_type = (uint8_t)type_of(g, LOOM_TYPES_FLOAT);
	d->dst_type = (uint8_t)type_of(g, LOOM_TYPES_FLOAT);
	matrix(g, d->m, d->n, d->src_type, true, false, &d->src, &d->lds);
	matrix(g, d->m, d->n, d->dst_type, false, false, &d->dst, &d->ldd);
	d->eps = chance(g, 90) ? 0x3e000000 + gen_below(g, 1u << 23) : special32(g);
	if (d->d.op == LOOM_OP_LAYERNORM) {
		d->gamma = place_typed(g, LOOM_F32, 4 * d->n, 4);
		d->beta = place_typed(g, LOOM_F32, 4 * d->n, 4);
	}
	if (chance(g, 25) && loom_type_bytes(d->src_type) == loom_type_bytes(d->dst_type)) {
		d->dst = d->src;
		d->ldd = d->lds;
	}
}

static void gen_plut(struct gen *g, union loom_any *u)
{
	struct loom_plut *d = &u->plut;

	head(u, LOOM_OP_PLUT);
	d->m = size(g, 20);
	d->n = size(g, 300);
	d->src_type = (uint8_t)type_of(g, LOOM_TYPES_FLOAT);
	d->dst_type = (uint8_t)type_of(g, LOOM_TYPES_FLOAT);
	d->segments = size(g, 256);
	matrix(g, d->m, d->n, d->src_type, true, false, &d->src, &d->lds);
	matrix(g, d->m, d->n, d->dst_type, false, false, &d->dst, &d->ldd);
	d->table = place_typed(g, LOOM_F32, 12 * d->segments, 4);
}

static void gen_dwconv(struct gen *g, union loom_any *u)
{
	struct loom_dwconv *d = &u->dwconv;
	uint32_t al, cols;

	head(u, LOOM_OP_DWCONV);
	operand_types(g, &d->a_type, &d->b_type);
	d->flags = (uint8_t)(gen_next(g) & LOOM_MXU_ZERO);
	d->a_zp = zero_point(g, d->a_type);
	d->b_zp = zero_point(g, d->b_type);
	d->n = between(g, 1, 2);
	d->oh = between(g, 1, 5);
	d->ow = between(g, 1, 5);
	d->ih = between(g, 1, 8);
	d->iw = between(g, 1, 8);
	d->c = size(g, 300);
	d->kh = (uint16_t)between(g, 1, 4);
	d->kw = (uint16_t)between(g, 1, 4);
	d->sy = (uint16_t)between(g, 1, 3);
	d->sx = (uint16_t)between(g, 1, 3);
	d->dy = (uint16_t)between(g, 1, 2);
	d->dx = (uint16_t)between(g, 1, 2);
	d->pad_y = (int16_t)((int)gen_below(g, 6) - 1);
	d->pad_x = (int16_t)((int)gen_below(g, 6) - 1);
	al = align_of(d->a_type);
	d->in_stride_x = pitch(g, bytes_of(d->a_type, d->c), al, true);
	d->in_stride_y = pitch(g, d->iw * d->in_stride_x, al, true);
	d->in_stride_n = pitch(g, d->ih * d->in_stride_y, al, true);
	d->in = place_typed(g, d->a_type, (uint64_t)d->n * d->in_stride_n + bytes_of(d->a_type, d->c), al);
	al = align_of(d->b_type);
	cols = bytes_of(d->b_type, d->c);
	d->w_stride_tap = pitch(g, cols, al, true);
	d->w = place_typed(g, d->b_type, (uint64_t)d->kh * d->kw * d->w_stride_tap + cols, al);
	d->out_stride = pitch(g, 4 * d->c, 4, false);
	d->out = place(g, GEN_ACC_BYTES, (uint64_t)d->n * d->oh * d->ow * d->out_stride, 4);
}

/* Strides of a walk over one side: a random order of dimensions, tight or with gaps, some reversed. */
static uint64_t walk(struct gen *g, const struct loom_dma *d, __s64 *stride, int64_t *first)
{
	uint32_t order[LOOM_DIMS] = { 0, 1, 2, 3, 4 };
	uint64_t span = d->elem;
	bool plain = chance(g, 50);

	*first = 0;
	for (uint32_t i = LOOM_DIMS - 1; i && !plain; i--) {
		uint32_t j = gen_below(g, i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (int i = 0; i < LOOM_DIMS; i++) {
		uint32_t dim = order[i];
		uint64_t step = span + (chance(g, 70) ? 0 : gen_below(g, 9));

		if (chance(g, 4))
			step = gen_below(g, d->elem + 1u);	/* overlapping */
		stride[dim] = (int64_t)step;
		if (chance(g, 8)) {
			stride[dim] = -stride[dim];
			*first += (int64_t)(step * (d->n[dim] - 1));
		}
		span += step * (d->n[dim] - 1);
	}
	return span;
}

static void gen_dma(struct gen *g, union loom_any *u)
{
	struct loom_dma *d = &u->dma;
	__s64 stride[LOOM_DIMS];
	int64_t first;
	uint64_t span;

	head(u, (uint8_t)(chance(g, 40) ? LOOM_OP_LOAD : chance(g, 60) ? LOOM_OP_STORE : LOOM_OP_FILL));
	d->elem = (uint8_t)(1u << gen_below(g, 5));
	for (int i = 0; i < LOOM_DIMS; i++)
		d->n[i] = chance(g, 40) ? 1 : between(g, 1, i ? 6 : 40);
	span = walk(g, d, stride, &first);
	d->spm = place(g, GEN_SPM_BYTES, span, 1) + (uint32_t)first;
	for (int i = 0; i < LOOM_DIMS; i++)
		d->spm_stride[i] = (int32_t)stride[i];
	if (d->d.op == LOOM_OP_FILL) {
		d->value = (uint32_t)gen_next(g);
		return;
	}
	span = walk(g, d, d->va_stride, &first);
	if (span > GEN_DRAM_BYTES - GEN_DRAM_DATA) {
		memset(d->va_stride, 0, sizeof(d->va_stride));
		span = d->elem;
		first = 0;
	}
	d->va = GEN_DRAM_DATA + gen_below(g, (uint32_t)(GEN_DRAM_BYTES - GEN_DRAM_DATA - span + 1)) +
		(uint64_t)first;
}

static void gen_gather(struct gen *g, union loom_any *u)
{
	struct loom_gather *d = &u->gather;

	head(u, (uint8_t)(gen_below(g, 2) ? LOOM_OP_GATHER : LOOM_OP_SCATTER));
	d->count = size(g, 30);
	d->row_bytes = size(g, 200);
	d->limit = chance(g, 90) ? 64 : between(g, 1, 64);
	d->row_stride = (int64_t)d->row_bytes + gen_below(g, 8);
	d->va = GEN_DRAM_DATA + gen_below(g, 65536);
	d->spm_stride = pitch(g, d->row_bytes, 1, false);
	d->spm = place(g, GEN_SPM_BYTES, (uint64_t)d->count * d->spm_stride, 1);
	d->index = gen_below(g, 8) * 8192 + SMALL_INT * 1024 + gen_below(g, 64) * 4;
	if (chance(g, 5))
		d->index = place(g, GEN_SPM_BYTES, 4 * d->count, 4);
}

/* One bit of a legal descriptor turned over. */
static void mutate(struct gen *g, union loom_any *u, uint32_t slots)
{
	uint32_t bit = gen_below(g, slots * LOOM_SLOT_BYTES * 8);

	u->byte[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

uint32_t gen_desc(struct gen *g, union loom_any *u)
{
	static void (*const makers[])(struct gen *g, union loom_any *u) = {
		gen_mm, gen_mm, gen_conv, gen_conv, gen_accinit, gen_requant, gen_ewise, gen_ewise, gen_lut,
		gen_pool, gen_reduce, gen_dma, gen_dma, gen_gather, gen_rows, gen_plut, gen_dwconv,
	};
	const struct loom_op_info *info;

	makers[gen_below(g, sizeof(makers) / sizeof(makers[0]))](g, u);
	info = loom_op_find(u->d.op);
	if (chance(g, 4))
		mutate(g, u, info->slots);
	info = loom_op_find(u->d.op);
	return info ? info->slots : 1;
}

uint64_t gen_work(const union loom_any *u)
{
	const struct loom_op op = { .u = *u };
	uint64_t work = loom_op_macs(&op);

	switch (u->d.op) {
	case LOOM_OP_LOAD:
	case LOOM_OP_STORE:
	case LOOM_OP_FILL:
		work = u->dma.elem;
		for (int i = 0; i < LOOM_DIMS && work < 1u << 30; i++)
			work *= u->dma.n[i];
		break;
	case LOOM_OP_REQUANT:
		work = (uint64_t)u->requant.m * u->requant.n;
		break;
	case LOOM_OP_EWISE:
		work = (uint64_t)u->ewise.m * u->ewise.n;
		break;
	case LOOM_OP_LUT:
		work = (uint64_t)u->lut.m * u->lut.n;
		break;
	case LOOM_OP_POOL:
		work = (uint64_t)u->pool.kh * u->pool.kw * u->pool.oh * u->pool.ow;
		work = work < 1u << 20 ? work * u->pool.n * u->pool.c : work;
		break;
	case LOOM_OP_SOFTMAX:
	case LOOM_OP_LAYERNORM:
		work = 8ull * u->rows.m * u->rows.n;
		break;
	case LOOM_OP_PLUT:
		work = (uint64_t)u->plut.m * u->plut.n * u->plut.segments;
		break;
	case LOOM_OP_DWCONV:
		work = (uint64_t)u->dwconv.kh * u->dwconv.kw * u->dwconv.oh * u->dwconv.ow;
		work = work < 1u << 20 ? work * u->dwconv.n * u->dwconv.c : work;
		break;
	case LOOM_OP_REDUCE:
		work = (uint64_t)u->reduce.m * u->reduce.n;
		break;
	case LOOM_OP_GATHER:
	case LOOM_OP_SCATTER:
		work = (uint64_t)u->gather.count * u->gather.row_bytes;
		break;
	}
	return work;
}
