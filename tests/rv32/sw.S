/* SPDX-License-Identifier: MIT */
/* sw: store */
#include "case.inc"

	begin
	st	lw, sw, 0x00aa00aa, 0x00aa00aa, 0, first
	st	lw, sw, 0xaa00aa00, 0xaa00aa00, 4, first
	st	lw, sw, 0x0aa00aa0, 0x0aa00aa0, 8, first
	st	lw, sw, 0xa00aa00a, 0xa00aa00a, 12, first
	st	lw, sw, 0x00aa00aa, 0x00aa00aa, -12, last
	st	lw, sw, 0xaa00aa00, 0xaa00aa00, -8, last
	st	lw, sw, 0x0aa00aa0, 0x0aa00aa0, -4, last
	st	lw, sw, 0xa00aa00a, 0xa00aa00a, 0, last

	/* a base that is not aligned, made whole by the offset */
	next
	la	a1, first
	li	a2, 0x78
	addi	a3, a1, -3
	sw	a2, 7(a3)
	lw	a0, 4(a1)
	expect	a0, 0x78

	st_before	0, 0, lw, sw, 0x11223344, 0x11223344, 0, first
	st_before	0, 1, lw, sw, 0x12233445, 0x12233445, 4, first
	st_before	0, 2, lw, sw, 0x13243546, 0x13243546, 8, first
	st_before	1, 0, lw, sw, 0x14253647, 0x14253647, 12, first
	st_before	1, 1, lw, sw, 0x15263748, 0x15263748, 0, first
	st_before	2, 0, lw, sw, 0x16273849, 0x16273849, 4, first
	end

	.balign	4
first:	.space	16, 0xef
	.equ	last, first + 12
