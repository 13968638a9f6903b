// SPDX-License-Identifier: MIT
/* BAR0: which register lies where, and what reading and writing it does. */
#include <string.h>

#include "npu.h"

/*
 * struct reg - one register
 * @offset: in its block
 * @bytes: 4 or 8
 * @read: NULL reads as zero; lock held
 * @write: NULL ignores; lock held
 */
struct reg {
	uint16_t offset;
	uint8_t bytes;
	uint64_t (*read)(struct loom_dev *dev, unsigned int i);
	void (*write)(struct loom_dev *dev, unsigned int i, uint64_t v);
};

/* A group of @count equal blocks. */
struct reg_block {
	uint32_t base, stride, count;
	const struct reg *reg;
	unsigned int num_regs;
};

/* ---- Identity ---- */

#define CONSTANT(name, value)									\
	static uint64_t name(struct loom_dev *dev, unsigned int i) { return (value); }
#define STATE_RW(name, field, mask)								\
	static uint64_t read_##name(struct loom_dev *dev, unsigned int i) { return dev->field; }	\
	static void write_##name(struct loom_dev *dev, unsigned int i, uint64_t v) { dev->field = v & (mask); }

CONSTANT(read_magic, LOOM_MAGIC)
CONSTANT(read_revision, LOOM_REVISION)
CONSTANT(read_isa, LOOM_ISA_VERSION)
CONSTANT(read_dim, dev->geo.array_dim)
CONSTANT(read_cores, dev->geo.num_cores)
CONSTANT(read_spm, dev->geo.spm_bytes)
CONSTANT(read_acc, dev->geo.acc_bytes)
CONSTANT(read_bpc, dev->geo.dram_bpc)
CONSTANT(read_clock_max, dev->geo.clock_khz)
CONSTANT(read_num_queues, LOOM_NUM_QUEUES)
CONSTANT(read_num_as, LOOM_NUM_AS)
CONSTANT(read_va_bits, LOOM_VA_BITS)
CONSTANT(read_tcm, LOOM_CC_TCM_BYTES)

static uint64_t read_features(struct loom_dev *dev, unsigned int i)
{
	return LOOM_FEAT_SPARSE24 | LOOM_FEAT_INT4 | LOOM_FEAT_FP8 | LOOM_FEAT_TRAIN | LOOM_FEAT_PERF |
	       LOOM_FEAT_TRACE | LOOM_FEAT_CLOCK |
	       (dev->geo.timing ? LOOM_FEAT_TIMING : 0);
}

/* ---- Boot, mailbox, telemetry ---- */

CONSTANT(read_boot_status, dev->boot_state | dev->boot_error << 8)
CONSTANT(read_trap_cause, dev->trap_cause)
CONSTANT(read_trap_pc, dev->trap_pc)
CONSTANT(read_trap_value, dev->trap_value)
STATE_RW(fw_addr, fw_addr, ~0ull)
STATE_RW(fw_size, fw_size, 0xffffffffull)
STATE_RW(shm_addr, shm_addr_reg, ~0ull)
STATE_RW(shm_size, shm_size_reg, 0xffffffffull)
CONSTANT(read_clock, dev->clock_khz)
CONSTANT(read_temp, (uint32_t)(int32_t)dev->thermal.temp_mc)
CONSTANT(read_power, (uint32_t)dev->thermal.power_mw)
CONSTANT(read_latch_time, dev->latch_ns)
CONSTANT(read_clock_set, dev->clock_set_khz)
CONSTANT(read_clock_cap, loom_opp(dev, dev->throttle.opp).khz)
CONSTANT(read_temp_limit, loom_throttle_limit(LOOM_REG_TEMP_LIMIT_MC))
CONSTANT(read_temp_hyst, loom_throttle_limit(LOOM_REG_TEMP_HYST_MC))
CONSTANT(read_temp_crit, loom_throttle_limit(LOOM_REG_TEMP_CRIT_MC))
CONSTANT(read_throttle, dev->throttle.why)
CONSTANT(read_throttle_count, dev->throttle.count)
CONSTANT(read_throttle_ns, dev->throttle.ns)
CONSTANT(read_num_opps, loom_opp_count(dev))
CONSTANT(read_opp_khz, loom_opp(dev, i).khz)
CONSTANT(read_opp_mv, loom_opp(dev, i).mv)

