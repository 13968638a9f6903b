// SPDX-License-Identifier: MIT
/* The graph builder: shapes as they come, names, and every kind of mistake refused with a message that helps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "libaccel/graph/build.h"

static struct accel_graph *g;

static int fresh(void **state)
{
	return accel_graph_new(&g);
}

static int drop(void **state)
{
	accel_graph_unref(g);
	return 0;
}

static int input(int rank, const int64_t *dims)
{
	int v = accel_graph_input(g, NULL, ACCEL_F32, rank, dims);

	assert_true(v >= 0);
	return v;
}

static void assert_dims(int value, int rank, const int64_t *dims)
{
	assert_true(value >= 0);
	assert_int_equal(g->values[value].rank, rank);
	for (int i = 0; i < rank; i++)
		assert_int_equal(g->values[value].dims[i], dims[i]);
}

static void assert_refused(int ret, int want, const char *text)
{
	assert_int_equal(ret, want);
	if (!strstr(accel_errmsg(), text))
		fail_msg("'%s' does not say '%s'", accel_errmsg(), text);
}

static void shapes(void **state)
{
	int x = input(4, (int64_t[]){ -1, 3, 8, 9 }), w = input(4, (int64_t[]){ 5, 3, 3, 3 }), y;
	struct accel_attr same[] = { { .name = "auto_pad", .s = "SAME_UPPER" },
				     { .name = "strides", .ints = (int64_t[]){ 2, 2 }, .count = 2 }, { 0 } };
	struct accel_attr ceil[] = { { .name = "kernel_shape", .ints = (int64_t[]){ 3, 3 }, .count = 2 },
				     { .name = "strides", .ints = (int64_t[]){ 2, 2 }, .count = 2 },
				     { .name = "ceil_mode", .i = 1 }, { 0 } };

	y = accel_graph_op(g, "Conv", "c", (int[]){ x, w }, 2, same);
	assert_dims(y, 4, (int64_t[]){ -1, 5, 4, 5 });
	/* 8 rows by 3 over 2: the output needs 9, so one row of padding, behind; 9 columns: one before and behind */
	assert_memory_equal(g->nodes[0].attrs.pad, ((int64_t[]){ 0, 1, 1, 1 }), 4 * sizeof(int64_t));
	assert_dims(accel_graph_op(g, "MaxPool", NULL, &x, 1, ceil), 4, (int64_t[]){ -1, 3, 4, 4 });
	assert_dims(accel_graph_op(g, "GlobalAveragePool", NULL, &y, 1, NULL), 4, (int64_t[]){ -1, 5, 1, 1 });
	assert_dims(accel_graph_op(g, "Flatten", NULL, &y, 1, NULL), 2, (int64_t[]){ -1, 100 });
	assert_dims(accel_graph_op(g, "Transpose", NULL, &y, 1, NULL), 4, (int64_t[]){ 5, 4, 5, -1 });
}

static void reshape(void **state)
{
	int x = input(3, (int64_t[]){ 2, 3, 4 }), s;

	s = accel_graph_constant(g, "s", ACCEL_S64, 1, (int64_t[]){ 2 }, (int64_t[]){ 0, -1 });
	assert_dims(accel_graph_op(g, "Reshape", NULL, (int[]){ x, s }, 2, NULL), 2, (int64_t[]){ 2, 12 });
	s = accel_graph_constant(g, "t", ACCEL_S64, 1, (int64_t[]){ 2 }, (int64_t[]){ 5, -1 });
	assert_refused(accel_graph_op(g, "Reshape", "r", (int[]){ x, s }, 2, NULL), -EINVAL, "Reshape node 'r'");
	s = accel_graph_constant(g, "u", ACCEL_S64, 1, (int64_t[]){ 2 }, (int64_t[]){ -1, -1 });
	assert_refused(accel_graph_op(g, "Reshape", "r", (int[]){ x, s }, 2, NULL), -EINVAL, "-1 twice");
	s = accel_graph_constant(g, "v", ACCEL_S64, 1, (int64_t[]){ 2 }, (int64_t[]){ INT64_MAX, 4 });
	assert_refused(accel_graph_op(g, "Reshape", "r", (int[]){ x, s }, 2, NULL), -EINVAL, "9223372036854775807");
}

