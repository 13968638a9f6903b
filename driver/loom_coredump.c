// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps for /sys/class/devcoredump, of a hang, a fault, or a reset. In two steps: while fences
 * wait, what the device and the driver know is copied to memory that was allocated at probe; text
 * is made of it, and memory allocated, in the unit's own time. The format is in docs/driver.md.
 */
#include <linux/bitops.h>
#include <linux/devcoredump.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <loom/fw.h>

#include "loom_compat.h"
#include "loom_coredump.h"
#include "loom_device.h"
#include "loom_hwq.h"
#include "loom_job.h"
#include "loom_mbox.h"
#include "loom_queue.h"
#include "loom_recovery.h"
#include "loom_regs.h"
#include "loom_vm.h"

#define LOOM_DUMP_VERSION	1
#define LOOM_DUMP_DESC_BYTES	256
#define LOOM_SLOT_SHIFT		6

/**
 * struct loom_dump - what was copied
 * @why: cause, a text that stays
 * @time: since the epoch
 * @resets: of the device, before this
 * @guilty: number of the queue that it is about, or LOOM_NUM_QUEUES
 * @desc_va: address of @desc
 * @desc_bytes: valid in @desc
 * @desc_note: what @desc is, or why it is not there
 * @desc: descriptors
 * @num_queues: valid in @queue
 * @queue: hardware queues
 * @fw: of the memory shared with the firmware
 * @regs: registers, by offset in BAR0
 */
struct loom_dump {
	const char *why;
	ktime_t time;
	u32 resets;
	u32 guilty;
	u64 desc_va;
	u32 desc_bytes;
	const char *desc_note;
	u8 desc[LOOM_DUMP_DESC_BYTES];
	u32 num_queues;
	struct loom_hwq_snapshot queue[LOOM_NUM_QUEUES];
	struct loom_mbox_snapshot fw;
	u32 regs[LOOM_REGS_BYTES / sizeof(u32)];
};

/**
 * struct loom_coredump - the unit's state
 * @ldev: device
 * @busy: bit 0: somebody has @dump: who sets it, then the two works, one after the other
 * @fault_slot: number of a queue with a fault that is still to be dumped
 * @fault: looks at it: the interrupt that saw it cannot take the VM's lock
 * @format: makes text of @dump
 * @dump: the copy
 */
struct loom_coredump {
	struct loom_device *ldev;
	unsigned long busy;
	unsigned int fault_slot;
	struct work_struct fault;
	struct work_struct format;
	struct loom_dump dump;
};

/* ---- the copy ---- */

/*
 * The descriptors of the job that ended the queue: from the one that faulted on, or where that is
 * not known from the first.
 */
static void loom_dump_descriptor(struct loom_dump *dump, struct loom_hwq *hwq,
				 const struct loom_hwq_snapshot *queue)
{
	bool fault = queue->state & DRM_LOOM_QUEUE_STATE_FAULT;
	u64 slot = fault ? queue->fault.slot : 0;
	u64 bytes = (u64)queue->stream_slots << LOOM_SLOT_SHIFT;
	int ret;

	dump->desc_note = "no job";
	if (!queue->stream_slots)
		return;
	dump->desc_va = queue->stream_va + (slot << LOOM_SLOT_SHIFT);
	dump->desc_note = "it lies beyond the end of the stream";
	if (slot >= queue->stream_slots)
		return;
	bytes = min_t(u64, bytes - (slot << LOOM_SLOT_SHIFT), LOOM_DUMP_DESC_BYTES);
	ret = loom_vm_peek(hwq_to_queue(hwq)->vm, dump->desc_va, dump->desc, bytes);
	if (ret == -EBUSY)
		dump->desc_note = "not read: the VM was being changed";
	else if (ret == -EFAULT)
		dump->desc_note = "not read: not mapped";
	else if (ret)
		dump->desc_note = "not read: not the driver's own pages";
	else
		dump->desc_note = fault ? "from the descriptor that faulted" :
					  "from the job's first: where it hung is not known";
	dump->desc_bytes = ret ? 0 : bytes;
}

static void loom_dump_queues(struct loom_device *ldev, struct loom_dump *dump,
			     struct loom_hwq *guilty)
{
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = loom_hwqs_get(ldev, i);
		struct loom_hwq_snapshot *queue = &dump->queue[dump->num_queues];

