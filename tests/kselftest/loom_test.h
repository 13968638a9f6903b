/* SPDX-License-Identifier: MIT */
/*
 * What the suites share: the ioctls as functions that give 0 or a negative errno, and streams by hand.
 */
#ifndef LOOM_KSELFTEST_H
#define LOOM_KSELFTEST_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/loom_accel.h>
#include <loom/isa.h>
#include <loom/regs.h>

#include "harness.h"

#define PAGE		4096ull
#define HUGE_PAGE	(2ull << 20)
#define MS		1000000ll	/* ns */
#define SECOND		(1000 * MS)

/* ---- device ---- */
int loom_open(void);		/* the first Loom node, or a negative errno */
int loom_open_path(char *path, size_t size);
int loom_ioctl(int fd, unsigned long request, void *args);
void loom_query(int fd, uint32_t type, void *answer, uint32_t size);
int64_t now_ns(void);
int64_t deadline(int64_t ns);

/* ---- objects ---- */
uint32_t vm_create(int fd);
int vm_destroy(int fd, uint32_t id);
int vm_bind_ops(int fd, uint32_t vm, struct drm_loom_bind_op *ops, uint32_t *count);
int vm_map(int fd, uint32_t vm, uint64_t va, uint32_t handle, uint64_t offset, uint64_t size,
	   uint32_t flags);
int vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size);
uint32_t queue_create(int fd, uint32_t vm);
int queue_create_prio(int fd, uint32_t vm, uint32_t priority, uint32_t *id);
int queue_destroy(int fd, uint32_t id);
struct drm_loom_queue_get_state queue_state(int fd, uint32_t id);
void gem_close(int fd, uint32_t handle);

struct bo {
	uint32_t handle;
	uint64_t size;
	void *map;
};
struct bo bo_create(int fd, uint64_t size, uint32_t vm);
void *bo_map(int fd, uint32_t handle, uint64_t size);
int bo_wait(int fd, uint32_t handle, int64_t timeout);
int bo_madvise(int fd, uint32_t handle, uint32_t advice, uint32_t *retained);
uint32_t advise(int fd, uint32_t handle, uint32_t advice);	/* gives retained */
int bo_export(int fd, uint32_t handle);		/* gives a dma-buf */
uint32_t bo_import(int fd, int dma_buf);

/* ---- syncobjs ---- */
uint32_t syncobj_create(int fd);
void syncobj_destroy(int fd, uint32_t handle);
int syncobj_wait(int fd, uint32_t handle, int64_t timeout);
int syncobj_wait_point(int fd, uint32_t handle, uint64_t point, int64_t timeout);
int syncobj_export_file(int fd, uint32_t handle);
int sync_file_status(int sync_fd, char *driver, char *timeline); /* 1, 0, or an error */
int syncobj_status(int fd, uint32_t handle);	/* of the binary fence: the same */

/* ---- jobs ---- */
int submit(int fd, uint32_t queue, struct drm_loom_job *jobs, uint32_t count);
struct drm_loom_job job(uint64_t va, uint32_t slots, struct drm_loom_sync_op *syncs, uint32_t count);
int submit_one(int fd, uint32_t queue, uint64_t va, uint32_t slots, uint32_t out);

static inline struct drm_loom_sync_op sync_in(uint32_t handle)
{
	return (struct drm_loom_sync_op){ .handle = handle };
}

static inline struct drm_loom_sync_op sync_out(uint32_t handle)
{
	return (struct drm_loom_sync_op){ .flags = DRM_LOOM_SYNC_SIGNAL, .handle = handle };
}

static inline struct drm_loom_sync_op sync_point(uint32_t flags, uint32_t handle, uint64_t value)
{
	return (struct drm_loom_sync_op){ flags | DRM_LOOM_SYNC_TIMELINE, handle, value };
}

/* ---- streams ---- */
struct stream {
	char *base;
	uint32_t slots, room;
};
struct stream stream(void *base, uint64_t bytes);
void st_fill(struct stream *s, uint32_t spm, uint32_t value, uint32_t words);
void st_load(struct stream *s, uint64_t va, uint32_t spm, uint32_t words);
void st_store(struct stream *s, uint64_t va, uint32_t spm, uint32_t words);
void st_op(struct stream *s, uint8_t op);	/* NOP, BARRIER, MARK, END, or anything of one slot */
void st_wait(struct stream *s, uint8_t sem, uint32_t value);

