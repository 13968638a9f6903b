// SPDX-License-Identifier: GPL-2.0
/*
 * Queues as user space has them: ids, life, scheduler. The hardware side is in loom_hwq.c, jobs in
 * loom_job.c.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "loom_compat.h"
#include "loom_device.h"
#include "loom_drv.h"
#include "loom_job.h"
#include "loom_pm.h"
#include "loom_queue.h"
#include "loom_userq.h"
#include "loom_vm.h"

static void loom_queue_free_rcu(struct rcu_head *rcu)
{
	struct loom_queue *queue = container_of(rcu, struct loom_queue, rcu);

	loom_userq_free(queue->userq);
	kfree(queue);
	module_put(THIS_MODULE);
}

static void loom_queue_free(struct kref *refs)
{
	struct loom_queue *queue = container_of(refs, struct loom_queue, refs);

	call_rcu(&queue->rcu, loom_queue_free_rcu);
}

/**
 * loom_queue_ref() - keep the memory of a queue
 * @queue: queue
 */
void loom_queue_ref(struct loom_queue *queue)
{
	kref_get(&queue->refs);
}

/**
 * loom_queue_unref() - let go of the memory of a queue
 * @queue: queue
 *
 * Any context.
 */
void loom_queue_unref(struct loom_queue *queue)
{
	kref_put(&queue->refs, loom_queue_free);
}

/* What gives the queue jobs does so no more. */
static void loom_queue_detach(struct loom_queue *queue)
{
	if (queue->userq) {
		loom_userq_end(queue);
		return;
	}
	drm_sched_entity_fini(&queue->entity);
	drm_sched_fini(&queue->sched);
}

static void loom_queue_release_work(struct work_struct *work)
{
	struct loom_queue *queue = container_of(work, struct loom_queue, release);
	struct drm_device *drm = &queue->ldev->drm;

	/* Whoever signalled the last fence may still be inside of the scheduler, with this lock. */
	spin_lock_irq(&queue->hwq.lock);
	spin_unlock_irq(&queue->hwq.lock);

	loom_queue_detach(queue);
	loom_hwq_fini(&queue->hwq);
	if (queue->userq) {
		loom_userq_fini(queue);
		loom_pm_put(queue->ldev);
	}
	loom_vm_put(queue->vm);
	loom_file_give(queue->lfile, &queue->lfile->num_queues);
	drm_dev_put(drm);
	loom_queue_unref(queue);
}

static void loom_queue_release(struct kref *users)
{
	struct loom_queue *queue = container_of(users, struct loom_queue, users);

	/* The last user may be the scheduler's own work, which cannot wait for itself. */
	queue_work(loom_release_wq, &queue->release);
}

/**
 * loom_queue_get() - take another reference to a working queue
 * @queue: queue
 */
void loom_queue_get(struct loom_queue *queue)
{
	kref_get(&queue->users);
}

/**
 * loom_queue_tryget() - take a reference, unless the last has gone
 * @queue: queue whose memory is safe
 *
 * Return: whether there is a reference.
 */
bool loom_queue_tryget(struct loom_queue *queue)
{
	return kref_get_unless_zero(&queue->users);
}

/**
 * loom_queue_put() - drop a reference
 * @queue: queue
 *
 * Any context.
 */
void loom_queue_put(struct loom_queue *queue)
{
	kref_put(&queue->users, loom_queue_release);
}

/**
 * loom_queue_lookup() - queue by its id
 * @file: whose id it is
 * @id: id
 *
 * Return: a reference for loom_queue_put(), or NULL.
 */
struct loom_queue *loom_queue_lookup(struct drm_file *file, u32 id)
{
	struct xarray *queues = &to_loom_file(file)->queues;
	struct loom_queue *queue;

	xa_lock(queues);
	queue = xa_load(queues, id);
	if (queue)
		loom_queue_get(queue);
	xa_unlock(queues);
	return queue;
}

static int loom_queue_init_sched(struct loom_queue *queue)
{
	struct loom_device *ldev = queue->ldev;
	struct drm_gpu_scheduler *sched = &queue->sched;
	int ret;

	ret = loom_sched_init(sched, &loom_sched_ops, ldev->sched_wq, LOOM_RING_ENTRIES,
			      queue->name, ldev->drm.dev);
	if (ret)
		return ret;
	/* With one run queue there is one priority: the first. */
	ret = drm_sched_entity_init(&queue->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);
	return ret;
}

/* Takes over the reference to @vm. */
static struct loom_queue *loom_queue_new(struct loom_file *lfile, struct loom_vm *vm,
					 const struct drm_loom_queue_create *args)
{
	struct loom_queue *queue = kzalloc(sizeof(*queue), GFP_KERNEL);
	struct loom_device *ldev = vm->ldev;
	int ret = -ENOMEM;

	if (!queue)
		goto err_vm;
	ret = loom_file_take(lfile, &lfile->queues, &lfile->num_queues, LOOM_FILE_QUEUES);
	if (ret)
		goto err_free;
	queue->lfile = lfile;
	kref_init(&queue->users);
	kref_init(&queue->refs);
	mutex_init(&queue->submit_lock);
	spin_lock_init(&queue->fence_lock);
	INIT_WORK(&queue->release, loom_queue_release_work);
	queue->ldev = ldev;
	queue->vm = vm;
	queue->fence_context = dma_fence_context_alloc(1);
	snprintf(queue->name, sizeof(queue->name), "loom-%llu", queue->fence_context);

	if (args->flags & DRM_LOOM_QUEUE_USER)
		ret = loom_userq_init(queue, args);
	else
		ret = loom_queue_init_sched(queue);
	if (ret)
		goto err_give;
	ret = loom_hwq_init(&queue->hwq, ldev, loom_vm_as(vm), args->priority);
	if (ret)
		goto err_detach;

	/* Nobody sees what a user queue does: its device does not sleep. */
	if (queue->userq)
		loom_pm_hold(ldev);
	drm_dev_get(&ldev->drm);
	__module_get(THIS_MODULE);
	return queue;

err_detach:
	if (queue->userq)
		loom_userq_free(queue->userq);
	else
		loom_queue_detach(queue);
err_give:
	loom_file_give(lfile, &lfile->num_queues);
err_free:
	kfree(queue);
err_vm:
	loom_vm_put(vm);
	return ERR_PTR(ret);
}

