// SPDX-License-Identifier: MIT
/* Runtime power management, and sleep of the system: what wakes, what keeps awake, what is still there afterwards. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user_queue.h"

#define DELAY_MS	50

static char device[NAME_MAX + 1];

static void pm_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/sys/bus/pci/devices/%s/power/%s", device, name);
}

static bool has_status(const char *want)
{
	char path[NAME_MAX + 64], *text;
	bool is;

	pm_path(path, sizeof(path), "runtime_status");
	text = file_text(path);
	is = !strncmp(text, want, strlen(want));
	free(text);
	return is;
}

static void becomes(const char *status)
{
	for (int tries = 0; !has_status(status); tries++) {
		CHECK(tries < 500);
		usleep(20 * 1000);
	}
}

static void stays(const char *status)
{
	for (int i = 0; i < 20; i++) {
		CHECK(has_status(status));
		usleep(20 * 1000);
	}
}

static void pm_write(const char *name, const char *text)
{
	char path[NAME_MAX + 64];

	pm_path(path, sizeof(path), name);
	file_write(path, text);
}

static void may_sleep(void)
{
	char delay[16];

	bound_device(device, sizeof(device));
	if (device[0]) {
		snprintf(delay, sizeof(delay), "%d", DELAY_MS);
		pm_write("autosuspend_delay_ms", delay);
		pm_write("control", "auto");
	}
}

/* Other suites have a device that stays awake. */
static void __attribute__((destructor)) may_not_sleep(void)
{
	if (!access(DRIVER, F_OK)) {
		bound_device(device, sizeof(device));
		pm_write("control", "on");
	}
}

/* Nobody may have left a reason to be awake. */
static void sleeps_at_last(void)
{
	char path[NAME_MAX + 64], *text;

	becomes("suspended");
	pm_path(path, sizeof(path), "runtime_usage");
	if (access(path, R_OK))
		return;
	text = file_text(path);
	CHECK_EQ(atoi(text), 0);
	free(text);
}

/* It is for the administrator to say that the device may sleep. */
TEST(awake_by_default)
{
	struct client c = client_open();
	char path[NAME_MAX + 64], *text;

	bound_device(device, sizeof(device));
	pm_path(path, sizeof(path), "control");
	text = file_text(path);
	CHECK(!strncmp(text, "on", 2));
	client_serves(&c);
	CHECK(has_status("active"));
}

static bool power_state_is(const char *want)
{
	char path[NAME_MAX + 64], *text;
	bool is;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power_state", device);
	text = file_text(path);
	is = !strncmp(text, want, strlen(want));
	free(text);
	return is;
}

/* It is not only reset, it has no power but for its configuration space. */
TEST(power_state)
{
	struct client c = client_open();

	may_sleep();
	becomes("suspended");
	CHECK(power_state_is("D3hot"));
	client_serves(&c);
	CHECK(power_state_is("D0"));
	sleeps_at_last();
}

/* Queues, mappings and buffers are there when it has woken. */
TEST_WITHIN(sleeps_and_wakes, 60)
{
	struct client c = client_open();

	client_serves(&c);
	may_sleep();
	for (int i = 0; i < 10; i++) {
		becomes("suspended");
		client_serves(&c);
		CHECK(i || !has_status("suspended"));
	}
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_completed, 11);
	sleeps_at_last();
}

/* An idle device costs nothing: no interrupt, no wake-up. */
TEST(stays_asleep)
{
	struct client c = client_open();
	char path[NAME_MAX + 64], *before, *after;

	may_sleep();
	becomes("suspended");
	stays("suspended");
	pm_path(path, sizeof(path), "runtime_active_time");
	before = file_text(path);
	sleep(1);
	after = file_text(path);
	CHECK(!strcmp(before, after));
	CHECK(queue_state(c.fd, c.queue).state == 0);
}

