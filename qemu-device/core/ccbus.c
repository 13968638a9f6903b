// SPDX-License-Identifier: MIT
/* The control core's memory map beyond its TCM: system block, queues, compute cores, shared memory. */
#include <string.h>

#include "npu.h"

/*
 * One block of registers: @count instances, @stride apart. Registers are 32 bits; @read and @write
 * are called with the lock held. Writes that do more than set state are in write_action().
 */
struct block {
	uint32_t base, stride, count;
	uint32_t (*read)(struct loom_dev *dev, unsigned int i, uint32_t reg, uint64_t now);
	void (*write)(struct loom_dev *dev, unsigned int i, uint32_t reg, uint32_t v, uint64_t now);
};

#define LO(v)	((uint32_t)(v))
#define HI(v)	((uint32_t)((uint64_t)(v) >> 32))

static void set_lo(uint64_t *r, uint32_t v)
{
	*r = (*r & ~0xffffffffull) | v;
}

static void set_hi(uint64_t *r, uint32_t v)
{
	*r = (*r & 0xffffffffull) | (uint64_t)v << 32;
}

/* ---- System ---- */

static uint32_t irq_lines(struct loom_cc *cc)
{
	return (cc->mbox ? LOOM_CC_IRQ_MBOX : 0) | (cc->db_pending ? LOOM_CC_IRQ_DOORBELL : 0) |
	       (cc->core_event ? LOOM_CC_IRQ_CORE : 0);
}

static uint32_t sys_read(struct loom_dev *dev, unsigned int i, uint32_t reg, uint64_t now)
{
	struct loom_cc *cc = &dev->cc;
	uint64_t us = (now - atomic_load(&dev->t0_ns)) / 1000, cmp = atomic_load(&cc->mtimecmp);

	switch (reg) {
	case LOOM_CC_IRQ: return irq_lines(cc);
	case LOOM_CC_NUM_CORES: return dev->geo.num_cores;
	case LOOM_CC_MTIME_64: return LO(us);
	case LOOM_CC_MTIME_64 + 4: return HI(us);
	case LOOM_CC_MTIMECMP_64: return LO(cmp);
	case LOOM_CC_MTIMECMP_64 + 4: return HI(cmp);
	case LOOM_CC_DB_PENDING_64: return LO(cc->db_pending);
	case LOOM_CC_DB_PENDING_64 + 4: return HI(cc->db_pending);
	case LOOM_CC_CORE_EVENT: return cc->core_event;
	case LOOM_CC_CLOCK_KHZ: return dev->clock_khz;
	case LOOM_CC_TEMP_MC:
		loom_thermal_update(dev, now);
		return (uint32_t)(int32_t)dev->thermal.temp_mc;
	case LOOM_CC_POWER_MW:
		loom_thermal_update(dev, now);
		return (uint32_t)dev->thermal.power_mw;
	case LOOM_CC_SHM_SIZE: return dev->shm_size;
	}
	return 0;
}

static void sys_write(struct loom_dev *dev, unsigned int i, uint32_t reg, uint32_t v, uint64_t now)
{
	struct loom_cc *cc = &dev->cc;
	uint64_t cmp = atomic_load(&cc->mtimecmp);

	switch (reg) {
	case LOOM_CC_MBOX_ACK: cc->mbox = false; break;
	case LOOM_CC_MTIMECMP_64: set_lo(&cmp, v); atomic_store(&cc->mtimecmp, cmp); break;
	case LOOM_CC_MTIMECMP_64 + 4: set_hi(&cmp, v); atomic_store(&cc->mtimecmp, cmp); break;
	case LOOM_CC_DB_PENDING_64: cc->db_pending &= ~(uint64_t)v; break;
	case LOOM_CC_DB_PENDING_64 + 4: cc->db_pending &= ~((uint64_t)v << 32); break;
	case LOOM_CC_CORE_EVENT: cc->core_event &= ~v; break;
	case LOOM_CC_CLOCK_KHZ: loom_clock_set(dev, v, now); break;
	default: return;
	}
	loom_cc_update_irq(dev);
}

/* ---- Queues ---- */

static uint32_t queue_read(struct loom_dev *dev, unsigned int i, uint32_t reg, uint64_t now)
{
	struct loom_queue *q = &dev->queue[i];

	switch (reg) {
	case LOOM_CCQ_RING_64: return LO(q->ring);
	case LOOM_CCQ_RING_64 + 4: return HI(q->ring);
	case LOOM_CCQ_CPL_64: return LO(q->cpl);
	case LOOM_CCQ_CPL_64 + 4: return HI(q->cpl);
	case LOOM_CCQ_LOG2: return q->log2;
	case LOOM_CCQ_AS: return q->as;
	case LOOM_CCQ_CTRL: return q->ctrl;
	case LOOM_CCQ_TAIL: return q->tail;
	case LOOM_CCQ_HEAD: return q->head;
	}
	return 0;
}

