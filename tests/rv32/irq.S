/* SPDX-License-Identifier: MIT */
/* irq: external and timer interrupts, masked, taken and vectored; wfi. The test's bus drives the two lines. */
#include "case.inc"
	.equ	MEIP_LINE, TOHOST + 4
	.equ	MTIP_LINE, TOHOST + 8

	.macro	line which, level
	li	t0, \which
	li	t1, \level
	sw	t1, 0(t0)
	.endm

	begin
	/* pending shows in mip, and is not taken while masked, in mie or in mstatus */
	next
	la	t0, failed
	csrw	mtvec, t0
	line	MEIP_LINE, 1
	csrr	a0, mip
	expect	a0, 0x800
	csrsi	mstatus, 8
	nop
	j	1f
1:	csrci	mstatus, 8
	li	t0, 0x880
	csrw	mie, t0
	nop
	j	1f
1:

	/* wfi does not sleep with one pending, although none may be taken */
	next
	wfi

	/* taken as soon as it may be; the handler runs with interrupts off */
	next
	la	t0, 2f
	csrw	mtvec, t0
	csrsi	mstatus, 8
1:	j	1b
	.balign	4
2:	csrr	a0, mcause
	expect	a0, 0x8000000b
	csrr	a0, mstatus
	expect	a0, 0x1880
	csrr	a0, mtval
	expect	a0, 0
	line	MEIP_LINE, 0
	csrr	a0, mip
	expect	a0, 0

	/* the timer, by the vector table */
	next
	la	t0, 2f
	addi	t0, t0, 1
	csrw	mtvec, t0
	la	t0, 3f
	csrw	mepc, t0
	li	a0, 0
	line	MTIP_LINE, 1
	mret				/* MPIE is set: interrupts on again */
3:	j	3b
	.balign	4
2:	j	failed			/* exceptions */
	.rept	6
	j	failed
	.endr
	j	4f			/* 7: timer */
	.rept	4
	j	failed
	.endr
4:	csrr	a0, mcause
	expect	a0, 0x80000007
	line	MTIP_LINE, 0

	/* both: external first */
	next
	la	t0, 2f
	csrw	mtvec, t0
	line	MTIP_LINE, 1
	line	MEIP_LINE, 1
	csrsi	mstatus, 8
1:	j	1b
	.balign	4
2:	csrr	a0, mcause
	expect	a0, 0x8000000b
	line	MEIP_LINE, 0
	line	MTIP_LINE, 0
	end
