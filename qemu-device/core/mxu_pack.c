/* SPDX-License-Identifier: MIT */
/* Packing: operands of any type and layout into blocks of f32, or of s16 with the zero point subtracted. */
#include "mxu.h"

#include <string.h>

void loom_widen(void *dst, bool integer, unsigned int type, int zp, const uint8_t *base, uint64_t first, size_t n)
{
	const struct loom_kernels *k = loom_kernels();
	int16_t *s = dst;

	if (!integer) {
		k->to_f32[type](dst, base + first * loom_type_bytes(type), n);
	} else if (type != LOOM_S4) {
		k->to_s16[type](dst, base + first, n, zp);
	} else {
		for (size_t i = 0; i < n; i++, first++) {
			int nibble = base[first / 2] >> (first & 1 ? 4 : 0) & 15;

			s[i] = (int16_t)((nibble ^ 8) - 8 - zp);
		}
	}
}

/* Spreads a row of the left operand's block over the rows of buf->a: the transposed case. */
static void pack_left_trans(struct loom_mxu_buffers *buf, const struct loom_left *l, bool integer,
			    uint64_t i0, uint32_t m, uint64_t k0, uint32_t k)
{
	for (uint32_t p = 0; p < k; p++) {
		loom_widen(buf->row[0], integer, l->type, l->zp, l->base + (k0 + p) * l->ld, i0, m);
		for (uint32_t i = 0; i < m; i++) {
			uint8_t *a = buf->a + (size_t)i * LOOM_A_PITCH;

			if (integer)
				((int16_t *)a)[p] = ((int16_t *)buf->row[0])[i];
			else
				((float *)a)[p] = ((float *)buf->row[0])[i];
		}
	}
}

/**
 * struct pixel - an output pixel of a convolution
 * @base: of its image
 * @y, @x: of tap (0, 0) in the dilated input
 */
struct pixel {
	const uint8_t *base;
	int64_t y, x;
};

/* Position in the input of a position in the dilated input, or -1 where that is padding or a zero between. */
static int64_t undilate(int64_t at, uint32_t dilation, uint32_t limit)
{
	if (dilation > 1) {
		if (at < 0 || at % dilation)
			return -1;
		at /= dilation;
	}
	return at < limit ? at : -1;
}

/* Where run @run of the pixel lies: *@from..*@to are its elements that exist, of which *@src is the first. */
static void locate(const struct loom_left *l, const struct pixel *px, uint32_t run, int64_t *from, int64_t *to,
		   const uint8_t **src)
{
	const struct loom_conv *d = l->conv;
	uint32_t ky = l->merged ? run : run / d->kw, kx = l->merged ? 0 : run % d->kw;
	int64_t y = undilate(px->y + (int64_t)ky * d->dy, d->idy, d->ih), x, left;

	*from = 0;
	*to = 0;
	if (y < 0)
		return;
	if (l->merged) {
		left = px->x < 0 ? -px->x : 0;
		x = px->x < 0 ? 0 : px->x;
		if (left >= d->kw || x >= d->iw)
			return;
		*from = left * d->ic;
		*to = (d->kw < d->iw - px->x ? d->kw : d->iw - px->x) * (int64_t)d->ic;
	} else {
		x = undilate(px->x + (int64_t)kx * d->dx, d->idx, d->iw);
		if (x < 0)
			return;
		*to = d->ic;
	}
	*src = px->base + (uint64_t)y * d->in_stride_y + (uint64_t)x * d->in_stride_x;
}

/*
 * As loom_widen(), but in whole vectors, which are much faster than what is left over of one: up to LOOM_WHOLE - 1 elements
 * more are read and written. They fit: a row of buf->a is followed by a gap of as many floats, and what comes after
 * @n is written later. Not for S4, which is on the right only.
 */
_Static_assert(LOOM_A_PITCH - LOOM_KC_BYTES >= (LOOM_WHOLE - 1) * sizeof(float), "gap between rows");

static size_t whole(size_t n)
{
	return (n + LOOM_WHOLE - 1) & ~(size_t)(LOOM_WHOLE - 1);
}

