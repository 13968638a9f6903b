/* SPDX-License-Identifier: MIT */
/* addi: sum with an immediate */
#include "case.inc"

	begin
	ri	addi, 0x00000000, 0x00000000, 0
	ri	addi, 0x00000002, 0x00000001, 1
	ri	addi, 0x0000000a, 0x00000003, 7
	ri	addi, 0xfffff800, 0x00000000, -2048
	ri	addi, 0x80000000, 0x80000000, 0
	ri	addi, 0x7ffff800, 0x80000000, -2048
	ri	addi, 0x000007ff, 0x00000000, 2047
	ri	addi, 0x7fffffff, 0x7fffffff, 0
	ri	addi, 0x800007fe, 0x7fffffff, 2047
	ri	addi, 0x800007ff, 0x80000000, 2047
	ri	addi, 0x7ffff7ff, 0x7fffffff, -2048
	ri	addi, 0xffffffff, 0x00000000, -1
	ri	addi, 0x00000000, 0xffffffff, 1
	ri	addi, 0xfffffffe, 0xffffffff, -1

	ri_dest	addi, 0x00000018, 0x0000000d, 11
	ri_after	0, addi, 0x00000018, 0x0000000d, 11
	ri_after	1, addi, 0x00000019, 0x0000000e, 11
	ri_after	2, addi, 0x0000001a, 0x0000000f, 11
	ri_before	0, addi, 0x00000017, 0x0000000d, 10
	ri_before	1, addi, 0x00000018, 0x0000000e, 10
	ri_before	2, addi, 0x00000019, 0x0000000f, 10

	ri_zero	addi, 0x0000000b, 11
	ri_to_zero	addi, 0x0000000d, 11
	end
