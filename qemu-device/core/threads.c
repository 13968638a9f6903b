// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sys/prctl.h>
#include <time.h>

#include "npu.h"

/* Device whose worker the present thread is. */
static __thread struct loom_dev *worker_of;

void loom_sched_add(struct loom_dev *dev, struct loom_task *task, void (*run)(void *), void *opaque)
{
	struct loom_sched *s = &dev->sched;

	*task = (struct loom_task) { .run = run, .opaque = opaque, .deadline = LOOM_NO_DEADLINE };
	s->task[s->num_tasks++] = task;
}

static struct loom_task *next_ready(struct loom_sched *s)
{
	if (s->hold)
		return NULL;
	for (unsigned int i = 0; i < s->num_tasks; i++)
		if (s->task[i]->ready && !s->task[i]->running)
			return s->task[i];
	return NULL;
}

static uint64_t earliest_deadline(struct loom_sched *s)
{
	uint64_t min = LOOM_NO_DEADLINE;

	if (s->hold)
		return min;
	for (unsigned int i = 0; i < s->num_tasks; i++)
		if (s->task[i]->deadline < min)
			min = s->task[i]->deadline;
	return min;
}

static void expire(struct loom_sched *s, uint64_t now)
{
	for (unsigned int i = 0; i < s->num_tasks; i++) {
		if (s->task[i]->deadline <= now) {
			s->task[i]->deadline = LOOM_NO_DEADLINE;
			s->task[i]->ready = true;
		}
	}
}

static void wake(struct loom_worker *w)
{
	w->signalled = true;
	pthread_cond_signal(&w->wake);
}

/* An idle worker that nobody has woken yet; the timekeeper last, so that it stays one. */
static struct loom_worker *find_idle(struct loom_sched *s)
{
	struct loom_worker *found = NULL;

	for (unsigned int i = 0; i < s->num_workers; i++) {
		struct loom_worker *w = &s->worker[i];

		if (!w->idle || w->signalled)
			continue;
		if (w != s->timekeeper)
			return w;
		found = w;
	}
	return found;
}

void loom_sched_kick(struct loom_dev *dev)
{
	struct loom_sched *s = &dev->sched;
	struct loom_worker *w;

	if (next_ready(s) || (!dev->bus.set_timer && !s->timekeeper && earliest_deadline(s) != LOOM_NO_DEADLINE)) {
		w = find_idle(s);
		if (w)
			wake(w);
	}
}

void loom_task_post(struct loom_dev *dev, struct loom_task *task)
{
	struct loom_sched *s = &dev->sched;
	unsigned int waiting = 0;
	struct loom_worker *w;

	if (task->ready)
		return;
	task->ready = true;
	task->deadline = LOOM_NO_DEADLINE;
	if (task->running || s->hold)
		return;
	for (unsigned int i = 0; i < s->num_tasks; i++)
		waiting += s->task[i]->ready && !s->task[i]->running;
	/* One of them is for the worker that posts. */
	if (worker_of == dev && waiting <= 1)
		return;
	w = find_idle(s);
	if (w)
		wake(w);
}

void loom_task_sleep_until(struct loom_dev *dev, struct loom_task *task, uint64_t deadline)
{
	struct loom_sched *s = &dev->sched;

	task->deadline = deadline;
	/* This worker may go on with another task: the one that keeps the time has to know now. */
	if (s->timekeeper && deadline < s->kept)
		wake(s->timekeeper);
}

/*
 * Where the bus keeps the time: tell it the earliest deadline, unless it will call before that anyway. Lock held, let go
 * meanwhile. One thread at a time, so that the bus hears of deadlines in the order in which they were made.
 */
static void arm(struct loom_dev *dev)
{
	struct loom_sched *s = &dev->sched;

	if (!dev->bus.set_timer || s->arming)
		return;
	s->arming = true;
	while (earliest_deadline(s) < s->armed) {
		uint64_t deadline = s->armed = earliest_deadline(s);

		pthread_mutex_unlock(&dev->lock);
		dev->bus.set_timer(dev->opaque, deadline);
		pthread_mutex_lock(&dev->lock);
	}
	s->arming = false;
}

void loom_dev_tick(struct loom_dev *dev)
{
	struct loom_sched *s = &dev->sched;
	uint64_t now = loom_dev_now(dev);
	struct loom_worker *w;

	pthread_mutex_lock(&dev->lock);
	s->armed = LOOM_NO_DEADLINE;
	expire(s, now);
	arm(dev);
	w = next_ready(s) ? find_idle(s) : NULL;
	if (w)
		wake(w);
	pthread_mutex_unlock(&dev->lock);
}

