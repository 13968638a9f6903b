// SPDX-License-Identifier: MIT
/* Layers that do not fit any memory at once: every way of cutting them up gives the CPU's results. */
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/codegen/mx.h"
#include "uapi/loom/isa_table.h"

static const char *const specs[] = {
	"sim:array=128,spm=65536,acc=16384", "sim:array=8,spm=65536,acc=16384", "sim",
};

static void check_graph(struct accel_graph *g, enum accel_precision precision, double tolerance, const char *what)
{
	struct run_options o = { .batch = 1, .check = true, .seed = 3 };
	struct result want = run_on("cpu", g, &o), first = { 0 };

	o.precision = precision;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct result got = run_on(specs[i], g, &o);

		assert_close(&got, &want, tolerance, what);
		if (i) {
			assert_same(&got, &first, what);
			free(got.data);
		} else {
			first = got;
		}
	}
	free(first.data);
	free(want.data);
	accel_graph_unref(g);
}

static struct accel_graph *conv(int64_t c, int64_t size, int64_t oc, int64_t k, int64_t stride, int64_t pad,
				int64_t group)
{
	struct rng r = { .s = (uint64_t)(c * 7 + oc) };
	int64_t in[4] = { 1, c, size, size }, w[4] = { oc, c / group, k, k }, b[1] = { oc };
	int64_t pads[4] = { pad, pad, pad, pad }, strides[2] = { stride, stride };
	const struct accel_attr attrs[] = {
		{ .name = "pads", .ints = pads, .count = 4 }, { .name = "strides", .ints = strides, .count = 2 },
		{ .name = "group", .i = group }, { .name = NULL },
	};
	struct accel_graph *g;
	int v[3];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	v[1] = add_const(g, &r, 4, w, 1.0f / sqrtf((float)(c / group * k * k)));
	v[2] = add_const(g, &r, 1, b, 0.1f);
	v[0] = accel_graph_op(g, "Conv", "conv", v, 3, attrs);
	assert_true(v[0] >= 0);
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	return g;
}

static void deep(void **state)
{
	check_graph(conv(600, 7, 200, 3, 1, 1, 1), ACCEL_PREC_FP32, 1e-4, "600 channels");
	check_graph(conv(600, 7, 200, 3, 1, 1, 1), ACCEL_PREC_FP16, 1e-2, "600 channels, fp16");
}

static void wide(void **state)
{
	check_graph(conv(3, 150, 64, 7, 2, 3, 1), ACCEL_PREC_FP32, 1e-4, "150 x 150");
	check_graph(conv(20, 3, 1500, 1, 1, 0, 1), ACCEL_PREC_FP32, 1e-4, "1500 outputs");
	check_graph(conv(64, 30, 96, 1, 2, 0, 1), ACCEL_PREC_FP32, 1e-4, "1x1, stride 2");
}

static void large_kernel(void **state)
{
	check_graph(conv(40, 31, 24, 31, 1, 15, 1), ACCEL_PREC_FP32, 1e-4, "31 x 31 kernel");
	check_graph(conv(2, 5, 3, 3, 4, 9, 1), ACCEL_PREC_FP32, 1e-4, "outputs that see padding only");
}

static void grouped(void **state)
{
	check_graph(conv(48, 14, 48, 3, 1, 1, 48), ACCEL_PREC_FP32, 1e-4, "depthwise");
	check_graph(conv(48, 14, 24, 3, 2, 1, 3), ACCEL_PREC_FP32, 1e-4, "three groups");
}

/* Grouped convolutions with a channel shuffle between them. */
static struct accel_graph *shuffled(int64_t groups, int64_t each, int64_t size)
{
	struct rng r = { .s = (uint64_t)(groups * 5 + each) };
	int64_t c = groups * each, in[4] = { 2, c, size, size + 1 }, w[4] = { c, each, 1, 1 };
	int64_t five[5] = { 2, groups, each, size, size + 1 }, perm[5] = { 0, 2, 1, 3, 4 };
	const struct accel_attr group[] = { { .name = "group", .i = groups }, { .name = NULL } };
	const struct accel_attr turn[] = { { .name = "perm", .ints = perm, .count = 5 }, { .name = NULL } };
	struct accel_graph *g;
	int v[2];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	for (int i = 0; i < 3; i++) {
		v[1] = add_const(g, &r, 4, w, 1.0f / sqrtf((float)each));
		v[0] = accel_graph_op(g, "Conv", NULL, v, 2, group);
		if (i == 2)
			break;
		v[1] = accel_graph_constant(g, NULL, ACCEL_S64, 1, (const int64_t[]){ 5 }, five);
		v[0] = accel_graph_op(g, "Reshape", NULL, v, 2, NULL);
		v[0] = accel_graph_op(g, "Transpose", NULL, v, 1, turn);
		v[1] = accel_graph_constant(g, NULL, ACCEL_S64, 1, (const int64_t[]){ 4 }, in);
		v[0] = accel_graph_op(g, "Reshape", NULL, v, 2, NULL);
		assert_true(v[0] >= 0);
	}
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	return g;
}

static void shuffles(void **state)
{
	check_graph(shuffled(4, 34, 14), ACCEL_PREC_FP32, 1e-4, "4 x 34 channels shuffled");
	check_graph(shuffled(3, 5, 9), ACCEL_PREC_FP32, 1e-4, "3 x 5 channels shuffled");
	check_graph(shuffled(8, 2, 40), ACCEL_PREC_FP16, 1e-2, "8 x 2 channels shuffled, fp16");
}

