// SPDX-License-Identifier: MIT
/* Quantised models, each of its number: x, float, is quantised, goes through an operator or some, and leaves as integers. */
#include "cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/libaccel-front/onnx_model.h"

#define MOST	4096	/* elements of a constant */

/**
 * struct maker - a model that is being made
 * @g: its graph
 * @state: of the generator
 * @exact: scales are powers of two, so that float arithmetic rounds nowhere but at the end
 * @type: of activations, INT8 or UINT8
 * @names: made up so far
 */
struct maker {
	Onnx__GraphProto *g;
	uint64_t state;
	bool exact;
	int type;
	int names;
};

static uint64_t pick(struct maker *k, uint64_t n)
{
	k->state = k->state * 6364136223846793005u + 1442695040888963407u;
	return (k->state >> 33) % n;
}

static float uniform(struct maker *k, float lo, float hi)
{
	return lo + (hi - lo) * (float)pick(k, 1 << 24) * 0x1p-24f;
}

/* About @near; the power of two beside it where arithmetic is to be exact. */
static float new_scale(struct maker *k, double near)
{
	double s = near * (double)uniform(k, 0.7f, 1.4f);

	return (float)(k->exact ? exp2(rint(log2(s))) : s);
}

static void name_it(struct maker *k, char *name)
{
	snprintf(name, 16, "v%d", k->names++);
}

static const char *scalar(struct maker *k, int type, const void *data, char *name)
{
	name_it(k, name);
	add_scalar(k->g, name, type, data);
	return name;
}

/**
 * struct quant - of a tensor: names of scale and zero point
 * @scale: its number
 * @zero: its number
 */
struct quant {
	char scale_name[16], zero_name[16];
	float scale;
	int zero;
	int type;
};

static struct quant new_quant(struct maker *k, int type, double near)
{
	struct quant q = { .type = type, .scale = new_scale(k, near) };
	int8_t zero;

	q.zero = (int)pick(k, 60) - 30 + (type == ONNX_TYPE(UINT8) ? 128 : 0);
	zero = (int8_t)q.zero;
	scalar(k, ONNX_TYPE(FLOAT), &q.scale, q.scale_name);
	scalar(k, type, &zero, q.zero_name);
	return q;
}

/* OP of up to four names into a new one, @out. */
static Onnx__NodeProto *node(struct maker *k, const char *op, const char *a, const char *b, const char *c, const char *d, char *out)
{
	char inputs[80];

	snprintf(inputs, sizeof(inputs), "%s %s %s %s", a, b, c, d);
	name_it(k, out);
	return add_node(k->g, op, inputs, out);
}

static void quantise(struct maker *k, const char *x, const struct quant *q, char *out)
{
	node(k, "QuantizeLinear", x, q->scale_name, q->zero_name, "", out);
}

/* Through a pair: @out are floats again. */
static void through(struct maker *k, const char *x, const struct quant *q, char *out)
{
	char mid[16];

	quantise(k, x, q, mid);
	node(k, "DequantizeLinear", mid, q->scale_name, q->zero_name, "", out);
}

static void finish(struct maker *k, const char *y, const struct quant *q)
{
	char inputs[80];

	snprintf(inputs, sizeof(inputs), "%s %s %s", y, q->scale_name, q->zero_name);
	add_node(k->g, "QuantizeLinear", inputs, "y");
}

/**
 * struct weights - constants of bytes
 * @name: of the integers
 * @scale: names of one scale, or of one a channel
 * @zero: of zero points like that
 * @scales: numbers, as many as channels
 */
struct weights {
	char name[16], scale[16], zero[16];
	float scales[64];
	int type;
};

/* Seven bits of the eight: ONNX Runtime's fastest sums of pairs then fit 16 bits on any machine. */
static struct weights new_weights(struct maker *k, int rank, const int64_t *dims, int axis, bool by_channel)
{
	struct weights w = { .type = by_channel || k->type == ONNX_TYPE(INT8) || pick(k, 2) ? ONNX_TYPE(INT8) : ONNX_TYPE(UINT8) };
	int64_t count = 1, channels = dims[axis];
	int8_t data[MOST], zeros[64] = { 0 };

