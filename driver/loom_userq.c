// SPDX-License-Identifier: GPL-2.0
/*
 * User queues: user space writes the job ring and rings the doorbell, the device writes completion
 * records, and the driver sees none of it. What it knows of the queue's progress comes from the
 * device's registers, never from memory that user space can write; and there are no fences, since
 * nothing says that a job will ever end.
 *
 * While the doorbell is open the queue is looked at now and then: jobs that are outstanding are
 * watched like all others; after a pause the doorbell is closed, and nobody looks any more.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>

#include "loom_coredump.h"
#include "loom_device.h"
#include "loom_doorbell.h"
#include "loom_drv.h"
#include "loom_kunit.h"
#include "loom_queue.h"
#include "loom_recovery.h"
#include "loom_trace.h"
#include "loom_userq.h"
#include "loom_watch.h"

#define LOOM_USERQ_LOOK_MS	100
#define LOOM_USERQ_IDLE_LOOKS	10

/* Major 1, minor 1: the registers that say what a queue has done. */
#define LOOM_USERQ_REVISION	0x00010001

/**
 * struct loom_userq - what a user queue has beside its struct loom_hwq
 * @queue: queue
 * @doorbell: its page in user space
 * @look: looks at the queue while the doorbell is open
 * @seen: jobs done at the last look
 * @idle: looks since something was going on
 * @revoke: takes the doorbell away from a queue that has ended; it has a reference to the queue
 */
struct loom_userq {
	struct loom_queue *queue;
	struct loom_doorbell doorbell;
	struct delayed_work look;
	u64 seen;
	unsigned int idle;
	struct work_struct revoke;
};

/*
 * Jobs that are outstanding, by what the registers say. @tail is whatever user space has written:
 * the firmware ignores what cannot be, and so does this. But a job that runs is there.
 */
VISIBLE_IF_KUNIT u32 loom_userq_left(u64 done, u32 head, u32 tail, unsigned int log2)
{
	u32 left = tail - (u32)done;
	u32 started = head - (u32)done;

	if (left > BIT(log2))
		left = 0;
	return started == 1 && !left ? 1 : left;
}
EXPORT_SYMBOL_IF_KUNIT(loom_userq_left);

/**
 * loom_userq_poll() - take note of what the hardware has done
 * @hwq: user queue, locked
 */
void loom_userq_poll(struct loom_hwq *hwq)
{
	struct loom_device *ldev = hwq->ldev;
	u32 regs = LOOM_REG_QUEUE(hwq->slot);
	u64 done, cycles;
	u32 head, tail;

	lockdep_assert_held(&hwq->lock);
	if (!hwq->live)
		return;
	done = hwq->base + loom_read64(ldev, regs + LOOM_QUEUE_DONE_64);
	/* A device that is gone reads all ones. */
	if (done - hwq->done > U32_MAX)
		return;
	cycles = hwq->base_cycles + loom_read64(ldev, regs + LOOM_QUEUE_CYCLES_64);
	head = loom_read(ldev, regs + LOOM_QUEUE_HEAD);
	tail = loom_read(ldev, regs + LOOM_QUEUE_TAIL);

	if (done != hwq->done && cycles > hwq->cycles) {
		hwq->busy_ns += loom_cycles_to_ns(ldev, cycles - hwq->cycles);
		hwq->cycles = cycles;
	}
	hwq->pushed = done + loom_userq_left(done, head, tail, hwq->log2);
	if (done == hwq->done)
		return;
	hwq->done = done;
	wake_up_all(&hwq->wait);
}

/**
 * loom_userq_fault() - the firmware says that it has stopped the queue
 * @hwq: user queue, locked
 * @fault: what is known
 * @index: of the job, mod 2^32
 */
void loom_userq_fault(struct loom_hwq *hwq, const struct loom_hwq_fault *fault, u32 index)
{
	lockdep_assert_held(&hwq->lock);
	/* One job is on its way, and its record may have been written or not. */
	if (!hwq->live || hwq->dead || (u32)hwq->done - index > 1)
		return;
	hwq->fault = *fault;
	hwq->fault.job = hwq->done - ((u32)hwq->done - index);
	trace_loom_fault(hwq);
	loom_recovery_count(hwq->ldev, LOOM_JOB_FAULTS);
	loom_recovery_count(hwq->ldev, LOOM_QUEUE_STOPS);
	loom_coredump_fault(hwq);
	loom_hwq_mark_dead(hwq, DRM_LOOM_QUEUE_STATE_FAULT, -ECANCELED);
	loom_hwq_settle(hwq);
}

/**
 * loom_userq_pre_reset() - see what had begun on a device that will be reset, or sleep
 * @hwq: user queue, locked
 * @head: jobs that the device has started, modulo 2^32
 */
void loom_userq_pre_reset(struct loom_hwq *hwq, u32 head)
{
	lockdep_assert_held(&hwq->lock);
	loom_userq_poll(hwq);
	hwq->started = hwq->done + (head != (u32)hwq->done);
	hwq->tail = loom_read(hwq->ldev, LOOM_REG_QUEUE(hwq->slot) + LOOM_QUEUE_TAIL);
}

