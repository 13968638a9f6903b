/* SPDX-License-Identifier: MIT */
/* What Slice takes of each axis: for its shape and for its kernel. */
#ifndef ACCEL_GRAPH_SLICE_H
#define ACCEL_GRAPH_SLICE_H

#include "libaccel/graph/build.h"

/** struct accel_slice - @count elements, @step apart, from @start on */
struct accel_slice {
	int64_t start, step, count;
};

/**
 * accel_slice_plan - resolve the lists of a Slice
 * @in: of the node: x, starts, ends, axes?, steps?
 * @data: contents of the lists
 * @plan: by axis of x
 */
int accel_slice_plan(const struct accel_node *n, const struct accel_value *const *in, const void *const *data,
		     struct accel_slice *plan);

#endif
