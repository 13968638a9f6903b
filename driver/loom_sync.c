// SPDX-License-Identifier: GPL-2.0
/*
 * Syncobjs in and out of a job of a scheduler, be it of a queue or a VM.
 */
#include <linux/dma-fence-chain.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_syncobj.h>
#include <drm/gpu_scheduler.h>

#include <drm/loom_accel.h>

#include "loom_drv.h"
#include "loom_kunit.h"
#include "loom_sync.h"

VISIBLE_IF_KUNIT bool loom_sync_ok(const struct drm_loom_sync_op *op)
{
	if (op->flags & ~(DRM_LOOM_SYNC_TYPE | DRM_LOOM_SYNC_SIGNAL))
		return false;
	switch (op->flags & DRM_LOOM_SYNC_TYPE) {
	case DRM_LOOM_SYNC_SYNCOBJ:
		return !op->value;
	case DRM_LOOM_SYNC_TIMELINE:
		return op->value;
	default:
		return false;
	}
}
EXPORT_SYMBOL_IF_KUNIT(loom_sync_ok);

static int loom_sync_add_wait(const struct loom_sync *sync, const struct drm_loom_sync_op *op)
{
	struct drm_syncobj *syncobj = drm_syncobj_find(sync->file, op->handle);
	struct dma_fence *fence;
	bool ordered;
	int ret;

	if (!syncobj)
		return -ENOENT;
	ordered = sync->ordered && sync->ordered(sync->context, syncobj, op->value);
	drm_syncobj_put(syncobj);
	if (ordered)
		return 0;
	ret = drm_syncobj_find_fence(sync->file, op->handle, op->value, 0, &fence);
	return ret ?: drm_sched_job_add_dependency(sync->job, fence);
}

static int loom_sync_add_signal(const struct loom_sync *sync, const struct drm_loom_sync_op *op)
{
	struct loom_signals *signals = sync->signals;
	struct loom_signal signal = { .point = op->value };

	if (op->value) {
		signal.chain = dma_fence_chain_alloc();
		if (!signal.chain)
			return -ENOMEM;
	}
	signal.syncobj = drm_syncobj_find(sync->file, op->handle);
	if (!signal.syncobj) {
		dma_fence_chain_free(signal.chain);
		return -ENOENT;
	}
	signals->signal[signals->count++] = signal;
	return 0;
}

static int loom_sync_add_one(const struct loom_sync *sync, const struct drm_loom_array *syncs,
			     u32 i)
{
	struct drm_loom_sync_op op;
	int ret = loom_array_get(syncs, i, &op, sizeof(op));

	if (ret)
		return ret;
	if (!loom_sync_ok(&op))
		return -EINVAL;
	if (op.flags & DRM_LOOM_SYNC_SIGNAL)
		return loom_sync_add_signal(sync, &op);
	return loom_sync_add_wait(sync, &op);
}

/**
 * loom_sync_check() - see whether an array of syncobjs can be right
 * @syncs: array of struct drm_loom_sync_op
 *
 * Return: 0, -EINVAL or -E2BIG.
 */
int loom_sync_check(const struct drm_loom_array *syncs)
{
	if (syncs->count > DRM_LOOM_MAX_SYNCS)
		return -E2BIG;
	return loom_array_check(syncs, sizeof(struct drm_loom_sync_op));
}

/**
 * loom_sync_add() - have a job wait for syncobjs, and look up those that it signals
 * @sync: the job, which is not armed
 * @syncs: array that loom_sync_check() has seen
 *
 * Whatever is returned, sync->signals is to be freed.
 *
 * Return: 0; -EFAULT, -EINVAL, -ENOENT, -ENOMEM.
 */
int loom_sync_add(const struct loom_sync *sync, const struct drm_loom_array *syncs)
{
	int ret = 0;

	if (!syncs->count)
		return 0;
	sync->signals->signal = kcalloc(syncs->count, sizeof(struct loom_signal), GFP_KERNEL);
	if (!sync->signals->signal)
		return -ENOMEM;
	for (u32 i = 0; i < syncs->count && !ret; i++)
		ret = loom_sync_add_one(sync, syncs, i);
	return ret;
}

/**
 * loom_signals_include() - whether something waits for a job when it waits for a syncobj
 * @signals: of the job
 * @syncobj: syncobj
 * @point: timeline: point; binary: 0
 *
 * Return: true where the job signals it.
 */
bool loom_signals_include(const struct loom_signals *signals, const struct drm_syncobj *syncobj,
			  u64 point)
{
	for (u32 i = 0; i < signals->count; i++) {
		const struct loom_signal *signal = &signals->signal[i];

		if (signal->syncobj == syncobj && !signal->point == !point &&
		    signal->point >= point)
			return true;
	}
	return false;
}

/**
 * loom_signals_attach() - the syncobjs have the fence of a job
 * @signals: of a job that is armed
 * @fence: of its end
 *
 * Cannot fail.
 */
void loom_signals_attach(struct loom_signals *signals, struct dma_fence *fence)
{
	for (u32 i = 0; i < signals->count; i++) {
		struct loom_signal *signal = &signals->signal[i];

		if (signal->chain)
			drm_syncobj_add_point(signal->syncobj, no_free_ptr(signal->chain), fence,
					      signal->point);
		else
			drm_syncobj_replace_fence(signal->syncobj, fence);
	}
}

/**
 * loom_signals_free() - let go of the syncobjs
 * @signals: attached or given up
 */
void loom_signals_free(struct loom_signals *signals)
{
	for (u32 i = 0; i < signals->count; i++) {
		dma_fence_chain_free(signals->signal[i].chain);
		drm_syncobj_put(signals->signal[i].syncobj);
	}
	kfree(signals->signal);
}
