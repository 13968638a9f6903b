// SPDX-License-Identifier: MIT
/* RNN, GRU and LSTM beside their equations, written out once more in double: directions, lengths, layouts, clipping, every option. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/graph/build.h"
#include "onnx_model.h"

enum { SEQ = 5, BATCH = 3, IN = 4, HIDDEN = 6, MOST = 2 * 4 * HIDDEN * HIDDEN + 1000 };

static const struct {
	const char *op;
	int gates;
	const char *direction;
	int dirs;
	bool lengths, state, layout, linear, peep, relu;
	float clip;
} cases[] = {
	{ "RNN", 1, "forward", 1, false, false, false, false, false, false, 0 },
	{ "RNN", 1, "reverse", 1, true, true, false, false, false, true, 0 },
	{ "RNN", 1, "bidirectional", 2, true, true, true, false, false, false, 0.3f },
	{ "GRU", 3, "forward", 1, false, false, false, false, false, false, 0 },
	{ "GRU", 3, "bidirectional", 2, true, true, false, true, false, false, 0.4f },
	{ "GRU", 3, "reverse", 1, true, true, true, false, false, false, 0 },
	{ "LSTM", 4, "forward", 1, false, false, false, false, false, false, 0 },
	{ "LSTM", 4, "reverse", 1, true, true, true, false, true, false, 0.3f },
	{ "LSTM", 4, "bidirectional", 2, true, true, false, false, true, false, 0 },
};

static uint32_t seed;
static float x[SEQ * BATCH * IN], w[MOST], r[MOST], b[MOST], h0[MOST], c0[MOST], peep[MOST];
static const int32_t lengths[BATCH] = { 5, 2, 0 };
static double want_y[MOST], want_h[MOST], want_c[MOST];

static void fill(float *to, int count)
{
	for (int i = 0; i < count; i++) {
		seed = seed * 1664525 + 1013904223;
		to[i] = (float)(seed >> 8) * 0x1p-23f - 1;
	}
}

static double limited(size_t k, double v)
{
	double limit = (double)cases[k].clip;

	return limit > 0 ? fmin(fmax(v, -limit), limit) : v;
}

static double sigmoid(size_t k, double v)
{
	return 1 / (1 + exp(-limited(k, v)));
}

/* Gate @gate of number @i: x by W and what biases add; and state by R. */
static double of_input(size_t k, int d, int gate, int i, const float *in)
{
	int row = (d * cases[k].gates + gate) * HIDDEN + i;
	double sum = (double)b[d * 2 * cases[k].gates * HIDDEN + gate * HIDDEN + i];

	for (int j = 0; j < IN; j++)
		sum += (double)w[row * IN + j] * (double)in[j];
	return sum;
}

static double of_state(size_t k, int d, int gate, int i, const double *state)
{
	int row = (d * cases[k].gates + gate) * HIDDEN + i;
	double sum = (double)b[d * 2 * cases[k].gates * HIDDEN + (cases[k].gates + gate) * HIDDEN + i];

	for (int j = 0; j < HIDDEN; j++)
		sum += (double)r[row * HIDDEN + j] * state[j];
	return sum;
}

static void cell(size_t k, int d, const float *in, double *h, double *c)
{
	double old[HIDDEN], gated[HIDDEN];
	const float *p = peep + d * 3 * HIDDEN;

	memcpy(old, h, sizeof(old));
	for (int i = 0; i < HIDDEN && cases[k].gates == 3; i++)
		gated[i] = old[i] * sigmoid(k, of_input(k, d, 1, i, in) + of_state(k, d, 1, i, old));
	for (int i = 0; i < HIDDEN; i++) {
		double g[4];

		for (int gate = 0; gate < cases[k].gates; gate++)
			g[gate] = of_input(k, d, gate, i, in) + of_state(k, d, gate, i, old);
		if (cases[k].gates == 1) {
			h[i] = cases[k].relu ? fmax(limited(k, g[0]), 0) : tanh(limited(k, g[0]));
		} else if (cases[k].gates == 3) {
			double z = sigmoid(k, g[0]), new = of_input(k, d, 2, i, in);

			new += cases[k].linear ? sigmoid(k, g[1]) * of_state(k, d, 2, i, old) : of_state(k, d, 2, i, gated);
			h[i] = (1 - z) * tanh(limited(k, new)) + z * old[i];
		} else {
			double forget = g[2] + (cases[k].peep ? (double)p[2 * HIDDEN + i] * c[i] : 0);
			double input = g[0] + (cases[k].peep ? (double)p[i] * c[i] : 0);

			c[i] = sigmoid(k, forget) * c[i] + sigmoid(k, input) * tanh(limited(k, g[3]));
			h[i] = sigmoid(k, g[1] + (cases[k].peep ? (double)p[HIDDEN + i] * c[i] : 0)) * tanh(c[i]);
		}
	}
}

