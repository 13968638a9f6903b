// SPDX-License-Identifier: MIT
#include <sched.h>
#include <sys/mman.h>

#include "user_queue.h"

int user_queue_make(int fd, struct drm_loom_queue_create *args)
{
	args->flags |= DRM_LOOM_QUEUE_USER;
	return loom_ioctl(fd, DRM_IOCTL_LOOM_QUEUE_CREATE, args);
}

struct user_queue user_queue_open(int fd, uint32_t vm, uint32_t priority, uint32_t log2)
{
	static uint64_t next_va = RINGS_VA;
	uint64_t bytes = ((64ull << log2) + PAGE - 1) & -PAGE;
	struct drm_loom_queue_create args = {
		.vm_id = vm, .priority = priority, .ring_va = next_va, .cpl_va = next_va + bytes,
		.ring_log2 = log2,
	};
	struct user_queue q = { .fd = fd, .log2 = log2, .rings_va = next_va };

	next_va += 1 << 20;
	q.rings = bo_create(fd, 2 * bytes, vm);
	CHECK_OK(vm_map(fd, vm, q.rings_va, q.rings.handle, 0, q.rings.size, 0));
	CHECK_OK(user_queue_make(fd, &args));
	q.id = args.id;
	q.offset = args.doorbell_offset;
	q.ring = q.rings.map;
	q.cpl = (void *)((char *)q.rings.map + bytes);
	q.doorbell = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, q.offset);
	CHECK(q.doorbell != MAP_FAILED);
	return q;
}

struct user_queue user_queue_of(const struct client *c, uint32_t log2)
{
	return user_queue_open(c->fd, c->vm, DRM_LOOM_PRIORITY_NORMAL, log2);
}

void user_queue_close(struct user_queue *q)
{
	munmap((void *)q->doorbell, PAGE);
	munmap(q->rings.map, q->rings.size);
}

void user_queue_put(struct user_queue *q, uint64_t va, uint32_t slots)
{
	q->ring[q->tail & ((1u << q->log2) - 1)] = (struct loom_job){
		.stream_va = va, .stream_slots = slots, .seqno = q->tail + 1,
	};
	q->tail++;
}

uint64_t user_queue_ring(struct user_queue *q)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	q->doorbell[LOOM_DOORBELL_TAIL / 4] = q->tail;
	return q->tail;
}

uint64_t user_queue_run(struct user_queue *q, uint64_t va, uint32_t slots)
{
	user_queue_put(q, va, slots);
	return user_queue_ring(q);
}

bool user_queue_done(struct user_queue *q, uint64_t jobs)
{
	volatile struct loom_completion *cpl = &q->cpl[(jobs - 1) & ((1u << q->log2) - 1)];

	return __atomic_load_n(&cpl->seqno, __ATOMIC_ACQUIRE) >= jobs;
}

bool user_queue_poll(struct user_queue *q, uint64_t jobs, int64_t timeout)
{
	while (!user_queue_done(q, jobs)) {
		if (now_ns() > timeout)
			return false;
		sched_yield();
	}
	return true;
}

int user_queue_wait(struct user_queue *q, uint64_t jobs, int64_t timeout, uint64_t *completed)
{
	struct drm_loom_queue_wait args = { .id = q->id, .value = jobs, .timeout_ns = timeout };
	int ret = loom_ioctl(q->fd, DRM_IOCTL_LOOM_QUEUE_WAIT, &args);

	if (completed)
		*completed = args.completed;
	return ret;
}

void user_queue_serves(struct client *c, struct user_queue *q)
{
	static uint32_t value = 7000;
	struct stream s = store_word(c, DATA_VA, ++value);

	CHECK_OK(user_queue_wait(q, user_queue_run(q, CODE_VA, s.slots), deadline(10 * SECOND), NULL));
	CHECK_EQ(*(volatile uint32_t *)c->data.map, value);
}
