/* SPDX-License-Identifier: MIT */
/* trap: every exception, with cause, value and address; mret */
#include "case.inc"

	/* The instruction at 2: must trap. */
	.macro	traps cause, value, insn:vararg
	next
	la	t0, 3f
	csrw	mtvec, t0
2:	\insn
	j	failed
	.balign	4
3:	csrr	a0, mcause
	expect	a0, \cause
	csrr	a0, mepc
	la	a3, 2b
	bne	a0, a3, failed
	csrr	a0, mtval
	expect	a0, \value
	.endm

	begin
	li	a1, 0x30000000		/* nothing there */
	traps	11, 0, ecall
	traps	2, 0xffffffff, .word 0xffffffff
	traps	2, 0, .word 0
	traps	2, 0x02000033 + 0x40000000, .word 0x42000033
	traps	5, 0x30000000, lw a0, 0(a1)
	traps	5, 0x30000003, lb a0, 3(a1)
	traps	4, 0x30000001, lw a0, 1(a1)
	traps	4, 0x30000001, lhu a0, 1(a1)
	traps	7, 0x30000000, sw a0, 0(a1)
	traps	6, 0x30000002, sw a0, 2(a1)
	traps	6, 0x30000003, sh a0, 3(a1)
	addi	a2, a1, 2
	traps	0, 0x30000002, jalr ra, 0(a2)

	/* ebreak tells its own address */
	next
	la	t0, 3f
	csrw	mtvec, t0
2:	ebreak
	j	failed
	.balign	4
3:	csrr	a0, mcause
	expect	a0, 3
	csrr	a0, mtval
	la	a3, 2b
	bne	a0, a3, failed

	/* a jump to nowhere traps there, not at the jump */
	next
	la	t0, 3f
	csrw	mtvec, t0
	jr	a1
	.balign	4
3:	csrr	a0, mcause
	expect	a0, 1
	csrr	a0, mepc
	expect	a0, 0x30000000

	/* a trapping load leaves its destination alone */
	next
	la	t0, 3f
	csrw	mtvec, t0
	li	a0, 77
	lw	a0, 0(a1)
	.balign	4
3:	expect	a0, 77

	/* mstatus is stacked, and mret brings it back and goes to mepc */
	next
	la	t0, 3f
	csrw	mtvec, t0
	csrsi	mstatus, 8
	ecall
	csrr	a0, mstatus
	expect	a0, 0x1888
	j	4f
	.balign	4
3:	csrr	a0, mstatus
	expect	a0, 0x1880
	csrr	a0, mepc
	addi	a0, a0, 4
	csrw	mepc, a0
	mret
4:
	end
