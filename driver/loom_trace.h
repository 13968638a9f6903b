/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, events/loom in tracefs. In each of its events, a job is known by its queue's
 * number (context) and its index in the queue.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM loom

#if !defined(LOOM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LOOM_TRACE_H

#include <linux/tracepoint.h>

#include <drm/loom_accel.h>

#include "loom_device.h"
#include "loom_queue.h"

/* SUBMIT has taken a job: it goes to the scheduler. */
TRACE_EVENT(loom_submit,
	TP_PROTO(struct loom_queue *queue, u64 job, u64 stream_va, u32 stream_slots),
	TP_ARGS(queue, job, stream_va, stream_slots),
	TP_STRUCT__entry(
		__string(dev, dev_name(queue->ldev->drm.dev))
		__field(u64, context)
		__field(u64, job)
		__field(u64, stream_va)
		__field(u32, stream_slots)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->context = queue->fence_context;
		__entry->job = job;
		__entry->stream_va = stream_va;
		__entry->stream_slots = stream_slots;
	),
	TP_printk("dev=%s context=%llu job=%llu stream_va=%#llx stream_slots=%u", __get_str(dev),
		  __entry->context, __entry->job, __entry->stream_va, __entry->stream_slots)
);

/* The job is in the hardware's ring. */
TRACE_EVENT(loom_run,
	TP_PROTO(struct loom_hwq *hwq, u64 job),
	TP_ARGS(hwq, job),
	TP_STRUCT__entry(
		__string(dev, dev_name(hwq->ldev->drm.dev))
		__field(u64, context)
		__field(u64, job)
		__field(u32, queue)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->context = hwq_to_queue(hwq)->fence_context;
		__entry->job = job;
		__entry->queue = hwq->slot;
	),
	TP_printk("dev=%s context=%llu job=%llu queue=%u", __get_str(dev), __entry->context,
		  __entry->job, __entry->queue)
);

/* The job's fence is about to signal, with error or 0. */
TRACE_EVENT(loom_done,
	TP_PROTO(struct loom_hwq *hwq, u64 job, int error, u64 cycles),
	TP_ARGS(hwq, job, error, cycles),
	TP_STRUCT__entry(
		__string(dev, dev_name(hwq->ldev->drm.dev))
		__field(u64, context)
		__field(u64, job)
		__field(u64, cycles)
		__field(u32, queue)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->context = hwq_to_queue(hwq)->fence_context;
		__entry->job = job;
		__entry->cycles = cycles;
		__entry->queue = hwq->slot;
		__entry->error = error;
	),
	TP_printk("dev=%s context=%llu job=%llu queue=%u error=%d cycles=%llu", __get_str(dev),
		  __entry->context, __entry->job, __entry->queue, __entry->error, __entry->cycles)
);

/* The job has ended its queue; the fields are QUEUE_GET_STATE's. */
TRACE_EVENT(loom_fault,
	TP_PROTO(struct loom_hwq *hwq),
	TP_ARGS(hwq),
	TP_STRUCT__entry(
		__string(dev, dev_name(hwq->ldev->drm.dev))
		__field(u64, context)
		__field(u64, job)
		__field(u64, va)
		__field(u32, queue)
		__field(u32, as)
		__field(u32, status)
		__field(u32, code)
		__field(u32, slot)
		__field(u8, engine)
		__field(u8, access)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->context = hwq_to_queue(hwq)->fence_context;
		__entry->job = hwq->fault.job;
		__entry->va = hwq->fault.va;
		__entry->queue = hwq->slot;
		__entry->as = hwq->as;
		__entry->status = hwq->fault.status;
		__entry->code = hwq->fault.code;
		__entry->slot = hwq->fault.slot;
		__entry->engine = hwq->fault.engine;
		__entry->access = hwq->fault.access;
	),
	TP_printk("dev=%s context=%llu job=%llu queue=%u as=%u status=%u code=%u va=%#llx slot=%u engine=%u access=%u",
		  __get_str(dev), __entry->context, __entry->job, __entry->queue, __entry->as,
		  __entry->status, __entry->code, __entry->va, __entry->slot, __entry->engine,
		  __entry->access)
);

/* Somebody has asked for a reset, which follows. */
TRACE_EVENT(loom_reset,
	TP_PROTO(struct loom_device *ldev, const char *why),
	TP_ARGS(ldev, why),
	TP_STRUCT__entry(
		__string(dev, dev_name(ldev->drm.dev))
		__string(why, why)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(why);
	),
	TP_printk("dev=%s why=\"%s\"", __get_str(dev), __get_str(why))
);

/* The reset is over: the device works, or with an error has been given up. */
TRACE_EVENT(loom_reset_done,
	TP_PROTO(struct loom_device *ldev, int error),
	TP_ARGS(ldev, error),
	TP_STRUCT__entry(
		__string(dev, dev_name(ldev->drm.dev))
		__field(u32, count)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->count = atomic_read(&ldev->reset.count);
		__entry->error = error;
	),
	TP_printk("dev=%s count=%u error=%d", __get_str(dev), __entry->count, __entry->error)
);

/* The device has changed its clock by itself; why is LOOM_THROTTLE_*, or 0. */
TRACE_EVENT(loom_throttle,
	TP_PROTO(struct loom_device *ldev, u32 why, u32 clock_khz, s32 temp_mc),
	TP_ARGS(ldev, why, clock_khz, temp_mc),
	TP_STRUCT__entry(
		__string(dev, dev_name(ldev->drm.dev))
		__field(u32, why)
		__field(u32, clock_khz)
		__field(s32, temp_mc)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->why = why;
		__entry->clock_khz = clock_khz;
		__entry->temp_mc = temp_mc;
	),
	TP_printk("dev=%s why=%#x clock_khz=%u temp_mc=%d", __get_str(dev), __entry->why,
		  __entry->clock_khz, __entry->temp_mc)
);

/* An operation of VM_BIND has ended. */
TRACE_EVENT(loom_bind,
	TP_PROTO(struct loom_device *ldev, unsigned int as, const struct drm_loom_bind_op *op,
		 int error),
	TP_ARGS(ldev, as, op, error),
	TP_STRUCT__entry(
		__string(dev, dev_name(ldev->drm.dev))
		__field(u64, va)
		__field(u64, size)
		__field(u64, bo_offset)
		__field(u32, bo_handle)
		__field(u32, flags)
		__field(u32, as)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->va = op->va;
		__entry->size = op->size;
		__entry->bo_offset = op->bo_offset;
		__entry->bo_handle = op->bo_handle;
		__entry->flags = op->flags;
		__entry->as = as;
		__entry->error = error;
	),
	TP_printk("dev=%s as=%u flags=%#x va=%#llx size=%#llx bo_handle=%u bo_offset=%#llx error=%d",
		  __get_str(dev), __entry->as, __entry->flags, __entry->va, __entry->size,
		  __entry->bo_handle, __entry->bo_offset, __entry->error)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE loom_trace
#include <trace/define_trace.h>
