// SPDX-License-Identifier: MIT
/*
 * Random graphs: the device model gives what the CPU gives, the same bytes for every geometry, and every stream is
 * free of races. LOOM_GRAPHS sets how many, LOOM_GRAPH_SEED the first.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 0) : otherwise;
}

static void compare(uint64_t seed, enum accel_precision precision, double tolerance)
{
	struct accel_graph *g = random_graph(seed), *magnitudes = random_magnitudes(seed);
	struct run_options o = { .precision = precision, .batch = 1 + (int64_t)(seed % 3), .check = true, .seed = seed };
	struct run_options ref = o;
	float *calib = NULL;
	struct result want, sums, first = { 0 };
	char what[128];

	if (precision == ACCEL_PREC_INT8) {
		struct accel_tensor_info info;
		struct rng r = { .s = seed + 99 };
		int64_t n = 8;

		must(accel_graph_input_info(g, 0, &info));
		n *= info.dims[1] * info.dims[2] * info.dims[3];
		calib = malloc((size_t)n * sizeof(*calib));
		for (int64_t i = 0; i < n; i++)
			calib[i] = 0.5f + 0.5f * rng_unit(&r);
		o.calib = calib;
		o.calib_count = 8;
		ref = o;
	}
	/* fp32 is the truth of floats; int8 is held to the CPU's own int8. */
	ref.precision = precision == ACCEL_PREC_INT8 ? ACCEL_PREC_INT8 : ACCEL_PREC_FP32;
	ref.check = false;
	want = run_on("cpu", g, &ref);
	ref.precision = ACCEL_PREC_FP32;
	sums = run_on("cpu", magnitudes, &ref);
	for (int i = 0; i < num_geometries; i++) {
		struct result got = run_on(geometries[i], g, &o);

		snprintf(what, sizeof(what), "seed %llu precision %d %s", (unsigned long long)seed, precision, geometries[i]);
		assert_within(&got, &want, &sums, tolerance, what);
		if (i)
			assert_same(&got, &first, what);
		else
			first = got;
		if (i)
			free(got.data);
	}
	free(first.data);
	free(want.data);
	free(sums.data);
	free(calib);
	accel_graph_unref(magnitudes);
	accel_graph_unref(g);
}

static void many(enum accel_precision precision, double tolerance)
{
	uint64_t count = setting("LOOM_GRAPHS", 40), first = setting("LOOM_GRAPH_SEED", 1);

	for (uint64_t i = 0; i < count; i++)
		compare(first + i, precision, tolerance);
	print_message("# %llu graphs on %d geometries\n", (unsigned long long)count, num_geometries);
}

static void fp32(void **state)
{
	many(ACCEL_PREC_FP32, 1e-6);
}

static void fp16(void **state)
{
	many(ACCEL_PREC_FP16, 5e-3);
}

static void bf16(void **state)
{
	many(ACCEL_PREC_BF16, 4e-2);
}

static void int8(void **state)
{
	many(ACCEL_PREC_INT8, 2e-2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fp32), cmocka_unit_test(fp16), cmocka_unit_test(bf16), cmocka_unit_test(int8),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("random graphs", tests, NULL, NULL);
}
