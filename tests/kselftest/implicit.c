// SPDX-License-Identifier: MIT
/* Implicit fences: SUBMIT among others who go by the fences of a dma-buf, with vgem as the other side. */
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "loom_test.h"

/* Of vgem's interface, whose header distributions do not have. */
struct drm_vgem_fence_attach {
	__u32 handle, flags, out_fence, pad;
};

struct drm_vgem_fence_signal {
	__u32 fence, flags;
};

#define VGEM_FENCE_WRITE		0x1
#define DRM_IOCTL_VGEM_FENCE_ATTACH	DRM_IOWR(DRM_COMMAND_BASE + 1, struct drm_vgem_fence_attach)
#define DRM_IOCTL_VGEM_FENCE_SIGNAL	DRM_IOW(DRM_COMMAND_BASE + 2, struct drm_vgem_fence_signal)

#define SHARED_VA	0x400000000ull

/* A buffer of vgem that a client has mapped at SHARED_VA. */
struct shared {
	struct client c;
	int vgem, dma_buf;
	uint32_t theirs, ours;	/* handles */
};

static struct shared shared_open(void)
{
	struct shared s = { .c = client_open(), .vgem = vgem_open() };
	struct drm_mode_create_dumb dumb = { .width = 1024, .height = 1, .bpp = 32 };
	struct drm_prime_handle prime = { .flags = DRM_RDWR };

