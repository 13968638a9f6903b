// SPDX-License-Identifier: MIT
/* If and Loop: the branch that is taken, and the body as often as it runs, become part of the graph around them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/import/import.h"
#include "libaccel/passes/passes.h"

static const Onnx__GraphProto *find_body(const Onnx__NodeProto *node, const char *name)
{
	for (size_t i = 0; i < node->n_attribute; i++)
		if (!strcmp(accel_import_text(node->attribute[i]->name), name))
			return node->attribute[i]->g;
	return NULL;
}

static bool is_constant_node(const Onnx__NodeProto *node)
{
	return !strcmp(accel_import_text(node->op_type), "Constant");
}

/* Value of input @i of @node; ACCEL_VALUE_NONE where it has none. */
static int find_input(struct accel_import *im, const Onnx__NodeProto *node, size_t i, int *value)
{
	const char *name = i < node->n_input ? accel_import_text(node->input[i]) : "";

	*value = *name ? accel_import_find(im, name) : ACCEL_VALUE_NONE;
	return *name && *value < 0 ? accel_import_refuse(EBADMSG, node, "an input is made by no earlier node") : 0;
}

/* The bool or integer that value @v is, where that is known. */
static bool known_number(const struct accel_graph *g, int v, int64_t *out)
{
	const struct accel_value *value = &g->values[v];

	if (!value->data || accel_dtype_is_float(value->dtype) || accel_value_elems(value) != 1)
		return false;
	*out = accel_load_s64(value->dtype, value->data, 0);
	return true;
}

static int define(struct accel_import *im, const Onnx__NodeProto *node, const char *name, int value)
{
	int ret = accel_import_define(im, accel_import_text(name), value);

	if (ret == -EEXIST)
		return accel_import_refuse(EBADMSG, node, "two values inside of it have one name; the file is corrupt");
	return ret ? accel_enomem("a name") : 0;
}

int accel_import_charge(struct accel_import *im, uint64_t nodes)
{
	if (!im->scope->outer)
		return 0;
	if (nodes > (uint64_t)(ACCEL_IMPORT_MAX_NODES - im->inlined))
		return accel_error(EOPNOTSUPP, "reading the model: what is inside of If and Loop would become more than %d nodes, with "
				   "%d bytes of a constant as one", ACCEL_IMPORT_MAX_NODES, ACCEL_IMPORT_NODE_BYTES);
	im->inlined += (int)nodes;
	return 0;
}

/* What does not change from one run of @body to the next. */
static int import_constants(struct accel_import *im, const Onnx__GraphProto *body)
{
	int ret = accel_import_initialisers(im, body);

	for (size_t i = 0; i < body->n_node && !ret; i++)
		if (is_constant_node(body->node[i]))
			ret = accel_import_node(im, body->node[i]);
	return ret;
}

/* The nodes of @body that are no constants; @results: values of its outputs, as many as it has. */
static int import_nodes(struct accel_import *im, const Onnx__NodeProto *node, const Onnx__GraphProto *body, int *results)
{
	int ret = accel_import_charge(im, body->n_node + 1);

	for (size_t i = 0; i < body->n_node && !ret; i++)
		if (!is_constant_node(body->node[i]))
			ret = accel_import_node(im, body->node[i]);
	for (size_t i = 0; i < body->n_output && !ret; i++) {
		results[i] = accel_import_find(im, accel_import_text(body->output[i]->name));
		if (results[i] < 0)
			ret = accel_import_refuse(EBADMSG, node, "an output of the graph inside of it is made by no node");
	}
	return ret;
}

static void enter(struct accel_import *im, struct accel_scope *scope)
{
	*scope = (struct accel_scope){ .outer = im->scope };
	im->scope = scope;
}

static void leave(struct accel_import *im, struct accel_scope *scope)
{
	im->scope = scope->outer;
	accel_names_free(&scope->values);
}

static int define_outputs(struct accel_import *im, const Onnx__NodeProto *node, const int *values)
{
	int ret = 0;

	for (size_t i = 0; i < node->n_output && !ret; i++)
		if (*accel_import_text(node->output[i]))
			ret = define(im, node, node->output[i], values[i]);
	return ret;
}

