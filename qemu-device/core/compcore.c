// SPDX-License-Identifier: MIT
/* A compute core's control block: starts, stops and ends jobs. What a job does is exec.h's. */
#include <string.h>

#include "npu.h"

/* ---- What the running task works on: copies, taken under the lock ---- */

struct work {
	enum loom_phase phase;
	enum loom_inject inject;
	uint64_t epoch;
	uint32_t as;
	bool valid;		/* the queue exists and is enabled */
	struct loom_queue queue;
	uint32_t number, index, slot;
	uint64_t seqno;
	bool trace;
};

struct job_memory {
	struct loom_tlb *tlb;
	uint32_t as;
};

static int vm_read(void *opaque, uint64_t va, void *buf, size_t len, uint64_t *fault_va)
{
	struct job_memory *m = opaque;

	return loom_tlb_access(m->tlb, m->as, va, buf, len, LOOM_ACCESS_READ, fault_va);
}

static int vm_write(void *opaque, uint64_t va, const void *buf, size_t len, uint64_t *fault_va)
{
	struct job_memory *m = opaque;

	return loom_tlb_access(m->tlb, m->as, va, (void *)buf, len, LOOM_ACCESS_WRITE, fault_va);
}

static enum loom_exec_outcome start_job(struct loom_ccu *core, struct work *w, const struct loom_vm *vm,
					struct loom_exec_result *r)
{
	struct loom_job job;

	if (!w->valid) {
		r->status = LOOM_JOB_BAD_ENTRY;
		return LOOM_EXEC_ENDED;
	}
	loom_queue_fetch(core->tlb, &w->queue, w->index, &job, r);
	w->seqno = job.seqno;
	if (r->status == LOOM_JOB_OK && w->inject != LOOM_INJECT_NONE)
		loom_inject_fetch(core->tlb, w->inject, job.stream_va, r);
	if (r->status != LOOM_JOB_OK)
		return LOOM_EXEC_ENDED;
	loom_trace_start(core, w->trace, w->number, w->seqno, w->slot);
	return loom_core_run(core->exec, vm, job.stream_va, job.stream_slots, w->slot,
			     &core->requests, r);
}

static enum loom_exec_outcome execute(struct loom_ccu *core, struct work *w,
				      struct loom_exec_result *r)
{
	struct job_memory memory = { .tlb = core->tlb, .as = w->as };
	struct loom_vm vm = { .read = vm_read, .write = vm_write, .opaque = &memory };

	memset(r, 0, sizeof(*r));
	if (w->phase == LOOM_PHASE_CONTINUE) {
		loom_trace_start(core, w->trace, w->number, w->seqno, UINT32_MAX);
		return loom_core_continue(core->exec, &vm, &core->requests, r);
	}
	if (w->inject == LOOM_INJECT_HANG_CORE || w->inject == LOOM_INJECT_HANG_JOB ||
	    w->inject == LOOM_INJECT_DEAD_CORE)
		return LOOM_EXEC_DEADLOCK;
	return start_job(core, w, &vm, r);
}

/* ---- The end of a run (lock held) ---- */

static void finish(struct loom_ccu *core)
{
	struct loom_dev *dev = core->dev;
	struct loom_queue *q = &dev->queue[core->job.queue % LOOM_NUM_QUEUES];

	core->phase = LOOM_PHASE_NONE;
	if (core->outcome == LOOM_EXEC_YIELDED) {
		core->state = LOOM_CORE_YIELDED;
		core->slot = core->result.slot;
		q->cycles += core->result.cycles;
		q->macs += core->result.macs;
	} else {
		core->state = LOOM_CORE_ENDED;
		core->jobs++;
	}
	dev->cc.core_event |= 1u << core->id;
	loom_cc_update_irq(dev);
}

static void finish_stopped(struct loom_ccu *core)
{
	memset(&core->result, 0, sizeof(core->result));
	core->result.status = LOOM_JOB_STOPPED;
	core->outcome = LOOM_EXEC_ENDED;
	finish(core);
}

static uint64_t modelled_end(struct loom_ccu *core)
{
	uint64_t cycles = core->result.cycles, passed = core->job.passed;

	/* Cycles of one run stay far below 2^44 (hours); the product fits 64 bits. */
	return core->job.start_ns + (cycles > passed ? cycles - passed : 0) * 1000000ull / core->dev->clock_khz;
}

