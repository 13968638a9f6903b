// SPDX-License-Identifier: GPL-2.0
/*
 * All hardware queues: which number is whose, completion interrupts, reset and removal.
 */
#include <linux/bitmap.h>
#include <linux/spinlock.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <loom/fw.h>

#include "loom_device.h"
#include "loom_doorbell.h"
#include "loom_hwq.h"
#include "loom_kunit.h"
#include "loom_mbox.h"
#include "loom_queue.h"
#include "loom_userq.h"
#include "loom_watch.h"

/**
 * struct loom_hwqs - the unit's state
 */
struct loom_hwqs {
	/** @lock: protects @slot and @used; taken in hard interrupts. Inside: loom_hwq.lock */
	spinlock_t lock;

	/** @slot: queues that the firmware knows, by number */
	struct loom_hwq *slot[LOOM_NUM_QUEUES];

	/** @used: numbers that are taken */
	DECLARE_BITMAP(used, LOOM_NUM_QUEUES);

	/**
	 * @busy: queues with jobs in flight, user queues with waiters; each bit changes with the
	 * lock of its queue
	 */
	DECLARE_BITMAP(busy, LOOM_NUM_QUEUES);
};

/**
 * loom_hwqs_set_busy() - note whether a queue has jobs in flight
 * @ldev: device
 * @slot: number of the queue, whose lock is held
 * @busy: it has
 */
void loom_hwqs_set_busy(struct loom_device *ldev, unsigned int slot, bool busy)
{
	assign_bit(slot, ldev->hwqs->busy, busy);
}

/**
 * loom_hwqs_are_idle() - whether no queue has jobs in flight, and nobody waits for one
 * @ldev: device
 *
 * Return: whether it is so just now.
 */
bool loom_hwqs_are_idle(struct loom_device *ldev)
{
	return bitmap_empty(ldev->hwqs->busy, LOOM_NUM_QUEUES);
}

/**
 * loom_hwqs_take_slot() - find a number for a queue
 * @ldev: device
 * @hwq: queue; its slot is set
 *
 * Return: 0 or -ENOSPC.
 */
int loom_hwqs_take_slot(struct loom_device *ldev, struct loom_hwq *hwq)
{
	struct loom_hwqs *hwqs = ldev->hwqs;

	guard(spinlock_irq)(&hwqs->lock);
	hwq->slot = find_first_zero_bit(hwqs->used, LOOM_NUM_QUEUES);
	if (hwq->slot == LOOM_NUM_QUEUES)
		return -ENOSPC;
	set_bit(hwq->slot, hwqs->used);
	return 0;
}

/**
 * loom_hwqs_publish() - interrupts, watch and reset see the queue from now on
 * @ldev: device
 * @hwq: queue with a number, that the firmware knows
 */
void loom_hwqs_publish(struct loom_device *ldev, struct loom_hwq *hwq)
{
	guard(spinlock_irq)(&ldev->hwqs->lock);
	ldev->hwqs->slot[hwq->slot] = hwq;
}

/**
 * loom_hwqs_give_slot() - give a number back
 * @ldev: device
 * @slot: of a queue that the firmware does not know any more
 */
void loom_hwqs_give_slot(struct loom_device *ldev, unsigned int slot)
{
	struct loom_hwqs *hwqs = ldev->hwqs;

	guard(spinlock_irq)(&hwqs->lock);
	hwqs->slot[slot] = NULL;
	clear_bit(slot, hwqs->used);
}

/**
 * loom_hwqs_get() - the queue at a number
 * @ldev: device
 * @slot: below LOOM_NUM_QUEUES
 *
 * Return: a queue with a reference for loom_queue_put(), or NULL.
 */
struct loom_hwq *loom_hwqs_get(struct loom_device *ldev, unsigned int slot)
{
	struct loom_hwqs *hwqs = ldev->hwqs;
	struct loom_hwq *hwq;

	guard(spinlock_irq)(&hwqs->lock);
	hwq = hwqs->slot[slot];
	return hwq && loom_queue_tryget(hwq_to_queue(hwq)) ? hwq : NULL;
}

/**
 * loom_hwqs_show() - print all queues
 * @ldev: device that is there
 * @p: where to
 */
void loom_hwqs_show(struct loom_device *ldev, struct drm_printer *p)
{
	drm_printf(p, "on core %#llx\n", loom_mbox_on_core(ldev));
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = loom_hwqs_get(ldev, i);

		if (!hwq)
			continue;
		loom_hwq_show(hwq, p);
		loom_queue_put(hwq_to_queue(hwq));
	}
}

/**
 * loom_hwqs_poll() - end the jobs whose completion records have come
 * @ldev: device
 *
 * Any context.
 */
void loom_hwqs_poll(struct loom_device *ldev)
{
	struct loom_hwqs *hwqs = ldev->hwqs;
	unsigned int i;

	guard(spinlock_irqsave)(&hwqs->lock);
	for_each_set_bit(i, hwqs->busy, LOOM_NUM_QUEUES) {
		struct loom_hwq *hwq = hwqs->slot[i];

		if (!hwq)
			continue;
		spin_lock(&hwq->lock);
		loom_hwq_poll(hwq);
		spin_unlock(&hwq->lock);
	}
}

/**
 * loom_hwqs_handle_fault() - the firmware says that a queue has stopped on a fault
 * @ldev: device
 * @msg: LOOM_MSG_QUEUE_FAULT; not trusted
 *
 * The completion record says the same, and is believed first.
 */
