// SPDX-License-Identifier: MIT
/*
 * Operators whose meaning, inputs or attributes differ between operator sets: a node of each in models of the sets on both sides of the
 * change gives what its set says, or is refused where its set has no such node.
 */
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

#define MOST	16
#define REFUSED	{ -1 }, -1

/*
 * x, the numbers 1, 2, ... in a shape, goes through one node to y.
 * @dims: of x, with spaces
 * @node: operator and inputs
 * @attrs: name=VALUE with spaces: 1, 1.5f, [1,2], [1.5f,2f], 'word'
 * @constants: the same, for inputs that are constants
 * @want: contents of y, as floats; count -1: refused
 */
static const struct {
	int opset;
	const char *dims, *node, *attrs, *constants;
	float want[MOST];
	int count;
} cases[] = {
	/* over all axes from the second on, until 12; over the last, since 13 */
	{ 7, "1 2 2", "Hardmax x", "", "", { 0, 0, 0, 1 }, 4 },
	{ 12, "1 2 2", "Hardmax x", "", "", { 0, 0, 0, 1 }, 4 },
	{ 13, "1 2 2", "Hardmax x", "", "", { 0, 1, 0, 1 }, 4 },
	{ 12, "1 2 1 2", "Hardmax x", "axis=2", "", { 0, 1, 0, 1 }, 4 },
	{ 13, "1 2 2", "Hardmax x", "axis=1", "", { 0, 0, 1, 1 }, 4 },
	{ 11, "1 2 1", "Softmax x", "", "", { 0.26894142f, 0.73105858f }, 2 },
	{ 13, "1 2 1", "Softmax x", "", "", { 1, 1 }, 2 },
	{ 11, "1 2 1", "LogSoftmax x", "", "", { -1.3132617f, -0.3132617f }, 2 },
	{ 13, "1 2 1", "LogSoftmax x", "", "", { 0, 0 }, 2 },
	/* axes: an attribute, then an input */
	{ 7, "1 2", "Squeeze x", "axes=[0]", "", { 1, 2 }, 2 },
	{ 12, "1 2", "Squeeze x", "axes=[0]", "", { 1, 2 }, 2 },
	{ 13, "1 2", "Squeeze x a", "", "a=[0]", { 1, 2 }, 2 },
	{ 13, "1 2", "Squeeze x", "axes=[0]", "", REFUSED },
	{ 12, "1 2", "Squeeze x a", "", "a=[0]", REFUSED },
	{ 7, "2", "Unsqueeze x", "axes=[0,2]", "", { 1, 2 }, 2 },
	{ 13, "2", "Unsqueeze x a", "", "a=[0,2]", { 1, 2 }, 2 },
	{ 13, "2", "Unsqueeze x", "axes=[0]", "", REFUSED },
	{ 12, "2", "Unsqueeze x a", "", "a=[0]", REFUSED },
	{ 7, "2 2", "ReduceSum x", "axes=[0]", "", { 4, 6 }, 2 },
	{ 13, "2 2", "ReduceSum x a", "", "a=[0]", { 4, 6 }, 2 },
	{ 13, "2 2", "ReduceSum x", "noop_with_empty_axes=1", "", { 1, 2, 3, 4 }, 4 },
	{ 12, "2 2", "ReduceSum x", "noop_with_empty_axes=1", "", REFUSED },
	{ 12, "2 2", "ReduceSum x a", "", "a=[0]", REFUSED },
	{ 13, "2 2", "ReduceSum x", "axes=[0]", "", REFUSED },
	{ 17, "2 2", "ReduceMean x", "axes=[0]", "", { 2, 3 }, 2 },
	{ 18, "2 2", "ReduceMean x a", "", "a=[0]", { 2, 3 }, 2 },
	{ 17, "2 2", "ReduceMean x a", "", "a=[0]", REFUSED },
	{ 18, "2 2", "ReduceMean x", "axes=[0]", "", REFUSED },
	{ 17, "2 2", "ReduceMax x", "axes=[1] keepdims=0", "", { 2, 4 }, 2 },
	{ 18, "2 2", "ReduceMax x a", "keepdims=0", "a=[1]", { 2, 4 }, 2 },
	/* bounds, pads, starts, sizes */
	{ 7, "3", "Clip x", "min=1.5f max=2.5f", "", { 1.5f, 2, 2.5f }, 3 },
	{ 10, "3", "Clip x", "min=1.5f", "", { 1.5f, 2, 3 }, 3 },
	{ 11, "3", "Clip x lo hi", "", "lo=1.5f hi=2.5f", { 1.5f, 2, 2.5f }, 3 },
	{ 11, "3", "Clip x - hi", "", "hi=2.5f", { 1, 2, 2.5f }, 3 },
	{ 11, "3", "Clip x", "min=1.5f", "", REFUSED },
	{ 10, "3", "Clip x lo hi", "", "lo=1.5f hi=2.5f", REFUSED },
	{ 9, "4", "Slice x", "starts=[1] ends=[3]", "", { 2, 3 }, 2 },
	{ 9, "2 2", "Slice x", "starts=[1] ends=[2] axes=[1]", "", { 2, 4 }, 2 },
	{ 10, "4", "Slice x s e a t", "", "s=[3] e=[0] a=[0] t=[-2]", { 4, 2 }, 2 },
	{ 10, "4", "Slice x", "starts=[1] ends=[3]", "", REFUSED },
	{ 9, "4", "Slice x s e", "", "s=[1] e=[3]", REFUSED },
	{ 10, "2", "Pad x", "pads=[1,1] value=9f", "", { 9, 1, 2, 9 }, 4 },
	{ 11, "2", "Pad x p v", "", "p=[1,1] v=9f", { 9, 1, 2, 9 }, 4 },
	{ 11, "2", "Pad x", "pads=[1,1]", "", REFUSED },
	{ 10, "2", "Pad x p", "", "p=[1,1]", REFUSED },
	{ 12, "4", "Split x", "split=[1,3]", "", { 1 }, 1 },
	{ 13, "4", "Split x s", "", "s=[2,2]", { 1, 2 }, 2 },
	{ 17, "4", "Split x", "num_outputs=2", "", REFUSED },
	{ 18, "4", "Split x", "num_outputs=2", "", { 1, 2 }, 2 },
	{ 13, "4", "Split x", "split=[1,3]", "", REFUSED },
	{ 9, "3", "TopK x", "k=2", "", { 3, 2 }, 2 },
	{ 10, "3", "TopK x k", "", "k=[2]", { 3, 2 }, 2 },
	{ 11, "3", "TopK x k", "largest=0", "k=[2]", { 1, 2 }, 2 },
	{ 10, "3", "TopK x k", "largest=0", "k=[2]", REFUSED },
	{ 10, "3", "TopK x", "k=2", "", REFUSED },
	{ 7, "2", "Dropout x", "ratio=0.5f", "", { 1, 2 }, 2 },
	{ 12, "2", "Dropout x r", "", "r=0.5f", { 1, 2 }, 2 },
	{ 12, "2", "Dropout x", "ratio=0.5f", "", REFUSED },
	{ 10, "2", "Dropout x r", "", "r=0.5f", REFUSED },
	/* Upsample became Resize, which from 11 on takes the middle of pixels unless told otherwise */
	{ 7, "1 1 1 2", "Upsample x", "scales=[1f,1f,1f,2f] mode='linear'", "", { 1, 1.5f, 2, 2 }, 4 },
	{ 9, "1 1 1 2", "Upsample x s", "mode='linear'", "s=[1f,1f,1f,2f]", { 1, 1.5f, 2, 2 }, 4 },
	{ 9, "1 1 1 2", "Upsample x", "scales=[1f,1f,1f,2f]", "", REFUSED },
	{ 7, "1 1 1 2", "Upsample x s", "", "s=[1f,1f,1f,2f]", REFUSED },
	{ 10, "1 1 1 2", "Upsample x s", "", "s=[1f,1f,1f,2f]", REFUSED },
	{ 9, "1 1 1 2", "Resize x s", "", "s=[1f,1f,1f,2f]", REFUSED },
	{ 10, "1 1 1 2", "Resize x s", "mode='linear'", "s=[1f,1f,1f,2f]", { 1, 1.5f, 2, 2 }, 4 },
	{ 10, "1 1 1 4", "Resize x s", "", "s=[1f,1f,1f,0.5f]", { 1, 3 }, 2 },
	{ 10, "1 1 1 2", "Resize x s", "coordinate_transformation_mode='half_pixel'", "s=[1f,1f,1f,2f]", REFUSED },
	{ 11, "1 1 1 2", "Resize x - s", "mode='linear'", "s=[1f,1f,1f,2f]", { 1, 1.25f, 1.75f, 2 }, 4 },
	{ 13, "1 1 1 2", "Resize x - s", "mode='linear' coordinate_transformation_mode='asymmetric'", "s=[1f,1f,1f,2f]",
	  { 1, 1.5f, 2, 2 }, 4 },
	{ 17, "1 1 1 2", "Resize x - s", "antialias=0", "s=[1f,1f,1f,2f]", REFUSED },
	{ 19, "1 1 1 2", "Resize x - s", "antialias=0", "s=[1f,1f,1f,2f]", { 1, 1, 2, 2 }, 4 },
	/* what windows may have */
	{ 7, "1 1 1 2", "AveragePool x", "kernel_shape=[1,2] pads=[0,1,0,0] count_include_pad=1", "", { 0.5f, 1.5f }, 2 },
	{ 7, "1 1 1 2", "AveragePool x", "kernel_shape=[1,2] pads=[0,1,0,0]", "", { 1, 1.5f }, 2 },
	{ 7, "1 1 1 3", "AveragePool x", "kernel_shape=[1,2] strides=[1,2] ceil_mode=1", "", REFUSED },
	{ 10, "1 1 1 3", "AveragePool x", "kernel_shape=[1,2] strides=[1,2] ceil_mode=1", "", { 1.5f, 3 }, 2 },
	{ 18, "1 1 1 3", "AveragePool x", "kernel_shape=[1,2] dilations=[1,2]", "", REFUSED },
	{ 19, "1 1 1 3", "AveragePool x", "kernel_shape=[1,2] dilations=[1,2]", "", { 2 }, 1 },
	{ 9, "1 1 1 3", "MaxPool x", "kernel_shape=[1,2] dilations=[1,2]", "", REFUSED },
	{ 10, "1 1 1 3", "MaxPool x", "kernel_shape=[1,2] dilations=[1,2]", "", { 3 }, 1 },
	/* statistics */
	{ 7, "1 2 1 1", "BatchNormalization x s b m v", "epsilon=0f spatial=1", "s=[1f,2f] b=[0f,1f] m=[0f,0f] v=[1f,1f]", { 1, 5 }, 2 },
	{ 7, "1 2 1 1", "BatchNormalization x s b m v", "spatial=0", "s=[1f,2f] b=[0f,1f] m=[0f,0f] v=[1f,1f]", REFUSED },
	{ 9, "1 2 1 1", "BatchNormalization x s b m v", "epsilon=0f", "s=[1f,2f] b=[0f,1f] m=[0f,0f] v=[1f,1f]", { 1, 5 }, 2 },
	{ 9, "1 2 1 1", "BatchNormalization x s b m v", "spatial=1", "s=[1f,2f] b=[0f,1f] m=[0f,0f] v=[1f,1f]", REFUSED },
	{ 9, "1 2 1 1", "BatchNormalization x s b m v", "training_mode=0", "s=[1f,2f] b=[0f,1f] m=[0f,0f] v=[1f,1f]", REFUSED },
	{ 15, "1 2 1 1", "BatchNormalization x s b m v", "epsilon=0f training_mode=0", "s=[1f,2f] b=[0f,1f] m=[0f,0f] v=[1f,1f]",
	  { 1, 5 }, 2 },
	{ 14, "1 2 1 1", "BatchNormalization x s b m v", "training_mode=1", "s=[1f,2f] b=[0f,1f] m=[0f,0f] v=[1f,1f]", REFUSED },
	/* the rest */
	{ 9, "2", "Cast x", "to=6", "", { 1, 2 }, 2 },
	{ 13, "2", "Cast x", "to=6", "", { 1, 2 }, 2 },
	{ 11, "3", "ArgMax x", "select_last_index=1", "", REFUSED },
	{ 11, "3", "ArgMax x", "", "", { 2 }, 1 },
	{ 12, "3", "ArgMax x", "select_last_index=1", "", { 2 }, 1 },
	{ 9, "3", "Scatter x i u", "", "i=[1] u=[7f]", { 1, 7, 3 }, 3 },
	{ 11, "3", "Scatter x i u", "", "i=[1] u=[7f]", REFUSED },
	{ 10, "3", "ScatterElements x i u", "", "i=[1] u=[7f]", REFUSED },
	{ 11, "3", "ScatterElements x i u", "", "i=[1] u=[7f]", { 1, 7, 3 }, 3 },
	{ 15, "1 3", "ScatterElements x i u", "reduction='add'", "i=[1] u=[7f]", REFUSED },
	{ 16, "2", "LayerNormalization x s", "", "s=[1f,1f]", REFUSED },
	{ 17, "2", "LayerNormalization x s", "epsilon=0f", "s=[1f,1f]", { -1, 1 }, 2 },
	{ 13, "2", "HardSwish x", "", "", REFUSED },
	{ 14, "1", "HardSwish x", "", "", { 0.66666667f }, 1 },
	{ 10, "1 2", "DepthToSpace x", "blocksize=1 mode='CRD'", "", REFUSED },
	{ 14, "2 2", "Shape x", "start=1", "", REFUSED },
	{ 15, "2 2", "Shape x", "start=1", "", { 2 }, 1 },
	{ 11, "2 2", "Einsum x", "equation='ij->ji'", "", REFUSED },
	{ 12, "2 2", "Einsum x", "equation='ij->ji'", "", { 1, 3, 2, 4 }, 4 },
	{ 12, "2 2", "Einsum x", "equation='ji'", "", { 1, 3, 2, 4 }, 4 },
	{ 12, "2 2", "Einsum x", "equation='ii->i'", "", { 1, 4 }, 2 },
	{ 12, "2 2", "Einsum x", "equation='ii'", "", { 5 }, 1 },
	{ 12, "2 2", "Einsum x", "equation='i...->...'", "", { 4, 6 }, 2 },
	{ 12, "2 2", "Einsum x", "equation='...'", "", { 1, 2, 3, 4 }, 4 },
	{ 12, "2 2", "Einsum x v x", "equation='ij,j,ij->i'", "v=[10f,1f]", { 14, 106 }, 2 },
	{ 12, "1 3", "Einsum x v", "equation='...i,...i->...'", "v=[1f,2f,3f]", { 14 }, 1 },
	{ 12, "2 2", "Einsum x", "equation='ij->k'", "", REFUSED },
	{ 12, "2 2", "Einsum x", "equation='ij->ii'", "", REFUSED },
	{ 12, "2 2", "Einsum x", "equation='ijk'", "", REFUSED },
	{ 12, "2 2", "Einsum x", "equation='i->i'", "", REFUSED },
	{ 12, "2 2", "Einsum x", "equation='ij,j->i'", "", REFUSED },
	{ 12, "2 2", "Einsum x v", "equation='ij,j->i'", "v=[1f,2f,3f]", REFUSED },
	{ 12, "2 2", "Einsum x", "equation='i1->i'", "", REFUSED },
	{ 13, "2 0", "Reshape x s", "allowzero=1", "s=[0,2]", REFUSED },
};

