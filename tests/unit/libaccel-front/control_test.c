// SPDX-License-Identifier: MIT
/* If and Loop in models: what is taken, how often it runs, which names it sees, and where that has an end. */
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
#include "onnx_model.h"

static const int64_t two[] = { 2 };
static const float x[] = { 10, 20 };
static Onnx__ModelProto *m;
static struct accel_graph *g;

/* x[2] -> y */
static int fresh(void **state)
{
	m = model_new(13);
	add_input(m->graph, "x", ONNX_TYPE(FLOAT), 1, two);
	add_output(m->graph, "y");
	return 0;
}

static int drop(void **state)
{
	accel_graph_unref(g);
	model_free(m);
	g = NULL;
	return 0;
}

static void assert_gives(const float *want, size_t count)
{
	const void *in[] = { x };
	struct accel_cpu *cpu;
	float *y = calloc(count, sizeof(*y));
	void *out[] = { y };

	assert_non_null(y);
	if (model_parse(m, &g) || accel_cpu_new(g, 0, &cpu))
		fail_msg("%s", accel_errmsg());
	assert_int_equal(g->num_outputs, 1);
	assert_int_equal(accel_value_elems(&g->values[g->outputs[0]]), count);
	assert_string_equal(g->values[g->outputs[0]].name, "y");
	assert_int_equal(accel_cpu_run(cpu, in, out), 0);
	accel_cpu_free(cpu);
	assert_memory_equal(y, want, count * sizeof(*want));
	free(y);
	accel_graph_unref(g);
	g = NULL;
}

static void assert_refused(int want, const char *text)
{
	int ret = model_parse(m, &g);

	if (ret != want || !strstr(accel_errmsg(), text))
		fail_msg("returned %d, wanted %d; '%s' does not say '%s'", ret, want, accel_errmsg(), text);
}

static void add_bool(Onnx__GraphProto *graph, const char *name, bool value)
{
	add_scalar(graph, name, ONNX_TYPE(BOOL), &(uint8_t){ value });
}

static void add_s64(Onnx__GraphProto *graph, const char *name, int64_t value)
{
	add_scalar(graph, name, ONNX_TYPE(INT64), &value);
}

/* r = x OP w, with a w of its own, and a name that the other branch has too. */
static Onnx__GraphProto *branch(const char *op, float w0, float w1)
{
	Onnx__GraphProto *b = graph_new();

	add_floats(b, "w", (float[]){ w0, w1 }, 2);
	add_node(b, op, "x w", "t");
	add_node(b, "Identity", "t", "r");
	add_output(b, "r");
	return b;
}

static Onnx__NodeProto *add_if(const char *cond)
{
	Onnx__NodeProto *n = add_node(m->graph, "If", cond, "y");

	attr_graph(n, "then_branch", branch("Add", 1, 2));
	attr_graph(n, "else_branch", branch("Mul", 3, 4));
	return n;
}

static void branch_by_initialiser(void **state)
{
	add_bool(m->graph, "c", true);
	add_if("c");
	assert_gives((float[]){ 11, 22 }, 2);
	m->graph->initializer[0]->raw_data.data[0] = 0;
	assert_gives((float[]){ 30, 80 }, 2);
}

/* A Constant node, and arithmetic on the shape of an input. */
static void branch_by_what_is_computed(void **state)
{
	attr_ints(add_node(m->graph, "Constant", "", "limit"), "value_ints", (int64_t[]){ 3 }, 1);
	add_node(m->graph, "Shape", "x", "s");
	add_node(m->graph, "Less", "s limit", "c1");
	add_node(m->graph, "Not", "c1", "c");
	add_if("c");
	assert_gives((float[]){ 30, 80 }, 2);
}

/* The branch that is not taken may hold anything. */
static void branch_not_taken(void **state)
{
	Onnx__NodeProto *n;

	add_bool(m->graph, "c", true);
	n = add_if("c");
	add_node(n->attribute[1]->g, "StringNormalizer", "nowhere", "q");
	assert_gives((float[]){ 11, 22 }, 2);
}

static void branch_in_branch(void **state)
{
	Onnx__GraphProto *outer = graph_new();
	Onnx__NodeProto *inner;

	add_bool(m->graph, "c", true);
	add_floats(outer, "k", (float[]){ 5, 6 }, 2);
	inner = add_node(outer, "If", "c", "r");
	attr_graph(inner, "then_branch", branch("Sub", 1, 1));
	attr_graph(inner, "else_branch", branch("Add", 0, 0));
	add_node(inner->attribute[0]->g, "Add", "r k", "r2");	/* a name of the graph between */
	free(inner->attribute[0]->g->output[0]->name);
	inner->attribute[0]->g->output[0]->name = strdup("r2");
	add_output(outer, "r");
	attr_graph(add_node(m->graph, "If", "c", "y"), "then_branch", outer);
	assert_gives((float[]){ 14, 25 }, 2);
}

