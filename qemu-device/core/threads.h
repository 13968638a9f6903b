/* SPDX-License-Identifier: MIT */
/*
 * Tasks and threads. The control core and every compute core are a task each; as many worker threads
 * run whichever tasks are ready (among them now and then two more: inject.c, thermal.c). A worker that makes another task ready and then runs out of work
 * itself takes that task over, so that a job goes from doorbell to interrupt in one thread; a task
 * that has to wait costs nothing.
 */
#ifndef LOOM_CORE_THREADS_H
#define LOOM_CORE_THREADS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <loom/regs.h>

#define LOOM_MAX_TASKS		(LOOM_MAX_CORES + 3)
#define LOOM_NO_DEADLINE	UINT64_MAX

struct loom_dev;

/**
 * struct loom_task
 * @run: does what there is to do and returns; no lock held
 * @ready: @run is to be called (again)
 * @running: @run is being called
 * @deadline: bus time in ns at which the task becomes ready by itself
 */
struct loom_task {
	void (*run)(void *opaque);
	void *opaque;
	bool ready, running;
	uint64_t deadline;
};

struct loom_worker {
	struct loom_dev *dev;
	pthread_t thread;
	pthread_cond_t wake;
	bool idle, signalled;
};

/**
 * struct loom_sched - device lock
 * @hold: counts those who want every task at rest; none is started while it is not 0
 * @rest: signalled when a task stops running
 * @timekeeper: the idle worker that waits for the earliest deadline, or NULL
 * @kept: the deadline it waits for; 0 while it has not made up its mind
 * @armed: where the bus keeps the time: the deadline it was told, at or before every task's
 * @arming: a thread is about to tell it
 */
struct loom_sched {
	struct loom_task *task[LOOM_MAX_TASKS];
	struct loom_worker worker[LOOM_MAX_TASKS];
	unsigned int num_tasks, num_workers;
	unsigned int hold;
	bool exit;
	pthread_cond_t rest;
	struct loom_worker *timekeeper;
	uint64_t kept;
	uint64_t armed;
	bool arming;
};

/** loom_sched_add - one more task, before loom_sched_start() */
void loom_sched_add(struct loom_dev *dev, struct loom_task *task, void (*run)(void *), void *opaque);

/** loom_sched_start - with so many workers. 0, or -EAGAIN with none left running */
int loom_sched_start(struct loom_dev *dev, unsigned int workers);

/** loom_sched_stop - join the workers; tasks have been asked to come to rest */
void loom_sched_stop(struct loom_dev *dev);

/** loom_task_post - the task has something to do (lock held) */
void loom_task_post(struct loom_dev *dev, struct loom_task *task);

/** loom_task_sleep_until - by a task, for itself or one that sleeps: become ready at @deadline (lock held) */
void loom_task_sleep_until(struct loom_dev *dev, struct loom_task *task, uint64_t deadline);

/** loom_sched_kick - by a task that will go on for a while: let others take what is ready, or
 *  watch the clock (lock held) */
void loom_sched_kick(struct loom_dev *dev);

/** loom_sched_hold - start nothing any more, and wait until nothing runs (lock held; it is let go meanwhile) */
void loom_sched_hold(struct loom_dev *dev);
void loom_sched_release(struct loom_dev *dev);

#endif
