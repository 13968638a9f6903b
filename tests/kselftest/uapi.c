// SPDX-License-Identifier: MIT
/* The rules at the top of loom_accel.h: pads, flags, arrays, ids, queries, limits. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loom_test.h"

TEST(version)
{
	int fd = loom_open();
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_VERSION, &version));
	CHECK(!strcmp(name, "loom"));
	CHECK_EQ(version.version_major, LOOM_ACCEL_MAJOR);
	CHECK(version.version_minor >= LOOM_ACCEL_MINOR);
}

TEST(query_info)
{
	struct drm_loom_query_info info;
	int fd = loom_open();

	loom_query(fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	CHECK_EQ(info.revision >> 16, LOOM_REVISION >> 16);
	CHECK_EQ(info.isa_version >> 16, LOOM_ISA_VERSION >> 16);
	CHECK(info.array_dim >= 8 && info.array_dim <= 128);
	CHECK(!(info.array_dim & (info.array_dim - 1)));
	CHECK(info.num_cores >= 1 && info.num_cores <= LOOM_MAX_CORES);
	CHECK(info.spm_bytes && info.spm_bytes % 4096 == 0);
	CHECK(info.acc_bytes && info.acc_bytes % 4096 == 0);
	CHECK(info.clock_max_khz);
	CHECK(info.max_queues && info.max_vms);
	CHECK_EQ(info.page_bytes, PAGE);
	CHECK_EQ(info.pad, 0);
	CHECK(info.va_start < info.va_end && info.va_end <= 1ull << LOOM_VA_BITS);
	CHECK(info.va_start % PAGE == 0);
	CHECK(info.fw_version[0] && memchr(info.fw_version, 0, sizeof(info.fw_version)));
}

TEST(query_sizes)
{
	static const uint32_t sizes[] = {
		[DRM_LOOM_QUERY_INFO] = sizeof(struct drm_loom_query_info),
		[DRM_LOOM_QUERY_HEALTH] = sizeof(struct drm_loom_query_health),
	};
	struct drm_loom_query_info info;
	unsigned char whole[1024], part[1024];
	int fd = loom_open();

	loom_query(fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	for (uint32_t type = 0; type <= DRM_LOOM_QUERY_HEALTH; type++) {
		uint32_t want = sizes[type] ?: info.num_cores * sizeof(struct drm_loom_query_core);
		struct drm_loom_dev_query query = { .type = type };

		CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_DEV_QUERY, &query));
		CHECK_EQ(query.size, want);

		/* a larger buffer: its rest is zeroed */
		memset(whole, 0xa5, sizeof(whole));
		query = (struct drm_loom_dev_query){ type, sizeof(whole), (uintptr_t)whole };
		CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_DEV_QUERY, &query));
		CHECK_EQ(query.size, want);
		for (uint32_t i = want; i < sizeof(whole); i++)
			CHECK_EQ(whole[i], 0);

		/* a smaller one: only the beginning */
		memset(part, 0xa5, sizeof(part));
		query = (struct drm_loom_dev_query){ type, 4, (uintptr_t)part };
		CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_DEV_QUERY, &query));
		CHECK_EQ(query.size, want);
		for (uint32_t i = 4; i < sizeof(part); i++)
			CHECK_EQ(part[i], 0xa5);
		if (type == DRM_LOOM_QUERY_INFO)
			CHECK(!memcmp(part, whole, 4));

		query = (struct drm_loom_dev_query){ type, want, 8 };
		CHECK_RET(loom_ioctl(fd, DRM_IOCTL_LOOM_DEV_QUERY, &query), -EFAULT);
	}
}

TEST(query_unknown)
{
	struct drm_loom_dev_query query = {};
	int fd = loom_open();

	for (query.type = DRM_LOOM_QUERY_HEALTH + 1; query.type; query.type <<= 1)
		CHECK_RET(loom_ioctl(fd, DRM_IOCTL_LOOM_DEV_QUERY, &query), -EINVAL);
}

