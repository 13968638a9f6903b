/* SPDX-License-Identifier: MIT */
/*
 * The whole NPU as its bus sees it: registers, doorbells, interrupts, DMA. Plain C; a host (the QEMU
 * glue, a test) supplies the bus. The device owns its threads, one more than it has compute cores;
 * which of them runs the control core and which a compute core changes from moment to moment (threads.h).
 */
#ifndef LOOM_CORE_DEVICE_H
#define LOOM_CORE_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "geometry.h"

struct loom_dev;

/**
 * struct loom_bus - what the device needs of its host
 * @dma_read: copy @len bytes from bus address @addr; 0 or -EFAULT
 * @dma_write: copy @len bytes to bus address @addr; 0 or -EFAULT
 * @dma_map: optional; host pointer to [@addr, @addr + *@len), *@len shortened where the range is not
 *	contiguous in host memory, NULL where it is not memory. @write says what it is for
 * @dma_unmap: the end of one dma_map; @len as returned by it
 * @irq: raise MSI-X vector @vector (loom_vector of regs.h)
 * @now_ns: monotonic time as the guest sees it; for the control core's timer and the modelled ends of jobs
 * @set_timer: optional: call loom_dev_tick() when now_ns() reaches @deadline, or never more for UINT64_MAX; replaces the
 *	call before. One that comes early, or twice, does no harm. Without it the device waits by the host's own clock, which has
 *	to run as fast as now_ns()
 * @job_start: optional, for people who watch: a core takes up a job, or the rest of one that yielded at @slot
 * @job_end: optional: it has executed it, or up to where it yields; @status is loom_job_status
 *
 * Every function is called from the device's threads as well as from callers of this API, several at
 * a time. The DMA functions and irq() must not wait for a lock that a caller of loom_dev_write(),
 * loom_dev_reset(), loom_dev_quiesce() or loom_dev_free() holds: those wait for them. dma_unmap() may come
 * long after the last access: mappings are kept until their translation is dropped and its place is
 * needed, or the device is quiesced, reset (loom_dev_reset()) or freed.
 */
struct loom_bus {
	int (*dma_read)(void *opaque, uint64_t addr, void *buf, size_t len);
	int (*dma_write)(void *opaque, uint64_t addr, const void *buf, size_t len);
	void *(*dma_map)(void *opaque, uint64_t addr, size_t *len, int write);
	void (*dma_unmap)(void *opaque, void *ptr, size_t len, int write);
	void (*irq)(void *opaque, unsigned int vector);
	uint64_t (*now_ns)(void *opaque);
	void (*set_timer)(void *opaque, uint64_t deadline);
	void (*job_start)(void *opaque, unsigned int core, uint32_t queue, uint32_t index, uint32_t slot);
	void (*job_end)(void *opaque, unsigned int core, uint32_t queue, uint32_t index, uint32_t status, uint64_t cycles);
};

/**
 * enum loom_inject - misbehaviour on request, for tests of recovery; docs/hardware.md, section 11
 *
 * A fault is armed until it strikes. Those marked (lasting) strike until LOOM_INJECT_NONE clears them. No
 * reset disarms a fault.
 *
 * @LOOM_INJECT_HANG_CORE: the next job started never ends and ignores STOP until the core is reset
 * @LOOM_INJECT_HANG_JOB: the next job started never ends by itself; STOP works
 * @LOOM_INJECT_HANG_QUEUE: the queue that is rung next is deaf to that and all later doorbells until it
 *	is disabled
 * @LOOM_INJECT_MMU_FAULT: the next job started ends as if its stream was not mapped
 * @LOOM_INJECT_DMA_FAULT: the next job started reads from a bus address at which nothing is, and ends
 * @LOOM_INJECT_FW_CRASH: the control core takes an unhandled trap
 * @LOOM_INJECT_FW_HANG: the control core executes nothing any more until the device is reset
 * @LOOM_INJECT_NO_HEARTBEAT: the firmware's heartbeat in the shared memory stands still (lasting)
 * @LOOM_INJECT_BOOT_FAIL: the boot ROM refuses the next image (LOOM_BOOT_ERR_DIGEST)
 * @LOOM_INJECT_BOOT_HANG: the next boot never ends
 * @LOOM_INJECT_BOOT_DEAD: the boot ROM refuses every image (lasting)
 * @LOOM_INJECT_DROP_IRQ: the next interrupt is lost
 * @LOOM_INJECT_IRQ_STORM: every vector is raised each LOOM_STORM_NS (lasting)
 * @LOOM_INJECT_DROP_DOORBELL: the next doorbell of a queue is lost
 * @LOOM_INJECT_DROP_MBOX: the next doorbell of the firmware is lost
 * @LOOM_INJECT_CORRUPT_CPL: the next completion record carries a wrong seqno
 * @LOOM_INJECT_DROP_CPL: the next completion record is not written; its interrupt is raised
 * @LOOM_INJECT_CORRUPT_MBOX: the device's indices of both message rings become garbage, and
 *	LOOM_VEC_MSG is raised
 * @LOOM_INJECT_CORRUPT_LOG: index and text of the firmware's log become garbage
 * @LOOM_INJECT_DEAD_MMIO: registers read all-ones and ignore writes (lasting)
 * @LOOM_INJECT_GONE: as if pulled out: the above, and neither DMA nor interrupts; a device that is reset when
 *	it comes back (lasting)
 * @LOOM_INJECT_DEAD_CORE: the next job started never ends and ignores all until the device is reset
 */
