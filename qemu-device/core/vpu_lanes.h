/* SPDX-License-Identifier: MIT */
/*
 * Lane loops of the vector unit, for inclusion by a file that has set the instruction set to compile for
 * and defines LANES_NAME, LANES_TEXT, LANES_MM_F32, LANES_MR_F32, LANES_MM_S16, and LANES_F16C or LANES_NEON where that converts fp16.
 * Plain loops that the compiler vectorises; every lane rounds once an operation.
 */
#include <math.h>
#include <string.h>

#include "fpconv.h"
#include "kernels.h"

/* Eight fp16 from and to fp32, where the host has instructions for it; no NaN is narrowed but the canonical one. */
#if defined(LANES_F16C)
#define LANES_F16X8
static inline void widen_f16x8(float *dst, const uint16_t *h)
{
	_mm256_storeu_ps(dst, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)h)));
}

static inline void narrow_f16x8(uint16_t *h, const float *v)
{
	__m256 x = _mm256_loadu_ps(v), nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);

	x = _mm256_blendv_ps(x, _mm256_castsi256_ps(_mm256_set1_epi32(LOOM_F32_NAN)), nan);
	_mm_storeu_si128((__m128i *)h, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}
#elif defined(LANES_NEON)
#define LANES_F16X8
static inline void widen_f16x8(float *dst, const uint16_t *h)
{
	for (int i = 0; i < 8; i += 4)
		vst1q_f32(dst + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h + i))));
}

static inline void narrow_f16x8(uint16_t *h, const float *v)
{
	for (int i = 0; i < 8; i += 4) {
		float32x4_t x = vld1q_f32(v + i), nan = vreinterpretq_f32_u32(vdupq_n_u32(LOOM_F32_NAN));

		x = vbslq_f32(vceqq_f32(x, x), x, nan);
		vst1_u16(h + i, vreinterpret_u16_f16(vcvt_f16_f32(x)));
	}
}
#endif

static void to_f32_f16(float *dst, const void *src, size_t n)
{
	const uint16_t *h = src;
	size_t i = 0;

#ifdef LANES_F16X8
	for (; i + 8 <= n; i += 8)
		widen_f16x8(dst + i, h + i);
#endif
	for (; i < n; i++)
		dst[i] = loom_f32_of_f16(h[i]);
}

static void to_f32_bf16(float *dst, const void *src, size_t n)
{
	const uint16_t *h = src;

	for (size_t i = 0; i < n; i++)
		dst[i] = loom_f32_of_bf16(h[i]);
}

static void to_f32_f32(float *dst, const void *src, size_t n)
{
	memcpy(dst, src, n * sizeof(*dst));
}

static void to_f32_e4m3(float *dst, const void *src, size_t n)
{
	const uint8_t *b = src;

	for (size_t i = 0; i < n; i++)
		dst[i] = loom_e4m3_value[b[i]];
}

static void to_f32_e5m2(float *dst, const void *src, size_t n)
{
	const uint8_t *b = src;

	for (size_t i = 0; i < n; i++)
		dst[i] = loom_e5m2_value[b[i]];
}

#define ROWS_F32(type)									\
static void rows_f32_##type(float *dst, size_t to, const void *src, size_t n, size_t rows, size_t step)	\
{											\
	for (const uint8_t *b = src; rows; rows--, b += step, dst += to)		\
		to_f32_##type(dst, b, n);						\
}											\
											\
static void panel_f32_##type(float *dst, const void *src, size_t rows, size_t step)	\
{											\
	for (const uint8_t *b = src; rows; rows--, b += step, dst += LOOM_NR)		\
		to_f32_##type(dst, b, LOOM_NR);						\
}
ROWS_F32(f16)
ROWS_F32(bf16)
ROWS_F32(f32)
ROWS_F32(e4m3)
ROWS_F32(e5m2)

static void to_s16_s8(int16_t *restrict dst, const void *restrict src, size_t n, int zp)
{
	const int8_t *b = src;

	for (size_t i = 0; i < n; i++)
		dst[i] = (int16_t)(b[i] - (int16_t)zp);
}

static void to_s16_u8(int16_t *restrict dst, const void *restrict src, size_t n, int zp)
{
	const uint8_t *b = src;

	for (size_t i = 0; i < n; i++)
		dst[i] = (int16_t)(b[i] - (int16_t)zp);
}

