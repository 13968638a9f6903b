// SPDX-License-Identifier: MIT
/* The driver goes and comes back: unbind with everything open, unload and load. */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loom_test.h"

static bool have_module(void)
{
	return !access("/sys/module/loom/refcnt", F_OK);
}

static int module_refs(void)
{
	FILE *file = fopen("/sys/module/loom/refcnt", "r");
	int refs = -1;

	CHECK(file);
	CHECK_EQ(fscanf(file, "%d", &refs), 1);
	fclose(file);
	return refs;
}

/* Every ioctl fails once before: one that forgot to leave would keep unbind waiting for ever. */
static void fail_everywhere(struct client *c)
{
	struct drm_loom_dev_query query = { .type = 99 };
	struct drm_loom_vm_create vm = { .flags = 1 };
	struct drm_loom_bo_create bo = {};
	uint32_t queue;

	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_DEV_QUERY, &query), -EINVAL);
	query = (struct drm_loom_dev_query){ DRM_LOOM_QUERY_INFO, 8, 8 };
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_DEV_QUERY, &query), -EFAULT);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_VM_CREATE, &vm), -EINVAL);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_BO_CREATE, &bo), -EINVAL);
	CHECK_RET(vm_destroy(c->fd, 99), -ENOENT);
	CHECK_RET(vm_map(c->fd, 99, DATA_VA, c->data.handle, 0, PAGE, 0), -ENOENT);
	CHECK_RET(vm_map(c->fd, c->vm, DATA_VA, 9999, 0, PAGE, 0), -ENOENT);
	CHECK_RET(vm_map(c->fd, c->vm, DATA_VA + 1, c->data.handle, 0, PAGE, 0), -EINVAL);
	CHECK_RET(queue_create_prio(c->fd, 99, 0, &queue), -ENOENT);
	CHECK_RET(queue_create_prio(c->fd, c->vm, 99, &queue), -EINVAL);
	CHECK_RET(queue_destroy(c->fd, 99), -ENOENT);
	CHECK_RET(submit_one(c->fd, 99, CODE_VA, 1, 0), -ENOENT);
	CHECK_RET(submit_one(c->fd, c->queue, CODE_VA + 1, 1, 0), -EINVAL);
	CHECK_RET(bo_wait(c->fd, 9999, 0), -ENOENT);
}

/* Files, mappings, a dma-buf, syncobjs and a job on the hardware are there while the driver goes. */
TEST_WITHIN(unbind_with_open_files, 60)
{
	struct client c = client_open(), idle = client_open();
	struct bo shared = bo_create(c.fd, PAGE, 0);
	struct drm_prime_handle prime = { .handle = shared.handle, .flags = DRM_RDWR };
	volatile uint32_t *data = c.data.map;
	struct stream s = hang(&c);
	struct pollfd ended = { .events = POLLIN };
	char device[NAME_MAX + 1];
	int sync_fd;

	bound_device(device, sizeof(device));
	CHECK_OK(vm_map(c.fd, c.vm, 0x100000000, shared.handle, 0, PAGE, 0));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	*(volatile uint32_t *)shared.map = 99;
	data[0] = 42;
	fail_everywhere(&c);
	for (int i = 0; i < 150; i++)
		CHECK_OK(client_start(&c, &s));
	sync_fd = syncobj_export_file(c.fd, c.out);

	file_write(DRIVER "/unbind", device);
	client_is_orphan(&c);
	/* jobs that had not got to the hardware end in the scheduler's own time */
	ended.fd = sync_fd;
	CHECK_EQ(poll(&ended, 1, 5000), 1);
	CHECK_EQ(sync_file_status(sync_fd, NULL, NULL), -ENODEV);
	CHECK_EQ(data[0], 42);
	data[1] = 43;
	CHECK_EQ(*(volatile uint32_t *)shared.map, 99);

	/* the driver comes back before the old file is closed */
	file_write(DRIVER "/bind", device);
	serves_anew();
	client_is_orphan(&c);
	client_close(&c);
	munmap(shared.map, shared.size);
	close(prime.fd);
	close(sync_fd);
	client_close(&idle);
	serves_anew();
}

TEST_WITHIN(bind_and_unbind, 120)
{
	char device[NAME_MAX + 1];

	bound_device(device, sizeof(device));
	for (int i = 0; i < 10; i++) {
		file_write(DRIVER "/unbind", device);
		CHECK(loom_open() < 0);
		file_write(DRIVER "/bind", device);
		serves_anew();
	}
}

TEST_WITHIN(unload_and_load, 120)
{
	if (!have_module())
		test_skip("the driver is not a module");
	for (int i = 0; i < 5; i++) {
		serves_anew();
		/* a file that was closed holds nothing back */
		CHECK_EQ(module_refs(), 0);
		CHECK_EQ(system("rmmod loom"), 0);
		CHECK(loom_open() < 0);
		CHECK_EQ(system("modprobe loom"), 0);
	}
	serves_anew();
}

TEST_WITHIN(unload_is_refused_while_in_use, 60)
{
	struct client c;
	struct stream s;
	int sync_fd;

	if (!have_module())
		test_skip("the driver is not a module");
	c = client_open();
	s = store_word(&c, DATA_VA, 1);
	client_run(&c, &s);
	sync_fd = syncobj_export_file(c.fd, c.out);
	CHECK(system("rmmod loom 2>/dev/null") != 0);
	client_close(&c);

	/* the fence in the sync file is code of the module's */
	CHECK(system("rmmod loom 2>/dev/null") != 0);
	CHECK_EQ(sync_file_status(sync_fd, NULL, NULL), 1);
	close(sync_fd);
	usleep(300 * 1000);
	CHECK_EQ(system("rmmod loom && modprobe loom"), 0);
	serves_anew();
}
