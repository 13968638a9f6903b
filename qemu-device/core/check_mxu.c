/* SPDX-License-Identifier: MIT */
/* Legality of descriptors that multiply: the MXU's, and DWCONV. */
#include "check.h"

#include <loom/isa_table.h>

#define MAX_ROWS	(1u << 20)
#define MAX_SIDE	(1u << 16)
#define MAX_TAPS	(1u << 10)	/* kernel rows, strides, dilations */

static bool in_set(unsigned int type, unsigned int set)
{
	return LOOM_TYPES(type) & set;
}

static bool is_int(unsigned int type)
{
	return in_set(type, LOOM_TYPES_INT8 | LOOM_TYPES(LOOM_S4));
}

/* What MM and CONV have in common: types that go together, zero points, and for sparsity @k, rows of B a tap. */
static unsigned int check_operands(unsigned int a, unsigned int b, int a_zp, int b_zp, unsigned int flags,
				   uint32_t meta, uint32_t k)
{
	if (is_int(a) ? !is_int(b) :
	    in_set(a, LOOM_TYPES_FP8) ? !in_set(b, LOOM_TYPES_FP8) : a != b)
		return LOOM_ILL_TYPE;
	if (is_int(a) ? a_zp < -128 || a_zp > 255 || b_zp < -128 || b_zp > 255 : a_zp || b_zp)
		return LOOM_ILL_VALUE;
	if (!(flags & LOOM_MXU_SPARSE24))
		return meta ? LOOM_ILL_RESERVED : 0;
	return k & 3 ? LOOM_ILL_VALUE : 0;
}

/* Two of each four rows of a sparse operand are stored. */
static uint32_t stored_rows(unsigned int flags, uint32_t k)
{
	return flags & LOOM_MXU_SPARSE24 ? k / 2 : k;
}

/*
 * A nibble for each four of @k rows and each of @n columns, in each of @taps: packed along the columns, or along the rows where the
 * operand is stored by columns.
 */
static unsigned int check_meta(struct loom_check *c, unsigned int flags, uint32_t meta, uint64_t taps, uint64_t k,
			       uint32_t n)
{
	uint64_t bytes = flags & LOOM_MXU_TRANS_B ? n * LOOM_DIV_UP(k, 8) : k / 4 * LOOM_DIV_UP(n, 2ull);

	return flags & LOOM_MXU_SPARSE24 ? loom_check_spm(c, meta, 1, taps * bytes, 0, LOOM_READS) : 0;
}

static uint64_t row_bytes(unsigned int type, uint64_t n)
{
	return type == LOOM_S4 ? (n + 1) / 2 : n * loom_type_bytes(type);
}

static bool misaligned(unsigned int type, uint32_t all)
{
	return type != LOOM_S4 && all & (loom_type_bytes(type) - 1);
}

static bool bad(uint32_t v, uint32_t max)
{
	return !v || v > max;
}

unsigned int loom_check_accinit(struct loom_check *c)
{
	const struct loom_accinit *d = &c->u->accinit;
	unsigned int ill;

	if (bad(d->m, MAX_ROWS) || bad(d->n, MAX_SIDE) || (d->m > 1 && d->ldc < 4ull * d->n))
		return LOOM_ILL_VALUE;
	if (d->flags & LOOM_ACCINIT_BIAS ? d->value : d->bias)
		return LOOM_ILL_RESERVED;
	if ((d->acc | d->ldc | d->bias) & 3)
		return LOOM_ILL_ALIGN;
	ill = loom_check_acc(c, d->acc, d->m, 4ull * d->n, d->ldc, LOOM_WRITES);
	if (!ill && d->flags & LOOM_ACCINIT_BIAS)
		ill = loom_check_spm(c, d->bias, 1, 4ull * d->n, 0, LOOM_READS);
	return ill;
}

unsigned int loom_check_mm(struct loom_check *c)
{
	const struct loom_mm *d = &c->u->mm;
	bool ta = d->flags & LOOM_MXU_TRANS_A, tb = d->flags & LOOM_MXU_TRANS_B;
	unsigned int ill;

	if (bad(d->m, MAX_ROWS) || bad(d->n, MAX_SIDE) || bad(d->k, MAX_ROWS) ||
	    (d->m > 1 && d->ldc < 4ull * d->n))
		return LOOM_ILL_VALUE;
	ill = check_operands(d->a_type, d->b_type, d->a_zp, d->b_zp, d->flags, d->meta, d->k);
	if (ill)
		return ill;
	if (misaligned(d->a_type, d->a | d->lda) || misaligned(d->b_type, d->b | d->ldb) ||
	    (d->c | d->ldc) & 3)
		return LOOM_ILL_ALIGN;
	ill = loom_check_spm(c, d->a, ta ? d->k : d->m, row_bytes(d->a_type, ta ? d->m : d->k), d->lda,
			     LOOM_READS);
	if (!ill)
		ill = loom_check_spm(c, d->b, tb ? d->n : stored_rows(d->flags, d->k),
				     row_bytes(d->b_type, tb ? stored_rows(d->flags, d->k) : d->n), d->ldb, LOOM_READS);
	if (!ill)
		ill = check_meta(c, d->flags, d->meta, 1, d->k, d->n);
	if (!ill)
		ill = loom_check_acc(c, d->c, d->m, 4ull * d->n, d->ldc, LOOM_WRITES);
	return ill;
}

