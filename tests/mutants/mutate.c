// SPDX-License-Identifier: MIT
/* Changes to models: to the messages of which they consist, which stay well-formed, and to bytes. */
#include "change.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRUCTURE	(48 << 10)	/* so far into a file its nodes are, rather than weights */

uint64_t pick(struct mutation *u, uint64_t n)
{
	u->state = u->state * 6364136223846793005u + 1442695040888963407u;
	return n ? (u->state >> 20) % n : 0;
}

/* A number where @old was: near it, or one at which something ends. */
static int64_t other_int(struct mutation *u, int64_t old)
{
	static const int64_t ends[] = {
		0, -1, 1, 2, 3, 5, 8, 16, 127, 128, 255, 256, 1000, 4097, 65536, -2, -8, 1 << 20, INT32_MAX, INT32_MIN,
		(int64_t)1 << 32, INT64_MAX, INT64_MIN, INT64_MAX / 2,
	};
	uint64_t x = (uint64_t)old;

	switch (pick(u, 6)) {
	case 0:
		return (int64_t)(x + 1);
	case 1:
		return (int64_t)(x - 1);
	case 2:
		return (int64_t)(x * 2);
	case 3:
		return (int64_t)(0 - x);
	default:
		return ends[pick(u, sizeof(ends) / sizeof(ends[0]))];
	}
}

float other_float(struct mutation *u, float old)
{
	const float ends[] = { 0, -0.0f, 1, -1, 1e-38f, 1e-45f, 3e38f, -3e38f, INFINITY, -INFINITY, NAN, -old, old * 2 };

	return ends[pick(u, sizeof(ends) / sizeof(ends[0]))];
}

char *copy_text(struct mutation *u, const char *text)
{
	char *p = arena_alloc(&u->arena, strlen(text) + 1);

	return p ? strcpy(p, text) : NULL;
}

static Onnx__NodeProto *any_node(struct mutation *u)
{
	return u->g->n_node ? u->g->node[pick(u, u->g->n_node)] : NULL;
}

static Onnx__AttributeProto *any_attribute(struct mutation *u)
{
	for (int i = 0; i < 20; i++) {
		Onnx__NodeProto *n = any_node(u);

		if (n && n->n_attribute)
			return n->attribute[pick(u, n->n_attribute)];
	}
	return NULL;
}

/* The name of some value: one a node makes, an input or an initialiser; at times one that is not there. */
static char *any_value(struct mutation *u)
{
	const Onnx__NodeProto *n = any_node(u);

	switch (pick(u, 8)) {
	case 0:
		return u->g->n_initializer ? u->g->initializer[pick(u, u->g->n_initializer)]->name : NULL;
	case 1:
		return u->g->n_input ? u->g->input[pick(u, u->g->n_input)]->name : NULL;
	case 2:
		return copy_text(u, pick(u, 2) ? "" : "nobody made this");
	default:
		return n && n->n_output ? n->output[pick(u, n->n_output)] : NULL;
	}
}

/* ---- Changes; each says whether there was something to change ---- */

static bool change_operator(struct mutation *u)
{
	static const char *const others[] = {
		"Softmax", "Add", "Mul", "Sub", "Div", "Conv", "Gemm", "MatMul", "Relu", "Sigmoid", "MaxPool", "AveragePool",
		"GlobalAveragePool", "GlobalMaxPool", "Flatten", "Reshape", "Transpose", "BatchNormalization", "Concat", "Split", "Slice",
		"Pad", "Squeeze", "Unsqueeze", "Expand", "Tile", "Gather", "Clip", "LRN", "Shape", "Cast", "Resize", "ReduceMean",
		"TopK", "ArgMax", "QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvTranspose", "InstanceNormalization",
		"DepthToSpace", "SpaceToDepth", "HardSigmoid", "HardSwish", "PRelu", "Where", "NonZero", "OneHot", "ConstantOfShape",
		"Constant", "Identity", "Dropout", "Sum", "Max", "Pow", "Sqrt", "LayerNormalization", "Loop", "If", "LSTM", "",
	};
	Onnx__NodeProto *n = any_node(u), *from = any_node(u);

	if (!n)
		return false;
	n->op_type = pick(u, 2) ? copy_text(u, from->op_type) :
		     copy_text(u, others[pick(u, sizeof(others) / sizeof(others[0]))]);
	return n->op_type;
}

