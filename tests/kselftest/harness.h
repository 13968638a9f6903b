/* SPDX-License-Identifier: MIT */
/*
 * A small harness: TEST(name) { ... } registers a test. Each runs in a process of its own, with a time limit, and is
 * one line of TAP. CHECK* end the test where they fail; SKIP ends it too.
 */
#ifndef LOOM_KSELFTEST_HARNESS_H
#define LOOM_KSELFTEST_HARNESS_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define KSFT_PASS	0
#define KSFT_FAIL	1
#define KSFT_SKIP	4

struct test {
	const char *name;
	void (*run)(void);
	unsigned int seconds;
	struct test *next;
};

void test_register(struct test *test);
void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4), noreturn));
/* A line of diagnostics, whatever becomes of the test. */
void test_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Of a process that may fail: what of is not told, until it is unmuted. */
void test_mute(bool mute);
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#define TEST_TIMEOUT	30

#define TEST_WITHIN(test_name, limit)						\
	static void test_name(void);						\
	static struct test test_##test_name = {					\
		.name = #test_name, .run = test_name, .seconds = limit,		\
	};									\
	static void __attribute__((constructor)) register_##test_name(void)	\
	{									\
		test_register(&test_##test_name);				\
	}									\
	static void test_name(void)

#define TEST(test_name)	TEST_WITHIN(test_name, TEST_TIMEOUT)

#define CHECK(condition)							\
	do {									\
		if (!(condition))						\
			test_fail(__FILE__, __LINE__, "%s", #condition);	\
	} while (0)

#define CHECK_EQ(have, want)							\
	do {									\
		long long have_ = (long long)(have), want_ = (long long)(want);	\
		if (have_ != want_)						\
			test_fail(__FILE__, __LINE__, "%s is %lld (%#llx), not %lld (%#llx)", \
				  #have, have_, have_, want_, want_);		\
	} while (0)

/* Of calls that give 0 or a negative errno. */
#define CHECK_RET(call, want)							\
	do {									\
		int have_ = (call), want_ = (want);				\
		if (have_ != want_)						\
			test_fail(__FILE__, __LINE__, "%s gives %d (%s), not %d (%s)", #call, \
				  have_, strerror(-have_), want_, strerror(-want_)); \
	} while (0)

#define CHECK_OK(call)	CHECK_RET(call, 0)

#endif
