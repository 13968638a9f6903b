/* SPDX-License-Identifier: MIT */
#ifndef QUANT_CASES_H
#define QUANT_CASES_H

#include <stdbool.h>

#include "onnx.pb-c.h"

/**
 * struct made - a quantised model with an input
 * @model: x, float, to y, integers
 * @what: operators
 * @exact: its answer does not depend on how floats are rounded on the way
 * @rank: of x
 * @dims: of x
 * @x: numbers
 */
struct made {
	Onnx__ModelProto *model;
	const char *what;
	bool exact;
	int rank;
	int64_t dims[4];
	float *x;
};

/** make_case - the same for the same number; model_free() and free(x) release it */
struct made make_case(unsigned int number);

#endif
