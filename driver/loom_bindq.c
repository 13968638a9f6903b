// SPDX-License-Identifier: GPL-2.0
/*
 * VM_BIND, at once or as a job. Each VM has a scheduler for its asynchronous calls, which run in
 * order once their in-fences have signalled.
 *
 * A call is taken wholly or not at all: everything that can fail is done before its job is armed.
 */
#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "loom_bind.h"
#include "loom_bindq.h"
#include "loom_compat.h"
#include "loom_device.h"
#include "loom_drv.h"
#include "loom_queue.h"
#include "loom_sync.h"
#include "loom_trace.h"
#include "loom_vm.h"

/* Calls that may wait for the scheduler's worker; it runs one after the other anyhow. */
#define LOOM_BINDQ_CREDITS	16

/**
 * struct loom_bindq - where the asynchronous calls of a VM queue
 */
struct loom_bindq {
	/** @refs: the VM, and each fence, whose holders may ask for the scheduler's name */
	struct kref refs;

	/** @rcu: to free the memory after the fences' own grace period */
	struct rcu_head rcu;

	/** @sched: scheduler of this VM alone */
	struct drm_gpu_scheduler sched;

	/** @entity: its only entity */
	struct drm_sched_entity entity;

	/** @name: of scheduler and fences */
	char name[24];

	/** @submit_lock: keeps the order of arming; protects @submitted */
	struct mutex submit_lock;

	/** @submitted: calls */
	u64 submitted;

	/** @completed: calls that have ended, well or not; of the worker */
	u64 completed;

	/** @fence_context: of the fences */
	u64 fence_context;

	/** @fence_lock: of the fences */
	spinlock_t fence_lock;
};

/**
 * struct loom_bind_fence - end of a call
 * @base: signals from the worker
 * @bindq: a reference
 */
struct loom_bind_fence {
	struct dma_fence base;
	struct loom_bindq *bindq;
};

/**
 * struct loom_bind_job - an asynchronous call
 * @base: the scheduler's part
 * @vm: whose user it is
 * @fence: NULL once it is the scheduler's
 * @signals: syncobjs to signal
 * @count: operations
 * @bind: operations, in order
 */
struct loom_bind_job {
	struct drm_sched_job base;
	struct loom_vm *vm;
	struct loom_bind_fence *fence;
	struct loom_signals signals;
	u32 count;
	struct loom_bind *bind[];
};

/* dma_fence_free() frees the fence's address. */
static_assert(offsetof(struct loom_bind_fence, base) == 0);

static struct loom_bind_fence *to_loom_bind_fence(struct dma_fence *fence)
{
	return container_of(fence, struct loom_bind_fence, base);
}

static struct loom_bind_job *to_loom_bind_job(struct drm_sched_job *job)
{
	return container_of(job, struct loom_bind_job, base);
}

static void loom_bindq_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct loom_bindq, rcu));
	module_put(THIS_MODULE);
}

static void loom_bindq_free(struct kref *refs)
{
	struct loom_bindq *bindq = container_of(refs, struct loom_bindq, refs);

	call_rcu(&bindq->rcu, loom_bindq_free_rcu);
}

static void loom_bindq_unref(struct loom_bindq *bindq)
{
	kref_put(&bindq->refs, loom_bindq_free);
}

static const char *loom_bind_fence_driver_name(struct dma_fence *fence)
{
	return "loom";
}

static const char *loom_bind_fence_timeline_name(struct dma_fence *fence)
{
	return to_loom_bind_fence(fence)->bindq->name;
}

static void loom_bind_fence_release(struct dma_fence *fence)
{
	struct loom_bindq *bindq = to_loom_bind_fence(fence)->bindq;

	dma_fence_free(fence);
	loom_bindq_unref(bindq);
}

static const struct dma_fence_ops loom_bind_fence_ops = {
	.get_driver_name = loom_bind_fence_driver_name,
	.get_timeline_name = loom_bind_fence_timeline_name,
	.release = loom_bind_fence_release,
};

static void loom_bind_job_free(struct loom_bind_job *job)
{
	struct loom_vm *vm = job->vm;

	loom_signals_free(&job->signals);
	drm_sched_job_cleanup(&job->base);
	for (u32 i = 0; i < job->count; i++)
		loom_bind_free(job->bind[i]);
	if (job->fence) {
		loom_bindq_unref(job->fence->bindq);
		kfree(job->fence);
	}
	kvfree(job);
	loom_vm_put_async(vm);
}

