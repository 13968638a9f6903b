// SPDX-License-Identifier: MIT
#include "tools/digits/onnx_write.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx.pb-c.h"

#define OPSET		13
#define IR_VERSION	7
#define MAX_ITEMS	64	/* nodes, or initialisers: fewer than 5 a layer */

/* A block of memory that the message points into; all are freed together. */
struct block {
	struct block *next;
};

/**
 * struct writer - the model as it grows
 * @blocks: memory
 * @node: nodes in order; @init: initialisers in order
 * @last: name of the value that the next node reads
 */
struct writer {
	struct block *blocks;
	Onnx__NodeProto *node[MAX_ITEMS];
	Onnx__TensorProto *init[MAX_ITEMS];
	size_t nodes, inits;
	char *last;
};

static void *take(struct writer *w, size_t n)
{
	struct block *b = calloc(1, sizeof(*b) + n);

	if (!b)
		err(1, "onnx");
	b->next = w->blocks;
	w->blocks = b;
	return b + 1;
}

static void *take_copy(struct writer *w, const void *from, size_t n)
{
	return memcpy(take(w, n), from, n);
}

static char *take_name(struct writer *w, const char *what, size_t number)
{
	char name[64];
	int n = snprintf(name, sizeof(name), "%s%zu", what, number);

	return take_copy(w, name, (size_t)n + 1);
}

/* Adds a node that reads the last value and @extra initialisers already added, and makes the last value. */
static Onnx__NodeProto *add_node(struct writer *w, const char *op, size_t extra)
{
	Onnx__NodeProto *n = take(w, sizeof(*n));

	onnx__node_proto__init(n);
	n->op_type = take_copy(w, op, strlen(op) + 1);
	n->name = take_name(w, op, w->nodes);
	n->n_input = 1 + extra;
	n->input = take(w, n->n_input * sizeof(char *));
	n->input[0] = w->last;
	for (size_t i = 0; i < extra; i++)
		n->input[1 + i] = w->init[w->inits - extra + i]->name;
	n->n_output = 1;
	n->output = take(w, sizeof(char *));
	n->output[0] = w->last = take_name(w, "value", w->nodes);
	w->node[w->nodes++] = n;
	return n;
}

static Onnx__AttributeProto *add_attribute(struct writer *w, Onnx__NodeProto *n, const char *name)
{
	Onnx__AttributeProto *a = take(w, sizeof(*a));
	Onnx__AttributeProto **list = take(w, (n->n_attribute + 1) * sizeof(*list));

	if (n->n_attribute)
		memcpy(list, n->attribute, n->n_attribute * sizeof(*list));
	onnx__attribute_proto__init(a);
	a->name = take_copy(w, name, strlen(name) + 1);
	list[n->n_attribute++] = a;
	n->attribute = list;
	return a;
}

static void add_int(struct writer *w, Onnx__NodeProto *n, const char *name, int64_t v)
{
	Onnx__AttributeProto *a = add_attribute(w, n, name);

	a->has_type = a->has_i = 1;
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
	a->i = v;
}

static void add_float(struct writer *w, Onnx__NodeProto *n, const char *name, float v)
{
	Onnx__AttributeProto *a = add_attribute(w, n, name);

	a->has_type = a->has_f = 1;
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
	a->f = v;
}

/* A list of @count integers that are all @v. */
static void add_ints(struct writer *w, Onnx__NodeProto *n, const char *name, size_t count,
		     int64_t v)
{
	Onnx__AttributeProto *a = add_attribute(w, n, name);

	a->has_type = 1;
	a->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
	a->n_ints = count;
	a->ints = take(w, count * sizeof(*a->ints));
	for (size_t i = 0; i < count; i++)
		a->ints[i] = v;
}

/* Adds a float initialiser and returns its values, to be filled by the caller. */
static float *add_init(struct writer *w, const char *what, size_t n_dims, const int64_t *dims)
{
	Onnx__TensorProto *t = take(w, sizeof(*t));
	size_t n = sizeof(float);

	onnx__tensor_proto__init(t);
	for (size_t i = 0; i < n_dims; i++)
		n *= (size_t)dims[i];
	t->name = take_name(w, what, w->nodes);
	t->n_dims = n_dims;
	t->dims = take_copy(w, dims, n_dims * sizeof(*dims));
	t->has_data_type = t->has_raw_data = 1;
	t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
	t->raw_data.len = n;
	t->raw_data.data = take(w, n);
	w->init[w->inits++] = t;
	return (float *)t->raw_data.data;
}

static void add_vector(struct writer *w, const char *what, const float *v, int n)
{
	memcpy(add_init(w, what, 1, &(int64_t){ n }), v, (size_t)n * sizeof(*v));
}

static void write_conv(struct writer *w, const struct layer *l)
{
	float *to = add_init(w, "weight", 4, (int64_t[]){ l->oc, l->c, 3, 3 });
	Onnx__NodeProto *n;

	for (int o = 0; o < l->oc; o++)
		for (int c = 0; c < l->c; c++)
			for (int k = 0; k < 9; k++)
				*to++ = l->weight.w[((size_t)k * l->c + c) * l->oc + o];
	if (l->bias.n)
		add_vector(w, "bias", l->bias.w, l->oc);
	n = add_node(w, "Conv", l->bias.n ? 2 : 1);
	add_ints(w, n, "kernel_shape", 2, 3);
	add_ints(w, n, "pads", 4, 1);
	add_ints(w, n, "strides", 2, 1);
}