static void operators_refused(void **state)
{
	int x = input(4, (int64_t[]){ 1, 3, 8, 8 }), w = input(4, (int64_t[]){ 5, 2, 3, 3 }), nodes = g->num_nodes;
	int big = input(4, (int64_t[]){ 5, 3, 9, 9 }), flat = input(2, (int64_t[]){ 3, 4 });
	int s32 = accel_graph_input(g, NULL, ACCEL_S32, 2, (int64_t[]){ 3, 4 });
	struct accel_attr bad[] = { { .name = "flavour", .i = 1 }, { 0 } };
	struct accel_attr zero[] = { { .name = "strides", .ints = (int64_t[]){ 0, 1 }, .count = 2 }, { 0 } };
	struct accel_attr kind[] = { { .name = "group", .is_float = 1, .f = 1 }, { 0 } };

	assert_refused(accel_graph_op(g, "StringNormalizer", "n", &x, 1, NULL), -EOPNOTSUPP, "StringNormalizer node 'n'");
	assert_refused(accel_graph_op(g, "Conv", "n", (int[]){ x, w }, 2, NULL), -EINVAL, "Conv node 'n'");
	assert_refused(accel_graph_op(g, "Conv", "n", (int[]){ x, big }, 2, NULL), -EINVAL, "larger than the padded input");
	assert_refused(accel_graph_op(g, "Conv", "n", (int[]){ x, w }, 2, bad), -EOPNOTSUPP, "'flavour'");
	assert_refused(accel_graph_op(g, "Conv", "n", (int[]){ x, w }, 2, zero), -EINVAL, "strides: 0");
	assert_refused(accel_graph_op(g, "Conv", "n", (int[]){ x, w }, 2, kind), -EINVAL, "group must be an integer");
	assert_refused(accel_graph_op(g, "Conv", "n", &x, 1, NULL), -EINVAL, "1 inputs");
	assert_refused(accel_graph_op(g, "Conv", "n", (int[]){ x, 99 }, 2, NULL), -EINVAL, "input 1");
	assert_refused(accel_graph_op(g, "Add", "n", (int[]){ flat, s32 }, 2, NULL), -EINVAL, "s32");
	assert_refused(accel_graph_op(g, "Add", "n", (int[]){ x, flat }, 2, NULL), -EINVAL, "do not fit");
	assert_refused(accel_graph_op(g, "Gemm", "n", (int[]){ flat, flat }, 2, NULL), -EINVAL, "do not fit");
	assert_refused(accel_graph_op(g, "MaxPool", "n", &x, 1, NULL), -EINVAL, "kernel_shape");
	assert_int_equal(g->num_nodes, nodes);
}

static void values_refused(void **state)
{
	int64_t huge[] = { 1 << 30, 1 << 30, 1 << 30 };

	assert_refused(accel_graph_input(g, "x", ACCEL_F32, 3, huge), -EOVERFLOW, "'x'");
	assert_refused(accel_graph_input(g, "x", ACCEL_F32, 9, huge), -EINVAL, "rank 9");
	assert_refused(accel_graph_input(g, "x", 77, 1, huge), -EINVAL, "type 77");
	assert_refused(accel_graph_input(g, "x", ACCEL_F32, 1, (int64_t[]){ -2 }), -EINVAL, "-2");
	assert_true(accel_graph_input(g, "x", ACCEL_F32, 1, (int64_t[]){ 2 }) >= 0);
	assert_refused(accel_graph_input(g, "x", ACCEL_F32, 1, (int64_t[]){ 2 }), -EINVAL, "another value");
	assert_refused(accel_graph_constant(g, "c", ACCEL_F32, 1, (int64_t[]){ -1 }, huge), -EINVAL, "'c'");
	assert_refused(accel_graph_output(g, 5, "y"), -EINVAL, "'y'");
}

