// SPDX-License-Identifier: MIT
/* User queues: jobs without a system call, QUEUE_WAIT, what is refused, rings and doorbells that lie, hangs. */
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user_queue.h"

#define LOG2		4
#define TIMEOUT_MS	400

/* Job i stores i + 1 at word i. */
static struct stream numbered(struct client *c, uint32_t jobs)
{
	struct stream s = client_stream(c);

	for (uint32_t i = 0; i < jobs; i++) {
		st_fill(&s, 0, i + 1, 1);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, DATA_VA + 4 * i, 0, 1);
		st_op(&s, LOOM_OP_END);
	}
	return s;
}

#define NUMBERED_SLOTS	6

TEST(polled)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	volatile uint32_t *data = c.data.map;

	numbered(&c, 100);
	for (uint32_t i = 0; i < 100; i++) { /* round the ring several times */
		uint64_t jobs = user_queue_run(&q, CODE_VA + i * NUMBERED_SLOTS * 64, NUMBERED_SLOTS);

		CHECK(user_queue_poll(&q, jobs, deadline(5 * SECOND)));
		CHECK_EQ(q.cpl[i % 16].status, LOOM_JOB_OK);
		CHECK_EQ(data[i], i + 1);
	}
	CHECK_EQ(queue_state(c.fd, q.id).state, 0);
	CHECK_EQ(queue_state(c.fd, q.id).jobs_submitted, 100);
	CHECK_EQ(queue_state(c.fd, q.id).jobs_completed, 100);
	user_queue_close(&q);
	client_serves(&c);
}

/* As many as the ring holds with one write to the doorbell. */
TEST(bursts)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	volatile uint32_t *data = c.data.map;

	numbered(&c, 16);
	for (int round = 0; round < 20; round++) {
		memset(c.data.map, 0, PAGE);
		for (uint32_t i = 0; i < 16; i++)
			user_queue_put(&q, CODE_VA + i * NUMBERED_SLOTS * 64, NUMBERED_SLOTS);
		CHECK_OK(user_queue_wait(&q, user_queue_ring(&q), deadline(5 * SECOND), NULL));
		for (uint32_t i = 0; i < 16; i++)
			CHECK_EQ(data[i], i + 1);
	}
}

static void on_alarm(int signal)
{
	(void)signal;
}

TEST(waits)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	struct drm_loom_queue_wait args = { .id = q.id, .value = 3 };
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 50000 };
	struct stream s = store_word(&c, DATA_VA, 5);
	uint64_t completed = 77;
	int64_t start = now_ns();
	pid_t pid;

	CHECK_OK(user_queue_wait(&q, 0, 0, &completed));
	CHECK_EQ(completed, 0);
	CHECK_RET(user_queue_wait(&q, 1, 0, NULL), -ETIMEDOUT);
	CHECK_RET(user_queue_wait(&q, 1, -1, NULL), -ETIMEDOUT);
	CHECK_RET(user_queue_wait(&q, UINT64_MAX, deadline(50 * MS), &completed), -ETIMEDOUT);
	CHECK(now_ns() - start >= 50 * MS);
	user_queue_run(&q, CODE_VA, s.slots);
	CHECK_OK(user_queue_wait(&q, 1, deadline(5 * SECOND), &completed));
	CHECK(user_queue_done(&q, 1));
	CHECK_EQ(completed, 1);

	/* a signal ends it */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	args.timeout_ns = deadline(10 * SECOND);
	CHECK_EQ(ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_WAIT, &args), -1);
	CHECK_EQ(errno, EINTR);

	/* what another process rings for later; its doorbell is mapped by itself */
	pid = fork();
	if (!pid) {
		q.doorbell = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, c.fd, q.offset);
		CHECK(q.doorbell != MAP_FAILED);
		usleep(100 * 1000);
		user_queue_put(&q, CODE_VA, s.slots);
		user_queue_run(&q, CODE_VA, s.slots);
		_exit(0);
	}
	CHECK_OK(user_queue_wait(&q, 3, deadline(10 * SECOND), &completed));
	CHECK_EQ(completed, 3);
}

