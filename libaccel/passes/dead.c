// SPDX-License-Identifier: MIT
/* Dead code: nodes that no output needs. */
#include <stdlib.h>

#include "libaccel/error.h"
#include "libaccel/passes/passes.h"

int accel_pass_dead(struct accel_graph *g)
{
	bool *needed = calloc((size_t)g->num_values + 1, sizeof(*needed));

	if (!needed)
		return accel_enomem("dead code");
	for (int i = 0; i < g->num_outputs; i++)
		needed[g->outputs[i]] = true;
	for (int i = g->num_nodes - 1; i >= 0; i--) {
		struct accel_node *n = &g->nodes[i];

		bool used = false;

		for (int k = 0; k < n->num_out; k++)
			used |= needed[n->out[k]];
		if (!used)
			n->dead = true;
		for (int k = 0; k < n->num_in && !n->dead; k++)
			if (n->in[k] >= 0)
				needed[n->in[k]] = true;
	}
	free(needed);
	return accel_graph_compact(g);
}
