// SPDX-License-Identifier: MIT
/* The precision pass: store type and scale of every value, by calibration and from imported Q/DQ pairs. */
#include <errno.h>
#include <float.h>

#include "tests/unit/libaccel-front/build_graph.h"

#define SAMPLES	64

const char *accel_npu_can(const struct accel_graph *graph, const struct accel_node *node)
{
	return NULL;
}

static float *samples(int64_t elems, float lo, float hi)
{
	float *p = malloc((size_t)elems * sizeof(*p));

	assert_non_null(p);
	for (int64_t i = 0; i < elems; i++)
		p[i] = random_in(lo, hi);
	return p;
}

static void run_passes(enum accel_precision precision, const float *calib, int64_t count)
{
	struct accel_compile_options o = {
		.size = sizeof(o), .precision = precision, .calib_data = calib, .calib_count = count,
	};

	if (accel_passes_run(g, &o))
		fail_msg("%s", accel_errmsg());
}

/* conv, relu, maxpool, flatten, gemm, softmax: a small network with every kind of value. */
static void make_network(void)
{
	int x = input("x", 4, (int64_t[]){ 1, 2, 6, 6 }), w = random_constant(4, (int64_t[]){ 4, 2, 3, 3 }, -1, 1);
	int b = random_constant(1, (int64_t[]){ 4 }, -1, 1), w2 = random_constant(2, (int64_t[]){ 16, 5 }, -1, 1);
	int b2 = random_constant(1, (int64_t[]){ 5 }, -1, 1), y;
	struct accel_attr two[] = { { .name = "kernel_shape", .ints = (int64_t[]){ 2, 2 }, .count = 2 },
				    { .name = "strides", .ints = (int64_t[]){ 2, 2 }, .count = 2 }, { 0 } };

	y = op("Relu", op("Conv", x, w, b, NULL), NONE, NONE, NULL);
	y = op("Flatten", op("MaxPool", y, NONE, NONE, two), NONE, NONE, NULL);
	output(op("Softmax", op("Gemm", y, w2, b2, NULL), NONE, NONE, NULL));
}

static struct accel_value *made_by(enum accel_op which)
{
	for (int i = 0; i < g->num_nodes; i++)
		if (g->nodes[i].op == which)
			return &g->values[g->nodes[i].out[0]];
	fail_msg("no %s", accel_op_name(which));
	return NULL;
}

static const struct accel_value *in_of(enum accel_op which, int i)
{
	return &g->values[g->nodes[made_by(which)->producer].in[i]];
}

static void int8_network(void **state)
{
	float *calib = samples(SAMPLES * 72, -1, 1);
	const struct accel_value *w, *b, *x, *conv;

	make_network();
	run_before();
	run_passes(ACCEL_PREC_INT8, calib, SAMPLES);
	free(calib);
	assert_ops(5, ACCEL_OP_CONV, ACCEL_OP_MAXPOOL, ACCEL_OP_FLATTEN, ACCEL_OP_GEMM, ACCEL_OP_SOFTMAX);
	x = in_of(ACCEL_OP_CONV, 0);
	w = in_of(ACCEL_OP_CONV, 1);
	b = in_of(ACCEL_OP_CONV, 2);
	conv = made_by(ACCEL_OP_CONV);
	assert_int_equal(x->store, ACCEL_S8);
	assert_true(fabsf(x->quant.scale - 2.f / 255) < 1e-4f);
	/* weights: by output channel, symmetric, the largest is 127 */
	assert_int_equal(w->store, ACCEL_S8);
	assert_int_equal(w->quant.channels, 4);
	assert_int_equal(w->quant.axis, 0);
	for (int c = 0; c < 4; c++) {
		float max = 0;

		for (int i = 0; i < 18; i++)
			max = fmaxf(max, fabsf(((float *)w->data)[c * 18 + i]));
		assert_true(w->quant.channel_scale[c] == max / 127);
		assert_true(b->quant.channel_scale[c] == x->quant.scale * w->quant.channel_scale[c]);
	}
	assert_int_equal(b->store, ACCEL_S32);
	/* behind Relu the range begins at 0; what only moves keeps scale and zero point */
	assert_int_equal(conv->quant.zero_point, -128);
	assert_true(accel_pass_same_quant(conv, made_by(ACCEL_OP_MAXPOOL)));
	assert_true(accel_pass_same_quant(conv, made_by(ACCEL_OP_FLATTEN)));
	assert_int_equal(in_of(ACCEL_OP_GEMM, 1)->quant.axis, 1);
	assert_int_equal(made_by(ACCEL_OP_GEMM)->store, ACCEL_F32);
	assert_int_equal(made_by(ACCEL_OP_SOFTMAX)->store, ACCEL_F32);
	run_after_stored(ACCEL_CPU_STORE, 0.05f);
}

