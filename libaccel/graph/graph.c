// SPDX-License-Identifier: MIT
/* Graphs in memory: construction, reference counts, copies. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"

int accel_graph_new(struct accel_graph **out)
{
	struct accel_graph *g = calloc(1, sizeof(*g));

	if (!g)
		return accel_enomem("new graph");
	g->refs = 1;
	g->opset = 13;
	*out = g;
	return 0;
}

struct accel_graph *accel_graph_ref(struct accel_graph *g)
{
	__atomic_add_fetch(&g->refs, 1, __ATOMIC_RELAXED);
	return g;
}

static void value_clear(struct accel_value *v)
{
	free(v->name);
	free(v->data);
	free(v->quant.channel_scale);
}

static void node_clear(struct accel_node *n)
{
	free(n->name);
	free(n->reason);
}

void accel_graph_unref(struct accel_graph *g)
{
	if (!g || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL))
		return;
	for (int i = 0; i < g->num_values; i++)
		value_clear(&g->values[i]);
	for (int i = 0; i < g->num_nodes; i++)
		node_clear(&g->nodes[i]);
	free(g->values);
	free(g->nodes);
	free(g->inputs);
	free(g->outputs);
	free(g);
}

/* Room for one more element in an array of *@cap elements of @size bytes. */
static int grow(void *array, int count, int *cap, size_t size)
{
	void **base = array, *p;
	int want;

	if (count < *cap)
		return 0;
	want = *cap ? *cap * 2 : 16;
	p = *cap > (1 << 28) ? NULL : realloc(*base, (size_t)want * size);
	if (!p)
		return accel_enomem("growing the graph");
	*base = p;
	*cap = want;
	return 0;
}

/* Index lists are short: grown one by one. */
static int list_add(int **list, int *count, int value)
{
	int *p = realloc(*list, ((size_t)*count + 1) * sizeof(*p));

	if (!p)
		return accel_enomem("growing the graph");
	p[*count] = value;
	*list = p;
	return (*count)++;
}

int accel_graph_add_input(struct accel_graph *g, int value)
{
	return list_add(&g->inputs, &g->num_inputs, value);
}

int accel_graph_add_output(struct accel_graph *g, int value)
{
	return list_add(&g->outputs, &g->num_outputs, value);
}

const char *accel_graph_made_up(struct accel_graph *g, const char *what, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s#%d", (int)(size > 16 ? size - 16 : 0), what, g->made_up++);
	return buf;
}

static int check_dims(const char *name, enum accel_dtype dtype, int rank, const int64_t *dims)
{
	int64_t elems = 1;

	if (!accel_dtype_bytes(dtype))
		return accel_error(EINVAL, "value '%s': unknown element type %d", name, dtype);
	if (rank < 0 || rank > ACCEL_MAX_RANK)
		return accel_error(EINVAL, "value '%s': rank %d; 0 to %d are supported", name, rank, ACCEL_MAX_RANK);
	for (int i = 0; i < rank; i++) {
		if (dims[i] < -1 || dims[i] > ACCEL_MAX_DIM)
			return accel_error(EINVAL, "value '%s': dimension %d is %lld", name, i, (long long)dims[i]);
		if (dims[i] > 0 && (elems *= dims[i]) > ACCEL_MAX_ELEMS)
			return accel_error(EOVERFLOW, "value '%s': too many elements", name);
	}
	return 0;
}

int accel_graph_add_value(struct accel_graph *g, const char *name, enum accel_dtype dtype, int rank,
			  const int64_t *dims)
{
	int64_t copy[ACCEL_MAX_RANK];
	struct accel_value *v;
	char made_up[32];
	int ret;

	if (!name)
		name = accel_graph_made_up(g, "", made_up, sizeof(made_up));
	ret = check_dims(name, dtype, rank, dims);
	/* @dims may be those of a value of this graph, which growing moves */
	if (!ret && rank)
		memcpy(copy, dims, (size_t)rank * sizeof(*dims));
	if (!ret)
		ret = grow(&g->values, g->num_values, &g->cap_values, sizeof(*g->values));
	if (ret)
		return ret;
	v = &g->values[g->num_values];
	*v = (struct accel_value){ .dtype = dtype, .rank = rank, .producer = ACCEL_VALUE_NONE };
	if (rank)
		memcpy(v->dims, copy, (size_t)rank * sizeof(*copy));
	v->name = strdup(name);
	if (!v->name)
		return accel_enomem(name);
	return g->num_values++;
}

