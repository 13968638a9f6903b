// SPDX-License-Identifier: MIT
/* Types and shapes of operators that move tensors. */
#include <errno.h>
#include <string.h>

#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"
#include "libaccel/graph/slice.h"

static struct accel_value *output(struct accel_graph *g, const struct accel_node *n)
{
	return &g->values[n->out[0]];
}

int accel_shape_concat(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = output(g, n);
	int64_t axis = n->attrs.axis;
	int ret = accel_shape_axis(n, x->rank, x->rank - 1, &axis);

	if (ret)
		return ret;
	accel_shape_like(out, x);
	for (int i = 1; i < n->num_in; i++) {
		const struct accel_value *v = accel_node_input(g, n, i);

		if (!v || v->rank != x->rank)
			return v ? accel_shape_mismatch(n, x, v) : accel_node_error(EINVAL, n, "input %d is missing", i);
		for (int d = 0; d < x->rank; d++) {
			if (d != axis && !accel_shape_fits(out->dims[d], v->dims[d]))
				return accel_shape_mismatch(n, x, v);
			if (d == axis)
				out->dims[d] = out->dims[d] < 0 || v->dims[d] < 0 ? -1 : out->dims[d] + v->dims[d];
			else if (out->dims[d] < 0)
				out->dims[d] = v->dims[d];
		}
		if (out->dims[axis] > ACCEL_MAX_DIM)
			return accel_node_error(EOVERFLOW, n, "the output is too large");
	}
	return 0;
}

/* Parts as equal as can be, the last one smaller; unless there is a list, which must add up. */
static int part_sizes(const struct accel_node *n, int64_t total, int count, bool known, int64_t *parts)
{
	int64_t sum = 0, each = total < 0 ? -1 : (total + n->num_out - 1) / n->num_out;

	for (int i = 0; i < n->num_out; i++) {
		if (count && known && parts[i] < 0)
			return accel_node_error(EINVAL, n, "part %d has size %lld", i, (long long)parts[i]);
		if (!count)
			parts[i] = total < 0 ? -1 : total - sum < each ? total - sum : each;
		else if (!known)
			parts[i] = -1;
		if (__builtin_add_overflow(sum, parts[i], &sum))
			return accel_node_error(EOVERFLOW, n, "its parts are too large");
	}
	if (total >= 0 && known && sum != total)
		return accel_node_error(EINVAL, n, "its parts add up to %lld, the input has %lld", (long long)sum,
					(long long)total);
	return !count && !n->attrs.number && total >= 0 && total % n->num_out ?
		accel_node_error(EINVAL, n, "%lld cannot be split evenly", (long long)total) : 0;
}

int accel_shape_split(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	int64_t axis = n->attrs.axis, parts[ACCEL_NODE_MAX_OUT];
	bool known;
	int ret = accel_shape_axis(n, x->rank, x->rank - 1, &axis), count;

	if (ret)
		return ret;
	count = accel_shape_list(g, n, 1, ACCEL_NODE_MAX_OUT, parts, &known);
	if (count < -1)
		return count;
	if ((count > 0 && count != n->num_out) || (!count && n->num_in > 1 && n->in[1] >= 0) ||
	    (n->attrs.number && n->attrs.number != n->num_out))
		return accel_node_error(EINVAL, n, "it has %d outputs, which its sizes are not for", n->num_out);
	ret = part_sizes(n, x->dims[axis], count, known, parts);
	for (int i = 0; i < n->num_out && !ret; i++) {
		accel_shape_like(accel_node_output(g, n, i), x);
		accel_node_output(g, n, i)->dims[axis] = parts[i];
	}
	return ret;
}

static struct accel_slice slice_axis(int64_t extent, int64_t start, int64_t end, int64_t step)
{
	int64_t low = step < 0 ? -1 : 0, high = step < 0 ? extent - 1 : extent, span;

	start += start < 0 ? extent : 0;
	end += end < 0 ? extent : 0;
	if (step < 0 && start < 0)
		start = -1;
	start = start < low ? low : start > high ? high : start;
	end = end < low ? low : end > high ? high : end;
	span = step < 0 ? start - end : end - start;
	if (span <= 0)
		return (struct accel_slice){ 0, 1, 0 };
	return (struct accel_slice){ start, step, (span - 1) / (step < 0 ? -step : step) + 1 };
}

int accel_slice_plan(const struct accel_node *n, const struct accel_value *const *in, const void *const *data,
		     struct accel_slice *plan)
{
	const struct accel_value *x = in[0];
	int64_t count = accel_value_elems(in[1]);
	uint32_t seen = 0;