/* ---- a client with all it needs to run streams ---- */
#define CODE_VA		0x10000000ull
#define DATA_VA		0x20000000ull
#define DATA_SIZE	(64 * PAGE)

struct client {
	int fd;
	uint32_t vm, queue, out;
	struct bo code, data;	/* mapped at CODE_VA and DATA_VA */
};
struct client client_open(void);
void client_close(struct client *c);
struct stream client_stream(struct client *c);
int client_start(struct client *c, const struct stream *s);	/* signals c->out */
void client_run(struct client *c, const struct stream *s);	/* and must end well */
void client_serves(struct client *c);	/* a job whose result is right */
void serves_anew(void);			/* the same for a new client */
void client_is_orphan(struct client *c);	/* every call says that the device is gone */

/* Streams of one purpose, in the client's code buffer. */
struct stream store_word(struct client *c, uint64_t va, uint32_t value);
struct stream copy_words(struct client *c, uint64_t to, uint64_t from, uint32_t words);
struct stream hang(struct client *c);

/* ---- what CPU and device see ---- */
uint32_t word(const struct bo *bo, uint64_t offset);
void set_word(struct bo *bo, uint64_t offset, uint32_t value);
uint32_t device_read(struct client *c, uint64_t va);	/* uses word 0 of c->data */
void expect_fault(struct client *c, const struct stream *s, uint64_t va, uint32_t code,
		  uint8_t access);	/* and the client gets another queue */
void expect_unmapped(struct client *c, uint64_t va);

/* ---- asynchronous VM_BIND ---- */
int bind_async(int fd, uint32_t vm, struct drm_loom_bind_op *ops, uint32_t count,
	       struct drm_loom_sync_op *syncs, uint32_t num_syncs);
struct drm_loom_vm_get_state vm_state(int fd, uint32_t vm);

static inline struct drm_loom_bind_op op_map(uint64_t va, uint32_t handle, uint64_t offset,
					     uint64_t size)
{
	return (struct drm_loom_bind_op){ DRM_LOOM_BIND_MAP, handle, offset, va, size };
}

static inline struct drm_loom_bind_op op_unmap(uint64_t va, uint64_t size)
{
	return (struct drm_loom_bind_op){ .flags = DRM_LOOM_BIND_UNMAP, .va = va, .size = size };
}

/* ---- the machine ---- */
#define DRIVER	"/sys/bus/pci/drivers/loom"
#define TRACING	"/sys/kernel/tracing"

char *file_text(const char *path);	/* malloc()ed, ends in 0 */
void file_write(const char *path, const char *text);
void bound_device(char *name, size_t size);	/* PCI address of the device */
/* vgem, another DRM driver that imports what we export and exports what we import; skips the test where there is none. */
int vgem_open(void);
/* A file of the device's only hwmon device; skips the test where the kernel has no hwmon. */
void sensor_path(char *path, size_t size, const char *name);
int udmabuf(uint32_t pages, volatile uint32_t **map);	/* a dma-buf of pages of a memfd */
void debug_file(char *path, size_t size, const char *name);
unsigned int recovery_count(const char *name);	/* a line of debugfs recovery */
char *debug_text(const char *name);	/* a file of the device in debugfs */
char *fdinfo_text(int fd);
char *fdinfo_value(int fd, const char *key); /* of a key, which is there once; NULL: it is not there */
unsigned long long fdinfo_number(int fd, const char *key, const char *unit);
void shrink(void);	/* the kernel calls every shrinker until they give nothing more */
void press(void);	/* half of the memory that there is goes for a moment */
void set_oom_score(const char *score);
void trace_begin(void);			/* the driver's tracepoints are on */
char *trace_end(void);			/* what they have said */
unsigned int module_param(const char *name);
void set_module_param(const char *name, unsigned int value);
bool monitor_ask(const char *command, char *reply, size_t size); /* and what it says */
bool monitor(const char *command); /* of the machine's monitor; false: it has none */
bool inject(const char *fault); /* false: this machine cannot */
void wait_for_device(bool there);
void fail_in_all_ways(struct client *c); /* its queue has ended then, and the file's limits are reached */
bool device_remove(void); /* the machine takes it out; false: it cannot */
void device_add(const char *options); /* the machine puts another in, with properties "name=value,..." */

#endif
