/* SPDX-License-Identifier: MIT */
/* The graph and the order of steps as bytes: section .loom.graph. */
#ifndef ACCEL_PROGRAM_GRAPH_BYTES_H
#define ACCEL_PROGRAM_GRAPH_BYTES_H

#include "bytes.h"
#include "program.h"

/** accel_put_program - graph, steps and places of host values; constants only where CPU nodes or outputs need them */
void accel_put_program(struct accel_writer *w, const struct accel_program *prog);

/**
 * accel_take_graph - the graph; every index, type, dim and attribute is checked
 * Return: 0; -EBADMSG; -ENOMEM
 */
int accel_take_graph(struct accel_reader *r, struct accel_graph **out);
/** accel_take_steps - what follows the graph, checked against @prog's graph, streams and memories */
int accel_take_steps(struct accel_reader *r, struct accel_program *prog);

#endif
