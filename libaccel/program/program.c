// SPDX-License-Identifier: MIT
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"

const char *accel_region_name(enum accel_region region)
{
	static const char *const name[ACCEL_NUM_REGIONS] = { "const", "arena", "io" };

	return region < ACCEL_NUM_REGIONS ? name[region] : "?";
}

struct accel_program *accel_program_alloc(struct accel_graph *graph)
{
	struct accel_program *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->host_off = malloc(((size_t)graph->num_values + 1) * sizeof(*p->host_off));
	p->plans = calloc((size_t)graph->num_nodes + 1, sizeof(*p->plans));
	if (!p->host_off || !p->plans) {
		free(p->host_off);
		free(p->plans);
		free(p);
		return NULL;
	}
	for (int i = 0; i < graph->num_values; i++)
		p->host_off[i] = ACCEL_NO_HOST;
	atomic_init(&p->refs, 1);
	p->graph = graph;
	return p;
}

int accel_program_add_step(struct accel_program *prog, enum accel_step_kind kind, uint32_t index)
{
	struct accel_step *s = reallocarray(prog->steps, (size_t)prog->num_steps + 1, sizeof(*s));

	if (!s)
		return accel_enomem("the program");
	prog->steps = s;
	s[prog->num_steps++] = (struct accel_step){ kind, index, 0 };
	return 0;
}

struct accel_stream *accel_program_add_stream(struct accel_program *prog)
{
	struct accel_stream *s = reallocarray(prog->streams, (size_t)prog->num_streams + 1, sizeof(*s));

	if (!s)
		return NULL;
	prog->streams = s;
	memset(&s[prog->num_streams], 0, sizeof(*s));
	if (accel_program_add_step(prog, ACCEL_STEP_NPU, prog->num_streams))
		return NULL;
	return &s[prog->num_streams++];
}

struct accel_program *accel_program_ref(struct accel_program *prog)
{
	atomic_fetch_add(&prog->refs, 1);
	return prog;
}

void accel_program_unref(struct accel_program *prog)
{
	if (!prog || atomic_fetch_sub(&prog->refs, 1) != 1)
		return;
	for (uint32_t i = 0; i < prog->num_streams; i++) {
		free(prog->streams[i].data);
		free(prog->streams[i].relocs);
	}
	free(prog->streams);
	free(prog->steps);
	free(prog->consts);
	free(prog->host_off);
	free(prog->plans);
	accel_graph_unref(prog->graph);
	free(prog);
}

int accel_program_num_inputs(const struct accel_program *p)
{
	return p->graph->num_inputs;
}

int accel_program_num_outputs(const struct accel_program *p)
{
	return p->graph->num_outputs;
}

int accel_program_input_info(const struct accel_program *p, int i, struct accel_tensor_info *info)
{
	return accel_graph_input_info(p->graph, i, info);
}

int accel_program_output_info(const struct accel_program *p, int i, struct accel_tensor_info *info)
{
	return accel_graph_output_info(p->graph, i, info);
}

int accel_program_num_nodes(const struct accel_program *p)
{
	return p->graph->num_nodes;
}

int accel_program_node_info(const struct accel_program *p, int i, struct accel_node_info *info)
{
	const struct accel_node *n;

	if (i < 0 || i >= p->graph->num_nodes)
		return accel_error(EINVAL, "node info: there is no node %d; the program has %d", i,
				   p->graph->num_nodes);
	n = &p->graph->nodes[i];
	info->name = n->name;
	info->op = accel_op_name(n->op);
	info->on_npu = n->place == ACCEL_PLACE_NPU;
	info->reason = n->reason ? n->reason : "";
	info->plan = p->plans[i];
	return 0;
}
