/* SPDX-License-Identifier: MIT */
/* Random descriptors and data for differential tests of the compute core. */
#ifndef LOOM_TESTS_GEN_H
#define LOOM_TESTS_GEN_H

#include <stdint.h>

#include <qemu-device/core/exec_priv.h>

#define GEN_SPM_BYTES	65536u
#define GEN_ACC_BYTES	16384u
#define GEN_DRAM_BYTES	262144u
#define GEN_DRAM_DATA	65536u		/* streams lie below, data from here on */

struct gen {
	uint64_t state;
};

uint64_t gen_next(struct gen *g);

/* 0..n-1 */
uint32_t gen_below(struct gen *g, uint32_t n);

/* Fills memory with elements of every type and kind: small numbers, noise, specials, in blocks of 1 KiB. */
void gen_data(struct gen *g, uint8_t *mem, uint32_t bytes);

/* A descriptor that is legal most of the time and touches only the memories above. Returns its slots. */
uint32_t gen_desc(struct gen *g, union loom_any *u);

/* Upper bound of the work of a descriptor, in elements; for those that chance made enormous. */
uint64_t gen_work(const union loom_any *u);

#endif