static void write_boot(struct loom_dev *dev, unsigned int i, uint64_t v)
{
	if (v != 1 || dev->cc.booting ||
	    (dev->boot_state != LOOM_BOOT_OFF && dev->boot_state != LOOM_BOOT_FAILED))
		return;
	dev->boot_state = LOOM_BOOT_OFF;
	dev->boot_error = LOOM_BOOT_ERR_NONE;
	dev->cc.booting = true;
	loom_task_post(dev, &dev->cc.task);
}

static void write_mbox(struct loom_dev *dev, unsigned int i, uint64_t v)
{
	if (loom_inject_take(dev, LOOM_INJECT_DROP_MBOX))
		return;
	dev->cc.mbox = true;
	loom_cc_update_irq(dev);
}

static const struct reg global_regs[] = {
	{ LOOM_REG_MAGIC, 4, read_magic, NULL },
	{ LOOM_REG_REVISION, 4, read_revision, NULL },
	{ LOOM_REG_FEATURES_64, 8, read_features, NULL },
	{ LOOM_REG_ISA_VERSION, 4, read_isa, NULL },
	{ LOOM_REG_ARRAY_DIM, 4, read_dim, NULL },
	{ LOOM_REG_NUM_CORES, 4, read_cores, NULL },
	{ LOOM_REG_SPM_BYTES, 4, read_spm, NULL },
	{ LOOM_REG_ACC_BYTES, 4, read_acc, NULL },
	{ LOOM_REG_DRAM_BPC, 4, read_bpc, NULL },
	{ LOOM_REG_CLOCK_MAX_KHZ, 4, read_clock_max, NULL },
	{ LOOM_REG_NUM_QUEUES, 4, read_num_queues, NULL },
	{ LOOM_REG_NUM_AS, 4, read_num_as, NULL },
	{ LOOM_REG_VA_BITS, 4, read_va_bits, NULL },
	{ LOOM_REG_TCM_BYTES, 4, read_tcm, NULL },
	{ LOOM_REG_BOOT_CTRL, 4, NULL, write_boot },
	{ LOOM_REG_BOOT_STATUS, 4, read_boot_status, NULL },
	{ LOOM_REG_FW_ADDR_64, 8, read_fw_addr, write_fw_addr },
	{ LOOM_REG_FW_SIZE, 4, read_fw_size, write_fw_size },
	{ LOOM_REG_SHM_ADDR_64, 8, read_shm_addr, write_shm_addr },
	{ LOOM_REG_SHM_SIZE, 4, read_shm_size, write_shm_size },
	{ LOOM_REG_TRAP_CAUSE, 4, read_trap_cause, NULL },
	{ LOOM_REG_TRAP_PC, 4, read_trap_pc, NULL },
	{ LOOM_REG_TRAP_VALUE, 4, read_trap_value, NULL },
	{ LOOM_REG_MBOX_DOORBELL, 4, NULL, write_mbox },
	{ LOOM_REG_CLOCK_KHZ, 4, read_clock, NULL },
	{ LOOM_REG_TEMP_MC, 4, read_temp, NULL },
	{ LOOM_REG_POWER_MW, 4, read_power, NULL },
	{ LOOM_REG_PERF_TIME_64, 8, read_latch_time, NULL },
	{ LOOM_REG_CLOCK_SET_KHZ, 4, read_clock_set, NULL },	/* written in loom_dev_write() */
	{ LOOM_REG_CLOCK_CAP_KHZ, 4, read_clock_cap, NULL },
	{ LOOM_REG_TEMP_LIMIT_MC, 4, read_temp_limit, NULL },
	{ LOOM_REG_TEMP_HYST_MC, 4, read_temp_hyst, NULL },
	{ LOOM_REG_TEMP_CRIT_MC, 4, read_temp_crit, NULL },
	{ LOOM_REG_THROTTLE, 4, read_throttle, NULL },
	{ LOOM_REG_THROTTLE_COUNT, 4, read_throttle_count, NULL },
	{ LOOM_REG_NUM_OPPS, 4, read_num_opps, NULL },
	{ LOOM_REG_THROTTLE_NS_64, 8, read_throttle_ns, NULL },
};

static const struct reg opp_regs[] = {
	{ LOOM_OPP_KHZ, 4, read_opp_khz, NULL },
	{ LOOM_OPP_MV, 4, read_opp_mv, NULL },
};

/* ---- Address spaces ---- */