static void wait_until(struct loom_dev *dev, struct loom_worker *w, uint64_t deadline, uint64_t now)
{
	struct timespec ts;
	uint64_t delta = deadline > now ? deadline - now : 0;

	/* The bus's clock may stand still or run slowly: whoever wakes looks again. */
	if (delta > 1000000000ull)
		delta = 1000000000ull;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_nsec += (long)(delta % 1000000000ull);
	ts.tv_sec += (time_t)(delta / 1000000000ull) + ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&w->wake, &dev->lock, &ts);
}

/* Nothing is ready: sleep, on the clock where this worker is to keep it. */
static void idle(struct loom_dev *dev, struct loom_worker *w)
{
	struct loom_sched *s = &dev->sched;
	uint64_t deadline = earliest_deadline(s), now;

	w->signalled = false;
	if (deadline == LOOM_NO_DEADLINE || dev->bus.set_timer || (s->timekeeper && s->timekeeper != w)) {
		w->idle = true;
		while (!w->signalled && !s->exit)
			pthread_cond_wait(&w->wake, &dev->lock);
		w->idle = false;
		return;
	}
	s->timekeeper = w;
	s->kept = 0;
	pthread_mutex_unlock(&dev->lock);
	now = loom_dev_now(dev);
	pthread_mutex_lock(&dev->lock);
	expire(s, now);
	deadline = earliest_deadline(s);
	if (deadline != LOOM_NO_DEADLINE && !next_ready(s) && !w->signalled && !s->exit) {
		w->idle = true;
		s->kept = deadline;
		wait_until(dev, w, deadline, now);
		w->idle = false;
	}
	s->timekeeper = NULL;
}

static void *worker_main(void *opaque)
{
	struct loom_worker *w = opaque;
	struct loom_dev *dev = w->dev;
	struct loom_sched *s = &dev->sched;
	struct loom_task *task;

	worker_of = dev;
	prctl(PR_SET_NAME, "loom");
	prctl(PR_SET_TIMERSLACK, 1000);
	pthread_mutex_lock(&dev->lock);
	while (!s->exit) {
		task = next_ready(s);
		if (!task) {
			arm(dev);
			if (!next_ready(s))
				idle(dev, w);
			continue;
		}
		task->ready = false;
		task->running = true;
		task->deadline = LOOM_NO_DEADLINE;
		loom_sched_kick(dev);
		arm(dev);
		pthread_mutex_unlock(&dev->lock);
		task->run(task->opaque);
		pthread_mutex_lock(&dev->lock);
		task->running = false;
		if (s->hold)
			pthread_cond_broadcast(&s->rest);
	}
	pthread_mutex_unlock(&dev->lock);
	return NULL;
}

int loom_sched_start(struct loom_dev *dev, unsigned int workers)
{
	struct loom_sched *s = &dev->sched;
	pthread_condattr_t attr;

	pthread_cond_init(&s->rest, NULL);
	s->armed = LOOM_NO_DEADLINE;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for (unsigned int i = 0; i < workers; i++) {
		struct loom_worker *w = &s->worker[i];

		w->dev = dev;
		pthread_cond_init(&w->wake, &attr);
		if (pthread_create(&w->thread, NULL, worker_main, w)) {
			pthread_cond_destroy(&w->wake);
			break;
		}
		pthread_mutex_lock(&dev->lock);
		s->num_workers++;
		pthread_mutex_unlock(&dev->lock);
	}
	pthread_condattr_destroy(&attr);
	if (s->num_workers == workers)
		return 0;
	loom_sched_stop(dev);
	return -EAGAIN;
}

void loom_sched_stop(struct loom_dev *dev)
{
	struct loom_sched *s = &dev->sched;

	pthread_mutex_lock(&dev->lock);
	s->exit = true;
	for (unsigned int i = 0; i < s->num_workers; i++)
		wake(&s->worker[i]);
	pthread_mutex_unlock(&dev->lock);
	for (unsigned int i = 0; i < s->num_workers; i++) {
		pthread_join(s->worker[i].thread, NULL);
		pthread_cond_destroy(&s->worker[i].wake);
	}
	pthread_cond_destroy(&s->rest);
}

static bool anything_runs(struct loom_sched *s)
{
	for (unsigned int i = 0; i < s->num_tasks; i++)
		if (s->task[i]->running)
			return true;
	return false;
}

void loom_sched_hold(struct loom_dev *dev)
{
	struct loom_sched *s = &dev->sched;

	s->hold++;
	while (anything_runs(s))
		pthread_cond_wait(&s->rest, &dev->lock);
}

void loom_sched_release(struct loom_dev *dev)
{
	struct loom_sched *s = &dev->sched;

	if (--s->hold)
		return;
	for (unsigned int i = 0; i < s->num_workers; i++)
		if (s->worker[i].idle)
			wake(&s->worker[i]);
}
