/* SPDX-License-Identifier: MIT */
#ifndef MUTANTS_MUTATE_H
#define MUTANTS_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct arena - memory that is given back at once
 * @blocks: of malloc()
 */
struct arena {
	void **blocks;
	size_t count, cap;
};

void *arena_alloc(struct arena *a, size_t bytes);
void arena_free(struct arena *a);

/**
 * shrink_model - the same network with an eighth of the channels, or smaller images
 * @out: contents of the new file, to be freed; weights are filled by ConstantOfShape as before
 *
 * Return: 0; -EBADMSG where @model is no ONNX model; -ENOMEM.
 */
int shrink_model(const void *model, size_t bytes, void **out, size_t *out_bytes);

/**
 * mutate_model - a model with one to four changes, to its messages or to its bytes
 * @seed: the same seed makes the same changes
 * @out: contents of the new file, to be freed
 * @what: says which changes
 *
 * Return: 0; -EBADMSG where @model is no ONNX model; -ENOMEM.
 */
int mutate_model(const void *model, size_t bytes, uint64_t seed, void **out, size_t *out_bytes, char *what, size_t size);

#endif
