// SPDX-License-Identifier: MIT
/* Types and shapes of operators that make tensors, or pick elements by numbers. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"

static struct accel_value *output(struct accel_graph *g, const struct accel_node *n)
{
	return &g->values[n->out[0]];
}

static int64_t clamp(int64_t v, int64_t rank)
{
	v += v < 0 ? rank : 0;
	return v < 0 ? 0 : v > rank ? rank : v;
}

int accel_shape_shape(struct accel_graph *g, struct accel_node *n)
{
	int rank = accel_node_input(g, n, 0)->rank;
	int64_t from = clamp(n->attrs.number, rank), to = clamp(n->attrs.number2, rank);

	accel_shape_unknown(output(g, n), ACCEL_S64, 1);
	output(g, n)->dims[0] = to > from ? to - from : 0;
	return 0;
}

int accel_shape_size(struct accel_graph *g, struct accel_node *n)
{
	accel_shape_unknown(output(g, n), ACCEL_S64, 0);
	return 0;
}

int accel_shape_constant(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *value = accel_node_input(g, n, 1);
	struct accel_value *out = output(g, n);
	int64_t dims[ACCEL_MAX_RANK];
	bool known;
	int count = accel_shape_list(g, n, 0, ACCEL_MAX_RANK, dims, &known);

	if (count < -1)
		return count;
	if (count < 0)
		return accel_node_error(EOPNOTSUPP, n, "the number of its output's dimensions is not known");
	if (value && accel_value_elems(value) != 1)
		return accel_node_error(EINVAL, n, "the value must be one number");
	accel_shape_unknown(out, value ? value->dtype : ACCEL_F32, count);
	for (int i = 0; known && i < count; i++) {
		if (dims[i] < 0)
			return accel_node_error(EINVAL, n, "shape has %lld at %d", (long long)dims[i], i);
		out->dims[i] = dims[i];
	}
	return 0;
}

int accel_shape_range(struct accel_graph *g, struct accel_node *n)
{
	double v[3], count;

	accel_shape_unknown(output(g, n), accel_node_input(g, n, 0)->dtype, 1);
	for (int i = 0; i < 3; i++) {
		const struct accel_value *in = accel_node_input(g, n, i);

		if (accel_value_elems(in) != 1)
			return accel_node_error(EINVAL, n, "input '%s' must be one number", in->name);
		if (!in->data)
			return 0;
		v[i] = accel_load_f64(in->dtype, in->data, 0);
	}
	count = ceil((v[1] - v[0]) / v[2]);
	if (isnan(count) || count > (double)ACCEL_MAX_DIM)
		return accel_node_error(EINVAL, n, "from %g to %g by %g is no range", v[0], v[1], v[2]);
	output(g, n)->dims[0] = count < 0 ? 0 : (int64_t)count;
	return 0;
}

int accel_shape_eyelike(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);

	if (x->rank != 2)
		return accel_shape_bad_rank(n, x, "a matrix is needed");
	accel_shape_like(output(g, n), x);
	if (n->attrs.to)
		output(g, n)->dtype = n->attrs.to;
	return 0;
}

/* @out has the dims of @v with @extent put in before dimension @axis. */
static void insert_dim(struct accel_value *out, const struct accel_value *v, int axis, int64_t extent)
{
	out->rank = v->rank + 1;
	for (int d = 0; d < out->rank; d++)
		out->dims[d] = d < axis ? v->dims[d] : d == axis ? extent : v->dims[d - 1];
}

int accel_shape_onehot(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *depth = accel_node_input(g, n, 1);
	const struct accel_value *values = accel_node_input(g, n, 2);
	int64_t axis = n->attrs.axis, extent = -1;
	int ret = accel_shape_axis(n, x->rank + 1, x->rank, &axis);

	if (ret)
		return ret;
	if (x->rank == ACCEL_MAX_RANK)
		return accel_shape_bad_rank(n, x, "one less is supported");
	if (accel_value_elems(depth) != 1 || accel_value_elems(values) != 2)
		return accel_node_error(EINVAL, n, "depth must be one number, values two");
	if (depth->data) {
		double d = accel_load_f64(depth->dtype, depth->data, 0);

		if (!(d >= 0 && d <= (double)ACCEL_MAX_DIM))
			return accel_node_error(EINVAL, n, "depth is %g", d);
		extent = (int64_t)d;
	}
	output(g, n)->dtype = values->dtype;
	insert_dim(output(g, n), x, (int)axis, extent);
	return 0;
}

int accel_shape_gather(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *index = accel_node_input(g, n, 1);
	struct accel_value *out = output(g, n);
	int64_t axis = n->attrs.axis;
	int ret = accel_shape_axis(n, x->rank, x->rank - 1, &axis), rank = 0;

	if (ret)
		return ret;
	if (x->rank + index->rank - 1 > ACCEL_MAX_RANK)
		return accel_shape_bad_rank(n, index, "the output would have too many");
	out->dtype = x->dtype;
	for (int d = 0; d < axis; d++)
		out->dims[rank++] = x->dims[d];
	for (int d = 0; d < index->rank; d++)
		out->dims[rank++] = index->dims[d];
	for (int d = (int)axis + 1; d < x->rank; d++)
		out->dims[rank++] = x->dims[d];
	out->rank = rank;
	return 0;
}

/* Indices that have a place in @x at every dimension but the axis. */
static int check_elements(const struct accel_node *n, const struct accel_value *x, const struct accel_value *index)
{
	int64_t axis = n->attrs.axis;
	int ret = accel_shape_axis(n, x->rank, x->rank - 1, &axis);

	if (ret)
		return ret;
	if (x->rank != index->rank)
		return accel_shape_mismatch(n, x, index);
	for (int d = 0; d < x->rank; d++)
		if (d != axis && x->dims[d] >= 0 && index->dims[d] > x->dims[d])
			return accel_shape_mismatch(n, x, index);
	return 0;
}

