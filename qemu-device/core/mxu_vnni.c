/* SPDX-License-Identifier: MIT */
/*
 * The integer matrix kernel for AVX-512 VNNI: as the one for AVX2, but a pair of products is added by the instruction
 * that makes it (vpdpwssd, which wraps), so that there are half as many.
 */
#if defined(__x86_64__)
#include <immintrin.h>

#pragma GCC target("avx2,avx512f,avx512vl,avx512vnni")

static inline __m256i mac_pairs(__m256i acc, __m256i x, __m256i b)
{
	return _mm256_dpwssd_epi32(acc, x, b);
}

#define MM_S16	loom_mm_s16_vnni
#include "mxu_s16_avx.h"
#endif
