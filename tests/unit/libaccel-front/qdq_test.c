// SPDX-License-Identifier: MIT
/*
 * There and back: the digits networks are calibrated to int8, written out as a graph of QuantizeLinear and
 * DequantizeLinear nodes as an exporter would, and that graph is compiled without calibration. It must become the
 * calibrated one again: same nodes, store types, scales and zero points, and the same answers bit for bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/passes/passes.h"
#include "tests/unit/libaccel-front/digits.h"

#define BATCH	20

static struct digits test, train;

static bool is_int(enum accel_dtype t)
{
	return t == ACCEL_S8 || t == ACCEL_S32;
}

static int checked(int ret)
{
	if (ret < 0)
		fail_msg("%s", accel_errmsg());
	return ret;
}

static int op(struct accel_graph *g, const char *name, const int *in, int count, const struct accel_attr *attrs)
{
	return checked(accel_graph_op(g, name, NULL, in, count, attrs));
}

/* Constants with scale, or scales, and zero point of @v; how many there are. */
static int parameters(struct accel_graph *g, const struct accel_value *v, int *in)
{
	const struct accel_quant *q = &v->quant;
	int8_t zp = (int8_t)q->zero_point;

	if (q->channel_scale) {
		in[0] = checked(accel_graph_constant(g, NULL, ACCEL_F32, 1, &q->channels, q->channel_scale));
		return 1;
	}
	in[0] = checked(accel_graph_constant(g, NULL, ACCEL_F32, 0, NULL, &q->scale));
	in[1] = checked(accel_graph_constant(g, NULL, ACCEL_S8, 0, NULL, &zp));
	return 2;
}

/* A constant as it is stored, behind a DequantizeLinear. */
static int quantised_constant(struct accel_graph *g, const struct accel_value *v)
{
	int64_t n = accel_value_elems(v), inner = 1;
	struct accel_attr axis[] = { { .name = "axis", .i = v->quant.axis }, { 0 } };
	char *data = malloc((size_t)n * 4);
	int in[3], count;

	for (int i = v->quant.axis + 1; i < v->rank; i++)
		inner *= v->dims[i];
	for (int64_t i = 0; i < n; i++)
		accel_store_s64(v->store, data, i,
				accel_quantise(((const float *)v->data)[i],
					       v->quant.channel_scale[i / inner % v->quant.channels], 0, v->store));
	in[0] = checked(accel_graph_constant(g, NULL, v->store, v->rank, v->dims, data));
	free(data);
	count = 1 + parameters(g, v, in + 1);
	return op(g, "DequantizeLinear", in, count, axis);
}

/* @value, behind a pair where @like is stored as an integer. */
static int through_pair(struct accel_graph *g, const struct accel_value *like, int value)
{
	int in[3] = { value }, count;

	if (!is_int(like->store))
		return value;
	count = 1 + parameters(g, like, in + 1);
	in[0] = op(g, "QuantizeLinear", in, count, NULL);
	return op(g, "DequantizeLinear", in, count, NULL);
}

static int write_node(struct accel_graph *g, const struct accel_graph *from, const struct accel_node *n, const int *map)
{
	const struct accel_value *out = &from->values[n->out[0]];
	int in[ACCEL_NODE_MAX_IN], value;

	for (int k = 0; k < n->num_in; k++)
		in[k] = map[n->in[k]];
	value = checked(accel_graph_add_value(g, NULL, out->dtype, out->rank, out->dims));
	checked(accel_graph_insert(g, n->op, NULL, in, n->num_in, value, &n->attrs));
	if (n->act.kind == ACCEL_ACT_CLIP)
		value = op(g, "Relu", &value, 1, NULL);
	return through_pair(g, out, value);
}

static struct accel_graph *write_out(const struct accel_graph *from)
{
	int *map = calloc((size_t)from->num_values, sizeof(*map));
	struct accel_graph *g;

	checked(accel_graph_new(&g));
	for (int v = 0; v < from->num_values; v++) {
		const struct accel_value *value = &from->values[v];

		if (value->data && is_int(value->store))
			map[v] = quantised_constant(g, value);
		else if (value->data)
			map[v] = checked(accel_graph_constant(g, NULL, value->dtype, value->rank, value->dims, value->data));
		else if (value->producer < 0)
			map[v] = through_pair(g, value, checked(accel_graph_input(g, value->name, value->dtype, value->rank,
										  value->dims)));
	}
	for (int i = 0; i < from->num_nodes; i++)
		map[from->nodes[i].out[0]] = write_node(g, from, &from->nodes[i], map);
	checked(accel_graph_output(g, map[from->outputs[0]], "probabilities"));
	free(map);
	return g;
}

static void answers(const struct accel_graph *g, float *out)
{
	const void *in[] = { test.pixels };
	struct accel_cpu *cpu;

	checked(accel_cpu_new(g, ACCEL_CPU_STORE, &cpu));
	checked(accel_cpu_run(cpu, in, (void *[]){ out }));
	accel_cpu_free(cpu);
}

static void assert_same_graph(const struct accel_graph *a, const struct accel_graph *b)
{
	assert_int_equal(a->num_nodes, b->num_nodes);
	for (int i = 0; i < a->num_nodes; i++) {
		const struct accel_node *na = &a->nodes[i], *nb = &b->nodes[i];

		assert_int_equal(na->op, nb->op);
		assert_int_equal(na->act.kind, nb->act.kind);
		for (int k = -1; k < na->num_in; k++) {
			const struct accel_value *va = &a->values[k < 0 ? na->out[0] : na->in[k]];
			const struct accel_value *vb = &b->values[k < 0 ? nb->out[0] : nb->in[k]];

			assert_int_equal(va->store, vb->store);
			assert_int_equal(va->quant.zero_point, vb->quant.zero_point);
			assert_true(va->quant.scale == vb->quant.scale);
			assert_int_equal(va->quant.channels, vb->quant.channels);
			if (va->quant.channels)
				assert_memory_equal(va->quant.channel_scale, vb->quant.channel_scale,
						    (size_t)va->quant.channels * sizeof(float));
		}
	}
}

static void there_and_back(void **state)
{
	struct accel_compile_options o = {
		.size = sizeof(o), .precision = ACCEL_PREC_INT8, .batch = BATCH,
		.calib_data = train.pixels, .calib_count = 200,
	};
	float first[BATCH * 10], second[BATCH * 10];
	struct accel_graph *calibrated, *imported;

	checked(accel_graph_load_onnx(*state, &calibrated));
	checked(accel_passes_run(calibrated, &o));
	answers(calibrated, first);
	imported = write_out(calibrated);
	o = (struct accel_compile_options){ .size = sizeof(o), .precision = ACCEL_PREC_INT8, .batch = BATCH };
	checked(accel_passes_run(imported, &o));
	assert_same_graph(calibrated, imported);
	answers(imported, second);
	assert_memory_equal(first, second, sizeof(first));
	accel_graph_unref(calibrated);
	accel_graph_unref(imported);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "digits-mlp", there_and_back, NULL, NULL, "models/digits-mlp.onnx" },
		{ "digits-cnn", there_and_back, NULL, NULL, "models/digits-cnn.onnx" },
	};

	if (digits_load("test", &test) || digits_load("train", &train)) {
		printf("1..0 # SKIP the digits are not in the cache; make digits-data fetches them\n");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: imported quantisation", tests, NULL, NULL);
}
