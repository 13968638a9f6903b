// SPDX-License-Identifier: MIT
/* Shape inference over the whole graph, for one batch size. */
#include <errno.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

static int fix_input(struct accel_value *v, int64_t batch)
{
	if (v->rank && v->dims[0] < 0)
		v->dims[0] = batch;
	for (int i = 1; i < v->rank; i++)
		if (v->dims[i] < 0)
			return accel_error(EINVAL, "input '%s': dimension %d is open; give it an extent first "
					   "(accel_graph_set_input_dims(), --dims)", v->name, i);
	if (accel_value_elems(v) < 0)
		return accel_error(EOVERFLOW, "input '%s': too many elements; use a smaller batch", v->name);
	return 0;
}

int accel_pass_shapes(struct accel_graph *g, int64_t batch)
{
	bool fixed = true;
	int ret = 0;

	if (batch < 0 || batch > ACCEL_MAX_DIM)
		return accel_error(EINVAL, "compile options: batch = %lld; 1 or more are needed", (long long)batch);
	for (int i = 0; i < g->num_inputs; i++)
		fixed = fixed && !(g->values[g->inputs[i]].rank && g->values[g->inputs[i]].dims[0] < 0);
	for (int i = 0; i < g->num_inputs && !ret; i++)
		ret = fix_input(&g->values[g->inputs[i]], batch ? batch : 1);
	for (int i = 0; i < g->num_nodes && !ret; i++)
		if (!g->nodes[i].dead)
			ret = accel_node_infer(g, &g->nodes[i]);
	return ret || !fixed || batch < 2 ? ret : accel_pass_batch(g, batch);
}

int accel_pass_shapes_known(const struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];

		for (int k = 0; !n->dead && k < n->num_out; k++)
			if (accel_value_elems(&g->values[n->out[k]]) < 0)
				return accel_node_error(EINVAL, n, "its output's shape depends on the contents of an "
							"input; make that input constant");
	}
	return 0;
}
