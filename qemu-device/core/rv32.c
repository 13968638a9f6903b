// SPDX-License-Identifier: MIT
/* RV32IM + Zicsr interpreter: decode and execute in one switch. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "rv32.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "RAM is read in host order");

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)

/* Major opcodes, bits [6:2] of an instruction. */
enum opcode {
	OP_LOAD = 0x00, OP_MISC_MEM = 0x03, OP_IMM = 0x04, OP_AUIPC = 0x05, OP_STORE = 0x08,
	OP_REG = 0x0c, OP_LUI = 0x0d, OP_BRANCH = 0x18, OP_JALR = 0x19, OP_JAL = 0x1b, OP_SYSTEM = 0x1c,
};

#define INSN_ECALL	0x00000073u
#define INSN_EBREAK	0x00100073u
#define INSN_MRET	0x30200073u
#define INSN_WFI	0x10500073u

#define MISA_RV32IM	0x40001100u
#define MARCHID		0x4d4f4f4cu

#define INTERRUPT_BITS	(RV32_SIG_MTIP | RV32_SIG_MEIP)

static uint32_t imm_i(uint32_t insn)
{
	return (uint32_t)((int32_t)insn >> 20);
}

static uint32_t imm_s(uint32_t insn)
{
	return ((uint32_t)((int32_t)insn >> 20) & ~0x1fu) | ((insn >> 7) & 0x1f);
}

static uint32_t imm_b(uint32_t insn)
{
	return ((uint32_t)((int32_t)insn >> 19) & ~0xfffu) | ((insn << 4) & 0x800) |
	       ((insn >> 20) & 0x7e0) | ((insn >> 7) & 0x1e);
}

static uint32_t imm_j(uint32_t insn)
{
	return ((uint32_t)((int32_t)insn >> 11) & ~0xfffffu) | (insn & 0xff000) |
	       ((insn >> 9) & 0x800) | ((insn >> 20) & 0x7fe);
}

void rv32_reset(struct rv32 *cpu, uint32_t pc)
{
	memset(cpu->x, 0, sizeof(cpu->x));
	cpu->pc = pc;
	cpu->mstatus = RV32_MSTATUS_MPP;
	cpu->mie = 0;
	cpu->mtvec = 0;
	cpu->mscratch = 0;
	cpu->mepc = 0;
	cpu->mcause = 0;
	cpu->mtval = 0;
	cpu->instret = 0;
	atomic_fetch_and(&cpu->signals, RV32_SIG_ATTENTION);
}

static bool in_ram(const struct rv32 *cpu, uint32_t addr, uint32_t size)
{
	return addr - cpu->ram_base <= cpu->ram_bytes - size;
}

/* Enter the trap handler. False where there is none, or its first instruction cannot be fetched. */
static bool take_trap(struct rv32 *cpu, uint32_t cause, uint32_t value)
{
	uint32_t target = cpu->mtvec & ~3u;

	cpu->mepc = cpu->pc;
	cpu->mcause = cause;
	cpu->mtval = value;
	if ((cause & RV32_CAUSE_INTERRUPT) && (cpu->mtvec & 1))
		target += 4 * (cause & ~RV32_CAUSE_INTERRUPT);
	if (!cpu->mtvec || !in_ram(cpu, target, 4))
		return false;
	cpu->mstatus = (cpu->mstatus & RV32_MSTATUS_MIE) ? (RV32_MSTATUS_MPP | RV32_MSTATUS_MPIE)
							  : RV32_MSTATUS_MPP;
	cpu->pc = target;
	return true;
}

static void return_from_trap(struct rv32 *cpu)
{
	uint32_t mie = (cpu->mstatus & RV32_MSTATUS_MPIE) ? RV32_MSTATUS_MIE : 0;

	cpu->mstatus = RV32_MSTATUS_MPP | RV32_MSTATUS_MPIE | mie;
	cpu->pc = cpu->mepc;
}

/* ---- CSRs ---- */

struct csr {
	uint16_t number;
	uint16_t offset;	/* of the 32-bit field in struct rv32 */
	uint32_t mask;		/* writable bits */
};

