// SPDX-License-Identifier: MIT
/* ONNX import: where data may be found in a file, and what is refused and how. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "libaccel/graph/build.h"
#include "libaccel/graph/op_table.h"
#include "onnx.pb-c.h"

#define MAX	8
#define T(t)	ONNX__TENSOR_PROTO__DATA_TYPE__##t

/* One model at a time: x[2] float -> nodes -> y. */
static struct {
	Onnx__ModelProto model;
	Onnx__OperatorSetIdProto opset, *opsets[1];
	Onnx__GraphProto graph;
	Onnx__NodeProto node[MAX], *nodes[MAX];
	char *in[MAX][MAX], *out[MAX][MAX];
	Onnx__TensorProto init[MAX], *inits[MAX];
	Onnx__ValueInfoProto info[MAX], *inputs[MAX], *outputs[MAX];
	Onnx__TypeProto type;
	Onnx__TypeProto__Tensor tensor;
	Onnx__TensorShapeProto shape;
	Onnx__TensorShapeProto__Dimension dim, *dims[1];
	Onnx__AttributeProto attr, *attrs[1];
} m;

static int64_t two[] = { 2 };
static float floats[] = { 1, 2 };
static struct accel_graph *g;

static void add_io(Onnx__ValueInfoProto **list, size_t *count, char *name)
{
	Onnx__ValueInfoProto *v = &m.info[m.graph.n_input + m.graph.n_output];

	onnx__value_info_proto__init(v);
	v->name = name;
	v->type = &m.type;
	list[(*count)++] = v;
}

static Onnx__NodeProto *add_node(char *op, char *in0, char *in1, char *out)
{
	size_t i = m.graph.n_node++;

	onnx__node_proto__init(&m.node[i]);
	m.nodes[i] = &m.node[i];
	m.node[i].op_type = op;
	m.in[i][0] = in0;
	m.in[i][1] = in1;
	m.out[i][0] = out;
	m.node[i].input = m.in[i];
	m.node[i].n_input = !!in0 + !!in1;
	m.node[i].output = m.out[i];
	m.node[i].n_output = 1;
	return &m.node[i];
}

/* A float tensor of two in float_data; tests change what they are about. */
static Onnx__TensorProto *add_init(char *name)
{
	size_t i = m.graph.n_initializer++;

	onnx__tensor_proto__init(&m.init[i]);
	m.inits[i] = &m.init[i];
	m.init[i].name = name;
	m.init[i].has_data_type = 1;
	m.init[i].data_type = T(FLOAT);
	m.init[i].n_dims = 1;
	m.init[i].dims = two;
	m.init[i].n_float_data = 2;
	m.init[i].float_data = floats;
	return &m.init[i];
}

static Onnx__AttributeProto *set_attr(Onnx__NodeProto *n, char *name, Onnx__AttributeProto__AttributeType type)
{
	onnx__attribute_proto__init(&m.attr);
	m.attrs[0] = &m.attr;
	m.attr.name = name;
	m.attr.has_type = 1;
	m.attr.type = type;
	n->attribute = m.attrs;
	n->n_attribute = 1;
	return &m.attr;
}

static int fresh(void **state)
{
	memset(&m, 0, sizeof(m));
	onnx__model_proto__init(&m.model);
	onnx__operator_set_id_proto__init(&m.opset);
	onnx__graph_proto__init(&m.graph);
	onnx__type_proto__init(&m.type);
	onnx__type_proto__tensor__init(&m.tensor);
	onnx__tensor_shape_proto__init(&m.shape);
	onnx__tensor_shape_proto__dimension__init(&m.dim);
	m.model.graph = &m.graph;
	m.model.opset_import = m.opsets;
	m.model.n_opset_import = 1;
	m.opsets[0] = &m.opset;
	m.opset.has_version = 1;
	m.opset.version = 13;
	m.graph.node = m.nodes;
	m.graph.initializer = m.inits;
	m.graph.input = m.inputs;
	m.graph.output = m.outputs;
	m.type.value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	m.type.tensor_type = &m.tensor;
	m.tensor.has_elem_type = 1;
	m.tensor.elem_type = T(FLOAT);
	m.tensor.shape = &m.shape;
	m.shape.n_dim = 1;
	m.shape.dim = m.dims;
	m.dims[0] = &m.dim;
	m.dim.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
	m.dim.dim_value = 2;
	add_io(m.inputs, &m.graph.n_input, "x");
	add_io(m.outputs, &m.graph.n_output, "y");
	g = NULL;
	return 0;
}

static int drop(void **state)
{
	accel_graph_unref(g);
	return 0;
}

static int parse(void)
{
	size_t bytes = onnx__model_proto__get_packed_size(&m.model);
	uint8_t *data = malloc(bytes);
	int ret;

	assert_non_null(data);
	onnx__model_proto__pack(&m.model, data);
	ret = accel_graph_parse_onnx(data, bytes, &g);
	free(data);
	return ret;
}

static void assert_parses(void)
{
	if (parse())
		fail_msg("%s", accel_errmsg());
}

