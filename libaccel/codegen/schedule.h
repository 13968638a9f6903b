/* SPDX-License-Identifier: MIT */
/* The order in which nodes are emitted. */
#ifndef ACCEL_CODEGEN_SCHEDULE_H
#define ACCEL_CODEGEN_SCHEDULE_H

#include "libaccel/graph/graph.h"

/**
 * accel_schedule - reorder the nodes of a graph whose nodes have places
 * @segment: out: by node in the new order, of NPU nodes the number of their stream, of CPU nodes -1; g->num_nodes of them
 *
 * Streams follow each other as their numbers do. A graph without CPU nodes stays as it is. Return: 0 or -ENOMEM.
 */
int accel_schedule(struct accel_graph *g, int *segment);

#endif