/* In whole vectors: a conversion of few elements would be mostly what is left over of one. */
#define ROWS_S16(name, type)								\
static inline void whole_s16_##name(int16_t *restrict dst, const type *restrict src, int16_t zp)	\
{											\
	for (size_t i = 0; i < LOOM_WHOLE; i++)						\
		dst[i] = (int16_t)(src[i] - zp);					\
}											\
											\
static void rows_s16_##name(int16_t *dst, size_t to, const void *src, size_t n, int zp, size_t rows, size_t step)	\
{											\
	for (const type *b = src; rows; rows--, b += step, dst += to)			\
		for (size_t i = 0; i < n; i += LOOM_WHOLE)				\
			whole_s16_##name(dst + i, b + i, (int16_t)zp);			\
}
ROWS_S16(s8, int8_t)
ROWS_S16(u8, uint8_t)

static void canon(float *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = loom_f32_canon(v[i]);
}

static void load_s8(float *restrict v, const void *restrict src, size_t n, int zp)
{
	const int8_t *b = src;

	for (size_t i = 0; i < n; i++)
		v[i] = (float)(b[i] - zp);
}

static void load_u8(float *restrict v, const void *restrict src, size_t n, int zp)
{
	const uint8_t *b = src;

	for (size_t i = 0; i < n; i++)
		v[i] = (float)(b[i] - zp);
}

static void load_s32(float *restrict v, const void *restrict src, size_t n, int zp)
{
	const int32_t *s = src;

	for (size_t i = 0; i < n; i++)
		v[i] = (float)s[i];
}

#define LOAD_FLOAT(type)								\
static void load_##type(float *v, const void *src, size_t n, int zp)			\
{											\
	to_f32_##type(v, src, n);							\
}
LOAD_FLOAT(f16)
LOAD_FLOAT(bf16)
LOAD_FLOAT(f32)
LOAD_FLOAT(e4m3)
LOAD_FLOAT(e5m2)

/* clamp(rne(v) + zp, lo, hi); the first clamp loses nothing, since |zp| and the bounds are far inside. */
static inline int32_t to_int8(float v, int zp, int lo, int hi)
{
	float r = rintf(v);
	int32_t i;

	r = r < 4096.0f ? r : 4096.0f;
	r = r > -4096.0f ? r : -4096.0f;
	i = (int32_t)(v != v ? 0.0f : r) + zp;
	i = i < lo ? lo : i;
	return i > hi ? hi : i;
}

/*
 * Vectors of bytes at a time, where the host is told how: the compiler does not find it. The last one is the last 16 elements,
 * some of them once more. How many elements are done: all or none.
 */
#ifdef LANES_F16C
struct clamps {
	__m256i zp, low, high;
};

static inline struct clamps clamps_of(int zp, int lo, int hi)
{
	return (struct clamps){ _mm256_set1_epi32(zp), _mm256_set1_epi16((short)lo), _mm256_set1_epi16((short)hi) };
}

static inline __m256i rounded(__m256 x, const struct clamps *c)
{
	x = _mm256_and_ps(x, _mm256_cmp_ps(x, x, _CMP_ORD_Q));
	x = _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(4096.0f)), _mm256_set1_ps(-4096.0f));
	return _mm256_add_epi32(_mm256_cvtps_epi32(x), c->zp);
}

static inline void store_bytes(uint8_t *dst, __m256 a, __m256 b, const struct clamps *c)
{
	__m256i s = _mm256_permute4x64_epi64(_mm256_packs_epi32(rounded(a, c), rounded(b, c)), 0xd8);

	s = _mm256_min_epi16(_mm256_max_epi16(s, c->low), c->high);
	s = _mm256_and_si256(s, _mm256_set1_epi16(0xff));
	_mm_storeu_si128((__m128i *)dst, _mm_packus_epi16(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1)));
}

static inline __m256 mul_x8(const int32_t *x, const float *a)
{
	return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)x)), _mm256_loadu_ps(a));
}

static inline __m256 fma_x8(const int32_t *x, const float *a, const float *b)
{
	return _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)x)), _mm256_loadu_ps(a), _mm256_loadu_ps(b));
}
#endif

static size_t to_bytes(uint8_t *dst, const float *v, size_t n, int zp, int lo, int hi)
{
	size_t i = 0;

#ifdef LANES_F16C
	const struct clamps c = clamps_of(zp, lo, hi);

	for (; i < n && n >= 16; i += 16) {
		i = i > n - 16 ? n - 16 : i;
		store_bytes(dst + i, _mm256_loadu_ps(v + i), _mm256_loadu_ps(v + i + 8), &c);
	}
#endif
	return i;
}

