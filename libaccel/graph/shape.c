// SPDX-License-Identifier: MIT
/* Types and shapes of what nodes make, apart from those with windows (shape_window.c). -1 is "not known yet". */
#include <errno.h>
#include <string.h>

#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"

static struct accel_value *output(struct accel_graph *g, const struct accel_node *n)
{
	return &g->values[n->out[0]];
}

void accel_shape_like(struct accel_value *out, const struct accel_value *in)
{
	out->dtype = in->dtype;
	out->rank = in->rank;
	memcpy(out->dims, in->dims, sizeof(out->dims));
}

static int check_inputs(const struct accel_graph *g, const struct accel_node *n, const struct accel_op_info *info)
{
	const struct accel_value *x;

	if (n->num_in < info->min_in || n->num_in > info->max_in)
		return accel_node_error(EINVAL, n, "has %d inputs; %d to %d are allowed", n->num_in, info->min_in,
					info->max_in);
	for (int i = 0; i < info->min_in; i++)
		if (n->in[i] < 0)
			return accel_node_error(EINVAL, n, "input %d is missing", i);
	x = accel_node_input(g, n, 0);
	if (!(info->types & ACCEL_TYPE(x->dtype)))
		return accel_node_error(EOPNOTSUPP, n, "input '%s' of type %s is not supported", x->name,
					accel_dtype_name(x->dtype));
	for (int i = 1; i < n->num_in && i < info->same; i++) {
		const struct accel_value *v = accel_node_input(g, n, i);

		if (v && v->dtype != x->dtype)
			return accel_node_error(EINVAL, n, "input '%s' is %s, but input '%s' is %s", v->name,
						accel_dtype_name(v->dtype), x->name, accel_dtype_name(x->dtype));
	}
	for (int i = 0; i < n->num_in; i++) {
		const struct accel_value *v = info->index & 1u << i ? accel_node_input(g, n, i) : NULL;

		if (v && !(ACCEL_TYPES_INDEX & ACCEL_TYPE(v->dtype)))
			return accel_node_error(EINVAL, n, "input '%s' is %s; s32 or s64 is needed", v->name,
						accel_dtype_name(v->dtype));
	}
	return 0;
}

static int check_output(const struct accel_node *n, const struct accel_value *out)
{
	for (int i = 0; i < out->rank; i++)
		if (out->dims[i] > ACCEL_MAX_DIM)
			return accel_node_error(EOVERFLOW, n, "the output's dimension %d is too large", i);
	return accel_value_elems(out) == -EOVERFLOW ?
		accel_node_error(EOVERFLOW, n, "the output has too many elements") : 0;
}

int accel_node_infer(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_op_info *info = accel_op_info(n->op);
	int ret = check_inputs(g, n, info);

	if (ret)
		return ret;
	if (info->shape)
		ret = info->shape(g, n);
	else
		accel_shape_like(output(g, n), accel_node_input(g, n, 0));
	for (int i = 0; !ret && i < n->num_out; i++)
		ret = check_output(n, &g->values[n->out[i]]);
	return ret;
}

bool accel_shape_fits(int64_t a, int64_t b)
{
	return a < 0 || b < 0 || a == b;
}

int accel_shape_mismatch(const struct accel_node *n, const struct accel_value *a, const struct accel_value *b)
{
	char ta[96], tb[96];

	return accel_node_error(EINVAL, n, "shapes %s of '%s' and %s of '%s' do not fit",
				accel_dims_text(a, ta, sizeof(ta)), a->name, accel_dims_text(b, tb, sizeof(tb)), b->name);
}

int accel_shape_bad_rank(const struct accel_node *n, const struct accel_value *v, const char *want)
{
	return accel_node_error(EINVAL, n, "input '%s' has %d dimensions; %s", v->name, v->rank, want);
}

/* NumPy's rule for one pair; -2 where the two do not fit. */
static int64_t broadcast_dim(int64_t a, int64_t b)
{
	if (a == 1)
		return b;
	if (b == 1 || a == b || b < 0)
		return a;
	return a < 0 ? b : -2;
}

int accel_shape_join(const struct accel_node *n, struct accel_value *out, const struct accel_value *a,
		     const struct accel_value *b, int skip)
{
	int rank = a->rank > b->rank ? a->rank : b->rank;

	out->rank = rank;
	for (int i = skip; i < rank; i++) {
		int ia = a->rank - 1 - i, ib = b->rank - 1 - i;
		int64_t d = broadcast_dim(ia < 0 ? 1 : a->dims[ia], ib < 0 ? 1 : b->dims[ib]);

		if (d == -2)
			return accel_shape_mismatch(n, a, b);
		out->dims[rank - 1 - i] = d;
	}
	return 0;
}