static void widen_whole(uint8_t *dst, const struct loom_left *l, bool integer, const uint8_t *src, size_t n)
{
	if (whole(n) * loom_type_bytes(l->type) <= (size_t)(l->end - src))
		n = whole(n);
	loom_widen(dst, integer, l->type, l->zp, src, 0, n);
}

/* @rows runs of @n elements, @step bytes apart. */
static void widen_rows(uint8_t *dst, const struct loom_left *l, bool integer, const uint8_t *src, size_t n,
		       size_t rows, size_t step)
{
	const size_t size = integer ? sizeof(int16_t) : sizeof(float);

	if (integer && rows && (rows - 1) * step + whole(n) <= (size_t)(l->end - src)) {
		loom_kernels()->rows_s16[l->type]((int16_t *)dst, n, src, n, l->zp, rows, step);
		return;
	}
	if (!integer && rows && (rows - 1) * step + whole(n) * loom_type_bytes(l->type) <= (size_t)(l->end - src)) {
		loom_kernels()->rows_f32[l->type]((float *)dst, n, src, whole(n), rows, step);
		return;
	}
	for (; rows; rows--, dst += n * size, src += step)
		widen_whole(dst, l, integer, src, n);
}

static void zeros(uint8_t *dst, int64_t n, uint32_t size)
{
	if (n > 0)
		memset(dst, 0, (size_t)n * size);
}

/* @k elements of the patch of one pixel, from element @at of run @run; what is outside of the input has value zero. */
static void pack_patch(uint8_t *dst, const struct loom_left *l, bool integer, const struct pixel *px,
		       uint32_t run, int64_t at, uint32_t k)
{
	const uint32_t size = integer ? sizeof(int16_t) : sizeof(float), elem = loom_type_bytes(l->type);

	while (k) {
		int64_t end = l->run - at < k ? l->run : at + k, from, to, lo, hi;
		const uint8_t *src = NULL;

		k -= (uint32_t)(end - at);
		locate(l, px, run++, &from, &to, &src);
		lo = from > at ? from : at;
		hi = to < end ? to : end;
		if (lo >= hi) {
			zeros(dst, end - at, size);
		} else {
			zeros(dst, lo - at, size);
			widen_whole(dst + (lo - at) * size, l, integer, src + (lo - from) * elem, (size_t)(hi - lo));
			zeros(dst + (hi - at) * size, end - hi, size);
		}
		dst += (end - at) * size;
		at = 0;
	}
}

/* Are all taps of the pixel elements of the input, and those of a kernel row one run? */
static bool inside(const struct loom_left *l, const struct pixel *px)
{
	const struct loom_conv *d = l->conv;

	return l->merged && d->idy == 1 && px->y >= 0 && px->y + (d->kh - 1) * (int64_t)d->dy < d->ih &&
	       px->x >= 0 && px->x + d->kw <= d->iw;
}

/* As pack_patch(), of a pixel that is inside: no run needs to be located. */
static void pack_inside(uint8_t *dst, const struct loom_left *l, bool integer, const struct pixel *px,
			uint32_t run, int64_t at, uint32_t k)
{
	const uint32_t size = integer ? sizeof(int16_t) : sizeof(float), elem = loom_type_bytes(l->type);
	const struct loom_conv *d = l->conv;
	const uint64_t step = (uint64_t)d->dy * d->in_stride_y;
	const uint8_t *src = px->base + (uint64_t)px->y * d->in_stride_y + (uint64_t)px->x * d->in_stride_x + run * step;

	if (at) {
		uint32_t n = l->run - at < k ? (uint32_t)(l->run - at) : k;

		widen_whole(dst, l, integer, src + at * elem, n);
		dst += (size_t)n * size;
		src += step;
		k -= n;
	}
	widen_rows(dst, l, integer, src, l->run, k / l->run, step);
	if (k % l->run)
		widen_whole(dst + (size_t)(k - k % l->run) * size, l, integer, src + k / l->run * step, k % l->run);
}