enum loom_inject {
	LOOM_INJECT_NONE = 0,
	LOOM_INJECT_HANG_CORE,
	LOOM_INJECT_HANG_JOB,
	LOOM_INJECT_HANG_QUEUE,
	LOOM_INJECT_MMU_FAULT,
	LOOM_INJECT_DMA_FAULT,
	LOOM_INJECT_FW_CRASH,
	LOOM_INJECT_FW_HANG,
	LOOM_INJECT_NO_HEARTBEAT,
	LOOM_INJECT_BOOT_FAIL,
	LOOM_INJECT_BOOT_HANG,
	LOOM_INJECT_BOOT_DEAD,
	LOOM_INJECT_DROP_IRQ,
	LOOM_INJECT_IRQ_STORM,
	LOOM_INJECT_DROP_DOORBELL,
	LOOM_INJECT_DROP_MBOX,
	LOOM_INJECT_CORRUPT_CPL,
	LOOM_INJECT_DROP_CPL,
	LOOM_INJECT_CORRUPT_MBOX,
	LOOM_INJECT_CORRUPT_LOG,
	LOOM_INJECT_DEAD_MMIO,
	LOOM_INJECT_GONE,
	LOOM_INJECT_DEAD_CORE,
	LOOM_NUM_INJECT,
};

#define LOOM_STORM_NS	100000ull

/**
 * loom_dev_new - make a device in its reset state and start its threads
 * @geo: checked by loom_geometry_check()
 * @bus: copied
 * @opaque: passed to every function of @bus
 * @out: the device, freed by loom_dev_free()
 *
 * Return: 0, -EINVAL for a geometry the hardware cannot have, -ENOMEM, -EAGAIN (no threads).
 */
int loom_dev_new(const struct loom_geometry *geo, const struct loom_bus *bus, void *opaque,
		 struct loom_dev **out);

/** loom_dev_free - abort what runs, join the threads, free; no @bus call is made after it returns */
void loom_dev_free(struct loom_dev *dev);

/** loom_dev_read - register read, BAR0; @size 4 or 8, naturally aligned, else all ones are returned */
uint64_t loom_dev_read(struct loom_dev *dev, uint64_t offset, unsigned int size);

/** loom_dev_write - register write, BAR0; other sizes and alignments are ignored. Never blocks on a job */
void loom_dev_write(struct loom_dev *dev, uint64_t offset, uint64_t value, unsigned int size);

/** loom_dev_doorbell - 32-bit write of @value at @offset of BAR2 */
void loom_dev_doorbell(struct loom_dev *dev, uint64_t offset, uint32_t value);

/** loom_dev_tick - the time that bus->set_timer() was told may have come; not while loom_dev_free() runs */
void loom_dev_tick(struct loom_dev *dev);

/** loom_dev_reset - to the state after power-on; jobs are aborted, threads are at rest on return */
void loom_dev_reset(struct loom_dev *dev);

/**
 * loom_dev_quiesce - bring every thread to rest at a point that can be saved
 *
 * Control core between two instructions, compute cores between two descriptors with what they executed
 * written. Nothing is lost: loom_dev_resume() goes on. Registers can be read meanwhile.
 */
void loom_dev_quiesce(struct loom_dev *dev);
void loom_dev_resume(struct loom_dev *dev);

/**
 * loom_dev_core_state - what compute core @core of a quiesced device is doing
 *
 * Return: "idle"; "starting" a job; "paused" between two descriptors of one; "timed": executed, its modelled end has not
 * come; "hung"; "ended" or "yielded", which firmware has not seen yet.
 */
const char *loom_dev_core_state(struct loom_dev *dev, unsigned int core);

/**
 * loom_dev_save - serialise a quiesced device
 * @out: malloc()ed, owned by the caller
 * @len: its bytes
 * Return: 0 or -ENOMEM.
 */
int loom_dev_save(struct loom_dev *dev, void **out, size_t *len);

/**
 * loom_dev_load - take over a state from loom_dev_save() on a quiesced device of the same geometry
 * Return: 0, or -EINVAL (device is reset) where the state is damaged, of another version or geometry.
 */
int loom_dev_load(struct loom_dev *dev, const void *state, size_t len);

/** loom_dev_inject - arm a fault; LOOM_INJECT_NONE clears what is armed */
void loom_dev_inject(struct loom_dev *dev, enum loom_inject what);

/* What can be around a device, millidegrees Celsius: from the coldest night to an oven. */
#define LOOM_AMBIENT_MC		35000
#define LOOM_AMBIENT_MIN_MC	(-60000)
#define LOOM_AMBIENT_MAX_MC	500000

/** loom_dev_set_ambient - how warm it is around the device: 0, or -EINVAL beyond the limits */
int loom_dev_set_ambient(struct loom_dev *dev, int32_t millidegrees);
int32_t loom_dev_ambient(struct loom_dev *dev);

/** loom_dev_injected - what is armed and has not struck, or lasts: bit i is fault i of loom_inject */
uint64_t loom_dev_injected(struct loom_dev *dev);

#endif
