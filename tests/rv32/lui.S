/* SPDX-License-Identifier: MIT */
/* lui: load upper immediate */
#include "case.inc"

	begin
	next
	lui	a0, 0x00000
	expect	a0, 0
	next
	lui	a0, 0xfffff
	expect	a0, 0xfffff000
	next
	lui	a0, 0x7ffff
	expect	a0, 0x7ffff000
	next
	lui	a0, 0x80000
	srai	a0, a0, 12
	expect	a0, 0xfff80000
	next
	lui	x0, 0x80000
	expect	x0, 0
	end
