// SPDX-License-Identifier: MIT
/* What processes of the stress suite do, each until its time is up, and at least once. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"
#include "user_queue.h"

#define LONG	(60 * SECOND)	/* for what takes no time on a machine that is not busy */

/* ---- streams ---- */

static uint32_t pattern(uint32_t seed, uint32_t i)
{
	uint32_t x = seed * 0x9e3779b9 + i * 0x85ebca6b + 1;

	x = (x ^ x >> 15) * 0x2c1b3c6d;
	return x ^ x >> 13;
}

void write_copies(void *code, uint64_t page_va)
{
	struct stream s = stream(code, COPIES * COPY_SLOTS * LOOM_SLOT_BYTES);

	for (uint32_t i = 0; i < COPIES; i++) {
		uint64_t va = page_va + 4 * i * COPY_WORDS;

		st_load(&s, va, 64 * i, COPY_WORDS);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, va + PAGE, 64 * i, COPY_WORDS);
		st_op(&s, LOOM_OP_END);
	}
}

void fill_blocks(void *page, uint32_t seed)
{
	volatile uint32_t *from = page, *to = from + PAGE / 4;

	for (uint32_t i = 0; i < COPIES * COPY_WORDS; i++) {
		from[i] = pattern(seed, i);
		to[i] = 0;
	}
}

void check_blocks(void *page, uint32_t seed, uint32_t count)
{
	volatile uint32_t *to = (void *)((char *)page + PAGE);

	for (uint32_t i = 0; i < COPIES * COPY_WORDS; i++)
		CHECK_EQ(to[i], i < count * COPY_WORDS ? pattern(seed, i) : 0);
}

struct line line_make(int fd, uint32_t jobs, uint32_t delay)
{
	struct line line = { .jobs = jobs, .slots = 6 + 3 * delay };
	struct bo code, words;
	struct stream s;

	code = bo_create(fd, ((uint64_t)jobs * line.slots * LOOM_SLOT_BYTES + PAGE - 1) & -PAGE, 0);
	words = bo_create(fd, (4ull * jobs + 4 + PAGE - 1) & -PAGE, 0);
	s = stream(code.map, code.size);
	for (uint32_t i = 0; i < jobs; i++) {
		for (uint32_t d = 0; d < delay; d++) {
			st_fill(&s, 1024, d, 64 * 1024);
			st_op(&s, LOOM_OP_MARK);
		}
		st_load(&s, LINE_VA + 4ull * i, 0, 1);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, LINE_VA + 4ull * i + 4, 0, 1);
		st_op(&s, LOOM_OP_END);
	}
	line.map = words.map;
	line.map[0] = LINE_TOKEN;
	line.code = bo_export(fd, code.handle);
	line.words = bo_export(fd, words.handle);
	return line;
}

uint32_t line_map(const struct line *line, int fd, uint32_t vm)
{
	uint64_t code_size = ((uint64_t)line->jobs * line->slots * LOOM_SLOT_BYTES + PAGE - 1) & -PAGE;
	uint32_t words = bo_import(fd, line->words);

	CHECK_OK(vm_map(fd, vm, LINE_CODE_VA, bo_import(fd, line->code), 0, code_size,
			DRM_LOOM_BIND_READONLY));
	CHECK_OK(vm_map(fd, vm, LINE_VA, words, 0, (4ull * line->jobs + 4 + PAGE - 1) & -PAGE, 0));
	return words;
}

struct drm_loom_job line_job(const struct line *line, uint32_t i, struct drm_loom_sync_op *syncs,
			     uint32_t count)
{
	CHECK(i < line->jobs);
	return job(LINE_CODE_VA + (uint64_t)i * line->slots * LOOM_SLOT_BYTES, line->slots, syncs, count);
}

void line_check(const struct line *line, uint32_t jobs)
{
	for (uint32_t i = 0; i <= line->jobs; i++)
		CHECK_EQ(line->map[i], i <= jobs ? LINE_TOKEN : 0);
}

/* ---- queues ---- */