/* The hardware keeps to what it has: values that do not fit lose their upper bits. */
static void queue_write(struct loom_dev *dev, unsigned int i, uint32_t reg, uint32_t v, uint64_t now)
{
	struct loom_queue *q = &dev->queue[i];

	switch (reg) {
	case LOOM_CCQ_RING_64: set_lo(&q->ring, v & ~63u); break;
	case LOOM_CCQ_RING_64 + 4: set_hi(&q->ring, v); break;
	case LOOM_CCQ_CPL_64: set_lo(&q->cpl, v & ~63u); break;
	case LOOM_CCQ_CPL_64 + 4: set_hi(&q->cpl, v); break;
	case LOOM_CCQ_LOG2: q->log2 = v & 15; break;
	case LOOM_CCQ_AS: q->as = v % LOOM_NUM_AS; break;
	case LOOM_CCQ_CTRL: loom_queue_set_ctrl(dev, i, v); break;
	case LOOM_CCQ_HEAD: q->head = v; break;
	}
}

/* ---- Compute cores ---- */

static uint32_t core_read(struct loom_dev *dev, unsigned int i, uint32_t reg, uint64_t now)
{
	struct loom_ccu *core = &dev->core[i];
	const struct loom_exec_result *r = &core->result;

	switch (reg) {
	case LOOM_CCC_QUEUE: return core->queue;
	case LOOM_CCC_INDEX: return core->index;
	case LOOM_CCC_SLOT: return core->slot;
	case LOOM_CCC_STATE: return core->state;
	case LOOM_CCC_STATUS: return r->status;
	case LOOM_CCC_FAULT_CODE: return r->fault_code;
	case LOOM_CCC_FAULT_SLOT: return r->fault_slot;
	case LOOM_CCC_FAULT_VA_64: return LO(r->fault_va);
	case LOOM_CCC_FAULT_VA_64 + 4: return HI(r->fault_va);
	case LOOM_CCC_FAULT_INFO: return r->fault_engine | (uint32_t)r->fault_access << 8;
	case LOOM_CCC_CPL_STATUS: return core->cpl_status;
	}
	return 0;
}

static void core_write(struct loom_dev *dev, unsigned int i, uint32_t reg, uint32_t v, uint64_t now)
{
	struct loom_ccu *core = &dev->core[i];

	switch (reg) {
	case LOOM_CCC_QUEUE: core->queue = v; break;
	case LOOM_CCC_INDEX: core->index = v; break;
	case LOOM_CCC_SLOT: core->slot = v; break;
	}
}

static const struct block blocks[] = {
	{ LOOM_CC_SYS, 0x1000, 1, sys_read, sys_write },
	{ LOOM_CC_QUEUES, LOOM_CCQ_STRIDE, LOOM_NUM_QUEUES, queue_read, queue_write },
	{ LOOM_CC_CORES, LOOM_CCC_STRIDE, LOOM_MAX_CORES, core_read, core_write },
};

static const struct block *find_block(struct loom_dev *dev, uint32_t addr, unsigned int *i, uint32_t *reg)
{
	for (size_t n = 0; n < sizeof(blocks) / sizeof(blocks[0]); n++) {
		const struct block *b = &blocks[n];
		uint32_t off = addr - b->base;

		if (addr < b->base || off >= b->stride * b->count)
			continue;
		*i = off / b->stride;
		*reg = off % b->stride;
		if (b->base == LOOM_CC_CORES && *i >= dev->geo.num_cores)
			return NULL;
		return b;
	}
	return NULL;
}

/* Writes whose effect goes beyond registers; no lock held. True: it was one. */
static bool write_action(struct loom_dev *dev, const struct block *b, unsigned int i, uint32_t reg,
			 uint32_t v)
{
	if (b->base == LOOM_CC_CORES && reg == LOOM_CCC_CMD) {
		loom_ccu_command(dev, i, v);
		return true;
	}
	if (b->base != LOOM_CC_SYS)
		return false;
	if (reg == LOOM_CC_HOST_IRQ) {
		if (v < LOOM_NUM_VECTORS)
			loom_dev_irq(dev, v);
		return true;
	}
	if (reg == LOOM_CC_HALT) {
		loom_cc_panic(dev, v);
		return true;
	}
	return false;
}

/* ---- Shared memory ---- */

