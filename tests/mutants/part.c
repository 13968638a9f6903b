// SPDX-License-Identifier: MIT
/* Parts of models, and what is known of their values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change.h"

#define LONGEST	12	/* nodes of a part, without those that make its weights */

static int find_value(const struct accel_graph *g, const char *name)
{
	for (int i = 0; i < g->num_values; i++)
		if (!strcmp(g->values[i].name, name))
			return i;
	return ACCEL_VALUE_NONE;
}

const struct accel_value *known_value(const struct mutation *u, const char *name)
{
	int i = find_value(u->model->graph, name);

	return i < 0 ? NULL : &u->model->graph->values[i];
}

static bool constant_value(const struct accel_graph *g, int value)
{
	const struct accel_value *v = &g->values[value];

	if (v->data || v->producer < 0)
		return v->data;
	for (int i = 0; i < g->nodes[v->producer].num_in; i++)
		if (g->nodes[v->producer].in[i] >= 0 && !constant_value(g, g->nodes[v->producer].in[i]))
			return false;
	return true;
}

bool is_constant(const struct mutation *u, const char *name)
{
	int i = find_value(u->model->graph, name);

	return i >= 0 && constant_value(u->model->graph, i);
}

/* Is @name among what a node of @list, those with @keep, reads (or makes)? */
static bool among(Onnx__NodeProto *const *list, const bool *keep, size_t count, const char *name, bool makes)
{
	for (size_t i = 0; i < count; i++) {
		char *const *names = makes ? list[i]->output : list[i]->input;
		size_t n = makes ? list[i]->n_output : list[i]->n_input;

		for (size_t k = 0; keep[i] && k < n; k++)
			if (!strcmp(names[k], name))
				return true;
	}
	return false;
}

/* ONNX's number of an element type that inputs of parts have; 0 for others. */
static int onnx_type(enum accel_dtype dtype)
{
	switch (dtype) {
	case ACCEL_F32:
		return ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
	case ACCEL_S64:
		return ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
	case ACCEL_S32:
		return ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
	default:
		return 0;
	}
}

static Onnx__TensorShapeProto__Dimension *new_dim(struct mutation *u, int64_t extent)
{
	Onnx__TensorShapeProto__Dimension *d = arena_alloc(&u->arena, sizeof(*d));

	if (!d)
		return NULL;
	onnx__tensor_shape_proto__dimension__init(d);
	d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
	d->dim_value = extent;
	return d;
}

/* An input or output as @v is; NULL where memory is short or its type is none for an input. */
static Onnx__ValueInfoProto *new_info(struct mutation *u, char *name, const struct accel_value *v)
{
	Onnx__ValueInfoProto *info = arena_alloc(&u->arena, sizeof(*info));
	Onnx__TypeProto *type = arena_alloc(&u->arena, sizeof(*type));
	Onnx__TypeProto__Tensor *t = arena_alloc(&u->arena, sizeof(*t));
	Onnx__TensorShapeProto *shape = arena_alloc(&u->arena, sizeof(*shape));
	size_t rank = v ? (size_t)v->rank : 0;
	Onnx__TensorShapeProto__Dimension **dim = arena_alloc(&u->arena, rank * sizeof(*dim));

	if (!v || !info || !type || !t || !shape || !dim || !onnx_type(v->dtype))
		return NULL;
	onnx__value_info_proto__init(info);
	onnx__type_proto__init(type);
	onnx__type_proto__tensor__init(t);
	onnx__tensor_shape_proto__init(shape);
	for (size_t i = 0; i < rank; i++) {
		dim[i] = new_dim(u, v->dims[i]);
		if (!dim[i])
			return NULL;
	}
	shape->n_dim = rank;
	shape->dim = dim;
	t->has_elem_type = 1;
	t->elem_type = onnx_type(v->dtype);
	t->shape = shape;
	type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	type->tensor_type = t;
	info->name = name;
	info->type = type;
	return info;
}

/* A list of what the kept nodes read and do not make (inputs), or make and do not read (outputs). */
static bool open_ends(struct mutation *u, const bool *keep, bool inputs, Onnx__ValueInfoProto ***list, size_t *count)
{
	size_t nodes = u->g->n_node, cap = 0;

	for (size_t i = 0; i < nodes; i++)
		cap += inputs ? u->g->node[i]->n_input : u->g->node[i]->n_output;
	*count = 0;
	*list = arena_alloc(&u->arena, cap * sizeof(**list));
	for (size_t i = 0; *list && i < nodes; i++) {
		char **names = inputs ? u->g->node[i]->input : u->g->node[i]->output;
		size_t n = inputs ? u->g->node[i]->n_input : u->g->node[i]->n_output;

		for (size_t k = 0; keep[i] && k < n; k++) {
			bool listed = is_constant(u, names[k]) || among(u->g->node, keep, nodes, names[k], inputs);

			for (size_t j = 0; j < *count && !listed; j++)
				listed = !strcmp((*list)[j]->name, names[k]);
			if (listed || !*names[k])
				continue;
			(*list)[*count] = new_info(u, names[k], known_value(u, names[k]));
			if ((*list)[*count])
				++*count;
			else if (inputs)
				return false;
		}
	}
	return *count;
}

/* Of the constants those that the kept nodes read. */
static void keep_weights(struct mutation *u, bool *keep)
{
	size_t nodes = u->g->n_node, count = 0;

	for (size_t i = nodes; i-- > 0;)
		if (u->g->node[i]->n_output && is_constant(u, u->g->node[i]->output[0]))
			keep[i] = among(u->g->node, keep, nodes, u->g->node[i]->output[0], false);
	for (size_t i = 0; i < u->g->n_initializer; i++)
		if (among(u->g->node, keep, nodes, u->g->initializer[i]->name, false))
			u->g->initializer[count++] = u->g->initializer[i];
	u->g->n_initializer = count;
}

void take_part(struct mutation *u, char *what, size_t size)
{
	size_t nodes = u->g->n_node, start = pick(u, nodes), left = 1 + pick(u, LONGEST), count = 0;
	bool *keep = arena_alloc(&u->arena, nodes * sizeof(*keep) + 1);
	Onnx__ValueInfoProto **inputs, **outputs;
	size_t num_inputs, num_outputs;

	if (!keep)
		return;
	memset(keep, 0, nodes * sizeof(*keep));
	for (size_t i = start; i < nodes && left; i++)
		if (u->g->node[i]->n_output && !is_constant(u, u->g->node[i]->output[0])) {
			keep[i] = true;
			left--;
		}
	if (!open_ends(u, keep, true, &inputs, &num_inputs) || !open_ends(u, keep, false, &outputs, &num_outputs))
		return;
	keep_weights(u, keep);
	for (size_t i = 0; i < nodes; i++)
		if (keep[i])
			u->g->node[count++] = u->g->node[i];
	u->g->n_node = count;
	u->g->input = inputs;
	u->g->n_input = num_inputs;
	u->g->output = outputs;
	u->g->n_output = num_outputs;
	snprintf(what, size, "%zu nodes", count);
}
