// SPDX-License-Identifier: MIT
/* loom.ko: a session is a VM with a queue, or one more queue of a VM; a timeline syncobj says when its jobs have ended. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "backend.h"
#include "libaccel/error.h"
#include "uapi/drm/loom_accel.h"

/* The oldest minor version of the interface that has all that is used here. */
#define MINOR_NEEDED 0

#define MAX_MEMS 128

struct drm {
	int fd;
	struct drm_loom_query_info info;
};

/**
 * struct drm_vm - an address space
 * @lock: of @next_va and @mem
 */
struct drm_vm {
	uint32_t id;
	pthread_mutex_t lock;
	uint64_t next_va;
	struct accel_mem mem[MAX_MEMS];
};

/**
 * struct accel_ctx
 * @own_vm: @vm goes with it
 * @point: of the last job submitted
 */
struct accel_ctx {
	struct drm *drm;
	struct drm_vm *vm;
	bool own_vm;
	uint32_t queue, syncobj;
	uint64_t point;
};

/* ioctl() that goes on after signals. */
static int call(const struct drm *drm, unsigned long request, void *arg)
{
	return drmIoctl(drm->fd, request, arg) ? -errno : 0;
}

static int failed(int err, const char *what)
{
	if (err == -ENODEV)
		return accel_error(ENODEV, "%s: the device is gone: it was unplugged, or its driver unbound", what);
	return accel_error(-err, "%s: %s", what, strerror(-err));
}

/* ---- Discovery ---- */

/* Last component of the link /sys/class/accel/<node>/device[/driver]. */
static int link_name(const char *node, const char *tail, char *buf, size_t size)
{
	char path[320], target[512];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/accel/%s/device%s", node, tail);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	base = strrchr(target, '/');
	base = base ? base + 1 : target;
	if (strlen(base) >= size)
		return -ENAMETOOLONG;
	strcpy(buf, base);
	return 0;
}

int accel_drm_next(int from, char *node, size_t size)
{
	for (int i = from; i < 64; i++) {
		char name[24], driver[64];

		snprintf(name, sizeof(name), "accel%d", i);
		if (link_name(name, "/driver", driver, sizeof(driver)) || strcmp(driver, "loom"))
			continue;
		snprintf(node, size, "/dev/accel/%s", name);
		return i;
	}
	return -ENOENT;
}

int accel_drm_find(const char *pci, char *node, size_t size)
{
	for (int i = 0; (i = accel_drm_next(i, node, size)) >= 0; i++) {
		char address[64];

		if (!pci || (!link_name(strrchr(node, '/') + 1, "", address, sizeof(address)) && !strcasecmp(address, pci)))
			return 0;
	}
	return -ENOENT;
}

static int open_error(const char *node, int err)
{
	switch (err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return accel_error(ENOENT, "open %s: there is no such device: is it there (lspci -d 1234:4c4d) and the module "
				   "loaded (modprobe loom)?", node);
	case EACCES:
	case EPERM:
		return accel_error(EACCES, "open %s: the device is there, but you may not use it: add yourself to the group "
				   "that owns it (ls -l %s; usually render), or install the udev rule", node, node);
	default:
		return accel_error(err, "open %s: %s", node, strerror(err));
	}
}

/* Is this a Loom, and of an interface that this library knows? */
static int check_driver(const char *node, int fd)
{
	drmVersionPtr v = drmGetVersion(fd);
	int err = 0;

	if (!v)
		return accel_error(EINVAL, "open %s: not a DRM device", node);
	if (strcmp(v->name, "loom"))
		err = accel_error(EINVAL, "open %s: its driver is %s, not loom: give the node of a Loom", node, v->name);
	else if (v->version_major != LOOM_ACCEL_MAJOR || v->version_minor < MINOR_NEEDED)
		err = accel_error(EPROTO, "open %s: the driver has interface %d.%d, the library needs %d.%d: install "
				  "driver and library of the same release", node, v->version_major, v->version_minor,
				  LOOM_ACCEL_MAJOR, MINOR_NEEDED);
	drmFreeVersion(v);
	return err;
}

