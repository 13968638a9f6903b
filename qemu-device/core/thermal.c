// SPDX-License-Identifier: MIT
/*
 * Temperature, power and clock (docs/hardware.md, section 13). Power is static, plus that of the clock, plus energy for each
 * multiply-accumulate and each byte to or from DRAM; the die follows its power through one thermal resistance and
 * capacity. A die that gets too hot lowers its clock. Constants are those of a small 7 nm part.
 */
#include <errno.h>
#include <math.h>

#include "npu.h"

#define STATIC_MW		400.0		/* at any clock */
#define CLOCK_MW_PER_GHZ	600.0		/* clock tree, each core */
#define MAC_PJ			0.8
#define DRAM_BYTE_PJ		25.0
#define MC_PER_MW		4.0		/* junction to ambient, at most */
#define RISE_MC			50000.0		/* what the cooler allows at most, all units busy at the highest clock */
#define TAU_NS			8e9
#define SAMPLE_NS		1000000ull

#define LIMIT_MC		95000
#define HYST_MC			90000
#define CRIT_MC			105000

/* ---- Operating points ---- */

#define QUARTERS		4u

static const uint16_t supply_mv[QUARTERS] = { 600, 700, 800, 900 };

/* Those quarters of the highest clock that are clocks at all. */
static unsigned int first_opp(const struct loom_dev *dev)
{
	unsigned int i = 0;

	while ((uint64_t)dev->geo.clock_khz * (i + 1) / QUARTERS < LOOM_CLOCK_MIN_KHZ)
		i++;
	return i;
}

unsigned int loom_opp_count(const struct loom_dev *dev)
{
	return QUARTERS - first_opp(dev);
}

struct loom_opp loom_opp(const struct loom_dev *dev, unsigned int i)
{
	unsigned int quarter = first_opp(dev) + i;

	if (quarter >= QUARTERS)
		return (struct loom_opp) { 0 };
	return (struct loom_opp) {
		.khz = (uint32_t)((uint64_t)dev->geo.clock_khz * (quarter + 1) / QUARTERS),
		.mv = supply_mv[quarter],
	};
}

/* Energy goes with the square of the supply, which is that of the next operating point. */
static double supply_factor(const struct loom_dev *dev)
{
	unsigned int i = 0;
	double v;

	while (i + 1 < loom_opp_count(dev) && loom_opp(dev, i).khz < dev->clock_khz)
		i++;
	v = (double)loom_opp(dev, i).mv / supply_mv[QUARTERS - 1];
	return v * v;
}

/* ---- Power and temperature ---- */

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

/* Before it is booted its clock tree stands still. */
static double static_power(struct loom_dev *dev)
{
	double tree = CLOCK_MW_PER_GHZ * dev->geo.num_cores * dev->clock_khz / 1e6;

	return (STATIC_MW + (dev->boot_state == LOOM_BOOT_OFF ? 0 : tree)) * supply_factor(dev);
}

/* Everybody works without a pause at the highest clock. */
static double highest_power(const struct loom_dev *dev)
{
	const struct loom_geometry *geo = &dev->geo;
	double ghz = geo->clock_khz / 1e6, macs = (double)geo->array_dim * geo->array_dim * geo->num_cores;

	return STATIC_MW + ghz * (CLOCK_MW_PER_GHZ * geo->num_cores + macs * MAC_PJ + geo->dram_bpc * DRAM_BYTE_PJ);
}

/* A part that takes more power has a larger cooler. */
static double steady_temp(const struct loom_dev *dev, double power_mw)
{
	return dev->thermal.ambient_mc + power_mw * fmin(MC_PER_MW, RISE_MC / highest_power(dev));
}

void loom_thermal_update(struct loom_dev *dev, uint64_t now_ns)
{
	struct loom_thermal *t = &dev->thermal;
	uint64_t macs, bytes;
	double dt;

	if (t->last_ns && now_ns < t->last_ns + SAMPLE_NS)
		return;
	activity(dev, &macs, &bytes);
	if (t->last_ns) {
		/* Picojoules a nanosecond are milliwatts. */
		dt = (double)(now_ns - t->last_ns);
		t->power_mw = static_power(dev) + ((double)(macs - t->macs) * MAC_PJ * supply_factor(dev) +
						   (double)(bytes - t->bytes) * DRAM_BYTE_PJ) / dt;
		t->temp_mc -= (steady_temp(dev, t->power_mw) - t->temp_mc) * expm1(-dt / TAU_NS);
	}
	t->last_ns = now_ns;
	t->macs = macs;
	t->bytes = bytes;
}

/* ---- The clock ---- */

static void apply_clock(struct loom_dev *dev, uint64_t now_ns)
{
	uint32_t old = dev->clock_khz, cap = loom_opp(dev, dev->throttle.opp).khz;

	dev->clock_khz = dev->clock_set_khz < cap ? dev->clock_set_khz : cap;
	for (unsigned int i = 0; dev->clock_khz != old && i < dev->geo.num_cores; i++)
		loom_ccu_new_clock(&dev->core[i], old, now_ns);
}

void loom_clock_set(struct loom_dev *dev, uint32_t khz, uint64_t now_ns)
{
	uint32_t max = dev->geo.clock_khz;

	loom_thermal_update(dev, now_ns);
	dev->clock_set_khz = khz < LOOM_CLOCK_MIN_KHZ ? LOOM_CLOCK_MIN_KHZ : khz > max ? max : khz;
	apply_clock(dev, now_ns);
	loom_thermal_look(dev);
}

