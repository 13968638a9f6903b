/* SPDX-License-Identifier: MIT */
/* The control core: an RV32IM + Zicsr hart, machine mode only, with its code in one RAM. */
#ifndef LOOM_CORE_RV32_H
#define LOOM_CORE_RV32_H

#include <stdatomic.h>
#include <stdint.h>

/* mcause values that the hart raises itself */
#define RV32_CAUSE_FETCH_MISALIGNED	0
#define RV32_CAUSE_FETCH_ACCESS		1
#define RV32_CAUSE_ILLEGAL		2
#define RV32_CAUSE_BREAKPOINT		3
#define RV32_CAUSE_LOAD_MISALIGNED	4
#define RV32_CAUSE_LOAD_ACCESS		5
#define RV32_CAUSE_STORE_MISALIGNED	6
#define RV32_CAUSE_STORE_ACCESS		7
#define RV32_CAUSE_ECALL_M		11
#define RV32_CAUSE_INTERRUPT		0x80000000u

#define RV32_IRQ_TIMER			7
#define RV32_IRQ_EXTERNAL		11

#define RV32_MSTATUS_MIE		0x00000008u
#define RV32_MSTATUS_MPIE		0x00000080u
#define RV32_MSTATUS_MPP		0x00001800u	/* machine mode, fixed */

/* Bits of struct rv32.signals: mip's own bits, and one that other threads use to get attention. */
#define RV32_SIG_MTIP			(1u << RV32_IRQ_TIMER)
#define RV32_SIG_MEIP			(1u << RV32_IRQ_EXTERNAL)
#define RV32_SIG_ATTENTION		(1u << 31)

/**
 * struct rv32_bus - everything outside of the RAM; naturally aligned accesses of 1, 2 or 4 bytes
 * @load: 0 with *@value set (zero-extended), or -1 for an access fault
 * @store: 0 or -1
 */
struct rv32_bus {
	int (*load)(void *opaque, uint32_t addr, unsigned int size, uint32_t *value);
	int (*store)(void *opaque, uint32_t addr, unsigned int size, uint32_t value);
};

/**
 * struct rv32 - one hart
 *
 * Belongs to the thread that runs it; only @signals may be touched by others. @ram holds
 * @ram_bytes (a multiple of 4) at address @ram_base; code runs from there only.
 */
struct rv32 {
	uint32_t x[32];
	uint32_t pc;
	uint32_t mstatus, mie, mtvec, mscratch, mepc, mcause, mtval;
	uint64_t instret;
	_Atomic uint32_t signals;
	uint8_t *ram;
	uint32_t ram_base, ram_bytes;
	const struct rv32_bus *bus;
	void *opaque;
};

enum rv32_exit {
	RV32_EXIT_BUDGET,	/* as many instructions as asked for */
	RV32_EXIT_ATTENTION,	/* RV32_SIG_ATTENTION was seen */
	RV32_EXIT_WFI,		/* wfi, and no enabled interrupt is pending */
	RV32_EXIT_HALT,		/* trap without a handler: mcause, mepc and mtval tell */
};

/** rv32_reset - registers to their reset values, execution from @pc; signals but attention cleared */
void rv32_reset(struct rv32 *cpu, uint32_t pc);

/** rv32_run - execute about @budget instructions (checked at branches), or until there is a reason to leave */
enum rv32_exit rv32_run(struct rv32 *cpu, uint32_t budget);

/** rv32_interrupt_pending - an interrupt that mie enables is pending: wfi would not sleep */
static inline int rv32_interrupt_pending(struct rv32 *cpu)
{
	return (atomic_load(&cpu->signals) & cpu->mie & (RV32_SIG_MTIP | RV32_SIG_MEIP)) != 0;
}

#endif
