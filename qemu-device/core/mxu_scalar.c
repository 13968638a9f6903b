/* SPDX-License-Identifier: MIT */
/* Matrix kernels in plain C. */
#include "kernels.h"

#include <math.h>

#include "fpconv.h"

void loom_mm_f32_scalar(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh)
{
	for (int i = 0; i < LOOM_MR; i++, c += ldc, a += LOOM_A_PITCH / sizeof(*a)) {
		for (int j = 0; j < LOOM_NR && fresh; j++)
			c[j] = 0.0f;
		for (size_t p = 0; p < k; p++)
			for (int j = 0; j < LOOM_NR; j++)
				c[j] = fmaf(a[p], b[p * LOOM_NR + j], c[j]);
		for (int j = 0; j < LOOM_NR; j++)
			c[j] = loom_f32_canon(c[j]);
	}
}

void loom_mm_s16_scalar(int32_t *c, size_t ldc, uint32_t m, uint32_t n, const int16_t *a, const int16_t *b, size_t pairs, bool fresh)
{
	for (uint32_t i = 0; i < m; i++, c += ldc, a += LOOM_A_PITCH / sizeof(*a)) {
		for (uint32_t j = 0; fresh && j < n; j++)
			c[j] = 0;
		for (size_t p = 0; p < pairs; p++)
			for (uint32_t j = 0; j < n; j++) {
				const int16_t *w = b + (p * LOOM_NR + (size_t)j) * 2;
				int32_t sum = a[2 * p] * w[0] + a[2 * p + 1] * w[1];

				c[j] = (int32_t)((uint32_t)c[j] + (uint32_t)sum);
			}
	}
}