int accel_shape_gather_elements(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *index = accel_node_input(g, n, 1);

	accel_shape_like(output(g, n), index);
	output(g, n)->dtype = x->dtype;
	return check_elements(n, x, index);
}

int accel_shape_scatter_elements(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *index = accel_node_input(g, n, 1);
	const struct accel_value *updates = accel_node_input(g, n, 2);
	int ret = check_elements(n, x, index);

	accel_shape_like(output(g, n), x);
	if (ret)
		return ret;
	if (updates->rank != index->rank || updates->dtype != x->dtype)
		return accel_shape_mismatch(n, index, updates);
	for (int d = 0; d < index->rank; d++)
		if (!accel_shape_fits(index->dims[d], updates->dims[d]))
			return accel_shape_mismatch(n, index, updates);
	return 0;
}

/* How many dims of @x, behind the batch dims, an index names. */
static int tuple_size(const struct accel_node *n, const struct accel_value *x, const struct accel_value *index, int batch,
		      int *size)
{
	int64_t last = index->rank ? index->dims[index->rank - 1] : -1;

	if (last < 1 || last > x->rank - batch || batch >= index->rank)
		return accel_shape_mismatch(n, x, index);
	for (int d = 0; d < batch; d++)
		if (!accel_shape_fits(x->dims[d], index->dims[d]))
			return accel_shape_mismatch(n, x, index);
	*size = (int)last;
	return 0;
}

/* Dims of @index but its last, then those of @x that no index names. */
static int picked_dims(const struct accel_node *n, struct accel_value *out, const struct accel_value *x,
		       const struct accel_value *index, int skip)
{
	if (index->rank - 1 + x->rank - skip > ACCEL_MAX_RANK)
		return accel_shape_bad_rank(n, index, "the output would have too many");
	out->rank = 0;
	for (int d = 0; d < index->rank - 1; d++)
		out->dims[out->rank++] = index->dims[d];
	for (int d = skip; d < x->rank; d++)
		out->dims[out->rank++] = x->dims[d];
	return 0;
}

int accel_shape_gather_nd(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *index = accel_node_input(g, n, 1);
	int batch = (int)n->attrs.number, size = 0, ret = tuple_size(n, x, index, batch, &size);

	output(g, n)->dtype = x->dtype;
	return ret ? ret : picked_dims(n, output(g, n), x, index, batch + size);
}

int accel_shape_scatter_nd(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *index = accel_node_input(g, n, 1);
	const struct accel_value *updates = accel_node_input(g, n, 2);
	struct accel_value want = { 0 };
	int size = 0, ret = tuple_size(n, x, index, 0, &size);

	accel_shape_like(output(g, n), x);
	if (!ret)
		ret = picked_dims(n, &want, x, index, size);
	if (ret)
		return ret;
	if (updates->rank != want.rank || updates->dtype != x->dtype)
		return accel_shape_mismatch(n, index, updates);
	for (int d = 0; d < want.rank; d++)
		if (!accel_shape_fits(want.dims[d], updates->dims[d]))
			return accel_shape_mismatch(n, index, updates);
	return 0;
}

int accel_shape_topk(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *index = accel_node_output(g, n, 1);
	int64_t axis = n->attrs.axis, k;
	bool known;
	int ret = accel_shape_axis(n, x->rank, x->rank - 1, &axis), count;

	if (ret)
		return ret;
	count = accel_shape_list(g, n, 1, 1, &k, &known);
	if (count < -1)
		return count;
	if (count != 1)
		return accel_node_error(EINVAL, n, "k must be one number");
	if (known && (k < 0 || (x->dims[axis] >= 0 && k > x->dims[axis])))
		return accel_node_error(EINVAL, n, "k is %lld, of %lld", (long long)k, (long long)x->dims[axis]);
	accel_shape_like(output(g, n), x);
	output(g, n)->dims[axis] = known ? k : -1;
	if (index) {
		accel_shape_like(index, output(g, n));
		index->dtype = ACCEL_S64;
	}
	return 0;
}

/* Elements of @v that are not zero, -1 where it is not constant. */
static int64_t count_nonzero(const struct accel_value *v, int64_t most)
{
	int64_t n = v->data ? accel_value_elems(v) : -1, count = 0;

	for (int64_t i = 0; i < n && i < most; i++)
		count += accel_load_f64(v->dtype, v->data, i) != 0;
	return n < 0 ? -1 : count;
}

int accel_shape_nonzero(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);

	accel_shape_unknown(output(g, n), ACCEL_S64, 2);
	output(g, n)->dims[0] = x->rank ? x->rank : 1;
	output(g, n)->dims[1] = count_nonzero(x, INT64_MAX);
	return 0;
}

int accel_shape_compress(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *condition = accel_node_input(g, n, 1);
	bool flat = n->attrs.axis < -ACCEL_MAX_RANK;
	int64_t axis = flat ? 0 : n->attrs.axis, extent = flat ? accel_value_elems(x) : 0;
	struct accel_value *out = output(g, n);
	int ret = flat ? 0 : accel_shape_axis(n, x->rank, x->rank - 1, &axis);

	if (ret)
		return ret;
	if (condition->dtype != ACCEL_BOOL || condition->rank != 1)
		return accel_node_error(EINVAL, n, "the condition must be a list of booleans");
	if (!flat)
		extent = x->dims[axis];
	if (extent >= 0 && condition->dims[0] > extent)
		return accel_shape_mismatch(n, x, condition);
	accel_shape_like(out, x);
	if (flat)
		out->rank = 1;
	out->dims[axis] = count_nonzero(condition, INT64_MAX);
	return 0;
}