TEST(refused)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	const struct drm_loom_queue_create good = {
		.vm_id = c.vm, .priority = DRM_LOOM_PRIORITY_NORMAL, .ring_va = q.rings_va,
		.cpl_va = q.rings_va + PAGE, .ring_log2 = LOG2,
	};
	const struct drm_loom_queue_wait fine = { .id = q.id };
	struct drm_loom_queue_create args;
	struct drm_loom_queue_wait wait;

#define BAD(field, value)						\
	do {								\
		args = good;						\
		args.field = value;					\
		CHECK_RET(user_queue_make(c.fd, &args), -EINVAL);	\
	} while (0)
	BAD(flags, 2);
	BAD(flags, 0x80000000);
	BAD(pad, 1);
	BAD(priority, 4);
	BAD(ring_log2, 0);
	BAD(ring_log2, 13);
	BAD(ring_log2, 0x80000004);
	BAD(ring_va, 0);
	BAD(ring_va, q.rings_va + 32);
	BAD(ring_va, 1ull << 48);
	BAD(ring_va, (1ull << 48) - 64);
	BAD(ring_va, -64ull);
	BAD(cpl_va, 0);
	BAD(cpl_va, q.rings_va + 1);
	BAD(cpl_va, -1024ull);
#undef BAD
	args = good;
	args.vm_id = 77;
	CHECK_RET(user_queue_make(c.fd, &args), -ENOENT);
	/* rings are for user queues */
	args = good;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_CREATE, &args), -EINVAL);

	CHECK_RET(submit_one(c.fd, q.id, CODE_VA, 1, 0), -EINVAL);
	wait = fine;
	wait.pad = 1;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_WAIT, &wait), -EINVAL);
	wait = fine;
	wait.id = c.queue;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_WAIT, &wait), -EINVAL);
	wait.id = 99;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_WAIT, &wait), -ENOENT);
	user_queue_serves(&c, &q);
}

/* A program that was built before there were user queues. */
TEST(older_programs)
{
	struct { uint32_t vm_id, priority, flags, id; } args;
	unsigned long request = DRM_IOWR(DRM_COMMAND_BASE + DRM_LOOM_QUEUE_CREATE, args);
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 8);

	args = (__typeof__(args)){ .vm_id = c.vm };
	CHECK_OK(loom_ioctl(c.fd, request, &args));
	CHECK(args.id && args.id != c.queue);
	c.queue = args.id;
	client_run(&c, &s);
	args.flags = DRM_LOOM_QUEUE_USER;
	CHECK_RET(loom_ioctl(c.fd, request, &args), -EINVAL);
}

static uint32_t counted(struct client *c, uint32_t most)
{
	uint32_t count = 0;

	for (; count <= most; count++) {
		struct drm_loom_queue_create args = {
			.vm_id = c->vm, .ring_va = RINGS_VA, .cpl_va = RINGS_VA + PAGE, .ring_log2 = LOG2,
		};
		int ret = user_queue_make(c->fd, &args);

		if (ret) {
			CHECK_RET(ret, -ENOSPC);
			break;
		}
	}
	return count;
}

/* User queues are queues: a file has a limit, and others get theirs. */
TEST(limit)
{
	struct client c = client_open(), other = client_open();
	struct drm_loom_query_info info;
	struct user_queue q;

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	CHECK_EQ(counted(&c, info.max_queues), info.max_queues - 1);
	q = user_queue_of(&other, LOG2);
	user_queue_serves(&other, &q);
}

static struct drm_loom_queue_get_state ended_by_fault(struct client *c, struct user_queue *q)
{
	struct drm_loom_queue_get_state state;

	CHECK_RET(user_queue_wait(q, UINT64_MAX, deadline(5 * SECOND), NULL), -EIO);
	state = queue_state(c->fd, q->id);
	CHECK_EQ(state.state, DRM_LOOM_QUEUE_STATE_FAULT);
	/* the way out */
	CHECK_OK(queue_destroy(c->fd, q->id));
	client_serves(c);
	return state;
}

