// SPDX-License-Identifier: MIT
/* Asynchronous VM_BIND: syncobjs in and out, order, all or nothing, and how pending calls end. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loom_test.h"

#define BIND_VA	0x100000000ull

/*
 * A client with another queue, whose job does not end before that queue is destroyed. That one's stream stays
 * where it is: what the client itself runs is at RUN_VA.
 */
#define RUN_VA	0x30000000ull

struct blocked {
	struct client c;
	uint32_t queue, fence;
};

static struct blocked blocked_open(void)
{
	struct blocked b = { .c = client_open() };
	struct client *c = &b.c;
	struct stream s = hang(c);

	b.queue = queue_create(c->fd, c->vm);
	b.fence = syncobj_create(c->fd);
	CHECK_OK(submit_one(c->fd, b.queue, CODE_VA, s.slots, b.fence));
	c->code = bo_create(c->fd, 16 * PAGE, c->vm);
	CHECK_OK(vm_map(c->fd, c->vm, RUN_VA, c->code.handle, 0, c->code.size, 0));
	return b;
}

static void unblock(struct blocked *b)
{
	CHECK_OK(queue_destroy(b->c.fd, b->queue));
}

/* As device_read(), of a client whose code is at RUN_VA. */
static uint32_t read_at(struct client *c, uint64_t va, uint32_t after)
{
	struct stream s = copy_words(c, DATA_VA, va, 1);
	struct drm_loom_sync_op syncs[] = { sync_out(c->out), sync_in(after) };
	struct drm_loom_job one = job(RUN_VA, s.slots, syncs, after ? 2 : 1);

	set_word(&c->data, 0, 0xdeadbeef);
	CHECK_OK(submit(c->fd, c->queue, &one, 1));
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(c->fd, c->out), 1);
	return word(&c->data, 0);
}

TEST(map_and_unmap)
{
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, PAGE, 0);
	uint32_t done = syncobj_create(c.fd);
	struct drm_loom_sync_op out = sync_out(done);
	struct drm_loom_bind_op op = op_map(BIND_VA, bo.handle, 0, PAGE);

	set_word(&bo, 4, 77);
	CHECK_OK(bind_async(c.fd, c.vm, &op, 1, &out, 1));
	CHECK_OK(syncobj_wait(c.fd, done, deadline(5 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, done), 1);
	CHECK_EQ(device_read(&c, BIND_VA + 4), 77);
	op = op_unmap(BIND_VA, PAGE);
	CHECK_OK(bind_async(c.fd, c.vm, &op, 1, &out, 1));
	CHECK_OK(syncobj_wait(c.fd, done, deadline(5 * SECOND)));
	expect_unmapped(&c, BIND_VA);
	CHECK_EQ(vm_state(c.fd, c.vm).state, 0);
	CHECK_EQ(vm_state(c.fd, c.vm).binds_submitted, 2);
	CHECK_EQ(vm_state(c.fd, c.vm).binds_completed, 2);

	/* without operations it is a fence after all calls before; without syncobjs too */
	CHECK_OK(bind_async(c.fd, c.vm, NULL, 0, &out, 1));
	CHECK_OK(syncobj_wait(c.fd, done, deadline(5 * SECOND)));
	CHECK_OK(bind_async(c.fd, c.vm, NULL, 0, NULL, 0));
}