int accel_import_if(struct accel_import *im, const Onnx__NodeProto *node)
{
	const Onnx__GraphProto *branch;
	struct accel_scope scope;
	int value, ret = find_input(im, node, 0, &value), *results;
	int64_t taken;

	if (ret)
		return ret;
	if (value < 0 || !known_number(im->g, value, &taken))
		return accel_import_refuse(EOPNOTSUPP, node, "its condition depends on an input; only a constant one is supported");
	branch = find_body(node, taken ? "then_branch" : "else_branch");
	if (!branch || branch->n_output < node->n_output)
		return accel_import_refuse(EBADMSG, node, "the branch that is taken is missing, or lacks outputs");
	results = calloc(branch->n_output + 1, sizeof(*results));
	if (!results)
		return accel_enomem("If");
	enter(im, &scope);
	ret = import_constants(im, branch);
	if (!ret)
		ret = import_nodes(im, node, branch, results);
	leave(im, &scope);
	if (!ret)
		ret = define_outputs(im, node, results);
	free(results);
	return ret;
}

/*
 * A Loop that is being unrolled. Its body has the inputs trip number, condition, carried values, and the outputs condition, carried
 * values, and what is gathered from all trips.
 */
struct loop {
	const Onnx__NodeProto *node;
	const Onnx__GraphProto *body;
	size_t carried;		/* values that go from trip to trip */
	size_t gathered;
	int64_t trips;		/* at most; INT64_MAX where no number is given */
	int64_t more;		/* the condition */
	int64_t done;
	int *values;		/* of the outputs of Loop: carried so far, then those gathered */
	int *results;		/* of the body */
	int *all;		/* [trip][gathered] */
};

/* Trip count and condition, where the node has them. */
static int read_limits(struct accel_import *im, struct loop *l)
{
	int64_t *const limits[] = { &l->trips, &l->more };
	static const char *const why[] = {
		"its trip count depends on an input; only a constant one is supported",
		"its condition depends on an input; only a constant one is supported",
	};

	l->trips = INT64_MAX;
	l->more = 1;
	for (size_t i = 0; i < 2; i++) {
		int value, ret = find_input(im, l->node, i, &value);

		if (ret)
			return ret;
		if (value >= 0 && !known_number(im->g, value, limits[i]))
			return accel_import_refuse(EOPNOTSUPP, l->node, why[i]);
	}
	return 0;
}

/* The names of the body's inputs, for one trip. */
static int define_inputs(struct accel_import *im, const struct loop *l)
{
	uint8_t more = 1;
	int value = accel_graph_add_constant(im->g, NULL, ACCEL_S64, 0, NULL, &l->done), ret;

	ret = value < 0 ? value : define(im, l->node, l->body->input[0]->name, value);
	if (ret)
		return ret;
	value = accel_graph_add_constant(im->g, NULL, ACCEL_BOOL, 0, NULL, &more);
	ret = value < 0 ? value : define(im, l->node, l->body->input[1]->name, value);
	for (size_t i = 0; i < l->carried && !ret; i++)
		ret = define(im, l->node, l->body->input[2 + i]->name, l->values[i]);
	return ret;
}

static int run_once(struct accel_import *im, struct loop *l)
{
	struct accel_scope scope;
	int ret, *all;

	if (l->done == ACCEL_IMPORT_MAX_TRIPS)
		return accel_error(EOPNOTSUPP, "Loop node '%.64s': runs more than %d times; loops are unrolled so often at most",
				   l->node->n_output ? l->node->output[0] : "", ACCEL_IMPORT_MAX_TRIPS);
	enter(im, &scope);
	ret = define_inputs(im, l);
	if (!ret)
		ret = import_nodes(im, l->node, l->body, l->results);
	leave(im, &scope);
	if (ret)
		return ret;
	if (!known_number(im->g, l->results[0], &l->more))
		return accel_import_refuse(EOPNOTSUPP, l->node, "the condition that its body makes depends on an input; only a constant one is supported");
	memcpy(l->values, l->results + 1, l->carried * sizeof(*l->values));
	all = reallocarray(l->all, (size_t)l->done + 1, (l->gathered + 1) * sizeof(*all));
	if (!all)
		return accel_enomem("Loop");
	l->all = all;
	memcpy(all + (size_t)l->done * l->gathered, l->results + 1 + l->carried, l->gathered * sizeof(*all));
	l->done++;
	return 0;
}

