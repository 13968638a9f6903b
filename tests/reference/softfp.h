/* SPDX-License-Identifier: MIT */
/*
 * fp32 arithmetic in integers, on bit patterns, round to nearest even; and the narrow types, by their
 * definition. Nothing here is shared with the device.
 */
#ifndef LOOM_TESTS_SOFTFP_H
#define LOOM_TESTS_SOFTFP_H

#include <stdbool.h>
#include <stdint.h>

#define SF_NAN	0x7fc00000u
#define SF_ONE	0x3f800000u

static inline bool sf_is_nan(uint32_t a)
{
	return (a & 0x7fffffff) > 0x7f800000;
}

uint32_t sf_fma(uint32_t a, uint32_t b, uint32_t c);
uint32_t sf_add(uint32_t a, uint32_t b);
uint32_t sf_sub(uint32_t a, uint32_t b);
uint32_t sf_mul(uint32_t a, uint32_t b);
uint32_t sf_div(uint32_t a, uint32_t b);
uint32_t sf_sqrt(uint32_t a);
uint32_t sf_of_int(int64_t v);

/* -1, 0, 1 as a < b, a == b, a > b; NaN is no operand. */
int sf_compare(uint32_t a, uint32_t b);

/* To an integral value: down, up, or to nearest even. */
uint32_t sf_integral(uint32_t a, char how);

/* clamp(rne(a) + zp, lo, hi); NaN counts as 0. */
int64_t sf_to_int(uint32_t a, int zp, int64_t lo, int64_t hi);

double sf_value(uint32_t a);

/* A floating loom_type of 8 or 16 bits: bits to fp32 bits, and back with rounding. */
uint32_t sf_widen(unsigned int type, uint32_t bits);
uint32_t sf_narrow(unsigned int type, uint32_t a);

#endif