TEST(faults)
{
	struct client c = client_open();
	struct drm_loom_queue_get_state state;
	struct user_queue q = user_queue_of(&c, LOG2);
	struct stream s;

	/* a job's address */
	user_queue_serves(&c, &q);
	s = store_word(&c, 0x700001000, 1);
	user_queue_run(&q, CODE_VA, s.slots);
	state = ended_by_fault(&c, &q);
	CHECK_EQ(state.fault_status, LOOM_JOB_MMU_FAULT);
	CHECK_EQ(state.fault_va, 0x700001000);
	CHECK_EQ(state.fault_access, LOOM_ACCESS_WRITE);
	CHECK_EQ(state.fault_engine, LOOM_ENGINE_DMA_OUT);
	CHECK_EQ(state.fault_job, 1);
	CHECK_EQ(state.jobs_completed, 2);
	CHECK_EQ(q.cpl[1].status, LOOM_JOB_MMU_FAULT);
	CHECK_EQ(q.cpl[1].fault_va, 0x700001000);

	/* an entry */
	q = user_queue_of(&c, LOG2);
	s = store_word(&c, DATA_VA, 1);
	user_queue_put(&q, CODE_VA, s.slots);
	q.ring[0].flags = 1;
	user_queue_ring(&q);
	CHECK_EQ(ended_by_fault(&c, &q).fault_status, LOOM_JOB_BAD_ENTRY);

	/* a ring that is not there any more */
	q = user_queue_of(&c, LOG2);
	user_queue_serves(&c, &q);
	CHECK_OK(vm_unmap(c.fd, c.vm, q.rings_va, q.rings.size));
	user_queue_run(&q, CODE_VA, s.slots);
	state = ended_by_fault(&c, &q);
	CHECK_EQ(state.fault_status, LOOM_JOB_MMU_FAULT);
	CHECK_EQ(state.jobs_completed, 1);

	/* records that cannot be written */
	q = user_queue_of(&c, LOG2);
	CHECK_OK(vm_map(c.fd, c.vm, q.rings_va, q.rings.handle, 0, q.rings.size,
			DRM_LOOM_BIND_READONLY));
	s = store_word(&c, DATA_VA, 1);
	user_queue_run(&q, CODE_VA, s.slots);
	state = ended_by_fault(&c, &q);
	CHECK_EQ(state.fault_status, LOOM_JOB_MMU_FAULT);
	CHECK_EQ(state.fault_code, LOOM_MMU_FAULT_READ_ONLY);
	CHECK_EQ(state.fault_va, q.rings_va + q.rings.size / 2);
	CHECK_EQ(state.jobs_completed, 0);
}

/* Entries, records and doorbells at random, while the device is at work on them: others are not affected. */
TEST_WITHIN(lies, 60)
{
	struct client victim = client_open();
	unsigned int seed = 1, banned = 0;
	pid_t pid = fork();

	if (!pid) {
		for (;;) {
			struct client c = client_open();
			struct user_queue q = user_queue_of(&c, LOG2);
			struct stream s = store_word(&c, DATA_VA, 1);

			for (int i = 0; i < 300; i++) {
				uint32_t *words = q.rings.map;

				user_queue_put(&q, CODE_VA, s.slots);
				if (rand_r(&seed) % 4 == 0)
					words[rand_r(&seed) % (q.rings.size / 4)] = rand_r(&seed);
				*q.doorbell = rand_r(&seed) % 2 ? q.tail : (uint32_t)rand_r(&seed) * 2;
				if (rand_r(&seed) % 8 == 0)
					user_queue_wait(&q, rand_r(&seed) % 300, 0, NULL);
			}
			user_queue_close(&q);
			client_close(&c);
		}
	}
	for (int64_t end = deadline(4 * SECOND); now_ns() < end; banned++)
		client_serves(&victim);
	CHECK(banned);
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	client_serves(&victim);
	serves_anew();
}

