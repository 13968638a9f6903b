// SPDX-License-Identifier: MIT
/* The machine that the tests run on: files of the kernel, the driver's binding, faults on request. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loom_test.h"

char *file_text(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0, room = 1 << 20;
	char *text = malloc(room);
	ssize_t got;

	if (fd < 0 || !text)
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	while ((got = read(fd, text + have, room - 1 - have)) > 0)
		have += got;
	if (got < 0)
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	text[have] = 0;
	close(fd);
	return text;
}

void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
	close(fd);
}

void bound_device(char *name, size_t size)
{
	DIR *dir = opendir(DRIVER);
	struct dirent *entry;

	name[0] = 0;
	CHECK(dir);
	while ((entry = readdir(dir))) {
		if (strchr(entry->d_name, ':'))
			snprintf(name, size, "%s", entry->d_name);
	}
	closedir(dir);
	CHECK(name[0]);
}

/* Where a filesystem of the kernel's own is, mounted if need be. */
static void have_mount(const char *type, const char *at, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", at, file);
	if (access(path, F_OK) && mount(type, at, type, 0, NULL))
		test_skip("this kernel has no %s", type);
}

void debug_file(char *path, size_t size, const char *name)
{
	char device[64];

	bound_device(device, sizeof(device));
	have_mount("debugfs", "/sys/kernel/debug", "accel");
	snprintf(path, size, "/sys/kernel/debug/accel/%s/%s", device, name);
}

char *debug_text(const char *name)
{
	char path[256];

	debug_file(path, sizeof(path), name);
	return file_text(path);
}

unsigned int recovery_count(const char *name)
{
	char *text = debug_text("recovery"), *line = text;
	unsigned int count;
	size_t len = strlen(name);

	while (line && (strncmp(line, name, len) || line[len] != ' ')) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	CHECK(line);
	CHECK_EQ(sscanf(line + len, "%u", &count), 1);
	free(text);
	return count;
}

void trace_begin(void)
{
	have_mount("tracefs", "/sys/kernel/tracing", "events");
	/* One clock for all processors: events are looked at in their order. */
	file_write(TRACING "/trace_clock", "mono");
	/*
	 * Programs' names are recorded by probes in the scheduler, which is patched for that while it runs. QEMU 7.2
	 * now and then goes on with an instruction that was there for a moment: "Oops: int3" in __schedule().
	 */
	file_write(TRACING "/options/record-cmd", "0");
	file_write(TRACING "/events/loom/enable", "1");
	file_write(TRACING "/trace", "\n");
}

char *trace_end(void)
{
	char *text = file_text(TRACING "/trace");

	file_write(TRACING "/events/loom/enable", "0");
	return text;
}

char *fdinfo_text(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return file_text(path);
}

char *fdinfo_value(int fd, const char *key)
{
	char *text = fdinfo_text(fd), *line, *rest = text, *value = NULL;

	while ((line = strsep(&rest, "\n"))) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, colon - line) || key[colon - line])
			continue;
		CHECK(!value);
		value = strdup(colon + 1 + strspn(colon + 1, " \t"));
	}
	free(text);
	return value;
}

unsigned long long fdinfo_number(int fd, const char *key, const char *unit)
{
	char *value = fdinfo_value(fd, key), *end;
	unsigned long long n;

	if (!value)
		test_fail(__FILE__, __LINE__, "no %s", key);
	n = strtoull(value, &end, 10);
	CHECK(end != value);
	end += *end == ' ';
	if (strcmp(end, unit))
		test_fail(__FILE__, __LINE__, "%s: unit '%s', not '%s'", key, end, unit);
	free(value);
	return n;
}

static void param_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/sys/module/loom/parameters/%s", name);
}

unsigned int module_param(const char *name)
{
	unsigned int value;
	char path[128];
	FILE *file;

	param_path(path, sizeof(path), name);
	file = fopen(path, "r");
	CHECK(file);
	CHECK_EQ(fscanf(file, "%u", &value), 1);
	fclose(file);
	return value;
}

void set_module_param(const char *name, unsigned int value)
{
	char path[128];
	FILE *file;

	param_path(path, sizeof(path), name);
	file = fopen(path, "w");
	CHECK(file);
	CHECK(fprintf(file, "%u", value) > 0);
	CHECK_EQ(fclose(file), 0);
}

/* A suite that ends leaves the timeout as it was, whatever its tests set. */
static unsigned int timeout_before;

static void __attribute__((constructor)) save_timeout(void)
{
	if (!access("/sys/module/loom/parameters/timeout_ms", R_OK))
		timeout_before = module_param("timeout_ms");
}

/* Only in the suite's own process: tests end by _exit(). */
static void __attribute__((destructor)) restore_timeout(void)
{
	if (timeout_before)
		set_module_param("timeout_ms", timeout_before);
}

