// SPDX-License-Identifier: MIT
/* Passes for models that are quantised themselves, before and after: QLinear operators become pairs, averages are of floats. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/graph/build.h"
#include "libaccel/passes/passes.h"
#include "onnx_model.h"

#define NUMBERS	(1 * 3 * 5 * 5)

static Onnx__ModelProto *m;
static struct accel_graph *g;

/* x, bytes, through QLinearConv of four channels with a bias. */
static Onnx__GraphProto *qlinear_conv(bool by_channel)
{
	static const float scales[] = { 0.02f, 0.03f, 0.01f, 0.025f };
	static const int32_t bias[] = { 100, -200, 300, 0 };
	static const int8_t zeros[4] = { 0 };
	int64_t count = by_channel ? 4 : 1;
	Onnx__GraphProto *graph;
	int8_t w[4 * 3 * 9];

	for (size_t i = 0; i < sizeof(w); i++)
		w[i] = (int8_t)(i * 37 % 251 - 125);
	m = model_new(13);
	graph = m->graph;
	add_input(graph, "x", ONNX_TYPE(UINT8), 4, (int64_t[]){ 1, 3, 5, 5 });
	add_output(graph, "y");
	add_scalar(graph, "xs", ONNX_TYPE(FLOAT), &(float){ 0.05f });
	add_scalar(graph, "xz", ONNX_TYPE(UINT8), &(uint8_t){ 120 });
	add_scalar(graph, "ys", ONNX_TYPE(FLOAT), &(float){ 0.9f });
	add_scalar(graph, "yz", ONNX_TYPE(UINT8), &(uint8_t){ 128 });
	add_tensor(graph, "w", ONNX_TYPE(INT8), 4, (int64_t[]){ 4, 3, 3, 3 }, w);
	add_tensor(graph, "ws", ONNX_TYPE(FLOAT), 1, &count, scales);
	add_tensor(graph, "wz", ONNX_TYPE(INT8), 1, &count, zeros);
	add_tensor(graph, "b", ONNX_TYPE(INT32), 1, (int64_t[]){ 4 }, bias);
	add_node(graph, "QLinearConv", "x xs xz w ws wz ys yz b", "y");
	return graph;
}

static int drop(void **state)
{
	accel_graph_unref(g);
	model_free(m);
	g = NULL;
	m = NULL;
	return 0;
}

static void parse(void)
{
	if (model_parse(m, &g))
		fail_msg("%s", accel_errmsg());
}

static void run(uint8_t *y)
{
	uint8_t x[NUMBERS];
	struct accel_cpu *cpu;

	for (int i = 0; i < NUMBERS; i++)
		x[i] = (uint8_t)(i * 53);
	if (accel_cpu_new(g, 0, &cpu) || accel_cpu_run(cpu, (const void *[]){ x }, (void *[]){ y }))
		fail_msg("%s", accel_errmsg());
	accel_cpu_free(cpu);
}

static int count(enum accel_op op)
{
	int n = 0;

	for (int i = 0; i < g->num_nodes; i++)
		n += g->nodes[i].op == op;
	return n;
}

static void becomes_pairs(void **state)
{
	for (int by_channel = 0; by_channel < 2; by_channel++) {
		uint8_t before[4 * 9], after[4 * 9];

		qlinear_conv(by_channel);
		parse();
		run(before);
		assert_int_equal(accel_pass_qlinear(g), 0);
		assert_int_equal(count(ACCEL_OP_QLINEAR_CONV), 0);
		assert_int_equal(count(ACCEL_OP_CONV), 1);
		assert_int_equal(count(ACCEL_OP_DEQUANTIZE), 3);
		assert_int_equal(count(ACCEL_OP_QUANTIZE), 1);
		assert_string_equal(g->values[g->outputs[0]].name, "y");
		run(after);
		assert_memory_equal(before, after, sizeof(before));
		/* the network's form is that of pairs: integers all the way */
		assert_int_equal(accel_passes_run(g, NULL), 0);
		for (int i = 0; i < g->num_nodes; i++)
			if (g->nodes[i].op == ACCEL_OP_CONV) {
				assert_int_equal(g->values[g->nodes[i].in[0]].store, ACCEL_U8);
				assert_int_equal(g->values[g->nodes[i].in[1]].store, ACCEL_S8);
				assert_int_equal(g->values[g->nodes[i].in[2]].store, ACCEL_S32);
				assert_int_equal(g->values[g->nodes[i].out[0]].store, ACCEL_U8);
			}
		drop(NULL);
	}
}

static void assert_stays(void)
{
	parse();
	assert_int_equal(accel_pass_qlinear(g), 0);
	assert_int_equal(count(ACCEL_OP_QLINEAR_CONV), 1);
	assert_int_equal(g->num_nodes, 1);
	drop(NULL);
}

/* What the NPU has no place for, or a float would not bring back. */
static void stays(void **state)
{
	Onnx__GraphProto *graph = qlinear_conv(true);

	graph->initializer[6]->raw_data.data[2] = 1;		/* a zero point of one channel */
	assert_stays();
	graph = qlinear_conv(true);
	memcpy(graph->initializer[7]->raw_data.data, &(int32_t){ 1 << 24 }, 4);
	assert_stays();
	graph = qlinear_conv(false);
	memcpy(graph->initializer[0]->raw_data.data, &(float){ 0 }, 4);
	assert_stays();
	graph = qlinear_conv(false);
	free(graph->node[0]->input[1]);
	graph->node[0]->input[1] = strdup("given");		/* a scale that comes from outside */
	add_input(graph, "given", ONNX_TYPE(FLOAT), 0, NULL);
	assert_stays();
}

/* x, a pair, GlobalAveragePool of @side by @side, a pair. */
static void average(int64_t side)
{
	m = model_new(13);
	add_input(m->graph, "x", ONNX_TYPE(FLOAT), 4, (int64_t[]){ 1, 3, side, side });
	add_output(m->graph, "y");
	add_scalar(m->graph, "s", ONNX_TYPE(FLOAT), &(float){ 0.05f });
	add_scalar(m->graph, "z", ONNX_TYPE(INT8), &(int8_t){ 3 });
	add_node(m->graph, "QuantizeLinear", "x s z", "a");
	add_node(m->graph, "DequantizeLinear", "a s z", "b");
	add_node(m->graph, "GlobalAveragePool", "b", "c");
	add_node(m->graph, "QuantizeLinear", "c s z", "d");
	add_node(m->graph, "DequantizeLinear", "d s z", "y");
	parse();
	assert_int_equal(accel_pass_qdq(g), 0);
	assert_int_equal(accel_pass_average(g), 0);
}

static void averages_of_floats(void **state)
{
	average(5);
	assert_int_equal(count(ACCEL_OP_CLIP), 2);
	for (int i = 0; i < g->num_nodes; i++)
		if (g->nodes[i].op == ACCEL_OP_GLOBAL_AVGPOOL) {
			assert_int_equal(g->values[g->nodes[i].in[0]].store, ACCEL_F32);
			assert_int_equal(g->values[g->nodes[i].out[0]].store, ACCEL_F32);
		}
	drop(NULL);
	average(4);		/* a sixteenth is exact */
	assert_int_equal(count(ACCEL_OP_CLIP), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(becomes_pairs, drop),
		cmocka_unit_test_teardown(stays, drop),
		cmocka_unit_test_teardown(averages_of_floats, drop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: passes for quantised models", tests, NULL, NULL);
}