static void assert_refused(int want, const char *text)
{
	int ret = parse();

	if (ret != want || !strstr(accel_errmsg(), text))
		fail_msg("returned %d, wanted %d; '%s' does not say '%s'", ret, want, accel_errmsg(), text);
}

static const float *constant_data(int node, int input)
{
	return g->values[g->nodes[node].in[input]].data;
}

/* Weights listed as inputs too, as files before IR version 4 have them, are constants and no inputs. */
static void initialisers_as_inputs(void **state)
{
	add_init("w");
	add_io(m.inputs, &m.graph.n_input, "w");
	add_node("Add", "x", "w", "y");
	assert_parses();
	assert_int_equal(g->num_inputs, 1);
	assert_memory_equal(constant_data(0, 1), floats, sizeof(floats));
}

static void raw_data(void **state)
{
	Onnx__TensorProto *t = add_init("w");

	t->n_float_data = 0;
	t->has_raw_data = 1;
	t->raw_data.data = (uint8_t *)floats;
	t->raw_data.len = sizeof(floats);
	add_node("Add", "x", "w", "y");
	assert_parses();
	assert_memory_equal(constant_data(0, 1), floats, sizeof(floats));
}

static void typed_data(void **state)
{
	static const int onnx[] = { T(INT8), T(UINT8), T(BOOL), T(FLOAT16), T(INT32) };
	static const enum accel_dtype dtype[] = { ACCEL_S8, ACCEL_U8, ACCEL_BOOL, ACCEL_F16, ACCEL_S32 };
	static const uint8_t want[][8] = {
		{ 0xff, 1 }, { 0xff, 1 }, { 1, 1 }, { 0xff, 0xff, 1, 0 }, { 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0 },
	};
	int32_t ints[] = { -1, 1 };

	for (int i = 0; i < 5; i++) {
		Onnx__TensorProto *t;

		fresh(state);
		t = add_init("w");
		t->data_type = onnx[i];
		t->n_float_data = 0;
		t->n_int32_data = 2;
		t->int32_data = ints;
		add_node("Identity", "w", NULL, "y");
		assert_parses();
		assert_int_equal(g->values[g->nodes[0].in[0]].dtype, dtype[i]);
		assert_memory_equal(constant_data(0, 0), want[i], 2 * accel_dtype_bytes(dtype[i]));
		accel_graph_unref(g);
		g = NULL;
	}
}

static void constant_nodes(void **state)
{
	Onnx__NodeProto *n = add_node("Constant", NULL, NULL, "w");
	Onnx__AttributeProto *a = set_attr(n, "value_floats", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);

	a->n_floats = 2;
	a->floats = floats;
	add_node("Add", "x", "w", "y");
	assert_parses();
	assert_int_equal(g->num_nodes, 1);
	assert_memory_equal(constant_data(0, 1), floats, sizeof(floats));
	accel_graph_unref(g);
	g = NULL;
	a->name = "sparse_value";
	assert_refused(-EOPNOTSUPP, "Constant node 'w'");
}

static void symbolic_batch(void **state)
{
	struct accel_tensor_info info;

	m.dim.value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
	m.dim.dim_param = "N";
	add_node("Relu", "x", NULL, "y");
	assert_parses();
	assert_int_equal(accel_graph_input_info(g, 0, &info), 0);
	assert_int_equal(info.dims[0], -1);
	assert_int_equal(accel_graph_output_info(g, 0, &info), 0);
	assert_string_equal(info.name, "y");
	assert_int_equal(info.dims[0], -1);
}

static void opsets(void **state)
{
	Onnx__NodeProto *n = add_node("Clip", "x", NULL, "y");
	Onnx__AttributeProto *a = set_attr(n, "min", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);

	a->has_f = 1;
	a->f = 0.5f;
	m.opset.version = 10;
	assert_parses();
	assert_true(g->nodes[0].attrs.lo == 0.5f);
	accel_graph_unref(g);
	g = NULL;
	m.opset.version = 11;		/* an input since then */
	assert_refused(-EOPNOTSUPP, "'min'");
	m.opset.version = ACCEL_OPSET_MIN - 1;
	n->op_type = "LRN";
	assert_refused(-EOPNOTSUPP, "operator set 6");
	n->op_type = "Clip";
	m.opset.version = 0;
	assert_refused(-EOPNOTSUPP, "operator set 0");
	m.opset.version = ACCEL_OPSET_MAX + 1;
	assert_refused(-EOPNOTSUPP, "operator set");
	m.model.n_opset_import = 0;
	assert_refused(-EBADMSG, "no operator set");
}

/* Limits of Clip that are constant move into attributes. */
static void clip_limits(void **state)
{
	Onnx__TensorProto *t = add_init("limit");

	t->n_dims = 0;
	t->n_float_data = 1;
	add_node("Clip", "x", "limit", "y");
	assert_parses();
	assert_int_equal(g->nodes[0].num_in, 1);
	assert_true(g->nodes[0].attrs.lo == 1);
}

