// SPDX-License-Identifier: MIT
/* Tiles of convolutions: floating ones bring little more than they must, and weights lie as tiles take them. */
#include "harness.h"

#include <string.h>

#include <loom/isa.h>
#include <loom/isa_table.h>

/* A layer of a network: @side x @side pixels of @chans channels, a kernel of @kernel, to @outs channels. */
struct layer {
	int64_t side, chans, kernel, outs;
};

static const struct layer layers[] = {
	{ 56, 64, 3, 64 }, { 28, 128, 3, 128 }, { 14, 256, 3, 256 }, { 28, 512, 1, 128 }, { 14, 256, 1, 1024 }, { 7, 512, 1, 2048 },
};

/* The layer, called "layer", between two small ones, which read and write what the user has. */
static struct accel_graph *convolution(const struct layer *l)
{
	const int64_t pad = l->kernel / 2, in[4] = { 1, 8, l->side, l->side }, all[4] = { pad, pad, pad, pad };
	const int64_t w[3][4] = { { l->chans, 8, 1, 1 }, { l->outs, l->chans, l->kernel, l->kernel }, { 8, l->outs, 1, 1 } };
	const struct accel_attr pads[] = { { .name = "pads", .ints = all, .count = 4 }, { .name = NULL } };
	struct accel_graph *g;
	struct rng r = { .s = 1 };
	int v[2];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	for (int i = 0; i < 3; i++) {
		v[1] = add_const(g, &r, 4, w[i], 0.1f);
		v[0] = accel_graph_op(g, "Conv", i == 1 ? "layer" : NULL, v, 2, i == 1 ? pads : NULL);
	}
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	return g;
}

/* Bytes that the convolution brings into the scratchpad, and the rows of DRAM that they lie in. */
struct traffic {
	uint64_t bytes, rows;
};

static bool of_layer(const struct accel_program *p, uint16_t node)
{
	struct accel_node_info info;

	return !accel_program_node_info(p, node, &info) && !strcmp(info.name, "layer");
}

static void count_load(const struct loom_dma *d, struct traffic *t)
{
	uint64_t rows = 1, bytes = d->elem;
	bool gap = false;

	for (int i = 0; i < LOOM_DIMS; i++) {
		gap = gap || (d->n[i] > 1 && d->va_stride[i] != (int64_t)bytes);
		rows *= gap ? d->n[i] : 1;
		bytes *= d->n[i];
	}
	t->bytes += bytes;
	t->rows += rows;
}

static struct traffic traffic_of(const struct accel_program *p)
{
	struct traffic t = { 0 };

	for (uint32_t s = 0; s < p->num_streams; s++)
		for (uint32_t i = 0; i < p->streams[s].slots;) {
			const uint8_t *at = p->streams[s].data + (size_t)i * LOOM_SLOT_BYTES;
			struct loom_dma d;

			i += loom_op_find(*at)->slots;
			if (!of_layer(p, ((const struct loom_desc *)(const void *)at)->node))
				continue;
			memcpy(&d, at, *at == LOOM_OP_LOAD ? sizeof(d) : sizeof(d.d));
				if (*at == LOOM_OP_LOAD)
				count_load(&d, &t);
		}
	return t;
}

static void floats_move_little(void **state)
{
	const struct run_options o = { .batch = 1, .precision = ACCEL_PREC_FP16, .check = true };
	struct accel_device *dev;

	must(accel_open("sim", &dev));
	for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++) {
		const struct layer *l = &layers[i];
		uint64_t weights = (uint64_t)(l->chans * l->outs * l->kernel * l->kernel) * 2;
		uint64_t input = (uint64_t)(l->side * l->side * l->chans) * 2;
		struct accel_graph *g = convolution(l);
		struct accel_program *p = compile_on(dev, g, &o);
		struct traffic t = traffic_of(p);

		print_message("# %lld x %lld x %lld, kernel %lld, to %lld: operands come %.2f times, in %llu rows\n",
			      (long long)l->side, (long long)l->side, (long long)l->chans, (long long)l->kernel, (long long)l->outs,
			      (double)t.bytes / (double)(weights + input), (unsigned long long)t.rows);
		assert_true(t.bytes <= 1.3 * (double)(weights + input));
		assert_true(t.rows <= 32);
		accel_program_unref(p);
		accel_graph_unref(g);
	}
	accel_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(floats_move_little),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tiles", tests, NULL, NULL);
}
