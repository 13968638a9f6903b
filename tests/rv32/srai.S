/* SPDX-License-Identifier: MIT */
/* srai: arithmetic shift right with an immediate */
#include "case.inc"

	begin
	ri	srai, 0x00000001, 0x00000001, 0
	ri	srai, 0x00000000, 0x00000001, 1
	ri	srai, 0x00000000, 0x00000001, 7
	ri	srai, 0x00000000, 0x00000001, 14
	ri	srai, 0x00000000, 0x00000001, 31
	ri	srai, 0xffffffff, 0xffffffff, 0
	ri	srai, 0xffffffff, 0xffffffff, 1
	ri	srai, 0xffffffff, 0xffffffff, 7
	ri	srai, 0xffffffff, 0xffffffff, 14
	ri	srai, 0xffffffff, 0xffffffff, 31
	ri	srai, 0x21212121, 0x21212121, 0
	ri	srai, 0x10909090, 0x21212121, 1
	ri	srai, 0x00424242, 0x21212121, 7
	ri	srai, 0x00008484, 0x21212121, 14
	ri	srai, 0x00000000, 0x21212121, 31
	ri	srai, 0x80000000, 0x80000000, 0
	ri	srai, 0xc0000000, 0x80000000, 1
	ri	srai, 0xff000000, 0x80000000, 7
	ri	srai, 0xfffe0000, 0x80000000, 14
	ri	srai, 0xffffffff, 0x80000000, 31
	ri	srai, 0x7fffffff, 0x7fffffff, 0
	ri	srai, 0x3fffffff, 0x7fffffff, 1
	ri	srai, 0x00ffffff, 0x7fffffff, 7
	ri	srai, 0x0001ffff, 0x7fffffff, 14
	ri	srai, 0x00000000, 0x7fffffff, 31

	ri_dest	srai, 0x00424242, 0x21212121, 7
	ri_after	0, srai, 0x00424242, 0x21212121, 7
	ri_after	1, srai, 0x00424242, 0x21212122, 7
	ri_after	2, srai, 0x00424242, 0x21212123, 7
	ri_before	0, srai, 0x00848484, 0x21212121, 6
	ri_before	1, srai, 0x00848484, 0x21212122, 6
	ri_before	2, srai, 0x00848484, 0x21212123, 6

	ri_zero	srai, 0x00000000, 7
	ri_to_zero	srai, 0x21212121, 7
	end
