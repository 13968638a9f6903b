/* SPDX-License-Identifier: MIT */
/*
 * Legality of descriptors. First the head, then every field by isa_table.h in the order of offsets (reserved
 * fields, flags, types), then what the operation demands. All arithmetic is on 64 bits or more and cannot overflow.
 */
#include "check.h"

#include <string.h>

#include <loom/isa_table.h>

static unsigned int check_head(const struct loom_desc *d)
{
	if (d->rsvd)
		return LOOM_ILL_RESERVED;
	for (int i = 0; i < 2; i++) {
		if (d->wait_sem[i] != LOOM_SEM_NONE && d->wait_sem[i] >= LOOM_NUM_SEMS)
			return LOOM_ILL_SEM;
		if (d->signal_sem[i] != LOOM_SEM_NONE && d->signal_sem[i] >= LOOM_NUM_SEMS)
			return LOOM_ILL_SEM;
		if (d->wait_sem[i] == LOOM_SEM_NONE && d->wait_value[i])
			return LOOM_ILL_RESERVED;
	}
	return 0;
}

static unsigned int check_fields(const struct loom_op_info *info, const uint8_t *desc)
{
	unsigned int types = 0;

	for (uint32_t i = 0; i < info->num_fields; i++) {
		const struct loom_field *f = &info->fields[i];
		const uint8_t *at = desc + f->offset;

		if (f->kind == LOOM_FIELD_ZERO) {
			for (int b = 0; b < f->size * f->count; b++)
				if (at[b])
					return LOOM_ILL_RESERVED;
		} else if (f->kind == LOOM_FIELD_FLAGS) {
			/* Little-endian, and every flag is in the first byte. */
			if (at[0] & ~info->flags)
				return LOOM_ILL_RESERVED;
			for (int b = 1; b < f->size; b++)
				if (at[b])
					return LOOM_ILL_RESERVED;
		} else if (f->kind == LOOM_FIELD_TYPE) {
			if (*at >= LOOM_NUM_TYPES || !(info->types[types] & LOOM_TYPES(*at)))
				return LOOM_ILL_TYPE;
			types++;
		}
	}
	return 0;
}

static unsigned int check_stat(struct loom_check *c)
{
	return c->u->stat.va & 7 ? LOOM_ILL_ALIGN : 0;
}

/* Offsets of the lowest and highest byte that a 5-D walk touches, relative to element 0. */
static unsigned int check_dma(struct loom_check *c)
{
	const struct loom_dma *d = &c->u->dma;
	uint64_t total = d->elem;
	int64_t lo = d->spm, hi = lo;

	if (!d->elem || d->elem > 16 || d->elem & (d->elem - 1))
		return LOOM_ILL_VALUE;
	for (int i = 0; i < LOOM_DIMS; i++) {
		if (!d->n[i] || d->n[i] > LOOM_MAX_COUNT)
			return LOOM_ILL_VALUE;
		if (total > UINT32_MAX / d->n[i])
			return LOOM_ILL_VALUE;
		total *= d->n[i];
		if (d->spm_stride[i] < 0)
			lo += (int64_t)(d->n[i] - 1) * d->spm_stride[i];
		else
			hi += (int64_t)(d->n[i] - 1) * d->spm_stride[i];
	}
	if (d->d.op != LOOM_OP_FILL && d->value)
		return LOOM_ILL_RESERVED;
	if (d->d.op == LOOM_OP_FILL) {
		if (d->va)
			return LOOM_ILL_RESERVED;
		for (int i = 0; i < LOOM_DIMS; i++)
			if (d->va_stride[i])
				return LOOM_ILL_RESERVED;
	}
	if (lo < 0 || hi + d->elem > c->geo->spm_bytes)
		return LOOM_ILL_SPM_RANGE;
	if (d->d.op != LOOM_OP_STORE)
		loom_check_writes(c, (uint32_t)lo, (uint32_t)(hi + d->elem));
	return 0;
}

