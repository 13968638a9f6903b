/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_JOB_H
#define LOOM_JOB_H

#include <linux/dma-fence.h>

struct drm_device;
struct drm_file;
struct loom_queue;

/**
 * struct loom_run - a job on the hardware: its fence, and what the ring entry says
 * @fence: signals when the hardware has done with the job
 * @queue: a reference to the memory, for the names that the fence's holders may ask for
 * @stream_va: first descriptor
 * @stream_slots: length
 * @cycles: out: it took
 */
struct loom_run {
	struct dma_fence fence;
	struct loom_queue *queue;
	u64 stream_va;
	u32 stream_slots;
	u64 cycles;
};

extern const struct drm_sched_backend_ops loom_sched_ops;

int loom_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

#endif
