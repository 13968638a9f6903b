/* SPDX-License-Identifier: MIT */
/* slli: shift left with an immediate */
#include "case.inc"

	begin
	ri	slli, 0x00000001, 0x00000001, 0
	ri	slli, 0x00000002, 0x00000001, 1
	ri	slli, 0x00000080, 0x00000001, 7
	ri	slli, 0x00004000, 0x00000001, 14
	ri	slli, 0x80000000, 0x00000001, 31
	ri	slli, 0xffffffff, 0xffffffff, 0
	ri	slli, 0xfffffffe, 0xffffffff, 1
	ri	slli, 0xffffff80, 0xffffffff, 7
	ri	slli, 0xffffc000, 0xffffffff, 14
	ri	slli, 0x80000000, 0xffffffff, 31
	ri	slli, 0x21212121, 0x21212121, 0
	ri	slli, 0x42424242, 0x21212121, 1
	ri	slli, 0x90909080, 0x21212121, 7
	ri	slli, 0x48484000, 0x21212121, 14
	ri	slli, 0x80000000, 0x21212121, 31
	ri	slli, 0x80000000, 0x80000000, 0
	ri	slli, 0x00000000, 0x80000000, 1
	ri	slli, 0x00000000, 0x80000000, 7
	ri	slli, 0x00000000, 0x80000000, 14
	ri	slli, 0x00000000, 0x80000000, 31
	ri	slli, 0x7fffffff, 0x7fffffff, 0
	ri	slli, 0xfffffffe, 0x7fffffff, 1
	ri	slli, 0xffffff80, 0x7fffffff, 7
	ri	slli, 0xffffc000, 0x7fffffff, 14
	ri	slli, 0x80000000, 0x7fffffff, 31

	ri_dest	slli, 0x90909080, 0x21212121, 7
	ri_after	0, slli, 0x90909080, 0x21212121, 7
	ri_after	1, slli, 0x90909100, 0x21212122, 7
	ri_after	2, slli, 0x90909180, 0x21212123, 7
	ri_before	0, slli, 0x48484840, 0x21212121, 6
	ri_before	1, slli, 0x48484880, 0x21212122, 6
	ri_before	2, slli, 0x484848c0, 0x21212123, 6

	ri_zero	slli, 0x00000000, 7
	ri_to_zero	slli, 0x21212121, 7
	end
