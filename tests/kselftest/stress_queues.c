// SPDX-License-Identifier: MIT
/* All queues of the device at once; chains of jobs across them; who is first, and how much each gets. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"

#define RUN	(2 * SECOND)
#define LONG	(60 * SECOND)

/* ---- all queues ---- */

/* A queue in a VM of its own; the VMs of a file have their code in common. */
struct one_queue {
	uint32_t vm, queue, line;
	struct bo data;
	uint64_t jobs;
};

static unsigned int queues_each;

static struct one_queue one_queue_open(int fd, const struct bo *code)
{
	struct one_queue q = { .vm = vm_create(fd) };

	q.queue = queue_create(fd, q.vm);
	q.line = syncobj_create(fd);
	q.data = bo_create(fd, 2 * PAGE, q.vm);
	CHECK_OK(vm_map(fd, q.vm, CODE_VA, code->handle, 0, code->size, DRM_LOOM_BIND_READONLY));
	CHECK_OK(vm_map(fd, q.vm, DATA_VA, q.data.handle, 0, q.data.size, 0));
	return q;
}

static uint32_t jobs_of(uint32_t round, unsigned int queue)
{
	return 1 + (round * 7 + queue * 3) % COPIES;
}

static uint32_t seed_of(unsigned int number, uint32_t round, unsigned int queue)
{
	return (number * LOOM_NUM_QUEUES + queue) * 65536 + round;
}

static void one_queue_submit(int fd, struct one_queue *q, uint32_t round, uint32_t count)
{
	struct drm_loom_sync_op out = sync_point(DRM_LOOM_SYNC_SIGNAL, q->line, round);
	struct drm_loom_job all[COPIES];

	for (uint32_t i = 0; i < count; i++)
		all[i] = job(CODE_VA + i * COPY_SLOTS * LOOM_SLOT_BYTES, COPY_SLOTS, &out, i == count - 1);
	CHECK_OK(submit(fd, q->queue, all, count));
	q->jobs += count;
}

static void work_queues(unsigned int number)
{
	struct one_queue q[LOOM_NUM_QUEUES];
	int fd = loom_open();
	uint64_t jobs = 0;
	uint32_t round = 0;
	struct bo code;

	CHECK(fd >= 0);
	code = bo_create(fd, 4 * 2 * PAGE, 0);
	write_copies(code.map, DATA_VA);
	for (unsigned int i = 0; i < queues_each; i++)
		q[i] = one_queue_open(fd, &code);
	crew_ready();
	do {
		round++;
		for (unsigned int i = 0; i < queues_each; i++) {
			fill_blocks(q[i].data.map, seed_of(number, round, i));
			one_queue_submit(fd, &q[i], round, jobs_of(round, i));
		}
		for (unsigned int i = 0; i < queues_each; i++) {
			CHECK_OK(syncobj_wait_point(fd, q[i].line, round, deadline(LONG)));
			check_blocks(q[i].data.map, seed_of(number, round, i), jobs_of(round, i));
		}
	} while (!time_is_up());
	for (unsigned int i = 0; i < queues_each; i++) {
		struct drm_loom_queue_get_state state = queue_state(fd, q[i].queue);

		CHECK_EQ(state.state, 0);
		CHECK_EQ(state.jobs_submitted, q[i].jobs);
		CHECK_EQ(state.jobs_completed, q[i].jobs);
		jobs += q[i].jobs;
	}
	CHECK_EQ(fdinfo_number(fd, "loom-jobs", ""), jobs);
	shared->did[number].rounds = round;
	shared->did[number].jobs = jobs;
	shared->did[number].cycles = fdinfo_number(fd, "drm-cycles-npu", "");
}

/* Of all cores: jobs and cycles so far. */
static struct drm_loom_query_core counters(int fd)
{
	struct drm_loom_query_core core[LOOM_MAX_CORES] = {}, sum = {};

	loom_query(fd, DRM_LOOM_QUERY_CORE, core, sizeof(core));
	for (int i = 0; i < LOOM_MAX_CORES; i++) {
		sum.jobs += core[i].jobs;
		sum.cycles += core[i].cycles;
	}
	return sum;
}

/* No queue and no address space of the device is left; what files have used is what the device has done. */
static void check_all_queues(unsigned int processes)
{
	struct drm_loom_query_core before, after;
	struct drm_loom_vm_create vm = {};
	uint64_t jobs = 0, cycles = 0, rounds = 0;
	int fd = loom_open();

	CHECK(fd >= 0);
	before = counters(fd);
	queues_each = LOOM_NUM_QUEUES / processes;
	crew_add(work_queues, 0, processes);
	crew_begin(RUN);
	CHECK_RET(loom_ioctl(fd, DRM_IOCTL_LOOM_VM_CREATE, &vm), -ENOSPC);
	crew_end();
	after = counters(fd);
	for (unsigned int i = 0; i < processes; i++) {
		jobs += shared->did[i].jobs;
		cycles += shared->did[i].cycles;
		rounds += shared->did[i].rounds;
	}
	test_say("%llu jobs of %u processes in %llu rounds, %llu cycles\n", (unsigned long long)jobs,
		 processes, (unsigned long long)rounds, (unsigned long long)cycles);
	CHECK_EQ(after.jobs - before.jobs, jobs);
	CHECK_EQ(after.cycles - before.cycles, cycles);
	serves_anew();
}

