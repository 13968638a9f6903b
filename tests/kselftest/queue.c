// SPDX-License-Identifier: MIT
/* Queues: order, priorities, several jobs a call, what is refused, what a fault tells, destruction. */
#include <grp.h>
#include <stdio.h>
#include <unistd.h>

#include "loom_test.h"

TEST(priorities)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 5);
	uint32_t queue;

	for (uint32_t priority = 0; priority <= DRM_LOOM_PRIORITY_REALTIME; priority++) {
		CHECK_OK(queue_create_prio(c.fd, c.vm, priority, &queue));
		CHECK_OK(submit_one(c.fd, queue, CODE_VA, s.slots, c.out));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	}
	CHECK_RET(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_REALTIME + 1, &queue), -EINVAL);
}

/* A stream that takes long, and can give way at many places. */
static struct stream long_stream(struct client *c, uint64_t va)
{
	struct bo code = bo_create(c->fd, 2 * HUGE_PAGE, c->vm);
	struct stream s = stream(code.map, code.size);

	CHECK_OK(vm_map(c->fd, c->vm, va, code.handle, 0, code.size, DRM_LOOM_BIND_READONLY));
	for (int i = 0; i < 8000; i++) {
		st_fill(&s, 0, i, 8192);
		st_op(&s, LOOM_OP_MARK);
	}
	st_op(&s, LOOM_OP_END);
	return s;
}

/* Whether a job of @queue ends before others, one a core, that began first. */
static bool overtakes(struct client *c, uint32_t queue, uint64_t va, uint32_t slots, const uint32_t *queues,
		      unsigned int count)
{
	uint32_t out = syncobj_create(c->fd);
	struct stream s = store_word(c, DATA_VA, 1);
	bool still;

	for (unsigned int i = 0; i < count; i++)
		CHECK_OK(submit_one(c->fd, queues[i], va, slots, out));
	usleep(1000);
	CHECK_OK(submit_one(c->fd, queue, CODE_VA, s.slots, c->out));
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(20 * SECOND)));
	still = syncobj_wait(c->fd, out, 0) == -ETIME;
	CHECK_OK(syncobj_wait(c->fd, out, deadline(20 * SECOND)));
	for (unsigned int i = 0; i < count; i++) {
		while (queue_state(c->fd, queues[i]).jobs_completed < queue_state(c->fd, queues[i]).jobs_submitted)
			usleep(1000);
		CHECK_EQ(queue_state(c->fd, queues[i]).state, 0);
	}
	syncobj_destroy(c->fd, out);
	return still;
}

/*
 * Jobs that take all cores give way at a MARK: to an equal when their time slice is over, to a higher priority at once; to
 * a lower one never. On a machine that is busy they may be over before somebody comes: then once more.
 */
TEST_WITHIN(way_is_given_at_marks, 120)
{
	const uint64_t va = 0x100000000;
	struct client c = client_open();
	uint32_t queues[LOOM_MAX_CORES], queue;
	struct drm_loom_query_info info;
	struct stream s = long_stream(&c, va);

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	for (uint32_t i = 0; i < info.num_cores; i++)
		CHECK_OK(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, &queues[i]));
	for (uint32_t priority = 0; priority <= DRM_LOOM_PRIORITY_REALTIME; priority++) {
		bool first = false;

		CHECK_OK(queue_create_prio(c.fd, c.vm, priority, &queue));
		for (int round = 0; round < 5 && !first; round++)
			first = overtakes(&c, queue, va, s.slots, queues, info.num_cores);
		if (info.num_cores == 1 || priority >= DRM_LOOM_PRIORITY_NORMAL)
			CHECK_EQ(first, priority >= DRM_LOOM_PRIORITY_NORMAL);
		CHECK_OK(queue_destroy(c.fd, queue));
	}
}

TEST(priorities_need_permission)
{
	struct client c = client_open();
	uint32_t queue;

	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_EQ(setresuid(65534, 65534, 65534), 0);
	CHECK_OK(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_LOW, &queue));
	CHECK_OK(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, &queue));
	CHECK_RET(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_HIGH, &queue), -EACCES);
	CHECK_RET(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_REALTIME, &queue), -EACCES);
}

/* Each job copies the next word from the one before: in any other order the last would not get there. */
TEST(order)
{
	enum { JOBS = 300 };	/* more than a ring holds */
	struct client c = client_open();
	volatile uint32_t *data = c.data.map;
	struct bo code = bo_create(c.fd, (JOBS * 6 * 64 + PAGE - 1) & -PAGE, c.vm);
	struct stream s = stream(code.map, code.size);
	uint32_t slots;

	CHECK_OK(vm_map(c.fd, c.vm, 0x100000000, code.handle, 0, code.size, 0));
	data[0] = 123456;
	for (int i = 0; i < JOBS; i++) {
		uint64_t va = 0x100000000 + s.slots * 64;

		slots = s.slots;
		st_load(&s, DATA_VA + 4 * i, 0, 1);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, DATA_VA + 4 * i + 4, 0, 1);
		st_op(&s, LOOM_OP_END);
		CHECK_OK(submit_one(c.fd, c.queue, va, s.slots - slots, i == JOBS - 1 ? c.out : 0));
	}
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(20 * SECOND)));
	for (int i = 1; i <= JOBS; i++)
		CHECK_EQ(data[i], 123456);
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, JOBS);
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_completed, JOBS);
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
}