/* After a failure nobody knows what is mapped: nothing is executed in this VM any more. */
static int loom_bind_job_run(struct loom_bind_job *job)
{
	struct loom_vm *vm = job->vm;
	int ret = 0;

	if (vm->unusable)
		return -ECANCELED;
	for (u32 i = 0; i < job->count && !ret; i++)
		ret = loom_bind_run(job->bind[i]);
	if (ret && ret != -ENODEV) {
		drm_dbg_driver(&vm->ldev->drm, "%s: VM_BIND failed: %d\n", vm->bindq->name, ret);
		loom_vm_give_up(vm);
	}
	return ret;
}

static struct dma_fence *loom_bindq_run_job(struct drm_sched_job *base)
{
	struct loom_bind_job *job = to_loom_bind_job(base);
	struct loom_bindq *bindq = job->vm->bindq;
	struct dma_fence *fence = &no_free_ptr(job->fence)->base;
	bool cookie = dma_fence_begin_signalling();
	int ret;

	dma_fence_init(fence, &loom_bind_fence_ops, &bindq->fence_lock, bindq->fence_context,
		       bindq->completed + 1);
	ret = loom_bind_job_run(job);
	if (ret)
		dma_fence_set_error(fence, ret);
	WRITE_ONCE(bindq->completed, bindq->completed + 1);
	dma_fence_signal(fence);
	dma_fence_end_signalling(cookie);
	return fence;
}

static void loom_bindq_free_job(struct drm_sched_job *job)
{
	loom_bind_job_free(to_loom_bind_job(job));
}

static const struct drm_sched_backend_ops loom_bindq_ops = {
	.run_job = loom_bindq_run_job,
	.free_job = loom_bindq_free_job,
};

/**
 * loom_bindq_new() - make it, for a VM
 * @ldev: device
 *
 * Return: it, for loom_bindq_destroy(); or an error pointer.
 */
struct loom_bindq *loom_bindq_new(struct loom_device *ldev)
{
	struct loom_bindq *bindq = kzalloc(sizeof(*bindq), GFP_KERNEL);
	struct drm_gpu_scheduler *sched;
	int ret;

	if (!bindq)
		return ERR_PTR(-ENOMEM);
	sched = &bindq->sched;
	kref_init(&bindq->refs);
	mutex_init(&bindq->submit_lock);
	spin_lock_init(&bindq->fence_lock);
	bindq->fence_context = dma_fence_context_alloc(1);
	snprintf(bindq->name, sizeof(bindq->name), "loom-vm-%llu", bindq->fence_context);

	ret = loom_sched_init(sched, &loom_bindq_ops, ldev->sched_wq, LOOM_BINDQ_CREDITS,
			      bindq->name, ldev->drm.dev);
	if (ret)
		goto err_free;
	ret = drm_sched_entity_init(&bindq->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		goto err_sched;
	__module_get(THIS_MODULE);
	return bindq;

err_sched:
	drm_sched_fini(sched);
err_free:
	kfree(bindq);
	return ERR_PTR(ret);
}

/**
 * loom_bindq_destroy() - the VM goes
 * @bindq: of a VM without jobs
 *
 * Not from the scheduler's own work.
 */
void loom_bindq_destroy(struct loom_bindq *bindq)
{
	drm_sched_entity_fini(&bindq->entity);
	drm_sched_fini(&bindq->sched);
	loom_bindq_unref(bindq);
}

/**
 * loom_bindq_get_state() - how far it is
 * @bindq: of a VM
 * @args: the numbers of calls are filled in
 */
void loom_bindq_get_state(struct loom_bindq *bindq, struct drm_loom_vm_get_state *args)
{
	guard(mutex)(&bindq->submit_lock);
	args->binds_submitted = bindq->submitted;
	args->binds_completed = READ_ONCE(bindq->completed);
}

static struct loom_bind_job *loom_bind_job_new(struct loom_vm *vm, struct drm_file *file, u32 count)
{
	struct loom_bindq *bindq = vm->bindq;
	struct loom_bind_job *job;
	int ret = -ENOMEM;

