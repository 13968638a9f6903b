// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "libaccel/passes/passes.h"

bool accel_pass_bypass(struct accel_graph *g, int node, int i)
{
	struct accel_node *n = &g->nodes[node];
	int from = n->out[0], to = n->in[i];

	if (accel_graph_is_output(g, from)) {
		char *name = g->values[from].name;

		if (g->values[to].producer < 0 || accel_graph_is_output(g, to))
			return false;
		g->values[from].name = g->values[to].name;	/* the output keeps its name */
		g->values[to].name = name;
	}
	accel_graph_replace(g, from, to);
	g->values[from].producer = ACCEL_VALUE_NONE;
	n->dead = true;
	return true;
}

void accel_pass_take_over(struct accel_graph *g, int into, int node)
{
	int old = g->nodes[into].out[0], out = g->nodes[node].out[0];

	g->values[old].producer = ACCEL_VALUE_NONE;
	g->nodes[into].out[0] = out;
	g->values[out].producer = into;
	g->nodes[node].dead = true;
}

int accel_pass_sole_producer(const struct accel_graph *g, int v)
{
	if (v < 0 || g->values[v].producer < 0 || accel_graph_is_output(g, v) || accel_graph_uses(g, v) != 1)
		return -1;
	return g->values[v].producer;
}

bool accel_pass_is_f32_constant(const struct accel_graph *g, const struct accel_node *n, int i)
{
	const struct accel_value *v = accel_node_input(g, n, i);

	return v && v->data && v->dtype == ACCEL_F32;
}

bool accel_pass_is_by_channel(const struct accel_value *c, const struct accel_value *out)
{
	int from_end = out->rank - 1;		/* channels are dimension 1 of either */

	if (c->rank > out->rank)
		return false;
	for (int i = 1; i <= c->rank; i++)
		if (c->dims[c->rank - i] != 1 && (i != from_end || c->dims[c->rank - i] != out->dims[1]))
			return false;
	return true;
}

bool accel_pass_same_quant(const struct accel_value *a, const struct accel_value *b)
{
	return a->store == b->store && a->quant.scale == b->quant.scale &&
	       a->quant.zero_point == b->quant.zero_point && !a->quant.channel_scale && !b->quant.channel_scale;
}

int accel_pass_constant(struct accel_graph *g, int node, const char *what, int rank, const int64_t *dims)
{
	char text[256], name[256];

	snprintf(text, sizeof(text), "%.200s.%s", g->nodes[node].name, what);
	return accel_graph_add_constant(g, accel_graph_made_up(g, text, name, sizeof(name)), ACCEL_F32, rank, dims,
					NULL);
}