TEST(several_jobs_a_call)
{
	struct client c = client_open();
	volatile uint32_t *data = c.data.map;
	struct drm_loom_sync_op op = sync_out(c.out);
	struct drm_loom_job jobs[3];
	struct stream s = client_stream(&c);

	for (int i = 0; i < 3; i++) {
		uint32_t from = s.slots;

		st_fill(&s, 0, 70 + i, 1);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, DATA_VA + 4 * i, 0, 1);
		st_op(&s, LOOM_OP_END);
		jobs[i] = job(CODE_VA + from * 64, s.slots - from, &op, i == 2);
	}
	CHECK_OK(submit(c.fd, c.queue, jobs, 3));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(data[i], 70 + i);
}

/* One job of several that is wrong: none is executed, and no syncobj has changed. */
TEST(all_or_nothing)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	struct drm_loom_sync_op out = sync_out(c.out), missing = sync_out(4711);
	struct drm_loom_job jobs[3];

	for (int bad = 0; bad < 3; bad++) {
		for (int i = 0; i < 3; i++)
			jobs[i] = job(CODE_VA, s.slots, &out, 1);
		jobs[bad].stream_va += 8;
		CHECK_RET(submit(c.fd, c.queue, jobs, 3), -EINVAL);
		jobs[bad] = job(CODE_VA, s.slots, &missing, 1);
		CHECK_RET(submit(c.fd, c.queue, jobs, 3), -ENOENT);
		jobs[bad] = job(CODE_VA, s.slots, &out, 1);
		jobs[bad].syncs.array = 8;
		CHECK_RET(submit(c.fd, c.queue, jobs, 3), -EFAULT);
	}
	CHECK_RET(syncobj_wait(c.fd, c.out, 0), -EINVAL); /* still without a fence */
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, 0);
	CHECK_EQ(*(volatile uint32_t *)c.data.map, 0);
	client_run(&c, &s);
	CHECK_EQ(*(volatile uint32_t *)c.data.map, 1);
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, 1);
}

TEST(stream_range)
{
	static const struct {
		uint64_t va;
		uint32_t slots;
	} bad[] = {
		{ CODE_VA, 0 },
		{ CODE_VA, LOOM_STREAM_SLOTS_MAX + 1 },
		{ CODE_VA, 0xffffffff },
		{ CODE_VA + 1, 1 },
		{ CODE_VA + 32, 1 },
		{ 0, 1 },
		{ 1ull << LOOM_VA_BITS, 1 },
		{ (1ull << LOOM_VA_BITS) - 64, 2 },
		{ -64ull, 1 },
		{ -64ull, 2 },
	};
	struct client c = client_open();
	struct drm_loom_query_info info;

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RET(submit_one(c.fd, c.queue, bad[i].va, bad[i].slots, 0), -EINVAL);
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, 0);
}

static struct drm_loom_queue_get_state fault(struct client *c, const struct stream *s, int error)
{
	CHECK_OK(client_start(c, s));
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(c->fd, c->out), error);
	CHECK_RET(client_start(c, s), -EIO);
	return queue_state(c->fd, c->queue);
}

TEST(illegal_opcode)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	struct drm_loom_queue_get_state state;

	client_run(&c, &s);
	client_run(&c, &s);
	s = client_stream(&c);
	st_fill(&s, 0, 1, 1);
	st_op(&s, 0xee);
	st_op(&s, LOOM_OP_END);
	state = fault(&c, &s, -EINVAL);
	CHECK_EQ(state.state, DRM_LOOM_QUEUE_STATE_FAULT);
	CHECK_EQ(state.fault_status, LOOM_JOB_ILLEGAL);
	CHECK_EQ(state.fault_code, LOOM_ILL_OPCODE);
	CHECK_EQ(state.fault_slot, 2);
	CHECK_EQ(state.fault_job, 2);
	CHECK_EQ(state.jobs_submitted, 3);
	CHECK_EQ(state.jobs_completed, 3);
}

TEST(no_end)
{
	struct client c = client_open();
	struct stream s = client_stream(&c);
	struct drm_loom_queue_get_state state;

	st_fill(&s, 0, 1, 1);
	state = fault(&c, &s, -EINVAL);
	CHECK_EQ(state.fault_status, LOOM_JOB_NO_END);
}

