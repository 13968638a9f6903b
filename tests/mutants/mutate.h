/* SPDX-License-Identifier: MIT */
#ifndef MUTANTS_MUTATE_H
#define MUTANTS_MUTATE_H

#include <stddef.h>
#include <stdint.h>

struct accel_graph;

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
 * struct model - a model to be changed
 * @data: the file's contents
 * @bytes: of @data
 * @graph: the same, imported: what its values are
 */
struct model {
	void *data;
	size_t bytes;
	struct accel_graph *graph;
};

/**
 * mutate_model - a model with some changes. Four in five have one or two that keep types and shapes mostly as they were, half of those
 *	to a few of its nodes alone; the others one to four of any kind, to messages or to bytes
 * @seed: the same seed makes the same changes
 * @out: contents of the new file, to be freed
 * @what: says which changes
 *
 * Return: 0; -EBADMSG where @model is no ONNX model; -ENOMEM.
 */
int mutate_model(const struct model *model, uint64_t seed, void **out, size_t *out_bytes, char *what, size_t size);

#endif