void loom_ccu_new_clock(struct loom_ccu *core, uint32_t old_khz, uint64_t now_ns)
{
	uint64_t ns = now_ns > core->job.start_ns ? now_ns - core->job.start_ns : 0;

	if (core->phase == LOOM_PHASE_NONE)
		return;
	core->job.passed += ns / 1000000 * old_khz + ns % 1000000 * old_khz / 1000000;
	core->job.start_ns += ns;
	if (core->phase == LOOM_PHASE_DELAY) {
		core->end_ns = modelled_end(core);
		loom_task_post(core->dev, &core->task);
	}
}

static void settle(struct loom_ccu *core, struct work *w, enum loom_exec_outcome outcome,
		   const struct loom_exec_result *r, uint64_t now)
{
	struct loom_dev *dev = core->dev;

	if (dev->epoch != w->epoch)
		return;
	core->job.seqno = w->seqno;
	switch (outcome) {
	case LOOM_EXEC_PAUSED:
		core->phase = LOOM_PHASE_CONTINUE;
		loom_task_post(dev, &core->task);
		return;
	case LOOM_EXEC_DEADLOCK:
		core->phase = LOOM_PHASE_HUNG;
		core->stuck = core->inject == LOOM_INJECT_HANG_CORE ||
			      core->inject == LOOM_INJECT_DEAD_CORE;
		/* A STOP of before this run has been polled for the last time. */
		if (core->want & LOOM_EXEC_STOP)
			loom_task_post(dev, &core->task);
		return;
	default:
		break;
	}
	core->result = *r;
	core->outcome = outcome;
	core->end_ns = dev->geo.timing ? modelled_end(core) : 0;
	if (core->end_ns > now && !(core->want & LOOM_EXEC_STOP)) {
		core->phase = LOOM_PHASE_DELAY;
		loom_task_sleep_until(dev, &core->task, core->end_ns);
		return;
	}
	finish(core);
}

/* ---- The task ---- */

/* Take what is to be executed. False: nothing is. Lock held. */
static bool take_work(struct loom_ccu *core, struct work *w, uint64_t now)
{
	struct loom_dev *dev = core->dev;

	switch (core->phase) {
	case LOOM_PHASE_NONE:
		return false;
	case LOOM_PHASE_DELAY:
		if (core->end_ns <= now || (core->want & LOOM_EXEC_STOP))
			finish(core);
		else
			loom_task_sleep_until(dev, &core->task, core->end_ns);
		return false;
	case LOOM_PHASE_HUNG:
		if ((core->want & LOOM_EXEC_STOP) && !core->stuck)
			finish_stopped(core);
		return false;
	case LOOM_PHASE_START:
	case LOOM_PHASE_CONTINUE:
		break;
	}
	atomic_store(&core->requests, core->want | (dev->sched.hold ? LOOM_EXEC_PAUSE : 0));
	*w = (struct work) {
		.phase = core->phase, .inject = core->inject, .epoch = dev->epoch,
		.as = core->job.as, .index = core->job.index, .slot = core->job.slot,
		.seqno = core->job.seqno, .number = core->job.queue,
		.trace = core->trace.ctrl & LOOM_TRACE_CTRL_ENABLE,
		.valid = core->job.queue < LOOM_NUM_QUEUES,
	};
	if (w->valid) {
		w->queue = dev->queue[core->job.queue];
		w->valid = w->queue.ctrl & LOOM_CCQ_CTRL_ENABLE;
	}
	return true;
}

void loom_ccu_new_epoch(struct loom_ccu *core)
{
	struct loom_dev *dev = core->dev;
	bool stale;

	pthread_mutex_lock(&dev->lock);
	stale = core->epoch != dev->epoch;
	pthread_mutex_unlock(&dev->lock);
	if (!stale)
		return;
	loom_core_abandon(core->exec);
	loom_core_reset_counters(core->exec);
	pthread_mutex_lock(&dev->lock);
	core->epoch = dev->epoch;
	loom_tlb_renew(core->tlb);
	pthread_mutex_unlock(&dev->lock);
}