static void names_and_infos(void **state)
{
	int x = accel_graph_input(g, "x", ACCEL_F32, 2, (int64_t[]){ -1, 4 });
	struct accel_tensor_info info;

	assert_int_equal(accel_graph_output(g, accel_graph_op(g, "Relu", NULL, &x, 1, NULL), "y"), 0);
	assert_int_equal(accel_graph_output(g, x, "copy"), 0);
	assert_int_equal(accel_graph_num_inputs(g), 1);
	assert_int_equal(accel_graph_num_outputs(g), 2);
	assert_int_equal(accel_graph_input_info(g, 0, &info), 0);
	assert_string_equal(info.name, "x");
	assert_int_equal(info.dims[0], -1);
	assert_int_equal(accel_graph_output_info(g, 1, &info), 0);
	assert_string_equal(info.name, "copy");
	assert_refused(accel_graph_output_info(g, 2, &info), -EINVAL, "2");
}

static void clone_is_apart(void **state)
{
	int x = input(1, (int64_t[]){ 2 });
	int c = accel_graph_constant(g, "c", ACCEL_F32, 1, (int64_t[]){ 2 }, (float[]){ 1, 2 });
	int y = accel_graph_op(g, "Add", "sum", (int[]){ x, c }, 2, NULL);
	struct accel_graph *copy;

	assert_int_equal(accel_graph_output(g, y, "y"), 0);
	assert_int_equal(accel_graph_clone(g, &copy), 0);
	((float *)g->values[c].data)[1] = 7;
	g->nodes[0].name[0] = 'd';
	accel_graph_unref(g);
	assert_int_equal(((float *)copy->values[c].data)[1], 2);
	assert_string_equal(copy->nodes[0].name, "sum");
	assert_int_equal(copy->outputs[0], y);
	g = copy;
}

/* Nodes that passes appended out of order are sorted; what nothing names goes; a cycle is found. */
static void compaction(void **state)
{
	int x = input(1, (int64_t[]){ 2 }), y = accel_graph_op(g, "Relu", "last", &x, 1, NULL), mid;

	assert_true(accel_graph_constant(g, "unused", ACCEL_F32, 0, NULL, NULL) >= 0);
	assert_int_equal(accel_graph_output(g, y, "y"), 0);
	mid = accel_graph_add_value(g, NULL, ACCEL_F32, 1, (int64_t[]){ 2 });
	assert_true(accel_graph_insert(g, ACCEL_OP_IDENTITY, "first", &x, 1, mid, NULL) >= 0);
	g->nodes[0].in[0] = mid;
	assert_int_equal(accel_graph_compact(g), 0);
	assert_int_equal(g->num_values, 3);
	assert_string_equal(g->nodes[0].name, "first");
	assert_string_equal(g->nodes[1].name, "last");
	assert_int_equal(g->values[g->nodes[1].in[0]].producer, 0);
	g->nodes[0].in[0] = g->nodes[1].out[0];
	assert_refused(accel_graph_compact(g), -ELOOP, "cycle");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shapes, fresh, drop),
		cmocka_unit_test_setup_teardown(reshape, fresh, drop),
		cmocka_unit_test_setup_teardown(operators_refused, fresh, drop),
		cmocka_unit_test_setup_teardown(values_refused, fresh, drop),
		cmocka_unit_test_setup_teardown(names_and_infos, fresh, drop),
		cmocka_unit_test_setup_teardown(clone_is_apart, fresh, drop),
		cmocka_unit_test_setup_teardown(compaction, fresh, drop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: graphs", tests, NULL, NULL);
}
