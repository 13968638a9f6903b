/* SPDX-License-Identifier: MIT */
/* A maker for each operation: legal most of the time, with every flag, type, stride and edge in reach. */
#include "gen_priv.h"

#include <string.h>

#include <loom/isa_table.h>

void gen_mm(struct gen *g, union loom_any *u)
{
	struct loom_mm *d = &u->mm;
	uint32_t am, ak, bk, bn, stored;

	gen_head(u, LOOM_OP_MM);
	gen_operand_types(g, &d->a_type, &d->b_type);
	d->m = gen_size(g, 200);
	d->n = gen_size(g, 700);
	d->k = gen_size(g, 700);
	while ((uint64_t)d->m * d->n * d->k > 60000)
		d->m = (d->m + 1) / 2, d->n = (d->n + 1) / 2;
	d->flags = (uint8_t)(gen_next(g) & (LOOM_MXU_ZERO | LOOM_MXU_TRANS_A | LOOM_MXU_TRANS_B));
	if (gen_chance(g, 30)) {
		d->flags |= LOOM_MXU_SPARSE24;
		d->k = (d->k + 3) & ~3u;
		d->meta = gen_place(g, GEN_SPM_BYTES, d->flags & LOOM_MXU_TRANS_B ? d->n * ((d->k + 7) / 8) :
				    d->k / 4 * ((d->n + 1) / 2), 1);
	}
	d->a_zp = gen_zero_point(g, d->a_type);
	d->b_zp = gen_zero_point(g, d->b_type);
	am = d->flags & LOOM_MXU_TRANS_A ? d->k : d->m;
	ak = d->flags & LOOM_MXU_TRANS_A ? d->m : d->k;
	stored = d->flags & LOOM_MXU_SPARSE24 ? d->k / 2 : d->k;
	bk = d->flags & LOOM_MXU_TRANS_B ? d->n : stored;
	bn = d->flags & LOOM_MXU_TRANS_B ? stored : d->n;
	d->lda = gen_pitch(g, gen_bytes_of(d->a_type, ak), gen_align_of(d->a_type), true);
	d->ldb = gen_pitch(g, gen_bytes_of(d->b_type, bn), gen_align_of(d->b_type), true);
	d->ldc = gen_pitch(g, 4 * d->n, 4, false);
	d->a = gen_place_typed(g, d->a_type, (uint64_t)(am - 1) * d->lda + gen_bytes_of(d->a_type, ak),
			   gen_align_of(d->a_type));
	d->b = gen_place_typed(g, d->b_type, (uint64_t)(bk - 1) * d->ldb + gen_bytes_of(d->b_type, bn),
			   gen_align_of(d->b_type));
	d->c = gen_place(g, GEN_ACC_BYTES, (uint64_t)(d->m - 1) * d->ldc + 4 * d->n, 4);
}