/* Memory is managed without the device; it knows all when it wakes. */
TEST(binds_do_not_wake)
{
	struct client c = client_open();
	struct drm_loom_bind_op ops[] = {
		op_unmap(DATA_VA, DATA_SIZE), op_map(0x30000000, c.data.handle, 0, DATA_SIZE),
	};
	struct drm_loom_sync_op out = sync_out(c.out);
	uint32_t vm;

	client_serves(&c);
	may_sleep();
	becomes("suspended");
	CHECK_OK(bind_async(c.fd, c.vm, ops, 2, &out, 1));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	vm = vm_create(c.fd);
	CHECK_OK(vm_destroy(c.fd, vm));
	CHECK_OK(vm_map(c.fd, c.vm, 0x40000000, c.data.handle, 0, PAGE, 0));
	CHECK(has_status("suspended"));

	expect_unmapped(&c, DATA_VA);
	{
		struct stream s = store_word(&c, 0x30000000 + PAGE, 77);

		client_run(&c, &s);
		CHECK_EQ(word(&c.data, PAGE), 77);
		s = store_word(&c, 0x40000000, 78);
		client_run(&c, &s);
		CHECK_EQ(word(&c.data, 0), 78);
	}
	becomes("suspended");
	CHECK_OK(queue_destroy(c.fd, c.queue));
	CHECK(has_status("suspended"));
}

/* Who only asks for what is known does not wake it. Counters go on where they were. */
TEST(queries)
{
	struct drm_loom_query_core core[LOOM_MAX_CORES] = {}, later[LOOM_MAX_CORES] = {};
	struct drm_loom_query_health health;
	struct drm_loom_query_info info;
	struct client c = client_open();
	char path[64];

	client_serves(&c);
	loom_query(c.fd, DRM_LOOM_QUERY_CORE, core, sizeof(core));
	may_sleep();
	becomes("suspended");
	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	loom_query(c.fd, DRM_LOOM_QUERY_CORE, later, sizeof(later));
	CHECK(!memcmp(core, later, sizeof(core)));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c.fd);
	free(file_text(path));
	CHECK(has_status("suspended"));

	loom_query(c.fd, DRM_LOOM_QUERY_HEALTH, &health, sizeof(health));
	CHECK(health.clock_khz && health.clock_khz <= info.clock_max_khz);
	client_serves(&c);
	loom_query(c.fd, DRM_LOOM_QUERY_CORE, later, sizeof(later));
	for (uint32_t i = 0; i < info.num_cores; i++)
		CHECK(later[i].descs >= core[i].descs);
	free(debug_text("registers"));
	sleeps_at_last();
}

/* A call that fails leaves no reason to be awake behind. */
TEST(balance)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	struct drm_loom_sync_op op = sync_out(c.out);
	struct drm_loom_job jobs[3];
	struct drm_loom_perf_open perf = { .cores = 1, .counters = 1, .period_ns = MS, .records = 2 };
	uint32_t queue;

	may_sleep();
	for (int i = 0; i < 3; i++)
		jobs[i] = job(CODE_VA, s.slots, &op, 1);
	jobs[2].stream_va = 1;
	CHECK_RET(submit(c.fd, c.queue, jobs, 3), -EINVAL);
	jobs[2] = job(CODE_VA, s.slots, &op, 1);
	op.handle = 9999;
	CHECK_RET(submit(c.fd, c.queue, jobs, 3), -ENOENT);
	op.handle = c.out;
	op.flags = 0x1000;
	CHECK_RET(submit(c.fd, c.queue, jobs, 3), -EINVAL);
	op = sync_in(c.out);	/* nothing to wait for */
	CHECK_RET(submit(c.fd, c.queue, jobs, 3), -EINVAL);
	op = sync_out(c.out);
	jobs[1].syncs.array = 8;
	CHECK_RET(submit(c.fd, c.queue, jobs, 3), -EFAULT);
	CHECK_RET(submit(c.fd, 99, jobs, 3), -ENOENT);
	CHECK_RET(queue_create_prio(c.fd, 99, 0, &queue), -ENOENT);
	perf.records = 3;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_PERF_OPEN, &perf), -EINVAL);
	sleeps_at_last();

	/* a job that faults, and what its queue refuses then */
	s = store_word(&c, 0x700000000, 1);
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	CHECK_RET(client_start(&c, &s), -EIO);
	sleeps_at_last();
	/* jobs that are never executed, since their queue goes */
	c.queue = queue_create(c.fd, c.vm);
	s = hang(&c);
	for (int i = 0; i < 20; i++)
		CHECK_OK(client_start(&c, &s));
	stays("active");
	CHECK_OK(queue_destroy(c.fd, c.queue));
	sleeps_at_last();
}

