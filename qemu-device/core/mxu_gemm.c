/* SPDX-License-Identifier: MIT */
/* The blocked product. Every output sees K ascending: blocks of K are the outer loop and reload it. */
#include "mxu.h"

#include <string.h>

#define THIN	3	/* rows */

static void tile(const struct loom_kernels *kern, bool integer, void *c, size_t ldc, const uint8_t *a,
		 const uint8_t *b, uint32_t k)
{
	if (integer)
		kern->mm_s16(c, ldc, (const int16_t *)a, (const int16_t *)b, LOOM_DIV_UP(k, 2));
	else
		kern->mm_f32(c, ldc, (const float *)a, (const float *)b, k);
}

/* A tile of @m x @n outputs, fewer than a kernel makes: by way of a whole one. */
static void edge_tile(struct loom_mxu_buffers *buf, const struct loom_kernels *kern, bool integer, uint8_t *c,
		      uint64_t ldc, uint32_t m, uint32_t n, const uint8_t *a, const uint8_t *b, uint32_t k)
{
	memset(buf->tile, 0, sizeof(buf->tile));
	for (uint32_t i = 0; i < m; i++)
		memcpy(buf->tile + i * LOOM_NR, c + i * ldc, n * 4);
	tile(kern, integer, buf->tile, LOOM_NR, a, b, k);
	for (uint32_t i = 0; i < m; i++)
		memcpy(c + i * ldc, buf->tile + i * LOOM_NR, n * 4);
}

/* Packed blocks of @m x @k and @k x @n. */
static void block(struct loom_mxu_buffers *buf, bool integer, uint8_t *c, uint64_t ldc, uint32_t m, uint32_t n,
		  uint32_t k)
{
	const struct loom_kernels *kern = loom_kernels();
	const size_t panel = (size_t)(integer ? LOOM_DIV_UP(k, 2) : k) * LOOM_NR * 4;

	for (uint32_t j = 0; j < n; j += LOOM_NR) {
		const uint8_t *b = buf->b + j / LOOM_NR * panel;

		for (uint32_t i = 0; i < m; i += LOOM_MR) {
			const uint8_t *a = buf->a + (size_t)i * LOOM_A_PITCH;
			uint8_t *at = c + i * ldc + j * 4ull;

			if (m - i >= LOOM_MR && n - j >= LOOM_NR)
				tile(kern, integer, at, ldc / 4, a, b, k);
			else
				edge_tile(buf, kern, integer, at, ldc, m - i < LOOM_MR ? m - i : LOOM_MR,
					  n - j < LOOM_NR ? n - j : LOOM_NR, a, b, k);
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
}

bool loom_gemm(struct loom_core *core, const struct loom_left *l, const struct loom_right *r, void *c,
	       uint64_t ldc, uint64_t m, uint32_t n, uint64_t k, bool zero)
{
	struct loom_mxu_buffers *buf = core->mxu;
	bool integer = l->type == LOOM_S8 || l->type == LOOM_U8;
	uint32_t kc = LOOM_KC_BYTES / (integer ? sizeof(int16_t) : sizeof(float));

	for (uint64_t i = 0; i < m && zero; i++)
		memset((uint8_t *)c + i * ldc, 0, n * 4ull);
	for (uint32_t j = 0; j < n; j += LOOM_NC) {
		uint32_t nb = n - j < LOOM_NC ? n - j : LOOM_NC;

		for (uint64_t p = 0; p < k; p += kc) {
			uint32_t kb = k - p < kc ? (uint32_t)(k - p) : kc;

			if (m <= THIN && n >= LOOM_NR && !r->trans && !r->meta) {
				if (loom_exec_stopping(core))
					return false;
				loom_pack_left(buf, l, integer, 0, (uint32_t)m, p, kb);
				thin_block(buf, r, integer, (uint8_t *)c + j * 4ull, ldc, (uint32_t)m, j, nb, p, kb);
				continue;
			}
			loom_pack_right(buf, r, integer, p, kb, j, nb);
			for (uint64_t i = 0; i < m; i += LOOM_MC) {
				uint32_t mb = m - i < LOOM_MC ? (uint32_t)(m - i) : LOOM_MC;

				if (loom_exec_stopping(core))
					return false;
				loom_pack_left(buf, l, integer, i, mb, p, kb);
				block(buf, integer, (uint8_t *)c + i * ldc + j * 4ull, ldc, mb, nb, kb);
			}
		}
	}
	for (uint64_t i = 0; i < m && !integer; i++)
		loom_kernels()->canon((float *)(void *)((uint8_t *)c + i * ldc), n);
	return true;
}
