/* SPDX-License-Identifier: MIT */
/* What the parts of the fuzzer share. */
#ifndef LOOM_KSELFTEST_FUZZ_H
#define LOOM_KSELFTEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loom_test.h"

#define FUZZ_NRS	256	/* ioctl numbers of DRM */

/* In memory that all processes share. */
struct fuzz_counts {
	uint64_t ioctls;		/* all of them */
	uint64_t faults;		/* of these, with a failure injected */
	uint64_t samples;		/* records read of streams of counters */
	uint64_t wild;			/* of these, of random number, size and content */
	uint64_t well[FUZZ_NRS];	/* that gave 0, by number; neither has the wild ones */
	uint64_t refused[FUZZ_NRS];	/* that did not */
	uint64_t ns[FUZZ_NRS];		/* that both took */
};

enum pool_kind { VMS, QUEUES, USERQS, BUFFERS, SYNCOBJS, LINES, FDS, POOLS };

/* Something that has a handle. Threads change it without a lock: stale and wrong ones are wanted, too. */
struct object {
	uint32_t id;		/* 0: there is none */
	uint32_t vm;		/* of queues, and of private buffers */
	uint64_t value;		/* BUFFERS: bytes; USERQS: jobs so far; LINES: the last point */
};

#define POOL_SIZE	32
#define MAX_STREAMS	2u	/* of counters: the first of FDS; sync files are the others */
struct pool {
	struct object at[POOL_SIZE];
};

/* A map of a buffer, or of nothing. */
struct map {
	char *at;
	uint64_t size;
};
#define MAPS	16

/* A buffer that each VM of a file has at HOME_VA: streams, data for them, rings of user queues. */
#define HOME_VA		0x40000000ull
#define HOME_GOOD	8u	/* pages of streams that are right, and stay so, */
#define HOME_CODE	16u	/* of these and of streams that are mostly right, */
#define HOME_DATA	32u	/* of these and of data, */
#define HOME_RINGS	32u	/* then two for each user queue: */
#define MAX_USERQS	4u
#define HOME_PAGES	(HOME_RINGS + 2 * MAX_USERQS)
#define FUZZ_RING_LOG2	6u	/* a page */

/* An open file and what it has. */
struct fuzz_file {
	int fd;
	uint32_t home;		/* handle */
	char *home_map;
	uint32_t slots[HOME_CODE];	/* of the stream of each page */
	struct pool pool[POOLS];
	struct map map[MAPS];
	volatile uint32_t *doorbell[MAX_USERQS];
};

/* What one thread has. */
struct fuzz {
	uint64_t random;
	struct fuzz_counts *counts;
	struct fuzz_file *files;	/* of the process */
	unsigned int num_files;
	int fail_nth;			/* descriptor of the thread's fail-nth, or -1 */
};

void fuzz_step(struct fuzz *f);		/* one random thing */
int fuzz_file_open(struct fuzz *f, struct fuzz_file *file); /* into file->fd, if that is one; or -1 */

/* ---- chance ---- */
uint64_t fuzz_random(struct fuzz *f);
uint32_t below(struct fuzz *f, uint32_t n);
bool one_in(struct fuzz *f, uint32_t n);
uint64_t odd_number(struct fuzz *f);	/* at which something changes */
void maybe_spoil(struct fuzz *f, void *at, size_t size, uint32_t n); /* once in n times, a field of it */
int64_t soon(struct fuzz *f);		/* a time to wait until: now, or some milliseconds */
uint64_t some_va(struct fuzz *f);

/* ---- what there is ---- */
struct object *pick_object(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind);
uint32_t pick(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind); /* mostly the id of one */
bool full(const struct fuzz_file *file, enum pool_kind kind);
unsigned int add(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, struct object object);
void drop(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, uint32_t id);
struct object *pick_buffer(struct fuzz *f, struct fuzz_file *file, uint32_t vm); /* not another VM's */

/* ---- calls ---- */
int fuzz_call(struct fuzz *f, struct fuzz_file *file, unsigned long request, void *args);

#define FUZZ_CALL(f, file, NR, args)						\
	({									\
		maybe_spoil(f, &(args), sizeof(args), 32);			\
		fuzz_call(f, file, DRM_IOCTL_##NR, &(args));			\
	})

uint32_t fill_syncs(struct fuzz *f, struct fuzz_file *file, struct drm_loom_sync_op *syncs,
		    uint32_t max);

void do_queue_create(struct fuzz *f, struct fuzz_file *file);
void do_queue_destroy(struct fuzz *f, struct fuzz_file *file);
void do_queue_get_state(struct fuzz *f, struct fuzz_file *file);
void do_submit(struct fuzz *f, struct fuzz_file *file);
void do_userq_create(struct fuzz *f, struct fuzz_file *file);
void do_userq_run(struct fuzz *f, struct fuzz_file *file);
void fuzz_write_streams(struct fuzz *f, struct fuzz_file *file); /* of its home */

void do_syncobj_create(struct fuzz *f, struct fuzz_file *file);
void do_line_create(struct fuzz *f, struct fuzz_file *file);
void do_syncobj_destroy(struct fuzz *f, struct fuzz_file *file);
void do_syncobj_wait(struct fuzz *f, struct fuzz_file *file);
void do_syncobj_change(struct fuzz *f, struct fuzz_file *file);
void do_sync_file(struct fuzz *f, struct fuzz_file *file);

#endif