void gen_conv(struct gen *g, union loom_any *u)
{
	struct loom_conv *d = &u->conv;
	uint32_t rows, cols, al, stored;

	gen_head(u, LOOM_OP_CONV);
	gen_operand_types(g, &d->a_type, &d->b_type);
	d->flags = (uint8_t)(gen_next(g) & (LOOM_MXU_ZERO | LOOM_MXU_TRANS_B | LOOM_MXU_ROTATE));
	d->a_zp = gen_zero_point(g, d->a_type);
	d->b_zp = gen_zero_point(g, d->b_type);
	d->n = gen_between(g, 1, 2);
	d->oh = gen_between(g, 1, 8);
	d->ow = gen_between(g, 1, 8);
	d->ih = gen_between(g, 1, 12);
	d->iw = gen_between(g, 1, 12);
	d->ic = gen_size(g, 60);
	d->oc = gen_size(g, 40);
	d->kh = (uint16_t)gen_between(g, 1, 4);
	d->kw = (uint16_t)gen_between(g, 1, 4);
	d->sy = (uint16_t)gen_between(g, 1, 3);
	d->sx = (uint16_t)gen_between(g, 1, 3);
	d->dy = (uint16_t)(gen_chance(g, 60) ? 1 : gen_between(g, 1, 3));
	d->dx = (uint16_t)(gen_chance(g, 60) ? 1 : gen_between(g, 1, 3));
	d->pad_y = (int16_t)((int)gen_below(g, 6) - 1);
	d->pad_x = (int16_t)((int)gen_below(g, 6) - 1);
	d->idy = (uint8_t)(gen_chance(g, 70) ? 1 : gen_between(g, 1, 3));
	d->idx = (uint8_t)(gen_chance(g, 70) ? 1 : gen_between(g, 1, 3));
	while ((uint64_t)d->n * d->oh * d->ow * d->oc * d->ic * d->kh * d->kw > 80000) {
		d->oh = (d->oh + 1) / 2;
		d->oc = (d->oc + 1) / 2;
		d->ic = (d->ic + 1) / 2;
	}
	al = gen_align_of(d->a_type);
	d->in_stride_x = gen_pitch(g, gen_bytes_of(d->a_type, d->ic), al, true);
	d->in_stride_y = gen_pitch(g, d->iw * d->in_stride_x, al, true);
	d->in_stride_n = gen_pitch(g, d->ih * d->in_stride_y, al, true);
	d->in = gen_place_typed(g, d->a_type, (uint64_t)d->n * d->in_stride_n + gen_bytes_of(d->a_type, d->ic), al);
	if (!(d->ic & 3) && gen_chance(g, 50)) {
		d->flags |= LOOM_MXU_SPARSE24;
		d->meta = gen_place(g, GEN_SPM_BYTES, d->kh * d->kw * (d->flags & LOOM_MXU_TRANS_B ?
				    d->oc * ((d->ic + 7) / 8) : d->ic / 4 * ((d->oc + 1) / 2)), 1);
	}
	stored = d->flags & LOOM_MXU_SPARSE24 ? d->ic / 2 : d->ic;
	rows = d->flags & LOOM_MXU_TRANS_B ? d->oc : stored;
	cols = gen_bytes_of(d->b_type, d->flags & LOOM_MXU_TRANS_B ? stored : d->oc);
	al = gen_align_of(d->b_type);
	d->w_stride_c = gen_pitch(g, cols, al, true);
	d->w_stride_tap = gen_pitch(g, rows * d->w_stride_c, al, true);
	d->w = gen_place_typed(g, d->b_type, (uint64_t)d->kh * d->kw * d->w_stride_tap + cols, al);
	d->out_stride = gen_pitch(g, 4 * d->oc, 4, false);
	d->out = gen_place(g, GEN_ACC_BYTES, (uint64_t)d->n * d->oh * d->ow * d->out_stride, 4);
}

void gen_accinit(struct gen *g, union loom_any *u)
{
	struct loom_accinit *d = &u->accinit;

	gen_head(u, LOOM_OP_ACCINIT);
	d->m = gen_size(g, 60);
	d->n = gen_size(g, 60);
	d->ldc = gen_pitch(g, 4 * d->n, 4, false);
	d->acc = gen_place(g, GEN_ACC_BYTES, (uint64_t)d->m * d->ldc, 4);
	d->flags = gen_below(g, 2);
	if (d->flags)
		d->bias = gen_place(g, GEN_SPM_BYTES, 4 * d->n, 4);
	else
		d->value = gen_word(g, gen_below(g, NUM_KINDS));
}

/* A matrix operand of the vector unit; @acc: it may lie in the accumulators. */
static void matrix(struct gen *g, uint32_t m, uint32_t n, unsigned int type, bool reads, bool acc, uint32_t *addr,
		   uint32_t *ld)
{
	uint32_t bytes = n * loom_type_bytes(type), al = loom_type_bytes(type);

	*ld = gen_pitch(g, bytes, al, reads);
	if (acc && al == 4 && gen_chance(g, 50))
		*addr = LOOM_ACC | gen_place(g, GEN_ACC_BYTES, (uint64_t)(m - 1) * *ld + bytes, al);
	else if (reads)
		*addr = gen_place_typed(g, type, (uint64_t)(m - 1) * *ld + bytes, al);
	else
		*addr = gen_place(g, GEN_SPM_BYTES, (uint64_t)(m - 1) * *ld + bytes, al);
}

