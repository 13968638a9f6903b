/* SPDX-License-Identifier: MIT */
/* Reset and trap entry. The boot ROM has zeroed .bss; interrupts stay masked for good: the main loop polls. */
	.section .text.start, "ax"
	.globl	_start
_start:
	.option	push
	.option	norelax
	la	gp, __global_pointer$
	.option	pop
	la	sp, __stack_top
	la	t0, trap_entry
	csrw	mtvec, t0
	call	main
1:	wfi
	j	1b

	/* Exceptions only, and fatal. On a stack of its own: the present one may be the reason. */
	.balign	4
trap_entry:
	la	sp, trap_stack_top
	csrr	a0, mcause
	csrr	a1, mepc
	csrr	a2, mtval
	call	trap_report
	/* Once more, without a handler: the hart halts, and its registers tell the host why. */
	csrw	mtvec, zero
	mret

	.section .bss
	.balign	16
	.space	1024
trap_stack_top:
