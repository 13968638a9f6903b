// SPDX-License-Identifier: MIT
/*
 * Each pass on a graph made for it: what the graph is like before and after, and that it computes the same. Which
 * nodes the NPU takes is code generation's to say; here it takes what a table below says.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/libaccel-front/build_graph.h"

const char *accel_npu_can(const struct accel_graph *graph, const struct accel_node *node)
{
	return node->op == ACCEL_OP_SOFTMAX ? "no Softmax here" : NULL;
}

static void shapes_take_the_batch(void **state)
{
	int x = input("x", 2, (int64_t[]){ -1, 4 });

	output(op("Relu", x, NONE, NONE, NULL));
	assert_int_equal(accel_pass_shapes(g, 7), 0);
	assert_int_equal(g->values[g->outputs[0]].dims[0], 7);
	assert_int_equal(accel_pass_shapes_known(g), 0);
}

/* A model for one image, compiled for three: each has the answer that it has alone. */
static void one_image_becomes_more(void **state)
{
	int x = input("x", 4, (int64_t[]){ 1, 2, 3, 3 });
	int shape = accel_graph_constant(g, NULL, ACCEL_S64, 1, (int64_t[]){ 2 }, (int64_t[]){ 1, -1 });
	int w = random_constant(4, (int64_t[]){ 2, 2, 1, 1 }, -1, 1), m = random_constant(2, (int64_t[]){ 18, 5 }, -1, 1);
	float *more[MAX_IO];
	int v = op("Conv", x, w, NONE, NULL);

	v = op("Add", v, random_constant(4, (int64_t[]){ 1, 2, 1, 1 }, -1, 1), NONE, NULL);
	output(op("Softmax", op("MatMul", op("Reshape", v, shape, NONE, NULL), m, NONE, NULL), NONE, NONE, NULL));
	run_before();
	assert_int_equal(accel_pass_shapes(g, 3), 0);
	assert_int_equal(g->values[g->outputs[0]].dims[0], 3);
	assert_int_equal(g->values[g->outputs[0]].dims[1], 5);
	run_graph(0, more);
	for (int i = 0; i < 5; i++)	/* The inputs of a run begin alike. */
		assert_true(fabsf(more[0][i] - before[0][i]) <= 1e-6f);
	assert_true(fabsf(more[0][5] - more[0][0]) > 1e-6f);
	free(more[0]);
}

static void images_that_are_mixed(void **state)
{
	const struct accel_attr perm[] = { { .name = "perm", .ints = (int64_t[]){ 1, 0 }, .count = 2 }, { .name = NULL } };
	int x = input("x", 2, (int64_t[]){ 1, 4 });

	output(op("Transpose", x, NONE, NONE, perm));
	assert_int_equal(accel_pass_shapes(g, 1), 0);
	assert_int_equal(accel_pass_shapes(g, 2), -EOPNOTSUPP);
	assert_non_null(strstr(accel_errmsg(), "Transpose"));
}

static void no_batch_to_widen(void **state)
{
	output(op("Relu", input("x", 2, (int64_t[]){ 5, 4 }), NONE, NONE, NULL));
	assert_int_equal(accel_pass_shapes(g, 2), -EINVAL);
}

static void shapes_refused(void **state)
{
	int x = input("x", 2, (int64_t[]){ 1, -1 });

	output(op("Relu", x, NONE, NONE, NULL));
	assert_int_equal(accel_pass_shapes(g, 1), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "'x'"));
	assert_int_equal(accel_pass_shapes(g, -1), -EINVAL);
}

static void shape_that_is_no_constant(void **state)
{
	int x = input("x", 2, (int64_t[]){ 1, 4 }), s = accel_graph_input(g, "s", ACCEL_S64, 1, (int64_t[]){ 2 });

	output(op("Reshape", x, s, NONE, NULL));
	assert_int_equal(accel_passes_run(g, NULL), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "Reshape node"));
}

static void constants_are_folded(void **state)
{
	int x = input("x", 1, (int64_t[]){ 2 });
	int a = constant(1, (int64_t[]){ 2 }, (float[]){ 1, 2 }), b = constant(1, (int64_t[]){ 2 }, (float[]){ 3, 5 });
	int sum = op("Add", a, b, NONE, NULL);

	output(op("Mul", x, op("Relu", sum, NONE, NONE, NULL), NONE, NULL));
	run_before();
	assert_int_equal(accel_pass_fold(g), 0);
	assert_int_equal(accel_pass_dead(g), 0);
	assert_int_equal(g->num_nodes, 1);
	assert_memory_equal(g->values[g->nodes[0].in[1]].data, ((float[]){ 4, 7 }), 8);
	run_after(0);
}

