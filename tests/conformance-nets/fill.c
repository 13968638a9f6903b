// SPDX-License-Identifier: MIT
/* Random weights for the networks of libonnx-testdata, whose own are all the same number. */
#include "fill.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx.pb-c.h"

#define MAX_ELEMS	(1 << 28)

/* Numbers between lo and hi. */
struct range {
	float lo, hi;
};

struct reader {
	const char *op;
	int input;
	struct range range;
};

static const struct reader readers[] = {
	{ "BatchNormalization", 1, { 0.8f, 1.2f } },
	{ "BatchNormalization", 4, { 0.5f, 1.5f } },
	{ "Mul", 1, { 0.8f, 1.2f } },
};

static const struct range others = { -0.1f, 0.1f };

static bool reads(const Onnx__NodeProto *n, const char *name, size_t *input)
{
	for (size_t i = 0; i < n->n_input; i++)
		if (!strcmp(n->input[i], name)) {
			*input = i;
			return true;
		}
	return false;
}

/* The first node that reads @name, past Unsqueeze. */
static const Onnx__NodeProto *reader_of(const Onnx__GraphProto *g, const char *name, size_t *input)
{
	for (size_t i = 0; i < g->n_node; i++) {
		if (!reads(g->node[i], name, input))
			continue;
		if (strcmp(g->node[i]->op_type, "Unsqueeze") || !g->node[i]->n_output)
			return g->node[i];
		return reader_of(g, g->node[i]->output[0], input);
	}
	return NULL;
}

static bool read_by(const Onnx__GraphProto *g, const char *name, const char *op)
{
	size_t input;
	const Onnx__NodeProto *n = reader_of(g, name, &input);

	return n && !strcmp(n->op_type, op);
}

static int64_t int_attr(const Onnx__NodeProto *n, const char *name)
{
	for (size_t i = 0; i < n->n_attribute; i++)
		if (!strcmp(n->attribute[i]->name, name))
			return n->attribute[i]->i;
	return 0;
}

static struct range uniform(double variance)
{
	float half = (float)sqrt(3 * variance);

	return (struct range){ -half, half };
}

static struct range range_of(const Onnx__GraphProto *g, const char *name, const Onnx__TensorProto *t)
{
	size_t input = 0;
	const Onnx__NodeProto *n = reader_of(g, name, &input);

	if (!n || !n->n_output)
		return others;
	if (!strcmp(n->op_type, "Conv") && input == 1 && t->n_dims == 4)
		return uniform(2.0 / (double)(t->dims[1] * t->dims[2] * t->dims[3]));
	if (!strcmp(n->op_type, "Gemm") && input == 1 && t->n_dims == 2)
		return uniform((read_by(g, n->output[0], "Softmax") ? 1.0 : 2.0) /
			       (double)t->dims[int_attr(n, "transB") ? 1 : 0]);
	/* What is added to a sum that goes on from block to block must not make it grow without end. */
	if (!strcmp(n->op_type, "BatchNormalization") && input == 1 && read_by(g, n->output[0], "Sum"))
		return (struct range){ 0.4f, 0.6f };
	for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (!strcmp(n->op_type, readers[i].op) && (int)input == readers[i].input)
			return readers[i].range;
	return others;
}

/* Every tensor has a generator of its own, so that its numbers do not depend on its neighbours. */
static uint64_t seed_of(uint64_t seed, const char *name)
{
	uint64_t h = 0xcbf29ce484222325u ^ seed;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3u;
	return h;
}

static float next(uint64_t *s, struct range r)
{
	*s = *s * 6364136223846793005u + 1442695040888963407u;
	return r.lo + (r.hi - r.lo) * (float)(*s >> 40) * 0x1p-24f;
}

static const Onnx__TensorProto *initialiser(const Onnx__GraphProto *g, const char *name)
{
	for (size_t i = 0; i < g->n_initializer; i++)
		if (!strcmp(g->initializer[i]->name, name))
			return g->initializer[i];
	return NULL;
}

