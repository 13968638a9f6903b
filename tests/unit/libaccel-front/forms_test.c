// SPDX-License-Identifier: MIT
/* Forms in which models come: weights that ConstantOfShape makes, dimensions that are open until the model is compiled. */
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

static Onnx__ModelProto *m;
static struct accel_graph *g;

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

/* The whole front half, and what the graph gives for @x. */
static void run(const struct accel_graph *graph, int64_t batch, const float *x, float *y)
{
	struct accel_compile_options o = { .size = sizeof(o), .batch = batch };
	struct accel_graph *copy;
	struct accel_cpu *cpu;

	if (accel_graph_clone(graph, &copy) || accel_passes_run(copy, &o) || accel_cpu_new(copy, 0, &cpu) ||
	    accel_cpu_run(cpu, (const void *[]){ x }, (void *[]){ y }))
		fail_msg("%s", accel_errmsg());
	accel_cpu_free(cpu);
	accel_graph_unref(copy);
}

/* Weights of a convolution, and a bias of the operator's own value, 0. */
static void constant_of_shape_weights(void **state)
{
	const float x[] = { 1, 2, 3, 4 };
	float y[2];

	m = model_new(9);
	add_input(m->graph, "x", ONNX_TYPE(FLOAT), 4, (int64_t[]){ 1, 1, 2, 2 });
	add_output(m->graph, "y");
	add_ints(m->graph, "shape", (int64_t[]){ 2, 1, 2, 2 }, 4);
	add_ints(m->graph, "channels", (int64_t[]){ 2 }, 1);
	attr_tensor(add_node(m->graph, "ConstantOfShape", "shape", "w"), "value", ONNX_TYPE(FLOAT), 1, (int64_t[]){ 1 },
		    &(float){ 0.5f });
	add_node(m->graph, "ConstantOfShape", "channels", "b");
	add_node(m->graph, "Conv", "x w b", "y");
	parse();
	run(g, 1, x, y);
	assert_true(y[0] == 5 && y[1] == 5);
}

/* y = rows of x, flattened by a shape that follows from x's own, of open batch and width. */
static void open_model(void)
{
	m = model_new(13);
	add_input(m->graph, "x", ONNX_TYPE(FLOAT), 3, (int64_t[]){ -1, 2, -1 });
	add_output(m->graph, "y");
	add_ints(m->graph, "first", (int64_t[]){ 0 }, 1);
	add_ints(m->graph, "rest", (int64_t[]){ -1 }, 1);
	add_node(m->graph, "Relu", "x", "r");
	add_node(m->graph, "Shape", "r", "s");
	add_node(m->graph, "Gather", "s first", "batch");
	attr_int(add_node(m->graph, "Concat", "batch rest", "to"), "axis", 0);
	add_node(m->graph, "Reshape", "r to", "y");
	parse();
}

static void assert_output(const struct accel_graph *graph, int64_t rows, int64_t columns)
{
	struct accel_tensor_info info;

	assert_int_equal(accel_graph_output_info(graph, 0, &info), 0);
	assert_int_equal(info.rank, 2);
	assert_int_equal(info.dims[0], rows);
	assert_int_equal(info.dims[1], columns);
}

/* One imported model is compiled for several extents, none of which the others see. */
static void open_dimensions(void **state)
{
	static const int64_t widths[] = { 3, 1, 5 };
	float x[20], y[20];

	open_model();
	for (int i = 0; i < 20; i++)
		x[i] = (float)(i % 2 ? i : -i);
	for (int i = 0; i < 3; i++) {
		struct accel_graph *copy;

		assert_int_equal(accel_graph_clone(g, &copy), 0);
		assert_int_equal(accel_graph_set_input_dims(copy, 0, (int64_t[]){ 2, 2, widths[i] }), 0);
		run(copy, 0, x, y);
		for (int k = 0; k < 4 * (int)widths[i]; k++)
			assert_true(y[k] == (x[k] > 0 ? x[k] : 0));
		assert_int_equal(accel_pass_shapes(copy, 0), 0);
		assert_int_equal(accel_pass_fold(copy), 0);
		assert_output(copy, 2, 2 * widths[i]);
		accel_graph_unref(copy);
	}
}

/* The batch is an option; the other dimensions must be given, and what the model says stays. */
static void open_dimensions_refused(void **state)
{
	struct accel_compile_options o = { .size = sizeof(o), .batch = 4 };

	open_model();
	assert_int_equal(accel_graph_set_input_dims(g, 0, (int64_t[]){ 1, 3, 5 }), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "dimension 1 is 2"));
	assert_int_equal(accel_graph_set_input_dims(g, 0, (int64_t[]){ 1, 2, 0 }), -EINVAL);
	assert_int_equal(accel_passes_run(g, &o), -EINVAL);
	assert_non_null(strstr(accel_errmsg(), "dimension 2 is open"));
	drop(NULL);
	open_model();
	assert_int_equal(accel_graph_set_input_dims(g, 0, (int64_t[]){ -1, 2, 3 }), 0);
	assert_int_equal(accel_pass_shapes(g, 4), 0);
	assert_int_equal(accel_pass_fold(g), 0);
	assert_output(g, 4, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(constant_of_shape_weights, drop),
		cmocka_unit_test_teardown(open_dimensions, drop),
		cmocka_unit_test_teardown(open_dimensions_refused, drop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: forms of models", tests, NULL, NULL);
}
