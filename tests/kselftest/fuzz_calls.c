// SPDX-License-Identifier: MIT
/*
 * The fuzzer's calls: each knows the layout of an ioctl, fills it in so that it is mostly right, and then some of its
 * fields are changed at random.
 */
#include <linux/dma-buf.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define FUZZ_VA		0x100000000ull
#define FUZZ_PAGES	2048u		/* of addresses, so that mappings meet */
#define MAX_BUFFER	(4ull << 20)
#define MAX_OPS		12

/* ---- chance ---- */

uint64_t fuzz_random(struct fuzz *f)
{
	f->random ^= f->random << 13;
	f->random ^= f->random >> 7;
	f->random ^= f->random << 17;
	return f->random * 0x2545f4914f6cdd1dull >> 8;
}

uint32_t below(struct fuzz *f, uint32_t n)
{
	return fuzz_random(f) % n;
}

bool one_in(struct fuzz *f, uint32_t n)
{
	return !below(f, n);
}

uint64_t odd_number(struct fuzz *f)
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
		return fuzz_random(f) << 24 ^ fuzz_random(f);
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

void maybe_spoil(struct fuzz *f, void *at, size_t size, uint32_t n)
{
	while (size && one_in(f, n))
		spoil(f, at, size);
}

/* Jobs end in less, but for those that are killed for it. */
int64_t soon(struct fuzz *f)
{
	return one_in(f, 8) ? 0 : deadline((1 + below(f, 100)) * MS);
}

uint64_t some_va(struct fuzz *f)
{
	if (one_in(f, 256))
		return one_in(f, 2) ? 0x1000 : (1ull << 48) - PAGE * (1 + below(f, 4));
	if (one_in(f, 1024))
		return HOME_VA + below(f, HOME_PAGES) * PAGE;
	return FUZZ_VA + (one_in(f, 8) ? below(f, FUZZ_PAGES / 512) * HUGE_PAGE :
					 below(f, FUZZ_PAGES) * PAGE);
}

/* ---- what there is ---- */

/* So many are kept, that no limit is reached. */
static const unsigned int most[POOLS] = {
	[VMS] = 3, [QUEUES] = 5, [USERQS] = MAX_USERQS, [BUFFERS] = 24, [SYNCOBJS] = 16,
	[LINES] = 8, [FDS] = POOL_SIZE,
};

/* One with id 0 where there is none. */
struct object *pick_object(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind)
{
	struct pool *pool = &file->pool[kind];
	unsigned int slot = below(f, most[kind]);

	for (unsigned int i = 0; i < most[kind] && !pool->at[slot].id; i++)
		slot = (slot + 1) % most[kind];
	return &pool->at[slot];
}

uint32_t pick(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind)
{
	if (one_in(f, 128))
		return below(f, 64);
	if (one_in(f, 512))
		return odd_number(f);
	return pick_object(f, file, kind)->id;
}

struct object *pick_buffer(struct fuzz *f, struct fuzz_file *file, uint32_t vm)
{
	static struct object none;

	for (unsigned int i = 0; i < 8; i++) {
		struct object *object = pick_object(f, file, BUFFERS);

		if (!object->vm || object->vm == vm || one_in(f, 64))
			return object;
	}
	return &none;
}

bool full(const struct fuzz_file *file, enum pool_kind kind)
{
	for (unsigned int i = 0; i < most[kind]; i++) {
		if (!file->pool[kind].at[i].id)
			return false;
	}
	return true;
}

/* Gives the place; where another thread has taken the last one, something is forgotten. */
unsigned int add(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, struct object object)
{
	unsigned int slot = 0;

	while (slot < most[kind] && file->pool[kind].at[slot].id)
		slot++;
	if (slot == most[kind])
		slot = below(f, most[kind]);
	file->pool[kind].at[slot] = object;
	return slot;
}

/* Mostly the pool forgets what is destroyed; the rest is stale. */
void drop(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, uint32_t id)
{
	for (unsigned int i = 0; i < most[kind] && !one_in(f, 128); i++) {
		if (file->pool[kind].at[i].id == id)
			file->pool[kind].at[i] = (struct object){};
	}
}

/* ---- the call itself ---- */

