// SPDX-License-Identifier: GPL-2.0
/*
 * How a hardware queue ends: first it is dead (no further job is executed, SUBMIT refuses), then
 * the hardware stops executing it, and only then the fences of its jobs signal, in order: who sees
 * a fence signal may free the memory that the job wrote to.
 */
#include <linux/spinlock.h>

#include <drm/drm_print.h>

#include "loom_coredump.h"
#include "loom_device.h"
#include "loom_hwq.h"
#include "loom_mbox.h"
#include "loom_recovery.h"
#include "loom_userq.h"

/**
 * loom_hwq_settle() - let the fences of a dead queue signal
 * @hwq: queue, locked, of which the hardware executes nothing
 */
void loom_hwq_settle(struct loom_hwq *hwq)
{
	int error = hwq->error;

	lockdep_assert_held(&hwq->lock);
	hwq->stopped = true;
	if (hwq->user)
		return;
	if (hwq->state & DRM_LOOM_QUEUE_STATE_TIMEOUT)
		error = -ETIME;
	else if (hwq->state & DRM_LOOM_QUEUE_STATE_RESET)
		error = -EIO;
	for (; hwq->done != hwq->pushed; error = hwq->error)
		loom_hwq_end(hwq, error);
}

/**
 * loom_hwq_mark_dead() - let no further job be executed
 * @hwq: queue, locked
 * @state: DRM_LOOM_QUEUE_STATE_* for whoever asks why, if it was well before
 * @error: for the fences of jobs that are not executed
 */
void loom_hwq_mark_dead(struct loom_hwq *hwq, u32 state, int error)
{
	lockdep_assert_held(&hwq->lock);
	if (hwq->dead)
		return;
	hwq->dead = true;
	hwq->state |= state;
	hwq->error = error;
	if (hwq->user)
		loom_userq_ended(hwq);
}

/**
 * loom_hwq_condemn() - let no further job be executed; loom_hwq_kill() is to follow
 * @hwq: queue
 * @state: DRM_LOOM_QUEUE_STATE_* for whoever asks why, if it was well before
 * @error: for the fences of jobs that are not executed
 *
 * Any context; fences may wait for it.
 */
void loom_hwq_condemn(struct loom_hwq *hwq, u32 state, int error)
{
	guard(spinlock_irqsave)(&hwq->lock);
	loom_hwq_mark_dead(hwq, state, error);
}

/* Stops the hardware from executing a dead queue, and ends its jobs. */
static int loom_hwq_stop(struct loom_hwq *hwq)
{
	bool running;
	int ret = 0;

	guard(rwsem_read)(&hwq->ldev->reset.lock);

	scoped_guard(spinlock_irq, &hwq->lock)
		running = hwq->live && !hwq->stopped;
	if (running)
		ret = loom_hwq_call(hwq, LOOM_MSG_QUEUE_STOP);
	if (ret)
		return ret;

	guard(spinlock_irq)(&hwq->lock);
	loom_hwq_poll(hwq);
	loom_hwq_settle(hwq);
	return 0;
}

/**
 * loom_hwq_kill() - end a queue
 * @hwq: queue
 * @state: DRM_LOOM_QUEUE_STATE_* for whoever asks why, if it was well before
 * @error: for the fences of jobs that have not ended
 *
 * On return all fences of jobs that were pushed have signalled, after a device reset if need be.
 * May sleep; not from work on ldev->wq, nor where fences wait for it: it takes reset.lock.
 */
void loom_hwq_kill(struct loom_hwq *hwq, u32 state, int error)
{
	int ret;

	loom_hwq_condemn(hwq, state, error);
	ret = loom_hwq_stop(hwq);
	if (ret) {
		loom_hwq_reset_after(hwq, ret, "a queue does not stop");
		loom_device_reset_wait(hwq->ldev);
	}
}

/* It may have been reset since the watch looked, or be dead. */
static bool loom_hwq_watches(struct loom_hwq *hwq, u64 job)
{
	guard(spinlock_irq)(&hwq->lock);
	return hwq->live && !hwq->dead && hwq->watch_job == job;
}

/**
 * loom_hwq_timeout() - a job has been on the hardware for too long
 * @hwq: queue
 * @job: its index
 *
 * A job that ends while the queue is being stopped is well, and the queue goes on. From the watch.
 */
