// SPDX-License-Identifier: MIT
/* Partition: the NPU takes what code generation can express, the CPU the rest, with the reason. */
#include <errno.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/passes/passes.h"

int accel_pass_partition(struct accel_graph *g, bool npu_only)
{
	for (int i = 0; i < g->num_nodes; i++) {
		struct accel_node *n = &g->nodes[i];
		const char *reason = accel_npu_can(g, n);

		n->place = reason ? ACCEL_PLACE_CPU : ACCEL_PLACE_NPU;
		if (reason && npu_only)
			return accel_node_error(EOPNOTSUPP, n, "it would run on the CPU (%s), which npu_only forbids", reason);
		if (!reason)
			continue;
		n->reason = strdup(reason);
		if (!n->reason)
			return accel_enomem(n->name);
	}
	return 0;
}
