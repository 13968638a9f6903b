/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Loom DRM accel driver, user-space interface (/dev/accel/accelN).
 *
 * Rules that hold everywhere:
 *  - Structures are 64-bit aligned and the same for 32- and 64-bit programs. Pointers are __u64.
 *  - Fields named pad must be zero; unknown flags are refused with -EINVAL.
 *  - Arrays are passed as struct drm_loom_array (stride, count, pointer). Elements may grow at their end: a
 *    shorter stride means that the missing fields are zero; a longer one is accepted where the rest is zero
 *    (-E2BIG otherwise).
 *  - Timeouts are absolute, CLOCK_MONOTONIC, signed 64-bit nanoseconds; one in the past polls.
 *  - Object ids (VMs, queues) belong to the file and begin at 1. 0 is never an object.
 *  - An ioctl that fails has changed nothing, except where it says how far it got.
 *  - Additions come at the end, each with a new minor version of the driver.
 *
 * Life of a job: BO_CREATE, VM_CREATE, VM_BIND, QUEUE_CREATE, then SUBMIT of a command stream (loom/isa.h) at a
 * virtual address. Jobs of one queue run one after the other in the order of submission; queues are independent.
 * Every job has a fence, which signals when the job has ended, well or not. A job that faults or hangs
 * stops its queue: its fence and those of later jobs signal with an error, SUBMIT gives -EIO, and
 * QUEUE_GET_STATE says why. Other queues go on.
 */
#ifndef LOOM_ACCEL_H
#define LOOM_ACCEL_H

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/* Versions of the interface: 1.0; 1.1 has BO_MADVISE; 1.2 has asynchronous VM_BIND, VM_GET_STATE;
 * 1.3 has user queues: QUEUE_CREATE with USER, QUEUE_WAIT; 1.4 has DRM_LOOM_QUEUE_STATE_INNOCENT;
 * 1.5 has PERF_OPEN; 1.6 has buffers of SUBMIT; 1.7 has throttling in HEALTH */
#define LOOM_ACCEL_MAJOR	1
#define LOOM_ACCEL_MINOR	7

enum drm_loom_ioctl_id {
	DRM_LOOM_DEV_QUERY = 0,
	DRM_LOOM_VM_CREATE = 1,
	DRM_LOOM_VM_DESTROY = 2,
	DRM_LOOM_VM_BIND = 3,
	DRM_LOOM_BO_CREATE = 4,
	DRM_LOOM_BO_MMAP_OFFSET = 5,
	DRM_LOOM_BO_WAIT = 6,
	DRM_LOOM_QUEUE_CREATE = 7,
	DRM_LOOM_QUEUE_DESTROY = 8,
	DRM_LOOM_QUEUE_GET_STATE = 9,
	DRM_LOOM_SUBMIT = 10,
	DRM_LOOM_BO_MADVISE = 11,
	DRM_LOOM_VM_GET_STATE = 12,
	DRM_LOOM_QUEUE_WAIT = 13,
	DRM_LOOM_PERF_OPEN = 14,
};

/**
 * struct drm_loom_array - array of structures in user memory
 * @stride: bytes between elements, at least the size of the element's first version
 * @count: elements
 * @array: user pointer; may be 0 where @count is 0
 */
struct drm_loom_array {
	__u32 stride;
	__u32 count;
	__u64 array;
};

/** enum drm_loom_query_type - what DEV_QUERY can tell */
enum drm_loom_query_type {
	/** @DRM_LOOM_QUERY_INFO: struct drm_loom_query_info */
	DRM_LOOM_QUERY_INFO = 0,
	/** @DRM_LOOM_QUERY_CORE: array of struct drm_loom_query_core, one a core */
	DRM_LOOM_QUERY_CORE = 1,
	/** @DRM_LOOM_QUERY_HEALTH: struct drm_loom_query_health */
	DRM_LOOM_QUERY_HEALTH = 2,
};

