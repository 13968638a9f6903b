/* SPDX-License-Identifier: MIT */
#ifndef LOOM_CORE_FPENV_H
#define LOOM_CORE_FPENV_H

#if defined(__SSE2__)
#include <immintrin.h>
#else
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
