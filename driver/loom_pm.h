/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_PM_H
#define LOOM_PM_H

#include <linux/cleanup.h>
#include <linux/pm.h>

struct loom_device;

extern const struct dev_pm_ops loom_pm_ops;

void loom_pm_init(struct loom_device *ldev);
void loom_pm_fini(struct loom_device *ldev);

int loom_pm_get(struct loom_device *ldev);
void loom_pm_hold(struct loom_device *ldev);
void loom_pm_put(struct loom_device *ldev);

/* loom_pm_get() and loom_pm_put() as a scope: see below */
struct loom_awake {
	struct loom_device *ldev;
	int error;
};

static inline struct loom_awake loom_awake_begin(struct loom_device *ldev)
{
	struct loom_awake awake = { .ldev = ldev, .error = loom_pm_get(ldev) };

	return awake;
}

static inline void loom_awake_end(struct loom_awake awake)
{
	if (!awake.error)
		loom_pm_put(awake.ldev);
}

/*
 * CLASS(loom_awake, awake)(ldev): to the end of the scope the device does not go to sleep by
 * itself, unless awake.error.
 */
DEFINE_CLASS(loom_awake, struct loom_awake, loom_awake_end(_T), loom_awake_begin(ldev),
	     struct loom_device *ldev)

#endif
