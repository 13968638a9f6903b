// SPDX-License-Identifier: MIT
/*
 * The fuzzer's syncobjs. Binary ones mostly have a fence, timelines mostly the points up to the one that is kept:
 * who waits for them finds something to wait for, which ends soon.
 */
#include <linux/sync_file.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

static uint64_t next_point(struct object *line)
{
	return __atomic_add_fetch(&line->value, 1, __ATOMIC_RELAXED);
}

/* A point that is, or will be. */
static uint64_t some_point(struct fuzz *f, const struct object *line)
{
	uint64_t last = line->value;

	return last > 9 ? last - 1 - below(f, 8) : last;
}

static struct drm_loom_sync_op some_sync(struct fuzz *f, struct fuzz_file *file)
{
	struct object *object;

	if (one_in(f, 2)) {
		uint32_t handle = pick(f, file, SYNCOBJS);

		return one_in(f, 3) ? sync_in(handle) : sync_out(handle);
	}
	object = pick_object(f, file, LINES);
	if (object->value > 0 && one_in(f, 3))
		return sync_point(0, object->id, some_point(f, object));
	return sync_point(DRM_LOOM_SYNC_SIGNAL, object->id, next_point(object));
}

uint32_t fill_syncs(struct fuzz *f, struct fuzz_file *file, struct drm_loom_sync_op *syncs, uint32_t max)
{
	uint32_t count = 0, want = below(f, max + 1);

	while (count < want) {
		syncs[count] = some_sync(f, file);
		/* None of this kind so far */
		if (!syncs[count].handle && !one_in(f, 16))
			break;
		count++;
	}
	maybe_spoil(f, syncs, count * sizeof(*syncs), 64);
	return count;
}

static void create(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, uint32_t flags)
{
	struct drm_syncobj_create args = { .flags = flags };

	if (!full(file, kind) && !FUZZ_CALL(f, file, SYNCOBJ_CREATE, args))
		add(f, file, kind, (struct object){ args.handle });
}

void do_syncobj_create(struct fuzz *f, struct fuzz_file *file)
{
	create(f, file, SYNCOBJS, one_in(f, 16) ? 0 : DRM_SYNCOBJ_CREATE_SIGNALED);
}

void do_line_create(struct fuzz *f, struct fuzz_file *file)
{
	create(f, file, LINES, 0);
}

void do_syncobj_destroy(struct fuzz *f, struct fuzz_file *file)
{
	enum pool_kind kind = one_in(f, 3) ? LINES : SYNCOBJS;
	struct drm_syncobj_destroy args = { .handle = pick(f, file, kind) };

	if (args.handle && !FUZZ_CALL(f, file, SYNCOBJ_DESTROY, args))
		drop(f, file, kind, args.handle);
}

void do_syncobj_wait(struct fuzz *f, struct fuzz_file *file)
{
	struct object *lines[2] = { pick_object(f, file, LINES), pick_object(f, file, LINES) };
	uint32_t handles[2] = { pick(f, file, SYNCOBJS), pick(f, file, SYNCOBJS) };
	uint32_t line_handles[2] = { lines[0]->id, lines[1]->id };
	uint64_t points[2] = { some_point(f, lines[0]), some_point(f, lines[1]) };
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)handles, .count_handles = 1 + below(f, 2),
		.timeout_nsec = soon(f), .flags = below(f, 4),
	};
	struct drm_syncobj_timeline_wait line = {
		.handles = (uintptr_t)line_handles, .points = (uintptr_t)points,
		.count_handles = 1 + below(f, 2), .timeout_nsec = soon(f),
		.flags = below(f, 4) | (one_in(f, 8) ? DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE : 0),
	};

	if (one_in(f, 2))
		fuzz_call(f, file, DRM_IOCTL_SYNCOBJ_WAIT, &wait);
	else if (points[0] && points[1])
		fuzz_call(f, file, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &line);
}

/* DRM itself says in the log that an array is too large: these are left as they are. */
static void change_binary(struct fuzz *f, struct fuzz_file *file)
{
	uint32_t handle = pick(f, file, SYNCOBJS);
	struct drm_syncobj_array array = { .handles = (uintptr_t)&handle, .count_handles = 1 };

	if (!handle) {
		do_syncobj_create(f, file);
		return;
	}
	if (one_in(f, 4))
		fuzz_call(f, file, DRM_IOCTL_SYNCOBJ_RESET, &array);
	if (!one_in(f, 16))
		fuzz_call(f, file, DRM_IOCTL_SYNCOBJ_SIGNAL, &array);
}

static void change_line(struct fuzz *f, struct fuzz_file *file)
{
	struct object *object = pick_object(f, file, LINES);
	uint32_t handle = object->id;
	uint64_t point = 0;
	struct drm_syncobj_timeline_array line = {
		.handles = (uintptr_t)&handle, .points = (uintptr_t)&point, .count_handles = 1,
	};

	if (!handle) {
		do_line_create(f, file);
	} else if (one_in(f, 2)) {
		fuzz_call(f, file, DRM_IOCTL_SYNCOBJ_QUERY, &line);
	} else {
		point = next_point(object);
		fuzz_call(f, file, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &line);
	}
}

static void transfer(struct fuzz *f, struct fuzz_file *file)
{
	struct object *line = pick_object(f, file, LINES);
	uint32_t handle = pick(f, file, SYNCOBJS);
	struct drm_syncobj_transfer args = { .src_handle = handle, .dst_handle = line->id };

	if (!handle || !line->id)
		return;
	if (one_in(f, 2) && line->value) {
		args = (struct drm_syncobj_transfer){
			.src_handle = line->id, .dst_handle = handle,
			.src_point = some_point(f, line),
		};
	} else {
		args.dst_point = next_point(line);
	}
	FUZZ_CALL(f, file, SYNCOBJ_TRANSFER, args);
}

void do_syncobj_change(struct fuzz *f, struct fuzz_file *file)
{
	switch (below(f, 5)) {
	case 0:
	case 1:
		change_binary(f, file);
		break;
	case 2:
	case 3:
		change_line(f, file);
		break;
	default:
		transfer(f, file);
	}
}

static void look_at(int fd)
{
	struct sync_fence_info fences[4] = {};
	struct sync_file_info info = { .num_fences = 4, .sync_fence_info = (uintptr_t)fences };
	struct pollfd poll_fd = { fd, POLLIN, 0 };

	ioctl(fd, SYNC_IOC_FILE_INFO, &info);
	poll(&poll_fd, 1, 0);
}

/* A fence goes to a sync file, which is kept, looked at, and comes back. */
void do_sync_file(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_syncobj_handle args = {
		.handle = pick(f, file, SYNCOBJS), .fd = -1,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	struct object *kept = &file->pool[FDS].at[MAX_STREAMS + below(f, POOL_SIZE - MAX_STREAMS)];
	int fd = kept->id;

	if (fd > 0)
		look_at(fd);
	if (FUZZ_CALL(f, file, SYNCOBJ_HANDLE_TO_FD, args))
		return;
	if (fd > 0)
		close(fd);
	kept->id = args.fd;
	args.handle = pick(f, file, SYNCOBJS);
	args.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
	FUZZ_CALL(f, file, SYNCOBJ_FD_TO_HANDLE, args);
}
