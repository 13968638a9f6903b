// SPDX-License-Identifier: MIT
/*
 * Requests of a session: one list, and lanes that take from it. A lane is a thread with a session of its own, which shares
 * the weights with the others on its device; CPU nodes run in its thread, while other lanes' streams are on the NPU.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "request.h"
#include "session.h"

#define MAX_TRIES	3
#define MAX_LANES	32	/* on a device */
#define LANES_PER_CORE	2
#define NEVER		UINT64_MAX

/**
 * struct place - a device, as far as this session uses it
 * @home: has the weights; the session itself on its own device
 * @busy: lanes that run; like what follows, guarded by accel_serve.lock
 * @lanes: that can run
 * @gone: the device is
 */
struct place {
	struct accel_device *dev;
	struct accel_session *home;
	uint32_t busy, lanes;
	bool gone;
};

struct lane {
	struct accel_serve *serve;
	struct place *place;
	struct accel_session *s;
	pthread_t thread;
	struct accel_request **group;	/* up to serve.batch, which run as one */
	uint32_t num;
};

/**
 * struct accel_serve
 * @batch: requests that run as one, at most
 * @work: something changed that a lane may wait for
 * @live: lanes that can run; the lock guards this and all that follows
 * @err: why none can any more
 */
struct accel_serve {
	struct accel_session *owner;
	uint32_t batch, max_queue;
	uint64_t delay_ns;
	struct place *places;
	uint32_t num_places;
	struct lane *lanes;
	uint32_t num_lanes;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct accel_request *first, **last;
	uint32_t queued, live;
	bool quit;
	int err;
	char *text;
};

/* ---- What runs where ---- */

/* When the next group may start; with the lock. */
static uint64_t due(const struct accel_serve *sv)
{
	if (!sv->first)
		return NEVER;
	return sv->queued >= sv->batch || sv->first->tries ? 0 : sv->first->start_ns + sv->delay_ns;
}

static uint32_t cores(const struct place *p)
{
	return p->dev->info.num_cores ? p->dev->info.num_cores : 1;
}

/* Has no other device with an idle lane less to do for each of its cores? */
static bool is_best(const struct accel_serve *sv, const struct place *p)
{
	for (uint32_t i = 0; i < sv->num_places; i++) {
		const struct place *q = &sv->places[i];

		if (!q->gone && q->lanes > q->busy && (uint64_t)q->busy * cores(p) < (uint64_t)p->busy * cores(q))
			return false;
	}
	return true;
}

static void take_group(struct lane *l)
{
	struct accel_serve *sv = l->serve;

	for (l->num = 0; l->num < sv->batch && sv->first; l->num++) {
		struct accel_request *r = sv->first;

		sv->first = r->next;
		r->tries++;
		l->group[l->num] = r;
		sv->queued--;
	}
	if (!sv->first)
		sv->last = &sv->first;
	l->place->busy++;
	pthread_cond_broadcast(&sv->work);
}

/* To the head of the list, in their order. */
static void put_back(struct lane *l)
{
	struct accel_serve *sv = l->serve;

	for (uint32_t i = l->num; i-- > 0;) {
		if (!sv->first)
			sv->last = &l->group[i]->next;
		l->group[i]->next = sv->first;
		sv->first = l->group[i];
	}
	sv->queued += l->num;
	l->num = 0;
}

static void wait_until(struct accel_serve *sv, uint64_t ns)
{
	const struct timespec t = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	if (ns == NEVER)
		pthread_cond_wait(&sv->work, &sv->lock);
	else
		pthread_cond_timedwait(&sv->work, &sv->lock, &t);
}

/* With the lock; false when the lane is to end. */
static bool next_group(struct lane *l)
{
	struct accel_serve *sv = l->serve;

	while (!sv->quit && !l->place->gone) {
		uint64_t at = due(sv);

		if (at > accel_now_ns()) {
			wait_until(sv, at);
		} else if (is_best(sv, l->place)) {
			take_group(l);
			return true;
		} else {
			/* A lane of the better device was woken by the same. */
			wait_until(sv, NEVER);
		}
	}
	return false;
}

/* ---- A run ---- */