static void count(struct fuzz *f, unsigned long request, bool well, int64_t ns)
{
	unsigned int nr = _IOC_NR(request) % FUZZ_NRS;

	__atomic_fetch_add(&f->counts->ioctls, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(well ? &f->counts->well[nr] : &f->counts->refused[nr], 1,
			   __ATOMIC_RELAXED);
	__atomic_fetch_add(&f->counts->ns[nr], ns, __ATOMIC_RELAXED);
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

int fuzz_call(struct fuzz *f, struct fuzz_file *file, unsigned long request, void *args)
{
	bool armed = arm_failure(f);
	int64_t began = now_ns();
	int ret = ioctl(file->fd, request, args), error = errno;

	count(f, request, !ret, now_ns() - began);
	if (armed) {
		if (pwrite(f->fail_nth, "0", 1, 0) != 1)
			f->fail_nth = -1;
		__atomic_fetch_add(&f->counts->faults, 1, __ATOMIC_RELAXED);
	}
	errno = error;
	return ret;
}

/* ---- files ---- */

/* The file's own buffer, which its VMs will have; nothing of it is fuzzed. */
static int make_home(struct fuzz *f, struct fuzz_file *file, int fd)
{
	struct drm_loom_bo_create create = { .size = HOME_PAGES * PAGE };
	struct drm_loom_bo_mmap_offset where = {};

	if (loom_ioctl(fd, DRM_IOCTL_LOOM_BO_CREATE, &create))
		return -1;
	where.handle = create.handle;
	if (loom_ioctl(fd, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &where))
		return -1;
	file->home_map = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, where.offset);
	if (file->home_map == MAP_FAILED)
		return -1;
	file->home = create.handle;
	fuzz_write_streams(f, file);
	return 0;
}

/* ---- VMs ---- */

static void do_vm_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_vm_create args = {};

	if (full(file, VMS) || FUZZ_CALL(f, file, LOOM_VM_CREATE, args))
		return;
	if (!vm_map(file->fd, args.id, HOME_VA, file->home, 0, HOME_PAGES * PAGE, 0))
		add(f, file, VMS, (struct object){ args.id });
}

static void do_vm_destroy(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_vm_destroy args = { .id = pick(f, file, VMS) };

	if (args.id && !FUZZ_CALL(f, file, LOOM_VM_DESTROY, args))
		drop(f, file, VMS, args.id);
}

static void do_vm_get_state(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_vm_get_state args = { .id = pick(f, file, VMS) };

	if (args.id)
		FUZZ_CALL(f, file, LOOM_VM_GET_STATE, args);
}

static struct drm_loom_bind_op some_op(struct fuzz *f, struct fuzz_file *file, uint32_t vm)
{
	struct object buffer = *pick_buffer(f, file, vm);
	uint64_t pages = buffer.value / PAGE ?: 1, offset = 0;
	struct drm_loom_bind_op op;

	if (one_in(f, 3) || !buffer.id)
		return op_unmap(some_va(f), (1 + below(f, one_in(f, 16) ? 1024 : 32)) * PAGE);
	if (one_in(f, 2))
		offset = below(f, pages);
	op = op_map(some_va(f), buffer.id, offset * PAGE,
		    (one_in(f, 2) ? pages - offset : 1 + below(f, pages - offset)) * PAGE);
	op.flags |= one_in(f, 4) ? DRM_LOOM_BIND_READONLY : 0;
	return op;
}

static void do_vm_bind(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bind_op ops[MAX_OPS];
	struct drm_loom_sync_op syncs[4];
	uint32_t count = 1 + below(f, one_in(f, 8) ? MAX_OPS : 2);
	struct drm_loom_vm_bind args = { .vm_id = pick(f, file, VMS) };

	if (!args.vm_id) {
		do_vm_create(f, file);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		ops[i] = some_op(f, file, args.vm_id);
	maybe_spoil(f, ops, count * sizeof(*ops), 32);
	args.ops = (struct drm_loom_array){ sizeof(*ops), count, (uintptr_t)ops };
	if (one_in(f, 2)) {
		args.flags = DRM_LOOM_VM_BIND_ASYNC;
		args.syncs = (struct drm_loom_array){ sizeof(*syncs), fill_syncs(f, file, syncs, 4),
						      (uintptr_t)syncs };
	}
	FUZZ_CALL(f, file, LOOM_VM_BIND, args);
}

/* ---- buffers ---- */

static void close_handle(struct fuzz *f, struct fuzz_file *file, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	fuzz_call(f, file, DRM_IOCTL_GEM_CLOSE, &args);
}

static void do_bo_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bo_create args = { .size = (1 + below(f, one_in(f, 8) ? 64 : 4)) * PAGE };

	if (full(file, BUFFERS))
		return;
	if (one_in(f, 64))
		args.size = (1 + below(f, 2)) * HUGE_PAGE;
	if (one_in(f, 3))
		args.vm_id = pick(f, file, VMS);
	if (FUZZ_CALL(f, file, LOOM_BO_CREATE, args))
		return;
	/* What is larger would take all memory as soon as a part of it is mapped. */
	if (args.size > MAX_BUFFER)
		close_handle(f, file, args.handle);
	else
		add(f, file, BUFFERS, (struct object){ args.handle, args.vm_id, args.size });
}