CONSTANT(read_pgd, atomic_load(&dev->mmu.as[i].pgd))
CONSTANT(read_as_ctrl, atomic_load(&dev->mmu.as[i].enable))
CONSTANT(read_inv_va, dev->mmu.as[i].inv_va)
CONSTANT(read_inv_pages, dev->mmu.as[i].inv_pages)
CONSTANT(read_inv, loom_mmu_busy(&dev->mmu, i))

static void write_pgd(struct loom_dev *dev, unsigned int i, uint64_t v)
{
	atomic_store(&dev->mmu.as[i].pgd, v & LOOM_PTE_ADDR);
	loom_mmu_drop(&dev->mmu, i);
}

static void write_as_ctrl(struct loom_dev *dev, unsigned int i, uint64_t v)
{
	atomic_store(&dev->mmu.as[i].enable, (uint32_t)v & LOOM_AS_CTRL_ENABLE);
	loom_mmu_drop(&dev->mmu, i);
}

static void write_inv_va(struct loom_dev *dev, unsigned int i, uint64_t v)
{
	dev->mmu.as[i].inv_va = v;
}

static void write_inv_pages(struct loom_dev *dev, unsigned int i, uint64_t v)
{
	dev->mmu.as[i].inv_pages = (uint32_t)v;
}

/* Drops the whole address space whatever the range: more than asked for is allowed. */
static void write_inv(struct loom_dev *dev, unsigned int i, uint64_t v)
{
	loom_mmu_drop(&dev->mmu, i);
}

static const struct reg as_regs[] = {
	{ LOOM_AS_PGD_64, 8, read_pgd, write_pgd },
	{ LOOM_AS_CTRL, 4, read_as_ctrl, write_as_ctrl },
	{ LOOM_AS_INV_VA_64, 8, read_inv_va, write_inv_va },
	{ LOOM_AS_INV_PAGES, 4, read_inv_pages, write_inv_pages },
	{ LOOM_AS_INV, 4, read_inv, write_inv },
};

/* ---- Cores and queues ---- */

#define COUNTER(name, offset)									\
	static uint64_t name(struct loom_dev *dev, unsigned int i)				\
	{											\
		return i < dev->geo.num_cores ? loom_ccu_counter(&dev->core[i], offset) : 0;	\
	}

COUNTER(count_cycles, LOOM_CORE_CYCLES_64)
COUNTER(count_macs, LOOM_CORE_MACS_64)
COUNTER(count_in, LOOM_CORE_BYTES_IN_64)
COUNTER(count_out, LOOM_CORE_BYTES_OUT_64)
COUNTER(count_descs, LOOM_CORE_DESCS_64)
COUNTER(count_jobs, LOOM_CORE_JOBS_64)
COUNTER(count_busy0, LOOM_CORE_BUSY_64(0))
COUNTER(count_busy1, LOOM_CORE_BUSY_64(1))
COUNTER(count_busy2, LOOM_CORE_BUSY_64(2))
COUNTER(count_busy3, LOOM_CORE_BUSY_64(3))
COUNTER(count_busy4, LOOM_CORE_BUSY_64(4))

static const struct reg core_regs[] = {
	{ LOOM_CORE_CYCLES_64, 8, count_cycles, NULL },
	{ LOOM_CORE_MACS_64, 8, count_macs, NULL },
	{ LOOM_CORE_BYTES_IN_64, 8, count_in, NULL },
	{ LOOM_CORE_BYTES_OUT_64, 8, count_out, NULL },
	{ LOOM_CORE_DESCS_64, 8, count_descs, NULL },
	{ LOOM_CORE_JOBS_64, 8, count_jobs, NULL },
	{ LOOM_CORE_BUSY_64(0), 8, count_busy0, NULL },
	{ LOOM_CORE_BUSY_64(1), 8, count_busy1, NULL },
	{ LOOM_CORE_BUSY_64(2), 8, count_busy2, NULL },
	{ LOOM_CORE_BUSY_64(3), 8, count_busy3, NULL },
	{ LOOM_CORE_BUSY_64(4), 8, count_busy4, NULL },
};

/* Trace registers; those of cores that are not there are reserved. */
#define TRACE_RO(name, value)									\
	static uint64_t read_trace_##name(struct loom_dev *dev, unsigned int i)			\
	{											\
		const struct loom_trace *t = &dev->core[i].trace;				\
												\
		return i < dev->geo.num_cores ? (value) : 0;					\
	}
