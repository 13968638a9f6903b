// SPDX-License-Identifier: MIT
/*
 * Changes after which types and shapes mostly still fit, so that the compiler gets to see them: an operator for another of its kind,
 * an edge from elsewhere, a node more or less, numbers at which something ends.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "change.h"

#define COUNT(list)	(sizeof(list) / sizeof((list)[0]))
#define TRIES		40

static const char *const unary[] = {
	"Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Sqrt", "Exp", "Log", "Erf", "Softplus", "Softsign", "Elu", "Selu", "LeakyRelu",
	"HardSigmoid", "HardSwish", "Identity", "Floor", "Ceil", "Round", "Sign", "Reciprocal", "Cos", "Softmax", "LogSoftmax",
	"Hardmax", "Dropout", "Clip", "ThresholdedRelu", "Celu", "Mish", "Atan",
};

static const char *const binary[] = { "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Sum", "Mean", "PRelu", "MatMul", "Mod" };
static const char *const windows[] = { "MaxPool", "AveragePool" };
static const char *const wholes[] = { "GlobalAveragePool", "GlobalMaxPool" };

static const struct {
	const char *const *ops;
	size_t count;
	bool keeps_attributes;
} kinds[] = {
	{ unary, COUNT(unary), false },
	{ binary, COUNT(binary), false },
	{ windows, COUNT(windows), true },
	{ wholes, COUNT(wholes), true },
};

static bool in_list(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i], name))
			return true;
	return false;
}

static Onnx__NodeProto *a_node(struct mutation *u)
{
	Onnx__NodeProto *n = NULL;

	for (int i = 0; i < TRIES && u->g->n_node; i++) {
		n = u->g->node[pick(u, u->g->n_node)];
		if (n->n_input && n->n_output && !is_constant(u, n->output[0]))
			return n;
	}
	return NULL;
}

static Onnx__AttributeProto *attribute_of(const Onnx__NodeProto *n, const char *name)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (!strcmp(n->attribute[i]->name, name))
			return n->attribute[i];
	return NULL;
}

static bool same_kind(struct mutation *u)
{
	for (int i = 0; i < TRIES; i++) {
		Onnx__NodeProto *n = a_node(u);

		for (size_t k = 0; n && k < COUNT(kinds); k++)
			if (in_list(kinds[k].ops, kinds[k].count, n->op_type)) {
				n->op_type = copy_text(u, kinds[k].ops[pick(u, kinds[k].count)]);
				if (!kinds[k].keeps_attributes)
					n->n_attribute = 0;
				return n->op_type;
			}
	}
	return false;
}

static bool alike(const struct accel_value *a, const struct accel_value *b)
{
	return a && b && a->dtype == b->dtype && a->rank == b->rank &&
	       !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof(a->dims[0]));
}

/* A node reads another tensor of the same type and shape, made earlier. */
static bool rewire(struct mutation *u)
{
	for (int i = 0; i < TRIES; i++) {
		size_t at = pick(u, u->g->n_node), from = pick(u, at + 1);
		Onnx__NodeProto *n = u->g->n_node ? u->g->node[at] : NULL;
		size_t k = n ? pick(u, n->n_input) : 0;
		char *other;

		if (!n || !n->n_input || !n->n_output || is_constant(u, n->output[0]))
			continue;
		if (is_constant(u, n->input[k]))
			other = u->g->n_initializer ? u->g->initializer[pick(u, u->g->n_initializer)]->name : NULL;
		else if (from < at && u->g->node[from]->n_output)
			other = u->g->node[from]->output[0];
		else
			other = u->g->n_input ? u->g->input[pick(u, u->g->n_input)]->name : NULL;
		if (!other || !strcmp(other, n->input[k]) || !alike(known_value(u, other), known_value(u, n->input[k])))
			continue;
		n->input[k] = other;
		return true;
	}
	return false;
}

static void read_instead(struct mutation *u, const char *old, char *new)
{
	for (size_t i = 0; i < u->g->n_node; i++)
		for (size_t k = 0; k < u->g->node[i]->n_input; k++)
			if (!strcmp(u->g->node[i]->input[k], old))
				u->g->node[i]->input[k] = new;
}

