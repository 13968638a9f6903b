/* SPDX-License-Identifier: MIT */
/* Legality of VPU descriptors. */
#include "check.h"

#include <loom/isa_table.h>

#define F32_ONE		0x3f800000u
#define MAX_SIDE	(1u << 16)
#define MAX_TAPS	(1u << 10)

static bool is_int8(unsigned int type)
{
	return LOOM_TYPES(type) & LOOM_TYPES_INT8;
}

static bool bad(uint32_t v, uint32_t max)
{
	return !v || v > max;
}

static bool bad_zp(unsigned int type, int zp)
{
	return is_int8(type) ? zp < -128 || zp > 255 : zp != 0;
}

/* A matrix in scratchpad or accumulators: type allowed there, alignment, range. */
static unsigned int check_matrix(struct loom_check *c, uint32_t addr, uint32_t m, uint32_t n, uint32_t ld,
				 unsigned int type, enum loom_use use)
{
	uint32_t size = loom_type_bytes(type);

	if (addr & LOOM_ACC && size != 4)
		return LOOM_ILL_TYPE;
	if ((addr | ld) & (size - 1))
		return LOOM_ILL_ALIGN;
	if (use == LOOM_WRITES && m > 1 && ld < (uint64_t)n * size)
		return LOOM_ILL_VALUE;
	return loom_check_mem(c, addr, m, (uint64_t)n * size, ld, use);
}

static unsigned int check_vector(struct loom_check *c, uint32_t addr, uint32_t n)
{
	return addr & 3 ? LOOM_ILL_ALIGN : loom_check_spm(c, addr, 1, 4ull * n, 0, LOOM_READS);
}

static bool rq_vector_clash(const struct loom_requant *d, uint32_t vec)
{
	return loom_overlap(vec, 1, 4ull * d->n, 0, d->dst, d->m, d->n, d->ldd);
}

unsigned int loom_check_requant(struct loom_check *c)
{
	const struct loom_requant *d = &c->u->requant;
	int min = d->dst_type == LOOM_S8 ? -128 : 0;
	unsigned int ill;

	if (bad(d->m, LOOM_MAX_COUNT) || bad(d->n, LOOM_MAX_COUNT) ||
	    (d->mode != LOOM_RQ_F32 && d->mode != LOOM_RQ_Q31) || bad_zp(d->dst_type, d->zp) ||
	    d->lo < min || d->hi > min + 255 || d->lo > d->hi)
		return LOOM_ILL_VALUE;
	if (d->mode == LOOM_RQ_F32 && d->shift)
		return LOOM_ILL_RESERVED;
	if (d->mode == LOOM_RQ_Q31 && !(d->flags & LOOM_RQ_PER_CHANNEL) &&
	    ((int32_t)d->shift < -31 || (int32_t)d->shift > 30))
		return LOOM_ILL_VALUE;
	ill = check_matrix(c, d->src, d->m, d->n, d->lds, LOOM_S32, LOOM_READS);
	if (!ill && d->dst & LOOM_ACC)
		ill = LOOM_ILL_SPM_RANGE;
	if (!ill)
		ill = check_matrix(c, d->dst, d->m, d->n, d->ldd, d->dst_type, LOOM_WRITES);
	if (!ill && d->flags & LOOM_RQ_PER_CHANNEL) {
		ill = check_vector(c, d->scale, d->n);
		if (!ill && d->mode == LOOM_RQ_Q31)
			ill = check_vector(c, d->shift, d->n);
		if (!ill && (rq_vector_clash(d, d->scale) ||
			     (d->mode == LOOM_RQ_Q31 && rq_vector_clash(d, d->shift))))
			ill = LOOM_ILL_VALUE;
	}
	if (!ill && loom_overlap(d->src, d->m, 4ull * d->n, d->lds, d->dst, d->m, d->n, d->ldd))
		ill = LOOM_ILL_VALUE;
	return ill;
}

static const bool ew_unary[LOOM_NUM_EW_OPS] = {
	[LOOM_EW_ABS] = true, [LOOM_EW_NEG] = true, [LOOM_EW_SQRT] = true, [LOOM_EW_FLOOR] = true,
	[LOOM_EW_CEIL] = true, [LOOM_EW_RNE] = true,
};

