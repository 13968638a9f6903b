// SPDX-License-Identifier: MIT
/* Types and shapes of elementwise operators and reductions. */
#include <errno.h>

#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"

static struct accel_value *output(struct accel_graph *g, const struct accel_node *n)
{
	return &g->values[n->out[0]];
}

/* All inputs, two or more, against each other. */
int accel_shape_broadcast(struct accel_graph *g, struct accel_node *n)
{
	struct accel_value joined = *accel_node_input(g, n, 0);
	int ret = 0;

	for (int i = 1; i < n->num_in && !ret; i++) {
		const struct accel_value *v = accel_node_input(g, n, i);
		struct accel_value before = joined;

		if (!v)
			return accel_node_error(EINVAL, n, "input %d is missing", i);
		ret = accel_shape_join(n, &joined, &before, v, 0);
	}
	accel_shape_like(output(g, n), &joined);
	if (!ret && n->op == ACCEL_OP_POW && !(ACCEL_TYPES_NUMBER & ACCEL_TYPE(accel_node_input(g, n, 1)->dtype)))
		return accel_node_error(EOPNOTSUPP, n, "the exponent is no number");
	return ret;
}

int accel_shape_compare(struct accel_graph *g, struct accel_node *n)
{
	int ret = accel_shape_broadcast(g, n);

	output(g, n)->dtype = ACCEL_BOOL;
	return ret;
}

int accel_shape_test(struct accel_graph *g, struct accel_node *n)
{
	accel_shape_like(output(g, n), accel_node_input(g, n, 0));
	output(g, n)->dtype = ACCEL_BOOL;
	return 0;
}

int accel_shape_where(struct accel_graph *g, struct accel_node *n)
{
	enum accel_dtype a = accel_node_input(g, n, 1)->dtype, b = accel_node_input(g, n, 2)->dtype;
	int ret = accel_shape_broadcast(g, n);

	output(g, n)->dtype = a;
	if (!ret && a != b)
		return accel_node_error(EINVAL, n, "input 1 is %s, but input 2 is %s", accel_dtype_name(a),
					accel_dtype_name(b));
	return ret;
}

/* The slope is broadcast to the input, not the other way round. */
int accel_shape_prelu(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *slope = accel_node_input(g, n, 1);
	int ret = accel_shape_broadcast(g, n);

	if (ret)
		return ret;
	for (int i = 0; i < output(g, n)->rank && x->rank == output(g, n)->rank; i++)
		if (!accel_shape_fits(x->dims[i], output(g, n)->dims[i]))
			return accel_shape_mismatch(n, x, slope);
	return x->rank == output(g, n)->rank ? 0 : accel_shape_mismatch(n, x, slope);
}

int accel_shape_cast(struct accel_graph *g, struct accel_node *n)
{
	accel_shape_like(output(g, n), accel_node_input(g, n, 0));
	if (n->op == ACCEL_OP_CASTLIKE)
		output(g, n)->dtype = accel_node_input(g, n, 1)->dtype;
	else if (!n->attrs.to)
		return accel_node_error(EINVAL, n, "attribute to is missing");
	else
		output(g, n)->dtype = n->attrs.to;
	return 0;
}

/* The axes in @mask go, or become 1. */
static void reduce_dims(struct accel_value *out, const struct accel_value *x, uint32_t mask, bool keep)
{
	int rank = 0;

	for (int i = 0; i < x->rank; i++) {
		bool gone = mask & 1u << i;

		if (!gone || keep)
			out->dims[rank++] = gone ? 1 : x->dims[i];
	}
	out->rank = rank;
}

int accel_shape_reduce(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *axes = accel_node_input(g, n, 1);
	struct accel_value *out = output(g, n);
	uint32_t mask;
	bool known;
	int ret = accel_shape_axes(g, n, 1, x->rank, &mask, &known);

	if (ret)
		return ret;
	if (!known) {
		int64_t count = accel_value_elems(axes);

		if (!n->attrs.keep_dims && (count < 0 || !count))
			return accel_node_error(EOPNOTSUPP, n, "its axes depend on the contents of an input; make input '%s' "
						"constant", axes->name);
		accel_shape_unknown(out, x->dtype, n->attrs.keep_dims ? x->rank : x->rank > count ? x->rank - (int)count : 0);
		return 0;
	}
	out->dtype = x->dtype;
	if (!mask && !n->attrs.flag)
		mask = (1u << x->rank) - 1;
	reduce_dims(out, x, mask, n->attrs.keep_dims);
	return 0;
}

int accel_shape_arg(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	int64_t axis = n->attrs.axis;
	int ret = accel_shape_axis(n, x->rank, x->rank - 1, &axis);

	if (ret)
		return ret;
	if (x->dims[axis] == 0)
		return accel_node_error(EINVAL, n, "there is nothing along axis %lld", (long long)axis);
	reduce_dims(output(g, n), x, 1u << axis, n->attrs.keep_dims);
	output(g, n)->dtype = ACCEL_S64;
	return 0;
}

int accel_shape_cumsum(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *axis = accel_node_input(g, n, 1);
	int64_t elems = accel_value_elems(axis), a;

	accel_shape_like(output(g, n), x);
	if (elems != 1)
		return accel_node_error(EINVAL, n, "axis '%s' must be one number", axis->name);
	if (!axis->data)
		return 0;
	a = accel_load_s64(axis->dtype, axis->data, 0);
	return accel_shape_axis(n, x->rank, x->rank - 1, &a);
}

/* Inference: everything passes, the mask is all true. */
int accel_shape_dropout(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *training = accel_node_input(g, n, 2);
	struct accel_value *mask = accel_node_output(g, n, 1);

	if (training && (training->dtype != ACCEL_BOOL || !training->data || accel_value_elems(training) != 1 ||
			 *(const uint8_t *)training->data))
		return accel_node_error(EOPNOTSUPP, n, "training_mode is not supported, unless it is a constant false");
	accel_shape_like(output(g, n), accel_node_input(g, n, 0));
	if (mask) {
		accel_shape_like(mask, accel_node_input(g, n, 0));
		mask->dtype = ACCEL_BOOL;
	}
	return 0;
}
