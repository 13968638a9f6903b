// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <linux/sync_file.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "loom_test.h"

/* ---- device ---- */

static bool is_loom(int fd)
{
	char name[8] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };

	return !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "loom");
}

int loom_open_path(char *path, size_t size)
{
	DIR *dir = opendir("/dev/accel");
	struct dirent *entry;
	int fd = -ENODEV;

	if (!dir)
		return -errno;
	while (fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "accel", 5))
			continue;
		snprintf(path, size, "/dev/accel/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
		else if (!is_loom(fd)) {
			close(fd);
			fd = -ENODEV;
		}
	}
	closedir(dir);
	return fd;
}

int loom_open(void)
{
	char path[300];

	return loom_open_path(path, sizeof(path));
}

int loom_ioctl(int fd, unsigned long request, void *args)
{
	int ret;

	do {
		ret = ioctl(fd, request, args);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	return ret < 0 ? -errno : 0;
}

void loom_query(int fd, uint32_t type, void *answer, uint32_t size)
{
	struct drm_loom_dev_query query = { type, size, (uintptr_t)answer };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_DEV_QUERY, &query));
}

int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

int64_t deadline(int64_t ns)
{
	return now_ns() + ns;
}

/* ---- objects ---- */

uint32_t vm_create(int fd)
{
	struct drm_loom_vm_create args = {};

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_VM_CREATE, &args));
	CHECK(args.id);
	return args.id;
}

int vm_destroy(int fd, uint32_t id)
{
	struct drm_loom_vm_destroy args = { .id = id };

	return loom_ioctl(fd, DRM_IOCTL_LOOM_VM_DESTROY, &args);
}

int vm_bind_ops(int fd, uint32_t vm, struct drm_loom_bind_op *ops, uint32_t *count)
{
	struct drm_loom_vm_bind args = {
		.vm_id = vm, .ops = { sizeof(*ops), *count, (uintptr_t)ops },
	};
	int ret = loom_ioctl(fd, DRM_IOCTL_LOOM_VM_BIND, &args);

	*count = args.ops.count;
	return ret;
}

int vm_map(int fd, uint32_t vm, uint64_t va, uint32_t handle, uint64_t offset, uint64_t size,
	   uint32_t flags)
{
	struct drm_loom_bind_op op = {
		.flags = DRM_LOOM_BIND_MAP | flags, .bo_handle = handle, .bo_offset = offset,
		.va = va, .size = size,
	};
	uint32_t count = 1;

	return vm_bind_ops(fd, vm, &op, &count);
}

int vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size)
{
	struct drm_loom_bind_op op = { .flags = DRM_LOOM_BIND_UNMAP, .va = va, .size = size };
	uint32_t count = 1;

	return vm_bind_ops(fd, vm, &op, &count);
}

int bind_async(int fd, uint32_t vm, struct drm_loom_bind_op *ops, uint32_t count,
	       struct drm_loom_sync_op *syncs, uint32_t num_syncs)
{
	struct drm_loom_vm_bind args = {
		.vm_id = vm, .flags = DRM_LOOM_VM_BIND_ASYNC,
		.ops = { sizeof(*ops), count, (uintptr_t)ops },
		.syncs = { sizeof(*syncs), num_syncs, (uintptr_t)syncs },
	};

	return loom_ioctl(fd, DRM_IOCTL_LOOM_VM_BIND, &args);
}

struct drm_loom_vm_get_state vm_state(int fd, uint32_t vm)
{
	struct drm_loom_vm_get_state state = { .id = vm };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_VM_GET_STATE, &state));
	return state;
}

int queue_create_prio(int fd, uint32_t vm, uint32_t priority, uint32_t *id)
{
	struct drm_loom_queue_create args = { .vm_id = vm, .priority = priority };
	int ret = loom_ioctl(fd, DRM_IOCTL_LOOM_QUEUE_CREATE, &args);

	*id = args.id;
	return ret;
}

