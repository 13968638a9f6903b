// SPDX-License-Identifier: MIT
/* The device goes, dies, or is reset behind the driver's back, with everything in use. */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loom_test.h"

#define TIMEOUT_MS	400

/* All that may be in use: a job on a core, jobs that wait, a mapping, a dma-buf, a sync file. */
struct scene {
	struct client busy, idle;
	struct bo shared;
	int dma_buf, sync_file;
};

static struct scene scene(void)
{
	struct scene s = { .busy = client_open(), .idle = client_open() };
	struct drm_prime_handle prime = { .flags = DRM_RDWR };
	struct stream stream = hang(&s.busy);

	set_module_param("timeout_ms", 20000);
	s.shared = bo_create(s.busy.fd, PAGE, 0);
	prime.handle = s.shared.handle;
	CHECK_OK(loom_ioctl(s.busy.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	s.dma_buf = prime.fd;
	CHECK_OK(vm_map(s.busy.fd, s.busy.vm, 0x100000000, s.shared.handle, 0, PAGE, 0));
	*(volatile uint32_t *)s.shared.map = 99;
	client_serves(&s.idle);
	for (int i = 0; i < 150; i++)
		CHECK_OK(client_start(&s.busy, &stream));
	s.sync_file = syncobj_export_file(s.busy.fd, s.busy.out);
	usleep(50 * 1000);
	return s;
}

/* After the device has gone: memory and fences are as they were, calls fail. */
static void scene_is_orphan(struct scene *s)
{
	struct pollfd ended = { .fd = s->sync_file, .events = POLLIN };

	client_is_orphan(&s->busy);
	client_is_orphan(&s->idle);
	/* jobs that had not got to the hardware end in the scheduler's own time */
	CHECK_EQ(poll(&ended, 1, 5000), 1);
	CHECK(sync_file_status(s->sync_file, NULL, NULL) < 0);
	CHECK_EQ(*(volatile uint32_t *)s->shared.map, 99);
}

static void scene_close(struct scene *s)
{
	munmap(s->shared.map, s->shared.size);
	close(s->dma_buf);
	close(s->sync_file);
	client_close(&s->busy);
	client_close(&s->idle);
}

/* Registers that read all ones, whatever is done: the device is given up, and nobody waits for ever. */
TEST_WITHIN(dead_registers, 60)
{
	struct scene s = scene();
	char device[NAME_MAX + 1];
	uint32_t queue;

	bound_device(device, sizeof(device));
	set_module_param("timeout_ms", TIMEOUT_MS);
	if (!inject("dead-mmio"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	CHECK_OK(syncobj_wait(s.busy.fd, s.busy.out, deadline(20 * SECOND)));
	CHECK(sync_file_status(s.sync_file, NULL, NULL) < 0);
	CHECK(queue_state(s.busy.fd, s.busy.queue).state);
	CHECK_RET(queue_create_prio(s.idle.fd, s.idle.vm, 0, &queue), -ENODEV);
	CHECK_OK(vm_unmap(s.idle.fd, s.idle.vm, DATA_VA, PAGE));
	free(debug_text("registers"));

	file_write(DRIVER "/unbind", device);
	scene_is_orphan(&s);
	CHECK(inject("none"));
	file_write(DRIVER "/bind", device);
	serves_anew();
	scene_close(&s);
	serves_anew();
}

/* The same, noticed by nobody before the driver is told to go. */
TEST_WITHIN(unbind_from_dead_registers, 60)
{
	struct scene s = scene();
	char device[NAME_MAX + 1];
	int64_t start;

	bound_device(device, sizeof(device));
	if (!inject("dead-mmio"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	start = now_ns();
	file_write(DRIVER "/unbind", device);
	CHECK(now_ns() - start < 10 * SECOND);
	scene_is_orphan(&s);
	CHECK(inject("none"));
	file_write(DRIVER "/bind", device);
	serves_anew();
	scene_close(&s);
}

static uint32_t resets(int fd)
{
	struct drm_loom_query_health health;

	loom_query(fd, DRM_LOOM_QUERY_HEALTH, &health, sizeof(health));
	return health.resets;
}

/* A reset by sysfs: what was on a core ends with an error, the rest goes on as if nothing had been. */
TEST_WITHIN(function_level_reset, 60)
{
	char device[64], path[128];

	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", device);
	if (access(path, W_OK))
		test_skip("the device cannot be reset by itself");
	for (int i = 0; i < 5; i++) {
		struct scene s = scene();
		uint32_t before = resets(s.idle.fd);

		file_write(path, "1");
		CHECK_OK(syncobj_wait(s.busy.fd, s.busy.out, deadline(5 * SECOND)));
		CHECK_EQ(queue_state(s.busy.fd, s.busy.queue).state,
			 DRM_LOOM_QUEUE_STATE_RESET | DRM_LOOM_QUEUE_STATE_INNOCENT);
		CHECK_EQ(queue_state(s.idle.fd, s.idle.queue).state, 0);
		client_serves(&s.idle);
		CHECK_EQ(resets(s.idle.fd), before + 1);
		serves_anew();
		scene_close(&s);
	}
}

/* Resets while jobs come in: each ends, right or told. */
TEST_WITHIN(reset_under_load, 60)
{
	char device[64], path[128];
	pid_t resetter;

	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", device);
	if (access(path, W_OK))
		test_skip("the device cannot be reset by itself");
	resetter = fork();
	if (!resetter) {
		for (;;) {
			file_write(path, "1");
			usleep(100 * 1000);
		}
	}
	for (int64_t end = deadline(4 * SECOND); now_ns() < end;) {
		struct client c = client_open();
		struct stream s = store_word(&c, DATA_VA, 5);

		for (int i = 0; i < 20; i++) {
			int status;

			if (client_start(&c, &s))
				break;
			CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
			status = syncobj_status(c.fd, c.out);
			CHECK(status == 1 || status == -EIO || status == -ECANCELED);
			if (status == 1)
				CHECK_EQ(*(volatile uint32_t *)c.data.map, 5);
		}
		client_close(&c);
	}
}

/* The kernel is told that the function is gone, and finds it again. */
TEST_WITHIN(remove_and_rescan, 60)
{
	struct scene s = scene();
	char device[64], path[128];

	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", device);
	file_write(path, "1");
	CHECK(loom_open() < 0);
	scene_is_orphan(&s);
	file_write("/sys/bus/pci/rescan", "1");
	wait_for_device(true);
	serves_anew();
	scene_close(&s);
	serves_anew();
}

/* The machine takes the device out, and puts another in. */
TEST_WITHIN(hot_unplug, 90)
{
	for (int i = 0; i < 2; i++) {
		struct scene s = scene();
		struct pollfd ended;

		if (!device_remove())
			test_skip("no monitor to take the device out by (LOOM_MONITOR)");
		/* the kernel removes it in its own time */
		ended = (struct pollfd){ .fd = s.sync_file, .events = POLLIN };
		CHECK_EQ(poll(&ended, 1, 20000), 1);
		scene_is_orphan(&s);
		device_add("");
		serves_anew();
		scene_close(&s);
	}
	serves_anew();
}

/* Removal waits for calls that are inside: one that failed and forgot to leave would hold it for ever. */
TEST_WITHIN(unbind_after_errors, 60)
{
	struct client c = client_open();
	char device[NAME_MAX + 1];
	int status;
	pid_t pid;

	fail_in_all_ways(&c);
	bound_device(device, sizeof(device));
	pid = fork();
	if (!pid) {
		file_write(DRIVER "/unbind", device);
		_exit(0);
	}
	for (int tries = 0; waitpid(pid, &status, WNOHANG) != pid; tries++) {
		CHECK(tries < 200);
		usleep(100 * 1000);
	}
	CHECK_EQ(status, 0);
	file_write(DRIVER "/bind", device);
	serves_anew();
}