void loom_hwqs_handle_fault(struct loom_device *ldev, const struct loom_msg *msg)
{
	struct loom_hwqs *hwqs = ldev->hwqs;
	u32 slot = le32_to_cpu(msg->u.fault.queue);
	struct loom_hwq_fault fault = {
		.va = le64_to_cpu(msg->u.fault.va),
		.status = le32_to_cpu(msg->u.fault.status),
		.code = le32_to_cpu(msg->u.fault.code),
		.slot = le32_to_cpu(msg->u.fault.slot),
		.engine = msg->u.fault.engine,
		.access = msg->u.fault.access,
	};
	struct loom_hwq *hwq;

	if (slot >= LOOM_NUM_QUEUES || fault.status == LOOM_JOB_OK) {
		dev_warn_ratelimited(ldev->drm.dev, "malformed fault message from the firmware\n");
		return;
	}

	guard(spinlock_irqsave)(&hwqs->lock);
	hwq = hwqs->slot[slot];
	if (!hwq)
		return;
	spin_lock(&hwq->lock);
	loom_hwq_poll(hwq);
	if (hwq->user)
		loom_userq_fault(hwq, &fault, le32_to_cpu(msg->u.fault.index));
	else if (hwq->live && !hwq->dead && hwq->done != hwq->pushed &&
		 (u32)(hwq->done - hwq->base) == le32_to_cpu(msg->u.fault.index))
		loom_hwq_fault(hwq, &fault);
	spin_unlock(&hwq->lock);
}

/*
 * Jobs of a queue that the device has started, by its register, which counts modulo 2^32. A number
 * that cannot be is from a device that does not answer: expect the worst.
 */
VISIBLE_IF_KUNIT u64 loom_hwq_started(const struct loom_hwq *hwq, u32 head)
{
	u32 waiting = (u32)(hwq->pushed - hwq->base) - head;

	return waiting > hwq->pushed - hwq->done ? hwq->pushed : hwq->pushed - waiting;
}
EXPORT_SYMBOL_IF_KUNIT(loom_hwq_started);

/**
 * loom_hwqs_pre_reset() - see what had begun on a device that will be reset
 * @ldev: device; reset.lock is held for writing
 */
void loom_hwqs_pre_reset(struct loom_device *ldev)
{
	struct loom_hwqs *hwqs = ldev->hwqs;

	guard(spinlock_irq)(&hwqs->lock);
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = hwqs->slot[i];
		u32 head;

		if (!hwq)
			continue;
		head = loom_read(ldev, LOOM_REG_QUEUE(i) + LOOM_QUEUE_HEAD);
		spin_lock(&hwq->lock);
		if (hwq->user)
			loom_userq_pre_reset(hwq, head);
		else
			hwq->started = loom_hwq_started(hwq, head);
		spin_unlock(&hwq->lock);
	}
}

/**
 * loom_hwqs_pre_sleep() - let nobody ring a doorbell unnoticed
 * @ldev: device that is about to sleep because the system is; reset.lock is not held
 *
 * Programs are frozen: the next write of one comes after the device has woken, and is a page fault.
 */
void loom_hwqs_pre_sleep(struct loom_device *ldev)
{
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = loom_hwqs_get(ldev, i);

		if (!hwq)
			continue;
		if (hwq->user)
			loom_doorbell_close(loom_userq_doorbell(hwq_to_queue(hwq)));
		loom_queue_put(hwq_to_queue(hwq));
	}
}

/**
 * loom_hwqs_settle() - end what the reset has ended
 * @ldev: device that is quiet; reset.lock is held for writing
 * @asleep: it is quiet because it sleeps
 */
void loom_hwqs_settle(struct loom_device *ldev, bool asleep)
{
	struct loom_hwqs *hwqs = ldev->hwqs;

	guard(spinlock_irq)(&hwqs->lock);
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = hwqs->slot[i];

		if (!hwq)
			continue;
		spin_lock(&hwq->lock);
		loom_hwq_after_reset(hwq, asleep);
		spin_unlock(&hwq->lock);
	}
}

/**
 * loom_hwqs_post_reset() - make the queues that are well again, with the jobs that had not begun
 * @ldev: device whose firmware runs; reset.lock is held for writing, so that no queue comes or goes
 */
void loom_hwqs_post_reset(struct loom_device *ldev)
{
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = ldev->hwqs->slot[i];

		if (hwq && !loom_hwq_is_dead(hwq))
			loom_hwq_revive(hwq);
	}
	loom_watch_kick(ldev);
}

static void loom_hwqs_end_all(struct loom_device *ldev, u32 state, int error, bool gone)
{
	struct loom_hwqs *hwqs = ldev->hwqs;

	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = hwqs->slot[i];

		if (!hwq)
			continue;
		loom_hwq_end_all(hwq, state, error);
		if (gone)
			loom_hwq_free_rings(hwq);
	}
}

/**
 * loom_hwqs_kill_all() - end all queues of a device that did not come back
 * @ldev: device; reset.lock is held for writing
 */
void loom_hwqs_kill_all(struct loom_device *ldev)
{
	loom_hwqs_end_all(ldev, DRM_LOOM_QUEUE_STATE_RESET, -ECANCELED, false);
}

/**
 * loom_hwqs_init() - no queues yet
 * @ldev: device
 *
 * Return: 0 or -ENOMEM.
 */
int loom_hwqs_init(struct loom_device *ldev)
{
	struct loom_hwqs *hwqs = drmm_kzalloc(&ldev->drm, sizeof(*hwqs), GFP_KERNEL);

	if (!hwqs)
		return -ENOMEM;
	spin_lock_init(&hwqs->lock);
	ldev->hwqs = hwqs;
	return 0;
}

/**
 * loom_hwqs_fini() - end all queues, and free their rings
 * @ldev: device that makes no DMA any more; reset.lock is held for writing
 *
 * The queues' owners find them dead.
 */
void loom_hwqs_fini(struct loom_device *ldev)
{
	loom_hwqs_end_all(ldev, 0, -ENODEV, true);
}
