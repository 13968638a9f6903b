/* SPDX-License-Identifier: MIT */
/*
 * Matrix kernels for AVX-512 with VNNI. fp32: a row of the tile is one register, and there are
 * seven, since the pixels of images are often so many times seven. Integers: as for AVX2, but a pair of products
 * is added by the instruction that makes it (vpdpwssd, which wraps), so that there are half as many.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#include "fpconv.h"
#include "kernels.h"

#pragma GCC target("avx2,avx512f,avx512vl,avx512vnni")

#define PITCH_F32	(LOOM_A_PITCH / sizeof(float))

#define ROWS		LOOM_MAX_MR

static inline __m512 canonical(__m512 x)
{
	const __m512 nan = _mm512_castsi512_ps(_mm512_set1_epi32(LOOM_F32_NAN));

	return _mm512_mask_mov_ps(x, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), nan);
}

void loom_mm_f32_avx512(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh)
{
	__m512 acc[ROWS];

#pragma GCC unroll 7
	for (int i = 0; i < ROWS; i++)
		acc[i] = fresh ? _mm512_setzero_ps() : _mm512_loadu_ps(c + (size_t)i * ldc);
	for (; k; k--, a++, b += LOOM_NR) {
		__m512 row = _mm512_load_ps(b);

#pragma GCC unroll 7
		for (int i = 0; i < ROWS; i++)
			acc[i] = _mm512_fmadd_ps(_mm512_set1_ps(a[(size_t)i * PITCH_F32]), row, acc[i]);
	}
#pragma GCC unroll 7
	for (int i = 0; i < ROWS; i++)
		_mm512_storeu_ps(c + (size_t)i * ldc, canonical(acc[i]));
}

static inline __m256i mac_pairs(__m256i acc, __m256i x, __m256i b)
{
	return _mm256_dpwssd_epi32(acc, x, b);
}

#define MM_S16	loom_mm_s16_vnni
#include "mxu_s16_avx.h"
#endif