static bool change_integer(struct mutation *u)
{
	for (int i = 0; i < 20; i++) {
		Onnx__AttributeProto *a = any_attribute(u);

		if (a && a->n_ints) {
			int64_t *p = &a->ints[pick(u, a->n_ints)];

			*p = other_int(u, *p);
			return true;
		}
		if (a && a->has_i) {
			a->i = other_int(u, a->i);
			return true;
		}
	}
	return false;
}

static bool change_float(struct mutation *u)
{
	for (int i = 0; i < 50; i++) {
		Onnx__AttributeProto *a = any_attribute(u);

		if (a && a->has_f) {
			a->f = other_float(u, a->f);
			return true;
		}
	}
	return false;
}

static bool change_length(struct mutation *u)
{
	for (int i = 0; i < 20; i++) {
		Onnx__AttributeProto *a = any_attribute(u);

		if (a && a->n_ints) {
			size_t n = pick(u, 2) ? a->n_ints - 1 : a->n_ints * 2;
			int64_t *p = arena_alloc(&u->arena, n * sizeof(*p));

			for (size_t k = 0; p && k < n; k++)
				p[k] = a->ints[k % a->n_ints];
			a->n_ints = p ? n : 0;
			a->ints = p;
			return true;
		}
	}
	return false;
}

static bool change_attribute(struct mutation *u)
{
	static const char *const names[] = { "axis", "axes", "pads", "strides", "group", "kernel_shape", "dilations", "perm",
		"auto_pad", "ceil_mode", "alpha", "value", "to", "count_include_pad" };
	Onnx__AttributeProto *a = any_attribute(u);

	if (!a)
		return false;
	switch (pick(u, 3)) {
	case 0:
		a->name = copy_text(u, names[pick(u, sizeof(names) / sizeof(names[0]))]);
		return a->name;
	case 1:
		a->has_type = 1;
		a->type = (int)pick(u, 15);
		return true;
	default:
		a->has_s = 1;
		a->s.data = (uint8_t *)copy_text(u, pick(u, 2) ? "SAME_UPPER" : "neither");
		a->s.len = a->s.data ? strlen((char *)a->s.data) : 0;
		return true;
	}
}

static bool drop_attribute(struct mutation *u)
{
	for (int i = 0; i < 20; i++) {
		Onnx__NodeProto *n = any_node(u);

		if (n && n->n_attribute) {
			size_t k = pick(u, n->n_attribute);

			n->attribute[k] = n->attribute[--n->n_attribute];
			return true;
		}
	}
	return false;
}

static bool change_input(struct mutation *u)
{
	Onnx__NodeProto *n = any_node(u);
	char *name = any_value(u);

	if (!n || !n->n_input || !name)
		return false;
	n->input[pick(u, n->n_input)] = name;
	return true;
}

static bool change_inputs(struct mutation *u)
{
	Onnx__NodeProto *n = any_node(u);
	size_t count;
	char **list;

	if (!n || !n->n_input)
		return false;
	count = pick(u, 2) ? n->n_input - 1 : n->n_input + 1 + pick(u, 20);
	list = arena_alloc(&u->arena, count * sizeof(*list));
	for (size_t k = 0; list && k < count; k++)
		list[k] = n->input[k % n->n_input];
	n->n_input = list ? count : 0;
	n->input = list;
	return true;
}

static bool change_output(struct mutation *u)
{
	Onnx__NodeProto *n = any_node(u);
	char *name = any_value(u);

	if (!n || !n->n_output || !name)
		return false;
	n->output[pick(u, n->n_output)] = name;
	return true;
}

static bool swap_nodes(struct mutation *u)
{
	size_t a = pick(u, u->g->n_node), b = pick(u, u->g->n_node);
	Onnx__NodeProto *n;

	if (a == b)
		return false;
	n = u->g->node[a];
	u->g->node[a] = u->g->node[b];
	u->g->node[b] = n;
	return true;
}

/* What read its output reads its input now. */
static bool drop_node(struct mutation *u)
{
	size_t at = pick(u, u->g->n_node);
	const Onnx__NodeProto *n = u->g->n_node ? u->g->node[at] : NULL;

	if (!n || !n->n_input || !n->n_output)
		return false;
	for (size_t i = 0; i < u->g->n_node; i++)
		for (size_t k = 0; k < u->g->node[i]->n_input; k++)
			if (!strcmp(u->g->node[i]->input[k], n->output[0]))
				u->g->node[i]->input[k] = n->input[0];
	memmove(&u->g->node[at], &u->g->node[at + 1], (u->g->n_node - at - 1) * sizeof(u->g->node[0]));
	u->g->n_node--;
	return true;
}

