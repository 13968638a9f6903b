// SPDX-License-Identifier: MIT
/*
 * Temperature and power, driven by activity: static power that grows with the clock, plus energy for
 * each multiply-accumulate and each byte to or from DRAM; the die follows its power through one
 * thermal resistance and capacity. Constants are those of a small 7 nm part.
 */
#include "npu.h"

#define AMBIENT_MC		35000.0
#define STATIC_MW		400.0		/* at any clock */
#define CLOCK_MW_PER_GHZ	600.0		/* clock tree, each core */
#define MAC_PJ			0.8
#define DRAM_BYTE_PJ		25.0
#define MC_PER_MW		4.0		/* junction to ambient */
#define TAU_S			8.0
#define SAMPLE_NS		1000000ull

static void activity(struct loom_dev *dev, uint64_t *macs, uint64_t *bytes)
{
	*macs = 0;
	*bytes = 0;
	for (unsigned int i = 0; i < dev->geo.num_cores; i++) {
		*macs += loom_ccu_counter(&dev->core[i], LOOM_CORE_MACS_64);
		*bytes += loom_ccu_counter(&dev->core[i], LOOM_CORE_BYTES_IN_64);
		*bytes += loom_ccu_counter(&dev->core[i], LOOM_CORE_BYTES_OUT_64);
	}
}

static double static_power(struct loom_dev *dev)
{
	return STATIC_MW + CLOCK_MW_PER_GHZ * dev->geo.num_cores * dev->clock_khz / 1e6;
}

void loom_thermal_reset(struct loom_dev *dev)
{
	dev->thermal = (struct loom_thermal) { .temp_mc = AMBIENT_MC, .power_mw = static_power(dev) };
}

void loom_thermal_update(struct loom_dev *dev, uint64_t now_ns)
{
	struct loom_thermal *t = &dev->thermal;
	uint64_t macs, bytes;
	double dt, target, blend;

	if (t->last_ns && now_ns < t->last_ns + SAMPLE_NS)
		return;
	activity(dev, &macs, &bytes);
	if (t->last_ns) {
		/* Picojoules a nanosecond are milliwatts. */
		dt = (double)(now_ns - t->last_ns);
		t->power_mw = static_power(dev) + ((double)(macs - t->macs) * MAC_PJ +
						   (double)(bytes - t->bytes) * DRAM_BYTE_PJ) / dt;
		target = AMBIENT_MC + t->power_mw * MC_PER_MW;
		blend = dt * 1e-9 / (TAU_S + dt * 1e-9);
		t->temp_mc += (target - t->temp_mc) * blend;
	}
	t->last_ns = now_ns;
	t->macs = macs;
	t->bytes = bytes;
}
