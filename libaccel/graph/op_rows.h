/* SPDX-License-Identifier: MIT */
/* How the files of the operator table write their rows. */
#ifndef ACCEL_GRAPH_OP_ROWS_H
#define ACCEL_GRAPH_OP_ROWS_H

#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"

#define AT(field)	offsetof(struct accel_attrs, field)
#define LARGEST		(1 << 20)	/* kernels, strides, dilations, pads */

#define ATTR(n, k, f)	.name = n, .kind = ACCEL_ATTR_##k, .offset = AT(f)
#define SPATIAL(n, f)	ATTR(n, SPATIAL, f), .min = 1, .max = LARGEST
#define PADS(n, f)	ATTR(n, PADS, f), .max = LARGEST
#define BOOL(n, f)	ATTR(n, BOOL, f), .max = 1
#define AXIS(n, f)	ATTR(n, INT, f), .min = -ACCEL_MAX_RANK, .max = ACCEL_MAX_RANK
#define ONLY(n, v)	.name = n, .kind = ACCEL_ATTR_ONLY, .only = v
#define IGNORED(n)	.name = n, .kind = ACCEL_ATTR_IGNORED
#define WORD(n, f, w)	ATTR(n, WORD, f), .words = w
#define INPUT(n, i)	.name = n, .kind = ACCEL_ATTR_INPUT, .only = i

#define OP_GROUP(name, rows)	\
	const struct accel_op_group name = { rows, sizeof(rows) / sizeof((rows)[0]) }

#endif
