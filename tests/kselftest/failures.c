// SPDX-License-Identifier: MIT
/*
 * What becomes of a call in which an allocation or a copy fails: each that the driver makes in it, one after the
 * other, on kernels that inject failures. A call that failed has done nothing, and whoever comes next is served.
 */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loom_test.h"
#include "user_queue.h"

#define INJECTION	"/sys/kernel/debug/"
#define FAIL_VA		0x100000000ull

static const char * const sources[] = { "failslab", "fail_page_alloc", "fail_usercopy" };
#define SOURCES	(sizeof(sources) / sizeof(*sources))

/* ---- which fail ---- */

static void set_source(const char *source, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), INJECTION "%s/%s", source, name);
	if (!access(path, W_OK))
		file_write(path, value);
}

static void set_sources(const char *name, const char *value)
{
	for (unsigned int i = 0; i < SOURCES; i++)
		set_source(sources[i], name, value);
}

/* Code of the kernel's, by symbol; the first is the whole module. */
enum {
	MODULE, DRM_DEV_ALLOC, DRM_DEV_INIT, ENABLE, REGIONS, IOMAP, WORKQUEUE, DEVICE_INIT, DEBUGFS, REGISTER, HWMON,
	DEVFREQ, DEVFREQ_ADD, PM, CODES
};
static struct code {
	const char *symbol;
	unsigned long start, end;
} codes[CODES] = {
	[DRM_DEV_ALLOC] = { .symbol = "__devm_drm_dev_alloc" },
	[DRM_DEV_INIT] = { .symbol = "drm_dev_init" },
	[ENABLE] = { .symbol = "pcim_enable_device" },
	[REGIONS] = { .symbol = "pcim_request_all_regions" },
	[IOMAP] = { .symbol = "pcim_iomap" },
	[WORKQUEUE] = { .symbol = "alloc_workqueue" },
	[DEVICE_INIT] = { .symbol = "loom_device_init" },
	[DEBUGFS] = { .symbol = "loom_debugfs_init" },
	[REGISTER] = { .symbol = "drm_dev_register" },
	[HWMON] = { .symbol = "loom_hwmon_init" },
	[DEVFREQ] = { .symbol = "loom_devfreq_init" },
	[DEVFREQ_ADD] = { .symbol = "devfreq_add_device" },
	[PM] = { .symbol = "loom_pm_init" },
};

/* @line of kallsyms: "ADDRESS TYPE SYMBOL[\t[MODULE]]" */
static void note_symbol(unsigned long at, const char *line)
{
	const char *symbol = line + 3;
	size_t len = strcspn(symbol, "\t\n");

	if (!strchr("tT", line[1]))
		return;
	for (struct code *code = codes; code < codes + CODES; code++) {
		if (code->symbol ? len != strlen(code->symbol) || strncmp(symbol, code->symbol, len) :
				   strcmp(symbol + len, "\t[loom]\n"))
			continue;
		if (!code->start || at < code->start)
			code->start = at;
		if (at > code->end)
			code->end = at;
	}
}

/* Once, for all tests: it takes long. A symbol ends where the next one begins. */
static void __attribute__((constructor)) find_codes(void)
{
	static unsigned long at[1 << 19];
	unsigned long next[CODES] = {};
	size_t count = 0;
	char line[512], *rest;
	FILE *symbols;

	if (access("/proc/self/fail-nth", F_OK))
		return;
	symbols = fopen("/proc/kallsyms", "r");
	while (symbols && count < sizeof(at) / sizeof(*at) && fgets(line, sizeof(line), symbols)) {
		at[count] = strtoul(line, &rest, 16);
		note_symbol(at[count++], rest);
	}
	for (size_t i = 0; i < count; i++) {
		for (int c = 0; c < CODES; c++) {
			if (at[i] > codes[c].end && (!next[c] || at[i] < next[c]))
				next[c] = at[i];
		}
	}
	/* Of the last function of a module the end is not known. */
	for (int c = 0; c < CODES; c++)
		codes[c].end = next[c] - codes[c].end < 0x10000 ? next[c] : codes[c].end + 0x1000;
	if (symbols)
		fclose(symbols);
}