void loom_hwq_timeout(struct loom_hwq *hwq, u64 job)
{
	bool guilty;
	int ret;

	scoped_guard(rwsem_read, &hwq->ldev->reset.lock) {
		if (!loom_hwq_watches(hwq, job))
			return;
		ret = loom_hwq_call(hwq, LOOM_MSG_QUEUE_STOP);

		scoped_guard(spinlock_irq, &hwq->lock) {
			loom_hwq_poll(hwq);
			guilty = hwq->done == job && hwq->pushed != job && !hwq->dead;
			if (guilty)
				loom_hwq_mark_dead(hwq, DRM_LOOM_QUEUE_STATE_TIMEOUT, -ECANCELED);
		}
		if (guilty) {
			loom_recovery_count(hwq->ldev, LOOM_JOB_TIMEOUTS);
			loom_coredump_take(hwq->ldev, "a job timed out", hwq);
		}
		/* Before its fence tells of it. */
		if (guilty && !ret)
			loom_recovery_count(hwq->ldev, LOOM_QUEUE_STOPS);
		scoped_guard(spinlock_irq, &hwq->lock) {
			if (hwq->dead && !ret)
				loom_hwq_settle(hwq);
		}
		if (!ret && !guilty && !loom_hwq_is_dead(hwq))
			ret = loom_hwq_call(hwq, LOOM_MSG_QUEUE_RESUME);
	}
	if (guilty)
		drm_dbg_driver(&hwq->ldev->drm, "queue %u: job %llu timed out\n", hwq->slot, job);
	if (ret)
		loom_hwq_reset_after(hwq, ret, "a queue does not stop after a timeout");
}

/**
 * loom_hwq_is_dead() - whether a queue takes no more jobs
 * @hwq: queue
 *
 * Return: true once it has faulted, timed out, died in a reset or been destroyed.
 */
bool loom_hwq_is_dead(struct loom_hwq *hwq)
{
	return READ_ONCE(hwq->dead);
}

/**
 * loom_hwq_watch() - account for the time that the oldest job spends on the hardware
 * @hwq: queue
 * @on_core: queues that are on a core now, bit by number
 * @waiting: queues that wait for one
 * @ns: since the last call
 * @job: out: the job
 *
 * A span counts where both of its ends were seen so: the time is never more than it was. A job that
 * is neither on a core nor waits for one is known to nobody: a doorbell or a completion record was
 * lost. The one can be rung again, the other ends in a timeout.
 *
 * Return: 0 with no job in flight, else 1 + the time in nanoseconds.
 */
u64 loom_hwq_watch(struct loom_hwq *hwq, u64 on_core, u64 waiting, u64 ns, u64 *job)
{
	u64 done;
	bool counts;

	guard(spinlock_irq)(&hwq->lock);
	done = hwq->done;
	loom_hwq_poll(hwq);
	if (hwq->done != done && !hwq->user)
		loom_recovery_count(hwq->ldev, LOOM_LOST_INTERRUPTS);
	if (hwq->done == hwq->pushed || !hwq->live || hwq->dead)
		return 0;
	counts = !(waiting & BIT_ULL(hwq->slot));
	if (hwq->watch_job != hwq->done) {
		hwq->watch_job = hwq->done;
		hwq->watch_ns = 0;
	} else if (counts && hwq->watch_counts) {
		hwq->watch_ns += ns;
	}
	hwq->watch_counts = counts;
	/* Of a user queue it is not ours: the number could be older than what user space writes. */
	if (counts && !(on_core & BIT_ULL(hwq->slot)) && !hwq->user)
		loom_hwq_ring_doorbell(hwq);
	*job = hwq->done;
	return 1 + hwq->watch_ns;
}

/**
 * loom_hwq_after_reset() - end what a reset has ended
 * @hwq: queue, locked, of a device that is quiet
 * @asleep: the device sleeps, and so does everybody who could ring a doorbell
 *
 * A job that was on its way may have changed memory; it cannot begin again, and its queue dies. So
 * does a user queue in any case but sleep: what user space writes to its doorbell meanwhile is
 * lost.
 */
void loom_hwq_after_reset(struct loom_hwq *hwq, bool asleep)
{
	lockdep_assert_held(&hwq->lock);
	if (!hwq->user)
		loom_hwq_poll(hwq);
	hwq->live = false;
	if (hwq->started > hwq->done || (hwq->user && !asleep))
		loom_hwq_mark_dead(hwq, DRM_LOOM_QUEUE_STATE_RESET |
				   (hwq->ldev->reset.suspect ? 0 : DRM_LOOM_QUEUE_STATE_INNOCENT),
				   -ECANCELED);
	if (hwq->dead)
		loom_hwq_settle(hwq);
}

/**
 * loom_hwq_end_all() - end a queue whose hardware is not there any more
 * @hwq: queue
 * @state: DRM_LOOM_QUEUE_STATE_*
 * @error: for the fences
 */
void loom_hwq_end_all(struct loom_hwq *hwq, u32 state, int error)
{
	guard(spinlock_irq)(&hwq->lock);
	loom_hwq_poll(hwq);
	hwq->live = false;
	loom_hwq_mark_dead(hwq, state, error);
	loom_hwq_settle(hwq);
}
