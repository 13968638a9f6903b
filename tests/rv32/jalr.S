/* SPDX-License-Identifier: MIT */
/* jalr: jump to register and link */
#include "case.inc"

	begin
	next
	li	t0, 0
	la	a1, 2f
1:	jalr	t0, 0(a1)
	j	failed
2:	la	a2, 1b + 4
	bne	t0, a2, failed

	/* link register is the base */
	next
	la	t0, 2f
1:	jalr	t0, 0(t0)
	j	failed
2:	la	a2, 1b + 4
	bne	t0, a2, failed

	/* offset, and bit 0 of the sum is dropped */
	next
	la	a1, 2f
	jalr	ra, -7(a1)
	j	failed
1:	j	3f
	j	failed
2:	j	failed
3:

	next
	li	t4, 2
1:	la	a1, 2f
	nops	0
	jalr	ra, 0(a1)
	j	failed
2:	addi	t4, t4, -1
	bnez	t4, 1b
	next
	li	t4, 2
1:	la	a1, 2f
	nops	1
	jalr	ra, 0(a1)
	j	failed
2:	addi	t4, t4, -1
	bnez	t4, 1b
	next
	li	t4, 2
1:	la	a1, 2f
	nops	2
	jalr	ra, 0(a1)
	j	failed
2:	addi	t4, t4, -1
	bnez	t4, 1b
	end
