// SPDX-License-Identifier: MIT
/*
 * Faults of every kind, one after the other, while other processes keep the device busy. After each the next
 * job of somebody else is right at the first try, within a second of the guest's time (see limit()) from when the
 * fault was injected, detection included; at the end nothing has leaked. LOOM_FAULTS says how many (default: each kind
 * once). Before them comes one of each kind that is not counted, to warm up.
 */
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inventory.h"
#include "loom_test.h"

#define TIMEOUT_MS	100
#define WORKERS		2
#define MAX_FAULTS	10000
#define LIMIT		SECOND
#define LIMIT_CHECKED	(5 * SECOND)
#define STANDSTILL	(10 * MS)

static char device[64];
static int64_t injected;	/* when the present fault was */
static int64_t removed, found;	/* when the driver had let go of what was pulled out, and had it again */

/* ---- guest time ---- */

/* Of all processes of the test. */
static volatile struct {
	int64_t stood_still;	/* ns, so far: time that the host did not give the guest */
	bool works[WORKERS];	/* a client is made: from here on it has no reason to fail */
} *shared;

/*
 * Above all other processes of the guest: when it is woken late, the guest's processor had no time of the
 * host's. That is no time of the guest.
 */
static void watch_time(void)
{
	struct sched_param param = { .sched_priority = 1 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CHECK_OK(sched_setscheduler(0, SCHED_FIFO, &param));
	for (;;) {
		int64_t start = now_ns(), gap;

		usleep(1000);
		gap = now_ns() - start;
		if (gap > STANDSTILL)
			shared->stood_still += gap;
	}
}

static void begin_watch(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	if (!fork())
		watch_time();
}

/* ---- load ---- */

/* How a job has ended, as syncobj_status() says it, of a device that may be gone. */
static int outcome(const struct client *c)
{
	struct drm_syncobj_handle args = {
		.handle = c->out, .fd = -1,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	int status = loom_ioctl(c->fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);

	if (!status) {
		status = sync_file_status(args.fd, NULL, NULL);
		close(args.fd);
	}
	return status;
}

/* Copies words until something goes wrong; results are right, or an error says that they may not be. */
static void work(uint32_t seed, volatile bool *works)
{
	volatile uint32_t *data;
	struct client c;

	test_mute(true);
	c = client_open();
	test_mute(false);
	*works = true;
	data = c.data.map;

	for (uint32_t i = 0; ; i++) {
		struct stream s = copy_words(&c, DATA_VA + 4096, DATA_VA, 64);
		int ret, status;

		for (uint32_t w = 0; w < 64; w++)
			data[w] = seed * 7919 + i * 64 + w;
		ret = client_start(&c, &s);
		if (ret)
			CHECK(ret == -EIO || ret == -ENODEV);
		if (ret || syncobj_wait(c.fd, c.out, deadline(20 * SECOND)))
			break;
		status = outcome(&c);
		if (status != 1) {
			CHECK(status == -ETIME || status == -EIO || status == -ECANCELED ||
			      status == -EFAULT || status == -ENODEV);
			break;
		}
		for (uint32_t w = 0; w < 64; w++)
			CHECK_EQ(data[1024 + w], seed * 7919 + i * 64 + w);
	}
	*works = false;
	client_close(&c);
}

static void worker(uint32_t number)
{
	for (uint32_t seed = number;; seed += WORKERS) {
		int fd = loom_open(), status;
		pid_t pid;

		if (fd < 0) {
			usleep(10 * 1000);
			continue;
		}
		close(fd);
		shared->works[number] = false;
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(seed, &shared->works[number]);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		/* a client that the device leaves while it is made may fail, no other */
		if (status && shared->works[number])
			_exit(KSFT_FAIL);
	}
}

/* ---- kinds ---- */

static void wait_struck(void)
{
	char armed[256] = "";
	int64_t end = deadline(10 * SECOND);

	do {
		if (now_ns() > end)
			test_fail(__FILE__, __LINE__, "still armed: '%s'", armed);
		CHECK(monitor_ask("qom-get /machine/peripheral/npu x-fault-armed", armed, sizeof(armed)));
	} while (!strstr(armed, "none"));
}

/* Armed, and taken by whoever comes next: one of the workers. */
static void strike(const char *fault)
{
	injected = now_ns();
	CHECK(inject(fault));
	wait_struck();
}

/* The workers send messages only when they begin. */
static void own_message(const char *fault)
{
	struct client c;

	injected = now_ns();
	CHECK(inject(fault));
	c = client_open();
	wait_struck();
	client_close(&c);
}

static void sysfs(const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, file);
	file_write(path, "1");
}

static void function_reset(const char *fault)
{
	(void)fault;
	injected = now_ns();
	sysfs("reset");
}

/* A firmware that crashes, and then one more thing. */
static void bad_boot(const char *fault)
{
	CHECK(inject(fault));
	strike("fw-crash");
}

/* Pulled out, found missing by the driver or not, and put back. */
static void gone(const char *fault)
{
	injected = now_ns();
	CHECK(inject(fault));
	usleep(20 * 1000);
	sysfs("remove");
	removed = now_ns();
	CHECK(inject("none"));
	file_write("/sys/bus/pci/rescan", "1");
	found = now_ns();
}

/* A stream of its own that goes astray, or waits for ever. */
static void own_fault(const char *fault)
{
	struct client c = client_open();
	struct stream s = client_stream(&c);
	bool astray = !strcmp(fault, "stray");

	if (astray)
		st_load(&s, 0x7000000000, 0, 1);
	else
		st_wait(&s, 0, 1);
	st_op(&s, LOOM_OP_END);
	injected = now_ns();
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), astray ? -EFAULT : -ETIME);
	client_close(&c);
}