static void fma_bytes(void *restrict dst, const int32_t *restrict x, const float *restrict a, const float *restrict b, size_t n,
		      int zp, int lo, int hi)
{
	uint8_t *q = dst;
	size_t i = 0;

#ifdef LANES_F16C
	const struct clamps c = clamps_of(zp, lo, hi);

	for (; i < n && n >= 16; i += 16) {
		i = i > n - 16 ? n - 16 : i;
		store_bytes(q + i, fma_x8(x + i, a + i, b + i), fma_x8(x + i + 8, a + i + 8, b + i + 8), &c);
	}
#endif
	for (; i < n; i++)
		q[i] = (uint8_t)to_int8(fmaf((float)x[i], a[i], b[i]), zp, lo, hi);
}

static void store_s8(void *restrict dst, const float *restrict v, size_t n, int zp)
{
	int8_t *b = dst;

	for (size_t i = to_bytes(dst, v, n, zp, -128, 127); i < n; i++)
		b[i] = (int8_t)to_int8(v[i], zp, -128, 127);
}

static void store_u8(void *restrict dst, const float *restrict v, size_t n, int zp)
{
	uint8_t *b = dst;

	for (size_t i = to_bytes(dst, v, n, zp, 0, 255); i < n; i++)
		b[i] = (uint8_t)to_int8(v[i], zp, 0, 255);
}

static void store_s32(void *restrict dst, const float *restrict v, size_t n, int zp)
{
	int32_t *s = dst;

	for (size_t i = 0; i < n; i++) {
		float r = rintf(v[i]), in;

		in = r >= -2147483648.0f && r < 2147483648.0f ? r : 0.0f;
		s[i] = r >= 2147483648.0f ? INT32_MAX : r < -2147483648.0f ? INT32_MIN : (int32_t)in;
	}
}

static void store_f16(void *dst, const float *v, size_t n, int zp)
{
	uint16_t *h = dst;
	size_t i = 0;

#ifdef LANES_F16X8
	for (; i + 8 <= n; i += 8)
		narrow_f16x8(h + i, v + i);
#endif
	for (; i < n; i++)
		h[i] = loom_f16_of_f32(v[i]);
}

static void store_bf16(void *restrict dst, const float *restrict v, size_t n, int zp)
{
	uint16_t *h = dst;

	for (size_t i = 0; i < n; i++)
		h[i] = loom_bf16_of_f32(v[i]);
}

static void store_f32(void *restrict dst, const float *restrict v, size_t n, int zp)
{
	float *f = dst;

	for (size_t i = 0; i < n; i++)
		f[i] = loom_f32_canon(v[i]);
}

static void store_e4m3(void *dst, const float *v, size_t n, int zp)
{
	uint8_t *b = dst;

	for (size_t i = 0; i < n; i++)
		b[i] = loom_e4m3_of_f32(v[i]);
}

static void store_e5m2(void *dst, const float *v, size_t n, int zp)
{
	uint8_t *b = dst;

	for (size_t i = 0; i < n; i++)
		b[i] = loom_e5m2_of_f32(v[i]);
}

/* NaN if either is; of zeros the negative one is smaller. */
static inline float lesser(float a, float b)
{
	float equal = loom_f32_of_bits(loom_bits_of_f32(a) | loom_bits_of_f32(b));
	float r = a < b ? a : b < a ? b : equal;

	return a != a ? a : b != b ? b : r;
}

static inline float greater(float a, float b)
{
	float equal = loom_f32_of_bits(loom_bits_of_f32(a) & loom_bits_of_f32(b));
	float r = a > b ? a : b > a ? b : equal;

	return a != a ? a : b != b ? b : r;
}

#define EW(name, expr)									\
static void ew_##name(float *restrict v, const float *restrict w, size_t n)		\
{											\
	for (size_t i = 0; i < n; i++) {						\
		float x = v[i], y = w[i];						\
											\
		(void)y;								\
		v[i] = (expr);								\
	}										\
}
EW(add, x + y)
EW(sub, x - y)
EW(rsub, y - x)
EW(mul, x * y)
EW(div, x / y)
EW(rdiv, y / x)
EW(gt, x > y ? 1.0f : 0.0f)
EW(ge, x >= y ? 1.0f : 0.0f)
EW(eq, x == y ? 1.0f : 0.0f)
EW(prelu, x < 0.0f ? x * y : x)


/*
 * Of two zeros of other signs, and where either is NaN, the instruction gives its second operand: asked both ways round, the signs
 * come together, and NaN is put in.
 */