/**
 * loom_ioctl_queue_create() - QUEUE_CREATE
 * @drm: device
 * @data: struct drm_loom_queue_create
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_queue_create *args = data;
	struct loom_device *ldev = to_loom_device(drm);
	struct loom_queue *queue;
	struct loom_vm *vm;
	int ret;

	if (args->flags & ~DRM_LOOM_QUEUE_USER || args->priority > DRM_LOOM_PRIORITY_REALTIME ||
	    !loom_userq_args_ok(args))
		return -EINVAL;
	if (args->priority > DRM_LOOM_PRIORITY_NORMAL && !capable(CAP_SYS_NICE))
		return -EACCES;
	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return -ENODEV;

	CLASS(loom_awake, awake)(ldev);
	if (awake.error)
		return awake.error;

	vm = loom_vm_lookup(file, args->vm_id);
	if (!vm)
		return -ENOENT;
	queue = loom_queue_new(to_loom_file(file), vm, args);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	if (queue->userq)
		loom_userq_begin(queue, args);
	WRITE_ONCE(to_loom_file(file)->had_queues, true);

	/* Either this sees that the VM is given up, or that sees the queue. */
	smp_mb();
	if (READ_ONCE(vm->unusable)) {
		loom_queue_put(queue);
		return -EIO;
	}
	ret = xa_alloc(&to_loom_file(file)->queues, &args->id, queue,
		       XA_LIMIT(1, LOOM_FILE_QUEUES), GFP_KERNEL);
	if (ret) {
		loom_queue_put(queue);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	return 0;
}

/* Ends a queue that has lost its id. */
static void loom_queue_end(struct loom_file *lfile, struct loom_queue *queue)
{
	if (queue->userq)
		loom_userq_end(queue);
	loom_hwq_kill(&queue->hwq, 0, -ECANCELED);
	scoped_guard(spinlock, &lfile->usage_lock)
		loom_hwq_add_usage(&queue->hwq, &lfile->gone);
	loom_queue_put(queue);
}

/**
 * loom_ioctl_queue_destroy() - QUEUE_DESTROY
 * @drm: device
 * @data: struct drm_loom_queue_destroy
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_queue_destroy *args = data;
	struct loom_queue *queue;

	if (args->pad)
		return -EINVAL;
	queue = xa_erase(&to_loom_file(file)->queues, args->id);
	if (!queue)
		return -ENOENT;
	loom_queue_end(to_loom_file(file), queue);
	return 0;
}

/**
 * loom_ioctl_queue_get_state() - QUEUE_GET_STATE
 * @drm: device
 * @data: struct drm_loom_queue_get_state
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_queue_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_queue_get_state *args = data;
	struct loom_queue *queue;

	if (memchr_inv(args->pad, 0, sizeof(args->pad)))
		return -EINVAL;
	queue = loom_queue_lookup(file, args->id);
	if (!queue)
		return -ENOENT;
	scoped_guard(mutex, &queue->submit_lock)
		args->jobs_submitted = queue->submitted;
	loom_hwq_get_state(&queue->hwq, args);
	loom_queue_put(queue);
	return 0;
}

/**
 * loom_queue_close_all() - end the queues of a file that is closed
 * @file: file
 *
 * When nobody else holds a fence of them, nothing is left of them on return: the module may be
 * unloaded at once.
 */
void loom_queue_close_all(struct drm_file *file)
{
	struct loom_device *ldev = to_loom_device(file->minor->dev);
	struct loom_file *lfile = to_loom_file(file);
	struct loom_queue *queue;
	unsigned long id;

	xa_for_each(&lfile->queues, id, queue)
		loom_queue_end(lfile, queue);
	xa_destroy(&lfile->queues);
	/* One that was destroyed just before may still be on its way out. */
	if (!READ_ONCE(lfile->had_queues))
		return;
	flush_workqueue(ldev->sched_wq);
	flush_workqueue(loom_release_wq);
	rcu_barrier();
}

/**
 * loom_queue_usage() - what the queues of a file have done so far
 * @lfile: file
 * @usage: out
 */
void loom_queue_usage(struct loom_file *lfile, struct loom_usage *usage)
{
	struct loom_queue *queue;
	unsigned long id;

	scoped_guard(spinlock, &lfile->usage_lock) {
		*usage = lfile->gone;
	}
	xa_lock(&lfile->queues);
	xa_for_each(&lfile->queues, id, queue)
		loom_hwq_add_usage(&queue->hwq, usage);
	xa_unlock(&lfile->queues);
}
