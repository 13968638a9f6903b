/* SPDX-License-Identifier: MIT */
/* bgeu: taken and not taken, forward and backward */
#include "case.inc"

	begin
	taken	bgeu, 0x00000000, 0x00000000
	taken	bgeu, 0x00000001, 0x00000001
	taken	bgeu, 0xffffffff, 0xffffffff
	not_taken	bgeu, 0x00000000, 0x00000001
	taken	bgeu, 0x00000001, 0x00000000
	taken	bgeu, 0xffffffff, 0x00000000
	not_taken	bgeu, 0x00000000, 0xffffffff
	taken	bgeu, 0xffffffff, 0x00000001
	not_taken	bgeu, 0x00000001, 0xffffffff
	not_taken	bgeu, 0xfffffffe, 0xffffffff
	taken	bgeu, 0xffffffff, 0xfffffffe
	not_taken	bgeu, 0x7fffffff, 0x80000000
	taken	bgeu, 0x80000000, 0x7fffffff
	taken	bgeu, 0x80000000, 0x80000000

	branch_operands	bgeu, 0x00000000, 0x00000001
	branch_skips	bgeu, 0x00000000, 0x00000000
	end
