// SPDX-License-Identifier: MIT
/* Networks whose weights ConstantOfShape makes, with fewer channels; and the memory of decoded models. */
#include "mutate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "onnx.pb-c.h"

#define FACTOR	8	/* of channels */
#define CONVS	9
#define SIDE	7	/* of height and width, where channels are in many small groups */

void *arena_alloc(struct arena *a, size_t bytes)
{
	void *p;

	if (a->count == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 256;
		void **blocks = reallocarray(a->blocks, cap, sizeof(*blocks));

		if (!blocks)
			return NULL;
		a->blocks = blocks;
		a->cap = cap;
	}
	p = malloc(bytes ? bytes : 1);
	if (p)
		a->blocks[a->count++] = p;
	return p;
}

void arena_free(struct arena *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->blocks[i]);
	free(a->blocks);
	*a = (struct arena){ 0 };
}

/* Does it say a shape: of weights, or for a Reshape? */
static bool is_shape(const Onnx__GraphProto *g, const char *name)
{
	for (size_t i = 0; i < g->n_node; i++) {
		const Onnx__NodeProto *n = g->node[i];

		if (n->n_input && !strcmp(n->op_type, "ConstantOfShape") && !strcmp(n->input[0], name))
			return true;
		if (n->n_input > 1 && !strcmp(n->op_type, "Reshape") && !strcmp(n->input[1], name))
			return true;
	}
	return false;
}

static void divide(int64_t *dims, size_t count, int64_t by)
{
	for (size_t i = 0; i < count; i++)
		if (dims[i] >= by && dims[i] % by == 0)
			dims[i] /= by;
}

/* Scales, means, biases: the first of as many as are left. */
static void cut(Onnx__TensorProto *t)
{
	size_t elems = 1;

	divide(t->dims, t->n_dims, FACTOR);
	for (size_t i = 0; i < t->n_dims; i++)
		elems *= (size_t)t->dims[i];
	if (t->n_float_data > elems)
		t->n_float_data = elems;
	if (t->has_raw_data && t->raw_data.len > elems * sizeof(float))
		t->raw_data.len = elems * sizeof(float);
}

static bool has_groups(const Onnx__GraphProto *g)
{
	for (size_t i = 0; i < g->n_node; i++)
		for (size_t k = 0; k < g->node[i]->n_attribute; k++)
			if (!strcmp(g->node[i]->attribute[k]->name, "group") && g->node[i]->attribute[k]->i > 2)
				return true;
	return false;
}

static bool is_filled(const Onnx__GraphProto *g)
{
	for (size_t i = 0; i < g->n_node; i++)
		if (!strcmp(g->node[i]->op_type, "ConstantOfShape"))
			return true;
	return false;
}

static void shrink_channels(Onnx__GraphProto *g)
{
	for (size_t i = 0; i < g->n_initializer; i++) {
		Onnx__TensorProto *t = g->initializer[i];

		if (t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
			cut(t);
		if (t->data_type != ONNX__TENSOR_PROTO__DATA_TYPE__INT64 || !is_shape(g, t->name))
			continue;
		divide(t->int64_data, t->n_int64_data, FACTOR);
		if (t->has_raw_data)
			divide((int64_t *)t->raw_data.data, t->raw_data.len / sizeof(int64_t), FACTOR);
	}
}

/* Images of 224 become 32 wide: where they are pooled, where they are given a shape, and where they come in. */
static void shrink_images(Onnx__GraphProto *g)
{
	for (size_t i = 0; i < g->n_initializer; i++) {
		Onnx__TensorProto *t = g->initializer[i];
		size_t raw = t->raw_data.len / sizeof(int64_t);

		if (t->data_type != ONNX__TENSOR_PROTO__DATA_TYPE__INT64 || !is_shape(g, t->name))
			continue;
		if (t->n_int64_data > 3)
			divide(t->int64_data + t->n_int64_data - 2, 2, SIDE);
		if (t->has_raw_data && raw > 3)
			divide((int64_t *)t->raw_data.data + raw - 2, 2, SIDE);
	}
	for (size_t i = 0; i < g->n_node; i++)
		for (size_t k = 0; k < g->node[i]->n_attribute; k++)
			if (!strcmp(g->node[i]->op_type, "AveragePool") &&
			    !strcmp(g->node[i]->attribute[k]->name, "kernel_shape"))
				divide(g->node[i]->attribute[k]->ints, g->node[i]->attribute[k]->n_ints, SIDE);
	for (size_t i = 0; i < g->n_input; i++) {
		const Onnx__TensorShapeProto *shape = g->input[i]->type && g->input[i]->type->tensor_type ?
			g->input[i]->type->tensor_type->shape : NULL;

		for (size_t k = 2; shape && shape->n_dim == 4 && k < 4; k++)
			divide(&shape->dim[k]->dim_value, 1, SIDE);
	}
}

/* So many convolutions, of which each channel is a job of its own in the compiler, and what belongs to them; not all. */
static void shrink_depth(Onnx__GraphProto *g)
{
	int convs = 0;

	for (size_t i = 0; i < g->n_node; i++) {
		if (strcmp(g->node[i]->op_type, "Conv") || ++convs < CONVS || !g->n_output)
			continue;
		free(g->output[0]->name);
		g->output[0]->name = strdup(g->node[i]->output[0]);
		for (size_t k = i + 1; k < g->n_node; k++)
			onnx__node_proto__free_unpacked(g->node[k], NULL);
		g->n_node = i + 1;
	}
}

int shrink_model(const void *model, size_t bytes, void **out, size_t *out_bytes)
{
	Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, bytes, model);
	Onnx__GraphProto *g = m ? m->graph : NULL;
	int err = g ? 0 : -EBADMSG;

	if (g && is_filled(g) && has_groups(g)) {
		shrink_images(g);
		shrink_depth(g);
	} else if (g && is_filled(g)) {
		shrink_channels(g);
	}
	if (!err) {
		*out_bytes = onnx__model_proto__get_packed_size(m);
		*out = malloc(*out_bytes);
		if (*out)
			onnx__model_proto__pack(m, *out);
		else
			err = -ENOMEM;
	}
	if (m)
		onnx__model_proto__free_unpacked(m, NULL);
	return err;
}