	for (int d = 0; d < x->rank; d++)
		plan[d] = (struct accel_slice){ 0, 1, x->dims[d] };
	for (int i = 1; i < 5; i++)
		if (in[i] && (in[i]->rank != 1 || accel_value_elems(in[i]) != count))
			return accel_node_error(EINVAL, n, "its lists must have one length");
	for (int64_t i = 0; i < count; i++) {
		int64_t axis = in[3] ? accel_load_s64(in[3]->dtype, data[3], i) : i;
		int64_t step = in[4] ? accel_load_s64(in[4]->dtype, data[4], i) : 1;

		axis += axis < 0 ? x->rank : 0;
		if (axis < 0 || axis >= x->rank || (seen & 1u << axis))
			return accel_node_error(EINVAL, n, "axis %lld is not there, or given twice", (long long)axis);
		if (step == 0 || step == INT64_MIN)
			return accel_node_error(EINVAL, n, "a step is 0 or too large");
		seen |= 1u << axis;
		plan[axis] = slice_axis(x->dims[axis], accel_load_s64(in[1]->dtype, data[1], i),
					accel_load_s64(in[2]->dtype, data[2], i), step);
	}
	return 0;
}

int accel_shape_slice(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *in[5], *x = accel_node_input(g, n, 0);
	struct accel_slice plan[ACCEL_MAX_RANK];
	const void *data[5];
	bool known = accel_value_elems(x) >= 0;
	int ret;

	for (int i = 0; i < 5; i++) {
		in[i] = accel_node_input(g, n, i);
		data[i] = in[i] ? in[i]->data : NULL;
		known &= !i || !in[i] || data[i];
	}
	if (!known) {
		accel_shape_unknown(output(g, n), x->dtype, x->rank);
		return 0;
	}
	ret = accel_slice_plan(n, in, data, plan);
	accel_shape_like(output(g, n), x);
	for (int d = 0; d < x->rank && !ret; d++)
		output(g, n)->dims[d] = plan[d].count;
	return ret;
}

int accel_shape_pad(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *fill = accel_node_input(g, n, 2);
	struct accel_value *out = output(g, n);
	int64_t pads[2 * ACCEL_MAX_RANK];
	bool known;
	int count = accel_shape_list(g, n, 1, 2 * ACCEL_MAX_RANK, pads, &known);

	if (count < -1)
		return count;
	if (accel_node_in(n, 3) >= 0)
		return accel_node_error(EOPNOTSUPP, n, "a list of axes is not supported");
	if (fill && (fill->dtype != x->dtype || accel_value_elems(fill) != 1))
		return accel_node_error(EINVAL, n, "the value '%s' must be one number of the input's type", fill->name);
	if (!known) {
		accel_shape_unknown(out, x->dtype, x->rank);
		return 0;
	}
	if (count != 2 * x->rank)
		return accel_node_error(EINVAL, n, "%d pads, for an input of %d dimensions", count, x->rank);
	accel_shape_like(out, x);
	for (int d = 0; d < x->rank; d++) {
		int64_t a = pads[d], b = pads[x->rank + d];

		if (a < -ACCEL_MAX_DIM || a > ACCEL_MAX_DIM || b < -ACCEL_MAX_DIM || b > ACCEL_MAX_DIM ||
		    (x->dims[d] >= 0 && x->dims[d] + a + b < 0))
			return accel_node_error(EINVAL, n, "pads %lld, %lld of dimension %d", (long long)a, (long long)b, d);
		if (n->attrs.mode && (a > 0 || b > 0) && x->dims[d] >= 0 &&
		    (x->dims[d] == 0 || (n->attrs.mode == 1 && (a >= x->dims[d] || b >= x->dims[d]))))
			return accel_node_error(EINVAL, n, "dimension %d has too little to pad with", d);
		if (x->dims[d] >= 0)
			out->dims[d] = x->dims[d] + a + b;
	}
	return 0;
}

int accel_shape_expand(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value shape = { .name = g->values[n->in[1]].name };
	bool known;
	int count = accel_shape_list(g, n, 1, ACCEL_MAX_RANK, shape.dims, &known);

	if (count < -1)
		return count;
	if (count < 0)
		return accel_node_error(EOPNOTSUPP, n, "the number of its output's dimensions is not known");
	shape.rank = count;
	for (int i = 0; i < count; i++) {
		if (!known)
			shape.dims[i] = -1;
		else if (shape.dims[i] < 0 || shape.dims[i] > ACCEL_MAX_DIM)
			return accel_node_error(EINVAL, n, "shape has %lld at %d", (long long)shape.dims[i], i);
	}
	output(g, n)->dtype = x->dtype;
	return accel_shape_join(n, output(g, n), x, &shape, 0);
}