static void copy_in(struct lane *l, int i)
{
	size_t bytes, each;
	uint8_t *in = accel_input(l->s, i, &bytes);

	each = bytes / l->serve->batch;
	for (uint32_t k = 0; k < l->num; k++)
		memcpy(in + k * each, l->group[k]->inputs[i], each);
	memset(in + l->num * each, 0, bytes - l->num * each);
}

static void copy_out(struct lane *l, int i)
{
	size_t bytes, each;
	const uint8_t *out = accel_output(l->s, i, &bytes);

	each = bytes / l->serve->batch;
	for (uint32_t k = 0; k < l->num; k++)
		if (l->group[k]->outputs[i])
			memcpy(l->group[k]->outputs[i], out + k * each, each);
}

static int run_group(struct lane *l)
{
	const struct accel_graph *g = l->s->prog->graph;
	int err;

	for (int i = 0; i < g->num_inputs; i++)
		copy_in(l, i);
	err = accel_submit(l->s);
	if (err)
		return err;
	do
		err = accel_wait(l->s);
	while (err == -EINTR);
	for (int i = 0; i < g->num_outputs && !err; i++)
		copy_out(l, i);
	return err;
}

static void end_group(struct lane *l, int err, const char *text)
{
	struct accel_stats st;

	accel_session_stats(l->s, &st);
	for (uint32_t k = 0; k < l->num; k++)
		accel_request_end(l->group[k], err, text, &st);
	l->num = 0;
}

/* With the lock, when no lane is left: nothing that waits will ever run. */
static void fail_all(struct accel_serve *sv, int err, const char *text)
{
	sv->err = err;
	if (!sv->text)
		sv->text = strdup(text);
	while (sv->first) {
		struct accel_request *r = sv->first;

		sv->first = r->next;
		accel_request_end(r, err, text, NULL);
	}
	sv->last = &sv->first;
	sv->queued = 0;
}

/* The group goes to another lane, where that may help. With the lock. */
static bool try_again(struct lane *l)
{
	uint32_t live = l->serve->live - (l->place->gone ? l->place->lanes : 0);

	if (!l->s->lost || l->serve->quit || !live)
		return false;
	for (uint32_t k = 0; k < l->num; k++)
		if (l->group[k]->tries >= MAX_TRIES)
			return false;
	put_back(l);
	return true;
}

/* After a run that failed: false where this lane cannot go on. The lock is taken. */
static bool recover(struct lane *l, int err)
{
	struct accel_serve *sv = l->serve;
	char *text = strdup(accel_errmsg());
	bool dead = err == -ENODEV;
	int again = 0;

	if (l->s->stopped && l->s->dev->ops->renew && !dead) {
		again = l->s->dev->ops->renew(l->s->ctx);
		dead = again;
	}
	pthread_mutex_lock(&sv->lock);
	if (err == -ENODEV || again == -ENODEV)
		l->place->gone = true;
	if (dead) {
		l->place->lanes--;
		sv->live--;
	}
	if (!try_again(l))
		end_group(l, err, text ? text : "out of memory");
	free(text);
	return !dead;
}

static void *lane_thread(void *arg)
{
	struct lane *l = arg;
	struct accel_serve *sv = l->serve;
	bool alive = true;

	pthread_mutex_lock(&sv->lock);
	while (alive && next_group(l)) {
		int err;

		pthread_mutex_unlock(&sv->lock);
		err = run_group(l);
		if (err) {
			alive = recover(l, err);
		} else {
			end_group(l, 0, NULL);
			pthread_mutex_lock(&sv->lock);
		}
		l->place->busy--;
		if (err || sv->first)
			pthread_cond_broadcast(&sv->work);
	}
	if (alive) {
		l->place->lanes--;
		sv->live--;
	}
	pthread_cond_broadcast(&sv->work);
	if (!sv->live && !sv->quit)
		fail_all(sv, -ENODEV, "submit: every device of the session is gone: they were unplugged, or cannot be used "
			 "any more: open those there are and make a new session");
	pthread_mutex_unlock(&sv->lock);
	return NULL;
}

/* ---- Life ---- */

