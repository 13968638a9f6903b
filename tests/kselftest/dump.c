// SPDX-License-Identifier: MIT
/* What recovery leaves for people and programs: dumps in /sys/class/devcoredump, uevents, counts. */
#include <dirent.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loom_test.h"

#define DUMPS		"/sys/class/devcoredump"
#define NO_MONITOR	"no monitor to inject faults by (LOOM_MONITOR)"

/* How many dumps there are, and the path of one. */
static int dumps(char *path, size_t size)
{
	DIR *dir = opendir(DUMPS);
	struct dirent *entry;
	int count = 0;

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "devcd", 5))
			continue;
		count++;
		snprintf(path, size, DUMPS "/%.32s/data", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return count;
}

/* Of the only dump that there may be; false where there is none. */
static bool dump_path(char *path, size_t size)
{
	int count = dumps(path, size);

	CHECK(count <= 1);
	return count;
}

/* Whoever has read a dump says so by writing to it. Devices that are gone may have left theirs. */
static void dump_drop(void)
{
	char path[128];

	if (access(DUMPS, F_OK))
		test_skip("this kernel has no devcoredump");
	/* one that is being made comes first */
	usleep(200 * 1000);
	for (int tries = 0; dumps(path, sizeof(path)); tries++) {
		int fd = open(path, O_WRONLY);

		CHECK(tries < 200);
		if (fd >= 0) {
			CHECK_EQ(write(fd, "1", 1), 1);
			close(fd);
		}
		usleep(10 * 1000);
	}
}

static char *dump_read(void)
{
	char path[128];

	for (int tries = 0; !dump_path(path, sizeof(path)); tries++) {
		CHECK(tries < 500);
		usleep(10 * 1000);
	}
	return file_text(path);
}

/* The sections are there in their order, and all lines are of the forms that the format has. */
static void dump_check(const char *text)
{
	static const char * const sections[] = { "\n[header]\n", "\n[descriptor]\n", "\n[queues]\n",
						 "\n[firmware]\n", "\n[registers]\n", "\n[log]\n",
						 "\n[end]\n" };
	const char *at = text;

	CHECK(!strncmp(text, "loom-coredump 1\n", 16));
	for (unsigned int i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		at = strstr(at, sections[i]);
		if (!at)
			test_fail(__FILE__, __LINE__, "no %s in its place in:\n%.3000s",
				  sections[i], text);
	}
	CHECK_EQ(strlen(at), strlen("\n[end]\n"));
}

static void check_has(const char *text, const char *what)
{
	if (!strstr(text, what))
		test_fail(__FILE__, __LINE__, "no '%s' in:\n%.3000s", what, text);
}

/* The first bytes of the descriptor section. */
static void dump_descriptor(const char *text, unsigned char *bytes, unsigned int count)
{
	const char *at = strstr(text, "\n0000: ");

	if (!at)
		test_fail(__FILE__, __LINE__, "no descriptor in:\n%.1500s", text);
	at += strlen("\n0000: ");
	for (unsigned int i = 0; i < count; i++)
		CHECK_EQ(sscanf(at + 3 * i, "%2hhx", &bytes[i]), 1);
}

TEST(dump_of_a_fault)
{
	struct client c = client_open();
	struct stream s = client_stream(&c);
	unsigned char bytes[16];
	char line[64], *text;

	dump_drop();
	st_fill(&s, 0, 1, 1);
	st_op(&s, LOOM_OP_BARRIER);
	st_load(&s, 0x7000000000, 0, 1);
	st_op(&s, LOOM_OP_END);
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	text = dump_read();
	dump_check(text);
	check_has(text, "\nwhy: a job faulted\n");
	check_has(text, "\nnote: from the descriptor that faulted\n");
	snprintf(line, sizeof(line), "\nva: %#llx\n", CODE_VA + 3 * LOOM_SLOT_BYTES);
	check_has(text, line);
	dump_descriptor(text, bytes, sizeof(bytes));
	CHECK(!memcmp(bytes, (char *)c.code.map + 3 * LOOM_SLOT_BYTES, sizeof(bytes)));
	check_has(text, " job 0 status 3 code 1 va 0x7000000000 slot 3 ");
	check_has(text, " MAGIC 0x4d4f4f4c\n");
	check_has(text, "loom firmware ");
	dump_drop();
}

