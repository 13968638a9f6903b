/* SPDX-License-Identifier: MIT */
/*
 * What a device does for a session: memory that the device and this process both see, and command streams run one
 * after the other. Devices without a stream interpreter (cpu) have no context functions.
 */
#ifndef ACCEL_BACKEND_BACKEND_H
#define ACCEL_BACKEND_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include <accel/accel.h>

struct accel_backend;

/**
 * struct accel_device
 * @ops: of its kind
 * @info: as reported by accel_device_get_info()
 * @priv: of the kind
 */
struct accel_device {
	const struct accel_backend *ops;
	struct accel_device_info info;
	void *priv;
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
 * @ctx_new: an address space with a queue
 * @ctx_free: waits for the job in flight
 * @mem_new: zeroed memory; @readonly: for the device
 * @submit: start a stream; one at a time
 * @wait: for its end: 0; -EIO with @fault filled; -EINTR, after which it may be called again; -ENODEV
 */
struct accel_backend {
	void (*close)(struct accel_device *dev);
	int (*ctx_new)(struct accel_device *dev, struct accel_ctx **out);
	void (*ctx_free)(struct accel_ctx *ctx);
	int (*mem_new)(struct accel_ctx *ctx, uint64_t bytes, bool readonly, struct accel_mem *mem);
	void (*mem_free)(struct accel_ctx *ctx, struct accel_mem *mem);
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

#endif