static void half_network(void **state)
{
	make_network();
	run_before();
	run_passes(ACCEL_PREC_FP16, NULL, 0);
	assert_int_equal(in_of(ACCEL_OP_CONV, 0)->store, ACCEL_F16);
	assert_int_equal(in_of(ACCEL_OP_CONV, 1)->store, ACCEL_F16);
	assert_int_equal(in_of(ACCEL_OP_CONV, 2)->store, ACCEL_F32);
	assert_int_equal(made_by(ACCEL_OP_MAXPOOL)->store, ACCEL_F16);
	assert_int_equal(made_by(ACCEL_OP_GEMM)->store, ACCEL_F32);
	run_after_stored(ACCEL_CPU_STORE, 0.01f);
}

static void fp32_network(void **state)
{
	make_network();
	run_before();
	run_passes(ACCEL_PREC_FP32, NULL, 0);
	for (int v = 0; v < g->num_values; v++)
		assert_int_equal(g->values[v].store, ACCEL_F32);
	run_after_stored(ACCEL_CPU_STORE, 1e-5f);
}

/* One bias of two convolutions with scales of their own must become two. */
static void shared_bias_is_parted(void **state)
{
	int x = input("x", 4, (int64_t[]){ 1, 1, 4, 4 }), b = random_constant(1, (int64_t[]){ 2 }, -1, 1);
	int w1 = random_constant(4, (int64_t[]){ 2, 1, 1, 1 }, -1, 1);
	int w2 = random_constant(4, (int64_t[]){ 2, 2, 1, 1 }, -1, 1);
	float *calib = samples(SAMPLES * 16, -1, 1);

	output(op("Conv", op("Conv", x, w1, b, NULL), w2, b, NULL));
	run_before();
	run_passes(ACCEL_PREC_INT8, calib, SAMPLES);
	free(calib);
	assert_int_not_equal(g->nodes[0].in[2], g->nodes[1].in[2]);
	run_after_stored(ACCEL_CPU_STORE, 0.05f);
}

/* A channel of zeros with a bias: the bias must still fit 32 bits in its scale. */
static void channel_of_zeros(void **state)
{
	int x = input("x", 2, (int64_t[]){ 1, 4 });
	int w = constant(2, (int64_t[]){ 4, 2 }, (float[]){ 1, 0, 1, 0, 1, 0, 1, 0 });
	int b = constant(1, (int64_t[]){ 2 }, (float[]){ 0.25f, 1000 });
	float *calib = samples(SAMPLES * 4, -1, 1);

	output(op("Gemm", x, w, b, NULL));
	run_before();
	run_passes(ACCEL_PREC_INT8, calib, SAMPLES);
	free(calib);
	run_after_stored(ACCEL_CPU_STORE, 0.02f);
}

/* One value in a thousand far out: covering 99% of the distribution leaves it outside. */
static void percentile(void **state)
{
	struct accel_compile_options o = { .size = sizeof(o), .calib_count = 1000, .calib_percentile = 99 };
	struct accel_range r[4];
	float calib[1000];
	int x = input("x", 1, (int64_t[]){ 1 });

	output(op("Relu", x, NONE, NONE, NULL));
	for (int i = 0; i < 1000; i++)
		calib[i] = (float)i / 1000;
	calib[500] = 10;
	o.calib_data = calib;
	assert_int_equal(accel_calibrate(g, &o, r), 0);
	assert_true(r[x].hi < 1.05f && r[x].hi > 0.95f);
	o.calib_percentile = 0;
	assert_int_equal(accel_calibrate(g, &o, r), 0);
	assert_true(r[x].hi == 10 && r[x].lo == 0);
}