/* A node of the table's operator @name, without a name of its own; its output, or -errno. */
static int add(struct accel_import *im, const char *name, const int *inputs, int num, const struct accel_attr *attrs)
{
	int node = accel_graph_add_node(im->g, accel_op_find(name), NULL, NULL, 1, inputs, num, attrs, im->opset), value, ret;

	if (node < 0)
		return node;
	value = im->g->nodes[node].out[0];
	ret = accel_fold_shape_node(im->g, node);
	return ret ? ret : value;
}

/* @values, @count of them, one behind the other along a new first axis. They are overwritten. */
static int stack(struct accel_import *im, int *values, size_t count)
{
	const struct accel_attr axis[] = { { .name = "axis" }, { 0 } };
	int axes = accel_graph_add_constant(im->g, NULL, ACCEL_S64, 1, (int64_t[]){ 1 }, (int64_t[]){ 0 });

	if (axes < 0)
		return axes;
	for (size_t i = 0; i < count; i++) {
		values[i] = add(im, "Unsqueeze", (int[]){ values[i], axes }, 2, NULL);
		if (values[i] < 0)
			return values[i];
	}
	while (count > 1) {
		size_t joined = 0;

		for (size_t i = 0; i < count; i += ACCEL_NODE_MAX_IN) {
			size_t n = count - i < ACCEL_NODE_MAX_IN ? count - i : ACCEL_NODE_MAX_IN;
			int value = n == 1 ? values[i] : add(im, "Concat", values + i, (int)n, axis);

			if (value < 0)
				return value;
			values[joined++] = value;
		}
		count = joined;
	}
	return values[0];
}

static int gather_all(struct accel_import *im, struct loop *l)
{
	int *trips;

	if (l->gathered && !l->done)
		return accel_import_refuse(EOPNOTSUPP, l->node, "it runs not once, and what it gathers would have no shape");
	trips = calloc((size_t)l->done + 1, sizeof(*trips));
	if (!trips)
		return accel_enomem("Loop");
	for (size_t k = 0; k < l->gathered; k++) {
		int value;

		for (int64_t i = 0; i < l->done; i++)
			trips[i] = l->all[(size_t)i * l->gathered + k];
		value = stack(im, trips, (size_t)l->done);
		if (value < 0) {
			free(trips);
			return value;
		}
		l->values[l->carried + k] = value;
	}
	free(trips);
	return 0;
}

static int unroll(struct accel_import *im, struct loop *l)
{
	struct accel_scope scope;
	int ret = read_limits(im, l);

	for (size_t i = 0; i < l->carried && !ret; i++) {
		ret = find_input(im, l->node, 2 + i, &l->values[i]);
		if (!ret && l->values[i] < 0)
			ret = accel_import_refuse(EBADMSG, l->node, "a carried value has no beginning");
	}
	enter(im, &scope);
	if (!ret)
		ret = import_constants(im, l->body);
	while (!ret && l->more && l->done < l->trips)
		ret = run_once(im, l);
	leave(im, &scope);
	if (!ret)
		ret = gather_all(im, l);
	return ret ? ret : define_outputs(im, l->node, l->values);
}

int accel_import_loop(struct accel_import *im, const Onnx__NodeProto *node)
{
	struct loop l = { .node = node, .body = find_body(node, "body"), .carried = node->n_input > 2 ? node->n_input - 2 : 0 };
	int ret;

	if (!l.body || l.body->n_input != 2 + l.carried || l.body->n_output < 1 + l.carried ||
	    node->n_output > l.body->n_output - 1)
		return accel_import_refuse(EBADMSG, node, "its body is missing, or inputs and outputs do not fit those of the body");
	l.gathered = node->n_output > l.carried ? node->n_output - l.carried : 0;	/* those that are asked for */
	l.values = calloc(l.body->n_output, sizeof(*l.values));
	l.results = calloc(l.body->n_output, sizeof(*l.results));
	ret = l.values && l.results ? unroll(im, &l) : accel_enomem("Loop");
	free(l.values);
	free(l.results);
	free(l.all);
	return ret;
}