static const struct csr csr_table[] = {
	{ 0x300, offsetof(struct rv32, mstatus), RV32_MSTATUS_MIE | RV32_MSTATUS_MPIE },
	{ 0x304, offsetof(struct rv32, mie), INTERRUPT_BITS },
	{ 0x305, offsetof(struct rv32, mtvec), ~2u },
	{ 0x340, offsetof(struct rv32, mscratch), ~0u },
	{ 0x341, offsetof(struct rv32, mepc), ~3u },
	{ 0x342, offsetof(struct rv32, mcause), ~0u },
	{ 0x343, offsetof(struct rv32, mtval), ~0u },
};

/* CSRs that ignore writes, where the number allows writes at all. */
static bool csr_read_only(struct rv32 *cpu, uint32_t number, uint32_t *value)
{
	switch (number) {
	case 0x301: *value = MISA_RV32IM; return true;
	case 0x310: *value = 0; return true;			/* mstatush */
	case 0x344: *value = atomic_load(&cpu->signals) & INTERRUPT_BITS; return true;
	case 0xb00: case 0xb02: case 0xc00: case 0xc02:		/* one cycle an instruction */
		*value = (uint32_t)cpu->instret; return true;
	case 0xb80: case 0xb82: case 0xc80: case 0xc82:
		*value = (uint32_t)(cpu->instret >> 32); return true;
	case 0xf12: *value = MARCHID; return true;
	case 0xf11: case 0xf13: case 0xf14: case 0xf15: *value = 0; return true;
	}
	return false;
}

static bool csr_access(struct rv32 *cpu, uint32_t insn)
{
	uint32_t number = insn >> 20, rd = (insn >> 7) & 31, rs1 = (insn >> 15) & 31;
	uint32_t operand = (insn & 0x4000) ? rs1 : cpu->x[rs1];
	uint32_t op = (insn >> 12) & 3;		/* 1 write, 2 set, 3 clear */
	bool write = op == 1 || rs1 != 0;
	uint32_t old, new, *field = NULL, mask = 0;

	if (write && (number >> 10) == 3)
		return false;
	if (!csr_read_only(cpu, number, &old)) {
		for (size_t i = 0; i < sizeof(csr_table) / sizeof(csr_table[0]); i++) {
			if (csr_table[i].number == number) {
				field = (uint32_t *)((char *)cpu + csr_table[i].offset);
				mask = csr_table[i].mask;
			}
		}
		if (!field)
			return false;
		old = *field;
	}
	new = op == 1 ? operand : op == 2 ? old | operand : old & ~operand;
	if (write && field)
		*field = (old & ~mask) | (new & mask);
	if (rd)
		cpu->x[rd] = old;
	return true;
}

/* ---- Arithmetic ---- */

static uint32_t muldiv(uint32_t f3, uint32_t a, uint32_t b)
{
	int32_t sa = (int32_t)a, sb = (int32_t)b;
	bool overflow = a == 0x80000000u && b == 0xffffffffu;

	switch (f3) {
	case 0: return a * b;
	case 1: return (uint32_t)(((int64_t)sa * sb) >> 32);
	case 2: return (uint32_t)(((int64_t)sa * (int64_t)(uint64_t)b) >> 32);
	case 3: return (uint32_t)(((uint64_t)a * b) >> 32);
	case 4: return !b ? ~0u : overflow ? a : (uint32_t)(sa / sb);
	case 5: return !b ? ~0u : a / b;
	case 6: return !b ? a : overflow ? 0 : (uint32_t)(sa % sb);
	default: return !b ? a : a % b;
	}
}

static uint32_t alu(uint32_t f3, bool alternate, uint32_t a, uint32_t b)
{
	switch (f3) {
	case 0: return alternate ? a - b : a + b;
	case 1: return a << (b & 31);
	case 2: return (int32_t)a < (int32_t)b;
	case 3: return a < b;
	case 4: return a ^ b;
	case 5: return alternate ? (uint32_t)((int32_t)a >> (b & 31)) : a >> (b & 31);
	case 6: return a | b;
	default: return a & b;
	}
}

static bool branch_taken(uint32_t f3, uint32_t a, uint32_t b)
{
	bool r;

	switch (f3 >> 1) {
	case 0: r = a == b; break;
	case 2: r = (int32_t)a < (int32_t)b; break;
	default: r = a < b; break;
	}
	return r != (f3 & 1);
}

/* ---- Memory ---- */

