// SPDX-License-Identifier: MIT
/* Where a node runs is decided by code generation, which the tests of the front half do without: all on the CPU. */
#include "libaccel/graph/graph.h"

const char *accel_npu_can(const struct accel_graph *g, const struct accel_node *node)
{
	return "tested on the CPU";
}
