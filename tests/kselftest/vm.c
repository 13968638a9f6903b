// SPDX-License-Identifier: MIT
/* VM_BIND: ranges, unmapping of parts, replacing, read-only, huge pages, lifetime. */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loom_test.h"

#define TEST_VA		0x100000000ull

TEST(ranges)
{
	struct client c = client_open();
	struct drm_loom_query_info info;
	uint32_t h = c.data.handle;

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));

	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA, h, 0, 0, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA + 1, h, 0, PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA + 2048, h, 0, PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA, h, 0, PAGE + 1, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA, h, 1, PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA, h, 0, DATA_SIZE + PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA, h, PAGE, DATA_SIZE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA, h, DATA_SIZE, PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA, h, -PAGE, 2 * PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, 0, h, 0, PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, info.va_start - PAGE, h, 0, 2 * PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, info.va_end, h, 0, PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, info.va_end - PAGE, h, 0, 2 * PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, -PAGE, h, 0, PAGE, 0), -EINVAL);
	CHECK_RET(vm_map(c.fd, c.vm, -PAGE, h, 0, 2 * PAGE, 0), -EINVAL);
	CHECK_RET(vm_unmap(c.fd, c.vm, TEST_VA, -TEST_VA), -EINVAL);
	CHECK_RET(vm_unmap(c.fd, c.vm, TEST_VA, -TEST_VA + PAGE), -EINVAL);
	CHECK_RET(vm_unmap(c.fd, c.vm, TEST_VA, 0), -EINVAL);
	CHECK_RET(vm_unmap(c.fd, c.vm, TEST_VA + 8, PAGE), -EINVAL);

	CHECK_OK(vm_map(c.fd, c.vm, info.va_start, h, 0, PAGE, 0));
	CHECK_OK(vm_map(c.fd, c.vm, info.va_end - PAGE, h, 0, PAGE, 0));
	set_word(&c.data, 8, 77);
	CHECK_EQ(device_read(&c, info.va_end - PAGE + 8), 77);
	CHECK_EQ(device_read(&c, info.va_start + 8), 77);
	CHECK_OK(vm_unmap(c.fd, c.vm, info.va_start, info.va_end - info.va_start));
}

TEST(map_and_unmap)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, PAGE, 0);

	set_word(&bo, 16, 0x12345678);
	expect_unmapped(&c, TEST_VA);
	CHECK_OK(vm_map(c.fd, c.vm, TEST_VA, bo.handle, 0, PAGE, 0));
	CHECK_EQ(device_read(&c, TEST_VA + 16), 0x12345678);
	CHECK_OK(vm_unmap(c.fd, c.vm, TEST_VA, PAGE));
	expect_unmapped(&c, TEST_VA + 16);
	/* where nothing is, nothing is to be done */
	CHECK_OK(vm_unmap(c.fd, c.vm, TEST_VA, 1024 * PAGE));
}

/*
 * What a job has translated before and comes back to is gone when the call returns. The address is of another set of the
 * TLB than those of code and data.
 */
TEST_WITHIN(unmap_under_a_job, 60)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, PAGE, 0), code = bo_create(c.fd, 64 * PAGE, c.vm);
	uint64_t va = TEST_VA + 1029 * PAGE;
	struct stream s = stream(code.map, code.size);

	CHECK_OK(vm_map(c.fd, c.vm, 0x60000000, code.handle, 0, code.size, 0));
	st_load(&s, va, 0, 1);
	st_fill(&s, 16, 7, 1);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, DATA_VA, 16, 1);
	st_op(&s, LOOM_OP_BARRIER);
	for (uint32_t i = 0; i < 900; i++)
		st_fill(&s, 1024, i, 192 * 1024);
	st_op(&s, LOOM_OP_BARRIER);
	st_load(&s, va, 0, 1);
	st_op(&s, LOOM_OP_END);
	for (int round = 0; round < 20; round++) {
		int64_t end = deadline(10 * SECOND);
		int status;

		CHECK_OK(vm_map(c.fd, c.vm, va, bo.handle, 0, PAGE, 0));
		set_word(&c.data, 0, 0);
		CHECK_OK(submit_one(c.fd, c.queue, 0x60000000, s.slots, c.out));
		while (word(&c.data, 0) != 7)
			CHECK(now_ns() < end);
		CHECK_OK(vm_unmap(c.fd, c.vm, va, PAGE));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
		status = syncobj_status(c.fd, c.out);
		if (status == -EFAULT)
			return;
		/* it was through before the call */
		CHECK_EQ(status, 1);
	}
	test_fail(__FILE__, __LINE__, "no job has noticed");
}

