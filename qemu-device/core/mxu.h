/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the matrix unit. MM and CONV are one product of a left operand of M rows (matrix rows or
 * output pixels) and a right operand of K rows; blocks of both are packed, and the kernels run on blocks.
 */
#ifndef LOOM_CORE_MXU_H
#define LOOM_CORE_MXU_H

#include "exec_priv.h"
#include "kernels.h"

/* Block sizes: K in bytes of packed left operand (LOOM_A_PITCH less its gap), M and N in elements. */
#define LOOM_KC_BYTES	1024u
#define LOOM_MC		98u		/* at most: whole tiles of it */
#define LOOM_NC		512u

/**
 * struct loom_mxu_buffers - packed blocks
 * @a: LOOM_MC rows, LOOM_A_PITCH bytes apart, of f32 or s16
 * @b: panels of LOOM_NR columns: for f32 [panel][k][16], for s16 [panel][k / 2][16][2]
 * @row: one converted row before it is spread over the panels
 * @cols: a panel's columns before they are turned into rows
 * @tile: an output tile that is cut by an edge
 */
struct loom_mxu_buffers {
	uint8_t a[LOOM_MC * LOOM_A_PITCH] __attribute__((aligned(64)));
	uint8_t b[LOOM_KC_BYTES * LOOM_NC] __attribute__((aligned(64)));
	uint8_t row[2][4 * LOOM_NC] __attribute__((aligned(64)));
	uint8_t cols[LOOM_NR][LOOM_A_PITCH] __attribute__((aligned(64)));
	uint32_t tile[LOOM_MAX_MR * LOOM_NR] __attribute__((aligned(64)));
};

/**
 * struct loom_left - left operand
 * @conv: NULL for a matrix
 * @base: element 0
 * @end: of the memory that it lies in
 * @type: loom_type; @zp its zero point
 * @ld: bytes between rows (of the stored matrix)
 * @trans: stored K x M
 * @run: elements of K that lie contiguous in memory: CONV: channels, or a kernel row of them
 * @merged: a run is a whole kernel row
 */
struct loom_left {
	const struct loom_conv *conv;
	const uint8_t *base, *end;
	unsigned int type;
	int zp;
	uint64_t ld;
	bool trans;
	uint32_t run;
	bool merged;
};

/**
 * struct loom_right - right operand: @taps blocks of @rows rows; row k is row k % rows of tap k / rows
 * @base: element 0 of tap 0
 * @type: loom_type; @zp its zero point
 * @tap_stride: bytes between taps
 * @ld: bytes between rows, or between columns if @trans
 * @trans: stored with columns as rows
 * @rotate: taps in reverse order
 * @meta: 2:4 sparse: only half of the rows are stored, two of each four; a nibble a column says which. Else NULL
 * @meta_pitch: bytes of nibbles for each four rows; if @trans, for each column
 * @cols: columns
 */
struct loom_right {
	const uint8_t *base;
	unsigned int type;
	int zp;
	uint32_t taps, rows;
	uint64_t tap_stride, ld;
	bool trans, rotate;
	const uint8_t *meta;
	uint32_t meta_pitch, cols;
};

/*
 * @n consecutive elements from index @first of @base into @dst: int16_t minus @zp for integer types, else float.
 */
void loom_widen(void *dst, bool integer, unsigned int type, int zp, const uint8_t *base, uint64_t first, size_t n);

/* Rows of a tile that is made of these types. */
static inline uint32_t loom_tile_rows(bool integer)
{
	return integer ? LOOM_MR : loom_kernels()->mr_f32;
}

/* The block [@i0, +@m) x [@k0, +@k) of the left operand into buf->a; odd K is padded with zero (s16). */
void loom_pack_left(struct loom_mxu_buffers *buf, const struct loom_left *l, bool integer, uint64_t i0,
		    uint32_t m, uint64_t k0, uint32_t k);

/*
 * The block [@k0, +@k) x [@j0, +@n) of the right operand into @dst, as struct loom_mxu_buffers has it in b, padded with
 * zeros to whole panels.
 */
void loom_pack_right(struct loom_mxu_buffers *buf, uint8_t *dst, const struct loom_right *r, bool integer,
		     uint64_t k0, uint32_t k, uint32_t j0, uint32_t n);

/* The same block, as it was packed before or as it is packed now; good until the next one is asked for. */
const uint8_t *loom_packed_right(struct loom_core *core, const struct loom_right *r, bool integer, uint64_t k0,
				 uint32_t k, uint32_t j0, uint32_t n);

/* Row @k of the right operand, as it is stored; not for one that is transposed or sparse. */
const uint8_t *loom_right_row(const struct loom_right *r, uint64_t k);

/**
 * loom_gemm - c[m][n] += left * right, as docs/hardware.md says
 * @c: rows @ldc bytes apart
 * @zero: start from 0
 * Return: false where the job was stopped on the way.
 */
bool loom_gemm(struct loom_core *core, const struct loom_left *l, const struct loom_right *r, void *c,
	       uint64_t ldc, uint64_t m, uint32_t n, uint64_t k, bool zero);

#endif
