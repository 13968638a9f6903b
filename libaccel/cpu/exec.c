// SPDX-License-Identifier: MIT
/* A whole graph on the CPU, node after node; a value's memory lives from its node to its last use. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/cpu/kernels.h"
#include "libaccel/error.h"
#include "libaccel/graph/build.h"

#define CACHE_LINE	64

struct accel_cpu {
	const struct accel_graph *g;
	unsigned int flags;
	void **data;		/* by value: contents during a run */
	bool *kept;		/* by value: @data belongs to a constant's stored form */
	int *last_use;		/* by value: node index; num_nodes for outputs */
	void (*seen)(void *ctx, int value, const float *data, int64_t elems);
	void *ctx;
};

static bool stored_differently(const struct accel_cpu *cpu, int v)
{
	const struct accel_value *value = &cpu->g->values[v];

	return (cpu->flags & ACCEL_CPU_STORE) && value->dtype == ACCEL_F32 && value->store != ACCEL_NONE &&
	       value->store != ACCEL_F32;
}

/* A copy of the f32 contents of value @v as it comes back from its store type. */
static void *stored_copy(const struct accel_cpu *cpu, int v, const void *data)
{
	const struct accel_value *value = &cpu->g->values[v];
	int64_t bytes = accel_value_bytes(value);
	void *copy = malloc(bytes ? (size_t)bytes : 1);

	if (!copy)
		return NULL;
	memcpy(copy, data, (size_t)bytes);
	accel_cpu_quantise(value, copy, accel_value_elems(value));
	return copy;
}

static void find_last_uses(struct accel_cpu *cpu)
{
	const struct accel_graph *g = cpu->g;

	for (int v = 0; v < g->num_values; v++)
		cpu->last_use[v] = g->values[v].producer;
	for (int i = 0; i < g->num_nodes; i++)
		for (int k = 0; k < g->nodes[i].num_in; k++)
			if (g->nodes[i].in[k] >= 0)
				cpu->last_use[g->nodes[i].in[k]] = i;
	for (int i = 0; i < g->num_outputs; i++)
		cpu->last_use[g->outputs[i]] = g->num_nodes;
}

static int prepare_values(struct accel_cpu *cpu)
{
	const struct accel_graph *g = cpu->g;

	for (int v = 0; v < g->num_values; v++) {
		const struct accel_value *value = &g->values[v];

		if (accel_value_bytes(value) < 0)
			return accel_error(EINVAL, "value '%s': its shape is not known yet", value->name);
		if (!value->data)
			continue;
		cpu->data[v] = value->data;
		if (!stored_differently(cpu, v))
			continue;
		cpu->data[v] = stored_copy(cpu, v, value->data);
		if (!cpu->data[v])
			return accel_enomem(value->name);
		cpu->kept[v] = true;
	}
	return 0;
}

int accel_cpu_new(const struct accel_graph *g, unsigned int flags, struct accel_cpu **out)
{
	size_t n = (size_t)g->num_values + 1;
	struct accel_cpu *cpu = calloc(1, sizeof(*cpu));
	int ret;

	if (!cpu)
		return accel_enomem("CPU executor");
	cpu->g = g;
	cpu->flags = flags;
	cpu->data = calloc(n, sizeof(*cpu->data));
	cpu->kept = calloc(n, sizeof(*cpu->kept));
	cpu->last_use = calloc(n, sizeof(*cpu->last_use));
	ret = cpu->data && cpu->kept && cpu->last_use ? prepare_values(cpu) : accel_enomem("CPU executor");
	if (ret) {
		accel_cpu_free(cpu);
		return ret;
	}
	find_last_uses(cpu);
	*out = cpu;
	return 0;
}

void accel_cpu_free(struct accel_cpu *cpu)
{
	if (!cpu)
		return;
	for (int v = 0; cpu->data && cpu->kept && v < cpu->g->num_values; v++)
		if (cpu->kept[v])
			free(cpu->data[v]);
	free(cpu->data);
	free(cpu->kept);
	free(cpu->last_use);
	free(cpu);
}

void accel_cpu_observe(struct accel_cpu *cpu, void (*seen)(void *ctx, int value, const float *data, int64_t elems),
		       void *ctx)
{
	cpu->seen = seen;
	cpu->ctx = ctx;
}

static void observe(const struct accel_cpu *cpu, int v)
{
	const struct accel_value *value = &cpu->g->values[v];

	if (cpu->seen && value->dtype == ACCEL_F32)
		cpu->seen(cpu->ctx, v, cpu->data[v], accel_value_elems(value));
}

/* The memory of a run: what is neither a constant's nor an input's own. */
static void release(struct accel_cpu *cpu, int v)
{
	const struct accel_value *value = &cpu->g->values[v];

	if (value->data || !cpu->data[v])
		return;
	if (value->producer >= 0 || stored_differently(cpu, v))
		free(cpu->data[v]);
	cpu->data[v] = NULL;
}

static int take_input(struct accel_cpu *cpu, int v, const void *data)
{
	cpu->data[v] = (void *)data;	/* only read: no node makes this value */
	observe(cpu, v);
	if (!stored_differently(cpu, v))
		return 0;
	cpu->data[v] = stored_copy(cpu, v, data);
	return cpu->data[v] ? 0 : accel_enomem(cpu->g->values[v].name);
}

void *accel_cpu_alloc(int64_t bytes)
{
	return aligned_alloc(CACHE_LINE, ((size_t)bytes / CACHE_LINE + 1) * CACHE_LINE);
}

static int make_room(struct accel_cpu *cpu, const struct accel_node *n)
{
	for (int k = 0; k < n->num_out; k++) {
		int64_t bytes = accel_value_bytes(&cpu->g->values[n->out[k]]);

		cpu->data[n->out[k]] = accel_cpu_alloc(bytes);
		if (!cpu->data[n->out[k]])
			return accel_enomem(cpu->g->values[n->out[k]].name);
	}
	return 0;
}

static int run_node(struct accel_cpu *cpu, int index)
{
	const struct accel_node *n = &cpu->g->nodes[index];
	int ret = make_room(cpu, n);

	if (!ret)
		ret = accel_cpu_node(cpu->g, n, cpu->data);
	if (ret)
		return ret;
	for (int k = 0; k < n->num_out; k++) {
		const struct accel_value *out = &cpu->g->values[n->out[k]];

		observe(cpu, n->out[k]);
		if (stored_differently(cpu, n->out[k]))
			accel_cpu_quantise(out, cpu->data[n->out[k]], accel_value_elems(out));
	}
	for (int k = 0; k < n->num_in; k++)
		if (n->in[k] >= 0 && cpu->last_use[n->in[k]] == index)
			release(cpu, n->in[k]);
	for (int k = 0; k < n->num_out; k++)
		if (cpu->last_use[n->out[k]] == index)
			release(cpu, n->out[k]);
	return 0;
}

int accel_cpu_run(struct accel_cpu *cpu, const void *const *inputs, void *const *outputs)
{
	const struct accel_graph *g = cpu->g;
	int ret = 0;

	for (int i = 0; i < g->num_inputs && !ret; i++)
		ret = take_input(cpu, g->inputs[i], inputs[i]);
	for (int i = 0; i < g->num_nodes && !ret; i++)
		ret = run_node(cpu, i);
	for (int i = 0; i < g->num_outputs && !ret; i++)
		memcpy(outputs[i], cpu->data[g->outputs[i]], (size_t)accel_value_bytes(&g->values[g->outputs[i]]));
	for (int v = 0; v < g->num_values; v++)
		release(cpu, v);
	return ret;
}
