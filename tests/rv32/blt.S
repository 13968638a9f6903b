/* SPDX-License-Identifier: MIT */
/* blt: taken and not taken, forward and backward */
#include "case.inc"

	begin
	not_taken	blt, 0x00000000, 0x00000000
	not_taken	blt, 0x00000001, 0x00000001
	not_taken	blt, 0xffffffff, 0xffffffff
	taken	blt, 0x00000000, 0x00000001
	not_taken	blt, 0x00000001, 0x00000000
	taken	blt, 0xffffffff, 0x00000000
	not_taken	blt, 0x00000000, 0xffffffff
	taken	blt, 0xffffffff, 0x00000001
	not_taken	blt, 0x00000001, 0xffffffff
	taken	blt, 0xfffffffe, 0xffffffff
	not_taken	blt, 0xffffffff, 0xfffffffe
	not_taken	blt, 0x7fffffff, 0x80000000
	taken	blt, 0x80000000, 0x7fffffff
	not_taken	blt, 0x80000000, 0x80000000

	branch_before	0, 0, blt, 0x00000000, 0x00000000
	branch_before	0, 1, blt, 0x00000000, 0x00000000
	branch_before	0, 2, blt, 0x00000000, 0x00000000
	branch_before	1, 0, blt, 0x00000000, 0x00000000
	branch_before	1, 1, blt, 0x00000000, 0x00000000
	branch_before	2, 0, blt, 0x00000000, 0x00000000

	/* nothing between a taken branch and its target is executed */
	next
	li	a0, 1
	li	a1, 0x00000000
	li	a2, 0x00000001
	blt	a1, a2, 1f
	addi	a0, a0, 1
	addi	a0, a0, 1
	addi	a0, a0, 1
1:	addi	a0, a0, 1
	expect	a0, 2
	end
