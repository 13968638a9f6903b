/* SPDX-License-Identifier: MIT */
/* Shared by the files of the vector unit. */
#ifndef LOOM_CORE_VPU_H
#define LOOM_CORE_VPU_H

#include "exec_priv.h"
#include "kernels.h"

/**
 * struct loom_vpu_buffers - scratch of the lane loops, LOOM_LANES elements each
 * @v: the value of a chain
 * @src: sources as fp32
 * @imm: immediates, one an array
 * @taps: weights of DWCONV, widened, one tap an array
 * @zero: padding, of any type
 */
struct loom_vpu_buffers {
	float v[LOOM_LANES] __attribute__((aligned(64)));
	float src[2][LOOM_LANES] __attribute__((aligned(64)));
	float imm[4][LOOM_LANES] __attribute__((aligned(64)));
	float taps[LOOM_TAPS][LOOM_LANES] __attribute__((aligned(64)));
	float zero[LOOM_LANES] __attribute__((aligned(64)));
};

#endif