/* The shape of a Reshape that is itself computed: folding makes it known. */
static void folded_shapes_are_used(void **state)
{
	int x = input("x", 2, (int64_t[]){ 2, 6 });
	int s = accel_graph_constant(g, "s", ACCEL_S64, 1, (int64_t[]){ 2 }, (int64_t[]){ 4, 3 });
	int y = op("Reshape", x, op("Identity", s, NONE, NONE, NULL), NONE, NULL);

	assert_int_equal(g->values[y].dims[0], -1);
	output(op("Relu", y, NONE, NONE, NULL));
	assert_int_equal(accel_pass_fold(g), 0);
	assert_int_equal(g->values[y].dims[0], 4);
	assert_int_equal(accel_pass_shapes_known(g), 0);
}

static int batchnorm(int x, int64_t channels)
{
	int in[5] = { x };

	for (int i = 1; i < 5; i++)
		in[i] = random_constant(1, (int64_t[]){ channels }, i == 4 ? 0.5f : -1, 1);
	return accel_graph_op(g, "BatchNormalization", NULL, in, 5, NULL);
}

static void batchnorm_into_convolution(void **state)
{
	int x = input("x", 4, (int64_t[]){ 2, 3, 5, 5 });
	int w = random_constant(4, (int64_t[]){ 4, 3, 3, 3 }, -1, 1), b = random_constant(1, (int64_t[]){ 4 }, -1, 1);

	output(batchnorm(op("Conv", x, w, b, NULL), 4));
	run_before();
	assert_int_equal(accel_pass_batchnorm(g), 0);
	assert_ops(1, ACCEL_OP_CONV);
	assert_int_equal(g->nodes[0].num_in, 3);
	run_after(1e-5f);
}

static void batchnorm_into_gemm(void **state)
{
	for (int64_t trans = 0; trans < 2; trans++) {
		int x = input(NULL, 2, (int64_t[]){ 2, 3 });
		int w = random_constant(2, trans ? (int64_t[]){ 5, 3 } : (int64_t[]){ 3, 5 }, -1, 1);
		struct accel_attr attrs[] = { { .name = "transB", .i = trans }, { 0 } };

		output(batchnorm(op("Gemm", x, w, NONE, attrs), 5));
		run_before();
		assert_int_equal(accel_pass_batchnorm(g), 0);
		assert_ops(1, ACCEL_OP_GEMM);
		run_after(1e-5f);
		drop(NULL);
		fresh(NULL);
	}
}

/* A convolution that something else reads too cannot take it. */
static void batchnorm_alone(void **state)
{
	int x = input("x", 4, (int64_t[]){ 1, 3, 5, 5 }), w = random_constant(4, (int64_t[]){ 3, 3, 1, 1 }, -1, 1);
	int y = op("Conv", x, w, NONE, NULL);

	output(batchnorm(y, 3));
	output(y);
	run_before();
	assert_int_equal(accel_pass_batchnorm(g), 0);
	assert_ops(2, ACCEL_OP_CONV, ACCEL_OP_BATCHNORM);
	assert_true(g->nodes[1].attrs.epsilon == 0);
	for (int c = 0; c < 3; c++) {
		assert_true(((const float *)g->values[g->nodes[1].in[3]].data)[c] == 0);
		assert_true(((const float *)g->values[g->nodes[1].in[4]].data)[c] == 1);
	}
	run_after(1e-5f);
}

static int by_channel(const char *name, int x, int64_t channels)
{
	return op(name, x, random_constant(3, (int64_t[]){ channels, 1, 1 }, -1, 1), NONE, NULL);
}

/* Scale layers, as some frameworks write them behind each batch normalisation. */
static void scales_into_convolution(void **state)
{
	int x = input("x", 4, (int64_t[]){ 2, 3, 5, 5 }), w = random_constant(4, (int64_t[]){ 4, 3, 3, 3 }, -1, 1);
	int y = by_channel("Add", by_channel("Mul", batchnorm(op("Conv", x, w, NONE, NULL), 4), 4), 4);

	output(op("Mul", random_constant(0, NULL, 1, 2), y, NONE, NULL));
	run_before();
	assert_int_equal(accel_pass_batchnorm(g), 0);
	assert_ops(1, ACCEL_OP_CONV);
	run_after(1e-5f);
}

