// SPDX-License-Identifier: MIT
/*
 * The fuzzer's calls: each knows the layout of an ioctl, fills it in so that it is mostly right, and then some of its
 * fields are changed at random.
 */
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"
#include "loom_test.h"

#define FUZZ_VA		0x100000000ull
#define FUZZ_PAGES	2048u		/* of addresses, so that mappings meet */
#define MAX_BUFFER	(4ull << 20)
#define MAX_OPS		12

/* ---- chance ---- */

static uint64_t rnd(struct fuzz *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random * 0x2545f4914f6cdd1dull >> 8;
}

static uint32_t below(struct fuzz *f, uint32_t n)
{
	return rnd(f) % n;
}

static bool one_in(struct fuzz *f, uint32_t n)
{
	return !below(f, n);
}

/* Numbers at which something changes. */
static uint64_t odd_number(struct fuzz *f)
{
	switch (below(f, 8)) {
	case 0:
		return 0;
	case 1:
		return -1ull;
	case 2:
		return 1ull << below(f, 64);
	case 3:
		return (1ull << below(f, 64)) - 1;
	case 4:
		return below(f, 256);
	case 5:
		return -(uint64_t)below(f, 256);
	case 6:
		return (uint64_t)below(f, 1u << 20) << 12;
	default:
		return rnd(f) << 24 ^ rnd(f);
	}
}

/* Changes a field, somewhere, to something. */
static void spoil(struct fuzz *f, void *at, size_t size)
{
	static const size_t sizes[] = { 1, 4, 4, 8 };
	size_t bytes = sizes[below(f, 4)];
	uint64_t value = odd_number(f);

	if (bytes > size)
		bytes = size;
	memcpy((char *)at + below(f, size / bytes) * bytes, &value, bytes);
}

static void maybe_spoil(struct fuzz *f, void *at, size_t size, uint32_t n)
{
	while (size && one_in(f, n))
		spoil(f, at, size);
}

/* ---- handles ---- */

static unsigned int pick_slot(struct fuzz *f, const struct pool *pool)
{
	unsigned int slot = below(f, POOL_SIZE);

	for (unsigned int i = 0; i < POOL_SIZE && !pool->id[slot]; i++)
		slot = (slot + 1) % POOL_SIZE;
	return slot;
}

static uint32_t pick(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind)
{
	if (one_in(f, 64))
		return below(f, 64);
	if (one_in(f, 256))
		return odd_number(f);
	return file->pool[kind].id[pick_slot(f, &file->pool[kind])];
}

static void add(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, uint32_t id, uint64_t size)
{
	unsigned int slot = below(f, POOL_SIZE);

	file->pool[kind].size[slot] = size;
	file->pool[kind].id[slot] = id;
}

/* Mostly the pool forgets what is destroyed; the rest is stale. */
static void drop(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, uint32_t id)
{
	for (unsigned int i = 0; i < POOL_SIZE && !one_in(f, 8); i++) {
		if (file->pool[kind].id[i] == id)
			file->pool[kind].id[i] = 0;
	}
}

/* ---- the call itself ---- */