void gen_requant(struct gen *g, union loom_any *u)
{
	struct loom_requant *d = &u->requant;
	int min;

	gen_head(u, LOOM_OP_REQUANT);
	d->m = gen_size(g, 60);
	d->n = gen_size(g, 300);
	d->mode = (uint8_t)gen_between(g, 1, 2);
	d->dst_type = (uint8_t)gen_type_of(g, LOOM_TYPES_INT8);
	d->flags = (uint8_t)gen_below(g, 2);
	matrix(g, d->m, d->n, LOOM_S32, true, true, &d->src, &d->lds);
	matrix(g, d->m, d->n, d->dst_type, false, false, &d->dst, &d->ldd);
	min = d->dst_type == LOOM_S8 ? -128 : 0;
	d->zp = (int16_t)(min + (int)gen_below(g, 256));
	d->lo = (int16_t)(gen_chance(g, 50) ? min : min + (int)gen_below(g, 128));
	d->hi = (int16_t)(gen_chance(g, 50) ? min + 255 : min + 128 + (int)gen_below(g, 128));
	if (d->flags) {
		d->scale = gen_place_typed(g, LOOM_F32, 4 * d->n, 4);
		d->shift = d->mode == LOOM_RQ_Q31 ? gen_place(g, GEN_SPM_BYTES, 4 * d->n, 4) : 0;
	} else if (d->mode == LOOM_RQ_F32) {
		d->scale = gen_chance(g, 80) ? 0x2f000000 + (uint32_t)(gen_next(g) & 0x0fffffff) : gen_special32(g);
	} else {
		d->scale = (uint32_t)gen_next(g) >> gen_below(g, 2);
		d->shift = (uint32_t)((int)gen_below(g, 62) - 31);
	}
}

static bool gen_stages(struct gen *g, struct loom_ewise *d, unsigned int which)
{
	bool used = false;

	for (int i = 0; i < LOOM_EW_STAGES; i++)
		used = used || LOOM_EWS_FIRST(d->stage[i].operand) == which ||
		       LOOM_EWS_SECOND(d->stage[i].operand) == which;
	return used;
}

static uint8_t gen_operand(struct gen *g, const struct loom_ewise *d)
{
	uint8_t operand;

	do
		operand = (uint8_t)gen_between(g, 1, LOOM_NUM_EWS - 1);
	while (!d->src1_type && operand == LOOM_EWS_SRC1);
	return operand;
}

void gen_ewise(struct gen *g, union loom_any *u)
{
	struct loom_ewise *d = &u->ewise;

	gen_head(u, LOOM_OP_EWISE);
	d->m = gen_size(g, 40);
	d->n = gen_size(g, 600);
	d->src0_type = (uint8_t)gen_type_of(g, LOOM_TYPES_EWISE);
	d->src1_type = (uint8_t)(gen_chance(g, 50) ? LOOM_TYPE_NONE : gen_type_of(g, LOOM_TYPES_EWISE));
	d->dst_type = (uint8_t)gen_type_of(g, LOOM_TYPES_EWISE);
	d->zp0 = d->src0_type == LOOM_S32 ? 0 : gen_zero_point(g, d->src0_type);
	d->zp1 = d->src1_type == LOOM_S32 || !d->src1_type ? 0 : gen_zero_point(g, d->src1_type);
	d->zpd = d->dst_type == LOOM_S32 ? 0 : gen_zero_point(g, d->dst_type);
	for (uint32_t i = 0, n = gen_below(g, LOOM_EW_STAGES + 1); i < n; i++) {
		uint8_t op = (uint8_t)gen_between(g, 1, LOOM_NUM_EW_OPS - 1);

		d->stage[i].op = op;
		if (op < LOOM_EW_ABS || op > LOOM_EW_RNE)
			d->stage[i].operand = gen_operand(g, d);
		if (op == LOOM_EW_FMA || op == LOOM_EW_MAC)
			d->stage[i].operand = (uint8_t)LOOM_EWS_PAIR(d->stage[i].operand, gen_operand(g, d));
	}
	for (int i = 0; i < 4; i++)
		d->imm[i] = gen_word(g, gen_below(g, 2) ? SMALL_F32 : SPECIAL_F32);
	matrix(g, d->m, d->n, d->src0_type, true, true, &d->src0, &d->lds0);
	if (d->src1_type)
		matrix(g, d->m, d->n, d->src1_type, true, true, &d->src1, &d->lds1);
	matrix(g, d->m, d->n, d->dst_type, false, true, &d->dst, &d->ldd);
	if (gen_chance(g, 25) && loom_type_bytes(d->dst_type) == loom_type_bytes(d->src0_type)) {
		d->ldd = d->lds0;
		d->dst = d->src0;
	}
	if (gen_stages(g, d, LOOM_EWS_VEC0))
		d->vec0 = gen_place_typed(g, LOOM_F32, 4 * d->n, 4);
	if (gen_stages(g, d, LOOM_EWS_VEC1))
		d->vec1 = gen_place_typed(g, LOOM_F32, 4 * d->n, 4);
}

