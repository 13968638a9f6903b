// SPDX-License-Identifier: MIT
/* hwmon: temperature, power and clock, in the units of its ABI. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loom_test.h"

static char device[NAME_MAX + 1];

static void check_text(const char *name, const char *want)
{
	char path[PATH_MAX], *text;

	sensor_path(path, sizeof(path), name);
	text = file_text(path);
	CHECK(!strcmp(text, want));
	free(text);
}

static int try_sensor(const char *name, long long *value)
{
	char path[PATH_MAX], text[32] = "";
	ssize_t got;
	int fd;

	sensor_path(path, sizeof(path), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	got = read(fd, text, sizeof(text) - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	*value = atoll(text);
	return got < 0 ? got : 0;
}

static long long sensor(const char *name)
{
	long long value;

	CHECK_OK(try_sensor(name, &value));
	return value;
}

TEST(sensors)
{
	struct drm_loom_query_health health, after;
	long long power, temp, freq;
	int fd = loom_open();

	check_text("name", "loom\n");
	check_text("temp1_label", "die\n");
	check_text("power1_label", "device\n");
	check_text("freq1_label", "cores\n");
	/* devfreq may change the clock at any moment, and with it the power. */
	do {
		loom_query(fd, DRM_LOOM_QUERY_HEALTH, &health, sizeof(health));
		temp = sensor("temp1_input");
		freq = sensor("freq1_input");
		power = sensor("power1_input");
		loom_query(fd, DRM_LOOM_QUERY_HEALTH, &after, sizeof(after));
	} while (health.clock_khz != after.clock_khz || health.power_mw / 2 > after.power_mw);
	/* millidegrees, microwatts, hertz */
	CHECK(llabs(temp - health.temp_mc) < 5000);
	CHECK_EQ(freq, health.clock_khz * 1000ll);
	CHECK(power > 0 && power < 1000ll * 1000 * 1000);
	CHECK(power > health.power_mw * 500ll && power < health.power_mw * 2000ll);
}

/* Who looks at sensors all the time does not keep the device awake. */
TEST(asleep)
{
	char path[NAME_MAX + 64], *text;
	long long value;
	bool asleep = false;

	sensor("temp1_input");
	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/autosuspend_delay_ms", device);
	file_write(path, "100");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/control", device);
	file_write(path, "auto");
	for (int tries = 0; !asleep; tries++) {
		char status[NAME_MAX + 64];

		CHECK(tries < 200);
		snprintf(status, sizeof(status), "/sys/bus/pci/devices/%s/power/runtime_status", device);
		text = file_text(status);
		asleep = !strncmp(text, "suspended", 9);
		free(text);
		try_sensor("temp1_input", &value);
		usleep(50 * 1000);
	}
	CHECK_RET(try_sensor("temp1_input", &value), -ENODATA);
	CHECK_RET(try_sensor("power1_input", &value), -ENODATA);
	CHECK_RET(try_sensor("freq1_input", &value), -ENODATA);
	file_write(path, "on");
	CHECK(sensor("temp1_input") > 0);
	CHECK(sensor("freq1_input") > 0);
}

TEST_WITHIN(comes_and_goes, 60)
{
	char path[PATH_MAX];
	int fd;

	sensor_path(path, sizeof(path), "temp1_input");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	bound_device(device, sizeof(device));
	file_write(DRIVER "/unbind", device);
	CHECK(access(path, F_OK));
	CHECK_EQ(read(fd, path, sizeof(path)), -1);
	file_write(DRIVER "/bind", device);
	CHECK(sensor("temp1_input") > 0);
	serves_anew();
}