static void pack_left_conv(struct loom_mxu_buffers *buf, const struct loom_left *l, bool integer,
			   uint64_t i0, uint32_t m, uint64_t k0, uint32_t k)
{
	const struct loom_conv *d = l->conv;
	uint32_t ox = (uint32_t)(i0 % d->ow), oy = (uint32_t)(i0 / d->ow % d->oh);
	uint64_t image = i0 / d->ow / d->oh;
	const uint32_t run = (uint32_t)(k0 / l->run);
	const int64_t at = (int64_t)(k0 % l->run);

	for (uint32_t i = 0; i < m; i++) {
		uint8_t *row = buf->a + (size_t)i * LOOM_A_PITCH;
		struct pixel px = {
			.base = l->base + image * d->in_stride_n,
			.y = (int64_t)oy * d->sy - d->pad_y,
			.x = (int64_t)ox * d->sx - d->pad_x,
		};

		if (inside(l, &px))
			pack_inside(row, l, integer, &px, run, at, k);
		else
			pack_patch(row, l, integer, &px, run, at, k);
		if (++ox == d->ow) {
			ox = 0;
			if (++oy == d->oh) {
				oy = 0;
				image++;
			}
		}
	}
}

/* Rows of bytes as they lie. */
static void pack_left_rows(struct loom_mxu_buffers *buf, const struct loom_left *l, uint64_t i0, uint32_t m, uint64_t k0,
			   uint32_t k)
{
	const uint8_t *src = l->base + i0 * l->ld + k0;

	if ((m - 1) * l->ld + whole(k) <= (size_t)(l->end - src)) {
		loom_kernels()->rows_s16[l->type]((int16_t *)buf->a, LOOM_A_PITCH / sizeof(int16_t), src, k, l->zp, m, l->ld);
		return;
	}
	for (uint32_t i = 0; i < m; i++)
		widen_whole(buf->a + (size_t)i * LOOM_A_PITCH, l, true, src + i * l->ld, k);
}

void loom_pack_left(struct loom_mxu_buffers *buf, const struct loom_left *l, bool integer, uint64_t i0,
		    uint32_t m, uint64_t k0, uint32_t k)
{
	if (l->conv)
		pack_left_conv(buf, l, integer, i0, m, k0, k);
	else if (l->trans)
		pack_left_trans(buf, l, integer, i0, m, k0, k);
	else if (!integer)
		loom_kernels()->rows_f32[l->type]((float *)buf->a, LOOM_A_PITCH / sizeof(float), l->base + i0 * l->ld +
						  k0 * loom_type_bytes(l->type), k, m, l->ld);
	else
		pack_left_rows(buf, l, i0, m, k0, k);
	for (uint32_t i = 0; i < m && integer && k & 1; i++)
		((int16_t *)(buf->a + (size_t)i * LOOM_A_PITCH))[k] = 0;
	/* Rows that fill up the last tile. */
	for (uint32_t i = m; i % loom_tile_rows(integer); i++)
		memset(buf->a + (size_t)i * LOOM_A_PITCH, 0, LOOM_KC_BYTES);
}

static const uint8_t *stored_row(const struct loom_right *r, uint64_t tap, uint64_t row)
{
	return r->base + (r->rotate ? r->taps - 1 - tap : tap) * r->tap_stride + row * r->ld;
}

const uint8_t *loom_right_row(const struct loom_right *r, uint64_t k)
{
	return stored_row(r, k / r->rows, k % r->rows);
}

/* Row @k of a sparse operand: of the two that are stored of its four, what the nibbles say belongs to it, else zero. */
static void sparse_row(void *dst, const struct loom_right *r, bool integer, uint64_t k, uint32_t j0, uint32_t n)
{
	const uint64_t tap = k / r->rows, row = k % r->rows;
	const uint64_t stored = r->rotate ? r->taps - 1 - tap : tap;
	const uint8_t *meta = r->meta + (stored * (r->rows / 4) + row / 4) * r->meta_pitch;
	const uint32_t size = integer ? sizeof(int16_t) : sizeof(float);
	uint8_t value[2][LOOM_NC * sizeof(float)] __attribute__((aligned(32)));

	for (unsigned int i = 0; i < 2; i++)
		loom_widen(value[i], integer, r->type, r->zp, stored_row(r, tap, row / 4 * 2 + i), j0, n);
	memset(dst, 0, (size_t)n * size);
	for (uint32_t j = 0; j < n; j++) {
		unsigned int where = meta[(j0 + j) / 2] >> ((j0 + j) & 1 ? 4 : 0);

		for (unsigned int i = 0; i < 2; i++)
			if ((where >> (2 * i) & 3) == row % 4)
				memcpy((uint8_t *)dst + j * size, value[i] + j * size, size);
	}
}

