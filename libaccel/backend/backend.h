/* SPDX-License-Identifier: MIT */
/*
 * What a device does for a session: memory that the device and this process both see, and command streams run one
 * after the other. Devices without a stream interpreter (cpu) have no context functions.
 */
#ifndef ACCEL_BACKEND_BACKEND_H
#define ACCEL_BACKEND_BACKEND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <accel/accel.h>

struct accel_backend;
struct loom_trace_record;

/**
 * struct accel_device
 * @ops: of its kind
 * @info: as reported by accel_device_get_info()
 * @priv: of the kind
 * @member: devices that this one stands for, all of one geometry; NULL for one that stands for itself
 * @num_members: of @member
 * @sessions: that were put on it
 */
struct accel_device {
	const struct accel_backend *ops;
	struct accel_device_info info;
	void *priv;
	struct accel_device **member;
	uint32_t num_members;
	atomic_uint sessions;
};

/**
 * struct accel_mem - memory of a context
 * @ptr: for this process
 * @va: for streams
 * @bytes: whole pages
 * @handle: of the backend
 */
struct accel_mem {
	uint8_t *ptr;
	uint64_t va;
	uint64_t bytes;
	uint32_t handle;
};

/**
 * struct accel_fault - why a job did not end well
 * @status: loom_job_status of loom/regs.h; 0 where the backend cannot say
 * @code: by @status
 * @va: of an MMU fault
 * @slot: of the descriptor in its stream
 * @engine: loom_engine
 * @write: access of an MMU fault
 * @deadlock: engines waited for each other
 * @timeout: the driver stopped the job
 * @reset: the queue was lost in a device reset
 */
struct accel_fault {
	uint32_t status, code;
	uint64_t va;
	uint32_t slot;
	uint8_t engine, write;
	bool deadlock, timeout, reset;
};

struct accel_ctx;

/**
 * struct accel_backend
 * @close: frees @priv
 * @ctx_new: a queue, in an address space of its own or in that of @of, which must outlive it
 * @ctx_free: waits for the job in flight; the memories go with the address space
 * @mem_new: zeroed memory; @readonly: for the device. Jobs of the address space may run meanwhile
 * @renew: another queue in place of one that was stopped; NULL where a queue never is
 * @submit: start a stream; one at a time
 * @trace: NULL where the device does not say what its engines do; else from the next stream on @emit is called, by another thread,
 *	with the records of what was executed, start and end counted from the stream's beginning; all of them before wait() returns.
 *	@emit NULL: no more
 * @wait: for its end: 0; -EIO with @fault filled; -EINTR, after which it may be called again; -ENODEV
 */
struct accel_backend {
	void (*close)(struct accel_device *dev);
	int (*ctx_new)(struct accel_device *dev, struct accel_ctx *of, struct accel_ctx **out);
	void (*ctx_free)(struct accel_ctx *ctx);
	int (*mem_new)(struct accel_ctx *ctx, uint64_t bytes, bool readonly, struct accel_mem *mem);
	int (*renew)(struct accel_ctx *ctx);
	void (*trace)(struct accel_ctx *ctx, void (*emit)(void *opaque, const struct loom_trace_record *rec, size_t n), void *opaque);
	int (*submit)(struct accel_ctx *ctx, uint64_t stream_va, uint32_t slots);
	int (*wait)(struct accel_ctx *ctx, struct accel_fault *fault);
};

/** accel_sim_open - @options: what follows "sim:", or NULL */
int accel_sim_open(const char *options, struct accel_device **out);
int accel_cpu_open(struct accel_device **out);
/** accel_drm_open - @node: path of a device node */
int accel_drm_open(const char *node, struct accel_device **out);
/** accel_drm_find - first node whose driver is loom; @pci: of this PCI address, or NULL. -ENOENT without a message */
int accel_drm_find(const char *pci, char *node, size_t size);
/** accel_drm_next - the first such node of number @from or more; its number, or -ENOENT without a message */
int accel_drm_next(int from, char *node, size_t size);

/** accel_group_open - "all", or devices with "+" between them */
int accel_group_open(const char *spec, struct accel_device **out);
/** accel_device_pick - where a session on @dev goes: the member with the fewest; undone by accel_device_drop() */
struct accel_device *accel_device_pick(struct accel_device *dev);
void accel_device_drop(struct accel_device *dev);

#endif