TEST(query_core_counts)
{
	struct drm_loom_query_core before[LOOM_MAX_CORES] = {}, after[LOOM_MAX_CORES] = {};
	struct client c = client_open();
	struct stream s = copy_words(&c, DATA_VA + 1024, DATA_VA, 256);
	uint64_t jobs = 0, in = 0, out = 0, descs = 0;

	loom_query(c.fd, DRM_LOOM_QUERY_CORE, before, sizeof(before));
	client_run(&c, &s);
	loom_query(c.fd, DRM_LOOM_QUERY_CORE, after, sizeof(after));
	for (int i = 0; i < LOOM_MAX_CORES; i++) {
		jobs += after[i].jobs - before[i].jobs;
		in += after[i].bytes_in - before[i].bytes_in;
		out += after[i].bytes_out - before[i].bytes_out;
		descs += after[i].descs - before[i].descs;
	}
	CHECK_EQ(jobs, 1);
	CHECK_EQ(in, 1024);
	CHECK_EQ(out, 1024);
	CHECK_EQ(descs, 4);
}

TEST(query_health)
{
	struct drm_loom_query_health health;
	struct drm_loom_query_info info;
	int fd = loom_open();

	loom_query(fd, DRM_LOOM_QUERY_HEALTH, &health, sizeof(health));
	loom_query(fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	CHECK(health.temp_mc > -40000 && health.temp_mc < 150000);
	CHECK(health.clock_khz && health.clock_khz <= info.clock_max_khz);
}

/*
 * Every bit that no rule gives a meaning is refused. Each row is a field of a call that succeeds as it is; the bits
 * outside of @legal are set one at a time.
 */
struct field {
	const char *name;
	size_t offset, size;
	uint64_t legal;
};

static void refuse_bits(int fd, unsigned long request, const void *good, size_t size,
			const struct field *field, void *nested, size_t nested_size)
{
	unsigned char args[64], saved[64];
	unsigned char *at = nested ? nested : args;

	CHECK(size <= sizeof(args) && nested_size <= sizeof(saved));
	for (unsigned int bit = 0; bit < field->size * 8; bit++) {
		int ret;

		if (field->legal >> bit & 1)
			continue;
		memcpy(args, good, size);
		if (nested)
			memcpy(saved, nested, nested_size);
		at[field->offset + bit / 8] |= 1 << bit % 8;
		ret = loom_ioctl(fd, request, args);
		if (nested)
			memcpy(nested, saved, nested_size);
		if (ret != -EINVAL)
			test_fail(__FILE__, __LINE__, "%s, bit %u: %d (%s)", field->name, bit, ret,
				  strerror(-ret));
	}
}

#define FIELD(type, member, bits) \
	{ #type "." #member, offsetof(struct drm_loom_##type, member), \
	  sizeof(((struct drm_loom_##type *)0)->member), bits }
#define REFUSE(fd, NR, args, field) \
	refuse_bits(fd, DRM_IOCTL_LOOM_##NR, &(args), sizeof(args), &(field), NULL, 0)
#define REFUSE_IN(fd, NR, args, nested, field) \
	refuse_bits(fd, DRM_IOCTL_LOOM_##NR, &(args), sizeof(args), &(field), &(nested), sizeof(nested))

TEST(reserved_bits_memory)
{
	static const struct field vm_create_flags = FIELD(vm_create, flags, 0);
	static const struct field vm_destroy_pad = FIELD(vm_destroy, pad, 0);
	static const struct field bo_create_flags = FIELD(bo_create, flags, 0);
	static const struct field bo_create_pad = FIELD(bo_create, pad, 0);
	static const struct field bo_mmap_pad = FIELD(bo_mmap_offset, pad, 0);
	static const struct field bo_wait_pad = FIELD(bo_wait, pad, 0);
	static const struct field bo_madvise_pad = FIELD(bo_madvise, pad, 0);
	static const struct field bo_madvise_advice = FIELD(bo_madvise, advice, 1);
	struct client c = client_open();
	struct drm_loom_vm_create vm_create = {};
	struct drm_loom_vm_destroy vm_destroy = { .id = c.vm };
	struct drm_loom_bo_create bo_create = { .size = PAGE };
	struct drm_loom_bo_mmap_offset bo_mmap = { .handle = c.data.handle };
	struct drm_loom_bo_wait bo_wait = { .handle = c.data.handle };
	struct drm_loom_bo_madvise bo_madvise = { .handle = c.data.handle };

	REFUSE(c.fd, VM_CREATE, vm_create, vm_create_flags);
	REFUSE(c.fd, VM_DESTROY, vm_destroy, vm_destroy_pad);
	REFUSE(c.fd, BO_CREATE, bo_create, bo_create_flags);
	REFUSE(c.fd, BO_CREATE, bo_create, bo_create_pad);
	REFUSE(c.fd, BO_MMAP_OFFSET, bo_mmap, bo_mmap_pad);
	REFUSE(c.fd, BO_WAIT, bo_wait, bo_wait_pad);
	REFUSE(c.fd, BO_MADVISE, bo_madvise, bo_madvise_pad);
	REFUSE(c.fd, BO_MADVISE, bo_madvise, bo_madvise_advice);

	/* and what was refused succeeds without the bits */
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_CREATE, &vm_create));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_CREATE, &bo_create));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &bo_mmap));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_WAIT, &bo_wait));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MADVISE, &bo_madvise));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_DESTROY, &vm_destroy));
}