static void full_row(void *dst, const struct loom_right *r, bool integer, uint64_t k, uint32_t j0, uint32_t n)
{
	if (r->meta)
		sparse_row(dst, r, integer, k, j0, n);
	else
		loom_widen(dst, integer, r->type, r->zp, loom_right_row(r, k), j0, n);
}

/* By way of a row that is converted first. */
static void pack_rows_f32(struct loom_mxu_buffers *buf, float *b, const struct loom_right *r, uint64_t k0, uint32_t k,
			  uint32_t j0, uint32_t n)
{
	const uint32_t panels = LOOM_DIV_UP(n, LOOM_NR);
	float *row = (float *)buf->row[0];

	memset(row + n, 0, (panels * LOOM_NR - n) * sizeof(*row));
	for (uint32_t p = 0; p < k; p++) {
		full_row(row, r, false, k0 + p, j0, n);
		for (uint32_t j = 0; j < panels; j++)
			memcpy(b + ((size_t)j * k + p) * LOOM_NR, row + (size_t)j * LOOM_NR,
			       LOOM_NR * sizeof(*row));
	}
}

/* Rows of a few panels that are read and written while they are in the nearest cache. */
#define PANEL_ROWS	16u

/* Whole panels of an operand whose rows lie in memory as they are: straight there. */
static void pack_panels_f32(float *b, const struct loom_right *r, uint64_t k0, uint32_t k, uint32_t j0, uint32_t n)
{
	const size_t panel = (size_t)k * LOOM_NR, bytes = (size_t)LOOM_NR * loom_type_bytes(r->type);
	uint32_t rows;

	for (uint32_t p = 0; p < k; p += rows, b += (size_t)rows * LOOM_NR) {
		const uint8_t *src = loom_right_row(r, k0 + p) + (size_t)j0 * loom_type_bytes(r->type);
		const uint32_t left = r->rows - (uint32_t)((k0 + p) % r->rows);
		float *dst = b;

		rows = k - p < PANEL_ROWS ? k - p : PANEL_ROWS;
		rows = left < rows ? left : rows;
		for (uint32_t j = 0; j < n; j += LOOM_NR, dst += panel, src += bytes)
			loom_kernels()->panel_f32[r->type](dst, src, rows, r->ld);
	}
}

static void pack_right_f32(struct loom_mxu_buffers *buf, float *b, const struct loom_right *r, uint64_t k0,
			   uint32_t k, uint32_t j0, uint32_t n)
{
	if (!r->meta && n >= LOOM_NR) {
		const uint32_t all = n - n % LOOM_NR;

		pack_panels_f32(b, r, k0, k, j0, all);
		b += (size_t)all * k;
		j0 += all;
		n -= all;
	}
	if (n)
		pack_rows_f32(buf, b, r, k0, k, j0, n);
}

static void interleave(int16_t *restrict dst, const int16_t *restrict even, const int16_t *restrict odd)
{
	for (int j = 0; j < LOOM_NR; j++) {
		dst[2 * j] = even[j];
		dst[2 * j + 1] = odd[j];
	}
}

static void pack_right_s16(struct loom_mxu_buffers *buf, int16_t *b, const struct loom_right *r, uint64_t k0,
			   uint32_t k, uint32_t j0, uint32_t n)
{
	const uint32_t panels = LOOM_DIV_UP(n, LOOM_NR), pairs = LOOM_DIV_UP(k, 2);
	int16_t *even = (int16_t *)buf->row[0], *odd = (int16_t *)buf->row[1];

	memset(buf->row, 0, sizeof(buf->row));
	for (uint32_t p = 0; p < pairs; p++) {
		full_row(even, r, true, k0 + 2 * p, j0, n);
		if (2 * p + 1 < k)
			full_row(odd, r, true, k0 + 2 * p + 1, j0, n);
		else
			memset(odd, 0, sizeof(buf->row[1]));
		for (uint32_t j = 0; j < panels; j++)
			interleave(b + ((size_t)j * pairs + p) * 2 * LOOM_NR, even + (size_t)j * LOOM_NR,
				   odd + (size_t)j * LOOM_NR);
	}
}