/* @kind: "require" or "reject" */
static void set_range(const char *kind, int code)
{
	char name[32], text[32];

	snprintf(name, sizeof(name), "%s-start", kind);
	snprintf(text, sizeof(text), "%#lx", code < 0 ? 0 : codes[code].start);
	set_sources(name, text);
	snprintf(name, sizeof(name), "%s-end", kind);
	snprintf(text, sizeof(text), "%#lx", code < 0 ? 0 : codes[code].end);
	set_sources(name, text);
}

static void need_injection(void)
{
	char path[256];

	debug_file(path, sizeof(path), "queues"); /* mounts debugfs */
	if (access("/proc/self/fail-nth", F_OK) || access(INJECTION "failslab", F_OK))
		test_skip("this kernel injects no failures");
}

/* Only what is called from within the one and not from within the other code fails. */
static void begin_failures(int within, int without)
{
	CHECK(codes[within].start);
	set_sources("verbose", "0");
	set_sources("stacktrace-depth", "32");
	set_source("failslab", "ignore-gfp-wait", "N");
	set_source("fail_page_alloc", "ignore-gfp-wait", "N");
	set_source("fail_page_alloc", "min-order", "0");
	set_range("reject", without);
	set_range("require", within);
}

static unsigned int nth;	/* which one of the next call is to fail */
static bool reached;		/* it came that far */

static void arm(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	file_write("/proc/thread-self/fail-nth", text);
}

static void disarm(void)
{
	char *left;

	left = file_text("/proc/thread-self/fail-nth");
	reached = !atoi(left);
	free(left);
	if (!reached)
		file_write("/proc/thread-self/fail-nth", "0");
}

/* As loom_ioctl(), the nth time that memory is asked for in vain. */
static int failing_ioctl(int fd, unsigned long request, void *args)
{
	int ret;

	arm();
	ret = ioctl(fd, request, args);
	if (ret < 0)
		ret = -errno;
	disarm();
	return ret;
}

/* ---- calls ---- */

/* Each gives what its ioctl gave, and takes back what it made. */
typedef int (*call_fn)(struct client *c);

static int call_vm_create(struct client *c)
{
	struct drm_loom_vm_create args = {};
	int ret = failing_ioctl(c->fd, DRM_IOCTL_LOOM_VM_CREATE, &args);

	if (!ret)
		CHECK_OK(vm_destroy(c->fd, args.id));
	return ret;
}

static int bo_create_in(struct client *c, uint32_t vm)
{
	struct drm_loom_bo_create args = { .size = 3 * PAGE, .vm_id = vm };
	int ret = failing_ioctl(c->fd, DRM_IOCTL_LOOM_BO_CREATE, &args);

	if (!ret)
		gem_close(c->fd, args.handle);
	return ret;
}

static int call_bo_create(struct client *c)
{
	return bo_create_in(c, 0);
}

static int call_bo_create_private(struct client *c)
{
	return bo_create_in(c, c->vm);
}

static int call_bo_mmap_offset(struct client *c)
{
	struct drm_loom_bo_create create = { .size = PAGE };
	struct drm_loom_bo_mmap_offset args = {};
	int ret;

	CHECK_OK(loom_ioctl(c->fd, DRM_IOCTL_LOOM_BO_CREATE, &create));
	args.handle = create.handle;
	ret = failing_ioctl(c->fd, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &args);
	gem_close(c->fd, create.handle);
	return ret;
}

static int call_queue_create(struct client *c)
{
	struct drm_loom_queue_create args = { .vm_id = c->vm };
	int ret = failing_ioctl(c->fd, DRM_IOCTL_LOOM_QUEUE_CREATE, &args);

	if (!ret)
		CHECK_OK(queue_destroy(c->fd, args.id));
	return ret;
}