#if defined(LANES_F16C)
static inline __m256 nan_of(__m256 x, __m256 y, __m256 r)
{
	return _mm256_blendv_ps(r, _mm256_castsi256_ps(_mm256_set1_epi32(LOOM_F32_NAN)), _mm256_cmp_ps(x, y, _CMP_UNORD_Q));
}

#define EW_BOUND(name, expr, op, join)							\
static void ew_##name(float *restrict v, const float *restrict w, size_t n)		\
{											\
	size_t i = 0;									\
											\
	for (; i + 8 <= n; i += 8) {							\
		__m256 x = _mm256_loadu_ps(v + i), y = _mm256_loadu_ps(w + i);		\
											\
		_mm256_storeu_ps(v + i, nan_of(x, y, join(op(x, y), op(y, x))));	\
	}										\
	for (; i < n; i++) {								\
		float x = v[i], y = w[i];						\
											\
		v[i] = (expr);								\
	}										\
}
#else
#define EW_BOUND(name, expr, op, join)	EW(name, expr)
#endif
EW_BOUND(min, lesser(x, y), _mm256_min_ps, _mm256_or_ps)
EW_BOUND(max, greater(x, y), _mm256_max_ps, _mm256_and_ps)

#define EW_UNARY(name, expr)								\
static void ew_##name(float *v, const float *w, size_t n)				\
{											\
	for (size_t i = 0; i < n; i++) {						\
		float x = v[i];								\
											\
		v[i] = (expr);								\
	}										\
}
EW_UNARY(abs, fabsf(x))
EW_UNARY(neg, -x)
EW_UNARY(sqrt, sqrtf(x))
EW_UNARY(floor, floorf(x))
EW_UNARY(ceil, ceilf(x))
EW_UNARY(rne, rintf(x))

#define INT_LANES(name, type)								\
static void add_##name(int32_t *restrict acc, const void *restrict src, size_t n, int zp)	\
{											\
	const type *b = src;								\
											\
	for (size_t i = 0; i < n; i++)							\
		acc[i] = (int32_t)((uint32_t)acc[i] + (uint32_t)b[i] - (uint32_t)zp);	\
}
INT_LANES(s8, int8_t)
INT_LANES(u8, uint8_t)
INT_LANES(s32, int32_t)

#define MAX_LANES(name, type)								\
static void max_##name(void *restrict acc, const void *restrict src, size_t n)		\
{											\
	const type *b = src;								\
	type *a = acc;									\
											\
	for (size_t i = 0; i < n; i++)							\
		a[i] = a[i] > b[i] ? a[i] : b[i];					\
}
MAX_LANES(s8, int8_t)
MAX_LANES(u8, uint8_t)

static void fma_lanes(float *restrict acc, const float *restrict x, const float *restrict w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acc[i] = fmaf(x[i], w[i], acc[i]);
}

static void fma_of_lanes(float *restrict v, const float *restrict a, const float *restrict b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = fmaf(v[i], a[i], b[i]);
}

static void axpy_f32(float *restrict acc, float a, const float *restrict w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acc[i] = fmaf(a, w[i], acc[i]);
}

static void axpy_s16(int32_t *restrict acc, int16_t a, const int16_t *restrict w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acc[i] = (int32_t)((uint32_t)acc[i] + (uint32_t)(a * w[i]));
}

#include "vpu_taps.h"

/* 2^n e^r with n integral and |r| <= ln 2 / 2; Taylor to r^6. Constants and order: docs/hardware.md. */
static void exp_lanes(float *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float x = v[i], in = x >= -104.0f ? x : -104.0f;
		float k = rintf(in * 0x1.715476p+0f), r, p;

		r = fmaf(k, -0x1.62e4p-1f, in);
		r = fmaf(k, -0x1.7f7d1cp-20f, r);
		p = fmaf(r, 0x1.6c16c2p-10f, 0x1.111112p-7f);
		p = fmaf(r, p, 0x1.555556p-5f);
		p = fmaf(r, p, 0x1.555556p-3f);
		p = fmaf(r, p, 0.5f);
		p = fmaf(r, p, 1.0f);
		p = fmaf(r, p, 1.0f);
		p = p * loom_f32_of_bits((uint32_t)((int32_t)k + 191) << 23) * 0x1p-64f;
		v[i] = x != x ? x : x < -104.0f ? 0.0f : p;
	}
}