void gen_lut(struct gen *g, union loom_any *u)
{
	struct loom_lut *d = &u->lut;

	gen_head(u, LOOM_OP_LUT);
	d->m = gen_size(g, 40);
	d->n = gen_size(g, 300);
	d->elem = (uint8_t)(1u << gen_below(g, 3));
	d->lds = gen_pitch(g, d->n, 1, true);
	d->ldd = gen_pitch(g, d->n * d->elem, d->elem, false);
	d->src = gen_place(g, GEN_SPM_BYTES, (uint64_t)d->m * d->lds, 1);
	d->dst = gen_place(g, GEN_SPM_BYTES, (uint64_t)d->m * d->ldd, d->elem);
	d->table = gen_place(g, GEN_SPM_BYTES, 256u * d->elem, d->elem);
	if (d->elem == 1 && gen_chance(g, 20)) {
		d->dst = d->src;
		d->ldd = d->lds;
	}
}

void gen_pool(struct gen *g, union loom_any *u)
{
	struct loom_pool *d = &u->pool;
	uint32_t al;

	gen_head(u, LOOM_OP_POOL);
	d->type = (uint8_t)gen_type_of(g, LOOM_TYPES_INT8 | LOOM_TYPES_FLOAT);
	d->mode = (uint8_t)gen_between(g, 1, 3);
	d->n = gen_between(g, 1, 2);
	d->ih = gen_between(g, 1, 10);
	d->iw = gen_between(g, 1, 10);
	d->oh = gen_between(g, 1, 6);
	d->ow = gen_between(g, 1, 6);
	d->c = gen_size(g, 300);
	d->kh = (uint16_t)gen_between(g, 1, 4);
	d->kw = (uint16_t)gen_between(g, 1, 4);
	d->sy = (uint16_t)gen_between(g, 1, 3);
	d->sx = (uint16_t)gen_between(g, 1, 3);
	d->dy = (uint16_t)(gen_chance(g, 70) ? 1 : 2);
	d->dx = (uint16_t)(gen_chance(g, 70) ? 1 : 2);
	d->pad_y = (int16_t)((int)gen_below(g, 6) - 1);
	d->pad_x = (int16_t)((int)gen_below(g, 6) - 1);
	d->zp_in = gen_zero_point(g, d->type);
	d->zp_out = gen_zero_point(g, d->type);
	d->scale = 0x3f800000;
	if (d->mode != LOOM_POOL_MAX && LOOM_TYPES(d->type) & LOOM_TYPES_INT8)
		d->scale = gen_word(g, gen_chance(g, 90) ? SMALL_F32 : SPECIAL_F32);
	al = loom_type_bytes(d->type);
	d->in_stride_x = gen_pitch(g, d->c * al, al, true);
	d->in_stride_y = gen_pitch(g, d->iw * d->in_stride_x, al, true);
	d->in_stride_n = gen_pitch(g, d->ih * d->in_stride_y, al, true);
	d->out_stride = gen_pitch(g, d->c * al, al, false);
	d->in = gen_place_typed(g, d->type, (uint64_t)d->n * d->in_stride_n + d->c * al, al);
	d->out = gen_place(g, GEN_SPM_BYTES, (uint64_t)d->n * d->oh * d->ow * d->out_stride, al);
}

