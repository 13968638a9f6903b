/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_DEVFREQ_H
#define LOOM_DEVFREQ_H

#include <linux/kconfig.h>

struct loom_device;

#if IS_ENABLED(CONFIG_PM_DEVFREQ)
void loom_devfreq_init(struct loom_device *ldev);
void loom_devfreq_fini(struct loom_device *ldev);
void loom_devfreq_suspend(struct loom_device *ldev);
void loom_devfreq_resume(struct loom_device *ldev);
#else
static inline void loom_devfreq_init(struct loom_device *ldev) {}
static inline void loom_devfreq_fini(struct loom_device *ldev) {}
static inline void loom_devfreq_suspend(struct loom_device *ldev) {}
static inline void loom_devfreq_resume(struct loom_device *ldev) {}
#endif

#endif
