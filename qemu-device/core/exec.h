/* SPDX-License-Identifier: MIT */
/*
 * One compute core: executes a command stream (isa.h) over a scratchpad, accumulators and a virtual
 * memory that the caller supplies. The device runs it behind its MMU; libaccel's in-process backend
 * runs it over its own memory. Same stream, same bytes.
 */
#ifndef LOOM_CORE_EXEC_H
#define LOOM_CORE_EXEC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <loom/isa.h>
#include <loom/regs.h>

#include "geometry.h"

struct loom_core;

/**
 * struct loom_vm - the virtual memory a job sees
 * @read: copy from VA; 0, or a loom_mmu_fault with *@fault_va the failing address
 * @write: copy to VA; likewise. Bytes before the failing page may have been written
 */
struct loom_vm {
	int (*read)(void *opaque, uint64_t va, void *buf, size_t len, uint64_t *fault_va);
	int (*write)(void *opaque, uint64_t va, const void *buf, size_t len, uint64_t *fault_va);
	void *opaque;
};

/* What an outside thread may ask of a running core; polled between descriptors. */
#define LOOM_EXEC_STOP		0x1	/* abort: LOOM_JOB_STOPPED */
#define LOOM_EXEC_YIELD		0x2	/* leave at the next MARK */
#define LOOM_EXEC_PAUSE		0x4	/* leave between two descriptors, resumable with all state */

enum loom_exec_outcome {
	LOOM_EXEC_ENDED,	/* result->status says how */
	LOOM_EXEC_YIELDED,	/* at a MARK; result->slot is the slot after it */
	LOOM_EXEC_PAUSED,	/* by LOOM_EXEC_PAUSE; loom_core_continue() goes on */
	LOOM_EXEC_DEADLOCK,	/* every engine waits for a semaphore that nothing can signal. Hardware
				 * would hang here; the caller decides how long */
};

/**
 * struct loom_exec_result - of the last run; the fields of struct loom_completion (regs.h)
 */
struct loom_exec_result {
	uint32_t status;
	uint32_t fault_code;
	uint64_t fault_va;
	uint32_t fault_slot;
	uint8_t fault_engine;
	uint8_t fault_access;
	uint32_t slot;
	uint64_t cycles;
	uint64_t macs;
};

/**
 * struct loom_exec_counters - free-running, see LOOM_REG_CORE in regs.h
 * @seq: odd while the core changes the others; loom_core_sample() looks at it
 *
 * Written by the core's thread only. Each alone can be read at any time.
 */
struct loom_exec_counters {
	_Atomic uint64_t cycles, macs, bytes_in, bytes_out, descs, jobs, conflicts;
	_Atomic uint64_t busy[LOOM_NUM_ENGINES];
	_Atomic uint64_t stall[LOOM_NUM_ENGINES][LOOM_NUM_STALLS];
	_Atomic uint64_t seq;
};

/**
 * struct loom_exec_sample - all counters at one moment; for each engine cycles - busy - sum of stall is its idle time
 */
struct loom_exec_sample {
	uint64_t cycles, macs, bytes_in, bytes_out, descs, jobs, conflicts;
	uint64_t busy[LOOM_NUM_ENGINES];
	uint64_t stall[LOOM_NUM_ENGINES][LOOM_NUM_STALLS];
};

int loom_core_new(const struct loom_geometry *geo, struct loom_core **out);
void loom_core_free(struct loom_core *core);

/** loom_core_set_id - the number that STAT reports; 0 for a new core */
void loom_core_set_id(struct loom_core *core, uint32_t id);

/**
 * loom_core_set_order - execute in an order that chance picks from those that engines and semaphores allow
 * @seed: of the chance; 0: back to the order that this device is known for
 *
 * To prove of a stream that it needs no more order than it asks for. Which of several faults ends a job is then open, and
 * a fault is not precise; cycles are of the order taken.
 */
void loom_core_set_order(struct loom_core *core, uint64_t seed);

/**
 * loom_core_run - execute a stream from @first_slot until it ends, yields, pauses or deadlocks
 * @va: of slot 0, 64-byte aligned
 * @slots: length of the stream
 * @requests: LOOM_EXEC_* bits, set by other threads at any time
 *
 * Scratchpad and accumulators are zero at slot 0 of a job, so that nothing leaks from one job into
 * another and a stream's result depends on the stream and memory only.
 */
enum loom_exec_outcome loom_core_run(struct loom_core *core, const struct loom_vm *vm, uint64_t va,
				     uint32_t slots, uint32_t first_slot, const _Atomic uint32_t *requests,
				     struct loom_exec_result *result);

/** loom_core_continue - after LOOM_EXEC_PAUSED, with the same @vm contents */
enum loom_exec_outcome loom_core_continue(struct loom_core *core, const struct loom_vm *vm,
					  const _Atomic uint32_t *requests,
					  struct loom_exec_result *result);

/** loom_core_abandon - forget a paused or deadlocked job */
void loom_core_abandon(struct loom_core *core);

const struct loom_exec_counters *loom_core_counters(const struct loom_core *core);
void loom_core_reset_counters(struct loom_core *core);

/** loom_core_sample - the counters between two descriptors; from any thread, while the core runs */
void loom_core_sample(const struct loom_core *core, struct loom_exec_sample *out);

/**
 * loom_core_set_trace - from the next run on, hand every descriptor that was executed to @emit; NULL: to nobody
 * @emit: called by the core's thread with up to LOOM_TRACE_BATCH records at a time, whenever so many have come together
 *	and when the core leaves a run. seq, job and queue are zero: the caller knows them. Without the cycle model
 *	start, end and stalls are zero
 */
void loom_core_set_trace(struct loom_core *core,
			 void (*emit)(void *opaque, const struct loom_trace_record *rec, size_t n), void *opaque);
#define LOOM_TRACE_BATCH	64

/**
 * struct loom_packed_counts - blocks of right operands of the matrix unit, since the core was made
 * @packed: brought into the form that kernels read; @kept: of those, for others to come
 * @reused: not packed, since what was kept of before still stands
 * @forgotten: seen or kept, before something was written over what they are made from
 */
struct loom_packed_counts {
	uint64_t packed, kept, reused, forgotten;
};
const struct loom_packed_counts *loom_core_packed(const struct loom_core *core);

/**
 * loom_core_set_packed - memory for packed blocks that may be used again; of a core that is not running
 * @bytes: at most so many; 0: pack for each descriptor. Four times the scratchpad for a new core; never over 16 MiB
 *
 * Neither results nor cycles depend on it.
 */
void loom_core_set_packed(struct loom_core *core, uint64_t bytes);

/* Serialise a core that is not running (paused counts): scratchpad, accumulators, semaphores, engine queues. */
size_t loom_core_state_bytes(const struct loom_core *core);
void loom_core_save(const struct loom_core *core, void *buf);
int loom_core_load(struct loom_core *core, const void *buf, size_t len);

#endif
