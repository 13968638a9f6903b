// SPDX-License-Identifier: GPL-2.0
/*
 * A hardware queue: job ring and completion ring, how a queue ends, and what becomes of it in a
 * reset.
 *
 * How a queue ends: first it is dead (no further job is executed, SUBMIT refuses), then the
 * hardware stops executing it, and only then the fences of its jobs signal, in order: who sees a
 * fence signal may free the memory that the job wrote to.
 */
#include <linux/dma-mapping.h>
#include <linux/math64.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

#include <drm/drm_print.h>

#include <loom/fw.h>

#include "loom_device.h"
#include "loom_hwq.h"
#include "loom_job.h"
#include "loom_mbox.h"
#include "loom_queue.h"
#include "loom_trace.h"
#include "loom_watch.h"

#define LOOM_RING_MASK		(LOOM_RING_ENTRIES - 1)
#define LOOM_CREATE_TRIES	2

static_assert(LOOM_RING_LOG2 >= LOOM_RING_LOG2_MIN && LOOM_RING_LOG2 <= LOOM_RING_LOG2_MAX);
static_assert((int)DRM_LOOM_PRIORITY_LOW == LOOM_PRIO_LOW);
static_assert((int)DRM_LOOM_PRIORITY_REALTIME == LOOM_PRIO_REALTIME);

static const int loom_job_errnos[] = {
	[LOOM_JOB_OK] = 0,
	[LOOM_JOB_BAD_ENTRY] = -EINVAL,
	[LOOM_JOB_ILLEGAL] = -EINVAL,
	[LOOM_JOB_MMU_FAULT] = -EFAULT,
	[LOOM_JOB_STOPPED] = -ECANCELED,
	[LOOM_JOB_NO_END] = -EINVAL,
};

static int loom_job_errno(u32 status)
{
	return status < ARRAY_SIZE(loom_job_errnos) ? loom_job_errnos[status] : -EIO;
}

/* Ends the oldest job in flight. */
static void loom_hwq_end(struct loom_hwq *hwq, int error)
{
	struct loom_run *run = hwq->inflight[hwq->done & LOOM_RING_MASK];

	lockdep_assert_held(&hwq->lock);
	trace_loom_done(hwq, hwq->done, error, run->cycles);
	hwq->inflight[hwq->done & LOOM_RING_MASK] = NULL;
	hwq->done++;
	if (hwq->done == hwq->pushed)
		loom_hwqs_set_busy(hwq->ldev, hwq->slot, false);
	if (error)
		dma_fence_set_error(&run->fence, error);
	dma_fence_signal(&run->fence);
	dma_fence_put(&run->fence);
}

/* The hardware executes nothing of this dead queue: the fences may signal. */
static void loom_hwq_settle(struct loom_hwq *hwq)
{
	int error = hwq->error;

	lockdep_assert_held(&hwq->lock);
	hwq->stopped = true;
	if (hwq->state & DRM_LOOM_QUEUE_STATE_TIMEOUT)
		error = -ETIME;
	else if (hwq->state & DRM_LOOM_QUEUE_STATE_RESET)
		error = -EIO;
	for (; hwq->done != hwq->pushed; error = hwq->error)
		loom_hwq_end(hwq, error);
}

static void loom_hwq_mark_dead(struct loom_hwq *hwq, u32 state, int error)
{
	lockdep_assert_held(&hwq->lock);
	if (hwq->dead)
		return;
	hwq->dead = true;
	hwq->state |= state;
	hwq->error = error;
}

/**
 * loom_hwq_fault() - the oldest job in flight has faulted
 * @hwq: queue, locked, which the firmware has stopped by itself
 * @fault: what is known
 */
void loom_hwq_fault(struct loom_hwq *hwq, const struct loom_hwq_fault *fault)
{
	hwq->fault = *fault;
	hwq->fault.job = hwq->done;
	trace_loom_fault(hwq);
	loom_hwq_mark_dead(hwq, DRM_LOOM_QUEUE_STATE_FAULT, -ECANCELED);
	if (hwq->done != hwq->pushed)
		loom_hwq_end(hwq, loom_job_errno(fault->status));
	loom_hwq_settle(hwq);
	drm_dbg_driver(&hwq->ldev->drm,
		       "queue %u: job %llu: status %u, code %u, va %#llx, slot %u\n", hwq->slot,
		       hwq->fault.job, fault->status, fault->code, fault->va, fault->slot);
}

static void loom_hwq_account(struct loom_hwq *hwq, u64 cycles)
{
	u32 khz = READ_ONCE(hwq->ldev->clock_khz) ?: 1;

	lockdep_assert_held(&hwq->lock);
	hwq->inflight[hwq->done & LOOM_RING_MASK]->cycles = cycles;
	hwq->cycles += cycles;
	hwq->busy_ns += mul_u64_u32_div(cycles, NSEC_PER_MSEC, khz);
}

/**
 * loom_hwq_poll() - end the jobs whose completion records have come
 * @hwq: queue, locked
 */