/* Samples of a bell (of variance 1, within +-3) and one far out, which entropy does not keep; the bell it does. */
static void search(void **state)
{
	struct accel_compile_options o = { .size = sizeof(o), .calib_count = 4001 };
	struct accel_range r[4], all;
	int x = input("x", 1, (int64_t[]){ 1 });
	float *calib = samples(4001, -1, 1);

	output(op("Relu", x, NONE, NONE, NULL));
	for (int i = 0; i < 4001; i++)
		calib[i] = calib[i] + random_in(-1, 1) + random_in(-1, 1);
	calib[500] = 60;
	o.calib_data = calib;
	assert_int_equal(accel_calibrate(g, &o, r), 0);
	all = r[x];
	assert_true(all.hi == 60);
	o.calib_method = ACCEL_CALIB_ENTROPY;
	assert_int_equal(accel_calibrate(g, &o, r), 0);
	assert_true(r[x].lo == all.lo);
	assert_true(r[x].hi > 1.5f && r[x].hi < 58);
	/* what fills its range evenly keeps it */
	for (int i = 0; i < 4001; i++)
		calib[i] = random_in(-1, 1);
	for (int method = ACCEL_CALIB_ENTROPY; method <= ACCEL_CALIB_MSE; method++) {
		o.calib_method = (enum accel_calib_method)method;
		assert_int_equal(accel_calibrate(g, &o, r), 0);
		assert_true(r[x].lo < -0.97f && r[x].hi > 0.97f);
	}
	free(calib);
}

/* Narrowing to a part of a histogram that has one bin, or none, that is filled. */
static void narrow(void **state)
{
	static uint64_t bins[ACCEL_CALIB_BINS];
	struct accel_range r = { 0, 1 };

	accel_range_entropy(&r, bins);
	assert_true(r.lo == 0 && r.hi == 1);
	bins[ACCEL_CALIB_BINS - 1] = 7;
	accel_range_entropy(&r, bins);
	assert_true(r.lo == 0 && r.hi > 0.99f);
	accel_range_mse(&r, bins);
	assert_true(r.lo == 0 && r.hi > 0.98f);
	/* a few far out are worth less than finer steps for millions */
	for (int i = 0; i < ACCEL_CALIB_BINS / 4; i++)
		bins[i] = 100000;
	r = (struct accel_range){ 0, 1 };
	accel_range_mse(&r, bins);
	assert_true(r.lo == 0 && r.hi > 0.24f && r.hi < 0.5f);
}

static const char *name_of(enum accel_op which)
{
	return g->nodes[made_by(which)->producer].name;
}

/* conv in int8, gemm in fp16: what lies between is made in fp16 by who can, and converted where not. */
static void node_precision(void **state)
{
	float *calib = samples(SAMPLES * 72, -1, 1);
	struct accel_node_precision one = { NULL, ACCEL_PREC_FP16 };
	struct accel_compile_options o = {
		.size = sizeof(o), .precision = ACCEL_PREC_INT8, .calib_data = calib, .calib_count = SAMPLES, .node_precisions = &one,
		.num_node_precisions = 1,
	};

	make_network();
	run_before();
	one.node = name_of(ACCEL_OP_GEMM);
	if (accel_passes_run(g, &o))
		fail_msg("%s", accel_errmsg());
	assert_int_equal(in_of(ACCEL_OP_CONV, 1)->store, ACCEL_S8);
	assert_int_equal(in_of(ACCEL_OP_CONV, 0)->store, ACCEL_S8);
	assert_int_equal(in_of(ACCEL_OP_GEMM, 0)->store, ACCEL_F16);
	assert_int_equal(in_of(ACCEL_OP_GEMM, 1)->store, ACCEL_F16);
	assert_int_equal(in_of(ACCEL_OP_CLIP, 0)->store, ACCEL_S8);
	assert_int_equal(made_by(ACCEL_OP_CONV)->store, ACCEL_S8);
	run_after_stored(ACCEL_CPU_STORE, 0.1f);
	free(calib);
}

