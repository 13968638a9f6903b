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

	branch_operands	blt, 0x00000000, 0x00000000
	branch_skips	blt, 0x00000000, 0x00000001
	end
