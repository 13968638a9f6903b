// SPDX-License-Identifier: MIT
/*
 * A fuzzer of the driver's ioctls: processes of several threads that do random, mostly right things with shared
 * files, until there were enough calls. Some are killed. Then the device must serve, and nothing be left behind.
 *
 *	FUZZ_IOCTLS	calls after which it ends (default: no matter)
 *	FUZZ_SECONDS	seconds after which it ends (default 10)
 *	FUZZ_SEED	what all chance is made of (default: the time); printed
 *	FUZZ_PROCESSES	at a time (default 3)
 *	FUZZ_THREADS	of each (default 2). With one process of one thread a seed gives the same calls again
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "loom_test.h"

#define MAX_PROCESSES	16
#define MAX_THREADS	8
#define NUM_FILES	2
#define LIFE_STEPS	4000	/* of a thread */
#define LIFE_SECONDS	30	/* a process that lives longer is stuck, or slow: it is killed */

static struct fuzz_counts *counts;
static uint64_t seed;
static unsigned int threads;

static uint64_t option(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

/* ---- a process ---- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

struct thread {
	struct fuzz fuzz;
	unsigned int steps;
};

static void *thread_run(void *arg)
{
	struct thread *t = arg;

	t->fuzz.fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	for (unsigned int i = 0; i < t->steps; i++)
		fuzz_step(&t->fuzz);
	return NULL;
}

/* What a mapping's owner gets for touching what is not there ends the process, as it should. */
static void life(uint64_t number)
{
	static struct fuzz_file files[NUM_FILES];
	static struct thread all[MAX_THREADS];
	struct rlimit no_core = {};
	pthread_t ids[MAX_THREADS];

	set_oom_score("1000");
	setrlimit(RLIMIT_CORE, &no_core);
	for (unsigned int i = 0; i < NUM_FILES; i++) {
		struct fuzz opens = { mix(seed + number * NUM_FILES + i) | 1, counts, files, NUM_FILES, -1 };

		files[i].fd = -1;
		if (fuzz_file_open(&opens, &files[i]))
			_exit(1);
	}
	for (unsigned int i = 0; i < threads; i++) {
		uint64_t random = mix(seed + mix(number * MAX_THREADS + i + 1)) | 1;

		all[i].steps = 1 + mix(random) % LIFE_STEPS;
		all[i].fuzz = (struct fuzz){ random, counts, files, NUM_FILES, -1 };
		if (i && pthread_create(&ids[i], NULL, thread_run, &all[i]))
			_exit(1);
	}
	thread_run(&all[0]);
	/* Now and then the end of one thread is the end of all. */
	for (unsigned int i = 1; i < threads && number % 4; i++)
		pthread_join(ids[i], NULL);
	_exit(0);
}

/* ---- all of them ---- */

struct process {
	pid_t pid;
	int64_t until;
};

static void begin(struct process *p, uint64_t number)
{
	uint64_t chance = mix(seed ^ mix(number));

	p->until = deadline((chance % 8 ? LIFE_SECONDS * 1000 : chance % 5000) * MS);
	p->pid = fork();
	CHECK(p->pid >= 0);
	if (!p->pid) {
		setpgid(0, 0);
		life(number);
	}
	setpgid(p->pid, p->pid);
}

static bool over(struct process *p)
{
	int status;

	if (now_ns() > p->until)
		kill(-p->pid, SIGKILL);
	return waitpid(p->pid, &status, WNOHANG) == p->pid;
}

static void progress(int64_t began)
{
	dprintf(STDOUT_FILENO, "# %llu s: %llu ioctls, %llu with a failure injected\n",
		(unsigned long long)((now_ns() - began) / SECOND),
		(unsigned long long)counts->ioctls, (unsigned long long)counts->faults);
}

static void run_all(unsigned int processes, uint64_t ioctls, int64_t end)
{
	struct process all[MAX_PROCESSES];
	int64_t began = now_ns(), said = began;
	uint64_t number = 0, round = 0;

	for (unsigned int i = 0; i < processes; i++)
		begin(&all[i], number++);
	while (now_ns() < end && __atomic_load_n(&counts->ioctls, __ATOMIC_RELAXED) < ioctls) {
		usleep(20 * 1000);
		if (++round % 1024 == 0)
			shrink();
		if (round % 8192 == 0)
			press();
		if (now_ns() - said > 60 * SECOND) {
			said = now_ns();
			progress(began);
		}
		for (unsigned int i = 0; i < processes; i++) {
			if (over(&all[i]))
				begin(&all[i], number++);
		}
	}
	for (unsigned int i = 0; i < processes; i++) {
		kill(-all[i].pid, SIGKILL);
		waitpid(all[i].pid, NULL, 0);
	}
	progress(began);
	dprintf(STDOUT_FILENO, "# %llu processes\n", (unsigned long long)number);
}

#define LOOM_NR(name)	[DRM_COMMAND_BASE + DRM_LOOM_##name] = #name
#define DRM_NR(name)	[_IOC_NR(DRM_IOCTL_##name)] = #name

static const char * const names[FUZZ_NRS] = {
	LOOM_NR(DEV_QUERY), LOOM_NR(VM_CREATE), LOOM_NR(VM_DESTROY), LOOM_NR(VM_BIND),
	LOOM_NR(BO_CREATE), LOOM_NR(BO_MMAP_OFFSET), LOOM_NR(BO_WAIT), LOOM_NR(QUEUE_CREATE),
	LOOM_NR(QUEUE_DESTROY), LOOM_NR(QUEUE_GET_STATE), LOOM_NR(SUBMIT), LOOM_NR(BO_MADVISE),
	LOOM_NR(VM_GET_STATE), LOOM_NR(QUEUE_WAIT), LOOM_NR(PERF_OPEN),
	DRM_NR(GEM_CLOSE), DRM_NR(PRIME_HANDLE_TO_FD),
	DRM_NR(PRIME_FD_TO_HANDLE), DRM_NR(SYNCOBJ_CREATE), DRM_NR(SYNCOBJ_DESTROY),
	DRM_NR(SYNCOBJ_HANDLE_TO_FD), DRM_NR(SYNCOBJ_FD_TO_HANDLE), DRM_NR(SYNCOBJ_WAIT),
	DRM_NR(SYNCOBJ_RESET), DRM_NR(SYNCOBJ_SIGNAL), DRM_NR(SYNCOBJ_TIMELINE_WAIT),
	DRM_NR(SYNCOBJ_QUERY), DRM_NR(SYNCOBJ_TRANSFER), DRM_NR(SYNCOBJ_TIMELINE_SIGNAL),
};

static void print_counts(void)
{
	for (unsigned int nr = 0; nr < FUZZ_NRS; nr++) {
		uint64_t well = counts->well[nr], tried = well + counts->refused[nr];

		if (tried)
			dprintf(STDOUT_FILENO, "# %-23s %8llu tried, %8llu succeeded (%3llu%%), %6llu us\n",
				names[nr] ?: "?", (unsigned long long)tried,
				(unsigned long long)well, (unsigned long long)(100 * well / tried),
				(unsigned long long)(counts->ns[nr] / tried / 1000));
	}
	dprintf(STDOUT_FILENO, "# %-23s %8llu tried\n", "any",
		(unsigned long long)counts->wild);
	dprintf(STDOUT_FILENO, "# %llu reads of counters\n", (unsigned long long)counts->samples);
}

/* Who is refused always has tried little: what makes and runs jobs must mostly succeed. */
static void check_succeeds(unsigned int nr)
{
	uint64_t well = counts->well[nr], tried = well + counts->refused[nr];

	CHECK(tried < 200 || 2 * well > tried);
}

/* Failures that are asked for are not worth a word in the log. */
static void quiet_failures(void)
{
	static const char * const files[] = {
		"/sys/kernel/debug/failslab/verbose", "/sys/kernel/debug/fail_page_alloc/verbose",
		"/sys/kernel/debug/fail_usercopy/verbose",
	};
	char path[256];

	debug_file(path, sizeof(path), "queues"); /* mounts debugfs */
	for (unsigned int i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!access(files[i], W_OK))
			file_write(files[i], "0");
	}
	if (!access("/sys/kernel/debug/failslab/ignore-gfp-wait", W_OK)) {
		file_write("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
		file_write("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	}
}

/* All address spaces and queues of the device can be had, by two files that each have their limit. */
static void check_nothing_left(void)
{
	struct drm_loom_query_info info;
	uint32_t vm = 0, queue;
	int fds[2];

	for (int i = 0; i < 2; i++) {
		fds[i] = loom_open();
		CHECK(fds[i] >= 0);
		loom_query(fds[i], DRM_LOOM_QUERY_INFO, &info, sizeof(info));
		for (uint32_t n = 0; n < info.max_vms; n++)
			vm = vm_create(fds[i]);
		for (uint32_t n = 0; n < info.max_queues; n++)
			CHECK_OK(queue_create_prio(fds[i], vm, DRM_LOOM_PRIORITY_NORMAL, &queue));
	}
	close(fds[0]);
	close(fds[1]);
}

static int64_t memory(const char *key)
{
	char *text = file_text("/proc/meminfo"), *line = strstr(text, key);
	int64_t kib = line ? strtoll(line + strlen(key), NULL, 10) : 0;

	free(text);
	return kib;
}

static uint64_t module_users(void)
{
	char *text = file_text("/sys/module/loom/refcnt");
	uint64_t users = strtoull(text, NULL, 10);

	free(text);
	return users;
}

TEST_WITHIN(fuzz, 4 * 3600)
{
	uint64_t ioctls = option("FUZZ_IOCTLS", -1ull), seconds = option("FUZZ_SECONDS", 10);
	unsigned int processes = option("FUZZ_PROCESSES", 3), timeout = module_param("timeout_ms");
	uint64_t users = module_users();
	int64_t shmem;

	seed = option("FUZZ_SEED", now_ns());
	threads = option("FUZZ_THREADS", 2);
	CHECK(processes && processes <= MAX_PROCESSES && threads && threads <= MAX_THREADS);
	dprintf(STDOUT_FILENO, "# FUZZ_SEED=%#llx FUZZ_PROCESSES=%u FUZZ_THREADS=%u\n",
		(unsigned long long)seed, processes, threads);
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(counts != MAP_FAILED);
	set_oom_score("-1000");
	quiet_failures();
	shmem = memory("Shmem:");

	set_module_param("timeout_ms", 500);
	run_all(processes, ioctls, deadline(seconds * SECOND));
	print_counts();
	for (int i = 0; i < 100 && module_users() != users; i++)
		usleep(100 * 1000);
	set_module_param("timeout_ms", timeout);
	CHECK_EQ(module_users(), users);
	CHECK(memory("Shmem:") < shmem + 512);
	check_nothing_left();
	serves_anew();
	check_succeeds(DRM_COMMAND_BASE + DRM_LOOM_VM_BIND);
	check_succeeds(DRM_COMMAND_BASE + DRM_LOOM_SUBMIT);
}