static unsigned int check_conv_limits(const struct loom_conv *d)
{
	uint64_t pixels = (uint64_t)d->n * d->oh * d->ow;

	if (bad(d->n, MAX_SIDE) || bad(d->oh, MAX_SIDE) || bad(d->ow, MAX_SIDE) || bad(d->ih, MAX_SIDE) ||
	    bad(d->iw, MAX_SIDE) || bad(d->ic, MAX_SIDE) || bad(d->oc, MAX_SIDE))
		return LOOM_ILL_VALUE;
	if (bad(d->kh, MAX_TAPS) || bad(d->kw, MAX_TAPS) || bad(d->sy, MAX_TAPS) || bad(d->sx, MAX_TAPS) ||
	    bad(d->dy, MAX_TAPS) || bad(d->dx, MAX_TAPS) || !d->idy || !d->idx)
		return LOOM_ILL_VALUE;
	return pixels > 1 && d->out_stride < 4ull * d->oc ? LOOM_ILL_VALUE : 0;
}

unsigned int loom_check_conv(struct loom_check *c)
{
	const struct loom_conv *d = &c->u->conv;
	uint64_t pixels = (uint64_t)d->n * d->oh * d->ow, taps = (uint64_t)d->kh * d->kw, image, tap, rows;
	bool tb = d->flags & LOOM_MXU_TRANS_B;
	unsigned int ill = check_conv_limits(d);

	if (!ill)
		ill = check_operands(d->a_type, d->b_type, d->a_zp, d->b_zp, d->flags, d->meta, d->ic);
	if (ill)
		return ill;
	if (misaligned(d->a_type, d->in | d->in_stride_n | d->in_stride_y | d->in_stride_x) ||
	    misaligned(d->b_type, d->w | d->w_stride_tap | d->w_stride_c) || (d->out | d->out_stride) & 3)
		return LOOM_ILL_ALIGN;
	image = (d->ih - 1ull) * d->in_stride_y + (d->iw - 1ull) * d->in_stride_x +
		row_bytes(d->a_type, d->ic);
	ill = loom_check_spm(c, d->in, d->n, image, d->in_stride_n, LOOM_READS);
	if (ill)
		return ill;
	rows = stored_rows(d->flags, d->ic);
	tap = ((tb ? d->oc : rows) - 1ull) * d->w_stride_c + row_bytes(d->b_type, tb ? rows : d->oc);
	ill = loom_check_spm(c, d->w, taps, tap, d->w_stride_tap, LOOM_READS);
	if (!ill)
		ill = check_meta(c, d->flags, d->meta, taps, d->ic, d->oc);
	if (ill)
		return ill;
	/* Pixels are at least 4 bytes apart, so that more than these do not fit; the product stays small. */
	return pixels > LOOM_MAX_COUNT ? LOOM_ILL_ACC_RANGE :
	       loom_check_acc(c, d->out, pixels, 4ull * d->oc, d->out_stride, LOOM_WRITES);
}

static unsigned int check_dwconv_limits(const struct loom_dwconv *d)
{
	uint64_t pixels = (uint64_t)d->n * d->oh * d->ow;

	if (bad(d->n, MAX_SIDE) || bad(d->oh, MAX_SIDE) || bad(d->ow, MAX_SIDE) || bad(d->ih, MAX_SIDE) ||
	    bad(d->iw, MAX_SIDE) || bad(d->c, MAX_SIDE))
		return LOOM_ILL_VALUE;
	if (bad(d->kh, MAX_TAPS) || bad(d->kw, MAX_TAPS) || bad(d->sy, MAX_TAPS) || bad(d->sx, MAX_TAPS) ||
	    bad(d->dy, MAX_TAPS) || bad(d->dx, MAX_TAPS))
		return LOOM_ILL_VALUE;
	return pixels > 1 && d->out_stride < 4ull * d->c ? LOOM_ILL_VALUE : 0;
}

unsigned int loom_check_dwconv(struct loom_check *c)
{
	const struct loom_dwconv *d = &c->u->dwconv;
	uint64_t pixels = (uint64_t)d->n * d->oh * d->ow, image;
	unsigned int ill = check_dwconv_limits(d);

	if (!ill)
		ill = check_operands(d->a_type, d->b_type, d->a_zp, d->b_zp, d->flags, 0, 0);
	if (ill)
		return ill;
	if (misaligned(d->a_type, d->in | d->in_stride_n | d->in_stride_y | d->in_stride_x) ||
	    misaligned(d->b_type, d->w | d->w_stride_tap) || (d->out | d->out_stride) & 3)
		return LOOM_ILL_ALIGN;
	image = (d->ih - 1ull) * d->in_stride_y + (d->iw - 1ull) * d->in_stride_x + row_bytes(d->a_type, d->c);
	ill = loom_check_spm(c, d->in, d->n, image, d->in_stride_n, LOOM_READS);
	if (!ill)
		ill = loom_check_spm(c, d->w, (uint64_t)d->kh * d->kw, row_bytes(d->b_type, d->c),
				     d->w_stride_tap, LOOM_READS);
	if (ill)
		return ill;
	return pixels > LOOM_MAX_COUNT ? LOOM_ILL_ACC_RANGE :
	       loom_check_acc(c, d->out, pixels, 4ull * d->c, d->out_stride, LOOM_WRITES);
}
