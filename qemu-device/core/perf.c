// SPDX-License-Identifier: MIT
/* Latched counters: all of a core at one moment, to be read at leisure. */
#include <string.h>

#include "npu.h"

void loom_perf_latch(struct loom_dev *dev, uint32_t mask, uint64_t now_ns)
{
	dev->latch_ns = now_ns - atomic_load(&dev->t0_ns);
	for (unsigned int i = 0; i < dev->geo.num_cores; i++) {
		struct loom_ccu *core = &dev->core[i];

		if (!(mask & 1u << i))
			continue;
		/* As with the live ones: until the core has noticed a reset, it counts for the time before. */
		if (core->epoch == dev->epoch)
			loom_core_sample(core->exec, &core->latched);
		else
			memset(&core->latched, 0, sizeof(core->latched));
		core->latched.jobs = core->jobs;
	}
}

static uint64_t read_stall(const struct loom_exec_sample *s, uint32_t offset)
{
	uint32_t engine = offset / 0x40, cause = offset % 0x40 / 8;

	return engine < LOOM_NUM_ENGINES && cause < LOOM_NUM_STALLS ? s->stall[engine][cause] : 0;
}

uint64_t loom_perf_read(struct loom_dev *dev, uint32_t offset)
{
	uint32_t core = offset / (LOOM_REG_PERF(1) - LOOM_REG_PERF(0));
	const struct loom_exec_sample *s;

	if (core >= dev->geo.num_cores)
		return 0;
	s = &dev->core[core].latched;
	offset %= LOOM_REG_PERF(1) - LOOM_REG_PERF(0);
	if (offset >= LOOM_PERF_STALL_64(0, 0))
		return read_stall(s, offset - LOOM_PERF_STALL_64(0, 0));
	switch (offset) {
	case LOOM_CORE_CYCLES_64: return s->cycles;
	case LOOM_CORE_MACS_64: return s->macs;
	case LOOM_CORE_BYTES_IN_64: return s->bytes_in;
	case LOOM_CORE_BYTES_OUT_64: return s->bytes_out;
	case LOOM_CORE_DESCS_64: return s->descs;
	case LOOM_CORE_JOBS_64: return s->jobs;
	case LOOM_PERF_CONFLICTS_64: return s->conflicts;
	}
	if (offset < LOOM_CORE_BUSY_64(0))
		return 0;
	offset = (offset - LOOM_CORE_BUSY_64(0)) / 8;
	return offset < LOOM_NUM_ENGINES ? s->busy[offset] : 0;
}
