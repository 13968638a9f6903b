/* SPDX-License-Identifier: MIT */
/*
 * Kernels for every element type: a run of elements is taken into lanes of a wide type, computed, and put back.
 * Floats compute in f64, which for one basic operation rounds to the same f32 as f32 itself; signed integers,
 * booleans and short unsigned ones in s64, and u64 in itself. Integers wrap to their type.
 */
#ifndef ACCEL_CPU_LANES_H
#define ACCEL_CPU_LANES_H

#include "libaccel/cpu/kernels.h"

#define ACCEL_LANES	256

enum accel_lane {
	ACCEL_LANE_F64,
	ACCEL_LANE_S64,
	ACCEL_LANE_U64,
};

union accel_lanes {
	double f[ACCEL_LANES];
	int64_t s[ACCEL_LANES];
	uint64_t u[ACCEL_LANES];
};

static inline enum accel_lane accel_lane_of(enum accel_dtype t)
{
	return accel_dtype_is_float(t) ? ACCEL_LANE_F64 : t == ACCEL_U64 ? ACCEL_LANE_U64 : ACCEL_LANE_S64;
}

/** accel_lanes_load - @n elements, @step apart, from element @at of @src on, into lanes of kind @lane */
void accel_lanes_load(enum accel_dtype t, const void *src, int64_t at, int64_t step, int n, enum accel_lane lane,
		      union accel_lanes *to);
/** accel_lanes_store - the way back, to elements that follow each other; f64 to integers truncates */
void accel_lanes_store(enum accel_dtype t, void *dst, int64_t at, int n, enum accel_lane lane,
		       const union accel_lanes *from);

#define ACCEL_WALK_MAX	3

/**
 * struct accel_walk - the rows (last dims) of an output, with the operands that are broadcast to it
 * @out: the output
 * @operands: how many
 * @step: of each operand within a row: 0 or 1
 * @off: of each operand, where the present row begins
 * @row: elements of a row
 * @rows: rows of the output
 */
struct accel_walk {
	const struct accel_value *out;
	int operands;
	int64_t step[ACCEL_WALK_MAX];
	int64_t off[ACCEL_WALK_MAX];
	int64_t row;
	int64_t rows;
	int64_t stride[ACCEL_WALK_MAX][ACCEL_MAX_RANK];
	int64_t at[ACCEL_MAX_RANK];
};

void accel_walk_begin(struct accel_walk *w, const struct accel_value *out, const struct accel_value *const *in,
		      int operands);
/** accel_walk_next - to the next row */
void accel_walk_next(struct accel_walk *w);

#endif