/* The next word of *@text up to @end, which is passed; false at the end of all. */
static bool next(const char **text, char end, char *word, size_t size)
{
	size_t len;

	*text += strspn(*text, " ");
	len = strcspn(*text, (char[]){ end, 0 });
	if (!**text)
		return false;
	assert_true(len < size);
	memcpy(word, *text, len);
	word[len] = '\0';
	*text += len + ((*text)[len] == end);
	return true;
}

struct value {
	bool list, real;
	size_t count;
	int64_t ints[MOST];
	float floats[MOST];
};

static struct value parse_value(const char *text)
{
	struct value v = { .list = *text == '[', .real = strchr(text, 'f') };
	char *end = (char *)text + v.list;

	for (; v.count < MOST && *end && *end != ']'; v.count++) {
		v.floats[v.count] = strtof(end, NULL);
		v.ints[v.count] = strtoll(end, &end, 10);
		end += strcspn(end, ",]");
		end += *end == ',';
	}
	return v;
}

static void add_attr(Onnx__NodeProto *n, const char *name, const char *text)
{
	struct value v = parse_value(text);
	char word[40];

	if (*text == '\'') {
		snprintf(word, sizeof(word), "%.*s", (int)strlen(text) - 2, text + 1);
		attr_string(n, name, word);
	} else if (v.list && v.real) {
		attr_floats(n, name, v.floats, v.count);
	} else if (v.list) {
		attr_ints(n, name, v.ints, v.count);
	} else if (v.real) {
		attr_float(n, name, v.floats[0]);
	} else {
		attr_int(n, name, v.ints[0]);
	}
}

