/* SPDX-License-Identifier: MIT */
/* Matrix kernels for AArch64's NEON: 6 x 16 outer products, 24 accumulators in registers. */
#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#include "fpconv.h"
#include "kernels.h"

#define PITCH_F32	(LOOM_A_PITCH / sizeof(float))
#define PITCH_S16	(LOOM_A_PITCH / sizeof(int16_t))
#define QUADS		(LOOM_NR / 4)

static inline float32x4_t canonical(float32x4_t x)
{
	return vbslq_f32(vceqq_f32(x, x), x, vreinterpretq_f32_u32(vdupq_n_u32(LOOM_F32_NAN)));
}

void loom_mm_f32_neon(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh)
{
	float32x4_t acc[LOOM_MR][QUADS];

#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++)
#pragma GCC unroll 4
		for (int q = 0; q < QUADS; q++)
			acc[i][q] = fresh ? vdupq_n_f32(0) : vld1q_f32(c + (size_t)i * ldc + 4 * q);
	for (size_t p = 0; p < k; p++, a++, b += LOOM_NR) {
		float32x4_t w[QUADS];

#pragma GCC unroll 4
		for (int q = 0; q < QUADS; q++)
			w[q] = vld1q_f32(b + 4 * q);
#pragma GCC unroll 6
		for (int i = 0; i < LOOM_MR; i++) {
			float32x4_t x = vld1q_dup_f32(a + (size_t)i * PITCH_F32);

#pragma GCC unroll 4
			for (int q = 0; q < QUADS; q++)
				acc[i][q] = vfmaq_f32(acc[i][q], x, w[q]);
		}
	}
#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++)
#pragma GCC unroll 4
		for (int q = 0; q < QUADS; q++)
			vst1q_f32(c + (size_t)i * ldc + 4 * q, canonical(acc[i][q]));
}

/* The even elements of the pairs of eight columns, and the odd ones, each times its own of the left operand. */
static inline void mac_pairs(int32x4_t *lo, int32x4_t *hi, int16x8x2_t w, int16_t even, int16_t odd)
{
	*lo = vmlal_n_s16(*lo, vget_low_s16(w.val[0]), even);
	*hi = vmlal_n_s16(*hi, vget_high_s16(w.val[0]), even);
	*lo = vmlal_n_s16(*lo, vget_low_s16(w.val[1]), odd);
	*hi = vmlal_n_s16(*hi, vget_high_s16(w.val[1]), odd);
}

static void whole_tile(int32_t *c, size_t ldc, const int16_t *a, const int16_t *b, size_t pairs, bool fresh)
{
	int32x4_t acc[LOOM_MR][QUADS];

#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++)
#pragma GCC unroll 4
		for (int q = 0; q < QUADS; q++)
			acc[i][q] = fresh ? vdupq_n_s32(0) : vld1q_s32(c + (size_t)i * ldc + 4 * q);
	for (size_t p = 0; p < pairs; p++, a += 2, b += 2 * LOOM_NR) {
		int16x8x2_t left = vld2q_s16(b), right = vld2q_s16(b + LOOM_NR);

#pragma GCC unroll 6
		for (int i = 0; i < LOOM_MR; i++) {
			const int16_t *x = a + (size_t)i * PITCH_S16;

			mac_pairs(&acc[i][0], &acc[i][1], left, x[0], x[1]);
			mac_pairs(&acc[i][2], &acc[i][3], right, x[0], x[1]);
		}
	}
#pragma GCC unroll 6
	for (int i = 0; i < LOOM_MR; i++)
#pragma GCC unroll 4
		for (int q = 0; q < QUADS; q++)
			vst1q_s32(c + (size_t)i * ldc + 4 * q, acc[i][q]);
}

/* A part of a tile by way of a whole one. */
void loom_mm_s16_neon(int32_t *c, size_t ldc, uint32_t m, uint32_t n, const int16_t *a, const int16_t *b, size_t pairs, bool fresh)
{
	int32_t part[LOOM_MR * LOOM_NR] = { 0 };

	if (m == LOOM_MR && n == LOOM_NR) {
		whole_tile(c, ldc, a, b, pairs, fresh);
		return;
	}
	for (uint32_t i = 0; i < m && !fresh; i++)
		memcpy(part + i * LOOM_NR, c + i * ldc, n * sizeof(*c));
	whole_tile(part, LOOM_NR, a, b, pairs, false);
	for (uint32_t i = 0; i < m; i++)
		memcpy(c + i * ldc, part + i * LOOM_NR, n * sizeof(*c));
}
#endif