static int state_at(size_t k, int d, int n)
{
	return (cases[k].layout ? n * cases[k].dirs + d : d * BATCH + n) * HIDDEN;
}

static void reference(size_t k)
{
	memset(want_y, 0, sizeof(want_y));
	for (int d = 0; d < cases[k].dirs; d++)
		for (int n = 0; n < BATCH; n++) {
			int length = cases[k].lengths ? lengths[n] : SEQ, at = state_at(k, d, n);
			bool backward = d || !strcmp(cases[k].direction, "reverse");
			double h[HIDDEN] = { 0 }, c[HIDDEN] = { 0 };

			for (int i = 0; i < HIDDEN && cases[k].state; i++) {
				h[i] = (double)h0[at + i];
				c[i] = (double)c0[at + i];
			}
			for (int t = 0; t < length; t++) {
				int s = backward ? length - 1 - t : t;
				int y = cases[k].layout ? (n * SEQ + s) * cases[k].dirs + d : (s * cases[k].dirs + d) * BATCH + n;

				cell(k, d, x + (cases[k].layout ? n * SEQ + s : s * BATCH + n) * IN, h, c);
				memcpy(want_y + y * HIDDEN, h, sizeof(h));
			}
			memcpy(want_h + at, h, sizeof(h));
			memcpy(want_c + at, c, sizeof(c));
		}
}

static Onnx__ModelProto *build(size_t k)
{
	Onnx__ModelProto *m = model_new(14);
	Onnx__GraphProto *g = m->graph;
	bool layout = cases[k].layout, lstm = cases[k].gates == 4;
	int64_t rows = cases[k].gates * HIDDEN, dirs = cases[k].dirs;
	int64_t state[] = { layout ? BATCH : dirs, layout ? dirs : BATCH, HIDDEN };
	char inputs[80];
	Onnx__NodeProto *n;

	add_input(g, "x", ONNX_TYPE(FLOAT), 3, (int64_t[]){ layout ? BATCH : SEQ, layout ? SEQ : BATCH, IN });
	add_tensor(g, "w", ONNX_TYPE(FLOAT), 3, (int64_t[]){ dirs, rows, IN }, w);
	add_tensor(g, "r", ONNX_TYPE(FLOAT), 3, (int64_t[]){ dirs, rows, HIDDEN }, r);
	add_tensor(g, "b", ONNX_TYPE(FLOAT), 2, (int64_t[]){ dirs, 2 * rows }, b);
	add_tensor(g, "len", ONNX_TYPE(INT32), 1, (int64_t[]){ BATCH }, lengths);
	add_tensor(g, "h0", ONNX_TYPE(FLOAT), 3, state, h0);
	add_tensor(g, "c0", ONNX_TYPE(FLOAT), 3, state, c0);
	add_tensor(g, "p", ONNX_TYPE(FLOAT), 2, (int64_t[]){ dirs, 3 * HIDDEN }, peep);
	snprintf(inputs, sizeof(inputs), "x w r b %s %s %s %s", cases[k].lengths ? "len" : "-", cases[k].state ? "h0" : "-",
		 cases[k].state && lstm ? "c0" : "-", cases[k].peep ? "p" : "-");
	n = add_node(g, cases[k].op, inputs, lstm ? "y yh yc" : "y yh");
	attr_int(n, "hidden_size", HIDDEN);
	attr_string(n, "direction", cases[k].direction);
	if (cases[k].clip > 0)
		attr_float(n, "clip", cases[k].clip);
	if (layout)
		attr_int(n, "layout", 1);
	if (cases[k].linear)
		attr_int(n, "linear_before_reset", 1);
	if (cases[k].relu)
		attr_string(n, "activations", "Relu");
	add_output(g, "y");
	add_output(g, "yh");
	if (lstm)
		add_output(g, "yc");
	return m;
}

