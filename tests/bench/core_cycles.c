/* SPDX-License-Identifier: MIT */
/*
 * Cycles: SCALE-Sim's networks by its own formula, and ResNet50 layer by layer as the compiler lays it out for this
 * machine, DRAM and vector unit included. Each figure is exact, on any host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <accel/accel.h>
#include <libaccel/program/program.h>
#include <loom/isa_table.h>
#include <loom/regs.h>
#include <qemu-device/core/cycles.h>

#include "core_bench.h"
#include "../unit/core-exec/topology.h"

#define STREAM_VA	(128u << 20)	/* behind all that a layer has */

static void must(int result)
{
	if (result < 0)
		bench_exit(accel_errmsg());
}

static float *noise(size_t n)
{
	float *v = malloc(n * sizeof(*v));
	uint32_t seed = 1;

	if (!v)
		bench_exit("out of memory");
	for (size_t i = 0; i < n; i++)
		v[i] = (float)((int32_t)(seed = seed * 1664525 + 1013904223) >> 16) / 32768;
	return v;
}

/* A layer that changes nothing: what its neighbour passes on to it, or has from it, is as between layers of a network. */
static int neighbour(struct accel_graph *g, int value)
{
	static const int64_t one[] = { 1, 1 };
	const struct accel_attr attrs[] = { { .name = "kernel_shape", .ints = one, .count = 2 }, { 0 } };

	must(value = accel_graph_op(g, "AveragePool", NULL, &value, 1, attrs));
	return value;
}

/* The number of the node called @name, which descriptors carry. */
static unsigned int node_number(const struct accel_program *prog, const char *name)
{
	struct accel_node_info info;

	for (int i = 0; i < accel_program_num_nodes(prog); i++)
		if (!accel_program_node_info(prog, i, &info) && !strcmp(info.name, name))
			return (unsigned int)i;
	bench_exit("no such node");
}

/* A wait for as much as the descriptors left out before have signalled is none. */
static void rebase(struct loom_desc *d, const uint32_t *signalled)
{
	for (int i = 0; i < 2; i++) {
		uint32_t given = d->wait_sem[i] == LOOM_SEM_NONE ? 0 : signalled[d->wait_sem[i]];

		if (d->wait_value[i] > given) {
			d->wait_value[i] -= given;
		} else {
			d->wait_value[i] = 0;
			d->wait_sem[i] = LOOM_SEM_NONE;
		}
	}
}

/* Cycles of one node in a network: its descriptors alone, which begin and end in DRAM. */
static uint64_t node_cycles(const struct accel_program *prog, const char *name, const struct loom_geometry *geo)
{
	const struct accel_stream *from = &prog->streams[0];
	const unsigned int node = node_number(prog, name);
	struct loom_nop end = { .d = desc_head(LOOM_OP_END) };
	uint32_t signalled[LOOM_NUM_SEMS] = { 0 }, slots = 0;
	struct memory m = { .bytes = 256u << 20 };
	struct loom_exec_result res;
	struct loom_core *core;

	/* Addresses are offsets into one of three regions: only their order of size matters here. */
	m.base = calloc(1, m.bytes);
	if (!m.base || loom_core_new(geo, &core))
		bench_exit("out of memory");
	for (uint32_t at = 0; at < from->slots;) {
		struct loom_desc *d = (struct loom_desc *)(from->data + (size_t)at * LOOM_SLOT_BYTES);
		const struct loom_op_info *op = loom_op_find(d->op);

		if (d->node == node && op->engine != LOOM_ENGINE_CTRL) {
			uint8_t *to = m.base + STREAM_VA + (size_t)slots * LOOM_SLOT_BYTES;

			memcpy(to, d, (size_t)op->slots * LOOM_SLOT_BYTES);
			rebase((struct loom_desc *)to, signalled);
			slots += op->slots;
		} else {
			for (int i = 0; i < 2; i++)
				if (d->signal_sem[i] != LOOM_SEM_NONE)
					signalled[d->signal_sem[i]]++;
		}
		at += op->slots;
	}
	memcpy(m.base + STREAM_VA + (size_t)slots * LOOM_SLOT_BYTES, &end, sizeof(end));
	res = run_stream(core, &m, STREAM_VA, slots + 1);
	loom_core_free(core);
	free(m.base);
	return res.cycles;
}