void gen_reduce(struct gen *g, union loom_any *u)
{
	struct loom_reduce *d = &u->reduce;
	uint32_t count, al;

	gen_head(u, LOOM_OP_REDUCE);
	d->m = gen_size(g, 100);
	d->n = gen_size(g, 600);
	d->op = (uint8_t)gen_between(g, 1, 5);
	d->src_type = (uint8_t)gen_type_of(g, LOOM_TYPES_EWISE);
	d->dst_type = (uint8_t)(d->op == LOOM_REDUCE_ARGMAX ? LOOM_S32 : gen_type_of(g, LOOM_TYPES_EWISE));
	d->flags = (uint8_t)gen_below(g, 2);
	d->zp = d->src_type == LOOM_S32 ? 0 : gen_zero_point(g, d->src_type);
	d->zpd = d->dst_type == LOOM_S32 ? 0 : gen_zero_point(g, d->dst_type);
	d->scale = d->op == LOOM_REDUCE_ARGMAX || gen_chance(g, 50) ? 0x3f800000 : gen_word(g, SMALL_F32);
	matrix(g, d->m, d->n, d->src_type, true, true, &d->src, &d->lds);
	al = loom_type_bytes(d->dst_type);
	count = d->flags ? d->n : d->m;
	d->ldd = gen_pitch(g, al, al, false);
	d->dst = gen_place(g, GEN_SPM_BYTES, (uint64_t)(count - 1) * d->ldd + al, al);
}

void gen_rows(struct gen *g, union loom_any *u)
{
	struct loom_rows *d = &u->rows;

	gen_head(u, (uint8_t)(gen_below(g, 2) ? LOOM_OP_SOFTMAX : LOOM_OP_LAYERNORM));
	d->m = gen_size(g, 10);
	d->n = gen_size(g, 600);
	d->src_type = (uint8_t)gen_type_of(g, LOOM_TYPES_FLOAT);
	d->dst_type = (uint8_t)gen_type_of(g, LOOM_TYPES_FLOAT);
	matrix(g, d->m, d->n, d->src_type, true, false, &d->src, &d->lds);
	matrix(g, d->m, d->n, d->dst_type, false, false, &d->dst, &d->ldd);
	d->eps = gen_chance(g, 90) ? 0x3e000000 + gen_below(g, 1u << 23) : gen_special32(g);
	if (d->d.op == LOOM_OP_LAYERNORM) {
		d->gamma = gen_place_typed(g, LOOM_F32, 4 * d->n, 4);
		d->beta = gen_place_typed(g, LOOM_F32, 4 * d->n, 4);
	}
	if (gen_chance(g, 25) && loom_type_bytes(d->src_type) == loom_type_bytes(d->dst_type)) {
		d->dst = d->src;
		d->ldd = d->lds;
	}
}

void gen_plut(struct gen *g, union loom_any *u)
{
	struct loom_plut *d = &u->plut;

	gen_head(u, LOOM_OP_PLUT);
	d->m = gen_size(g, 20);
	d->n = gen_size(g, 300);
	d->src_type = (uint8_t)gen_type_of(g, LOOM_TYPES_FLOAT);
	d->dst_type = (uint8_t)gen_type_of(g, LOOM_TYPES_FLOAT);
	d->segments = gen_size(g, 256);
	matrix(g, d->m, d->n, d->src_type, true, false, &d->src, &d->lds);
	matrix(g, d->m, d->n, d->dst_type, false, false, &d->dst, &d->ldd);
	d->table = gen_place_typed(g, LOOM_F32, 12 * d->segments, 4);
}