/**
 * struct drm_loom_dev_query - DEV_QUERY
 * @type: drm_loom_query_type
 * @size: bytes at @pointer; out: bytes of the answer. With @pointer 0 only @size is returned. A smaller
 *	buffer gets the answer's beginning, a larger one its rest zeroed
 * @pointer: user pointer or 0
 *
 * Errors: -EINVAL unknown type; -EFAULT; -ENODEV device gone.
 */
struct drm_loom_dev_query {
	__u32 type;
	__u32 size;
	__u64 pointer;
};

/**
 * struct drm_loom_query_info - identity and geometry, as the device reports it (loom/regs.h)
 * @features: LOOM_FEAT_*
 * @va_start: first VA that VM_BIND accepts
 * @va_end: first VA that it does not
 * @revision: of the hardware, [31:16] major, [15:0] minor
 * @isa_version: of loom/isa.h, likewise
 * @array_dim: R, rows = columns of the systolic array
 * @num_cores: compute cores
 * @spm_bytes: scratchpad a core
 * @acc_bytes: accumulators a core
 * @dram_bpc: DRAM bytes a cycle
 * @clock_max_khz: kHz
 * @max_queues: that one file may hold, with those that were destroyed and have jobs that wait
 * @max_vms: that one file may hold, with those that were destroyed and are kept by queues or queued calls
 * @page_bytes: granule of VM_BIND
 * @pad: zero
 * @fw_version: text of the running firmware, NUL-terminated
 */
struct drm_loom_query_info {
	__u64 features;
	__u64 va_start;
	__u64 va_end;
	__u32 revision;
	__u32 isa_version;
	__u32 array_dim;
	__u32 num_cores;
	__u32 spm_bytes;
	__u32 acc_bytes;
	__u32 dram_bpc;
	__u32 clock_max_khz;
	__u32 max_queues;
	__u32 max_vms;
	__u32 page_bytes;
	__u32 pad;
	char fw_version[32];
};

/**
 * struct drm_loom_query_core - counters of one core since the last device reset
 * @cycles: spent in jobs
 * @macs: multiply-accumulates of the array
 * @bytes_in: DRAM to scratchpad
 * @bytes_out: scratchpad to DRAM
 * @descs: descriptors executed
 * @jobs: jobs ended
 * @busy: cycles, by engine (loom_engine of loom/isa.h)
 */
struct drm_loom_query_core {
	__u64 cycles;
	__u64 macs;
	__u64 bytes_in;
	__u64 bytes_out;
	__u64 descs;
	__u64 jobs;
	__u64 busy[5];
};

/**
 * struct drm_loom_query_health
 * @temp_mc: die temperature, millidegrees Celsius
 * @power_mw: milliwatts
 * @clock_khz: present clock
 * @resets: device resets since the driver was bound
 * @throttle: DRM_LOOM_THROTTLE_*: why the device does not go to its highest clock; 0: nothing keeps it (since 1.7, as
 *	all that follows)
 * @clock_cap_khz: highest clock that it goes to now
 * @throttle_count: how often throttling has begun since the driver was bound
 * @pad: zero
 * @throttle_ns: nanoseconds of throttling since the driver was bound
 */
struct drm_loom_query_health {
	__s32 temp_mc;
	__u32 power_mw;
	__u32 clock_khz;
	__u32 resets;
	__u32 throttle;
	__u32 clock_cap_khz;
	__u32 throttle_count;
	__u32 pad;
	__u64 throttle_ns;
};

#define DRM_LOOM_THROTTLE_THERMAL	0x1	/* the die is, or was just now, too hot */
#define DRM_LOOM_THROTTLE_CRITICAL	0x2	/* much too hot: the lowest clock */

/**
 * struct drm_loom_vm_create - VM_CREATE: an address space
 * @flags: zero
 * @id: out: VM id
 *
 * Errors: -EINVAL; -ENOSPC the file's or the device's limit is reached; -ENOMEM; -ENODEV.
 */