/* Both return 0 or the mcause of what went wrong; cause 0 cannot come from a data access. */
static uint32_t load(struct rv32 *cpu, uint32_t f3, uint32_t addr, uint32_t *out)
{
	uint32_t size = 1u << (f3 & 3), v = 0;

	if (likely(in_ram(cpu, addr, size))) {
		const uint8_t *p = cpu->ram + (addr - cpu->ram_base);

		if (size == 4) {
			memcpy(&v, p, 4);
		} else if (size == 2) {
			uint16_t h;

			memcpy(&h, p, 2);
			v = h;
		} else {
			v = *p;
		}
	} else if (addr & (size - 1)) {
		return RV32_CAUSE_LOAD_MISALIGNED;
	} else if (cpu->bus->load(cpu->opaque, addr, size, &v)) {
		return RV32_CAUSE_LOAD_ACCESS;
	}
	if (f3 == 0)
		v = (uint32_t)(int8_t)v;
	else if (f3 == 1)
		v = (uint32_t)(int16_t)v;
	*out = v;
	return 0;
}

static uint32_t store(struct rv32 *cpu, uint32_t f3, uint32_t addr, uint32_t v)
{
	uint32_t size = 1u << f3;

	if (likely(in_ram(cpu, addr, size))) {
		uint8_t *p = cpu->ram + (addr - cpu->ram_base);

		if (size == 4)
			memcpy(p, &v, 4);
		else if (size == 2)
			memcpy(p, &v, 2);
		else
			*p = (uint8_t)v;
		return 0;
	}
	if (addr & (size - 1))
		return RV32_CAUSE_STORE_MISALIGNED;
	return cpu->bus->store(cpu->opaque, addr, size, v) ? RV32_CAUSE_STORE_ACCESS : 0;
}

/* ---- The loop ---- */

#define NO_TRAP		0xffu

/* What an instruction that is neither plain arithmetic nor memory left behind. */
enum sys_result { SYS_DONE, SYS_WFI, SYS_MRET, SYS_TRAP };

static enum sys_result system_insn(struct rv32 *cpu, uint32_t insn, uint32_t *cause)
{
	*cause = RV32_CAUSE_ILLEGAL;
	switch (insn) {
	case INSN_ECALL: *cause = RV32_CAUSE_ECALL_M; return SYS_TRAP;
	case INSN_EBREAK: *cause = RV32_CAUSE_BREAKPOINT; return SYS_TRAP;
	case INSN_MRET: return SYS_MRET;
	case INSN_WFI: return SYS_WFI;
	}
	if (((insn >> 12) & 3) && csr_access(cpu, insn))
		return SYS_DONE;
	return SYS_TRAP;
}

/*
 * Act on cpu->signals between two instructions; cpu->pc is exact. True: leave with *why.
 */
static bool poll_signals(struct rv32 *cpu, enum rv32_exit *why)
{
	uint32_t sig = atomic_load_explicit(&cpu->signals, memory_order_acquire);
	uint32_t pending = sig & cpu->mie & INTERRUPT_BITS;

	if (sig & RV32_SIG_ATTENTION) {
		*why = RV32_EXIT_ATTENTION;
		return true;
	}
	if (pending && (cpu->mstatus & RV32_MSTATUS_MIE)) {
		uint32_t n = (pending & RV32_SIG_MEIP) ? RV32_IRQ_EXTERNAL : RV32_IRQ_TIMER;

		if (!take_trap(cpu, RV32_CAUSE_INTERRUPT | n, 0)) {
			*why = RV32_EXIT_HALT;
			return true;
		}
	}
	return false;
}

/* Execute up to and including one instruction that may change the flow. *cause NO_TRAP, or why it trapped. */
static enum sys_result run_block(struct rv32 *cpu, uint32_t *count, uint32_t *cause, uint32_t *tval)
{
	uint32_t pc = cpu->pc, n = 0;
	enum sys_result result = SYS_DONE;

