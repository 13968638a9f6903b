// SPDX-License-Identifier: MIT
/* Work of several processes on the same thing: one VM's pages, one buffer. */
#include <stdlib.h>
#include <unistd.h>

#include "stress.h"

#define LONG	(60 * SECOND)

/* ---- VM_BIND ---- */

/*
 * A worker's part of the VM: not a whole number of large pages, so that neighbours share tables; one large page lies in
 * each part. The buffer's words say which page of it they are.
 */
#define BIND_VA		0xa00000000ull
#define PART_PAGES	768u
#define BO_PAGES	(4 * 512u)
#define STEPS		8		/* in flight at a time */
#define STEP_READS	12

static struct client bind_client;
static struct bo bind_pages;

void binds_prepare(void)
{
	bind_client = client_open();
	bind_pages = bo_create(bind_client.fd, BO_PAGES * PAGE, 0);
	for (uint32_t p = 0; p < BO_PAGES; p++)
		set_word(&bind_pages, p * PAGE, p + 1);
}

/* What a worker has, and what is where in its part: 0, or the number that the page has in it. */
struct binder {
	struct client c;	/* a queue and a syncobj of its own, all else is everybody's */
	uint32_t line;		/* timeline: odd points are calls of VM_BIND, even ones jobs */
	uint64_t point;
	uint32_t first;		/* page of the VM */
	struct stream code[STEPS];
	uint64_t code_va, result_va;
	volatile uint32_t *result;
	uint32_t want[STEPS][STEP_READS], reads[STEPS];
	uint32_t model[PART_PAGES];
};

static struct drm_loom_bind_op binder_op(struct binder *b)
{
	uint32_t align = rand() % 4 ? 1 : 512, first = b->first, end = first + PART_PAGES, len, offset;

	if (align > 1) {
		first = (first + align - 1) / align * align;
		len = align;
		offset = rand() % (BO_PAGES / align) * align;
	} else {
		first += rand() % PART_PAGES;
		len = 1 + rand() % (end - first);
		offset = rand() % (BO_PAGES - len + 1);
	}
	if (rand() % 3) {
		for (uint32_t p = 0; p < len; p++)
			b->model[first - b->first + p] = offset + p + 1;
		return op_map(BIND_VA + first * PAGE, bind_pages.handle, offset * PAGE, len * PAGE);
	}
	memset(&b->model[first - b->first], 0, len * sizeof(*b->model));
	return op_unmap(BIND_VA + first * PAGE, len * PAGE);
}

/* One or two operations, now or after the job before; then a job that reads what is there then. */
static void binder_step(struct binder *b, uint32_t step)
{
	struct drm_loom_bind_op ops[2];
	uint32_t count = 1 + rand() % 2, reads = 0;
	struct stream s = { b->code[step].base, 0, b->code[step].room };
	struct drm_loom_sync_op syncs[2] = {
		sync_point(DRM_LOOM_SYNC_WAIT, b->line, b->point),
		sync_point(DRM_LOOM_SYNC_SIGNAL, b->line, b->point + 1),
	};
	struct drm_loom_job one;

	for (uint32_t i = 0; i < count; i++)
		ops[i] = binder_op(b);
	if (rand() % 3) {
		CHECK_OK(bind_async(b->c.fd, b->c.vm, ops, count, b->point ? syncs : &syncs[1],
				    b->point ? 2 : 1));
	} else {
		if (b->point)
			CHECK_OK(syncobj_wait_point(b->c.fd, b->line, b->point, deadline(LONG)));
		CHECK_OK(vm_bind_ops(b->c.fd, b->c.vm, ops, &count));
		CHECK_OK(bind_async(b->c.fd, b->c.vm, NULL, 0, &syncs[1], 1));
	}
	for (uint32_t i = 0; i < 8 * STEP_READS && reads < STEP_READS; i++) {
		uint32_t p = rand() % PART_PAGES;

		if (!b->model[p])
			continue;
		st_load(&s, BIND_VA + (b->first + p) * PAGE, 4 * reads, 1);
		b->want[step][reads++] = b->model[p];
	}
	b->reads[step] = reads;
	st_op(&s, LOOM_OP_BARRIER);
	if (reads)
		st_store(&s, b->result_va + step * STEP_READS * 4, 0, reads);
	st_op(&s, LOOM_OP_END);
	syncs[0].value = b->point + 1;
	syncs[1].value = b->point + 2;
	one = job(b->code_va + step * s.room * LOOM_SLOT_BYTES, s.slots, syncs, 2);
	CHECK_OK(submit(b->c.fd, b->c.queue, &one, 1));
	b->point += 2;
}