static void branch_refused(void **state)
{
	Onnx__NodeProto *n;

	add_input(m->graph, "given", ONNX_TYPE(BOOL), 0, NULL);
	n = add_if("given");
	assert_refused(-EOPNOTSUPP, "If node 'y': its condition depends on an input");
	n->n_input = 0;
	assert_refused(-EOPNOTSUPP, "If node 'y'");
	n->n_input = 1;
	add_bool(m->graph, "c", true);
	free(n->input[0]);
	n->input[0] = strdup("c");
	free(n->attribute[0]->name);
	n->attribute[0]->name = strdup("other");
	assert_refused(-EBADMSG, "branch");
	free(n->attribute[0]->name);
	n->attribute[0]->name = strdup("then_branch");
	add_node(n->attribute[0]->g, "Relu", "hidden", "q");
	assert_refused(-EBADMSG, "'hidden'");
	/* names of a branch end with it */
	onnx__node_proto__free_unpacked(n->attribute[0]->g->node[--n->attribute[0]->g->n_node], NULL);
	add_node(m->graph, "Relu", "t", "q");
	assert_refused(-EBADMSG, "'t'");
}

/* v = v + x each time, what v was is gathered; the condition is passed on. */
static Onnx__NodeProto *add_loop(const char *inputs, const char *outputs)
{
	Onnx__NodeProto *n = add_node(m->graph, "Loop", inputs, outputs);
	Onnx__GraphProto *b = graph_new();

	add_input(b, "i", ONNX_TYPE(INT64), 0, NULL);
	add_input(b, "go", ONNX_TYPE(BOOL), 0, NULL);
	add_input(b, "v", ONNX_TYPE(FLOAT), 1, two);
	add_node(b, "Identity", "go", "go_on");
	add_node(b, "Add", "v x", "sum");
	add_node(b, "Identity", "v", "was");
	add_output(b, "go_on");
	add_output(b, "sum");
	add_output(b, "was");
	attr_graph(n, "body", b);
	return n;
}

static void loop_of_a_number(void **state)
{
	add_s64(m->graph, "n", 3);
	add_floats(m->graph, "zero", (float[]){ 0, 1 }, 2);
	add_loop("n - zero", "y");
	assert_gives((float[]){ 30, 61 }, 2);
}

static void loop_gathers(void **state)
{
	float want[40];

	add_s64(m->graph, "n", 20);	/* more than one Concat has inputs */
	add_floats(m->graph, "zero", (float[]){ 0, 1 }, 2);
	add_loop("n - zero", "last y");
	for (int i = 0; i < 20; i++) {
		want[2 * i] = (float)i * 10;
		want[2 * i + 1] = (float)i * 20 + 1;
	}
	assert_gives(want, 40);
}

/* Until i + 1 is 4; no trip count. */
static void loop_of_a_condition(void **state)
{
	Onnx__NodeProto *n;
	Onnx__GraphProto *b;

	add_bool(m->graph, "c", true);
	add_floats(m->graph, "zero", (float[]){ 0, 1 }, 2);
	n = add_loop("- c zero", "y");
	b = n->attribute[0]->g;
	onnx__node_proto__free_unpacked(b->node[0], NULL);
	b->node[0] = b->node[--b->n_node];
	add_s64(b, "last", 3);
	add_node(b, "Less", "i last", "go_on");
	assert_gives((float[]){ 40, 81 }, 2);
}

static void loop_that_does_not_run(void **state)
{
	Onnx__NodeProto *n;

	add_s64(m->graph, "n", 0);
	n = add_loop("n - x", "y");
	assert_gives(x, 2);
	free(n->output[0]);
	n->output[0] = strdup("last");
	n->output = realloc(n->output, 2 * sizeof(*n->output));
	n->output[n->n_output++] = strdup("y");
	assert_refused(-EOPNOTSUPP, "would have no shape");
}

