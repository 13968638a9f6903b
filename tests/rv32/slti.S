/* SPDX-License-Identifier: MIT */
/* slti: signed less-than with an immediate */
#include "case.inc"

	begin
	ri	slti, 0x00000000, 0x00000000, 0
	ri	slti, 0x00000000, 0x00000001, 1
	ri	slti, 0x00000001, 0x00000003, 7
	ri	slti, 0x00000000, 0x00000000, -2048
	ri	slti, 0x00000001, 0x80000000, 0
	ri	slti, 0x00000001, 0x80000000, -2048
	ri	slti, 0x00000001, 0x00000000, 2047
	ri	slti, 0x00000000, 0x7fffffff, 0
	ri	slti, 0x00000000, 0x7fffffff, 2047
	ri	slti, 0x00000001, 0x80000000, 2047
	ri	slti, 0x00000000, 0x7fffffff, -2048
	ri	slti, 0x00000000, 0x00000000, -1
	ri	slti, 0x00000001, 0xffffffff, 1
	ri	slti, 0x00000000, 0xffffffff, -1

	ri_dest	slti, 0x00000000, 0x0000000d, 11
	ri_after	0, slti, 0x00000000, 0x0000000d, 11
	ri_after	1, slti, 0x00000000, 0x0000000e, 11
	ri_after	2, slti, 0x00000000, 0x0000000f, 11
	ri_before	0, slti, 0x00000000, 0x0000000d, 10
	ri_before	1, slti, 0x00000000, 0x0000000e, 10
	ri_before	2, slti, 0x00000000, 0x0000000f, 10

	ri_zero	slti, 0x00000001, 11
	ri_to_zero	slti, 0x0000000d, 11
	end
