/* SPDX-License-Identifier: MIT */
/*
 * What the stress suite is made of: a crew of processes, which get ready, begin together, and work until their time is up.
 * Each checks its own results, and ends with CHECK where one is wrong.
 */
#ifndef LOOM_KSELFTEST_STRESS_H
#define LOOM_KSELFTEST_STRESS_H

#include <sys/types.h>

#include "loom_test.h"

#define CREW_MAX	32

/* What processes of a test have in common. */
struct stress_shared {
	uint32_t ready;			/* processes that wait for the start */
	int64_t end;			/* CLOCK_MONOTONIC; 0: not begun */
	uint32_t stop;			/* jobs of a chain, once its end is known */
	uint64_t losses;		/* buffers that the shrinker has had */
	struct {
		uint64_t rounds, jobs, cycles;
	} did[CREW_MAX];		/* by number */
};
extern volatile struct stress_shared *shared;

/* @work with the numbers @first and up, each in a process of its own. */
void crew_add(void (*work)(unsigned int number), unsigned int first, unsigned int count);
void crew_begin(int64_t ns);	/* when all are ready */
void crew_end(void);		/* all have ended, and well */
void crew_run(int64_t ns);	/* both */
/* In a process of the crew. */
void crew_ready(void);
bool time_is_up(void);

/* ---- streams ---- */

/* Stream i of these copies block i of a page to block i of the next. */
#define COPIES		16
#define COPY_WORDS	16
#define COPY_SLOTS	6
void write_copies(void *code, uint64_t page_va);
void fill_blocks(void *page, uint32_t seed);
/* The first @count have been copied, and no others. */
void check_blocks(void *page, uint32_t seed, uint32_t count);

/*
 * A line of words in a buffer that any file can map: job i copies word i to word i + 1. Before that it takes some time,
 * in which a job of higher priority can take its place.
 */
#define LINE_CODE_VA	0x800000000ull
#define LINE_VA		0x900000000ull
#define LINE_TOKEN	0x600df00d

struct line {
	uint32_t jobs, slots;		/* slots of a job */
	int code, words;		/* dma-bufs */
	volatile uint32_t *map;		/* of the words */
};
struct line line_make(int fd, uint32_t jobs, uint32_t delay);
uint32_t line_map(const struct line *line, int fd, uint32_t vm);	/* gives the handle of the words */
struct drm_loom_job line_job(const struct line *line, uint32_t i, struct drm_loom_sync_op *syncs,
			     uint32_t count);
void line_check(const struct line *line, uint32_t jobs);	/* that so many were done, one after the other */

/* ---- work, in stress_work.c ---- */

void work_jobs(unsigned int number);		/* jobs of one queue, several a call */
void work_user_queue(unsigned int number);	/* the same with a user queue */
void work_both_queues(unsigned int number);	/* a line of words through a queue and a user queue */
void work_churn(unsigned int number);		/* files, VMs, queues and buffers come and go */
void work_purgeable(unsigned int number);	/* buffers that nobody needs, until they are needed */
/* VM_BIND of pages of one VM, which all share, while jobs read them. */
void binds_prepare(void);
void work_binds(unsigned int number);
/* Two processes, an even and an odd number, pass a buffer to and fro. */
void ping_pong_prepare(void);
void work_ping_pong(unsigned int number);
void ping_pong_check(void);

#endif