static void operators_refused(void **state)
{
	Onnx__NodeProto *n = add_node("StringNormalizer", "x", NULL, "y");

	n->name = "act7";
	assert_refused(-EOPNOTSUPP, "StringNormalizer node 'act7'");
	n->op_type = "Relu";
	n->domain = "com.example";
	assert_refused(-EOPNOTSUPP, "com.example");
	n->domain = NULL;
	n->input[0] = "nowhere";
	assert_refused(-EBADMSG, "'nowhere'");
	n->input[0] = "x";
	set_attr(n, "flavour", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
	assert_refused(-EOPNOTSUPP, "'flavour'");
	m.attr.type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
	assert_refused(-EOPNOTSUPP, "'flavour'");
}

static void structure_refused(void **state)
{
	Onnx__TensorProto *t = add_init("w");

	add_node("Add", "x", "w", "y");
	t->n_float_data = 1;
	assert_refused(-EBADMSG, "tensor 'w'");
	t->n_float_data = 2;
	t->dims = (int64_t[]){ INT64_MAX };
	assert_refused(-EBADMSG, "tensor 'w'");
	t->dims = (int64_t[]){ -2 };
	assert_refused(-EBADMSG, "tensor 'w'");
	t->dims = two;
	t->data_type = T(STRING);
	assert_refused(-EOPNOTSUPP, "tensor 'w'");
	t->data_type = T(FLOAT);
	add_node("Relu", "x", NULL, "y");
	assert_refused(-EBADMSG, "'y'");
	m.graph.n_node = 1;
	m.info[1].name = "z";
	assert_refused(-EBADMSG, "output 'z'");
	m.graph.n_output = 0;
	assert_refused(-EBADMSG, "no graph");
}

/* Messages go to terminals: what a file's names hold does not act on them. */
static void names_in_messages(void **state)
{
	add_node("Bad\x1b[2J\n\x7f", "x", NULL, "y");
	assert_refused(-EOPNOTSUPP, "Bad?[2J??");
}

/* Nodes without a name are called by their output; two of one name are told apart. */
static void node_names(void **state)
{
	add_node("Relu", "x", NULL, "a")->name = "same";
	add_node("Relu", "a", NULL, "b")->name = "same";
	add_node("Relu", "b", NULL, "y");
	assert_parses();
	assert_string_equal(g->nodes[0].name, "same");
	assert_string_not_equal(g->nodes[1].name, "same");
	assert_string_equal(g->nodes[2].name, "y");
}

/* Messages inside of messages, deeper than any stack: graph, node, attribute, graph, ... */
static void nested_deeply(void **state)
{
	enum { DEPTH = 300000 };
	static const uint8_t tag[3] = { 6 << 3 | 2, 1 << 3 | 2, 5 << 3 | 2 };	/* attribute.g, graph.node, node.attribute */
	size_t size = 8 + (size_t)DEPTH * 6, at = size, inner = 0;
	uint8_t *data = malloc(size);

	assert_non_null(data);
	for (int i = 0; i < DEPTH; i++) {
		uint8_t head[6] = { i == DEPTH - 1 ? 7 << 3 | 2 : tag[(DEPTH - 2 - i) % 3 == 0 ? 1 :
				    (DEPTH - 2 - i) % 3 == 1 ? 2 : 0] };
		size_t n = 1, rest = inner;

		do {
			head[n++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
			rest >>= 7;
		} while (rest);
		at -= n;
		memcpy(data + at, head, n);
		inner += n;
	}
	assert_int_equal(accel_graph_parse_onnx(data + at, size - at, &g), -EBADMSG);
	free(data);
}

static void files(void **state)
{
	char path[] = "/tmp/import_test.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(accel_graph_load_onnx(path, &g), -EBADMSG);
	assert_non_null(strstr(accel_errmsg(), "empty"));
	assert_int_equal(write(fd, "no model at all", 15), 15);
	assert_int_equal(accel_graph_load_onnx(path, &g), -EBADMSG);
	close(fd);
	unlink(path);
	assert_int_equal(accel_graph_load_onnx(path, &g), -ENOENT);
	assert_non_null(strstr(accel_errmsg(), path));
	assert_int_equal(accel_graph_load_onnx("/tmp", &g), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(initialisers_as_inputs, fresh, drop),
		cmocka_unit_test_setup_teardown(raw_data, fresh, drop),
		cmocka_unit_test_setup_teardown(typed_data, fresh, drop),
		cmocka_unit_test_setup_teardown(constant_nodes, fresh, drop),
		cmocka_unit_test_setup_teardown(symbolic_batch, fresh, drop),
		cmocka_unit_test_setup_teardown(opsets, fresh, drop),
		cmocka_unit_test_setup_teardown(clip_limits, fresh, drop),
		cmocka_unit_test_setup_teardown(operators_refused, fresh, drop),
		cmocka_unit_test_setup_teardown(structure_refused, fresh, drop),
		cmocka_unit_test_setup_teardown(names_in_messages, fresh, drop),
		cmocka_unit_test_setup_teardown(node_names, fresh, drop),
		cmocka_unit_test_setup_teardown(nested_deeply, fresh, drop),
		cmocka_unit_test_setup_teardown(files, fresh, drop),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: ONNX import", tests, NULL, NULL);
}
