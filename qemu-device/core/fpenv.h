/* SPDX-License-Identifier: MIT */
#ifndef LOOM_CORE_FPENV_H
#define LOOM_CORE_FPENV_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif !defined(__aarch64__)
#include <fenv.h>
#endif

/* The executing thread's floating-point state: round to nearest, subnormals kept, traps off. */
#if defined(__SSE2__)
typedef unsigned int fp_state;
static inline fp_state fp_enter(void)
{
	fp_state old = _mm_getcsr();

	_mm_setcsr(0x1f80);
	return old;
}

static inline void fp_leave(fp_state old)
{
	_mm_setcsr(old);
}
#elif defined(__aarch64__)
/* FE_DFL_ENV of the C library leaves DN (default NaN) and AHP (the other fp16) as they are. */
typedef uint64_t fp_state;
static inline fp_state fp_enter(void)
{
	fp_state old;

	__asm__ volatile("mrs %0, fpcr\n\tmsr fpcr, xzr" : "=&r"(old) : : "memory");
	return old;
}

static inline void fp_leave(fp_state old)
{
	__asm__ volatile("msr fpcr, %0" : : "r"(old) : "memory");
}
#else
typedef fenv_t fp_state;
static inline fp_state fp_enter(void)
{
	fp_state old;

	fegetenv(&old);
	fesetenv(FE_DFL_ENV);
	return old;
}

static inline void fp_leave(fp_state old)
{
	fesetenv(&old);
}
#endif

#endif