static void write_batch_norm(struct writer *w, const struct layer *l)
{
	add_vector(w, "scale", l->weight.w, l->oc);
	add_vector(w, "shift", l->bias.w, l->oc);
	add_vector(w, "mean", l->mean, l->oc);
	add_vector(w, "variance", l->var, l->oc);
	add_float(w, add_node(w, "BatchNormalization", 4), "epsilon", NET_BN_EPSILON);
}

/* ONNX flattens channels first, this program channels last: the weights' rows are put in ONNX's order. */
static void write_dense(struct writer *w, const struct layer *l)
{
	size_t pixels = (size_t)l->h * l->w, in = pixels * l->c;
	float *to;

	if (l->h > 1 || l->w > 1)
		add_int(w, add_node(w, "Flatten", 0), "axis", 1);
	to = add_init(w, "weight", 2, (int64_t[]){ l->oc, (int64_t)in });
	for (int o = 0; o < l->oc; o++)
		for (int c = 0; c < l->c; c++)
			for (size_t p = 0; p < pixels; p++)
				*to++ = l->weight.w[(p * l->c + c) * l->oc + o];
	add_vector(w, "bias", l->bias.w, l->oc);
	add_int(w, add_node(w, "Gemm", 2), "transB", 1);
}

static void write_layer(struct writer *w, const struct layer *l)
{
	Onnx__NodeProto *n;

	switch (l->kind) {
	case LAYER_CONV:
		write_conv(w, l);
		break;
	case LAYER_BATCH_NORM:
		write_batch_norm(w, l);
		break;
	case LAYER_RELU:
		add_node(w, "Relu", 0);
		break;
	case LAYER_MAX_POOL:
		n = add_node(w, "MaxPool", 0);
		add_ints(w, n, "kernel_shape", 2, 2);
		add_ints(w, n, "strides", 2, 2);
		break;
	case LAYER_DENSE:
		write_dense(w, l);
		break;
	case LAYER_END:
		break;
	}
}

/* A graph input or output: float, batch dimension "N", then @dims. */
static Onnx__ValueInfoProto **value_info(struct writer *w, char *name, size_t n_dims,
					 const int64_t *dims)
{
	Onnx__ValueInfoProto *v = take(w, sizeof(*v)), **list = take(w, sizeof(*list));
	Onnx__TypeProto *type = take(w, sizeof(*type));
	Onnx__TypeProto__Tensor *tensor = take(w, sizeof(*tensor));
	Onnx__TensorShapeProto *shape = take(w, sizeof(*shape));

	onnx__value_info_proto__init(v);
	onnx__type_proto__init(type);
	onnx__type_proto__tensor__init(tensor);
	onnx__tensor_shape_proto__init(shape);
	shape->n_dim = 1 + n_dims;
	shape->dim = take(w, shape->n_dim * sizeof(*shape->dim));
	for (size_t i = 0; i < shape->n_dim; i++) {
		Onnx__TensorShapeProto__Dimension *d = shape->dim[i] = take(w, sizeof(*d));

		onnx__tensor_shape_proto__dimension__init(d);
		d->value_case = i ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE :
				    ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
		if (i)
			d->dim_value = dims[i - 1];
		else
			d->dim_param = take_copy(w, "N", sizeof("N"));
	}
	tensor->has_elem_type = 1;
	tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
	tensor->shape = shape;
	type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	type->tensor_type = tensor;
	v->name = name;
	v->type = type;
	list[0] = v;
	return list;
}

static int write_model(const Onnx__ModelProto *model, const char *path)
{
	size_t n = onnx__model_proto__get_packed_size(model);
	uint8_t *bytes = malloc(n);
	FILE *f = fopen(path, "wb");
	int ret = 0;

	if (!bytes)
		err(1, "onnx");
	if (!f) {
		ret = -errno;
		free(bytes);
		return ret;
	}
	onnx__model_proto__pack(model, bytes);
	if (fwrite(bytes, 1, n, f) != n)
		ret = -EIO;
	if (fclose(f) && !ret)
		ret = -errno;
	free(bytes);
	return ret;
}

int onnx_write(const struct net *net, const char *name, const char *doc, const char *path)
{
	struct writer w = { .last = "image" };
	Onnx__OperatorSetIdProto opset = ONNX__OPERATOR_SET_ID_PROTO__INIT, *opsets = &opset;
	Onnx__GraphProto graph = ONNX__GRAPH_PROTO__INIT;
	Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
	Onnx__NodeProto *softmax;
	int ret;

	for (int i = 0; i < net->count; i++)
		write_layer(&w, &net->layer[i]);
	softmax = add_node(&w, "Softmax", 0);
	add_int(&w, softmax, "axis", 1);
	softmax->output[0] = take_copy(&w, "probabilities", sizeof("probabilities"));

	opset.domain = "";
	opset.has_version = 1;
	opset.version = OPSET;
	graph.name = take_copy(&w, name, strlen(name) + 1);
	graph.n_node = w.nodes;
	graph.node = w.node;
	graph.n_initializer = w.inits;
	graph.initializer = w.init;
	graph.n_input = graph.n_output = 1;
	graph.input = value_info(&w, "image", 3, (int64_t[]){ 1, NET_SIDE, NET_SIDE });
	graph.output = value_info(&w, softmax->output[0], 1, &(int64_t){ NET_CLASSES });
	model.has_ir_version = 1;
	model.ir_version = IR_VERSION;
	model.producer_name = "loom";
	model.doc_string = take_copy(&w, doc, strlen(doc) + 1);
	model.n_opset_import = 1;
	model.opset_import = &opsets;
	model.graph = &graph;
	ret = write_model(&model, path);
	while (w.blocks) {
		struct block *b = w.blocks;

		w.blocks = b->next;
		free(b);
	}
	return ret;
}