TEST(kept_awake)
{
	struct drm_loom_perf_open perf = {
		.cores = 1, .counters = 1, .period_ns = 10 * MS, .records = 2,
	};
	struct client c = client_open();
	struct user_queue q;

	may_sleep();
	becomes("suspended");
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_PERF_OPEN, &perf));
	stays("active");
	close(perf.fd);
	becomes("suspended");

	q = user_queue_of(&c, 4);
	stays("active");
	CHECK_OK(queue_destroy(c.fd, q.id));
	sleeps_at_last();
}

static void reset_path(char *path, size_t size)
{
	snprintf(path, size, "/sys/bus/pci/devices/%s/reset", device);
	if (access(path, W_OK))
		test_skip("the device cannot be reset by itself");
}

TEST(reset_asleep)
{
	struct client c = client_open();
	char path[NAME_MAX + 64];

	may_sleep();
	reset_path(path, sizeof(path));
	for (int i = 0; i < 3; i++) {
		becomes("suspended");
		file_write(path, "1");
		client_serves(&c);
	}
	sleeps_at_last();
}

/* Sleep, jobs, resets, all at once: each job ends, right or told. */
TEST_WITHIN(resets_at_any_time, 60)
{
	char path[NAME_MAX + 64];
	int64_t end = deadline(5 * SECOND);
	unsigned int well = 0;
	int status;
	pid_t pid;

	may_sleep();
	pm_write("autosuspend_delay_ms", "0");
	reset_path(path, sizeof(path));
	pid = fork();
	if (!pid) {
		while (now_ns() < end) {
			file_write(path, "1");
			usleep(70 * 1000);
		}
		_exit(0);
	}
	while (now_ns() < end) {
		struct client c = client_open();
		struct stream s = store_word(&c, DATA_VA, 5);

		for (int i = 0; i < 10; i++) {
			usleep(i * 3000);
			if (client_start(&c, &s))
				break;
			CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
			status = syncobj_status(c.fd, c.out);
			CHECK(status == 1 || status == -EIO || status == -ECANCELED);
			well += status == 1;
		}
		client_close(&c);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK(well > 5);
	sleeps_at_last();
	serves_anew();
}

TEST_WITHIN(unbind_asleep, 60)
{
	for (int i = 0; i < 3; i++) {
		struct client c = client_open();

		may_sleep();
		becomes("suspended");
		file_write(DRIVER "/unbind", device);
		client_is_orphan(&c);
		client_close(&c);
		file_write(DRIVER "/bind", device);
		serves_anew();
	}
	may_sleep();
	sleeps_at_last();
}

/* A boot that fails is tried again; a device that does not wake is given up, and says so. */
TEST_WITHIN(resume_fails, 60)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	uint32_t queue;

	client_serves(&c);
	may_sleep();
	becomes("suspended");
	if (!inject("boot-fail"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	client_serves(&c);

	becomes("suspended");
	CHECK(inject("boot-dead"));
	CHECK_RET(client_start(&c, &s), -EIO);
	CHECK_EQ(queue_state(c.fd, c.queue).state, DRM_LOOM_QUEUE_STATE_RESET);
	CHECK_RET(queue_create_prio(c.fd, c.vm, 0, &queue), -ENODEV);
	CHECK(inject("none"));
	becomes("suspended");
	CHECK_RET(queue_create_prio(c.fd, c.vm, 0, &queue), -ENODEV);
	file_write(DRIVER "/unbind", device);
	file_write(DRIVER "/bind", device);
	serves_anew();
}

/* ---- the system ---- */

#define POWER	"/sys/power/"

static bool offers(const char *file, const char *what)
{
	char *text;
	bool has;

	if (access(file, F_OK))
		return false;
	text = file_text(file);
	has = strstr(text, what);
	free(text);
	return has;
}

/* As far as the devices, and back after a second. */
static void system_sleeps(const char *state)
{
	if (!offers(POWER "pm_test", "devices") || !offers(POWER "state", state))
		test_skip("this kernel cannot try how devices go to sleep (PM_DEBUG)");
	if (!access("/sys/module/suspend/parameters/pm_test_delay", W_OK))
		file_write("/sys/module/suspend/parameters/pm_test_delay", "1");
	file_write(POWER "pm_test", "devices");
	file_write(POWER "state", state);
	file_write(POWER "pm_test", "none");
}

/* Jobs in the ring and in the scheduler when the system goes to sleep: all are executed, once. */
static void check_queues_survive(const char *state)
{
	struct client c = client_open(), idle = client_open();
	struct stream s = client_stream(&c);
	volatile uint32_t *data = c.data.map;
	uint32_t jobs = 60;

	client_serves(&idle);
	set_module_param("timeout_ms", 20000);
	for (uint32_t i = 0; i < jobs; i++) {
		st_fill(&s, 0, i + 1, 1);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, DATA_VA + 4 * i, 0, 1);
		st_op(&s, LOOM_OP_END);
	}
	for (uint32_t i = 0; i < jobs; i++)
		CHECK_OK(submit_one(c.fd, c.queue, CODE_VA + i * 6 * 64, 6, c.out));
	system_sleeps(state);
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
	for (uint32_t i = 0; i < jobs; i++)
		CHECK_EQ(data[i], i + 1);
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_completed, jobs);
	client_serves(&idle);
	client_serves(&c);
}