static void add_constant(Onnx__GraphProto *g, const char *name, const char *text)
{
	struct value v = parse_value(text);

	add_tensor(g, name, v.real ? ONNX_TYPE(FLOAT) : ONNX_TYPE(INT64), v.list, (int64_t[]){ (int64_t)v.count },
		   v.real ? (void *)v.floats : v.ints);
}

static Onnx__ModelProto *build(size_t i)
{
	Onnx__ModelProto *m = model_new(cases[i].opset);
	const char *rest = cases[i].dims;
	char op[40], word[80], value[80];
	Onnx__NodeProto *n;
	int64_t dims[MOST];
	int rank = 0;

	while (next(&rest, ' ', word, sizeof(word)))
		dims[rank++] = atoll(word);
	add_input(m->graph, "x", ONNX_TYPE(FLOAT), rank, dims);
	add_output(m->graph, "y");
	rest = cases[i].node;
	next(&rest, ' ', op, sizeof(op));
	n = add_node(m->graph, op, rest, strcmp(op, "Split") && strcmp(op, "TopK") ? "y" : "y z");
	rest = cases[i].attrs;
	while (next(&rest, '=', word, sizeof(word)) && next(&rest, ' ', value, sizeof(value)))
		add_attr(n, word, value);
	rest = cases[i].constants;
	while (next(&rest, '=', word, sizeof(word)) && next(&rest, ' ', value, sizeof(value)))
		add_constant(m->graph, word, value);
	return m;
}