static void scales_become_one(void **state)
{
	int x = input("x", 4, (int64_t[]){ 2, 3, 5, 5 });

	output(by_channel("Add", by_channel("Mul", by_channel("Add", batchnorm(x, 3), 3), 3), 3));
	run_before();
	assert_int_equal(accel_pass_batchnorm(g), 0);
	assert_ops(1, ACCEL_OP_BATCHNORM);
	run_after(1e-5f);
}

/* One that something else reads, that clips, that is no vector of channels, or that stands alone. */
static void scales_that_stay(void **state)
{
	int x = input("x", 4, (int64_t[]){ 2, 3, 5, 5 }), a = by_channel("Mul", x, 3);
	int rows = op("Mul", by_channel("Add", x, 3), random_constant(1, (int64_t[]){ 5 }, -1, 1), NONE, NULL);

	output(by_channel("Add", a, 3));
	output(a);
	output(by_channel("Mul", op("Relu", by_channel("Add", x, 3), NONE, NONE, NULL), 3));
	output(rows);
	run_before();
	assert_int_equal(accel_pass_batchnorm(g), 0);
	assert_ops(7, ACCEL_OP_MUL, ACCEL_OP_ADD, ACCEL_OP_MUL, ACCEL_OP_ADD, ACCEL_OP_ADD, ACCEL_OP_RELU, ACCEL_OP_MUL);
	run_after(1e-6f);
}

static void hard_sigmoid_into_convolution(void **state)
{
	int x = input("x", 4, (int64_t[]){ 2, 3, 5, 5 }), w = random_constant(4, (int64_t[]){ 4, 3, 1, 1 }, -1, 1);
	int y = op("Conv", x, w, NONE, NULL);

	output(op("HardSigmoid", y, NONE, NONE, NULL));
	output(op("HardSwish", op("Conv", x, w, NONE, NULL), NONE, NONE, NULL));
	run_before();
	assert_int_equal(accel_pass_hard(g), 0);
	assert_int_equal(accel_pass_batchnorm(g), 0);
	assert_int_equal(accel_pass_fuse(g), 0);
	/* What HardSwish multiplies is read twice, so its gate is a node. */
	assert_ops(4, ACCEL_OP_CONV, ACCEL_OP_CONV, ACCEL_OP_BATCHNORM, ACCEL_OP_MUL);
	run_after(1e-5f);
}

