/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_HWQ_H
#define LOOM_HWQ_H

#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <drm/loom_accel.h>
#include <loom/fw.h>
#include <loom/regs.h>

struct drm_printer;
struct loom_device;
struct loom_msg;
struct loom_run;

#define LOOM_RING_LOG2		7
#define LOOM_RING_ENTRIES	BIT(LOOM_RING_LOG2)
#define LOOM_RING_MASK		(LOOM_RING_ENTRIES - 1)

/**
 * struct loom_hwq_fault - what QUEUE_GET_STATE tells of the job that ended a queue
 * @va: of an MMU fault
 * @status: loom_job_status
 * @code: by @status
 * @slot: descriptor
 * @engine: loom_engine
 * @access: LOOM_ACCESS_*
 * @job: index in the queue
 * @stream_va: of the job
 * @stream_slots: of the job
 */
struct loom_hwq_fault {
	u64 va;
	u32 status;
	u32 code;
	u32 slot;
	u8 engine;
	u8 access;
	u64 job;
	u64 stream_va;
	u32 stream_slots;
};

/**
 * struct loom_hwq_snapshot - how a queue is, for a dump; fields as in struct loom_hwq
 * @name: of the queue
 * @slot: number of the hardware queue
 * @as: address space
 * @prio: loom_fw_prio
 * @state: DRM_LOOM_QUEUE_STATE_*
 * @live: the firmware knows it
 * @dead: no further job is executed
 * @stopped: the hardware executes none
 * @done: jobs that have ended
 * @pushed: jobs that came from the scheduler
 * @started: jobs the hardware had started at the last reset
 * @base: job that is the hardware's index 0
 * @watch_ns: time of the oldest job on a core
 * @stream_va: of the job that faulted, or of the oldest in flight
 * @stream_slots: of the same; 0 where there is none
 * @fault: valid with DRM_LOOM_QUEUE_STATE_FAULT
 */
struct loom_hwq_snapshot {
	char name[16];
	u32 slot;
	u32 as;
	u32 prio;
	u32 state;
	bool live;
	bool dead;
	bool stopped;
	u64 done;
	u64 pushed;
	u64 started;
	u64 base;
	u64 watch_ns;
	u64 stream_va;
	u32 stream_slots;
	struct loom_hwq_fault fault;
};

/**
 * struct loom_usage - what jobs have taken
 * @jobs: that have ended
 * @cycles: of the cores
 * @busy_ns: of the cores
 */
struct loom_usage {
	u64 jobs;
	u64 cycles;
	u64 busy_ns;
};

/**
 * struct loom_hwq - hardware side of a queue: rings, jobs in flight, how it ended
 *
 * Jobs are counted from the queue's creation. The hardware counts from @base, since a queue may be
 * made again in a reset.
 */
struct loom_hwq {
	/** @ldev: device */
	struct loom_device *ldev;

	/** @slot: number of the hardware queue; constant */
	unsigned int slot;

	/** @as: address space of its jobs; constant */
	unsigned int as;

	/** @prio: loom_fw_prio; constant */
	unsigned int prio;

	/** @user: user space owns rings and doorbell; constant, as are the next three */
	bool user;

	/** @ring_va: of the job ring, @user */
	u64 ring_va;

	/** @cpl_va: of the completion ring, @user */
	u64 cpl_va;

	/** @log2: of the entries of both rings */
	unsigned int log2;

	/** @ring_dma: bus address of @ring */
	dma_addr_t ring_dma;

	/** @cpl_dma: bus address of @cpl */
	dma_addr_t cpl_dma;

	/**
	 * @ring: jobs for the device. NULL once the device is gone; changes with reset.lock held
	 * for writing, or when nobody else has the queue
	 */
	struct loom_job *ring;

	/** @cpl: completion records, from the device; likewise */
	struct loom_completion *cpl;

	/** @lock: protects all that follows; taken in hard interrupts */
	spinlock_t lock;

	/** @inflight: jobs from @done to @pushed, each with a reference, by index modulo size */
	struct loom_run *inflight[LOOM_RING_ENTRIES];

	/** @base: job that is the hardware's index 0; @user: that it began to count jobs done at */
	u64 base;

	/** @base_cycles: @cycles then, @user */
	u64 base_cycles;

	/** @tail: what the doorbell of a @user queue said last when the device was to sleep */
	u32 tail;

	/** @pushed: jobs that came from the scheduler; @user: that the doorbell told of */
	u64 pushed;

	/** @done: jobs that have ended; @user: as the hardware said last */
	u64 done;

	/** @wait: whoever waits for @done of a @user queue, or for its end */
	wait_queue_head_t wait;

