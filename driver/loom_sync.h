/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_SYNC_H
#define LOOM_SYNC_H

#include <linux/types.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_file;
struct drm_loom_array;
struct drm_sched_job;
struct drm_syncobj;

/**
 * struct loom_signal - a syncobj that the end of a job signals
 * @syncobj: a reference
 * @chain: timeline: memory for the point, until it is used
 * @point: timeline: point; binary: 0
 */
struct loom_signal {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;
	u64 point;
};

/**
 * struct loom_signals - all that the end of a job signals
 * @count: entries
 * @signal: the entries, allocated
 */
struct loom_signals {
	u32 count;
	struct loom_signal *signal;
};

/**
 * struct loom_sync - whose syncobjs a job is given, and what goes before it
 * @file: caller
 * @job: waits for them
 * @signals: gets those that the job signals
 * @ordered: whether the job comes after a fence of this syncobj and point anyhow, or NULL
 * @context: for @ordered
 */
struct loom_sync {
	struct drm_file *file;
	struct drm_sched_job *job;
	struct loom_signals *signals;
	bool (*ordered)(const void *context, const struct drm_syncobj *syncobj, u64 point);
	const void *context;
};

int loom_sync_check(const struct drm_loom_array *syncs);
int loom_sync_add(const struct loom_sync *sync, const struct drm_loom_array *syncs);
bool loom_signals_include(const struct loom_signals *signals, const struct drm_syncobj *syncobj,
			  u64 point);
void loom_signals_attach(struct loom_signals *signals, struct dma_fence *fence);
void loom_signals_free(struct loom_signals *signals);

#endif
