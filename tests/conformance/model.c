// SPDX-License-Identifier: MIT
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/import/import.h"

#define RTOL	1e-3
#define ATOL	1e-7

static void *read_whole(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	void *data = NULL;

	if (!f)
		return NULL;
	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode) && (data = malloc((size_t)st.st_size + 1)))
		*bytes = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	return data;
}

/* Tensor files KIND_0.pb, KIND_1.pb, ... until there is no more, or one that is no tensor of ours. */
static int read_tensors(const char *dir, const char *kind, Onnx__TensorProto **tensors, struct accel_graph *g)
{
	for (int i = 0; i < MAX_TENSORS; i++) {
		char path[600], name[32];
		size_t bytes = 0;
		void *data;

		snprintf(path, sizeof(path), "%s/test_data_set_0/%s_%d.pb", dir, kind, i);
		snprintf(name, sizeof(name), "%s%d", kind, i);
		data = read_whole(path, &bytes);
		tensors[i] = data ? onnx__tensor_proto__unpack(NULL, bytes, data) : NULL;
		free(data);
		if (!tensors[i] || accel_import_tensor(g, NULL, name, tensors[i]) < 0) {
			if (tensors[i])
				onnx__tensor_proto__free_unpacked(tensors[i], NULL);
			return i;
		}
	}
	return MAX_TENSORS;
}

/*
 * Where data and declaration of an input differ the data count: ONNX's reference keeps bfloat16 as bits in uint16, and
 * declares some inputs larger than they are.
 */
static void reconcile(Onnx__ValueInfoProto *info, Onnx__TensorProto *t)
{
	Onnx__TypeProto__Tensor *type = info->type && info->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ?
					info->type->tensor_type : NULL;

	if (!type)
		return;
	if (type->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16 &&
	    t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT16)
		t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
	if (!type->shape || type->shape->n_dim < t->n_dims)
		return;
	while (type->shape->n_dim > t->n_dims)
		protobuf_c_message_free_unpacked(&type->shape->dim[--type->shape->n_dim]->base, NULL);
	for (size_t i = 0; i < t->n_dims; i++)
		if (type->shape->dim[i]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
			type->shape->dim[i]->dim_value = t->dims[i];
}

bool model_read(struct model *m, const char *dir)
{
	Onnx__TensorProto *outputs[MAX_TENSORS];
	char path[600];
	size_t bytes = 0;
	void *data;
	int n;

	*m = (struct model){ 0 };
	snprintf(path, sizeof(path), "%s/model.onnx", dir);
	data = read_whole(path, &bytes);
	m->proto = data ? onnx__model_proto__unpack(NULL, bytes, data) : NULL;
	free(data);
	if (!m->proto || !m->proto->graph || accel_graph_new(&m->given) || accel_graph_new(&m->wanted))
		return false;
	m->num_inputs = read_tensors(dir, "input", m->tensors, m->given);
	for (int i = 0; i < m->num_inputs && i < (int)m->proto->graph->n_input; i++)
		reconcile(m->proto->graph->input[i], m->tensors[i]);
	n = read_tensors(dir, "output", outputs, m->wanted);
	while (n)
		onnx__tensor_proto__free_unpacked(outputs[--n], NULL);
	return true;
}

void model_free(struct model *m)
{
	while (m->num_inputs)
		onnx__tensor_proto__free_unpacked(m->tensors[--m->num_inputs], NULL);
	if (m->proto)
		onnx__model_proto__free_unpacked(m->proto, NULL);
	accel_graph_unref(m->given);
	accel_graph_unref(m->wanted);
}

bool model_inputs_are_tensors(const struct model *m)
{
	const Onnx__GraphProto *g = m->proto->graph;

	for (size_t i = 0; i < g->n_input; i++)
		if (!g->input[i]->type || g->input[i]->type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
			return false;
	return m->num_inputs >= 0 && (size_t)m->num_inputs == g->n_input;
}

int model_parse(const struct model *m, int first, struct accel_graph **out)
{
	Onnx__GraphProto *g = m->proto->graph;
	Onnx__TensorProto **old = g->initializer, *list[g->n_initializer + MAX_TENSORS];
	size_t old_count = g->n_initializer, bytes;
	char *names[MAX_TENSORS];
	void *data;
	int ret;

	for (size_t i = 0; i < old_count; i++)
		list[i] = old[i];
	for (int i = first; i < m->num_inputs; i++) {
		names[i] = m->tensors[i]->name;
		m->tensors[i]->name = g->input[i]->name;
		list[g->n_initializer++] = m->tensors[i];
	}
	g->initializer = list;
	bytes = onnx__model_proto__get_packed_size(m->proto);
	data = malloc(bytes + 1);
	if (!data)
		abort();
	onnx__model_proto__pack(m->proto, data);
	g->initializer = old;
	g->n_initializer = old_count;
	for (int i = first; i < m->num_inputs; i++)
		m->tensors[i]->name = names[i];
	ret = accel_graph_parse_onnx(data, bytes, out);
	free(data);
	return ret;
}

static bool near(double a, double b)
{
	return a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= ATOL + RTOL * fabs(b);
}

/* Bits of bfloat16: ONNX's reference cut off where the specification rounds, so one unit is nothing. */
static bool near_bits(int64_t a, int64_t b)
{
	return a - b <= 1 && b - a <= 1;
}

static bool same_type(enum accel_dtype got, enum accel_dtype want)
{
	return got == want || (got == ACCEL_BF16 && want == ACCEL_U16);
}

bool model_same(const struct accel_tensor_info *info, const void *got, const struct accel_value *want, char *why,
		size_t size)
{
	struct accel_value type = { .rank = info->rank };
	int64_t n = accel_value_elems(want);
	char ta[96], tb[96];

	memcpy(type.dims, info->dims, sizeof(type.dims));
	if (!same_type(info->dtype, want->dtype) || info->rank != want->rank ||
	    memcmp(info->dims, want->dims, (size_t)want->rank * sizeof(*want->dims))) {
		snprintf(why, size, "%s %s, wanted %s %s", accel_dtype_name(info->dtype),
			 accel_dims_text(&type, ta, sizeof(ta)), accel_dtype_name(want->dtype),
			 accel_dims_text(want, tb, sizeof(tb)));
		return false;
	}
	for (int64_t i = 0; i < n; i++) {
		double a = accel_load_f64(want->dtype, got, i), b = accel_load_f64(want->dtype, want->data, i);
		int64_t ia = accel_load_s64(want->dtype, got, i), ib = accel_load_s64(want->dtype, want->data, i);

		if (info->dtype == ACCEL_BF16 ? near_bits(ia, ib) : accel_dtype_is_float(want->dtype) ? near(a, b) : ia == ib)
			continue;
		snprintf(why, size, "element %lld is %.9g, wanted %.9g", (long long)i, a, b);
		return false;
	}
	return true;
}
