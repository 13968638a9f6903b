// SPDX-License-Identifier: MIT
/* From node order to steps: runs of NPU nodes become streams, CPU nodes steps of their own. */
#include "codegen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "lower.h"
#include "schedule.h"

#define PAGE 4096u

static bool on_npu(const struct accel_node *n)
{
	return n->place == ACCEL_PLACE_NPU;
}

static int host_home(struct accel_program *prog, int v)
{
	int64_t bytes;

	if (v < 0 || prog->host_off[v] != ACCEL_NO_HOST)
		return 0;
	bytes = accel_value_bytes(&prog->graph->values[v]);
	if (bytes < 0)
		return (int)bytes;
	prog->host_off[v] = prog->io_bytes;
	prog->io_bytes += ((uint64_t)bytes + PAGE - 1) / PAGE * PAGE;
	return 0;
}

/* Values that the host reads or writes, each on pages of its own behind the statistics. */
static int plan_host(struct accel_program *prog, uint32_t streams)
{
	struct accel_graph *g = prog->graph;
	int err = 0;

	prog->io_bytes = ((uint64_t)streams * ACCEL_STAT_BYTES + PAGE - 1) / PAGE * PAGE;
	for (int i = 0; i < g->num_inputs && !err; i++)
		err = host_home(prog, g->inputs[i]);
	for (int i = 0; i < g->num_outputs && !err; i++)
		err = host_home(prog, g->outputs[i]);
	for (int i = 0; i < g->num_nodes && !err; i++) {
		const struct accel_node *n = &g->nodes[i];

		if (on_npu(n))
			continue;
		for (int k = 0; k < n->num_in && !err; k++)
			if (n->in[k] >= 0 && !g->values[n->in[k]].data)
				err = host_home(prog, n->in[k]);
		for (int k = 0; k < n->num_out && !err; k++)
			err = host_home(prog, n->out[k]);
	}
	return err ? accel_error(-err, "compile: the program's tensors are too large") : 0;
}

static uint32_t count_streams(const struct accel_cg *cg)
{
	int last = -1;

	for (int i = 0; i < cg->g->num_nodes; i++)
		last = cg->segment[i] > last ? cg->segment[i] : last;
	return (uint32_t)(last + 1);
}

/* The later of the convolutions that Add @i reads and that can be emitted with it, or -1. */
static int conv_for(const struct accel_cg *cg, int i)
{
	const struct accel_graph *g = cg->g;
	const struct accel_node *n = &g->nodes[i];
	int best = -1;

	for (int k = 0; k < n->num_in; k++) {
		int p = n->in[k] >= 0 ? g->values[n->in[k]].producer : -1;

		if (p > best && g->nodes[p].op == ACCEL_OP_CONV && on_npu(&g->nodes[p]) &&
		    accel_conv_takes_sum(cg, &g->nodes[p], n))
			best = p;
	}
	return best;
}

static void plan_sums(struct accel_cg *cg)
{
	const struct accel_graph *g = cg->g;

	for (int i = 0; i < g->num_nodes; i++)
		cg->partner[i] = -1;
	for (int i = 0; i < g->num_nodes; i++) {
		int conv = on_npu(&g->nodes[i]) && g->nodes[i].op == ACCEL_OP_ADD ? conv_for(cg, i) : -1;

		if (conv < 0)
			continue;
		cg->partner[i] = conv;
		cg->partner[conv] = i;
	}
}

static void use(struct accel_cg *cg, int v, int node)
{
	struct accel_home *root = &cg->homes[cg->homes[v].root];

	if (root->last_use < node)
		root->last_use = node;
}

/* Whose storage each value has, and until which node it is needed. */
static void plan_lives(struct accel_cg *cg)
{
	const struct accel_graph *g = cg->g;

	for (int v = 0; v < g->num_values; v++) {
		cg->homes[v].root = v;
		cg->homes[v].last_use = -1;
	}
	accel_plan_concats(cg);
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];

		if (!on_npu(n))
			continue;
		for (int k = 0; k < n->num_in; k++)
			if (n->in[k] >= 0)
				use(cg, n->in[k], cg->partner[i] > i ? cg->partner[i] : i);
		if (!accel_lowering_of(n->op)->lower)
			cg->homes[n->out[0]].root = cg->homes[n->in[0]].root;
		for (int k = 0; k < n->num_out; k++)
			if (n->out[k] >= 0)
				use(cg, n->out[k], i);
	}
}

static void release_dead(struct accel_cg *cg, int node)
{
	for (int v = 0; v < cg->g->num_values; v++) {
		struct accel_home *h = &cg->homes[v];

		if (h->block && h->last_use <= node) {
			accel_arena_release(&cg->arena, h->t.addr.off);
			h->block = false;
		}
	}
}

