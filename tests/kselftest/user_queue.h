/* SPDX-License-Identifier: MIT */
/* A user queue as a program has it: rings in a buffer of the VM, the doorbell page. */
#ifndef LOOM_KSELFTEST_USER_QUEUE_H
#define LOOM_KSELFTEST_USER_QUEUE_H

#include "loom_test.h"

#define RINGS_VA	0x600000000ull	/* of the first; each a megabyte further */

struct user_queue {
	int fd;
	uint32_t id, log2;
	uint64_t rings_va, offset, tail;
	struct bo rings;
	struct loom_job *ring;
	volatile struct loom_completion *cpl;
	volatile uint32_t *doorbell;
};

int user_queue_make(int fd, struct drm_loom_queue_create *args);
struct user_queue user_queue_open(int fd, uint32_t vm, uint32_t priority, uint32_t log2);
struct user_queue user_queue_of(const struct client *c, uint32_t log2);	/* in the client's VM, of normal priority */
void user_queue_close(struct user_queue *q);	/* also after its device or file has gone */
void user_queue_put(struct user_queue *q, uint64_t va, uint32_t slots);	/* into the ring */
uint64_t user_queue_ring(struct user_queue *q);	/* the doorbell; jobs so far */
uint64_t user_queue_run(struct user_queue *q, uint64_t va, uint32_t slots);	/* both */
bool user_queue_done(struct user_queue *q, uint64_t jobs);	/* by the record */
bool user_queue_poll(struct user_queue *q, uint64_t jobs, int64_t timeout);
int user_queue_wait(struct user_queue *q, uint64_t jobs, int64_t timeout, uint64_t *completed);
void user_queue_serves(struct client *c, struct user_queue *q);	/* a job whose result is right */

#endif