static void count(struct fuzz *f, unsigned long request, bool well)
{
	unsigned int nr = _IOC_NR(request) % FUZZ_NRS;

	__atomic_fetch_add(&f->counts->ioctls, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(well ? &f->counts->well[nr] : &f->counts->refused[nr], 1,
			   __ATOMIC_RELAXED);
}

/* Has an allocation or a copy of the next call fail, on kernels that can. */
static bool arm_failure(struct fuzz *f)
{
	char text[16];
	int bytes;

	if (f->fail_nth < 0 || !one_in(f, 24))
		return false;
	bytes = snprintf(text, sizeof(text), "%u", 1 + below(f, 40));
	return pwrite(f->fail_nth, text, bytes, 0) == bytes;
}

static int call(struct fuzz *f, struct fuzz_file *file, unsigned long request, void *args)
{
	bool armed = arm_failure(f);
	int ret = ioctl(file->fd, request, args);

	if (armed) {
		if (pwrite(f->fail_nth, "0", 1, 0) != 1)
			f->fail_nth = -1;
		__atomic_fetch_add(&f->counts->faults, 1, __ATOMIC_RELAXED);
	}
	count(f, request, !ret);
	return ret;
}

#define CALL(f, file, NR, args)							\
	({									\
		maybe_spoil(f, &(args), sizeof(args), 24);			\
		call(f, file, DRM_IOCTL_##NR, &(args));				\
	})

static int64_t soon(struct fuzz *f)
{
	return one_in(f, 4) ? deadline(below(f, 3000000)) : 0;
}

/* ---- VMs ---- */

static void do_vm_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_vm_create args = {};

	if (!CALL(f, file, LOOM_VM_CREATE, args))
		add(f, file, VMS, args.id, 0);
}

static void do_vm_destroy(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_vm_destroy args = { .id = pick(f, file, VMS) };

	if (!CALL(f, file, LOOM_VM_DESTROY, args))
		drop(f, file, VMS, args.id);
}

static void do_vm_get_state(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_vm_get_state args = { .id = pick(f, file, VMS) };

	CALL(f, file, LOOM_VM_GET_STATE, args);
}

static uint64_t some_va(struct fuzz *f)
{
	if (one_in(f, 64))
		return one_in(f, 2) ? 0x1000 : (1ull << 48) - PAGE * (1 + below(f, 4));
	return FUZZ_VA + (one_in(f, 2) ? below(f, FUZZ_PAGES / 512) * HUGE_PAGE :
					 below(f, FUZZ_PAGES) * PAGE);
}

static uint32_t fill_syncs(struct fuzz *f, struct fuzz_file *file, struct drm_loom_sync_op *syncs,
			   uint32_t max)
{
	uint32_t count = below(f, max + 1);

	for (uint32_t i = 0; i < count; i++) {
		uint64_t value = one_in(f, 2) ? 1 + below(f, 1000) : 0;

		syncs[i] = (struct drm_loom_sync_op){
			(value ? DRM_LOOM_SYNC_TIMELINE : 0) |
				(one_in(f, 4) ? 0 : DRM_LOOM_SYNC_SIGNAL),
			pick(f, file, SYNCOBJS), value,
		};
	}
	maybe_spoil(f, syncs, count * sizeof(*syncs), 32);
	return count;
}

static void do_vm_bind(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bind_op ops[MAX_OPS];
	struct drm_loom_sync_op syncs[4];
	uint32_t count = 1 + below(f, one_in(f, 4) ? MAX_OPS : 2);
	struct drm_loom_vm_bind args = { .vm_id = pick(f, file, VMS) };

	for (uint32_t i = 0; i < count; i++) {
		unsigned int slot = pick_slot(f, &file->pool[BUFFERS]);
		uint64_t size = file->pool[BUFFERS].size[slot] / PAGE ?: 1, offset = 0;

		if (one_in(f, 3)) {
			ops[i] = op_unmap(some_va(f), (1 + below(f, 1024)) * PAGE);
			continue;
		}
		if (one_in(f, 2))
			offset = below(f, size);
		ops[i] = op_map(some_va(f), file->pool[BUFFERS].id[slot], offset * PAGE,
				(one_in(f, 2) ? size - offset : 1 + below(f, size - offset)) * PAGE);
		ops[i].flags |= one_in(f, 4) ? DRM_LOOM_BIND_READONLY : 0;
	}
	maybe_spoil(f, ops, count * sizeof(*ops), 24);
	args.ops = (struct drm_loom_array){ sizeof(*ops), count, (uintptr_t)ops };
	if (one_in(f, 2)) {
		args.flags = DRM_LOOM_VM_BIND_ASYNC;
		args.syncs = (struct drm_loom_array){ sizeof(*syncs), fill_syncs(f, file, syncs, 4),
						      (uintptr_t)syncs };
	}
	CALL(f, file, LOOM_VM_BIND, args);
}

/* ---- buffers ---- */

static void close_handle(struct fuzz *f, struct fuzz_file *file, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	call(f, file, DRM_IOCTL_GEM_CLOSE, &args);
}

static void do_bo_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bo_create args = { .size = (1 + below(f, 64)) * PAGE };

	if (one_in(f, 8))
		args.size = (1 + below(f, 2)) * HUGE_PAGE;
	if (one_in(f, 3))
		args.vm_id = pick(f, file, VMS);
	if (CALL(f, file, LOOM_BO_CREATE, args))
		return;
	/* What is larger would take all memory as soon as a part of it is mapped. */
	if (args.size > MAX_BUFFER)
		close_handle(f, file, args.handle);
	else
		add(f, file, BUFFERS, args.handle, args.size);
}

static void do_gem_close(struct fuzz *f, struct fuzz_file *file)
{
	uint32_t handle = pick(f, file, BUFFERS);

	close_handle(f, file, handle);
	drop(f, file, BUFFERS, handle);
}