struct drm_loom_vm_create {
	__u32 flags;
	__u32 id;
};

/**
 * struct drm_loom_vm_destroy - VM_DESTROY
 * @id: VM id
 * @pad: zero
 *
 * The VM lives on, unreachable, until the last queue that uses it is gone, and the last call of VM_BIND that is
 * queued has ended.
 * Errors: -ENOENT no such VM; -EINVAL.
 */
struct drm_loom_vm_destroy {
	__u32 id;
	__u32 pad;
};

#define DRM_LOOM_BIND_MAP	0x0	/* map a range of a buffer; what was mapped there is replaced */
#define DRM_LOOM_BIND_UNMAP	0x1	/* unmap whatever lies in the range, parts of mappings too */
#define DRM_LOOM_BIND_TYPE	0xf
#define DRM_LOOM_BIND_READONLY	0x10	/* MAP: the device may not write */

/**
 * struct drm_loom_bind_op - one operation of VM_BIND
 * @flags: DRM_LOOM_BIND_*
 * @bo_handle: MAP: GEM handle; UNMAP: 0
 * @bo_offset: MAP: bytes into the buffer, page-aligned; UNMAP: 0
 * @va: page-aligned
 * @size: bytes, page-aligned, not 0
 */
struct drm_loom_bind_op {
	__u32 flags;
	__u32 bo_handle;
	__u64 bo_offset;
	__u64 va;
	__u64 size;
};

#define DRM_LOOM_VM_BIND_ASYNC	0x1	/* queue the call; since 1.2 */

#define DRM_LOOM_MAX_BINDS	4096	/* operations of an asynchronous VM_BIND */

/**
 * struct drm_loom_vm_bind - VM_BIND
 * @vm_id: VM
 * @flags: DRM_LOOM_VM_BIND_*
 * @ops: array of struct drm_loom_bind_op, executed in order. On an error @ops.count is set to the number of
 *	operations before the one that was wrong; to 0 where it was not an operation, or none was looked at
 * @syncs: array of struct drm_loom_sync_op; only with ASYNC. Since 1.2
 *
 * Without ASYNC the operations are done when the ioctl returns, for the device too; on an error, those before
 * the one that was wrong. They do not wait for calls that are queued.
 *
 * With ASYNC all operations are taken or none. The calls of a VM are executed one after the other, each once all
 * its syncobjs to wait for have signalled; its end, for the device too, signals the others. Buffers may be closed
 * and the VM destroyed meanwhile. A call that is queued cannot run out of memory; should it fail all the same,
 * its fence has the error, the VM is unusable (VM_GET_STATE), calls that are queued end with -ECANCELED, and so
 * do the jobs of its queues. Where the device goes, fences get -ENODEV.
 *
 * Errors: -ENOENT no such VM, handle or syncobj; -EINVAL alignment, range, flags, nothing to wait for, or a
 * buffer private to another VM; -E2BIG too many operations or syncobjs; -EIO the VM is unusable; -ENOMEM; -ENODEV.
 */
struct drm_loom_vm_bind {
	__u32 vm_id;
	__u32 flags;
	struct drm_loom_array ops;
	struct drm_loom_array syncs;
};

#define DRM_LOOM_VM_STATE_UNUSABLE	0x1	/* an asynchronous VM_BIND has failed */

/**
 * struct drm_loom_vm_get_state - VM_GET_STATE, since 1.2
 * @id: VM id
 * @state: out: DRM_LOOM_VM_STATE_*, 0 while the VM is well
 * @binds_submitted: out: asynchronous calls of VM_BIND
 * @binds_completed: out: of these, ended, well or not
 *
 * An unusable VM takes no VM_BIND, QUEUE_CREATE or SUBMIT any more, only VM_DESTROY.
 * Errors: -ENOENT; -ENODEV.
 */