void work_binds(unsigned int number)
{
	static struct binder b;
	uint32_t part = number % 4;

	b.c = bind_client;
	b.c.queue = queue_create(b.c.fd, b.c.vm);
	b.line = syncobj_create(b.c.fd);
	b.first = part * PART_PAGES;
	b.code_va = CODE_VA + part * 4 * PAGE;
	b.result_va = DATA_VA + part * PAGE;
	b.result = (void *)((char *)b.c.data.map + part * PAGE);
	for (uint32_t i = 0; i < STEPS; i++)
		b.code[i] = stream((char *)b.c.code.map + part * 4 * PAGE + i * PAGE / 2, PAGE / 2);
	crew_ready();
	do {
		for (uint32_t step = 0; step < STEPS; step++)
			binder_step(&b, step);
		CHECK_OK(syncobj_wait_point(b.c.fd, b.line, b.point, deadline(LONG)));
		for (uint32_t step = 0; step < STEPS; step++)
			for (uint32_t i = 0; i < b.reads[step]; i++)
				CHECK_EQ(b.result[step * STEP_READS + i], b.want[step][i]);
		CHECK_EQ(queue_state(b.c.fd, b.c.queue).state, 0);
		shared->did[number].rounds++;
	} while (!time_is_up());
	CHECK_EQ(vm_state(b.c.fd, b.c.vm).state, 0);
	/* and what is not there is not */
	for (uint32_t i = 0; i < PART_PAGES; i++) {
		struct drm_loom_queue_get_state state;
		struct stream s = { b.code[0].base, 0, b.code[0].room };

		if (b.model[i])
			continue;
		st_load(&s, BIND_VA + (b.first + i) * PAGE, 0, 1);
		st_op(&s, LOOM_OP_END);
		CHECK_OK(submit_one(b.c.fd, b.c.queue, b.code_va, s.slots, 0));
		while (!(state = queue_state(b.c.fd, b.c.queue)).state)
			usleep(1000);
		CHECK_EQ(state.state, DRM_LOOM_QUEUE_STATE_FAULT);
		CHECK_EQ(state.fault_code, LOOM_MMU_FAULT_UNMAPPED);
		CHECK_EQ(state.fault_va, BIND_VA + (b.first + i) * PAGE);
		break;
	}
}

/* ---- a buffer to and fro ---- */

#define PING_PONG_JOBS	4000
#define PING_PONG_CHECK	32

static struct line ping_pong;
static int turn[2][2];		/* pipes: what number the next job has, for whom */

void ping_pong_prepare(void)
{
	int fd = loom_open();

	CHECK(fd >= 0);
	ping_pong = line_make(fd, PING_PONG_JOBS, 4);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pipe(turn[i]), 0);
}

static void pass(int to, int32_t job)
{
	CHECK_EQ(write(turn[to][1], &job, sizeof(job)), sizeof(job));
}

/*
 * The turn goes on when a job is submitted, not when it has ended: only the buffer's fences are between that job and the
 * other's next one, which is of another priority and would be first.
 */
void work_ping_pong(unsigned int number)
{
	static const uint32_t priority[] = { DRM_LOOM_PRIORITY_NORMAL, DRM_LOOM_PRIORITY_HIGH };
	int me = number % 2, fd = loom_open();
	uint32_t vm, queue, words;
	int32_t next;

	CHECK(fd >= 0);
	vm = vm_create(fd);
	CHECK_OK(queue_create_prio(fd, vm, priority[me], &queue));
	words = line_map(&ping_pong, fd, vm);
	crew_ready();
	if (!me)
		pass(0, 0);
	for (;;) {
		struct drm_loom_buffer buffer = { .handle = words };
		struct drm_loom_job one;
		struct drm_loom_submit args = {
			.queue_id = queue, .jobs = { sizeof(one), 1, (uintptr_t)&one },
			.buffers = { sizeof(buffer), 1, (uintptr_t)&buffer },
		};

		CHECK_EQ(read(turn[me][0], &next, sizeof(next)), sizeof(next));
		if (next < 0)
			break;
		shared->did[number].rounds++;
		if (next == PING_PONG_JOBS || (time_is_up() && next > 2 * PING_PONG_CHECK)) {
			shared->stop = next;
			pass(!me, -1);
			break;
		}
		if (next % PING_PONG_CHECK == 0) {
			CHECK_OK(bo_wait(fd, words, deadline(LONG)));
			CHECK_EQ(ping_pong.map[next], LINE_TOKEN);
		}
		one = line_job(&ping_pong, next, NULL, 0);
		buffer.flags = DRM_LOOM_BUFFER_READ | DRM_LOOM_BUFFER_WRITE;
		CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_SUBMIT, &args));
		pass(!me, next + 1);
	}
	CHECK_OK(bo_wait(fd, words, deadline(LONG)));
	CHECK_EQ(queue_state(fd, queue).state, 0);
}

void ping_pong_check(void)
{
	line_check(&ping_pong, shared->stop);
	test_say("a buffer went to and fro %u times\n", shared->stop);
}