/* Does a stage have the operands that its operation takes? */
static bool fits_stage(unsigned int op, unsigned int operand)
{
	unsigned int a = LOOM_EWS_FIRST(operand), b = LOOM_EWS_SECOND(operand);

	if (op == LOOM_EW_FMA || op == LOOM_EW_MAC)
		return a != LOOM_EWS_NONE && b != LOOM_EWS_NONE;
	return !b && ew_unary[op] == (a == LOOM_EWS_NONE);
}

/* Each stage, and which operands (as a set of loom_ew_operand) the chain uses. */
static unsigned int check_chain(const struct loom_ewise *d, unsigned int *used)
{
	bool ended = false;

	*used = 0;
	for (int i = 0; i < LOOM_EW_STAGES; i++) {
		unsigned int op = d->stage[i].op, operand = d->stage[i].operand;

		if (op >= LOOM_NUM_EW_OPS || LOOM_EWS_FIRST(operand) >= LOOM_NUM_EWS ||
		    LOOM_EWS_SECOND(operand) >= LOOM_NUM_EWS)
			return LOOM_ILL_VALUE;
		if (op == LOOM_EW_NOP)
			ended = true;
		if (ended && (op || operand))
			return LOOM_ILL_RESERVED;
		if (!ended && !fits_stage(op, operand))
			return LOOM_ILL_VALUE;
		*used |= 1u << LOOM_EWS_FIRST(operand) | 1u << LOOM_EWS_SECOND(operand);
	}
	return 0;
}

/* In place is legal; any other sharing of bytes is not. */
static bool ewise_clash(const struct loom_ewise *d, uint32_t src, uint32_t lds, unsigned int type)
{
	uint32_t size = loom_type_bytes(type), dsize = loom_type_bytes(d->dst_type);

	if (src == d->dst && size == dsize && (lds == d->ldd || d->m == 1))
		return false;
	return loom_overlap(src, d->m, (uint64_t)d->n * size, lds, d->dst, d->m, (uint64_t)d->n * dsize,
			    d->ldd);
}

static bool vector_clash(const struct loom_ewise *d, uint32_t vec)
{
	return loom_overlap(vec, 1, 4ull * d->n, 0, d->dst, d->m,
			    (uint64_t)d->n * loom_type_bytes(d->dst_type), d->ldd);
}

unsigned int loom_check_ewise(struct loom_check *c)
{
	const struct loom_ewise *d = &c->u->ewise;
	const uint32_t vec[2] = { d->vec0, d->vec1 };
	unsigned int used, ill;

	if (bad(d->m, LOOM_MAX_COUNT) || bad(d->n, LOOM_MAX_COUNT) || bad_zp(d->src0_type, d->zp0) ||
	    bad_zp(d->src1_type, d->zp1) || bad_zp(d->dst_type, d->zpd))
		return LOOM_ILL_VALUE;
	ill = check_chain(d, &used);
	if (ill)
		return ill;
	if (d->src1_type == LOOM_TYPE_NONE) {
		if (used & (1u << LOOM_EWS_SRC1))
			return LOOM_ILL_VALUE;
		if (d->src1 || d->lds1)
			return LOOM_ILL_RESERVED;
	}
	ill = check_matrix(c, d->src0, d->m, d->n, d->lds0, d->src0_type, LOOM_READS);
	if (!ill && d->src1_type != LOOM_TYPE_NONE)
		ill = check_matrix(c, d->src1, d->m, d->n, d->lds1, d->src1_type, LOOM_READS);
	if (!ill)
		ill = check_matrix(c, d->dst, d->m, d->n, d->ldd, d->dst_type, LOOM_WRITES);
	for (int i = 0; i < 2 && !ill; i++) {
		if (!(used & (1u << (LOOM_EWS_VEC0 + i)))) {
			ill = vec[i] ? LOOM_ILL_RESERVED : 0;
			continue;
		}
		ill = check_vector(c, vec[i], d->n);
		if (!ill && vector_clash(d, vec[i]))
			ill = LOOM_ILL_VALUE;
	}
	if (!ill && (ewise_clash(d, d->src0, d->lds0, d->src0_type) ||
		     (d->src1_type != LOOM_TYPE_NONE && ewise_clash(d, d->src1, d->lds1, d->src1_type))))
		ill = LOOM_ILL_VALUE;
	return ill;
}

