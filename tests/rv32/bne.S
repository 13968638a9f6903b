/* SPDX-License-Identifier: MIT */
/* bne: taken and not taken, forward and backward */
#include "case.inc"

	begin
	not_taken	bne, 0x00000000, 0x00000000
	not_taken	bne, 0x00000001, 0x00000001
	not_taken	bne, 0xffffffff, 0xffffffff
	taken	bne, 0x00000000, 0x00000001
	taken	bne, 0x00000001, 0x00000000
	taken	bne, 0xffffffff, 0x00000000
	taken	bne, 0x00000000, 0xffffffff
	taken	bne, 0xffffffff, 0x00000001
	taken	bne, 0x00000001, 0xffffffff
	taken	bne, 0xfffffffe, 0xffffffff
	taken	bne, 0xffffffff, 0xfffffffe
	taken	bne, 0x7fffffff, 0x80000000
	taken	bne, 0x80000000, 0x7fffffff
	not_taken	bne, 0x80000000, 0x80000000

	branch_before	0, 0, bne, 0x00000000, 0x00000000
	branch_before	0, 1, bne, 0x00000000, 0x00000000
	branch_before	0, 2, bne, 0x00000000, 0x00000000
	branch_before	1, 0, bne, 0x00000000, 0x00000000
	branch_before	1, 1, bne, 0x00000000, 0x00000000
	branch_before	2, 0, bne, 0x00000000, 0x00000000

	/* nothing between a taken branch and its target is executed */
	next
	li	a0, 1
	li	a1, 0x00000000
	li	a2, 0x00000001
	bne	a1, a2, 1f
	addi	a0, a0, 1
	addi	a0, a0, 1
	addi	a0, a0, 1
1:	addi	a0, a0, 1
	expect	a0, 2
	end
