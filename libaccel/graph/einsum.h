/* SPDX-License-Identifier: MIT */
/* The equation of Einsum, for its shape and its kernel. */
#ifndef ACCEL_GRAPH_EINSUM_H
#define ACCEL_GRAPH_EINSUM_H

#include "libaccel/graph/build.h"

#define ACCEL_EINSUM_LABELS	(52 + ACCEL_MAX_RANK)	/* letters, and dimensions that "..." stands for */

/**
 * struct accel_einsum - an equation for given inputs
 * @dim: by label, -1 not known, 0 in no input counts as 1
 * @used: by label: some input has it
 * @stride: of each input by label, in elements; where dims are known
 * @out_rank: dimensions of the output
 * @out: its labels
 */
struct accel_einsum {
	int64_t dim[ACCEL_EINSUM_LABELS];
	bool used[ACCEL_EINSUM_LABELS];
	int64_t stride[ACCEL_NODE_MAX_IN][ACCEL_EINSUM_LABELS];
	int out_rank;
	int out[ACCEL_MAX_RANK];
};

/** accel_einsum_parse - -EINVAL, with a message about @n, where equation and inputs do not fit */
int accel_einsum_parse(const struct accel_node *n, const struct accel_value *const *in, struct accel_einsum *e);

#endif
