// SPDX-License-Identifier: GPL-2.0
/*
 * What people are told of recovery: how often each level was needed, and a uevent after each reset.
 */
#include <linux/atomic.h>
#include <linux/kobject.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "loom_compat.h"
#include "loom_device.h"
#include "loom_mbox.h"
#include "loom_recovery.h"

/**
 * struct loom_recovery - the unit's state
 * @ldev: device
 * @count: by event, since the driver was bound
 * @lock: protects @why and @error
 * @why: cause of the last reset, text that stays
 * @error: how it ended
 * @announce: sends the uevent: that allocates memory, which a reset must not
 */
struct loom_recovery {
	struct loom_device *ldev;
	atomic_t count[LOOM_NUM_RECOVERY_EVENTS];
	spinlock_t lock; /* see above */
	const char *why;
	int error;
	struct work_struct announce;
};

static const char * const loom_recovery_names[LOOM_NUM_RECOVERY_EVENTS] = {
	[LOOM_JOB_FAULTS] = "job_faults",
	[LOOM_JOB_TIMEOUTS] = "job_timeouts",
	[LOOM_LOST_INTERRUPTS] = "lost_interrupts",
	[LOOM_QUEUE_STOPS] = "queue_stops",
	[LOOM_CORE_RESETS] = "core_resets",
	[LOOM_DEVICE_RESETS] = "device_resets",
	[LOOM_FUNCTION_RESETS] = "function_resets",
	[LOOM_BUS_ERRORS] = "bus_errors",
	[LOOM_GIVEN_UP] = "given_up",
	[LOOM_DUMPS] = "dumps",
};

static void loom_recovery_announce_work(struct work_struct *work)
{
	struct loom_recovery *recovery = container_of(work, struct loom_recovery, announce);
	struct loom_device *ldev = recovery->ldev;
	char why[80], resets[32];
	char *env[6] = { "LOOM_EVENT=reset", why, resets, NULL, NULL, NULL };
	int error;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok || !ldev->drm.registered)
		return;
	scoped_guard(spinlock_irq, &recovery->lock) {
		snprintf(why, sizeof(why), "LOOM_WHY=%s", recovery->why);
		error = recovery->error;
	}
	snprintf(resets, sizeof(resets), "LOOM_RESETS=%d", atomic_read(&ldev->reset.count));
	env[3] = error ? "LOOM_RESULT=given-up" : "LOOM_RESULT=ok";
	env[4] = error ? "WEDGED=rebind" : "WEDGED=none";
	kobject_uevent_env(&ldev->drm.accel->kdev->kobj, KOBJ_CHANGE, env);
}

/**
 * loom_recovery_announce() - tell user space of a reset
 * @ldev: device
 * @why: its cause, a text that stays
 * @error: 0, or how it failed
 *
 * Any context. Of resets that follow each other quickly, the last is told.
 */
void loom_recovery_announce(struct loom_device *ldev, const char *why, int error)
{
	struct loom_recovery *recovery = ldev->recovery;

	scoped_guard(spinlock_irqsave, &recovery->lock) {
		recovery->why = why;
		recovery->error = error;
	}
	queue_work(system_dfl_wq, &recovery->announce);
}

/**
 * loom_recovery_count() - one more
 * @ldev: device
 * @event: of what
 *
 * Any context.
 */
void loom_recovery_count(struct loom_device *ldev, enum loom_recovery_event event)
{
	atomic_inc(&ldev->recovery->count[event]);
}

/**
 * loom_recovery_count_many() - more of them
 * @ldev: device
 * @event: of what
 * @n: how many
 *
 * Any context.
 */
void loom_recovery_count_many(struct loom_device *ldev, enum loom_recovery_event event, u32 n)
{
	atomic_add(n, &ldev->recovery->count[event]);
}

/**
 * loom_recovery_show() - print the counts, a line each
 * @ldev: device
 * @p: where to
 */
void loom_recovery_show(struct loom_device *ldev, struct drm_printer *p)
{
	for (unsigned int i = 0; i < LOOM_NUM_RECOVERY_EVENTS; i++) {
		u32 count = atomic_read(&ldev->recovery->count[i]);

		/* The firmware counts by itself, from boot to boot. */
		if (i == LOOM_CORE_RESETS)
			count += loom_mbox_core_resets(ldev);
		drm_printf(p, "%s %u\n", loom_recovery_names[i], count);
	}
}

/**
 * loom_recovery_init() - nothing has happened yet
 * @ldev: device
 *
 * Return: 0 or -ENOMEM.
 */
int loom_recovery_init(struct loom_device *ldev)
{
	struct loom_recovery *recovery = drmm_kzalloc(&ldev->drm, sizeof(*recovery), GFP_KERNEL);

	if (!recovery)
		return -ENOMEM;
	recovery->ldev = ldev;
	spin_lock_init(&recovery->lock);
	INIT_WORK(&recovery->announce, loom_recovery_announce_work);
	ldev->recovery = recovery;
	return 0;
}

/**
 * loom_recovery_fini() - say nothing more
 * @ldev: device that is not reset any more
 */
void loom_recovery_fini(struct loom_device *ldev)
{
	cancel_work_sync(&ldev->recovery->announce);
}