/* ---- Throttling ---- */

void loom_throttle_count_time(struct loom_dev *dev, uint64_t now_ns)
{
	struct loom_throttle *t = &dev->throttle;

	if (t->why && now_ns > t->counted_ns)
		t->ns += now_ns - t->counted_ns;
	t->counted_ns = now_ns;
}

static void step(struct loom_throttle *t, double temp_mc, unsigned int top)
{
	if (temp_mc >= CRIT_MC)
		t->opp = 0;
	else if (temp_mc >= LIMIT_MC && t->opp)
		t->opp--;
	else if (temp_mc < HYST_MC && t->opp < top)
		t->opp++;
}

/* True: somebody has to be told. */
static bool govern(struct loom_dev *dev, uint64_t now_ns)
{
	unsigned int top = loom_opp_count(dev) - 1;
	double temp_mc = dev->thermal.temp_mc;
	struct loom_throttle *t = &dev->throttle;
	uint32_t why = 0, opp = t->opp, before = t->why;

	loom_throttle_count_time(dev, now_ns);
	if (now_ns >= t->next_ns) {
		step(t, temp_mc, top);
		t->next_ns = now_ns + LOOM_THROTTLE_NS;
	}
	if (t->opp < top || temp_mc >= LIMIT_MC)
		why |= LOOM_THROTTLE_THERMAL;
	if (temp_mc >= CRIT_MC || (temp_mc >= LIMIT_MC && before & LOOM_THROTTLE_CRITICAL))
		why |= LOOM_THROTTLE_CRITICAL;
	t->why = why;
	t->count += why && !before;
	apply_clock(dev, now_ns);
	return why != before || t->opp != opp;
}

/* Whether the temperature may come to matter without anybody looking. */
static bool may_heat(struct loom_dev *dev)
{
	for (unsigned int i = 0; i < dev->geo.num_cores; i++)
		if (dev->core[i].state == LOOM_CORE_RUNNING)
			return true;
	return dev->throttle.why || steady_temp(dev, static_power(dev)) >= LIMIT_MC;
}

void loom_thermal_run(void *opaque)
{
	struct loom_dev *dev = opaque;
	uint64_t now = loom_dev_now(dev);
	bool tell = false;

	pthread_mutex_lock(&dev->lock);
	dev->throttle.looking = false;
	if (dev->boot_state != LOOM_BOOT_OFF) {
		loom_thermal_update(dev, now);
		tell = govern(dev, now);
		if (may_heat(dev))
			loom_thermal_watch(dev, now);
	}
	pthread_mutex_unlock(&dev->lock);
	if (tell)
		loom_dev_irq(dev, LOOM_VEC_THERMAL);
}

void loom_thermal_watch(struct loom_dev *dev, uint64_t now_ns)
{
	if (dev->throttle.looking)
		return;
	dev->throttle.looking = true;
	loom_task_sleep_until(dev, &dev->throttle.task, now_ns + LOOM_THROTTLE_NS);
}

void loom_thermal_look(struct loom_dev *dev)
{
	if (dev->boot_state != LOOM_BOOT_OFF)
		loom_task_post(dev, &dev->throttle.task);
}

/* ---- Life ---- */

void loom_thermal_init(struct loom_dev *dev)
{
	dev->thermal = (struct loom_thermal) { .ambient_mc = LOOM_AMBIENT_MC, .temp_mc = LOOM_AMBIENT_MC };
}

void loom_thermal_reset(struct loom_dev *dev)
{
	struct loom_throttle *t = &dev->throttle;

	dev->clock_set_khz = dev->geo.clock_khz;
	dev->clock_khz = dev->geo.clock_khz;
	dev->thermal.macs = 0;
	dev->thermal.bytes = 0;
	dev->thermal.power_mw = static_power(dev);
	t->opp = loom_opp_count(dev) - 1;
	t->why = 0;
	t->count = 0;
	t->ns = 0;
	t->next_ns = 0;
	t->looking = false;
	t->task.ready = false;
	t->task.deadline = LOOM_NO_DEADLINE;
}

uint32_t loom_throttle_limit(uint32_t reg)
{
	return reg == LOOM_REG_TEMP_CRIT_MC ? CRIT_MC : reg == LOOM_REG_TEMP_LIMIT_MC ? LIMIT_MC : HYST_MC;
}

int loom_dev_set_ambient(struct loom_dev *dev, int32_t millidegrees)
{
	uint64_t now = loom_dev_now(dev);

	if (millidegrees < LOOM_AMBIENT_MIN_MC || millidegrees > LOOM_AMBIENT_MAX_MC)
		return -EINVAL;
	pthread_mutex_lock(&dev->lock);
	loom_thermal_update(dev, now);
	dev->thermal.ambient_mc = millidegrees;
	loom_thermal_look(dev);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

int32_t loom_dev_ambient(struct loom_dev *dev)
{
	int32_t millidegrees;

	pthread_mutex_lock(&dev->lock);
	millidegrees = (int32_t)dev->thermal.ambient_mc;
	pthread_mutex_unlock(&dev->lock);
	return millidegrees;
}
