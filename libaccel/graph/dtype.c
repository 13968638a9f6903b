// SPDX-License-Identifier: MIT
#include "libaccel/graph/dtype.h"

#include <math.h>
#include <string.h>

static const struct {
	const char *name;
	size_t bytes;
} dtypes[ACCEL_NUM_DTYPES] = {
	[ACCEL_F32] = { "f32", 4 },
	[ACCEL_F16] = { "f16", 2 },
	[ACCEL_BF16] = { "bf16", 2 },
	[ACCEL_S8] = { "s8", 1 },
	[ACCEL_U8] = { "u8", 1 },
	[ACCEL_S32] = { "s32", 4 },
	[ACCEL_S64] = { "s64", 8 },
	[ACCEL_BOOL] = { "bool", 1 },
	[ACCEL_F64] = { "f64", 8 },
	[ACCEL_S16] = { "s16", 2 },
	[ACCEL_U16] = { "u16", 2 },
	[ACCEL_U32] = { "u32", 4 },
	[ACCEL_U64] = { "u64", 8 },
};

size_t accel_dtype_bytes(enum accel_dtype dtype)
{
	return (unsigned int)dtype < ACCEL_NUM_DTYPES ? dtypes[dtype].bytes : 0;
}

const char *accel_dtype_name(enum accel_dtype dtype)
{
	return accel_dtype_bytes(dtype) ? dtypes[dtype].name : "?";
}

/* TensorProto.DataType of ONNX, by number. */
static const enum accel_dtype onnx_types[] = {
	[1] = ACCEL_F32, [2] = ACCEL_U8, [3] = ACCEL_S8, [4] = ACCEL_U16, [5] = ACCEL_S16, [6] = ACCEL_S32,
	[7] = ACCEL_S64, [9] = ACCEL_BOOL, [10] = ACCEL_F16, [11] = ACCEL_F64, [12] = ACCEL_U32, [13] = ACCEL_U64,
	[16] = ACCEL_BF16,
};

enum accel_dtype accel_dtype_of_onnx(int64_t type)
{
	bool known = type >= 0 && type < (int64_t)(sizeof(onnx_types) / sizeof(onnx_types[0]));

	return known ? onnx_types[type] : ACCEL_NONE;
}

static uint32_t bits_of(float f)
{
	uint32_t u;

	memcpy(&u, &f, sizeof(u));
	return u;
}

