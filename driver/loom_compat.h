/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What differs between kernels, and nothing else. LOOM_HAVE_* come from driver/probe.
 */
#ifndef LOOM_COMPAT_H
#define LOOM_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/workqueue.h>

#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

#include "compat_probed.h"

#if !LOOM_HAVE_ALWAYS
#error "the compile probes do not compile: the kernel is older than 6.12, or has no DRM_GPUVM"
#endif

#if LOOM_HAVE_IMPORT_NS_BARE
#define LOOM_IMPORT_DMA_BUF()	MODULE_IMPORT_NS(DMA_BUF)
#else
#define LOOM_IMPORT_DMA_BUF()	MODULE_IMPORT_NS("DMA_BUF")
#endif

#if !LOOM_HAVE_GEM_IS_IMPORTED
static inline bool drm_gem_is_imported(const struct drm_gem_object *obj)
{
	return obj->import_attach;
}
#endif

/* What the memory statistics say beside totals. Where ACTIVE is not known, it is always said. */
#if LOOM_HAVE_GEM_OBJECT_ACTIVE
#define LOOM_GEM_STATS	(DRM_GEM_OBJECT_RESIDENT | DRM_GEM_OBJECT_PURGEABLE | DRM_GEM_OBJECT_ACTIVE)
#else
#define LOOM_GEM_STATS	(DRM_GEM_OBJECT_RESIDENT | DRM_GEM_OBJECT_PURGEABLE)
#endif

/* Where the flag is gone every driver of buffers may use drm_gpuvm. */
#if LOOM_HAVE_DRIVER_GEM_GPUVA
#define LOOM_DRIVER_GPUVA	DRIVER_GEM_GPUVA
#else
#define LOOM_DRIVER_GPUVA	0
#endif

/* Names of newer kernels, which log a line about who does without. */
#if !LOOM_HAVE_SYSTEM_DFL_WQ
#define system_dfl_wq	system_unbound_wq
#endif

#if !LOOM_HAVE_WQ_PERCPU
#define WQ_PERCPU	0
#endif

#if !LOOM_HAVE_SHMEM_LOCKED_NAMES
#define drm_gem_shmem_put_pages_locked	drm_gem_shmem_put_pages
#endif

#if !LOOM_HAVE_GPUVM_BO_OBTAIN_LOCKED
#define drm_gpuvm_bo_obtain_locked	drm_gpuvm_bo_obtain
#endif

/* Who uses the pages: the DMA mapping, CPU mappings, importers. The reservation is held. */
static inline unsigned int loom_shmem_page_users(struct drm_gem_shmem_object *shmem)
{
#if LOOM_HAVE_SHMEM_PAGES_REFCOUNT
	return refcount_read(&shmem->pages_use_count);
#else
	return shmem->pages_use_count;
#endif
}

static inline int loom_gpuvm_sm_map(struct drm_gpuvm *gpuvm, void *priv, u64 va, u64 size,
				    struct drm_gem_object *obj, u64 offset)
{
#if LOOM_HAVE_GPUVM_MAP_REQ
	struct drm_gpuvm_map_req req = {
		.map.va.addr = va,
		.map.va.range = size,
		.map.gem.obj = obj,
		.map.gem.offset = offset,
	};

	return drm_gpuvm_sm_map(gpuvm, priv, &req);
#else
	return drm_gpuvm_sm_map(gpuvm, priv, va, size, obj, offset);
#endif
}

static inline void loom_hrtimer_init(struct hrtimer *timer,
				     enum hrtimer_restart (*function)(struct hrtimer *timer))
{
#if LOOM_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->function = function;
#endif
}

/* One run queue, no timeout: the watch knows better when a job is on the hardware. */
static inline int loom_sched_init(struct drm_gpu_scheduler *sched,
				  const struct drm_sched_backend_ops *ops,
				  struct workqueue_struct *wq, u32 credits, const char *name,
				  struct device *dev)
{
#if LOOM_HAVE_SCHED_INIT_ARGS
	struct drm_sched_init_args args = {
		.ops = ops,
		.submit_wq = wq,
#if LOOM_HAVE_SCHED_NUM_RQS
		.num_rqs = 1,
#endif
		.credit_limit = credits,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = name,
		.dev = dev,
	};

	return drm_sched_init(sched, &args);
#else
	return drm_sched_init(sched, ops, wq, 1, credits, 0, MAX_SCHEDULE_TIMEOUT, NULL, NULL,
			      name, dev);
#endif
}

static inline int loom_sched_job_init(struct drm_sched_job *job, struct drm_sched_entity *entity,
				      u32 credits, void *owner, u64 client_id)
{
#if LOOM_HAVE_SCHED_JOB_CLIENT_ID
	return drm_sched_job_init(job, entity, credits, owner, client_id);
#else
	return drm_sched_job_init(job, entity, credits, owner);
#endif
}

#endif
