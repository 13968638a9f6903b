// SPDX-License-Identifier: GPL-2.0
/*
 * The clock, and what a die that is too hot does to it. The device throttles by itself, and says so
 * by an interrupt; here it is made known, and counted beyond resets.
 */
#include <linux/hwmon.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "loom_clock.h"
#include "loom_compat.h"
#include "loom_device.h"
#include "loom_trace.h"

static_assert((int)DRM_LOOM_THROTTLE_THERMAL == LOOM_THROTTLE_THERMAL);
static_assert((int)DRM_LOOM_THROTTLE_CRITICAL == LOOM_THROTTLE_CRITICAL);

/**
 * struct loom_clock - the unit's state
 * @ldev: device
 * @look: sees what has changed; waits for resets
 * @why: LOOM_THROTTLE_*, as @look saw it last
 * @wanted_khz: set in the device after each reset; reset.lock, as what follows
 * @count: how often the device had throttled up to its last reset
 * @ns: for how long
 */
struct loom_clock {
	struct loom_device *ldev;
	struct work_struct look;
	u32 why;
	u32 wanted_khz;
	u32 count;
	u64 ns;
};

static bool loom_clock_throttles(struct loom_device *ldev)
{
	return ldev->info.features & LOOM_FEAT_CLOCK;
}

static void loom_clock_tell(struct loom_clock *clock, u32 why, s32 temp_mc)
{
	struct loom_device *ldev = clock->ldev;
	u32 changed = why ^ clock->why;

	if (why && !clock->why)
		drm_warn(&ldev->drm, "%d millidegrees are too hot: the clock is lowered\n",
			 temp_mc);
	else if (!why && clock->why)
		drm_info(&ldev->drm, "cool enough again\n");
	clock->why = why;
	if (!IS_REACHABLE(CONFIG_HWMON) || !ldev->hwmon)
		return;
	if (changed & LOOM_THROTTLE_THERMAL)
		hwmon_notify_event(ldev->hwmon, hwmon_temp, hwmon_temp_max_alarm, 0);
	if (changed & LOOM_THROTTLE_CRITICAL)
		hwmon_notify_event(ldev->hwmon, hwmon_temp, hwmon_temp_crit_alarm, 0);
}

static void loom_clock_look_work(struct work_struct *work)
{
	struct loom_clock *clock = container_of(work, struct loom_clock, look);
	struct loom_device *ldev = clock->ldev;
	u32 why, khz;
	s32 temp_mc;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return;
	scoped_guard(rwsem_read, &ldev->reset.lock) {
		if (ldev->reset.asleep)
			return;
		why = loom_read(ldev, LOOM_REG_THROTTLE);
		khz = loom_read(ldev, LOOM_REG_CLOCK_KHZ);
		temp_mc = loom_read(ldev, LOOM_REG_TEMP_MC);
	}
	/* Not what the bus answers where no device does. */
	if (!khz || khz > ldev->info.clock_max_khz)
		return;
	WRITE_ONCE(ldev->clock_khz, khz);
	trace_loom_throttle(ldev, why, khz, temp_mc);
	loom_clock_tell(clock, why, temp_mc);
}

/**
 * loom_clock_look() - the device has changed its clock by itself
 * @ldev: device
 *
 * Any context. Interrupts must not wait for a reset, which waits for them.
 */
void loom_clock_look(struct loom_device *ldev)
{
	queue_work(system_dfl_wq, &ldev->clock->look);
}

/**
 * loom_clock_set() - the clock is to be another one
 * @ldev: device, which may be asleep or gone
 * @khz: what is wanted, which throttling may keep the device from
 *
 * The device is not woken: it is told when it wakes.
 */
void loom_clock_set(struct loom_device *ldev, u32 khz)
{
	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return;
	guard(rwsem_read)(&ldev->reset.lock);
	WRITE_ONCE(ldev->clock->wanted_khz, khz);
	if (ldev->reset.asleep)
		return;
	loom_write(ldev, LOOM_REG_CLOCK_SET_KHZ, khz);
	khz = loom_read(ldev, LOOM_REG_CLOCK_KHZ);
	if (khz && khz <= ldev->info.clock_max_khz)
		WRITE_ONCE(ldev->clock_khz, khz);
}

/*
 * How long core @i has worked of @total_ns. The device counts a descriptor's cycles when it takes
 * it up: what is more than fits the time passes later.
 */
