// SPDX-License-Identifier: MIT
/* Rows of the operator table: normalisation, losses, integer products, recurrent layers. */
#include "libaccel/graph/op_rows.h"

static const struct accel_attr_info none[] = { { 0 } };

static const struct accel_op_info ops[] = {
	{ ACCEL_OP_GLOBAL_MAXPOOL, "GlobalMaxPool", 1, 1, 1, ACCEL_TYPES_FLOAT, none, { 0 }, accel_shape_global_pool },
};

OP_GROUP(accel_ops_more, ops);
