// SPDX-License-Identifier: MIT
/* Networks whose nodes have precisions of their own: the NPU gives what the CPU gives with the same stored types. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/codegen/checker.h"

#define NODES	5
#define SAMPLES	8
#define ELEMS	(4 * 9 * 9)

static const char *const names[NODES] = { "a", "b", "c", "sum", "d" };

/* Convolutions, a sum with what lies two nodes back, and a last convolution. */
static struct accel_graph *network(uint64_t seed)
{
	const struct accel_attr pads[] = { { .name = "pads", .ints = (const int64_t[]){ 1, 1, 1, 1 }, .count = 4 }, { .name = NULL } };
	int64_t in[4] = { 1, 4, 9, 9 }, w[4] = { 12, 4, 3, 3 }, bias = 12;
	struct rng r = { .s = seed };
	struct accel_graph *g;
	int v[3], first = -1, sum[2];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	for (int i = 0; i < NODES; i++) {
		if (i == 3) {
			sum[0] = first;
			sum[1] = v[0];
			v[0] = accel_graph_op(g, "Add", names[i], sum, 2, NULL);
			continue;
		}
		v[1] = add_const(g, &r, 4, w, 0.3f);
		v[2] = add_const(g, &r, 1, &bias, 0.3f);
		v[0] = accel_graph_op(g, "Conv", names[i], v, 3, pads);
		v[0] = accel_graph_op(g, "Relu", NULL, v, 1, NULL);
		first = i ? first : v[0];
		w[1] = 12;
	}
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	return g;
}

static struct result run(const char *spec, struct accel_graph *g, const struct accel_compile_options *o, int *stored)
{
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	struct result r;
	char why[256];
	size_t bytes;
	float *in;

	must(accel_open(spec, &dev));
	must(accel_compile(g, dev, o, &p));
	for (uint32_t i = 0; i < p->num_streams; i++)
		if (accel_check_stream(p, i, why, sizeof(why)))
			fail_msg("%s", why);
	for (int i = 0; i < p->graph->num_values; i++)
		if (!p->graph->values[i].data)
			stored[p->graph->values[i].store]++;
	must(accel_session_new(dev, p, &s));
	in = accel_input(s, 0, &bytes);
	for (size_t i = 0; i < bytes / sizeof(*in); i++)
		in[i] = o->calib_data[i];
	must(accel_run(s));
	in = (float *)(uintptr_t)accel_output(s, 0, &bytes);
	r = (struct result){ malloc(bytes), bytes / sizeof(float) };
	memcpy(r.data, in, bytes);
	accel_session_free(s);
	accel_program_unref(p);
	accel_close(dev);
	return r;
}

/* Node i has precision (seed >> 2 * i) & 3, in a network of whichever. */
static void any_mixture(void **state)
{
	static const char *const specs[] = { "sim", "sim:array=8,spm=65536,acc=16384" };
	float calib[SAMPLES * ELEMS];
	struct rng r = { .s = 3 };
	int stored[64] = { 0 }, unused[64];

	for (int i = 0; i < SAMPLES * ELEMS; i++)
		calib[i] = rng_unit(&r);
	for (int seed = 1; seed <= 40; seed++) {
		struct accel_node_precision list[NODES];
		struct accel_compile_options o = {
			.size = sizeof(o), .precision = (enum accel_precision)rng_range(&r, 0, 3), .calib_data = calib,
			.calib_count = SAMPLES, .node_precisions = list, .num_node_precisions = NODES,
		};
		struct accel_graph *g = network((uint64_t)seed);
		struct accel_compile_options exact = { .size = sizeof(exact), .calib_data = calib };
		struct result want, ref, got;
		char what[32];

		for (int i = 0; i < NODES; i++)
			list[i] = (struct accel_node_precision){ names[i], (enum accel_precision)rng_range(&r, 0, 3) };
		snprintf(what, sizeof(what), "mixture %d", seed);
		ref = run("cpu", g, &exact, unused);
		want = run("cpu", g, &o, unused);
		got = run(specs[seed % 2], g, &o, stored);
		assert_close(&got, &want, 0.03, what);
		assert_close(&got, &ref, 0.12, what);
		free(ref.data);
		free(want.data);
		free(got.data);
		accel_graph_unref(g);
	}
	assert_true(stored[ACCEL_F32] && stored[ACCEL_F16] && stored[ACCEL_BF16] && stored[ACCEL_S8]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(any_mixture) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("mixed precision", tests, NULL, NULL);
}
