// SPDX-License-Identifier: MIT
/* Constant folding: what can be computed now is. */
#include <stdlib.h>

#include "libaccel/error.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

/* A folded constant may not be larger than this times what it was made from, plus a little: broadcasts stay. */
#define MAX_GROWTH	8
#define SMALL		(1 << 16)

/* What depends on the shape of its input, and not on the contents. */
static bool needs_shape_only(const struct accel_graph *g, const struct accel_node *n)
{
	return (n->op == ACCEL_OP_SHAPE || n->op == ACCEL_OP_SIZE || n->op == ACCEL_OP_EYELIKE) &&
	       accel_value_elems(accel_node_input(g, n, 0)) >= 0;
}

static bool foldable(const struct accel_graph *g, const struct accel_node *n)
{
	int64_t in = 0, out = 0;

	for (int i = 0; i < n->num_in; i++) {
		const struct accel_value *v = accel_node_input(g, n, i);

		if (v && !v->data && !needs_shape_only(g, n))
			return false;
		in += v ? accel_value_bytes(v) : 0;
	}
	for (int i = 0; i < n->num_out; i++) {
		int64_t bytes = accel_value_bytes(&g->values[n->out[i]]);

		if (bytes < 0 || accel_graph_is_output(g, n->out[i]))
			return false;
		out += bytes;
	}
	return out <= in * MAX_GROWTH + SMALL;
}

/* The outputs' contents, by value of the graph; what was allocated is there even where this fails. */
static int compute(struct accel_graph *g, const struct accel_node *n, void **data)
{
	for (int i = 0; i < n->num_in; i++)
		if (n->in[i] >= 0)
			data[n->in[i]] = g->values[n->in[i]].data;
	for (int i = 0; i < n->num_out; i++) {
		int64_t bytes = accel_value_bytes(&g->values[n->out[i]]);

		data[n->out[i]] = malloc(bytes ? (size_t)bytes : 1);
		if (!data[n->out[i]])
			return accel_enomem(n->name);
	}
	return accel_cpu_node(g, n, data);
}

static int fold(struct accel_graph *g, struct accel_node *n)
{
	void **data = calloc((size_t)g->num_values, sizeof(*data));
	int ret;

	if (!data)
		return accel_enomem(n->name);
	ret = compute(g, n, data);
	for (int i = 0; i < n->num_out; i++) {
		struct accel_value *out = &g->values[n->out[i]];

		if (ret) {
			free(data[n->out[i]]);
			continue;
		}
		out->data = data[n->out[i]];
		out->producer = ACCEL_VALUE_NONE;
	}
	n->dead = !ret;
	free(data);
	return ret;
}

int accel_fold_shape_node(struct accel_graph *g, int node)
{
	struct accel_node *n = &g->nodes[node];
	int64_t bytes = 0;

	for (int i = 0; i < n->num_out; i++) {
		const struct accel_value *out = &g->values[n->out[i]];

		if (out->dtype == ACCEL_S8 || out->dtype == ACCEL_U8 || n->op == ACCEL_OP_DEQUANTIZE ||
		    (accel_dtype_is_float(out->dtype) && accel_value_elems(out) != 1))
			return 0;
		bytes += accel_value_bytes(out);
	}
	return bytes <= SMALL && foldable(g, n) ? fold(g, n) : 0;
}

int accel_pass_fold(struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++) {
		struct accel_node *n = &g->nodes[i];
		int ret;

		if (n->dead)
			continue;
		ret = accel_node_infer(g, n);	/* shapes may have become constant */
		if (!ret && foldable(g, n))
			ret = fold(g, n);
		if (ret)
			return ret;
	}
	return 0;
}
