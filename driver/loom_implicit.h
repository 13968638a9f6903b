/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_IMPLICIT_H
#define LOOM_IMPLICIT_H

#include <linux/types.h>

struct dma_fence;
struct drm_file;
struct drm_gem_object;
struct drm_gpuvm_exec;
struct drm_loom_array;
struct drm_sched_job;

/**
 * struct loom_implicit - buffers of a SUBMIT whose reservations order it among others
 * @count: entries
 * @buffer: the entries, allocated
 * @buffer.obj: a reference
 * @buffer.write: the jobs write to it
 */
struct loom_implicit {
	u32 count;
	struct loom_implicit_buffer {
		struct drm_gem_object *obj;
		bool write;
	} *buffer;
};

int loom_implicit_get(struct loom_implicit *implicit, struct drm_file *file,
		      const struct drm_loom_array *buffers);
int loom_implicit_lock(struct drm_gpuvm_exec *exec);
int loom_implicit_wait(const struct loom_implicit *implicit, struct drm_sched_job *job);
void loom_implicit_publish(const struct loom_implicit *implicit, struct dma_fence *fence);
void loom_implicit_free(struct loom_implicit *implicit);

#endif