struct drm_loom_vm_get_state {
	__u32 id;
	__u32 state;
	__u64 binds_submitted;
	__u64 binds_completed;
};

/**
 * struct drm_loom_bo_create - BO_CREATE: a buffer of zeroed system memory
 * @size: bytes, not 0; out: rounded up to pages
 * @flags: zero
 * @vm_id: 0, or the only VM it may ever be mapped in; such a buffer cannot be exported, and
 *	a submission does not get slower with the number of them
 * @handle: out: GEM handle
 * @pad: zero
 *
 * Errors: -EINVAL; -ENOENT no such VM; -ENOMEM.
 */
struct drm_loom_bo_create {
	__u64 size;
	__u32 flags;
	__u32 vm_id;
	__u32 handle;
	__u32 pad;
};

/**
 * struct drm_loom_bo_mmap_offset - BO_MMAP_OFFSET
 * @handle: GEM handle
 * @pad: zero
 * @offset: out: for mmap() of the device file; CPU mappings are cached and coherent
 *
 * Errors: -ENOENT; -EINVAL pad, or an imported buffer.
 */
struct drm_loom_bo_mmap_offset {
	__u32 handle;
	__u32 pad;
	__u64 offset;
};

/**
 * struct drm_loom_bo_wait - BO_WAIT: until no job that was submitted uses the buffer
 * @handle: GEM handle
 * @pad: zero
 * @timeout_ns: absolute
 *
 * Errors: -ENOENT; -EINVAL; -ETIMEDOUT; -ERESTARTSYS on a signal.
 */
struct drm_loom_bo_wait {
	__u32 handle;
	__u32 pad;
	__s64 timeout_ns;
};

/** enum drm_loom_advice - what a buffer's contents are worth */
enum drm_loom_advice {
	/** @DRM_LOOM_ADVICE_WILLNEED: they are kept; so it is at first */
	DRM_LOOM_ADVICE_WILLNEED = 0,
	/** @DRM_LOOM_ADVICE_DONTNEED: nothing: the kernel may take the memory when it is short of it */
	DRM_LOOM_ADVICE_DONTNEED = 1,
};

/**
 * struct drm_loom_bo_madvise - BO_MADVISE
 * @handle: GEM handle
 * @advice: drm_loom_advice
 * @retained: out: 1, or 0 where the contents were lost since the last call with WILLNEED
 * @pad: zero
 *
 * Memory is not taken while the buffer is mapped in a VM or by a CPU, or attached by an importer. A buffer whose
 * contents were lost can be used as before; it reads as zeros.
 *
 * Errors: -ENOENT; -EINVAL unknown advice, pad, or an imported buffer.
 */
struct drm_loom_bo_madvise {
	__u32 handle;
	__u32 advice;
	__u32 retained;
	__u32 pad;
};

enum drm_loom_priority {
	DRM_LOOM_PRIORITY_LOW = 0,
	DRM_LOOM_PRIORITY_NORMAL = 1,
	/** @DRM_LOOM_PRIORITY_HIGH: needs CAP_SYS_NICE */
	DRM_LOOM_PRIORITY_HIGH = 2,
	/** @DRM_LOOM_PRIORITY_REALTIME: needs CAP_SYS_NICE */
	DRM_LOOM_PRIORITY_REALTIME = 3,
};

#define DRM_LOOM_QUEUE_USER	0x1	/* user space owns the rings and rings the doorbell: no SUBMIT */

