// SPDX-License-Identifier: MIT
/* Requests: many at once give what one at a time gives, whatever the devices do meanwhile. */
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/backend/backend.h"

#define THREADS 4
#define EACH	24

/* ---- A network, its inputs, and what one run at a time says of them ---- */

struct net {
	struct accel_device *dev;
	struct accel_program *prog;
	struct accel_session *s;
	size_t in_bytes, out_bytes;
};

/* Conv, Erf (which the CPU alone has), Conv: CPU and NPU take turns. */
static struct accel_graph *mixed_graph(void)
{
	const int64_t in_dims[] = { -1, 3, 12, 12 }, w1[] = { 8, 3, 3, 3 }, w2[] = { 4, 8, 3, 3 };
	struct rng r = { .s = 7 };
	struct accel_graph *g;
	int x, in[2];

	must(accel_graph_new(&g));
	x = accel_graph_input(g, "x", ACCEL_F32, 4, in_dims);
	in[0] = x;
	in[1] = add_const(g, &r, 4, w1, 0.3f);
	in[0] = accel_graph_op(g, "Conv", "first", in, 2, NULL);
	in[0] = accel_graph_op(g, "Erf", "middle", in, 1, NULL);
	in[1] = add_const(g, &r, 4, w2, 0.3f);
	in[0] = accel_graph_op(g, "Conv", "last", in, 2, NULL);
	must(accel_graph_output(g, in[0], "y"));
	return g;
}

static struct net net_new(const char *spec, int64_t batch)
{
	struct accel_compile_options o = { .size = sizeof(o), .precision = ACCEL_PREC_FP16, .batch = batch };
	struct accel_graph *g = mixed_graph();
	struct net n;

	must(accel_open(spec, &n.dev));
	must(accel_compile(g, n.dev, &o, &n.prog));
	accel_graph_unref(g);
	must(accel_session_new(n.dev, n.prog, &n.s));
	accel_input(n.s, 0, &n.in_bytes);
	accel_output(n.s, 0, &n.out_bytes);
	return n;
}

static void net_free(struct net *n)
{
	accel_session_free(n->s);
	accel_program_unref(n->prog);
	accel_close(n->dev);
}

static void fill(void *in, size_t bytes, uint64_t seed)
{
	struct rng r = { .s = seed * 31 + 5 };
	float *f = in;

	for (size_t i = 0; i < bytes / sizeof(*f); i++)
		f[i] = rng_unit(&r);
}

/* Outputs of inputs 0 to @count - 1, each run alone with a batch of 1. */
static uint8_t *expected(int count, size_t *each)
{
	struct net n = net_new("sim:cores=1", 1);
	uint8_t *out = malloc((size_t)count * n.out_bytes);

	assert_non_null(out);
	for (int i = 0; i < count; i++) {
		fill(accel_input(n.s, 0, NULL), n.in_bytes, (uint64_t)i);
		must(accel_run(n.s));
		memcpy(out + (size_t)i * n.out_bytes, accel_output(n.s, 0, NULL), n.out_bytes);
	}
	*each = n.out_bytes;
	net_free(&n);
	return out;
}

struct job {
	void *in, *out;
	struct accel_request *req;
};

/* Input @i; @in_bytes and @out_bytes of one sample. */
static int submit(struct accel_session *s, struct job *j, int i, size_t in_bytes, size_t out_bytes)
{
	const void *in[1];
	void *out[1];

	j->in = malloc(in_bytes);
	j->out = calloc(1, out_bytes);
	if (!j->in || !j->out)
		return -ENOMEM;
	fill(j->in, in_bytes, (uint64_t)i);
	in[0] = j->in;
	out[0] = j->out;
	return accel_session_submit(s, in, out, &j->req);
}

static void job_free(struct job *j)
{
	accel_request_free(j->req);
	free(j->in);
	free(j->out);
	memset(j, 0, sizeof(*j));
}

