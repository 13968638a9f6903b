/* SPDX-License-Identifier: MIT */
/* ACCINIT, MM, CONV, DWCONV. */
#include <string.h>

#include <loom/isa.h>

#include "ref.h"
#include "softfp.h"

static bool integer(unsigned int type)
{
	return type == LOOM_S8 || type == LOOM_U8;
}

/* Element @index of the row that begins at @row: an integer minus its zero point, or fp32 bits. */
static int64_t element(struct ref *r, uint64_t row, uint64_t index, unsigned int type, int zp)
{
	uint64_t nibble;

	if (type == LOOM_S4) {
		nibble = ref_get(r, REF_SPM, row + index / 2, 1) >> (index % 2 * 4) & 15;
		return (nibble < 8 ? (int64_t)nibble : (int64_t)nibble - 16) - zp;
	}
	if (integer(type))
		return ref_load_int(r, 0, row + index, type) - zp;
	return ref_load(r, 0, row + index * ref_size(type), type);
}

/*
 * 2:4: of each four rows of column @j two are stored. Which row holds value @i of group @group (of four, over all taps).
 */
static uint64_t place(struct ref *r, uint32_t meta, uint64_t n, uint64_t group, uint64_t j, unsigned int i)
{
	uint64_t nibble = ref_get(r, REF_SPM, meta + group * ((n + 1) / 2) + j / 2, 1) >> (j % 2 * 4);

	return nibble >> (2 * i) & 3;
}

/* Row @k of a sparse column; @base and @ld of the rows of its tap, @group0 the tap's first group. */
static int64_t sparse(struct ref *r, uint64_t base, uint64_t ld, uint32_t meta, uint64_t group0, uint64_t n, uint64_t k,
		      uint64_t j, unsigned int type, int zp)
{
	for (unsigned int i = 2; i-- > 0;)
		if (place(r, meta, n, group0 + k / 4, j, i) == k % 4)
			return element(r, base + (k / 4 * 2 + i) * ld, j, type, zp);
	return 0;
}

/* Row @k of column @j that is stored as a row at @row: k / 2 values, and nibbles of its own from @meta on, one for each four rows. */
static int64_t sparse_stored(struct ref *r, uint64_t row, uint64_t meta, uint64_t k, unsigned int type, int zp)
{
	uint64_t nibble = ref_get(r, REF_SPM, meta + k / 4 / 2, 1) >> (k / 4 % 2 * 4);

	for (unsigned int i = 2; i-- > 0;)
		if ((nibble >> (2 * i) & 3) == k % 4)
			return element(r, row, k / 4 * 2 + i, type, zp);
	return 0;
}

static uint32_t mac(bool ints, uint32_t acc, int64_t a, int64_t b)
{
	return ints ? acc + (uint32_t)(a * b) : sf_fma((uint32_t)a, (uint32_t)b, acc);
}

static void finish(struct ref *r, uint64_t addr, bool ints, uint32_t acc)
{
	ref_put(r, REF_ACC, addr, 4, !ints && sf_is_nan(acc) ? SF_NAN : acc);
}

void ref_accinit(struct ref *r, const void *desc)
{
	struct loom_accinit d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.m; i++)
		for (uint64_t j = 0; j < d.n; j++)
			ref_put(r, REF_ACC, d.acc + i * d.ldc + 4 * j, 4, d.flags & LOOM_ACCINIT_BIAS ?
				ref_get(r, REF_SPM, d.bias + 4 * j, 4) : d.value);
}

static int64_t right(struct ref *r, const struct loom_mm *d, uint64_t k, uint64_t j)
{
	bool tb = d->flags & LOOM_MXU_TRANS_B;

	if (!(d->flags & LOOM_MXU_SPARSE24))
		return element(r, d->b + (tb ? j : k) * d->ldb, tb ? k : j, d->b_type, d->b_zp);
	if (!tb)
		return sparse(r, d->b, d->ldb, d->meta, 0, d->n, k, j, d->b_type, d->b_zp);
	return sparse_stored(r, d->b + j * d->ldb, d->meta + j * ((d->k + 7) / 8), k, d->b_type, d->b_zp);
}

void ref_mm(struct ref *r, const void *desc)
{
	struct loom_mm d;
	bool ints;

	memcpy(&d, desc, sizeof(d));
	ints = integer(d.a_type);
	for (uint64_t i = 0; i < d.m; i++)
		for (uint64_t j = 0; j < d.n; j++) {
			uint64_t at = d.c + i * d.ldc + 4 * j;
			uint32_t acc = d.flags & LOOM_MXU_ZERO ? 0 : (uint32_t)ref_get(r, REF_ACC, at, 4);

			for (uint64_t k = 0; k < d.k; k++) {
				bool ta = d.flags & LOOM_MXU_TRANS_A;
				int64_t a = element(r, d.a + (ta ? k : i) * d.lda, ta ? i : k, d.a_type,
						    d.a_zp);

				acc = mac(ints, acc, a, right(r, &d, k, j));
			}
			finish(r, at, ints, acc);
		}
}

