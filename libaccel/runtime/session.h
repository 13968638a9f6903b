/* SPDX-License-Identifier: MIT */
/* What a session is made of. serve.c runs several side by side, which share a program's weights. */
#ifndef ACCEL_RUNTIME_SESSION_H
#define ACCEL_RUNTIME_SESSION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "libaccel/backend/backend.h"
#include "libaccel/cpu/cpu.h"
#include "libaccel/program/program.h"

struct accel_serve;
struct accel_trace;

enum accel_event {
	ACCEL_EVENT_BEGIN,	/* of a step: a stream was given to the device, a CPU node begins */
	ACCEL_EVENT_END,	/* ... has been waited for, or is there */
};

/**
 * struct accel_session
 * @dev: that it runs on; one of @opened's, where that is several
 * @opened: as the caller gave it; NULL for a lane and for weights
 * @ctx: NULL for programs without streams
 * @region: memories by accel_region; without @ctx only IO, from the heap
 * @streams: all streams, one behind the other
 * @stream_va: of each
 * @data: for CPU nodes: each value's contents
 * @cpu: programs for CPU devices
 * @at: by accel_step_kind: the first step of that kind that has not ended; the number of steps where all have
 * @running: between submit and wait
 * @err: of a run that ended in submit
 * @lost: the last run failed for what the device did, not the program: another device may do it
 * @stopped: the queue takes no more jobs until it is renewed
 * @seen: NULL, or told of what happens in a run, in the order in which it does
 * @seen_ctx: handed on
 * @trace: NULL, or what accel_session_trace() asked for
 * @serve: requests; made by the first, under @lock
 * @options: for it
 */
struct accel_session {
	struct accel_device *dev, *opened;
	struct accel_program *prog;
	struct accel_ctx *ctx;
	struct accel_mem region[ACCEL_NUM_REGIONS];
	struct accel_mem streams;
	uint64_t *stream_va;
	void **data;
	struct accel_cpu *cpu;
	uint32_t at[ACCEL_STEP_CPU + 1];
	bool running;
	bool in_flight;
	int err;
	bool lost, stopped;
	struct accel_stats stats;
	uint64_t start_ns;
	pthread_mutex_t lock;
	void (*seen)(void *ctx, enum accel_event event, uint32_t step);
	void *seen_ctx;
	struct accel_trace *trace;
	struct accel_serve *serve;
	struct accel_session_options options;
};

/** accel_now_ns - CLOCK_MONOTONIC */
uint64_t accel_now_ns(void);

/** accel_check_isa - has @d the instruction set and the features that @t names? 0, or -EPROTO, the message beginning with @what */
int accel_check_isa(const char *what, const struct accel_device_info *d, const struct accel_target *t);

/** accel_weights_new - a session that has the weights of @prog and cannot run: for others to share */
int accel_weights_new(struct accel_device *dev, struct accel_program *prog, struct accel_session **out);
/** accel_lane_new - a session that shares the weights and the address space of @of, which must outlive it */
int accel_lane_new(struct accel_session *of, struct accel_session **out);

/** accel_stream_cycles - of a stream that has ended in the present run */
uint64_t accel_stream_cycles(const struct accel_session *s, uint32_t stream);

/** accel_trace_free - ends tracing; there may be none (trace.c) */
void accel_trace_free(struct accel_session *s);

/* ---- serve.c ---- */

/** accel_serve_free - waits for what runs, ends the other requests with -ECANCELED. NULL is allowed */
void accel_serve_free(struct accel_serve *sv);

#endif