unsigned int loom_check_lut(struct loom_check *c)
{
	const struct loom_lut *d = &c->u->lut;
	unsigned int ill;

	if (bad(d->m, LOOM_MAX_COUNT) || bad(d->n, LOOM_MAX_COUNT) ||
	    (d->elem != 1 && d->elem != 2 && d->elem != 4) ||
	    (d->m > 1 && d->ldd < (uint64_t)d->n * d->elem))
		return LOOM_ILL_VALUE;
	if ((d->dst | d->ldd | d->table) & (d->elem - 1u))
		return LOOM_ILL_ALIGN;
	ill = loom_check_spm(c, d->src, d->m, d->n, d->lds, LOOM_READS);
	if (!ill)
		ill = loom_check_spm(c, d->dst, d->m, (uint64_t)d->n * d->elem, d->ldd, LOOM_WRITES);
	if (!ill)
		ill = loom_check_spm(c, d->table, 1, 256ull * d->elem, 0, LOOM_READS);
	if (ill)
		return ill;
	if (loom_overlap(d->table, 1, 256ull * d->elem, 0, d->dst, d->m, (uint64_t)d->n * d->elem, d->ldd))
		return LOOM_ILL_VALUE;
	if (d->src == d->dst && d->elem == 1 && (d->lds == d->ldd || d->m == 1))
		return 0;
	return loom_overlap(d->src, d->m, d->n, d->lds, d->dst, d->m, (uint64_t)d->n * d->elem, d->ldd) ?
	       LOOM_ILL_VALUE : 0;
}

static unsigned int check_pool_limits(const struct loom_pool *d)
{
	uint64_t pixels = (uint64_t)d->n * d->oh * d->ow;

	if (bad(d->n, MAX_SIDE) || bad(d->ih, MAX_SIDE) || bad(d->iw, MAX_SIDE) || bad(d->oh, MAX_SIDE) ||
	    bad(d->ow, MAX_SIDE) || bad(d->c, MAX_SIDE))
		return LOOM_ILL_VALUE;
	if (bad(d->kh, MAX_TAPS) || bad(d->kw, MAX_TAPS) || bad(d->sy, MAX_TAPS) || bad(d->sx, MAX_TAPS) ||
	    bad(d->dy, MAX_TAPS) || bad(d->dx, MAX_TAPS))
		return LOOM_ILL_VALUE;
	if (d->mode < LOOM_POOL_MAX || d->mode > LOOM_POOL_AVG_PAD || bad_zp(d->type, d->zp_in) ||
	    bad_zp(d->type, d->zp_out))
		return LOOM_ILL_VALUE;
	if ((d->mode == LOOM_POOL_MAX || !is_int8(d->type)) && d->scale != F32_ONE)
		return LOOM_ILL_VALUE;
	return pixels > 1 && d->out_stride < (uint64_t)d->c * loom_type_bytes(d->type) ? LOOM_ILL_VALUE : 0;
}

unsigned int loom_check_pool(struct loom_check *c)
{
	const struct loom_pool *d = &c->u->pool;
	uint64_t pixels = (uint64_t)d->n * d->oh * d->ow, size = loom_type_bytes(d->type), image;
	unsigned int ill = check_pool_limits(d);

	if (ill)
		return ill;
	if ((d->in | d->in_stride_n | d->in_stride_y | d->in_stride_x | d->out | d->out_stride) & (size - 1))
		return LOOM_ILL_ALIGN;
	image = (d->ih - 1ull) * d->in_stride_y + (d->iw - 1ull) * d->in_stride_x + size * d->c;
	ill = loom_check_spm(c, d->in, d->n, image, d->in_stride_n, LOOM_READS);
	if (ill)
		return ill;
	/* Pixels are at least a byte apart. */
	if (pixels > 1ull << 31)
		return LOOM_ILL_SPM_RANGE;
	ill = loom_check_spm(c, d->out, pixels, size * d->c, d->out_stride, LOOM_WRITES);
	if (!ill && loom_overlap(d->in, d->n, image, d->in_stride_n, d->out, pixels, size * d->c,
				 d->out_stride))
		ill = LOOM_ILL_VALUE;
	return ill;
}

