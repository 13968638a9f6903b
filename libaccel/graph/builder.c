// SPDX-License-Identifier: MIT
/* The public builder, and the way of adding a node that it shares with the importer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/op_table.h"

/* Back to @nodes nodes and @values values. */
static void drop_to(struct accel_graph *g, int nodes, int values)
{
	while (g->num_nodes > nodes)
		free(g->nodes[--g->num_nodes].name);
	while (g->num_values > values) {
		free(g->values[--g->num_values].name);
		free(g->values[g->num_values].data);
	}
}

static int check_inputs(const struct accel_graph *g, const struct accel_op_info *info, const char *name,
			const int *inputs, int num)
{
	if (num < 0 || num > info->max_in)
		return accel_error(EINVAL, "%s node '%s': has %d inputs; %d at most are allowed", info->name, name, num,
				   info->max_in);
	for (int i = 0; i < num; i++)
		if (inputs[i] < ACCEL_VALUE_NONE || inputs[i] >= g->num_values)
			return accel_error(EINVAL, "%s node '%s': input %d is no value of this graph", info->name, name, i);
	return 0;
}

/* Node @index gets its values, named by @names or made up. */
static int add_outputs(struct accel_graph *g, const char *const *names, int count, int *out)
{
	for (int i = 0; i < count; i++) {
		out[i] = accel_graph_add_value(g, names ? names[i] : NULL, ACCEL_F32, 0, NULL);
		if (out[i] < 0)
			return out[i];
	}
	return 0;
}

int accel_graph_add_node(struct accel_graph *g, const struct accel_op_info *info, const char *name,
			 const char *const *out_names, int num_out, const int *inputs, int num_inputs,
			 const struct accel_attr *attrs, int64_t opset)
{
	int nodes = g->num_nodes, values = g->num_values, index = -1;
	int ret = check_inputs(g, info, name ? name : "", inputs, num_inputs), num = num_inputs;
	int in[ACCEL_NODE_MAX_IN], out[ACCEL_NODE_MAX_OUT];
	char made_up[64];

	if (ret)
		return ret;
	if (num)
		memcpy(in, inputs, (size_t)num * sizeof(*in));
	if (!name)
		name = accel_graph_made_up(g, info->name, made_up, sizeof(made_up));
	ret = accel_attrs_to_inputs(g, info, name, attrs, opset, in, &num);
	if (!ret)
		ret = add_outputs(g, out_names, num_out, out);
	if (!ret)
		ret = index = accel_graph_insert(g, info->op, name, in, num, out[0], NULL);
	if (ret >= 0) {
		memcpy(g->nodes[index].out, out, (size_t)num_out * sizeof(*out));
		g->nodes[index].num_out = num_out;
		for (int i = 0; i < num_out; i++)
			g->values[out[i]].producer = index;
		ret = accel_attrs_decode(&g->nodes[index], info, attrs, opset);
	}
	if (!ret)
		ret = accel_node_infer(g, &g->nodes[index]);
	if (ret) {
		drop_to(g, nodes, values);
		return ret;
	}
	return index;
}

/* Names are what programs and messages know values by. */
static int check_name(const struct accel_graph *g, const char *name)
{
	for (int i = 0; name && i < g->num_values; i++)
		if (!strcmp(g->values[i].name, name))
			return accel_error(EINVAL, "value '%s': the graph has another value of this name", name);
	return 0;
}

int accel_graph_input(struct accel_graph *g, const char *name, enum accel_dtype dtype, int rank,
		      const int64_t *dims)
{
	int ret = check_name(g, name), value;

	if (ret)
		return ret;
	value = accel_graph_add_value(g, name, dtype, rank, dims);
	if (value < 0)
		return value;
	ret = accel_graph_add_input(g, value);
	if (ret < 0) {
		drop_to(g, g->num_nodes, value);
		return ret;
	}
	return value;
}

