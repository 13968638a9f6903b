// SPDX-License-Identifier: MIT
/*
 * The digits networks: every precision on every array size gives the same answers byte for byte, race-free, and as
 * many right ones as the precision should.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/libaccel-front/digits.h"

#define IMAGES	200
#define BATCH	20

static const char *const arrays[] = {
	"sim:array=8,spm=65536,acc=16384", "sim:array=8", "sim:array=16", "sim:array=32", "sim:array=32,cores=4",
	"sim:array=64", "sim:array=128",
};

static struct digits test_set, train_set;

static int load(void **state)
{
	return digits_load("test", &test_set) || digits_load("train", &train_set) || test_set.count < IMAGES;
}

/* Probabilities of all images, in batches. */
static float *classify(const char *spec, struct accel_graph *g, enum accel_precision precision)
{
	const struct run_options o = {
		.precision = precision, .batch = BATCH, .check = true, .calib = train_set.pixels, .calib_count = 100,
	};
	float *all = malloc(IMAGES * 10 * sizeof(*all));
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	size_t bytes;

	must(accel_open(spec, &dev));
	p = compile_on(dev, g, &o);
	must(accel_session_new(dev, p, &s));
	for (int i = 0; i < IMAGES; i += BATCH) {
		memcpy(accel_input(s, 0, &bytes), test_set.pixels + (size_t)i * 784, BATCH * 784 * sizeof(float));
		assert_int_equal(bytes, BATCH * 784 * sizeof(float));
		must(accel_run(s));
		memcpy(all + (size_t)i * 10, accel_output(s, 0, &bytes), BATCH * 10 * sizeof(float));
		assert_int_equal(bytes, BATCH * 10 * sizeof(float));
	}
	accel_session_free(s);
	accel_program_unref(p);
	accel_close(dev);
	return all;
}

static int count_right(const float *all)
{
	int right = 0;

	for (int i = 0; i < IMAGES; i++) {
		int best = 0;

		for (int c = 1; c < 10; c++)
			if (all[i * 10 + c] > all[i * 10 + best])
				best = c;
		right += best == test_set.labels[i];
	}
	return right;
}

static void network(const char *path)
{
	static const char *const name[] = { "fp32", "fp16", "bf16", "int8" };
	struct accel_graph *g;
	int fp32 = 0;

	must(accel_graph_load_onnx(path, &g));
	for (enum accel_precision p = ACCEL_PREC_FP32; p <= ACCEL_PREC_INT8; p++) {
		float *first = NULL;
		int right;

		for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
			float *all = classify(arrays[i], g, p);

			if (first && memcmp(first, all, IMAGES * 10 * sizeof(*all)))
				fail_msg("%s %s: other bytes on %s", path, name[p], arrays[i]);
			if (first)
				free(all);
			else
				first = all;
		}
		right = count_right(first);
		print_message("# %s %s: %d of %d right on %zu machines\n", path, name[p], right, IMAGES,
			      sizeof(arrays) / sizeof(arrays[0]));
		if (p == ACCEL_PREC_FP32)
			fp32 = right;
		assert_true(right >= IMAGES * 96 / 100 && abs(right - fp32) <= 1);
		free(first);
	}
	accel_graph_unref(g);
}

static void perceptron(void **state)
{
	network("models/digits-mlp.onnx");
}

static void convolutional(void **state)
{
	network("models/digits-cnn.onnx");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(perceptron), cmocka_unit_test(convolutional) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("digits on every machine", tests, load, NULL);
}
