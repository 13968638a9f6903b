/* SPDX-License-Identifier: MIT */
/* The blocked product. Every output sees K ascending: blocks of K are the outer loop and reload it. */
#include "mxu.h"

#include <string.h>

#define THIN	3	/* rows */
#define FLAT_NC	128u	/* columns of a block beside few rows */

/* A tile of @m x @n floats, fewer than a kernel makes: by way of a whole one. */
static void edge_tile(struct loom_mxu_buffers *buf, const struct loom_kernels *kern, uint8_t *c, uint64_t ldc, uint32_t m,
		      uint32_t n, const uint8_t *a, const uint8_t *b, uint32_t k, bool fresh)
{
	memset(buf->tile, 0, sizeof(buf->tile));
	for (uint32_t i = 0; i < m && !fresh; i++)
		memcpy(buf->tile + i * LOOM_NR, c + i * ldc, n * 4);
	kern->mm_f32((float *)buf->tile, LOOM_NR, (const float *)a, (const float *)b, k, fresh);
	for (uint32_t i = 0; i < m; i++)
		memcpy(c + i * ldc, buf->tile + i * LOOM_NR, n * 4);
}

/* Packed blocks of @m x @k, in buf->a, and @k x @n, at @right. @fresh: from 0. */
static void block(struct loom_mxu_buffers *buf, const uint8_t *right, bool integer, uint8_t *c, uint64_t ldc,
		  uint32_t m, uint32_t n, uint32_t k, bool fresh)
{
	const struct loom_kernels *kern = loom_kernels();
	const uint32_t pairs = LOOM_DIV_UP(k, 2), whole = loom_tile_rows(integer);
	const size_t panel = (size_t)(integer ? pairs : k) * LOOM_NR * 4;

	for (uint32_t j = 0; j < n; j += LOOM_NR) {
		const uint8_t *b = right + j / LOOM_NR * panel;
		const uint32_t cols = n - j < LOOM_NR ? n - j : LOOM_NR;

		for (uint32_t i = 0; i < m; i += whole) {
			const uint8_t *a = buf->a + (size_t)i * LOOM_A_PITCH;
			const uint32_t rows = m - i < whole ? m - i : whole;
			uint8_t *at = c + i * ldc + j * 4ull;

			if (integer)
				kern->mm_s16((int32_t *)(void *)at, ldc / 4, rows, cols, (const int16_t *)a, (const int16_t *)b,
					     pairs, fresh);
			else if (rows == whole && cols == LOOM_NR)
				kern->mm_f32((float *)(void *)at, ldc / 4, (const float *)a, (const float *)b, k, fresh);
			else
				edge_tile(buf, kern, at, ldc, rows, cols, a, b, k, fresh);
		}
	}
}

/* Few rows on the left are not worth packing the right operand for: its rows pass by once. */
static void thin_block(struct loom_mxu_buffers *buf, const struct loom_right *r, bool integer, uint8_t *c,
		       uint64_t ldc, uint32_t m, uint32_t j, uint32_t n, uint64_t k0, uint32_t k)
{
	const struct loom_kernels *kern = loom_kernels();

	for (uint32_t p = 0; p < k; p++) {
		const uint8_t *row = loom_right_row(r, k0 + p);
		const void *w = buf->row[0];

		if (r->type == LOOM_F32)
			w = row + j * sizeof(float);
		else
			loom_widen(buf->row[0], integer, r->type, r->zp, row, j, n);
		for (uint32_t i = 0; i < m; i++) {
			const uint8_t *a = buf->a + (size_t)i * LOOM_A_PITCH;

			if (integer)
				kern->axpy_s16((int32_t *)(void *)(c + i * ldc), ((const int16_t *)a)[p], w, n);
			else
				kern->axpy_f32((float *)(void *)(c + i * ldc), ((const float *)a)[p], w, n);
		}
	}
	for (uint32_t i = 0; i < m && !integer; i++)
		kern->canon((float *)(void *)(c + i * ldc), n);
}