static unsigned int check_gather(struct loom_check *c)
{
	const struct loom_gather *g = &c->u->gather;
	unsigned int ill;

	if (!g->count || g->count > LOOM_MAX_COUNT || !g->row_bytes || g->row_bytes > LOOM_MAX_COUNT)
		return LOOM_ILL_VALUE;
	if (g->index & 3)
		return LOOM_ILL_ALIGN;
	ill = loom_check_spm(c, g->index, 1, 4ull * g->count, 0, LOOM_READS);
	if (!ill && g->d.op == LOOM_OP_GATHER) {
		if (g->count > 1 && g->spm_stride < g->row_bytes)
			return LOOM_ILL_VALUE;
		ill = loom_check_spm(c, g->spm, g->count, g->row_bytes, g->spm_stride, LOOM_WRITES);
		if (!ill && loom_overlap(g->index, 1, 4ull * g->count, 0, g->spm, g->count, g->row_bytes,
					 g->spm_stride))
			ill = LOOM_ILL_VALUE;
	} else if (!ill) {
		ill = loom_check_spm(c, g->spm, g->count, g->row_bytes, g->spm_stride, LOOM_READS);
	}
	return ill;
}

static unsigned int check_unpack(struct loom_check *c)
{
	const struct loom_unpack *d = &c->u->unpack;
	uint64_t elem = d->mode == LOOM_UNPACK_24 ? d->elem : 1, packed;

	if (!d->count || d->count > 1u << 28 || d->mode < LOOM_UNPACK_S4 || d->mode > LOOM_UNPACK_RLE)
		return LOOM_ILL_VALUE;
	if (d->mode != LOOM_UNPACK_24 && d->elem)
		return LOOM_ILL_RESERVED;
	if (d->mode == LOOM_UNPACK_24 && ((elem != 1 && elem != 2 && elem != 4) || d->count & 3))
		return LOOM_ILL_VALUE;
	packed = d->mode == LOOM_UNPACK_S4 ? (d->count + 1ull) / 2 :
		 d->count / 2 * elem + (d->count / 4 + 1ull) / 2;
	if (d->mode == LOOM_UNPACK_RLE ? !d->bytes || d->bytes & 1 : d->bytes != packed)
		return LOOM_ILL_VALUE;
	return loom_check_spm(c, d->spm, 1, d->count * elem, 0, LOOM_WRITES);
}

static unsigned int check_none(struct loom_check *c)
{
	return 0;
}

static unsigned int check_end(struct loom_check *c)
{
	return c->last ? 0 : LOOM_ILL_VALUE;
}

static unsigned int (*const checks[256])(struct loom_check *c) = {
	[LOOM_OP_NOP] = check_none,
	[LOOM_OP_BARRIER] = check_none,
	[LOOM_OP_MARK] = check_none,
	[LOOM_OP_END] = check_end,
	[LOOM_OP_STAT] = check_stat,
	[LOOM_OP_LOAD] = check_dma,
	[LOOM_OP_FILL] = check_dma,
	[LOOM_OP_STORE] = check_dma,
	[LOOM_OP_GATHER] = check_gather,
	[LOOM_OP_SCATTER] = check_gather,
	[LOOM_OP_ACCINIT] = loom_check_accinit,
	[LOOM_OP_MM] = loom_check_mm,
	[LOOM_OP_CONV] = loom_check_conv,
	[LOOM_OP_REQUANT] = loom_check_requant,
	[LOOM_OP_EWISE] = loom_check_ewise,
	[LOOM_OP_LUT] = loom_check_lut,
	[LOOM_OP_POOL] = loom_check_pool,
	[LOOM_OP_REDUCE] = loom_check_reduce,
	[LOOM_OP_SOFTMAX] = loom_check_rows,
	[LOOM_OP_LAYERNORM] = loom_check_rows,
	[LOOM_OP_DWCONV] = loom_check_dwconv,
	[LOOM_OP_PLUT] = loom_check_plut,
	[LOOM_OP_RESIZE] = loom_check_resize,
	[LOOM_OP_OPTIM] = loom_check_optim,
	[LOOM_OP_UNPACK] = check_unpack,
};