/* Reshape and its like: the same storage, where it is kept in the same way. */
static int lower_alias(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_value *v = &cg->g->values[node->out[0]];
	struct accel_home *home = &cg->homes[node->out[0]];
	struct accel_tensor in;
	int err = accel_cg_input(cg, node->in[0], &in);

	if (err)
		return err;
	if (in.pitch || in.type != v->store || (accel_is_int8(in.type) && (in.scale != v->quant.scale ||
							       in.zero_point != v->quant.zero_point))) {
		struct accel_tensor out;

		/* Storage of its own after all; it lives as long as what it was to share. */
		home->last_use = cg->homes[home->root].last_use;
		err = accel_cg_output(cg, node->out[0], &out);
		return err ? err : accel_emit_convert(cg, &in, &out);
	}
	home->t = in;
	home->placed = true;
	return 0;
}

/* What the host needs of the node's results, if it is not where the host reads it. */
static int to_host(struct accel_cg *cg, const struct accel_node *node)
{
	for (int k = 0; k < node->num_out; k++) {
		int v = node->out[k], err;
		const struct accel_value *val;
		struct accel_tensor host, t;

		if (v < 0 || cg->prog->host_off[v] == ACCEL_NO_HOST)
			continue;
		val = &cg->g->values[v];
		t = cg->homes[v].t;
		host = (struct accel_tensor){
			.addr = { ACCEL_REGION_IO, cg->prog->host_off[v] }, .type = val->dtype,
			.scale = val->quant.scale, .zero_point = val->quant.zero_point, .elems = t.elems,
		};
		if (t.addr.region == host.addr.region && t.addr.off == host.addr.off)
			continue;
		err = accel_emit_convert(cg, &t, &host);
		if (err)
			return err;
	}
	return 0;
}

static int begin_stream(struct accel_cg *cg)
{
	struct accel_stream *s = accel_program_add_stream(cg->prog);

	if (!s)
		return accel_enomem("a command stream");
	accel_emit_begin(&cg->e, s, cg->m.spm_bytes, cg->m.acc_bytes);
	cg->open = true;
	cg->macs = 0;
	return 0;
}

static int end_stream(struct accel_cg *cg)
{
	if (!cg->open)
		return 0;
	cg->open = false;
	return accel_emit_end(&cg->e, (uint64_t)(cg->prog->num_streams - 1) * ACCEL_STAT_BYTES);
}

static int lower_node(struct accel_cg *cg, const struct accel_node *node)
{
	accel_lower_fn lower = accel_lowering_of(node->op)->lower;
	int partner = cg->partner[cg->node];

	if (partner >= 0)
		return accel_lower_conv_sum(cg, &cg->g->nodes[partner], node);
	return lower ? lower(cg, node) : lower_alias(cg, node);
}

/* The present step, the last one, waits for what the other side makes of the node's inputs. */
static void wait_for_inputs(struct accel_cg *cg, const struct accel_node *node)
{
	struct accel_step *step = &cg->prog->steps[cg->prog->num_steps - 1];

	cg->step_of[cg->node] = cg->prog->num_steps - 1;
	for (int k = 0; k < node->num_in; k++) {
		int p = node->in[k] < 0 ? -1 : cg->g->values[node->in[k]].producer;

		if (p >= 0 && on_npu(&cg->g->nodes[p]) != on_npu(node) && step->after < cg->step_of[p] + 1)
			step->after = cg->step_of[p] + 1;
	}
}

static int npu_node(struct accel_cg *cg, const struct accel_node *node)
{
	int err = 0;

	if (cg->open && cg->segment[cg->node] != cg->segment[cg->stream_node])
		err = end_stream(cg);
	if (!err && !cg->open)
		err = begin_stream(cg);
	if (err)
		return err;
	cg->stream_node = cg->node;
	wait_for_inputs(cg, node);
	/* It is emitted with the node that takes it up; nothing is lowered here. */
	if (cg->partner[cg->node] > cg->node)
		return 0;
	cg->e.node = (uint16_t)(cg->node < 0xffff ? cg->node : 0xffff);
	if (cg->macs > MARK_MACS) {
		accel_emit_mark(&cg->e);
		cg->macs = 0;
	}
	err = lower_node(cg, node);
	if (!err)
		err = to_host(cg, node);
	if (err == -ENOSPC || err == -E2BIG || err == -ENOMEM)
		return accel_node_error(-err, node, err == -E2BIG ? "the command stream grew too long" :
					err == -ENOMEM ? "out of memory" : "it does not fit the scratchpad");
	release_dead(cg, cg->node);
	cg->kept = cg->keep;
	cg->keep.value = -1;
	cg->e.keep_lo = cg->kept.value >= 0 && !cg->kept.top ? cg->kept.bytes : 0;
	cg->e.keep_hi = cg->kept.value >= 0 && cg->kept.top ? cg->kept.bytes : 0;
	return err;
}

static int cpu_node(struct accel_cg *cg, const struct accel_node *node)
{
	int err = end_stream(cg);

	if (!err)
		err = accel_program_add_step(cg->prog, ACCEL_STEP_CPU, (uint32_t)cg->node);
	if (!err)
		wait_for_inputs(cg, node);
	return err;
}