static void loop_refused(void **state)
{
	Onnx__TensorProto *trips;
	Onnx__NodeProto *n;

	add_input(m->graph, "given", ONNX_TYPE(INT64), 0, NULL);
	n = add_loop("given - x", "y");
	assert_refused(-EOPNOTSUPP, "Loop node 'y': its trip count depends on an input");
	free(n->input[0]);
	n->input[0] = strdup("n");
	add_s64(m->graph, "n", 1024);
	assert_int_equal(model_parse(m, &g), 0);
	drop(NULL);
	fresh(NULL);
	n = add_loop("n - x", "y");
	add_s64(m->graph, "n", 1025);
	trips = m->graph->initializer[0];
	assert_refused(-EOPNOTSUPP, "more than 1024 times");
	memcpy(trips->raw_data.data, &(int64_t){ INT64_MAX }, 8);
	assert_refused(-EOPNOTSUPP, "more than 1024 times");
	memcpy(trips->raw_data.data, &(int64_t){ 1 }, 8);
	n->attribute[0]->g->n_input--;
	assert_refused(-EBADMSG, "Loop node 'y'");
	n->attribute[0]->g->n_input++;
	add_node(n->attribute[0]->g, "Relu", "v", "sum");
	assert_refused(-EBADMSG, "corrupt");
}

/* The condition that the body makes comes from an input of the model. */
static void loop_by_data(void **state)
{
	Onnx__GraphProto *b;

	add_s64(m->graph, "n", 2);
	add_input(m->graph, "given", ONNX_TYPE(BOOL), 0, NULL);
	b = add_loop("n - x", "y")->attribute[0]->g;
	free(b->node[0]->input[0]);
	b->node[0]->input[0] = strdup("given");
	assert_refused(-EOPNOTSUPP, "the condition that its body makes");
}

/* A loop of 1000 in a loop of 1000 in one: refused long before all of it is there. */
static void loop_in_loop(void **state)
{
	Onnx__GraphProto *graph = m->graph;

	add_s64(m->graph, "n", 1000);
	for (int i = 0; i < 3; i++) {
		Onnx__GraphProto *b = graph_new();
		Onnx__NodeProto *n = add_node(graph, "Loop", "n - x", i ? "r" : "y");

		add_input(b, "i", ONNX_TYPE(INT64), 0, NULL);
		add_input(b, "go", ONNX_TYPE(BOOL), 0, NULL);
		add_input(b, "v", ONNX_TYPE(FLOAT), 1, two);
		add_output(b, "go");
		add_output(b, i == 2 ? "v" : "r");
		attr_graph(n, "body", b);
		graph = b;
	}
	assert_refused(-EOPNOTSUPP, "more than 65536 nodes");
}

/* Constants of a body are there once, however often it runs. */
static void loop_constants(void **state)
{
	Onnx__GraphProto *b;
	const float *large = calloc(1 << 18, sizeof(*large));
	int64_t bytes = 0;

	assert_non_null(large);
	add_s64(m->graph, "n", 500);
	b = add_loop("n - x", "y")->attribute[0]->g;
	add_floats(b, "large", large, 1 << 18);
	attr_tensor(add_node(b, "Constant", "", "large2"), "value", ONNX_TYPE(FLOAT), 1, (int64_t[]){ 1 << 18 }, large);
	free((void *)large);
	assert_int_equal(model_parse(m, &g), 0);
	for (int i = 0; i < g->num_values; i++)
		bytes += g->values[i].data ? accel_value_bytes(&g->values[i]) : 0;
	assert_in_range(bytes, 0, 5 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(branch_by_initialiser, fresh, drop),
		cmocka_unit_test_setup_teardown(branch_by_what_is_computed, fresh, drop),
		cmocka_unit_test_setup_teardown(branch_not_taken, fresh, drop),
		cmocka_unit_test_setup_teardown(branch_in_branch, fresh, drop),
		cmocka_unit_test_setup_teardown(branch_refused, fresh, drop),
		cmocka_unit_test_setup_teardown(loop_of_a_number, fresh, drop),
		cmocka_unit_test_setup_teardown(loop_gathers, fresh, drop),
		cmocka_unit_test_setup_teardown(loop_of_a_condition, fresh, drop),
		cmocka_unit_test_setup_teardown(loop_that_does_not_run, fresh, drop),
		cmocka_unit_test_setup_teardown(loop_refused, fresh, drop),
		cmocka_unit_test_setup_teardown(loop_by_data, fresh, drop),
		cmocka_unit_test_setup_teardown(loop_in_loop, fresh, drop),
		cmocka_unit_test_setup_teardown(loop_constants, fresh, drop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: If and Loop", tests, NULL, NULL);
}