	CHECK_OK(loom_ioctl(s.vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb));
	s.theirs = prime.handle = dumb.handle;
	CHECK_OK(loom_ioctl(s.vgem, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	s.dma_buf = prime.fd;
	CHECK_OK(loom_ioctl(s.c.fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	s.ours = prime.handle;
	CHECK_OK(vm_map(s.c.fd, s.c.vm, SHARED_VA, s.ours, 0, PAGE, 0));
	return s;
}

static int vgem_attach(struct shared *s, uint32_t flags, uint32_t *fence)
{
	struct drm_vgem_fence_attach args = { .handle = s->theirs, .flags = flags };
	int ret = loom_ioctl(s->vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &args);

	*fence = args.out_fence;
	return ret;
}

static void vgem_signal(struct shared *s, uint32_t fence)
{
	struct drm_vgem_fence_signal args = { .fence = fence };

	CHECK_OK(loom_ioctl(s->vgem, DRM_IOCTL_VGEM_FENCE_SIGNAL, &args));
}

static int submit_buffer(struct shared *s, uint32_t queue, uint32_t slots, uint32_t handle,
			 uint32_t flags)
{
	struct drm_loom_sync_op out = sync_out(s->c.out);
	struct drm_loom_job one = job(CODE_VA, slots, &out, 1);
	struct drm_loom_buffer buffer = { handle, flags };
	struct drm_loom_submit args = {
		.queue_id = queue, .jobs = { sizeof(one), 1, (uintptr_t)&one },
		.buffers = { sizeof(buffer), flags != 0, (uintptr_t)&buffer },
	};

	return loom_ioctl(s->c.fd, DRM_IOCTL_LOOM_SUBMIT, &args);
}

/* Who waits for whom: theirs is a flag of vgem, ours of SUBMIT. */
static void check_waits(uint32_t theirs, uint32_t ours, bool waits)
{
	struct shared s = shared_open();
	struct stream st = store_word(&s.c, SHARED_VA, 1);
	uint32_t fence;

	CHECK_OK(vgem_attach(&s, theirs, &fence));
	CHECK_OK(submit_buffer(&s, s.c.queue, st.slots, s.ours, ours));
	if (waits) {
		CHECK_RET(syncobj_wait(s.c.fd, s.c.out, deadline(100 * MS)), -ETIME);
		CHECK_EQ(queue_state(s.c.fd, s.c.queue).jobs_completed, 0);
		vgem_signal(&s, fence);
	}
	CHECK_OK(syncobj_wait(s.c.fd, s.c.out, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(s.c.fd, s.c.out), 1);
	client_close(&s.c);
	close(s.vgem);
	close(s.dma_buf);
}

TEST(waits_for_others)
{
	check_waits(VGEM_FENCE_WRITE, DRM_LOOM_BUFFER_READ, true);
	check_waits(VGEM_FENCE_WRITE, DRM_LOOM_BUFFER_WRITE, true);
	check_waits(0, DRM_LOOM_BUFFER_WRITE, true);
	check_waits(0, DRM_LOOM_BUFFER_READ, false);
	check_waits(VGEM_FENCE_WRITE, 0, false);
}

static bool ready(int dma_buf, short events)
{
	struct pollfd fd = { dma_buf, events, 0 };

	return poll(&fd, 1, 0) == 1;
}

TEST(others_wait)
{
	struct shared s = shared_open();
	struct stream st = hang(&s.c);
	uint32_t fence;

	/* named by nobody, it is nobody's business */
	CHECK_OK(submit_buffer(&s, s.c.queue, st.slots, s.ours, 0));
	CHECK(ready(s.dma_buf, POLLOUT));
	CHECK_OK(queue_destroy(s.c.fd, s.c.queue));

	s.c.queue = queue_create(s.c.fd, s.c.vm);
	CHECK_OK(submit_buffer(&s, s.c.queue, st.slots, s.ours, DRM_LOOM_BUFFER_READ));
	CHECK(ready(s.dma_buf, POLLIN) && !ready(s.dma_buf, POLLOUT));
	CHECK_RET(vgem_attach(&s, VGEM_FENCE_WRITE, &fence), -EBUSY);
	CHECK_OK(vgem_attach(&s, 0, &fence));
	vgem_signal(&s, fence);
	CHECK_OK(queue_destroy(s.c.fd, s.c.queue));
	CHECK_OK(bo_wait(s.c.fd, s.ours, deadline(5 * SECOND)));

	s.c.queue = queue_create(s.c.fd, s.c.vm);
	CHECK_OK(submit_buffer(&s, s.c.queue, st.slots, s.ours, DRM_LOOM_BUFFER_WRITE));
	CHECK(!ready(s.dma_buf, POLLIN) && !ready(s.dma_buf, POLLOUT));
	CHECK_RET(vgem_attach(&s, 0, &fence), -EBUSY);
	CHECK_OK(queue_destroy(s.c.fd, s.c.queue));
	CHECK_OK(bo_wait(s.c.fd, s.ours, deadline(5 * SECOND)));
	CHECK_OK(vgem_attach(&s, VGEM_FENCE_WRITE, &fence));
}

/* From implicit to explicit fences and back, through sync files. */
TEST(sync_files)
{
	struct shared s = shared_open();
	struct stream st = hang(&s.c);
	struct dma_buf_export_sync_file out = { .flags = DMA_BUF_SYNC_READ };
	struct dma_buf_import_sync_file in = { .flags = DMA_BUF_SYNC_WRITE };
	uint32_t hung = queue_create(s.c.fd, s.c.vm), explicit = syncobj_create(s.c.fd);

	CHECK_OK(submit_buffer(&s, hung, st.slots, s.ours, DRM_LOOM_BUFFER_WRITE));
	CHECK_EQ(ioctl(s.dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out), 0);
	CHECK_EQ(sync_file_status(out.fd, NULL, NULL), 0);
	CHECK_OK(queue_destroy(s.c.fd, hung));
	CHECK_OK(bo_wait(s.c.fd, s.ours, deadline(5 * SECOND)));
	CHECK_EQ(sync_file_status(out.fd, NULL, NULL), -ECANCELED);

	/* the fence of a job that did not name the buffer */
	hung = queue_create(s.c.fd, s.c.vm);
	CHECK_OK(submit_one(s.c.fd, hung, CODE_VA, st.slots, explicit));
	usleep(100 * 1000);	/* the stream is overwritten next; the job has it */
	in.fd = syncobj_export_file(s.c.fd, explicit);
	CHECK_EQ(ioctl(s.dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in), 0);
	st = store_word(&s.c, SHARED_VA, 1);
	CHECK_OK(submit_buffer(&s, s.c.queue, st.slots, s.ours, DRM_LOOM_BUFFER_READ));
	CHECK_RET(syncobj_wait(s.c.fd, s.c.out, deadline(100 * MS)), -ETIME);
	CHECK_OK(queue_destroy(s.c.fd, hung));
	CHECK_OK(syncobj_wait(s.c.fd, s.c.out, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(s.c.fd, s.c.out), 1);
}

TEST(refused)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, PAGE, 0);
	struct stream st = store_word(&c, DATA_VA, 1);
	struct drm_loom_job one = job(CODE_VA, st.slots, NULL, 0);
	struct drm_loom_buffer buffer = { bo.handle, 0 };
	struct drm_loom_submit args = {
		.queue_id = c.queue, .jobs = { sizeof(one), 1, (uintptr_t)&one },
		.buffers = { sizeof(buffer), 1, (uintptr_t)&buffer },
	};

	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args), -EINVAL);
	for (int bit = 2; bit < 32; bit++) {
		buffer.flags = DRM_LOOM_BUFFER_READ | 1u << bit;
		CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args), -EINVAL);
	}
	buffer = (struct drm_loom_buffer){ 4711, DRM_LOOM_BUFFER_READ };
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args), -ENOENT);
	buffer.handle = c.data.handle; /* private */
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args), -EINVAL);
	buffer.handle = bo.handle;
	args.buffers.count = DRM_LOOM_MAX_BUFFERS + 1;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args), -E2BIG);
	args.buffers.count = 1;
	args.buffers.stride = 4;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args), -EINVAL);
	args.buffers.stride = sizeof(buffer);
	args.buffers.array = 8;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args), -EFAULT);
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, 0);

	/* a buffer may be named twice */
	{
		struct drm_loom_buffer twice[2] = { { bo.handle, DRM_LOOM_BUFFER_READ },
						    { bo.handle, DRM_LOOM_BUFFER_WRITE } };

		args.buffers = (struct drm_loom_array){ sizeof(buffer), 2, (uintptr_t)twice };
		for (int i = 0; i < 20; i++)
			CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args));
	}
	CHECK_OK(bo_wait(c.fd, bo.handle, deadline(5 * SECOND)));
}
