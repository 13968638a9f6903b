/* SPDX-License-Identifier: MIT */
/* SCALE-Sim's public topology tables, as layers of square inputs without padding, and what it published of them. */
#ifndef LOOM_TESTS_TOPOLOGY_H
#define LOOM_TESTS_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

/* A layer, and how many of the network are equal to it. */
struct topology_layer {
	uint32_t side, kernel, ic, oc, stride, times;
};

/* A network, and its compute cycles on arrays of 32 x 32 and 128 x 128, weight stationary. */
struct topology {
	const char *name;
	const struct topology_layer *layer;
	size_t num_layers;
	uint64_t cycles[2];
};

static const struct topology_layer topology_alexnet[] = {
	{ 224, 11, 3, 96, 4, 1 }, { 27, 5, 96, 256, 1, 1 }, { 13, 3, 256, 384, 1, 1 }, { 13, 3, 384, 384, 1, 1 },
	{ 13, 3, 384, 256, 1, 1 },
};

static const struct topology_layer topology_resnet18[] = {
	{ 224, 7, 3, 64, 2, 1 }, { 56, 3, 64, 64, 1, 4 }, { 56, 3, 64, 128, 2, 1 }, { 56, 1, 64, 128, 2, 1 },
	{ 28, 3, 128, 128, 1, 3 }, { 28, 3, 128, 256, 2, 1 }, { 28, 1, 128, 256, 2, 1 }, { 14, 3, 256, 256, 1, 3 },
	{ 14, 3, 256, 512, 2, 1 }, { 14, 1, 256, 512, 2, 1 }, { 7, 3, 512, 512, 1, 3 }, { 1, 1, 512, 1000, 1, 1 },
};

static const struct topology_layer topology_resnet50[] = {
	{ 224, 7, 3, 64, 2, 1 }, { 56, 1, 64, 64, 1, 1 }, { 56, 3, 64, 64, 1, 3 }, { 56, 1, 64, 256, 1, 4 },
	{ 56, 1, 256, 64, 1, 2 }, { 56, 1, 256, 128, 2, 1 }, { 28, 3, 128, 128, 1, 4 }, { 28, 1, 128, 512, 1, 4 },
	{ 56, 1, 256, 512, 2, 1 }, { 28, 1, 512, 128, 1, 3 }, { 28, 1, 512, 256, 2, 1 }, { 14, 3, 256, 256, 1, 6 },
	{ 14, 1, 256, 1024, 1, 6 }, { 28, 1, 512, 1024, 2, 1 }, { 14, 1, 1024, 256, 1, 5 },
	{ 14, 1, 1024, 512, 2, 1 }, { 7, 3, 512, 512, 1, 3 }, { 7, 1, 512, 2048, 1, 3 }, { 14, 1, 1024, 2048, 2, 1 },
	{ 7, 1, 2048, 512, 1, 2 }, { 1, 1, 2048, 1000, 1, 1 },
};

#define TOPOLOGY(name, r32, r128) \
	{ #name, topology_##name, sizeof(topology_##name) / sizeof(topology_##name[0]), { r32, r128 } }

#define NUM_TOPOLOGIES	3

static const struct topology topologies[NUM_TOPOLOGIES] = {
	TOPOLOGY(alexnet, 1136239, 139901),
	TOPOLOGY(resnet18, 2519815, 417628),
	TOPOLOGY(resnet50, 5753486, 876832),
};

/* Output rows = columns, as those tables count: rounded up. */
static inline uint32_t topology_out(const struct topology_layer *l)
{
	return (l->side - l->kernel + l->stride + l->stride - 1) / l->stride;
}

typedef uint64_t topology_model(uint64_t r, uint64_t m, uint64_t n, uint64_t k);

static inline uint64_t topology_layer_cycles(const struct topology_layer *l, uint64_t r, topology_model *model)
{
	uint64_t out = topology_out(l);

	return model(r, out * out, l->oc, (uint64_t)l->kernel * l->kernel * l->ic);
}

static inline uint64_t topology_cycles(const struct topology *t, uint64_t r, topology_model *model)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < t->num_layers; i++)
		sum += t->layer[i].times * topology_layer_cycles(&t->layer[i], r, model);
	return sum;
}

#endif
