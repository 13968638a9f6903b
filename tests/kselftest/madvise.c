// SPDX-License-Identifier: MIT
/* BO_MADVISE, and the shrinker that takes what nobody needs. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "loom_test.h"

#define VA	0x400000000ull
#define SIZE	(64 * PAGE)

/* A buffer whose words are their index, with pages that only its DMA mapping holds. */
static uint32_t unused_buffer(struct client *c, uint64_t size, uint32_t vm)
{
	struct bo bo = bo_create(c->fd, size, vm);

	for (uint64_t i = 0; i < size / 4; i += 16)
		((volatile uint32_t *)bo.map)[i] = i + 1;
	CHECK_OK(vm_map(c->fd, c->vm, VA, bo.handle, 0, size, 0));
	CHECK_OK(vm_unmap(c->fd, c->vm, VA, size));
	munmap(bo.map, size);
	return bo.handle;
}

/* The contents, or zeros. */
static void check_contents(struct client *c, uint32_t handle, uint64_t size, bool there)
{
	volatile uint32_t *map = bo_map(c->fd, handle, size);

	for (uint64_t i = 0; i < size / 4; i += 16)
		CHECK_EQ(map[i], there ? i + 1 : 0);
	munmap((void *)map, size);
}

TEST(kept_unless_told)
{
	struct client c = client_open();
	uint32_t handle = unused_buffer(&c, SIZE, 0), other = unused_buffer(&c, SIZE, c.vm);

	shrink();
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_WILLNEED), 1);
	check_contents(&c, handle, SIZE, true);
	CHECK_EQ(advise(c.fd, other, DRM_LOOM_ADVICE_DONTNEED), 1);
	CHECK_EQ(advise(c.fd, other, DRM_LOOM_ADVICE_WILLNEED), 1);
	shrink();
	CHECK_EQ(advise(c.fd, other, DRM_LOOM_ADVICE_WILLNEED), 1);
	check_contents(&c, other, SIZE, true);
}

static void check_taken(uint32_t (*vm_of)(struct client *))
{
	struct client c = client_open();
	uint32_t handle = unused_buffer(&c, SIZE, vm_of(&c));
	struct stream s;

	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_DONTNEED), 1);
	shrink();
	/* it is said until somebody says that it is needed, and then no more */
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_DONTNEED), 0);
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_WILLNEED), 0);
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_WILLNEED), 1);
	check_contents(&c, handle, SIZE, false);

	/* and it is a buffer like any other */
	CHECK_OK(vm_map(c.fd, c.vm, VA, handle, 0, SIZE, 0));
	s = store_word(&c, VA + PAGE, 17);
	client_run(&c, &s);
	CHECK_EQ(((volatile uint32_t *)bo_map(c.fd, handle, SIZE))[1024], 17);
	shrink();
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_WILLNEED), 1);
}

static uint32_t any_vm(struct client *c)
{
	(void)c;
	return 0;
}

static uint32_t own_vm(struct client *c)
{
	return c->vm;
}

TEST(taken)
{
	check_taken(any_vm);
}

TEST(taken_private)
{
	check_taken(own_vm);
}

/* Not while somebody can see it: a VM, even one with a job on the hardware; a CPU; an importer's mapping. */
TEST(kept_while_mapped)
{
	struct client c = client_open();
	uint32_t handle = unused_buffer(&c, SIZE, 0);
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_RDWR };
	void *map = bo_map(c.fd, handle, SIZE);
	struct stream s = hang(&c);

	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_DONTNEED), 1);
	shrink();
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_DONTNEED), 1);
	munmap(map, SIZE);

	CHECK_OK(vm_map(c.fd, c.vm, VA, handle, PAGE, PAGE, 0));
	CHECK_OK(client_start(&c, &s));
	shrink();
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_DONTNEED), 1);
	CHECK_OK(vm_unmap(c.fd, c.vm, VA, PAGE));

	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	map = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, prime.fd, 0);
	CHECK(map != MAP_FAILED);
	shrink();
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_DONTNEED), 1);
	munmap(map, SIZE);
	check_contents(&c, handle, SIZE, true);

	shrink();
	CHECK_EQ(advise(c.fd, handle, DRM_LOOM_ADVICE_WILLNEED), 0);
}

TEST(errors)
{
	struct client c = client_open();
	uint32_t retained;

	CHECK_RET(bo_madvise(c.fd, 9999, DRM_LOOM_ADVICE_WILLNEED, &retained), -ENOENT);
	CHECK_RET(bo_madvise(c.fd, c.data.handle, 2, &retained), -EINVAL);
	CHECK_RET(bo_madvise(c.fd, c.data.handle, 1u << 31, &retained), -EINVAL);
}

/* More than the machine has, if what is not needed were kept. */
TEST_WITHIN(under_pressure, 120)
{
	struct client c = client_open();
	const uint64_t size = 32ull << 20;
	struct sysinfo info;
	uint32_t *handles, count, lost = 0;

	CHECK_EQ(sysinfo(&info), 0);
	count = (uint64_t)info.totalram * info.mem_unit / size + 4;
	handles = calloc(count, sizeof(*handles));
	for (uint32_t i = 0; i < count; i++) {
		handles[i] = unused_buffer(&c, size, i % 2 ? c.vm : 0);
		advise(c.fd, handles[i], DRM_LOOM_ADVICE_DONTNEED);
	}
	for (uint32_t i = 0; i < count; i++) {
		bool kept = advise(c.fd, handles[i], DRM_LOOM_ADVICE_WILLNEED);

		lost += !kept;
		if (i >= count - 2 && kept)
			check_contents(&c, handles[i], size, true);
		gem_close(c.fd, handles[i]);
	}
	CHECK(lost >= 2);
	client_serves(&c);
}

/* Buffers come into use while the shrinker looks at them: what is mapped has the right contents. */
TEST_WITHIN(races_with_bind, 60)
{
	struct client c = client_open();
	uint32_t handle = unused_buffer(&c, SIZE, 0), losses = 0, round = 0;
	pid_t shrinker = fork();

	if (!shrinker) {
		for (;;)
			shrink();
	}
	/* on and on, on a busy machine, until the shrinker has come between at least once */
	for (int64_t end = deadline(3 * SECOND); now_ns() < end || !losses; round++) {
		struct stream s;

		advise(c.fd, handle, DRM_LOOM_ADVICE_DONTNEED);
		usleep(round % 16 * 1000);
		CHECK_OK(vm_map(c.fd, c.vm, VA, handle, 0, SIZE, 0));
		losses += !advise(c.fd, handle, DRM_LOOM_ADVICE_WILLNEED);
		advise(c.fd, handle, DRM_LOOM_ADVICE_DONTNEED);
		s = store_word(&c, VA + 5 * PAGE, losses + 7);
		client_run(&c, &s);
		s = copy_words(&c, DATA_VA, VA + 5 * PAGE, 1);
		client_run(&c, &s);
		CHECK_EQ(*(volatile uint32_t *)c.data.map, losses + 7);
		CHECK_OK(vm_unmap(c.fd, c.vm, VA, SIZE));
	}
}
