// SPDX-License-Identifier: MIT
/*
 * Two processes with two queues each at once: a descriptor that touches what is not its own faults that queue alone, with
 * the address reported, and the other results stay right.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loom_test.h"

#define ROUNDS		40
#define STRAY_VA	0x700000000ull	/* mapped in the other process only */

/* Two queues with a stream each: queue q copies block q to block q + 2. */
struct worker {
	struct client c;
	uint32_t queue[2], out[2], slots[2];
	uint64_t va[2];
};

static struct worker worker_open(void)
{
	struct worker w = { .c = client_open() };

	w.queue[0] = w.c.queue;
	w.queue[1] = queue_create(w.c.fd, w.c.vm);
	for (int q = 0; q < 2; q++) {
		struct stream s = stream((char *)w.c.code.map + q * PAGE, PAGE);

		w.out[q] = syncobj_create(w.c.fd);
		w.va[q] = CODE_VA + q * PAGE;
		st_load(&s, DATA_VA + q * PAGE, 0, 1024);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, DATA_VA + (q + 2) * PAGE, 0, 1024);
		st_op(&s, LOOM_OP_END);
		w.slots[q] = s.slots;
	}
	return w;
}

static void worker_round(struct worker *w, int q, uint32_t seed)
{
	volatile uint32_t *from = (void *)((char *)w->c.data.map + q * PAGE);

	for (uint32_t i = 0; i < 1024; i++)
		from[i] = seed * 1031 + i;
	CHECK_OK(submit_one(w->c.fd, w->queue[q], w->va[q], w->slots[q], w->out[q]));
}

static void worker_check(struct worker *w, int q, uint32_t seed)
{
	volatile uint32_t *to = (void *)((char *)w->c.data.map + (q + 2) * PAGE);

	CHECK_OK(syncobj_wait(w->c.fd, w->out[q], deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(w->c.fd, w->out[q]), 1);
	for (uint32_t i = 0; i < 1024; i++)
		CHECK_EQ(to[i], seed * 1031 + i);
}

static void work(struct worker *w, uint32_t seed, bool both)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		worker_round(w, 0, seed + round);
		if (both)
			worker_round(w, 1, seed + round + 500);
		worker_check(w, 0, seed + round);
		if (both)
			worker_check(w, 1, seed + round + 500);
	}
}

/* Queue 1 strays in the middle of the work. */
static void stray(struct worker *w)
{
	struct stream s = stream((char *)w->c.code.map + 4 * PAGE, PAGE);
	struct drm_loom_queue_get_state state;

	st_fill(&s, 0, 0xbad, 4);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, STRAY_VA + 0x123 * 4, 0, 4);
	st_op(&s, LOOM_OP_END);
	CHECK_OK(submit_one(w->c.fd, w->queue[1], CODE_VA + 4 * PAGE, s.slots, w->out[1]));
	work(w, 7000, false);
	CHECK_OK(syncobj_wait(w->c.fd, w->out[1], deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(w->c.fd, w->out[1]), -EFAULT);
	state = queue_state(w->c.fd, w->queue[1]);
	CHECK_EQ(state.state, DRM_LOOM_QUEUE_STATE_FAULT);
	CHECK_EQ(state.fault_status, LOOM_JOB_MMU_FAULT);
	CHECK_EQ(state.fault_code, LOOM_MMU_FAULT_UNMAPPED);
	CHECK_EQ(state.fault_va & -PAGE, STRAY_VA);
	CHECK_EQ(state.fault_engine, LOOM_ENGINE_DMA_OUT);
	CHECK_EQ(state.fault_access, LOOM_ACCESS_WRITE);
	CHECK_EQ(state.fault_slot, 3);
	CHECK_RET(submit_one(w->c.fd, w->queue[1], w->va[1], w->slots[1], 0), -EIO);
	CHECK_EQ(queue_state(w->c.fd, w->queue[0]).state, 0);
	work(w, 9000, false);
}

static void wait_for(volatile uint32_t *flag, uint32_t value)
{
	while (*flag < value)
		usleep(1000);
}

TEST_WITHIN(stray_store, 60)
{
	volatile uint32_t *stage = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct worker w;
	struct bo target;
	pid_t other;
	int status;

	other = fork();
	if (!other) {
		w = worker_open();
		target = bo_create(w.c.fd, PAGE, 0);
		memset(target.map, 0x5a, PAGE);
		CHECK_OK(vm_map(w.c.fd, w.c.vm, STRAY_VA, target.handle, 0, PAGE, 0));
		*stage = 1;
		do {
			work(&w, 100, true);
		} while (*stage < 2);
		work(&w, 200, true);
		for (int i = 0; i < (int)PAGE; i++)
			CHECK_EQ(((unsigned char *)target.map)[i], 0x5a);
		CHECK_EQ(queue_state(w.c.fd, w.queue[0]).state, 0);
		CHECK_EQ(queue_state(w.c.fd, w.queue[1]).state, 0);
		_exit(0);
	}
	w = worker_open();
	wait_for(stage, 1);
	work(&w, 300, true);
	stray(&w);
	*stage = 2;
	CHECK_EQ(waitpid(other, &status, 0), other);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
}

/* A process that is killed with jobs queued leaves nothing behind, at once, and others go on. */
TEST_WITHIN(killed_process, 60)
{
	struct worker w = worker_open();

	/* not its jobs' timeout is what ends them */
	set_module_param("timeout_ms", 30000);
	for (int round = 0; round < 5; round++) {
		int ready[2], status;
		int64_t start;
		pid_t other;
		char byte;

		CHECK_EQ(pipe(ready), 0);
		other = fork();
		if (!other) {
			struct client c = client_open();
			struct stream s = hang(&c);

			for (int i = 0; i < 150; i++)
				CHECK_OK(client_start(&c, &s));
			CHECK_EQ(write(ready[1], "x", 1), 1);
			pause();
		}
		CHECK_EQ(read(ready[0], &byte, 1), 1);
		start = now_ns();
		kill(other, SIGKILL);
		CHECK_EQ(waitpid(other, &status, 0), other);
		CHECK(now_ns() - start < 10 * SECOND);
		work(&w, 100 * round, true);
		close(ready[0]);
		close(ready[1]);
	}
}
