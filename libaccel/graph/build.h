/* SPDX-License-Identifier: MIT */
/* How graphs grow and change: for the builder, the importer and the passes. */
#ifndef ACCEL_GRAPH_BUILD_H
#define ACCEL_GRAPH_BUILD_H

#include "libaccel/graph/graph.h"

/* Extents and attributes beyond these are refused: sums and products of a few of them cannot overflow. */
#define ACCEL_MAX_DIM	INT64_C(0x7fffffff)
#define ACCEL_MAX_ELEMS	(INT64_C(1) << 40)

struct accel_op_info;

/**
 * accel_graph_made_up - a name that no other value or node of @g has
 * @what: what it begins with; a '#' and a number follow
 * @buf: receives it, and is returned
 */
const char *accel_graph_made_up(struct accel_graph *g, const char *what, char *buf, size_t size);

/**
 * accel_graph_add_value - append a value without contents or producer
 * @name: copied; NULL for a made-up one
 * @dims: extents, -1 for unknown; NULL where @rank is 0
 *
 * Return: its index; -EINVAL for a bad type, rank or extent; -EOVERFLOW for too many elements; -ENOMEM.
 */
int accel_graph_add_value(struct accel_graph *g, const char *name, enum accel_dtype dtype, int rank,
			  const int64_t *dims);

/** accel_graph_add_constant - accel_graph_add_value() with contents, which are copied; zeros where @data is NULL */
int accel_graph_add_constant(struct accel_graph *g, const char *name, enum accel_dtype dtype, int rank,
			     const int64_t *dims, const void *data);

/**
 * accel_graph_add_node - append a node and the values it makes; shapes and attributes are checked
 * @info: row of the operator table
 * @name: of the node, copied; NULL for a made-up one
 * @out_names: of the values; NULL for made-up ones
 * @num_out: values, 1 at least
 * @opset: whose attributes and defaults apply
 *
 * Return: the node's index, or -errno and the graph as it was.
 */
int accel_graph_add_node(struct accel_graph *g, const struct accel_op_info *info, const char *name,
			 const char *const *out_names, int num_out, const int *inputs, int num_inputs,
			 const struct accel_attr *attrs, int64_t opset);

/**
 * accel_graph_insert - for passes: append a node that makes the existing value @out
 * @attrs: NULL for the operator's defaults
 *
 * The node is out of order until accel_graph_compact(). Return: the node's index, or -ENOMEM.
 */
int accel_graph_insert(struct accel_graph *g, enum accel_op op, const char *name, const int *inputs,
		       int num_inputs, int out, const struct accel_attrs *attrs);

int accel_graph_add_input(struct accel_graph *g, int value);
int accel_graph_add_output(struct accel_graph *g, int value);

/** accel_graph_bind_input - input @i becomes a constant with a copy of @data; every dim must be known */
int accel_graph_bind_input(struct accel_graph *g, int i, const void *data);

/** accel_graph_uses - how many node inputs and graph outputs name @value */
int accel_graph_uses(const struct accel_graph *g, int value);
bool accel_graph_is_output(const struct accel_graph *g, int value);
/** accel_graph_replace - every node input and graph output that names @from names @to */
void accel_graph_replace(struct accel_graph *g, int from, int to);

/** accel_node_in - value index of input @i, ACCEL_VALUE_NONE where absent */
static inline int accel_node_in(const struct accel_node *n, int i)
{
	return i < n->num_in ? n->in[i] : ACCEL_VALUE_NONE;
}

/** accel_node_input - value of input @i, NULL where absent */
static inline const struct accel_value *accel_node_input(const struct accel_graph *g,
							 const struct accel_node *n, int i)
{
	int v = accel_node_in(n, i);

	return v < 0 ? NULL : &g->values[v];
}

/** accel_node_output - value of output @i, NULL where the node does not make it */
static inline struct accel_value *accel_node_output(struct accel_graph *g, const struct accel_node *n, int i)
{
	return i < n->num_out && n->out[i] >= 0 ? &g->values[n->out[i]] : NULL;
}

/** accel_node_error - accel_error() whose message begins with the node's operator and name */
int accel_node_error(int err, const struct accel_node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** accel_value_bytes - size of the contents; -EINVAL unknown dims or type, -EOVERFLOW */
int64_t accel_value_bytes(const struct accel_value *v);
/** accel_dims_text - "[1, 3, ?]" into @buf, for messages; returns @buf */
const char *accel_dims_text(const struct accel_value *v, char *buf, size_t size);

#endif
