/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's bus: DMA through the device's PCI address space, interrupts by MSI-X, the guest's clock. */
#include "loom_pci.h"

#include <pthread.h>

#include "hw/pci/msix.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "trace-loom.h"

/*
 * QEMU's memory map is read under RCU, which has to know each reading thread. QEMU's own threads are
 * known, and call the core under the big lock, or between loom_wait_begin() and loom_wait_end().
 */
static __thread bool known;
static pthread_key_t rcu_key;
static pthread_once_t rcu_once = PTHREAD_ONCE_INIT;

static void forget_thread(void *unused)
{
	rcu_unregister_thread();
}

static void make_rcu_key(void)
{
	pthread_key_create(&rcu_key, forget_thread);
}

static void know_thread(void)
{
	if (known || bql_locked())
		return;
	pthread_once(&rcu_once, make_rcu_key);
	rcu_register_thread();
	pthread_setspecific(rcu_key, &known);
	known = true;
}

/*
 * The NPU reads and writes memory, never other devices: those are accessed under the big lock, for which
 * a thread of the core must not wait. What is no memory is a DMA error.
 */
static const MemTxAttrs memory_only = { .memory = 1 };

/*
 * An IOMMU that refuses a translation reports it by an interrupt, for which QEMU wants the big lock held. Who
 * waits for the core's threads lets go of it: loom_wait_begin().
 */
static bool lock_for_iommu(LoomState *s)
{
	if (!s->iommu || bql_locked())
		return false;
	bql_lock();
	return true;
}

static void unlock_for_iommu(bool locked)
{
	if (locked)
		bql_unlock();
}

static int bus_dma(LoomState *s, uint64_t addr, void *buf, size_t len, DMADirection dir)
{
	MemTxResult result;
	bool locked;

	know_thread();
	locked = lock_for_iommu(s);
	result = pci_dma_rw(&s->parent_obj, addr, buf, len, dir, memory_only);
	unlock_for_iommu(locked);
	if (result == MEMTX_OK)
		return 0;
	trace_loom_dma_fault(addr, len, dir == DMA_DIRECTION_FROM_DEVICE);
	return -EFAULT;
}

static int bus_dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	return bus_dma(opaque, addr, buf, len, DMA_DIRECTION_TO_DEVICE);
}

static int bus_dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	return bus_dma(opaque, addr, (void *)buf, len, DMA_DIRECTION_FROM_DEVICE);
}

static DMADirection direction(int write)
{
	return write ? DMA_DIRECTION_FROM_DEVICE : DMA_DIRECTION_TO_DEVICE;
}

/* Whether [@addr, @addr + *@len) begins in memory; *@len is shortened to what lies in one piece. */
static bool is_memory(AddressSpace *as, uint64_t addr, dma_addr_t *len, int write)
{
	hwaddr offset;
	MemoryRegion *mr;

	RCU_READ_LOCK_GUARD();
	mr = address_space_translate(as, addr, &offset, len, write, memory_only);
	return memory_region_is_ram(mr) && !memory_region_is_ram_device(mr) &&
	       !(write && memory_region_is_rom(mr));
}

static void *bus_dma_map(void *opaque, uint64_t addr, size_t *len, int write)
{
	LoomState *s = opaque;
	dma_addr_t mapped = *len;
	void *ptr = NULL;
	bool locked;

	know_thread();
	locked = lock_for_iommu(s);
	if (is_memory(pci_get_address_space(&s->parent_obj), addr, &mapped, write))
		ptr = pci_dma_map(&s->parent_obj, addr, &mapped, direction(write));
	unlock_for_iommu(locked);
	*len = ptr ? mapped : 0;
	return ptr;
}

static void bus_dma_unmap(void *opaque, void *ptr, size_t len, int write)
{
	LoomState *s = opaque;

	know_thread();
	pci_dma_unmap(&s->parent_obj, ptr, len, direction(write), len);
}

/* With the big lock held. */
static void deliver(LoomState *s, unsigned int vector)
{
	if (msix_enabled(&s->parent_obj))
		msix_notify(&s->parent_obj, vector);
}

static void bus_irq(void *opaque, unsigned int vector)
{
	LoomState *s = opaque;
	struct loom_irqs *irqs = &s->irqs;
	bool held;

	if (vector >= LOOM_NUM_VECTORS)
		return;
	qemu_mutex_lock(&irqs->lock);
	held = irqs->held;
	if (held)
		irqs->pending |= 1u << vector;
	else
		irqs->delivering++;
	qemu_mutex_unlock(&irqs->lock);
	trace_loom_irq(vector, held);
	if (held)
		return;

	if (bql_locked()) {
		deliver(s, vector);
	} else {
		know_thread();
		bql_lock();
		deliver(s, vector);
		bql_unlock();
	}
	qemu_mutex_lock(&irqs->lock);
	irqs->delivering--;
	qemu_mutex_unlock(&irqs->lock);
}