	for (int i = 0; i < rank; i++)
		count *= dims[i];
	if (count > MOST || channels > 64)
		abort();
	for (int64_t i = 0; i < count; i++)
		data[i] = (int8_t)(pick(k, 128) - (w.type == ONNX_TYPE(INT8) ? 64 : 0));
	for (int64_t c = 0; c < channels; c++)
		w.scales[c] = c && !by_channel ? w.scales[0] : new_scale(k, 0.02);
	if (!by_channel)
		zeros[0] = (int8_t)(pick(k, 20) + (w.type == ONNX_TYPE(UINT8) ? 54 : 0));
	name_it(k, w.name);
	name_it(k, w.scale);
	name_it(k, w.zero);
	add_tensor(k->g, w.name, w.type, rank, dims, data);
	add_tensor(k->g, w.scale, ONNX_TYPE(FLOAT), by_channel, &channels, w.scales);
	add_tensor(k->g, w.zero, w.type, by_channel, &channels, zeros);
	return w;
}

static void new_bias(struct maker *k, int64_t channels, char *name)
{
	int32_t data[64];

	for (int64_t c = 0; c < channels; c++)
		data[c] = (int32_t)pick(k, 20000) - 10000;
	name_it(k, name);
	add_tensor(k->g, name, ONNX_TYPE(INT32), 1, &channels, data);
}

/* @bias of integers as floats, in the scale of products. */
static void float_bias(struct maker *k, const char *bias, const struct quant *x, const struct weights *w, int64_t channels, bool each,
		       char *out)
{
	float scales[64];
	char scale[16];
	Onnx__NodeProto *n;

	for (int64_t c = 0; c < channels; c++)
		scales[c] = x->scale * w->scales[c];
	name_it(k, scale);
	add_tensor(k->g, scale, ONNX_TYPE(FLOAT), each, &channels, scales);
	n = node(k, "DequantizeLinear", bias, scale, "", "", out);
	attr_int(n, "axis", 0);
}

struct conv {
	int64_t in, out, group, kernel, stride, pad, dilation;
};

static struct conv new_conv(struct maker *k, int64_t in)
{
	struct conv c = { .in = in, .out = 4 * (1 + (int64_t)pick(k, 3)), .kernel = 1 + 2 * (int64_t)pick(k, 2), .stride = 1 + (int64_t)pick(k, 2) };

	c.group = pick(k, 4) ? 1 : pick(k, 2) ? 2 : in;
	if (c.group == in)
		c.out = in;
	c.dilation = c.kernel > 1 ? 1 + (int64_t)pick(k, 2) : 1;
	c.pad = c.kernel > 1 ? (int64_t)pick(k, 3) : 0;
	return c;
}

static void conv_attrs(Onnx__NodeProto *n, const struct conv *c)
{
	int64_t d = c->dilation, p = c->pad, s = c->stride;

	attr_int(n, "group", c->group);
	attr_ints(n, "strides", (int64_t[]){ s, s }, 2);
	attr_ints(n, "dilations", (int64_t[]){ d, d }, 2);
	attr_ints(n, "pads", (int64_t[]){ p, p, p + (p ? 1 : 0), p }, 4);
}

/* So that what comes out, a sum of @terms, fills most of the range. */
static double output_scale(double x_scale, int64_t terms)
{
	return x_scale * 0.02 * 80 * 37 * sqrt((double)terms) / 45;
}

#define X_SCALE	0.02