/* A job waits for a call, which waits for a job: nothing is mapped before its time. */
TEST(between_jobs)
{
	struct blocked b = blocked_open();
	struct client *c = &b.c;
	struct bo bo = bo_create(c->fd, PAGE, 0);
	uint32_t mapped = syncobj_create(c->fd), line = syncobj_create(c->fd);
	struct drm_loom_sync_op syncs[] = { sync_in(b.fence), sync_out(mapped),
					    sync_point(DRM_LOOM_SYNC_SIGNAL, line, 4) };
	struct drm_loom_bind_op op = op_map(BIND_VA, bo.handle, 0, PAGE);
	char *text;

	set_word(&bo, 0, 88);
	CHECK_OK(bind_async(c->fd, c->vm, &op, 1, syncs, 3));
	CHECK_RET(syncobj_wait(c->fd, mapped, deadline(100 * MS)), -ETIME);
	CHECK_EQ(vm_state(c->fd, c->vm).binds_submitted, 1);
	CHECK_EQ(vm_state(c->fd, c->vm).binds_completed, 0);
	/* a synchronous call does not wait for it */
	CHECK_OK(vm_map(c->fd, c->vm, BIND_VA, c->data.handle, PAGE, PAGE, 0));
	text = debug_text("address_spaces");
	CHECK(strstr(text, "0x000100000000-0x000100001000 rw buffer 262144 offset 0x1000\n"));
	free(text);
	CHECK_EQ(vm_state(c->fd, c->vm).binds_completed, 0);
	unblock(&b);
	CHECK_EQ(read_at(c, BIND_VA, mapped), 88);
	CHECK_OK(syncobj_wait_point(c->fd, line, 4, 0));
}

TEST(in_order)
{
	enum { CALLS = 150 };
	struct blocked b = blocked_open();
	struct client *c = &b.c;
	struct bo bo = bo_create(c->fd, CALLS * PAGE, 0);
	uint32_t line = syncobj_create(c->fd);
	struct drm_loom_sync_op syncs[] = { sync_point(DRM_LOOM_SYNC_SIGNAL, line, 0),
					    sync_in(b.fence) };

	for (int i = 0; i < CALLS; i++) {
		struct drm_loom_bind_op ops[] = {
			op_unmap(BIND_VA, 4 * PAGE),
			op_map(BIND_VA + i % 4 * PAGE, bo.handle, i * PAGE, PAGE),
		};

		set_word(&bo, i * PAGE, 1000 + i);
		syncs[0].value = i + 1;
		CHECK_OK(bind_async(c->fd, c->vm, ops, 2, syncs, i ? 1 : 2));
	}
	/* all wait for the first, though only that waits for the job */
	CHECK_RET(syncobj_wait_point(c->fd, line, CALLS, deadline(50 * MS)), -ETIME);
	unblock(&b);
	CHECK_OK(syncobj_wait_point(c->fd, line, CALLS, deadline(10 * SECOND)));
	CHECK_EQ(read_at(c, BIND_VA + (CALLS - 1) % 4 * PAGE, 0), 1000 + CALLS - 1);
	CHECK_EQ(vm_state(c->fd, c->vm).binds_completed, CALLS);
}

TEST(all_or_nothing)
{
	struct client c = client_open();
	uint32_t done = syncobj_create(c.fd);
	struct drm_loom_sync_op syncs[] = { sync_out(done), sync_out(done) };

	for (int bad = 0; bad < 4; bad++) {
		struct drm_loom_bind_op ops[4];
		struct drm_loom_vm_bind args = {
			.vm_id = c.vm, .flags = DRM_LOOM_VM_BIND_ASYNC,
			.ops = { sizeof(ops[0]), 4, (uintptr_t)ops },
			.syncs = { sizeof(syncs[0]), 1, (uintptr_t)syncs },
		};

		for (int i = 0; i < 4; i++)
			ops[i] = op_map(BIND_VA + i * PAGE, c.data.handle, 0, PAGE);
		ops[bad].size = PAGE + 8;
		CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &args), -EINVAL);
		CHECK_EQ(args.ops.count, bad);
		ops[bad] = op_map(BIND_VA, 4711, 0, PAGE);
		CHECK_RET(bind_async(c.fd, c.vm, ops, 4, syncs, 1), -ENOENT);
		ops[bad] = op_unmap(BIND_VA, PAGE);
		syncs[1] = sync_out(4711);
		CHECK_RET(bind_async(c.fd, c.vm, ops, 4, syncs, 2), -ENOENT);
		syncs[1] = sync_in(done);	/* has no fence */
		CHECK_RET(bind_async(c.fd, c.vm, ops, 4, syncs, 2), -EINVAL);
	}
	CHECK_EQ(vm_state(c.fd, c.vm).binds_submitted, 0);
	CHECK_RET(syncobj_wait(c.fd, done, 0), -EINVAL);
	expect_unmapped(&c, BIND_VA);
	expect_unmapped(&c, BIND_VA + 3 * PAGE);
}

