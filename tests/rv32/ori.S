/* SPDX-License-Identifier: MIT */
/* ori: or with an immediate */
#include "case.inc"

	begin
	ri	ori, 0xff00fff0, 0xff00ff00, 240
	ri	ori, 0xffffff0f, 0xff00ff00, -241
	ri	ori, 0xff00ff0f, 0xff00ff00, 1807
	ri	ori, 0xffffffff, 0xff00ff00, -1
	ri	ori, 0x0ff00ff0, 0x0ff00ff0, 240
	ri	ori, 0xffffffff, 0x0ff00ff0, -241
	ri	ori, 0x0ff00fff, 0x0ff00ff0, 1807
	ri	ori, 0xffffffff, 0x0ff00ff0, -1
	ri	ori, 0x00ff00ff, 0x00ff00ff, 240
	ri	ori, 0xffffffff, 0x00ff00ff, -241
	ri	ori, 0x00ff07ff, 0x00ff00ff, 1807
	ri	ori, 0xffffffff, 0x00ff00ff, -1
	ri	ori, 0xf00ff0ff, 0xf00ff00f, 240
	ri	ori, 0xffffff0f, 0xf00ff00f, -241
	ri	ori, 0xf00ff70f, 0xf00ff00f, 1807
	ri	ori, 0xffffffff, 0xf00ff00f, -1
	ri	ori, 0x000000f0, 0x00000000, 240
	ri	ori, 0xffffff0f, 0x00000000, -241
	ri	ori, 0x0000070f, 0x00000000, 1807
	ri	ori, 0xffffffff, 0x00000000, -1
	ri	ori, 0xffffffff, 0xffffffff, 240
	ri	ori, 0xffffffff, 0xffffffff, -241
	ri	ori, 0xffffffff, 0xffffffff, 1807
	ri	ori, 0xffffffff, 0xffffffff, -1

	ri_dest	ori, 0xff00fff0, 0xff00ff00, 240
	ri_after	0, ori, 0xff00fff0, 0xff00ff00, 240
	ri_after	1, ori, 0xff00fff1, 0xff00ff01, 240
	ri_after	2, ori, 0xff00fff2, 0xff00ff02, 240
	ri_before	0, ori, 0xff00ffef, 0xff00ff00, 239
	ri_before	1, ori, 0xff00ffef, 0xff00ff01, 239
	ri_before	2, ori, 0xff00ffef, 0xff00ff02, 239

	ri_zero	ori, 0x000000f0, 240
	ri_to_zero	ori, 0xff00ff00, 240
	end