static float float_of(uint32_t u)
{
	float f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

float accel_f16_to_f32(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16, exp = h >> 10 & 0x1f, man = h & 0x3ff;

	if (exp == 0x1f)
		return float_of(sign | 0x7f800000 | man << 13);
	if (exp)
		return float_of(sign | (exp + 112) << 23 | man << 13);
	return float_of(sign | bits_of((float)man * 0x1p-24f));
}

uint16_t accel_f32_to_f16(float f)
{
	uint32_t u = bits_of(f), sign = u >> 16 & 0x8000, mag = u & 0x7fffffff;
	uint32_t man, half, shift;

	if (mag > 0x7f800000)
		return 0x7e00;
	if (mag >= 0x477ff000)			/* 65520 and above round to infinity */
		return (uint16_t)(sign | 0x7c00);
	if (mag >= 0x38800000) {		/* normal */
		mag += 0xfff + (mag >> 13 & 1);
		return (uint16_t)(sign | (mag - 0x38000000) >> 13);
	}
	if (mag < 0x33000000)			/* below half of the smallest subnormal */
		return (uint16_t)sign;
	shift = 126 - (mag >> 23);
	man = (mag & 0x7fffff) | 0x800000;
	half = man >> shift;
	man &= (1u << shift) - 1;
	if (man > 1u << (shift - 1) || (man == 1u << (shift - 1) && (half & 1)))
		half++;
	return (uint16_t)(sign | half);
}

float accel_bf16_to_f32(uint16_t b)
{
	return float_of((uint32_t)b << 16);
}

static const struct range {
	float lo, hi;		/* inside of the type, exact in f32 */
	int64_t min, max;
} ranges[ACCEL_NUM_DTYPES] = {
	[ACCEL_S8] = { -128, 127, INT8_MIN, INT8_MAX },
	[ACCEL_U8] = { 0, 255, 0, UINT8_MAX },
	[ACCEL_S32] = { -0x1p31f, 0x1p31f - 128, INT32_MIN, INT32_MAX },
	[ACCEL_S64] = { -0x1p63f, 0x1p63f - 0x1p39f, INT64_MIN, INT64_MAX },
	[ACCEL_BOOL] = { 0, 1, 0, 1 },
	[ACCEL_S16] = { INT16_MIN, INT16_MAX, INT16_MIN, INT16_MAX },
	[ACCEL_U16] = { 0, UINT16_MAX, 0, UINT16_MAX },
	[ACCEL_U32] = { 0, 0x1p32f - 256, 0, UINT32_MAX },
	[ACCEL_U64] = { 0, 0x1p63f - 0x1p39f, 0, INT64_MAX },
};

static int64_t truncate_to(enum accel_dtype dtype, double v)
{
	const struct range *r = &ranges[dtype];

	if (isnan(v))
		return 0;
	if (v >= (double)r->max)
		return r->max;
	return v <= (double)r->min ? r->min : (int64_t)v;
}

double accel_load_f64(enum accel_dtype dtype, const void *src, int64_t i)
{
	switch (dtype) {
	case ACCEL_F32:
		return ((const float *)src)[i];
	case ACCEL_F16:
		return accel_f16_to_f32(((const uint16_t *)src)[i]);
	case ACCEL_BF16:
		return accel_bf16_to_f32(((const uint16_t *)src)[i]);
	case ACCEL_F64:
		return ((const double *)src)[i];
	case ACCEL_U64:
		return (double)((const uint64_t *)src)[i];
	default:
		return (double)accel_load_s64(dtype, src, i);
	}
}

/* To f32 with the last bit set where something was lost: rounding once more to a shorter type is then right. */
static float to_odd(double d)
{
	float f = (float)d;
	uint32_t u = bits_of(f);

	if ((double)f == d || isnan(d) || isinf(d))
		return f;
	if (fabs((double)f) > fabs(d))
		u--;
	return float_of(u | 1);
}

void accel_store_f64(enum accel_dtype dtype, void *dst, int64_t i, double v)
{
	switch (dtype) {
	case ACCEL_F32:
		((float *)dst)[i] = (float)v;
		break;
	case ACCEL_F16:
		((uint16_t *)dst)[i] = accel_f32_to_f16(to_odd(v));
		break;
	case ACCEL_BF16:
		((uint16_t *)dst)[i] = accel_f32_to_bf16(to_odd(v));
		break;
	case ACCEL_F64:
		((double *)dst)[i] = v;
		break;
	case ACCEL_BOOL:
		((uint8_t *)dst)[i] = v != 0;
		break;
	case ACCEL_U64:
		((uint64_t *)dst)[i] = !(v > 0) ? 0 : v >= 0x1p64 ? UINT64_MAX : (uint64_t)v;
		break;
	default:
		accel_store_s64(dtype, dst, i, truncate_to(dtype, v));
	}
}

uint16_t accel_f32_to_bf16(float f)
{
	uint32_t u = bits_of(f);

	if ((u & 0x7fffffff) > 0x7f800000)
		return 0x7fc0;
	return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

int64_t accel_load_s64(enum accel_dtype dtype, const void *src, int64_t i)
{
	switch (dtype) {
	case ACCEL_S8:
		return ((const int8_t *)src)[i];
	case ACCEL_U8:
	case ACCEL_BOOL:
		return ((const uint8_t *)src)[i];
	case ACCEL_S32:
		return ((const int32_t *)src)[i];
	case ACCEL_S64:
	case ACCEL_U64:
		return ((const int64_t *)src)[i];
	case ACCEL_S16:
		return ((const int16_t *)src)[i];
	case ACCEL_U16:
		return ((const uint16_t *)src)[i];
	case ACCEL_U32:
		return ((const uint32_t *)src)[i];
	default:
		return 0;
	}
}

void accel_store_s64(enum accel_dtype dtype, void *dst, int64_t i, int64_t v)
{
	switch (dtype) {
	case ACCEL_S8:
		((int8_t *)dst)[i] = (int8_t)v;
		break;
	case ACCEL_U8:
		((uint8_t *)dst)[i] = (uint8_t)v;
		break;
	case ACCEL_BOOL:
		((uint8_t *)dst)[i] = v != 0;
		break;
	case ACCEL_S32:
		((int32_t *)dst)[i] = (int32_t)v;
		break;
	case ACCEL_S64:
	case ACCEL_U64:
		((int64_t *)dst)[i] = v;
		break;
	case ACCEL_S16:
		((int16_t *)dst)[i] = (int16_t)v;
		break;
	case ACCEL_U16:
		((uint16_t *)dst)[i] = (uint16_t)v;
		break;
	case ACCEL_U32:
		((uint32_t *)dst)[i] = (uint32_t)v;
		break;
	default:
		break;
	}
}

void accel_load_f32(enum accel_dtype dtype, const void *src, float *dst, int64_t n)
{
	if (dtype == ACCEL_F32) {
		memcpy(dst, src, (size_t)n * sizeof(*dst));
		return;
	}
	for (int64_t i = 0; i < n; i++) {
		switch (dtype) {
		case ACCEL_F16:
			dst[i] = accel_f16_to_f32(((const uint16_t *)src)[i]);
			break;
		case ACCEL_BF16:
			dst[i] = accel_bf16_to_f32(((const uint16_t *)src)[i]);
			break;
		case ACCEL_F64:
			dst[i] = (float)((const double *)src)[i];
			break;
		default:
			dst[i] = (float)accel_load_s64(dtype, src, i);
		}
	}
}

static int64_t round_to(enum accel_dtype dtype, float f)
{
	const struct range *r = &ranges[dtype];

	if (isnan(f))
		return 0;
	if (f > r->hi)
		return r->max;
	if (f < r->lo)
		return r->min;
	return (int64_t)rintf(f);
}

void accel_store_f32(enum accel_dtype dtype, const float *src, void *dst, int64_t n)
{
	if (dtype == ACCEL_F32) {
		memcpy(dst, src, (size_t)n * sizeof(*src));
		return;
	}
	for (int64_t i = 0; i < n; i++) {
		switch (dtype) {
		case ACCEL_F16:
			((uint16_t *)dst)[i] = accel_f32_to_f16(src[i]);
			break;
		case ACCEL_BF16:
			((uint16_t *)dst)[i] = accel_f32_to_bf16(src[i]);
			break;
		case ACCEL_F64:
			((double *)dst)[i] = src[i];
			break;
		default:
			accel_store_s64(dtype, dst, i, round_to(dtype, src[i]));
		}
	}
}

int32_t accel_quantise(float x, float scale, int32_t zero_point, enum accel_dtype dtype)
{
	const struct range *r = &ranges[dtype];
	int64_t q = round_to(ACCEL_S64, x / scale);

	/* far beyond any zero point already, so that the sum cannot overflow */
	if (q > INT64_C(1) << 40)
		return (int32_t)r->max;
	if (q < -(INT64_C(1) << 40))
		return (int32_t)r->min;
	q += zero_point;
	return (int32_t)(q > r->max ? r->max : q < r->min ? r->min : q);
}
