// SPDX-License-Identifier: MIT
/*
 * Nodes with a precision of their own. A value has one store type; who needs it in another reads it by way of a CLIP without
 * bounds, which converts. The precision pass then finds these values settled, and goes round them; those of S8 are to have a
 * scale from it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

static bool computes(enum accel_op op)
{
	static const enum accel_op ops[] = {
		ACCEL_OP_CONV, ACCEL_OP_GEMM, ACCEL_OP_MATMUL, ACCEL_OP_ADD, ACCEL_OP_SUB, ACCEL_OP_MUL, ACCEL_OP_DIV,
		ACCEL_OP_RELU, ACCEL_OP_CLIP, ACCEL_OP_BATCHNORM,
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i] == op)
			return true;
	return false;
}

static enum accel_dtype type_of(enum accel_precision p)
{
	static const enum accel_dtype types[] = {
		[ACCEL_PREC_FP32] = ACCEL_F32, [ACCEL_PREC_FP16] = ACCEL_F16,
		[ACCEL_PREC_BF16] = ACCEL_BF16, [ACCEL_PREC_INT8] = ACCEL_S8,
	};

	return types[p];
}

static int find_node(const struct accel_graph *g, const char *name)
{
	for (int i = 0; i < g->num_nodes; i++)
		if (!strcmp(g->nodes[i].name, name))
			return i;
	return accel_error(EINVAL, "node precision: there is no node '%.64s' after the passes: it is not in the model, or another "
			   "node has taken it up", name);
}

/* @types: by node; NONE where it has none of its own. */
static int read_list(const struct accel_graph *g, const struct accel_compile_options *o, enum accel_dtype *types)
{
	for (int64_t i = 0; i < o->num_node_precisions; i++) {
		const struct accel_node_precision *p = &o->node_precisions[i];
		int n = p->node ? find_node(g, p->node) : accel_error(EINVAL, "node precision: entry %lld has no name",
								      (long long)i);

		if (n < 0)
			return n;
		if ((unsigned int)p->precision > ACCEL_PREC_INT8)
			return accel_error(EINVAL, "node precision: '%.64s' has precision %d, which is unknown", p->node,
					   (int)p->precision);
		if (p->precision == ACCEL_PREC_INT8 && !o->calib_data)
			return accel_error(EINVAL, "node precision: '%.64s' is to be int8, so calibration data are needed "
					   "(calib_data)", p->node);
		if (!computes(g->nodes[n].op))
			return accel_error(EOPNOTSUPP, "node precision: %s '%.64s' does not compute; it takes the precision of what it reads",
					   accel_op_name(g->nodes[n].op), p->node);
		/* In a network of int8 it is no exception. */
		types[n] = p->precision == ACCEL_PREC_INT8 && o->precision == ACCEL_PREC_INT8 ? ACCEL_NONE : type_of(p->precision);
	}
	return 0;
}

/* Does node @n read @v with a type of its own: as an operand, not as a bias? */
static bool reads(const struct accel_node *n, int k, int v)
{
	return n->in[k] == v && !(k == 2 && (n->op == ACCEL_OP_CONV || n->op == ACCEL_OP_GEMM)) &&
	       !(k > 0 && n->op == ACCEL_OP_BATCHNORM);
}

/* @v in another type, for the @count first nodes that have @type (NONE: none of their own). */
static int convert_for(struct accel_graph *g, int v, enum accel_dtype type, const enum accel_dtype *types, int count)
{
	struct accel_attrs attrs = accel_op_info(ACCEL_OP_CLIP)->defaults;
	int copy = accel_graph_add_value(g, NULL, ACCEL_F32, g->values[v].rank, g->values[v].dims), ret;

	if (copy < 0)
		return copy;
	for (int i = 0; i < count; i++)
		for (int k = 0; k < g->nodes[i].num_in && types[i] == type; k++)
			if (reads(&g->nodes[i], k, v))
				g->nodes[i].in[k] = copy;
	attrs.lo = -INFINITY;
	attrs.hi = INFINITY;
	ret = accel_graph_insert(g, ACCEL_OP_CLIP, NULL, &v, 1, copy, &attrs);
	if (ret < 0)
		return ret;
	g->values[copy].store = type;
	return 0;
}