/**
 * struct drm_loom_queue_create - QUEUE_CREATE
 * @vm_id: VM whose addresses the queue's jobs use
 * @priority: drm_loom_priority
 * @flags: DRM_LOOM_QUEUE_*
 * @id: out: queue id
 * @ring_va: USER: job ring, struct loom_job of loom/regs.h each, 64-byte aligned; otherwise zero, as are
 * @cpl_va: USER: completion ring, struct loom_completion each, 64-byte aligned
 * @ring_log2: USER: log2 of the entries of both, LOOM_RING_LOG2_MIN..LOOM_RING_LOG2_MAX
 * @pad: zero
 * @doorbell_offset: out: USER: for mmap() of the device file, one page, shared
 *
 * A user queue's rings are memory of the VM, which the device reaches by its page tables as the queue's jobs do:
 * where they are not mapped (or, the completion ring, read-only), the queue ends with a fault. Job i, counted
 * from 0, is entry i mod the entries; a 32-bit write of the number of jobs so far to LOOM_DOORBELL_TAIL of the
 * doorbell page submits all up to there. A number that is more than the entries ahead of the jobs started is
 * ignored. A job that has ended, well or not, leaves its completion record; so, polled, neither submission nor
 * completion takes a system call.
 *
 * User queues have no fences: BO_WAIT does not see their jobs. They do not survive a reset of the device.
 *
 * Errors: -ENOENT no such VM; -EINVAL; -EACCES priority; -ENOSPC limit of file or hardware; -EIO the VM is
 * unusable; -ENOMEM; -ENODEV; -EOPNOTSUPP USER on hardware before revision 1.1.
 */
struct drm_loom_queue_create {
	__u32 vm_id;
	__u32 priority;
	__u32 flags;
	__u32 id;
	__u64 ring_va;
	__u64 cpl_va;
	__u32 ring_log2;
	__u32 pad;
	__u64 doorbell_offset;
};

/**
 * struct drm_loom_queue_destroy - QUEUE_DESTROY
 * @id: queue id
 * @pad: zero
 *
 * Jobs that have not ended are stopped; their fences signal with -ECANCELED.
 * Errors: -ENOENT; -EINVAL.
 */
struct drm_loom_queue_destroy {
	__u32 id;
	__u32 pad;
};

#define DRM_LOOM_QUEUE_STATE_FAULT	0x1	/* a job faulted: the fault fields are valid */
#define DRM_LOOM_QUEUE_STATE_TIMEOUT	0x2	/* a job ran into its timeout */
#define DRM_LOOM_QUEUE_STATE_RESET	0x4	/* the queue died in a device reset that it may not have caused */
#define DRM_LOOM_QUEUE_STATE_VM		0x8	/* its VM is unusable; since 1.2 */
#define DRM_LOOM_QUEUE_STATE_INNOCENT	0x10	/* with RESET: which it is known not to have caused (since 1.4) */

/**
 * struct drm_loom_queue_get_state - QUEUE_GET_STATE
 * @id: queue id
 * @state: out: DRM_LOOM_QUEUE_STATE_*, 0 while the queue is well; a queue that is not takes no more jobs
 * @fault_va: out: address of an MMU fault
 * @fault_status: out: loom_job_status of loom/regs.h
 * @fault_code: out: loom_mmu_fault of loom/regs.h or loom_illegal of loom/isa.h, by @fault_status
 * @fault_slot: out: 64-byte slot of the descriptor in its stream
 * @fault_engine: out: loom_engine of loom/isa.h
 * @fault_access: out: LOOM_ACCESS_* of loom/regs.h
 * @pad: zero
 * @fault_job: out: index of the job in the queue, counted from 0
 * @jobs_submitted: out; of a user queue, as far as the device has taken note
 * @jobs_completed: out: ended, well or not
 *
 * Errors: -ENOENT; -EINVAL.
 */
struct drm_loom_queue_get_state {
	__u32 id;
	__u32 state;
	__u64 fault_va;
	__u32 fault_status;
	__u32 fault_code;
	__u32 fault_slot;
	__u8  fault_engine;
	__u8  fault_access;
	__u8  pad[2];
	__u64 fault_job;
	__u64 jobs_submitted;
	__u64 jobs_completed;
};