/* A node whose output is like its input goes. */
static bool pass_on(struct mutation *u)
{
	for (int i = 0; i < TRIES; i++) {
		Onnx__NodeProto *n = a_node(u);
		size_t at = 0;

		if (!n || !alike(known_value(u, n->input[0]), known_value(u, n->output[0])))
			continue;
		while (u->g->node[at] != n)
			at++;
		read_instead(u, n->output[0], n->input[0]);
		for (size_t k = 0; k < u->g->n_output; k++)
			if (!strcmp(u->g->output[k]->name, n->output[0]))
				u->g->output[k]->name = n->input[0];
		memmove(&u->g->node[at], &u->g->node[at + 1], (u->g->n_node - at - 1) * sizeof(u->g->node[0]));
		u->g->n_node--;
		return true;
	}
	return false;
}

/* A node behind @n, which reads its output; what did read that reads the new one. Returns it, or NULL. */
static Onnx__NodeProto *insert_behind(struct mutation *u, const Onnx__NodeProto *n, const char *op)
{
	Onnx__NodeProto *new = arena_alloc(&u->arena, sizeof(*new));
	Onnx__NodeProto **list = arena_alloc(&u->arena, (u->g->n_node + 1) * sizeof(*list));
	char **names = arena_alloc(&u->arena, 5 * sizeof(*names)), text[40];
	size_t at = 0;

	if (!new || !list || !names)
		return NULL;
	onnx__node_proto__init(new);
	snprintf(text, sizeof(text), "inserted %zu", u->g->n_node);
	names[0] = n->output[0];
	names[4] = copy_text(u, text);
	new->op_type = copy_text(u, op);
	new->n_input = new->n_output = 1;
	new->input = names;
	new->output = names + 4;
	if (!names[4] || !new->op_type)
		return NULL;
	read_instead(u, n->output[0], names[4]);
	while (u->g->node[at] != n)
		at++;
	memcpy(list, u->g->node, (at + 1) * sizeof(*list));
	list[at + 1] = new;
	memcpy(list + at + 2, u->g->node + at + 1, (u->g->n_node - at - 1) * sizeof(*list));
	u->g->node = list;
	u->g->n_node++;
	return new;
}

static bool insert(struct mutation *u)
{
	Onnx__NodeProto *n = a_node(u), *new = n ? insert_behind(u, n, unary[pick(u, COUNT(unary))]) : NULL;

	/* at times two inputs, both the same */
	if (new && !pick(u, 3)) {
		new->op_type = copy_text(u, binary[pick(u, COUNT(binary) - 2)]);
		new->input[1] = new->input[0];
		new->n_input = 2;
	}
	return new && new->op_type;
}

/* A scalar among the initialisers: its name, or NULL. */
static char *new_scalar(struct mutation *u, int type, float f, int32_t i)
{
	Onnx__TensorProto *t = arena_alloc(&u->arena, sizeof(*t));
	Onnx__TensorProto **list = arena_alloc(&u->arena, (u->g->n_initializer + 1) * sizeof(*list));
	float *fp = arena_alloc(&u->arena, sizeof(*fp));
	int32_t *ip = arena_alloc(&u->arena, sizeof(*ip));
	char text[40];

	if (!t || !list || !fp || !ip)
		return NULL;
	onnx__tensor_proto__init(t);
	snprintf(text, sizeof(text), "scalar %zu", u->g->n_initializer);
	*fp = f;
	*ip = i;
	t->name = copy_text(u, text);
	t->has_data_type = 1;
	t->data_type = type;
	if (type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT) {
		t->n_float_data = 1;
		t->float_data = fp;
	} else {
		t->n_int32_data = 1;
		t->int32_data = ip;
	}
	for (size_t k = 0; k < u->g->n_initializer; k++)
		list[k] = u->g->initializer[k];
	list[u->g->n_initializer] = t;
	if (t->name) {
		u->g->initializer = list;
		u->g->n_initializer++;
	}
	return t->name;
}