/* A tensor of the shape that the constant @shape names; NULL where it names none. */
static Onnx__TensorProto *new_tensor(const Onnx__TensorProto *shape, const char *name)
{
	Onnx__TensorProto *t = malloc(sizeof(*t));
	size_t count = shape->has_raw_data ? shape->raw_data.len / sizeof(int64_t) : shape->n_int64_data;
	int64_t elems = 1;

	if (!t || !count)
		goto fail;
	onnx__tensor_proto__init(t);
	t->n_dims = count;
	t->dims = calloc(count, sizeof(*t->dims));
	t->name = strdup(name);
	if (!t->dims || !t->name)
		goto fail;
	memcpy(t->dims, shape->has_raw_data ? (const void *)shape->raw_data.data : shape->int64_data,
	       count * sizeof(*t->dims));
	for (size_t i = 0; i < count; i++)
		if (t->dims[i] <= 0 || __builtin_mul_overflow(elems, t->dims[i], &elems) || elems > MAX_ELEMS)
			goto fail;
	t->has_data_type = 1;
	t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
	t->has_raw_data = 1;
	t->raw_data.len = (size_t)elems * sizeof(float);
	t->raw_data.data = malloc(t->raw_data.len);
	if (t->raw_data.data)
		return t;
fail:
	if (t && t->base.descriptor)
		onnx__tensor_proto__free_unpacked(t, NULL);
	else
		free(t);
	return NULL;
}

static int fill(Onnx__GraphProto *g, uint64_t seed)
{
	Onnx__TensorProto **list;

	list = reallocarray(g->initializer, g->n_initializer + g->n_node, sizeof(*list));
	if (!list)
		return -ENOMEM;
	g->initializer = list;
	for (size_t i = 0; i < g->n_node; i++) {
		const Onnx__NodeProto *n = g->node[i];
		const Onnx__TensorProto *shape;
		Onnx__TensorProto *t;
		struct range r;
		uint64_t s;

		if (strcmp(n->op_type, "ConstantOfShape"))
			continue;
		shape = n->n_input && n->n_output ? initialiser(g, n->input[0]) : NULL;
		t = shape ? new_tensor(shape, n->output[0]) : NULL;
		if (!t)
			return -EBADMSG;
		r = range_of(g, t->name, t);
		s = seed_of(seed, t->name);
		for (size_t k = 0; k < t->raw_data.len / sizeof(float); k++)
			((float *)t->raw_data.data)[k] = next(&s, r);
		g->initializer[g->n_initializer++] = t;
	}
	return 0;
}

static void drop_filled(Onnx__GraphProto *g)
{
	size_t keep = 0;


	for (size_t i = 0; i < g->n_node; i++)
		if (strcmp(g->node[i]->op_type, "ConstantOfShape"))
			g->node[keep++] = g->node[i];
		else
			onnx__node_proto__free_unpacked(g->node[i], NULL);
	g->n_node = keep;
}

/* What Softmax reads becomes an output: what comes out of Softmax may be one 1 and zeros whatever goes wrong. */
static int show_logits(Onnx__GraphProto *g)
{
	const Onnx__NodeProto *last = g->n_node ? g->node[g->n_node - 1] : NULL;
	Onnx__ValueInfoProto **list, *info;

	if (!last || strcmp(last->op_type, "Softmax") || !last->n_input)
		return 0;
	list = reallocarray(g->output, g->n_output + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	g->output = list;
	info = malloc(sizeof(*info));
	if (!info)
		return -ENOMEM;
	onnx__value_info_proto__init(info);
	info->name = strdup(last->input[0]);
	list[g->n_output++] = info;
	return info->name ? 0 : -ENOMEM;
}

int fill_weights(const void *model, size_t bytes, uint64_t seed, void **out, size_t *out_bytes)
{
	Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, bytes, model);
	int err = -EBADMSG;

	if (m && m->graph)
		err = fill(m->graph, seed);
	if (!err)
		err = show_logits(m->graph);
	if (!err) {
		drop_filled(m->graph);
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

void *read_file(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	char *data = NULL;
	long size;

	if (!f)
		return NULL;
	if (!fseek(f, 0, SEEK_END) && (size = ftell(f)) >= 0 && !fseek(f, 0, SEEK_SET)) {
		data = malloc((size_t)size + 1);
		*bytes = data ? fread(data, 1, (size_t)size, f) : 0;
	}
	fclose(f);
	return data;
}