void loom_hwq_poll(struct loom_hwq *hwq)
{
	lockdep_assert_held(&hwq->lock);

	while (hwq->live && hwq->done != hwq->pushed) {
		u64 index = hwq->done - hwq->base;
		struct loom_completion *cpl = &hwq->cpl[index & LOOM_RING_MASK];
		struct loom_hwq_fault fault;

		if (le64_to_cpu(READ_ONCE(cpl->seqno)) != index + 1)
			return;
		dma_rmb(); /* the number before the rest of the record */
		loom_hwq_account(hwq, le64_to_cpu(cpl->cycles));
		fault = (struct loom_hwq_fault){
			.va = le64_to_cpu(cpl->fault_va),
			.status = le32_to_cpu(cpl->status),
			.code = le32_to_cpu(cpl->fault_code),
			.slot = le32_to_cpu(cpl->fault_slot),
			.engine = cpl->fault_engine,
			.access = cpl->fault_access,
		};
		if (fault.status == LOOM_JOB_OK)
			loom_hwq_end(hwq, 0);
		else
			loom_hwq_fault(hwq, &fault);
	}
}

static void loom_hwq_write_entry(struct loom_hwq *hwq, u64 job)
{
	const struct loom_run *run = hwq->inflight[job & LOOM_RING_MASK];
	u64 index = job - hwq->base;

	hwq->ring[index & LOOM_RING_MASK] = (struct loom_job){
		.stream_va = cpu_to_le64(run->stream_va),
		.stream_slots = cpu_to_le32(run->stream_slots),
		.seqno = cpu_to_le64(index + 1),
	};
}

static void loom_hwq_ring_doorbell(struct loom_hwq *hwq)
{
	/* writel() has the barrier between the entry and this. */
	writel((u32)(hwq->pushed - hwq->base), hwq->ldev->doorbells +
	       hwq->slot * LOOM_DOORBELL_STRIDE + LOOM_DOORBELL_TAIL);
}

/**
 * loom_hwq_push() - give a job to the hardware
 * @hwq: queue with room, which the scheduler's credits see to
 * @run: the job; a reference is taken
 *
 * On a dead queue the fence signals with an error, after those before it.
 */
void loom_hwq_push(struct loom_hwq *hwq, struct loom_run *run)
{
	struct loom_device *ldev = hwq->ldev;

	dma_fence_get(&run->fence);
	guard(spinlock_irqsave)(&hwq->lock);
	hwq->inflight[hwq->pushed & LOOM_RING_MASK] = run;
	hwq->pushed++;
	loom_hwqs_set_busy(ldev, hwq->slot, true);
	if (hwq->stopped) {
		loom_hwq_settle(hwq);
	} else if (hwq->live && !hwq->dead) {
		trace_loom_run(hwq, hwq->pushed - 1);
		loom_hwq_write_entry(hwq, hwq->pushed - 1);
		loom_hwq_ring_doorbell(hwq);
		loom_watch_kick(ldev);
	}
}

static int loom_hwq_call(struct loom_hwq *hwq, enum loom_msg_type type)
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
			.ring = cpu_to_le64(hwq->ring_dma),
			.cpl = cpu_to_le64(hwq->cpl_dma),
			.queue = cpu_to_le32(hwq->slot),
			.as = cpu_to_le32(hwq->as),
			.log2 = cpu_to_le32(LOOM_RING_LOG2),
			.prio = cpu_to_le32(hwq->prio),
		},
	};

	memset(hwq->cpl, 0, LOOM_RING_ENTRIES * sizeof(*hwq->cpl));
	return loom_mbox_call(hwq->ldev, &msg);
}