uint32_t queue_create(int fd, uint32_t vm)
{
	uint32_t id;

	CHECK_OK(queue_create_prio(fd, vm, DRM_LOOM_PRIORITY_NORMAL, &id));
	CHECK(id);
	return id;
}

int queue_destroy(int fd, uint32_t id)
{
	struct drm_loom_queue_destroy args = { .id = id };

	return loom_ioctl(fd, DRM_IOCTL_LOOM_QUEUE_DESTROY, &args);
}

struct drm_loom_queue_get_state queue_state(int fd, uint32_t id)
{
	struct drm_loom_queue_get_state state = { .id = id };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_QUEUE_GET_STATE, &state));
	return state;
}

void gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args));
}

void *bo_map(int fd, uint32_t handle, uint64_t size)
{
	struct drm_loom_bo_mmap_offset args = { .handle = handle };
	void *map;

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &args));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, args.offset);
	CHECK(map != MAP_FAILED);
	return map;
}

struct bo bo_create(int fd, uint64_t size, uint32_t vm)
{
	struct drm_loom_bo_create args = { .size = size, .vm_id = vm };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_LOOM_BO_CREATE, &args));
	CHECK(args.handle);
	return (struct bo){ args.handle, args.size, bo_map(fd, args.handle, args.size) };
}

int bo_wait(int fd, uint32_t handle, int64_t timeout)
{
	struct drm_loom_bo_wait args = { .handle = handle, .timeout_ns = timeout };

	return loom_ioctl(fd, DRM_IOCTL_LOOM_BO_WAIT, &args);
}

int bo_madvise(int fd, uint32_t handle, uint32_t advice, uint32_t *retained)
{
	struct drm_loom_bo_madvise args = { .handle = handle, .advice = advice, .retained = 77 };
	int ret = loom_ioctl(fd, DRM_IOCTL_LOOM_BO_MADVISE, &args);

	*retained = args.retained;
	return ret;
}

uint32_t advise(int fd, uint32_t handle, uint32_t advice)
{
	uint32_t retained;

	CHECK_OK(bo_madvise(fd, handle, advice, &retained));
	CHECK(retained <= 1);
	return retained;
}

int bo_export(int fd, uint32_t handle)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_RDWR | DRM_CLOEXEC };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	return prime.fd;
}

uint32_t bo_import(int fd, int dma_buf)
{
	struct drm_prime_handle prime = { .fd = dma_buf };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime));
	return prime.handle;
}

/* ---- syncobjs ---- */

uint32_t syncobj_create(int fd)
{
	struct drm_syncobj_create args = {};

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args));
	return args.handle;
}

void syncobj_destroy(int fd, uint32_t handle)
{
	struct drm_syncobj_destroy args = { .handle = handle };

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &args));
}

int syncobj_wait(int fd, uint32_t handle, int64_t timeout)
{
	struct drm_syncobj_wait args = {
		.handles = (uintptr_t)&handle, .count_handles = 1, .timeout_nsec = timeout,
	};

	return loom_ioctl(fd, DRM_IOCTL_SYNCOBJ_WAIT, &args);
}

int syncobj_wait_point(int fd, uint32_t handle, uint64_t point, int64_t timeout)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
		.timeout_nsec = timeout,
	};

	return loom_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

int syncobj_export_file(int fd, uint32_t handle)
{
	struct drm_syncobj_handle args = {
		.handle = handle, .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE, .fd = -1,
	};

	CHECK_OK(loom_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args));
	return args.fd;
}

int sync_file_status(int sync_fd, char *driver, char *timeline)
{
	struct sync_fence_info fence = {};
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)&fence };

	CHECK_OK(loom_ioctl(sync_fd, SYNC_IOC_FILE_INFO, &info));
	CHECK_EQ(info.num_fences, 1);
	if (driver)
		strcpy(driver, fence.driver_name);
	if (timeline)
		strcpy(timeline, fence.obj_name);
	return fence.status;
}

