/* SPDX-License-Identifier: MIT */
/* bltu: taken and not taken, forward and backward */
#include "case.inc"

	begin
	not_taken	bltu, 0x00000000, 0x00000000
	not_taken	bltu, 0x00000001, 0x00000001
	not_taken	bltu, 0xffffffff, 0xffffffff
	taken	bltu, 0x00000000, 0x00000001
	not_taken	bltu, 0x00000001, 0x00000000
	not_taken	bltu, 0xffffffff, 0x00000000
	taken	bltu, 0x00000000, 0xffffffff
	not_taken	bltu, 0xffffffff, 0x00000001
	taken	bltu, 0x00000001, 0xffffffff
	taken	bltu, 0xfffffffe, 0xffffffff
	not_taken	bltu, 0xffffffff, 0xfffffffe
	taken	bltu, 0x7fffffff, 0x80000000
	not_taken	bltu, 0x80000000, 0x7fffffff
	not_taken	bltu, 0x80000000, 0x80000000

	branch_operands	bltu, 0x00000000, 0x00000000
	branch_skips	bltu, 0x00000000, 0x00000001
	end
