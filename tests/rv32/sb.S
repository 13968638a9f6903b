/* SPDX-License-Identifier: MIT */
/* sb: store */
#include "case.inc"

	begin
	st	lbu, sb, 0x000000aa, 0x000000aa, 0, first
	st	lbu, sb, 0x00000000, 0x00000000, 1, first
	st	lbu, sb, 0x000000a0, 0x000000a0, 2, first
	st	lbu, sb, 0x0000000a, 0x0000000a, 3, first
	st	lbu, sb, 0x000000aa, 0x000000aa, -3, last
	st	lbu, sb, 0x00000000, 0x00000000, -2, last
	st	lbu, sb, 0x000000a0, 0x000000a0, -1, last
	st	lbu, sb, 0x0000000a, 0x0000000a, 0, last

	/* only the low bits are stored, and the neighbours stay */
	st	lbu, sb, 0x00000078, 0x12345678, 0, first
	next
	la	a1, first
	li	a2, -1
	sw	a2, 0(a1)
	li	a2, 0
	sb	a2, 1(a1)
	lw	a0, 0(a1)
	expect	a0, 0xffff00ff

	/* a base that is not aligned, made whole by the offset */
	next
	la	a1, first
	li	a2, 0x78
	addi	a3, a1, -3
	sb	a2, 4(a3)
	lbu	a0, 1(a1)
	expect	a0, 0x78

	st_before	0, 0, lbu, sb, 0x00000044, 0x00000044, 0, first
	st_before	0, 1, lbu, sb, 0x00000045, 0x00000045, 1, first
	st_before	0, 2, lbu, sb, 0x00000046, 0x00000046, 2, first
	st_before	1, 0, lbu, sb, 0x00000047, 0x00000047, 3, first
	st_before	1, 1, lbu, sb, 0x00000048, 0x00000048, 0, first
	st_before	2, 0, lbu, sb, 0x00000049, 0x00000049, 1, first
	end

	.balign	4
first:	.space	16, 0xef
	.equ	last, first + 3
