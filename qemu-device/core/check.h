/* SPDX-License-Identifier: MIT */
/* Shared by the files of descriptor checks. */
#ifndef LOOM_CORE_CHECK_H
#define LOOM_CORE_CHECK_H

#include "exec_priv.h"

#define LOOM_MAX_COUNT	(1u << 24)	/* rows, columns, elements */

/**
 * struct loom_check - a check at work
 * @geo: sizes of the memories
 * @op: its extents are filled in
 * @u: @op's descriptor
 * @last: it is the last of the stream
 */
struct loom_check {
	const struct loom_geometry *geo;
	struct loom_op *op;
	const union loom_any *u;
	bool last;
};

enum loom_use { LOOM_READS, LOOM_WRITES };

/**
 * loom_check_mem - do @rows rows of @row_bytes bytes, @stride apart, lie inside of the memory?
 * @addr: scratchpad address, or accumulator address with LOOM_ACC
 * @rows: 1..2^31
 * @row_bytes: below 2^50
 * @stride: below 2^32
 * @use: LOOM_WRITES is recorded in the op's extents
 * Return: 0, LOOM_ILL_SPM_RANGE or LOOM_ILL_ACC_RANGE.
 */
unsigned int loom_check_mem(struct loom_check *c, uint32_t addr, uint64_t rows, uint64_t row_bytes,
			    uint64_t stride, enum loom_use use);

/* The same for operands that are always in the scratchpad, or always (without the bit) in the accumulators. */
unsigned int loom_check_spm(struct loom_check *c, uint32_t addr, uint64_t rows, uint64_t row_bytes,
			    uint64_t stride, enum loom_use use);
unsigned int loom_check_acc(struct loom_check *c, uint32_t addr, uint64_t rows, uint64_t row_bytes,
			    uint64_t stride, enum loom_use use);

/* The operation may write to bytes [@begin, @end) of the scratchpad. */
void loom_check_writes(struct loom_check *c, uint32_t begin, uint32_t end);

/**
 * loom_overlap - may two blocks of rows share a byte?
 *
 * No where their extents are apart, or where they have one stride and their rows are apart modulo it. Otherwise yes.
 */
bool loom_overlap(uint32_t a, uint64_t a_rows, uint64_t a_bytes, uint64_t a_stride, uint32_t b,
		  uint64_t b_rows, uint64_t b_bytes, uint64_t b_stride);

unsigned int loom_check_accinit(struct loom_check *c);
unsigned int loom_check_mm(struct loom_check *c);
unsigned int loom_check_conv(struct loom_check *c);
unsigned int loom_check_requant(struct loom_check *c);
unsigned int loom_check_ewise(struct loom_check *c);
unsigned int loom_check_lut(struct loom_check *c);
unsigned int loom_check_pool(struct loom_check *c);
unsigned int loom_check_reduce(struct loom_check *c);
unsigned int loom_check_rows(struct loom_check *c);
unsigned int loom_check_plut(struct loom_check *c);
unsigned int loom_check_resize(struct loom_check *c);
unsigned int loom_check_optim(struct loom_check *c);
unsigned int loom_check_dwconv(struct loom_check *c);

#endif
