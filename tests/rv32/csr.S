/* SPDX-License-Identifier: MIT */
/* csr: the six CSR instructions, what each register keeps, and who may not be written */
#include "case.inc"

	.macro	illegal insn:vararg
	next
	la	t0, 1f
	csrw	mtvec, t0
	\insn
	j	failed
	.balign	4
1:	csrr	a0, mcause
	expect	a0, 2
	.endm

	begin
	next
	li	a1, 0x12345678
	csrrw	a0, mscratch, a1
	expect	a0, 0
	csrrw	a0, mscratch, x0
	expect	a0, 0x12345678
	next
	csrwi	mscratch, 0x1f
	csrrs	a0, mscratch, x0
	expect	a0, 0x1f
	li	a1, 0xf00
	csrrs	a0, mscratch, a1
	expect	a0, 0x1f
	csrrc	a0, mscratch, a1
	expect	a0, 0xf1f
	csrrsi	a0, mscratch, 0
	expect	a0, 0x1f
	csrrci	a0, mscratch, 0x11
	expect	a0, 0x1f
	csrrsi	a0, mscratch, 1
	expect	a0, 0xe
	csrr	a0, mscratch
	expect	a0, 0xf

	/* fields that are not there read as they are */
	next
	li	a1, -1
	csrw	mie, a1
	csrr	a0, mie
	expect	a0, 0x880
	csrw	mie, x0
	csrw	mepc, a1
	csrr	a0, mepc
	expect	a0, 0xfffffffc
	csrw	mtvec, a1
	csrr	a0, mtvec
	expect	a0, 0xfffffffd
	csrr	a0, misa
	expect	a0, 0x40001100
	csrr	a0, mhartid
	expect	a0, 0
	csrr	a0, mip
	expect	a0, 0

	/* machine mode is the only one */
	next
	csrw	mstatus, x0
	csrr	a0, mstatus
	expect	a0, 0x1800

	/* instructions are counted */
	next
	csrr	a1, instret
	nop
	nop
	csrr	a0, instret
	sub	a0, a0, a1
	expect	a0, 3

	illegal	csrw mhartid, x0
	illegal	csrw cycle, a1
	illegal	csrr a0, 0x180
	illegal	csrr a0, 0x7c0
	/* reading a read-only one by set with x0 is legal */
	next
	la	t0, unexpected_trap
	csrw	mtvec, t0
	csrrs	a0, mhartid, x0
	expect	a0, 0
	end