TEST(offset_into_the_buffer)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, 4 * PAGE, c.vm);

	for (int i = 0; i < 4; i++)
		set_word(&bo, i * PAGE, 100 + i);
	CHECK_OK(vm_map(c.fd, c.vm, TEST_VA, bo.handle, 2 * PAGE, 2 * PAGE, 0));
	CHECK_EQ(device_read(&c, TEST_VA), 102);
	CHECK_EQ(device_read(&c, TEST_VA + PAGE), 103);
	expect_unmapped(&c, TEST_VA + 2 * PAGE);
}

TEST(unmap_the_middle)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, 3 * PAGE, 0);

	for (int i = 0; i < 3; i++)
		set_word(&bo, i * PAGE, 100 + i);
	CHECK_OK(vm_map(c.fd, c.vm, TEST_VA, bo.handle, 0, 3 * PAGE, 0));
	CHECK_EQ(device_read(&c, TEST_VA + PAGE), 101);
	CHECK_OK(vm_unmap(c.fd, c.vm, TEST_VA + PAGE, PAGE));
	CHECK_EQ(device_read(&c, TEST_VA), 100);
	CHECK_EQ(device_read(&c, TEST_VA + 2 * PAGE), 102);
	expect_unmapped(&c, TEST_VA + PAGE);
}

TEST(replace_the_middle)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, 3 * PAGE, 0), other = bo_create(c.fd, 2 * PAGE, 0);

	for (int i = 0; i < 3; i++)
		set_word(&bo, i * PAGE, 100 + i);
	set_word(&other, PAGE, 200);
	CHECK_OK(vm_map(c.fd, c.vm, TEST_VA, bo.handle, 0, 3 * PAGE, 0));
	CHECK_EQ(device_read(&c, TEST_VA + PAGE), 101);
	CHECK_OK(vm_map(c.fd, c.vm, TEST_VA + PAGE, other.handle, PAGE, PAGE, 0));
	CHECK_EQ(device_read(&c, TEST_VA), 100);
	CHECK_EQ(device_read(&c, TEST_VA + PAGE), 200);
	CHECK_EQ(device_read(&c, TEST_VA + 2 * PAGE), 102);
}

TEST(readonly)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, 3 * PAGE, 0);
	struct stream s;

	set_word(&bo, PAGE, 5);
	CHECK_OK(vm_map(c.fd, c.vm, TEST_VA, bo.handle, 0, 3 * PAGE, DRM_LOOM_BIND_READONLY));
	CHECK_EQ(device_read(&c, TEST_VA + PAGE), 5);
	s = store_word(&c, TEST_VA + PAGE, 6);
	expect_fault(&c, &s, TEST_VA + PAGE, LOOM_MMU_FAULT_READ_ONLY, LOOM_ACCESS_WRITE);
	CHECK_EQ(word(&bo, PAGE), 5);

	/* what is left of it when a part is replaced is still read-only; the part is not */
	CHECK_OK(vm_map(c.fd, c.vm, TEST_VA + PAGE, bo.handle, PAGE, PAGE, 0));
	s = store_word(&c, TEST_VA + PAGE, 7);
	client_run(&c, &s);
	CHECK_EQ(word(&bo, PAGE), 7);
	s = store_word(&c, TEST_VA, 8);
	expect_fault(&c, &s, TEST_VA, LOOM_MMU_FAULT_READ_ONLY, LOOM_ACCESS_WRITE);
	s = store_word(&c, TEST_VA + 2 * PAGE, 8);
	expect_fault(&c, &s, TEST_VA + 2 * PAGE, LOOM_MMU_FAULT_READ_ONLY, LOOM_ACCESS_WRITE);
}

