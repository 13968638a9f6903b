// SPDX-License-Identifier: MIT
/* CPU nodes run beside streams where the graph allows: by the order of events, and with the right results in any graph. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/codegen/checker.h"
#include "libaccel/runtime/session.h"

#define MAX_EVENTS 400

struct seen {
	enum accel_event event[MAX_EVENTS];
	uint32_t step[MAX_EVENTS];
	int num;
};

static void see(void *ctx, enum accel_event event, uint32_t step)
{
	struct seen *s = ctx;

	assert_true(s->num < MAX_EVENTS);
	s->event[s->num] = event;
	s->step[s->num++] = step;
}

static int when(const struct seen *s, enum accel_event event, uint32_t step)
{
	for (int i = 0; i < s->num; i++)
		if (s->event[i] == event && s->step[i] == step)
			return i;
	fail_msg("step %u never did that", step);
	return -1;
}

static struct result run(const char *spec, struct accel_graph *g, struct seen *seen, struct accel_program **out)
{
	const struct run_options o = { .batch = 1, .check = true };
	struct rng r = { .s = 4 };
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	struct result res;
	size_t bytes;
	float *in;

	must(accel_open(spec, &dev));
	p = compile_on(dev, g, &o);
	must(accel_session_new(dev, p, &s));
	s->seen = see;
	s->seen_ctx = seen;
	in = accel_input(s, 0, &bytes);
	for (size_t i = 0; i < bytes / sizeof(*in); i++)
		in[i] = rng_unit(&r);
	must(accel_run(s));
	in = (float *)(uintptr_t)accel_output(s, 0, &bytes);
	res = (struct result){ malloc(bytes), bytes / sizeof(float) };
	memcpy(res.data, in, bytes);
	accel_session_free(s);
	accel_close(dev);
	if (out)
		*out = p;
	else
		accel_program_unref(p);
	return res;
}

static int conv(struct accel_graph *g, struct rng *r, const char *name, int x)
{
	const struct accel_attr pads[] = { { .name = "pads", .ints = (const int64_t[]){ 1, 1, 1, 1 }, .count = 4 }, { .name = NULL } };
	int64_t w[4] = { 8, 8, 3, 3 };
	int v[2] = { x, add_const(g, r, 4, w, 0.2f) };

	return accel_graph_op(g, "Conv", name, v, 2, pads);
}

static struct accel_graph *start(int *x)
{
	int64_t in[4] = { 1, 8, 10, 10 };
	struct accel_graph *g;

	must(accel_graph_new(&g));
	*x = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	return g;
}

static int op(struct accel_graph *g, const char *type, const char *name, int a, int b)
{
	int v[2] = { a, b }, y = accel_graph_op(g, type, name, v, b < 0 ? 1 : 2, NULL);

	assert_true(y >= 0);
	return y;
}

/* first -> Erf, on the CPU; first -> left -> right; last -> both added. In the model's order Erf comes last. */
static void beside_each_other(void **state)
{
	struct rng r = { .s = 1 };
	struct accel_program *p;
	struct seen seen = { .num = 0 }, none = { .num = 0 };
	struct result want, got;
	struct accel_graph *g;
	int x, first, far, y;

	g = start(&x);
	first = conv(g, &r, "first", x);
	far = conv(g, &r, "right", conv(g, &r, "left", first));
	y = conv(g, &r, "last", op(g, "Add", "sum", far, op(g, "Erf", "erf", first, -1)));
	assert_int_equal(accel_graph_output(g, y, "y"), 0);
	want = run("cpu", g, &none, NULL);
	got = run("sim", g, &seen, &p);
	assert_close(&got, &want, 1e-5, "beside each other");
	/* stream: first; stream: left and right; Erf; stream: the rest */
	assert_int_equal(p->num_steps, 4);
	assert_int_equal(p->num_streams, 3);
	assert_int_equal(p->steps[2].kind, ACCEL_STEP_CPU);
	assert_int_equal(p->steps[2].after, 1);
	assert_int_equal(p->steps[1].after, 0);
	assert_int_equal(p->steps[3].after, 3);
	for (int i = 0; i < 4; i++) {
		struct accel_step_info info;
		struct accel_node_info node;

		must(accel_program_step_info(p, i, &info));
		must(accel_program_node_info(p, info.first, &node));
		assert_string_equal(node.name, ((const char *[]){ "first", "left", "erf", "sum" })[i]);
		assert_int_equal(info.on_npu, i != 2);
		assert_int_equal(info.beside, i == 2);
		assert_int_equal(info.after, i == 2 ? 0 : i == 3 ? 2 : -1);
	}
	/* The second stream was on its way when Erf began, and was waited for after Erf had ended. */
	assert_true(when(&seen, ACCEL_EVENT_BEGIN, 1) < when(&seen, ACCEL_EVENT_BEGIN, 2));
	assert_true(when(&seen, ACCEL_EVENT_END, 2) < when(&seen, ACCEL_EVENT_END, 1));
	assert_true(when(&seen, ACCEL_EVENT_END, 0) < when(&seen, ACCEL_EVENT_BEGIN, 2));
	assert_true(when(&seen, ACCEL_EVENT_END, 2) < when(&seen, ACCEL_EVENT_BEGIN, 3));
	accel_program_unref(p);
	accel_graph_unref(g);
	free(want.data);
	free(got.data);
}