/* Both files have as many as they may. */
TEST_WITHIN(two_files_at_their_limits, 120)
{
	check_all_queues(2);
}

TEST_WITHIN(many_processes_and_queues, 120)
{
	check_all_queues(16);
}

/* ---- chains ---- */

#define CHAIN_JOBS	4000
#define CHAIN_MIN	256

/* The cores are busy until they are released; meanwhile all jobs of others wait, however long it takes. */
static unsigned int usual_timeout;

static struct client occupy_cores(void)
{
	struct client c = client_open();
	struct stream s = hang(&c);
	struct drm_loom_query_info info;

	usual_timeout = module_param("timeout_ms");
	set_module_param("timeout_ms", 0);
	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	for (uint32_t i = 0; i < info.num_cores; i++) {
		CHECK_OK(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_REALTIME, &c.queue));
		CHECK_OK(client_start(&c, &s));
	}
	return c;
}

static void release_cores(struct client *c)
{
	client_close(c);
	set_module_param("timeout_ms", usual_timeout);
}

/*
 * Thousands of jobs, each on another queue than the one before, wait for it, and for some other one, before the first
 * has run.
 */
TEST_WITHIN(chain_of_queues, 120)
{
	enum { VMS = 4, QUEUES = 16 };
	struct client occupied = occupy_cores();
	int fd = loom_open();
	struct line line;
	uint32_t vm[VMS], queue[QUEUES], points, jobs[QUEUES] = {}, i;
	int64_t end;

	CHECK(fd >= 0);
	line = line_make(fd, CHAIN_JOBS, 0);
	points = syncobj_create(fd);
	for (i = 0; i < VMS; i++) {
		vm[i] = vm_create(fd);
		line_map(&line, fd, vm[i]);
	}
	for (i = 0; i < QUEUES; i++)
		queue[i] = queue_create(fd, vm[i % VMS]);
	srand(1);
	end = deadline(RUN);
	for (i = 0; i < CHAIN_JOBS && (i < CHAIN_MIN || now_ns() < end); i++) {
		struct drm_loom_sync_op syncs[] = {
			sync_point(DRM_LOOM_SYNC_SIGNAL, points, i + 1),
			sync_point(DRM_LOOM_SYNC_WAIT, points, i),
			sync_point(DRM_LOOM_SYNC_WAIT, points, i ? 1 + rand() % i : 0),
		};
		struct drm_loom_job one = line_job(&line, i, syncs, i ? 3 : 1);
		uint32_t q = (i * 5 + i / QUEUES) % QUEUES;

		CHECK_OK(submit(fd, queue[q], &one, 1));
		jobs[q]++;
	}
	CHECK_RET(syncobj_wait_point(fd, points, 1, 0), -ETIME);
	CHECK_EQ(line.map[1], 0);
	release_cores(&occupied);
	CHECK_OK(syncobj_wait_point(fd, points, i, deadline(LONG)));
	line_check(&line, i);
	for (uint32_t q = 0; q < QUEUES; q++) {
		CHECK_EQ(queue_state(fd, queue[q]).state, 0);
		CHECK_EQ(queue_state(fd, queue[q]).jobs_completed, jobs[q]);
	}
	test_say("%u jobs, one after the other\n", i);
}

#define CHAIN_PROCESSES	4
#define CHAIN_TURN	4	/* jobs */

static struct line chain;
static int chain_points;	/* syncobj, as a file */

static uint32_t syncobj_import(int fd, int file)
{
	struct drm_syncobj_handle args = { .fd = file };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args));
	return args.handle;
}

static int syncobj_export(int fd, uint32_t handle)
{
	struct drm_syncobj_handle args = { .handle = handle, .fd = -1 };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args));
	return args.fd;
}

/* Until somebody has submitted what will signal @point. */
static int wait_submitted(int fd, uint32_t handle, uint64_t point, int64_t timeout)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
		.timeout_nsec = timeout, .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE,
	};

	return loom_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