TEST(reserved_bits_bind)
{
	static const struct field flags = FIELD(vm_bind, flags, DRM_LOOM_VM_BIND_ASYNC);
	/* a MAP with its type's bits changed is another operation, with fields that it must not have */
	static const struct field op_flags = FIELD(bind_op, flags, DRM_LOOM_BIND_READONLY);
	static const struct field unmap_handle = FIELD(bind_op, bo_handle, 0);
	static const struct field unmap_offset = FIELD(bind_op, bo_offset, 0);
	static const struct field unmap_flags = FIELD(bind_op, flags, DRM_LOOM_BIND_TYPE);
	struct client c = client_open();
	struct drm_loom_bind_op op = {
		.flags = DRM_LOOM_BIND_MAP, .bo_handle = c.data.handle, .va = DATA_VA, .size = PAGE,
	};
	struct drm_loom_vm_bind bind = { .vm_id = c.vm, .ops = { sizeof(op), 1, (uintptr_t)&op } };

	REFUSE(c.fd, VM_BIND, bind, flags);
	REFUSE_IN(c.fd, VM_BIND, bind, op, op_flags);
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind));

	op = (struct drm_loom_bind_op){
		.flags = DRM_LOOM_BIND_UNMAP, .va = DATA_VA, .size = PAGE,
	};
	REFUSE_IN(c.fd, VM_BIND, bind, op, unmap_handle);
	REFUSE_IN(c.fd, VM_BIND, bind, op, unmap_offset);
	REFUSE_IN(c.fd, VM_BIND, bind, op, unmap_flags);
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind));
}

TEST(reserved_bits_queue)
{
	static const struct field create_flags = FIELD(queue_create, flags, 0);
	static const struct field create_priority = FIELD(queue_create, priority, 3);
	static const struct field destroy_pad = FIELD(queue_destroy, pad, 0);
	static const struct field state_pad = FIELD(queue_get_state, pad, 0);
	static const struct field submit_pad = FIELD(submit, pad, 0);
	static const struct field job_flags = FIELD(job, flags, 0);
	static const struct field sync_flags = FIELD(sync_op, flags, DRM_LOOM_SYNC_SIGNAL);
	static const struct field sync_value = FIELD(sync_op, value, 0);
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	struct drm_loom_queue_create create = { .vm_id = c.vm };
	struct drm_loom_queue_destroy destroy = { .id = c.queue };
	struct drm_loom_queue_get_state state = { .id = c.queue };
	struct drm_loom_sync_op op = sync_out(c.out);
	struct drm_loom_job one = job(CODE_VA, s.slots, &op, 1);
	struct drm_loom_submit args = { c.queue, 0, { sizeof(one), 1, (uintptr_t)&one } };

	REFUSE(c.fd, QUEUE_CREATE, create, create_flags);
	REFUSE(c.fd, QUEUE_CREATE, create, create_priority);
	REFUSE(c.fd, QUEUE_DESTROY, destroy, destroy_pad);
	REFUSE(c.fd, QUEUE_GET_STATE, state, state_pad);
	REFUSE(c.fd, SUBMIT, args, submit_pad);
	REFUSE_IN(c.fd, SUBMIT, args, one, job_flags);
	REFUSE_IN(c.fd, SUBMIT, args, op, sync_value);
	/* a timeline without a point, which bit 0 makes of it, is refused as well */
	REFUSE_IN(c.fd, SUBMIT, args, op, sync_flags);

	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, 0);
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_CREATE, &create));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_DESTROY, &destroy));
}