void gen_dwconv(struct gen *g, union loom_any *u)
{
	struct loom_dwconv *d = &u->dwconv;
	uint32_t al, cols;

	gen_head(u, LOOM_OP_DWCONV);
	gen_operand_types(g, &d->a_type, &d->b_type);
	d->flags = (uint8_t)(gen_next(g) & LOOM_MXU_ZERO);
	d->a_zp = gen_zero_point(g, d->a_type);
	d->b_zp = gen_zero_point(g, d->b_type);
	d->n = gen_between(g, 1, 2);
	d->oh = gen_between(g, 1, 5);
	d->ow = gen_between(g, 1, 5);
	d->ih = gen_between(g, 1, 8);
	d->iw = gen_between(g, 1, 8);
	d->c = gen_size(g, 300);
	d->kh = (uint16_t)gen_between(g, 1, 4);
	d->kw = (uint16_t)gen_between(g, 1, 4);
	d->sy = (uint16_t)gen_between(g, 1, 3);
	d->sx = (uint16_t)gen_between(g, 1, 3);
	d->dy = (uint16_t)gen_between(g, 1, 2);
	d->dx = (uint16_t)gen_between(g, 1, 2);
	d->pad_y = (int16_t)((int)gen_below(g, 6) - 1);
	d->pad_x = (int16_t)((int)gen_below(g, 6) - 1);
	al = gen_align_of(d->a_type);
	d->in_stride_x = gen_pitch(g, gen_bytes_of(d->a_type, d->c), al, true);
	d->in_stride_y = gen_pitch(g, d->iw * d->in_stride_x, al, true);
	d->in_stride_n = gen_pitch(g, d->ih * d->in_stride_y, al, true);
	d->in = gen_place_typed(g, d->a_type, (uint64_t)d->n * d->in_stride_n + gen_bytes_of(d->a_type, d->c), al);
	al = gen_align_of(d->b_type);
	cols = gen_bytes_of(d->b_type, d->c);
	d->w_stride_tap = gen_pitch(g, cols, al, true);
	d->w = gen_place_typed(g, d->b_type, (uint64_t)d->kh * d->kw * d->w_stride_tap + cols, al);
	d->out_stride = gen_pitch(g, 4 * d->c, 4, false);
	d->out = gen_place(g, GEN_ACC_BYTES, (uint64_t)d->n * d->oh * d->ow * d->out_stride, 4);
}

