// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a hardware queue: its rings, made on the hardware, made again after a reset, taken off.
 * Its jobs are in loom_hwq_jobs.c, how it ends is in loom_hwq_end.c.
 */
#include <linux/dma-mapping.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

#include <drm/drm_print.h>

#include "loom_device.h"
#include "loom_drv.h"
#include "loom_hwq.h"
#include "loom_mbox.h"
#include "loom_userq.h"

#define LOOM_CREATE_TRIES	2

static_assert(LOOM_RING_LOG2 >= LOOM_RING_LOG2_MIN && LOOM_RING_LOG2 <= LOOM_RING_LOG2_MAX);
static_assert((int)DRM_LOOM_PRIORITY_LOW == LOOM_PRIO_LOW);
static_assert((int)DRM_LOOM_PRIORITY_REALTIME == LOOM_PRIO_REALTIME);

/**
 * loom_hwq_free_rings() - free the rings, if they are still there
 * @hwq: queue that is not live
 */
void loom_hwq_free_rings(struct loom_hwq *hwq)
{
	struct device *dev = &hwq->ldev->pdev->dev;

	if (hwq->ring)
		dma_free_coherent(dev, LOOM_RING_ENTRIES * sizeof(*hwq->ring), hwq->ring,
				  hwq->ring_dma);
	if (hwq->cpl)
		dma_free_coherent(dev, LOOM_RING_ENTRIES * sizeof(*hwq->cpl), hwq->cpl,
				  hwq->cpl_dma);
	hwq->ring = NULL;
	hwq->cpl = NULL;
}

static int loom_hwq_alloc_rings(struct loom_hwq *hwq)
{
	struct device *dev = &hwq->ldev->pdev->dev;

	hwq->ring = dma_alloc_coherent(dev, LOOM_RING_ENTRIES * sizeof(*hwq->ring),
				       &hwq->ring_dma, GFP_KERNEL);
	hwq->cpl = dma_alloc_coherent(dev, LOOM_RING_ENTRIES * sizeof(*hwq->cpl), &hwq->cpl_dma,
				      GFP_KERNEL);
	if (hwq->ring && hwq->cpl)
		return 0;
	loom_hwq_free_rings(hwq);
	return -ENOMEM;
}

/**
 * loom_hwq_call() - send the firmware a message about a queue
 * @hwq: queue that the firmware knows; reset.lock is held
 * @type: LOOM_MSG_QUEUE_DESTROY, _STOP or _RESUME
 *
 * Return: as loom_mbox_call().
 */
int loom_hwq_call(struct loom_hwq *hwq, enum loom_msg_type type)
{
	struct loom_msg msg = {
		.type = cpu_to_le32(type),
		.u.queue.queue = cpu_to_le32(hwq->slot),
	};

	return loom_mbox_call(hwq->ldev, &msg);
}

static int loom_hwq_call_create(struct loom_hwq *hwq)
{
	struct loom_msg msg = {
		.type = cpu_to_le32(LOOM_MSG_QUEUE_CREATE),
		.u.queue_create = {
			.ring = cpu_to_le64(hwq->user ? hwq->ring_va : hwq->ring_dma),
			.cpl = cpu_to_le64(hwq->user ? hwq->cpl_va : hwq->cpl_dma),
			.queue = cpu_to_le32(hwq->slot),
			.as = cpu_to_le32(hwq->as),
			.log2 = cpu_to_le32(hwq->log2),
			.prio = cpu_to_le32(hwq->prio),
			.flags = cpu_to_le32(hwq->user ? LOOM_QUEUE_RING_VA : 0),
		},
	};

	/* User space goes on counting. */
	if (hwq->user && hwq->base) {
		msg.u.queue_create.flags |= cpu_to_le32(LOOM_QUEUE_AT_HEAD);
		msg.u.queue_create.head = cpu_to_le32((u32)hwq->base);
	}
	if (!hwq->user)
		memset(hwq->cpl, 0, LOOM_RING_ENTRIES * sizeof(*hwq->cpl));
	return loom_mbox_call(hwq->ldev, &msg);
}

/**
 * loom_hwq_reset_after() - reset a device whose firmware has failed to do something
 * @hwq: queue
 * @error: of loom_mbox_call(): -EIO is that a reset is on its way already
 * @why: for the log
 */
void loom_hwq_reset_after(struct loom_hwq *hwq, int error, const char *why)
{
	if (error != -EIO)
		loom_device_reset_schedule(hwq->ldev, why);
}

static int loom_hwq_create(struct loom_hwq *hwq)
{
	int ret;

	guard(rwsem_read)(&hwq->ldev->reset.lock);
	if (hwq->ldev->reset.wedged)
		return -ENODEV;
	ret = loom_hwq_call_create(hwq);
	if (ret)
		return ret;
	hwq->live = true;
	loom_hwqs_publish(hwq->ldev, hwq);
	return 0;
}

