/* SPDX-License-Identifier: MIT */
#ifndef CONFORMANCE_NETS_FILL_H
#define CONFORMANCE_NETS_FILL_H

#include <stddef.h>
#include <stdint.h>

/**
 * fill_weights - an ONNX model with random numbers in place of each ConstantOfShape node
 * @model: the file's contents
 * @bytes: of @model
 * @seed: the same seed gives the same numbers
 * @out: contents of the new file, to be freed
 * @out_bytes: of @out
 *
 * A tensor's numbers follow from what reads it: weights are uniform with variance 2 / terms of a sum (1 / terms before
 * Softmax), which keeps the magnitude of activations; scales are about 1, variances 0.5 to 1.5, all else within 0.1 of 0.
 * What a last Softmax reads becomes one more output, the last.
 *
 * Return: 0; -EBADMSG where @model is no ONNX model of this kind; -ENOMEM.
 */
int fill_weights(const void *model, size_t bytes, uint64_t seed, void **out, size_t *out_bytes);

/** read_file - whole contents, to be freed; NULL with errno set */
void *read_file(const char *path, size_t *bytes);

#endif
