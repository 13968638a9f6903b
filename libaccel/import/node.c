// SPDX-License-Identifier: MIT
/* NodeProto to node: names to values, attributes to the operator table's terms, Constant to a constant. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/import/import.h"
#include "libaccel/passes/passes.h"

#define MAX_ATTRS	32
#define MAX_STRING	48
#define KIND(k)		ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##k

/* The attributes of one node as the operator table wants them. */
struct attr_list {
	struct accel_attr attr[MAX_ATTRS + 1];
	char strings[MAX_ATTRS][MAX_STRING];
};

const char *accel_import_node_name(const Onnx__NodeProto *node)
{
	if (node->name && *node->name)
		return node->name;
	return node->n_output ? node->output[0] : "";
}

int accel_import_refuse(int err, const Onnx__NodeProto *node, const char *why)
{
	return accel_error(err, "%.64s node '%.64s': %s", accel_import_text(node->op_type), accel_import_node_name(node), why);
}

static int translate_attr(const Onnx__NodeProto *node, const Onnx__AttributeProto *a, struct accel_attr *out,
			  char *string)
{
	static const int64_t no_ints;	/* a list, though empty */

	out->name = accel_import_text(a->name);
	switch (a->type) {
	case KIND(FLOAT):
		out->is_float = 1;
		out->f = a->f;
		return 0;
	case KIND(INT):
		out->i = a->i;
		return 0;
	case KIND(STRING):
		snprintf(string, MAX_STRING, "%.*s", a->s.len < MAX_STRING ? (int)a->s.len : MAX_STRING - 1,
			 a->s.data ? (const char *)a->s.data : "");
		out->s = string;
		return 0;
	case KIND(STRINGS):		/* one behind the other, with spaces between them */
		*string = '\0';
		for (size_t i = 0, at = 0; i < a->n_strings && at < MAX_STRING; i++)
			at += (size_t)snprintf(string + at, MAX_STRING - at, "%s%.*s", i ? " " : "",
					       a->strings[i].len < MAX_STRING ? (int)a->strings[i].len : MAX_STRING - 1,
					       a->strings[i].data ? (const char *)a->strings[i].data : "");
		out->s = string;
		return 0;
	case KIND(INTS):
		if (a->n_ints > INT32_MAX)
			break;
		out->ints = a->n_ints ? a->ints : &no_ints;
		out->count = (int)a->n_ints;
		return 0;
	default:
		break;
	}
	return accel_error(EOPNOTSUPP, "%.64s node '%.64s': attribute '%.64s' of this kind is not supported",
			   accel_import_text(node->op_type), accel_import_node_name(node), out->name);
}

/* A tensor, or a list of floats, as attribute: input number @at of the node, for our table. */
static int tensor_input(struct accel_import *im, const Onnx__AttributeProto *a, int at, int *inputs, int *num)
{
	int64_t count = (int64_t)a->n_floats;
	char name[32];
	int value;

	accel_graph_made_up(im->g, "tensor", name, sizeof(name));
	value = a->type == KIND(TENSOR) ? accel_import_constant(im, name, a->t) :
					  accel_graph_add_constant(im->g, name, ACCEL_F32, 1, &count, a->floats);
	while (value >= 0 && *num <= at)
		inputs[(*num)++] = ACCEL_VALUE_NONE;
	if (value >= 0)
		inputs[at] = value;
	return value < 0 ? value : 0;
}

static int translate_attrs(struct accel_import *im, const Onnx__NodeProto *node, const struct accel_op_info *info,
			   struct attr_list *list, int *inputs, int *num)
{
	int count = 0;