static void fill_info(struct accel_device_info *info, const struct drm_loom_query_info *q, const char *node)
{
	*info = (struct accel_device_info){
		.kind = ACCEL_DEVICE_DRM, .array_dim = q->array_dim, .num_cores = q->num_cores,
		.spm_bytes = q->spm_bytes, .acc_bytes = q->acc_bytes, .dram_bpc = q->dram_bpc,
		.clock_khz = q->clock_max_khz, .isa_version = q->isa_version, .features = q->features,
	};
	snprintf(info->name, sizeof(info->name), "%s", node);
	snprintf(info->firmware, sizeof(info->firmware), "%.*s", (int)sizeof(info->firmware) - 1, q->fw_version);
}

static const struct accel_backend drm_ops;

int accel_drm_open(const char *node, struct accel_device **out)
{
	struct accel_device *dev = calloc(1, sizeof(*dev));
	struct drm *drm = calloc(1, sizeof(*drm));
	struct drm_loom_dev_query q = { .type = DRM_LOOM_QUERY_INFO, .size = sizeof(drm->info) };
	int err;

	if (!dev || !drm) {
		free(dev);
		free(drm);
		return accel_enomem("a device");
	}
	drm->fd = open(node, O_RDWR | O_CLOEXEC);
	err = drm->fd < 0 ? open_error(node, errno) : check_driver(node, drm->fd);
	if (!err) {
		q.pointer = (uintptr_t)&drm->info;
		err = call(drm, DRM_IOCTL_LOOM_DEV_QUERY, &q);
		if (err)
			failed(err, "open: cannot ask the device for its geometry");
	}
	if (!err && !drm->info.array_dim)
		err = accel_error(EPROTO, "open %s: the driver reports no geometry", node);
	if (err) {
		if (drm->fd >= 0)
			close(drm->fd);
		free(drm);
		free(dev);
		return err;
	}
	dev->ops = &drm_ops;
	dev->priv = drm;
	fill_info(&dev->info, &drm->info, node);
	*out = dev;
	return 0;
}

static void drm_close(struct accel_device *dev)
{
	struct drm *drm = dev->priv;

	close(drm->fd);
	free(drm);
}

/* ---- Sessions ---- */

static void drm_ctx_free(struct accel_ctx *ctx);

static int make_queue(struct accel_ctx *ctx)
{
	struct drm_loom_queue_create q = { .priority = DRM_LOOM_PRIORITY_NORMAL, .vm_id = ctx->vm->id };
	int err = call(ctx->drm, DRM_IOCTL_LOOM_QUEUE_CREATE, &q);

	if (err == -ENOSPC)
		return accel_error(ENOSPC, "session: the device has no free queue: close other sessions");
	if (err)
		return failed(err, "session: cannot create a queue");
	ctx->queue = q.id;
	ctx->point = 0;
	err = -drmSyncobjCreate(ctx->drm->fd, 0, &ctx->syncobj);
	return err ? accel_error(errno, "session: cannot create a fence: %s", strerror(errno)) : 0;
}

static void drop_queue(struct accel_ctx *ctx)
{
	struct drm_loom_queue_destroy q = { .id = ctx->queue };

	if (ctx->queue)
		call(ctx->drm, DRM_IOCTL_LOOM_QUEUE_DESTROY, &q);
	if (ctx->syncobj)
		drmSyncobjDestroy(ctx->drm->fd, ctx->syncobj);
	ctx->queue = ctx->syncobj = 0;
}

static int drm_renew(struct accel_ctx *ctx)
{
	drop_queue(ctx);
	return make_queue(ctx);
}