static void do_bo_map(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bo_mmap_offset args = { .handle = pick(f, file, BUFFERS) };
	struct map *map = &file->map[below(f, MAPS)];
	uint64_t size = (1 + below(f, 16)) * PAGE;
	char *at;

	if (CALL(f, file, LOOM_BO_MMAP_OFFSET, args))
		return;
	at = mmap(NULL, size, PROT_READ | (one_in(f, 64) ? 0 : PROT_WRITE),
		  one_in(f, 16) ? MAP_PRIVATE : MAP_SHARED, file->fd, args.offset);
	if (at == MAP_FAILED)
		return;
	/* Never unmapped but by the end of the process: another thread may be in it. */
	*map = (struct map){ at, size };
}

static void do_bo_wait(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bo_wait args = { .handle = pick(f, file, BUFFERS), .timeout_ns = soon(f) };

	if (!one_in(f, 24))
		call(f, file, DRM_IOCTL_LOOM_BO_WAIT, &args);
	args.timeout_ns = 0;
	args.pad = odd_number(f);
	call(f, file, DRM_IOCTL_LOOM_BO_WAIT, &args);
}

static void do_bo_madvise(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bo_madvise args = {
		.handle = pick(f, file, BUFFERS), .advice = one_in(f, 2),
	};

	CALL(f, file, LOOM_BO_MADVISE, args);
}

static void do_prime(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_prime_handle args = { .handle = pick(f, file, BUFFERS), .flags = DRM_RDWR };
	struct fuzz_file *other = &f->files[below(f, f->num_files)];
	struct dma_buf_export_sync_file out = { .flags = 1 + below(f, 3) };
	int fd;

	if (CALL(f, file, PRIME_HANDLE_TO_FD, args))
		return;
	fd = args.fd;
	if (one_in(f, 2) && !ioctl(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out)) {
		struct dma_buf_import_sync_file in = { .flags = 1 + below(f, 3), .fd = out.fd };

		ioctl(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in);
		close(out.fd);
	}
	if (one_in(f, 2))
		close_handle(f, file, args.handle);
	args.handle = 0;
	args.flags = 0;
	if (!CALL(f, other, PRIME_FD_TO_HANDLE, args))
		add(f, other, BUFFERS, args.handle, PAGE);
	close(fd);
}

/* ---- queues ---- */

static void do_queue_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_queue_create args = {
		.vm_id = pick(f, file, VMS), .priority = below(f, 4),
	};

	if (!CALL(f, file, LOOM_QUEUE_CREATE, args))
		add(f, file, QUEUES, args.id, 0);
}

static void do_queue_destroy(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_queue_destroy args = { .id = pick(f, file, QUEUES) };

	if (!CALL(f, file, LOOM_QUEUE_DESTROY, args))
		drop(f, file, QUEUES, args.id);
}

static void do_queue_get_state(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_queue_get_state args = { .id = pick(f, file, QUEUES) };

	if (!CALL(f, file, LOOM_QUEUE_GET_STATE, args) && args.state)
		do_queue_destroy(f, file);
}

/* Writes a short stream of mostly sensible descriptors, over whatever was there. */
static uint32_t write_stream(struct fuzz *f, char *at, uint64_t size)
{
	struct stream s = stream(at, size);

	for (uint32_t i = below(f, 6); i; i--) {
		switch (below(f, 6)) {
		case 0:
			st_fill(&s, below(f, 256) * 64, rnd(f), 1 + below(f, 1024));
			break;
		case 1:
			st_load(&s, some_va(f), below(f, 256) * 64, 1 + below(f, 1024));
			break;
		case 2:
			st_store(&s, some_va(f), below(f, 256) * 64, 1 + below(f, 1024));
			break;
		case 3:
			st_op(&s, below(f, 256));
			break;
		case 4:
			if (one_in(f, 16))
				st_wait(&s, below(f, 64), below(f, 2));
			break;
		default:
			st_op(&s, one_in(f, 2) ? LOOM_OP_BARRIER : LOOM_OP_MARK);
		}
	}
	st_op(&s, LOOM_OP_END);
	maybe_spoil(f, at, s.slots * LOOM_SLOT_BYTES, 4);
	return s.slots;
}

static void do_submit(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_sync_op syncs[8][4];
	struct drm_loom_job jobs[8];
	uint32_t count = 1 + below(f, one_in(f, 4) ? 8 : 1), slots = 1;
	struct map *map = &file->map[below(f, MAPS)];
	struct drm_loom_submit args = { .queue_id = pick(f, file, QUEUES) };

	if (map->at)
		slots = write_stream(f, map->at, PAGE);
	for (uint32_t i = 0; i < count; i++) {
		jobs[i] = job(some_va(f), one_in(f, 8) ? 1 + below(f, 64) : slots, syncs[i],
			      fill_syncs(f, file, syncs[i], 4));
		maybe_spoil(f, &jobs[i], sizeof(jobs[i]), 48);
	}
	args.jobs = (struct drm_loom_array){ sizeof(jobs[0]), count, (uintptr_t)jobs };
	CALL(f, file, LOOM_SUBMIT, args);
}

