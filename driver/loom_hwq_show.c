// SPDX-License-Identifier: GPL-2.0
/*
 * How a hardware queue is: for programs, for fdinfo, for people.
 */
#include <linux/spinlock.h>

#include <drm/drm_print.h>

#include "loom_device.h"
#include "loom_hwq.h"
#include "loom_job.h"
#include "loom_queue.h"

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
	drm_printf(p, "%u %s as %u prio %u state %#x%s%s%s%s jobs %llu/%llu base %llu", hwq->slot,
		   hwq_to_queue(hwq)->name, hwq->as, hwq->prio, hwq->state,
		   hwq->user ? " user" : "", hwq->live ? " live" : "", hwq->dead ? " dead" : "",
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
 * loom_hwq_snapshot() - copy what a dump says of a queue
 * @hwq: queue
 * @to: out
 */
void loom_hwq_snapshot(struct loom_hwq *hwq, struct loom_hwq_snapshot *to)
{
	guard(spinlock_irqsave)(&hwq->lock);
	*to = (struct loom_hwq_snapshot){
		.slot = hwq->slot,
		.as = hwq->as,
		.prio = hwq->prio,
		.state = hwq->state,
		.live = hwq->live,
		.dead = hwq->dead,
		.stopped = hwq->stopped,
		.done = hwq->done,
		.pushed = hwq->pushed,
		.started = hwq->started,
		.base = hwq->base,
		.watch_ns = hwq->watch_ns,
		.stream_va = hwq->fault.stream_va,
		.stream_slots = hwq->fault.stream_slots,
		.fault = hwq->fault,
	};
	strscpy(to->name, hwq_to_queue(hwq)->name, sizeof(to->name));
	if (!(hwq->state & DRM_LOOM_QUEUE_STATE_FAULT) && !hwq->user && hwq->done != hwq->pushed) {
		const struct loom_run *run = hwq->inflight[hwq->done & LOOM_RING_MASK];

		to->stream_va = run->stream_va;
		to->stream_slots = run->stream_slots;
	}
}

/**
 * loom_hwq_get_state() - how a queue is
 * @hwq: queue
 * @args: state, fault fields and jobs_completed are filled in; jobs_submitted of a user queue
 */
void loom_hwq_get_state(struct loom_hwq *hwq, struct drm_loom_queue_get_state *args)
{
	guard(spinlock_irq)(&hwq->lock);
	loom_hwq_poll(hwq);
	args->state = hwq->state;
	args->fault_va = hwq->fault.va;
	args->fault_status = hwq->fault.status;
	args->fault_code = hwq->fault.code;
	args->fault_slot = hwq->fault.slot;
	args->fault_engine = hwq->fault.engine;
	args->fault_access = hwq->fault.access;
	args->fault_job = hwq->fault.job;
	args->jobs_completed = hwq->done;
	if (hwq->user)
		args->jobs_submitted = hwq->pushed;
}
