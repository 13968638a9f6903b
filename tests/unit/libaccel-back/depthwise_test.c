// SPDX-License-Identifier: MIT
/*
 * Depthwise convolution: the vector unit's sums are those of a dense convolution whose other weights are zero, which the
 * array makes, bit by bit; and the cycle model prefers it where it is faster.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "uapi/loom/isa_table.h"

/* A convolution of @c channels with themselves. */
struct shape {
	int64_t n, c, h, w, kh, kw, sy, sx, dilation, pad;
};

static const struct shape shapes[] = {
	{ 1, 48, 14, 14, 3, 3, 1, 1, 1, 1 }, { 2, 7, 9, 11, 3, 3, 2, 2, 1, 1 }, { 1, 33, 20, 13, 5, 3, 1, 2, 1, 2 },
	{ 1, 300, 5, 5, 3, 3, 1, 1, 2, 2 }, { 1, 16, 40, 33, 7, 9, 2, 1, 1, 4 }, { 3, 130, 6, 4, 1, 1, 2, 1, 1, 0 },
	{ 1, 24, 90, 70, 3, 3, 2, 2, 1, 0 }, { 1, 40, 12, 12, 9, 9, 1, 1, 1, 8 },
	{ 2, 13, 8, 9, 3, 3, 1, 1, 1, 1 },
};

/* @dense: of one group, every weight that joins two channels being zero. @sum: added to what comes out */
static struct accel_graph *network(const struct shape *s, bool dense, bool sum, uint64_t seed)
{
	struct rng r = { .s = seed };
	int64_t in[4] = { s->n, s->c, s->h, s->w }, w[4] = { s->c, dense ? s->c : 1, s->kh, s->kw }, taps = s->kh * s->kw;
	int64_t pads[4] = { s->pad, s->pad, s->pad, s->pad }, strides[2] = { s->sy, s->sx }, dil[2] = { s->dilation, s->dilation };
	const struct accel_attr attrs[] = {
		{ .name = "pads", .ints = pads, .count = 4 }, { .name = "strides", .ints = strides, .count = 2 },
		{ .name = "dilations", .ints = dil, .count = 2 }, { .name = "group", .i = dense ? 1 : s->c }, { .name = NULL },
	};
	float *data = calloc((size_t)(s->c * w[1] * taps), sizeof(*data));
	struct accel_graph *g;
	int v[3], pair[2];

	assert_non_null(data);
	for (int64_t c = 0; c < s->c; c++)
		for (int64_t t = 0; t < taps; t++)
			data[(dense ? c * s->c + c : c) * taps + t] = rng_unit(&r);
	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	v[1] = accel_graph_constant(g, "w", ACCEL_F32, 4, w, data);
	v[2] = add_const(g, &r, 1, &s->c, 0.3f);
	pair[0] = accel_graph_op(g, "Conv", "conv", v, 3, attrs);
	pair[1] = v[0];
	assert_true(pair[0] >= 0);
	if (sum)
		pair[0] = accel_graph_op(g, "Add", "sum", pair, 2, NULL);
	pair[0] = accel_graph_op(g, "Relu", "relu", pair, 1, NULL);
	assert_int_equal(accel_graph_output(g, pair[0], "y"), 0);
	free(data);
	return g;
}

static int count(const struct accel_program *p, unsigned int op)
{
	int n = 0;

	for (uint32_t i = 0; i < p->num_streams; i++)
		for (uint32_t slot = 0; slot < p->streams[i].slots;) {
			unsigned int at = p->streams[i].data[(size_t)slot * LOOM_SLOT_BYTES];

			n += at == op;
			slot += loom_op_find(at)->slots;
		}
	return n;
}

/* Whether it can be added to; of longer sums the bias would be added at another time. */
static bool takes_sum(const struct shape *s)
{
	return s->sy == 1 && s->sx == 1 && 2 * s->pad == (s->kh - 1) * s->dilation && s->kh == s->kw &&
	       s->c * s->kh * s->kw <= 128;
}

static float *random_image(const struct shape *s)
{
	size_t n = (size_t)(s->n * s->c * s->h * s->w);
	float *x = malloc(n * sizeof(*x));
	struct rng r = { .s = 77 };

	assert_non_null(x);
	for (size_t i = 0; i < n; i++)
		x[i] = rng_unit(&r);
	return x;
}

static void same_as_dense(enum accel_precision precision)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		float *calib = random_image(&shapes[i]);
		struct run_options o = { .precision = precision, .batch = 1, .check = true, .seed = i, .calib = calib, .calib_count = 1 };
		bool sum = takes_sum(&shapes[i]);
		struct accel_graph *g = network(&shapes[i], true, sum, i);
		struct result want = run_on("sim", g, &o);

		accel_graph_unref(g);
		g = network(&shapes[i], false, sum, i);
		for (int k = 0; k < num_geometries; k++) {
			struct result got = run_on(geometries[k], g, &o);

			assert_int_equal(got.count, want.count);
			for (size_t e = 0; e < got.count; e++)
				if (got.data[e] != want.data[e])
					fail_msg("shape %zu on %s: element %zu is %g, not %g", i, geometries[k], e,
						 (double)got.data[e], (double)want.data[e]);
			free(got.data);
		}
		free(want.data);
		free(calib);
		accel_graph_unref(g);
	}
}

static void fp32(void **state)
{
	same_as_dense(ACCEL_PREC_FP32);
}

static void fp16(void **state)
{
	same_as_dense(ACCEL_PREC_FP16);
}

static void bf16(void **state)
{
	same_as_dense(ACCEL_PREC_BF16);
}

static void int8(void **state)
{
	same_as_dense(ACCEL_PREC_INT8);
}

static void chosen(const char *spec, const struct shape *s, bool by_channel)
{
	const struct run_options o = { .batch = 1 };
	struct accel_graph *g = network(s, false, false, 1);
	struct accel_program *p;
	struct accel_device *dev;

	must(accel_open(spec, &dev));
	p = compile_on(dev, g, &o);
	assert_int_equal(count(p, LOOM_OP_DWCONV) > 0, by_channel);
	assert_int_equal(count(p, LOOM_OP_CONV) + count(p, LOOM_OP_MM) > 0, !by_channel);
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
}

/* Many channels keep all lanes busy; two channels of a wide kernel fill the array better. */
static void choice(void **state)
{
	chosen("sim", &(struct shape){ 1, 96, 28, 28, 3, 3, 1, 1, 1, 1 }, true);
	chosen("sim:array=8", &(struct shape){ 1, 64, 14, 14, 3, 3, 1, 1, 1, 1 }, true);
	chosen("sim", &(struct shape){ 1, 2, 60, 60, 5, 5, 1, 1, 1, 2 }, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fp32), cmocka_unit_test(fp16), cmocka_unit_test(bf16), cmocka_unit_test(int8), cmocka_unit_test(choice),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("depthwise", tests, NULL, NULL);
}
