/* SPDX-License-Identifier: MIT */
/*
 * Inner loops of the compute core, once in plain C and once for each instruction set worth it. All
 * sets give the same bits; the best one that the host has is chosen at run time.
 */
#ifndef LOOM_CORE_KERNELS_H
#define LOOM_CORE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loom/isa.h>

/* A tile of the matrix kernels (those of floats may have other rows, up to a most), and the bytes between rows of a packed left operand. */
#define LOOM_MR		6
#define LOOM_NR		16
#define LOOM_MAX_MR	7
#define LOOM_A_PITCH	1088		/* 1 KiB of operand and 64 bytes apart from its alias in the cache */

/* Elements that rows_s16 reads and writes at a time: up to one less beyond the end of a row. */
#define LOOM_WHOLE	16u

/* Taps of a depthwise convolution that are summed at a time. */
#define LOOM_TAPS	64

/* Elements that the lane loops of the vector unit take at a time. */
#define LOOM_LANES	256

/**
 * struct loom_kernels - one set
 * @name: for LOOM_CORE_KERNELS and loom_kernels_select()
 * @mr_f32: rows of a tile of mm_f32
 * @mm_f32: c[mr_f32][16] = fma chain over k ascending, from c, or with @fresh from 0; a: rows LOOM_A_PITCH apart; b: 16 columns for each k; NaN becomes
 *	the canonical one
 * @mm_s16: c[m][n], m <= 6 and n <= 16, += over pairs of k, mod 2^32, or with @fresh from 0; a as of mm_f32, all 6 rows; b:
 *	for each pair 16 columns of (k, k+1)
 * @to_f32: widen n elements of a floating type; NULL for other types
 * @rows_f32: to_f32 of rows of n elements, @step bytes apart at the source, @to elements apart at the destination
 * @panel_f32: to_f32 of rows of LOOM_NR elements, @step bytes apart at the source, one after the other at the destination
 * @to_s16: widen n elements of S8 or U8 and subtract zp
 * @rows_s16: to_s16 of rows of n elements, @step bytes apart at the source, @to elements apart at the destination
 * @canon: every NaN becomes the canonical one
 * @load: n <= LOOM_LANES elements, minus zp, to fp32
 * @store: n elements converted from fp32; integers get zp
 * @ew: v = op(v, w)
 * @add_s32: acc += element - zp, of an integer type, mod 2^32
 * @max8: acc = max(acc, element), of S8 or U8
 * @fma: acc = fma(x, w, acc)
 * @fma_of: v = fma(v, a, b)
 * @fma_bytes: dst = clamp(rne(fma(x, a, b)) + zp, lo, hi), bytes of S8 or U8 as the bounds say; dst is apart from x
 * @taps: for each of @taps elements x[t][i] of the type, ascending: acc += (x - zp) * w mod 2^32, w of 16 bits, |w| <= 383; or
 *	acc = fma(x, w, acc), w of F32
 * @axpy_f32: acc = fma(a, w, acc)
 * @axpy_s16: acc += a * w, mod 2^32; |a|, |w| <= 383
 * @exp: v = e^v for v <= 0, as SOFTMAX defines it
 * @rq_f32: REQUANT of n elements; scale is one for each
 */
struct loom_kernels {
	const char *name;
	unsigned int mr_f32;
	void (*mm_f32)(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh);
	void (*mm_s16)(int32_t *c, size_t ldc, uint32_t m, uint32_t n, const int16_t *a, const int16_t *b, size_t pairs, bool fresh);
	void (*to_f32[LOOM_NUM_TYPES])(float *dst, const void *src, size_t n);
	void (*rows_f32[LOOM_NUM_TYPES])(float *dst, size_t to, const void *src, size_t n, size_t rows, size_t step);
	void (*panel_f32[LOOM_NUM_TYPES])(float *dst, const void *src, size_t rows, size_t step);
	void (*to_s16[LOOM_NUM_TYPES])(int16_t *dst, const void *src, size_t n, int zp);
	void (*rows_s16[LOOM_NUM_TYPES])(int16_t *dst, size_t to, const void *src, size_t n, int zp, size_t rows, size_t step);
	void (*canon)(float *v, size_t n);
	void (*load[LOOM_NUM_TYPES])(float *v, const void *src, size_t n, int zp);
	void (*store[LOOM_NUM_TYPES])(void *dst, const float *v, size_t n, int zp);
	void (*ew[LOOM_NUM_EW_OPS])(float *v, const float *w, size_t n);
	void (*add_s32[LOOM_NUM_TYPES])(int32_t *acc, const void *src, size_t n, int zp);
	void (*max8[LOOM_NUM_TYPES])(void *acc, const void *src, size_t n);
	void (*fma)(float *acc, const float *x, const float *w, size_t n);
	void (*fma_of)(float *v, const float *a, const float *b, size_t n);
	void (*fma_bytes)(void *dst, const int32_t *x, const float *a, const float *b, size_t n, int zp, int lo, int hi);
	void (*taps[LOOM_NUM_TYPES])(void *acc, const void *const *x, const void *const *w, size_t taps, size_t n, int zp);
	void (*axpy_f32)(float *acc, float a, const float *w, size_t n);
	void (*axpy_s16)(int32_t *acc, int16_t a, const int16_t *w, size_t n);
	void (*exp)(float *v, size_t n);
	void (*rq_f32)(void *dst, const int32_t *src, const float *scale, size_t n, int zp, int lo, int hi);
};

/** loom_kernels - the set in use */
const struct loom_kernels *loom_kernels(void);

/**
 * loom_kernels_select - use the set called @name from now on; for tests. The environment variable
 * LOOM_CORE_KERNELS does the same before the first use
 * Return: 0, -ENOENT where there is none of that name, -EOPNOTSUPP where the host cannot run it.
 */
int loom_kernels_select(const char *name);

extern const struct loom_kernels loom_kernels_scalar;
extern const struct loom_kernels loom_kernels_avx2;
extern const struct loom_kernels loom_kernels_vnni;
extern const struct loom_kernels loom_kernels_neon;

/* The parts of a set, which are in files of their own. */
void loom_mm_f32_scalar(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh);
void loom_mm_s16_scalar(int32_t *c, size_t ldc, uint32_t m, uint32_t n, const int16_t *a, const int16_t *b, size_t pairs, bool fresh);
void loom_mm_f32_avx2(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh);
void loom_mm_s16_avx2(int32_t *c, size_t ldc, uint32_t m, uint32_t n, const int16_t *a, const int16_t *b, size_t pairs, bool fresh);
void loom_mm_f32_avx512(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh);
void loom_mm_s16_vnni(int32_t *c, size_t ldc, uint32_t m, uint32_t n, const int16_t *a, const int16_t *b, size_t pairs, bool fresh);
void loom_mm_f32_neon(float *c, size_t ldc, const float *a, const float *b, size_t k, bool fresh);
void loom_mm_s16_neon(int32_t *c, size_t ldc, uint32_t m, uint32_t n, const int16_t *a, const int16_t *b, size_t pairs, bool fresh);

#endif
