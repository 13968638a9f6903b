// SPDX-License-Identifier: MIT
/* The memory plan: what is dead is used again, and the lower bound is the most that is alive at one moment. */
#include "harness.h"

#include <stdlib.h>

#define SIDE	16
#define CHANS	8

/* @depth convolutions of one size behind each other; with @skip the first's output is added to the last's. */
static struct accel_graph *chain(int depth, bool skip)
{
	const struct accel_attr pads[] = { { .name = "pads", .ints = (const int64_t[]){ 1, 1, 1, 1 }, .count = 4 }, { .name = NULL } };
	int64_t in[4] = { 1, CHANS, SIDE, SIDE }, w[4] = { CHANS, CHANS, 3, 3 };
	struct accel_graph *g;
	struct rng r = { .s = 1 };
	int v[2], first = -1;

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	for (int i = 0; i < depth; i++) {
		v[1] = add_const(g, &r, 4, w, 0.1f);
		v[0] = accel_graph_op(g, "Conv", NULL, v, 2, pads);
		v[0] = accel_graph_op(g, "Relu", NULL, v, 1, NULL);
		first = i == 0 ? v[0] : first;
	}
	v[1] = first;
	if (skip)
		v[0] = accel_graph_op(g, "Add", NULL, v, 2, NULL);
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	return g;
}

static struct accel_program_memory plan_of(int depth, bool skip, enum accel_precision precision)
{
	const struct run_options o = { .batch = 1, .precision = precision, .check = true };
	struct accel_graph *g = chain(depth, skip);
	struct accel_program_memory m;
	struct accel_program *p;
	struct accel_device *dev;

	must(accel_open("sim", &dev));
	p = compile_on(dev, g, &o);
	accel_program_memory(p, &m);
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
	return m;
}

static void dead_values_make_room(void **state)
{
	const uint64_t value = SIDE * SIDE * CHANS * 4;
	struct accel_program_memory two = plan_of(3, false, ACCEL_PREC_FP32), many = plan_of(12, false, ACCEL_PREC_FP32);
	struct accel_program_memory half = plan_of(12, false, ACCEL_PREC_FP16), skip = plan_of(12, true, ACCEL_PREC_FP32);

	/* A layer's input and its output, however many there are. */
	assert_int_equal(many.arena_bound, 2 * value);
	assert_int_equal(many.arena_bytes, two.arena_bytes);
	assert_int_equal(many.arena_bytes, many.arena_bound);
	/* The last layer's output is not narrowed: it is the user's. */
	assert_int_equal(half.arena_bound, value / 2 + value);
	/* And what is needed at the end. */
	assert_int_equal(skip.arena_bound, 3 * value);
	assert_true(skip.arena_bytes >= skip.arena_bound);
}

static void never_below_the_bound(void **state)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		const struct run_options o = { .batch = 1 };
		struct accel_graph *g = random_graph(seed);
		struct accel_program_memory m;
		struct accel_program *p;
		struct accel_device *dev;

		must(accel_open("sim", &dev));
		p = compile_on(dev, g, &o);
		accel_program_memory(p, &m);
		assert_true(m.arena_bytes >= m.arena_bound);
		assert_true(!m.arena_bytes == !m.arena_bound);
		accel_program_unref(p);
		accel_graph_unref(g);
		accel_close(dev);
	}
}

/* Small values stay in the scratchpad from layer to layer, with the bytes that come out where there is no room for that. */
static void chains_stay_on_chip(void **state)
{
	for (int k = 0; k < 8; k++) {
		const struct run_options o = { .batch = 1, .precision = (enum accel_precision)(k % 3), .check = true, .seed = (uint64_t)k };
		struct accel_program_memory m = plan_of(7, k > 3, o.precision), none;
		struct accel_graph *g = chain(7, k > 3);
		struct result kept = run_on("sim", g, &o), stored = run_on("sim:spm=65536,acc=16384", g, &o);
		struct accel_device *dev;
		struct accel_program *p;

		assert_in_range(m.kept_values, 2, 7);
		assert_in_range(m.kept_bytes, m.kept_values * SIDE * SIDE * CHANS * 2, m.kept_values * SIDE * SIDE * CHANS * 4);
		must(accel_open("sim:array=8,spm=65536,acc=16384", &dev));
		p = compile_on(dev, g, &o);
		accel_program_memory(p, &none);
		/* A quarter of the scratchpad at most is one value's. */
		assert_true(none.kept_bytes <= none.kept_values * 65536 / 4);
		assert_same(&kept, &stored, "kept");
		accel_program_unref(p);
		accel_graph_unref(g);
		accel_close(dev);
		free(kept.data);
		free(stored.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dead_values_make_room), cmocka_unit_test(never_below_the_bound),
		cmocka_unit_test(chains_stay_on_chip),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("memory plan", tests, NULL, NULL);
}