static void qlinear_conv(struct maker *k, int64_t channels)
{
	struct quant x = new_quant(k, k->type, X_SCALE), y;
	struct conv c = new_conv(k, channels);
	bool each = pick(k, 2), biased = pick(k, 2);
	struct weights w = new_weights(k, 4, (int64_t[]){ c.out, c.in / c.group, c.kernel, c.kernel }, 0, each);
	char xq[16], bias[16] = "", inputs[200];
	Onnx__NodeProto *n;

	y = new_quant(k, k->type, output_scale((double)x.scale, c.in / c.group * c.kernel * c.kernel));
	quantise(k, "x", &x, xq);
	if (biased)
		new_bias(k, c.out, bias);
	snprintf(inputs, sizeof(inputs), "%s %s %s %s %s %s %s %s %s", xq, x.scale_name, x.zero_name, w.name, w.scale, w.zero, y.scale_name,
		 y.zero_name, bias);
	n = add_node(k->g, "QLinearConv", inputs, "y");
	conv_attrs(n, &c);
}

static void qlinear_matmul(struct maker *k, int64_t depth)
{
	struct quant x = new_quant(k, k->type, X_SCALE), y;
	struct weights w = new_weights(k, 2, (int64_t[]){ depth, 12 }, 1, pick(k, 2));
	char xq[16], inputs[200];

	y = new_quant(k, k->type, output_scale((double)x.scale, depth));
	quantise(k, "x", &x, xq);
	snprintf(inputs, sizeof(inputs), "%s %s %s %s %s %s %s %s", xq, x.scale_name, x.zero_name, w.name, w.scale, w.zero, y.scale_name,
		 y.zero_name);
	add_node(k->g, "QLinearMatMul", inputs, "y");
}

static void conv_integer(struct maker *k, int64_t channels)
{
	struct quant x = new_quant(k, ONNX_TYPE(UINT8), X_SCALE);
	struct conv c = new_conv(k, channels);
	struct weights w = new_weights(k, 4, (int64_t[]){ c.out, c.in / c.group, c.kernel, c.kernel }, 0, false);
	char xq[16], inputs[200];

	quantise(k, "x", &x, xq);
	snprintf(inputs, sizeof(inputs), "%s %s %s %s", xq, w.name, x.zero_name, w.zero);
	conv_attrs(add_node(k->g, "ConvInteger", inputs, "y"), &c);
}

static void matmul_integer(struct maker *k, int64_t depth)
{
	struct quant x = new_quant(k, k->type, X_SCALE);
	struct weights w = new_weights(k, 2, (int64_t[]){ depth, 12 }, 1, pick(k, 2));
	char xq[16], inputs[200];

	quantise(k, "x", &x, xq);
	snprintf(inputs, sizeof(inputs), "%s %s %s %s", xq, w.name, x.zero_name, w.zero);
	add_node(k->g, "MatMulInteger", inputs, "y");
}

/* Floats @x of parameters @q through a convolution; the sum's scale is that of @y. */
static struct quant pair_conv(struct maker *k, const char *x, const struct quant *q, const struct conv *c, bool each, char *out)
{
	struct weights w = new_weights(k, 4, (int64_t[]){ c->out, c->in / c->group, c->kernel, c->kernel }, 0, each);
	char wf[16], bias[16], bf[16] = "";
	Onnx__NodeProto *n = node(k, "DequantizeLinear", w.name, w.scale, w.zero, "", wf);

	attr_int(n, "axis", 0);
	if (pick(k, 2)) {
		new_bias(k, c->out, bias);
		float_bias(k, bias, q, &w, c->out, each, bf);
	}
	conv_attrs(node(k, "Conv", x, wf, bf, "", out), c);
	return new_quant(k, q->type, output_scale((double)q->scale, c->in / c->group * c->kernel * c->kernel));
}

static void qdq_conv(struct maker *k, int64_t channels, bool each)
{
	struct quant x = new_quant(k, k->type, X_SCALE), y;
	struct conv c = new_conv(k, channels);
	char xf[16], sum[16], relu[16];
	bool positive = pick(k, 2);

	through(k, "x", &x, xf);
	y = pair_conv(k, xf, &x, &c, each, sum);
	if (positive)
		node(k, "Relu", sum, "", "", "", relu);
	finish(k, positive ? relu : sum, &y);
}

