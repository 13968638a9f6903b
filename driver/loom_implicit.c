// SPDX-License-Identifier: GPL-2.0
/*
 * Implicit fences: a SUBMIT that names buffers waits for what their reservations say, and leaves
 * its fence there.
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

#include <drm/loom_accel.h>

#include "loom_drv.h"
#include "loom_gem.h"
#include "loom_implicit.h"

/* One as a buffer of the VM, one as a buffer that is named. */
#define LOOM_IMPLICIT_FENCES	2

static int loom_implicit_add(struct loom_implicit *implicit, struct drm_file *file,
			     const struct drm_loom_buffer *buffer)
{
	struct drm_gem_object *obj;

	if (buffer->flags & ~(DRM_LOOM_BUFFER_READ | DRM_LOOM_BUFFER_WRITE) || !buffer->flags)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, buffer->handle);
	if (!obj)
		return -ENOENT;
	/* Nobody else has it, and its reservation is that of the whole VM. */
	if (to_loom_bo(obj)->vm_root) {
		drm_gem_object_put(obj);
		return -EINVAL;
	}
	implicit->buffer[implicit->count].obj = obj;
	implicit->buffer[implicit->count].write = buffer->flags & DRM_LOOM_BUFFER_WRITE;
	implicit->count++;
	return 0;
}

/**
 * loom_implicit_get() - look up the buffers that a SUBMIT names
 * @implicit: zeroed; to be freed whatever is returned
 * @file: caller
 * @buffers: array of struct drm_loom_buffer
 *
 * Return: 0; -E2BIG, -EFAULT, -EINVAL, -ENOENT, -ENOMEM.
 */
int loom_implicit_get(struct loom_implicit *implicit, struct drm_file *file,
		      const struct drm_loom_array *buffers)
{
	struct drm_loom_buffer buffer;
	int ret;

	if (buffers->count > DRM_LOOM_MAX_BUFFERS)
		return -E2BIG;
	ret = loom_array_check(buffers, sizeof(buffer));
	if (ret || !buffers->count)
		return ret;
	implicit->buffer = kcalloc(buffers->count, sizeof(*implicit->buffer), GFP_KERNEL);
	if (!implicit->buffer)
		return -ENOMEM;
	for (u32 i = 0; i < buffers->count && !ret; i++) {
		ret = loom_array_get(buffers, i, &buffer, sizeof(buffer));
		if (!ret)
			ret = loom_implicit_add(implicit, file, &buffer);
	}
	return ret;
}

/**
 * loom_implicit_lock() - lock their reservations too, with room for the fence
 * @exec: extra.priv is the struct loom_implicit
 *
 * Return: 0 or a negative errno, -EDEADLK for the caller to begin again.
 */
int loom_implicit_lock(struct drm_gpuvm_exec *exec)
{
	const struct loom_implicit *implicit = exec->extra.priv;
	int ret = 0;

	for (u32 i = 0; i < implicit->count && !ret; i++)
		ret = drm_exec_prepare_obj(&exec->exec, implicit->buffer[i].obj,
					   LOOM_IMPLICIT_FENCES);
	return ret;
}

/**
 * loom_implicit_wait() - have a job wait for others: who reads for writers, who writes for all
 * @implicit: locked
 * @job: first of the SUBMIT, not armed
 *
 * Return: 0 or -ENOMEM.
 */
int loom_implicit_wait(const struct loom_implicit *implicit, struct drm_sched_job *job)
{
	int ret = 0;

	for (u32 i = 0; i < implicit->count && !ret; i++)
		ret = drm_sched_job_add_implicit_dependencies(job, implicit->buffer[i].obj,
							      implicit->buffer[i].write);
	return ret;
}

/**
 * loom_implicit_publish() - have others wait for a job
 * @implicit: locked
 * @fence: of the last job of the SUBMIT
 *
 * Cannot fail.
 */
void loom_implicit_publish(const struct loom_implicit *implicit, struct dma_fence *fence)
{
	for (u32 i = 0; i < implicit->count; i++)
		dma_resv_add_fence(implicit->buffer[i].obj->resv, fence,
				   implicit->buffer[i].write ? DMA_RESV_USAGE_WRITE :
							       DMA_RESV_USAGE_READ);
}

/**
 * loom_implicit_free() - let go of the buffers
 * @implicit: not locked
 */
void loom_implicit_free(struct loom_implicit *implicit)
{
	for (u32 i = 0; i < implicit->count; i++)
		drm_gem_object_put(implicit->buffer[i].obj);
	kfree(implicit->buffer);
}