/**
 * struct drm_loom_queue_wait - QUEUE_WAIT: until a user queue has completed so many jobs
 * @id: queue id
 * @pad: zero
 * @value: jobs since the queue was made: job i has ended when i + 1 are completed
 * @timeout_ns: absolute
 * @completed: out: so far, also where the call fails with -ETIMEDOUT or -EIO
 *
 * When it returns 0, the completion records of these jobs are there.
 *
 * Errors: -ENOENT; -EINVAL pad, or not a user queue; -EIO the queue has ended before, see QUEUE_GET_STATE;
 * -ETIMEDOUT; -ERESTARTSYS on a signal; -ENODEV.
 */
struct drm_loom_queue_wait {
	__u32 id;
	__u32 pad;
	__u64 value;
	__s64 timeout_ns;
	__u64 completed;
};

#define DRM_LOOM_SYNC_SYNCOBJ	0x0	/* binary syncobj; @value is 0 */
#define DRM_LOOM_SYNC_TIMELINE	0x1	/* timeline syncobj, point @value, not 0 */
#define DRM_LOOM_SYNC_TYPE	0xff
#define DRM_LOOM_SYNC_WAIT	0x000	/* the job starts after it */
#define DRM_LOOM_SYNC_SIGNAL	0x100	/* the job's end signals it */

/**
 * struct drm_loom_sync_op - a syncobj that a job waits for or signals
 * @flags: DRM_LOOM_SYNC_*
 * @handle: syncobj handle
 * @value: timeline point
 */
struct drm_loom_sync_op {
	__u32 flags;
	__u32 handle;
	__u64 value;
};

/**
 * struct drm_loom_job - one job of SUBMIT
 * @stream_va: of the first descriptor in the queue's VM, 64-byte aligned
 * @stream_slots: 1..LOOM_STREAM_SLOTS_MAX of loom/regs.h
 * @flags: zero
 * @syncs: array of struct drm_loom_sync_op
 */
struct drm_loom_job {
	__u64 stream_va;
	__u32 stream_slots;
	__u32 flags;
	struct drm_loom_array syncs;
};

#define DRM_LOOM_MAX_JOBS	64	/* of one SUBMIT */
#define DRM_LOOM_MAX_SYNCS	64	/* of one job */

#define DRM_LOOM_BUFFER_READ	0x1	/* the jobs read it: they start after all that write to it */
#define DRM_LOOM_BUFFER_WRITE	0x2	/* the jobs write to it: they start after all that use it */

/**
 * struct drm_loom_buffer - a buffer whose implicit fences SUBMIT heeds, since 1.6
 * @handle: GEM handle
 * @flags: DRM_LOOM_BUFFER_*, not 0
 */
struct drm_loom_buffer {
	__u32 handle;
	__u32 flags;
};

#define DRM_LOOM_MAX_BUFFERS	256	/* of one SUBMIT */

/**
 * struct drm_loom_submit - SUBMIT: all jobs or none
 * @queue_id: queue
 * @pad: zero
 * @jobs: array of struct drm_loom_job
 * @buffers: array of struct drm_loom_buffer: buffers shared with others who go by the fences of dma-bufs. The first
 *	job waits for theirs, and they for the last job. Not for buffers private to a VM. Since 1.6
 *
 * Errors: -ENOENT no such queue, syncobj or buffer; -EINVAL; -E2BIG; -EIO the queue is stopped by a fault, a
 * timeout or a reset; -ENOMEM; -ENODEV.
 */
struct drm_loom_submit {
	__u32 queue_id;
	__u32 pad;
	struct drm_loom_array jobs;
	struct drm_loom_array buffers;
};

