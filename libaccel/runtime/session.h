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
 * @step: to run next
 * @running: between submit and wait
 * @err: of a run that ended in submit
 * @lost: the last run failed for what the device did, not the program: another device may do it
 * @stopped: the queue takes no more jobs until it is renewed
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
	uint32_t step;
	bool running;
	bool in_flight;
	int err;
	bool lost, stopped;
	struct accel_stats stats;
	uint64_t start_ns;
	pthread_mutex_t lock;
	struct accel_serve *serve;
	struct accel_session_options options;
};

/** accel_now_ns - CLOCK_MONOTONIC */
uint64_t accel_now_ns(void);

/** accel_check_isa - can @d run what was compiled for @t? 0, or -EPROTO, the message beginning with @what */
int accel_check_isa(const char *what, const struct accel_device_info *d, const struct accel_target *t);

/** accel_weights_new - a session that has the weights of @prog and cannot run: for others to share */
int accel_weights_new(struct accel_device *dev, struct accel_program *prog, struct accel_session **out);
/** accel_lane_new - a session that shares the weights and the address space of @of, which must outlive it */
int accel_lane_new(struct accel_session *of, struct accel_session **out);

/* ---- serve.c ---- */

/** accel_serve_free - waits for what runs, ends the other requests with -ECANCELED. NULL is allowed */
void accel_serve_free(struct accel_serve *sv);

#endif