int syncobj_status(int fd, uint32_t handle)
{
	int sync_fd = syncobj_export_file(fd, handle);
	int status = sync_file_status(sync_fd, NULL, NULL);

	close(sync_fd);
	return status;
}

/* ---- jobs ---- */

int submit(int fd, uint32_t queue, struct drm_loom_job *jobs, uint32_t count)
{
	struct drm_loom_submit args = {
		.queue_id = queue, .jobs = { sizeof(*jobs), count, (uintptr_t)jobs },
	};

	return loom_ioctl(fd, DRM_IOCTL_LOOM_SUBMIT, &args);
}

struct drm_loom_job job(uint64_t va, uint32_t slots, struct drm_loom_sync_op *syncs, uint32_t count)
{
	return (struct drm_loom_job){
		.stream_va = va, .stream_slots = slots,
		.syncs = { sizeof(*syncs), count, (uintptr_t)syncs },
	};
}

int submit_one(int fd, uint32_t queue, uint64_t va, uint32_t slots, uint32_t out)
{
	struct drm_loom_sync_op op = sync_out(out);
	struct drm_loom_job one = job(va, slots, &op, out != 0);

	return submit(fd, queue, &one, 1);
}

/* ---- streams ---- */

struct stream stream(void *base, uint64_t bytes)
{
	return (struct stream){ .base = base, .room = bytes / LOOM_SLOT_BYTES };
}

static void *st_take(struct stream *s, uint32_t slots)
{
	void *at = s->base + (uint64_t)s->slots * LOOM_SLOT_BYTES;

	CHECK(s->slots + slots <= s->room);
	memset(at, 0, (size_t)slots * LOOM_SLOT_BYTES);
	s->slots += slots;
	return at;
}

static struct loom_desc st_head(uint8_t op)
{
	return (struct loom_desc){
		.op = op, .wait_sem = { LOOM_SEM_NONE, LOOM_SEM_NONE },
		.signal_sem = { LOOM_SEM_NONE, LOOM_SEM_NONE },
	};
}

void st_op(struct stream *s, uint8_t op)
{
	struct loom_nop *d = st_take(s, 1);

	d->d = st_head(op);
}

void st_wait(struct stream *s, uint8_t sem, uint32_t value)
{
	struct loom_nop *d = st_take(s, 1);

	d->d = st_head(LOOM_OP_NOP);
	d->d.wait_sem[0] = sem;
	d->d.wait_value[0] = value;
}

static struct loom_dma *st_dma(struct stream *s, uint8_t op, uint32_t spm, uint32_t words)
{
	struct loom_dma *d = st_take(s, 2);

	d->d = st_head(op);
	d->spm = spm;
	d->elem = 4;
	d->n[0] = words;
	for (int i = 1; i < LOOM_DIMS; i++)
		d->n[i] = 1;
	d->spm_stride[0] = 4;
	return d;
}

void st_fill(struct stream *s, uint32_t spm, uint32_t value, uint32_t words)
{
	st_dma(s, LOOM_OP_FILL, spm, words)->value = value;
}

void st_load(struct stream *s, uint64_t va, uint32_t spm, uint32_t words)
{
	struct loom_dma *d = st_dma(s, LOOM_OP_LOAD, spm, words);

	d->va = va;
	d->va_stride[0] = 4;
}

void st_store(struct stream *s, uint64_t va, uint32_t spm, uint32_t words)
{
	struct loom_dma *d = st_dma(s, LOOM_OP_STORE, spm, words);

	d->va = va;
	d->va_stride[0] = 4;
}

/* ---- client ---- */

struct client client_open(void)
{
	struct client c = { .fd = loom_open() };

	CHECK(c.fd >= 0);
	c.vm = vm_create(c.fd);
	c.queue = queue_create(c.fd, c.vm);
	c.out = syncobj_create(c.fd);
	c.code = bo_create(c.fd, 16 * PAGE, c.vm);
	c.data = bo_create(c.fd, DATA_SIZE, c.vm);
	CHECK_OK(vm_map(c.fd, c.vm, CODE_VA, c.code.handle, 0, c.code.size, DRM_LOOM_BIND_READONLY));
	CHECK_OK(vm_map(c.fd, c.vm, DATA_VA, c.data.handle, 0, c.data.size, 0));
	return c;
}