/* The firmware writes its line after the record that the driver acts upon: sure to be there is an earlier job's. */
TEST(dump_has_the_log)
{
	char *text = NULL;

	for (int i = 0; i < 2; i++) {
		struct client c = client_open();

		dump_drop();
		CHECK_OK(submit_one(c.fd, c.queue, 0x5000000000, 4, c.out));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
		free(text);
		text = dump_read();
		client_close(&c);
	}
	check_has(text, ": job 0 ended with status 3");
	dump_drop();
}

TEST(dump_of_a_hang)
{
	struct client c = client_open();
	struct stream s = hang(&c);
	unsigned char bytes[16];
	char *text;

	dump_drop();
	set_module_param("timeout_ms", 200);
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
	text = dump_read();
	dump_check(text);
	check_has(text, "\nwhy: a job timed out\n");
	check_has(text, "\nnote: from the job's first: where it hung is not known\n");
	check_has(text, "\nva: 0x10000000\n");
	dump_descriptor(text, bytes, sizeof(bytes));
	CHECK(!memcmp(bytes, c.code.map, sizeof(bytes)));
	check_has(text, " stream_va 0x10000000 stream_slots 2\n");
	dump_drop();
}

/* A stream in memory of others, or that is not mapped any more, is said not to be there. */
TEST(dump_without_descriptor)
{
	struct client c = client_open();
	char *text;

	dump_drop();
	CHECK_OK(submit_one(c.fd, c.queue, 0x5000000000, 4, c.out));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	text = dump_read();
	dump_check(text);
	check_has(text, "\nnote: not read: not mapped\nva: 0x5000000000\nbytes: 0\n");
	dump_drop();
}

/* A stream in somebody else's memory is executed, and not read for a dump. */
TEST(dump_of_a_foreign_stream)
{
	struct client c = client_open();
	volatile uint32_t *map;
	struct drm_prime_handle prime = { .fd = udmabuf(1, &map) };
	struct stream s = stream((void *)map, PAGE);
	char *text;

	dump_drop();
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	CHECK_OK(vm_map(c.fd, c.vm, 0x400000000, prime.handle, 0, PAGE, DRM_LOOM_BIND_READONLY));
	st_load(&s, 0x7000000000, 0, 1);
	st_op(&s, LOOM_OP_END);
	CHECK_OK(submit_one(c.fd, c.queue, 0x400000000, s.slots, c.out));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -EFAULT);
	text = dump_read();
	dump_check(text);
	check_has(text, "\nnote: not read: not the driver's own pages\n");
	check_has(text, "\nbytes: 0\n");
	dump_drop();
}

/* While one waits to be read, there is no other; the next is there after it. */
TEST(one_dump_at_a_time)
{
	char *first, *again;

	dump_drop();
	for (int i = 0; i < 5; i++) {
		struct client c = client_open();

		CHECK_OK(submit_one(c.fd, c.queue, 0x5000000000 + i * PAGE, 4, c.out));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
		free(dump_read());
		client_close(&c);
	}
	first = dump_read();
	dump_check(first);
	check_has(first, "va: 0x5000000000\n");
	again = dump_read();
	CHECK(!strcmp(first, again));
	dump_drop();
}

TEST(dump_of_dead_firmware)
{
	struct client c = client_open();
	char *text;

	dump_drop();
	if (!inject("fw-crash"))
		test_skip(NO_MONITOR);
	client_serves(&c);
	text = dump_read();
	dump_check(text);
	check_has(text, "\nwhy: the firmware crashed\n");
	check_has(text, "\nnote: no queue is to blame\n");
	check_has(text, " BOOT_STATUS 0x00000703\n");
	dump_drop();
}

/* ---- uevents ---- */