/* Requests 0 to @count - 1, all at once; each must end well and give what @want says. */
static void all_right(struct net *n, int count, size_t in_bytes, const uint8_t *want, size_t each)
{
	struct job *jobs = calloc((size_t)count, sizeof(*jobs));

	for (int i = 0; i < count; i++)
		must(submit(n->s, &jobs[i], i, in_bytes, each));
	for (int i = 0; i < count; i++) {
		must(accel_request_wait(jobs[i].req, -1));
		assert_memory_equal(jobs[i].out, want + (size_t)i * each, each);
		job_free(&jobs[i]);
	}
	free(jobs);
}

/* ---- Devices that fail as real ones do ---- */

static struct {
	struct accel_backend ops;
	const struct accel_backend *real;
	atomic_int jobs, renewed;
	atomic_int gone_after;		/* jobs; 0 never */
	atomic_int resets;		/* to come */
	atomic_bool hold;		/* jobs wait until it is false */
} fake[2];

static int fake_submit(int k, struct accel_ctx *ctx, uint64_t va, uint32_t slots)
{
	int job = atomic_fetch_add(&fake[k].jobs, 1) + 1;

	if (fake[k].gone_after && job > fake[k].gone_after)
		return -ENODEV;
	return fake[k].real->submit(ctx, va, slots);
}

static int fake_wait(int k, struct accel_ctx *ctx, struct accel_fault *fault)
{
	int err = fake[k].real->wait(ctx, fault);

	while (atomic_load(&fake[k].hold))
		poll(NULL, 0, 1);
	if (atomic_load(&fake[k].resets) > 0 && atomic_fetch_sub(&fake[k].resets, 1) > 0) {
		fault->reset = true;
		return -EIO;
	}
	return err;
}

static int submit_a(struct accel_ctx *ctx, uint64_t va, uint32_t slots)
{
	return fake_submit(0, ctx, va, slots);
}

static int submit_b(struct accel_ctx *ctx, uint64_t va, uint32_t slots)
{
	return fake_submit(1, ctx, va, slots);
}

static int wait_a(struct accel_ctx *ctx, struct accel_fault *fault)
{
	return fake_wait(0, ctx, fault);
}

static int wait_b(struct accel_ctx *ctx, struct accel_fault *fault)
{
	return fake_wait(1, ctx, fault);
}

static int renew(struct accel_ctx *ctx)
{
	atomic_fetch_add(&fake[0].renewed, 1);
	return 0;
}

static void wrap(struct accel_device *dev, int k)
{
	memset(&fake[k], 0, sizeof(fake[k]));
	fake[k].real = dev->ops;
	fake[k].ops = *dev->ops;
	fake[k].ops.submit = k ? submit_b : submit_a;
	fake[k].ops.wait = k ? wait_b : wait_a;
	fake[k].ops.renew = renew;
	dev->ops = &fake[k].ops;
}

static void unwrap(struct accel_device *dev, int k)
{
	dev->ops = fake[k].real;
}

/* ---- Tests ---- */

struct client {
	struct net *n;
	int first;
	const uint8_t *want;
	size_t each;
	pthread_t thread;
	int wrong;
};

static void *client(void *arg)
{
	struct client *c = arg;
	struct job jobs[EACH] = { 0 };

	for (int i = 0; i < EACH; i++)
		c->wrong += submit(c->n->s, &jobs[i], c->first + i, c->n->in_bytes, c->each) != 0;
	for (int i = 0; i < EACH; i++) {
		c->wrong += !jobs[i].req || accel_request_wait(jobs[i].req, -1) ||
			    memcmp(jobs[i].out, c->want + (size_t)(c->first + i) * c->each, c->each);
		job_free(&jobs[i]);
	}
	return NULL;
}

static void from_threads(const char *spec)
{
	struct net n = net_new(spec, 1);
	struct client c[THREADS];
	size_t each;
	uint8_t *want = expected(THREADS * EACH, &each);

	for (int t = 0; t < THREADS; t++) {
		c[t] = (struct client){ .n = &n, .first = t * EACH, .want = want, .each = each };
		assert_int_equal(pthread_create(&c[t].thread, NULL, client, &c[t]), 0);
	}
	/* The session's own runs go on beside them. */
	for (int i = 0; i < EACH; i++) {
		fill(accel_input(n.s, 0, NULL), n.in_bytes, (uint64_t)i);
		must(accel_run(n.s));
		assert_memory_equal(accel_output(n.s, 0, NULL), want + (size_t)i * each, each);
	}
	for (int t = 0; t < THREADS; t++) {
		pthread_join(c[t].thread, NULL);
		assert_int_equal(c[t].wrong, 0);
	}
	free(want);
	net_free(&n);
}