	job = kvzalloc(struct_size(job, bind, count), GFP_KERNEL);
	if (!job)
		return ERR_PTR(-ENOMEM);
	job->fence = kzalloc(sizeof(*job->fence), GFP_KERNEL);
	if (!job->fence)
		goto err_job;
	ret = loom_sched_job_init(&job->base, &bindq->entity, 1, file, file->client_id);
	if (ret)
		goto err_fence;
	kref_get(&bindq->refs);
	job->fence->bindq = bindq;
	loom_vm_get(vm);
	job->vm = vm;
	return job;

err_fence:
	kfree(job->fence);
err_job:
	kvfree(job);
	return ERR_PTR(ret);
}

static struct loom_bind *loom_bind_get(struct loom_vm *vm, struct drm_file *file,
				       const struct drm_loom_array *ops, u32 i)
{
	struct drm_loom_bind_op op;
	int ret;

	cond_resched();
	if (fatal_signal_pending(current))
		return ERR_PTR(-EINTR);
	ret = loom_array_get(ops, i, &op, sizeof(op));
	return ret ? ERR_PTR(ret) : loom_bind_new(vm, file, &op);
}

/* From here on nothing fails. Afterwards the job is the scheduler's. */
static void loom_bind_job_push(struct loom_bind_job *job)
{
	struct loom_bindq *bindq = job->vm->bindq;

	guard(mutex)(&bindq->submit_lock);
	bindq->submitted++;
	drm_sched_job_arm(&job->base);
	loom_signals_attach(&job->signals, &job->base.s_fence->finished);
	drm_sched_entity_push_job(&job->base);
}

static int loom_bind_async(struct loom_vm *vm, struct drm_file *file,
			   const struct drm_loom_vm_bind *args, u32 *done)
{
	struct loom_bind_job *job = loom_bind_job_new(vm, file, args->ops.count);
	struct loom_sync sync = { .file = file };
	int ret;

	if (IS_ERR(job))
		return PTR_ERR(job);
	sync.job = &job->base;
	sync.signals = &job->signals;
	ret = loom_sync_add(&sync, &args->syncs);
	while (!ret && job->count < args->ops.count) {
		struct loom_bind *bind = loom_bind_get(vm, file, &args->ops, job->count);

		if (IS_ERR(bind))
			ret = PTR_ERR(bind);
		else
			job->bind[job->count++] = bind;
	}
	if (ret) {
		*done = job->count;
		loom_bind_job_free(job);
		return ret;
	}
	WRITE_ONCE(to_loom_file(file)->had_queues, true);
	loom_bind_job_push(job);
	return 0;
}

static int loom_bind_sync(struct loom_vm *vm, struct drm_file *file,
			  const struct drm_loom_vm_bind *args, u32 *done)
{
	for (; *done < args->ops.count; ++*done) {
		struct loom_bind *bind = loom_bind_get(vm, file, &args->ops, *done);
		int ret;

		if (IS_ERR(bind))
			return PTR_ERR(bind);
		ret = loom_bind_run(bind);
		loom_bind_free(bind);
		if (ret)
			return ret;
	}
	return 0;
}

static int loom_bind_check_args(const struct drm_loom_vm_bind *args)
{
	bool async = args->flags & DRM_LOOM_VM_BIND_ASYNC;
	int ret;

	if (args->flags & ~DRM_LOOM_VM_BIND_ASYNC || (!async && args->syncs.count))
		return -EINVAL;
	if (async && args->ops.count > DRM_LOOM_MAX_BINDS)
		return -E2BIG;
	ret = loom_array_check(&args->ops, sizeof(struct drm_loom_bind_op));
	return ret ?: loom_sync_check(&args->syncs);
}

/* @done: out: operations before the one that was wrong */
static int loom_vm_bind(struct loom_device *ldev, struct drm_file *file,
			const struct drm_loom_vm_bind *args, u32 *done)
{
	struct loom_vm *vm;
	int ret;

	*done = 0;
	ret = loom_bind_check_args(args);
	if (ret)
		return ret;
	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return -ENODEV;
	vm = loom_vm_lookup(file, args->vm_id);
	if (!vm)
		return -ENOENT;
	if (READ_ONCE(vm->unusable))
		ret = -EIO;
	else if (args->flags & DRM_LOOM_VM_BIND_ASYNC)
		ret = loom_bind_async(vm, file, args, done);
	else
		ret = loom_bind_sync(vm, file, args, done);
	loom_vm_put(vm);
	return ret;
}

/**
 * loom_ioctl_vm_bind() - VM_BIND
 * @drm: device
 * @data: struct drm_loom_vm_bind
 * @file: caller
 *
 * Waits inside are not interruptible: a call that began again would do its first operations twice.
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_vm_bind *args = data;
	u32 done;
	int ret;

	ret = loom_vm_bind(to_loom_device(drm), file, args, &done);
	if (ret) {
		args->ops.count = done;
		drm_dbg_driver(drm, "VM_BIND: operation %u: %d\n", done, ret);
	}
	return ret;
}