/* Each turn's jobs wait for those of the process before, which need only be submitted. */
static void work_chain(unsigned int number)
{
	int fd = loom_open();
	uint32_t vm[2], queue[2], points, next = number * CHAIN_TURN;

	CHECK(fd >= 0);
	points = syncobj_import(fd, chain_points);
	for (int i = 0; i < 2; i++) {
		vm[i] = vm_create(fd);
		line_map(&chain, fd, vm[i]);
		queue[i] = queue_create(fd, vm[i]);
	}
	crew_ready();
	for (;; next += CHAIN_PROCESSES * CHAIN_TURN) {
		while (next && wait_submitted(fd, points, next, deadline(50 * MS))) {
			if (shared->stop)
				break;
		}
		if (shared->stop)
			break;
		if (next == CHAIN_JOBS || (next >= CHAIN_MIN && time_is_up())) {
			shared->stop = next;
			break;
		}
		for (uint32_t i = next; i < next + CHAIN_TURN; i++) {
			struct drm_loom_sync_op syncs[] = {
				sync_point(DRM_LOOM_SYNC_SIGNAL, points, i + 1),
				sync_point(DRM_LOOM_SYNC_WAIT, points, i),
			};
			struct drm_loom_job one = line_job(&chain, i, syncs, i ? 2 : 1);

			CHECK_OK(submit(fd, queue[i % 2], &one, 1));
		}
		shared->did[number].rounds++;
	}
	/* with the file its jobs would end */
	CHECK_OK(syncobj_wait_point(fd, points, shared->stop, deadline(LONG)));
	for (int i = 0; i < 2; i++)
		CHECK_EQ(queue_state(fd, queue[i]).state, 0);
}

TEST_WITHIN(chain_of_processes, 120)
{
	int fd = loom_open();

	CHECK(fd >= 0);
	chain = line_make(fd, CHAIN_JOBS, 0);
	chain_points = syncobj_export(fd, syncobj_create(fd));
	crew_add(work_chain, 0, CHAIN_PROCESSES);
	crew_run(RUN);
	line_check(&chain, shared->stop);
	test_say("%u jobs, one after the other\n", shared->stop);
}

/* ---- priorities ---- */

#define PRIO_QUEUES	4	/* of each priority */
#define PRIO_JOBS	8	/* of each queue */
#define PRIO_ALL	((DRM_LOOM_PRIORITY_REALTIME + 1) * PRIO_QUEUES * PRIO_JOBS)
#define FLAGS_VA	LINE_VA
#define SEEN_VA		(LINE_VA + PAGE)

/* Job n of the stream notes which jobs have been executed before it, and that it has been. */
static struct bo ordered_jobs(struct client *c, struct bo *code)
{
	struct bo bo = bo_create(c->fd, PAGE + PRIO_ALL * PRIO_ALL * 4, c->vm);
	struct stream s = stream(code->map, code->size);

	CHECK_OK(vm_map(c->fd, c->vm, LINE_CODE_VA, code->handle, 0, code->size, 0));
	CHECK_OK(vm_map(c->fd, c->vm, LINE_VA, bo.handle, 0, bo.size, 0));
	for (uint32_t n = 0; n < PRIO_ALL; n++) {
		st_load(&s, FLAGS_VA, 0, PRIO_ALL);
		st_fill(&s, PAGE, 1, 1);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, SEEN_VA + n * PRIO_ALL * 4, 0, PRIO_ALL);
		st_store(&s, FLAGS_VA + n * 4, PAGE, 1);
		st_op(&s, LOOM_OP_END);
	}
	return bo;
}

#define ORDERED_SLOTS	10

static uint32_t ordered_number(uint32_t prio, uint32_t queue, uint32_t job)
{
	return (prio * PRIO_QUEUES + queue) * PRIO_JOBS + job;
}

/* All are in the hardware's rings. */
static void wait_pushed(void)
{
	unsigned int full;

	do {
		char *text = debug_text("queues"), *at = text;

		for (full = 0; (at = strstr(at, "jobs 0/8 ")); at++)
			full++;
		free(text);
		usleep(1000);
	} while (full < PRIO_ALL / PRIO_JOBS);
}

/* @seen by @job: all of higher priority, none of lower, and of each equal queue one less, as many, or one more. */
static void check_order(const volatile uint32_t *seen, uint32_t prio, uint32_t job)
{
	for (uint32_t p = 0; p <= DRM_LOOM_PRIORITY_REALTIME; p++) {
		for (uint32_t q = 0; q < PRIO_QUEUES; q++) {
			uint32_t count = 0;

			for (uint32_t j = 0; j < PRIO_JOBS; j++)
				count += seen[ordered_number(p, q, j)];
			if (p > prio)
				CHECK_EQ(count, PRIO_JOBS);
			else if (p < prio)
				CHECK_EQ(count, 0);
			else
				CHECK(count + 1 >= job && count <= job + 1);
		}
	}
}

