/* SPDX-License-Identifier: MIT */
/*
 * Trials: a stream through the compute core, with each set of kernels, and through the reference; scratchpad, accumulators
 * and DRAM must agree to the bit after it.
 */
#ifndef LOOM_TESTS_TRIAL_H
#define LOOM_TESTS_TRIAL_H

#include <stdint.h>

#include <tests/unit/core/fuzz.h>

/* Sets of kernels; those that the host cannot run are passed over. */
#define TRIAL_KERNELS	4
extern const char *const trial_kernels[TRIAL_KERNELS];

/**
 * struct trial_counts
 * @descriptors: executed; @by_op: the same by opcode
 * @reused: packed blocks that were used again; @forgotten: that were written over before that
 * @refused: streams that ended with a descriptor that is not legal; @by_code: the same by loom_illegal
 */
struct trial_counts {
	uint64_t descriptors, reused, forgotten, refused, by_op[256], by_code[16];
};

struct trial;

/** trial_new - memories of its own; NULL: no memory */
struct trial *trial_new(void);
void trial_free(struct trial *t);
struct trial_counts *trial_counts(struct trial *t);

/** trial_seed - a stream from @seed; 0, or -1 with what differs printed */
int trial_seed(struct trial *t, uint64_t seed);

/** trial_bytes - the same of a stream that @f chooses */
int trial_bytes(struct trial *t, struct fuzz *f);

/**
 * trial_paused - a stream with semaphores and barriers, which need not be legal or end: as it is, and once more, paused on
 * the way, saved, and continued by another core. What differs, or NULL
 */
const char *trial_paused(struct trial *t, struct fuzz *f);

#endif