/* The port reports it, and the driver's error handlers are called. */
static void bus_error(const char *fault)
{
	unsigned int errors = recovery_count("bus_errors");
	char command[100];
	int64_t end;

	snprintf(command, sizeof(command), "pcie_aer_inject_error npu-port %s", fault);
	injected = now_ns();
	CHECK(monitor(command));
	for (end = deadline(5 * SECOND); recovery_count("bus_errors") == errors; usleep(1000)) {
		if (now_ns() > end)
			test_fail(__FILE__, __LINE__, "the driver was told of no error");
	}
}

struct kind {
	const char *name;
	void (*run)(const char *fault);
	const char *fault;
	unsigned int count;
	int64_t took[MAX_FAULTS];	/* without the time that the guest stood still */
	int64_t longest;		/* with it */
};

static struct kind kinds[] = {
	{ "job hangs", strike, "hang-job" },
	{ "stream hangs", own_fault, "hang" },
	{ "queue hangs", strike, "hang-queue" },
	{ "core hangs", strike, "hang-core" },
	{ "core is dead", strike, "dead-core" },
	{ "firmware crashes", strike, "fw-crash" },
	{ "firmware hangs", strike, "fw-hang" },
	{ "firmware does not boot", bad_boot, "boot-fail" },
	{ "messages corrupted", strike, "corrupt-mbox" },
	{ "MMU fault", strike, "mmu-fault" },
	{ "stray access", own_fault, "stray" },
	{ "interrupt lost", strike, "drop-irq" },
	{ "doorbell lost", strike, "drop-doorbell" },
	{ "message doorbell lost", own_message, "drop-mbox" },
	{ "completion corrupted", strike, "corrupt-completion" },
	{ "completion lost", strike, "drop-completion" },
	{ "surprise removal", gone, "gone" },
	{ "function reset", function_reset, "" },
	{ "bus error, fatal", bus_error, "DLP" },
	{ "bus error, not fatal", bus_error, "COMP_TIME" },
};
#define KINDS	(sizeof(kinds) / sizeof(*kinds))

/* What the driver has said of a fault. */
static void say_log(int64_t since)
{
	static char log[1 << 20];
	int len = klogctl(3 /* read all */, log, sizeof(log) - 1);
	double time;

	log[len > 0 ? len : 0] = 0;
	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "<%*d>[%lf]", &time) == 1 && time * 1e9 > since - 100 * MS)
			test_say("  %s\n", line);
	}
}