static int alloc(struct accel_cg *cg)
{
	size_t nodes = (size_t)cg->g->num_nodes + 1;

	cg->homes = calloc((size_t)cg->g->num_values + 1, sizeof(*cg->homes));
	cg->partner = calloc(nodes, sizeof(*cg->partner));
	cg->segment = calloc(nodes, sizeof(*cg->segment));
	cg->step_of = calloc(nodes, sizeof(*cg->step_of));
	cg->sparse = calloc(nodes, sizeof(*cg->sparse));
	return cg->homes && cg->partner && cg->segment && cg->step_of && cg->sparse ? 0 : accel_enomem("code generation");
}

static void release(struct accel_cg *cg)
{
	free(cg->arena.blocks);
	free(cg->sparse);
	free(cg->step_of);
	free(cg->segment);
	free(cg->partner);
	free(cg->homes);
}

static int emit_nodes(struct accel_cg *cg)
{
	int err = 0;

	cg->kept.value = cg->keep.value = -1;
	plan_sums(cg);
	plan_lives(cg);
	for (cg->node = 0; cg->node < cg->g->num_nodes && !err; cg->node++) {
		const struct accel_node *n = &cg->g->nodes[cg->node];

		err = on_npu(n) ? npu_node(cg, n) : cpu_node(cg, n);
	}
	if (!err)
		return end_stream(cg);
	accel_emit_abandon(&cg->e);
	return err;
}

/* What code generation makes but for constants: taken from the program, or given to it. */
struct made {
	struct accel_stream *streams;
	struct accel_step *steps;
	uint8_t *plans;
	uint32_t num_streams, num_steps;
	uint64_t const_bytes, arena_bytes, arena_bound;
};

/* NULL for want of memory: then they are shown as they were last. */
static uint8_t *copy_plans(const struct accel_program *p)
{
	uint8_t *copy = malloc((size_t)p->graph->num_nodes + 1);

	return copy ? memcpy(copy, p->plans, (size_t)p->graph->num_nodes) : NULL;
}

static struct made take(struct accel_cg *cg)
{
	struct accel_program *p = cg->prog;
	const struct made made = { p->streams, p->steps, copy_plans(p), p->num_streams, p->num_steps, p->const_bytes, cg->arena.high,
				   cg->arena.bound };

	p->streams = NULL;
	p->steps = NULL;
	p->num_streams = p->num_steps = 0;
	p->const_bytes = 0;
	free(cg->arena.blocks);
	cg->arena = (struct accel_arena){ 0 };
	return made;
}

static void give(struct accel_program *p, const struct made *made)
{
	p->streams = made->streams;
	p->steps = made->steps;
	p->num_streams = made->num_streams;
	p->num_steps = made->num_steps;
	p->const_bytes = made->const_bytes;
	p->arena_bytes = made->arena_bytes;
	p->arena_bound = made->arena_bound;
	if (made->plans)
		memcpy(p->plans, made->plans, (size_t)p->graph->num_nodes);
	free(made->plans);
}

static void discard(struct made *made)
{
	for (uint32_t i = 0; i < made->num_streams; i++) {
		free(made->streams[i].data);
		free(made->streams[i].relocs);
	}
	free(made->streams);
	free(made->steps);
	free(made->plans);
}

static double cycles(const struct made *made, const struct accel_machine *m)
{
	double sum = 0;

	for (uint32_t i = 0; i < made->num_streams; i++)
		sum += accel_model_cycles(&made->streams[i], m);
	return sum;
}

/* All of it again, with values that stay in the scratchpad. Return: whether anything came of that; *@made: it */
static bool emit_keeping(struct accel_cg *cg, struct made *made)
{
	int err;

	memset(cg->homes, 0, (size_t)cg->g->num_values * sizeof(*cg->homes));
	cg->open = false;
	cg->keeping = true;
	err = emit_nodes(cg);
	*made = take(cg);
	return !err && cg->prog->kept_values;
}

int accel_codegen(struct accel_program *prog, const struct accel_machine *m, bool exact)
{
	struct accel_graph *g = prog->graph;
	struct accel_cg cg = { .g = g, .prog = prog, .m = *m, .exact = exact };
	struct made plain = { 0 }, keeping = { 0 };
	int err = alloc(&cg);

	if (!err)
		err = accel_schedule(g, cg.segment);
	if (!err)
		err = plan_host(prog, count_streams(&cg));
	if (!err)
		err = emit_nodes(&cg);
	plain = take(&cg);
	/* One layer's gain may be another's loss: what counts is the whole, and then traffic. */
	if (!err && plain.num_streams && emit_keeping(&cg, &keeping) && cycles(&keeping, m) <= cycles(&plain, m)) {
		discard(&plain);
		give(prog, &keeping);
	} else {
		discard(&keeping);
		give(prog, &plain);
		prog->kept_values = 0;
		prog->kept_bytes = 0;
	}
	release(&cg);
	return err;
}
