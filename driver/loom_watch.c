// SPDX-License-Identifier: GPL-2.0
/*
 * The watch looks, while there are jobs in flight, whether they get on: time of each on the
 * hardware, lost interrupts, the firmware's heartbeat. An idle device has none.
 */
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>

#include "loom_device.h"
#include "loom_fw.h"
#include "loom_inject.h"
#include "loom_mbox.h"
#include "loom_queue.h"
#include "loom_watch.h"

static unsigned int timeout_ms = 5000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms,
		 "how long a job may be on the hardware, ms; 0 is for ever (default 5000)");

#define LOOM_TICK_MIN_MS	10u
#define LOOM_TICK_MAX_MS	100u

/**
 * struct loom_watch - the unit's state
 * @ldev: device
 * @work: runs on ldev->wq, so never during a reset
 * @last: when it ran last
 */
struct loom_watch {
	struct loom_device *ldev;
	struct delayed_work work;
	ktime_t last;
};

static unsigned int loom_watch_tick_ms(void)
{
	unsigned int timeout = READ_ONCE(timeout_ms);

	return timeout ? clamp(timeout / 8, LOOM_TICK_MIN_MS, LOOM_TICK_MAX_MS) : LOOM_TICK_MAX_MS;
}

/* For the time that cycles take: who reads fdinfo must not wake a device. */
static void loom_watch_clock(struct loom_device *ldev)
{
	u32 khz;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return;
	guard(rwsem_read)(&ldev->reset.lock);
	if (ldev->reset.asleep)
		return;
	khz = loom_read(ldev, LOOM_REG_CLOCK_KHZ);
	if (khz && khz <= ldev->info.clock_max_khz)
		WRITE_ONCE(ldev->clock_khz, khz);
}

static void loom_watch_work(struct work_struct *work)
{
	struct loom_watch *watch = container_of(to_delayed_work(work), struct loom_watch, work);
	struct loom_device *ldev = watch->ldev;
	u64 limit = (u64)READ_ONCE(timeout_ms) * NSEC_PER_MSEC;
	u64 tick = (u64)loom_watch_tick_ms() * NSEC_PER_MSEC;
	ktime_t now = ktime_get();
	u64 on_core, waiting, ns;
	bool busy = false;

	/* A machine that stood still has executed nothing. */
	ns = min_t(u64, ktime_to_ns(ktime_sub(now, watch->last)), 4 * tick);
	watch->last = now;

	waiting = loom_mbox_waiting(ldev);
	on_core = loom_mbox_on_core(ldev);
	loom_watch_clock(ldev);
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = loom_hwqs_get(ldev, i);
		u64 job, spent;

		if (!hwq)
			continue;
		spent = loom_hwq_watch(hwq, on_core, waiting, ns, &job);
		busy |= spent;
		/* While the bus is broken nobody is to blame. */
		if (spent && !READ_ONCE(ldev->reset.pending) &&
		    ((limit && spent > limit) || loom_inject(ldev, LOOM_INJECT_TIMEOUT)))
			loom_hwq_timeout(hwq, job);
		loom_queue_put(hwq_to_queue(hwq));
	}
	loom_fw_watch(ldev, busy, ns);
	if (busy)
		loom_watch_kick(ldev);
}

/**
 * loom_watch_kick() - there are jobs in flight
 * @ldev: device
 *
 * Any context.
 */
void loom_watch_kick(struct loom_device *ldev)
{
	queue_delayed_work(ldev->wq, &ldev->watch->work, msecs_to_jiffies(loom_watch_tick_ms()));
}

/**
 * loom_watch_init() - nothing to watch yet
 * @ldev: device
 *
 * Return: 0 or -ENOMEM.
 */
int loom_watch_init(struct loom_device *ldev)
{
	struct loom_watch *watch = drmm_kzalloc(&ldev->drm, sizeof(*watch), GFP_KERNEL);

	if (!watch)
		return -ENOMEM;
	watch->ldev = ldev;
	INIT_DELAYED_WORK(&watch->work, loom_watch_work);
	ldev->watch = watch;
	return 0;
}

/**
 * loom_watch_fini() - look no more
 * @ldev: device whose queues are all dead, so that nobody kicks
 */
void loom_watch_fini(struct loom_device *ldev)
{
	cancel_delayed_work_sync(&ldev->watch->work);
}