static Onnx__TensorProto *any_tensor(struct mutation *u)
{
	Onnx__AttributeProto *a = pick(u, 4) ? NULL : any_attribute(u);

	if (a && a->t)
		return a->t;
	return u->g->n_initializer ? u->g->initializer[pick(u, u->g->n_initializer)] : NULL;
}

static bool change_tensor_shape(struct mutation *u)
{
	Onnx__TensorProto *t = any_tensor(u);

	if (!t || !t->n_dims)
		return false;
	if (pick(u, 4)) {
		int64_t *d = &t->dims[pick(u, t->n_dims)];

		*d = other_int(u, *d);
	} else {
		t->n_dims--;
	}
	return true;
}

static bool change_tensor_type(struct mutation *u)
{
	Onnx__TensorProto *t = any_tensor(u);

	if (!t)
		return false;
	t->has_data_type = 1;
	t->data_type = (int)pick(u, 20);
	return true;
}

static bool change_tensor_data(struct mutation *u)
{
	Onnx__TensorProto *t = any_tensor(u);

	if (!t)
		return false;
	if (t->n_int64_data) {
		int64_t *p = &t->int64_data[pick(u, t->n_int64_data)];

		*p = other_int(u, *p);
	} else if (t->n_float_data) {
		float *p = &t->float_data[pick(u, t->n_float_data)];

		*p = other_float(u, *p);
	} else if (t->has_raw_data && t->raw_data.len >= 8 && t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64) {
		uint8_t *p = t->raw_data.data + pick(u, t->raw_data.len / 8) * 8;
		int64_t v;

		memcpy(&v, p, sizeof(v));
		v = other_int(u, v);
		memcpy(p, &v, sizeof(v));
	} else if (t->has_raw_data && t->raw_data.len >= 4) {
		float v = other_float(u, 1);

		if (pick(u, 4))
			memcpy(t->raw_data.data + pick(u, t->raw_data.len / 4) * 4, &v, sizeof(v));
		else
			t->raw_data.len -= 1 + pick(u, 4);
	} else {
		return false;
	}
	return true;
}

static bool change_graph_input(struct mutation *u)
{
	Onnx__ValueInfoProto *v = u->g->n_input ? u->g->input[pick(u, u->g->n_input)] : NULL;
	Onnx__TypeProto__Tensor *t = v && v->type && v->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ?
		v->type->tensor_type : NULL;
	Onnx__TensorShapeProto__Dimension *d;

	if (!t)
		return false;
	if (!t->shape || !t->shape->n_dim || !pick(u, 6)) {
		t->has_elem_type = 1;
		t->elem_type = (int)pick(u, 20);
		return true;
	}
	d = t->shape->dim[pick(u, t->shape->n_dim)];
	switch (pick(u, 8)) {
	case 0:
		t->shape->n_dim--;
		break;
	case 1:
		d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE__NOT_SET;
		break;
	default:
		d->dim_value = other_int(u, d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE ?
					    d->dim_value : 1);
		d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
	}
	return true;
}

static bool change_graph_output(struct mutation *u)
{
	char *name = any_value(u);

	if (!u->g->n_output || !name)
		return false;
	u->g->output[pick(u, u->g->n_output)]->name = name;
	return true;
}

static bool change_opset(struct mutation *u)
{
	if (!u->m->n_opset_import)
		return false;
	u->m->opset_import[0]->has_version = 1;
	u->m->opset_import[0]->version = pick(u, 4) ? (int64_t)(5 + pick(u, 20)) : other_int(u, 9);
	return true;
}

