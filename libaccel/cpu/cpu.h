/* SPDX-License-Identifier: MIT */
/* Evaluation of graphs on the CPU. What a kernel here computes is what its operator means. */
#ifndef ACCEL_CPU_CPU_H
#define ACCEL_CPU_CPU_H

#include "libaccel/graph/graph.h"

#define ACCEL_CPU_STORE	0x1	/* values go through their store type, as on the NPU */

struct accel_cpu;

/**
 * accel_cpu_new - prepare @g for evaluation
 * @g: with known shapes; must outlive the object
 * @flags: ACCEL_CPU_*
 */
int accel_cpu_new(const struct accel_graph *g, unsigned int flags, struct accel_cpu **out);
void accel_cpu_free(struct accel_cpu *cpu);

/**
 * accel_cpu_observe - have every f32 value that is not constant looked at, as it was computed
 * @seen: called for the inputs, then for each node's output; before it goes through its store type
 */
void accel_cpu_observe(struct accel_cpu *cpu, void (*seen)(void *ctx, int value, const float *data, int64_t elems),
		       void *ctx);

/**
 * accel_cpu_run - evaluate once
 * @inputs: contents of the graph's inputs in their dtype, row-major
 * @outputs: filled likewise
 *
 * Return: 0; -EOPNOTSUPP an operator or type without a kernel; -ENOMEM.
 */
int accel_cpu_run(struct accel_cpu *cpu, const void *const *inputs, void *const *outputs);

#endif