#define TRACE_RW(name, value, offset)								\
	TRACE_RO(name, value)									\
	static void write_trace_##name(struct loom_dev *dev, unsigned int i, uint64_t v)	\
	{											\
		if (i < dev->geo.num_cores)							\
			loom_trace_write(&dev->core[i].trace, offset, v);			\
	}

TRACE_RW(base, t->base, LOOM_TRACE_BASE_64)
TRACE_RW(log2, t->log2, LOOM_TRACE_LOG2)
TRACE_RW(ctrl, t->ctrl | (t->writing ? LOOM_TRACE_CTRL_BUSY : 0), LOOM_TRACE_CTRL)
TRACE_RO(head, t->head)
TRACE_RW(tail, t->tail, LOOM_TRACE_TAIL_64)
TRACE_RO(dropped, t->dropped)
TRACE_RO(error, t->error)

static const struct reg trace_regs[] = {
	{ LOOM_TRACE_BASE_64, 8, read_trace_base, write_trace_base },
	{ LOOM_TRACE_LOG2, 4, read_trace_log2, write_trace_log2 },
	{ LOOM_TRACE_CTRL, 4, read_trace_ctrl, write_trace_ctrl },
	{ LOOM_TRACE_HEAD_64, 8, read_trace_head, NULL },
	{ LOOM_TRACE_TAIL_64, 8, read_trace_tail, write_trace_tail },
	{ LOOM_TRACE_DROPPED_64, 8, read_trace_dropped, NULL },
	{ LOOM_TRACE_ERROR, 4, read_trace_error, NULL },
};

CONSTANT(read_queue_ctrl, dev->queue[i].ctrl)
CONSTANT(read_queue_head, dev->queue[i].head)
CONSTANT(read_queue_tail, dev->queue[i].tail)
CONSTANT(read_queue_as, dev->queue[i].as)
CONSTANT(read_queue_done, dev->queue[i].done)
CONSTANT(read_queue_cycles, dev->queue[i].done_cycles)

static const struct reg queue_regs[] = {
	{ LOOM_QUEUE_CTRL, 4, read_queue_ctrl, NULL },
	{ LOOM_QUEUE_HEAD, 4, read_queue_head, NULL },
	{ LOOM_QUEUE_TAIL, 4, read_queue_tail, NULL },
	{ LOOM_QUEUE_AS, 4, read_queue_as, NULL },
	{ LOOM_QUEUE_DONE_64, 8, read_queue_done, NULL },
	{ LOOM_QUEUE_CYCLES_64, 8, read_queue_cycles, NULL },
};

/* ---- Decode ---- */

#define BLOCK(base, stride, count, regs) { base, stride, count, regs, sizeof(regs) / sizeof((regs)[0]) }

static const struct reg_block reg_blocks[] = {
	BLOCK(0, LOOM_REG_OPP(0), 1, global_regs),
	BLOCK(LOOM_REG_OPP(0), LOOM_REG_OPP(1) - LOOM_REG_OPP(0), LOOM_MAX_OPPS, opp_regs),
	BLOCK(LOOM_REG_AS(0), LOOM_REG_AS(1) - LOOM_REG_AS(0), LOOM_NUM_AS, as_regs),
	BLOCK(LOOM_REG_CORE(0), LOOM_REG_CORE(1) - LOOM_REG_CORE(0), LOOM_MAX_CORES, core_regs),
	BLOCK(LOOM_REG_TRACE(0), LOOM_REG_TRACE(1) - LOOM_REG_TRACE(0), LOOM_MAX_CORES, trace_regs),
	BLOCK(LOOM_REG_QUEUE(0), LOOM_REG_QUEUE(1) - LOOM_REG_QUEUE(0), LOOM_NUM_QUEUES, queue_regs),
};

/* The register at @offset, or the one whose upper half lies there (*half 1); NULL: reserved. */
static const struct reg *find_reg(uint32_t offset, unsigned int *i, unsigned int *half)
{
	for (size_t n = 0; n < sizeof(reg_blocks) / sizeof(reg_blocks[0]); n++) {
		const struct reg_block *b = &reg_blocks[n];
		uint32_t in = offset - b->base;

		if (offset < b->base || in >= b->stride * b->count)
			continue;
		*i = in / b->stride;
		in %= b->stride;
		for (unsigned int r = 0; r < b->num_regs; r++) {
			*half = in == b->reg[r].offset + 4u && b->reg[r].bytes == 8;
			if (in == b->reg[r].offset || *half)
				return &b->reg[r];
		}
	}
	return NULL;
}

