// SPDX-License-Identifier: MIT
/* Constant folding: what can be computed now is. */
#include <stdlib.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

/* A folded constant may not be larger than this times what it was made from, plus a little: broadcasts stay. */
#define MAX_GROWTH	8
#define SMALL		(1 << 16)

static bool foldable(const struct accel_graph *g, const struct accel_node *n)
{
	int64_t in = 0, out = accel_value_bytes(&g->values[n->out[0]]);

	for (int i = 0; i < n->num_in; i++) {
		const struct accel_value *v = accel_node_input(g, n, i);

		if (v && !v->data)
			return false;
		in += v ? accel_value_bytes(v) : 0;
	}
	return out >= 0 && out <= in * MAX_GROWTH + SMALL;
}

static int fold(struct accel_graph *g, struct accel_node *n)
{
	struct accel_value *out = &g->values[n->out[0]];
	int64_t bytes = accel_value_bytes(out);
	void **data = calloc((size_t)g->num_values, sizeof(*data));
	int ret;

	if (!data)
		return accel_enomem(n->name);
	for (int i = 0; i < n->num_in; i++)
		if (n->in[i] >= 0)
			data[n->in[i]] = g->values[n->in[i]].data;
	data[n->out[0]] = malloc(bytes ? (size_t)bytes : 1);
	ret = data[n->out[0]] ? accel_cpu_node(g, n, data) : accel_enomem(n->name);
	if (ret) {
		free(data[n->out[0]]);
	} else {
		out->data = data[n->out[0]];
		out->producer = ACCEL_VALUE_NONE;
		n->dead = true;
	}
	free(data);
	return ret;
}

int accel_pass_fold(struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++) {
		struct accel_node *n = &g->nodes[i];
		int ret;

		if (n->dead)
			continue;
		ret = accel_node_infer(g, n);	/* shapes may have become constant */
		if (!ret && foldable(g, n) && !accel_graph_is_output(g, n->out[0]))
			ret = fold(g, n);
		if (ret)
			return ret;
	}
	return 0;
}
