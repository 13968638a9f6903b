// SPDX-License-Identifier: MIT
/* Requests as their callers see them: an end that can be waited for, polled, and outlives the session. */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "session.h"
#include "libaccel/error.h"

void accel_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}

struct accel_request *accel_request_new(const void *const *inputs, int num_in, void *const *outputs, int num_out)
{
	struct accel_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->inputs = calloc((size_t)num_in + 1, sizeof(*r->inputs));
	r->outputs = calloc((size_t)num_out + 1, sizeof(*r->outputs));
	if (!r->inputs || !r->outputs) {
		free(r->inputs);
		free(r->outputs);
		free(r);
		return NULL;
	}
	for (int i = 0; i < num_in; i++)
		r->inputs[i] = inputs[i];
	for (int i = 0; i < num_out; i++)
		r->outputs[i] = outputs[i];
	r->fd = -1;
	r->start_ns = accel_now_ns();
	pthread_mutex_init(&r->lock, NULL);
	accel_cond_init(&r->cond);
	return r;
}

/* With the lock. */
static void make_readable(const struct accel_request *r)
{
	const uint64_t one = 1;

	/* A counter of eventfd that was 0 takes a 1. */
	if (write(r->fd, &one, sizeof(one)) != (ssize_t)sizeof(one))
		abort();
}

void accel_request_end(struct accel_request *r, int err, const char *text, const struct accel_stats *stats)
{
	pthread_mutex_lock(&r->lock);
	if (stats)
		r->stats = *stats;
	r->stats.wall_ns = accel_now_ns() - r->start_ns;
	r->err = err;
	r->text = err ? strdup(text) : NULL;
	r->ended = true;
	if (r->fd >= 0)
		make_readable(r);
	/* Under the lock: the request may be freed as soon as that is released. */
	pthread_cond_broadcast(&r->cond);
	pthread_mutex_unlock(&r->lock);
}

int accel_request_fd(struct accel_request *r)
{
	int fd;

	pthread_mutex_lock(&r->lock);
	if (r->fd < 0) {
		r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (r->fd < 0)
			r->fd = accel_error(errno, "request: cannot make a file descriptor: %s", strerror(errno));
		else if (r->ended)
			make_readable(r);
	}
	fd = r->fd;
	pthread_mutex_unlock(&r->lock);
	return fd;
}

static struct timespec in_ms(int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000L;
	if (t.tv_nsec >= 1000000000L) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000L;
	}
	return t;
}

int accel_request_wait(struct accel_request *r, int timeout_ms)
{
	const struct timespec until = in_ms(timeout_ms > 0 ? timeout_ms : 0);
	int late = 0, err;

	pthread_mutex_lock(&r->lock);
	while (!r->ended && !late)
		late = timeout_ms < 0 ? pthread_cond_wait(&r->cond, &r->lock) :
					pthread_cond_timedwait(&r->cond, &r->lock, &until);
	if (!r->ended)
		err = accel_error(EAGAIN, "request: it has not ended within %d ms; wait again", timeout_ms);
	else
		err = r->err ? accel_error(-r->err, "%s", r->text ? r->text : "the request failed") : 0;
	pthread_mutex_unlock(&r->lock);
	return err;
}

void accel_request_stats(struct accel_request *r, struct accel_stats *stats)
{
	pthread_mutex_lock(&r->lock);
	*stats = r->stats;
	pthread_mutex_unlock(&r->lock);
}

void accel_request_free(struct accel_request *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	while (!r->ended)
		pthread_cond_wait(&r->cond, &r->lock);
	pthread_mutex_unlock(&r->lock);
	if (r->fd >= 0)
		close(r->fd);
	pthread_cond_destroy(&r->cond);
	pthread_mutex_destroy(&r->lock);
	free(r->text);
	free(r->inputs);
	free(r->outputs);
	free(r);
}
