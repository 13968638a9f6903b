// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs of a hardware queue: into the ring, out of the completion ring.
 */
#include <linux/spinlock.h>

#include <drm/drm_print.h>

#include "loom_coredump.h"
#include "loom_device.h"
#include "loom_hwq.h"
#include "loom_inject.h"
#include "loom_job.h"
#include "loom_kunit.h"
#include "loom_recovery.h"
#include "loom_trace.h"
#include "loom_userq.h"
#include "loom_watch.h"

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

/**
 * loom_hwq_end() - end the oldest job in flight
 * @hwq: queue, locked, with a job in flight
 * @error: for its fence, or 0
 */
void loom_hwq_end(struct loom_hwq *hwq, int error)
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

/**
 * loom_hwq_fault() - the oldest job in flight has faulted
 * @hwq: queue, locked, which the firmware has stopped by itself
 * @fault: what is known
 */
void loom_hwq_fault(struct loom_hwq *hwq, const struct loom_hwq_fault *fault)
{
	hwq->fault = *fault;
	hwq->fault.job = hwq->done;
	if (hwq->done != hwq->pushed) {
		const struct loom_run *run = hwq->inflight[hwq->done & LOOM_RING_MASK];

		hwq->fault.stream_va = run->stream_va;
		hwq->fault.stream_slots = run->stream_slots;
	}
	trace_loom_fault(hwq);
	loom_recovery_count(hwq->ldev, LOOM_JOB_FAULTS);
	loom_recovery_count(hwq->ldev, LOOM_QUEUE_STOPS);
	loom_coredump_fault(hwq);
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
	lockdep_assert_held(&hwq->lock);
	hwq->inflight[hwq->done & LOOM_RING_MASK]->cycles = cycles;
	hwq->cycles += cycles;
	hwq->busy_ns += loom_cycles_to_ns(hwq->ldev, cycles);
}

/**
 * loom_hwq_poll() - take note of what has ended: jobs whose completion records have come
 * @hwq: queue, locked
 */
void loom_hwq_poll(struct loom_hwq *hwq)
{
	lockdep_assert_held(&hwq->lock);

	if (hwq->user) {
		loom_userq_poll(hwq);
		return;
	}
	while (hwq->live && hwq->done != hwq->pushed) {
		u64 index = hwq->done - hwq->base;
		struct loom_completion *cpl = &hwq->cpl[index & LOOM_RING_MASK];
		struct loom_hwq_fault fault;

		if (le64_to_cpu(READ_ONCE(cpl->seqno)) != index + 1)
			return;
		if (loom_inject(hwq->ldev, LOOM_INJECT_COMPLETION)) {
			WRITE_ONCE(cpl->seqno, cpu_to_le64(U64_MAX));
			return;
		}
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

/**
 * loom_hwq_write_entry() - write the ring entry of a job in flight
 * @hwq: queue, locked
 * @job: its index
 */
void loom_hwq_write_entry(struct loom_hwq *hwq, u64 job)
{
	const struct loom_run *run = hwq->inflight[job & LOOM_RING_MASK];
	u64 index = job - hwq->base;

	hwq->ring[index & LOOM_RING_MASK] = (struct loom_job){
		.stream_va = cpu_to_le64(run->stream_va),
		.stream_slots = cpu_to_le32(run->stream_slots),
		.seqno = cpu_to_le64(index + 1),
	};
}
EXPORT_SYMBOL_IF_KUNIT(loom_hwq_write_entry);

/**
 * loom_hwq_ring_doorbell() - tell the hardware of all jobs so far
 * @hwq: queue, locked and live
 */
void loom_hwq_ring_doorbell(struct loom_hwq *hwq)
{
	if (loom_inject(hwq->ldev, LOOM_INJECT_DOORBELL))
		return;
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