unsigned int loom_check(const struct loom_geometry *geo, struct loom_op *op, bool last)
{
	struct loom_check c = { .geo = geo, .op = op, .u = &op->u, .last = last };
	const struct loom_op_info *info = loom_op_find(op->u.d.op);
	unsigned int ill;

	op->spm_begin = UINT32_MAX;
	op->spm_end = 0;
	op->acc_end = 0;
	if (!info)
		return LOOM_ILL_OPCODE;
	ill = check_head(&op->u.d);
	if (!ill)
		ill = check_fields(info, op->u.byte);
	if (ill)
		return ill;
	return checks[op->u.d.op] ? checks[op->u.d.op](&c) : LOOM_ILL_UNIMPLEMENTED;
}

void loom_check_writes(struct loom_check *c, uint32_t begin, uint32_t end)
{
	if (begin < c->op->spm_begin)
		c->op->spm_begin = begin;
	if (end > c->op->spm_end)
		c->op->spm_end = end;
}

/* End of the rows; every factor is below 2^32. */
static uint64_t extent_end(uint32_t addr, uint64_t rows, uint64_t row_bytes, uint64_t stride)
{
	return addr + (rows - 1) * stride + row_bytes;
}

unsigned int loom_check_mem(struct loom_check *c, uint32_t addr, uint64_t rows, uint64_t row_bytes,
			    uint64_t stride, enum loom_use use)
{
	uint64_t end = extent_end(addr & ~LOOM_ACC, rows, row_bytes, stride);

	if (end > (addr & LOOM_ACC ? c->geo->acc_bytes : c->geo->spm_bytes))
		return addr & LOOM_ACC ? LOOM_ILL_ACC_RANGE : LOOM_ILL_SPM_RANGE;
	if (use == LOOM_WRITES && addr & LOOM_ACC)
		c->op->acc_end = (uint32_t)end;
	else if (use == LOOM_WRITES)
		loom_check_writes(c, addr, (uint32_t)end);
	return 0;
}

unsigned int loom_check_spm(struct loom_check *c, uint32_t addr, uint64_t rows, uint64_t row_bytes,
			    uint64_t stride, enum loom_use use)
{
	return addr & LOOM_ACC ? LOOM_ILL_SPM_RANGE : loom_check_mem(c, addr, rows, row_bytes, stride, use);
}

unsigned int loom_check_acc(struct loom_check *c, uint32_t addr, uint64_t rows, uint64_t row_bytes,
			    uint64_t stride, enum loom_use use)
{
	return addr & LOOM_ACC ? LOOM_ILL_ACC_RANGE :
	       loom_check_mem(c, addr | LOOM_ACC, rows, row_bytes, stride, use);
}

bool loom_overlap(uint32_t a, uint64_t a_rows, uint64_t a_bytes, uint64_t a_stride, uint32_t b,
		  uint64_t b_rows, uint64_t b_bytes, uint64_t b_stride)
{
	uint64_t d;

	if ((a ^ b) & LOOM_ACC)
		return false;
	a &= ~LOOM_ACC;
	b &= ~LOOM_ACC;
	if (extent_end(a, a_rows, a_bytes, a_stride) <= b || extent_end(b, b_rows, b_bytes, b_stride) <= a)
		return false;
	/* Interleaved rows of one pitch, such as columns of one matrix, are apart. */
	if (a_stride != b_stride || a_bytes > a_stride || b_bytes > a_stride)
		return true;
	d = b >= a ? (b - a) % a_stride : (a_stride - (a - b) % a_stride) % a_stride;
	return d < a_bytes || a_stride - d < b_bytes;
}