/* No operation was looked at. */
static void refused_at_once(int fd, struct drm_loom_vm_bind args, int error)
{
	CHECK_RET(loom_ioctl(fd, DRM_IOCTL_LOOM_VM_BIND, &args), error);
	CHECK_EQ(args.ops.count, 0);
}

TEST(refused)
{
	struct client c = client_open();
	struct drm_loom_bind_op op = op_map(BIND_VA, c.data.handle, 0, PAGE);
	struct drm_loom_sync_op out = sync_out(c.out);
	struct drm_loom_vm_bind args = {
		.vm_id = c.vm, .ops = { sizeof(op), 1, (uintptr_t)&op },
		.syncs = { sizeof(out), 1, (uintptr_t)&out },
	};

	refused_at_once(c.fd, args, -EINVAL);
	for (int bit = 1; bit < 32; bit++) {
		args.flags = DRM_LOOM_VM_BIND_ASYNC | 1u << bit;
		refused_at_once(c.fd, args, -EINVAL);
	}
	args.flags = DRM_LOOM_VM_BIND_ASYNC;
	args.syncs.count = DRM_LOOM_MAX_SYNCS + 1;
	refused_at_once(c.fd, args, -E2BIG);
	args.syncs.count = 1;
	args.syncs.stride = sizeof(out) - 8;
	refused_at_once(c.fd, args, -EINVAL);
	args.syncs.stride = sizeof(out);
	args.ops.count = DRM_LOOM_MAX_BINDS + 1;
	refused_at_once(c.fd, args, -E2BIG);
	args.ops.count = 1;
	args.vm_id = 4711;
	refused_at_once(c.fd, args, -ENOENT);
	CHECK_EQ(vm_state(c.fd, c.vm).binds_submitted, 0);
}

/* The structure as it was before 1.2: what is missing is zero. */
TEST(shorter_structure)
{
	struct client c = client_open();
	struct drm_loom_bind_op op = op_map(BIND_VA, c.data.handle, 0, PAGE);
	struct drm_loom_vm_bind args[2] = {
		{ .vm_id = c.vm, .ops = { sizeof(op), 1, (uintptr_t)&op } },
	};
	unsigned long request = DRM_IOWR(DRM_COMMAND_BASE + DRM_LOOM_VM_BIND, char[24]);

	memset((char *)args + 24, 0xff, sizeof(args) - 24);
	CHECK_OK(loom_ioctl(c.fd, request, args));
	set_word(&c.data, 8, 5);
	CHECK_EQ(device_read(&c, BIND_VA + 8), 5);
}

TEST(buffer_closed_meanwhile)
{
	struct blocked b = blocked_open();
	struct client *c = &b.c;
	struct bo bo = bo_create(c->fd, HUGE_PAGE, 0), gone = bo_create(c->fd, PAGE, 0);
	uint32_t done = syncobj_create(c->fd);
	struct drm_loom_sync_op syncs[] = { sync_in(b.fence), sync_out(done) };
	struct drm_loom_bind_op ops[] = {
		op_map(BIND_VA, bo.handle, 0, HUGE_PAGE),
		op_map(BIND_VA, gone.handle, 0, PAGE),
		op_unmap(BIND_VA, PAGE),
	};

	set_word(&bo, 3 * PAGE, 31);
	CHECK_OK(bind_async(c->fd, c->vm, ops, 3, syncs, 2));
	munmap(bo.map, bo.size);
	munmap(gone.map, gone.size);
	gem_close(c->fd, bo.handle);
	gem_close(c->fd, gone.handle);
	unblock(&b);
	CHECK_EQ(read_at(c, BIND_VA + 3 * PAGE, done), 31);
}