/**
 * loom_userq_revive() - jobs that had not begun when the device went to sleep begin
 * @hwq: user queue, locked, that the firmware has just made again
 *
 * Whatever the number is that user space wrote, it is for the firmware to judge, once more.
 */
void loom_userq_revive(struct loom_hwq *hwq)
{
	struct loom_userq *userq = hwq_to_queue(hwq)->userq;

	lockdep_assert_held(&hwq->lock);
	hwq->pushed = hwq->done;
	if (hwq->tail == (u32)hwq->done)
		return;
	writel(hwq->tail, hwq->ldev->doorbells + hwq->slot * LOOM_DOORBELL_STRIDE +
	       LOOM_DOORBELL_TAIL);
	queue_delayed_work(loom_release_wq, &userq->look, msecs_to_jiffies(LOOM_USERQ_LOOK_MS));
}

/**
 * loom_userq_ended() - a queue takes no more jobs
 * @hwq: user queue, locked
 */
void loom_userq_ended(struct loom_hwq *hwq)
{
	struct loom_queue *queue = hwq_to_queue(hwq);

	lockdep_assert_held(&hwq->lock);
	wake_up_all(&hwq->wait);
	loom_queue_ref(queue);
	if (!queue_work(loom_release_wq, &queue->userq->revoke))
		loom_queue_unref(queue);
}

static void loom_userq_revoke_work(struct work_struct *work)
{
	struct loom_userq *userq = container_of(work, struct loom_userq, revoke);

	loom_doorbell_revoke(&userq->doorbell);
	loom_queue_unref(userq->queue);
}

/* Whether jobs are outstanding; then they are watched. */
static bool loom_userq_look(struct loom_userq *userq)
{
	struct loom_hwq *hwq = &userq->queue->hwq;

	guard(spinlock_irq)(&hwq->lock);
	loom_hwq_poll(hwq);
	if (!hwq->live || hwq->dead)
		return false;
	if (hwq->done != userq->seen)
		userq->idle = 0;
	userq->seen = hwq->done;
	if (hwq->done == hwq->pushed)
		return false;
	userq->idle = 0;
	loom_watch_kick(userq->queue->ldev);
	return true;
}

static void loom_userq_look_work(struct work_struct *work)
{
	struct loom_userq *userq = container_of(to_delayed_work(work), struct loom_userq, look);

	if (!loom_userq_look(userq) && ++userq->idle >= LOOM_USERQ_IDLE_LOOKS) {
		loom_doorbell_close(&userq->doorbell);
		/* What came at the last moment is there now; what comes later opens it again. */
		if (!loom_userq_look(userq))
			return;
	}
	queue_delayed_work(loom_release_wq, &userq->look, msecs_to_jiffies(LOOM_USERQ_LOOK_MS));
}

/**
 * loom_userq_opened() - user space can ring the doorbell from now on
 * @queue: user queue, whose doorbell is locked and not revoked
 */
void loom_userq_opened(struct loom_queue *queue)
{
	struct loom_userq *userq = queue->userq;

	userq->idle = 0;
	queue_delayed_work(loom_release_wq, &userq->look, msecs_to_jiffies(LOOM_USERQ_LOOK_MS));
}

/**
 * loom_userq_doorbell() - doorbell of a queue
 * @queue: user queue
 *
 * Return: the doorbell, as long as the queue's memory.
 */
struct loom_doorbell *loom_userq_doorbell(struct loom_queue *queue)
{
	return &queue->userq->doorbell;
}

static bool loom_userq_ring_ok(u64 va, u64 bytes)
{
	return IS_ALIGNED(va, 64) && va >= LOOM_VA_START && va <= LOOM_VA_END - bytes;
}

/**
 * loom_userq_args_ok() - see whether what QUEUE_CREATE says of rings can be
 * @args: from user space
 *
 * Return: whether it can.
 */
bool loom_userq_args_ok(const struct drm_loom_queue_create *args)
{
	u64 bytes;

	if (args->pad)
		return false;
	if (!(args->flags & DRM_LOOM_QUEUE_USER))
		return !args->ring_va && !args->cpl_va && !args->ring_log2;
	if (args->ring_log2 < LOOM_RING_LOG2_MIN || args->ring_log2 > LOOM_RING_LOG2_MAX)
		return false;
	bytes = (u64)sizeof(struct loom_job) << args->ring_log2;
	return loom_userq_ring_ok(args->ring_va, bytes) && loom_userq_ring_ok(args->cpl_va, bytes);
}
EXPORT_SYMBOL_IF_KUNIT(loom_userq_args_ok);

/**
 * loom_userq_init() - make a queue a user queue
 * @queue: queue that is not on the hardware yet
 * @args: checked
 *
 * Return: 0; -ENOMEM; -EOPNOTSUPP where the hardware cannot.
 */
