/* SPDX-License-Identifier: MIT */
/* A model with the inputs and outputs that ONNX's own reference made for it. */
#ifndef TESTS_CONFORMANCE_MODEL_H
#define TESTS_CONFORMANCE_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "libaccel/graph/graph.h"
#include "onnx.pb-c.h"

#define MAX_TENSORS	16

/**
 * struct model
 * @proto: the file
 * @given: its inputs, as constants of a graph, in order
 * @wanted: its outputs
 * @tensors: the inputs as they were read, for model_with_constants()
 * @num_inputs: of them
 */
struct model {
	Onnx__ModelProto *proto;
	struct accel_graph *given;
	struct accel_graph *wanted;
	Onnx__TensorProto *tensors[MAX_TENSORS];
	int num_inputs;
};

/** model_read - the model in folder @dir; false where it cannot be decoded. Data that are no tensors are left out */
bool model_read(struct model *m, const char *dir);
void model_free(struct model *m);

/** model_inputs_are_tensors - and none is a sequence or an optional, whose data were left out */
bool model_inputs_are_tensors(const struct model *m);

/**
 * model_parse - import, with the inputs from number @first on as initialisers
 * Return: as accel_graph_parse_onnx().
 */
int model_parse(const struct model *m, int first, struct accel_graph **out);

/** model_same - is @got, an output of type @info, what @want holds, within the tolerances of ONNX's own tests? */
bool model_same(const struct accel_tensor_info *info, const void *got, const struct accel_value *want, char *why,
		size_t size);

#endif