/* QuantizeLinear and DequantizeLinear behind a node: networks that are quantised themselves. */
static bool quantise(struct mutation *u)
{
	static const float scales[] = { 0.01f, 0.1f, 1, 1e-30f, 1e30f, 1e-45f, 0, -1, INFINITY, NAN };
	int type = pick(u, 2) ? ONNX__TENSOR_PROTO__DATA_TYPE__INT8 : ONNX__TENSOR_PROTO__DATA_TYPE__UINT8;
	Onnx__NodeProto *n = a_node(u), *q, *dq;
	char *scale = new_scalar(u, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, scales[pick(u, pick(u, 4) ? 3 : COUNT(scales))], 0);
	char *zero = new_scalar(u, type, 0, pick(u, 2) ? 0 : (int32_t)pick(u, 128));

	if (!n || !scale || !zero)
		return false;
	q = insert_behind(u, n, "QuantizeLinear");
	dq = q ? insert_behind(u, q, "DequantizeLinear") : NULL;
	if (!dq)
		return false;
	for (int i = 0; i < 2; i++) {
		Onnx__NodeProto *node = i ? dq : q;

		node->input[1] = scale;
		node->input[2] = zero;
		node->n_input = 3;
	}
	return true;
}

/* A node once more, and one of the readers of its output reads the second. */
static bool twice(struct mutation *u)
{
	for (int i = 0; i < TRIES; i++) {
		Onnx__NodeProto *n = a_node(u), *reader = a_node(u), *second;

		for (size_t k = 0; n && reader && k < reader->n_input; k++) {
			if (strcmp(reader->input[k], n->output[0]) || n->n_output != 1)
				continue;
			second = insert_behind(u, n, n->op_type);
			if (!second)
				return false;
			second->n_input = n->n_input;
			second->input = n->input;
			second->n_attribute = n->n_attribute;
			second->attribute = n->attribute;
			read_instead(u, second->output[0], n->output[0]);
			reader->input[k] = second->output[0];
			return true;
		}
	}
	return false;
}

static bool tune(struct mutation *u)
{
	for (int i = 0; i < TRIES; i++) {
		Onnx__NodeProto *n = a_node(u);
		Onnx__AttributeProto *a = n && n->n_attribute ? n->attribute[pick(u, n->n_attribute)] : NULL;

		if (a && a->has_f) {
			a->f = other_float(u, a->f);
			return true;
		}
	}
	return false;
}

/* The window of a convolution or pool sits or reaches elsewhere; the output keeps its size. */
static bool shift_window(struct mutation *u)
{
	for (int i = 0; i < TRIES; i++) {
		Onnx__NodeProto *n = a_node(u);
		Onnx__AttributeProto *pads = n ? attribute_of(n, "pads") : NULL, *dilations = n ? attribute_of(n, "dilations") : NULL;
		Onnx__AttributeProto *kernel = n ? attribute_of(n, "kernel_shape") : NULL;
		size_t axis = pick(u, 2);

		if (!pads || pads->n_ints != 4)
			continue;
		if (dilations && dilations->n_ints == 2 && kernel && kernel->n_ints == 2 && kernel->ints[axis] > 1 && pick(u, 2)) {
			dilations->ints[axis]++;
			pads->ints[axis + 2 * pick(u, 2)] += kernel->ints[axis] - 1;
			return true;
		}
		if (!pads->ints[axis + 2])
			continue;
		pads->ints[axis]++;
		pads->ints[axis + 2]--;
		return true;
	}
	return false;
}

/* Windows of nodes whose output nobody in the graph reads may take any shape. */
static bool change_last(struct mutation *u)
{
	static const char *const names[] = { "strides", "dilations", "pads", "kernel_shape", "group", "axis", "size", "ceil_mode" };

	for (int i = 0; i < TRIES && u->g->n_output; i++) {
		const char *output = u->g->output[pick(u, u->g->n_output)]->name, *name = names[pick(u, COUNT(names))];

		for (size_t k = 0; k < u->g->n_node; k++) {
			Onnx__NodeProto *n = u->g->node[k];
			Onnx__AttributeProto *a = n->n_output && !strcmp(n->output[0], output) ? attribute_of(n, name) : NULL;

			if (!a)
				continue;
			if (a->n_ints)
				a->ints[pick(u, a->n_ints)] += 1 + (int64_t)pick(u, 3);
			else
				a->i += 1 - 2 * (int64_t)pick(u, 2);
			return true;
		}
	}
	return false;
}

