/* SPDX-License-Identifier: MIT */
/*
 * The integer matrix kernel for AVX-512 VNNI: as the one for AVX2, but a pair of products is added by the instruction
 * that makes it (vpdpwssd, which wraps), so that there are half as many.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels.h"

#define PITCH_S32	(LOOM_A_PITCH / sizeof(int32_t))

typedef int32_t __attribute__((may_alias)) pair_t;	/* two int16 */

__attribute__((target("avx2,avx512f,avx512vl,avx512vnni")))
void loom_mm_s16_vnni(int32_t *c, size_t ldc, const int16_t *a16, const int16_t *b16, size_t pairs)
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

			acc[i][0] = _mm256_dpwssd_epi32(acc[i][0], x, b0);
			acc[i][1] = _mm256_dpwssd_epi32(acc[i][1], x, b1);
		}
		a++;
	}
#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++) {
		_mm256_storeu_si256((__m256i *)(c + (size_t)i * ldc), acc[i][0]);
		_mm256_storeu_si256((__m256i *)(c + (size_t)i * ldc + 8), acc[i][1]);
	}
}
#endif