static int call_queue_create_user(struct client *c)
{
	struct drm_loom_queue_create args = {
		.vm_id = c->vm, .flags = DRM_LOOM_QUEUE_USER, .ring_va = FAIL_VA,
		.cpl_va = FAIL_VA + PAGE, .ring_log2 = 6,
	};
	int ret = failing_ioctl(c->fd, DRM_IOCTL_LOOM_QUEUE_CREATE, &args);

	if (!ret)
		CHECK_OK(queue_destroy(c->fd, args.id));
	return ret;
}

static int query(struct client *c, uint32_t type)
{
	char answer[4096];
	struct drm_loom_dev_query args = { type, sizeof(answer), (uintptr_t)answer };

	return failing_ioctl(c->fd, DRM_IOCTL_LOOM_DEV_QUERY, &args);
}

static int call_query_info(struct client *c)
{
	return query(c, DRM_LOOM_QUERY_INFO);
}

static int call_query_core(struct client *c)
{
	return query(c, DRM_LOOM_QUERY_CORE);
}

static int call_query_health(struct client *c)
{
	return query(c, DRM_LOOM_QUERY_HEALTH);
}

static int call_perf_open(struct client *c)
{
	struct drm_loom_perf_open args = {
		.cores = 1, .counters = 1, .period_ns = DRM_LOOM_PERF_PERIOD_MAX, .records = 4,
	};
	int ret = failing_ioctl(c->fd, DRM_IOCTL_LOOM_PERF_OPEN, &args);

	if (!ret)
		close(args.fd);
	return ret;
}

/* Two jobs, with all that a job may have: syncobjs of both kinds in and out, a buffer that it names. */
static int call_submit(struct client *c)
{
	struct stream s = store_word(c, DATA_VA, nth);
	uint32_t line = syncobj_create(c->fd), binary = syncobj_create(c->fd);
	struct bo named = bo_create(c->fd, PAGE, 0);
	struct drm_loom_buffer buffer = { named.handle, DRM_LOOM_BUFFER_WRITE };
	struct drm_loom_sync_op first[] = {
		sync_in(c->out), sync_point(DRM_LOOM_SYNC_SIGNAL, line, 1), sync_out(binary),
	};
	struct drm_loom_sync_op second[] = {
		sync_point(0, line, 1), sync_in(c->out), sync_point(DRM_LOOM_SYNC_SIGNAL, line, 2),
	};
	struct drm_loom_job jobs[] = {
		job(CODE_VA, s.slots, first, 3), job(CODE_VA, s.slots, second, 3),
	};
	struct drm_loom_submit args = {
		.queue_id = c->queue, .jobs = { sizeof(jobs[0]), 2, (uintptr_t)jobs },
		.buffers = { sizeof(buffer), 1, (uintptr_t)&buffer },
	};
	int ret;

	CHECK_OK(submit_one(c->fd, c->queue, CODE_VA, s.slots, c->out)); /* a fence to wait for */
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(10 * SECOND)));
	set_word(&c->data, 0, 0);
	ret = failing_ioctl(c->fd, DRM_IOCTL_LOOM_SUBMIT, &args);
	if (ret) {
		/* none of the jobs was taken */
		CHECK_RET(syncobj_wait_point(c->fd, line, 1, 0), -EINVAL);
		CHECK_RET(syncobj_wait(c->fd, binary, 0), -EINVAL);
		CHECK_EQ(word(&c->data, 0), 0);
	} else {
		CHECK_OK(syncobj_wait_point(c->fd, line, 2, deadline(10 * SECOND)));
		CHECK_EQ(word(&c->data, 0), nth);
	}
	munmap(named.map, named.size);
	gem_close(c->fd, named.handle);
	syncobj_destroy(c->fd, line);
	syncobj_destroy(c->fd, binary);
	return ret;
}

