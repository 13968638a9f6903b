/* SPDX-License-Identifier: MIT */
/* Fuzzers of the device's surfaces; each round is made from one seed. */
#ifndef LOOM_TEST_FUZZ_H
#define LOOM_TEST_FUZZ_H

#include <stdint.h>

struct fuzz {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t fuzz_next(struct fuzz *f)
{
	uint64_t z = f->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* 0..n-1 */
static inline uint32_t fuzz_below(struct fuzz *f, uint32_t n)
{
	return (uint32_t)(fuzz_next(f) >> 32) % n;
}

/* A number of some size, or one near a power of two. */
static inline uint64_t fuzz_number(struct fuzz *f)
{
	uint64_t v = fuzz_next(f) >> fuzz_below(f, 64);

	return fuzz_below(f, 3) ? v : (1ull << fuzz_below(f, 64)) + fuzz_below(f, 5) - 2;
}

/** fuzz_tables - random page tables and accesses against a plain walk; what differs, or NULL */
const char *fuzz_tables(uint64_t seed);

#endif