static float extreme(struct mutation *u)
{
	static const float ends[] = { NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0, -0.0f, 1e-45f, 1e-38f, -1, 65504, 65520, 1e20f };

	return ends[pick(u, COUNT(ends))];
}

/* Numbers of a constant: one of them, or all. */
static bool extreme_constant(struct mutation *u)
{
	for (int i = 0; i < TRIES; i++) {
		Onnx__TensorProto *t = u->g->n_initializer ? u->g->initializer[pick(u, u->g->n_initializer)] : NULL;
		Onnx__NodeProto *n = u->g->n_node ? u->g->node[pick(u, u->g->n_node)] : NULL;
		size_t count, from, to;
		float v = extreme(u);

		if (n && n->n_attribute == 1 && n->attribute[0]->t && !strcmp(n->op_type, "ConstantOfShape"))
			t = n->attribute[0]->t;
		if (!t || t->data_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
			continue;
		count = t->n_float_data ? t->n_float_data : t->raw_data.len / sizeof(float);
		from = pick(u, count);
		to = pick(u, 3) ? from + 1 : count;
		for (size_t k = from; k < to && k < count; k++)
			memcpy(t->n_float_data ? (uint8_t *)&t->float_data[k] : t->raw_data.data + k * sizeof(v), &v, sizeof(v));
		return count;
	}
	return false;
}

/* Height, width, rows, images of an input: near what they were, or where tiles and blocks end. */
static bool resize_input(struct mutation *u)
{
	static const int64_t extents[] = { 1, 2, 3, 5, 7, 15, 17, 31, 32, 33, 63, 65, 0, 127, 129 };

	for (int i = 0; i < TRIES; i++) {
		const Onnx__ValueInfoProto *v = u->g->n_input ? u->g->input[pick(u, u->g->n_input)] : NULL;
		const Onnx__TensorShapeProto *shape = v && v->type && v->type->tensor_type ? v->type->tensor_type->shape : NULL;
		Onnx__TensorShapeProto__Dimension *d;

		if (!shape || !shape->n_dim || is_constant(u, v->name))
			continue;
		d = shape->dim[shape->n_dim == 4 && pick(u, 4) ? 2 + pick(u, 2) : pick(u, shape->n_dim)];
		if (d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && pick(u, 2))
			d->dim_value += 1 - 2 * (int64_t)pick(u, 2);
		else
			d->dim_value = extents[pick(u, COUNT(extents))];
		d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
		return true;
	}
	return false;
}

/* One more output, or the output elsewhere. */
static bool another_output(struct mutation *u)
{
	Onnx__NodeProto *n = a_node(u);
	Onnx__ValueInfoProto *v = arena_alloc(&u->arena, sizeof(*v));
	Onnx__ValueInfoProto **list = arena_alloc(&u->arena, (u->g->n_output + 1) * sizeof(*list));

	if (!n || !v || !list)
		return false;
	onnx__value_info_proto__init(v);
	v->name = n->output[0];
	for (size_t k = 0; k < u->g->n_output; k++)
		list[k] = u->g->output[k];
	list[pick(u, 2) ? u->g->n_output++ : pick(u, u->g->n_output)] = v;
	u->g->output = list;
	return true;
}

static bool newer_opset(struct mutation *u)
{
	if (!u->m->n_opset_import)
		return false;
	u->m->opset_import[0]->version += 1 + (int64_t)pick(u, 3);
	return true;
}

static const struct change changes[] = {
	{ "operator of its kind", same_kind, 6 },
	{ "other edge", rewire, 5 },
	{ "node less", pass_on, 3 },
	{ "node more", insert, 6 },
	{ "quantised", quantise, 4 },
	{ "node twice", twice, 2 },
	{ "number", tune, 3 },
	{ "window", shift_window, 3 },
	{ "last node", change_last, 3 },
	{ "constant", extreme_constant, 5 },
	{ "extent", resize_input, 6 },
	{ "output", another_output, 3 },
	{ "newer operator set", newer_opset, 1 },
};

void change_gently(struct mutation *u, char *what, size_t size)
{
	change_by(u, changes, COUNT(changes), what, size);
}
