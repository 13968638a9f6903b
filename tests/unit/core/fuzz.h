/* SPDX-License-Identifier: MIT */
/*
 * Fuzzers of the device's surfaces. A round's choices are made from a seed, or from bytes that a coverage-guided fuzzer
 * changes (tests/fuzz) and whose corpus is kept.
 */
#ifndef LOOM_TEST_FUZZ_H
#define LOOM_TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/**
 * struct fuzz - where choices come from
 * @state: of splitmix64
 * @data, @left: bytes still to be used first; NULL where there never were any
 */
struct fuzz {
	uint64_t state;
	const uint8_t *data;
	size_t left;
};

static inline uint64_t fuzz_random(struct fuzz *f)
{
	uint64_t z = f->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* A number of @bytes bytes. */
static inline uint64_t fuzz_take(struct fuzz *f, size_t bytes)
{
	uint64_t v = 0;

	if (!f->left)
		return fuzz_random(f) >> (64 - 8 * bytes);
	if (bytes > f->left)
		bytes = f->left;
	memcpy(&v, f->data, bytes);
	f->data += bytes;
	f->left -= bytes;
	return v;
}

static inline uint64_t fuzz_next(struct fuzz *f)
{
	return fuzz_take(f, 8);
}

/* 0..n-1 */
static inline uint32_t fuzz_below(struct fuzz *f, uint32_t n)
{
	if (f->left)
		return (uint32_t)fuzz_take(f, n <= 1u << 8 ? 1 : n <= 1u << 16 ? 2 : 4) % n;
	return (uint32_t)(fuzz_random(f) >> 32) % n;
}

/* Is there another step to be made? As many as the bytes last for, else *@steps. */
static inline bool fuzz_more(struct fuzz *f, uint32_t *steps)
{
	return f->data ? f->left > 0 : (*steps)-- > 0;
}

/* A number of some size, or one near a power of two. */
static inline uint64_t fuzz_number(struct fuzz *f)
{
	uint32_t kind = fuzz_below(f, 3), bit = fuzz_below(f, 64);

	return kind ? fuzz_take(f, (71 - bit) / 8) & (~0ull >> bit) : (1ull << bit) + fuzz_below(f, 5) - 2;
}

/* One round each; what is wrong, or NULL. */
const char *fuzz_registers(struct fuzz *f);
const char *fuzz_images(struct fuzz *f);
const char *fuzz_tables(struct fuzz *f);
const char *fuzz_streams(struct fuzz *f);

/** fuzz_corpus - @one with every file of tests/fuzz/corpus/@name in turn; names what is wrong. Returns failures, or -1 */
int fuzz_corpus(const char *name, const char *(*one)(struct fuzz *f), unsigned int *files);

#endif
