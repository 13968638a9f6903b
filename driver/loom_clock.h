/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_CLOCK_H
#define LOOM_CLOCK_H

#include <linux/ktime.h>
#include <linux/types.h>

#include <loom/regs.h>

struct drm_loom_query_health;
struct loom_device;

/**
 * struct loom_meter - measures the load of a device from one look to the next
 * @last: time of the last look
 * @cycles: of each core then
 * @ahead_ns: of each core: cycles that were counted before the time in which they pass, as time
 */
struct loom_meter {
	ktime_t last;
	u64 cycles[LOOM_MAX_CORES];
	u64 ahead_ns[LOOM_MAX_CORES];
};

int loom_clock_init(struct loom_device *ldev);
void loom_clock_fini(struct loom_device *ldev);
void loom_clock_pre_reset(struct loom_device *ldev);
void loom_clock_post_reset(struct loom_device *ldev);
void loom_clock_look(struct loom_device *ldev);
void loom_clock_set(struct loom_device *ldev, u32 khz);
void loom_clock_load(struct loom_device *ldev, struct loom_meter *meter, u64 *busy_ns,
		     u64 *total_ns);
void loom_clock_health(struct loom_device *ldev, struct drm_loom_query_health *health);

#endif
