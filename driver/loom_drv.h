/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_DRV_H
#define LOOM_DRV_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/drm_file.h>

#include <drm/loom_accel.h>

#include "loom_hwq.h"

/**
 * struct loom_file - what an open file has
 * @refs: the file, and each VM and queue that was made with it
 * @vms: struct loom_vm by id
 * @queues: struct loom_queue by id
 * @num_vms: that there are, with an id or without: queues and queued calls keep VMs
 * @num_queues: likewise: jobs keep queues
 * @had_queues: a queue was made, or an asynchronous VM_BIND, maybe gone by now; never cleared
 * @usage_lock: protects @gone
 * @gone: of queues that are gone
 */
struct loom_file {
	struct kref refs;
	struct xarray vms;
	struct xarray queues;
	atomic_t num_vms;
	atomic_t num_queues;
	bool had_queues;
	spinlock_t usage_lock; /* see above */
	struct loom_usage gone;
};

static inline struct loom_file *to_loom_file(struct drm_file *file)
{
	return file->driver_priv;
}

/* Takes queues apart; outlives every device. */
extern struct workqueue_struct *loom_release_wq;

int loom_file_take(struct loom_file *lfile, struct xarray *ids, atomic_t *count, u32 limit);
void loom_file_give(struct loom_file *lfile, atomic_t *count);

int loom_array_check(const struct drm_loom_array *array, u32 min_stride);
int loom_array_get(const struct drm_loom_array *array, u32 i, void *element, size_t size);

#endif