/* Strides of a walk over one side: a random order of dimensions, tight or with gaps, some reversed. */
static uint64_t walk(struct gen *g, const struct loom_dma *d, __s64 *stride, int64_t *first)
{
	uint32_t order[LOOM_DIMS] = { 0, 1, 2, 3, 4 };
	uint64_t span = d->elem;
	bool plain = gen_chance(g, 50);

	*first = 0;
	for (uint32_t i = LOOM_DIMS - 1; i && !plain; i--) {
		uint32_t j = gen_below(g, i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (int i = 0; i < LOOM_DIMS; i++) {
		uint32_t dim = order[i];
		uint64_t step = span + (gen_chance(g, 70) ? 0 : gen_below(g, 9));

		if (gen_chance(g, 4))
			step = gen_below(g, d->elem + 1u);	/* overlapping */
		stride[dim] = (int64_t)step;
		if (gen_chance(g, 8)) {
			stride[dim] = -stride[dim];
			*first += (int64_t)(step * (d->n[dim] - 1));
		}
		span += step * (d->n[dim] - 1);
	}
	return span;
}

void gen_dma(struct gen *g, union loom_any *u)
{
	struct loom_dma *d = &u->dma;
	__s64 stride[LOOM_DIMS];
	int64_t first;
	uint64_t span;

	gen_head(u, (uint8_t)(gen_chance(g, 40) ? LOOM_OP_LOAD : gen_chance(g, 60) ? LOOM_OP_STORE : LOOM_OP_FILL));
	d->elem = (uint8_t)(1u << gen_below(g, 5));
	for (int i = 0; i < LOOM_DIMS; i++)
		d->n[i] = gen_chance(g, 40) ? 1 : gen_between(g, 1, i ? 6 : 40);
	span = walk(g, d, stride, &first);
	d->spm = gen_place(g, GEN_SPM_BYTES, span, 1) + (uint32_t)first;
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

void gen_gather(struct gen *g, union loom_any *u)
{
	struct loom_gather *d = &u->gather;

	gen_head(u, (uint8_t)(gen_below(g, 2) ? LOOM_OP_GATHER : LOOM_OP_SCATTER));
	d->count = gen_size(g, 30);
	d->row_bytes = gen_size(g, 200);
	d->limit = gen_chance(g, 90) ? 64 : gen_between(g, 1, 64);
	d->row_stride = (int64_t)d->row_bytes + gen_below(g, 8);
	d->va = GEN_DRAM_DATA + gen_below(g, 65536);
	d->spm_stride = gen_pitch(g, d->row_bytes, 1, false);
	d->spm = gen_place(g, GEN_SPM_BYTES, (uint64_t)d->count * d->spm_stride, 1);
	d->index = gen_below(g, 8) * 8192 + SMALL_INT * 1024 + gen_below(g, 64) * 4;
	if (gen_chance(g, 5))
		d->index = gen_place(g, GEN_SPM_BYTES, 4 * d->count, 4);
}

void gen_unpack(struct gen *g, union loom_any *u)
{
	struct loom_unpack *d = &u->unpack;
	uint32_t elem = 1;

	gen_head(u, LOOM_OP_UNPACK);
	d->mode = (uint8_t)gen_between(g, 1, 3);
	d->count = gen_size(g, 9000);
	if (d->mode == LOOM_UNPACK_24) {
		elem = d->elem = (uint8_t)(1u << gen_below(g, 3));
		d->count *= 4;
		d->bytes = d->count / 2 * elem + (d->count / 4 + 1) / 2;
	} else {
		d->bytes = d->mode == LOOM_UNPACK_S4 ? (d->count + 1) / 2 : 2 * gen_size(g, 60);
	}
	d->spm = gen_place(g, GEN_SPM_BYTES, (uint64_t)d->count * elem, 1);
	d->va = GEN_DRAM_DATA + gen_below(g, 65536);
}

void gen_resize(struct gen *g, union loom_any *u)
{
	struct loom_resize *d = &u->resize;
	uint32_t al;

	gen_head(u, LOOM_OP_RESIZE);
	d->mode = (uint8_t)gen_between(g, 1, 2);
	d->type = (uint8_t)gen_type_of(g, LOOM_TYPES_INT8 | LOOM_TYPES_FLOAT);
	d->ih = gen_between(g, 1, 8);
	d->iw = gen_between(g, 1, 8);
	d->oh = gen_between(g, 1, 10);
	d->ow = gen_between(g, 1, 10);
	d->c = gen_size(g, 300);
	d->scale_y = gen_below(g, 200000);
	d->scale_x = gen_below(g, 200000);
	d->origin_y = (int32_t)gen_below(g, 200000) - 100000;
	d->origin_x = (int32_t)gen_below(g, 200000) - 100000;
	al = loom_type_bytes(d->type);
	d->in_stride_x = gen_pitch(g, d->c * al, al, true);
	d->in_stride_y = gen_pitch(g, d->iw * d->in_stride_x, al, true);
	d->out_stride = gen_pitch(g, d->c * al, al, false);
	d->in = gen_place_typed(g, d->type, (uint64_t)d->ih * d->in_stride_y + d->c * al, al);
	d->out = gen_place(g, GEN_SPM_BYTES, (uint64_t)d->oh * d->ow * d->out_stride, al);
}

void gen_optim(struct gen *g, union loom_any *u)
{
	struct loom_optim *d = &u->optim;

	gen_head(u, LOOM_OP_OPTIM);
	d->rule = (uint8_t)gen_between(g, 1, 3);
	d->count = gen_size(g, 900);
	d->param = gen_place_typed(g, LOOM_F32, 4 * d->count, 4);
	d->grad = gen_place_typed(g, LOOM_F32, 4 * d->count, 4);
	d->state0 = d->rule == LOOM_OPTIM_SGD ? 0 : gen_place_typed(g, LOOM_F32, 4 * d->count, 4);
	d->state1 = d->rule == LOOM_OPTIM_ADAM ? gen_place_typed(g, LOOM_F32, 4 * d->count, 4) : 0;
	d->copy_type = (uint8_t)gen_type_of(g, LOOM_TYPES(LOOM_TYPE_NONE) | LOOM_TYPES(LOOM_F16) |
					    LOOM_TYPES(LOOM_BF16));
	d->copy = d->copy_type ? gen_place(g, GEN_SPM_BYTES, 2 * d->count, 2) : 0;
	for (int i = 0; i < 8; i++)
		d->hyper[i] = gen_chance(g, 90) ? 0x3c000000 + gen_below(g, 0x03800000) : gen_special32(g);
}