static int uevent_listen(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	CHECK(fd >= 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool uevent_has(const char *event, int size, const char *key)
{
	for (const char *at = event; at < event + size; at += strlen(at) + 1) {
		if (!strcmp(at, key))
			return true;
	}
	return false;
}

/* The next event of a reset. */
static int uevent_reset(int fd, char *event, size_t room)
{
	int64_t end = deadline(10 * SECOND);

	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int size;

		CHECK(now_ns() < end);
		if (poll(&wait, 1, 1000) != 1)
			continue;
		size = recv(fd, event, room - 1, 0);
		CHECK(size > 0);
		event[size] = 0;
		if (uevent_has(event, size, "LOOM_EVENT=reset"))
			return size;
	}
}

TEST(uevent_of_a_reset)
{
	struct client c = client_open();
	struct drm_loom_query_health health;
	char event[4096], resets[32];
	int fd = uevent_listen(), size;

	if (!inject("fw-crash"))
		test_skip(NO_MONITOR);
	client_serves(&c);
	size = uevent_reset(fd, event, sizeof(event));
	loom_query(c.fd, DRM_LOOM_QUERY_HEALTH, &health, sizeof(health));
	snprintf(resets, sizeof(resets), "LOOM_RESETS=%u", health.resets);
	CHECK(!strncmp(event, "change@", 7));
	CHECK(strstr(event, "/accel/accel"));
	CHECK(uevent_has(event, size, "SUBSYSTEM=accel"));
	CHECK(uevent_has(event, size, "LOOM_WHY=the firmware crashed"));
	CHECK(uevent_has(event, size, "LOOM_RESULT=ok"));
	CHECK(uevent_has(event, size, "WEDGED=none"));
	CHECK(uevent_has(event, size, resets));
	dump_drop();
}

/* A device that does not come back is told too. */
TEST_WITHIN(uevent_of_the_end, 60)
{
	struct client c = client_open();
	char event[4096], device[64];
	int fd = uevent_listen(), size;

	bound_device(device, sizeof(device));
	if (!inject("boot-dead"))
		test_skip(NO_MONITOR);
	CHECK(inject("fw-crash"));
	size = uevent_reset(fd, event, sizeof(event));
	CHECK(uevent_has(event, size, "LOOM_RESULT=given-up"));
	CHECK(uevent_has(event, size, "WEDGED=rebind"));
	CHECK(inject("none"));
	client_close(&c);
	dump_drop();
	file_write(DRIVER "/unbind", device);
	file_write(DRIVER "/bind", device);
	serves_anew();
}

/* ---- counts ---- */

TEST(counts_by_level)
{
	struct client hung = client_open(), bad = client_open(), c = client_open();
	unsigned int stops = recovery_count("queue_stops"), resets = recovery_count("device_resets");
	unsigned int timeouts = recovery_count("job_timeouts");
	unsigned int faults = recovery_count("job_faults");
	struct stream s = hang(&hung);

	set_module_param("timeout_ms", 200);
	CHECK_OK(client_start(&hung, &s));
	CHECK_OK(syncobj_wait(hung.fd, hung.out, deadline(10 * SECOND)));
	CHECK_EQ(recovery_count("job_timeouts"), timeouts + 1);
	CHECK_EQ(recovery_count("queue_stops"), stops + 1);
	CHECK_OK(submit_one(bad.fd, bad.queue, 0x5000000000, 4, bad.out));
	CHECK_OK(syncobj_wait(bad.fd, bad.out, deadline(5 * SECOND)));
	CHECK_EQ(recovery_count("job_faults"), faults + 1);
	CHECK_EQ(recovery_count("queue_stops"), stops + 2);
	CHECK_EQ(recovery_count("device_resets"), resets);
	if (!inject("fw-crash"))
		test_skip(NO_MONITOR);
	client_serves(&c);
	CHECK_EQ(recovery_count("device_resets"), resets + 1);
	CHECK_EQ(recovery_count("queue_stops"), stops + 2);
	dump_drop();
}
