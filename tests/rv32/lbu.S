/* SPDX-License-Identifier: MIT */
/* lbu: zero-extended load */
#include "case.inc"

	begin
	ld	lbu, 0x000000ff, 0, first
	ld	lbu, 0x00000000, 1, first
	ld	lbu, 0x000000f0, 2, first
	ld	lbu, 0x0000000f, 3, first
	ld	lbu, 0x000000ff, -3, last
	ld	lbu, 0x00000000, -2, last
	ld	lbu, 0x000000f0, -1, last
	ld	lbu, 0x0000000f, 0, last

	/* a base that is not aligned, made whole by the offset */
	next
	la	a1, first
	addi	a1, a1, -32
	lbu	a0, 32(a1)
	expect	a0, 0x000000ff
	next
	la	a1, first
	addi	a1, a1, -3
	lbu	a0, 4(a1)
	expect	a0, 0x00000000

	ld_dest	lbu, 0x000000f0, 2, first
	ld_after	0, lbu, 0x00000000, 1, first
	ld_after	1, lbu, 0x000000f0, 2, first
	ld_after	2, lbu, 0x0000000f, 3, first
	ld_before	0, lbu, 0x000000ff, 0, first
	ld_before	1, lbu, 0x00000000, 1, first
	ld_before	2, lbu, 0x000000f0, 2, first

	/* overwritten at once, and to x0 */
	next
	la	a1, first
	lbu	a0, 0(a1)
	li	a0, 2
	expect	a0, 2
	next
	lbu	x0, 0(a1)
	expect	x0, 0
	end

	.balign	4
first:	.byte	0xff, 0x00, 0xf0, 0x0f
	.equ	last, first + 3
