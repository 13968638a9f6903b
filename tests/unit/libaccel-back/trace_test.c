// SPDX-License-Identifier: MIT
/* Traces of runs: every descriptor is there once, engines do one after the other, and cycles are those of the counters. */
#include "harness.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/loom/isa_table.h"

struct seen {
	int descriptors, streams, cpu_nodes, named;
	uint64_t end, last_start[8], stalls;
	uint64_t step_end;
	bool bad;
};

static int engine(const char *name)
{
	static const char *const names[] = { "ctrl", "dmain", "dmaout", "mxu", "vpu" };

	for (int i = 0; i < 5; i++)
		if (!strcmp(names[i], name))
			return i;
	fail_msg("engine %s", name);
	return 0;
}

static void see(void *ctx, const struct accel_trace_event *e)
{
	struct seen *s = ctx;

	s->bad |= e->end < e->begin;
	if (e->kind == ACCEL_TRACE_STREAM) {
		s->streams++;
		assert_string_equal(e->engine, "npu");
	} else if (e->kind == ACCEL_TRACE_CPU_NODE) {
		s->cpu_nodes++;
		assert_string_equal(e->op, "Erf");
	} else {
		int k = engine(e->engine);

		s->descriptors++;
		s->named += *e->name != 0;
		s->bad |= e->begin < s->last_start[k];
		s->last_start[k] = e->begin;
		s->end = e->end > s->end ? e->end : s->end;
		for (int i = 0; i < ACCEL_TRACE_STALLS; i++)
			s->stalls += e->stall[i];
	}
}

/* Erf between two convolutions: two streams and a CPU node. */
static struct accel_graph *network(void)
{
	int64_t in[4] = { 1, 8, 20, 20 }, w[4] = { 8, 8, 3, 3 };
	struct rng r = { .s = 1 };
	struct accel_graph *g;
	int v[2];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	v[1] = add_const(g, &r, 4, w, 0.1f);
	v[0] = accel_graph_op(g, "Conv", "a", v, 2, NULL);
	v[0] = accel_graph_op(g, "Erf", "erf", v, 1, NULL);
	v[1] = add_const(g, &r, 4, w, 0.1f);
	v[0] = accel_graph_op(g, "Conv", "b", v, 2, NULL);
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	return g;
}

static int count_descriptors(const struct accel_program *p)
{
	int n = 0;

	for (uint32_t i = 0; i < p->num_streams; i++)
		for (uint32_t slot = 0; slot < p->streams[i].slots; n++)
			slot += loom_op_find(p->streams[i].data[(size_t)slot * LOOM_SLOT_BYTES])->slots;
	return n;
}

static void everything_once(void **state)
{
	const struct run_options o = { .batch = 1 };
	struct accel_graph *g = network();
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	struct accel_stats stats;
	int can = -1;

	must(accel_open("sim:cores=2", &dev));
	p = compile_on(dev, g, &o);
	must(accel_session_new(dev, p, &s));
	assert_int_equal(accel_session_trace(s, NULL, NULL, NULL), -EINVAL);
	/* Cycles go on from run to run; those of a trace begin anew. */
	must(accel_run(s));
	for (int run = 0; run < 3; run++) {
		struct seen seen = { 0 };

		must(accel_session_trace(s, see, &seen, &can));
		assert_int_equal(can, 1);
		must(accel_run(s));
		accel_session_stats(s, &stats);
		assert_int_equal(seen.streams, 2);
		assert_int_equal(seen.cpu_nodes, 1);
		assert_int_equal(seen.descriptors, count_descriptors(p));
		assert_in_range(seen.named, seen.descriptors / 2, seen.descriptors);
		assert_false(seen.bad);
		/* A stream's count is taken by its STAT; behind that comes END. */
		assert_in_range(seen.end, stats.cycles, stats.cycles + 4);
		assert_true(seen.stalls > 0);
	}
	accel_session_free(s);
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
}

static void nothing_on_the_cpu(void **state)
{
	const struct run_options o = { .batch = 1 };
	struct accel_graph *g = network();
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	struct seen seen = { 0 };

	must(accel_open("cpu", &dev));
	p = compile_on(dev, g, &o);
	must(accel_session_new(dev, p, &s));
	assert_int_equal(accel_session_trace(s, see, &seen, NULL), -EINVAL);
	must(accel_run(s));
	accel_session_free(s);
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(everything_once), cmocka_unit_test(nothing_on_the_cpu) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("traces", tests, NULL, NULL);
}
