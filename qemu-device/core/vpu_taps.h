/* SPDX-License-Identifier: MIT */
/*
 * Sums over the taps of a depthwise convolution, for inclusion by vpu_lanes.h: a few channels at a time, whose sums stay in
 * registers. The vectors are the compiler's own, which it splits where the host has shorter ones.
 */
#define TAP_LANES	8

typedef uint16_t tap_u16 __attribute__((vector_size(TAP_LANES * 2)));
typedef int32_t tap_s32 __attribute__((vector_size(TAP_LANES * 4)));
typedef uint32_t tap_u32 __attribute__((vector_size(TAP_LANES * 4)));
typedef float tap_f32 __attribute__((vector_size(TAP_LANES * 4)));

static inline void tap_load_s8(tap_s32 *v, const void *x, size_t i)
{
#ifdef LANES_F16C
	*v = (tap_s32)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)((const int8_t *)x + i)));
#else
	for (size_t j = 0; j < TAP_LANES; j++)
		(*v)[j] = ((const int8_t *)x)[i + j];
#endif
}

static inline void tap_load_u8(tap_s32 *v, const void *x, size_t i)
{
#ifdef LANES_F16C
	*v = (tap_s32)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)((const uint8_t *)x + i)));
#else
	for (size_t j = 0; j < TAP_LANES; j++)
		(*v)[j] = ((const uint8_t *)x)[i + j];
#endif
}

static inline void tap_load_s16(tap_s32 *v, const void *x, size_t i)
{
#ifdef LANES_F16C
	*v = (tap_s32)_mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)((const int16_t *)x + i)));
#else
	for (size_t j = 0; j < TAP_LANES; j++)
		(*v)[j] = ((const int16_t *)x)[i + j];
#endif
}

/*
 * Where a pair of products is one instruction: two taps at a time, of 16 channels, as often as there are so many. Unpacking leaves
 * channels 0-3 and 8-11 in one vector, 4-7 and 12-15 in the other. How many channels are done.
 */
#ifdef LANES_F16C
static inline __m256i widen_s8_x16(const void *x)
{
	return _mm256_cvtepi8_epi16(_mm_loadu_si128(x));
}

static inline __m256i widen_u8_x16(const void *x)
{
	return _mm256_cvtepu8_epi16(_mm_loadu_si128(x));
}

static inline __m256i mac_taps(__m256i acc, __m256i x, __m256i w)
{
	return _mm256_add_epi32(acc, _mm256_madd_epi16(x, w));
}

#define TAPS_PAIRS(name, type)								\
static inline size_t pairs_##name(int32_t *acc, const void *const *x, const void *const *w, size_t taps, size_t n, int zp)	\
{											\
	const __m256i zero = _mm256_setzero_si256(), zps = _mm256_set1_epi16((short)zp);	\
	size_t i = 0;									\
											\
	for (; i + 16 <= n; i += 16) {							\
		__m256i *out = (__m256i *)(acc + i), a = _mm256_loadu_si256(out), b = _mm256_loadu_si256(out + 1);	\
		__m256i lo = _mm256_permute2x128_si256(a, b, 0x20), hi = _mm256_permute2x128_si256(a, b, 0x31);	\
											\
		for (size_t t = 0; t < taps; t += 2) {					\
			__m256i x0 = _mm256_sub_epi16(widen_##name##_x16((const type *)x[t] + i), zps), x1 = zero;	\
			__m256i w0 = _mm256_loadu_si256((const __m256i *)((const int16_t *)w[t] + i)), w1 = zero;	\
											\
			if (t + 1 < taps) {						\
				x1 = _mm256_sub_epi16(widen_##name##_x16((const type *)x[t + 1] + i), zps);	\
				w1 = _mm256_loadu_si256((const __m256i *)((const int16_t *)w[t + 1] + i));	\
			}								\
			lo = mac_taps(lo, _mm256_unpacklo_epi16(x0, x1), _mm256_unpacklo_epi16(w0, w1));	\
			hi = mac_taps(hi, _mm256_unpackhi_epi16(x0, x1), _mm256_unpackhi_epi16(w0, w1));	\
		}									\
		_mm256_storeu_si256(out, _mm256_permute2x128_si256(lo, hi, 0x20));	\
		_mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(lo, hi, 0x31));	\
	}										\
	return i;									\
}
#else
#define TAPS_PAIRS(name, type)								\
static inline size_t pairs_##name(int32_t *acc, const void *const *x, const void *const *w, size_t taps, size_t n, int zp)	\
{											\
	return 0;									\
}
#endif
TAPS_PAIRS(s8, int8_t)
TAPS_PAIRS(u8, uint8_t)

/* @vecs vectors from channel @i on, a number known where this is inlined. */
#define TAPS_INT(name, type)								\
static inline void ints_##name(int32_t *acc, const void *const *x, const void *const *w, size_t taps, size_t i, int zp,	\
			       size_t vecs)						\
{											\
	tap_u32 sum[4];									\
											\
	memcpy(sum, acc + i, vecs * sizeof(sum[0]));					\
	for (size_t t = 0; t < taps; t++)						\
		for (size_t k = 0; k < vecs; k++) {					\
			tap_s32 a, b;							\
											\
			tap_load_##name(&a, x[t], i + k * TAP_LANES);			\
			tap_load_s16(&b, w[t], i + k * TAP_LANES);			\
			sum[k] += (tap_u32)((a - zp) * b);				\
		}									\
	memcpy(acc + i, sum, vecs * sizeof(sum[0]));					\
}											\
											\