void work_jobs(unsigned int number)
{
	struct client c = client_open();
	uint64_t jobs = 0;
	uint32_t round = 0;

	write_copies(c.code.map, DATA_VA);
	crew_ready();
	do {
		uint32_t count = 1 + rand() % COPIES, seed = pattern(number, round);
		struct drm_loom_sync_op out = sync_out(c.out);
		struct drm_loom_job all[COPIES];

		fill_blocks(c.data.map, seed);
		for (uint32_t i = 0; i < count; i++)
			all[i] = job(CODE_VA + i * COPY_SLOTS * LOOM_SLOT_BYTES, COPY_SLOTS, &out,
				     i == count - 1);
		CHECK_OK(submit(c.fd, c.queue, all, count));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(LONG)));
		CHECK_EQ(syncobj_status(c.fd, c.out), 1);
		check_blocks(c.data.map, seed, count);
		jobs += count;
		shared->did[number].rounds = ++round;
	} while (!time_is_up());
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_completed, jobs);
	CHECK_EQ(fdinfo_number(c.fd, "loom-jobs", ""), jobs);
	client_close(&c);
}

void work_user_queue(unsigned int number)
{
	struct client c = client_open();
	struct user_queue q = user_queue_open(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, 4);
	uint32_t round = 0;

	write_copies(c.code.map, DATA_VA);
	crew_ready();
	do {
		uint32_t count = 1 + rand() % COPIES, seed = pattern(number, round);
		uint64_t before = q.tail;

		fill_blocks(c.data.map, seed);
		for (uint32_t i = 0; i < count; i++) {
			user_queue_put(&q, CODE_VA + i * COPY_SLOTS * LOOM_SLOT_BYTES, COPY_SLOTS);
			if (rand() % 4 == 0)
				user_queue_ring(&q);
		}
		user_queue_ring(&q);
		if (rand() % 2)
			CHECK(user_queue_poll(&q, q.tail, deadline(LONG)));
		else
			CHECK_OK(user_queue_wait(&q, q.tail, deadline(LONG), NULL));
		for (uint64_t i = before; i < q.tail; i++) {
			CHECK_EQ(q.cpl[i % 16].seqno, i + 1);
			CHECK_EQ(q.cpl[i % 16].status, LOOM_JOB_OK);
		}
		check_blocks(c.data.map, seed, count);
		shared->did[number].rounds = ++round;
	} while (!time_is_up());
	CHECK_EQ(queue_state(c.fd, q.id).state, 0);
	CHECK_EQ(queue_state(c.fd, q.id).jobs_completed, q.tail);
	user_queue_close(&q);
	client_close(&c);
}

/* Each job copies the next word from where the other queue has put it. */
void work_both_queues(unsigned int number)
{
	enum { WORDS = 100 };
	struct client c = client_open();
	struct user_queue q = user_queue_open(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, 4);
	struct line line = line_make(c.fd, WORDS, 0);
	uint32_t round = 0;

	line_map(&line, c.fd, c.vm);
	crew_ready();
	do {
		uint32_t token = pattern(number, round) | 1;

		memset((void *)line.map, 0, 4 * WORDS + 4);
		line.map[0] = token;
		for (uint32_t i = 0; i < WORDS; i++) {
			struct drm_loom_sync_op out = sync_out(c.out);
			struct drm_loom_job one = line_job(&line, i, &out, 1);

			if (i % 2) {
				user_queue_run(&q, one.stream_va, one.stream_slots);
				CHECK_OK(user_queue_wait(&q, q.tail, deadline(LONG), NULL));
			} else {
				CHECK_OK(submit(c.fd, c.queue, &one, 1));
				CHECK_OK(syncobj_wait(c.fd, c.out, deadline(LONG)));
			}
			CHECK_EQ(line.map[i + 1], token);
		}
		shared->did[number].rounds = ++round;
	} while (!time_is_up());
	user_queue_close(&q);
	client_close(&c);
}

/* ---- files ---- */

/* A job whose fence is left when all else of it has gone. */
struct left {
	int fence;
	bool hangs;
};

/* A VM with a queue, whose job is done before all goes, or is still to be done, or, of the file's @last VM, hangs. */
static struct left churn_vm(int fd, bool last)
{
	uint32_t vm = vm_create(fd), queue = queue_create(fd, vm), out = syncobj_create(fd);
	struct bo bo = bo_create(fd, (1 + rand() % 8) * 2 * PAGE, rand() % 2 ? vm : 0);
	struct stream s = stream(bo.map, PAGE);
	uint32_t value = rand();
	struct left left = { .hangs = last && rand() % 4 == 0 };