/* Values of the groups of four that have elements [@c, +@n) of a stored column, in their places; the rest is zero. */
static void sparse_column(void *dst, const struct loom_right *r, bool integer, uint64_t tap, uint64_t c, uint32_t n,
			  uint32_t j)
{
	const uint8_t *base = r->base + tap * r->tap_stride + j * r->ld;
	const uint8_t *meta = r->meta + (tap * r->cols + j) * r->meta_pitch;
	const uint32_t size = integer ? sizeof(int16_t) : sizeof(float);
	const uint64_t first = c / 4, groups = (c + n + 3) / 4 - first;
	uint8_t value[LOOM_KC_BYTES / 2 + 64] __attribute__((aligned(32)));

	loom_widen(value, integer, r->type, r->zp, base, 2 * first, 2 * groups);
	memset(dst, 0, (size_t)n * size);
	for (uint64_t g = 0; g < groups; g++) {
		unsigned int where = meta[(first + g) / 2] >> ((first + g) & 1 ? 4 : 0);

		for (unsigned int i = 0; i < 2; i++) {
			uint64_t row = 4 * (first + g) + (where >> (2 * i) & 3);

			if (row >= c && row < c + n)
				memcpy((uint8_t *)dst + (row - c) * size, value + (2 * g + i) * size, size);
		}
	}
}

/* Elements [k0, k0 + k) of column j of a right operand that is stored by columns. */
static void right_column(void *dst, const struct loom_right *r, bool integer, uint64_t k0, uint32_t k,
			 uint32_t j)
{
	uint8_t *at = dst;

	while (k) {
		uint64_t tap = k0 / r->rows, c = k0 % r->rows;
		uint32_t n = r->rows - c < k ? (uint32_t)(r->rows - c) : k;

		if (r->rotate)
			tap = r->taps - 1 - tap;
		if (r->meta)
			sparse_column(at, r, integer, tap, c, n, j);
		else
			loom_widen(at, integer, r->type, r->zp, r->base + tap * r->tap_stride + j * r->ld, c, n);
		at += n * (integer ? sizeof(int16_t) : sizeof(float));
		k0 += n;
		k -= n;
	}
}

static void pack_right_trans(struct loom_mxu_buffers *buf, uint32_t *b, const struct loom_right *r, bool integer,
			     uint64_t k0, uint32_t k, uint32_t j0, uint32_t n)
{
	/* Either way 32 bits a step of depth: a float, or a pair of s16. */
	const uint32_t panels = LOOM_DIV_UP(n, LOOM_NR), depth = integer ? LOOM_DIV_UP(k, 2) : k;

	for (uint32_t panel = 0; panel < panels; panel++, b += (size_t)depth * LOOM_NR) {
		for (uint32_t j = 0; j < LOOM_NR; j++) {
			uint32_t *col = (uint32_t *)buf->cols[j], at = panel * LOOM_NR + j;

			col[depth - 1] = 0;
			if (at < n)
				right_column(col, r, integer, k0, k, j0 + at);
			else
				memset(col, 0, depth * sizeof(*col));
		}
		for (uint32_t p = 0; p < depth; p++)
			for (uint32_t j = 0; j < LOOM_NR; j++)
				memcpy(b + (size_t)p * LOOM_NR + j, buf->cols[j] + p * sizeof(*b), sizeof(*b));
	}
}

void loom_pack_right(struct loom_mxu_buffers *buf, uint8_t *dst, const struct loom_right *r, bool integer,
		     uint64_t k0, uint32_t k, uint32_t j0, uint32_t n)
{
	void *b = dst;

	if (r->trans)
		pack_right_trans(buf, b, r, integer, k0, k, j0, n);
	else if (integer)
		pack_right_s16(buf, b, r, k0, k, j0, n);
	else
		pack_right_f32(buf, b, r, k0, k, j0, n);
}