/* -EIO is that a reset is on its way already; anything else asks for one. */
static void loom_hwq_reset_after(struct loom_hwq *hwq, int error, const char *why)
{
	if (error != -EIO)
		loom_device_reset_schedule(hwq->ldev, why);
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
 * May sleep; not from work on ldev->wq.
 */
void loom_hwq_kill(struct loom_hwq *hwq, u32 state, int error)
{
	int ret;

	scoped_guard(spinlock_irq, &hwq->lock)
		loom_hwq_mark_dead(hwq, state, error);

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
 * loom_hwq_add_usage() - what the jobs of a queue took
 * @hwq: queue
 * @usage: it is added to this
 */
void loom_hwq_add_usage(struct loom_hwq *hwq, struct loom_usage *usage)
{
	guard(spinlock_irq)(&hwq->lock);
	usage->jobs += hwq->done;
	usage->cycles += hwq->cycles;
	usage->busy_ns += hwq->busy_ns;
}

/**
 * loom_hwq_show() - print how a queue is, driver's view and hardware's
 * @hwq: queue of a device that is there
 * @p: where to
 */
void loom_hwq_show(struct loom_hwq *hwq, struct drm_printer *p)
{
	u32 regs = LOOM_REG_QUEUE(hwq->slot);

	guard(spinlock_irq)(&hwq->lock);
	drm_printf(p, "%u %s as %u prio %u state %#x%s%s%s jobs %llu/%llu base %llu", hwq->slot,
		   hwq_to_queue(hwq)->name, hwq->as, hwq->prio, hwq->state,
		   hwq->live ? " live" : "", hwq->dead ? " dead" : "",
		   hwq->stopped ? " stopped" : "", hwq->done, hwq->pushed, hwq->base);
	drm_printf(p, " hw ctrl %#x head %u tail %u cycles %llu on_core_ns %llu\n",
		   loom_read(hwq->ldev, regs + LOOM_QUEUE_CTRL),
		   loom_read(hwq->ldev, regs + LOOM_QUEUE_HEAD),
		   loom_read(hwq->ldev, regs + LOOM_QUEUE_TAIL), hwq->cycles, hwq->watch_ns);
	if (!(hwq->state & DRM_LOOM_QUEUE_STATE_FAULT))
		return;
	drm_printf(p, "  fault job %llu status %u code %u va %#llx", hwq->fault.job,
		   hwq->fault.status, hwq->fault.code, hwq->fault.va);
	drm_printf(p, " slot %u engine %u access %u\n", hwq->fault.slot,
		   hwq->fault.engine, hwq->fault.access);
}

/**
 * loom_hwq_get_state() - how a queue is
 * @hwq: queue
 * @args: state, fault fields and jobs_completed are filled in
 */
void loom_hwq_get_state(struct loom_hwq *hwq, struct drm_loom_queue_get_state *args)
{
	guard(spinlock_irq)(&hwq->lock);
	args->state = hwq->state;
	args->fault_va = hwq->fault.va;
	args->fault_status = hwq->fault.status;
	args->fault_code = hwq->fault.code;
	args->fault_slot = hwq->fault.slot;
	args->fault_engine = hwq->fault.engine;
	args->fault_access = hwq->fault.access;
	args->fault_job = hwq->fault.job;
	args->jobs_completed = hwq->done;
}

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

/**
 * loom_hwq_init() - make a queue on the hardware
 * @hwq: zeroed
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
	ret = loom_hwq_alloc_rings(hwq);
	if (ret)
		return ret;
	ret = loom_hwqs_take_slot(ldev, hwq);
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
 * loom_hwq_watch() - account for the time that the oldest job spends on the hardware
 * @hwq: queue
 * @on_core: queues that are on a core now, bit by number
 * @ns: since the last call
 * @job: out: the job
 *
 * A span counts where both of its ends were seen so: the time is never more than it was. A
 * hardware that stands idle although there is a job has lost a doorbell or a completion record:
 * the one can be rung again, the other ends in a timeout.
 *
 * Return: 0 with no job in flight, else 1 + the time in nanoseconds.
 */
u64 loom_hwq_watch(struct loom_hwq *hwq, u64 on_core, u64 ns, u64 *job)
{
	bool counts;

	guard(spinlock_irq)(&hwq->lock);
	loom_hwq_poll(hwq);
	if (hwq->done == hwq->pushed || !hwq->live || hwq->dead)
		return 0;
	counts = on_core & BIT_ULL(hwq->slot) || !on_core;
	if (hwq->watch_job != hwq->done) {
		hwq->watch_job = hwq->done;
		hwq->watch_ns = 0;
	} else if (counts && hwq->watch_counts) {
		hwq->watch_ns += ns;
	}
	hwq->watch_counts = counts;
	if (!on_core)
		loom_hwq_ring_doorbell(hwq);
	*job = hwq->done;
	return 1 + hwq->watch_ns;
}

/**
 * loom_hwq_after_reset() - end what a reset has ended
 * @hwq: queue, locked, of a device that is quiet
 *
 * A job that was on its way may have changed memory; it cannot begin again, and its queue dies.
 */
void loom_hwq_after_reset(struct loom_hwq *hwq)
{
	lockdep_assert_held(&hwq->lock);
	loom_hwq_poll(hwq);
	hwq->live = false;
	if (hwq->started > hwq->done)
		loom_hwq_mark_dead(hwq, DRM_LOOM_QUEUE_STATE_RESET, -ECANCELED);
	if (hwq->dead)
		loom_hwq_settle(hwq);
}

/**
 * loom_hwq_revive() - make a queue again after a reset, with the jobs that had not begun
 * @hwq: queue that is not dead; reset.lock is held for writing
 */
void loom_hwq_revive(struct loom_hwq *hwq)
{
	int ret;

	hwq->base = hwq->done;
	ret = loom_hwq_call_create(hwq);

	guard(spinlock_irq)(&hwq->lock);
	if (ret) {
		loom_hwq_mark_dead(hwq, DRM_LOOM_QUEUE_STATE_RESET, -ECANCELED);
		loom_hwq_settle(hwq);
		return;
	}
	hwq->live = true;
	hwq->watch_job = U64_MAX;
	for (u64 job = hwq->done; job != hwq->pushed; job++)
		loom_hwq_write_entry(hwq, job);
	if (hwq->done != hwq->pushed)
		loom_hwq_ring_doorbell(hwq);
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
