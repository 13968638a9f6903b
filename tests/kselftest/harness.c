// SPDX-License-Identifier: MIT
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "loom_test.h"

static struct test *first, **last = &first;
static int say_fd = -1; /* of a test's process: where diagnostics go */
static bool muted;

void test_register(struct test *test)
{
	*last = test;
	last = &test->next;
}

static void say(const char *format, va_list args)
{
	vdprintf(say_fd, format, args);
}

void test_mute(bool mute)
{
	muted = mute;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	if (muted)
		_exit(KSFT_FAIL);
	dprintf(say_fd, "%s:%d: ", file, line);
	va_start(args, format);
	say(format, args);
	va_end(args);
	dprintf(say_fd, "\n");
	_exit(KSFT_FAIL);
}

void test_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	_exit(KSFT_SKIP);
}

/* In the test's process, which leads a group, so that its children end with it. */
static void run_child(const struct test *test, int fd)
{
	setpgid(0, 0);
	say_fd = fd;
	test->run();
	_exit(KSFT_PASS);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Waits for @pid; false when it took too long, and has been killed. */
static bool wait_child(pid_t pid, unsigned int seconds, int *status)
{
	struct sigaction action = { .sa_handler = on_alarm };
	bool in_time = true;

	sigaction(SIGALRM, &action, NULL);
	alarm(seconds);
	if (waitpid(pid, status, 0) < 0) {
		in_time = false;
		kill(-pid, SIGKILL);
		waitpid(pid, status, 0);
	}
	alarm(0);
	kill(-pid, SIGKILL);
	return in_time;
}

static void print_said(FILE *said)
{
	char line[512];

	rewind(said);
	while (fgets(line, sizeof(line), said))
		printf("# %s%s", line, strchr(line, '\n') ? "" : "\n");
}

static int run_test(const struct test *test, unsigned int number)
{
	FILE *said = tmpfile();
	char reason[256] = "";
	int status = 0, code;
	bool in_time;
	pid_t pid;

	if (!said) {
		perror("tmpfile");
		exit(KSFT_FAIL);
	}
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(KSFT_FAIL);
	}
	if (!pid)
		run_child(test, fileno(said));
	in_time = wait_child(pid, test->seconds, &status);

	code = in_time && WIFEXITED(status) ? WEXITSTATUS(status) : KSFT_FAIL;
	if (code == KSFT_SKIP) {
		rewind(said);
		if (!fgets(reason, sizeof(reason), said))
			reason[0] = 0;
		printf("ok %u %s # SKIP %s\n", number, test->name, reason);
	} else {
		printf("%s %u %s\n", code ? "not ok" : "ok", number, test->name);
		if (!in_time)
			printf("# took longer than %u s\n", test->seconds);
		else if (!WIFEXITED(status))
			printf("# killed by signal %d\n", WTERMSIG(status));
		print_said(said);
	}
	fclose(said);
	fflush(stdout);
	return code;
}

/* A suite without a device is skipped, or has failed where one must be there. */
static void need_device(void)
{
	const char *required = getenv("LOOM_REQUIRE_DEVICE");
	int fd = loom_open();

	if (fd >= 0) {
		close(fd);
		return;
	}
	if (required && !strcmp(required, "1")) {
		printf("Bail out! no Loom device in /dev/accel: %s\n", strerror(-fd));
		exit(KSFT_FAIL);
	}
	printf("1..0 # SKIP no Loom device in /dev/accel: %s\n", strerror(-fd));
	exit(KSFT_SKIP);
}

/* Arguments, if any, name the tests to run. */
static bool wanted(const struct test *test, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++) {
		if (!strcmp(*names, test->name))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	unsigned int count = 0, number = 0, failed = 0, skipped = 0;

	(void)argc;
	printf("TAP version 13\n");
	need_device();
	for (const struct test *test = first; test; test = test->next)
		count += wanted(test, argv + 1);
	printf("1..%u\n", count);
	for (const struct test *test = first; test; test = test->next) {
		int code;

		if (!wanted(test, argv + 1))
			continue;
		code = run_test(test, ++number);
		failed += code == KSFT_FAIL;
		skipped += code == KSFT_SKIP;
	}
	if (failed)
		return KSFT_FAIL;
	return count && skipped == count ? KSFT_SKIP : KSFT_PASS;
}