/* One fault, and how long it takes from there until the next job of somebody else has ended right. */
static void one_fault(struct kind *kind, unsigned int number)
{
	int64_t start = now_ns(), stood = shared->stood_still, took;

	kind->run(kind->fault);
	for (int fd = -1; fd < 0 && now_ns() - start < 10 * SECOND;) {
		fd = loom_open();
		if (fd >= 0)
			close(fd);
		else
			usleep(1000);
	}
	serves_anew();
	took = now_ns() - injected;
	stood = shared->stood_still - stood;
	kind->took[kind->count++] = took - stood;
	if (took > kind->longest)
		kind->longest = took;
	if (took <= LIMIT)
		return;
	test_say("fault %u, %s: %.1f ms, of which the guest stood still for %.1f\n", number, kind->name,
		 took / 1e6, stood / 1e6);
	if (removed > injected)
		test_say("  the driver let go of it after %.1f ms, and had it again after %.1f\n",
			 (removed - injected) / 1e6, (found - injected) / 1e6);
	say_log(injected);
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void report(struct kind *kind)
{
	if (!kind->count)
		return;
	qsort(kind->took, kind->count, sizeof(*kind->took), by_size);
	test_say("%-24s %5u faults, next job right after: median %6.1f ms, max %6.1f ms (by the clock %6.1f)\n",
		 kind->name, kind->count, kind->took[kind->count / 2] / 1e6,
		 kind->took[kind->count - 1] / 1e6, kind->longest / 1e6);
}

/*
 * A kernel with lockdep or kmemleak has KASAN and others too, as a rule. What the driver does takes four to eight times
 * as long there, and what the kernel does around it up to twenty times: a device that was pulled out and put back is
 * let go of, looked for on the bus, bound and registered in up to 2.7 s. The timeouts of the driver stay the same.
 */
static int64_t limit(void)
{
	bool checked = !access("/proc/lockdep_stats", F_OK) || !access("/sys/kernel/debug/kmemleak", F_OK);

	return checked ? LIMIT_CHECKED : LIMIT;
}

static void run_faults(unsigned int faults)
{
	pid_t workers[WORKERS];
	int status;

	for (int i = 0; i < WORKERS; i++) {
		workers[i] = fork();
		if (!workers[i])
			worker(i);
	}
	for (unsigned int i = 0; i < faults; i++)
		one_fault(&kinds[i % KINDS], i);
	for (int i = 0; i < WORKERS; i++) {
		CHECK_EQ(waitpid(workers[i], &status, WNOHANG), 0);
		kill(workers[i], SIGKILL);
		CHECK_EQ(waitpid(workers[i], &status, 0), workers[i]);
	}
}

TEST_WITHIN(faults_of_every_kind, 7200)
{
	const char *wanted = getenv("LOOM_FAULTS");
	unsigned int faults = wanted ? (unsigned int)atoi(wanted) : KINDS, late = 0;
	struct inventory before, after;

	CHECK(faults && faults <= MAX_FAULTS);
	bound_device(device, sizeof(device));
	if (!inject("none"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	set_module_param("timeout_ms", TIMEOUT_MS);
	begin_watch();
	run_faults(KINDS);
	for (unsigned int k = 0; k < KINDS; k++)
		kinds[k].count = kinds[k].longest = 0;
	before = inventory();
	run_faults(faults);
	after = inventory_after(&before);

	for (unsigned int k = 0; k < KINDS; k++) {
		report(&kinds[k]);
		for (unsigned int i = 0; i < kinds[k].count; i++)
			late += kinds[k].took[i] > limit();
	}
	test_say("%u faults; slab %+ld KiB, free memory %+ld KiB, open files %+ld\n", faults,
		 after.slab - before.slab, after.free - before.free, after.files - before.files);
	take_all();
	CHECK_EQ(late, 0);
	CHECK(nothing_leaked(&before, &after));
}