/* x + conv(x): the convolution in fp32, so x is kept in that, and the sum reads a copy. */
static void node_precision_shared(void **state)
{
	float *calib = samples(SAMPLES * 72, -1, 1);
	struct accel_node_precision one = { NULL, ACCEL_PREC_FP32 };
	struct accel_compile_options o = {
		.size = sizeof(o), .precision = ACCEL_PREC_INT8, .calib_data = calib, .calib_count = SAMPLES, .node_precisions = &one,
		.num_node_precisions = 1,
	};
	int x = input("x", 4, (int64_t[]){ 1, 2, 6, 6 }), w = random_constant(4, (int64_t[]){ 2, 2, 1, 1 }, -1, 1), y;

	y = op("Conv", x, w, NONE, NULL);
	output(op("Relu", op("Add", x, y, NONE, NULL), NONE, NONE, NULL));
	run_before();
	one.node = name_of(ACCEL_OP_CONV);
	if (accel_passes_run(g, &o))
		fail_msg("%s", accel_errmsg());
	assert_int_equal(in_of(ACCEL_OP_CONV, 0)->store, ACCEL_F32);
	assert_int_equal(in_of(ACCEL_OP_CONV, 1)->store, ACCEL_F32);
	assert_int_equal(in_of(ACCEL_OP_ADD, 0)->store, ACCEL_S8);
	assert_int_equal(in_of(ACCEL_OP_ADD, 1)->store, ACCEL_S8);
	run_after_stored(ACCEL_CPU_STORE, 0.05f);
	free(calib);
}

/* One convolution of a network in @base is int8: its operands are, with scales, and nothing else. */
static void one_in_int8(enum accel_precision base, enum accel_dtype store)
{
	float *calib = samples(SAMPLES * 72, -1, 1);
	struct accel_node_precision one = { NULL, ACCEL_PREC_INT8 };
	struct accel_compile_options o = {
		.size = sizeof(o), .precision = base, .calib_data = calib, .calib_count = SAMPLES, .node_precisions = &one,
		.num_node_precisions = 1,
	};

	make_network();
	run_before();
	one.node = name_of(ACCEL_OP_CONV);
	if (accel_passes_run(g, &o))
		fail_msg("%s", accel_errmsg());
	assert_int_equal(in_of(ACCEL_OP_CONV, 0)->store, ACCEL_S8);
	assert_true(in_of(ACCEL_OP_CONV, 0)->quant.scale > 0);
	assert_int_equal(in_of(ACCEL_OP_CONV, 1)->store, ACCEL_S8);
	assert_non_null(in_of(ACCEL_OP_CONV, 1)->quant.channel_scale);
	assert_int_equal(made_by(ACCEL_OP_CONV)->store, store);
	assert_int_equal(in_of(ACCEL_OP_GEMM, 0)->store, store);
	assert_int_equal(in_of(ACCEL_OP_GEMM, 1)->store, store);
	run_after_stored(ACCEL_CPU_STORE, 0.1f);
	free(calib);
}

static void node_precision_int8(void **state)
{
	one_in_int8(ACCEL_PREC_FP32, ACCEL_F32);
	drop(NULL);
	fresh(NULL);
	one_in_int8(ACCEL_PREC_FP16, ACCEL_F16);
	drop(NULL);
	fresh(NULL);
	one_in_int8(ACCEL_PREC_BF16, ACCEL_BF16);
}

static void node_precision_refused(void **state)
{
	struct accel_node_precision one = { "nobody", ACCEL_PREC_FP16 };
	struct accel_compile_options o = { .size = sizeof(o), .node_precisions = &one, .num_node_precisions = 1 };

	make_network();
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "'nobody'"));
	one.node = name_of(ACCEL_OP_GEMM);
	one.precision = ACCEL_PREC_INT8;
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "calib_data"));
	one.precision = 4;
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "is unknown"));
	one = (struct accel_node_precision){ name_of(ACCEL_OP_MAXPOOL), ACCEL_PREC_FP16 };
	assert_int_equal(accel_passes_run(g, &o), -EOPNOTSUPP);
	assert_non_null(strstr(accel_errmsg(), "does not compute"));
	o.node_precisions = NULL;
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
}

static void options_refused(void **state)
{
	struct accel_compile_options o = { .size = sizeof(o), .precision = ACCEL_PREC_INT8 };
	float data[72] = { 0 };

	make_network();
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "calib_data"));
	o.calib_data = data;
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "calib_count"));
	o.calib_count = 1;
	o.calib_percentile = 20;
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "calib_percentile"));
	o.calib_percentile = 99;
	o.calib_method = ACCEL_CALIB_MSE;
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "calib_percentile"));
	o.calib_percentile = 0;
	o.calib_method = 7;
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "calib_method"));
	o.precision = 9;
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
}

/* ---- imported Q/DQ ---- */

static int scalar(float f)
{
	return constant(0, NULL, &f);
}

static int zero_point(enum accel_dtype type, int v)
{
	int8_t byte = (int8_t)v;
	int c = accel_graph_constant(g, NULL, type, 0, NULL, &byte);

	assert_true(c >= 0);
	return c;
}

