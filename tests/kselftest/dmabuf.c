// SPDX-License-Identifier: MIT
/* Buffers of others: dma-bufs of udmabuf and vgem imported, and ours seen from there. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loom_test.h"

#define FOREIGN_VA	0x400000000ull
#define FOREIGN_PAGES	8

/* The device reads and writes pages that another driver owns. */
TEST(import_udmabuf)
{
	struct client c = client_open();
	volatile uint32_t *map;
	int dma_buf = udmabuf(FOREIGN_PAGES, &map);
	uint32_t handle = bo_import(c.fd, dma_buf);
	struct drm_loom_bo_mmap_offset offset = { .handle = handle };
	struct stream s;

	close(dma_buf);
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &offset), -EINVAL);
	CHECK_OK(vm_map(c.fd, c.vm, FOREIGN_VA, handle, 0, FOREIGN_PAGES * PAGE, 0));
	CHECK_RET(vm_map(c.fd, c.vm, FOREIGN_VA, handle, PAGE, FOREIGN_PAGES * PAGE, 0), -EINVAL);
	for (int i = 0; i < 64; i++)
		map[5 * 1024 + i] = 7 * i;
	s = copy_words(&c, FOREIGN_VA + 7 * PAGE, FOREIGN_VA + 5 * PAGE, 64);
	client_run(&c, &s);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(map[7 * 1024 + i], 7 * i);

	/* the handle goes: the mapping has the buffer */
	gem_close(c.fd, handle);
	map[5 * 1024] = 4711;
	client_run(&c, &s);
	CHECK_EQ(map[7 * 1024], 4711);
	CHECK_OK(vm_unmap(c.fd, c.vm, FOREIGN_VA, FOREIGN_PAGES * PAGE));
}

TEST(import_is_busy_with_the_vm)
{
	struct client c = client_open();
	volatile uint32_t *map;
	uint32_t handle = bo_import(c.fd, udmabuf(FOREIGN_PAGES, &map));
	struct stream s = hang(&c);

	CHECK_OK(vm_map(c.fd, c.vm, FOREIGN_VA, handle, 0, PAGE, 0));
	CHECK_OK(client_start(&c, &s));
	CHECK_RET(bo_wait(c.fd, handle, 0), -ETIMEDOUT);
	CHECK_OK(queue_destroy(c.fd, c.queue));
	CHECK_OK(bo_wait(c.fd, handle, deadline(5 * SECOND)));
}

/* The driver goes while buffers of others are mapped; their owner keeps them. */
TEST_WITHIN(unbind_with_imports, 60)
{
	struct client c = client_open();
	volatile uint32_t *map;
	int dma_buf = udmabuf(FOREIGN_PAGES, &map);
	uint32_t handle = bo_import(c.fd, dma_buf);
	struct drm_prime_handle prime = { .fd = dma_buf };
	char device[NAME_MAX + 1];

	CHECK_OK(vm_map(c.fd, c.vm, FOREIGN_VA, handle, 0, PAGE, 0));
	map[0] = 12;
	bound_device(device, sizeof(device));
	file_write(DRIVER "/unbind", device);
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), -ENODEV);
	file_write(DRIVER "/bind", device);
	client_close(&c);
	CHECK_EQ(map[0], 12);
	c = client_open();
	handle = bo_import(c.fd, dma_buf);
	CHECK_OK(vm_map(c.fd, c.vm, FOREIGN_VA, handle, 0, PAGE, 0));
	client_serves(&c);
}

/* Between two files of ours there is one buffer, and one file knows it by one handle. */
TEST(between_files)
{
	struct client a = client_open(), b = client_open();
	struct bo bo = bo_create(a.fd, PAGE, 0);
	struct drm_prime_handle prime = { .handle = bo.handle, .flags = DRM_RDWR };
	uint32_t there;
	struct stream s;

	CHECK_OK(loom_ioctl(a.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	CHECK_EQ(bo_import(a.fd, prime.fd), bo.handle);
	there = bo_import(b.fd, prime.fd);
	CHECK_EQ(bo_import(b.fd, prime.fd), there);
	close(prime.fd);
	CHECK_OK(vm_map(b.fd, b.vm, FOREIGN_VA, there, 0, PAGE, 0));
	s = store_word(&b, FOREIGN_VA + 8, 321);
	client_run(&b, &s);
	CHECK_EQ(((volatile uint32_t *)bo.map)[2], 321);
}

TEST(private_buffers_stay_private)
{
	struct client c = client_open();
	struct drm_prime_handle prime = { .handle = c.data.handle, .flags = DRM_RDWR };

	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), -EPERM);
}

TEST(import_vgem)
{
	struct client c = client_open();
	struct drm_mode_create_dumb dumb = { .width = 1024, .height = 4, .bpp = 32 };
	struct drm_mode_map_dumb where = {};
	struct drm_prime_handle prime = { .flags = DRM_RDWR };
	int vgem = vgem_open();
	volatile uint32_t *map;
	struct stream s;

	CHECK_OK(loom_ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb));
	where.handle = dumb.handle;
	CHECK_OK(loom_ioctl(vgem, DRM_IOCTL_MODE_MAP_DUMB, &where));
	map = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, vgem, where.offset);
	CHECK(map != MAP_FAILED);
	prime.handle = dumb.handle;
	CHECK_OK(loom_ioctl(vgem, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	CHECK_OK(vm_map(c.fd, c.vm, FOREIGN_VA, bo_import(c.fd, prime.fd), 0, dumb.size, 0));
	map[0] = 808;
	s = copy_words(&c, FOREIGN_VA + PAGE, FOREIGN_VA, 1);
	client_run(&c, &s);
	CHECK_EQ(map[1024], 808);
}

/* The other way: vgem holds our buffer when all else of ours has gone. */
TEST(vgem_keeps_ours)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, PAGE, 0);
	struct drm_prime_handle prime = { .handle = bo.handle, .flags = DRM_RDWR };
	int vgem = vgem_open();
	volatile uint32_t *map;

	*(volatile uint32_t *)bo.map = 909;
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	CHECK(bo_import(vgem, prime.fd));
	munmap(bo.map, bo.size);
	client_close(&c);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, prime.fd, 0);
	CHECK(map != MAP_FAILED);
	close(prime.fd);
	CHECK_EQ(*map, 909);
	munmap((void *)map, PAGE);
	close(vgem);
}
