// SPDX-License-Identifier: GPL-2.0
/*
 * devfreq: a governor of the kernel's sets the clock to one of the device's operating points, by
 * the load. In kernels without devfreq, or without a governor, the clock is the highest.
 */
#include <linux/devfreq.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm_opp.h>
#include <linux/units.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "loom_clock.h"
#include "loom_devfreq.h"
#include "loom_device.h"

#define LOOM_DEVFREQ_POLL_MS	50

/* Of these the first that the kernel has been built with. */
static const char * const loom_devfreq_governors[] = {
	IS_ENABLED(CONFIG_DEVFREQ_GOV_SIMPLE_ONDEMAND) ? DEVFREQ_GOV_SIMPLE_ONDEMAND : NULL,
	IS_ENABLED(CONFIG_DEVFREQ_GOV_PERFORMANCE) ? DEVFREQ_GOV_PERFORMANCE : NULL,
	IS_ENABLED(CONFIG_DEVFREQ_GOV_USERSPACE) ? DEVFREQ_GOV_USERSPACE : NULL,
};

MODULE_SOFTDEP("pre: governor_simpleondemand");

/**
 * struct loom_devfreq - the unit's state
 * @devfreq: what devfreq has of the device
 * @profile: what it calls
 * @ondemand: when simple_ondemand raises and lowers the clock
 * @meter: up to where the load is known; devfreq's lock
 */
struct loom_devfreq {
	struct devfreq *devfreq;
	struct devfreq_dev_profile profile;
	struct devfreq_simple_ondemand_data ondemand;
	struct loom_meter meter;
};

static int loom_devfreq_target(struct device *dev, unsigned long *freq, u32 flags)
{
	struct dev_pm_opp *opp = devfreq_recommended_opp(dev, freq, flags);

	if (IS_ERR(opp))
		return PTR_ERR(opp);
	dev_pm_opp_put(opp);
	loom_clock_set(dev_get_drvdata(dev), *freq / HZ_PER_KHZ);
	return 0;
}

static int loom_devfreq_get_dev_status(struct device *dev, struct devfreq_dev_status *status)
{
	struct loom_device *ldev = dev_get_drvdata(dev);
	u64 busy_ns, total_ns;

	loom_clock_load(ldev, &ldev->devfreq->meter, &busy_ns, &total_ns);
	/* They are unsigned long; what matters is their ratio. */
	status->busy_time = busy_ns / NSEC_PER_USEC;
	status->total_time = total_ns / NSEC_PER_USEC;
	status->current_frequency = READ_ONCE(ldev->clock_khz) * HZ_PER_KHZ;
	return 0;
}

static int loom_devfreq_get_cur_freq(struct device *dev, unsigned long *freq)
{
	struct loom_device *ldev = dev_get_drvdata(dev);

	*freq = READ_ONCE(ldev->clock_khz) * HZ_PER_KHZ;
	return 0;
}

/* Operating points, as the device says. */
static int loom_devfreq_add_points(struct loom_device *ldev)
{
	u32 count = loom_read(ldev, LOOM_REG_NUM_OPPS);
	struct device *dev = &ldev->pdev->dev;

	if (!count || count > LOOM_MAX_OPPS)
		return -ENODEV;
	for (u32 i = 0; i < count; i++) {
		unsigned long khz = loom_read(ldev, LOOM_REG_OPP(i) + LOOM_OPP_KHZ);
		unsigned long mv = loom_read(ldev, LOOM_REG_OPP(i) + LOOM_OPP_MV);
		int ret = -ENODEV;

		if (khz && khz <= ldev->info.clock_max_khz)
			ret = dev_pm_opp_add(dev, khz * HZ_PER_KHZ, mv * 1000);
		if (ret)
			return ret;
	}
	return 0;
}

static const char *loom_devfreq_governor(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(loom_devfreq_governors); i++) {
		if (loom_devfreq_governors[i])
			return loom_devfreq_governors[i];
	}
	return NULL;
}

static int loom_devfreq_add(struct loom_device *ldev)
{
	const char *governor = loom_devfreq_governor();
	struct loom_devfreq *ldf;
	struct devfreq *devfreq;
	int ret;

	if (!governor)
		return -ENODEV;
	ldf = drmm_kzalloc(&ldev->drm, sizeof(*ldf), GFP_KERNEL);
	if (!ldf)
		return -ENOMEM;
	ret = loom_devfreq_add_points(ldev);
	if (ret)
		return ret;
	ldf->ondemand = (struct devfreq_simple_ondemand_data) {
		.upthreshold = 45, .downdifferential = 5,
	};
	ldf->profile = (struct devfreq_dev_profile) {
		.initial_freq = (unsigned long)ldev->info.clock_max_khz * HZ_PER_KHZ,
		.polling_ms = LOOM_DEVFREQ_POLL_MS,
		.timer = DEVFREQ_TIMER_DELAYED,
		.target = loom_devfreq_target,
		.get_dev_status = loom_devfreq_get_dev_status,
		.get_cur_freq = loom_devfreq_get_cur_freq,
		.is_cooling_device = true,
	};
	/* It may be called before devfreq_add_device() returns. */
	ldev->devfreq = ldf;
	devfreq = devfreq_add_device(&ldev->pdev->dev, &ldf->profile, governor, &ldf->ondemand);
	if (IS_ERR(devfreq))
		return PTR_ERR(devfreq);
	ldf->devfreq = devfreq;
	return 0;
}

/**
 * loom_devfreq_init() - let the kernel set the clock, until loom_devfreq_fini()
 * @ldev: registered device, which is awake
 *
 * A device without devfreq works all the same.
 */
void loom_devfreq_init(struct loom_device *ldev)
{
	int ret;

	if (!(ldev->info.features & LOOM_FEAT_CLOCK))
		return;
	ret = loom_devfreq_add(ldev);
	if (!ret)
		return;
	drm_info(&ldev->drm, "no devfreq (%d): the clock is the highest\n", ret);
	dev_pm_opp_remove_all_dynamic(&ldev->pdev->dev);
}

static struct devfreq *loom_devfreq_of(struct loom_device *ldev)
{
	return ldev->devfreq ? ldev->devfreq->devfreq : NULL;
}

/**
 * loom_devfreq_fini() - nobody sets the clock any more
 * @ldev: device whose driver is being unbound; it is awake
 */
void loom_devfreq_fini(struct loom_device *ldev)
{
	struct devfreq *devfreq = loom_devfreq_of(ldev);

	if (!devfreq)
		return;
	devfreq_remove_device(devfreq);
	dev_pm_opp_remove_all_dynamic(&ldev->pdev->dev);
}

/**
 * loom_devfreq_suspend() - do not look at the load
 * @ldev: device that is about to sleep; reset.lock is not held
 */
void loom_devfreq_suspend(struct loom_device *ldev)
{
	struct devfreq *devfreq = loom_devfreq_of(ldev);

	if (devfreq)
		devfreq_suspend_device(devfreq);
}

/**
 * loom_devfreq_resume() - after loom_devfreq_suspend()
 * @ldev: device that has woken, or did not go to sleep
 */
void loom_devfreq_resume(struct loom_device *ldev)
{
	struct devfreq *devfreq = loom_devfreq_of(ldev);

	if (devfreq)
		devfreq_resume_device(devfreq);
}
