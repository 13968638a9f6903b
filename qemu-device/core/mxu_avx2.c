/* SPDX-License-Identifier: MIT */
/* Matrix kernels for AVX2 and FMA: 6 x 16 outer products, 12 accumulators in registers. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels.h"

#define PITCH_F32	(LOOM_A_PITCH / sizeof(float))
#define PITCH_S32	(LOOM_A_PITCH / sizeof(int32_t))

typedef int32_t __attribute__((may_alias)) pair_t;	/* two int16 */

__attribute__((target("avx2,fma")))
void loom_mm_f32_avx2(float *c, size_t ldc, const float *a, const float *b, size_t k)
{
	__m256 acc[LOOM_MR][2];

#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++) {
		acc[i][0] = _mm256_loadu_ps(c + (size_t)i * ldc);
		acc[i][1] = _mm256_loadu_ps(c + (size_t)i * ldc + 8);
	}
	for (size_t p = 0; p < k; p++) {
		__m256 b0 = _mm256_load_ps(b), b1 = _mm256_load_ps(b + 8);

		b += LOOM_NR;
#pragma GCC unroll 6
		for (int i = 0; i < LOOM_MR; i++) {
			__m256 x = _mm256_broadcast_ss(a + (size_t)i * PITCH_F32);

			acc[i][0] = _mm256_fmadd_ps(x, b0, acc[i][0]);
			acc[i][1] = _mm256_fmadd_ps(x, b1, acc[i][1]);
		}
		a++;
	}
#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++) {
		_mm256_storeu_ps(c + (size_t)i * ldc, acc[i][0]);
		_mm256_storeu_ps(c + (size_t)i * ldc + 8, acc[i][1]);
	}
}

/* vpmaddwd is exact here: |operand| <= 383, so a pair of products stays far below 2^31. */
__attribute__((target("avx2,fma")))
void loom_mm_s16_avx2(int32_t *c, size_t ldc, const int16_t *a16, const int16_t *b16, size_t pairs)
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

			acc[i][0] = _mm256_add_epi32(acc[i][0], _mm256_madd_epi16(x, b0));
			acc[i][1] = _mm256_add_epi32(acc[i][1], _mm256_madd_epi16(x, b1));
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
