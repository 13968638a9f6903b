/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_QUEUE_H
#define LOOM_QUEUE_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include "loom_hwq.h"

struct drm_file;
struct loom_file;
struct loom_userq;
struct loom_vm;

/**
 * struct loom_queue - a queue as user space has it
 *
 * It has two lives. @users (its id, and its jobs until the scheduler frees them) keep it working;
 * with the last of them it leaves the hardware, the scheduler and its VM. @refs keep the memory,
 * since fences that others hold refer to the scheduler's name.
 */
struct loom_queue {
	/** @users: who may still submit, or waits for execution */
	struct kref users;

	/** @refs: the users together, and each fence */
	struct kref refs;

	/** @rcu: to free the memory after the fences' own grace period */
	struct rcu_head rcu;

	/** @lfile: file that made it, which may be closed; a reference while there are users */
	struct loom_file *lfile;

	/** @ldev: device; a reference to it while there are users */
	struct loom_device *ldev;

	/** @vm: a reference while there are users */
	struct loom_vm *vm;

	/** @sched: scheduler of this queue alone: the firmware decides between queues */
	struct drm_gpu_scheduler sched;

	/** @entity: its only entity */
	struct drm_sched_entity entity;

	/** @name: of scheduler and fences */
	char name[16];

	/** @submit_lock: keeps the jobs of a SUBMIT together, and in order; protects @submitted */
	struct mutex submit_lock;

	/** @submitted: jobs */
	u64 submitted;

	/** @fence_context: of the hardware fences */
	u64 fence_context;

	/** @fence_lock: of the hardware fences; inside of hwq.lock */
	spinlock_t fence_lock;

	/** @hwq: rings and jobs in flight */
	struct loom_hwq hwq;

	/** @userq: of a user queue, which has no scheduler; or NULL. As long as the memory */
	struct loom_userq *userq;

	/** @release: takes the queue apart when the last user has gone */
	struct work_struct release;
};

static inline struct loom_queue *hwq_to_queue(struct loom_hwq *hwq)
{
	return container_of(hwq, struct loom_queue, hwq);
}

struct loom_queue *loom_queue_lookup(struct drm_file *file, u32 id);
void loom_queue_get(struct loom_queue *queue);
bool loom_queue_tryget(struct loom_queue *queue);
void loom_queue_put(struct loom_queue *queue);
void loom_queue_ref(struct loom_queue *queue);
void loom_queue_unref(struct loom_queue *queue);
void loom_queue_close_all(struct drm_file *file);
void loom_queue_usage(struct loom_file *lfile, struct loom_usage *usage);

int loom_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file);

#endif