unsigned int loom_check_reduce(struct loom_check *c)
{
	const struct loom_reduce *d = &c->u->reduce;
	uint32_t count = d->flags & LOOM_REDUCE_COLUMNS ? d->n : d->m;
	uint64_t size = loom_type_bytes(d->src_type), dsize = loom_type_bytes(d->dst_type);
	unsigned int ill;

	if (bad(d->m, LOOM_MAX_COUNT) || bad(d->n, LOOM_MAX_COUNT) || d->op < LOOM_REDUCE_SUM ||
	    d->op > LOOM_REDUCE_ARGMAX || bad_zp(d->src_type, d->zp) || bad_zp(d->dst_type, d->zpd))
		return LOOM_ILL_VALUE;
	if (d->op == LOOM_REDUCE_ARGMAX && d->dst_type != LOOM_S32)
		return LOOM_ILL_TYPE;
	if (d->op == LOOM_REDUCE_ARGMAX && d->scale != F32_ONE)
		return LOOM_ILL_VALUE;
	ill = check_matrix(c, d->src, d->m, d->n, d->lds, d->src_type, LOOM_READS);
	if (!ill && d->dst & LOOM_ACC)
		ill = LOOM_ILL_SPM_RANGE;
	if (!ill)
		ill = check_matrix(c, d->dst, count, 1, d->ldd, d->dst_type, LOOM_WRITES);
	if (!ill && loom_overlap(d->src, d->m, size * d->n, d->lds, d->dst, count, dsize, d->ldd))
		ill = LOOM_ILL_VALUE;
	return ill;
}

/* @src and @dst in the scratchpad: both in range, and apart or the same. */
static unsigned int check_rows(struct loom_check *c, uint32_t src, uint32_t lds, unsigned int src_type, uint32_t dst,
			       uint32_t ldd, unsigned int dst_type, uint32_t m, uint32_t n)
{
	uint64_t size = loom_type_bytes(src_type), dsize = loom_type_bytes(dst_type);
	unsigned int ill;

	if ((src | dst) & LOOM_ACC)
		return LOOM_ILL_SPM_RANGE;
	ill = check_matrix(c, src, m, n, lds, src_type, LOOM_READS);
	if (!ill)
		ill = check_matrix(c, dst, m, n, ldd, dst_type, LOOM_WRITES);
	if (ill || (src == dst && size == dsize && (lds == ldd || m == 1)))
		return ill;
	return loom_overlap(src, m, n * size, lds, dst, m, n * dsize, ldd) ? LOOM_ILL_VALUE : 0;
}

unsigned int loom_check_rows(struct loom_check *c)
{
	const struct loom_rows *d = &c->u->rows;
	const uint32_t vec[2] = { d->gamma, d->beta };
	uint64_t dsize = loom_type_bytes(d->dst_type);
	unsigned int ill;

	if (bad(d->m, LOOM_MAX_COUNT) || bad(d->n, LOOM_MAX_COUNT))
		return LOOM_ILL_VALUE;
	if (d->d.op == LOOM_OP_SOFTMAX && (d->gamma || d->beta))
		return LOOM_ILL_RESERVED;
	ill = check_rows(c, d->src, d->lds, d->src_type, d->dst, d->ldd, d->dst_type, d->m, d->n);
	for (int i = 0; i < 2 && !ill && d->d.op == LOOM_OP_LAYERNORM; i++) {
		ill = check_vector(c, vec[i], d->n);
		if (!ill && loom_overlap(vec[i], 1, 4ull * d->n, 0, d->dst, d->m, d->n * dsize, d->ldd))
			ill = LOOM_ILL_VALUE;
	}
	return ill;
}

