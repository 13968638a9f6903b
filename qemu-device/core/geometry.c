// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>

#include <loom/regs.h>

#include "geometry.h"

void loom_geometry_default(struct loom_geometry *geo)
{
	*geo = (struct loom_geometry) {
		.array_dim = 32,
		.num_cores = 1,
		.spm_bytes = 1 << 20,
		.acc_bytes = 256 << 10,
		.dram_bpc = 64,
		.clock_khz = 1000000,
		.timing = 1,
	};
}

static int in_range(uint32_t v, uint32_t min, uint32_t max)
{
	return v >= min && v <= max;
}

int loom_geometry_check(const struct loom_geometry *geo, const char **why)
{
	const char *bad = NULL;

	if (!in_range(geo->array_dim, 8, 128) || (geo->array_dim & (geo->array_dim - 1)))
		bad = "array_dim must be 8, 16, 32, 64 or 128";
	else if (!in_range(geo->num_cores, 1, LOOM_MAX_CORES))
		bad = "num_cores must be 1 to 8";
	else if (!in_range(geo->spm_bytes, 64 << 10, 64 << 20) || geo->spm_bytes % 4096)
		bad = "spm_bytes must be a multiple of 4096 from 64 KiB to 64 MiB";
	else if (!in_range(geo->acc_bytes, 16 << 10, 16 << 20) || geo->acc_bytes % 4096)
		bad = "acc_bytes must be a multiple of 4096 from 16 KiB to 16 MiB";
	else if (!in_range(geo->dram_bpc, 1, 4096))
		bad = "dram_bpc must be 1 to 4096";
	else if (!in_range(geo->clock_khz, 1000, 4000000))
		bad = "clock_khz must be 1000 to 4000000";
	if (why)
		*why = bad;
	return bad ? -EINVAL : 0;
}