	*cause = NO_TRAP;
	*tval = 0;
	for (;;) {
		uint32_t insn, rd, f3, a, b, v, target, err;

		if (unlikely((pc & 3) || !in_ram(cpu, pc, 4))) {
			*cause = (pc & 3) ? RV32_CAUSE_FETCH_MISALIGNED : RV32_CAUSE_FETCH_ACCESS;
			*tval = pc;
			result = SYS_TRAP;
			break;
		}
		memcpy(&insn, cpu->ram + (pc - cpu->ram_base), 4);
		rd = (insn >> 7) & 31;
		f3 = (insn >> 12) & 7;
		a = cpu->x[(insn >> 15) & 31];
		b = cpu->x[(insn >> 20) & 31];
		n++;
		if (unlikely((insn & 3) != 3))
			goto illegal;
		switch ((insn >> 2) & 31) {
		case OP_LUI:
			v = insn & ~0xfffu;
			break;
		case OP_AUIPC:
			v = pc + (insn & ~0xfffu);
			break;
		case OP_IMM:
			if ((f3 == 1 && insn >> 25) || (f3 == 5 && (insn >> 25) & ~0x20u))
				goto illegal;
			v = alu(f3, f3 == 5 && (insn >> 30), a, imm_i(insn));
			break;
		case OP_REG:
			if (insn >> 25 == 1)
				v = muldiv(f3, a, b);
			else if (!(insn >> 25) || (insn >> 25 == 0x20 && (f3 == 0 || f3 == 5)))
				v = alu(f3, insn >> 30, a, b);
			else
				goto illegal;
			break;
		case OP_LOAD:
			if (f3 == 3 || f3 > 5)
				goto illegal;
			v = a + imm_i(insn);
			err = load(cpu, f3, v, &target);
			if (unlikely(err)) {
				*cause = err;
				*tval = v;
				goto trap;
			}
			v = target;
			break;
		case OP_STORE:
			if (f3 > 2)
				goto illegal;
			v = a + imm_s(insn);
			err = store(cpu, f3, v, b);
			if (unlikely(err)) {
				*cause = err;
				*tval = v;
				goto trap;
			}
			rd = 0;
			v = 0;
			break;
		case OP_MISC_MEM:
			if (f3 > 1)
				goto illegal;
			atomic_thread_fence(memory_order_seq_cst);
			rd = 0;
			v = 0;
			break;
		case OP_BRANCH:
			if (f3 == 2 || f3 == 3)
				goto illegal;
			target = branch_taken(f3, a, b) ? pc + imm_b(insn) : pc + 4;
			rd = 0;
			v = 0;
			goto jump;
		case OP_JAL:
			target = pc + imm_j(insn);
			v = pc + 4;
			goto jump;
		case OP_JALR:
			if (f3)
				goto illegal;
			target = (a + imm_i(insn)) & ~1u;
			v = pc + 4;
			goto jump;
		case OP_SYSTEM:
			cpu->pc = pc;
			/* What came before is in the count that this may read. */
			cpu->instret += n - 1;
			n = 1;
			result = system_insn(cpu, insn, &err);
			if (result == SYS_TRAP) {
				*cause = err;
				*tval = err == RV32_CAUSE_ILLEGAL ? insn : err == RV32_CAUSE_BREAKPOINT ? pc : 0;
				goto trap;
			}
			pc += 4;
			goto out;
		default:
			goto illegal;
		}
		if (rd)
			cpu->x[rd] = v;
		pc += 4;
		continue;
jump:
		if (unlikely(target & 3)) {
			*cause = RV32_CAUSE_FETCH_MISALIGNED;
			*tval = target;
			goto trap;
		}
		if (rd)
			cpu->x[rd] = v;
		pc = target;
		goto out;
illegal:
		*cause = RV32_CAUSE_ILLEGAL;
		*tval = insn;
trap:
		result = SYS_TRAP;
		break;
	}
out:
	cpu->pc = pc;
	*count = n;
	return result;
}

enum rv32_exit rv32_run(struct rv32 *cpu, uint32_t budget)
{
	enum rv32_exit why;
	uint32_t done = 0;

	while (done < budget) {
		uint32_t n, cause, tval;
		enum sys_result r;

		if (unlikely(atomic_load_explicit(&cpu->signals, memory_order_relaxed)) &&
		    poll_signals(cpu, &why))
			return why;
		r = run_block(cpu, &n, &cause, &tval);
		done += n ? n : 1;
		cpu->instret += n;
		switch (r) {
		case SYS_DONE:
			break;
		case SYS_MRET:
			return_from_trap(cpu);
			break;
		case SYS_WFI:
			if (!rv32_interrupt_pending(cpu))
				return RV32_EXIT_WFI;
			break;
		case SYS_TRAP:
			if (!take_trap(cpu, cause, tval))
				return RV32_EXIT_HALT;
			break;
		}
	}
	return RV32_EXIT_BUDGET;
}
