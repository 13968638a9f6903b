// SPDX-License-Identifier: MIT
/* Misbehaving on request: which faults are armed, and those that no other part of the device does. */
#include <loom/fw.h>

#include "npu.h"

#define BIT(what)	(1ull << (what))

/* A bus address that no machine has memory at, within the 39 bits of the smallest IOMMU. */
#define NOWHERE		0x7f12345000ull

/* What the control core's task does, which has to be woken for it. */
#define ATTENDED	(BIT(LOOM_INJECT_FW_CRASH) | BIT(LOOM_INJECT_FW_HANG) |	\
			 BIT(LOOM_INJECT_CORRUPT_MBOX) | BIT(LOOM_INJECT_CORRUPT_LOG))

bool loom_inject_is(struct loom_dev *dev, enum loom_inject what)
{
	return atomic_load_explicit(&dev->armed, memory_order_relaxed) & BIT(what);
}

bool loom_inject_take(struct loom_dev *dev, enum loom_inject what)
{
	return loom_inject_is(dev, what) && (atomic_fetch_and(&dev->armed, ~BIT(what)) & BIT(what));
}

bool loom_inject_mute(struct loom_dev *dev)
{
	return loom_inject_is(dev, LOOM_INJECT_DEAD_MMIO) || loom_inject_is(dev, LOOM_INJECT_GONE);
}

enum loom_inject loom_inject_job(struct loom_dev *dev)
{
	static const enum loom_inject kinds[] = {
		LOOM_INJECT_HANG_CORE, LOOM_INJECT_HANG_JOB, LOOM_INJECT_MMU_FAULT,
		LOOM_INJECT_DEAD_CORE, LOOM_INJECT_DMA_FAULT,
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (loom_inject_take(dev, kinds[i]))
			return kinds[i];
	return LOOM_INJECT_NONE;
}

void loom_inject_fetch(struct loom_tlb *tlb, enum loom_inject what, uint64_t stream_va, struct loom_exec_result *r)
{
	uint8_t slot[LOOM_SLOT_BYTES];
	int code = LOOM_MMU_FAULT_UNMAPPED;

	if (what == LOOM_INJECT_DMA_FAULT)
		code = loom_tlb_bus_access(tlb, NOWHERE, slot, sizeof(slot), LOOM_ACCESS_READ);
	if (!code)
		return;
	r->status = LOOM_JOB_MMU_FAULT;
	r->fault_code = (uint32_t)code;
	r->fault_va = stream_va;
	r->fault_engine = LOOM_ENGINE_CTRL;
	r->fault_access = LOOM_ACCESS_READ;
}

/* ---- Shared memory ---- */

static void store(struct loom_dev *dev, size_t offset, uint32_t value)
{
	if (dev->shm_size >= LOOM_SHM_BYTES)
		loom_cc_bus.store(dev, LOOM_CC_SHM + (uint32_t)offset, 4, value);
}

void loom_inject_shm(struct loom_dev *dev)
{
	if (loom_inject_take(dev, LOOM_INJECT_CORRUPT_MBOX)) {
		store(dev, offsetof(struct loom_shm, h2f.head), 0xdeadbeef);
		store(dev, offsetof(struct loom_shm, f2h.tail), 0x80c0ffee);
		loom_dev_irq(dev, LOOM_VEC_MSG);
	}
	if (loom_inject_take(dev, LOOM_INJECT_CORRUPT_LOG)) {
		for (uint32_t i = 0; i < LOOM_LOG_BYTES; i += 4)
			store(dev, offsetof(struct loom_shm, log.text) + i, 0x9e3779b9u * (i + 1));
		store(dev, offsetof(struct loom_shm, log.tail), 0xfffffff1);
	}
}

bool loom_inject_drops_store(struct loom_dev *dev, uint32_t offset)
{
	return offset == offsetof(struct loom_shm, heartbeat) &&
	       loom_inject_is(dev, LOOM_INJECT_NO_HEARTBEAT);
}

/* ---- Interrupts ---- */

void loom_inject_storm(void *opaque)
{
	struct loom_dev *dev = opaque;
	uint64_t now = loom_dev_now(dev);

	if (!loom_inject_is(dev, LOOM_INJECT_IRQ_STORM))
		return;
	for (unsigned int vector = 0; vector < LOOM_NUM_VECTORS; vector++)
		loom_dev_irq(dev, vector);
	pthread_mutex_lock(&dev->lock);
	loom_task_sleep_until(dev, &dev->storm, now + LOOM_STORM_NS);
	pthread_mutex_unlock(&dev->lock);
}

/* ---- Arming ---- */

uint64_t loom_dev_injected(struct loom_dev *dev)
{
	return atomic_load(&dev->armed);
}

void loom_dev_inject(struct loom_dev *dev, enum loom_inject what)
{
	if (what == LOOM_INJECT_NONE)
		atomic_store(&dev->armed, 0);
	else
		atomic_fetch_or(&dev->armed, BIT(what));
	if (what == LOOM_INJECT_GONE)
		loom_dev_soft_reset(dev);

	pthread_mutex_lock(&dev->lock);
	if (what == LOOM_INJECT_NONE)
		dev->deaf_queues = 0;
	if (what == LOOM_INJECT_IRQ_STORM)
		loom_task_post(dev, &dev->storm);
	if (BIT(what) & ATTENDED) {
		loom_cc_attention(dev);
		if (dev->boot_state == LOOM_BOOT_RUNNING)
			loom_task_post(dev, &dev->cc.task);
	}
	pthread_mutex_unlock(&dev->lock);
}
