/* SPDX-License-Identifier: MIT */
/* lh: sign-extended load */
#include "case.inc"

	begin
	ld	lh, 0x000000ff, 0, first
	ld	lh, 0xffffff00, 2, first
	ld	lh, 0x00000ff0, 4, first
	ld	lh, 0xfffff00f, 6, first
	ld	lh, 0x000000ff, -6, last
	ld	lh, 0xffffff00, -4, last
	ld	lh, 0x00000ff0, -2, last
	ld	lh, 0xfffff00f, 0, last

	/* a base that is not aligned, made whole by the offset */
	next
	la	a1, first
	addi	a1, a1, -32
	lh	a0, 32(a1)
	expect	a0, 0x000000ff
	next
	la	a1, first
	addi	a1, a1, -3
	lh	a0, 5(a1)
	expect	a0, 0xffffff00

	ld_dest	lh, 0x00000ff0, 4, first
	ld_after	0, lh, 0xffffff00, 2, first
	ld_after	1, lh, 0x00000ff0, 4, first
	ld_after	2, lh, 0xfffff00f, 6, first
	ld_before	0, lh, 0x000000ff, 0, first
	ld_before	1, lh, 0xffffff00, 2, first
	ld_before	2, lh, 0x00000ff0, 4, first

	/* overwritten at once, and to x0 */
	next
	la	a1, first
	lh	a0, 0(a1)
	li	a0, 2
	expect	a0, 2
	next
	lh	x0, 0(a1)
	expect	x0, 0
	end

	.balign	4
first:	.half	0x00ff, 0xff00, 0x0ff0, 0xf00f
	.equ	last, first + 6