TEST(operations_done_are_counted)
{
	struct client c = client_open();
	struct drm_loom_bind_op ops[4];
	uint32_t count = 4;

	for (int i = 0; i < 4; i++)
		ops[i] = (struct drm_loom_bind_op){
			.bo_handle = c.data.handle, .va = TEST_VA + i * PAGE, .size = PAGE,
		};
	ops[2].size = PAGE + 4;
	CHECK_RET(vm_bind_ops(c.fd, c.vm, ops, &count), -EINVAL);
	CHECK_EQ(count, 2);
	CHECK_EQ(device_read(&c, TEST_VA + PAGE), 0xdeadbeef);	/* it is where that is written */
	expect_unmapped(&c, TEST_VA + 3 * PAGE);
	count = 0;
	CHECK_OK(vm_bind_ops(c.fd, c.vm, ops, &count));
}

/* 2 MiB pages come into being where addresses allow, and are split where a part goes. */
TEST(large)
{
	const uint64_t size = 3 * HUGE_PAGE, va = TEST_VA + HUGE_PAGE;
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, size, 0);

	for (uint64_t at = 0; at < size; at += PAGE)
		set_word(&bo, at, at / PAGE);
	CHECK_OK(vm_map(c.fd, c.vm, va, bo.handle, 0, size, 0));
	for (uint64_t at = 0; at < size; at += 37 * PAGE)
		CHECK_EQ(device_read(&c, va + at), at / PAGE);

	CHECK_OK(vm_unmap(c.fd, c.vm, va + HUGE_PAGE + 5 * PAGE, PAGE));
	expect_unmapped(&c, va + HUGE_PAGE + 5 * PAGE);
	CHECK_EQ(device_read(&c, va + HUGE_PAGE + 4 * PAGE), 512 + 4);
	CHECK_EQ(device_read(&c, va + HUGE_PAGE + 6 * PAGE), 512 + 6);
	CHECK_EQ(device_read(&c, va + 2 * HUGE_PAGE - PAGE), 1023);

	CHECK_OK(vm_map(c.fd, c.vm, va, bo.handle, 0, size, 0));
	CHECK_EQ(device_read(&c, va + HUGE_PAGE + 5 * PAGE), 512 + 5);
	CHECK_OK(vm_unmap(c.fd, c.vm, va + PAGE, size - 2 * PAGE));
	CHECK_EQ(device_read(&c, va), 0);
	CHECK_EQ(device_read(&c, va + size - PAGE), size / PAGE - 1);
	expect_unmapped(&c, va + PAGE);
	expect_unmapped(&c, va + size - 2 * PAGE);
}

TEST(private_buffers)
{
	struct client c = client_open();
	uint32_t other = vm_create(c.fd);
	struct bo bo = bo_create(c.fd, PAGE, other);
	struct drm_prime_handle prime = { .handle = bo.handle };

	CHECK_RET(vm_map(c.fd, c.vm, TEST_VA, bo.handle, 0, PAGE, 0), -EINVAL);
	CHECK_OK(vm_map(c.fd, other, TEST_VA, bo.handle, 0, PAGE, 0));
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), -EPERM);
}

TEST(mapping_keeps_the_buffer)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, PAGE, 0);

	set_word(&bo, 0, 4711);
	CHECK_OK(vm_map(c.fd, c.vm, TEST_VA, bo.handle, 0, PAGE, 0));
	munmap(bo.map, bo.size);
	gem_close(c.fd, bo.handle);
	CHECK_EQ(device_read(&c, TEST_VA), 4711);
	CHECK_OK(vm_unmap(c.fd, c.vm, TEST_VA, PAGE));
	expect_unmapped(&c, TEST_VA);
}

/* Maps buffers in both VMs where others were, which have no other reference and go. */
static void replace_buffers(int fd, const uint32_t vms[2], uint32_t number)
{
	for (;;) {
		struct bo bo = bo_create(fd, PAGE, 0);

		munmap(bo.map, bo.size);
		for (uint32_t i = 0; i < 2; i++)
			CHECK_OK(vm_map(fd, vms[(number + i) & 1], TEST_VA + number * PAGE, bo.handle, 0, PAGE, 0));
		gem_close(fd, bo.handle);
	}
}

static void submit_on(int fd, uint32_t vm, uint32_t slots)
{
	uint32_t queue = queue_create(fd, vm), out = syncobj_create(fd);

	for (;;) {
		CHECK_OK(submit_one(fd, queue, CODE_VA, slots, out));
		CHECK_OK(syncobj_wait(fd, out, deadline(20 * SECOND)));
	}
}

