// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs: SUBMIT, and the scheduler's view of them.
 *
 * SUBMIT takes all jobs or none: everything that can fail (copies, lookups, memory, fence slots)
 * is done before the first job is armed.
 */
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>

#include "loom_compat.h"
#include "loom_device.h"
#include "loom_drv.h"
#include "loom_implicit.h"
#include "loom_inject.h"
#include "loom_job.h"
#include "loom_kunit.h"
#include "loom_pm.h"
#include "loom_queue.h"
#include "loom_sync.h"
#include "loom_trace.h"
#include "loom_vm.h"

#define LOOM_SLOT_BYTES		64

/**
 * struct loom_task - a job in the scheduler
 * @base: the scheduler's part
 * @queue: a reference
 * @run: what goes to the hardware; NULL once it has gone
 * @signals: syncobjs to signal
 */
struct loom_task {
	struct drm_sched_job base;
	struct loom_queue *queue;
	struct loom_run *run;
	struct loom_signals signals;
};

/**
 * struct loom_submit - a SUBMIT under way
 * @file: caller
 * @queue: a reference
 * @implicit: buffers that it names
 * @count: tasks made so far
 * @task: the tasks
 */
struct loom_submit {
	struct drm_file *file;
	struct loom_queue *queue;
	struct loom_implicit implicit;
	u32 count;
	struct loom_task *task[DRM_LOOM_MAX_JOBS];
};

static struct loom_task *to_loom_task(struct drm_sched_job *job)
{
	return container_of(job, struct loom_task, base);
}

static struct loom_run *to_loom_run(struct dma_fence *fence)
{
	return container_of(fence, struct loom_run, fence);
}

static const char *loom_fence_driver_name(struct dma_fence *fence)
{
	return "loom";
}

static const char *loom_fence_timeline_name(struct dma_fence *fence)
{
	return to_loom_run(fence)->queue->name;
}

static void loom_fence_release(struct dma_fence *fence)
{
	struct loom_queue *queue = to_loom_run(fence)->queue;

	dma_fence_free(fence);
	loom_queue_unref(queue);
}

static const struct dma_fence_ops loom_fence_ops = {
	.get_driver_name = loom_fence_driver_name,
	.get_timeline_name = loom_fence_timeline_name,
	.release = loom_fence_release,
};

/* dma_fence_free() frees the fence's address. */
static_assert(offsetof(struct loom_run, fence) == 0);

static void loom_task_free(struct loom_task *task)
{
	loom_signals_free(&task->signals);
	drm_sched_job_cleanup(&task->base);
	if (task->run) {
		loom_queue_unref(task->run->queue);
		kfree(task->run);
	}
	loom_pm_put(task->queue->ldev);
	loom_queue_put(task->queue);
	kfree(task);
}

static struct dma_fence *loom_sched_run_job(struct drm_sched_job *job)
{
	struct loom_task *task = to_loom_task(job);
	struct loom_queue *queue = task->queue;
	struct loom_run *run = no_free_ptr(task->run);

	dma_fence_init(&run->fence, &loom_fence_ops, &queue->fence_lock, queue->fence_context,
		       queue->hwq.pushed + 1);
	loom_hwq_push(&queue->hwq, run);
	return &run->fence;
}

static void loom_sched_free_job(struct drm_sched_job *job)
{
	loom_task_free(to_loom_task(job));
}

const struct drm_sched_backend_ops loom_sched_ops = {
	.run_job = loom_sched_run_job,
	.free_job = loom_sched_free_job,
};

VISIBLE_IF_KUNIT bool loom_job_ok(const struct drm_loom_job *job)
{
	u64 bytes = (u64)job->stream_slots * LOOM_SLOT_BYTES;

	return !job->flags && job->stream_slots && job->stream_slots <= LOOM_STREAM_SLOTS_MAX &&
	       IS_ALIGNED(job->stream_va, LOOM_SLOT_BYTES) && job->stream_va >= LOOM_VA_START &&
	       job->stream_va <= LOOM_VA_END - bytes;
}
EXPORT_SYMBOL_IF_KUNIT(loom_job_ok);

/* An earlier job of the same SUBMIT signals it: the order of the queue is all it takes. */
static bool loom_submit_signals(const void *context, const struct drm_syncobj *syncobj, u64 point)
{
	const struct loom_submit *submit = context;

	for (u32 i = 0; i < submit->count; i++) {
		if (loom_signals_include(&submit->task[i]->signals, syncobj, point))
			return true;
	}
	return false;
}

static int loom_task_add_syncs(struct loom_submit *submit, struct loom_task *task,
			       const struct drm_loom_array *syncs)
{
	struct loom_sync sync = {
		.file = submit->file,
		.job = &task->base,
		.signals = &task->signals,
		.ordered = loom_submit_signals,
		.context = submit,
	};

	return loom_sync_add(&sync, syncs);
}

static struct loom_task *loom_task_new(struct loom_submit *submit, const struct drm_loom_job *job)
{
	struct loom_queue *queue = submit->queue;
	struct loom_task *task;
	int ret = -ENOMEM;

	task = kzalloc(sizeof(*task), GFP_KERNEL);
	if (!task)
		return ERR_PTR(-ENOMEM);
	task->run = kzalloc(sizeof(*task->run), GFP_KERNEL);
	if (!task->run)
		goto err_task;
	ret = loom_sched_job_init(&task->base, &queue->entity, 1, submit->file,
				  submit->file->client_id);
	if (ret)
		goto err_run;