static int bind_new_buffer(struct client *c, uint32_t flags)
{
	/* Over the end of a top-level entry: tables of each level are needed. Each page can be missing. */
	uint64_t va = (8ull << 39) - 2 * PAGE;
	uint32_t line = syncobj_create(c->fd);
	struct bo bo = bo_create(c->fd, 4 * PAGE, 0);
	struct drm_loom_bind_op ops[] = { op_unmap(va, PAGE), op_map(va, bo.handle, 0, bo.size) };
	struct drm_loom_sync_op out = sync_point(DRM_LOOM_SYNC_SIGNAL, line, 1);
	struct drm_loom_vm_bind args = {
		.vm_id = c->vm, .flags = flags, .ops = { sizeof(ops[0]), 2, (uintptr_t)ops },
		.syncs = { sizeof(out), flags ? 1 : 0, (uintptr_t)&out },
	};
	int ret = failing_ioctl(c->fd, DRM_IOCTL_LOOM_VM_BIND, &args);

	if (ret)
		CHECK(args.ops.count < 2);
	if (!ret && flags)
		CHECK_OK(syncobj_wait_point(c->fd, line, 1, deadline(10 * SECOND)));
	if (ret)
		CHECK(!strstr(debug_text("address_spaces"), "0x03ffffffe000"));
	CHECK_OK(vm_unmap(c->fd, c->vm, va, bo.size));
	CHECK_EQ(vm_state(c->fd, c->vm).state, 0);
	munmap(bo.map, bo.size);
	gem_close(c->fd, bo.handle);
	syncobj_destroy(c->fd, line);
	return ret;
}

static int call_bind(struct client *c)
{
	return bind_new_buffer(c, 0);
}

static int call_bind_async(struct client *c)
{
	return bind_new_buffer(c, DRM_LOOM_VM_BIND_ASYNC);
}

/* A buffer of others. The exporter's own failures are within the call too. */
static int call_import(struct client *c)
{
	volatile uint32_t *map;
	struct drm_prime_handle prime = { .fd = udmabuf(2, &map) };
	int ret = failing_ioctl(c->fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime);

	if (!ret)
		gem_close(c->fd, prime.handle);
	close(prime.fd);
	munmap((void *)map, 2 * PAGE);
	return ret;
}

