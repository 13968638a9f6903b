// SPDX-License-Identifier: MIT
#include "onnx_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/graph/dtype.h"

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static char *copy(const char *text)
{
	return must(strdup(text));
}

/* Room for one more pointer in a list of @count; its new place. */
static void **grow(void ***list, size_t count)
{
	*list = must(reallocarray(*list, count + 1, sizeof(**list)));
	return *list + count;
}

#define APPEND(list, n, item)	(*grow((void ***)&(list), (n)++) = (item))
#define NEW(type, init)		({ type *new = must(malloc(sizeof(*new))); init(new); new; })

Onnx__GraphProto *graph_new(void)
{
	return NEW(Onnx__GraphProto, onnx__graph_proto__init);
}

Onnx__ModelProto *model_new(int64_t opset)
{
	Onnx__ModelProto *m = NEW(Onnx__ModelProto, onnx__model_proto__init);
	Onnx__OperatorSetIdProto *o = NEW(Onnx__OperatorSetIdProto, onnx__operator_set_id_proto__init);

	m->has_ir_version = 1;
	m->ir_version = opset < 9 ? 3 : 8;
	m->graph = graph_new();
	m->graph->name = copy("g");
	o->domain = copy("");
	o->has_version = 1;
	o->version = opset;
	APPEND(m->opset_import, m->n_opset_import, o);
	return m;
}

void model_free(Onnx__ModelProto *m)
{
	if (m)
		onnx__model_proto__free_unpacked(m, NULL);
}

static void split(const char *text, char ***list, size_t *count)
{
	char name[64];
	int used;

	while (sscanf(text, "%63s%n", name, &used) == 1) {
		APPEND(*list, *count, copy(strcmp(name, "-") ? name : ""));
		text += used;
	}
}

Onnx__NodeProto *add_node(Onnx__GraphProto *g, const char *op, const char *inputs, const char *outputs)
{
	Onnx__NodeProto *n = NEW(Onnx__NodeProto, onnx__node_proto__init);

	n->op_type = copy(op);
	split(inputs, &n->input, &n->n_input);
	split(outputs, &n->output, &n->n_output);
	APPEND(g->node, g->n_node, n);
	return n;
}

static Onnx__AttributeProto *attr(Onnx__NodeProto *n, const char *name, int type)
{
	Onnx__AttributeProto *a = NEW(Onnx__AttributeProto, onnx__attribute_proto__init);

	a->name = copy(name);
	a->has_type = 1;
	a->type = type;
	APPEND(n->attribute, n->n_attribute, a);
	return a;
}

#define KIND(k)	ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##k

void attr_int(Onnx__NodeProto *n, const char *name, int64_t value)
{
	Onnx__AttributeProto *a = attr(n, name, KIND(INT));

	a->has_i = 1;
	a->i = value;
}

void attr_float(Onnx__NodeProto *n, const char *name, float value)
{
	Onnx__AttributeProto *a = attr(n, name, KIND(FLOAT));

	a->has_f = 1;
	a->f = value;
}

void attr_floats(Onnx__NodeProto *n, const char *name, const float *values, size_t count)
{
	Onnx__AttributeProto *a = attr(n, name, KIND(FLOATS));

	a->n_floats = count;
	a->floats = must(malloc(count * sizeof(*values) + 1));
	memcpy(a->floats, values, count * sizeof(*values));
}

void attr_string(Onnx__NodeProto *n, const char *name, const char *value)
{
	Onnx__AttributeProto *a = attr(n, name, KIND(STRING));

	a->has_s = 1;
	a->s.data = (uint8_t *)copy(value);
	a->s.len = strlen(value);
}

void attr_ints(Onnx__NodeProto *n, const char *name, const int64_t *values, size_t count)
{
	Onnx__AttributeProto *a = attr(n, name, KIND(INTS));

	a->n_ints = count;
	a->ints = must(malloc(count * sizeof(*values) + 1));
	memcpy(a->ints, values, count * sizeof(*values));
}

void attr_graph(Onnx__NodeProto *n, const char *name, Onnx__GraphProto *value)
{
	attr(n, name, KIND(GRAPH))->g = value;
}