	loom_pm_hold(queue->ldev);
	loom_queue_get(queue);
	task->queue = queue;
	loom_queue_ref(queue);
	task->run->queue = queue;
	task->run->stream_va = job->stream_va;
	task->run->stream_slots = job->stream_slots;
	return task;

err_run:
	kfree(task->run);
err_task:
	kfree(task);
	return ERR_PTR(ret);
}

static int loom_submit_add(struct loom_submit *submit, const struct drm_loom_job *job)
{
	struct loom_task *task;
	int ret;

	if (!loom_job_ok(job))
		return -EINVAL;
	ret = loom_sync_check(&job->syncs);
	if (ret)
		return ret;

	task = loom_task_new(submit, job);
	if (IS_ERR(task))
		return PTR_ERR(task);
	ret = loom_task_add_syncs(submit, task, &job->syncs);
	if (!ret && loom_inject(submit->queue->ldev, LOOM_INJECT_SUBMIT))
		ret = -ENOMEM;
	if (ret)
		loom_task_free(task);
	else
		submit->task[submit->count++] = task;
	return ret;
}

/* From here on nothing fails. Afterwards the tasks are the scheduler's. */
static void loom_submit_push(struct loom_submit *submit, struct drm_gpuvm_exec *exec)
{
	for (u32 i = 0; i < submit->count; i++) {
		struct loom_task *task = submit->task[i];

		trace_loom_submit(submit->queue, submit->queue->submitted + i,
				  task->run->stream_va, task->run->stream_slots);
		drm_sched_job_arm(&task->base);
		loom_signals_attach(&task->signals, &task->base.s_fence->finished);
		/* The jobs of a queue end in order: the last speaks for all. */
		if (i == submit->count - 1) {
			drm_gpuvm_exec_resv_add_fence(exec, &task->base.s_fence->finished,
						      DMA_RESV_USAGE_BOOKKEEP,
						      DMA_RESV_USAGE_BOOKKEEP);
			loom_implicit_publish(&submit->implicit, &task->base.s_fence->finished);
		}
		drm_sched_entity_push_job(&task->base);
	}
	submit->queue->submitted += submit->count;
	submit->count = 0;
}

static int loom_submit_commit(struct loom_submit *submit)
{
	struct loom_queue *queue = submit->queue;
	struct drm_gpuvm_exec exec = {
		.vm = loom_vm_gpuvm(queue->vm),
		.flags = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		.num_fences = 1,
		.extra.fn = loom_implicit_lock,
		.extra.priv = &submit->implicit,
	};
	int ret;

	ret = drm_gpuvm_exec_lock(&exec);
	if (ret)
		return ret;
	ret = loom_implicit_wait(&submit->implicit, &submit->task[0]->base);
	if (ret)
		goto out;
	scoped_guard(mutex, &queue->submit_lock) {
		if (loom_hwq_is_dead(&queue->hwq))
			ret = -EIO;
		else
			loom_submit_push(submit, &exec);
	}
out:
	drm_gpuvm_exec_unlock(&exec);
	return ret;
}

static int loom_submit_jobs(struct loom_submit *submit, const struct drm_loom_array *jobs)
{
	struct drm_loom_job job;
	int ret;

	/* From here on each job keeps the device awake. */
	CLASS(loom_awake, awake)(submit->queue->ldev);
	if (awake.error)
		return awake.error;
	if (loom_hwq_is_dead(&submit->queue->hwq))
		return -EIO;
	for (u32 i = 0; i < jobs->count; i++) {
		ret = loom_array_get(jobs, i, &job, sizeof(job));
		if (!ret)
			ret = loom_submit_add(submit, &job);
		if (ret) {
			drm_dbg_driver(&submit->queue->ldev->drm, "SUBMIT: job %u: %d\n", i, ret);
			return ret;
		}
	}
	return loom_submit_commit(submit);
}

/**
 * loom_ioctl_submit() - SUBMIT
 * @drm: device
 * @data: struct drm_loom_submit
 * @file: caller
 *
 * Return: 0 or a negative errno; then no job was submitted.
 */
int loom_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_submit *args = data;
	struct loom_submit submit = { .file = file };
	int ret;

	if (args->pad || !args->jobs.count)
		return -EINVAL;
	if (args->jobs.count > DRM_LOOM_MAX_JOBS)
		return -E2BIG;
	ret = loom_array_check(&args->jobs, sizeof(struct drm_loom_job));
	if (ret)
		return ret;
	CLASS(loom_enter, enter)(to_loom_device(drm));
	if (!enter.ok)
		return -ENODEV;
	submit.queue = loom_queue_lookup(file, args->queue_id);
	if (!submit.queue)
		return -ENOENT;

	ret = submit.queue->userq ? -EINVAL :
				    loom_implicit_get(&submit.implicit, file, &args->buffers);
	if (!ret)
		ret = loom_submit_jobs(&submit, &args->jobs);
	while (submit.count)
		loom_task_free(submit.task[--submit.count]);
	loom_implicit_free(&submit.implicit);
	loom_queue_put(submit.queue);
	return ret;
}