/* Calls that wait keep the VM, which goes with the last of them; more VMs in turn than there can be at once. */
TEST_WITHIN(vm_destroyed_meanwhile, 60)
{
	struct blocked b = blocked_open();
	struct client *c = &b.c;
	uint32_t line = syncobj_create(c->fd);
	struct drm_loom_query_info info;

	loom_query(c->fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	for (uint32_t i = 1; i <= 20; i++) {
		uint32_t vm = vm_create(c->fd);
		struct bo bo = bo_create(c->fd, PAGE, vm);
		struct drm_loom_sync_op syncs[] = {
			sync_point(DRM_LOOM_SYNC_SIGNAL, line, i), sync_in(b.fence),
		};
		struct drm_loom_bind_op op = op_map(BIND_VA, bo.handle, 0, PAGE);

		CHECK_OK(bind_async(c->fd, vm, &op, 1, syncs, 2));
		CHECK_OK(vm_destroy(c->fd, vm));
		munmap(bo.map, bo.size);
		gem_close(c->fd, bo.handle);
	}
	CHECK_RET(syncobj_wait_point(c->fd, line, 1, deadline(50 * MS)), -ETIME);
	unblock(&b);
	CHECK_OK(syncobj_wait_point(c->fd, line, 20, deadline(5 * SECOND)));
	for (uint32_t i = 0; i < 4 * info.max_vms; i++) {
		uint32_t vm = vm_create(c->fd);
		struct drm_loom_sync_op out = sync_out(c->out);

		CHECK_OK(bind_async(c->fd, vm, NULL, 0, &out, 1));
		CHECK_OK(syncobj_wait(c->fd, c->out, deadline(5 * SECOND)));
		CHECK_OK(vm_destroy(c->fd, vm));
	}
}

/*
 * The name of a call's fence is there when the VM and the file are not: the VM's, or what newer kernels call
 * all fences that have signalled.
 */
TEST(names_after_destroy)
{
	struct client c = client_open();
	struct drm_loom_sync_op out = sync_out(c.out);
	char driver[33] = "", timeline[33] = "";
	int sync_fd;

	CHECK_OK(bind_async(c.fd, c.vm, NULL, 0, &out, 1));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	sync_fd = syncobj_export_file(c.fd, c.out);
	CHECK_OK(queue_destroy(c.fd, c.queue));
	CHECK_OK(vm_destroy(c.fd, c.vm));
	client_close(&c);
	usleep(200 * 1000);
	CHECK_EQ(sync_file_status(sync_fd, driver, timeline), 1);
	CHECK(driver[0]);
	CHECK(!strncmp(timeline, "loom-vm-", 8) || !strcmp(timeline, "signaled-timeline"));
}

/* A descriptor of another process. */
static int take_fd(pid_t pid, int fd)
{
	int process = syscall(SYS_pidfd_open, pid, 0), taken;

	CHECK(process >= 0);
	taken = syscall(SYS_pidfd_getfd, process, fd, 0);
	CHECK(taken >= 0);
	close(process);
	return taken;
}

/* What waits for calls of a process that is killed gets on. */
TEST(killed)
{
	int pipes[2], fence, status;
	pid_t child;

	CHECK_EQ(pipe(pipes), 0);
	child = fork();
	if (!child) {
		struct blocked b = blocked_open();
		struct drm_loom_sync_op syncs[] = { sync_in(b.fence), sync_out(b.c.out) };
		struct drm_loom_bind_op op = op_map(BIND_VA, b.c.data.handle, 0, PAGE);

		for (int i = 0; i < 50; i++)
			CHECK_OK(bind_async(b.c.fd, b.c.vm, &op, 1, syncs, 2));
		fence = syncobj_export_file(b.c.fd, b.c.out);
		CHECK_EQ(write(pipes[1], &fence, sizeof(fence)), sizeof(fence));
		pause();
	}
	close(pipes[1]);
	CHECK_EQ(read(pipes[0], &fence, sizeof(fence)), sizeof(fence));
	fence = take_fd(child, fence);
	CHECK_EQ(sync_file_status(fence, NULL, NULL), 0);
	kill(child, SIGKILL);
	CHECK_EQ(waitpid(child, &status, 0), child);
	for (int i = 0; i < 100 && !sync_file_status(fence, NULL, NULL); i++)
		usleep(50 * 1000);
	CHECK_EQ(sync_file_status(fence, NULL, NULL), 1);
	serves_anew();
}

static void check_many_pending(struct blocked *b, uint32_t line, int count)
{
	struct drm_loom_bind_op ops[] = {
		op_map(BIND_VA, b->c.data.handle, 0, 8 * PAGE), op_unmap(BIND_VA + PAGE, PAGE),
	};

	for (int i = 1; i <= count; i++) {
		struct drm_loom_sync_op syncs[] = {
			sync_point(DRM_LOOM_SYNC_SIGNAL, line, i), sync_in(b->fence),
		};

		CHECK_OK(bind_async(b->c.fd, b->c.vm, ops, 2, syncs, 2));
	}
}

TEST_WITHIN(unbind_meanwhile, 60)
{
	struct blocked b = blocked_open();
	uint32_t line = syncobj_create(b.c.fd), binary = syncobj_create(b.c.fd);
	struct drm_loom_sync_op syncs[] = { sync_in(b.fence), sync_out(binary) };
	struct drm_loom_bind_op op = op_unmap(BIND_VA, 2 * PAGE);
	char device[NAME_MAX + 1];
	int sync_fd;

	check_many_pending(&b, line, 30);
	CHECK_OK(bind_async(b.c.fd, b.c.vm, &op, 1, syncs, 2));
	sync_fd = syncobj_export_file(b.c.fd, binary);
	bound_device(device, sizeof(device));
	file_write(DRIVER "/unbind", device);
	for (int i = 0; i < 100 && !sync_file_status(sync_fd, NULL, NULL); i++)
		usleep(50 * 1000);
	CHECK_EQ(sync_file_status(sync_fd, NULL, NULL), -ENODEV);
	CHECK_RET(bind_async(b.c.fd, b.c.vm, &op, 1, NULL, 0), -ENODEV);
	file_write(DRIVER "/bind", device);
	client_close(&b.c);
	CHECK_EQ(sync_file_status(sync_fd, NULL, NULL), -ENODEV);
	serves_anew();
}

TEST_WITHIN(reset_meanwhile, 60)
{
	struct blocked b = blocked_open();
	uint32_t line = syncobj_create(b.c.fd);

	check_many_pending(&b, line, 30);
	if (!inject("fw-crash"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	/* the reset ends the job that was on the device, for which all wait */
	CHECK_OK(syncobj_wait_point(b.c.fd, line, 30, deadline(20 * SECOND)));
	CHECK_EQ(vm_state(b.c.fd, b.c.vm).state, 0);
	set_word(&b.c.data, 2 * PAGE, 12);
	CHECK_EQ(read_at(&b.c, BIND_VA + 2 * PAGE, 0), 12);
}

static void set_fail_bind(const char *name, const char *value)
{
	char path[256], file[64];

	snprintf(file, sizeof(file), "fail_bind/%s", name);
	debug_file(path, sizeof(path), file);
	file_write(path, value);
}

/* The next operation that is executed fails, which it never does by itself. */
static void fail_next_bind(void)
{
	char path[256];

	debug_file(path, sizeof(path), "fail_bind");
	if (access(path, F_OK))
		test_skip("this kernel injects no failures");
	set_fail_bind("times", "1");
	set_fail_bind("probability", "100");
}

/* Nobody knows what is mapped after a call that failed: its VM is of no use any more, others are. */
TEST_WITHIN(unusable, 60)
{
	struct client other = client_open();
	struct blocked b = blocked_open();
	struct client *c = &b.c;
	struct stream forever = hang(c);
	struct stream late = stream((char *)c->code.map + PAGE, PAGE);
	uint32_t fences[4], queue, waiting = queue_create(c->fd, c->vm);
	struct drm_loom_sync_op syncs[2] = { sync_in(b.fence) };
	struct drm_loom_bind_op op = op_map(BIND_VA, c->data.handle, 0, PAGE);
	struct drm_loom_sync_op late_syncs[2];
	struct drm_loom_job after;

	for (int i = 0; i < 4; i++)
		fences[i] = syncobj_create(c->fd);
	fail_next_bind();
	CHECK_OK(submit_one(c->fd, c->queue, RUN_VA, forever.slots, fences[2]));
	for (int i = 0; i < 2; i++) {
		syncs[1] = sync_out(fences[i]);
		CHECK_OK(bind_async(c->fd, c->vm, &op, 1, syncs, 2));
	}
	/* what waits for the call that fails is not executed */
	st_fill(&late, 0, 2, 1);
	st_op(&late, LOOM_OP_BARRIER);
	st_store(&late, DATA_VA, 0, 1);
	st_op(&late, LOOM_OP_END);
	late_syncs[0] = sync_in(fences[0]);
	late_syncs[1] = sync_out(fences[3]);
	after = job(RUN_VA + PAGE, late.slots, late_syncs, 2);
	CHECK_OK(submit(c->fd, waiting, &after, 1));
	set_word(&c->data, 0, 1);
	unblock(&b);
	/* with the VM goes the job that does not end */
	for (int i = 0; i < 4; i++)
		CHECK_OK(syncobj_wait(c->fd, fences[i], deadline(20 * SECOND)));
	set_fail_bind("probability", "0");
	CHECK_EQ(syncobj_status(c->fd, fences[3]), -ECANCELED);
	CHECK_EQ(word(&c->data, 0), 1);
	CHECK_EQ(syncobj_status(c->fd, fences[0]), -ENOMEM);
	CHECK_EQ(syncobj_status(c->fd, fences[1]), -ECANCELED);
	CHECK_EQ(syncobj_status(c->fd, fences[2]), -ECANCELED);
	CHECK_EQ(vm_state(c->fd, c->vm).state, DRM_LOOM_VM_STATE_UNUSABLE);
	CHECK_EQ(vm_state(c->fd, c->vm).binds_completed, 2);
	CHECK_EQ(queue_state(c->fd, c->queue).state, DRM_LOOM_QUEUE_STATE_VM);

	CHECK_RET(bind_async(c->fd, c->vm, &op, 1, syncs, 2), -EIO);
	CHECK_RET(vm_map(c->fd, c->vm, BIND_VA, c->data.handle, 0, PAGE, 0), -EIO);
	CHECK_RET(queue_create_prio(c->fd, c->vm, DRM_LOOM_PRIORITY_NORMAL, &queue), -EIO);
	CHECK_RET(submit_one(c->fd, c->queue, RUN_VA, 1, fences[0]), -EIO);
	client_serves(&other);
	CHECK_OK(vm_destroy(c->fd, c->vm));
	client_close(c);
	client_serves(&other);
	serves_anew();
}

/* What lockdep_stats says of the watch for locks that are taken in two orders; it ends with the first report. */
static void check_lockdep(void)
{
	char *text, *line;
	int on;

	if (access("/proc/lockdep_stats", R_OK))
		return;
	text = file_text("/proc/lockdep_stats");
	line = strstr(text, " debug_locks:");
	CHECK(line);
	CHECK_EQ(sscanf(line, " debug_locks: %d", &on), 1);
	CHECK_EQ(on, 1);
	free(text);
}

/* The end of a VM's queues is nothing that fences wait for: a reset and removal wait for it with locks held. */
TEST_WITHIN(unusable_and_reset, 60)
{
	for (int i = 0; i < 3; i++) {
		struct client c = client_open();
		struct stream forever = hang(&c);
		uint32_t done = syncobj_create(c.fd);
		struct drm_loom_sync_op out = sync_out(done);
		struct drm_loom_bind_op op = op_unmap(DATA_VA, PAGE);
		char device[NAME_MAX + 1];

		fail_next_bind();
		CHECK_OK(client_start(&c, &forever));
		CHECK_OK(bind_async(c.fd, c.vm, &op, 1, &out, 1));
		if (i == 1 && !inject("fw-crash"))
			test_skip("no monitor to inject faults by (LOOM_MONITOR)");
		CHECK_OK(syncobj_wait(c.fd, done, deadline(10 * SECOND)));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
		set_fail_bind("probability", "0");
		CHECK_EQ(syncobj_status(c.fd, done), -ENOMEM);
		if (i == 1) /* whichever was first */
			CHECK(queue_state(c.fd, c.queue).state &
			      (DRM_LOOM_QUEUE_STATE_VM | DRM_LOOM_QUEUE_STATE_RESET));
		else
			CHECK_EQ(queue_state(c.fd, c.queue).state, DRM_LOOM_QUEUE_STATE_VM);
		if (i == 2) {
			bound_device(device, sizeof(device));
			file_write(DRIVER "/unbind", device);
			file_write(DRIVER "/bind", device);
		}
		client_close(&c);
		serves_anew();
	}
	check_lockdep();
}

/* Random calls of several operations, over pages large and small, against a table of what should be where. */
#define RANDOM_HUGE	4
#define RANDOM_PAGES	(RANDOM_HUGE * 512u)
#define RANDOM_CALLS	120

static struct drm_loom_bind_op random_op(const struct bo *bo, uint32_t *model)
{
	uint32_t align = rand() % 2 ? 512 : 1, at, len, offset;

	at = rand() % RANDOM_PAGES / align * align;
	len = (1 + rand() % (RANDOM_PAGES - at) + align - 1) / align * align;
	offset = rand() % (RANDOM_PAGES - len + 1) / align * align;
	for (uint32_t p = 0; p < len; p++)
		model[at + p] = offset + p + 1;
	if (rand() % 3)
		return op_map(BIND_VA + at * PAGE, bo->handle, offset * PAGE, len * PAGE);
	memset(&model[at], 0, len * sizeof(*model));
	return op_unmap(BIND_VA + at * PAGE, len * PAGE);
}

static void check_model(struct client *c, const uint32_t *model)
{
	struct stream s = client_stream(c);
	uint32_t seen[64], n = 0;

	for (int i = 0; i < 400 && n < 64; i++) {
		uint32_t p = rand() % RANDOM_PAGES;

		if (model[p]) {
			st_load(&s, BIND_VA + p * PAGE, 4 * n, 1);
			seen[n++] = p;
		}
	}
	st_op(&s, LOOM_OP_BARRIER);
	if (n)
		st_store(&s, DATA_VA, 0, n);
	st_op(&s, LOOM_OP_END);
	client_run(c, &s);
	for (uint32_t i = 0; i < n; i++)
		CHECK_EQ(word(&c->data, 4 * i), model[seen[i]]);
}

TEST_WITHIN(random_calls, 120)
{
	static uint32_t model[RANDOM_PAGES];
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, RANDOM_HUGE * HUGE_PAGE, 0);
	uint32_t line = syncobj_create(c.fd);

	srand(7);
	for (uint32_t p = 0; p < RANDOM_PAGES; p++)
		set_word(&bo, p * PAGE, p + 1);
	for (uint32_t i = 1; i <= RANDOM_CALLS; i++) {
		struct drm_loom_sync_op out = sync_point(DRM_LOOM_SYNC_SIGNAL, line, i);
		uint32_t count = 1 + rand() % 6;
		struct drm_loom_bind_op ops[6];

		for (uint32_t n = 0; n < count; n++)
			ops[n] = random_op(&bo, model);
		CHECK_OK(bind_async(c.fd, c.vm, ops, count, &out, 1));
		if (i % 6)
			continue;
		CHECK_OK(syncobj_wait_point(c.fd, line, i, deadline(10 * SECOND)));
		check_model(&c, model);
	}
	for (uint32_t i = 0, checked = 0; i < 400 && checked < 8; i++) {
		uint32_t p = rand() % RANDOM_PAGES;

		if (!model[p]) {
			expect_unmapped(&c, BIND_VA + p * PAGE);
			checked++;
		}
	}
}