static int make_vm(struct accel_ctx *ctx)
{
	struct drm_loom_vm_create vm = { 0 };
	int err;

	ctx->vm = calloc(1, sizeof(*ctx->vm));
	if (!ctx->vm)
		return accel_enomem("a session");
	ctx->own_vm = true;
	pthread_mutex_init(&ctx->vm->lock, NULL);
	ctx->vm->next_va = ctx->drm->info.va_start;
	err = call(ctx->drm, DRM_IOCTL_LOOM_VM_CREATE, &vm);
	if (err)
		return failed(err, "session: cannot create an address space");
	ctx->vm->id = vm.id;
	return 0;
}

static int drm_ctx_new(struct accel_device *dev, struct accel_ctx *of, struct accel_ctx **out)
{
	struct accel_ctx *ctx = calloc(1, sizeof(*ctx));
	int err = 0;

	if (!ctx)
		return accel_enomem("a session");
	ctx->drm = dev->priv;
	if (of)
		ctx->vm = of->vm;
	else
		err = make_vm(ctx);
	if (!err)
		err = make_queue(ctx);
	if (err)
		drm_ctx_free(ctx);
	else
		*out = ctx;
	return err;
}

static int map_bo(struct accel_ctx *ctx, struct accel_mem *m, bool readonly)
{
	struct drm_loom_bo_mmap_offset off = { .handle = m->handle };
	struct drm_loom_bind_op op = {
		.flags = DRM_LOOM_BIND_MAP | (readonly ? DRM_LOOM_BIND_READONLY : 0), .bo_handle = m->handle,
		.va = m->va, .size = m->bytes,
	};
	struct drm_loom_vm_bind bind = { .vm_id = ctx->vm->id, .ops = { sizeof(op), 1, (uintptr_t)&op } };
	int err = call(ctx->drm, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &off);
	void *p;

	if (err)
		return err;
	p = mmap(NULL, m->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ctx->drm->fd, (off_t)off.offset);
	if (p == MAP_FAILED)
		return -errno;
	m->ptr = p;
	return call(ctx->drm, DRM_IOCTL_LOOM_VM_BIND, &bind);
}

static void free_mem(struct accel_ctx *ctx, struct accel_mem *mem)
{
	struct drm_loom_bind_op op = { .flags = DRM_LOOM_BIND_UNMAP, .va = mem->va, .size = mem->bytes };
	struct drm_loom_vm_bind bind = { .vm_id = ctx->vm->id, .ops = { sizeof(op), 1, (uintptr_t)&op } };
	struct drm_gem_close gem = { .handle = mem->handle };

	if (!mem->handle)
		return;
	call(ctx->drm, DRM_IOCTL_LOOM_VM_BIND, &bind);
	if (mem->ptr)
		munmap(mem->ptr, mem->bytes);
	call(ctx->drm, DRM_IOCTL_GEM_CLOSE, &gem);
	memset(mem, 0, sizeof(*mem));
}

/* With the lock of the address space. */
static int new_mem(struct accel_ctx *ctx, uint64_t bytes, bool readonly, struct accel_mem *m)
{
	const struct drm_loom_query_info *info = &ctx->drm->info;
	struct drm_loom_bo_create bo = { .size = bytes, .vm_id = ctx->vm->id };
	int err = call(ctx->drm, DRM_IOCTL_LOOM_BO_CREATE, &bo);

	if (err)
		return failed(err, "session: cannot create a buffer");
	*m = (struct accel_mem){ .va = ctx->vm->next_va, .bytes = bo.size, .handle = bo.handle };
	if (m->bytes > info->va_end - m->va) {
		err = accel_error(ENOSPC, "session: the program is larger than the device's address space");
	} else {
		err = map_bo(ctx, m, readonly);
		if (err)
			failed(err, "session: cannot map a buffer");
	}
	if (err)
		free_mem(ctx, m);
	else
		/* A page between buffers catches what runs over. */
		ctx->vm->next_va += m->bytes + info->page_bytes;
	return err;
}