static Onnx__TensorProto *new_tensor(const char *name, int type, int rank, const int64_t *dims, const void *data)
{
	Onnx__TensorProto *t = NEW(Onnx__TensorProto, onnx__tensor_proto__init);
	size_t bytes = accel_dtype_bytes(accel_dtype_of_onnx(type));

	t->name = copy(name);
	t->has_data_type = 1;
	t->data_type = type;
	t->n_dims = (size_t)rank;
	t->dims = must(malloc((size_t)rank * sizeof(*dims) + 1));
	for (int i = 0; i < rank; i++) {
		t->dims[i] = dims[i];
		bytes *= (size_t)dims[i];
	}
	if (data) {
		t->has_raw_data = 1;
		t->raw_data.len = bytes;
		t->raw_data.data = must(malloc(bytes + 1));
		memcpy(t->raw_data.data, data, bytes);
	}
	return t;
}

Onnx__TensorProto *attr_tensor(Onnx__NodeProto *n, const char *name, int type, int rank, const int64_t *dims, const void *data)
{
	Onnx__TensorProto *t = new_tensor("", type, rank, dims, data);

	attr(n, name, KIND(TENSOR))->t = t;
	return t;
}

Onnx__TensorProto *add_tensor(Onnx__GraphProto *g, const char *name, int type, int rank, const int64_t *dims, const void *data)
{
	Onnx__TensorProto *t = new_tensor(name, type, rank, dims, data);

	APPEND(g->initializer, g->n_initializer, t);
	return t;
}

Onnx__TensorProto *add_floats(Onnx__GraphProto *g, const char *name, const float *data, int64_t count)
{
	return add_tensor(g, name, ONNX_TYPE(FLOAT), 1, &count, data);
}

Onnx__TensorProto *add_ints(Onnx__GraphProto *g, const char *name, const int64_t *data, int64_t count)
{
	return add_tensor(g, name, ONNX_TYPE(INT64), 1, &count, data);
}

void add_scalar(Onnx__GraphProto *g, const char *name, int type, const void *data)
{
	add_tensor(g, name, type, 0, NULL, data);
}

static Onnx__ValueInfoProto *new_info(const char *name, int type, int rank, const int64_t *dims)
{
	Onnx__ValueInfoProto *v = NEW(Onnx__ValueInfoProto, onnx__value_info_proto__init);
	Onnx__TensorShapeProto *shape = NEW(Onnx__TensorShapeProto, onnx__tensor_shape_proto__init);

	v->name = copy(name);
	v->type = NEW(Onnx__TypeProto, onnx__type_proto__init);
	v->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	v->type->tensor_type = NEW(Onnx__TypeProto__Tensor, onnx__type_proto__tensor__init);
	v->type->tensor_type->has_elem_type = 1;
	v->type->tensor_type->elem_type = type;
	v->type->tensor_type->shape = rank < 0 ? NULL : shape;
	if (rank < 0)
		free(shape);
	for (int i = 0; i < rank; i++) {
		Onnx__TensorShapeProto__Dimension *d =
			NEW(Onnx__TensorShapeProto__Dimension, onnx__tensor_shape_proto__dimension__init);

		d->value_case = dims[i] < 0 ? ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM :
					      ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
		if (dims[i] < 0)
			d->dim_param = copy("d");
		else
			d->dim_value = dims[i];
		APPEND(shape->dim, shape->n_dim, d);
	}
	return v;
}

void add_input(Onnx__GraphProto *g, const char *name, int type, int rank, const int64_t *dims)
{
	APPEND(g->input, g->n_input, new_info(name, type, rank, dims));
}

/* Other software wants a type; a shape it infers. */
void add_output(Onnx__GraphProto *g, const char *name)
{
	APPEND(g->output, g->n_output, new_info(name, ONNX_TYPE(FLOAT), -1, NULL));
}

static void put_entry(Onnx__TensorProto *t, const char *key, const char *value)
{
	Onnx__StringStringEntryProto *e;

	if (!value)
		return;
	e = NEW(Onnx__StringStringEntryProto, onnx__string_string_entry_proto__init);
	e->key = copy(key);
	e->value = copy(value);
	APPEND(t->external_data, t->n_external_data, e);
}

void put_external(Onnx__TensorProto *t, const char *location, const char *offset, const char *length)
{
	t->has_data_location = 1;
	t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
	put_entry(t, "location", location);
	put_entry(t, "offset", offset);
	put_entry(t, "length", length);
}

void *model_pack(const Onnx__ModelProto *m, size_t *bytes)
{
	uint8_t *data;

	*bytes = onnx__model_proto__get_packed_size(m);
	data = must(malloc(*bytes + 1));
	onnx__model_proto__pack(m, data);
	return data;
}

int model_parse(const Onnx__ModelProto *m, struct accel_graph **out)
{
	size_t bytes;
	void *data = model_pack(m, &bytes);
	int ret = accel_graph_parse_onnx(data, bytes, out);

	free(data);
	return ret;
}
