/* SPDX-License-Identifier: MIT */
/* xori: exclusive or with an immediate */
#include "case.inc"

	begin
	ri	xori, 0xff00fff0, 0xff00ff00, 240
	ri	xori, 0x00ff000f, 0xff00ff00, -241
	ri	xori, 0xff00f80f, 0xff00ff00, 1807
	ri	xori, 0x00ff00ff, 0xff00ff00, -1
	ri	xori, 0x0ff00f00, 0x0ff00ff0, 240
	ri	xori, 0xf00ff0ff, 0x0ff00ff0, -241
	ri	xori, 0x0ff008ff, 0x0ff00ff0, 1807
	ri	xori, 0xf00ff00f, 0x0ff00ff0, -1
	ri	xori, 0x00ff000f, 0x00ff00ff, 240
	ri	xori, 0xff00fff0, 0x00ff00ff, -241
	ri	xori, 0x00ff07f0, 0x00ff00ff, 1807
	ri	xori, 0xff00ff00, 0x00ff00ff, -1
	ri	xori, 0xf00ff0ff, 0xf00ff00f, 240
	ri	xori, 0x0ff00f00, 0xf00ff00f, -241
	ri	xori, 0xf00ff700, 0xf00ff00f, 1807
	ri	xori, 0x0ff00ff0, 0xf00ff00f, -1
	ri	xori, 0x000000f0, 0x00000000, 240
	ri	xori, 0xffffff0f, 0x00000000, -241
	ri	xori, 0x0000070f, 0x00000000, 1807
	ri	xori, 0xffffffff, 0x00000000, -1
	ri	xori, 0xffffff0f, 0xffffffff, 240
	ri	xori, 0x000000f0, 0xffffffff, -241
	ri	xori, 0xfffff8f0, 0xffffffff, 1807
	ri	xori, 0x00000000, 0xffffffff, -1

	ri_dest	xori, 0xff00fff0, 0xff00ff00, 240
	ri_after	0, xori, 0xff00fff0, 0xff00ff00, 240
	ri_after	1, xori, 0xff00fff1, 0xff00ff01, 240
	ri_after	2, xori, 0xff00fff2, 0xff00ff02, 240
	ri_before	0, xori, 0xff00ffef, 0xff00ff00, 239
	ri_before	1, xori, 0xff00ffee, 0xff00ff01, 239
	ri_before	2, xori, 0xff00ffed, 0xff00ff02, 239

	ri_zero	xori, 0x000000f0, 240
	ri_to_zero	xori, 0xff00ff00, 240
	end