static void threads_on_two_cores(void **state)
{
	from_threads("sim:cores=2");
}

static void threads_on_two_devices(void **state)
{
	from_threads("sim:cores=1+sim:cores=1");
}

static void on_the_cpu(void **state)
{
	struct net n = net_new("cpu", 1);
	struct job j[8] = { 0 };

	for (int i = 0; i < 8; i++)
		must(submit(n.s, &j[i], i, n.in_bytes, n.out_bytes));
	for (int i = 0; i < 8; i++) {
		fill(accel_input(n.s, 0, NULL), n.in_bytes, (uint64_t)i);
		must(accel_run(n.s));
		must(accel_request_wait(j[i].req, -1));
		assert_memory_equal(j[i].out, accel_output(n.s, 0, NULL), n.out_bytes);
		job_free(&j[i]);
	}
	net_free(&n);
}

static void ends_can_be_polled(void **state)
{
	struct net n = net_new("sim:cores=1", 1);
	struct accel_stats st;
	struct pollfd p = { .events = POLLIN };
	struct job j = { 0 };

	wrap(n.dev, 0);
	atomic_store(&fake[0].hold, true);
	must(submit(n.s, &j, 0, n.in_bytes, n.out_bytes));
	p.fd = accel_request_fd(j.req);
	assert_true(p.fd >= 0);
	assert_int_equal(accel_request_fd(j.req), p.fd);
	assert_int_equal(poll(&p, 1, 50), 0);
	assert_int_equal(accel_request_wait(j.req, 1), -EAGAIN);
	atomic_store(&fake[0].hold, false);
	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_true(p.revents & POLLIN);
	must(accel_request_wait(j.req, 0));
	assert_int_equal(poll(&p, 1, 0), 1);
	accel_request_stats(j.req, &st);
	assert_true(st.cycles > 0 && st.wall_ns > 50000000);
	job_free(&j);
	/* Asked for after the end. */
	must(submit(n.s, &j, 0, n.in_bytes, n.out_bytes));
	must(accel_request_wait(j.req, -1));
	p.fd = accel_request_fd(j.req);
	assert_int_equal(poll(&p, 1, 0), 1);
	job_free(&j);
	unwrap(n.dev, 0);
	net_free(&n);
}

static void requests_are_merged(void **state)
{
	const struct accel_session_options o = { .size = sizeof(o), .in_flight = 1, .merge = 1, .merge_delay_us = 20000 };
	struct net n = net_new("sim:cores=1", 4);
	size_t each;
	uint8_t *want = expected(10, &each);

	assert_int_equal(n.out_bytes, 4 * each);
	must(accel_session_set_options(n.s, &o));
	wrap(n.dev, 0);
	atomic_store(&fake[0].hold, true);
	{
		struct job j = { 0 };

		/* Alone: it waits for others, in vain, then runs. */
		must(submit(n.s, &j, 3, n.in_bytes / 4, each));
		assert_int_equal(accel_request_wait(j.req, 5), -EAGAIN);
		atomic_store(&fake[0].hold, false);
		must(accel_request_wait(j.req, -1));
		assert_memory_equal(j.out, want + 3 * each, each);
		job_free(&j);
	}
	/* Two streams a run. */
	assert_int_equal(fake[0].jobs, 2);
	all_right(&n, 10, n.in_bytes / 4, want, each);
	/* Ten are 4, 4 and 2; a slow host may part them otherwise, but never into ten. */
	assert_in_range(fake[0].jobs, 2 + 2 * 3, 2 + 2 * 9);
	unwrap(n.dev, 0);
	free(want);
	net_free(&n);
}