static void qdq_matmul(struct maker *k, int64_t depth, bool gemm)
{
	struct quant x = new_quant(k, k->type, X_SCALE), y;
	bool each = pick(k, 2);
	struct weights w = new_weights(k, 2, gemm ? (int64_t[]){ 12, depth } : (int64_t[]){ depth, 12 }, !gemm, each);
	char xf[16], wf[16], sum[16], bias[16], bf[16] = "";
	Onnx__NodeProto *n;

	through(k, "x", &x, xf);
	n = node(k, "DequantizeLinear", w.name, w.scale, w.zero, "", wf);
	attr_int(n, "axis", !gemm);
	if (gemm) {
		new_bias(k, 12, bias);
		float_bias(k, bias, &x, &w, 12, each, bf);
	}
	n = node(k, gemm ? "Gemm" : "MatMul", xf, wf, bf, "", sum);
	if (gemm)
		attr_int(n, "transB", 1);
	y = new_quant(k, k->type, output_scale((double)x.scale, depth));
	finish(k, sum, &y);
}

/* Two operands of different scales. */
static void qdq_binary(struct maker *k, const char *op)
{
	struct quant a = new_quant(k, k->type, X_SCALE), b = new_quant(k, k->type, X_SCALE / 2), y = new_quant(k, k->type, X_SCALE * 1.5);
	char af[16], bf[16], sum[16];

	through(k, "x", &a, af);
	through(k, "x", &b, bf);
	node(k, op, af, bf, "", "", sum);
	finish(k, sum, &y);
}

/* @same: the output has the input's parameters, as exporters have it for what only selects. */
static void qdq_pool(struct maker *k, const char *op, bool same)
{
	struct quant x = new_quant(k, k->type, X_SCALE), y = same ? x : new_quant(k, k->type, X_SCALE / 2);
	char xf[16], out[16];
	Onnx__NodeProto *n;

	through(k, "x", &x, xf);
	n = node(k, op, xf, "", "", "", out);
	if (strncmp(op, "Global", 6)) {
		int64_t size = 2 + (int64_t)pick(k, 2), pad = (int64_t)pick(k, 2);

		attr_ints(n, "kernel_shape", (int64_t[]){ size, size }, 2);
		attr_ints(n, "strides", (int64_t[]){ 2, 1 }, 2);
		attr_ints(n, "pads", (int64_t[]){ pad, 0, pad, 1 }, 4);
		if (!strcmp(op, "AveragePool"))
			attr_int(n, "count_include_pad", (int64_t)pick(k, 2));
	}
	finish(k, out, &y);
}

static void qdq_concat(struct maker *k)
{
	struct quant a = new_quant(k, k->type, X_SCALE), b = new_quant(k, k->type, X_SCALE / 2), y = new_quant(k, k->type, X_SCALE);
	char af[16], bf[16], out[16];

	through(k, "x", &a, af);
	through(k, "x", &b, bf);
	attr_int(node(k, "Concat", af, bf, "", "", out), "axis", 1);
	finish(k, out, &y);
}

/* Two convolutions, with what went in added, and a pool: every value between is quantised. */
static void qdq_block(struct maker *k, int64_t channels)
{
	struct quant x = new_quant(k, k->type, X_SCALE), mid, sum, y;
	struct conv first = { channels, 8, 1, 3, 1, 1, 1 }, second = { 8, channels, 1, 1, 1, 0, 1 };
	char xf[16], a[16], r[16], b[16], c[16], d[16], e[16], f[16];

	first.pad = 0;
	first.kernel = 1;
	through(k, "x", &x, xf);
	mid = pair_conv(k, xf, &x, &first, true, a);
	node(k, "Relu", a, "", "", "", r);
	through(k, r, &mid, b);
	sum = pair_conv(k, b, &mid, &second, false, c);
	through(k, c, &sum, d);
	node(k, "Add", d, xf, "", "", e);
	y = new_quant(k, k->type, (double)sum.scale * 1.2);
	through(k, e, &y, f);
	attr_ints(node(k, "MaxPool", f, "", "", "", a), "kernel_shape", (int64_t[]){ 2, 2 }, 2);
	finish(k, a, &y);
}