/*
 * Buffers go while jobs are submitted, which locks all buffers of the VM: the last reference may be that of a SUBMIT. They
 * are in two VMs, so that one SUBMIT has to give way to another, with those locked that it has got so far.
 */
TEST_WITHIN(buffers_go_while_jobs_come, 60)
{
	enum { BINDERS = 8, SUBMITTERS = 4, ALL = BINDERS + SUBMITTERS };
	int fd = loom_open();
	uint32_t vms[2] = { vm_create(fd), vm_create(fd) };
	struct bo code = bo_create(fd, PAGE, 0);
	struct stream s = stream(code.map, code.size);
	pid_t pids[ALL];
	int status;

	st_op(&s, LOOM_OP_END);
	for (uint32_t i = 0; i < 2; i++)
		CHECK_OK(vm_map(fd, vms[i], CODE_VA, code.handle, 0, PAGE, 0));
	for (uint32_t i = 0; i < ALL; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i < BINDERS)
			replace_buffers(fd, vms, i);
		else
			submit_on(fd, vms[i & 1], s.slots);
	}
	sleep(4);
	for (uint32_t i = 0; i < ALL; i++) {
		CHECK_EQ(waitpid(pids[i], &status, WNOHANG), 0);
		kill(pids[i], SIGKILL);
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
	}
	close(fd);
	serves_anew();
}

TEST(queue_keeps_the_vm)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 99);

	CHECK_OK(vm_destroy(c.fd, c.vm));
	CHECK_RET(vm_unmap(c.fd, c.vm, DATA_VA, PAGE), -ENOENT);
	client_run(&c, &s);
	CHECK_EQ(word(&c.data, 0), 99);
}

/* Random operations against a table of what should be where. */
#define RANDOM_PAGES	48u
#define RANDOM_OPS	300

TEST_WITHIN(random_operations, 120)
{
	struct client c = client_open();
	struct bo bos[2] = { bo_create(c.fd, RANDOM_PAGES * PAGE, 0),
			     bo_create(c.fd, RANDOM_PAGES * PAGE, c.vm) };
	uint32_t model[RANDOM_PAGES] = {};
	struct stream s;
	uint32_t n;

	srand(1);
	for (int b = 0; b < 2; b++) {
		for (uint32_t i = 0; i < RANDOM_PAGES; i++)
			set_word(&bos[b], i * PAGE, (b + 1) << 16 | i);
	}
	for (int i = 0; i < RANDOM_OPS; i++) {
		uint32_t at = rand() % RANDOM_PAGES, len = 1 + rand() % (RANDOM_PAGES - at);
		uint32_t offset = rand() % (RANDOM_PAGES - len + 1);
		int b = rand() % 3;

		if (b < 2)
			CHECK_OK(vm_map(c.fd, c.vm, TEST_VA + at * PAGE, bos[b].handle,
					offset * PAGE, len * PAGE, 0));
		else
			CHECK_OK(vm_unmap(c.fd, c.vm, TEST_VA + at * PAGE, len * PAGE));
		for (uint32_t p = 0; p < len; p++)
			model[at + p] = b < 2 ? (uint32_t)(b + 1) << 16 | (offset + p) : 0;
		if (i % 10 != 9)
			continue;

		/* all pages that are mapped, in one job */
		s = client_stream(&c);
		n = 0;
		for (uint32_t p = 0; p < RANDOM_PAGES; p++) {
			if (model[p])
				st_load(&s, TEST_VA + p * PAGE, 4 * n++, 1);
		}
		st_op(&s, LOOM_OP_BARRIER);
		if (n)
			st_store(&s, DATA_VA, 0, n);
		st_op(&s, LOOM_OP_END);
		client_run(&c, &s);
		n = 0;
		for (uint32_t p = 0; p < RANDOM_PAGES; p++) {
			if (model[p])
				CHECK_EQ(word(&c.data, 4 * n++), model[p]);
		}
	}
	for (uint32_t p = 0; p < RANDOM_PAGES; p++) {
		if (!model[p])
			expect_unmapped(&c, TEST_VA + p * PAGE);
	}
}