static int check_merge(const struct accel_program *p)
{
	const struct accel_graph *g = p->graph;

	for (int i = 0; i < g->num_inputs + g->num_outputs; i++) {
		const struct accel_value *v = &g->values[i < g->num_inputs ? g->inputs[i] : g->outputs[i - g->num_inputs]];

		if (!v->rank || v->dims[0] != p->batch)
			return accel_error(EINVAL, "submit: requests of one sample cannot be merged: the first dimension of \"%s\" is "
					   "%lld, not the program's batch, %lld", v->name,
					   (long long)(v->rank ? v->dims[0] : 0), (long long)p->batch);
	}
	return 0;
}

static int make_places(struct accel_serve *sv)
{
	struct accel_session *o = sv->owner;
	uint32_t num = o->opened->num_members ? o->opened->num_members : 1;
	int err = 0;

	sv->places = calloc(num, sizeof(*sv->places));
	if (!sv->places)
		return accel_enomem("requests");
	for (uint32_t i = 0; i < num && !err; i++) {
		struct place *p = &sv->places[i];

		p->dev = o->opened->num_members ? o->opened->member[i] : o->dev;
		if (p->dev == o->dev)
			p->home = o;
		else
			err = accel_weights_new(p->dev, o->prog, &p->home);
		/* One that went away before is not used; the session's own shows that when it runs. */
		if (err == -ENODEV) {
			p->gone = true;
			err = 0;
		}
		sv->num_places++;
	}
	return err;
}

/* Lanes are spread over the devices one by one. */
static int make_lanes(struct accel_serve *sv)
{
	uint32_t want = (uint32_t)sv->owner->options.in_flight, most = 0;
	int err = 0;

	for (uint32_t i = 0; i < sv->num_places; i++)
		most += cores(&sv->places[i]) * LANES_PER_CORE;
	if (!want)
		want = most;
	if (want > MAX_LANES * sv->num_places)
		want = MAX_LANES * sv->num_places;
	sv->lanes = calloc(want, sizeof(*sv->lanes));
	if (!sv->lanes)
		return accel_enomem("requests");
	for (uint32_t i = 0; i < want && !err; i++) {
		struct lane *l = &sv->lanes[sv->num_lanes];
		struct place *p = &sv->places[i % sv->num_places];

		if (p->gone)
			continue;
		l->serve = sv;
		l->place = p;
		l->group = calloc(sv->batch, sizeof(struct accel_request *));
		err = l->group ? accel_lane_new(p->home, &l->s) : accel_enomem("requests");
		if (err == -ENODEV) {
			p->gone = true;
			err = 0;
		}
		if (err || !l->s) {
			free(l->group);
			memset(l, 0, sizeof(*l));
			continue;
		}
		sv->num_lanes++;
	}
	/* Counted here, since threads look at all devices' counts. */
	for (uint32_t i = 0; i < sv->num_lanes; i++)
		sv->lanes[i].place->lanes++;
	sv->live = sv->num_lanes;
	if (!err && !sv->live)
		err = accel_error(ENODEV, "submit: every device of the session is gone: they were unplugged, or their driver "
				  "unbound");
	return err;
}

static void stop_lanes(struct accel_serve *sv, uint32_t threads)
{
	pthread_mutex_lock(&sv->lock);
	sv->quit = true;
	pthread_cond_broadcast(&sv->work);
	pthread_mutex_unlock(&sv->lock);
	for (uint32_t i = 0; i < threads; i++)
		pthread_join(sv->lanes[i].thread, NULL);
}

static void free_serve(struct accel_serve *sv)
{
	for (uint32_t i = 0; i < sv->num_lanes; i++) {
		accel_session_free(sv->lanes[i].s);
		free(sv->lanes[i].group);
	}
	for (uint32_t i = 0; i < sv->num_places; i++)
		if (sv->places[i].home != sv->owner)
			accel_session_free(sv->places[i].home);
	pthread_cond_destroy(&sv->work);
	pthread_mutex_destroy(&sv->lock);
	free(sv->lanes);
	free(sv->places);
	free(sv->text);
	free(sv);
}

void accel_serve_free(struct accel_serve *sv)
{
	if (!sv)
		return;
	stop_lanes(sv, sv->num_lanes);
	fail_all(sv, -ECANCELED, "request: its session was freed before it started");
	free_serve(sv);
}