static int drm_mem_new(struct accel_ctx *ctx, uint64_t bytes, bool readonly, struct accel_mem *mem)
{
	struct accel_mem *m = ctx->vm->mem;
	int err;

	pthread_mutex_lock(&ctx->vm->lock);
	while (m < ctx->vm->mem + MAX_MEMS && m->handle)
		m++;
	if (m == ctx->vm->mem + MAX_MEMS)
		err = accel_error(ENOSPC, "session: more than %d memories", MAX_MEMS);
	else
		err = new_mem(ctx, bytes, readonly, m);
	if (!err)
		*mem = *m;
	pthread_mutex_unlock(&ctx->vm->lock);
	return err;
}

static void drm_ctx_free(struct accel_ctx *ctx)
{
	/* The queue first: it stops what still runs in the memory. */
	drop_queue(ctx);
	if (ctx->own_vm) {
		struct drm_loom_vm_destroy vm = { .id = ctx->vm->id };

		for (int i = 0; i < MAX_MEMS; i++)
			free_mem(ctx, &ctx->vm->mem[i]);
		if (ctx->vm->id)
			call(ctx->drm, DRM_IOCTL_LOOM_VM_DESTROY, &vm);
		pthread_mutex_destroy(&ctx->vm->lock);
		free(ctx->vm);
	}
	free(ctx);
}

static int drm_submit(struct accel_ctx *ctx, uint64_t stream_va, uint32_t slots)
{
	struct drm_loom_sync_op sync = {
		.flags = DRM_LOOM_SYNC_TIMELINE | DRM_LOOM_SYNC_SIGNAL, .handle = ctx->syncobj,
		.value = ctx->point + 1,
	};
	struct drm_loom_job job = {
		.stream_va = stream_va, .stream_slots = slots, .syncs = { sizeof(sync), 1, (uintptr_t)&sync },
	};
	struct drm_loom_submit submit = {
		.queue_id = ctx->queue, .jobs = { sizeof(job), 1, (uintptr_t)&job },
	};
	int err = call(ctx->drm, DRM_IOCTL_LOOM_SUBMIT, &submit);

	if (err == -EIO)
		return accel_error(EIO, "submit: the session's queue was stopped by an earlier failure: open a new session");
	if (err)
		return failed(err, "submit");
	ctx->point++;
	return 0;
}

static int read_fault(struct accel_ctx *ctx, struct accel_fault *fault)
{
	struct drm_loom_queue_get_state st = { .id = ctx->queue };
	int err = call(ctx->drm, DRM_IOCTL_LOOM_QUEUE_GET_STATE, &st);

	if (err)
		return failed(err, "wait: cannot ask for the queue's state");
	if (!st.state)
		return 0;
	*fault = (struct accel_fault){
		.status = st.fault_status, .code = st.fault_code, .va = st.fault_va, .slot = st.fault_slot,
		.engine = st.fault_engine, .write = st.fault_access,
		.timeout = st.state & DRM_LOOM_QUEUE_STATE_TIMEOUT,
		.reset = st.state & DRM_LOOM_QUEUE_STATE_RESET && !(st.state & DRM_LOOM_QUEUE_STATE_FAULT),
	};
	return -EIO;
}

/* Not drmSyncobjTimelineWait(): that one goes on after a signal, and the caller would never see Ctrl-C. */
static int drm_wait(struct accel_ctx *ctx, struct accel_fault *fault)
{
	struct drm_syncobj_timeline_wait w = {
		.handles = (uintptr_t)&ctx->syncobj, .points = (uintptr_t)&ctx->point, .timeout_nsec = INT64_MAX,
		.count_handles = 1, .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL,
	};

	if (ioctl(ctx->drm->fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &w) && errno != EIO && errno != ECANCELED) {
		int err = errno;

		return err == EINTR || err == EAGAIN ? -EINTR : failed(-err, "wait");
	}
	return read_fault(ctx, fault);
}

static const struct accel_backend drm_ops = {
	.close = drm_close,
	.ctx_new = drm_ctx_new,
	.ctx_free = drm_ctx_free,
	.mem_new = drm_mem_new,
	.renew = drm_renew,
	.submit = drm_submit,
	.wait = drm_wait,
};
