/* SPDX-License-Identifier: MIT */
/* ma_data: data that is not aligned; this hart reads and writes it in its RAM */
#include "case.inc"


	begin
	ld	lw, 0x44332211, 0, area
	ld	lw, 0x55443322, 1, area
	ld	lw, 0x66554433, 2, area
	ld	lw, 0x77665544, 3, area
	ld	lh, 0x00003322, 1, area
	ld	lh, 0x00005544, 3, area
	ld	lhu, 0x00008877, 6, area
	ld	lhu, 0x00009988, 7, area
	ld	lh, 0xffff9988, 7, area
	st	lw, sw, 0xdeadbeef, 0xdeadbeef, 9, area
	st	lw, sw, 0xcafebabe, 0xcafebabe, 14, area
	st	lhu, sh, 0x00001234, 0x00001234, 19, area
	/* byte by byte, and neighbours untouched */
	ld	lbu, 0x000000ef, 9, area
	ld	lbu, 0x000000de, 12, area
	ld	lbu, 0x00000034, 19, area
	ld	lbu, 0x00000012, 20, area
	ld	lbu, 0x00000015, 21, area
	end

	.balign	4
area:	.byte	0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99
	.byte	0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16