/* Of the powers that square roots make; others stay. */
static void lrn_becomes_roots(void **state)
{
	static const struct {
		float beta;
		int64_t size;
		int nodes;
	} cases[] = { { 0.75f, 5, 6 }, { 0.5f, 4, 4 }, { 1, 3, 3 }, { 0.6f, 3, 1 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct accel_attr attrs[] = { { .name = "size", .i = cases[i].size }, { .name = "alpha", .is_float = 1, .f = 0.9f },
					      { .name = "beta", .is_float = 1, .f = cases[i].beta },
					      { .name = "bias", .is_float = 1, .f = 1.5f }, { 0 } };

		output(op("LRN", input(NULL, 4, (int64_t[]){ 2, 7, 3, 4 }), NONE, NONE, attrs));
		run_before();
		assert_int_equal(accel_pass_lrn(g), 0);
		assert_int_equal(g->num_nodes, cases[i].nodes);
		run_after(1e-5f);
		drop(NULL);
		fresh(NULL);
	}
}

static void matmul_becomes_gemm(void **state)
{
	int x = input("x", 2, (int64_t[]){ 2, 3 }), w = random_constant(2, (int64_t[]){ 3, 4 }, -1, 1);

	output(op("Identity", op("MatMul", x, w, NONE, NULL), NONE, NONE, NULL));
	run_before();
	assert_int_equal(accel_pass_replace(g), 0);
	assert_ops(1, ACCEL_OP_GEMM);
	assert_string_equal(g->values[g->outputs[0]].name, "y0");
	run_after(1e-6f);
}

static void matmul_of_two_inputs_stays(void **state)
{
	int x = input("x", 2, (int64_t[]){ 2, 3 }), w = input("w", 2, (int64_t[]){ 3, 4 });

	output(op("MatMul", x, w, NONE, NULL));
	assert_int_equal(accel_pass_replace(g), 0);
	assert_ops(1, ACCEL_OP_MATMUL);
}

static void gemm_is_normalised(void **state)
{
	int x = input("x", 2, (int64_t[]){ 2, 3 }), w = random_constant(2, (int64_t[]){ 3, 4 }, -1, 1);
	int c = random_constant(2, (int64_t[]){ 1, 4 }, -1, 1), m = random_constant(2, (int64_t[]){ 2, 1 }, -1, 1);
	int s = random_constant(0, NULL, -1, 1);
	struct accel_attr attrs[] = { { .name = "alpha", .is_float = 1, .f = 0.5f },
				      { .name = "beta", .is_float = 1, .f = 3 }, { 0 } };

	output(op("Gemm", x, w, c, attrs));
	output(op("Gemm", x, w, s, attrs));
	output(op("Gemm", x, w, m, attrs));
	run_before();
	assert_int_equal(accel_pass_replace(g), 0);
	assert_ops(5, ACCEL_OP_GEMM, ACCEL_OP_GEMM, ACCEL_OP_GEMM, ACCEL_OP_MUL, ACCEL_OP_ADD);
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];

		if (n->op != ACCEL_OP_GEMM)
			continue;
		assert_true(n->attrs.alpha == 1 && n->attrs.beta == 1);
		if (n->num_in == 3)
			assert_int_equal(g->values[n->in[2]].rank, 1);
	}
	run_after(1e-5f);
}

/* A constant Add is the bias; an Add to a bias is added to it; Relu and Clip are the activation. */
static void bias_and_activation_are_fused(void **state)
{
	int x = input("x", 4, (int64_t[]){ 2, 3, 5, 5 }), w = random_constant(4, (int64_t[]){ 4, 3, 3, 3 }, -1, 1);
	int b = random_constant(3, (int64_t[]){ 4, 1, 1 }, -1, 1), b2 = random_constant(0, NULL, -1, 1);
	int lo = constant(0, NULL, (float[]){ -0.25f }), hi = constant(0, NULL, (float[]){ 0.75f });
	int y = op("Add", b, op("Conv", x, w, NONE, NULL), NONE, NULL);

	y = op("Add", y, b2, NONE, NULL);
	output(op("Relu", op("Clip", y, lo, hi, NULL), NONE, NONE, NULL));
	run_before();
	assert_int_equal(accel_pass_fuse(g), 0);
	assert_ops(1, ACCEL_OP_CONV);
	assert_int_equal(g->nodes[0].act.kind, ACCEL_ACT_CLIP);
	assert_true(g->nodes[0].act.lo == 0 && g->nodes[0].act.hi == 0.75f);
	assert_int_equal(g->values[g->nodes[0].in[2]].dims[0], 4);
	run_after(1e-5f);
}

/* What must not be fused: an Add along columns, a value with two readers, an output of the graph. */
static void what_stays_apart(void **state)
{
	int x = input("x", 4, (int64_t[]){ 2, 3, 5, 5 }), w = random_constant(4, (int64_t[]){ 4, 3, 1, 1 }, -1, 1);
	int row = random_constant(1, (int64_t[]){ 5 }, -1, 1), y = op("Conv", x, w, NONE, NULL);
	int z = op("Add", y, row, NONE, NULL);

	output(op("Relu", z, NONE, NONE, NULL));
	output(z);
	run_before();
	assert_int_equal(accel_pass_fuse(g), 0);
	assert_ops(3, ACCEL_OP_CONV, ACCEL_OP_ADD, ACCEL_OP_RELU);
	run_after(0);
}

static void dead_code_goes(void **state)
{
	int x = input("x", 1, (int64_t[]){ 2 }), unused = op("Relu", x, NONE, NONE, NULL);

	op("Add", unused, unused, NONE, NULL);
	output(op("Identity", x, NONE, NONE, NULL));
	assert_int_equal(accel_pass_dead(g), 0);
	assert_ops(1, ACCEL_OP_IDENTITY);
}

