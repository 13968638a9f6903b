// SPDX-License-Identifier: MIT
/* tools/demo/report: the verdict on the accuracies fails what it must, and holds at the limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "tools/demo/digits.h"

static struct digits_result results[DIGITS_NUM_CASES];

static struct digits_result *npu(const char *network, const char *precision)
{
	for (int i = 0; i < DIGITS_NUM_CASES; i++)
		if (!digits_cases[i].on_cpu && !strcmp(digits_cases[i].network, network) &&
		    !strcmp(digits_cases[i].precision, precision))
			return &results[i];
	fail_msg("there is no case %s %s", network, precision);
	return NULL;
}

/* The verdict without what it prints, which would stand between this program's own results. */
static bool verdict(void)
{
	int out = dup(STDOUT_FILENO);
	bool ret;

	fflush(stdout);
	assert_non_null(freopen("/dev/null", "w", stdout));
	ret = digits_verdict(results);
	fflush(stdout);
	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	close(out);
	return ret;
}

/* Every demand is met, and none by more than it must be. */
static int set_up(void **state)
{
	for (int i = 0; i < DIGITS_NUM_CASES; i++)
		results[i] = (struct digits_result){ .count = 1000, .right = 994, .us = 100 };
	npu("cnn", "fp32")->right = 994;
	npu("cnn", "fp16")->right = 996;
	npu("cnn", "int8")->right = 989;
	npu("mlp", "int8")->right = 950;
	return 0;
}

static void limits_hold(void **state)
{
	assert_true(verdict());
}

static void int8_too_low(void **state)
{
	npu("cnn", "fp32")->right = npu("cnn", "fp16")->right = 980;
	npu("cnn", "int8")->right = 980;
	assert_true(verdict());
	npu("cnn", "int8")->right = 979;
	assert_false(verdict());
}

static void int8_too_far_from_fp32(void **state)
{
	npu("cnn", "int8")->right = 988;
	assert_false(verdict());
}

static void fp16_too_far_from_fp32(void **state)
{
	npu("cnn", "fp16")->right = 991;
	assert_false(verdict());
	npu("cnn", "fp16")->right = 997;
	assert_false(verdict());
}

static void perceptron_too_low(void **state)
{
	npu("mlp", "int8")->right = 949;
	assert_false(verdict());
}

static void what_did_not_run_does_not_pass(void **state)
{
	npu("cnn", "int8")->count = 0;
	assert_false(verdict());
	set_up(state);
	npu("cnn", "fp16")->count = 0;
	assert_false(verdict());
}

static void json_lists_what_ran(void **state)
{
	char path[] = "/tmp/report_test.XXXXXX";
	int fd = mkstemp(path);
	json_t *list;

	assert_true(fd >= 0);
	close(fd);
	npu("mlp", "fp16")->count = 0;
	npu("cnn", "int8")->cycles = 4000000000u;
	assert_int_equal(digits_write_json(path, results), 0);
	list = json_load_file(path, 0, NULL);
	unlink(path);
	assert_int_equal(json_array_size(list), DIGITS_NUM_CASES - 1);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);

		if (!strcmp(json_string_value(json_object_get(r, "precision")), "int8") &&
		    !strcmp(json_string_value(json_object_get(r, "network")), "cnn")) {
			assert_int_equal(json_integer_value(json_object_get(r, "cycles")), 4000000000u);
			assert_int_equal(json_integer_value(json_object_get(r, "right")), 989);
		}
	}
	json_decref(list);
	assert_int_not_equal(digits_write_json("/nonexistent/figures.json", results), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(limits_hold, set_up),
		cmocka_unit_test_setup(int8_too_low, set_up),
		cmocka_unit_test_setup(int8_too_far_from_fp32, set_up),
		cmocka_unit_test_setup(fp16_too_far_from_fp32, set_up),
		cmocka_unit_test_setup(perceptron_too_low, set_up),
		cmocka_unit_test_setup(what_did_not_run_does_not_pass, set_up),
		cmocka_unit_test_setup(json_lists_what_ran, set_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("demo: report", tests, NULL, NULL);
}
