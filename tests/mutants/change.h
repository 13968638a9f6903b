/* SPDX-License-Identifier: MIT */
/* Between the files that change models. */
#ifndef MUTANTS_CHANGE_H
#define MUTANTS_CHANGE_H

#include <stdbool.h>

#include "libaccel/graph/graph.h"
#include "mutate.h"
#include "onnx.pb-c.h"

/**
 * struct mutation - a model that is being changed
 * @arena: all memory of the messages
 * @state: of the generator
 * @model: as it was
 * @g: graph of @m
 * @m: the messages
 * @data: the bytes that they make, in an allocation with some room behind them
 * @bytes: of @data
 */
struct mutation {
	struct arena arena;
	uint64_t state;
	const struct model *model;
	Onnx__GraphProto *g;
	Onnx__ModelProto *m;
	uint8_t *data;
	size_t bytes;
};

/**
 * struct change - a kind of change
 * @name: for the report
 * @change: makes one; false where there was nothing of that kind to change
 * @weight: how often, beside others
 */
struct change {
	const char *name;
	bool (*change)(struct mutation *u);
	unsigned int weight;
};

/** pick - a number below @n; 0 where @n is 0 */
uint64_t pick(struct mutation *u, uint64_t n);
/** other_float - a number at which something ends, or near @old */
float other_float(struct mutation *u, float old);
char *copy_text(struct mutation *u, const char *text);
/** change_by - one change of those in @list, by their weights; its name is appended to @what */
void change_by(struct mutation *u, const struct change *list, size_t count, char *what, size_t size);

/** known_value - what the value @name was before any change; NULL where unknown */
const struct accel_value *known_value(const struct mutation *u, const char *name);
/** is_constant - is @name an initialiser, or made of initialisers alone? */
bool is_constant(const struct mutation *u, const char *name);

/** take_part - leave a few neighbouring nodes, with inputs and outputs of their own */
void take_part(struct mutation *u, char *what, size_t size);
/** change_gently - one change after which a model is likely to be a model still */
void change_gently(struct mutation *u, char *what, size_t size);

#endif
