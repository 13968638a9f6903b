/* SPDX-License-Identifier: MIT */
/* sltiu: unsigned less-than with an immediate */
#include "case.inc"

	begin
	ri	sltiu, 0x00000000, 0x00000000, 0
	ri	sltiu, 0x00000000, 0x00000001, 1
	ri	sltiu, 0x00000001, 0x00000003, 7
	ri	sltiu, 0x00000001, 0x00000000, -2048
	ri	sltiu, 0x00000000, 0x80000000, 0
	ri	sltiu, 0x00000001, 0x80000000, -2048
	ri	sltiu, 0x00000001, 0x00000000, 2047
	ri	sltiu, 0x00000000, 0x7fffffff, 0
	ri	sltiu, 0x00000000, 0x7fffffff, 2047
	ri	sltiu, 0x00000000, 0x80000000, 2047
	ri	sltiu, 0x00000001, 0x7fffffff, -2048
	ri	sltiu, 0x00000001, 0x00000000, -1
	ri	sltiu, 0x00000000, 0xffffffff, 1
	ri	sltiu, 0x00000000, 0xffffffff, -1

	ri_dest	sltiu, 0x00000000, 0x0000000d, 11
	ri_after	0, sltiu, 0x00000000, 0x0000000d, 11
	ri_after	1, sltiu, 0x00000000, 0x0000000e, 11
	ri_after	2, sltiu, 0x00000000, 0x0000000f, 11
	ri_before	0, sltiu, 0x00000000, 0x0000000d, 10
	ri_before	1, sltiu, 0x00000000, 0x0000000e, 10
	ri_before	2, sltiu, 0x00000000, 0x0000000f, 10

	ri_zero	sltiu, 0x00000001, 11
	ri_to_zero	sltiu, 0x0000000d, 11
	end