	if (node->n_attribute > MAX_ATTRS)
		return accel_import_refuse(EBADMSG, node, "more attributes than any operator has; the file is corrupt");
	memset(list->attr, 0, sizeof(list->attr));
	for (size_t i = 0; i < node->n_attribute; i++) {
		const Onnx__AttributeProto *a = node->attribute[i];
		const struct accel_attr_info *ai = accel_attr_find(info, accel_import_text(a->name), im->opset);
		int ret;

		if (((a->type == KIND(TENSOR) && a->t) || a->type == KIND(FLOATS)) && ai && ai->kind == ACCEL_ATTR_INPUT) {
			ret = tensor_input(im, a, (int)ai->only, inputs, num);
		} else {
			ret = translate_attr(node, a, &list->attr[count], list->strings[count]);
			count++;
		}

		if (ret)
			return ret;
	}
	return 0;
}

int accel_import_find(const struct accel_import *im, const char *name)
{
	int value = -ENOENT;

	for (const struct accel_scope *s = im->scope; s && value < 0; s = s->outer)
		value = accel_names_get(&s->values, name);
	return value;
}

int accel_import_define(struct accel_import *im, const char *name, int value)
{
	return accel_names_add(&im->scope->values, name, value);
}

const char *accel_import_value_name(struct accel_import *im, const char *name, char *buf)
{
	return im->scope->outer ? accel_graph_made_up(im->g, name, buf, ACCEL_IMPORT_NAME) : name;
}

static int define(struct accel_import *im, const Onnx__NodeProto *node, const char *name, int value)
{
	int ret = accel_import_define(im, name, value);

	if (ret == -EEXIST)
		return accel_import_refuse(EBADMSG, node, "its output has the name of another value; the file is corrupt");
	return ret ? accel_enomem(name) : 0;
}

/* Constant nodes become constants: a tensor, or numbers in the attribute itself. */
static int import_constant(struct accel_import *im, const Onnx__NodeProto *node)
{
	const Onnx__AttributeProto *a = node->n_attribute == 1 ? node->attribute[0] : NULL;
	const char *output = node->n_output ? node->output[0] : "", *attr = a ? accel_import_text(a->name) : "", *name;
	char buf[ACCEL_IMPORT_NAME];
	int64_t count;
	int value;

	name = accel_import_value_name(im, output, buf);
	if (!strcmp(attr, "value") && a->t) {
		value = accel_import_constant(im, name, a->t);
	} else if (!strcmp(attr, "value_float")) {
		value = accel_graph_add_constant(im->g, name, ACCEL_F32, 0, NULL, &a->f);
	} else if (!strcmp(attr, "value_int")) {
		value = accel_graph_add_constant(im->g, name, ACCEL_S64, 0, NULL, &a->i);
	} else if (!strcmp(attr, "value_floats")) {
		count = (int64_t)a->n_floats;
		value = accel_graph_add_constant(im->g, name, ACCEL_F32, 1, &count, a->floats);
	} else if (!strcmp(attr, "value_ints")) {
		count = (int64_t)a->n_ints;
		value = accel_graph_add_constant(im->g, name, ACCEL_S64, 1, &count, a->ints);
	} else {
		return accel_import_refuse(EOPNOTSUPP, node, "only a dense tensor or numbers are supported as its value");
	}
	return value < 0 ? value : define(im, node, output, value);
}

static int find_inputs(struct accel_import *im, const Onnx__NodeProto *node, int *inputs)
{
	if (node->n_input > ACCEL_NODE_MAX_IN)
		return accel_import_refuse(EOPNOTSUPP, node, "too many inputs");
	for (size_t i = 0; i < node->n_input; i++) {
		const char *name = accel_import_text(node->input[i]);

		inputs[i] = *name ? accel_import_find(im, name) : ACCEL_VALUE_NONE;
		if (*name && inputs[i] < 0)
			return accel_error(EBADMSG, "%.64s node '%.64s': input '%.64s' is made by no earlier node",
					   accel_import_text(node->op_type), accel_import_node_name(node), name);
	}
	return 0;
}

/* Names of nodes are optional in ONNX; here they tell nodes apart. @buf is used where one must be made up. */
static const char *unique_name(struct accel_import *im, const Onnx__NodeProto *node, char *buf, size_t size)
{
	const char *name = accel_import_node_name(node);

	if (*name && accel_names_get(&im->nodes, name) < 0)
		return name;
	return accel_graph_made_up(im->g, *name ? name : accel_import_text(node->op_type), buf, size);
}

