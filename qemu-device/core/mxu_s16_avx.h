/* SPDX-License-Identifier: MIT */
/*
 * The integer matrix kernel in 256-bit registers, for inclusion by a file that has set the instruction set to compile
 * for, and defines MM_S16 (its name) and mac_pairs(): eight sums, each plus the products of a pair, mod 2^32.
 */
#include "kernels.h"

#define PITCH_S32	(LOOM_A_PITCH / sizeof(int32_t))

typedef int32_t __attribute__((may_alias)) pair_t;	/* two int16 */

void MM_S16(int32_t *c, size_t ldc, const int16_t *a16, const int16_t *b16, size_t pairs)
{
	const pair_t *a = (const pair_t *)(const void *)a16;
	const __m256i *b = (const __m256i *)(const void *)b16;
	__m256i acc[LOOM_MR][2];

#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++) {
		acc[i][0] = _mm256_loadu_si256((const __m256i *)(c + (size_t)i * ldc));
		acc[i][1] = _mm256_loadu_si256((const __m256i *)(c + (size_t)i * ldc + 8));
	}
	for (size_t p = 0; p < pairs; p++) {
		__m256i b0 = _mm256_load_si256(b), b1 = _mm256_load_si256(b + 1);

		b += 2;
#pragma GCC unroll 6
		for (int i = 0; i < LOOM_MR; i++) {
			__m256i x = _mm256_set1_epi32(a[(size_t)i * PITCH_S32]);

			acc[i][0] = mac_pairs(acc[i][0], x, b0);
			acc[i][1] = mac_pairs(acc[i][1], x, b1);
		}
		a++;
	}
#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++) {
		_mm256_storeu_si256((__m256i *)(c + (size_t)i * ldc), acc[i][0]);
		_mm256_storeu_si256((__m256i *)(c + (size_t)i * ldc + 8), acc[i][1]);
	}
}