static void q_by_axis(struct maker *k, int64_t channels)
{
	struct quant y = new_quant(k, k->type, X_SCALE);
	float scales[64];
	int8_t zeros[64];
	char scale[16], zero[16], xq[16], xf[16];

	for (int64_t c = 0; c < channels; c++) {
		scales[c] = new_scale(k, X_SCALE);
		zeros[c] = (int8_t)pick(k, 100);
	}
	name_it(k, scale);
	name_it(k, zero);
	add_tensor(k->g, scale, ONNX_TYPE(FLOAT), 1, &channels, scales);
	add_tensor(k->g, zero, k->type, 1, &channels, zeros);
	attr_int(node(k, "QuantizeLinear", "x", scale, zero, "", xq), "axis", 1);
	attr_int(node(k, "DequantizeLinear", xq, scale, zero, "", xf), "axis", 1);
	finish(k, xf, &y);
}

static const char *const kinds[] = {
	"QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "Conv by channel", "Conv by tensor", "MatMul", "Gemm", "Add",
	"Mul", "MaxPool", "AveragePool", "GlobalAveragePool", "Concat", "block", "by axis", "DynamicQuantizeLinear",
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static void make(struct maker *k, size_t kind, int64_t channels)
{
	switch (kind) {
	case 0: return qlinear_conv(k, channels);
	case 1: return qlinear_matmul(k, channels);
	case 2: return conv_integer(k, channels);
	case 3: return matmul_integer(k, channels);
	case 4: return qdq_conv(k, channels, true);
	case 5: return qdq_conv(k, channels, false);
	case 6: return qdq_matmul(k, channels, false);
	case 7: return qdq_matmul(k, channels, true);
	case 8: return qdq_binary(k, "Add");
	case 9: return qdq_binary(k, "Mul");
	case 10: return qdq_pool(k, "MaxPool", true);
	case 11: return qdq_pool(k, "AveragePool", false);
	case 12: return qdq_pool(k, "GlobalAveragePool", false);
	case 13: return qdq_concat(k);
	case 14: return qdq_block(k, channels);
	case 15: return q_by_axis(k, channels);
	default: add_node(k->g, "DynamicQuantizeLinear", "x", "y s z");
	}
}

struct made make_case(unsigned int number)
{
	size_t kind = number % KINDS;
	bool matrix = kind == 1 || kind == 3 || kind == 6 || kind == 7;
	struct maker k = { .state = number * 0x9e3779b97f4a7c15u + 1, .exact = number / KINDS % 2 == 0 };
	int64_t dims[4] = { 1, 4 * (1 + (int64_t)pick(&k, 4)), 6 + (int64_t)pick(&k, 5), 6 + (int64_t)pick(&k, 5) };
	struct made made = { .what = kinds[kind], .exact = k.exact || kind < 4 || kind == 16 };
	int64_t count = 1;

	if (matrix) {
		dims[0] = 5;
		dims[1] = 16 + (int64_t)pick(&k, 60);
	}
	k.type = pick(&k, 2) ? ONNX_TYPE(INT8) : ONNX_TYPE(UINT8);
	made.model = model_new(13);
	k.g = made.model->graph;
	made.rank = matrix ? 2 : 4;
	add_input(k.g, "x", ONNX_TYPE(FLOAT), made.rank, dims);
	add_output(k.g, "y");
	make(&k, kind, dims[1]);
	for (int i = 0; i < made.rank; i++)
		count *= made.dims[i] = dims[i];
	made.x = malloc((size_t)count * sizeof(float));
	for (int64_t i = 0; made.x && i < count; i++)
		made.x[i] = uniform(&k, -3, 3);
	/* the type that other software wants to be told */
	k.g->output[0]->type->tensor_type->elem_type = kind == 2 || kind == 3 ? ONNX_TYPE(INT32) : kind == 16 ? ONNX_TYPE(UINT8) : k.type;
	return made;
}
