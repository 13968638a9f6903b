// SPDX-License-Identifier: MIT
/* The clock: who sets it (devfreq), what sets it back (heat), and that jobs are the same at any. */
#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loom_test.h"

#define AMBIENT	"35000"	/* what the device's model begins with */

static char device[NAME_MAX + 1];

static bool ambient(const char *millidegrees)
{
	char command[100];

	snprintf(command, sizeof(command), "qom-set /machine/peripheral/npu x-ambient %s", millidegrees);
	return monitor(command);
}

/* Other suites have a device that is not too hot, and stays awake. */
static void __attribute__((destructor)) cool(void)
{
	char path[PATH_MAX];

	ambient(AMBIENT);
	if (!access(DRIVER, F_OK)) {
		bound_device(device, sizeof(device));
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/control", device);
		file_write(path, "on");
	}
}

static struct drm_loom_query_health health(int fd)
{
	struct drm_loom_query_health h;

	loom_query(fd, DRM_LOOM_QUERY_HEALTH, &h, sizeof(h));
	return h;
}

static uint32_t max_khz(int fd)
{
	struct drm_loom_query_info info;

	loom_query(fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	return info.clock_max_khz;
}

static uint64_t cycles(int fd)
{
	struct drm_loom_query_core core[LOOM_MAX_CORES] = {};
	uint64_t sum = 0;

	loom_query(fd, DRM_LOOM_QUERY_CORE, core, sizeof(core));
	for (int i = 0; i < LOOM_MAX_CORES; i++)
		sum += core[i].cycles;
	return sum;
}

#define LONG_MS		16	/* at 1 GHz, at least */

/*
 * A job of many cycles and little work: rows of a transposed operand that all lie in one bank enter the array one
 * element a cycle.
 */
static struct stream long_job(struct client *c)
{
	struct stream s = client_stream(c);

	for (int i = 0; i < LONG_MS * 16; i++) {
		struct loom_mm *mm = (struct loom_mm *)(s.base + s.slots * LOOM_SLOT_BYTES);

		st_op(&s, LOOM_OP_NOP);
		mm->d.op = LOOM_OP_MM;
		mm->b = 32 * 2048;
		mm->m = 2048;
		mm->n = 1;
		mm->k = 32;
		mm->lda = 2048;
		mm->ldb = 1;
		mm->ldc = 4;
		mm->a_type = LOOM_S8;
		mm->b_type = LOOM_S8;
		mm->flags = LOOM_MXU_ZERO | LOOM_MXU_TRANS_A;
	}
	st_op(&s, LOOM_OP_END);
	return s;
}

/* Old programs ask for what they know of. */
TEST(health_as_it_was)
{
	struct drm_loom_query_health now = { .throttle = 0x77 };
	struct drm_loom_dev_query query = {
		.type = DRM_LOOM_QUERY_HEALTH, .size = offsetof(struct drm_loom_query_health, throttle),
		.pointer = (uintptr_t)&now,
	};
	int fd = loom_open();

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_DEV_QUERY, &query));
	CHECK_EQ(query.size, sizeof(now));
	CHECK(now.clock_khz && now.power_mw);
	CHECK_EQ(now.throttle, 0x77);
	now = health(fd);
	CHECK_EQ(now.throttle, 0);
	CHECK_EQ(now.pad, 0);
	CHECK_EQ(now.clock_cap_khz, max_khz(fd));
	CHECK(now.clock_khz <= now.clock_cap_khz);
}

/* ---- heat ---- */

static long sensor(const char *name)
{
	char path[PATH_MAX], *text;
	long value;

	sensor_path(path, sizeof(path), name);
	text = file_text(path);
	value = atol(text);
	free(text);
	return value;
}

/* Waits until all of @set and none of @clear is among the reasons. */
static struct drm_loom_query_health throttled(int fd, uint32_t set, uint32_t clear)
{
	struct drm_loom_query_health h;

	for (int tries = 0;; tries++) {
		h = health(fd);
		if ((h.throttle & set) == set && !(h.throttle & clear))
			return h;
		CHECK(tries < 1500);
		usleep(20 * 1000);
	}
}

static void heat(const char *millidegrees)
{
	if (!ambient(millidegrees))
		test_skip("no monitor to heat the device by (LOOM_MONITOR)");
}

static uint64_t cycles_of_a_job(struct client *c)
{
	uint64_t before = cycles(c->fd);

	client_serves(c);
	return cycles(c->fd) - before;
}

#define BOTH	(DRM_LOOM_THROTTLE_THERMAL | DRM_LOOM_THROTTLE_CRITICAL)

