/* SPDX-License-Identifier: MIT */
#ifndef ACCEL_CODEGEN_LOWER_H
#define ACCEL_CODEGEN_LOWER_H

#include "codegen.h"

/**
 * struct accel_lowering - an operator on the NPU
 * @can: NULL or why not, for types and ranks that are all right
 * @lower: NULL where the output is the input in other dims
 */
struct accel_lowering {
	const char *(*can)(const struct accel_graph *g, const struct accel_node *node);
	accel_lower_fn lower;
};

/** accel_lowering_of - NULL where the NPU has no such operator */
const struct accel_lowering *accel_lowering_of(enum accel_op op);

#endif
