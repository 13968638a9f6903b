// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep: of an idle device, once user space allows it (power/control), and of the whole system.
 *
 * A device that sleeps is reset: it knows of no queue and no address space, and its firmware is
 * loaded anew when it wakes. What keeps it awake is counted: jobs from SUBMIT to their end, streams
 * of counters, user queues, and calls that need its registers.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "loom_devfreq.h"
#include "loom_device.h"
#include "loom_pm.h"

/* Until user space says otherwise (power/autosuspend_delay_ms). */
#define LOOM_AUTOSUSPEND_MS	1000

/**
 * loom_pm_get() - wake the device, and keep it awake
 * @ldev: device
 *
 * May sleep; not with reset.lock, nor where fences wait for it.
 *
 * Return: 0, or -ENODEV where it does not wake; then there is nothing to put.
 */
int loom_pm_get(struct loom_device *ldev)
{
	return pm_runtime_resume_and_get(&ldev->pdev->dev) < 0 ? -ENODEV : 0;
}

/**
 * loom_pm_hold() - keep a device awake that somebody keeps awake already
 * @ldev: device
 *
 * Any context.
 */
void loom_pm_hold(struct loom_device *ldev)
{
	pm_runtime_get_noresume(&ldev->pdev->dev);
}

/**
 * loom_pm_put() - one reason less to be awake
 * @ldev: device, which may be gone
 *
 * Any context.
 */
void loom_pm_put(struct loom_device *ldev)
{
	pm_runtime_mark_last_busy(&ldev->pdev->dev);
	pm_runtime_put_autosuspend(&ldev->pdev->dev);
}

static int loom_pm_sleep(struct loom_device *ldev, bool busy)
{
	int ret;

	loom_devfreq_suspend(ldev);
	ret = loom_device_sleep(ldev, busy);
	if (ret)
		loom_devfreq_resume(ldev);
	return ret;
}

static int loom_pm_runtime_suspend(struct device *dev)
{
	int ret = loom_pm_sleep(dev_get_drvdata(dev), false);

	/* Not now, but after another pause. */
	if (ret)
		pm_runtime_mark_last_busy(dev);
	return ret;
}

static int loom_pm_suspend(struct device *dev)
{
	return loom_pm_sleep(dev_get_drvdata(dev), true);
}

/*
 * A device that does not wake is given up: it takes no more jobs, and says so to whoever asks. To
 * power management that is no error: it would refuse everything from then on.
 */
static int loom_pm_resume(struct device *dev)
{
	struct loom_device *ldev = dev_get_drvdata(dev);

	loom_device_wake(ldev);
	loom_devfreq_resume(ldev);
	return 0;
}

const struct dev_pm_ops loom_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(loom_pm_suspend, loom_pm_resume)
	RUNTIME_PM_OPS(loom_pm_runtime_suspend, loom_pm_resume, NULL)
};

/**
 * loom_pm_init() - the device may sleep from now on
 * @ldev: device whose driver is being bound, as the last thing
 */
void loom_pm_init(struct loom_device *ldev)
{
	struct device *dev = &ldev->pdev->dev;

	pm_runtime_set_autosuspend_delay(dev, LOOM_AUTOSUSPEND_MS);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_mark_last_busy(dev);
	pm_runtime_put_autosuspend(dev);
}

/**
 * loom_pm_fini() - the device does not sleep any more
 * @ldev: device whose driver is being unbound, as the first thing: the PCI core has woken it
 */
void loom_pm_fini(struct loom_device *ldev)
{
	struct device *dev = &ldev->pdev->dev;

	pm_runtime_get_noresume(dev);
	pm_runtime_dont_use_autosuspend(dev);
}
