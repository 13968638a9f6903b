/* SPDX-License-Identifier: MIT */
/* The sizes an instance of the NPU is built with. Software learns them from registers. */
#ifndef LOOM_CORE_GEOMETRY_H
#define LOOM_CORE_GEOMETRY_H

#include <stdint.h>

/**
 * struct loom_geometry
 * @array_dim: R, rows = columns of the systolic array: 8, 16, 32, 64 or 128
 * @num_cores: 1..8
 * @spm_bytes: scratchpad a core; multiple of 4096, 64 KiB..64 MiB
 * @acc_bytes: accumulators a core; multiple of 4096, 16 KiB..16 MiB
 * @dram_bpc: bytes a cycle, 1..4096
 * @clock_khz: 1000..4000000
 * @timing: cycle model on; where off, cycle counters stay zero
 */
struct loom_geometry {
	uint32_t array_dim;
	uint32_t num_cores;
	uint32_t spm_bytes;
	uint32_t acc_bytes;
	uint32_t dram_bpc;
	uint32_t clock_khz;
	int timing;
};

/** loom_geometry_default - R=32, one core, 1 MiB, 256 KiB, 64 B/cycle, 1 GHz, timing on */
void loom_geometry_default(struct loom_geometry *geo);

/** loom_geometry_check - 0, or -EINVAL with *@why a static text naming the field */
int loom_geometry_check(const struct loom_geometry *geo, const char **why);

#endif
