/* SPDX-License-Identifier: MIT */
/* A small pseudo-random generator (splitmix64): the same seed gives the same numbers everywhere. */
#ifndef LOOM_DIGITS_RNG_H
#define LOOM_DIGITS_RNG_H

#include <math.h>
#include <stdint.h>

/** struct rng - @state: the seed at first, advanced by every call */
struct rng {
	uint64_t state;
};

static inline uint64_t rng_u64(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/** rng_below() - an integer of 0 to @n - 1; @n is at least 1 */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_u64(r) >> 32) * n >> 32);
}

/** rng_uniform() - a number of @lo to below @hi */
static inline float rng_uniform(struct rng *r, float lo, float hi)
{
	return lo + (hi - lo) * (float)(rng_u64(r) >> 40) * 0x1p-24f;
}

/** rng_normal() - a sample of the normal distribution of mean 0 and variance 1 */
static inline float rng_normal(struct rng *r)
{
	float u = 1 - rng_uniform(r, 0, 1), v = rng_uniform(r, 0, 1);

	return sqrtf(-2 * logf(u)) * cosf(6.28318530718f * v);
}

/** rng_shuffle() - put @n integers into random order (Fisher-Yates) */
static inline void rng_shuffle(struct rng *r, uint32_t *v, uint32_t n)
{
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = rng_below(r, i), t = v[i - 1];

		v[i - 1] = v[j];
		v[j] = t;
	}
}

#endif