static const struct change changes[] = {
	{ "operator", change_operator, 4 },
	{ "integer", change_integer, 8 },
	{ "float", change_float, 2 },
	{ "length of a list", change_length, 2 },
	{ "attribute", change_attribute, 3 },
	{ "attribute dropped", drop_attribute, 3 },
	{ "input", change_input, 4 },
	{ "number of inputs", change_inputs, 3 },
	{ "output", change_output, 2 },
	{ "nodes swapped", swap_nodes, 1 },
	{ "node dropped", drop_node, 4 },
	{ "shape of a tensor", change_tensor_shape, 2 },
	{ "type of a tensor", change_tensor_type, 2 },
	{ "data of a tensor", change_tensor_data, 6 },
	{ "graph input", change_graph_input, 4 },
	{ "graph output", change_graph_output, 2 },
	{ "operator set", change_opset, 1 },
};

void change_by(struct mutation *u, const struct change *list, size_t count, char *what, size_t size)
{
	unsigned int total = 0;

	for (size_t i = 0; i < count; i++)
		total += list[i].weight;
	for (int tries = 0; tries < 20; tries++) {
		unsigned int at = (unsigned int)pick(u, total);
		size_t k, len = strlen(what);

		for (k = 0; at >= list[k].weight; k++)
			at -= list[k].weight;
		if (list[k].change(u)) {
			snprintf(what + len, size - len, "%s%s", len ? ", " : "", list[k].name);
			return;
		}
	}
}

static void change_bytes(struct mutation *u, char *what, size_t size)
{
	size_t near = u->bytes < STRUCTURE ? u->bytes : STRUCTURE, len = strlen(what);
	size_t at = pick(u, 4) ? pick(u, near) : pick(u, u->bytes), n = 1 + pick(u, 64);
	const char *name = "a byte";

	if (n > u->bytes - at)
		n = u->bytes - at;
	switch (pick(u, 8)) {
	case 0:
		name = "cut short";
		u->bytes = at;
		break;
	case 1:
		name = "bytes lost";
		memmove(u->data + at, u->data + at + n, u->bytes - at - n);
		u->bytes -= n;
		break;
	case 2:
		name = "bytes twice";
		memmove(u->data + at + n, u->data + at, u->bytes - at);
		u->bytes += n;
		break;
	case 3:
		name = "bytes of elsewhere";
		memmove(u->data + at, u->data + pick(u, u->bytes - n + 1), n);
		break;
	case 4:
		name = "a bit";
		u->data[at] ^= (uint8_t)(1u << pick(u, 8));
		break;
	default:
		u->data[at] = (uint8_t)pick(u, 256);
	}
	snprintf(what + len, size - len, "%s%s", len ? ", " : "", name);
}

static void *unpack_alloc(void *data, size_t bytes)
{
	return arena_alloc(data, bytes);
}

static void unpack_free(void *data, void *p)
{
}

enum harshness { GENTLE, ROUGH, BYTES };

/* One in five is changed without regard to what fits: two thirds of those in their messages, the others in their bytes. */
static enum harshness harshness_of(struct mutation *u)
{
	return pick(u, 5) ? GENTLE : pick(u, 3) ? ROUGH : BYTES;
}

int mutate_model(const struct model *model, uint64_t seed, void **out, size_t *out_bytes, char *what, size_t size)
{
	struct mutation u = { .state = seed * 0x9e3779b97f4a7c15u + 1, .model = model };
	ProtobufCAllocator alloc = { unpack_alloc, unpack_free, &u.arena };
	enum harshness how = harshness_of(&u);
	int count = how == GENTLE ? 1 + !pick(&u, 3) : 1 + (int)pick(&u, 4);

	*what = '\0';
	u.m = onnx__model_proto__unpack(&alloc, model->bytes, model->data);
	u.g = u.m ? u.m->graph : NULL;
	if (!u.g) {
		arena_free(&u.arena);
		return -EBADMSG;
	}
	if (how == GENTLE && pick(&u, 2))
		take_part(&u, what, size);
	for (int i = 0; i < count; i++) {
		if (how == ROUGH)
			change_by(&u, changes, sizeof(changes) / sizeof(changes[0]), what, size);
		else if (how == GENTLE)
			change_gently(&u, what, size);
	}
	u.bytes = onnx__model_proto__get_packed_size(u.m);
	u.data = malloc(u.bytes + 4 * 64);
	if (u.data)
		onnx__model_proto__pack(u.m, u.data);
	arena_free(&u.arena);
	if (!u.data)
		return -ENOMEM;
	for (int i = 0; i < count && how == BYTES && u.bytes; i++)
		change_bytes(&u, what, size);
	*out = u.data;
	*out_bytes = u.bytes;
	return 0;
}
