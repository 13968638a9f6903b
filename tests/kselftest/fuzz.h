/* SPDX-License-Identifier: MIT */
/* What the fuzzer's calls need of the program around them. */
#ifndef LOOM_KSELFTEST_FUZZ_H
#define LOOM_KSELFTEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_NRS	256	/* ioctl numbers of DRM */

/* In memory that all processes share. */
struct fuzz_counts {
	uint64_t ioctls;		/* all of them */
	uint64_t faults;		/* of these, with a failure injected */
	uint64_t samples;		/* records read of streams of counters */
	uint64_t well[FUZZ_NRS];	/* that gave 0, by number */
	uint64_t refused[FUZZ_NRS];	/* that did not */
};

/* Handles of one kind. Threads change it without a lock: stale and wrong ones are what is wanted. */
#define POOL_SIZE	48
struct pool {
	uint32_t id[POOL_SIZE];
	uint64_t size[POOL_SIZE];	/* of buffers */
};

enum pool_kind { VMS, QUEUES, BUFFERS, SYNCOBJS, FDS, POOLS };

/* A map of a buffer, or of nothing. */
struct map {
	char *at;
	uint64_t size;
};
#define MAPS	16

/* An open file and what it has. */
struct fuzz_file {
	int fd;
	struct pool pool[POOLS];
	struct map map[MAPS];
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

#endif