static int call_open(struct client *c)
{
	char path[300];
	int fd = loom_open_path(path, sizeof(path));

	(void)c;
	close(fd);
	arm();
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	disarm();
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* A record that cannot be copied is not lost. */
static int call_perf_read(struct client *c)
{
	struct drm_loom_perf_open args = {
		.cores = 1, .counters = 1, .period_ns = DRM_LOOM_PERF_PERIOD_MAX, .records = 4,
	};
	struct drm_loom_perf_record record;
	char buffer[256];
	struct pollfd wait;
	int ret;

	CHECK_OK(loom_ioctl(c->fd, DRM_IOCTL_LOOM_PERF_OPEN, &args));
	wait = (struct pollfd){ .fd = args.fd, .events = POLLIN };
	CHECK_EQ(poll(&wait, 1, 10000), 1);
	CHECK(sizeof(buffer) >= args.record_bytes);
	arm();
	ret = read(args.fd, buffer, args.record_bytes);
	if (ret < 0)
		ret = -errno;
	disarm();
	if (ret < 0) {
		CHECK_EQ(ret, -EFAULT);
		CHECK_EQ(read(args.fd, buffer, args.record_bytes), args.record_bytes);
	} else {
		CHECK_EQ(ret, args.record_bytes);
		ret = 0;
	}
	memcpy(&record, buffer, sizeof(record));
	CHECK_EQ(record.lost, 0);
	close(args.fd);
	return ret;
}

/* ---- each of them ---- */

/* Errors that memory or a copy that fails may give. */
static bool excused(int ret)
{
	return ret == -ENOMEM || ret == -EFAULT || ret == -ENFILE || ret == -ENOSPC;
}

/* @call, with the first, the second, ... failing; to where none is left. How many of the calls failed. */
static unsigned int fail_in_turn(struct client *c, call_fn call)
{
	unsigned int failed = 0;
	int ret = 0;

	for (nth = 1, reached = true; reached; nth++) {
		CHECK(nth < 1000);
		ret = call(c);
		if (ret && !(reached && excused(ret)))
			test_fail(__FILE__, __LINE__, "failure %u: %s", nth, strerror(-ret));
		failed += !!ret;
	}
	CHECK_OK(ret);
	test_say("%u failures, %u calls failed\n", nth - 2, failed);
	return failed;
}

/*
 * Not every call allocates alike: a slab that is full, or a checker's record, takes a page more, which a call does
 * without. Where one such stood in for the last that matters, it is gone through again.
 */
static void fail_each(call_fn call, unsigned int least)
{
	struct client c = client_open();
	unsigned int failed = 0;

	for (int tries = 0; !tries || (failed < least && tries < 5); tries++)
		failed = fail_in_turn(&c, call);
	CHECK(failed >= least);
	client_serves(&c);
	client_close(&c);
	serves_anew();
}

#define CALL_TEST(call, least)						\
	TEST_WITHIN(failing_##call, 300)				\
	{								\
		need_injection();						\
		begin_failures(MODULE, -1);					\
		fail_each(call_##call, least);				\
	}

CALL_TEST(open, 1)
CALL_TEST(query_info, 2)
CALL_TEST(query_core, 2)
CALL_TEST(query_health, 2)
CALL_TEST(vm_create, 6)
CALL_TEST(bo_create, 3)
CALL_TEST(bo_create_private, 3)
CALL_TEST(bo_mmap_offset, 0)
CALL_TEST(bind, 10)
CALL_TEST(bind_async, 12)
CALL_TEST(queue_create, 4)
CALL_TEST(queue_create_user, 3)
CALL_TEST(submit, 12)
CALL_TEST(import, 1)
CALL_TEST(perf_open, 3)
CALL_TEST(perf_read, 1)

/* ---- the driver itself ---- */

static int bind_driver(const char *device)
{
	int fd = open(DRIVER "/bind", O_WRONLY | O_CLOEXEC), ret;

	CHECK(fd >= 0);
	arm();
	ret = write(fd, device, strlen(device)) < 0 ? -errno : 0;
	disarm();
	close(fd);
	return ret;
}

/*
 * All that probe calls: what was made is taken back, and the next one goes well. Only what is asked for by the driver
 * itself or by a few calls in between, since 6.12 itself does not take all failures well: a minor without a device is
 * released (drm_dev_init), as is a chain of notifiers that was not made yet (devfreq_add_device), firmware that has
 * no room warns, as do interrupts without a place in /proc.
 */
static const struct { int within, without; } probe_calls[] = {
	{ DRM_DEV_ALLOC, DRM_DEV_INIT }, { ENABLE, -1 }, { REGIONS, -1 }, { IOMAP, -1 }, { WORKQUEUE, -1 },
	{ DEVICE_INIT, -1 }, { DEBUGFS, -1 }, { REGISTER, -1 }, { HWMON, -1 }, { DEVFREQ, DEVFREQ_ADD }, { PM, -1 },
};

/* @failed: grows by the probes that fail. Returns the failures that there were. */
static unsigned int fail_each_probe(const char *device, unsigned int *failed)
{
	for (nth = 1, reached = true; reached; nth++) {
		CHECK(nth < 1000);
		if (bind_driver(device)) {
			CHECK(loom_open() < 0);
			++*failed;
			continue;
		}
		/* something that the driver can do without */
		serves_anew();
		file_write(DRIVER "/unbind", device);
	}
	return nth - 2;
}

TEST_WITHIN(failing_probe, 600)
{
	unsigned int failures = 0, failed = 0;
	char device[NAME_MAX + 1];

	need_injection();
	bound_device(device, sizeof(device));
	file_write(DRIVER "/unbind", device);
	for (unsigned int i = 0; i < sizeof(probe_calls) / sizeof(*probe_calls); i++) {
		unsigned int count;

		begin_failures(probe_calls[i].within, probe_calls[i].without);
		set_sources("stacktrace-depth", "8");
		count = fail_each_probe(device, &failed);
		test_say("%s: %u failures\n", codes[probe_calls[i].within].symbol, count);
		failures += count;
	}
	test_say("%u failures, %u probes failed\n", failures, failed);
	CHECK(failed > 20);
	file_write(DRIVER "/bind", device);
	serves_anew();
}