void loom_ccu_run(void *opaque)
{
	struct loom_ccu *core = opaque;
	struct loom_dev *dev = core->dev;
	uint64_t now = loom_dev_now(dev);
	struct loom_exec_result result;
	enum loom_exec_outcome outcome;
	struct work w;
	bool busy;

	loom_ccu_new_epoch(core);
	pthread_mutex_lock(&dev->lock);
	busy = take_work(core, &w, now);
	pthread_mutex_unlock(&dev->lock);
	if (!busy)
		return;
	if (dev->bus.job_start && w.phase == LOOM_PHASE_START)
		dev->bus.job_start(dev->opaque, core->id, w.number, w.index, w.slot);
	outcome = execute(core, &w, &result);
	if (dev->bus.job_end && (outcome == LOOM_EXEC_ENDED || outcome == LOOM_EXEC_YIELDED))
		dev->bus.job_end(dev->opaque, core->id, w.number, w.index, result.status, result.cycles);
	now = loom_dev_now(dev);
	pthread_mutex_lock(&dev->lock);
	settle(core, &w, outcome, &result, now);
	pthread_mutex_unlock(&dev->lock);
}

/* ---- Commands ---- */

static void command_start(struct loom_ccu *core, uint64_t now)
{
	struct loom_dev *dev = core->dev;
	struct loom_queue *q = &dev->queue[core->queue % LOOM_NUM_QUEUES];

	core->job.queue = core->queue;
	core->job.index = core->index;
	core->job.slot = core->slot;
	core->job.as = q->as;
	core->job.seqno = 0;
	core->job.start_ns = now;
	core->job.passed = 0;
	core->inject = loom_inject_job(dev);
	if (!core->slot) {
		q->cycles = 0;
		q->macs = 0;
	}
	core->state = LOOM_CORE_RUNNING;
	core->phase = LOOM_PHASE_START;
	core->want = 0;
	loom_task_post(dev, &core->task);
	loom_thermal_watch(dev, now);
}

static void request(struct loom_ccu *core, uint32_t bit)
{
	core->want |= bit;
	atomic_fetch_or(&core->requests, bit);
	loom_task_post(core->dev, &core->task);
}

/* The record is there; the interrupt that says so comes next. */
static void count_done(struct loom_dev *dev, unsigned int q, uint64_t epoch, uint64_t cycles)
{
	pthread_mutex_lock(&dev->lock);
	if (dev->epoch == epoch) {
		dev->queue[q].done++;
		dev->queue[q].done_cycles += cycles;
	}
	pthread_mutex_unlock(&dev->lock);
}

/* What is being executed comes to rest by itself; what hangs is let go of. */
static void command_reset(struct loom_ccu *core)
{
	if (core->inject == LOOM_INJECT_HANG_CORE) {
		core->inject = LOOM_INJECT_HANG_JOB;
		core->stuck = false;
	}
	request(core, LOOM_EXEC_STOP);
}

/* Lock held on entry and return, let go while the record is written. */
static void command_complete(struct loom_ccu *core)
{
	struct loom_dev *dev = core->dev;
	const struct loom_exec_result *r = &core->result;
	struct loom_queue q = dev->queue[core->job.queue % LOOM_NUM_QUEUES];
	struct loom_completion rec = {
		.seqno = core->job.seqno,
		.status = r->status,
		.fault_code = r->fault_code,
		.fault_va = r->fault_va,
		.fault_slot = r->fault_slot,
		.fault_engine = r->fault_engine,
		.fault_access = r->fault_access,
		.core = (uint8_t)core->id,
		.cycles = q.cycles + r->cycles,
		.macs = q.macs + r->macs,
	};
	uint64_t epoch = dev->epoch;
	bool lost;
	int err;

	pthread_mutex_unlock(&dev->lock);
	if (loom_inject_take(dev, LOOM_INJECT_CORRUPT_CPL))
		rec.seqno ^= 0x5a5a5a5a00000000ull;
	lost = loom_inject_take(dev, LOOM_INJECT_DROP_CPL);
	err = lost ? 0 : loom_queue_complete(dev->cc.tlb, &q, core->job.index, &rec);
	if (!err && !lost)
		count_done(dev, core->job.queue % LOOM_NUM_QUEUES, epoch, rec.cycles);
	if (!err)
		loom_dev_irq(dev, LOOM_VEC_JOB);
	pthread_mutex_lock(&dev->lock);
	if (dev->epoch == epoch) {
		core->cpl_status = (uint32_t)err;
		core->state = LOOM_CORE_IDLE;
	}
}