static void compare(size_t k, const char *what, const float *got, const double *want, int count)
{
	for (int i = 0; i < count; i++)
		if (!(fabs((double)got[i] - want[i]) < 1e-5))
			fail_msg("%s %s (%zu), %s: element %d is %g, wanted %g", cases[k].op, cases[k].direction, k, what, i, (double)got[i],
				 want[i]);
}

static void each(void **state)
{
	for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
		static float y[MOST], yh[MOST], yc[MOST];
		Onnx__ModelProto *m;
		struct accel_graph *g;
		struct accel_cpu *cpu;
		int states = cases[k].dirs * BATCH * HIDDEN;

		seed = (uint32_t)k;
		fill(x, SEQ * BATCH * IN);
		for (int i = 0; i < 6; i++)
			fill((float *[]){ w, r, b, h0, c0, peep }[i], MOST);
		m = build(k);
		if (model_parse(m, &g) || accel_cpu_new(g, 0, &cpu) ||
		    accel_cpu_run(cpu, (const void *[]){ x }, (void *[]){ y, yh, yc }))
			fail_msg("%s", accel_errmsg());
		reference(k);
		compare(k, "Y", y, want_y, SEQ * states);
		compare(k, "Y_h", yh, want_h, states);
		if (cases[k].gates == 4)
			compare(k, "Y_c", yc, want_c, states);
		accel_cpu_free(cpu);
		accel_graph_unref(g);
		model_free(m);
	}
}

static void assert_refused(Onnx__ModelProto *m, int want, const char *text)
{
	struct accel_graph *g;
	int ret = model_parse(m, &g);

	if (ret != want || !strstr(accel_errmsg(), text))
		fail_msg("returned %d, wanted %d; '%s' does not say '%s'", ret, want, accel_errmsg(), text);
	model_free(m);
}

static void refused(void **state)
{
	Onnx__ModelProto *m = build(0);

	m->graph->node[0]->attribute[0]->i = HIDDEN + 1;
	assert_refused(m, -EINVAL, "hidden_size");
	m = build(3);
	m->graph->initializer[0]->dims[1] = HIDDEN;
	m->graph->initializer[0]->raw_data.len /= 3;
	assert_refused(m, -EINVAL, "input 'w'");
	m = build(0);
	attr_string(m->graph->node[0], "activations", "Affine");
	assert_refused(m, -EOPNOTSUPP, "activations = 'Affine'");
	m = build(6);
	attr_int(m->graph->node[0], "input_forget", 1);
	assert_refused(m, -EOPNOTSUPP, "input_forget");
	m = build(2);
	m->opset_import[0]->version = 13;
	assert_refused(m, -EOPNOTSUPP, "layout");
}

/* A length beyond the sequence is found when it is run: lengths may be an input. */
static void length_out_of_range(void **state)
{
	Onnx__ModelProto *m = build(1);
	struct accel_graph *g;
	struct accel_cpu *cpu;
	static float y[MOST], yh[MOST];

	memcpy(m->graph->initializer[3]->raw_data.data, &(int32_t){ SEQ + 1 }, 4);
	assert_int_equal(model_parse(m, &g), 0);
	assert_int_equal(accel_cpu_new(g, 0, &cpu), 0);
	assert_int_equal(accel_cpu_run(cpu, (const void *[]){ x }, (void *[]){ y, yh }), -EINVAL);
	accel_cpu_free(cpu);
	accel_graph_unref(g);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each),
		cmocka_unit_test(refused),
		cmocka_unit_test(length_out_of_range),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: recurrent networks", tests, NULL, NULL);
}