/* Counters of PERF_OPEN: bits of its @counters. docs/hardware.md defines each; engines are loom_engine of loom/isa.h */
#define DRM_LOOM_PERF_CYCLES		0	/* spent in jobs */
#define DRM_LOOM_PERF_MACS		1	/* multiply-accumulates of the array */
#define DRM_LOOM_PERF_BYTES_IN		2	/* DRAM to scratchpad */
#define DRM_LOOM_PERF_BYTES_OUT		3	/* scratchpad to DRAM */
#define DRM_LOOM_PERF_DESCS		4	/* descriptors executed */
#define DRM_LOOM_PERF_JOBS		5	/* jobs ended */
#define DRM_LOOM_PERF_CONFLICTS		6	/* accesses that met a bank conflict */
#define DRM_LOOM_PERF_BUSY(eng)		(8 + (eng))	/* cycles that an engine was busy */
#define DRM_LOOM_PERF_STALL(eng, cause)	(16 + (eng) * 8 + (cause))	/* cycles lost, loom_stall of loom/regs.h */

#define DRM_LOOM_PERF_CLOEXEC		0x1	/* the descriptor is closed on exec */
#define DRM_LOOM_PERF_NONBLOCK		0x2	/* read() does not wait */

#define DRM_LOOM_PERF_PERIOD_MIN	100000ull		/* ns */
#define DRM_LOOM_PERF_PERIOD_MAX	60000000000ull		/* ns */
#define DRM_LOOM_PERF_RECORDS_MAX	4096
#define DRM_LOOM_PERF_STREAMS_MAX	4	/* open at a time, of one file */

/**
 * struct drm_loom_perf_record - what read() of a stream gives: one or more of these, never a part
 * @time_ns: CLOCK_MONOTONIC when the counters were latched
 * @device_ns: the device's own clock then, nanoseconds since its reset
 * @lost: samples between this record and the one before that were due and are not there: the buffer was full, the
 *	machine too slow, or the device was being reset
 * @epoch: another number than in the record before where the counters have begun at zero in between
 * @values: one for each counter, in order of the bits, of the first core; then of the next
 *
 * All values of a record are of one moment, and never wrap.
 */
struct drm_loom_perf_record {
	__u64 time_ns;
	__u64 device_ns;
	__u32 lost;
	__u32 epoch;
	__u64 values[];
};

/**
 * struct drm_loom_perf_open - PERF_OPEN: a stream of samples of the device's counters, since 1.5
 * @flags: DRM_LOOM_PERF_CLOEXEC, _NONBLOCK
 * @cores: bit a core, not 0
 * @counters: bit a DRM_LOOM_PERF_* counter, not 0
 * @period_ns: between samples, DRM_LOOM_PERF_PERIOD_MIN.._MAX
 * @records: that are kept until they are read, a power of two, 2..DRM_LOOM_PERF_RECORDS_MAX
 * @pad: zero
 * @fd: out: of the stream: for read(), poll(), close()
 * @record_bytes: out: of a struct drm_loom_perf_record with its values
 *
 * The first sample is taken at once. Where there is no room for a new one, it is lost, and counted. read() with
 * less room than a record gives -EINVAL; where there is none to read it waits, or gives -EAGAIN; when the device has
 * gone or is given up, -ENODEV once all have been read, and poll() POLLHUP. Closing the device's file does not
 * end a stream.
 *
 * Counters are of cores, whoever has jobs there: CAP_PERFMON is needed (or CAP_SYS_ADMIN).
 *
 * Errors: -EINVAL; -EACCES; -EOPNOTSUPP hardware without LOOM_FEAT_PERF; -ENOSPC the file has
 * DRM_LOOM_PERF_STREAMS_MAX, or all files together 16; -EMFILE; -ENFILE; -ENOMEM; -ENODEV.
 */
struct drm_loom_perf_open {
	__u32 flags;
	__u32 cores;
	__u64 counters;
	__u64 period_ns;
	__u32 records;
	__u32 pad;
	__s32 fd;
	__u32 record_bytes;
};

#define DRM_IOCTL_LOOM(dir, nr, type) \
	DRM_IO##dir(DRM_COMMAND_BASE + DRM_LOOM_##nr, struct drm_loom_##type)