TEST_WITHIN(throttling, 90)
{
	struct client c = client_open();
	struct drm_loom_query_health before = health(c.fd), h;
	uint64_t as_usual = cycles_of_a_job(&c);
	char path[PATH_MAX], *text, byte;
	struct pollfd alarm = { .events = POLLPRI };

	CHECK_EQ(sensor("temp1_max"), 95000);
	CHECK_EQ(sensor("temp1_max_hyst"), 90000);
	CHECK_EQ(sensor("temp1_crit"), 105000);
	CHECK_EQ(sensor("temp1_max_alarm"), 0);
	CHECK_EQ(sensor("temp1_crit_alarm"), 0);
	sensor_path(path, sizeof(path), "temp1_max_alarm");
	alarm.fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(alarm.fd >= 0);
	CHECK(read(alarm.fd, &byte, 1) == 1);

	trace_begin();
	heat("400000");
	throttled(c.fd, BOTH, 0);
	CHECK_EQ(poll(&alarm, 1, 5000), 1);
	CHECK(alarm.revents & POLLPRI);
	/* its next look at the temperature at the latest */
	usleep(200 * 1000);
	h = health(c.fd);
	CHECK(h.temp_mc > 95000);
	CHECK_EQ(h.clock_cap_khz, max_khz(c.fd) / 4);
	CHECK(h.clock_khz <= h.clock_cap_khz);
	CHECK_EQ(h.throttle_count, before.throttle_count + 1);
	CHECK(sensor("temp1_input") > 95000);
	CHECK_EQ(sensor("temp1_max_alarm"), 1);
	CHECK_EQ(sensor("temp1_crit_alarm"), 1);
	CHECK(sensor("freq1_input") <= h.clock_cap_khz * 1000ll);
	/* slower, and the same */
	CHECK_EQ(cycles_of_a_job(&c), as_usual);
	CHECK(health(c.fd).throttle_ns > h.throttle_ns);

	heat("-60000");
	throttled(c.fd, DRM_LOOM_THROTTLE_THERMAL, DRM_LOOM_THROTTLE_CRITICAL);
	h = throttled(c.fd, 0, BOTH);
	text = trace_end();
	CHECK(h.temp_mc < 95000);
	CHECK_EQ(h.clock_cap_khz, max_khz(c.fd));
	CHECK(h.throttle_ns > before.throttle_ns + 100 * MS);
	CHECK_EQ(health(c.fd).throttle_ns, h.throttle_ns);
	CHECK_EQ(sensor("temp1_max_alarm"), 0);
	CHECK_EQ(sensor("temp1_crit_alarm"), 0);
	CHECK(strstr(text, "loom_throttle:") && strstr(text, " why=0x3 ") && strstr(text, " why=0x0 "));
	CHECK_EQ(cycles_of_a_job(&c), as_usual);
	heat(AMBIENT);
}

static void device_write(const char *name, const char *text)
{
	char path[NAME_MAX + 64];

	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, name);
	file_write(path, text);
}

static void falls_asleep(void)
{
	char path[NAME_MAX + 64], *text;
	bool asleep = false;

	device_write("power/autosuspend_delay_ms", "50");
	device_write("power/control", "auto");
	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/runtime_status", device);
	for (int tries = 0; !asleep; tries++) {
		CHECK(tries < 500);
		text = file_text(path);
		asleep = !strncmp(text, "suspended", 9);
		free(text);
		usleep(20 * 1000);
	}
}

/* What was counted stays, whatever becomes of the device; and what is hot stays hot. */
TEST_WITHIN(throttled_through_resets_and_sleep, 90)
{
	struct client c = client_open();
	struct drm_loom_query_health first, h;

	heat("400000");
	first = throttled(c.fd, BOTH, 0);
	device_write("reset", "1");
	h = throttled(c.fd, BOTH, 0);
	CHECK_EQ(h.throttle_count, first.throttle_count + 1);
	CHECK(h.throttle_ns >= first.throttle_ns);
	falls_asleep();
	client_serves(&c);
	h = throttled(c.fd, BOTH, 0);
	CHECK(h.throttle_count >= first.throttle_count + 2);
	CHECK(h.throttle_ns >= first.throttle_ns);
	device_write("power/control", "on");
	heat("-60000");
	throttled(c.fd, 0, BOTH);
	heat(AMBIENT);
	client_serves(&c);
}

/* ---- devfreq ---- */

static void devfreq_path(char *path, size_t size, const char *name)
{
	bound_device(device, sizeof(device));
	snprintf(path, size, "/sys/class/devfreq/%s/%s", device, name);
	if (access(path, F_OK))
		test_skip("this kernel has no devfreq, or no governor for it");
}

