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
	ACCEL_ATTR_WORD,	/* int: index into @words */
	ACCEL_ATTR_DTYPE,	/* enum accel_dtype; ONNX's number of it */
	ACCEL_ATTR_TEXT,	/* char[ACCEL_MAX_TEXT] */
	ACCEL_ATTR_INPUT,	/* of old operator sets: what is input number @only since; as a constant it becomes that */
};

/**
 * struct accel_attr_info - an attribute that an operator may have
 * @name: ONNX name; NULL ends a list
 * @kind: accel_attr_kind
 * @offset: of the field in struct accel_attrs
 * @min: smallest value allowed, of each number
 * @max: largest
 * @only: ACCEL_ATTR_ONLY: the value; ACCEL_ATTR_INPUT: the input
 * @words: ACCEL_ATTR_WORD: ended by NULL
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
	const char *const *words;
	int since;
	int until;
};

#define ACCEL_TYPE(t)		(1u << (t))
#define ACCEL_TYPES_FLOAT	(ACCEL_TYPE(ACCEL_F32) | ACCEL_TYPE(ACCEL_F16) | ACCEL_TYPE(ACCEL_BF16))
#define ACCEL_TYPES_INT		(ACCEL_TYPE(ACCEL_S8) | ACCEL_TYPE(ACCEL_U8) | ACCEL_TYPE(ACCEL_S32) | \
				 ACCEL_TYPE(ACCEL_S64) | ACCEL_TYPE(ACCEL_S16) | ACCEL_TYPE(ACCEL_U16) | \
				 ACCEL_TYPE(ACCEL_U32) | ACCEL_TYPE(ACCEL_U64))
#define ACCEL_TYPES_REAL	(ACCEL_TYPES_FLOAT | ACCEL_TYPE(ACCEL_F64))
#define ACCEL_TYPES_NUMBER	(ACCEL_TYPES_REAL | ACCEL_TYPES_INT)
#define ACCEL_TYPES_INDEX	(ACCEL_TYPE(ACCEL_S32) | ACCEL_TYPE(ACCEL_S64))
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
 * @max_out: outputs that may be; 0 is 1
 * @index: mask of the inputs (1 << number) that must be s32 or s64
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
	int max_out;
	uint32_t index;
};

/** struct accel_op_group - rows of the table that one file has */
struct accel_op_group {
	const struct accel_op_info *ops;
	size_t count;
};

extern const struct accel_op_group accel_ops_network;
extern const struct accel_op_group accel_ops_elementwise;
extern const struct accel_op_group accel_ops_tensor;
extern const struct accel_op_group accel_ops_more;
extern const struct accel_op_group accel_ops_recurrent;

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

/** accel_attr_find - row of the attribute @name that @op has in @opset, or NULL */
const struct accel_attr_info *accel_attr_find(const struct accel_op_info *op, const char *name, int64_t opset);

/**
 * accel_attrs_to_inputs - constants for the attributes in @list that are inputs of the operator
 * @name: of the node, for messages
 * @inputs: ACCEL_NODE_MAX_IN entries
 * @num: of @inputs that are set; grows
 */
int accel_attrs_to_inputs(struct accel_graph *g, const struct accel_op_info *info, const char *name,
			  const struct accel_attr *list, int64_t opset, int *inputs, int *num);

/** accel_attrs_valid - are all of @attrs what accel_attrs_decode() could have made? */
bool accel_attrs_valid(const struct accel_op_info *info, const struct accel_attrs *attrs);

/** accel_node_infer - check the inputs' types of @n, and set type and dims of what it makes */
int accel_node_infer(struct accel_graph *g, struct accel_node *n);

#endif
