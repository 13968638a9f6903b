// SPDX-License-Identifier: MIT
/* tools/demo/report: the verdict fails what it must, and nothing else. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/demo/report.h"

#define RESULT(network, precision, device, total, right) \
	{ network, precision, device, total, right, 100.0, 0, 0 }

static int verdict(const struct demo_result *r, size_t n, const char *says)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int ret;

	assert_non_null(f);
	ret = demo_verdict(f, r, n);
	fclose(f);
	if (says)
		assert_non_null(strstr(text, says));
	else
		assert_string_equal(text, "");
	free(text);
	return ret;
}

static void all_at_their_limits(void **state)
{
	const struct demo_result r[] = {
		RESULT("cnn", "fp32", "npu", 1000, 985), RESULT("cnn", "fp16", "npu", 1000, 987),
		RESULT("cnn", "int8", "npu", 1000, 980), RESULT("mlp", "int8", "npu", 1000, 900),
	};

	assert_int_equal(verdict(r, 4, NULL), 0);
}

static void int8_below_its_least(void **state)
{
	const struct demo_result r[] = { RESULT("cnn", "int8", "npu", 1000, 979) };

	assert_int_equal(verdict(r, 1, "98.0 % are demanded"), 1);
}

static void int8_far_from_fp32(void **state)
{
	const struct demo_result r[] = {
		RESULT("cnn", "fp32", "npu", 1000, 994), RESULT("cnn", "int8", "npu", 1000, 988),
	};

	assert_int_equal(verdict(r, 2, "0.60 points"), 1);
}

static void fp16_far_from_fp32(void **state)
{
	const struct demo_result r[] = {
		RESULT("mlp", "fp16", "npu", 1000, 988), RESULT("mlp", "fp32", "npu", 1000, 985),
	};

	assert_int_equal(verdict(r, 2, "mlp fp16 on npu"), 1);
}

static void unlike_runs_are_not_compared(void **state)
{
	const struct demo_result r[] = {
		RESULT("mlp", "fp16", "npu", 1000, 980), RESULT("mlp", "fp32", "cpu", 1000, 990),
		RESULT("mlp", "fp32", "npu", 100, 99), RESULT("cnn", "fp32", "npu", 1000, 990),
	};

	assert_int_equal(verdict(r, 4, NULL), 0);
}

static void nothing_classified_is_not_accurate(void **state)
{
	const struct demo_result r[] = { RESULT("cnn", "int8", "npu", 0, 0) };

	assert_int_equal(verdict(r, 1, "98.0 % are demanded"), 1);
}

static void table_has_a_line_each(void **state)
{
	const struct demo_result r[] = {
		{ "cnn", "int8", "npu", 1000, 991, 812.25, 18432, 0.4375 },
		{ "cnn", "fp32", "cpu", 200, 199, 31000, 0, 0 },
	};
	char *text = NULL, *line;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	demo_report(f, r, 2);
	fclose(f);
	line = strchr(text, '\n') + 1;
	assert_non_null(strstr(line, "991 of  1000   99.10 %        812.2         18432       43.8 %\n"));
	line = strchr(line, '\n') + 1;
	assert_non_null(strstr(line, "cpu"));
	assert_non_null(strstr(line, "-            -\n"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_at_their_limits),
		cmocka_unit_test(int8_below_its_least),
		cmocka_unit_test(int8_far_from_fp32),
		cmocka_unit_test(fp16_far_from_fp32),
		cmocka_unit_test(unlike_runs_are_not_compared),
		cmocka_unit_test(nothing_classified_is_not_accurate),
		cmocka_unit_test(table_has_a_line_each),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("demo: report", tests, NULL, NULL);
}