		if (!hwq)
			continue;
		loom_hwq_snapshot(hwq, queue);
		dump->num_queues++;
		if (hwq == guilty)
			loom_dump_descriptor(dump, hwq, queue);
		loom_queue_put(hwq_to_queue(hwq));
	}
}

static void loom_dump_fill(struct loom_device *ldev, const char *why, struct loom_hwq *guilty)
{
	struct loom_dump *dump = &ldev->coredump->dump;

	dump->why = why;
	dump->time = ktime_get_real();
	dump->resets = atomic_read(&ldev->reset.count);
	dump->guilty = guilty ? guilty->slot : LOOM_NUM_QUEUES;
	dump->desc_va = 0;
	dump->desc_bytes = 0;
	dump->desc_note = "no queue is to blame";
	dump->num_queues = 0;
	loom_dump_queues(ldev, dump, guilty);
	loom_mbox_snapshot(ldev, &dump->fw);
	loom_regs_save(ldev, dump->regs);
}

/**
 * loom_coredump_take() - copy what a dump has, if no other is under way
 * @ldev: device whose registers may be read, with reset.lock held
 * @why: cause, a text that stays
 * @guilty: queue that it is about, with a reference; or NULL
 *
 * Fences may wait for the caller: nothing is allocated, and locks of outside are only tried.
 * Process context.
 */
void loom_coredump_take(struct loom_device *ldev, const char *why, struct loom_hwq *guilty)
{
	struct loom_coredump *coredump = ldev->coredump;

	if (test_and_set_bit(0, &coredump->busy))
		return;
	loom_dump_fill(ldev, why, guilty);
	queue_work(system_dfl_wq, &coredump->format);
}

static void loom_coredump_fault_work(struct work_struct *work)
{
	struct loom_coredump *coredump = container_of(work, struct loom_coredump, fault);
	struct loom_device *ldev = coredump->ldev;
	struct loom_hwq *hwq;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok) {
		clear_bit(0, &coredump->busy);
		return;
	}
	guard(rwsem_read)(&ldev->reset.lock);
	hwq = loom_hwqs_get(ldev, coredump->fault_slot);
	loom_dump_fill(ldev, "a job faulted", hwq);
	if (hwq)
		loom_queue_put(hwq_to_queue(hwq));
	queue_work(system_dfl_wq, &coredump->format);
}

/**
 * loom_coredump_fault() - have a dump taken soon of a queue that has faulted
 * @hwq: queue, locked
 *
 * Any context. The queue's owner may have changed the stream until then.
 */
void loom_coredump_fault(struct loom_hwq *hwq)
{
	struct loom_coredump *coredump = hwq->ldev->coredump;

	if (test_and_set_bit(0, &coredump->busy))
		return;
	coredump->fault_slot = hwq->slot;
	queue_work(system_dfl_wq, &coredump->fault);
}

/* ---- the text ---- */

static void loom_dump_show_header(struct loom_device *ldev, const struct loom_dump *dump,
				  struct drm_printer *p)
{
	drm_printf(p, "loom-coredump %u\n", LOOM_DUMP_VERSION);
	drm_printf(p, "[header]\nwhy: %s\n", dump->why);
	drm_printf(p, "time: %lld\n", ktime_to_ns(dump->time));
	drm_printf(p, "device: %s\n", dev_name(ldev->drm.dev));
	drm_printf(p, "interface: %u.%u\n", LOOM_ACCEL_MAJOR, LOOM_ACCEL_MINOR);
	drm_printf(p, "hardware: %u.%u\n", ldev->info.revision >> 16,
		   ldev->info.revision & 0xffff);
	drm_printf(p, "isa: %u.%u\n", ldev->info.isa_version >> 16,
		   ldev->info.isa_version & 0xffff);
	drm_printf(p, "firmware: %s\n", ldev->info.fw_version);
	drm_printf(p, "resets: %u\n", dump->resets);
	if (dump->guilty < LOOM_NUM_QUEUES)
		drm_printf(p, "queue: %u\n", dump->guilty);
}

static void loom_dump_show_descriptor(const struct loom_dump *dump, struct drm_printer *p)
{
	drm_printf(p, "[descriptor]\nnote: %s\nva: %#llx\nbytes: %u\n", dump->desc_note,
		   dump->desc_va, dump->desc_bytes);
	for (u32 i = 0; i < dump->desc_bytes; i += 16)
		drm_printf(p, "%04x: %16ph\n", i, dump->desc + i);
}

