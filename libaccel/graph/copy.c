// SPDX-License-Identifier: MIT
/* Copies of graphs, and their compaction into execution order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"

/* A copy of @bytes at @src; NULL stays NULL. Where memory runs out *@failed is set. */
static void *copy_of(const void *src, size_t bytes, bool *failed)
{
	void *dst;

	if (!src)
		return NULL;
	dst = malloc(bytes ? bytes : 1);
	if (dst)
		memcpy(dst, src, bytes);
	else
		*failed = true;
	return dst;
}

static char *text_copy(const char *s, bool *failed)
{
	return copy_of(s, s ? strlen(s) + 1 : 0, failed);
}

int accel_graph_clone(const struct accel_graph *g, struct accel_graph **out)
{
	struct accel_graph *c = calloc(1, sizeof(*c));
	bool failed = false;

	if (!c)
		return accel_enomem("graph copy");
	*c = *g;
	c->refs = 1;
	c->cap_values = g->num_values;
	c->cap_nodes = g->num_nodes;
	c->inputs = copy_of(g->inputs, (size_t)g->num_inputs * sizeof(*g->inputs), &failed);
	c->outputs = copy_of(g->outputs, (size_t)g->num_outputs * sizeof(*g->outputs), &failed);
	c->values = copy_of(g->values, (size_t)g->num_values * sizeof(*g->values), &failed);
	c->nodes = copy_of(g->nodes, (size_t)g->num_nodes * sizeof(*g->nodes), &failed);
	if (!c->values)
		c->num_values = 0;
	if (!c->nodes)
		c->num_nodes = 0;
	for (int i = 0; i < c->num_values; i++) {
		struct accel_value *v = &c->values[i];
		int64_t bytes = accel_value_bytes(v);

		v->name = text_copy(v->name, &failed);
		v->data = copy_of(v->data, bytes < 0 ? 0 : (size_t)bytes, &failed);
		v->quant.channel_scale = copy_of(v->quant.channel_scale,
						 (size_t)v->quant.channels * sizeof(float), &failed);
	}
	for (int i = 0; i < c->num_nodes; i++) {
		c->nodes[i].name = text_copy(c->nodes[i].name, &failed);
		c->nodes[i].reason = text_copy(c->nodes[i].reason, &failed);
	}
	if (failed) {
		accel_graph_unref(c);
		return accel_enomem("graph copy");
	}
	*out = c;
	return 0;
}

/* Depth-first walk over nodes, with a stack of our own: graphs may be deep. */
struct order {
	int *list;		/* nodes, in execution order */
	int count;
	int *stack;
	char *state;		/* 0 new, 1 on the stack, 2 listed */
};

/* The first input of @n whose producer is not listed; -1 none. */
static int missing_producer(const struct accel_graph *g, const struct accel_node *n, const char *state)
{
	for (int k = 0; k < n->num_in; k++) {
		int p = n->in[k] < 0 ? -1 : g->values[n->in[k]].producer;

		if (p >= 0 && state[p] != 2)
			return p;
	}
	return -1;
}

static int visit(const struct accel_graph *g, struct order *o, int root)
{
	int depth = 0;

	if (o->state[root])
		return 0;
	o->stack[depth++] = root;
	o->state[root] = 1;
	while (depth) {
		int n = o->stack[depth - 1], p = missing_producer(g, &g->nodes[n], o->state);

		if (p < 0) {
			o->state[n] = 2;
			o->list[o->count++] = n;
			depth--;
		} else if (o->state[p] == 1) {
			return accel_node_error(ELOOP, &g->nodes[n], "the graph has a cycle through this node");
		} else {
			o->state[p] = 1;
			o->stack[depth++] = p;
		}
	}
	return 0;
}

/* Nodes in the order @list, without those it leaves out. */
static int reorder_nodes(struct accel_graph *g, const struct order *o)
{
	struct accel_node *nodes = malloc((size_t)(o->count ? o->count : 1) * sizeof(*nodes));

	if (!nodes)
		return accel_enomem("graph order");
	for (int i = 0; i < o->count; i++) {
		nodes[i] = g->nodes[o->list[i]];
		g->nodes[o->list[i]] = (struct accel_node){ 0 };
	}
	for (int i = 0; i < g->num_nodes; i++) {
		free(g->nodes[i].name);
		free(g->nodes[i].reason);
	}
	free(g->nodes);
	g->nodes = nodes;
	g->num_nodes = g->cap_nodes = o->count;
	return 0;
}

/* Marks every value that something names with 1. */
static void mark_values(const struct accel_graph *g, int *map)
{
	for (int i = 0; i < g->num_inputs; i++)
		map[g->inputs[i]] = 1;
	for (int i = 0; i < g->num_outputs; i++)
		map[g->outputs[i]] = 1;
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];

		for (int k = 0; k < n->num_in; k++)
			if (n->in[k] >= 0)
				map[n->in[k]] = 1;
		for (int k = 0; k < n->num_out; k++)
			map[n->out[k]] = 1;
	}
}

static void renumber(int *list, int count, const int *map)
{
	for (int i = 0; i < count; i++)
		if (list[i] >= 0)
			list[i] = map[list[i]];
}

static int compact_values(struct accel_graph *g)
{
	int *map = calloc((size_t)g->num_values + 1, sizeof(*map)), kept = 0;

	if (!map)
		return accel_enomem("graph order");
	mark_values(g, map);
	for (int i = 0; i < g->num_values; i++) {
		struct accel_value *v = &g->values[i];

		if (map[i]) {
			map[i] = kept;
			g->values[kept++] = *v;
		} else {
			free(v->name);
			free(v->data);
			free(v->quant.channel_scale);
		}
	}
	g->num_values = kept;
	renumber(g->inputs, g->num_inputs, map);
	renumber(g->outputs, g->num_outputs, map);
	for (int i = 0; i < g->num_values; i++)
		g->values[i].producer = ACCEL_VALUE_NONE;
	for (int i = 0; i < g->num_nodes; i++) {
		struct accel_node *n = &g->nodes[i];

		renumber(n->in, n->num_in, map);
		renumber(n->out, n->num_out, map);
		for (int k = 0; k < n->num_out; k++)
			g->values[n->out[k]].producer = i;
	}
	free(map);
	return 0;
}

int accel_graph_compact(struct accel_graph *g)
{
	size_t n = (size_t)g->num_nodes + 1;
	struct order o = {
		.list = malloc(n * sizeof(int)), .stack = malloc(n * sizeof(int)), .state = calloc(n, 1),
	};
	int ret = o.list && o.stack && o.state ? 0 : accel_enomem("graph order");

	/* A dead node may still be named as producer of a value that is in use: that value becomes an orphan. */
	for (int i = 0; !ret && i < g->num_values; i++)
		if (g->values[i].producer >= 0 && g->nodes[g->values[i].producer].dead)
			g->values[i].producer = ACCEL_VALUE_NONE;
	for (int i = 0; !ret && i < g->num_nodes; i++)
		if (!g->nodes[i].dead)
			ret = visit(g, &o, i);
	if (!ret)
		ret = reorder_nodes(g, &o);
	if (!ret)
		ret = compact_values(g);
	free(o.list);
	free(o.stack);
	free(o.state);
	return ret;
}