static void devfreq_write(const char *name, const char *text)
{
	char path[PATH_MAX];

	devfreq_path(path, sizeof(path), name);
	file_write(path, text);
}

static char *devfreq_text(const char *name)
{
	char path[PATH_MAX];

	devfreq_path(path, sizeof(path), name);
	return file_text(path);
}

static void devfreq_write_khz(const char *name, uint32_t khz)
{
	char text[32];

	snprintf(text, sizeof(text), "%u000", khz);
	devfreq_write(name, text);
}

/* Waits for a clock. */
static void clock_becomes(int fd, uint32_t khz)
{
	for (int tries = 0; health(fd).clock_khz != khz; tries++) {
		CHECK(tries < 500);
		usleep(20 * 1000);
	}
}

static void no_limits(int fd)
{
	devfreq_write_khz("max_freq", max_khz(fd));
	devfreq_write_khz("min_freq", max_khz(fd) / 4);
}

TEST_WITHIN(operating_points, 60)
{
	uint32_t max = max_khz(loom_open()), quarters[4];
	int fd = loom_open();
	char *text, *at;

	at = text = devfreq_text("available_frequencies");
	for (int i = 0; i < 4; i++) {
		quarters[i] = max / 4 * (i + 1);
		CHECK_EQ(strtoul(at, &at, 10), quarters[i] * 1000ul);
	}
	CHECK_EQ(strtoul(at, NULL, 10), 0);
	free(text);
	for (int i = 0; i < 4; i++) {
		devfreq_write_khz("max_freq", quarters[i]);
		devfreq_write_khz("min_freq", quarters[i]);
		clock_becomes(fd, quarters[i]);
		text = devfreq_text("cur_freq");
		CHECK_EQ(strtoul(text, NULL, 10), quarters[i] * 1000ul);
		CHECK_EQ(sensor("freq1_input"), quarters[i] * 1000ll);
		serves_anew();
		if (i < 3)
			devfreq_write_khz("max_freq", max);
	}
	no_limits(fd);
	free(devfreq_text("trans_stat"));
}

/* An idle device is slow, one that works is faster; how fast is for the machine to decide that it runs on. */
TEST_WITHIN(load, 90)
{
	struct client c = client_open();
	uint32_t max = max_khz(c.fd), highest = 0;
	struct stream s;
	char *governor;

	no_limits(c.fd);
	governor = devfreq_text("governor");
	if (strncmp(governor, "simple_ondemand", 15))
		test_skip("another governor: %s", governor);
	clock_becomes(c.fd, max / 4);
	s = long_job(&c);
	for (int64_t end = deadline(20 * SECOND); highest < max / 2;) {
		uint32_t khz;

		CHECK(now_ns() < end);
		for (int i = 0; i < 8; i++)
			CHECK_OK(client_start(&c, &s));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
		CHECK_EQ(syncobj_status(c.fd, c.out), 1);
		khz = health(c.fd).clock_khz;
		highest = khz > highest ? khz : highest;
	}
	clock_becomes(c.fd, max / 4);
}

/* A job takes its cycles at the clock that it has, and no fewer. */
TEST_WITHIN(jobs_take_their_time, 60)
{
	struct client c = client_open();
	struct drm_loom_query_info info;
	uint32_t max = max_khz(c.fd);
	uint64_t before, took[2];
	int64_t begin, ns;
	struct stream s;

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	if (!(info.features & LOOM_FEAT_TIMING))
		test_skip("the device does not take its time");
	no_limits(c.fd);
	s = long_job(&c);
	for (int i = 0; i < 2; i++) {
		uint32_t khz = i ? max : max / 4;

		devfreq_write_khz("max_freq", khz);
		if (i)
			devfreq_write_khz("min_freq", khz);
		clock_becomes(c.fd, khz);
		before = cycles(c.fd);
		begin = now_ns();
		client_run(&c, &s);
		ns = now_ns() - begin;
		took[i] = cycles(c.fd) - before;
		CHECK(ns >= (int64_t)(took[i] * 1000000 / khz));
		test_say("%llu cycles at %u kHz: %llu us\n", (unsigned long long)took[i], khz,
			 (unsigned long long)ns / 1000);
	}
	CHECK(took[0] > LONG_MS * 1000000);
	CHECK_EQ(took[0], took[1]);
	no_limits(c.fd);
}