/* A convolution of int8 to int8 that has as many outputs as the table says, compiled for @dev: its cycles. */
static uint64_t compiled_cycles(struct accel_device *dev, const struct loom_geometry *geo, const struct topology_layer *l)
{
	const int64_t side = (int64_t)(topology_out(l) - 1) * l->stride + l->kernel, stride[] = { l->stride, l->stride };
	const int64_t in[] = { 1, l->ic, side, side }, w[] = { l->oc, l->ic, l->kernel, l->kernel };
	const struct accel_attr attrs[] = { { .name = "strides", .ints = stride, .count = 2 }, { 0 } };
	float *x = noise((size_t)(l->ic * side * side)), *weights = noise((size_t)l->oc * l->ic * l->kernel * l->kernel);
	struct accel_compile_options options = {
		.size = sizeof(options), .precision = ACCEL_PREC_INT8, .batch = 1, .calib_data = x, .calib_count = 1,
	};
	struct accel_program *prog;
	struct accel_graph *g;
	uint64_t cycles;
	int v[2];

	must(accel_graph_new(&g));
	must(v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in));
	must(v[1] = accel_graph_constant(g, "w", ACCEL_F32, 4, w, weights));
	v[0] = neighbour(g, v[0]);
	must(v[0] = accel_graph_op(g, "Conv", "conv", v, 2, attrs));
	v[0] = neighbour(g, v[0]);
	must(accel_graph_output(g, v[0], "y"));
	must(accel_compile(g, dev, &options, &prog));
	cycles = node_cycles(prog, "conv", geo);
	accel_program_unref(prog);
	accel_graph_unref(g);
	free(weights);
	free(x);
	return cycles;
}

/* ResNet50 on an array of @r x @r, with @spm MiB of scratchpad. */
static void bench_compiled(const char *name, unsigned int r, unsigned int spm)
{
	const struct topology *t = &topologies[2];
	struct loom_geometry geo = { r, 1, spm << 20, r / 32 * r / 32 * (256u << 10), 2 * r, 1000000, 1 };
	struct accel_device *dev;
	uint64_t sum = 0;
	char spec[128];

	snprintf(spec, sizeof(spec), "sim:array=%u,spm=%u,acc=%u,bpc=%u", r, geo.spm_bytes, geo.acc_bytes, geo.dram_bpc);
	must(accel_open(spec, &dev));
	for (size_t i = 0; i < t->num_layers; i++) {
		uint64_t cycles = compiled_cycles(dev, &geo, &t->layer[i]);

		fprintf(stderr, "%s: layer %zu, %u times: %llu cycles, array alone %llu\n", name, i, t->layer[i].times,
			(unsigned long long)cycles,
			(unsigned long long)topology_layer_cycles(&t->layer[i], r, loom_mxu_native));
		sum += t->layer[i].times * cycles;
	}
	accel_close(dev);
	figure(name, (double)sum, "cycles", "lower", "the array alone, never waiting for DRAM",
	       (double)topology_cycles(t, r, loom_mxu_native));
}

void bench_cycles(void)
{
	static const unsigned int dims[2] = { 32, 128 };
	char name[64];

	for (int n = 0; n < NUM_TOPOLOGIES; n++)
		for (int d = 0; d < 2; d++) {
			snprintf(name, sizeof(name), "core.cycles.scalesim.%s.%u", topologies[n].name, dims[d]);
			if (wanted(name))
				figure(name, (double)topology_cycles(&topologies[n], dims[d], loom_mxu_scalesim), "cycles",
				       "lower", "SCALE-Sim, published", (double)topologies[n].cycles[d]);
		}
	if (wanted("core.cycles.native.resnet50.32"))
		bench_compiled("core.cycles.native.resnet50.32", 32, 1);
	if (wanted("core.cycles.native.resnet50.128"))
		bench_compiled("core.cycles.native.resnet50.128", 128, 8);
}