static u64 loom_clock_core_load(struct loom_device *ldev, struct loom_meter *meter, u32 i,
				u64 total_ns)
{
	u64 cycles = loom_read64(ldev, LOOM_REG_CORE(i) + LOOM_CORE_CYCLES_64), busy_ns;
	/* After a reset it counts from zero. */
	u64 more = cycles >= meter->cycles[i] ? cycles - meter->cycles[i] : cycles;

	busy_ns = meter->ahead_ns[i] + loom_cycles_to_ns(ldev, more);
	meter->cycles[i] = cycles;
	meter->ahead_ns[i] = busy_ns > total_ns ? min(busy_ns - total_ns, NSEC_PER_SEC) : 0;
	return min(busy_ns, total_ns);
}

/**
 * loom_clock_load() - how busy the device has been since the last look
 * @ldev: device, which may be asleep or gone
 * @meter: of the last look, zero before the first
 * @busy_ns: out: of the busiest core
 * @total_ns: out: since the last look
 */
void loom_clock_load(struct loom_device *ldev, struct loom_meter *meter, u64 *busy_ns,
		     u64 *total_ns)
{
	ktime_t now = ktime_get();

	*busy_ns = 0;
	*total_ns = meter->last ? ktime_to_ns(ktime_sub(now, meter->last)) : 0;
	meter->last = now;
	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return;
	guard(rwsem_read)(&ldev->reset.lock);
	for (u32 i = 0; i < ldev->info.num_cores && !ldev->reset.asleep; i++)
		*busy_ns = max(*busy_ns, loom_clock_core_load(ldev, meter, i, *total_ns));
}

/* Counted since the last reset; a device that does not answer has counted nothing. */
static void loom_clock_read(struct loom_device *ldev, u32 *count, u64 *ns)
{
	*count = loom_read(ldev, LOOM_REG_THROTTLE_COUNT);
	*ns = loom_read64(ldev, LOOM_REG_THROTTLE_NS_64);
	if (*count == U32_MAX || *ns == U64_MAX) {
		*count = 0;
		*ns = 0;
	}
}

/**
 * loom_clock_health() - what DEV_QUERY says of clock and throttling
 * @ldev: device that is awake
 * @health: out
 */
void loom_clock_health(struct loom_device *ldev, struct drm_loom_query_health *health)
{
	u32 count;
	u64 ns;

	guard(rwsem_read)(&ldev->reset.lock);
	health->temp_mc = loom_read(ldev, LOOM_REG_TEMP_MC);
	health->power_mw = loom_read(ldev, LOOM_REG_POWER_MW);
	health->clock_khz = loom_read(ldev, LOOM_REG_CLOCK_KHZ);
	health->clock_cap_khz = ldev->info.clock_max_khz;
	if (!loom_clock_throttles(ldev))
		return;
	loom_clock_read(ldev, &count, &ns);
	health->throttle = loom_read(ldev, LOOM_REG_THROTTLE);
	health->clock_cap_khz = loom_read(ldev, LOOM_REG_CLOCK_CAP_KHZ);
	health->throttle_count = ldev->clock->count + count;
	health->throttle_ns = ldev->clock->ns + ns;
}

/**
 * loom_clock_pre_reset() - remember what the device has counted
 * @ldev: device that is about to be reset; reset.lock is held for writing, or it is probed
 */
void loom_clock_pre_reset(struct loom_device *ldev)
{
	struct loom_clock *clock = ldev->clock;
	u32 count;
	u64 ns;

	if (!loom_clock_throttles(ldev))
		return;
	loom_clock_read(ldev, &count, &ns);
	clock->count += count;
	clock->ns += ns;
}

/**
 * loom_clock_post_reset() - the clock is the highest again, and throttling has ended
 * @ldev: device that is reset; reset.lock is held for writing, or it is probed
 *
 * If it is still too hot, it says so by another interrupt.
 */
void loom_clock_post_reset(struct loom_device *ldev)
{
	u32 khz = ldev->clock->wanted_khz;

	if (!loom_clock_throttles(ldev))
		return;
	if (khz)
		loom_write(ldev, LOOM_REG_CLOCK_SET_KHZ, khz);
	loom_clock_look(ldev);
}

/**
 * loom_clock_init() - nothing is known yet
 * @ldev: device whose identity is known
 *
 * Return: 0 or -ENOMEM.
 */
int loom_clock_init(struct loom_device *ldev)
{
	struct loom_clock *clock = drmm_kzalloc(&ldev->drm, sizeof(*clock), GFP_KERNEL);

	if (!clock)
		return -ENOMEM;
	clock->ldev = ldev;
	INIT_WORK(&clock->look, loom_clock_look_work);
	ldev->clock = clock;
	return 0;
}

/**
 * loom_clock_fini() - look no more
 * @ldev: device after drm_dev_unplug(), without interrupts; reset.lock is not held
 */
void loom_clock_fini(struct loom_device *ldev)
{
	cancel_work_sync(&ldev->clock->look);
}
