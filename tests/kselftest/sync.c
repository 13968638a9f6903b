// SPDX-License-Identifier: MIT
/* Syncobjs in and out of SUBMIT, binary and timeline. */
#include <unistd.h>

#include "loom_test.h"

/* A client with a second queue and a stream, at COPIER_VA, that copies word 0 to word 1. */
#define COPIER_VA	0x30000000ull

struct pair {
	struct client c;
	uint32_t queue, slots;
};

static struct pair pair_open(void)
{
	struct pair p = { .c = client_open() };
	struct bo code = bo_create(p.c.fd, PAGE, p.c.vm);
	struct stream s = stream(code.map, code.size);

	st_load(&s, DATA_VA, 0, 1);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, DATA_VA + 4, 0, 1);
	st_op(&s, LOOM_OP_END);
	CHECK_OK(vm_map(p.c.fd, p.c.vm, COPIER_VA, code.handle, 0, PAGE, 0));
	p.queue = queue_create(p.c.fd, p.c.vm);
	p.slots = s.slots;
	return p;
}

/* Writes word 0, but only after quite some work. */
static struct stream slow_store(struct client *c, uint32_t value)
{
	struct stream s = client_stream(c);

	for (int i = 0; i < 200; i++)
		st_fill(&s, 1024, i, 64 * 1024);
	st_op(&s, LOOM_OP_BARRIER);
	st_fill(&s, 0, value, 1);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, DATA_VA, 0, 1);
	st_op(&s, LOOM_OP_END);
	return s;
}

static int submit_syncs(struct client *c, uint32_t queue, uint64_t va, uint32_t slots,
			struct drm_loom_sync_op *ops, uint32_t count)
{
	struct drm_loom_job one = job(va, slots, ops, count);

	return submit(c->fd, queue, &one, 1);
}

TEST(binary_between_queues)
{
	struct pair p = pair_open();
	struct client *c = &p.c;
	uint32_t between = syncobj_create(c->fd);

	for (uint32_t round = 1; round <= 5; round++) {
		struct drm_loom_sync_op signal = sync_out(between);
		struct drm_loom_sync_op ops[] = { sync_in(between), sync_out(c->out) };
		struct stream s = slow_store(c, round);

		CHECK_OK(submit_syncs(c, c->queue, CODE_VA, s.slots, &signal, 1));
		CHECK_OK(submit_syncs(c, p.queue, COPIER_VA, p.slots, ops, 2));
		CHECK_OK(syncobj_wait(c->fd, c->out, deadline(20 * SECOND)));
		CHECK_EQ(((volatile uint32_t *)c->data.map)[1], round);
	}
}

TEST(timeline_between_queues)
{
	struct pair p = pair_open();
	struct client *c = &p.c;
	uint32_t line = syncobj_create(c->fd);

	for (uint64_t round = 1; round <= 5; round++) {
		struct drm_loom_sync_op signal = sync_point(DRM_LOOM_SYNC_SIGNAL, line, 2 * round - 1);
		struct drm_loom_sync_op ops[] = {
			sync_point(DRM_LOOM_SYNC_WAIT, line, 2 * round - 1),
			sync_point(DRM_LOOM_SYNC_SIGNAL, line, 2 * round),
		};
		struct stream s = slow_store(c, round);

		CHECK_OK(submit_syncs(c, c->queue, CODE_VA, s.slots, &signal, 1));
		CHECK_OK(submit_syncs(c, p.queue, COPIER_VA, p.slots, ops, 2));
		CHECK_OK(syncobj_wait_point(c->fd, line, 2 * round, deadline(20 * SECOND)));
		CHECK_EQ(((volatile uint32_t *)c->data.map)[1], round);
	}
}

/* A fence from another file, and one from the same queue. */
TEST(in_and_out_at_once)
{
	struct pair p = pair_open();
	struct client *c = &p.c;
	uint32_t line = syncobj_create(c->fd), binary = syncobj_create(c->fd);
	struct drm_loom_sync_op first[] = { sync_out(binary),
					    sync_point(DRM_LOOM_SYNC_SIGNAL, line, 7) };
	struct drm_loom_sync_op second[] = { sync_in(binary),
					     sync_point(DRM_LOOM_SYNC_WAIT, line, 3),
					     sync_out(binary),
					     sync_point(DRM_LOOM_SYNC_SIGNAL, line, 9) };
	struct stream s = slow_store(c, 31);

	CHECK_OK(submit_syncs(c, c->queue, CODE_VA, s.slots, first, 2));
	CHECK_OK(submit_syncs(c, p.queue, COPIER_VA, p.slots, second, 4));
	CHECK_OK(syncobj_wait(c->fd, binary, deadline(20 * SECOND)));
	CHECK_OK(syncobj_wait_point(c->fd, line, 9, 0));
	CHECK_EQ(((volatile uint32_t *)c->data.map)[1], 31);
}