/* Reads until the monitor has said its prompt and is silent, or @ms have passed. */
static void monitor_read(int fd, char *reply, size_t size, int ms)
{
	int64_t end = deadline(ms * MS);
	size_t have = 0;

	reply[0] = 0;
	while (now_ns() < end) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (poll(&wait, 1, 5) != 1)
			continue;
		if (have + 1 >= size)
			have = 0;
		got = read(fd, reply + have, size - 1 - have);
		if (got <= 0) {
			usleep(1000);
			continue;
		}
		have += got;
		reply[have] = 0;
		/* it echoes what it reads in pieces, and the prompt comes once a line has been obeyed */
		if (strrchr(reply, '\n') && strstr(strrchr(reply, '\n'), "(qemu) "))
			return;
	}
}

/*
 * LOOM_MONITOR names a node that leads to QEMU's monitor.
 */
bool monitor_ask(const char *command, char *reply, size_t size)
{
	const char *node = getenv("LOOM_MONITOR");
	char line[128], all[4096];
	int fd, len;
	char *from;

	if (!node)
		return false;
	fd = open(node, O_RDWR | O_NONBLOCK);
	CHECK(fd >= 0);
	while (read(fd, all, sizeof(all)) > 0)
		;
	len = snprintf(line, sizeof(line), "%s\n", command);
	CHECK(len < (int)sizeof(line));
	CHECK_EQ(write(fd, line, len), len);
	monitor_read(fd, all, sizeof(all), 2000);
	close(fd);
	from = strchr(all, '\n');
	snprintf(reply, size, "%s", from ? from + 1 : "");
	return true;
}

bool monitor(const char *command)
{
	char reply[64];

	return monitor_ask(command, reply, sizeof(reply));
}

/* The device's x-fault property makes it misbehave. */
bool inject(const char *fault)
{
	char command[100];

	snprintf(command, sizeof(command), "qom-set /machine/peripheral/npu x-fault %s", fault);
	return monitor(command);
}

void shrink(void)
{
	file_write("/proc/sys/vm/drop_caches", "2");
}

void set_oom_score(const char *score)
{
	file_write("/proc/self/oom_score_adj", score);
}

void press(void)
{
	char *text = file_text("/proc/meminfo"), *line = strstr(text, "MemAvailable:");
	uint64_t bytes = line ? strtoull(line + 13, NULL, 10) * 512 : 0;
	pid_t pid = fork();

	free(text);
	if (!pid) {
		char *at;

		set_oom_score("1000");
		at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		_exit(at == MAP_FAILED);
	}
	waitpid(pid, NULL, 0);
}

static bool device_is_there(void)
{
	int fd = loom_open();

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The driver's link in sysfs comes before its probe is through: the node says more. */
void wait_for_device(bool there)
{
	for (int tries = 0; device_is_there() != there; tries++) {
		CHECK(tries < 400);
		usleep(50 * 1000);
	}
}

bool device_remove(void)
{
	if (!monitor("device_del npu"))
		return false;
	wait_for_device(false);
	return true;
}

void device_add(const char *options)
{
	char command[100];

	snprintf(command, sizeof(command), "device_add loom,id=npu,bus=npu-port%s%s", options[0] ? "," : "", options);
	/* refused while the machine still has the old one, and when it has the new one */
	for (int tries = 0; tries < 10 && !device_is_there(); tries++) {
		CHECK(monitor(command));
		sleep(1);
	}
	wait_for_device(true);
}

int vgem_open(void)
{
	if (system("modprobe vgem 2>/dev/null"))
		test_skip("no vgem");
	for (int i = 0; i < 16; i++) {
		char path[32], name[8] = "";
		struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem"))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	test_skip("no vgem node");
}

/* A dma-buf of pages that are a memfd's. */
int udmabuf(uint32_t pages, volatile uint32_t **map)
{
	struct udmabuf_create create = { .size = pages * PAGE };
	int node = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), fd;

	if (node < 0)
		test_skip("no udmabuf");
	create.memfd = memfd_create("dmabuf", MFD_ALLOW_SEALING);
	CHECK((int)create.memfd >= 0);
	CHECK_EQ(ftruncate(create.memfd, create.size), 0);
	CHECK_EQ(fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	*map = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, create.memfd, 0);
	CHECK(*map != MAP_FAILED);
	fd = ioctl(node, UDMABUF_CREATE, &create);
	CHECK(fd >= 0);
	close(create.memfd);
	close(node);
	return fd;
}

void sensor_path(char *path, size_t size, const char *name)
{
	char device[NAME_MAX + 1], folder[NAME_MAX + 64];
	struct dirent *entry;
	DIR *dir;

	bound_device(device, sizeof(device));
	snprintf(folder, sizeof(folder), "/sys/bus/pci/devices/%s/hwmon", device);
	dir = opendir(folder);
	if (!dir)
		test_skip("this kernel has no hwmon");
	path[0] = 0;
	while ((entry = readdir(dir))) {
		if (!strncmp(entry->d_name, "hwmon", 5)) {
			CHECK(!path[0]);
			snprintf(path, size, "%s/%s/%s", folder, entry->d_name, name);
		}
	}
	closedir(dir);
	CHECK(path[0]);
}
