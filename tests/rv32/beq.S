/* SPDX-License-Identifier: MIT */
/* beq: taken and not taken, forward and backward */
#include "case.inc"

	begin
	taken	beq, 0x00000000, 0x00000000
	taken	beq, 0x00000001, 0x00000001
	taken	beq, 0xffffffff, 0xffffffff
	not_taken	beq, 0x00000000, 0x00000001
	not_taken	beq, 0x00000001, 0x00000000
	not_taken	beq, 0xffffffff, 0x00000000
	not_taken	beq, 0x00000000, 0xffffffff
	not_taken	beq, 0xffffffff, 0x00000001
	not_taken	beq, 0x00000001, 0xffffffff
	not_taken	beq, 0xfffffffe, 0xffffffff
	not_taken	beq, 0xffffffff, 0xfffffffe
	not_taken	beq, 0x7fffffff, 0x80000000
	not_taken	beq, 0x80000000, 0x7fffffff
	taken	beq, 0x80000000, 0x80000000

	branch_operands	beq, 0x00000000, 0x00000001
	branch_skips	beq, 0x00000000, 0x00000000
	end
