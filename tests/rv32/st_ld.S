/* SPDX-License-Identifier: MIT */
/* st_ld: values copied by load and store, every width, with nothing in between */
#include "case.inc"

	.macro	copy ld, st, check, from, want
	next
	la	a1, source
	la	a2, target
	sw	x0, 0(a2)
	\ld	a0, \from(a1)
	\st	a0, 0(a2)
	\check	a3, 0(a2)
	expect	a3, \want
	.endm

	begin
	copy	lb, sb, lb, 0, 0xffffffde
	copy	lbu, sb, lbu, 3, 0x0000008d
	copy	lh, sh, lh, 2, 0xffff8dbc
	copy	lhu, sh, lhu, 0, 0x00007ade
	copy	lw, sw, lw, 0, 0x8dbc7ade
	copy	lb, sw, lw, 0, 0xffffffde
	copy	lhu, sw, lw, 2, 0x00008dbc
	copy	lw, sb, lw, 0, 0x000000de
	copy	lw, sh, lw, 4, 0x00005678

	/* swap */
	next
	la	a1, source
	lw	a2, 0(a1)
	lw	a3, 4(a1)
	sw	a2, 4(a1)
	sw	a3, 0(a1)
	lw	a0, 0(a1)
	expect	a0, 0x12345678
	lw	a0, 4(a1)
	expect	a0, 0x8dbc7ade
	end

	.balign	4
source:	.word	0x8dbc7ade, 0x12345678
target:	.word	0
