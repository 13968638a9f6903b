/* SPDX-License-Identifier: MIT */
/* bge: taken and not taken, forward and backward */
#include "case.inc"

	begin
	taken	bge, 0x00000000, 0x00000000
	taken	bge, 0x00000001, 0x00000001
	taken	bge, 0xffffffff, 0xffffffff
	not_taken	bge, 0x00000000, 0x00000001
	taken	bge, 0x00000001, 0x00000000
	not_taken	bge, 0xffffffff, 0x00000000
	taken	bge, 0x00000000, 0xffffffff
	not_taken	bge, 0xffffffff, 0x00000001
	taken	bge, 0x00000001, 0xffffffff
	not_taken	bge, 0xfffffffe, 0xffffffff
	taken	bge, 0xffffffff, 0xfffffffe
	taken	bge, 0x7fffffff, 0x80000000
	not_taken	bge, 0x80000000, 0x7fffffff
	taken	bge, 0x80000000, 0x80000000

	branch_before	0, 0, bge, 0x00000000, 0x00000001
	branch_before	0, 1, bge, 0x00000000, 0x00000001
	branch_before	0, 2, bge, 0x00000000, 0x00000001
	branch_before	1, 0, bge, 0x00000000, 0x00000001
	branch_before	1, 1, bge, 0x00000000, 0x00000001
	branch_before	2, 0, bge, 0x00000000, 0x00000001

	/* nothing between a taken branch and its target is executed */
	next
	li	a0, 1
	li	a1, 0x00000000
	li	a2, 0x00000000
	bge	a1, a2, 1f
	addi	a0, a0, 1
	addi	a0, a0, 1
	addi	a0, a0, 1
1:	addi	a0, a0, 1
	expect	a0, 2
	end