/* Queues of all priorities have work: the highest is done first, equal ones take turns, and the lowest gets its own. */
TEST_WITHIN(priorities, 120)
{
	struct client c = client_open(), occupied;
	uint32_t out[PRIO_ALL / PRIO_JOBS], queues[PRIO_ALL / PRIO_JOBS];
	struct bo code = bo_create(c.fd, PRIO_ALL * ORDERED_SLOTS * LOOM_SLOT_BYTES, c.vm);
	struct bo bo = ordered_jobs(&c, &code);
	struct drm_loom_query_info info;

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	if (info.num_cores > 1)
		test_skip("of %u cores nobody knows which is first", info.num_cores);
	occupied = occupy_cores();
	for (uint32_t i = 0; i < PRIO_ALL / PRIO_JOBS; i++) {
		out[i] = syncobj_create(c.fd);
		CHECK_OK(queue_create_prio(c.fd, c.vm, i / PRIO_QUEUES, &queues[i]));
		for (uint32_t j = 0; j < PRIO_JOBS; j++)
			CHECK_OK(submit_one(c.fd, queues[i], LINE_CODE_VA + (i * PRIO_JOBS + j) * ORDERED_SLOTS *
					    LOOM_SLOT_BYTES, ORDERED_SLOTS, out[i]));
	}
	wait_pushed();
	release_cores(&occupied);
	for (uint32_t i = 0; i < PRIO_ALL / PRIO_JOBS; i++) {
		CHECK_OK(syncobj_wait(c.fd, out[i], deadline(LONG)));
		CHECK_EQ(syncobj_status(c.fd, out[i]), 1);
	}
	for (uint32_t n = 0; n < PRIO_ALL; n++)
		check_order((void *)((char *)bo.map + PAGE + n * PRIO_ALL * 4),
			    n / PRIO_JOBS / PRIO_QUEUES, n % PRIO_JOBS);
}

#define SHARERS		6
#define SHARER_DEPTH	4
#define SHARER_CODE	(64 * PAGE)	/* of a job */

/* Always some jobs in flight, each longer than a time slice, and giving way at its MARKs. */
static void work_share(unsigned int number)
{
	uint32_t fills = 256 << (number % 3), next = 0, line;
	struct client c = client_open();
	struct bo code = bo_create(c.fd, SHARER_DEPTH * SHARER_CODE, c.vm);
	struct stream s[SHARER_DEPTH];

	line = syncobj_create(c.fd);
	CHECK_OK(vm_map(c.fd, c.vm, LINE_CODE_VA, code.handle, 0, code.size, 0));
	for (uint32_t slot = 0; slot < SHARER_DEPTH; slot++) {
		s[slot] = stream((char *)code.map + slot * SHARER_CODE, SHARER_CODE);
		for (uint32_t i = 0; i < fills; i++) {
			st_fill(&s[slot], 1024, i, 128 * 1024);
			st_op(&s[slot], LOOM_OP_MARK);
		}
	}
	crew_ready();
	while (!time_is_up() || next <= SHARER_DEPTH) {
		uint32_t slot = next % SHARER_DEPTH;
		struct drm_loom_sync_op out = sync_point(DRM_LOOM_SYNC_SIGNAL, line, next + 1);
		struct stream end = s[slot];
		struct drm_loom_job one;

		if (next >= SHARER_DEPTH) {
			uint32_t done = next + 1 - SHARER_DEPTH;

			CHECK_OK(syncobj_wait_point(c.fd, line, done, deadline(LONG)));
			CHECK_EQ(word(&c.data, 4 * slot), done);
		}
		st_fill(&end, 0, next + 1, 1);
		st_op(&end, LOOM_OP_BARRIER);
		st_store(&end, DATA_VA + 4 * slot, 0, 1);
		st_op(&end, LOOM_OP_END);
		one = job(LINE_CODE_VA + slot * SHARER_CODE, end.slots, &out, 1);
		CHECK_OK(submit(c.fd, c.queue, &one, 1));
		next++;
	}
	shared->did[number].rounds = next;
	shared->did[number].cycles = fdinfo_number(c.fd, "drm-cycles-npu", "");
	client_close(&c);
}

/* None gets much more of the device than another, however long their jobs are. */
TEST_WITHIN(fair, 120)
{
	uint64_t most = 0, least = UINT64_MAX;

	crew_add(work_share, 0, SHARERS);
	crew_run(2 * RUN); /* many jobs each, so that one more or less is little */
	for (unsigned int i = 0; i < SHARERS; i++) {
		uint64_t cycles = shared->did[i].cycles;

		most = cycles > most ? cycles : most;
		least = cycles < least ? cycles : least;
		test_say("%llu jobs, %llu cycles\n", (unsigned long long)shared->did[i].rounds,
			 (unsigned long long)cycles);
	}
	CHECK(most < 2 * least);
}