static uint64_t bus_now_ns(void *opaque)
{
	return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/*
 * The guest's clock is QEMU's virtual one, and QEMU has to know what the device waits for: the clock may run by instructions, be
 * stepped, or jump to the next deadline when the guest is idle. A timer of that clock is set from the main loop only.
 */
static void deadline_came(void *opaque)
{
	LoomState *s = opaque;

	trace_loom_timer_expired(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
	if (s->core)
		loom_dev_tick(s->core);
}

static void deadline_changed(void *opaque)
{
	LoomState *s = opaque;
	uint64_t deadline;

	qemu_mutex_lock(&s->timer_lock);
	deadline = s->deadline;
	qemu_mutex_unlock(&s->timer_lock);
	trace_loom_timer_set(deadline);
	if (deadline <= INT64_MAX)
		timer_mod_ns(s->timer, deadline);
	else
		timer_del(s->timer);
}

static void bus_set_timer(void *opaque, uint64_t deadline)
{
	LoomState *s = opaque;

	qemu_mutex_lock(&s->timer_lock);
	s->deadline = deadline;
	qemu_mutex_unlock(&s->timer_lock);
	qemu_bh_schedule(s->timer_bh);
}

void loom_timer_init(LoomState *s)
{
	qemu_mutex_init(&s->timer_lock);
	s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, deadline_came, s);
	s->timer_bh = qemu_bh_new(deadline_changed, s);
}

/* The core is gone. */
void loom_timer_fini(LoomState *s)
{
	qemu_bh_delete(s->timer_bh);
	timer_free(s->timer);
	qemu_mutex_destroy(&s->timer_lock);
}

static void bus_job_start(void *opaque, unsigned int core, uint32_t queue, uint32_t index, uint32_t slot)
{
	trace_loom_job_start(core, queue, index, slot);
}

static void bus_job_end(void *opaque, unsigned int core, uint32_t queue, uint32_t index, uint32_t status, uint64_t cycles)
{
	trace_loom_job_end(core, queue, index, status, cycles);
}

const struct loom_bus loom_pci_bus = {
	.dma_read = bus_dma_read,
	.dma_write = bus_dma_write,
	.dma_map = bus_dma_map,
	.dma_unmap = bus_dma_unmap,
	.irq = bus_irq,
	.now_ns = bus_now_ns,
	.set_timer = bus_set_timer,
	.job_start = bus_job_start,
	.job_end = bus_job_end,
};

void loom_irqs_init(LoomState *s)
{
	memset(&s->irqs, 0, sizeof(s->irqs));
	qemu_mutex_init(&s->irqs.lock);
}

void loom_irqs_fini(LoomState *s)
{
	qemu_mutex_destroy(&s->irqs.lock);
}

/**
 * loom_irqs_hold - from now on the core's threads do not wait for the big lock
 *
 * The caller has the big lock, and loses it for a moment where a thread is just waiting for it.
 */
void loom_irqs_hold(LoomState *s)
{
	struct loom_irqs *irqs = &s->irqs;

	qemu_mutex_lock(&irqs->lock);
	irqs->held = true;
	while (irqs->delivering) {
		qemu_mutex_unlock(&irqs->lock);
		bql_unlock();
		g_usleep(10);
		bql_lock();
		qemu_mutex_lock(&irqs->lock);
	}
	qemu_mutex_unlock(&irqs->lock);
}

/* loom_irqs_forget - drop what was raised while held; for reset */
void loom_irqs_forget(LoomState *s)
{
	qemu_mutex_lock(&s->irqs.lock);
	s->irqs.pending = 0;
	qemu_mutex_unlock(&s->irqs.lock);
}

/* loom_irqs_release - deliver what was raised while held, and go on as usual */
void loom_irqs_release(LoomState *s)
{
	struct loom_irqs *irqs = &s->irqs;
	uint32_t pending;
	unsigned int vector;

	qemu_mutex_lock(&irqs->lock);
	pending = irqs->pending;
	irqs->pending = 0;
	irqs->held = false;
	qemu_mutex_unlock(&irqs->lock);

	for (vector = 0; vector < LOOM_NUM_VECTORS; vector++)
		if (pending & (1u << vector))
			deliver(s, vector);
}

/**
 * loom_wait_begin - the caller, who has the big lock, is about to wait for the core's threads
 *
 * Return: for loom_wait_end(): whether the lock was let go.
 */
bool loom_wait_begin(LoomState *s)
{
	if (!s->iommu)
		return false;
	s->waiters++;
	known = true;
	bql_unlock();
	return true;
}

void loom_wait_end(LoomState *s, bool let_go)
{
	if (!let_go)
		return;
	bql_lock();
	s->waiters--;
}

/* loom_look_for_iommu - with the big lock held, the machine being made or about to run */
void loom_look_for_iommu(LoomState *s)
{
	s->iommu = pci_device_iommu_address_space(&s->parent_obj) != &address_space_memory;
}