/* Input value under a tap: zero where there is no input. */
static int64_t input(struct ref *r, const struct loom_conv *d, uint64_t image, int64_t y, int64_t x, uint64_t c)
{
	if (y < 0 || x < 0 || y % d->idy || x % d->idx || y / d->idy >= d->ih || x / d->idx >= d->iw)
		return 0;
	return element(r, d->in + image * d->in_stride_n + (uint64_t)(y / d->idy) * d->in_stride_y +
		       (uint64_t)(x / d->idx) * d->in_stride_x, c, d->a_type, d->a_zp);
}

static int64_t weight(struct ref *r, const struct loom_conv *d, uint64_t ky, uint64_t kx, uint64_t c, uint64_t o)
{
	bool tb = d->flags & LOOM_MXU_TRANS_B;
	uint64_t tap;

	if (d->flags & LOOM_MXU_ROTATE) {
		ky = d->kh - 1 - ky;
		kx = d->kw - 1 - kx;
	}
	tap = ky * d->kw + kx;
	if (d->flags & LOOM_MXU_SPARSE24 && tb)
		return sparse_stored(r, d->w + tap * d->w_stride_tap + o * d->w_stride_c,
				     d->meta + (tap * d->oc + o) * ((d->ic + 7) / 8), c, d->b_type, d->b_zp);
	if (d->flags & LOOM_MXU_SPARSE24)
		return sparse(r, d->w + tap * d->w_stride_tap, d->w_stride_c, d->meta, tap * (d->ic / 4), d->oc, c, o,
			      d->b_type, d->b_zp);
	return element(r, d->w + tap * d->w_stride_tap + (tb ? o : c) * d->w_stride_c, tb ? c : o, d->b_type,
		       d->b_zp);
}

static void conv_output(struct ref *r, const struct loom_conv *d, uint64_t n, int64_t oy, int64_t ox, uint64_t o)
{
	uint64_t pixel = (n * d->oh + (uint64_t)oy) * d->ow + (uint64_t)ox;
	uint64_t at = d->out + pixel * d->out_stride + 4 * o;
	uint32_t acc = d->flags & LOOM_MXU_ZERO ? 0 : (uint32_t)ref_get(r, REF_ACC, at, 4);
	bool ints = integer(d->a_type);

	for (int64_t ky = 0; ky < d->kh; ky++)
		for (int64_t kx = 0; kx < d->kw; kx++)
			for (uint64_t c = 0; c < d->ic; c++)
				acc = mac(ints, acc,
					  input(r, d, n, oy * d->sy + ky * d->dy - d->pad_y,
						ox * d->sx + kx * d->dx - d->pad_x, c),
					  weight(r, d, (uint64_t)ky, (uint64_t)kx, c, o));
	finish(r, at, ints, acc);
}

void ref_conv(struct ref *r, const void *desc)
{
	struct loom_conv d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t n = 0; n < d.n; n++)
		for (int64_t oy = 0; oy < d.oh; oy++)
			for (int64_t ox = 0; ox < d.ow; ox++)
				for (uint64_t o = 0; o < d.oc; o++)
					conv_output(r, &d, n, oy, ox, o);
}

static void dwconv_output(struct ref *r, const struct loom_dwconv *d, uint64_t n, int64_t oy, int64_t ox, uint64_t c)
{
	uint64_t pixel = (n * d->oh + (uint64_t)oy) * d->ow + (uint64_t)ox;
	uint64_t at = d->out + pixel * d->out_stride + 4 * c;
	uint32_t acc = d->flags & LOOM_MXU_ZERO ? 0 : (uint32_t)ref_get(r, REF_ACC, at, 4);
	bool ints = integer(d->a_type);

	for (int64_t ky = 0; ky < d->kh; ky++)
		for (int64_t kx = 0; kx < d->kw; kx++) {
			int64_t y = oy * d->sy + ky * d->dy - d->pad_y, x = ox * d->sx + kx * d->dx - d->pad_x;
			bool inside = y >= 0 && y < d->ih && x >= 0 && x < d->iw;
			int64_t v = inside ? element(r, d->in + n * d->in_stride_n + (uint64_t)y * d->in_stride_y +
						     (uint64_t)x * d->in_stride_x, c, d->a_type, d->a_zp) : 0;

			acc = mac(ints, acc, v, element(r, d->w + (uint64_t)(ky * d->kw + kx) * d->w_stride_tap, c,
							d->b_type, d->b_zp));
		}
	finish(r, at, ints, acc);
}

void ref_dwconv(struct ref *r, const void *desc)
{
	struct loom_dwconv d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t n = 0; n < d.n; n++)
		for (int64_t oy = 0; oy < d.oh; oy++)
			for (int64_t ox = 0; ox < d.ow; ox++)
				for (uint64_t c = 0; c < d.c; c++)
					dwconv_output(r, &d, n, oy, ox, c);
}
