/* SPDX-License-Identifier: MIT */
/* Shared by the tests of libaccel's back end: random graphs, runs on a device, comparison. */
#ifndef LIBACCEL_BACK_HARNESS_H
#define LIBACCEL_BACK_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <accel/accel.h>

#include "libaccel/program/program.h"

/* Fails the present test with accel_errmsg() where @call is not 0. */
#define must(call) must_(call, #call, __FILE__, __LINE__)
void must_(int ret, const char *what, const char *file, int line);

/* A small generator, so that a seed names a test on every host. */
struct rng {
	uint64_t s;
	bool positive;		/* magnitudes only */
};
uint32_t rng_next(struct rng *r);
/** rng_range - in [lo, hi] */
int rng_range(struct rng *r, int lo, int hi);
/** rng_unit - in [-1, 1), or the magnitude of that */
float rng_unit(struct rng *r);

/** add_const - constant of random values in [-scale, scale) */
int add_const(struct accel_graph *g, struct rng *r, int rank, const int64_t *dims, float scale);

/** random_graph - a few operators on one input [N][C][H][W]; the same for the same seed */
struct accel_graph *random_graph(uint64_t seed);

/**
 * random_magnitudes - random_graph() with the magnitude of every constant, Add for Sub and without Softmax
 *
 * For inputs that are not negative its values are the sums of absolute terms: what rounding makes of a sum is in proportion
 * to them, however much of the sum itself is cancelled out.
 */
struct accel_graph *random_magnitudes(uint64_t seed);

struct result {
	float *data;
	size_t count;
};

struct run_options {
	enum accel_precision precision;
	int64_t batch;
	bool check;		/* race checker on every stream */
	uint64_t seed;		/* of the input, in [0, 1) */
	const float *calib;
	int64_t calib_count;
};

/** run_on - compile @g for @spec and run it once; the first output as f32 */
struct result run_on(const char *spec, struct accel_graph *g, const struct run_options *o);

/** compile_on - the program alone, streams checked where @o says so */
struct accel_program *compile_on(struct accel_device *dev, struct accel_graph *g, const struct run_options *o);

/** assert_close - largest difference within @tolerance of the largest magnitude in the reference */
void assert_close(const struct result *got, const struct result *want, double tolerance, const char *what);
/** assert_within - largest difference within @tolerance of the largest of @magnitudes */
void assert_within(const struct result *got, const struct result *want, const struct result *magnitudes,
		   double tolerance, const char *what);
void assert_same(const struct result *got, const struct result *want, const char *what);

/* Geometries, smallest memories first. */
extern const char *const geometries[];
extern const int num_geometries;

#endif