/* A hang is found out, and only its queue is banned. @lowered: the doorbell denies that there is a job. */
static void check_hang(bool lowered, bool waits)
{
	struct client bad = client_open(), good = client_open();
	struct user_queue hung = user_queue_of(&bad, LOG2), well = user_queue_of(&good, LOG2);
	struct stream s = hang(&bad);
	int64_t start = now_ns();

	set_module_param("timeout_ms", TIMEOUT_MS);
	user_queue_serves(&good, &well);
	user_queue_run(&hung, CODE_VA, s.slots);
	usleep(50 * 1000);
	if (lowered)
		*hung.doorbell = 0;
	if (waits)
		CHECK_RET(user_queue_wait(&hung, 1, deadline(10 * SECOND), NULL), -EIO);
	usleep(2 * TIMEOUT_MS * 1000);
	for (int tries = 0; !queue_state(bad.fd, hung.id).state; tries++) {
		CHECK(tries < 100);
		usleep(100 * 1000);
	}
	/* the core is free again, though nobody has waited for the other queue */
	user_queue_serves(&good, &well);
	client_serves(&good);
	CHECK(now_ns() - start > TIMEOUT_MS * MS);
	CHECK_EQ(queue_state(bad.fd, hung.id).state, DRM_LOOM_QUEUE_STATE_TIMEOUT);
	CHECK_EQ(queue_state(bad.fd, hung.id).jobs_completed, 0);
	CHECK_EQ(queue_state(good.fd, well.id).state, 0);
	CHECK_RET(user_queue_wait(&hung, 1, deadline(SECOND), NULL), -EIO);
	/* banned: the doorbell does nothing */
	user_queue_run(&hung, CODE_VA, s.slots);
	user_queue_serves(&good, &well);
	client_serves(&bad);
}

TEST(hang_waited_for)
{
	check_hang(false, true);
}

TEST(hang_nobody_waits_for)
{
	check_hang(false, false);
}

TEST(hang_denied)
{
	check_hang(true, false);
}

/* Two user queues and one of the driver's, all with more to do than there is time: all get on. */
TEST_WITHIN(fair, 60)
{
	struct client c = client_open();
	struct user_queue q[2] = { user_queue_of(&c, LOG2), user_queue_of(&c, LOG2) };
	struct stream s = client_stream(&c);
	uint64_t done[2], most, least;
	uint32_t served = 0;

	st_fill(&s, 0, 1, 8192);
	st_op(&s, LOOM_OP_MARK);
	st_fill(&s, 0, 1, 8192);
	st_op(&s, LOOM_OP_END);
	for (int64_t end = deadline(2 * SECOND); now_ns() < end;) {
		for (int i = 0; i < 2; i++) {
			CHECK_OK(user_queue_wait(&q[i], 0, 0, &done[i]));
			while (q[i].tail - done[i] < 16)
				user_queue_put(&q[i], CODE_VA, s.slots);
			user_queue_ring(&q[i]);
		}
		CHECK_OK(client_start(&c, &s));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
		served++;
	}
	most = done[0] > done[1] ? done[0] : done[1];
	least = done[0] > done[1] ? done[1] : done[0];
	CHECK(least > 20 && served > 20);
	CHECK(most < 2 * least + 32);
	CHECK(served < 2 * least + 32);
}

/* Nobody takes the pages of what a user queue may use, whatever was said of them. */
TEST(resident)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	struct bo bo = bo_create(c.fd, 16 * PAGE, 0);
	struct drm_loom_bo_madvise advice = {
		.handle = bo.handle, .advice = DRM_LOOM_ADVICE_DONTNEED,
	};
	struct stream s = copy_words(&c, DATA_VA, 0x100000000, 1);

	*(volatile uint32_t *)bo.map = 4242;
	CHECK_OK(vm_map(c.fd, c.vm, 0x100000000, bo.handle, 0, bo.size, 0));
	munmap(bo.map, bo.size);
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MADVISE, &advice));
	advice.handle = q.rings.handle;
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MADVISE, &advice));
	shrink();
	CHECK_OK(user_queue_wait(&q, user_queue_run(&q, CODE_VA, s.slots), deadline(5 * SECOND), NULL));
	CHECK_EQ(*(volatile uint32_t *)c.data.map, 4242);
	advice.advice = DRM_LOOM_ADVICE_WILLNEED;
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MADVISE, &advice));
	CHECK_EQ(advice.retained, 1);
}

/* A completion whose interrupt does not come is seen all the same. */
TEST(lost_interrupt)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);

	user_queue_serves(&c, &q);
	if (!inject("drop-irq"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	user_queue_serves(&c, &q);
	CHECK(inject("none"));
	user_queue_serves(&c, &q);
}