static void partition_gives_reasons(void **state)
{
	int x = input("x", 2, (int64_t[]){ 1, 4 });

	output(op("Softmax", op("Relu", x, NONE, NONE, NULL), NONE, NONE, NULL));
	assert_int_equal(accel_pass_partition(g, false), 0);
	assert_int_equal(g->nodes[0].place, ACCEL_PLACE_NPU);
	assert_null(g->nodes[0].reason);
	assert_int_equal(g->nodes[1].place, ACCEL_PLACE_CPU);
	assert_string_equal(g->nodes[1].reason, "no Softmax here");
	assert_int_equal(accel_pass_partition(g, true), -EOPNOTSUPP);
	assert_non_null(strstr(accel_errmsg(), "Softmax node"));
}

/* An output that is an input, or a constant, keeps a node of its own through all passes. */
static void outputs_of_nothing(void **state)
{
	int x = input("x", 1, (int64_t[]){ 2 }), c = random_constant(1, (int64_t[]){ 2 }, -1, 1);

	output(x);
	output(op("Add", c, c, NONE, NULL));
	run_before();
	assert_int_equal(accel_passes_run(g, NULL), 0);
	assert_int_equal(g->num_outputs, 2);
	for (int i = 0; i < 2; i++)
		assert_true(g->values[g->outputs[i]].producer >= 0);
	run_after(0);
}

/* Rows of a matrix and channels of a tap: of 5, 3, -4, 1 stay 5 and -4; of two left over both do. */
static void pruned_to_two_of_four(void **state)
{
	static const float column[6] = { 5, 3, -4, 1, 0.5f, 0.25f };
	static const float kept[6] = { 5, 0, -4, 0, 0.5f, 0.25f };
	int w = constant(2, (int64_t[]){ 6, 1 }, column), w4 = constant(4, (int64_t[]){ 1, 6, 1, 1 }, column);
	int x = input("x", 2, (int64_t[]){ 1, 6 }), x4 = input("x4", 4, (int64_t[]){ 1, 6, 2, 2 }), shared, wide;

	output(op("Gemm", x, w, NONE, NULL));
	shared = op("Conv", x4, w4, NONE, NULL);
	output(op("Add", shared, w4, NONE, NULL));
	wide = op("Conv", op("Concat", shared, shared, NONE, (struct accel_attr[]){ { .name = "axis", .i = 1 }, { 0 } }),
		  random_constant(4, (int64_t[]){ 3, 2, 3, 3 }, 1, 2), NONE, (struct accel_attr[]){ { .name = "pads",
		  .ints = (int64_t[]){ 1, 1, 1, 1 }, .count = 4 }, { 0 } });
	output(wide);
	assert_int_equal(accel_pass_prune(g, ACCEL_PRUNE_2_4), 0);
	assert_memory_equal(g->values[w].data, kept, sizeof(kept));
	/* others read these too: they have theirs as they were */
	assert_memory_equal(g->values[w4].data, column, sizeof(column));
	assert_int_not_equal(g->nodes[1].in[1], w4);
	assert_memory_equal(g->values[g->nodes[1].in[1]].data, kept, sizeof(kept));
	/* sums of two terms a tap stay */
	for (int i = 0; i < 54; i++)
		assert_true(((float *)g->values[g->nodes[4].in[1]].data)[i] != 0);
	assert_int_equal(accel_pass_prune(g, 9), -EINVAL);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, fresh, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(shapes_take_the_batch),
		TEST(one_image_becomes_more),
		TEST(images_that_are_mixed),
		TEST(no_batch_to_widen),
		TEST(shapes_refused),
		TEST(shape_that_is_no_constant),
		TEST(constants_are_folded),
		TEST(folded_shapes_are_used),
		TEST(batchnorm_into_convolution),
		TEST(batchnorm_into_gemm),
		TEST(batchnorm_alone),
		TEST(scales_into_convolution),
		TEST(scales_become_one),
		TEST(scales_that_stay),
		TEST(hard_sigmoid_into_convolution),
		TEST(lrn_becomes_roots),
		TEST(matmul_becomes_gemm),
		TEST(matmul_of_two_inputs_stays),
		TEST(gemm_is_normalised),
		TEST(bias_and_activation_are_fused),
		TEST(what_stays_apart),
		TEST(pruned_to_two_of_four),
		TEST(dead_code_goes),
		TEST(partition_gives_reasons),
		TEST(outputs_of_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: passes", tests, NULL, NULL);
}