/* Elements may be longer than this version's, if what is more is zero; not shorter than the first's. */
TEST(array_strides)
{
	struct client c = client_open();
	struct {
		struct drm_loom_bind_op op;
		uint64_t more;
	} ops[2] = {};
	struct drm_loom_vm_bind bind = { .vm_id = c.vm, .ops = { sizeof(ops[0]), 2, (uintptr_t)ops } };

	for (int i = 0; i < 2; i++)
		ops[i].op = (struct drm_loom_bind_op){
			.bo_handle = c.data.handle, .va = 0x40000000 + i * PAGE, .size = PAGE,
		};
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind));

	ops[1].more = 1;
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind), -E2BIG);
	CHECK_EQ(bind.ops.count, 1);

	bind.ops = (struct drm_loom_array){ sizeof(ops[0].op) - 8, 1, (uintptr_t)ops };
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind), -EINVAL);
	bind.ops = (struct drm_loom_array){ 0, 1, (uintptr_t)ops };
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind), -EINVAL);
	bind.ops = (struct drm_loom_array){ 0xffffffff, 0xffffffff, (uintptr_t)ops };
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind), -E2BIG);
	bind.ops = (struct drm_loom_array){ sizeof(ops[0]), 1, 0 };
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind), -EINVAL);
	bind.ops = (struct drm_loom_array){ sizeof(ops[0]), 1, 8 };
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind), -EFAULT);
	bind.ops = (struct drm_loom_array){ 4096, 2, -4096ull };
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_BIND, &bind), -EFAULT);
}

TEST(array_counts)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	struct drm_loom_job *jobs = calloc(DRM_LOOM_MAX_JOBS + 1, sizeof(*jobs));
	struct drm_loom_sync_op ops[DRM_LOOM_MAX_SYNCS + 1];
	struct drm_loom_submit args = { c.queue, 0, { sizeof(*jobs), 0, (uintptr_t)jobs } };

	for (int i = 0; i <= DRM_LOOM_MAX_JOBS; i++)
		jobs[i] = job(CODE_VA, s.slots, NULL, 0);
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_SUBMIT, &args), -EINVAL);
	CHECK_RET(submit(c.fd, c.queue, jobs, DRM_LOOM_MAX_JOBS + 1), -E2BIG);
	CHECK_RET(submit(c.fd, c.queue, jobs, 0x10001), -E2BIG);
	CHECK_RET(submit(c.fd, c.queue, jobs, 0xffffffff), -E2BIG);
	CHECK_OK(submit(c.fd, c.queue, jobs, DRM_LOOM_MAX_JOBS));

	for (int i = 0; i <= DRM_LOOM_MAX_SYNCS; i++)
		ops[i] = sync_out(c.out);
	jobs[0] = job(CODE_VA, s.slots, ops, DRM_LOOM_MAX_SYNCS + 1);
	CHECK_RET(submit(c.fd, c.queue, jobs, 1), -E2BIG);
	jobs[0] = job(CODE_VA, s.slots, ops, 0xffffffff);
	CHECK_RET(submit(c.fd, c.queue, jobs, 1), -E2BIG);
	jobs[0] = job(CODE_VA, s.slots, ops, DRM_LOOM_MAX_SYNCS);
	CHECK_OK(submit(c.fd, c.queue, jobs, 1));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, DRM_LOOM_MAX_JOBS + 1);
}