/* Inside of a section. Host pointer to the page, or NULL: go through the bus. */
static uint8_t *shm_page(struct loom_dev *dev, uint32_t page)
{
	struct loom_cc *cc = &dev->cc;
	size_t len = LOOM_SHM_PAGE;
	uint8_t *p;

	if (cc->shm[page] || cc->shm_unmappable || !dev->bus.dma_map)
		return cc->shm[page];
	p = dev->bus.dma_map(dev->opaque, dev->shm_addr + (uint64_t)page * LOOM_SHM_PAGE, &len, 1);
	if (p && len < LOOM_SHM_PAGE) {
		dev->bus.dma_unmap(dev->opaque, p, len, 1);
		p = NULL;
	}
	cc->shm[page] = p;
	cc->shm_unmappable = !p;
	return p;
}

static void host_load(const uint8_t *p, unsigned int size, uint32_t *v)
{
	switch (size) {
	case 1: *v = __atomic_load_n(p, __ATOMIC_ACQUIRE); break;
	case 2: *v = __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE); break;
	default: *v = __atomic_load_n((const uint32_t *)p, __ATOMIC_ACQUIRE); break;
	}
}

static void host_store(uint8_t *p, unsigned int size, uint32_t v)
{
	switch (size) {
	case 1: __atomic_store_n(p, (uint8_t)v, __ATOMIC_RELEASE); break;
	case 2: __atomic_store_n((uint16_t *)p, (uint16_t)v, __ATOMIC_RELEASE); break;
	default: __atomic_store_n((uint32_t *)p, v, __ATOMIC_RELEASE); break;
	}
}

static int shm_access(struct loom_dev *dev, uint32_t off, unsigned int size, uint32_t *v, int access)
{
	uint8_t *p;
	int err = 0;

	if (off >= dev->shm_size || size > dev->shm_size - off)
		return -1;
	/* Cut off by a reset: the hart is about to be stopped, what it reads does not matter. */
	if (!loom_tlb_enter(dev->cc.tlb))
		return 0;
	p = shm_page(dev, off / LOOM_SHM_PAGE);
	if (p && access == LOOM_ACCESS_READ)
		host_load(p + off % LOOM_SHM_PAGE, size, v);
	else if (p)
		host_store(p + off % LOOM_SHM_PAGE, size, *v);
	else if (access == LOOM_ACCESS_READ)
		err = dev->bus.dma_read(dev->opaque, dev->shm_addr + off, v, size);
	else
		err = dev->bus.dma_write(dev->opaque, dev->shm_addr + off, v, size);
	loom_tlb_leave(dev->cc.tlb);
	return err ? -1 : 0;
}

/* ---- The bus ---- */

static int cc_load(void *opaque, uint32_t addr, unsigned int size, uint32_t *value)
{
	struct loom_dev *dev = opaque;
	const struct block *b;
	unsigned int i;
	uint32_t reg;
	uint64_t now;

	*value = 0;
	if (addr >= LOOM_CC_SHM)
		return shm_access(dev, addr - LOOM_CC_SHM, size, value, LOOM_ACCESS_READ);
	b = find_block(dev, addr, &i, &reg);
	if (!b || size != 4)
		return -1;
	now = b->base == LOOM_CC_SYS ? loom_dev_now(dev) : 0;
	pthread_mutex_lock(&dev->lock);
	*value = b->read(dev, i, reg, now);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

static int cc_store(void *opaque, uint32_t addr, unsigned int size, uint32_t value)
{
	struct loom_dev *dev = opaque;
	const struct block *b;
	unsigned int i;
	uint32_t reg;
	uint64_t now;

	if (addr >= LOOM_CC_SHM && loom_inject_drops_store(dev, addr - LOOM_CC_SHM))
		return 0;
	if (addr >= LOOM_CC_SHM)
		return shm_access(dev, addr - LOOM_CC_SHM, size, &value, LOOM_ACCESS_WRITE);
	b = find_block(dev, addr, &i, &reg);
	if (!b || size != 4)
		return -1;
	if (write_action(dev, b, i, reg, value))
		return 0;
	now = b->base == LOOM_CC_SYS ? loom_dev_now(dev) : 0;
	pthread_mutex_lock(&dev->lock);
	/* A hart that a reset has overtaken must not change what came after it. */
	if (dev->epoch == dev->cc.epoch)
		b->write(dev, i, reg, value, now);
	pthread_mutex_unlock(&dev->lock);
	if (b->base == LOOM_CC_SYS)
		loom_cc_update_timer(dev);
	return 0;
}

const struct rv32_bus loom_cc_bus = { .load = cc_load, .store = cc_store };
