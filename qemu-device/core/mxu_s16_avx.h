/* SPDX-License-Identifier: MIT */
/*
 * The integer matrix kernel in 256-bit registers, for inclusion by a file that has set the instruction set to compile
 * for, and defines MM_S16 (its name) and mac_pairs(): eight sums, each plus the products of a pair, mod 2^32.
 */
#include "kernels.h"

#define PITCH_S32	(LOOM_A_PITCH / sizeof(int32_t))

typedef int32_t __attribute__((may_alias)) pair_t;	/* two int16 */

/* @vecs vectors of eight columns; of the last one, where it is a part, those that @mask has. Both known where this is inlined. */
static inline __attribute__((always_inline)) void mm_columns(int32_t *c, size_t ldc, uint32_t m, const pair_t *a, const __m256i *b,
							     size_t pairs, bool fresh, const int vecs, const bool part,
							     __m256i mask)
{
	__m256i acc[LOOM_MR][2];

#pragma GCC unroll 6
	for (uint32_t i = 0; i < LOOM_MR; i++)
#pragma GCC unroll 2
		for (int v = 0; v < vecs; v++) {
			const int32_t *at = c + (size_t)i * ldc + 8 * v;

			acc[i][v] = _mm256_setzero_si256();
			if (!fresh && i < m)
				acc[i][v] = part && v == vecs - 1 ? _mm256_maskload_epi32(at, mask) :
					    _mm256_loadu_si256((const __m256i *)at);
		}
	for (size_t p = 0; p < pairs; p++, a++, b += 2) {
		__m256i b0 = _mm256_load_si256(b), b1 = _mm256_load_si256(b + vecs - 1);

#pragma GCC unroll 6
		for (int i = 0; i < LOOM_MR; i++) {
			__m256i x = _mm256_set1_epi32(a[(size_t)i * PITCH_S32]);

			acc[i][0] = mac_pairs(acc[i][0], x, b0);
			if (vecs > 1)
				acc[i][1] = mac_pairs(acc[i][1], x, b1);
		}
	}
#pragma GCC unroll 6
	for (uint32_t i = 0; i < LOOM_MR; i++)
#pragma GCC unroll 2
		for (int v = 0; v < vecs && i < m; v++) {
			int32_t *at = c + (size_t)i * ldc + 8 * v;

			if (part && v == vecs - 1)
				_mm256_maskstore_epi32(at, mask, acc[i][v]);
			else
				_mm256_storeu_si256((__m256i *)at, acc[i][v]);
		}
}

void MM_S16(int32_t *c, size_t ldc, uint32_t m, uint32_t n, const int16_t *a16, const int16_t *b16, size_t pairs, bool fresh)
{
	const pair_t *a = (const pair_t *)(const void *)a16;
	const __m256i *b = (const __m256i *)(const void *)b16;
	const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(((int)n - 1) % 8 + 1), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));

	if (n == LOOM_NR)
		mm_columns(c, ldc, m, a, b, pairs, fresh, 2, false, mask);
	else if (n > LOOM_NR / 2)
		mm_columns(c, ldc, m, a, b, pairs, fresh, 2, true, mask);
	else
		mm_columns(c, ldc, m, a, b, pairs, fresh, 1, true, mask);
}