int loom_userq_init(struct loom_queue *queue, const struct drm_loom_queue_create *args)
{
	struct loom_userq *userq;
	int ret;

	if (queue->ldev->info.revision < LOOM_USERQ_REVISION)
		return -EOPNOTSUPP;
	userq = kzalloc(sizeof(*userq), GFP_KERNEL);
	if (!userq)
		return -ENOMEM;
	ret = loom_doorbell_init(&userq->doorbell, queue->ldev);
	if (ret) {
		kfree(userq);
		return ret;
	}
	userq->queue = queue;
	INIT_DELAYED_WORK(&userq->look, loom_userq_look_work);
	INIT_WORK(&userq->revoke, loom_userq_revoke_work);
	queue->userq = userq;
	queue->hwq.user = true;
	queue->hwq.ring_va = args->ring_va;
	queue->hwq.cpl_va = args->cpl_va;
	queue->hwq.log2 = args->ring_log2;
	return 0;
}

/**
 * loom_userq_begin() - tell user space where the doorbell is
 * @queue: user queue on the hardware, without an id yet
 * @args: out: doorbell_offset
 */
void loom_userq_begin(struct loom_queue *queue, struct drm_loom_queue_create *args)
{
	queue->userq->doorbell.slot = queue->hwq.slot;
	args->doorbell_offset = loom_doorbell_offset(&queue->userq->doorbell);
}

/**
 * loom_userq_end() - user space has no doorbell any more
 * @queue: user queue
 *
 * Process context; may wait for memory.
 */
void loom_userq_end(struct loom_queue *queue)
{
	loom_doorbell_revoke(&queue->userq->doorbell);
}

/**
 * loom_userq_fini() - wait until nobody looks at a queue any more
 * @queue: user queue that is dead, and whose doorbell is gone
 *
 * Afterwards its mappings are all that is left.
 */
void loom_userq_fini(struct loom_queue *queue)
{
	cancel_delayed_work_sync(&queue->userq->look);
	if (cancel_work_sync(&queue->userq->revoke))
		loom_queue_unref(queue);
}

/**
 * loom_userq_free() - free what loom_userq_init() has made
 * @userq: of a queue that nobody refers to, or NULL
 *
 * Any context but hard interrupts.
 */
void loom_userq_free(struct loom_userq *userq)
{
	if (!userq)
		return;
	loom_doorbell_fini(&userq->doorbell);
	kfree(userq);
}

static bool loom_userq_reached(struct loom_hwq *hwq, u64 value, u64 *completed)
{
	guard(spinlock_irq)(&hwq->lock);
	loom_hwq_poll(hwq);
	*completed = hwq->done;
	return hwq->done >= value || hwq->dead;
}

/* A queue with waiters is looked at in interrupts. */
static void loom_userq_count_waiter(struct loom_hwq *hwq, int change)
{
	guard(spinlock_irq)(&hwq->lock);
	hwq->waiters += change;
	loom_hwqs_set_busy(hwq->ldev, hwq->slot, hwq->waiters);
	/* An interrupt may get lost. */
	if (hwq->live && change > 0)
		loom_watch_kick(hwq->ldev);
}

static int loom_userq_sleep(struct loom_hwq *hwq, struct drm_loom_queue_wait *args)
{
	unsigned long timeout;
	long ret;

	/* The first of so many jiffies has begun before: they may be over too soon. */
	while ((timeout = drm_timeout_abs_to_jiffies(args->timeout_ns))) {
		ret = wait_event_interruptible_timeout(hwq->wait,
						       loom_userq_reached(hwq, args->value,
									  &args->completed),
						       timeout);
		if (ret)
			return min(ret, 0);
	}
	return 0;
}

static int loom_userq_wait(struct loom_hwq *hwq, struct drm_loom_queue_wait *args)
{
	int ret;

	if (!loom_userq_reached(hwq, args->value, &args->completed)) {
		loom_userq_count_waiter(hwq, 1);
		ret = loom_userq_sleep(hwq, args);
		loom_userq_count_waiter(hwq, -1);
		if (ret)
			return ret;
	}
	if (args->completed >= args->value)
		return 0;
	if (!loom_hwq_is_dead(hwq))
		return -ETIMEDOUT;
	return drm_dev_is_unplugged(&hwq->ldev->drm) ? -ENODEV : -EIO;
}

/**
 * loom_ioctl_queue_wait() - QUEUE_WAIT
 * @drm: device
 * @data: struct drm_loom_queue_wait
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_queue_wait(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_queue_wait *args = data;
	struct loom_queue *queue;
	int ret = -EINVAL;

	if (args->pad)
		return -EINVAL;
	queue = loom_queue_lookup(file, args->id);
	if (!queue)
		return -ENOENT;
	/* Not inside of drm_dev_enter(): the device may go while somebody waits. */
	if (queue->hwq.user)
		ret = loom_userq_wait(&queue->hwq, args);
	loom_queue_put(queue);
	return ret;
}