TEST_WITHIN(freeze, 90)
{
	check_queues_survive("freeze");
}

TEST_WITHIN(mem, 90)
{
	check_queues_survive("mem");
}

/* What is on a core and does not end is lost, and no more than that; streams go on. */
TEST_WITHIN(freeze_with_a_job_that_hangs, 90)
{
	struct drm_loom_perf_open perf = {
		.cores = 1, .counters = 1, .period_ns = 10 * MS, .records = 4,
	};
	struct client bad = client_open(), good = client_open();
	struct user_queue q = user_queue_of(&good, 4);
	struct stream s = hang(&bad);
	uint64_t record[4], epoch;

	client_serves(&good);
	set_module_param("timeout_ms", 20000);
	CHECK_OK(loom_ioctl(good.fd, DRM_IOCTL_LOOM_PERF_OPEN, &perf));
	CHECK_EQ(read(perf.fd, record, sizeof(record)), sizeof(record));
	epoch = record[2] >> 32;
	CHECK_OK(client_start(&bad, &s));
	usleep(100 * 1000);
	system_sleeps("freeze");
	CHECK_OK(syncobj_wait(bad.fd, bad.out, deadline(10 * SECOND)));
	CHECK_EQ(queue_state(bad.fd, bad.queue).state,
		 DRM_LOOM_QUEUE_STATE_RESET | DRM_LOOM_QUEUE_STATE_INNOCENT);
	client_serves(&good);
	CHECK_EQ(queue_state(good.fd, q.id).state, 0);
	for (int tries = 0; record[2] >> 32 == epoch; tries++) {
		CHECK(tries < 100);
		CHECK_EQ(read(perf.fd, record, sizeof(record)), sizeof(record));
	}
}

/*
 * A user queue goes on where it was: with jobs that the device had been told of and had not begun, and with numbers that
 * user space counts on.
 */