int accel_graph_constant(struct accel_graph *g, const char *name, enum accel_dtype dtype, int rank,
			 const int64_t *dims, const void *data)
{
	int ret = check_name(g, name);

	return ret ? ret : accel_graph_add_constant(g, name, dtype, rank, dims, data);
}

int accel_graph_op(struct accel_graph *g, const char *op, const char *name, const int *inputs, int num_inputs,
		   const struct accel_attr *attrs)
{
	const struct accel_op_info *info = accel_op_find(op);
	int node;

	if (!info)
		return accel_error(EOPNOTSUPP, "%s node '%s': the operator is not supported", op, name ? name : "");
	for (int i = 0; name && i < g->num_nodes; i++)
		if (!strcmp(g->nodes[i].name, name))
			return accel_error(EINVAL, "%s node '%s': the graph has another node of this name", op, name);
	node = accel_graph_add_node(g, info, name, NULL, 1, inputs, num_inputs, attrs, g->opset);
	return node < 0 ? node : g->nodes[node].out[0];
}

/*
 * An input or constant that is an output too, or a value that is an output already, gets a node of its own, so that
 * every output is made by a node and has one name.
 */
int accel_graph_output(struct accel_graph *g, int value, const char *name)
{
	char *copy;
	int ret;

	if (value < 0 || value >= g->num_values)
		return accel_error(EINVAL, "output '%s': no value of this graph", name ? name : "");
	if (name && strcmp(g->values[value].name, name)) {
		ret = check_name(g, name);
		if (ret)
			return ret;
	}
	if (g->values[value].producer < 0 || accel_graph_is_output(g, value)) {
		ret = accel_graph_add_node(g, accel_op_info(ACCEL_OP_IDENTITY), NULL, NULL, 1, &value, 1, NULL,
					   g->opset);
		if (ret < 0)
			return ret;
		value = g->nodes[ret].out[0];
	}
	if (name && strcmp(g->values[value].name, name)) {
		copy = strdup(name);
		if (!copy)
			return accel_enomem(name);
		free(g->values[value].name);
		g->values[value].name = copy;
	}
	ret = accel_graph_add_output(g, value);
	return ret < 0 ? ret : 0;
}

int accel_graph_num_inputs(const struct accel_graph *g)
{
	return g->num_inputs;
}

int accel_graph_num_outputs(const struct accel_graph *g)
{
	return g->num_outputs;
}

static int describe(const struct accel_graph *g, const int *list, int count, int i, struct accel_tensor_info *info)
{
	const struct accel_value *v;

	if (i < 0 || i >= count)
		return accel_error(EINVAL, "tensor %d: the graph has %d of this kind", i, count);
	v = &g->values[list[i]];
	*info = (struct accel_tensor_info){ .name = v->name, .dtype = v->dtype, .rank = v->rank };
	memcpy(info->dims, v->dims, sizeof(info->dims));
	return 0;
}

int accel_graph_input_info(const struct accel_graph *g, int i, struct accel_tensor_info *info)
{
	return describe(g, g->inputs, g->num_inputs, i, info);
}

int accel_graph_set_input_dims(struct accel_graph *g, int i, const int64_t *dims)
{
	struct accel_value *v;

	if (i < 0 || i >= g->num_inputs)
		return accel_error(EINVAL, "input %d: the graph has %d", i, g->num_inputs);
	v = &g->values[g->inputs[i]];
	for (int k = 0; k < v->rank; k++)
		if (dims[k] == 0 || dims[k] < -1 || dims[k] > ACCEL_MAX_DIM || (v->dims[k] >= 0 && dims[k] != v->dims[k]))
			return accel_error(EINVAL, "input '%s': dimension %d is %lld in the model and cannot be %lld", v->name, k,
					   (long long)v->dims[k], (long long)dims[k]);
	memcpy(v->dims, dims, (size_t)v->rank * sizeof(*dims));
	return 0;
}

int accel_graph_output_info(const struct accel_graph *g, int i, struct accel_tensor_info *info)
{
	return describe(g, g->outputs, g->num_outputs, i, info);
}
