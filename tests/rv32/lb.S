/* SPDX-License-Identifier: MIT */
/* lb: sign-extended load */
#include "case.inc"

	begin
	ld	lb, 0xffffffff, 0, first
	ld	lb, 0x00000000, 1, first
	ld	lb, 0xfffffff0, 2, first
	ld	lb, 0x0000000f, 3, first
	ld	lb, 0xffffffff, -3, last
	ld	lb, 0x00000000, -2, last
	ld	lb, 0xfffffff0, -1, last
	ld	lb, 0x0000000f, 0, last

	/* a base that is not aligned, made whole by the offset */
	next
	la	a1, first
	addi	a1, a1, -32
	lb	a0, 32(a1)
	expect	a0, 0xffffffff
	next
	la	a1, first
	addi	a1, a1, -3
	lb	a0, 4(a1)
	expect	a0, 0x00000000

	ld_dest	lb, 0xfffffff0, 2, first
	ld_after	0, lb, 0x00000000, 1, first
	ld_after	1, lb, 0xfffffff0, 2, first
	ld_after	2, lb, 0x0000000f, 3, first
	ld_before	0, lb, 0xffffffff, 0, first
	ld_before	1, lb, 0x00000000, 1, first
	ld_before	2, lb, 0xfffffff0, 2, first

	/* overwritten at once, and to x0 */
	next
	la	a1, first
	lb	a0, 0(a1)
	li	a0, 2
	expect	a0, 2
	next
	lb	x0, 0(a1)
	expect	x0, 0
	end

	.balign	4
first:	.byte	0xff, 0x00, 0xf0, 0x0f
	.equ	last, first + 3