/* Threads that leave signals to the caller's. */
static int start_lanes(struct accel_serve *sv)
{
	sigset_t all, old;
	int err = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (uint32_t i = 0; i < sv->num_lanes && !err; i++) {
		err = pthread_create(&sv->lanes[i].thread, NULL, lane_thread, &sv->lanes[i]);
		if (err)
			stop_lanes(sv, i);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err ? accel_error(err, "submit: cannot start a thread: %s", strerror(err)) : 0;
}

static int serve_new(struct accel_session *s, struct accel_serve **out)
{
	struct accel_serve *sv = calloc(1, sizeof(*sv));
	int err = 0;

	if (!sv)
		return accel_enomem("requests");
	sv->owner = s;
	sv->last = &sv->first;
	sv->batch = s->options.merge ? (uint32_t)s->prog->batch : 1;
	sv->delay_ns = (uint64_t)s->options.merge_delay_us * 1000;
	sv->max_queue = (uint32_t)s->options.queue;
	pthread_mutex_init(&sv->lock, NULL);
	accel_cond_init(&sv->work);
	if (s->options.merge)
		err = check_merge(s->prog);
	if (!err)
		err = make_places(sv);
	if (!err)
		err = make_lanes(sv);
	if (!err)
		err = start_lanes(sv);
	if (err)
		free_serve(sv);
	else
		*out = sv;
	return err;
}

int accel_session_set_options(struct accel_session *s, const struct accel_session_options *opts)
{
	struct accel_session_options o = { 0 };
	const uint8_t *bytes = (const uint8_t *)opts;
	int err = 0;

	if (opts->size < sizeof(opts->size))
		return accel_error(EINVAL, "session options: size is %zu: set it to sizeof(struct accel_session_options)",
				   opts->size);
	for (size_t i = sizeof(o); i < opts->size; i++)
		if (bytes[i])
			return accel_error(E2BIG, "session options: one is set that this version of the library does not know");
	memcpy(&o, opts, opts->size < sizeof(o) ? opts->size : sizeof(o));
	if (o.in_flight < 0 || o.queue < 0)
		return accel_error(EINVAL, "session options: in_flight is %d, queue %d: neither may be negative", o.in_flight,
				   o.queue);
	pthread_mutex_lock(&s->lock);
	if (s->serve)
		err = accel_error(EBUSY, "session options: set them before the first request");
	else
		s->options = o;
	pthread_mutex_unlock(&s->lock);
	return err;
}

static int append(struct accel_serve *sv, struct accel_request *r)
{
	int err = 0;

	pthread_mutex_lock(&sv->lock);
	if (sv->err) {
		err = accel_error(-sv->err, "%s", sv->text ? sv->text : "submit: every device of the session is gone");
	} else if (sv->max_queue && sv->queued >= sv->max_queue) {
		err = accel_error(EAGAIN, "submit: %u requests wait already: submit again when one has ended", sv->queued);
	} else {
		*sv->last = r;
		sv->last = &r->next;
		sv->queued++;
		pthread_cond_broadcast(&sv->work);
	}
	pthread_mutex_unlock(&sv->lock);
	return err;
}

int accel_session_submit(struct accel_session *s, const void *const *inputs, void *const *outputs,
			 struct accel_request **out)
{
	const struct accel_graph *g = s->prog->graph;
	struct accel_request *r;
	int err = 0;

	*out = NULL;
	for (int i = 0; i < g->num_inputs; i++)
		if (!inputs[i])
			return accel_error(EINVAL, "submit: input %d is NULL: every input needs its contents", i);
	pthread_mutex_lock(&s->lock);
	if (!s->serve)
		err = serve_new(s, &s->serve);
	pthread_mutex_unlock(&s->lock);
	if (err)
		return err;
	r = accel_request_new(inputs, g->num_inputs, outputs, g->num_outputs);
	if (!r)
		return accel_enomem("a request");
	err = append(s->serve, r);
	if (!err) {
		*out = r;
		return 0;
	}
	/* accel_request_free() waits for an end. */
	accel_request_end(r, 0, NULL, NULL);
	accel_request_free(r);
	return err;
}