static void do_gem_close(struct fuzz *f, struct fuzz_file *file)
{
	uint32_t handle = pick(f, file, BUFFERS);

	if (!handle || handle == file->home)
		return;
	close_handle(f, file, handle);
	drop(f, file, BUFFERS, handle);
}

static void do_bo_map(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bo_mmap_offset args = { .handle = pick(f, file, BUFFERS) };
	struct map *map = &file->map[below(f, MAPS)];
	uint64_t size = (1 + below(f, 4)) * PAGE;
	char *at;

	if (!args.handle || FUZZ_CALL(f, file, LOOM_BO_MMAP_OFFSET, args))
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

	if (one_in(f, 16))
		args.pad = odd_number(f);
	if (args.handle)
		fuzz_call(f, file, DRM_IOCTL_LOOM_BO_WAIT, &args);
}

static void do_bo_madvise(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_bo_madvise args = {
		.handle = pick(f, file, BUFFERS), .advice = one_in(f, 2),
	};

	if (args.handle)
		FUZZ_CALL(f, file, LOOM_BO_MADVISE, args);
}

static void pass_fences(struct fuzz *f, int dma_buf)
{
	struct dma_buf_export_sync_file out = { .flags = 1 + below(f, 3) };
	struct dma_buf_import_sync_file in = { .flags = 1 + below(f, 3) };

	if (ioctl(dma_buf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &out))
		return;
	in.fd = out.fd;
	ioctl(dma_buf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &in);
	close(out.fd);
}

static void do_prime(struct fuzz *f, struct fuzz_file *file)
{
	struct object buffer = *pick_buffer(f, file, 0);
	struct drm_prime_handle args = { .handle = buffer.id, .flags = DRM_RDWR };
	struct fuzz_file *other = &f->files[below(f, f->num_files)];
	int fd;

	if (!buffer.id || FUZZ_CALL(f, file, PRIME_HANDLE_TO_FD, args))
		return;
	fd = args.fd;
	if (one_in(f, 2))
		pass_fences(f, fd);
	if (one_in(f, 2)) {
		close_handle(f, file, buffer.id);
		drop(f, file, BUFFERS, buffer.id);
	}
	args = (struct drm_prime_handle){ .fd = fd };
	if (!full(other, BUFFERS) && !FUZZ_CALL(f, other, PRIME_FD_TO_HANDLE, args))
		add(f, other, BUFFERS, (struct object){ args.handle, 0, buffer.value });
	close(fd);
}

/* ---- files that are more than open ---- */

/* So that the first calls have something to be about. */
static void furnish(struct fuzz *f, struct fuzz_file *file)
{
	do_vm_create(f, file);
	do_queue_create(f, file);
	for (int i = 0; i < 4; i++) {
		do_bo_create(f, file);
		do_syncobj_create(f, file);
		do_line_create(f, file);
	}
}

int fuzz_file_open(struct fuzz *f, struct fuzz_file *file)
{
	struct fuzz_file new = { .fd = file->fd };
	int fd = loom_open();

	if (fd < 0)
		return -1;
	if (make_home(f, &new, fd)) {
		close(fd);
		return -1;
	}
	if (file->fd >= 0) {
		dup2(fd, file->fd);
		close(fd);
		fd = file->fd;
	}
	new.fd = fd;
	memcpy(new.pool[FDS].at, file->pool[FDS].at, sizeof(new.pool[FDS]));
	memcpy(new.map, file->map, sizeof(new.map));
	*file = new;
	furnish(f, file);
	return 0;
}

