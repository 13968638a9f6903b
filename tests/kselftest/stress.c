// SPDX-License-Identifier: MIT
/*
 * Many processes at once, each of which checks all that the device does for it; by time, not by counts, so that it ends
 * on a slow machine too. Unlike fuzz, nothing is wrong here, and unlike faults, nothing breaks: nothing may fail.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inventory.h"
#include "stress.h"

#define RUN	(2 * SECOND)

/* ---- the crew ---- */

static struct stress_shared volatile *make_shared(void)
{
	void *map = mmap(NULL, sizeof(struct stress_shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(map != MAP_FAILED);
	return map;
}

volatile struct stress_shared *shared;
static pid_t crew[CREW_MAX];
static unsigned int crew_count;

void crew_add(void (*work)(unsigned int number), unsigned int first, unsigned int count)
{
	if (!shared)
		shared = make_shared();
	for (unsigned int i = 0; i < count; i++) {
		CHECK(crew_count < CREW_MAX && first + i < CREW_MAX);
		crew[crew_count] = fork();
		CHECK(crew[crew_count] >= 0);
		if (!crew[crew_count]) {
			srand(first + i + 1);
			work(first + i);
			_exit(0);
		}
		crew_count++;
	}
}

static void check_end(pid_t pid, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		test_fail(__FILE__, __LINE__, "process %d of the crew has failed: %#x", pid, status);
}

/* Ends the test if one of its processes has ended badly. */
static void check_crew(void)
{
	siginfo_t end = {};

	CHECK_EQ(waitid(P_ALL, 0, &end, WEXITED | WNOHANG | WNOWAIT), 0);
	if (end.si_pid && (end.si_code != CLD_EXITED || end.si_status))
		test_fail(__FILE__, __LINE__, "process %d of the crew has failed", end.si_pid);
}

void crew_begin(int64_t ns)
{
	for (unsigned int i = 0; i < CREW_MAX; i++)
		shared->did[i].rounds = shared->did[i].jobs = shared->did[i].cycles = 0;
	while (__atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE) < crew_count) {
		check_crew();
		usleep(1000);
	}
	__atomic_store_n(&shared->end, deadline(ns), __ATOMIC_RELEASE);
}

void crew_end(void)
{
	for (unsigned int i = 0; i < crew_count; i++) {
		int status;

		CHECK_EQ(waitpid(crew[i], &status, 0), crew[i]);
		check_end(crew[i], status);
	}
	crew_count = 0;
	shared->ready = 0;
	shared->end = 0;
}

void crew_run(int64_t ns)
{
	crew_begin(ns);
	crew_end();
}

void crew_ready(void)
{
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_ACQ_REL);
	while (!__atomic_load_n(&shared->end, __ATOMIC_ACQUIRE))
		usleep(1000);
}

bool time_is_up(void)
{
	return now_ns() > shared->end;
}

static uint64_t rounds_of(unsigned int first, unsigned int count)
{
	uint64_t sum = 0;

	for (unsigned int i = first; i < first + count; i++) {
		sum += shared->did[i].rounds;
		CHECK(shared->did[i].rounds);
	}
	return sum;
}

/* ---- tests ---- */

/* @run twice, the first time to warm up: then memory, files, address spaces and queues are as they were. */
static void check_leaves_nothing(void (*run)(int64_t ns))
{
	struct inventory before, after;

	run(SECOND);
	before = inventory();
	run(RUN);
	after = inventory_after(&before);
	test_say("slab %+ld KiB, free memory %+ld KiB, open files %+ld\n", after.slab - before.slab,
		 after.free - before.free, after.files - before.files);
	take_all();
	CHECK(nothing_leaked(&before, &after));
}

static void run_churn(int64_t ns)
{
	crew_add(work_churn, 0, 4);
	crew_add(work_jobs, 4, 2);
	crew_run(ns);
	test_say("%llu files came and went beside %llu rounds of jobs\n",
		 (unsigned long long)rounds_of(0, 4), (unsigned long long)rounds_of(4, 2));
}

TEST_WITHIN(open_and_close, 120)
{
	check_leaves_nothing(run_churn);
}

