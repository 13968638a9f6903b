/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the compute core use of cmocka, in the words of its interface: the distribution has cmocka for
 * the host's own processor only. A failed assertion ends the program.
 */
#ifndef LOOM_TESTS_CMOCKA_H
#define LOOM_TESTS_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*CMFixtureFunction)(void **state);

struct CMUnitTest {
	const char *name;
	void (*test)(void **state);
	CMFixtureFunction setup, teardown;
};

#define cmocka_unit_test(f)				{ #f, f, NULL, NULL }
#define cmocka_unit_test_setup_teardown(f, setup, teardown)	{ #f, f, setup, teardown }

enum { CM_OUTPUT_TAP };

/* TAP is the only output. */
static inline void cmocka_set_message_output(int output)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static const char *cmocka_running = "";
static int cmocka_number;

static inline void cmocka_assert(int holds, const char *what, const char *file, int line)
{
	if (holds)
		return;
	printf("not ok %d - %s\n# %s:%d: %s\n", cmocka_number, cmocka_running, file, line, what);
	exit(1);
}

#define assert_true(x)			cmocka_assert(!!(x), #x, __FILE__, __LINE__)
#define assert_non_null(x)		cmocka_assert((x) != NULL, #x, __FILE__, __LINE__)
#define assert_int_equal(a, b)		\
	cmocka_assert((long long)(a) == (long long)(b), #a " == " #b, __FILE__, __LINE__)
#define assert_int_not_equal(a, b)	\
	cmocka_assert((long long)(a) != (long long)(b), #a " != " #b, __FILE__, __LINE__)
#define assert_in_range(x, lo, hi)	\
	cmocka_assert((x) >= (lo) && (x) <= (hi), #x " in " #lo ".." #hi, __FILE__, __LINE__)
#define assert_memory_equal(a, b, n)	cmocka_assert(!memcmp(a, b, n), #a " as " #b, __FILE__, __LINE__)

static inline int cmocka_run_all(const struct CMUnitTest *test, int count)
{
	printf("1..%d\n", count);
	for (; cmocka_number < count; test++) {
		void *state = NULL;

		cmocka_number++;
		cmocka_running = test->name;
		cmocka_assert(!test->setup || !test->setup(&state), "setup", __FILE__, __LINE__);
		test->test(&state);
		cmocka_assert(!test->teardown || !test->teardown(&state), "teardown", __FILE__, __LINE__);
		printf("ok %d - %s\n", cmocka_number, test->name);
	}
	return 0;
}

#define cmocka_run_group_tests_name(name, tests, setup, teardown)	\
	cmocka_run_all(tests, (int)(sizeof(tests) / sizeof((tests)[0])))

#endif
