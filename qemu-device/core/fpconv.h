/* SPDX-License-Identifier: MIT */
/*
 * Exact conversions between fp32 and the narrow floating types. Widening is exact. Narrowing rounds to
 * nearest, ties to even, keeps subnormals, and gives the canonical NaN; fp16 and bf16 overflow to infinity, fp8
 * saturates to the largest finite value.
 */
#ifndef LOOM_CORE_FPCONV_H
#define LOOM_CORE_FPCONV_H

#include <stdint.h>
#include <string.h>

#define LOOM_F32_NAN	0x7fc00000u
#define LOOM_F16_NAN	0x7e00u
#define LOOM_BF16_NAN	0x7fc0u
#define LOOM_E4M3_NAN	0x7fu
#define LOOM_E5M2_NAN	0x7eu

static inline float loom_f32_of_bits(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline uint32_t loom_bits_of_f32(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static inline float loom_f32_canon(float f)
{
	return f != f ? loom_f32_of_bits(LOOM_F32_NAN) : f;
}

float loom_f32_of_f16(uint16_t h);
uint16_t loom_f16_of_f32(float f);

static inline float loom_f32_of_bf16(uint16_t h)
{
	return loom_f32_of_bits((uint32_t)h << 16);
}

static inline uint16_t loom_bf16_of_f32(float f)
{
	uint32_t u = loom_bits_of_f32(f);

	return f != f ? LOOM_BF16_NAN : (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}

/* Every fp8 value as fp32; made once by loom_fp8_init(), which any thread may call any number of times. */
extern float loom_e4m3_value[256];
extern float loom_e5m2_value[256];
void loom_fp8_init(void);

uint8_t loom_e4m3_of_f32(float f);
uint8_t loom_e5m2_of_f32(float f);

#endif