int accel_shape_list(const struct accel_graph *g, const struct accel_node *n, int i, int max, int64_t *list,
		     bool *known)
{
	const struct accel_value *v = accel_node_input(g, n, i);
	int64_t count;

	*known = !v || v->data;
	if (!v)
		return 0;
	if (v->dtype != ACCEL_S64 && v->dtype != ACCEL_S32)
		return accel_node_error(EINVAL, n, "input '%s' is %s; s32 or s64 is needed", v->name,
					accel_dtype_name(v->dtype));
	if (v->rank > 1)
		return accel_shape_bad_rank(n, v, "a list is needed");
	count = accel_value_elems(v);
	if (count > max)
		return accel_node_error(EOPNOTSUPP, n, "input '%s' has %lld numbers; %d at most are supported", v->name,
					(long long)count, max);
	for (int64_t k = 0; v->data && k < count; k++)
		list[k] = accel_load_s64(v->dtype, v->data, k);
	return count < 0 ? -1 : (int)count;
}

void accel_shape_unknown(struct accel_value *out, enum accel_dtype dtype, int rank)
{
	out->dtype = dtype;
	out->rank = rank;
	for (int i = 0; i < rank; i++)
		out->dims[i] = -1;
}

int accel_shape_axes(const struct accel_graph *g, const struct accel_node *n, int i, int rank, uint32_t *mask,
		     bool *known)
{
	int64_t list[ACCEL_MAX_RANK];
	int count = accel_shape_list(g, n, i, ACCEL_MAX_RANK, list, known);

	*mask = 0;
	if (count < -1)
		return count;
	for (int k = 0; *known && k < count; k++) {
		int ret = accel_shape_axis(n, rank, rank - 1, &list[k]);

		if (ret)
			return ret;
		if (*mask & 1u << list[k])
			return accel_node_error(EINVAL, n, "axis %lld is given twice", (long long)list[k]);
		*mask |= 1u << list[k];
	}
	return 0;
}

int accel_shape_gemm(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *a = accel_node_input(g, n, 0), *b = accel_node_input(g, n, 1);
	const struct accel_value *c = accel_node_input(g, n, 2);
	struct accel_value *out = output(g, n);

	if (a->rank != 2)
		return accel_shape_bad_rank(n, a, "matrices are needed");
	if (b->rank != 2)
		return accel_shape_bad_rank(n, b, "matrices are needed");
	if (!accel_shape_fits(a->dims[!n->attrs.trans_a], b->dims[n->attrs.trans_b]))
		return accel_shape_mismatch(n, a, b);
	out->dtype = a->dtype;
	out->rank = 2;
	out->dims[0] = a->dims[n->attrs.trans_a];
	out->dims[1] = b->dims[!n->attrs.trans_b];
	if (!c)
		return 0;
	if (c->rank > 2)
		return accel_shape_bad_rank(n, c, "two at most");
	for (int i = 0; i < c->rank; i++)
		if (c->dims[c->rank - 1 - i] != 1 && !accel_shape_fits(c->dims[c->rank - 1 - i], out->dims[1 - i]))
			return accel_shape_mismatch(n, c, out);
	return 0;
}

int accel_shape_matmul(struct accel_graph *g, struct accel_node *n)
{
	return accel_shape_matmul_of(g, n, 0, 1);
}

int accel_shape_matmul_of(struct accel_graph *g, struct accel_node *n, int first, int second)
{
	const struct accel_value *a = accel_node_input(g, n, first), *b = accel_node_input(g, n, second);
	struct accel_value *out = output(g, n);
	int ret;

	if (a->rank < 2 || b->rank < 2)
		return accel_node_error(EOPNOTSUPP, n, "input '%s' is a vector; reshape it to a matrix",
					a->rank < 2 ? a->name : b->name);
	if (!accel_shape_fits(a->dims[a->rank - 1], b->dims[b->rank - 2]))
		return accel_shape_mismatch(n, a, b);
	ret = accel_shape_join(n, out, a, b, 2);
	out->dtype = a->dtype;
	out->dims[out->rank - 2] = a->dims[a->rank - 2];
	out->dims[out->rank - 1] = b->dims[b->rank - 1];
	return ret;
}