	CHECK_OK(vm_map(fd, vm, DATA_VA, bo.handle, 0, bo.size, 0));
	if (left.hangs)
		st_wait(&s, 0, 1);	/* nobody signals it */
	st_fill(&s, 0, value, 1);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, DATA_VA + PAGE, 0, 1);
	st_op(&s, LOOM_OP_END);
	CHECK_OK(submit_one(fd, queue, DATA_VA, s.slots, out));
	left.fence = syncobj_export_file(fd, out);
	if (!left.hangs && rand() % 2) {
		CHECK_OK(syncobj_wait(fd, out, deadline(LONG)));
		CHECK_EQ(sync_file_status(left.fence, NULL, NULL), 1);
		CHECK_EQ(word(&bo, PAGE), value);
	}
	/* some of it by hand, in some order, the rest with the file */
	munmap(bo.map, bo.size);
	if (rand() % 2)
		gem_close(fd, bo.handle);
	if (rand() % 2)
		CHECK_OK(vm_destroy(fd, vm));
	if (rand() % 2)
		CHECK_OK(queue_destroy(fd, queue));
	return left;
}

/* The fence says how it ended; a job that hangs may have been found out before its file was closed. */
static void check_left(struct left *left)
{
	int64_t end = deadline(LONG);
	int status;

	while (!(status = sync_file_status(left->fence, NULL, NULL)) && now_ns() < end)
		usleep(1000);
	if (status != (left->hangs ? -ETIME : 1))
		CHECK_EQ(status, -ECANCELED);
	close(left->fence);
}

void work_churn(unsigned int number)
{
	crew_ready();
	do {
		unsigned int count = 1 + rand() % 4;
		struct left left[4];
		int fd = loom_open();

		CHECK(fd >= 0);
		for (unsigned int i = 0; i < count; i++)
			left[i] = churn_vm(fd, i == count - 1);
		close(fd);
		for (unsigned int i = 0; i < count; i++)
			check_left(&left[i]);
		shared->did[number].rounds++;
	} while (!time_is_up());
}

/* ---- purgeable buffers ---- */

#define PURGEABLE	6
#define PURGEABLE_PAGES	64

struct purgeable {
	uint32_t handle, seed;	/* seed 0: it is not filled */
};

/* What is in it is what was put there, or nothing where that was lost; then something else. */
static void purgeable_use(struct client *c, struct purgeable *p, bool retained)
{
	uint32_t page = rand() % PURGEABLE_PAGES, seen;
	volatile uint32_t *map;

	/* as the device sees it */
	CHECK_OK(vm_map(c->fd, c->vm, LINE_VA, p->handle, 0, PURGEABLE_PAGES * PAGE, 0));
	seen = device_read(c, LINE_VA + page * PAGE);
	CHECK_EQ(seen, retained && p->seed ? pattern(p->seed, page) : 0);
	CHECK_OK(vm_unmap(c->fd, c->vm, LINE_VA, PURGEABLE_PAGES * PAGE));
	/* and a program */
	map = bo_map(c->fd, p->handle, PURGEABLE_PAGES * PAGE);
	for (uint32_t i = 0; i < PURGEABLE_PAGES; i++)
		CHECK_EQ(map[i * PAGE / 4], retained && p->seed ? pattern(p->seed, i) : 0);
	p->seed = 1 + rand();
	for (uint32_t i = 0; i < PURGEABLE_PAGES; i++)
		map[i * PAGE / 4] = pattern(p->seed, i);
	munmap((void *)map, PURGEABLE_PAGES * PAGE);
}

void work_purgeable(unsigned int number)
{
	struct client c = client_open();
	struct purgeable all[PURGEABLE] = {};

	for (uint32_t i = 0; i < PURGEABLE; i++) {
		struct bo bo = bo_create(c.fd, PURGEABLE_PAGES * PAGE, i % 2 ? c.vm : 0);

		munmap(bo.map, bo.size);
		all[i].handle = bo.handle;
		advise(c.fd, bo.handle, DRM_LOOM_ADVICE_DONTNEED);
	}
	crew_ready();
	do {
		struct purgeable *p = &all[rand() % PURGEABLE];
		bool retained = advise(c.fd, p->handle, DRM_LOOM_ADVICE_WILLNEED);

		if (!retained)
			__atomic_fetch_add(&shared->losses, 1, __ATOMIC_RELAXED);
		purgeable_use(&c, p, retained);
		advise(c.fd, p->handle, DRM_LOOM_ADVICE_DONTNEED);
		shared->did[number].rounds++;
	} while (!time_is_up());
	client_close(&c);
}