TEST(stream_not_mapped)
{
	struct client c = client_open();
	struct stream s = client_stream(&c);
	struct drm_loom_queue_get_state state;

	CHECK_OK(vm_unmap(c.fd, c.vm, CODE_VA, PAGE));
	st_op(&s, LOOM_OP_END);
	state = fault(&c, &s, -EFAULT);
	CHECK_EQ(state.fault_status, LOOM_JOB_MMU_FAULT);
	CHECK_EQ(state.fault_code, LOOM_MMU_FAULT_UNMAPPED);
	CHECK_EQ(state.fault_va, CODE_VA);
	CHECK_EQ(state.fault_engine, LOOM_ENGINE_CTRL);
	CHECK_EQ(state.fault_access, LOOM_ACCESS_READ);
}

/* Jobs after one that faults are not executed; their fences say so. */
TEST(after_a_fault)
{
	struct client c = client_open();
	struct stream s = client_stream(&c);
	uint32_t later = syncobj_create(c.fd), good;
	struct drm_loom_sync_op first_out = sync_out(c.out), later_out = sync_out(later);
	struct drm_loom_job jobs[2];

	st_op(&s, 0xee);
	good = s.slots;
	st_fill(&s, 0, 1, 1);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, DATA_VA, 0, 1);
	st_op(&s, LOOM_OP_END);
	jobs[0] = job(CODE_VA, 1, &first_out, 1);
	jobs[1] = job(CODE_VA + good * 64, s.slots - good, &later_out, 1);
	CHECK_OK(submit(c.fd, c.queue, jobs, 2));
	CHECK_OK(syncobj_wait(c.fd, later, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -EINVAL);
	CHECK_EQ(syncobj_status(c.fd, later), -ECANCELED);
	CHECK_EQ(*(volatile uint32_t *)c.data.map, 0);
}

TEST(destroy_with_jobs)
{
	struct client c = client_open();
	struct stream s = hang(&c);
	uint32_t later = syncobj_create(c.fd);

	CHECK_OK(client_start(&c, &s));
	for (int i = 0; i < 200; i++) /* more than the ring holds */
		CHECK_OK(submit_one(c.fd, c.queue, CODE_VA, s.slots, later));
	CHECK_RET(syncobj_wait(c.fd, c.out, deadline(50 * MS)), -ETIME);
	CHECK_OK(queue_destroy(c.fd, c.queue));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -ECANCELED);
	CHECK_OK(syncobj_wait(c.fd, later, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, later), -ECANCELED);
	CHECK_RET(queue_destroy(c.fd, c.queue), -ENOENT);

	/* the hardware is free for others */
	c.queue = queue_create(c.fd, c.vm);
	s = store_word(&c, DATA_VA, 9);
	client_run(&c, &s);
}

/* A fence whose queue is gone still has a name. */
TEST(names_after_destroy)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	char driver[33] = "", timeline[33] = "", before[33] = "";
	int sync_fd;

	client_run(&c, &s);
	sync_fd = syncobj_export_file(c.fd, c.out);
	CHECK_EQ(sync_file_status(sync_fd, NULL, before), 1);
	CHECK_OK(queue_destroy(c.fd, c.queue));
	usleep(200 * 1000);
	CHECK_EQ(sync_file_status(sync_fd, driver, timeline), 1);
	CHECK(driver[0] && !strcmp(timeline, before));
	client_close(&c);
	usleep(200 * 1000);
	CHECK_EQ(sync_file_status(sync_fd, driver, timeline), 1);
	CHECK(!strcmp(timeline, before));
	close(sync_fd);
}

TEST(many_queues)
{
	struct client c = client_open();
	struct drm_loom_query_info info;
	struct stream s = store_word(&c, DATA_VA, 3);
	uint32_t outs[64];

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	for (uint32_t i = 1; i < info.max_queues; i++) {
		outs[i] = syncobj_create(c.fd);
		CHECK_OK(submit_one(c.fd, queue_create(c.fd, c.vm), CODE_VA, s.slots, outs[i]));
	}
	for (uint32_t i = 1; i < info.max_queues; i++) {
		CHECK_OK(syncobj_wait(c.fd, outs[i], deadline(10 * SECOND)));
		CHECK_EQ(syncobj_status(c.fd, outs[i]), 1);
	}
}

/* Many rounds of making and ending: what is not given back runs out. */
TEST_WITHIN(create_and_destroy, 60)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 3);

	for (int i = 0; i < 200; i++) {
		uint32_t queue = queue_create(c.fd, c.vm);

		CHECK_OK(submit_one(c.fd, queue, CODE_VA, s.slots, 0));
		CHECK_OK(queue_destroy(c.fd, queue));
	}
	for (int i = 0; i < 100; i++) {
		uint32_t vm = vm_create(c.fd);
		struct bo bo = bo_create(c.fd, PAGE, vm);

		CHECK_OK(vm_map(c.fd, vm, DATA_VA, bo.handle, 0, PAGE, 0));
		CHECK_OK(vm_destroy(c.fd, vm));
		gem_close(c.fd, bo.handle);
	}
	client_run(&c, &s);
}