int accel_graph_add_constant(struct accel_graph *g, const char *name, enum accel_dtype dtype, int rank,
			     const int64_t *dims, const void *data)
{
	int index = accel_graph_add_value(g, name, dtype, rank, dims);
	struct accel_value *v;
	int64_t bytes;

	if (index < 0)
		return index;
	v = &g->values[index];
	bytes = accel_value_bytes(v);
	v->data = bytes < 0 ? NULL : calloc(1, bytes ? (size_t)bytes : 1);
	if (!v->data) {
		int ret = bytes < 0 ? accel_error(EINVAL, "constant '%s': unknown dimension", v->name)
				    : accel_enomem(v->name);

		value_clear(v);
		g->num_values--;
		return ret;
	}
	if (data)
		memcpy(v->data, data, (size_t)bytes);
	return index;
}

int accel_graph_bind_input(struct accel_graph *g, int i, const void *data)
{
	struct accel_value *v = &g->values[g->inputs[i]];
	int64_t bytes = accel_value_bytes(v);
	void *copy;

	if (bytes < 0)
		return (int)bytes;
	copy = malloc(bytes ? (size_t)bytes : 1);
	if (!copy)
		return accel_enomem(v->name);
	memcpy(copy, data, (size_t)bytes);
	v->data = copy;
	g->num_inputs--;
	memmove(&g->inputs[i], &g->inputs[i + 1], (size_t)(g->num_inputs - i) * sizeof(*g->inputs));
	return 0;
}

int accel_graph_insert(struct accel_graph *g, enum accel_op op, const char *name, const int *inputs,
		       int num_inputs, int out, const struct accel_attrs *attrs)
{
	struct accel_node *n;
	char made_up[64];

	if (!name)
		name = accel_graph_made_up(g, accel_op_name(op), made_up, sizeof(made_up));
	if (grow(&g->nodes, g->num_nodes, &g->cap_nodes, sizeof(*g->nodes)))
		return -ENOMEM;
	n = &g->nodes[g->num_nodes];
	*n = (struct accel_node){ .op = op, .num_in = num_inputs, .out = { out }, .num_out = 1 };
	memcpy(n->in, inputs, (size_t)num_inputs * sizeof(*inputs));
	if (attrs)
		n->attrs = *attrs;
	n->name = strdup(name);
	if (!n->name)
		return accel_enomem(name);
	g->values[out].producer = g->num_nodes;
	return g->num_nodes++;
}

int accel_graph_uses(const struct accel_graph *g, int value)
{
	int uses = 0;

	for (int i = 0; i < g->num_nodes; i++)
		for (int k = 0; !g->nodes[i].dead && k < g->nodes[i].num_in; k++)
			uses += g->nodes[i].in[k] == value;
	for (int i = 0; i < g->num_outputs; i++)
		uses += g->outputs[i] == value;
	return uses;
}

bool accel_graph_is_output(const struct accel_graph *g, int value)
{
	for (int i = 0; i < g->num_outputs; i++)
		if (g->outputs[i] == value)
			return true;
	return false;
}

void accel_graph_replace(struct accel_graph *g, int from, int to)
{
	for (int i = 0; i < g->num_nodes; i++)
		for (int k = 0; k < g->nodes[i].num_in; k++)
			if (g->nodes[i].in[k] == from)
				g->nodes[i].in[k] = to;
	for (int i = 0; i < g->num_outputs; i++)
		if (g->outputs[i] == from)
			g->outputs[i] = to;
}

int64_t accel_value_elems(const struct accel_value *v)
{
	int64_t elems = 1;

	for (int i = 0; i < v->rank; i++) {
		if (v->dims[i] < 0)
			return -EINVAL;
		if (__builtin_mul_overflow(elems, v->dims[i], &elems) || elems > ACCEL_MAX_ELEMS)
			return -EOVERFLOW;
	}
	return elems;
}

int64_t accel_value_bytes(const struct accel_value *v)
{
	int64_t elems = accel_value_elems(v);

	return elems < 0 ? elems : elems * (int64_t)accel_dtype_bytes(v->dtype);
}

const char *accel_dims_text(const struct accel_value *v, char *buf, size_t size)
{
	size_t used = 0;

	for (int i = 0; i < v->rank && used < size; i++) {
		const char *before = i ? ", " : "[";

		used += (size_t)(v->dims[i] < 0 ? snprintf(buf + used, size - used, "%s?", before)
			: snprintf(buf + used, size - used, "%s%lld", before, (long long)v->dims[i]));
	}
	if (used < size)
		snprintf(buf + used, size - used, v->rank ? "]" : "[]");
	return buf;
}

int accel_node_error(int err, const struct accel_node *n, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return accel_error(err, "%s node '%s': %s", accel_op_name(n->op), n->name, text);
}