static void check_user_queues_survive(const char *state)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, 6), idle;
	volatile uint32_t *data = c.data.map;
	struct drm_loom_queue_get_state now;
	struct stream s = client_stream(&c);
	const uint32_t jobs = 60;
	uint64_t completed;

	idle = user_queue_of(&c, 1);
	set_module_param("timeout_ms", 20000);
	for (uint32_t i = 0; i < jobs; i++) {
		st_fill(&s, 0, i + 1, 1);
		st_op(&s, LOOM_OP_BARRIER);
		st_store(&s, DATA_VA + 4 * i, 0, 1);
		st_op(&s, LOOM_OP_END);
	}
	for (int round = 0; round < 3; round++) {
		memset((void *)data, 0, 4 * jobs);
		for (uint32_t i = 0; i < jobs; i++)
			user_queue_put(&q, CODE_VA + i * 6 * 64, 6);
		user_queue_ring(&q);
		system_sleeps(state);
		CHECK_OK(user_queue_wait(&q, q.tail, deadline(10 * SECOND), &completed));
		CHECK_EQ(completed, (round + 1) * jobs);
		for (uint32_t i = 0; i < jobs; i++)
			CHECK_EQ(data[i], i + 1);
		/* the doorbell works, each way to wait does */
		user_queue_run(&idle, CODE_VA, 6);
		CHECK(user_queue_poll(&idle, idle.tail, deadline(5 * SECOND)));
		CHECK_OK(user_queue_wait(&idle, idle.tail, deadline(5 * SECOND), &completed));
		CHECK_EQ(completed, idle.tail);
	}
	now = queue_state(c.fd, q.id);
	CHECK_EQ(now.state, 0);
	CHECK_EQ(now.jobs_completed, 3 * jobs);
	/* and it ends as others do: the number of the job that is to blame is right */
	q.ring[q.tail & 63] = (struct loom_job){ .stream_va = 0x700000000, .stream_slots = 6, .seqno = q.tail + 1 };
	q.tail++;
	user_queue_ring(&q);
	CHECK_RET(user_queue_wait(&q, q.tail + 1, deadline(5 * SECOND), &completed), -EIO);
	now = queue_state(c.fd, q.id);
	CHECK_EQ(now.state, DRM_LOOM_QUEUE_STATE_FAULT);
	CHECK_EQ(now.fault_job, 3 * jobs);
	CHECK_OK(queue_destroy(c.fd, q.id));
	CHECK_OK(queue_destroy(c.fd, idle.id));
	client_serves(&c);
}

TEST_WITHIN(freeze_with_user_queues, 90)
{
	check_user_queues_survive("freeze");
}

/* A job of a user queue that is on a core and does not end takes its queue with it, and no other. */
TEST_WITHIN(freeze_with_a_user_queue_that_hangs, 90)
{
	struct client bad = client_open(), good = client_open();
	struct user_queue b = user_queue_of(&bad, 4);
	struct user_queue g = user_queue_of(&good, 4);
	struct stream s = hang(&bad), w = store_word(&good, DATA_VA, 5);

	set_module_param("timeout_ms", 20000);
	user_queue_run(&b, CODE_VA, s.slots);
	usleep(100 * 1000);
	user_queue_run(&g, CODE_VA, w.slots);
	system_sleeps("freeze");
	CHECK_OK(user_queue_wait(&g, 1, deadline(10 * SECOND), NULL));
	CHECK_EQ(word(&good.data, 0), 5);
	CHECK_EQ(queue_state(bad.fd, b.id).state, DRM_LOOM_QUEUE_STATE_RESET | DRM_LOOM_QUEUE_STATE_INNOCENT);
	CHECK_RET(user_queue_wait(&b, 1, deadline(SECOND), NULL), -EIO);
	user_queue_run(&b, CODE_VA, s.slots);	/* to nobody */
	client_serves(&good);
}

/* A device that sleeps already is there again when it is needed. */
TEST_WITHIN(freeze_asleep, 90)
{
	struct client c = client_open();

	client_serves(&c);
	may_sleep();
	becomes("suspended");
	system_sleeps("freeze");
	client_serves(&c);
	sleeps_at_last();
}
