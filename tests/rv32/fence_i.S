/* SPDX-License-Identifier: MIT */
/* fence.i: code that was just written is what is executed */
#include "case.inc"

	begin
	/* replace "addi a0, a0, 111" by "addi a0, a0, 222", taken from elsewhere, and run it */
	next
	li	a0, 100
	la	a1, patch
	lw	a2, source
	sw	a2, 0(a1)
	fence.i
patch:	addi	a0, a0, 111
	expect	a0, 322

	/* the same at a place that has already been executed */
	next
	li	a0, 0
	li	t4, 2
	la	a1, again
again:	addi	a0, a0, 1
	lw	a2, source
	sw	a2, 0(a1)
	fence.i
	addi	t4, t4, -1
	bnez	t4, again
	expect	a0, 223

	/* plain fence: no effect on registers */
	next
	li	a0, 7
	fence	rw, rw
	fence
	expect	a0, 7
	end

	.balign	4
source:	addi	a0, a0, 222