static void rq_f32(void *restrict dst, const int32_t *restrict src, const float *restrict scale, size_t n,
		   int zp, int lo, int hi)
{
	uint8_t *b = dst;
	size_t i = 0;

#ifdef LANES_F16C
	const struct clamps c = clamps_of(zp, lo, hi);

	for (; i < n && n >= 16; i += 16) {
		i = i > n - 16 ? n - 16 : i;
		store_bytes(b + i, mul_x8(src + i, scale + i), mul_x8(src + i + 8, scale + i + 8), &c);
	}
#endif
	for (; i < n; i++)
		b[i] = (uint8_t)to_int8((float)src[i] * scale[i], zp, lo, hi);
}

const struct loom_kernels LANES_NAME = {
	.name = LANES_TEXT,
	.mr_f32 = LANES_MR_F32,
	.mm_f32 = LANES_MM_F32,
	.mm_s16 = LANES_MM_S16,
	.to_f32 = {
		[LOOM_F16] = to_f32_f16, [LOOM_BF16] = to_f32_bf16, [LOOM_F32] = to_f32_f32,
		[LOOM_E4M3] = to_f32_e4m3, [LOOM_E5M2] = to_f32_e5m2,
	},
	.rows_f32 = {
		[LOOM_F16] = rows_f32_f16, [LOOM_BF16] = rows_f32_bf16, [LOOM_F32] = rows_f32_f32,
		[LOOM_E4M3] = rows_f32_e4m3, [LOOM_E5M2] = rows_f32_e5m2,
	},
	.panel_f32 = {
		[LOOM_F16] = panel_f32_f16, [LOOM_BF16] = panel_f32_bf16, [LOOM_F32] = panel_f32_f32,
		[LOOM_E4M3] = panel_f32_e4m3, [LOOM_E5M2] = panel_f32_e5m2,
	},
	.to_s16 = { [LOOM_S8] = to_s16_s8, [LOOM_U8] = to_s16_u8 },
	.rows_s16 = { [LOOM_S8] = rows_s16_s8, [LOOM_U8] = rows_s16_u8 },
	.canon = canon,
	.load = {
		[LOOM_S8] = load_s8, [LOOM_U8] = load_u8, [LOOM_S32] = load_s32, [LOOM_F16] = load_f16,
		[LOOM_BF16] = load_bf16, [LOOM_F32] = load_f32, [LOOM_E4M3] = load_e4m3,
		[LOOM_E5M2] = load_e5m2,
	},
	.store = {
		[LOOM_S8] = store_s8, [LOOM_U8] = store_u8, [LOOM_S32] = store_s32, [LOOM_F16] = store_f16,
		[LOOM_BF16] = store_bf16, [LOOM_F32] = store_f32, [LOOM_E4M3] = store_e4m3,
		[LOOM_E5M2] = store_e5m2,
	},
	.ew = {
		[LOOM_EW_ADD] = ew_add, [LOOM_EW_SUB] = ew_sub, [LOOM_EW_RSUB] = ew_rsub,
		[LOOM_EW_MUL] = ew_mul, [LOOM_EW_DIV] = ew_div, [LOOM_EW_RDIV] = ew_rdiv,
		[LOOM_EW_MIN] = ew_min, [LOOM_EW_MAX] = ew_max, [LOOM_EW_ABS] = ew_abs,
		[LOOM_EW_NEG] = ew_neg, [LOOM_EW_SQRT] = ew_sqrt, [LOOM_EW_FLOOR] = ew_floor,
		[LOOM_EW_CEIL] = ew_ceil, [LOOM_EW_RNE] = ew_rne, [LOOM_EW_GT] = ew_gt,
		[LOOM_EW_GE] = ew_ge, [LOOM_EW_EQ] = ew_eq, [LOOM_EW_PRELU] = ew_prelu,
	},
	.add_s32 = { [LOOM_S8] = add_s8, [LOOM_U8] = add_u8, [LOOM_S32] = add_s32 },
	.max8 = { [LOOM_S8] = max_s8, [LOOM_U8] = max_u8 },
	.fma = fma_lanes,
	.fma_of = fma_of_lanes,
	.fma_bytes = fma_bytes,
	.taps = {
		[LOOM_S8] = taps_s8, [LOOM_U8] = taps_u8, [LOOM_F16] = taps_f16, [LOOM_BF16] = taps_bf16,
		[LOOM_F32] = taps_f32, [LOOM_E4M3] = taps_e4m3, [LOOM_E5M2] = taps_e5m2,
	},
	.axpy_f32 = axpy_f32,
	.axpy_s16 = axpy_s16,
	.exp = exp_lanes,
	.rq_f32 = rq_f32,
};
