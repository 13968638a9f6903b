// SPDX-License-Identifier: MIT
/*
 * The order of nodes where some run on the CPU: what a CPU node needs of the NPU comes first and ends a stream; what does not
 * wait for the CPU node is the next stream, which so runs beside it.
 */
#include "schedule.h"

#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"

struct schedule {
	const struct accel_graph *g;
	bool *done;		/* by node: has its place */
	bool *blocked;		/* by node: waits for a CPU node that is not done */
	bool *wanted;		/* by node: to be put next */
	int *order, *segment;	/* by place: node, and of NPU nodes which stream */
	int num, segments;
};

static bool on_cpu(const struct schedule *s, int node)
{
	return s->g->nodes[node].place != ACCEL_PLACE_NPU;
}

static int producer(const struct schedule *s, int node, int k)
{
	int v = s->g->nodes[node].in[k];

	return v < 0 ? -1 : s->g->values[v].producer;
}

static void put(struct schedule *s, int node)
{
	s->segment[s->num] = on_cpu(s, node) ? -1 : s->segments;
	s->order[s->num++] = node;
	s->done[node] = true;
}

/* Nodes behind CPU nodes that are not done, at any distance. */
static void find_blocked(struct schedule *s)
{
	for (int i = 0; i < s->g->num_nodes; i++) {
		s->blocked[i] = false;
		for (int k = 0; k < s->g->nodes[i].num_in && !s->done[i]; k++) {
			int p = producer(s, i, k);

			if (p >= 0 && !s->done[p] && (on_cpu(s, p) || s->blocked[p]))
				s->blocked[i] = true;
		}
	}
}

/* The first CPU node that waits for the NPU at most, and is not @but; -1 none. */
static int next_cpu(const struct schedule *s, const bool *but)
{
	for (int i = 0; i < s->g->num_nodes; i++)
		if (!s->done[i] && on_cpu(s, i) && !s->blocked[i] && !(but && but[i]))
			return i;
	return -1;
}

/* A stream of the NPU nodes that CPU node @node waits for; with -1, of all that wait for no CPU node. */
static void put_stream(struct schedule *s, int node)
{
	int before = s->num;

	for (int i = s->g->num_nodes - 1; i >= 0; i--)
		s->wanted[i] = node < 0 ? !on_cpu(s, i) && !s->blocked[i] : i == node;
	for (int i = node; i >= 0; i--)
		for (int k = 0; k < s->g->nodes[i].num_in && s->wanted[i]; k++)
			if (producer(s, i, k) >= 0)
				s->wanted[producer(s, i, k)] = true;
	for (int i = 0; i < s->g->num_nodes; i++)
		if (s->wanted[i] && !s->done[i] && !on_cpu(s, i))
			put(s, i);
	s->segments += s->num > before;
}

/* CPU nodes that are ready, and those that wait for nothing but them, into @group. */
static void find_group(struct schedule *s, bool *group)
{
	for (int i = 0; i < s->g->num_nodes; i++) {
		group[i] = !s->done[i] && on_cpu(s, i);
		for (int k = 0; k < s->g->nodes[i].num_in && group[i]; k++) {
			int p = producer(s, i, k);

			group[i] = p < 0 || s->done[p] || group[p];
		}
	}
}

static void order_all(struct schedule *s, bool *group)
{
	for (int cpu; find_blocked(s), (cpu = next_cpu(s, NULL)) >= 0;) {
		put_stream(s, cpu);
		find_group(s, group);
		find_blocked(s);
		put_stream(s, next_cpu(s, group));
		for (int i = 0; i < s->g->num_nodes; i++)
			if (group[i])
				put(s, i);
	}
	put_stream(s, -1);
}

/* Nodes of @g in the order found. */
static int reorder(struct accel_graph *g, const int *order)
{
	struct accel_node *nodes = malloc(((size_t)g->num_nodes + 1) * sizeof(*nodes));

	if (!nodes)
		return accel_enomem("the order of nodes");
	for (int i = 0; i < g->num_nodes; i++)
		nodes[i] = g->nodes[order[i]];
	memcpy(g->nodes, nodes, (size_t)g->num_nodes * sizeof(*nodes));
	free(nodes);
	for (int i = 0; i < g->num_nodes; i++)
		for (int k = 0; k < g->nodes[i].num_out; k++)
			if (g->nodes[i].out[k] >= 0)
				g->values[g->nodes[i].out[k]].producer = i;
	return 0;
}

int accel_schedule(struct accel_graph *g, int *segment)
{
	size_t n = (size_t)g->num_nodes + 1;
	bool *flags = calloc(n, 4 * sizeof(*flags));
	struct schedule s = { .g = g, .done = flags, .blocked = flags + n, .wanted = flags + 2 * n, .segment = segment };
	int err;

	s.order = calloc(n, sizeof(*s.order));
	if (flags && s.order) {
		order_all(&s, flags + 3 * n);
		err = reorder(g, s.order);
	} else {
		err = accel_enomem("the order of nodes");
	}
	free(flags);
	free(s.order);
	return err;
}
