/* SPDX-License-Identifier: MIT */
/* What each operator takes: one row an operator, for the builder and the importer alike. */
#ifndef ACCEL_GRAPH_OP_TABLE_H
#define ACCEL_GRAPH_OP_TABLE_H

#include "libaccel/graph/graph.h"

/* The operator sets whose meaning the table states. */
#define ACCEL_OPSET_MIN	7
#define ACCEL_OPSET_MAX	22

enum accel_attr_kind {
	ACCEL_ATTR_INT,		/* int64_t */
	ACCEL_ATTR_BOOL,	/* bool */
	ACCEL_ATTR_FLOAT,	/* float */
	ACCEL_ATTR_SPATIAL,	/* int64_t[2]; one number is columns, of one row */
	ACCEL_ATTR_PADS,	/* int64_t[4]; two numbers are left and right */
	ACCEL_ATTR_PERM,	/* int64_t[ACCEL_MAX_RANK] */
	ACCEL_ATTR_AUTO_PAD,	/* enum accel_auto_pad */
	ACCEL_ATTR_ONLY,	/* only the value @only is supported */
	ACCEL_ATTR_IGNORED,	/* without effect on inference */
};

/**
 * struct accel_attr_info - an attribute that an operator may have
 * @name: ONNX name; NULL ends a list
 * @kind: accel_attr_kind
 * @offset: of the field in struct accel_attrs
 * @min: smallest value allowed, of each number
 * @max: largest
 * @only: ACCEL_ATTR_ONLY
 * @since: first opset that has it; 0 for all
 * @until: last opset that has it; 0 for all
 */
struct accel_attr_info {
	const char *name;
	enum accel_attr_kind kind;
	size_t offset;
	int64_t min;
	int64_t max;
	int64_t only;
	int since;
	int until;
};

#define ACCEL_TYPE(t)		(1u << (t))
#define ACCEL_TYPES_FLOAT	(ACCEL_TYPE(ACCEL_F32) | ACCEL_TYPE(ACCEL_F16) | ACCEL_TYPE(ACCEL_BF16))
#define ACCEL_TYPES_INT		(ACCEL_TYPE(ACCEL_S8) | ACCEL_TYPE(ACCEL_U8) | ACCEL_TYPE(ACCEL_S32) | \
				 ACCEL_TYPE(ACCEL_S64))
#define ACCEL_TYPES_NUMBER	(ACCEL_TYPES_FLOAT | ACCEL_TYPES_INT)
#define ACCEL_TYPES_ANY		(~0u)

/**
 * struct accel_op_info - an operator
 * @op: accel_op
 * @name: ONNX name
 * @min_in: inputs that must be there
 * @max_in: inputs that may be
 * @same: so many first inputs share one element type
 * @types: mask of ACCEL_TYPE() that input 0 may have
 * @attrs: allowed attributes
 * @defaults: of the attributes
 * @shape: sets type, rank and dims of the outputs from the inputs' (-1 where not known), and resolves attributes
 *	that depend on shapes; NULL: the output is like input 0
 */
struct accel_op_info {
	enum accel_op op;
	const char *name;
	int min_in;
	int max_in;
	int same;
	uint32_t types;
	const struct accel_attr_info *attrs;
	struct accel_attrs defaults;
	int (*shape)(struct accel_graph *g, struct accel_node *n);
};

/** accel_op_find - row by ONNX name, NULL where not supported */
const struct accel_op_info *accel_op_find(const char *name);
/** accel_op_info - row by number, NULL for ACCEL_OP_INVALID and beyond */
const struct accel_op_info *accel_op_info(enum accel_op op);

/**
 * accel_attrs_decode - check and store the attributes of @n
 * @list: ended by a NULL name, or NULL
 * @opset: whose attributes and defaults apply
 *
 * Return: 0; -EOPNOTSUPP unknown attribute or a value that is not supported; -EINVAL wrong type or out of range.
 */
int accel_attrs_decode(struct accel_node *n, const struct accel_op_info *info, const struct accel_attr *list,
		       int64_t opset);

/** accel_node_infer - check the inputs' types of @n, and set type and dims of what it makes */
int accel_node_infer(struct accel_graph *g, struct accel_node *n);

/* Shape functions; see struct accel_op_info. */
int accel_shape_conv(struct accel_graph *g, struct accel_node *n);
int accel_shape_pool(struct accel_graph *g, struct accel_node *n);
int accel_shape_global_pool(struct accel_graph *g, struct accel_node *n);
int accel_shape_gemm(struct accel_graph *g, struct accel_node *n);
int accel_shape_matmul(struct accel_graph *g, struct accel_node *n);
int accel_shape_broadcast(struct accel_graph *g, struct accel_node *n);
int accel_shape_clip(struct accel_graph *g, struct accel_node *n);
int accel_shape_flatten(struct accel_graph *g, struct accel_node *n);
int accel_shape_reshape(struct accel_graph *g, struct accel_node *n);
int accel_shape_transpose(struct accel_graph *g, struct accel_node *n);
int accel_shape_softmax(struct accel_graph *g, struct accel_node *n);
int accel_shape_batchnorm(struct accel_graph *g, struct accel_node *n);
int accel_shape_quantize(struct accel_graph *g, struct accel_node *n);
int accel_shape_dequantize(struct accel_graph *g, struct accel_node *n);

#endif