/* Whatever a process is at when it is killed, the others do not notice. */
static void run_killed(int64_t ns)
{
	static void (*const kinds[])(unsigned int number) = {
		work_jobs, work_user_queue, work_both_queues, work_churn, work_purgeable,
	};
	enum { VICTIMS = 3, KINDS = sizeof(kinds) / sizeof(*kinds) };
	pid_t victims[VICTIMS] = {};
	unsigned int killed = 0;

	crew_add(work_jobs, 0, 1);
	crew_add(work_user_queue, 1, 1);
	crew_begin(ns);
	for (unsigned int i = 0; !time_is_up() || killed < KINDS; i++) {
		pid_t *victim = &victims[i % VICTIMS];
		int status;

		if (*victim) {
			usleep(rand() % 50 * 1000);
			kill(*victim, SIGKILL);
			CHECK_EQ(waitpid(*victim, &status, 0), *victim);
			/* one that was quicker has done its work well */
			if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
				check_end(*victim, status);
			killed++;
		}
		*victim = fork();
		CHECK(*victim >= 0);
		if (!*victim) {
			srand(i);
			kinds[i % KINDS](CREW_MAX - 1);
			_exit(0);
		}
	}
	for (unsigned int i = 0; i < VICTIMS; i++) {
		kill(victims[i], SIGKILL);
		CHECK_EQ(waitpid(victims[i], NULL, 0), victims[i]);
	}
	crew_end();
	test_say("%u processes killed, beside %llu rounds of jobs and %llu of user jobs\n", killed,
		 (unsigned long long)rounds_of(0, 1), (unsigned long long)rounds_of(1, 1));
}

TEST_WITHIN(killed, 120)
{
	check_leaves_nothing(run_killed);
}

/* Operations on neighbouring pages of one VM, some at once and some queued, and jobs that read what is there. */
TEST_WITHIN(binds, 120)
{
	binds_prepare();
	crew_add(work_binds, 0, 4);
	crew_run(RUN);
	test_say("%llu rounds of VM_BIND with jobs\n", (unsigned long long)rounds_of(0, 4));
}

static void work_press(unsigned int number)
{
	crew_ready();
	do {
		press();
		shared->did[number].rounds++;
	} while (!time_is_up());
}

/* Memory is short: what is not needed goes, what is needed stays, and jobs go on. */
TEST_WITHIN(memory_pressure, 120)
{
	unsigned int shrunk = 0;

	crew_add(work_purgeable, 0, 3);
	crew_add(work_jobs, 3, 1);
	crew_add(work_user_queue, 4, 1);
	crew_add(work_press, 5, 1);
	crew_begin(RUN);
	for (; !time_is_up(); shrunk++) {
		shrink();
		check_crew();
		if (!shared->losses) /* on and on, until the shrinker has had something */
			shared->end = deadline(SECOND);
	}
	crew_end();
	test_say("%u times: %llu buffers lost in %llu rounds\n", shrunk,
		 (unsigned long long)shared->losses, (unsigned long long)rounds_of(0, 3));
	rounds_of(3, 3);
	serves_anew();
}

TEST_WITHIN(shared_buffers, 120)
{
	ping_pong_prepare();
	crew_add(work_ping_pong, 0, 2);
	crew_run(RUN);
	ping_pong_check();
}

TEST_WITHIN(user_queues_beside_queues, 120)
{
	crew_add(work_user_queue, 0, 3);
	crew_add(work_jobs, 3, 3);
	crew_add(work_both_queues, 6, 2);
	crew_run(RUN);
	test_say("%llu rounds of user jobs, %llu of jobs, %llu of both\n",
		 (unsigned long long)rounds_of(0, 3), (unsigned long long)rounds_of(3, 3),
		 (unsigned long long)rounds_of(6, 2));
}

TEST_WITHIN(all_of_it, 120)
{
	binds_prepare();
	ping_pong_prepare();
	crew_add(work_ping_pong, 0, 2);
	crew_add(work_binds, 2, 2);
	crew_add(work_jobs, 4, 2);
	crew_add(work_user_queue, 6, 2);
	crew_add(work_both_queues, 8, 1);
	crew_add(work_purgeable, 9, 2);
	crew_add(work_churn, 11, 2);
	crew_begin(RUN);
	while (!time_is_up()) {
		shrink();
		usleep(20 * 1000);
	}
	crew_end();
	rounds_of(0, 13);
	ping_pong_check();
}