/* ---- the rest ---- */

static void do_dev_query(struct fuzz *f, struct fuzz_file *file)
{
	char answer[2048];
	struct drm_loom_dev_query args = {
		.type = below(f, 3), .size = sizeof(answer), .pointer = (uintptr_t)answer,
	};

	/* the answer may go anywhere that is not the program's own */
	if (one_in(f, 16))
		args.pointer = one_in(f, 2) ? 0 : 8;
	if (one_in(f, 16))
		args.type = odd_number(f);
	if (one_in(f, 8))
		args.size = below(f, sizeof(answer));
	fuzz_call(f, file, DRM_IOCTL_LOOM_DEV_QUERY, &args);
}

/* A stream of counters, read once if there is anything, and kept among the sync files. */
static void do_perf_open(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_perf_open args = {
		.flags = DRM_LOOM_PERF_CLOEXEC | DRM_LOOM_PERF_NONBLOCK, .cores = 1,
		.counters = 1 + below(f, 127),
		.period_ns = DRM_LOOM_PERF_PERIOD_MIN << (4 + below(f, 12)),
		.records = 2u << below(f, 6),
	};
	struct object *kept = &file->pool[FDS].at[below(f, MAX_STREAMS)];
	struct pollfd wait = { .events = POLLIN };
	int old = kept->id;
	char records[512];

	kept->id = 0;
	if (old > 0)
		close(old);
	if (FUZZ_CALL(f, file, LOOM_PERF_OPEN, args))
		return;
	wait.fd = args.fd;
	if (poll(&wait, 1, 1) == 1 && read(args.fd, records, below(f, sizeof(records))) > 0)
		__atomic_fetch_add(&f->counts->samples, 1, __ATOMIC_RELAXED);
	kept->id = args.fd;
}

/* Any number, size and content, also of what this program does not know. Pointers lead nowhere. */
static void do_anything(struct fuzz *f, struct fuzz_file *file)
{
	uint32_t args[32];
	uint32_t nr = DRM_COMMAND_BASE + below(f, 0x20);

	for (unsigned int i = 0; i < 32; i++)
		args[i] = one_in(f, 2) ? 0 : below(f, 16);
	/* A buffer of any size may be more than there is memory; one of a few bytes is a page. */
	ioctl(file->fd, _IOC(below(f, 4), DRM_IOCTL_BASE, nr, below(f, sizeof(args))), args);
	__atomic_fetch_add(&f->counts->ioctls, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&f->counts->wild, 1, __ATOMIC_RELAXED);
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

	/* A buffer may be smaller than its map: only the first page is sure to be there. */
	if (at)
		(void)at[below(f, one_in(f, 256) ? map->size : PAGE)];
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
		/* doorbells are not inherited */
		for (unsigned int i = 0; i < f->num_files; i++)
			memset(f->files[i].doorbell, 0, sizeof(f->files[i].doorbell));
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
	if (one_in(f, 30))
		fuzz_file_open(f, file);
}

static const struct {
	void (*run)(struct fuzz *f, struct fuzz_file *file);
	unsigned int weight;
} things[] = {
	{ do_vm_create, 4 },	  { do_vm_destroy, 1 },	     { do_vm_get_state, 4 },
	{ do_vm_bind, 24 },	  { do_bo_create, 8 },	     { do_gem_close, 6 },
	{ do_bo_map, 4 },	  { do_bo_wait, 6 },	     { do_bo_madvise, 8 },
	{ do_prime, 4 },	  { do_queue_create, 4 },    { do_queue_destroy, 2 },
	{ do_queue_get_state, 6 }, { do_submit, 30 },	     { do_userq_create, 2 },
	{ do_userq_run, 10 },	  { do_syncobj_create, 3 },  { do_line_create, 2 },
	{ do_syncobj_destroy, 2 }, { do_syncobj_wait, 10 },  { do_syncobj_change, 16 },
	{ do_sync_file, 4 },	  { do_dev_query, 4 },	     { do_anything, 2 },
	{ do_fdinfo, 1 },	  { do_touch, 4 },	     { do_fork, 1 },
	{ do_reopen, 1 },	  { do_perf_open, 2 },
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