void client_close(struct client *c)
{
	munmap(c->code.map, c->code.size);
	munmap(c->data.map, c->data.size);
	close(c->fd);
}

struct stream client_stream(struct client *c)
{
	return stream(c->code.map, c->code.size);
}

int client_start(struct client *c, const struct stream *s)
{
	uint64_t va = CODE_VA + (s->base - (char *)c->code.map);

	return submit_one(c->fd, c->queue, va, s->slots, c->out);
}

void client_run(struct client *c, const struct stream *s)
{
	CHECK_OK(client_start(c, s));
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(c->fd, c->out), 1);
}

void client_serves(struct client *c)
{
	static uint32_t value = 1000;
	struct stream s = store_word(c, DATA_VA, ++value);

	client_run(c, &s);
	CHECK_EQ(*(volatile uint32_t *)c->data.map, value);
}

void serves_anew(void)
{
	struct client c = client_open();

	client_serves(&c);
	client_close(&c);
}

void client_is_orphan(struct client *c)
{
	struct drm_loom_dev_query query = {};
	struct drm_loom_vm_create vm = {};
	struct drm_loom_vm_get_state vm_state = { .id = c->vm };
	struct drm_loom_bo_create create = { .size = PAGE };
	struct drm_loom_bo_mmap_offset offset = { .handle = c->data.handle };
	struct drm_loom_bo_madvise advice = { .handle = c->data.handle };
	struct drm_loom_queue_get_state state = { .id = c->queue };
	struct drm_loom_queue_wait wait = { .id = c->queue };
	struct drm_loom_perf_open perf = {
		.cores = 1, .counters = 1, .period_ns = DRM_LOOM_PERF_PERIOD_MAX, .records = 4,
	};
	uint32_t queue;

	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_DEV_QUERY, &query), -ENODEV);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_VM_CREATE, &vm), -ENODEV);
	CHECK_RET(vm_map(c->fd, c->vm, DATA_VA, c->data.handle, 0, PAGE, 0), -ENODEV);
	CHECK_RET(queue_create_prio(c->fd, c->vm, 0, &queue), -ENODEV);
	CHECK_RET(queue_destroy(c->fd, c->queue), -ENODEV);
	CHECK_RET(submit_one(c->fd, c->queue, CODE_VA, 1, 0), -ENODEV);
	CHECK_RET(bo_wait(c->fd, c->data.handle, 0), -ENODEV);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_BO_CREATE, &create), -ENODEV);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &offset), -ENODEV);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_BO_MADVISE, &advice), -ENODEV);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_VM_GET_STATE, &vm_state), -ENODEV);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_QUEUE_GET_STATE, &state), -ENODEV);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_QUEUE_WAIT, &wait), -ENODEV);
	CHECK_RET(loom_ioctl(c->fd, DRM_IOCTL_LOOM_PERF_OPEN, &perf), -ENODEV);
	CHECK_RET(vm_destroy(c->fd, c->vm), -ENODEV);
}

struct stream store_word(struct client *c, uint64_t va, uint32_t value)
{
	struct stream s = client_stream(c);

	st_fill(&s, 0, value, 1);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, va, 0, 1);
	st_op(&s, LOOM_OP_END);
	return s;
}

struct stream copy_words(struct client *c, uint64_t to, uint64_t from, uint32_t words)
{
	struct stream s = client_stream(c);

	st_load(&s, from, 0, words);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, to, 0, words);
	st_op(&s, LOOM_OP_END);
	return s;
}

struct stream hang(struct client *c)
{
	struct stream s = client_stream(c);

	st_wait(&s, 0, 1);
	st_op(&s, LOOM_OP_END);
	return s;
}
