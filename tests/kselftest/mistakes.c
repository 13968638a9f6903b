// SPDX-License-Identifier: MIT
/* Calls that fail, each at another place, as a program's mistakes make them. */
#include <sys/mman.h>

#include "loom_test.h"

void fail_in_all_ways(struct client *c)
{
	struct stream s = store_word(c, DATA_VA, 1);
	struct drm_loom_sync_op no_sync = sync_out(4711);
	struct drm_loom_bind_op op = op_map(0x100000000, 4711, 0, PAGE);
	struct drm_loom_job one = job(CODE_VA, s.slots, &no_sync, 1);
	struct drm_loom_buffer buffer = { 4711, DRM_LOOM_BUFFER_READ };
	struct drm_loom_submit args = {
		.queue_id = c->queue, .jobs = { sizeof(one), 1, (uintptr_t)&one },
		.buffers = { sizeof(buffer), 1, (uintptr_t)&buffer },
	};
	struct drm_loom_queue_create user = {
		.vm_id = c->vm, .flags = DRM_LOOM_QUEUE_USER, .ring_va = 8, .cpl_va = 8, .ring_log2 = 4,
	};
	struct drm_loom_dev_query query = { .type = 4711 };
	struct drm_loom_perf_open perf = { .cores = 1, .counters = 1, .period_ns = 1, .records = 3 };
	struct drm_loom_vm_create vm = {};
	struct drm_prime_handle prime = { .fd = c->fd };
	uint32_t queue;

	CHECK_RET(vm_map(c->fd, 4711, DATA_VA, c->data.handle, 0, PAGE, 0), -ENOENT);
	CHECK_RET(vm_map(c->fd, c->vm, 0, c->data.handle, 0, PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c->fd, c->vm, DATA_VA, 4711, 0, PAGE, 0), -ENOENT);
	CHECK_RET(vm_map(c->fd, c->vm, DATA_VA, c->data.handle, DATA_SIZE, PAGE, 0), -EINVAL);
	CHECK_RET(bind_async(c->fd, c->vm, &op, 1, NULL, 0), -ENOENT);
	op = op_unmap(DATA_VA, PAGE);
	CHECK_RET(bind_async(c->fd, c->vm, &op, 1, &no_sync, 1), -ENOENT);
	CHECK_RET(bind_async(c->fd, c->vm, (void *)8, 1, NULL, 0), -EFAULT);

	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_SUBMIT, &args), -ENOENT);
	args.buffers.count = 0;
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_SUBMIT, &args), -ENOENT);
	args.queue_id = 4711;
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_SUBMIT, &args), -ENOENT);
	args.queue_id = c->queue;
	one.stream_va = 1;
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_SUBMIT, &args), -EINVAL);
	args.jobs.array = 8;
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_SUBMIT, &args), -EFAULT);

	CHECK_RET(queue_create_prio(c->fd, 4711, 0, &queue), -ENOENT);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_QUEUE_CREATE, &user), -EINVAL);
	while (!queue_create_prio(c->fd, c->vm, 0, &queue))
		;
	CHECK_RET(queue_create_prio(c->fd, c->vm, 0, &queue), -ENOSPC);
	while (!loom_ioctl(c->fd, DRM_IOCTL_LOOM_VM_CREATE, &vm))
		;
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_VM_CREATE, &vm), -ENOSPC);

	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_DEV_QUERY, &query), -EINVAL);
	query = (struct drm_loom_dev_query){ .type = DRM_LOOM_QUERY_INFO, .size = 64, .pointer = 8 };
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_DEV_QUERY, &query), -EFAULT);
	CHECK(loom_ioctl(c->fd, DRM_IOCTL_LOOM_PERF_OPEN, &perf) < 0);
	CHECK(loom_ioctl(c->fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime) < 0);
	CHECK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, c->fd, 0xffffc0000) == MAP_FAILED);
	CHECK_RET(queue_destroy(c->fd, 4711), -ENOENT);

	/* a job that faults, and what its queue refuses then */
	s = store_word(c, 0x700000000, 1);
	CHECK_OK(client_start(c, &s));
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(5 * SECOND)));
	CHECK_RET(client_start(c, &s), -EIO);
}
