/* SPDX-License-Identifier: MIT */
/* lhu: zero-extended load */
#include "case.inc"

	begin
	ld	lhu, 0x000000ff, 0, first
	ld	lhu, 0x0000ff00, 2, first
	ld	lhu, 0x00000ff0, 4, first
	ld	lhu, 0x0000f00f, 6, first
	ld	lhu, 0x000000ff, -6, last
	ld	lhu, 0x0000ff00, -4, last
	ld	lhu, 0x00000ff0, -2, last
	ld	lhu, 0x0000f00f, 0, last

	/* a base that is not aligned, made whole by the offset */
	next
	la	a1, first
	addi	a1, a1, -32
	lhu	a0, 32(a1)
	expect	a0, 0x000000ff
	next
	la	a1, first
	addi	a1, a1, -3
	lhu	a0, 5(a1)
	expect	a0, 0x0000ff00

	ld_dest	lhu, 0x00000ff0, 4, first
	ld_after	0, lhu, 0x0000ff00, 2, first
	ld_after	1, lhu, 0x00000ff0, 4, first
	ld_after	2, lhu, 0x0000f00f, 6, first
	ld_before	0, lhu, 0x000000ff, 0, first
	ld_before	1, lhu, 0x0000ff00, 2, first
	ld_before	2, lhu, 0x00000ff0, 4, first

	/* overwritten at once, and to x0 */
	next
	la	a1, first
	lhu	a0, 0(a1)
	li	a0, 2
	expect	a0, 2
	next
	lhu	x0, 0(a1)
	expect	x0, 0
	end

	.balign	4
first:	.half	0x00ff, 0xff00, 0x0ff0, 0xf00f
	.equ	last, first + 6