/* A job may wait for what an earlier job of the same call signals. */
TEST(within_a_call)
{
	struct client c = client_open();
	uint32_t binary = syncobj_create(c.fd), line = syncobj_create(c.fd);
	struct drm_loom_sync_op first[] = { sync_out(binary),
					    sync_point(DRM_LOOM_SYNC_SIGNAL, line, 5) };
	struct drm_loom_sync_op second[] = { sync_in(binary),
					     sync_point(DRM_LOOM_SYNC_WAIT, line, 4),
					     sync_out(c.out) };
	struct stream s = store_word(&c, DATA_VA, 1);
	struct drm_loom_job jobs[2] = { job(CODE_VA, s.slots, first, 2),
					job(CODE_VA, s.slots, second, 3) };

	CHECK_OK(submit(c.fd, c.queue, jobs, 2));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	/* but not for a point that it does not reach */
	second[1].value = 6;
	CHECK_RET(submit(c.fd, c.queue, jobs, 2), -EINVAL);
}

TEST(nothing_to_wait_for)
{
	struct client c = client_open();
	uint32_t empty = syncobj_create(c.fd);
	struct drm_loom_sync_op op = sync_in(empty);
	struct stream s = store_word(&c, DATA_VA, 1);

	CHECK_RET(submit_syncs(&c, c.queue, CODE_VA, s.slots, &op, 1), -EINVAL);
	op = sync_point(DRM_LOOM_SYNC_WAIT, empty, 1);
	CHECK_RET(submit_syncs(&c, c.queue, CODE_VA, s.slots, &op, 1), -EINVAL);
	op = sync_in(4711);
	CHECK_RET(submit_syncs(&c, c.queue, CODE_VA, s.slots, &op, 1), -ENOENT);
	op = sync_out(0);
	CHECK_RET(submit_syncs(&c, c.queue, CODE_VA, s.slots, &op, 1), -ENOENT);
	op = (struct drm_loom_sync_op){ DRM_LOOM_SYNC_TIMELINE | DRM_LOOM_SYNC_SIGNAL, empty, 0 };
	CHECK_RET(submit_syncs(&c, c.queue, CODE_VA, s.slots, &op, 1), -EINVAL);
	op = (struct drm_loom_sync_op){ DRM_LOOM_SYNC_SIGNAL, empty, 1 };
	CHECK_RET(submit_syncs(&c, c.queue, CODE_VA, s.slots, &op, 1), -EINVAL);
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, 0);
}

/* A job whose in-fence failed is executed all the same: the fence only says when. */
TEST(fence_with_an_error)
{
	struct pair p = pair_open();
	struct client *c = &p.c;
	struct drm_loom_sync_op ops[] = { sync_in(c->out), sync_out(c->out) };
	struct stream s = client_stream(c);

	st_op(&s, 0xee);
	((volatile uint32_t *)c->data.map)[0] = 55;
	CHECK_OK(client_start(c, &s));
	CHECK_OK(submit_syncs(c, p.queue, COPIER_VA, p.slots, ops, 2));
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(c->fd, c->out), 1);
	CHECK_EQ(((volatile uint32_t *)c->data.map)[1], 55);
}

/* A queue that waits for a fence of another can be destroyed; its jobs end when that fence does. */
TEST(destroy_while_waiting)
{
	struct pair p = pair_open();
	struct client *c = &p.c;
	uint32_t between = syncobj_create(c->fd);
	struct drm_loom_sync_op ops[] = { sync_in(between), sync_out(c->out) };
	struct stream s = hang(c);

	CHECK_OK(submit_one(c->fd, c->queue, CODE_VA, s.slots, between));
	CHECK_OK(submit_syncs(c, p.queue, COPIER_VA, p.slots, ops, 2));
	CHECK_OK(queue_destroy(c->fd, p.queue));
	CHECK_RET(syncobj_wait(c->fd, c->out, deadline(50 * MS)), -ETIME);
	CHECK_OK(queue_destroy(c->fd, c->queue));
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(c->fd, c->out), -ECANCELED);
}