/* ---- syncobjs ---- */

static void do_syncobj_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_create args = {
		.flags = one_in(f, 2) ? DRM_SYNCOBJ_CREATE_SIGNALED : 0,
	};

	if (!CALL(f, file, SYNCOBJ_CREATE, args))
		add(f, file, SYNCOBJS, args.handle, 0);
}

static void do_syncobj_destroy(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_destroy args = { .handle = pick(f, file, SYNCOBJS) };

	if (!CALL(f, file, SYNCOBJ_DESTROY, args))
		drop(f, file, SYNCOBJS, args.handle);
}

static void do_syncobj_wait(struct fuzz *f, struct fuzz_file *file)
{
	uint32_t handles[2] = { pick(f, file, SYNCOBJS), pick(f, file, SYNCOBJS) };
	uint64_t points[2] = { below(f, 1000), below(f, 1000) };
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)handles, .count_handles = 1 + below(f, 2),
		.timeout_nsec = soon(f), .flags = below(f, 4),
	};
	struct drm_syncobj_timeline_wait line = {
		.handles = (uintptr_t)handles, .points = (uintptr_t)points,
		.count_handles = 1 + below(f, 2), .timeout_nsec = soon(f), .flags = below(f, 8),
	};

	if (one_in(f, 2))
		call(f, file, DRM_IOCTL_SYNCOBJ_WAIT, &wait);
	else
		call(f, file, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &line);
}

static void do_syncobj_change(struct fuzz *f, struct fuzz_file *file)
{
	uint32_t handle = pick(f, file, SYNCOBJS);
	uint64_t point = below(f, 1000);
	struct drm_syncobj_array array = { .handles = (uintptr_t)&handle, .count_handles = 1 };
	struct drm_syncobj_timeline_array line = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
	};
	struct drm_syncobj_transfer transfer = {
		.src_handle = handle, .dst_handle = pick(f, file, SYNCOBJS),
		.src_point = below(f, 2) * below(f, 100), .dst_point = below(f, 2) * below(f, 1000),
	};

	/* DRM itself says in the log that an array is too large: these are left as they are. */
	switch (below(f, 5)) {
	case 0:
		call(f, file, DRM_IOCTL_SYNCOBJ_SIGNAL, &array);
		break;
	case 1:
		call(f, file, DRM_IOCTL_SYNCOBJ_RESET, &array);
		break;
	case 2:
		call(f, file, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &line);
		break;
	case 3:
		call(f, file, DRM_IOCTL_SYNCOBJ_QUERY, &line);
		break;
	default:
		CALL(f, file, SYNCOBJ_TRANSFER, transfer);
	}
}

