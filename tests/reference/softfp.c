/* SPDX-License-Identifier: MIT */
#include "softfp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <loom/isa.h>

typedef unsigned __int128 u128;
typedef __int128 s128;

/* mag * 2^e, rounded. */
static uint32_t pack(bool negative, u128 mag, int e)
{
	uint32_t sign = negative ? 0x80000000 : 0, bits;
	int top = mag >> 64 ? 127 - __builtin_clzll((uint64_t)(mag >> 64)) : 63 - __builtin_clzll((uint64_t)mag | 1);
	int unit, drop;
	u128 m = mag, rest, half;

	if (!mag)
		return sign;
	unit = top + e - 23 < -149 ? -149 : top + e - 23;
	drop = unit - e;
	if (drop > 127) {
		m = 0;
	} else if (drop > 0) {
		m = mag >> drop;
		rest = mag - (m << drop);
		half = (u128)1 << (drop - 1);
		if (rest > half || (rest == half && (m & 1)))
			m++;
	} else {
		m = mag << -drop;
	}
	if (unit > 128)
		return sign | 0x7f800000;
	/* m is below 2^23 only where unit is that of subnormals; a carry to 2^24 is the next exponent. */
	bits = (uint32_t)m;
	if (bits >= 1u << 23)
		bits += (uint32_t)(unit + 149) << 23;
	return sign | (bits >= 0x7f800000 ? 0x7f800000 : bits);
}

static uint32_t mant_of(uint32_t a)
{
	return (a & 0x7fffff) | (a >> 23 & 0xff ? 0x800000 : 0);
}

static int exp_of(uint32_t a)
{
	int e = a >> 23 & 0xff;

	return (e ? e : 1) - 150;
}

static bool is_inf(uint32_t a)
{
	return (a & 0x7fffffff) == 0x7f800000;
}

static bool is_zero(uint32_t a)
{
	return !(a & 0x7fffffff);
}

uint32_t sf_fma(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t psign = (a ^ b) & 0x80000000;
	s128 p, q, sum;
	int pe, ce, e;

	if (sf_is_nan(a) || sf_is_nan(b) || sf_is_nan(c) || (is_inf(a) && is_zero(b)) ||
	    (is_zero(a) && is_inf(b)))
		return SF_NAN;
	if (is_inf(a) || is_inf(b))
		return is_inf(c) && (c & 0x80000000) != psign ? SF_NAN : psign | 0x7f800000;
	if (is_inf(c))
		return c;
	p = (s128)mant_of(a) * mant_of(b);
	q = mant_of(c);
	pe = exp_of(a) + exp_of(b);
	ce = exp_of(c);
	if (!p && !q)
		return psign == (c & 0x80000000) ? psign : 0;
	if (!q) {
		e = pe;
	} else if (!p) {
		e = ce;
	} else if (pe >= ce && pe - ce > 70) {	/* far apart: only that it is not zero counts */
		p <<= 70;
		q = 1;
		e = pe - 70;
	} else if (pe >= ce) {
		p <<= pe - ce;
		e = ce;
	} else if (ce - pe > 90) {
		q <<= 90;
		p = 1;
		e = ce - 90;
	} else {
		q <<= ce - pe;
		e = pe;
	}
	sum = (psign ? -p : p) + (c & 0x80000000 ? -q : q);
	if (!sum)
		return 0;
	return pack(sum < 0, sum < 0 ? (u128)-sum : (u128)sum, e);
}

uint32_t sf_add(uint32_t a, uint32_t b)
{
	return sf_fma(a, SF_ONE, b);
}

uint32_t sf_sub(uint32_t a, uint32_t b)
{
	return sf_is_nan(b) ? SF_NAN : sf_add(a, b ^ 0x80000000);
}

uint32_t sf_mul(uint32_t a, uint32_t b)
{
	return sf_fma(a, b, 0x80000000);
}

double sf_value(uint32_t a)
{
	double v;

	if (sf_is_nan(a))
		return NAN;
	v = is_inf(a) ? INFINITY : ldexp(mant_of(a), exp_of(a));
	return a & 0x80000000 ? -v : v;
}