static void merge_needs_a_batch(void **state)
{
	const int64_t dims[] = { 2, 6 }, shape[] = { 1 }, twelve = 12;
	const struct accel_session_options o = { .size = sizeof(o), .merge = 1 };
	struct accel_graph *g;
	struct accel_device *dev;
	struct accel_program *prog;
	struct accel_session *s;
	struct job j = { 0 };
	int in[2];

	must(accel_graph_new(&g));
	in[0] = accel_graph_input(g, "x", ACCEL_F32, 2, dims);
	in[1] = accel_graph_constant(g, "shape", ACCEL_S64, 1, shape, &twelve);
	in[0] = accel_graph_op(g, "Reshape", "flat", in, 2, NULL);
	in[0] = accel_graph_op(g, "Relu", "relu", in, 1, NULL);
	must(accel_graph_output(g, in[0], "y"));
	must(accel_open("sim", &dev));
	must(accel_compile(g, dev, NULL, &prog));
	must(accel_session_new(dev, prog, &s));
	must(accel_session_set_options(s, &o));
	assert_int_equal(submit(s, &j, 0, 48, 48), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "batch"));
	job_free(&j);
	accel_session_free(s);
	accel_program_unref(prog);
	accel_graph_unref(g);
	accel_close(dev);
}

static void both_devices_work(void **state)
{
	struct net n = net_new("sim:cores=1+sim:cores=1", 1);
	struct accel_session *other;
	struct job j[4] = { 0 };
	size_t each;
	uint8_t *want = expected(40, &each);

	assert_int_equal(n.dev->num_members, 2);
	wrap(n.dev->member[0], 0);
	wrap(n.dev->member[1], 1);
	/* While none can end, four requests are two on each. */
	atomic_store(&fake[0].hold, true);
	atomic_store(&fake[1].hold, true);
	for (int i = 0; i < 4; i++) {
		must(submit(n.s, &j[i], i, n.in_bytes, each));
		while (fake[0].jobs + fake[1].jobs <= i)
			poll(NULL, 0, 1);
		assert_in_range(fake[0].jobs - fake[1].jobs + 1, 0, 2);
	}
	atomic_store(&fake[0].hold, false);
	atomic_store(&fake[1].hold, false);
	for (int i = 0; i < 4; i++) {
		must(accel_request_wait(j[i].req, -1));
		assert_memory_equal(j[i].out, want + (size_t)i * each, each);
		job_free(&j[i]);
	}
	all_right(&n, 40, n.in_bytes, want, each);
	assert_int_equal(fake[0].jobs + fake[1].jobs, 88);
	/* Plain sessions are spread, too: one more goes to the other device. */
	must(accel_session_new(n.dev, n.prog, &other));
	fake[0].jobs = fake[1].jobs = 0;
	must(accel_run(n.s));
	must(accel_run(other));
	assert_int_equal(fake[0].jobs, 2);
	assert_int_equal(fake[1].jobs, 2);
	accel_session_free(other);
	unwrap(n.dev->member[0], 0);
	unwrap(n.dev->member[1], 1);
	free(want);
	net_free(&n);
}

static void a_device_goes_away(void **state)
{
	struct net n = net_new("sim:cores=1+sim:cores=1", 1);
	struct job j = { 0 }, many[40] = { 0 };
	size_t each;
	uint8_t *want = expected(40, &each);

	wrap(n.dev->member[0], 0);
	wrap(n.dev->member[1], 1);
	fake[1].gone_after = 7;
	/* One holds what it has until the other is gone. */
	atomic_store(&fake[0].hold, true);
	for (int i = 0; i < 40; i++)
		must(submit(n.s, &many[i], i, n.in_bytes, each));
	while (fake[1].jobs <= 7)
		poll(NULL, 0, 1);
	atomic_store(&fake[0].hold, false);
	for (int i = 0; i < 40; i++) {
		must(accel_request_wait(many[i].req, -1));
		assert_memory_equal(many[i].out, want + (size_t)i * each, each);
		job_free(&many[i]);
	}
	/* The other as well: what waits fails, and so does what comes later. */
	fake[0].gone_after = 1;
	must(submit(n.s, &j, 0, n.in_bytes, n.out_bytes));
	assert_int_equal(accel_request_wait(j.req, 60000), -ENODEV);
	job_free(&j);
	for (int i = 0; i < 1000 && !submit(n.s, &j, 0, n.in_bytes, n.out_bytes); i++) {
		assert_int_equal(accel_request_wait(j.req, 60000), -ENODEV);
		job_free(&j);
	}
	assert_null(j.req);
	assert_non_null(strstr(accel_errmsg(), "gone"));
	job_free(&j);
	unwrap(n.dev->member[0], 0);
	unwrap(n.dev->member[1], 1);
	free(want);
	net_free(&n);
}

