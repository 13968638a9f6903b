/* SPDX-License-Identifier: MIT */
/* ld_st: what is loaded right after a store of any width to the same place, or next to it */
#include "case.inc"

	.macro	both st, ld, value, want, offset
	next
	la	a1, area
	li	a2, \value
	\st	a2, \offset(a1)
	\ld	a0, \offset(a1)
	expect	a0, \want
	.endm

	begin
	both	sb, lb, 0xdd, 0xffffffdd, 0
	both	sb, lbu, 0xdd, 0x000000dd, 1
	both	sh, lh, 0x8123, 0xffff8123, 2
	both	sh, lhu, 0x8123, 0x00008123, 4
	both	sw, lw, 0x89abcdef, 0x89abcdef, 8

	/* parts of a word, and a word of parts */
	next
	la	a1, area
	li	a2, 0x89abcdef
	sw	a2, 12(a1)
	lbu	a0, 12(a1)
	expect	a0, 0xef
	lbu	a0, 13(a1)
	expect	a0, 0xcd
	lhu	a0, 14(a1)
	expect	a0, 0x89ab
	next
	li	a2, 0x11
	sb	a2, 13(a1)
	lw	a0, 12(a1)
	expect	a0, 0x89ab11ef
	next
	li	a2, 0x2233
	sh	a2, 14(a1)
	lw	a0, 12(a1)
	expect	a0, 0x223311ef

	/* a loaded value is the next address, and the next value stored */
	next
	la	a2, area
	sw	a2, 16(a2)
	lw	a3, 16(a2)
	lw	a0, 8(a3)
	expect	a0, 0x89abcdef
	sw	a0, 20(a3)
	lw	a0, 20(a2)
	expect	a0, 0x89abcdef
	end

	.balign	4
area:	.space	32
