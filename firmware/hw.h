/* SPDX-License-Identifier: MIT */
/* Access to what the control core sees: registers, shared memory, CSRs. */
#ifndef LOOM_FW_HW_H
#define LOOM_FW_HW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loom/fw.h>
#include <loom/regs.h>

#define MIE_TIMER	(1u << 7)
#define MIE_EXTERNAL	(1u << 11)

static inline uint32_t read32(uint32_t addr)
{
	return *(volatile uint32_t *)addr;
}

static inline void write32(uint32_t addr, uint32_t v)
{
	*(volatile uint32_t *)addr = v;
}

static inline uint32_t sys_read(uint32_t reg)
{
	return read32(LOOM_CC_SYS + reg);
}

static inline void sys_write(uint32_t reg, uint32_t v)
{
	write32(LOOM_CC_SYS + reg, v);
}

static inline uint32_t hwq_read(unsigned int q, uint32_t reg)
{
	return read32(LOOM_CC_QUEUES + q * LOOM_CCQ_STRIDE + reg);
}

static inline void hwq_write(unsigned int q, uint32_t reg, uint32_t v)
{
	write32(LOOM_CC_QUEUES + q * LOOM_CCQ_STRIDE + reg, v);
}

static inline uint32_t core_read(unsigned int c, uint32_t reg)
{
	return read32(LOOM_CC_CORES + c * LOOM_CCC_STRIDE + reg);
}

static inline void core_write(unsigned int c, uint32_t reg, uint32_t v)
{
	write32(LOOM_CC_CORES + c * LOOM_CCC_STRIDE + reg, v);
}

/* The host reads and writes it at any time: every access is a volatile one. */
static inline volatile struct loom_shm *shm(void)
{
	return (volatile struct loom_shm *)LOOM_CC_SHM;
}

/* Order accesses to shared memory as the host sees them. */
static inline void fence(void)
{
	__asm__ volatile ("fence rw, rw" ::: "memory");
}

static inline void wait_for_interrupt(void)
{
	__asm__ volatile ("wfi" ::: "memory");
}

static inline void enable_wake_up(uint32_t mie)
{
	__asm__ volatile ("csrw mie, %0" :: "r"(mie));
}

#endif