static bool default_domain(const Onnx__NodeProto *node)
{
	const char *domain = accel_import_text(node->domain);

	return !*domain || !strcmp(domain, "ai.onnx");
}

/* Names of the outputs, NULL for what nothing uses; how many there are, or -errno. */
static int find_outputs(const Onnx__NodeProto *node, const struct accel_op_info *info, const char **names)
{
	int max = info->max_out ? info->max_out : 1, used = 0;

	for (size_t i = 0; i < node->n_output; i++) {
		const char *name = accel_import_text(node->output[i]);

		if (*name && i >= (size_t)max)
			return accel_error(EOPNOTSUPP, "%s node '%.64s': output '%.64s' is not supported, only the first%s",
					   info->name, accel_import_node_name(node), name, max > 1 ? " ones" : "");
		if (i < (size_t)max)
			names[i] = *name ? name : NULL;
		if (*name)
			used = (int)i + 1;
	}
	return used ? used : accel_import_refuse(EBADMSG, node, "it has no output; the file is corrupt");
}

static int define_outputs(struct accel_import *im, const Onnx__NodeProto *node, const struct accel_node *n,
			  const char *const *names)
{
	int ret = 0;

	for (int i = 0; i < n->num_out && !ret; i++)
		if (names[i])
			ret = define(im, node, names[i], n->out[i]);
	return ret;
}

static int import_operator(struct accel_import *im, const Onnx__NodeProto *node)
{
	const struct accel_op_info *info;
	const char *domain = accel_import_text(node->domain), *as, *name, *outputs[ACCEL_NODE_MAX_OUT], *names[ACCEL_NODE_MAX_OUT];
	char buf[ACCEL_IMPORT_NAME], made_up[ACCEL_NODE_MAX_OUT][ACCEL_IMPORT_NAME];
	int inputs[ACCEL_NODE_MAX_IN], num = (int)node->n_input, num_out, added, ret;
	struct attr_list list;

	ret = accel_import_version(im, node, &as);
	if (ret)
		return ret;
	info = default_domain(node) ? accel_op_find(as) : NULL;
	if (!info)
		return accel_error(EOPNOTSUPP, "%.64s node '%.64s': the operator%s%.64s is not supported",
				   accel_import_text(node->op_type), accel_import_node_name(node), *domain ? " of domain " : "", domain);
	num_out = find_outputs(node, info, outputs);
	if (num_out < 0)
		return num_out;
	ret = find_inputs(im, node, inputs);
	if (!ret)
		ret = translate_attrs(im, node, info, &list, inputs, &num);
	if (ret)
		return ret;
	while (num && inputs[num - 1] < 0)
		num--;
	for (int i = 0; i < num_out; i++)
		names[i] = outputs[i] ? accel_import_value_name(im, outputs[i], made_up[i]) : NULL;
	name = unique_name(im, node, buf, sizeof(buf));
	ret = accel_graph_add_node(im->g, info, name, names, num_out, inputs, num, list.attr, im->opset);
	if (ret < 0)
		return ret;
	if (name != buf && accel_names_add(&im->nodes, name, ret))
		return accel_enomem(name);
	added = ret;
	ret = define_outputs(im, node, &im->g->nodes[added], outputs);
	return ret ? ret : accel_fold_shape_node(im->g, added);
}

/* What is no node of the graph in memory. */
static const struct {
	const char *op;
	int (*import)(struct accel_import *im, const Onnx__NodeProto *node);
} specials[] = {
	{ "Constant", import_constant },
	{ "If", accel_import_if },
	{ "Loop", accel_import_loop },
};

int accel_import_node(struct accel_import *im, const Onnx__NodeProto *node)
{
	for (size_t i = 0; default_domain(node) && i < sizeof(specials) / sizeof(specials[0]); i++)
		if (!strcmp(accel_import_text(node->op_type), specials[i].op))
			return specials[i].import(im, node);
	return import_operator(im, node);
}
