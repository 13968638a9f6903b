/* SPDX-License-Identifier: MIT */
#include "fpconv.h"

#include <pthread.h>

/**
 * struct narrow - a floating format of at most 16 bits
 * @mant: bits of the fraction
 * @bias: of the exponent
 * @max: bits of the largest finite value
 * @over: bits that a larger magnitude becomes
 * @nan: the canonical NaN
 */
struct narrow {
	unsigned int mant;
	int bias;
	uint32_t max, over, nan;
};

static const struct narrow fmt_f16 = { 10, 15, 0x7bff, 0x7c00, LOOM_F16_NAN };
static const struct narrow fmt_e4m3 = { 3, 7, 0x7e, 0x7e, LOOM_E4M3_NAN };
static const struct narrow fmt_e5m2 = { 2, 15, 0x7b, 0x7b, LOOM_E5M2_NAN };

/* Magnitude without sign, finite: mantissa times a power of two, both exact. */
static float widen(const struct narrow *f, uint32_t mag)
{
	uint32_t exp = mag >> f->mant, mant = mag & ((1u << f->mant) - 1);
	int e = (int)(exp ? exp : 1) - f->bias - (int)f->mant;

	if (exp)
		mant |= 1u << f->mant;
	return (float)mant * loom_f32_of_bits((uint32_t)(e + 127) << 23);
}

/* |x| as bits of the format; x finite or infinite. */
static uint32_t narrow(const struct narrow *f, uint32_t x)
{
	int exp = (int)(x >> 23) - 127;
	uint32_t mant = (x & 0x7fffff) | 0x800000, rest, half, mag;
	int drop = 23 - (int)f->mant;

	if (exp == 128)
		return f->over;
	if (exp < 1 - f->bias)		/* subnormal in the format, or fp32 subnormals, which are far below */
		drop += 1 - f->bias - exp;
	if (drop > 25)
		return 0;
	mag = mant >> drop;
	rest = mant & ((1u << drop) - 1);
	half = 1u << (drop - 1);
	if (rest > half || (rest == half && (mag & 1)))
		mag++;
	/* A carry out of the fraction raises the exponent by itself. */
	if (exp >= 1 - f->bias)
		mag += (uint32_t)(exp + f->bias - 1) << f->mant;
	return mag > f->max ? f->over : mag;
}

float loom_f32_of_f16(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, mag = h & 0x7fff;

	if (mag > 0x7c00)
		return loom_f32_of_bits(LOOM_F32_NAN);
	if (mag == 0x7c00)
		return loom_f32_of_bits(sign | 0x7f800000);
	return loom_f32_of_bits(sign | loom_bits_of_f32(widen(&fmt_f16, mag)));
}

uint16_t loom_f16_of_f32(float v)
{
	uint32_t u = loom_bits_of_f32(v);

	if (v != v)
		return LOOM_F16_NAN;
	return (uint16_t)(((u >> 16) & 0x8000) | narrow(&fmt_f16, u & 0x7fffffff));
}

uint8_t loom_e4m3_of_f32(float v)
{
	uint32_t u = loom_bits_of_f32(v);

	if (v != v)
		return LOOM_E4M3_NAN;
	return (uint8_t)(((u >> 24) & 0x80) | narrow(&fmt_e4m3, u & 0x7fffffff));
}

uint8_t loom_e5m2_of_f32(float v)
{
	uint32_t u = loom_bits_of_f32(v);

	if (v != v)
		return LOOM_E5M2_NAN;
	return (uint8_t)(((u >> 24) & 0x80) | narrow(&fmt_e5m2, u & 0x7fffffff));
}

float loom_e4m3_value[256];
float loom_e5m2_value[256];

static void fp8_tables(void)
{
	for (uint32_t i = 0; i < 128; i++) {
		uint32_t nan = LOOM_F32_NAN;
		uint32_t e4 = i == 0x7f ? nan : loom_bits_of_f32(widen(&fmt_e4m3, i));
		uint32_t e5 = i > 0x7c ? nan : i == 0x7c ? 0x7f800000 :
			      loom_bits_of_f32(widen(&fmt_e5m2, i));

		loom_e4m3_value[i] = loom_f32_of_bits(e4);
		loom_e5m2_value[i] = loom_f32_of_bits(e5);
		loom_e4m3_value[i + 128] = loom_f32_of_bits(e4 == nan ? nan : e4 | 0x80000000);
		loom_e5m2_value[i + 128] = loom_f32_of_bits(e5 == nan ? nan : e5 | 0x80000000);
	}
}

void loom_fp8_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fp8_tables);
}