/* @y of type @dtype has what case @i wants. */
static void compare(size_t i, const struct accel_value *v, const void *y)
{
	if (accel_value_elems(v) != cases[i].count)
		fail_msg("opset %d, %s %s: %lld elements", cases[i].opset, cases[i].node, cases[i].attrs, (long long)accel_value_elems(v));
	for (int k = 0; k < cases[i].count; k++) {
		float got = v->dtype == ACCEL_F32 ? ((const float *)y)[k] : v->dtype == ACCEL_S32 ?
			    (float)((const int32_t *)y)[k] : (float)((const int64_t *)y)[k];

		if (fabsf(got - cases[i].want[k]) > 1e-6f)
			fail_msg("opset %d, %s %s: element %d is %g, wanted %g", cases[i].opset, cases[i].node, cases[i].attrs, k, (double)got,
				 (double)cases[i].want[k]);
	}
}

static void run(size_t i, const struct accel_graph *g)
{
	static const float x[MOST] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
	int64_t y[2][MOST];
	struct accel_cpu *cpu;

	if (accel_cpu_new(g, 0, &cpu) || accel_cpu_run(cpu, (const void *[]){ x }, (void *[]){ y[0], y[1] }))
		fail_msg("opset %d, %s %s: %s", cases[i].opset, cases[i].node, cases[i].attrs, accel_errmsg());
	accel_cpu_free(cpu);
	compare(i, &g->values[g->outputs[0]], y[0]);
}

static void each(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		Onnx__ModelProto *m = build(i);
		struct accel_graph *g;
		int ret = model_parse(m, &g);

		if (cases[i].count < 0) {
			if (ret != -EOPNOTSUPP && ret != -EINVAL)
				fail_msg("opset %d, %s %s: %d, should be refused", cases[i].opset, cases[i].node, cases[i].attrs, ret);
		} else if (ret) {
			fail_msg("opset %d, %s %s: %s", cases[i].opset, cases[i].node, cases[i].attrs, accel_errmsg());
		} else {
			run(i, g);
		}
		if (!ret)
			accel_graph_unref(g);
		model_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: operators of old operator sets", tests, NULL, NULL);
}