unsigned int loom_check_plut(struct loom_check *c)
{
	const struct loom_plut *d = &c->u->plut;
	uint64_t dsize = loom_type_bytes(d->dst_type);
	unsigned int ill;

	if (bad(d->m, LOOM_MAX_COUNT) || bad(d->n, LOOM_MAX_COUNT) || bad(d->segments, 256))
		return LOOM_ILL_VALUE;
	ill = check_rows(c, d->src, d->lds, d->src_type, d->dst, d->ldd, d->dst_type, d->m, d->n);
	if (!ill)
		ill = check_vector(c, d->table, 3 * d->segments);
	if (!ill && loom_overlap(d->table, 1, 12ull * d->segments, 0, d->dst, d->m, d->n * dsize, d->ldd))
		ill = LOOM_ILL_VALUE;
	return ill;
}

unsigned int loom_check_resize(struct loom_check *c)
{
	const struct loom_resize *d = &c->u->resize;
	uint64_t size = loom_type_bytes(d->type), pixels = (uint64_t)d->oh * d->ow;
	unsigned int ill;

	if (bad(d->ih, MAX_SIDE) || bad(d->iw, MAX_SIDE) || bad(d->oh, MAX_SIDE) || bad(d->ow, MAX_SIDE) ||
	    bad(d->c, MAX_SIDE) || (d->mode != LOOM_RESIZE_NEAREST && d->mode != LOOM_RESIZE_LINEAR) ||
	    (pixels > 1 && d->out_stride < size * d->c))
		return LOOM_ILL_VALUE;
	if ((d->in | d->in_stride_y | d->in_stride_x | d->out | d->out_stride) & (size - 1))
		return LOOM_ILL_ALIGN;
	ill = loom_check_spm(c, d->in, d->ih, (d->iw - 1ull) * d->in_stride_x + size * d->c, d->in_stride_y,
			     LOOM_READS);
	if (ill)
		return ill;
	if (pixels > 1ull << 31)
		return LOOM_ILL_SPM_RANGE;
	ill = loom_check_spm(c, d->out, pixels, size * d->c, d->out_stride, LOOM_WRITES);
	if (!ill && loom_overlap(d->in, d->ih, (d->iw - 1ull) * d->in_stride_x + size * d->c, d->in_stride_y,
				 d->out, pixels, size * d->c, d->out_stride))
		ill = LOOM_ILL_VALUE;
	return ill;
}

/* Arrays that OPTIM uses by rule; those it does not are zero. */
unsigned int loom_check_optim(struct loom_check *c)
{
	const struct loom_optim *d = &c->u->optim;
	const uint32_t addr[5] = { d->param, d->grad, d->state0, d->state1, d->copy };
	const bool used[5] = { true, true, d->rule != LOOM_OPTIM_SGD, d->rule == LOOM_OPTIM_ADAM,
			       d->copy_type != LOOM_TYPE_NONE };
	uint32_t size[5] = { 4, 4, 4, 4, loom_type_bytes(d->copy_type) };
	unsigned int ill = 0;

	if (bad(d->count, LOOM_MAX_COUNT) || d->rule < LOOM_OPTIM_SGD || d->rule > LOOM_OPTIM_ADAM)
		return LOOM_ILL_VALUE;
	for (int i = 0; i < 5 && !ill; i++) {
		if (!used[i]) {
			ill = addr[i] ? LOOM_ILL_RESERVED : 0;
			continue;
		}
		ill = addr[i] & (size[i] - 1) ? LOOM_ILL_ALIGN :
		      loom_check_spm(c, addr[i], 1, (uint64_t)d->count * size[i], 0, i == 1 ? LOOM_READS : LOOM_WRITES);
		for (int j = 0; j < i && !ill; j++)
			if (used[j] && loom_overlap(addr[j], 1, (uint64_t)d->count * size[j], 0, addr[i], 1,
						    (uint64_t)d->count * size[i], 0))
				ill = LOOM_ILL_VALUE;
	}
	return ill;
}