static void resets_are_survived(void **state)
{
	const struct accel_session_options o = { .size = sizeof(o), .in_flight = 1 };
	struct net n = net_new("sim:cores=1", 1);
	struct job j = { 0 };
	size_t each;
	uint8_t *want = expected(3, &each);

	wrap(n.dev, 0);
	must(accel_session_set_options(n.s, &o));
	fake[0].resets = 2;
	all_right(&n, 3, n.in_bytes, want, each);
	assert_int_equal(fake[0].renewed, 2);
	/* Not for ever. */
	fake[0].resets = 3;
	must(submit(n.s, &j, 0, n.in_bytes, n.out_bytes));
	assert_int_equal(accel_request_wait(j.req, 60000), -EIO);
	assert_non_null(strstr(accel_errmsg(), "reset"));
	job_free(&j);
	all_right(&n, 3, n.in_bytes, want, each);
	unwrap(n.dev, 0);
	free(want);
	net_free(&n);
}

static void *free_session(void *s)
{
	accel_session_free(s);
	return NULL;
}

static void limits(void **state)
{
	struct accel_session_options o = { .size = sizeof(o), .in_flight = 1, .queue = 2 };
	struct net n = net_new("sim:cores=1", 1);
	const void *none[1] = { NULL };
	void *out[1] = { NULL };
	struct accel_request *req;
	struct job j[6] = { 0 };
	int i, err = 0;

	o.size = 4;
	assert_int_equal(accel_session_set_options(n.s, &o), -EINVAL);
	o.size = sizeof(o);
	o.queue = -1;
	assert_int_equal(accel_session_set_options(n.s, &o), -EINVAL);
	o.queue = 2;
	must(accel_session_set_options(n.s, &o));
	assert_int_equal(accel_session_submit(n.s, none, out, &req), -EINVAL);
	wrap(n.dev, 0);
	atomic_store(&fake[0].hold, true);
	for (i = 0; i < 6 && !err; i++)
		err = submit(n.s, &j[i], i, n.in_bytes, n.out_bytes);
	/* One runs, two wait; the lane may have been slow to take the first. */
	assert_int_equal(err, -EAGAIN);
	assert_in_range(i, 3, 4);
	assert_int_equal(accel_session_set_options(n.s, &o), -EBUSY);
	while (!atomic_load(&fake[0].jobs))
		poll(NULL, 0, 1);
	/* The session goes while one runs: that ends well, the others did not begin. */
	{
		pthread_t t;
		struct accel_session *s = n.s;

		assert_int_equal(pthread_create(&t, NULL, free_session, s), 0);
		poll(NULL, 0, 50);
		atomic_store(&fake[0].hold, false);
		pthread_join(t, NULL);
		n.s = NULL;
	}
	must(accel_request_wait(j[0].req, -1));
	assert_int_equal(accel_request_wait(j[1].req, -1), -ECANCELED);
	for (i = 0; i < 6; i++)
		job_free(&j[i]);
	unwrap(n.dev, 0);
	net_free(&n);
}

static void bad_lists(void **state)
{
	struct accel_device *dev;

	assert_int_equal(accel_open("sim+sim:array=8", &dev), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "geometry"));
	assert_int_equal(accel_open("sim+", &dev), -EINVAL);
	assert_int_equal(accel_open("sim+/dev/accel/accel63", &dev), -ENOENT);
	assert_null(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_on_two_cores), cmocka_unit_test(threads_on_two_devices),
		cmocka_unit_test(on_the_cpu), cmocka_unit_test(ends_can_be_polled),
		cmocka_unit_test(requests_are_merged), cmocka_unit_test(merge_needs_a_batch),
		cmocka_unit_test(both_devices_work), cmocka_unit_test(a_device_goes_away),
		cmocka_unit_test(resets_are_survived), cmocka_unit_test(limits), cmocka_unit_test(bad_lists),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