/* A clock that was set is there after resets; one that is set while the device sleeps does not wake it. */
TEST_WITHIN(clock_through_resets_and_sleep, 60)
{
	struct client c = client_open();
	uint32_t max = max_khz(c.fd);
	char path[NAME_MAX + 64], *text;

	no_limits(c.fd);
	devfreq_write_khz("max_freq", max / 2);
	devfreq_write_khz("min_freq", max / 2);
	clock_becomes(c.fd, max / 2);
	device_write("reset", "1");
	CHECK_EQ(health(c.fd).clock_khz, max / 2);
	falls_asleep();
	devfreq_write_khz("min_freq", max / 4);
	devfreq_write_khz("max_freq", max / 4);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/runtime_status", device);
	text = file_text(path);
	CHECK(!strncmp(text, "suspended", 9));
	free(text);
	clock_becomes(c.fd, max / 4);
	client_serves(&c);
	device_write("power/control", "on");
	no_limits(c.fd);
}

/* Kernels are built with few governors or with all. */
static void need_governor(const char *name)
{
	char *text = devfreq_text("available_governors");
	bool has = strstr(text, name);

	free(text);
	if (!has)
		test_skip("this kernel has no governor '%s'", name);
}

static char *governor_becomes(const char *name)
{
	char *before = devfreq_text("governor");

	devfreq_write("governor", name);
	return before;
}

static void governor_goes(char *before)
{
	devfreq_write("governor", before);
	free(before);
}

static void governor_sets(const char *name, unsigned int divisor)
{
	struct client c = client_open();
	char *before;

	need_governor(name);
	no_limits(c.fd);
	before = governor_becomes(name);
	clock_becomes(c.fd, max_khz(c.fd) / divisor);
	client_serves(&c);
	governor_goes(before);
}

TEST_WITHIN(powersave_governor, 60)
{
	governor_sets("powersave", 4);
}

TEST_WITHIN(performance_governor, 60)
{
	governor_sets("performance", 1);
}

/* What user space has set is there after a reset, and heat has the last word. */
TEST_WITHIN(userspace_governor, 60)
{
	struct client c = client_open();
	uint32_t max = max_khz(c.fd);
	char *before;

	need_governor("userspace");
	no_limits(c.fd);
	before = governor_becomes("userspace");
	devfreq_write_khz("userspace/set_freq", max / 2);
	clock_becomes(c.fd, max / 2);
	device_write("reset", "1");
	CHECK_EQ(health(c.fd).clock_khz, max / 2);
	if (ambient("400000")) {
		throttled(c.fd, BOTH, 0);
		clock_becomes(c.fd, max / 4);
		ambient("-60000");
		throttled(c.fd, 0, BOTH);
		ambient(AMBIENT);
		clock_becomes(c.fd, max / 2);
	}
	client_serves(&c);
	governor_goes(before);
}

/* The kernel's thermal framework may slow it down. */
TEST(cooling_device)
{
	char path[PATH_MAX], want[NAME_MAX + 32], *text;
	int fd = loom_open();
	bool found = false;

	no_limits(fd);
	snprintf(want, sizeof(want), "devfreq-%s", device);
	for (int i = 0; i < 32 && !found; i++) {
		snprintf(path, sizeof(path), "/sys/class/thermal/cooling_device%d/type", i);
		if (access(path, R_OK))
			continue;
		text = file_text(path);
		found = !strncmp(text, want, strlen(want));
		free(text);
		if (found)
			snprintf(path, sizeof(path), "/sys/class/thermal/cooling_device%d/cur_state", i);
	}
	if (!found)
		test_skip("this kernel has no cooling by devfreq");
	file_write(path, "3");
	clock_becomes(fd, max_khz(fd) / 4);
	serves_anew();
	file_write(path, "0");
	devfreq_write_khz("min_freq", max_khz(fd));
	clock_becomes(fd, max_khz(fd));
	no_limits(fd);
}

/* A device that answers nothing but ones while the kernel looks at its load. */
TEST_WITHIN(dead_registers, 60)
{
	char path[PATH_MAX];

	devfreq_path(path, sizeof(path), "cur_freq");
	if (!inject("dead-mmio"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	usleep(500 * 1000);
	file_write(DRIVER "/unbind", device);
	CHECK(inject("none"));
	file_write(DRIVER "/bind", device);
	serves_anew();
}

TEST_WITHIN(comes_and_goes, 60)
{
	char path[PATH_MAX];

	devfreq_path(path, sizeof(path), "cur_freq");
	for (int i = 0; i < 3; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		CHECK(fd >= 0);
		file_write(DRIVER "/unbind", device);
		CHECK(access(path, F_OK));
		CHECK_EQ(read(fd, path + PATH_MAX - 1, 1), -1);
		close(fd);
		file_write(DRIVER "/bind", device);
		CHECK(!access(path, F_OK));
		serves_anew();
	}
}