static uint32_t of_double(double v)
{
	float f = (float)v;
	uint32_t bits;

	if (v != v)
		return SF_NAN;
	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

/* 53 bits are more than twice 24 and two: rounding twice is rounding once. */
uint32_t sf_div(uint32_t a, uint32_t b)
{
	return of_double(sf_value(a) / sf_value(b));
}

uint32_t sf_sqrt(uint32_t a)
{
	return of_double(sqrt(sf_value(a)));
}

uint32_t sf_of_int(int64_t v)
{
	return pack(v < 0, v < 0 ? (u128)-(s128)v : (u128)v, 0);
}

int sf_compare(uint32_t a, uint32_t b)
{
	double x = sf_value(a), y = sf_value(b);

	return (x > y) - (x < y);
}

uint32_t sf_integral(uint32_t a, char how)
{
	double v = sf_value(a);

	return of_double(how == 'd' ? floor(v) : how == 'u' ? ceil(v) : nearbyint(v));
}

int64_t sf_to_int(uint32_t a, int zp, int64_t lo, int64_t hi)
{
	double v = nearbyint(sf_is_nan(a) ? 0 : sf_value(a)) + zp;

	return v < (double)lo ? lo : v > (double)hi ? hi : (int64_t)v;
}

/* Fraction bits, bias, and the first magnitude that is not finite. */
static void format(unsigned int type, int *frac, int *bias, uint32_t *limit)
{
	*frac = type == LOOM_F16 ? 10 : type == LOOM_BF16 ? 7 : type == LOOM_E4M3 ? 3 : 2;
	*bias = type == LOOM_BF16 ? 127 : type == LOOM_E4M3 ? 7 : 15;
	*limit = type == LOOM_F16 ? 0x7c00 : type == LOOM_BF16 ? 0x7f80 : type == LOOM_E4M3 ? 0x7f : 0x7c;
}

/* As if the exponent went on above the largest finite value. */
static double magnitude(unsigned int type, uint32_t mag)
{
	int frac, bias;
	uint32_t limit, e;

	format(type, &frac, &bias, &limit);
	e = mag >> frac;
	return ldexp((mag & ((1u << frac) - 1)) + (e ? 1u << frac : 0), (int)(e ? e : 1) - bias - frac);
}

uint32_t sf_widen(unsigned int type, uint32_t bits)
{
	bool wide = type == LOOM_F16 || type == LOOM_BF16;
	uint32_t top = wide ? 0x8000 : 0x80, mag = bits & (top - 1), limit;
	int frac, bias;

	format(type, &frac, &bias, &limit);
	if (mag > limit || (type == LOOM_E4M3 && mag == limit))
		return SF_NAN;
	if (mag == limit)
		return bits & top ? 0xff800000 : 0x7f800000;
	return of_double(bits & top ? -magnitude(type, mag) : magnitude(type, mag));
}

uint32_t sf_narrow(unsigned int type, uint32_t a)
{
	bool wide = type == LOOM_F16 || type == LOOM_BF16;
	uint32_t sign = a & 0x80000000 ? (wide ? 0x8000 : 0x80) : 0, lo = 0, hi, limit;
	int frac, bias;
	double v = fabs(sf_value(a)), below, above;

	format(type, &frac, &bias, &limit);
	if (sf_is_nan(a))
		return type == LOOM_F16 ? 0x7e00 : type == LOOM_BF16 ? 0x7fc0 : type == LOOM_E4M3 ? 0x7f : 0x7e;
	for (hi = limit; hi - lo > 1;) {	/* the largest magnitude that is not above v */
		uint32_t mid = (lo + hi) / 2;

		if (magnitude(type, mid) <= v)
			lo = mid;
		else
			hi = mid;
	}
	below = v - magnitude(type, lo);
	above = magnitude(type, lo + 1) - v;
	if (above < below || (above == below && (lo & 1)))
		lo++;
	return sign | (lo >= limit && !wide ? limit - 1 : lo);
}
