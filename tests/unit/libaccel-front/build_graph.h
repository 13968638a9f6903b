/* SPDX-License-Identifier: MIT */
/* Small graphs for tests of passes: made in a few words, run before and after on the same random inputs. */
#ifndef TEST_BUILD_GRAPH_H
#define TEST_BUILD_GRAPH_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/graph/build.h"
#include "libaccel/passes/passes.h"

#define NONE	ACCEL_VALUE_NONE
#define MAX_IO	4

static struct accel_graph *g;
static float *before[MAX_IO];
static uint32_t seed = 7;

static inline float random_in(float lo, float hi)
{
	seed = seed * 1664525 + 1013904223;
	return lo + (hi - lo) * (float)(seed >> 8) / 0x1p24f;
}

static int fresh(void **state)
{
	return accel_graph_new(&g);
}

static int drop(void **state)
{
	accel_graph_unref(g);
	for (int i = 0; i < MAX_IO; i++) {
		free(before[i]);
		before[i] = NULL;
	}
	return 0;
}

static inline int input(const char *name, int rank, const int64_t *dims)
{
	int v = accel_graph_input(g, name, ACCEL_F32, rank, dims);

	assert_true(v >= 0);
	return v;
}

static inline int constant(int rank, const int64_t *dims, const float *data)
{
	int v = accel_graph_constant(g, NULL, ACCEL_F32, rank, dims, data);

	assert_true(v >= 0);
	return v;
}

static inline int random_constant(int rank, const int64_t *dims, float lo, float hi)
{
	int v = constant(rank, dims, (float[4096]){ 0 });

	for (int64_t i = 0; i < accel_value_elems(&g->values[v]); i++)
		((float *)g->values[v].data)[i] = random_in(lo, hi);
	return v;
}

/* The output's value of an operator with up to three inputs. */
static inline int op(const char *name, int a, int b, int c, const struct accel_attr *attrs)
{
	int v = accel_graph_op(g, name, NULL, (int[]){ a, b, c }, c >= 0 ? 3 : b >= 0 ? 2 : 1, attrs);

	if (v < 0)
		fail_msg("%s", accel_errmsg());
	return v;
}

/* Output number i is called "yi". */
static inline void output(int value)
{
	char name[16];

	snprintf(name, sizeof(name), "y%d", g->num_outputs);
	assert_int_equal(accel_graph_output(g, value, name), 0);
}

static inline void run_graph(unsigned int flags, float **outputs)
{
	void *inputs[MAX_IO];
	struct accel_cpu *cpu;
	uint32_t kept = seed;

	seed = 99;
	for (int i = 0; i < g->num_inputs; i++) {
		int64_t n = accel_value_elems(&g->values[g->inputs[i]]);

		inputs[i] = malloc((size_t)n * sizeof(float));
		for (int64_t k = 0; k < n; k++)
			((float *)inputs[i])[k] = random_in(-1, 1);
	}
	seed = kept;
	for (int i = 0; i < g->num_outputs; i++)
		outputs[i] = malloc((size_t)accel_value_bytes(&g->values[g->outputs[i]]));
	assert_int_equal(accel_cpu_new(g, flags, &cpu), 0);
	if (accel_cpu_run(cpu, (const void *const *)inputs, (void *const *)outputs))
		fail_msg("%s", accel_errmsg());
	accel_cpu_free(cpu);
	for (int i = 0; i < g->num_inputs; i++)
		free(inputs[i]);
}

static inline void run_before(void)
{
	run_graph(0, before);
}

/* Runs again and compares with the run before, within @tolerance of the value or of 1. */
static inline void run_after_stored(unsigned int flags, float tolerance)
{
	float *after[MAX_IO];

	run_graph(flags, after);
	for (int i = 0; i < g->num_outputs; i++) {
		int64_t n = accel_value_elems(&g->values[g->outputs[i]]);

		for (int64_t k = 0; k < n; k++)
			if (!(fabsf(after[i][k] - before[i][k]) <= tolerance * fmaxf(1, fabsf(before[i][k]))))
				fail_msg("output %d, element %lld: %.9g, before it was %.9g", i, (long long)k,
					 (double)after[i][k], (double)before[i][k]);
		free(after[i]);
	}
}

static inline void run_after(float tolerance)
{
	run_after_stored(0, tolerance);
}

/* The graph's nodes are these, in order. */
static inline void assert_ops(int count, ...)
{
	va_list ap;

	va_start(ap, count);
	for (int i = 0; i < count && i < g->num_nodes; i++)
		assert_string_equal(accel_op_name(g->nodes[i].op), accel_op_name(va_arg(ap, enum accel_op)));
	va_end(ap);
	assert_int_equal(g->num_nodes, count);
}

#endif