static int pair(int x, float scale, int zp)
{
	int s = scalar(scale), z = zero_point(ACCEL_U8, zp);

	return op("DequantizeLinear", op("QuantizeLinear", x, s, z, NULL), s, z, NULL);
}

/* A quantised convolution as exporters write it, with Relu: the pairs vanish, bit for bit. */
static void quantised_import(void **state)
{
	static const int8_t weights[4] = { -128, 64, 127, -3 };
	static const int32_t bias[2] = { 100, -50 };
	int x = input("x", 4, (int64_t[]){ 1, 2, 3, 3 });
	int w = accel_graph_constant(g, NULL, ACCEL_S8, 4, (int64_t[]){ 2, 2, 1, 1 }, weights);
	int b = accel_graph_constant(g, NULL, ACCEL_S32, 1, (int64_t[]){ 2 }, bias);
	int ws = constant(1, (int64_t[]){ 2 }, (float[]){ 0.01f, 0.02f });
	int bs = constant(1, (int64_t[]){ 2 }, (float[]){ 0.01f * 0.0079f, 0.02f * 0.0079f });
	struct accel_attr axis[] = { { .name = "axis", .i = 0 }, { 0 } };
	int y;

	y = op("Conv", pair(x, 0.0079f, 128), op("DequantizeLinear", w, ws, NONE, axis),
	       op("DequantizeLinear", b, bs, NONE, axis), NULL);
	output(pair(op("Relu", y, NONE, NONE, NULL), 0.01f, 3));
	run_before();
	run_passes(ACCEL_PREC_FP32, NULL, 0);
	assert_ops(1, ACCEL_OP_CONV);
	assert_int_equal(g->nodes[0].act.kind, ACCEL_ACT_CLIP);
	assert_int_equal(in_of(ACCEL_OP_CONV, 0)->store, ACCEL_U8);
	assert_int_equal(in_of(ACCEL_OP_CONV, 0)->quant.zero_point, 128);
	assert_int_equal(in_of(ACCEL_OP_CONV, 1)->store, ACCEL_S8);
	assert_int_equal(in_of(ACCEL_OP_CONV, 1)->quant.channels, 2);
	assert_int_equal(in_of(ACCEL_OP_CONV, 2)->store, ACCEL_S32);
	assert_int_equal(made_by(ACCEL_OP_CONV)->store, ACCEL_U8);
	assert_string_equal(made_by(ACCEL_OP_CONV)->name, "y0");
	/* the lowest weight, -128, survives the way through f32 */
	run_after_stored(ACCEL_CPU_STORE, 1e-6f);
}

/* The value is read unquantised as well: the pair stays as two nodes. */
static void pair_with_another_reader(void **state)
{
	int x = input("x", 2, (int64_t[]){ 2, 2 }), y = op("Relu", x, NONE, NONE, NULL);

	output(op("Add", y, pair(y, 0.1f, 0), NONE, NULL));
	run_before();
	run_passes(ACCEL_PREC_FP32, NULL, 0);
	assert_ops(4, ACCEL_OP_RELU, ACCEL_OP_QUANTIZE, ACCEL_OP_DEQUANTIZE, ACCEL_OP_ADD);
	run_after_stored(ACCEL_CPU_STORE, 1e-6f);
}

/* Scales that are computed, or no numbers, are nobody's quantisation. */
static void unusable_scales(void **state)
{
	int x = input("x", 2, (int64_t[]){ 2, 2 }), s = input("s", 0, NULL);

	output(op("DequantizeLinear", op("QuantizeLinear", x, s, NONE, NULL), s, NONE, NULL));
	output(pair(op("Relu", x, NONE, NONE, NULL), 0, 0));
	run_passes(ACCEL_PREC_FP32, NULL, 0);
	for (int v = 0; v < g->num_values; v++)
		assert_int_equal(g->values[v].store, g->values[v].dtype);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, fresh, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(int8_network),
		TEST(half_network),
		TEST(fp32_network),
		TEST(shared_bias_is_parted),
		TEST(channel_of_zeros),
		TEST(percentile),
		TEST(search),
		TEST(narrow),
		TEST(node_precision),
		TEST(node_precision_shared),
		TEST(node_precision_int8),
		TEST(node_precision_refused),
		TEST(options_refused),
		TEST(quantised_import),
		TEST(pair_with_another_reader),
		TEST(unusable_scales),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: precision", tests, NULL, NULL);
}
