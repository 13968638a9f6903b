/* SPDX-License-Identifier: MIT */
/* auipc: pc plus upper immediate */
#include "case.inc"

	begin
	next
1:	auipc	a0, 0
	la	a1, 1b
	bne	a0, a1, failed
	next
1:	auipc	a0, 10
	la	a1, 1b
	li	a2, 10 << 12
	add	a1, a1, a2
	bne	a0, a1, failed
	next
1:	auipc	a0, 0xffff6	/* -10 */
	la	a1, 1b
	li	a2, 10 << 12
	sub	a1, a1, a2
	bne	a0, a1, failed
	next
	auipc	x0, 1
	expect	x0, 0
	end
