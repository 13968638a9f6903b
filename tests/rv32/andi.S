/* SPDX-License-Identifier: MIT */
/* andi: and with an immediate */
#include "case.inc"

	begin
	ri	andi, 0x00000000, 0xff00ff00, 240
	ri	andi, 0xff00ff00, 0xff00ff00, -241
	ri	andi, 0x00000700, 0xff00ff00, 1807
	ri	andi, 0xff00ff00, 0xff00ff00, -1
	ri	andi, 0x000000f0, 0x0ff00ff0, 240
	ri	andi, 0x0ff00f00, 0x0ff00ff0, -241
	ri	andi, 0x00000700, 0x0ff00ff0, 1807
	ri	andi, 0x0ff00ff0, 0x0ff00ff0, -1
	ri	andi, 0x000000f0, 0x00ff00ff, 240
	ri	andi, 0x00ff000f, 0x00ff00ff, -241
	ri	andi, 0x0000000f, 0x00ff00ff, 1807
	ri	andi, 0x00ff00ff, 0x00ff00ff, -1
	ri	andi, 0x00000000, 0xf00ff00f, 240
	ri	andi, 0xf00ff00f, 0xf00ff00f, -241
	ri	andi, 0x0000000f, 0xf00ff00f, 1807
	ri	andi, 0xf00ff00f, 0xf00ff00f, -1
	ri	andi, 0x00000000, 0x00000000, 240
	ri	andi, 0x00000000, 0x00000000, -241
	ri	andi, 0x00000000, 0x00000000, 1807
	ri	andi, 0x00000000, 0x00000000, -1
	ri	andi, 0x000000f0, 0xffffffff, 240
	ri	andi, 0xffffff0f, 0xffffffff, -241
	ri	andi, 0x0000070f, 0xffffffff, 1807
	ri	andi, 0xffffffff, 0xffffffff, -1

	ri_dest	andi, 0x00000000, 0xff00ff00, 240
	ri_after	0, andi, 0x00000000, 0xff00ff00, 240
	ri_after	1, andi, 0x00000000, 0xff00ff01, 240
	ri_after	2, andi, 0x00000000, 0xff00ff02, 240
	ri_before	0, andi, 0x00000000, 0xff00ff00, 239
	ri_before	1, andi, 0x00000001, 0xff00ff01, 239
	ri_before	2, andi, 0x00000002, 0xff00ff02, 239

	ri_zero	andi, 0x00000000, 240
	ri_to_zero	andi, 0xff00ff00, 240
	end
