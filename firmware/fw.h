/* SPDX-License-Identifier: MIT */
/*
 * The firmware's parts. One loop, no interrupt handlers: wfi wakes when something is pending, and the
 * loop asks each part in turn (main.c).
 */
#ifndef LOOM_FW_FW_H
#define LOOM_FW_FW_H

#include "hw.h"

extern const char fw_version[32];

/* Codes written to LOOM_CC_HALT. */
enum panic_code {
	PANIC_SHM = 1,		/* shared memory is not what fw.h of uapi says */
};

/* ---- trap.c ---- */
void panic(enum panic_code code) __attribute__((noreturn));
void trap_report(uint32_t cause, uint32_t pc, uint32_t value);

/* ---- bits.c ---- */
/** lowest_bit - number of the lowest bit that is set in @v, which is not 0 */
unsigned int lowest_bit(uint32_t v);

/* ---- timer.c: time in microseconds, differences mod 2^32 ---- */
uint32_t now_us(void);

/** timer_begin - start of a pass of the main loop: no wake-up is wanted yet */
void timer_begin(void);

/** timer_want - wake up @us after now at the latest */
void timer_want(uint32_t us);

/** timer_commit - program the earliest wake-up that was wanted in this pass */
void timer_commit(void);

/** heartbeat - count, while there is work, at least every LOOM_HEARTBEAT_MS */
void heartbeat(bool work);

/* ---- log.c ---- */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/** log_line - one line into the log ring; knows %u %x %s (32 bits each) and %X (64-bit hexadecimal) */
void log_line(enum log_level level, const char *format, ...);

/* ---- mbox.c ---- */
/** mbox_init - false where the shared memory is not laid out as agreed */
bool mbox_init(void);

/** mbox_receive - handle messages while there is room for their replies */
void mbox_receive(void);

/** mbox_reply - answer the message with @cookie; false, and nothing sent, where the ring is full */
bool mbox_reply(struct loom_msg *msg, uint32_t cookie, enum loom_fw_status status);

/** mbox_send - put @msg into the ring; false where it is full */
bool mbox_send(const struct loom_msg *msg);

/** mbox_flush - tell the host of what was sent in this pass; asks for a timer where the ring was full */
void mbox_flush(void);

/* ---- queue.c ---- */
enum queue_state {
	QUEUE_FREE,
	QUEUE_ACTIVE,
	QUEUE_STOPPED,		/* by the driver, or after a fault */
};

#define NO_CORE		0xff

/**
 * struct queue - a hardware queue as firmware sees it
 * @head: jobs ever started; the present job is head - 1
 * @tail: jobs ever put into the ring, as far as doorbells said
 * @slot: where the present job goes on, when @yielded
 * @core: that runs the present job, or NO_CORE
 * @stopping: a QUEUE_STOP waits for its reply, with @cookie
 * @stuck: the core does not let go of the job
 * @fault_waits: @fault is still to be sent
 */
struct queue {
	uint8_t state, prio, log2, core;
	bool yielded, stopping, stuck, fault_waits;
	uint32_t as, head, tail, slot, cookie;
	uint64_t cpl;
	struct loom_msg fault;
};

extern struct queue queues[LOOM_NUM_QUEUES];

enum loom_fw_status queue_create(const struct loom_msg *msg);
enum loom_fw_status queue_destroy(uint32_t q);
enum loom_fw_status queue_resume(uint32_t q);

/** queue_stop - begin to stop; LOOM_FW_OK: queue_report() will answer when the queue is off the cores */
enum loom_fw_status queue_stop(uint32_t q, uint32_t cookie);

/** queue_doorbells - take new tails */
void queue_doorbells(void);

/** queue_update - keep the scheduler's view of @q after any change of it */
void queue_update(unsigned int q);

/** queue_owes - queue_report() has to look at @q: it stops, or has a fault to tell */
void queue_owes(unsigned int q);

/** queue_report - send what stopped queues owe the driver: faults, replies to QUEUE_STOP */
void queue_report(void);

/** queue_fault - the queue stops itself; the message goes out as soon as there is room */
void queue_fault(unsigned int q, unsigned int core, uint32_t status);

/* ---- sched.c ---- */
void sched_init(void);

/** sched_set_runnable - @q has a job to start or to go on with, at priority @prio; or not */
void sched_set_runnable(unsigned int q, unsigned int prio, bool runnable);

/** sched_core_events - take jobs off the cores that they left */
void sched_core_events(void);

/** sched_stop_core - the job on @core has to go */
void sched_stop_core(unsigned int core);

/** sched_watch_stops - cores that do not obey are reset; where that does not help either, their queue is stuck */
void sched_watch_stops(void);

/** sched_dispatch - fill idle cores, and have running jobs give way */
void sched_dispatch(void);

/** sched_suspend - start nothing any more; answered by sched_report() */
void sched_suspend(uint32_t cookie);
void sched_report(void);

/** sched_busy - something is queued or running */
bool sched_busy(void);

#endif