/* Of the lines that the log has got since @log was opened or read, one of the driver; or NULL. */
static const char *logged(int log)
{
	static char line[8192];
	ssize_t bytes;

	while ((bytes = read(log, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[bytes > 0 ? bytes : 0] = 0;
		if (strstr(line, "loom"))
			return line;
	}
	return NULL;
}

/* What programs do wrong, in calls or in streams, is not worth a line each. */
TEST(mistakes_are_not_logged)
{
	static const int fill[] = { 0, 1, 0xff };
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct client c = client_open();
	const char *line;

	CHECK(log >= 0 && lseek(log, 0, SEEK_END) >= 0);
	for (unsigned int nr = 0; nr < 2 * DRM_LOOM_PERF_OPEN; nr++) {
		for (unsigned int i = 0; i < sizeof(fill) / sizeof(fill[0]); i++) {
			char args[64];

			memset(args, fill[i], sizeof(args));
			loom_ioctl(c.fd, DRM_IOWR(DRM_COMMAND_BASE + nr, args), args);
		}
	}
	c = client_open();
	expect_unmapped(&c, 0x700000000);
	fail_in_all_ways(&c);
	line = logged(log);
	if (line)
		test_say("%s", line);
	CHECK(!line);
}

TEST(no_such_object)
{
	static const uint32_t ids[] = { 0, 2, 0x10001, 0xffffffff };
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);

	CHECK_EQ(c.vm, 1);
	CHECK_EQ(c.queue, 1);
	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct drm_loom_queue_get_state state = { .id = ids[i] };
		struct drm_loom_bo_create create = { .size = PAGE, .vm_id = ids[i] };
		struct drm_loom_bo_mmap_offset offset = { .handle = ids[i] + 0x10000 };
		struct drm_loom_bo_madvise advice = { .handle = ids[i] + 0x10000 };
		struct drm_loom_vm_get_state vm = { .id = ids[i] };
		struct drm_loom_queue_wait wait = { .id = ids[i] };
		uint32_t queue;

		CHECK_RET(vm_destroy(c.fd, ids[i]), -ENOENT);
		CHECK_RET(vm_map(c.fd, ids[i], DATA_VA, c.data.handle, 0, PAGE, 0), -ENOENT);
		CHECK_RET(vm_map(c.fd, c.vm, DATA_VA, ids[i] + 0x10000, 0, PAGE, 0), -ENOENT);
		CHECK_RET(queue_create_prio(c.fd, ids[i], 0, &queue), -ENOENT);
		CHECK_RET(queue_destroy(c.fd, ids[i]), -ENOENT);
		CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_GET_STATE, &state), -ENOENT);
		CHECK_RET(submit_one(c.fd, ids[i], CODE_VA, s.slots, 0), -ENOENT);
		CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &offset), -ENOENT);
		CHECK_RET(bo_wait(c.fd, ids[i] + 0x10000, 0), -ENOENT);
		CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MADVISE, &advice), -ENOENT);
		CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_GET_STATE, &vm), -ENOENT);
		CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_WAIT, &wait), -ENOENT);
		if (ids[i])
			CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_CREATE, &create), -ENOENT);
	}
}

/* Ids belong to the file. */
TEST(ids_are_of_the_file)
{
	struct client c = client_open();
	int other = loom_open();

	CHECK_RET(vm_destroy(other, c.vm), -ENOENT);
	CHECK_RET(queue_destroy(other, c.queue), -ENOENT);
	CHECK_RET(bo_wait(other, c.data.handle, 0), -ENOENT);
}

