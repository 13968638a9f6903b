/* SPDX-License-Identifier: MIT */
#ifndef ACCEL_RUNTIME_REQUEST_H
#define ACCEL_RUNTIME_REQUEST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <accel/accel.h>

/**
 * struct accel_request
 * @next: in the list of those that wait
 * @inputs: the caller's
 * @outputs: the caller's
 * @tries: runs begun
 * @start_ns: submitted
 * @lock: of all below
 * @fd: of the caller, -1 before it asked
 * @text: of @err
 */
struct accel_request {
	struct accel_request *next;
	const void **inputs;
	void **outputs;
	int tries;
	uint64_t start_ns;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool ended;
	int fd;
	int err;
	char *text;
	struct accel_stats stats;
};

/** accel_request_new - with copies of the lists; NULL for want of memory */
struct accel_request *accel_request_new(const void *const *inputs, int num_in, void *const *outputs, int num_out);
/** accel_request_end - @text: message of @err, copied; @stats: of the run, or NULL */
void accel_request_end(struct accel_request *r, int err, const char *text, const struct accel_stats *stats);
/** accel_cond_init - a condition whose timed waits go by CLOCK_MONOTONIC */
void accel_cond_init(pthread_cond_t *cond);

#endif
