/* SPDX-License-Identifier: MIT */
/* lw: a word load */
#include "case.inc"

	begin
	ld	lw, 0x00ff00ff, 0, first
	ld	lw, 0xff00ff00, 4, first
	ld	lw, 0x0ff00ff0, 8, first
	ld	lw, 0xf00ff00f, 12, first
	ld	lw, 0x00ff00ff, -12, last
	ld	lw, 0xff00ff00, -8, last
	ld	lw, 0x0ff00ff0, -4, last
	ld	lw, 0xf00ff00f, 0, last

	/* a base that is not aligned, made whole by the offset */
	next
	la	a1, first
	addi	a1, a1, -32
	lw	a0, 32(a1)
	expect	a0, 0x00ff00ff
	next
	la	a1, first
	addi	a1, a1, -3
	lw	a0, 7(a1)
	expect	a0, 0xff00ff00

	ld_dest	lw, 0x0ff00ff0, 8, first
	ld_after	0, lw, 0xff00ff00, 4, first
	ld_after	1, lw, 0x0ff00ff0, 8, first
	ld_after	2, lw, 0xf00ff00f, 12, first
	ld_before	0, lw, 0x00ff00ff, 0, first
	ld_before	1, lw, 0xff00ff00, 4, first
	ld_before	2, lw, 0x0ff00ff0, 8, first

	/* overwritten at once, and to x0 */
	next
	la	a1, first
	lw	a0, 0(a1)
	li	a0, 2
	expect	a0, 2
	next
	lw	x0, 0(a1)
	expect	x0, 0
	end

	.balign	4
first:	.word	0x00ff00ff, 0xff00ff00, 0x0ff00ff0, 0xf00ff00f
	.equ	last, first + 12