/* A limit of Clip that is constant moves from input @i to the attribute. */
static void take_limit(const struct accel_graph *g, const struct accel_node *n, int i, float *limit)
{
	const struct accel_value *v = accel_node_input(g, n, i);

	if (v)
		accel_load_f32(v->dtype, v->data, limit, 1);
}

int accel_shape_clip(struct accel_graph *g, struct accel_node *n)
{
	bool constant = accel_dtype_is_float(accel_node_input(g, n, 0)->dtype);

	for (int i = 1; i < n->num_in; i++) {
		const struct accel_value *v = accel_node_input(g, n, i);

		if (v && v->rank != 0 && !(v->rank == 1 && v->dims[0] == 1))
			return accel_shape_bad_rank(n, v, "limits are scalars");
		constant &= !v || v->data;
	}
	if (constant) {
		take_limit(g, n, 1, &n->attrs.lo);
		take_limit(g, n, 2, &n->attrs.hi);
		n->num_in = 1;
	}
	accel_shape_like(output(g, n), accel_node_input(g, n, 0));
	return 0;
}

int accel_shape_axis(const struct accel_node *n, int rank, int limit, int64_t *axis)
{
	int64_t a = *axis < 0 ? *axis + rank : *axis;

	if (a < 0 || a > limit)
		return accel_node_error(EINVAL, n, "attribute axis = %lld, for an input of %d dimensions",
					(long long)*axis, rank);
	*axis = a;
	return 0;
}

int64_t accel_shape_product(const struct accel_value *v, int from, int to)
{
	int64_t p = 1;

	for (int i = from; i < to; i++) {
		if (v->dims[i] < 0)
			return -1;
		if (__builtin_mul_overflow(p, v->dims[i], &p))
			return INT64_MAX;
	}
	return p;
}

int accel_shape_flatten(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = output(g, n);
	int64_t axis = n->attrs.axis;
	int ret = accel_shape_axis(n, x->rank, x->rank, &axis);

	out->dtype = x->dtype;
	out->rank = 2;
	out->dims[0] = ret ? -1 : accel_shape_product(x, 0, (int)axis);
	out->dims[1] = ret ? -1 : accel_shape_product(x, (int)axis, x->rank);
	return ret;
}

/* Extents that a constant shape asks of @x: copies for 0, and at most one -1, whose place is returned in @rest. */
static int wanted_dims(const struct accel_node *n, const struct accel_value *x, const struct accel_value *shape,
		       struct accel_value *out, int *rest)
{
	*rest = -1;
	for (int i = 0; i < out->rank; i++) {
		int64_t d = accel_load_s64(ACCEL_S64, shape->data, i);

		if (d == 0 && !n->attrs.allow_zero) {
			if (i >= x->rank)
				return accel_node_error(EINVAL, n, "shape has 0 at %d, where '%s' has no dimension", i,
							x->name);
			d = x->dims[i];
		} else if (d == -1) {
			if (*rest >= 0)
				return accel_node_error(EINVAL, n, "shape has -1 twice");
			*rest = i;
		} else if (d < 0 || d > ACCEL_MAX_DIM) {
			return accel_node_error(EINVAL, n, "shape has %lld at %d", (long long)d, i);
		}
		out->dims[i] = d;
	}
	return 0;
}

int accel_shape_reshape(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *shape = accel_node_input(g, n, 1);
	struct accel_value *out = output(g, n);
	int64_t have = accel_shape_product(x, 0, x->rank), want = 1;
	int rest, ret;

	out->dtype = x->dtype;
	if (shape->rank == 1 && shape->dims[0] < 0)
		return accel_node_error(EOPNOTSUPP, n, "the number of its output's dimensions is not known");
	if (shape->dtype != ACCEL_S64 || shape->rank != 1)
		return accel_node_error(EINVAL, n, "shape '%s' must be a list of 64-bit integers", shape->name);
	if (shape->dims[0] > ACCEL_MAX_RANK)
		return accel_node_error(EOPNOTSUPP, n, "shape '%s' has %lld dimensions; %d are supported", shape->name,
					(long long)shape->dims[0], ACCEL_MAX_RANK);
	out->rank = (int)shape->dims[0];
	for (int i = 0; i < out->rank; i++)
		out->dims[i] = -1;
	if (!shape->data)
		return 0;
	ret = wanted_dims(n, x, shape, out, &rest);
	if (ret || have < 0)
		return ret;
	for (int i = 0; i < out->rank; i++)
		if (i != rest && __builtin_mul_overflow(want, out->dims[i], &want))
			return accel_node_error(EOVERFLOW, n, "shape '%s' is too large", shape->name);
	if (rest >= 0 && want > 0 && have % want == 0)
		out->dims[rest] = have / want;
	else if (rest >= 0 || have != want)
		return accel_shape_mismatch(n, x, out);
	return 0;
}