void loom_ccu_command(struct loom_dev *dev, unsigned int id, uint32_t cmd)
{
	struct loom_ccu *core = &dev->core[id];
	uint64_t now = loom_dev_now(dev);

	pthread_mutex_lock(&dev->lock);
	/* A hart that a reset has overtaken commands nothing. */
	switch (dev->epoch == dev->cc.epoch ? cmd : 0) {
	case LOOM_CORE_CMD_START:
		if (core->state == LOOM_CORE_IDLE || core->state == LOOM_CORE_ENDED)
			command_start(core, now);
		break;
	case LOOM_CORE_CMD_STOP:
		if (core->state == LOOM_CORE_RUNNING)
			request(core, LOOM_EXEC_STOP);
		break;
	case LOOM_CORE_CMD_RESET:
		if (core->state == LOOM_CORE_RUNNING)
			command_reset(core);
		break;
	case LOOM_CORE_CMD_YIELD:
		if (core->state == LOOM_CORE_RUNNING)
			request(core, LOOM_EXEC_YIELD);
		break;
	case LOOM_CORE_CMD_COMPLETE:
		if (core->state == LOOM_CORE_ENDED)
			command_complete(core);
		break;
	case LOOM_CORE_CMD_RELEASE:
		if (core->state == LOOM_CORE_ENDED || core->state == LOOM_CORE_YIELDED)
			core->state = LOOM_CORE_IDLE;
		break;
	}
	pthread_mutex_unlock(&dev->lock);
}

void loom_ccu_reset(struct loom_ccu *core)
{
	core->queue = 0;
	core->index = 0;
	core->slot = 0;
	memset(&core->job, 0, sizeof(core->job));
	core->state = LOOM_CORE_IDLE;
	core->cpl_status = 0;
	memset(&core->result, 0, sizeof(core->result));
	core->phase = LOOM_PHASE_NONE;
	core->stuck = false;
	core->inject = LOOM_INJECT_NONE;
	core->jobs = 0;
	memset(&core->latched, 0, sizeof(core->latched));
	loom_trace_reset(&core->trace);
	core->task.ready = false;
	core->task.deadline = LOOM_NO_DEADLINE;
	core->want = 0;
	/* Whatever still runs for the old epoch leaves. */
	atomic_fetch_or(&core->requests, LOOM_EXEC_STOP);
}

/* ---- Telemetry ---- */

const char *loom_dev_core_state(struct loom_dev *dev, unsigned int core)
{
	static const char *const states[] = {
		[LOOM_CORE_IDLE] = "idle", [LOOM_CORE_ENDED] = "ended", [LOOM_CORE_YIELDED] = "yielded",
	};
	static const char *const phases[] = {
		[LOOM_PHASE_START] = "starting", [LOOM_PHASE_CONTINUE] = "paused",
		[LOOM_PHASE_HUNG] = "hung", [LOOM_PHASE_DELAY] = "timed",
	};
	const struct loom_ccu *ccu = &dev->core[core];
	const char *name;

	pthread_mutex_lock(&dev->lock);
	name = ccu->state == LOOM_CORE_RUNNING ? phases[ccu->phase] : states[ccu->state];
	pthread_mutex_unlock(&dev->lock);
	return name;
}

uint64_t loom_ccu_counter(struct loom_ccu *core, uint32_t offset)
{
	const struct loom_exec_counters *c = loom_core_counters(core->exec);

	/* Until the core has come to its senses after a reset it still counts for the time before. */
	if (core->epoch != core->dev->epoch)
		return 0;
	switch (offset) {
	case LOOM_CORE_CYCLES_64: return atomic_load_explicit(&c->cycles, memory_order_relaxed);
	case LOOM_CORE_MACS_64: return atomic_load_explicit(&c->macs, memory_order_relaxed);
	case LOOM_CORE_BYTES_IN_64: return atomic_load_explicit(&c->bytes_in, memory_order_relaxed);
	case LOOM_CORE_BYTES_OUT_64: return atomic_load_explicit(&c->bytes_out, memory_order_relaxed);
	case LOOM_CORE_DESCS_64: return atomic_load_explicit(&c->descs, memory_order_relaxed);
	case LOOM_CORE_JOBS_64: return core->jobs;
	}
	offset = (offset - LOOM_CORE_BUSY_64(0)) / 8;
	return offset < LOOM_NUM_ENGINES ? atomic_load_explicit(&c->busy[offset], memory_order_relaxed) : 0;
}
