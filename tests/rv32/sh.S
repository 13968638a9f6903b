/* SPDX-License-Identifier: MIT */
/* sh: store */
#include "case.inc"

	begin
	st	lhu, sh, 0x000000aa, 0x000000aa, 0, first
	st	lhu, sh, 0x0000aa00, 0x0000aa00, 2, first
	st	lhu, sh, 0x00000aa0, 0x00000aa0, 4, first
	st	lhu, sh, 0x0000a00a, 0x0000a00a, 6, first
	st	lhu, sh, 0x000000aa, 0x000000aa, -6, last
	st	lhu, sh, 0x0000aa00, 0x0000aa00, -4, last
	st	lhu, sh, 0x00000aa0, 0x00000aa0, -2, last
	st	lhu, sh, 0x0000a00a, 0x0000a00a, 0, last

	/* only the low bits are stored, and the neighbours stay */
	st	lhu, sh, 0x00005678, 0x12345678, 0, first
	next
	la	a1, first
	li	a2, -1
	sw	a2, 0(a1)
	li	a2, 0
	sh	a2, 2(a1)
	lw	a0, 0(a1)
	expect	a0, 0x0000ffff

	/* a base that is not aligned, made whole by the offset */
	next
	la	a1, first
	li	a2, 0x78
	addi	a3, a1, -3
	sh	a2, 5(a3)
	lhu	a0, 2(a1)
	expect	a0, 0x78

	st_before	0, 0, lhu, sh, 0x00003344, 0x00003344, 0, first
	st_before	0, 1, lhu, sh, 0x00003445, 0x00003445, 2, first
	st_before	0, 2, lhu, sh, 0x00003546, 0x00003546, 4, first
	st_before	1, 0, lhu, sh, 0x00003647, 0x00003647, 6, first
	st_before	1, 1, lhu, sh, 0x00003748, 0x00003748, 0, first
	st_before	2, 0, lhu, sh, 0x00003849, 0x00003849, 2, first
	end

	.balign	4
first:	.space	16, 0xef
	.equ	last, first + 6
