// SPDX-License-Identifier: MIT
/* Buffers: creation, CPU mappings, waiting. */
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "loom_test.h"

TEST(create)
{
	struct drm_loom_bo_create args = { .size = 1 };
	int fd = loom_open();
	struct bo bo;

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_BO_CREATE, &args));
	CHECK_EQ(args.size, PAGE);
	bo = bo_create(fd, 5 * PAGE + 1, 0);
	CHECK_EQ(bo.size, 6 * PAGE);
	for (uint64_t i = 0; i < bo.size; i++)
		CHECK_EQ(((char *)bo.map)[i], 0);
}

TEST(sizes)
{
	static const uint64_t too_large[] = { 1ull << 40, 1ull << 63, -PAGE, -1ull };
	struct drm_loom_bo_create args = {};
	int fd = loom_open();

	CHECK_RET(loom_ioctl(fd, DRM_IOCTL_LOOM_BO_CREATE, &args), -EINVAL);
	for (unsigned int i = 0; i < sizeof(too_large) / sizeof(too_large[0]); i++) {
		args = (struct drm_loom_bo_create){ .size = too_large[i] };
		CHECK_RET(loom_ioctl(fd, DRM_IOCTL_LOOM_BO_CREATE, &args), -ENOMEM);
	}
}

/* The CPU sees what the device wrote, and the device what the CPU wrote, with nothing in between. */
TEST(coherent)
{
	struct client c = client_open();
	volatile uint32_t *data = c.data.map;
	struct stream s = copy_words(&c, DATA_VA + 4096, DATA_VA, 256);

	for (uint32_t round = 1; round <= 20; round++) {
		for (int i = 0; i < 256; i++)
			data[i] = round * 1000 + i;
		client_run(&c, &s);
		for (int i = 0; i < 256; i++)
			CHECK_EQ(data[1024 + i], round * 1000 + i);
	}
}

/* Mappings keep the file's description: so that the VM goes too, whose reservation a private buffer has, it is destroyed. */
TEST(mapping_outlives_handle_and_file)
{
	struct client c = client_open();
	volatile uint32_t *data = c.data.map;

	data[0] = 1;
	gem_close(c.fd, c.data.handle);
	data[1] = 2;
	CHECK_OK(vm_unmap(c.fd, c.vm, DATA_VA, DATA_SIZE));
	CHECK_OK(queue_destroy(c.fd, c.queue));
	CHECK_OK(vm_destroy(c.fd, c.vm));
	usleep(200 * 1000);
	close(c.fd);
	CHECK_EQ(data[0], 1);
	data[DATA_SIZE / 4 - 1] = 3;
	CHECK_EQ(data[1], 2);
}

TEST(wait_idle)
{
	struct client c = client_open();
	struct bo unused = bo_create(c.fd, PAGE, 0);

	CHECK_OK(bo_wait(c.fd, unused.handle, 0));
	CHECK_OK(bo_wait(c.fd, c.data.handle, INT64_MIN));
	CHECK_OK(bo_wait(c.fd, c.data.handle, INT64_MAX));
}

/* Private and shared buffers of the VM are busy with a job of it; others are not. */
static void on_alarm(int signal)
{
	(void)signal;
}

/* A signal ends it. */
TEST(wait_interrupted)
{
	struct client c = client_open();
	struct drm_loom_bo_wait args = { .handle = c.data.handle, .timeout_ns = deadline(20 * SECOND) };
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 50000 };
	struct stream s = hang(&c);

	CHECK_OK(client_start(&c, &s));
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	CHECK_EQ(ioctl(c.fd, DRM_IOCTL_LOOM_BO_WAIT, &args), -1);
	CHECK_EQ(errno, EINTR);
	CHECK_OK(queue_destroy(c.fd, c.queue));
}

TEST(wait_busy)
{
	struct client c = client_open();
	struct bo shared = bo_create(c.fd, PAGE, 0), unused = bo_create(c.fd, PAGE, 0);
	struct stream s = hang(&c);
	int64_t start;

	CHECK_OK(vm_map(c.fd, c.vm, 0x100000000, shared.handle, 0, PAGE, 0));
	CHECK_OK(client_start(&c, &s));
	CHECK_RET(bo_wait(c.fd, c.data.handle, 0), -ETIMEDOUT);
	CHECK_RET(bo_wait(c.fd, shared.handle, INT64_MIN), -ETIMEDOUT);
	start = now_ns();
	CHECK_RET(bo_wait(c.fd, shared.handle, start + 50 * MS), -ETIMEDOUT);
	CHECK(now_ns() >= start + 50 * MS);
	CHECK_OK(bo_wait(c.fd, unused.handle, 0));

	CHECK_OK(queue_destroy(c.fd, c.queue));
	CHECK_OK(bo_wait(c.fd, shared.handle, deadline(5 * SECOND)));
	CHECK_OK(bo_wait(c.fd, c.data.handle, deadline(5 * SECOND)));
}

TEST(dma_buf_outlives_file)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, PAGE, 0);
	struct drm_prime_handle prime = { .handle = bo.handle, .flags = DRM_RDWR };
	volatile uint32_t *map;

	*(volatile uint32_t *)bo.map = 42;
	CHECK_OK(vm_map(c.fd, c.vm, 0x100000000, bo.handle, 0, PAGE, 0));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	munmap(bo.map, bo.size);
	client_close(&c);
	map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, prime.fd, 0);
	CHECK(map != MAP_FAILED);
	CHECK_EQ(*map, 42);
	munmap((void *)map, PAGE);
	close(prime.fd);
	/* nothing is left of it among the buffers that are mapped */
	serves_anew();
}