/**
 * struct product - what loom_gemm() was asked for
 * @kc: a block of K, elements; @mc of M
 * @zero: start from 0
 */
struct product {
	const struct loom_left *l;
	const struct loom_right *r;
	bool integer, zero;
	uint8_t *c;
	uint64_t ldc, m, k;
	uint32_t n, kc, mc;
};

/* All rows of columns [@j, +@n) become 0. */
static void clear(const struct product *g, uint32_t j, uint32_t n)
{
	for (uint64_t i = 0; i < g->m; i++)
		memset(g->c + i * g->ldc + j * 4ull, 0, n * 4ull);
}

/* One block of the left operand is all of its rows: packed once; of the right one a few panels, which stay in the cache. */
static bool flat_product(struct loom_core *core, const struct product *g)
{
	struct loom_mxu_buffers *buf = core->mxu;
	const uint32_t m = (uint32_t)g->m;
	bool thin = m <= THIN && g->n >= LOOM_NR && !g->r->trans && !g->r->meta;
	uint32_t nc = thin ? LOOM_NC : FLAT_NC;

	for (uint64_t p = 0; p < g->k; p += g->kc) {
		uint32_t kb = g->k - p < g->kc ? (uint32_t)(g->k - p) : g->kc;

		loom_pack_left(buf, g->l, g->integer, 0, m, p, kb);
		for (uint32_t j = 0; j < g->n; j += nc) {
			uint32_t nb = g->n - j < nc ? g->n - j : nc;

			if (loom_exec_stopping(core))
				return false;
			if (thin) {
				if (g->zero && !p)
					clear(g, j, nb);
				thin_block(buf, g->r, g->integer, g->c + j * 4ull, g->ldc, m, j, nb, p, kb);
			} else {
				block(buf, loom_packed_right(core, g->r, g->integer, p, kb, j, nb), g->integer,
				      g->c + j * 4ull, g->ldc, m, nb, kb, g->zero && !p);
			}
		}
	}
	return true;
}

/* Many blocks on the left: they pass by a large block of the right operand. */
static bool tall_product(struct loom_core *core, const struct product *g)
{
	struct loom_mxu_buffers *buf = core->mxu;

	for (uint32_t j = 0; j < g->n; j += LOOM_NC) {
		uint32_t nb = g->n - j < LOOM_NC ? g->n - j : LOOM_NC;

		for (uint64_t p = 0; p < g->k; p += g->kc) {
			uint32_t kb = g->k - p < g->kc ? (uint32_t)(g->k - p) : g->kc;

			const uint8_t *right = loom_packed_right(core, g->r, g->integer, p, kb, j, nb);

			for (uint64_t i = 0; i < g->m; i += g->mc) {
				uint32_t mb = g->m - i < g->mc ? (uint32_t)(g->m - i) : g->mc;

				if (loom_exec_stopping(core))
					return false;
				loom_pack_left(buf, g->l, g->integer, i, mb, p, kb);
				block(buf, right, g->integer, g->c + i * g->ldc + j * 4ull, g->ldc, mb, nb, kb,
				      g->zero && !p);
			}
		}
	}
	return true;
}

bool loom_gemm(struct loom_core *core, const struct loom_left *l, const struct loom_right *r, void *c,
	       uint64_t ldc, uint64_t m, uint32_t n, uint64_t k, bool zero)
{
	bool integer = l->type == LOOM_S8 || l->type == LOOM_U8;
	const struct product g = {
		.l = l, .r = r, .integer = integer, .c = c, .ldc = ldc, .m = m, .k = k, .n = n, .zero = zero,
		.kc = LOOM_KC_BYTES / (integer ? sizeof(int16_t) : sizeof(float)),
		.mc = LOOM_MC - LOOM_MC % loom_tile_rows(integer),
	};

	return m <= g.mc ? flat_product(core, &g) : tall_product(core, &g);
}