/* A fence goes to a sync file, which is kept, looked at, and comes back. */
static void do_sync_file(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_handle args = {
		.handle = pick(f, file, SYNCOBJS), .fd = -1,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	struct sync_fence_info fences[4] = {};
	struct sync_file_info info = { .num_fences = 4, .sync_fence_info = (uintptr_t)fences };
	unsigned int slot = below(f, POOL_SIZE);
	int fd = file->pool[FDS].id[slot];

	if (fd > 0) {
		struct pollfd poll_fd = { fd, POLLIN, 0 };

		ioctl(fd, SYNC_IOC_FILE_INFO, &info);
		poll(&poll_fd, 1, 0);
	}
	if (CALL(f, file, SYNCOBJ_HANDLE_TO_FD, args))
		return;
	if (fd > 0)
		close(fd);
	file->pool[FDS].id[slot] = args.fd;
	args.handle = pick(f, file, SYNCOBJS);
	args.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
	CALL(f, file, SYNCOBJ_FD_TO_HANDLE, args);
}

/* ---- the rest ---- */

static void do_dev_query(struct fuzz *f, struct fuzz_file *file)
{
	char answer[2048];
	struct drm_loom_dev_query args = {
		.type = below(f, 5), .size = below(f, sizeof(answer)), .pointer = (uintptr_t)answer,
	};

	/* the answer may go anywhere that is not the program's own */
	if (one_in(f, 8))
		args.pointer = one_in(f, 2) ? 0 : 8;
	if (one_in(f, 8))
		args.type = odd_number(f);
	call(f, file, DRM_IOCTL_LOOM_DEV_QUERY, &args);
}

/* A stream of counters, read once if there is anything, and kept among the sync files. */
static void do_perf_open(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_perf_open args = {
		.flags = DRM_LOOM_PERF_CLOEXEC | DRM_LOOM_PERF_NONBLOCK, .cores = 1,
		.counters = 1 + below(f, 127), .period_ns = DRM_LOOM_PERF_PERIOD_MIN << below(f, 12),
		.records = 2u << below(f, 6),
	};
	unsigned int slot = below(f, POOL_SIZE);
	struct pollfd wait = { .events = POLLIN };
	int old = file->pool[FDS].id[slot];
	char records[512];

	if (CALL(f, file, LOOM_PERF_OPEN, args))
		return;
	wait.fd = args.fd;
	if (poll(&wait, 1, 1) == 1 && read(args.fd, records, below(f, sizeof(records))) > 0)
		__atomic_fetch_add(&f->counts->samples, 1, __ATOMIC_RELAXED);
	file->pool[FDS].id[slot] = args.fd;
	if (old > 0)
		close(old);
}

/* Any number, size and content, also of what this program does not know. Pointers lead nowhere. */
static void do_anything(struct fuzz *f, struct fuzz_file *file)
{
	uint32_t args[32];
	uint32_t nr = DRM_COMMAND_BASE + below(f, 0x20);

	for (unsigned int i = 0; i < 32; i++)
		args[i] = one_in(f, 2) ? 0 : below(f, 16);
	/* A buffer of any size may be more than there is memory; one of a few bytes is a page. */
	call(f, file, _IOC(below(f, 4), DRM_IOCTL_BASE, nr, below(f, sizeof(args))), args);
}

static void do_fdinfo(struct fuzz *f, struct fuzz_file *file)
{
	char path[64], text[1024];
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file->fd);
	info = fopen(path, "r");
	while (info && fgets(text, sizeof(text), info))
		;
	if (info)
		fclose(info);
	(void)f;
}

static void do_touch(struct fuzz *f, struct fuzz_file *file)
{
	struct map *map = &file->map[below(f, MAPS)];
	volatile char *at = map->at;

	if (at)
		(void)at[below(f, map->size)];
}

/* A child that has all descriptors and maps goes on for a while, and ends without a word. */
static void do_fork(struct fuzz *f, struct fuzz_file *file)
{
	pid_t child;

	(void)file;
	if (!one_in(f, 40))
		return;
	child = fork();
	if (!child) {
		f->fail_nth = -1;
		for (uint32_t i = below(f, 40); i; i--)
			fuzz_step(f);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* Another open file takes the place of this one, in which other threads may be. */
static void do_reopen(struct fuzz *f, struct fuzz_file *file)
{
	int fd;

	if (!one_in(f, 30))
		return;
	fd = loom_open();
	if (fd < 0)
		return;
	dup2(fd, file->fd);
	close(fd);
	if (one_in(f, 2))
		memset(file->pool, 0, sizeof(file->pool[0]) * FDS);
}

static const struct {
	void (*run)(struct fuzz *f, struct fuzz_file *file);
	unsigned int weight;
} things[] = {
	{ do_vm_create, 4 },	   { do_vm_destroy, 3 },      { do_vm_get_state, 2 },
	{ do_vm_bind, 24 },	   { do_bo_create, 8 },	      { do_gem_close, 6 },
	{ do_bo_map, 5 },	   { do_bo_wait, 2 },	      { do_bo_madvise, 5 },
	{ do_prime, 3 },	   { do_queue_create, 5 },    { do_queue_destroy, 3 },
	{ do_queue_get_state, 4 }, { do_submit, 24 },	      { do_syncobj_create, 4 },
	{ do_syncobj_destroy, 3 }, { do_syncobj_wait, 6 },    { do_syncobj_change, 8 },
	{ do_sync_file, 4 },	   { do_dev_query, 3 },	      { do_anything, 4 },
	{ do_fdinfo, 1 },	   { do_touch, 4 },	      { do_fork, 1 },
	{ do_reopen, 1 },	   { do_perf_open, 2 },
};
#define THINGS	(sizeof(things) / sizeof(things[0]))

void fuzz_step(struct fuzz *f)
{
	struct fuzz_file *file = &f->files[below(f, f->num_files)];
	static unsigned int total;
	unsigned int at;

	if (!total) {
		unsigned int sum = 0;

		for (unsigned int i = 0; i < THINGS; i++)
			sum += things[i].weight;
		total = sum;
	}
	at = below(f, total);
	for (unsigned int i = 0; i < THINGS; i++) {
		if (at < things[i].weight) {
			things[i].run(f, file);
			return;
		}
		at -= things[i].weight;
	}
}