/* Where all wait for each other there is nothing to gain: as many streams as there were. */
static void one_after_the_other(void **state)
{
	struct rng r = { .s = 1 };
	struct accel_program *p;
	struct seen seen = { .num = 0 };
	struct accel_graph *g;
	int x, y;

	g = start(&x);
	y = conv(g, &r, "b", op(g, "Erf", "erf", conv(g, &r, "a", x), -1));
	y = op(g, "Erf", "again", op(g, "Erf", "more", y, -1), -1);
	assert_int_equal(accel_graph_output(g, y, "y"), 0);
	free(run("sim", g, &seen, &p).data);
	assert_int_equal(p->num_streams, 2);
	assert_int_equal(p->num_steps, 5);
	assert_int_equal(seen.num, 10);
	for (int i = 0; i < 5; i++)
		assert_true(seen.step[2 * i] == (uint32_t)i && seen.step[2 * i + 1] == (uint32_t)i);
	accel_program_unref(p);
	accel_graph_unref(g);
}

/* Nodes read any two of those before them. */
static struct accel_graph *tangle(uint64_t seed)
{
	struct rng r = { .s = seed };
	int v[24], n = 1, x;
	struct accel_graph *g = start(&x);

	v[0] = x;
	while (n < 20) {
		int a = v[rng_range(&r, n > 5 ? n - 5 : 0, n - 1)], b = v[rng_range(&r, 0, n - 1)];

		switch (rng_range(&r, 0, 4)) {
		case 0:
			v[n++] = op(g, "Erf", NULL, a, -1);
			break;
		case 1:
			v[n++] = op(g, "Add", NULL, a, b);
			break;
		case 2:
			v[n++] = op(g, "Tanh", NULL, a, -1);
			break;
		default:
			v[n++] = conv(g, &r, NULL, a);
		}
	}
	x = op(g, "Erf", NULL, v[n - 1], -1);
	for (int i = 2; i < n; i += 3)
		x = op(g, "Add", NULL, x, op(g, "Tanh", NULL, v[i], -1));
	assert_int_equal(accel_graph_output(g, x, "y"), 0);
	return g;
}

static void any_graph(void **state)
{
	int beside = 0;

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct accel_graph *g = tangle(seed);
		struct seen seen = { .num = 0 }, none = { .num = 0 };
		struct result want = run("cpu", g, &none, NULL), got;
		struct accel_program *p;
		char what[32];

		snprintf(what, sizeof(what), "tangle %llu", (unsigned long long)seed);
		got = run("sim", g, &seen, &p);
		assert_close(&got, &want, 1e-4, what);
		assert_int_equal(seen.num, 2 * p->num_steps);
		for (uint32_t i = 0; i < p->num_steps; i++) {
			const struct accel_step *s = &p->steps[i];

			assert_true(!s->after || when(&seen, ACCEL_EVENT_END, s->after - 1) < when(&seen, ACCEL_EVENT_BEGIN, i));
			for (uint32_t k = 0; k < p->num_steps && s->kind == ACCEL_STEP_CPU; k++)
				beside += p->steps[k].kind == ACCEL_STEP_NPU &&
					  when(&seen, ACCEL_EVENT_BEGIN, k) < when(&seen, ACCEL_EVENT_BEGIN, i) &&
					  when(&seen, ACCEL_EVENT_END, k) > when(&seen, ACCEL_EVENT_END, i);
		}
		accel_program_unref(p);
		accel_graph_unref(g);
		free(want.data);
		free(got.data);
	}
	print_message("# %d CPU nodes ran beside streams\n", beside);
	assert_true(beside > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(beside_each_other), cmocka_unit_test(one_after_the_other), cmocka_unit_test(any_graph),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("CPU beside NPU", tests, NULL, NULL);
}