static bool is_read_as(const struct accel_graph *g, int v, enum accel_dtype type, const enum accel_dtype *types, int count)
{
	for (int i = 0; i < count; i++)
		for (int k = 0; k < g->nodes[i].num_in && types[i] == type; k++)
			if (reads(&g->nodes[i], k, v))
				return true;
	return false;
}

/* The store of @v, and copies of it in the other types in which it is read. */
static int settle(struct accel_graph *g, int v, const enum accel_dtype *types, int count)
{
	static const enum accel_dtype own[] = { ACCEL_F32, ACCEL_F16, ACCEL_BF16, ACCEL_S8 };
	const size_t num = sizeof(own) / sizeof(own[0]);
	int producer = g->values[v].producer, ret = 0;
	enum accel_dtype kept = ACCEL_NONE;

	/* what can convert on the way out makes the most precise that is asked for */
	for (size_t i = 0; i < num && kept == ACCEL_NONE; i++)
		if ((producer < 0 || computes(g->nodes[producer].op)) && is_read_as(g, v, own[i], types, count))
			kept = own[i];
	for (size_t i = 0; i < num && !ret; i++)
		if (own[i] != kept && is_read_as(g, v, own[i], types, count))
			ret = convert_for(g, v, own[i], types, count);
	if (!ret && kept != ACCEL_NONE) {
		if (is_read_as(g, v, ACCEL_NONE, types, count))
			ret = convert_for(g, v, ACCEL_NONE, types, count);
		g->values[v].store = kept;
	}
	return ret;
}

/* Weights have scales of their own, which the precision pass gives them. */
static bool is_weights(const struct accel_node *n, int k)
{
	return k == 1 && (n->op == ACCEL_OP_CONV || n->op == ACCEL_OP_GEMM || n->op == ACCEL_OP_MATMUL);
}

/* Constant operands that only such a node reads. */
static void settle_constants(struct accel_graph *g, int node, enum accel_dtype type)
{
	const struct accel_node *n = &g->nodes[node];

	for (int k = 0; k < n->num_in; k++) {
		struct accel_value *v = n->in[k] < 0 ? NULL : &g->values[n->in[k]];

		if (v && v->data && v->dtype == ACCEL_F32 && v->store == ACCEL_NONE && reads(n, k, n->in[k]) &&
		    accel_graph_uses(g, n->in[k]) == 1 && !(type == ACCEL_S8 && is_weights(n, k)))
			v->store = type;
	}
}

int accel_pass_node_precision(struct accel_graph *g, const struct accel_compile_options *o)
{
	int values = g->num_values, nodes = g->num_nodes, ret;
	enum accel_dtype *types;

	if (o->num_node_precisions < 0 || (o->num_node_precisions && !o->node_precisions))
		return accel_error(EINVAL, "node precision: %lld entries, but no list", (long long)o->num_node_precisions);
	if (!o->num_node_precisions)
		return 0;
	types = calloc((size_t)nodes + 1, sizeof(*types));
	if (!types)
		return accel_enomem("node precision");
	ret = read_list(g, o, types);
	for (int v = 0; v < values && !ret; v++)
		if (!g->values[v].data && g->values[v].dtype == ACCEL_F32 && g->values[v].store == ACCEL_NONE)
			ret = settle(g, v, types, nodes);
	for (int i = 0; i < nodes && !ret; i++)
		if (types[i] != ACCEL_NONE)
			settle_constants(g, i, types[i]);
	free(types);
	return ret ? ret : accel_graph_compact(g);
}