static void loom_dump_show_queue(const struct loom_hwq_snapshot *queue, struct drm_printer *p)
{
	drm_printf(p, "queue: %u name %s as %u prio %u state %#x live %u dead %u stopped %u",
		   queue->slot, queue->name, queue->as, queue->prio, queue->state, queue->live,
		   queue->dead, queue->stopped);
	drm_printf(p, " done %llu pushed %llu started %llu base %llu on_core_ns %llu", queue->done,
		   queue->pushed, queue->started, queue->base, queue->watch_ns);
	drm_printf(p, " stream_va %#llx stream_slots %u\n", queue->stream_va,
		   queue->stream_slots);
	if (!(queue->state & DRM_LOOM_QUEUE_STATE_FAULT))
		return;
	drm_printf(p, "fault: queue %u job %llu status %u code %u va %#llx", queue->slot,
		   queue->fault.job, queue->fault.status, queue->fault.code, queue->fault.va);
	drm_printf(p, " slot %u engine %u access %u\n", queue->fault.slot, queue->fault.engine,
		   queue->fault.access);
}

static void loom_dump_show(struct loom_device *ldev, const struct loom_dump *dump,
			   struct drm_printer *p)
{
	loom_dump_show_header(ldev, dump, p);
	loom_dump_show_descriptor(dump, p);
	drm_puts(p, "[queues]\n");
	for (u32 i = 0; i < dump->num_queues; i++)
		loom_dump_show_queue(&dump->queue[i], p);
	drm_printf(p, "[firmware]\nheartbeat: %u\njobs_started: %u\njobs_ended: %u\n",
		   dump->fw.heartbeat, dump->fw.jobs_started, dump->fw.jobs_ended);
	drm_printf(p, "yields: %u\ncore_resets: %u\non_core: %#llx\n", dump->fw.yields,
		   dump->fw.core_resets, dump->fw.on_core);
	drm_puts(p, "[registers]\n");
	loom_regs_show_saved(dump->regs, ldev->info.num_cores, p);
	drm_puts(p, "[log]\n");
	loom_mbox_show_snapshot(&dump->fw, p);
	drm_puts(p, "\n[end]\n");
}

/* Prints @dump to @text, or where that is NULL nowhere. Returns its bytes. */
static size_t loom_dump_print(struct loom_device *ldev, const struct loom_dump *dump, void *text,
			      size_t room)
{
	struct drm_print_iterator to = { .data = text, .remain = room };
	struct drm_printer p = drm_coredump_printer(&to);

	loom_dump_show(ldev, dump, &p);
	return room - to.remain;
}

static void loom_coredump_format_work(struct work_struct *work)
{
	struct loom_coredump *coredump = container_of(work, struct loom_coredump, format);
	struct loom_device *ldev = coredump->ldev;
	size_t size = loom_dump_print(ldev, &coredump->dump, NULL, INT_MAX);
	void *text = vmalloc(size + 1);

	if (text) {
		size = loom_dump_print(ldev, &coredump->dump, text, size);
		loom_recovery_count(ldev, LOOM_DUMPS);
		/* Where somebody has not read the last one yet, this one is dropped. */
		dev_coredumpv(ldev->drm.dev, text, size, GFP_KERNEL);
	}
	clear_bit_unlock(0, &coredump->busy);
}

static void loom_coredump_free(struct drm_device *drm, void *coredump)
{
	kvfree(coredump);
}

/**
 * loom_coredump_init() - memory for a dump
 * @ldev: device
 *
 * Return: 0 or -ENOMEM.
 */
int loom_coredump_init(struct loom_device *ldev)
{
	struct loom_coredump *coredump = kvzalloc(sizeof(*coredump), GFP_KERNEL);

	if (!coredump)
		return -ENOMEM;
	coredump->ldev = ldev;
	INIT_WORK(&coredump->fault, loom_coredump_fault_work);
	INIT_WORK(&coredump->format, loom_coredump_format_work);
	ldev->coredump = coredump;
	return drmm_add_action_or_reset(&ldev->drm, loom_coredump_free, coredump);
}

/**
 * loom_coredump_fini() - hand over what has been copied; nothing is copied any more
 * @ldev: device that is gone
 */
void loom_coredump_fini(struct loom_device *ldev)
{
	flush_work(&ldev->coredump->fault);
	flush_work(&ldev->coredump->format);
}
