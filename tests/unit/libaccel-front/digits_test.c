// SPDX-License-Identifier: MIT
/* The trained digits networks on the CPU executor: right answers as counted by ONNX Runtime (models/README.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/graph/build.h"
#include "libaccel/passes/passes.h"
#include "tests/unit/libaccel-front/digits.h"

#define BATCH	100

static struct digits test, train;

/* How many of the held-out digits @model gets right. */
static int right(const char *model, const struct accel_compile_options *opts, unsigned int flags)
{
	struct accel_graph *g;
	struct accel_cpu *cpu;
	float out[BATCH * 10];
	int count = 0;

	assert_int_equal(accel_graph_load_onnx(model, &g), 0);
	if (accel_passes_run(g, opts))
		fail_msg("%s", accel_errmsg());
	assert_int_equal(accel_cpu_new(g, flags, &cpu), 0);
	for (int i = 0; i < test.count; i += BATCH) {
		const void *in[] = { test.pixels + (size_t)i * DIGIT_PIXELS };
		void *outs[] = { out };

		assert_int_equal(accel_cpu_run(cpu, in, outs), 0);
		for (int k = 0; k < BATCH; k++)
			count += digits_best(out + k * 10) == test.labels[i + k];
	}
	accel_cpu_free(cpu);
	accel_graph_unref(g);
	return count;
}

static struct accel_compile_options options(enum accel_precision precision)
{
	return (struct accel_compile_options){
		.size = sizeof(struct accel_compile_options), .precision = precision, .batch = BATCH,
		.calib_data = train.pixels, .calib_count = 1000,
	};
}

static void fp32(void **state)
{
	struct accel_compile_options o = options(ACCEL_PREC_FP32);

	/* one more or less, for the order in which other processors add */
	assert_in_range(right("models/digits-mlp.onnx", &o, 0), 984, 986);
	assert_in_range(right("models/digits-cnn.onnx", &o, 0), 993, 995);
}

static void half(void **state)
{
	struct accel_compile_options o = options(ACCEL_PREC_FP16);

	assert_in_range(right("models/digits-mlp.onnx", &o, ACCEL_CPU_STORE), 983, 987);
	assert_in_range(right("models/digits-cnn.onnx", &o, ACCEL_CPU_STORE), 992, 996);
}

static void bfloat(void **state)
{
	struct accel_compile_options o = options(ACCEL_PREC_BF16);

	assert_in_range(right("models/digits-mlp.onnx", &o, ACCEL_CPU_STORE), 980, 990);
	assert_in_range(right("models/digits-cnn.onnx", &o, ACCEL_CPU_STORE), 989, 999);
}

static void int8(void **state)
{
	struct accel_compile_options o = options(ACCEL_PREC_INT8);

	assert_in_range(right("models/digits-mlp.onnx", &o, ACCEL_CPU_STORE), 980, 990);
	assert_in_range(right("models/digits-cnn.onnx", &o, ACCEL_CPU_STORE), 989, 999);
	o.calib_percentile = 99.99f;
	assert_in_range(right("models/digits-mlp.onnx", &o, ACCEL_CPU_STORE), 980, 990);
	assert_in_range(right("models/digits-cnn.onnx", &o, ACCEL_CPU_STORE), 989, 999);
	o.calib_percentile = 0;
	o.calib_count = 200;
	for (int method = ACCEL_CALIB_ENTROPY; method <= ACCEL_CALIB_MSE; method++) {
		int mlp, cnn;

		o.calib_method = (enum accel_calib_method)method;
		mlp = right("models/digits-mlp.onnx", &o, ACCEL_CPU_STORE);
		cnn = right("models/digits-cnn.onnx", &o, ACCEL_CPU_STORE);
		print_message("# %s: digits-mlp %d, digits-cnn %d of 1000\n", method == ACCEL_CALIB_MSE ? "mse" : "entropy", mlp, cnn);
		assert_in_range(mlp, 975, 990);
		assert_in_range(cnn, 985, 999);
	}
}

/* Half of the weights, without training again. */
static void pruned(void **state)
{
	struct accel_compile_options o = options(ACCEL_PREC_FP32);
	int mlp, cnn;

	o.prune = ACCEL_PRUNE_2_4;
	mlp = right("models/digits-mlp.onnx", &o, 0);
	cnn = right("models/digits-cnn.onnx", &o, 0);
	print_message("# pruned to 2:4: digits-mlp %d, digits-cnn %d of 1000\n", mlp, cnn);
	assert_in_range(mlp, 900, 1000);
	assert_in_range(cnn, 900, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fp32),
		cmocka_unit_test(half),
		cmocka_unit_test(bfloat),
		cmocka_unit_test(int8),
		cmocka_unit_test(pruned),
	};

	if (digits_load("test", &test) || digits_load("train", &train)) {
		printf("1..0 # SKIP the digits are not in the cache; make digits-data fetches them\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: digits networks", tests, NULL, NULL);
}
