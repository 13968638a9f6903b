/* SPDX-License-Identifier: MIT */
/* jal: jump and link */
#include "case.inc"

	begin
	next
	li	ra, 0
1:	jal	x4, 2f
	j	failed
	j	failed
2:	la	a1, 1b
	addi	a1, a1, 4
	bne	x4, a1, failed

	/* backward */
	next
	j	2f
1:	j	3f
	j	failed
2:	jal	ra, 1b
	j	failed
3:

	/* nothing in between is executed; x0 takes no link */
	next
	li	a0, 1
	jal	x0, 1f
	addi	a0, a0, 1
	addi	a0, a0, 1
1:	addi	a0, a0, 1
	expect	a0, 2
	expect	x0, 0
	end