static void taps_##name(void *dst, const void *const *x, const void *const *w, size_t taps, size_t n, int zp)	\
{											\
	int32_t *acc = dst;								\
	size_t i = pairs_##name(acc, x, w, taps, n, zp);					\
											\
	for (; i + 4 * TAP_LANES <= n; i += 4 * TAP_LANES)				\
		ints_##name(acc, x, w, taps, i, zp, 4);					\
	for (; i + TAP_LANES <= n; i += TAP_LANES)					\
		ints_##name(acc, x, w, taps, i, zp, 1);					\
	for (; i < n; i++)								\
		for (size_t t = 0; t < taps; t++)					\
			acc[i] = (int32_t)((uint32_t)acc[i] +				\
					   (uint32_t)((((const type *)x[t])[i] - zp) * ((const int16_t *)w[t])[i]));	\
}
TAPS_INT(s8, int8_t)
TAPS_INT(u8, uint8_t)

static inline void tap_load_f32(tap_f32 *v, const void *x, size_t i)
{
	memcpy(v, (const float *)x + i, sizeof(*v));
}

static inline void tap_load_f16(tap_f32 *v, const void *x, size_t i)
{
	float f[TAP_LANES];

#ifdef LANES_F16X8
	widen_f16x8(f, (const uint16_t *)x + i);
#else
	to_f32_f16(f, (const uint16_t *)x + i, TAP_LANES);
#endif
	memcpy(v, f, sizeof(f));
}

static inline void tap_load_bf16(tap_f32 *v, const void *x, size_t i)
{
	tap_u32 bits;
	tap_u16 h;

	memcpy(&h, (const uint16_t *)x + i, sizeof(h));
	bits = __builtin_convertvector(h, tap_u32) << 16;
	memcpy(v, &bits, sizeof(bits));
}

static inline void tap_load_e4m3(tap_f32 *v, const void *x, size_t i)
{
	for (size_t j = 0; j < TAP_LANES; j++)
		(*v)[j] = loom_e4m3_value[((const uint8_t *)x)[i + j]];
}

static inline void tap_load_e5m2(tap_f32 *v, const void *x, size_t i)
{
	for (size_t j = 0; j < TAP_LANES; j++)
		(*v)[j] = loom_e5m2_value[((const uint8_t *)x)[i + j]];
}

static inline void tap_fma(tap_f32 *acc, const tap_f32 *x, const tap_f32 *w)
{
#ifdef LANES_F16C
	*acc = _mm256_fmadd_ps(*x, *w, *acc);
#else
	for (int j = 0; j < TAP_LANES; j++)
		(*acc)[j] = fmaf((*x)[j], (*w)[j], (*acc)[j]);
#endif
}

#define TAPS_FLOAT(name)								\
static inline void floats_##name(float *acc, const void *const *x, const void *const *w, size_t taps, size_t i, size_t vecs)	\
{											\
	tap_f32 sum[4];									\
											\
	memcpy(sum, acc + i, vecs * sizeof(sum[0]));					\
	for (size_t t = 0; t < taps; t++)						\
		for (size_t k = 0; k < vecs; k++) {					\
			tap_f32 a, b;							\
											\
			tap_load_##name(&a, x[t], i + k * TAP_LANES);			\
			tap_load_f32(&b, w[t], i + k * TAP_LANES);			\
			tap_fma(&sum[k], &a, &b);					\
		}									\
	memcpy(acc + i, sum, vecs * sizeof(sum[0]));					\
}											\
											\
static void taps_##name(void *dst, const void *const *x, const void *const *w, size_t taps, size_t n, int zp)	\
{											\
	float *acc = dst;								\
	size_t i = 0;									\
											\
	for (; i + 4 * TAP_LANES <= n; i += 4 * TAP_LANES)				\
		floats_##name(acc, x, w, taps, i, 4);					\
	for (; i + TAP_LANES <= n; i += TAP_LANES)					\
		floats_##name(acc, x, w, taps, i, 1);					\
	for (; i < n; i++)								\
		for (size_t t = 0; t < taps; t++) {					\
			float v;							\
											\
			to_f32_##name(&v, (const uint8_t *)x[t] + i * TAP_BYTES_##name, 1);	\
			acc[i] = fmaf(v, ((const float *)w[t])[i], acc[i]);		\
		}									\
}
#define TAP_BYTES_f32	4
#define TAP_BYTES_f16	2
#define TAP_BYTES_bf16	2
#define TAP_BYTES_e4m3	1
#define TAP_BYTES_e5m2	1
TAPS_FLOAT(f32)
TAPS_FLOAT(f16)
TAPS_FLOAT(bf16)
TAPS_FLOAT(e4m3)
TAPS_FLOAT(e5m2)