int accel_shape_transpose(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = output(g, n);
	unsigned int seen = 0;

	if (n->attrs.axes && n->attrs.axes != x->rank)
		return accel_node_error(EINVAL, n, "attribute perm has %d numbers, for an input of %d dimensions",
					n->attrs.axes, x->rank);
	out->dtype = x->dtype;
	out->rank = x->rank;
	for (int i = 0; i < x->rank; i++) {
		int64_t from = n->attrs.perm[0] < 0 ? x->rank - 1 - i : n->attrs.perm[i];

		if (from >= x->rank || (seen & 1u << from))
			return accel_node_error(EINVAL, n, "attribute perm is no permutation");
		seen |= 1u << from;
		out->dims[i] = x->dims[from];
	}
	return 0;
}

int accel_shape_softmax(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	int64_t axis = n->attrs.axis;

	accel_shape_like(output(g, n), x);
	return accel_shape_axis(n, x->rank, x->rank - !n->attrs.flat, &axis);
}

int accel_shape_batchnorm(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);

	if (x->rank < 2)
		return accel_shape_bad_rank(n, x, "two at least");
	for (int i = 1; i < 5; i++) {
		const struct accel_value *v = accel_node_input(g, n, i);

		if (!(ACCEL_TYPES_FLOAT & ACCEL_TYPE(v->dtype)))
			return accel_node_error(EOPNOTSUPP, n, "input '%s' of type %s is not supported", v->name,
						accel_dtype_name(v->dtype));
		if (v->rank != 1)
			return accel_shape_bad_rank(n, v, "one is needed");
		if (!accel_shape_fits(v->dims[0], x->dims[1]))
			return accel_shape_mismatch(n, x, v);
	}
	accel_shape_like(output(g, n), x);
	return 0;
}

/* Scale and zero point: scalars, or one of each per index of the axis. */
static int check_scale(const struct accel_graph *g, const struct accel_node *n, enum accel_dtype zp_type)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *scale = accel_node_input(g, n, 1);
	const struct accel_value *zp = accel_node_input(g, n, 2);
	int64_t axis = n->attrs.axis;
	int ret;

	if (scale->dtype != ACCEL_F32)
		return accel_node_error(EOPNOTSUPP, n, "scale '%s' of type %s is not supported", scale->name,
					accel_dtype_name(scale->dtype));
	if (zp && zp->dtype != zp_type)
		return accel_node_error(EINVAL, n, "zero point '%s' is %s; %s is needed", zp->name,
					accel_dtype_name(zp->dtype), accel_dtype_name(zp_type));
	if (scale->rank > 1)
		return accel_node_error(EOPNOTSUPP, n, "scale '%s' has %d dimensions; one at most is supported",
					scale->name, scale->rank);
	if (zp && (zp->rank != scale->rank || (zp->rank && !accel_shape_fits(zp->dims[0], scale->dims[0]))))
		return accel_shape_mismatch(n, scale, zp);
	if (!scale->rank || scale->dims[0] == 1)
		return 0;
	ret = accel_shape_axis(n, x->rank, x->rank - 1, &axis);
	if (!ret && !accel_shape_fits(scale->dims[0], x->dims[axis]))
		return accel_shape_mismatch(n, x, scale);
	return ret;
}

int accel_shape_quantize(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *zp = accel_node_input(g, n, 2);
	enum accel_dtype type = zp ? zp->dtype : ACCEL_U8;

	if (type != ACCEL_S8 && type != ACCEL_U8)
		return accel_node_error(EOPNOTSUPP, n, "quantised type %s is not supported", accel_dtype_name(type));
	accel_shape_like(output(g, n), accel_node_input(g, n, 0));
	output(g, n)->dtype = type;
	return check_scale(g, n, type);
}

int accel_shape_dequantize(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);

	accel_shape_like(output(g, n), x);
	output(g, n)->dtype = ACCEL_F32;
	return check_scale(g, n, x->dtype);
}