/* That of a queue which was destroyed may still be on its way back. */
static int loom_hwq_take_slot(struct loom_hwq *hwq)
{
	int ret = loom_hwqs_take_slot(hwq->ldev, hwq);

	if (ret != -ENOSPC)
		return ret;
	flush_workqueue(loom_release_wq);
	return loom_hwqs_take_slot(hwq->ldev, hwq);
}

/**
 * loom_hwq_init() - make a queue on the hardware
 * @hwq: zeroed, but for what makes it a user queue
 * @ldev: device that is there: inside of drm_dev_enter()
 * @as: address space of its jobs
 * @prio: loom_fw_prio
 *
 * Return: 0; -ENOSPC where all are taken; -ENOMEM; -ENODEV where the device does not work.
 */
int loom_hwq_init(struct loom_hwq *hwq, struct loom_device *ldev, unsigned int as,
		  unsigned int prio)
{
	int ret;

	spin_lock_init(&hwq->lock);
	hwq->ldev = ldev;
	hwq->as = as;
	hwq->prio = prio;
	hwq->watch_job = U64_MAX;
	init_waitqueue_head(&hwq->wait);
	if (!hwq->user)
		hwq->log2 = LOOM_RING_LOG2;
	ret = hwq->user ? 0 : loom_hwq_alloc_rings(hwq);
	if (ret)
		return ret;
	ret = loom_hwq_take_slot(hwq);
	if (ret)
		goto err_rings;

	for (int i = 0; i < LOOM_CREATE_TRIES; i++) {
		ret = loom_hwq_create(hwq);
		if (!ret)
			return 0;
		if (ret != -EIO && ret != -ETIMEDOUT)
			break;
		loom_hwq_reset_after(hwq, ret, "a queue cannot be made");
		loom_device_reset_wait(ldev);
	}

	drm_err_ratelimited(&ldev->drm, "queue %u cannot be made (%d)\n", hwq->slot, ret);
	ret = -ENODEV;
	loom_hwqs_give_slot(ldev, hwq->slot);
err_rings:
	loom_hwq_free_rings(hwq);
	return ret;
}

static int loom_hwq_destroy(struct loom_hwq *hwq)
{
	int ret;

	guard(rwsem_read)(&hwq->ldev->reset.lock);
	if (!hwq->live)
		return 0;
	ret = loom_hwq_call(hwq, LOOM_MSG_QUEUE_DESTROY);
	if (ret)
		return ret;
	guard(spinlock_irq)(&hwq->lock);
	hwq->live = false;
	return 0;
}

/**
 * loom_hwq_fini() - take a queue off the hardware
 * @hwq: queue without jobs in flight, that nobody else has
 *
 * May sleep; not from work on ldev->wq.
 */
void loom_hwq_fini(struct loom_hwq *hwq)
{
	struct loom_device *ldev = hwq->ldev;
	int ret;

	/* Dead, so that a reset does not make it again. */
	scoped_guard(spinlock_irq, &hwq->lock)
		loom_hwq_mark_dead(hwq, 0, -ECANCELED);
	ret = loom_hwq_destroy(hwq);
	if (ret) {
		loom_hwq_reset_after(hwq, ret, "a queue cannot be destroyed");
		loom_device_reset_wait(ldev);
	}

	guard(rwsem_read)(&ldev->reset.lock);
	loom_hwqs_give_slot(ldev, hwq->slot);
	loom_hwq_free_rings(hwq);
}

/**
 * loom_hwq_revive() - make a queue again after a reset or sleep, with the jobs that had not begun
 * @hwq: queue that is not dead; reset.lock is held for writing
 */
void loom_hwq_revive(struct loom_hwq *hwq)
{
	int ret;

	hwq->base = hwq->done;
	hwq->base_cycles = hwq->cycles;
	ret = loom_hwq_call_create(hwq);
	/* The next reset is on its way, and comes here again. */
	if (ret == -EIO)
		return;

	guard(spinlock_irq)(&hwq->lock);
	if (ret) {
		loom_hwq_mark_dead(hwq, DRM_LOOM_QUEUE_STATE_RESET, -ECANCELED);
		loom_hwq_settle(hwq);
		return;
	}
	hwq->live = true;
	hwq->watch_job = U64_MAX;
	if (hwq->user) {
		loom_userq_revive(hwq);
		return;
	}
	for (u64 job = hwq->done; job != hwq->pushed; job++)
		loom_hwq_write_entry(hwq, job);
	if (hwq->done != hwq->pushed)
		loom_hwq_ring_doorbell(hwq);
}