TEST(limits_of_a_file)
{
	struct drm_loom_vm_create create = {};
	struct drm_loom_query_info info;
	int fd = loom_open(), other;
	uint32_t vm = 0, queue = 0;

	loom_query(fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	for (uint32_t i = 0; i < info.max_vms; i++)
		vm = vm_create(fd);
	CHECK_RET(loom_ioctl(fd, DRM_IOCTL_LOOM_VM_CREATE, &create), -ENOSPC);
	for (uint32_t i = 0; i < info.max_queues; i++)
		CHECK_OK(queue_create_prio(fd, vm, DRM_LOOM_PRIORITY_NORMAL, &queue));
	CHECK_RET(queue_create_prio(fd, vm, DRM_LOOM_PRIORITY_NORMAL, &queue), -ENOSPC);

	/* somebody else still gets some */
	other = loom_open();
	vm = vm_create(other);
	queue_create(other, vm);

	/* and what is given back can be had again */
	CHECK_OK(vm_destroy(fd, 1));
	vm_create(fd);
	CHECK_OK(queue_destroy(fd, 1));
	CHECK_OK(queue_create_prio(fd, 2, DRM_LOOM_PRIORITY_NORMAL, &queue));
}

/* What was destroyed, and lives on because others keep it, still takes its place in the hardware. */
TEST_WITHIN(limits_count_what_lives_on, 120)
{
	struct client c = client_open(), other;
	uint32_t busy = queue_create(c.fd, c.vm), queues[64], vm;
	struct drm_loom_sync_op wait = sync_in(c.out);
	struct drm_loom_vm_create create = {};
	struct drm_loom_query_info info;
	struct stream s = hang(&c);
	struct drm_loom_job waiting = job(CODE_VA, s.slots, &wait, 1);

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	CHECK(info.max_vms <= info.max_queues && info.max_queues <= 64);

	/* VMs that queues keep */
	for (uint32_t i = 2; i < info.max_vms; i++) {
		vm = vm_create(c.fd);
		CHECK_OK(queue_create_prio(c.fd, vm, DRM_LOOM_PRIORITY_NORMAL, &queues[i]));
		CHECK_OK(vm_destroy(c.fd, vm));
	}
	vm = vm_create(c.fd);
	CHECK_OK(vm_destroy(c.fd, vm));
	vm = vm_create(c.fd);
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_VM_CREATE, &create), -ENOSPC);
	other = client_open();
	client_serves(&other);
	for (uint32_t i = 2; i < info.max_vms; i++)
		CHECK_OK(queue_destroy(c.fd, queues[i]));
	for (uint32_t i = 2; i < info.max_vms; i++)
		vm_create(c.fd);

	/* queues that a job keeps, which waits for another */
	set_module_param("timeout_ms", 60000);
	CHECK_OK(submit_one(c.fd, c.queue, CODE_VA, s.slots, c.out));
	for (uint32_t i = 2; i < info.max_queues; i++) {
		CHECK_OK(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, &queues[i]));
		CHECK_OK(submit(c.fd, queues[i], &waiting, 1));
		CHECK_OK(queue_destroy(c.fd, queues[i]));
	}
	CHECK_RET(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, &queues[0]), -ENOSPC);
	queue_create(other.fd, other.vm);
	CHECK_OK(queue_destroy(c.fd, c.queue));
	for (uint32_t i = 1; i < info.max_queues; i++)
		CHECK_OK(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, &queues[i]));
	CHECK_OK(queue_destroy(c.fd, busy));
}

/* What is given back can be had again at once, also where the hardware has no other. */
TEST_WITHIN(all_of_the_hardware, 120)
{
	struct drm_loom_query_info info;
	int fd = loom_open(), other = loom_open();
	uint32_t vm = vm_create(fd), others = vm_create(other), queue;

	loom_query(fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	for (uint32_t i = 0; i < info.max_queues; i++) {
		CHECK_OK(queue_create_prio(fd, vm, DRM_LOOM_PRIORITY_NORMAL, &queue));
		CHECK_OK(queue_create_prio(other, others, DRM_LOOM_PRIORITY_NORMAL, &queue));
	}
	for (uint32_t i = 0; i < 4 * info.max_queues; i++) {
		CHECK_OK(queue_destroy(fd, 1 + i % info.max_queues));
		CHECK_OK(queue_create_prio(fd, vm, DRM_LOOM_PRIORITY_NORMAL, &queue));
	}
}