static void product(void **state)
{
	struct rng r = { .s = 9 };
	int64_t in[2] = { 130, 3000 }, w[2] = { 3000, 700 };
	struct accel_graph *g;
	int v[2];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 2, in);
	v[1] = add_const(g, &r, 2, w, 0.02f);
	v[0] = accel_graph_op(g, "MatMul", "product", v, 2, NULL);
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	check_graph(g, ACCEL_PREC_FP32, 1e-4, "130 x 3000 x 700");
}

/* Both operands computed, with and without batches. */
static void computed(void **state)
{
	static const int64_t dims[2][4] = { { 1, 1, 40, 33 }, { 2, 3, 20, 17 } };

	for (int i = 0; i < 2; i++) {
		int64_t shape[4] = { dims[i][0], dims[i][1], dims[i][3], dims[i][2] };
		struct accel_graph *g;
		int v[2];

		must(accel_graph_new(&g));
		v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, dims[i]);
		v[1] = accel_graph_constant(g, "shape", ACCEL_S64, 1, (const int64_t[]){ 4 }, shape);
		v[1] = accel_graph_op(g, "Reshape", "turned", v, 2, NULL);
		v[0] = accel_graph_op(g, "MatMul", "square", v, 2, NULL);
		assert_true(v[0] >= 0);
		assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
		check_graph(g, ACCEL_PREC_FP32, 1e-4, "computed operands");
	}
}

static void big_elementwise(void **state)
{
	int64_t in[4] = { 1, 24, 90, 90 };
	struct accel_graph *g;
	int v[2];

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	v[1] = accel_graph_op(g, "GlobalAveragePool", "mean", v, 1, NULL);
	if (v[1] >= 0)
		v[0] = accel_graph_op(g, "Sub", "centred", v, 2, NULL);
	v[1] = v[0];
	v[0] = accel_graph_op(g, "Mul", "squared", v, 2, NULL);
	v[0] = accel_graph_op(g, "MaxPool", "pooled", v, 1, (const struct accel_attr[]){
		{ .name = "kernel_shape", .ints = (const int64_t[]){ 3, 3 }, .count = 2 },
		{ .name = "strides", .ints = (const int64_t[]){ 2, 2 }, .count = 2 }, { .name = NULL } });
	assert_true(v[0] >= 0);
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	check_graph(g, ACCEL_PREC_FP32, 1e-4, "194,400 elements");
}

/* Enough work that the stream lets the core change jobs between layers: nothing on chip survives that. */
static void marked(void **state)
{
	struct rng r = { .s = 8 };
	int64_t in[4] = { 1, 96, 40, 40 }, w[4] = { 96, 96, 3, 3 }, pads[4] = { 1, 1, 1, 1 };
	const struct accel_attr attrs[] = { { .name = "pads", .ints = pads, .count = 4 }, { .name = NULL } };
	const struct run_options o = { .batch = 1 };
	struct accel_program *p;
	struct accel_device *dev;
	struct accel_graph *g;
	int v[2], marks = 0;

	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
	for (int i = 0; i < 4; i++) {
		v[1] = add_const(g, &r, 4, w, 0.03f);
		v[0] = accel_graph_op(g, "Conv", NULL, v, 2, attrs);
		assert_true(v[0] >= 0);
	}
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	must(accel_open("sim", &dev));
	p = compile_on(dev, g, &o);
	for (uint32_t slot = 0; slot < p->streams[0].slots;) {
		unsigned int op = p->streams[0].data[(size_t)slot * LOOM_SLOT_BYTES];

		marks += op == LOOM_OP_MARK;
		slot += loom_op_find(op)->slots;
	}
	assert_true(marks >= 1);
	accel_program_unref(p);
	accel_close(dev);
	check_graph(g, ACCEL_PREC_FP32, 1e-4, "four layers");
}

/* Every plan that is chosen fits, over random shapes and the smallest machine. */
static void plans(void **state)
{
	const struct accel_machine m = { 128, 65536, 16384, 64, 1, 0 };
	struct rng r = { .s = 4 };

	for (int i = 0; i < 300; i++) {
		struct accel_mx x = {
			.n = rng_range(&r, 1, 3), .ih = rng_range(&r, 1, 300), .iw = rng_range(&r, 1, 300),
			.ic = rng_range(&r, 1, 2000), .oh = rng_range(&r, 1, 300), .ow = rng_range(&r, 1, 300),
			.oc = rng_range(&r, 1, 2000), .kh = rng_range(&r, 1, 11), .kw = rng_range(&r, 1, 11),
			.sy = 1, .sx = 2, .dy = 1, .dx = 1, .a_type = LOOM_F32, .b_type = LOOM_F32,
			.out_type = LOOM_F32, .has_bias = true,
		};
		struct accel_mx_plan p;

		assert_int_equal(accel_mx_choose(&x, &m, &p), 0);
		assert_true(2 * 4 * p.tn * p.th * p.tw * p.to <= 16384 + 4 * 64);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deep), cmocka_unit_test(wide), cmocka_unit_test(large_kernel), cmocka_unit_test(grouped),
		cmocka_unit_test(shuffles),		cmocka_unit_test(product), cmocka_unit_test(computed), cmocka_unit_test(big_elementwise),
		cmocka_unit_test(marked), cmocka_unit_test(plans),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("large shapes", tests, NULL, NULL);
}