#define DRM_IOCTL_LOOM_DEV_QUERY	DRM_IOCTL_LOOM(WR, DEV_QUERY, dev_query)
#define DRM_IOCTL_LOOM_VM_CREATE	DRM_IOCTL_LOOM(WR, VM_CREATE, vm_create)
#define DRM_IOCTL_LOOM_VM_DESTROY	DRM_IOCTL_LOOM(WR, VM_DESTROY, vm_destroy)
#define DRM_IOCTL_LOOM_VM_BIND		DRM_IOCTL_LOOM(WR, VM_BIND, vm_bind)
#define DRM_IOCTL_LOOM_BO_CREATE	DRM_IOCTL_LOOM(WR, BO_CREATE, bo_create)
#define DRM_IOCTL_LOOM_BO_MMAP_OFFSET	DRM_IOCTL_LOOM(WR, BO_MMAP_OFFSET, bo_mmap_offset)
#define DRM_IOCTL_LOOM_BO_WAIT		DRM_IOCTL_LOOM(WR, BO_WAIT, bo_wait)
#define DRM_IOCTL_LOOM_QUEUE_CREATE	DRM_IOCTL_LOOM(WR, QUEUE_CREATE, queue_create)
#define DRM_IOCTL_LOOM_QUEUE_DESTROY	DRM_IOCTL_LOOM(WR, QUEUE_DESTROY, queue_destroy)
#define DRM_IOCTL_LOOM_QUEUE_GET_STATE	DRM_IOCTL_LOOM(WR, QUEUE_GET_STATE, queue_get_state)
#define DRM_IOCTL_LOOM_SUBMIT		DRM_IOCTL_LOOM(WR, SUBMIT, submit)
#define DRM_IOCTL_LOOM_BO_MADVISE	DRM_IOCTL_LOOM(WR, BO_MADVISE, bo_madvise)
#define DRM_IOCTL_LOOM_VM_GET_STATE	DRM_IOCTL_LOOM(WR, VM_GET_STATE, vm_get_state)
#define DRM_IOCTL_LOOM_QUEUE_WAIT	DRM_IOCTL_LOOM(WR, QUEUE_WAIT, queue_wait)
#define DRM_IOCTL_LOOM_PERF_OPEN	DRM_IOCTL_LOOM(WR, PERF_OPEN, perf_open)

#if defined(__cplusplus)
}
#endif

#define LOOM_ASSERT_SIZE(type, bytes) \
	_Static_assert(sizeof(struct drm_loom_##type) == (bytes), "drm_loom_" #type)

LOOM_ASSERT_SIZE(array, 16);
LOOM_ASSERT_SIZE(dev_query, 16);
LOOM_ASSERT_SIZE(query_info, 104);
LOOM_ASSERT_SIZE(query_core, 88);
LOOM_ASSERT_SIZE(query_health, 40);
LOOM_ASSERT_SIZE(vm_create, 8);
LOOM_ASSERT_SIZE(vm_destroy, 8);
LOOM_ASSERT_SIZE(bind_op, 32);
LOOM_ASSERT_SIZE(vm_bind, 40);
LOOM_ASSERT_SIZE(vm_get_state, 24);
LOOM_ASSERT_SIZE(bo_create, 24);
LOOM_ASSERT_SIZE(bo_mmap_offset, 16);
LOOM_ASSERT_SIZE(bo_wait, 16);
LOOM_ASSERT_SIZE(bo_madvise, 16);
LOOM_ASSERT_SIZE(queue_create, 48);
LOOM_ASSERT_SIZE(queue_destroy, 8);
LOOM_ASSERT_SIZE(queue_get_state, 56);
LOOM_ASSERT_SIZE(queue_wait, 32);
LOOM_ASSERT_SIZE(sync_op, 16);
LOOM_ASSERT_SIZE(job, 32);
LOOM_ASSERT_SIZE(buffer, 8);
LOOM_ASSERT_SIZE(submit, 40);
LOOM_ASSERT_SIZE(perf_record, 24);
LOOM_ASSERT_SIZE(perf_open, 40);

#endif