/* Latched counters have a block of their own, and are all 64 bits wide. */
static bool is_perf(uint64_t offset)
{
	return offset >= LOOM_REG_PERF(0) && offset < LOOM_REG_PERF(LOOM_MAX_CORES);
}

static bool legal(uint64_t offset, unsigned int size)
{
	return (size == 4 || size == 8) && offset % size == 0 && offset < LOOM_BAR0_BYTES;
}

static uint64_t read_one(struct loom_dev *dev, uint32_t offset, unsigned int size)
{
	unsigned int i, half;
	const struct reg *r = find_reg(offset, &i, &half);
	uint64_t v;

	if (is_perf(offset)) {
		v = loom_perf_read(dev, (offset & ~7u) - LOOM_REG_PERF(0));
		half = offset / 4 % 2;
	} else if (r && r->read) {
		v = r->read(dev, i);
	} else {
		return 0;
	}
	return size == 8 ? v : (uint32_t)(v >> (32 * half));
}

/* Registers whose value is of the moment at which they are read. */
static bool tells_time(uint64_t offset)
{
	return (offset >= LOOM_REG_CLOCK_KHZ && offset <= LOOM_REG_POWER_MW) ||
	       (offset >= LOOM_REG_THROTTLE_NS_64 && offset < LOOM_REG_THROTTLE_NS_64 + 8);
}

uint64_t loom_dev_read(struct loom_dev *dev, uint64_t offset, unsigned int size)
{
	unsigned int i, half;
	const struct reg *r;
	uint64_t v, now = 0;

	if (!legal(offset, size) || loom_inject_mute(dev))
		return size == 8 ? ~0ull : 0xffffffffull;
	if (tells_time(offset))
		now = loom_dev_now(dev);
	r = find_reg((uint32_t)offset, &i, &half);
	pthread_mutex_lock(&dev->lock);
	if (now) {
		loom_thermal_update(dev, now);
		loom_throttle_count_time(dev, now);
	}
	v = read_one(dev, (uint32_t)offset, size);
	if (size == 8 && !is_perf(offset) && (!r || r->bytes == 4 || half))
		v |= read_one(dev, (uint32_t)offset + 4, 4) << 32;
	pthread_mutex_unlock(&dev->lock);
	return v;
}

/* A half of a 64-bit register keeps the other one. */
static void write_one(struct loom_dev *dev, uint32_t offset, uint64_t v, unsigned int size)
{
	unsigned int i, half;
	const struct reg *r = find_reg(offset, &i, &half);
	uint64_t old;

	if (!r || !r->write)
		return;
	if (r->bytes == 8 && size == 4) {
		old = r->read(dev, i);
		v = half ? (old & 0xffffffffull) | v << 32 : (old & ~0xffffffffull) | v;
	}
	r->write(dev, i, v);
}

void loom_dev_write(struct loom_dev *dev, uint64_t offset, uint64_t value, unsigned int size)
{
	unsigned int i, half;
	const struct reg *r;

	if (!legal(offset, size) || loom_inject_mute(dev))
		return;
	if (size == 4)
		value = (uint32_t)value;
	if (offset == LOOM_REG_RESET) {
		if ((uint32_t)value == LOOM_RESET_KEY)
			loom_dev_soft_reset(dev);
		return;
	}
	if (offset == LOOM_REG_PERF_LATCH || offset == LOOM_REG_CLOCK_SET_KHZ) {
		uint64_t now = loom_dev_now(dev);

		pthread_mutex_lock(&dev->lock);
		if (offset == LOOM_REG_PERF_LATCH)
			loom_perf_latch(dev, (uint32_t)value, now);
		else
			loom_clock_set(dev, (uint32_t)value, now);
		pthread_mutex_unlock(&dev->lock);
		return;
	}
	r = find_reg((uint32_t)offset, &i, &half);
	pthread_mutex_lock(&dev->lock);
	if (size == 8 && (!r || r->bytes == 4 || half)) {
		write_one(dev, (uint32_t)offset, (uint32_t)value, 4);
		write_one(dev, (uint32_t)offset + 4, value >> 32, 4);
	} else {
		write_one(dev, (uint32_t)offset, value, size);
	}
	pthread_mutex_unlock(&dev->lock);
}