	/** @waiters: how many; hwqs.busy says whether there are any */
	unsigned int waiters;

	/** @started: jobs the hardware had started when it was reset */
	u64 started;

	/** @live: the firmware knows the queue; doorbells may be rung */
	bool live;

	/** @dead: no further job is to be executed */
	bool dead;

	/** @stopped: @dead, and the hardware does not execute any */
	bool stopped;

	/** @error: what the fences of jobs get that a dead queue does not execute */
	int error;

	/** @state: DRM_LOOM_QUEUE_STATE_* */
	u32 state;

	/** @fault: valid with DRM_LOOM_QUEUE_STATE_FAULT */
	struct loom_hwq_fault fault;

	/** @cycles: of all its jobs */
	u64 cycles;

	/** @busy_ns: the same as time, at the clock of then */
	u64 busy_ns;

	/** @watch_job: job that was the oldest in flight when the watch looked last; or U64_MAX */
	u64 watch_job;

	/** @watch_counts: the watch's last look saw it on a core */
	bool watch_counts;

	/** @watch_ns: how long it has been seen on a core */
	u64 watch_ns;
};

/* ---- one queue ---- */
int loom_hwq_init(struct loom_hwq *hwq, struct loom_device *ldev, unsigned int as,
		  unsigned int prio);
void loom_hwq_fini(struct loom_hwq *hwq);
void loom_hwq_push(struct loom_hwq *hwq, struct loom_run *run);
void loom_hwq_condemn(struct loom_hwq *hwq, u32 state, int error);
void loom_hwq_kill(struct loom_hwq *hwq, u32 state, int error);
bool loom_hwq_is_dead(struct loom_hwq *hwq);
void loom_hwq_add_usage(struct loom_hwq *hwq, struct loom_usage *usage);
void loom_hwq_show(struct loom_hwq *hwq, struct drm_printer *p);
void loom_hwq_snapshot(struct loom_hwq *hwq, struct loom_hwq_snapshot *to);
void loom_hwq_get_state(struct loom_hwq *hwq, struct drm_loom_queue_get_state *args);

u64 loom_hwq_watch(struct loom_hwq *hwq, u64 on_core, u64 waiting, u64 ns, u64 *job);
void loom_hwq_timeout(struct loom_hwq *hwq, u64 job);

/* inside of a queue, and for loom_hwqs.c */
int loom_hwq_call(struct loom_hwq *hwq, enum loom_msg_type type);
void loom_hwq_reset_after(struct loom_hwq *hwq, int error, const char *why);
void loom_hwq_write_entry(struct loom_hwq *hwq, u64 job);
void loom_hwq_ring_doorbell(struct loom_hwq *hwq);
void loom_hwq_end(struct loom_hwq *hwq, int error);
void loom_hwq_mark_dead(struct loom_hwq *hwq, u32 state, int error);
void loom_hwq_settle(struct loom_hwq *hwq);
void loom_hwq_poll(struct loom_hwq *hwq);
void loom_hwq_fault(struct loom_hwq *hwq, const struct loom_hwq_fault *fault);
void loom_hwq_after_reset(struct loom_hwq *hwq, bool asleep);
void loom_hwq_revive(struct loom_hwq *hwq);
void loom_hwq_end_all(struct loom_hwq *hwq, u32 state, int error);
void loom_hwq_free_rings(struct loom_hwq *hwq);

/* ---- all of them ---- */
int loom_hwqs_init(struct loom_device *ldev);
void loom_hwqs_fini(struct loom_device *ldev);
void loom_hwqs_pre_reset(struct loom_device *ldev);
void loom_hwqs_pre_sleep(struct loom_device *ldev);
void loom_hwqs_settle(struct loom_device *ldev, bool asleep);
void loom_hwqs_post_reset(struct loom_device *ldev);
void loom_hwqs_kill_all(struct loom_device *ldev);

bool loom_hwqs_are_idle(struct loom_device *ldev);
void loom_hwqs_poll(struct loom_device *ldev);
void loom_hwqs_handle_fault(struct loom_device *ldev, const struct loom_msg *msg);
struct loom_hwq *loom_hwqs_get(struct loom_device *ldev, unsigned int slot);
void loom_hwqs_show(struct loom_device *ldev, struct drm_printer *p);

/* for the queues themselves */
int loom_hwqs_take_slot(struct loom_device *ldev, struct loom_hwq *hwq);
void loom_hwqs_publish(struct loom_device *ldev, struct loom_hwq *hwq);
void loom_hwqs_give_slot(struct loom_device *ldev, unsigned int slot);
void loom_hwqs_set_busy(struct loom_device *ldev, unsigned int slot, bool busy);

#endif