int accel_shape_tile(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = output(g, n);
	int64_t repeats[ACCEL_MAX_RANK];
	bool known;
	int count = accel_shape_list(g, n, 1, ACCEL_MAX_RANK, repeats, &known);

	if (count < -1)
		return count;
	accel_shape_unknown(out, x->dtype, x->rank);
	if (!known)
		return 0;
	if (count != x->rank)
		return accel_node_error(EINVAL, n, "%d repeats, for an input of %d dimensions", count, x->rank);
	for (int d = 0; d < x->rank; d++) {
		if (repeats[d] < 0 || repeats[d] > ACCEL_MAX_DIM)
			return accel_node_error(EINVAL, n, "%lld repeats of dimension %d", (long long)repeats[d], d);
		if (x->dims[d] >= 0)
			out->dims[d] = x->dims[d] * repeats[d];
	}
	return 0;
}

int accel_shape_squeeze(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = output(g, n);
	bool known, all = accel_node_in(n, 1) < 0;
	uint32_t mask;
	int ret = accel_shape_axes(g, n, 1, x->rank, &mask, &known), rank = 0;

	if (ret)
		return ret;
	if (!known || (all && accel_value_elems(x) < 0))
		return accel_node_error(EOPNOTSUPP, n, "its axes depend on the contents of an input, or on the batch");
	for (int d = 0; d < x->rank; d++) {
		bool gone = all ? x->dims[d] == 1 : mask & 1u << d;

		if (gone && !accel_shape_fits(x->dims[d], 1))
			return accel_node_error(EINVAL, n, "dimension %d is %lld, not 1", d, (long long)x->dims[d]);
		if (!gone)
			out->dims[rank++] = x->dims[d];
	}
	out->dtype = x->dtype;
	out->rank = rank;
	return 0;
}

int accel_shape_unsqueeze(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = output(g, n);
	int64_t elems = accel_value_elems(accel_node_input(g, n, 1));
	int rank = elems < 0 ? -1 : x->rank + (int)(elems > ACCEL_MAX_RANK ? ACCEL_MAX_RANK : elems), ret;
	uint32_t mask;
	bool known;

	if (rank < 0 || rank > ACCEL_MAX_RANK)
		return accel_node_error(EOPNOTSUPP, n, "the number of its output's dimensions is not known, or above %d",
					ACCEL_MAX_RANK);
	ret = accel_shape_axes(g, n, 1, rank, &mask, &known);
	if (ret)
		return ret;
	accel_shape_unknown(out, x->dtype, rank);
	for (int d = 0, from = 0; known && d < rank; d++)
		out->dims[d] = mask & 1u << d ? 1 : x->dims[from++];
	return 0;
}

static int check_block(const struct accel_node *n, const struct accel_value *x)
{
	if (x->rank != 4)
		return accel_shape_bad_rank(n, x, "four are needed");
	return n->attrs.number ? 0 : accel_node_error(EINVAL, n, "attribute blocksize is missing");
}

int accel_shape_depth_to_space(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = output(g, n);
	int64_t b = n->attrs.number;
	int ret = check_block(n, x);

	if (ret)
		return ret;
	if (x->dims[1] >= 0 && x->dims[1] % (b * b))
		return accel_node_error(EINVAL, n, "%lld channels are no multiple of %lld", (long long)x->dims[1],
					(long long)(b * b));
	accel_shape_like(out, x);
	out->dims[1] = x->dims[1] < 0 ? -1 : x->dims[1] / (b * b);
	for (int d = 2; d < 4; d++)
		out->dims[d] = x->dims[d] < 0 ? -1 : x->dims[d] * b;
	return 0;
}

int accel_shape_space_to_depth(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = output(g, n);
	int64_t b = n->attrs.number;
	int ret = check_block(n, x);

	if (ret)
		return ret;
	accel_shape_like(out, x);
	out->dims[1] = x->dims[1] < 0 ? -1 : x->dims[1] > ACCEL_MAX_DIM / (b * b) ? ACCEL_MAX_DIM + 1 : x->dims[1] * b * b;
	for (int d = 2; d < 4; d++) {
		if (x->dims[d] >= 0 && x->dims[d] % b)
			return accel_node_error(EINVAL, n, "dimension %d is no multiple of %lld", d, (long long)b);
		out->dims[d] = x->dims[d] < 0 ? -1 : x->dims[d] / b;
	}
	return 0;
}

int accel_shape_trilu(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *k = accel_node_input(g, n, 1);

	accel_shape_like(output(g, n), x);
	if (x->rank < 2)
		return accel_shape_bad_rank(n, x, "matrices are needed");
	return !k || accel_value_elems(k) == 1 ? 0 : accel_node_error(EINVAL, n, "k must be one number");
}

int accel_shape_reverse(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *lens = accel_node_input(g, n, 1);

	accel_shape_like(output(g, n), x);
	if (x->rank < 2 || n->attrs.number == n->attrs.number2)
		return accel_node_error(EINVAL, n, "a batch axis and a time axis are needed");
	if (lens->rank != 1 || !accel_shape_fits(lens->dims[0], x->dims[n->attrs.number]))
		return accel_shape_mismatch(n, x, lens);
	return 0;
}
