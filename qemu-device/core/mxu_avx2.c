/* SPDX-License-Identifier: MIT */
/* Matrix kernels for AVX2 and FMA: 6 x 16 outer products, 12 accumulators in registers. */
#if defined(__x86_64__)
#include <immintrin.h>

#include "fpconv.h"
#include "kernels.h"

#pragma GCC target("avx2,fma")

#define PITCH_F32	(LOOM_A_PITCH / sizeof(float))

static inline __m256 canonical(__m256 x)
{
	const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(LOOM_F32_NAN));

	return _mm256_blendv_ps(x, nan, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
}

void loom_mm_f32_avx2(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh)
{
	__m256 acc[LOOM_MR][2];

#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++) {
		acc[i][0] = fresh ? _mm256_setzero_ps() : _mm256_loadu_ps(c + (size_t)i * ldc);
		acc[i][1] = fresh ? _mm256_setzero_ps() : _mm256_loadu_ps(c + (size_t)i * ldc + 8);
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
		_mm256_storeu_ps(c + (size_t)i * ldc, canonical(acc[i][0]));
		_mm256_storeu_ps(c + (size_t)i * ldc + 8, canonical(acc[i][1]));
	}
}

/* vpmaddwd is exact here: |operand| <= 383, so a pair of products stays far below 2^31. */
static inline __m256i mac_pairs(__m256i acc, __m256i x, __m256i b)
{
	return _mm256_add_epi32(acc, _mm256_madd_epi16(x, b));
}

#define MM_S16	loom_mm_s16_avx2
#include "mxu_s16_avx.h"
#endif
