/* SPDX-License-Identifier: MIT */
/* Random descriptors and data for differential tests of the compute core. */
#ifndef LOOM_TESTS_GEN_H
#define LOOM_TESTS_GEN_H

#include <stdint.h>

#include <qemu-device/core/exec_priv.h>
#include <tests/unit/core/fuzz.h>

#define GEN_SPM_BYTES	65536u
#define GEN_ACC_BYTES	16384u
#define GEN_DRAM_BYTES	262144u
#define GEN_DRAM_DATA	65536u		/* streams lie below, data from here on */

/**
 * struct gen - where choices come from
 * @state: of splitmix64
 * @from: bytes that are used first, or NULL
 */
struct gen {
	uint64_t state;
	struct fuzz *from;
};

/* Always, unless the choices come from bytes and there are none left. */
static inline bool gen_more(const struct gen *g)
{
	return !g->from || g->from->left;
}

uint64_t gen_next(struct gen *g);

/* 0..n-1 */
uint32_t gen_below(struct gen *g, uint32_t n);

/* True in @percent cases of 100. */
bool gen_chance(struct gen *g, uint32_t percent);

/* Fills memory with elements of every type and kind: small numbers, noise, specials, in blocks of 1 KiB. */
void gen_data(struct gen *g, uint8_t *mem, uint32_t bytes);

/*
 * A descriptor that is legal most of the time and touches only the memories above; its gen_work() is up to @limit, but
 * for the few that chance makes larger. Returns its slots.
 */
uint32_t gen_desc(struct gen *g, union loom_any *u, uint64_t limit);

#define GEN_PRODUCTS	3u

/**
 * struct gen_products - the last products of a stream
 * @count: of all
 */
struct gen_products {
	union loom_any product[GEN_PRODUCTS];
	uint32_t count;
};

/*
 * Now and then turns descriptor @u into one of @r, on the same right operand, or makes it write near that. Return: slots, of
 * which it had @slots.
 */
uint32_t gen_reuse(struct gen *g, const struct gen_products *r, union loom_any *u, uint32_t slots);

/* @u is in the stream; @r keeps it where it is a product. */
void gen_remember(struct gen_products *r, const union loom_any *u);

/* Upper bound of the work of a descriptor, in elements; for those that chance made enormous. */
uint64_t gen_work(const union loom_any *u);

#endif
