// SPDX-License-Identifier: MIT
/* Types and shapes of normalisation, losses, integer products and resizing. */
#include <errno.h>
#include <math.h>

#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"

static struct accel_value *output(struct accel_graph *g, const struct accel_node *n)
{
	return &g->values[n->out[0]];
}

/* Input @i, where it is there, is a vector of @extent. */
static int check_vector(const struct accel_graph *g, const struct accel_node *n, int i, int64_t extent)
{
	const struct accel_value *v = accel_node_input(g, n, i);

	if (v && (v->rank != 1 || !accel_shape_fits(v->dims[0], extent)))
		return accel_node_error(EINVAL, n, "input '%s' must be a vector of %lld", v->name, (long long)extent);
	return 0;
}

int accel_shape_instancenorm(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	int ret;

	if (x->rank < 3)
		return accel_shape_bad_rank(n, x, "three at least");
	accel_shape_like(output(g, n), x);
	ret = check_vector(g, n, 1, x->dims[1]);
	return ret ? ret : check_vector(g, n, 2, x->dims[1]);
}

int accel_shape_layernorm(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	int64_t axis = n->attrs.axis;
	int ret = accel_shape_axis(n, x->rank, x->rank - 1, &axis);

	if (ret)
		return ret;
	for (int i = 1; i < n->num_in; i++) {
		const struct accel_value *v = accel_node_input(g, n, i);

		if (v && (accel_value_elems(v) < 0 || accel_value_elems(v) != accel_shape_product(x, (int)axis, x->rank)))
			return accel_shape_mismatch(n, x, v);
	}
	accel_shape_like(output(g, n), x);
	for (int k = 1; k < n->num_out; k++) {
		struct accel_value *stat = accel_node_output(g, n, k);

		accel_shape_like(stat, x);
		stat->dtype = ACCEL_F32;
		for (int d = (int)axis; d < x->rank; d++)
			stat->dims[d] = 1;
	}
	return 0;
}

int accel_shape_lrn(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);

	accel_shape_like(output(g, n), x);
	if (x->rank < 2)
		return accel_shape_bad_rank(n, x, "two at least");
	return n->attrs.number ? 0 : accel_node_error(EINVAL, n, "attribute size is missing");
}

/* Scores [N, C, ...], targets [N, ...], weights [C]. */
int accel_shape_loss(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *target = accel_node_input(g, n, 1);
	const struct accel_value *weight = accel_node_input(g, n, 2);
	struct accel_value *log_prob = accel_node_output(g, n, 1);

	if (x->rank < 2 || target->rank != x->rank - 1)
		return accel_shape_mismatch(n, x, target);
	for (int d = 0; d < target->rank; d++)
		if (!accel_shape_fits(target->dims[d], x->dims[d ? d + 1 : 0]))
			return accel_shape_mismatch(n, x, target);
	if (weight && weight->dtype != x->dtype)
		return accel_node_error(EINVAL, n, "the weights are not of the type of the scores");
	accel_shape_like(output(g, n), target);
	output(g, n)->dtype = x->dtype;
	if (n->attrs.mode != 1)
		output(g, n)->rank = 0;
	if (log_prob && x->dtype != ACCEL_F32)
		return accel_node_error(EOPNOTSUPP, n, "a second output is supported in f32 only");
	if (log_prob)
		accel_shape_like(log_prob, x);
	return check_vector(g, n, 2, x->dims[1]);
}

static bool is_8bit(const struct accel_value *v)
{
	return v->dtype == ACCEL_S8 || v->dtype == ACCEL_U8;
}

/* Zero point @i of 8-bit input @of: one number, or @many of them; absent is 0. */
static int check_zero_point(const struct accel_graph *g, const struct accel_node *n, int i, enum accel_dtype type,
			    int64_t many)
{
	const struct accel_value *v = accel_node_input(g, n, i);

	if (v && v->dtype != type)
		return accel_node_error(EINVAL, n, "zero point '%s' is %s; %s is needed", v->name,
					accel_dtype_name(v->dtype), accel_dtype_name(type));
	if (v && accel_value_elems(v) != 1 && (v->rank != 1 || accel_value_elems(v) != many))
		return accel_node_error(EOPNOTSUPP, n, "zero point '%s' is not one number%s", v->name,
					many > 1 ? ", nor one a channel" : "");
	return 0;
}

static int check_scale(const struct accel_graph *g, const struct accel_node *n, int i, int64_t many)
{
	const struct accel_value *v = accel_node_input(g, n, i);

	if (v->dtype != ACCEL_F32 || (accel_value_elems(v) != 1 && (v->rank != 1 || accel_value_elems(v) != many)))
		return accel_node_error(EOPNOTSUPP, n, "scale '%s' is not one f32%s", v->name,
					many > 1 ? ", nor one a channel" : "");
	return 0;
}

/* Second operand, input @i, of a product of bytes. */
static int check_operand(const struct accel_graph *g, const struct accel_node *n, int i)
{
	const struct accel_value *w = accel_node_input(g, n, i);

	return is_8bit(w) ? 0 : accel_node_error(EINVAL, n, "input '%s' is %s; s8 or u8 is needed", w->name,
						 accel_dtype_name(w->dtype));
}

/* @rows, @channels: how many zero points the operands may have. */
static int check_integer(const struct accel_graph *g, const struct accel_node *n, int64_t rows, int64_t channels)
{
	int ret = check_operand(g, n, 1);

	if (!ret)
		ret = check_zero_point(g, n, 2, accel_node_input(g, n, 0)->dtype, rows);
	return ret ? ret : check_zero_point(g, n, 3, accel_node_input(g, n, 1)->dtype, channels);
}

/* x, its scale and zero point, w, its, those of y. */
static int check_qlinear(const struct accel_graph *g, const struct accel_node *n, int64_t rows, int64_t channels)
{
	const struct accel_value *zp = accel_node_input(g, n, 7);
	int ret = check_operand(g, n, 3);

	for (int i = 1; i < 8 && !ret; i += 3)
		ret = check_scale(g, n, i == 7 ? 6 : i, i == 7 ? 1 : i == 4 ? channels : rows);
	if (!ret)
		ret = check_zero_point(g, n, 2, accel_node_input(g, n, 0)->dtype, rows);
	if (!ret)
		ret = check_zero_point(g, n, 5, accel_node_input(g, n, 3)->dtype, channels);
	if (!ret && !is_8bit(zp))
		return accel_node_error(EINVAL, n, "zero point '%s' is not s8 or u8", zp->name);
	return ret ? ret : check_zero_point(g, n, 7, zp->dtype, 1);
}

int accel_shape_conv_integer(struct accel_graph *g, struct accel_node *n)
{
	int ret = accel_shape_conv_of(g, n, 0, 1, -1);

	output(g, n)->dtype = ACCEL_S32;
	return ret ? ret : check_integer(g, n, 1, accel_node_input(g, n, 1)->dims[0]);
}

int accel_shape_qlinear_conv(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *bias = accel_node_input(g, n, 8);
	int ret = accel_shape_conv_of(g, n, 0, 3, 8);

	output(g, n)->dtype = accel_node_input(g, n, 7)->dtype;
	if (!ret && bias && bias->dtype != ACCEL_S32)
		return accel_node_error(EINVAL, n, "bias '%s' is not s32", bias->name);
	return ret ? ret : check_qlinear(g, n, 1, accel_node_input(g, n, 3)->dims[0]);
}

static int64_t rows_of(const struct accel_value *a)
{
	return a->dims[a->rank - 2];
}

static int64_t columns_of(const struct accel_value *b)
{
	return b->dims[b->rank - 1];
}

int accel_shape_matmul_integer(struct accel_graph *g, struct accel_node *n)
{
	int ret = accel_shape_matmul_of(g, n, 0, 1);

	output(g, n)->dtype = ACCEL_S32;
	return ret ? ret : check_integer(g, n, rows_of(accel_node_input(g, n, 0)), columns_of(accel_node_input(g, n, 1)));
}

int accel_shape_qlinear_matmul(struct accel_graph *g, struct accel_node *n)
{
	int ret = accel_shape_matmul_of(g, n, 0, 3);

	output(g, n)->dtype = accel_node_input(g, n, 7)->dtype;
	return ret ? ret : check_qlinear(g, n, rows_of(accel_node_input(g, n, 0)), columns_of(accel_node_input(g, n, 3)));
}

int accel_shape_dynamic_quantize(struct accel_graph *g, struct accel_node *n)
{
	static const enum accel_dtype types[] = { ACCEL_U8, ACCEL_F32, ACCEL_U8 };

	accel_shape_like(output(g, n), accel_node_input(g, n, 0));
	for (int k = 0; k < n->num_out; k++) {
		struct accel_value *out = accel_node_output(g, n, k);

		out->dtype = types[k];
		out->rank = k ? 0 : out->rank;
	}
	return 0;
}

/* Input @i as a list of as many numbers as @x has dims; false where it is absent or empty. */
static bool has_list(const struct accel_graph *g, const struct accel_node *n, int i)
{
	const struct accel_value *v = accel_node_input(g, n, i);

	return v && accel_value_elems(v) != 0;
}

/* From scales (Upsample: input 1, Resize: 2) or sizes (Resize: 3), which must be constant. */
int accel_shape_resize(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	int at = n->op == ACCEL_OP_UPSAMPLE ? 1 : has_list(g, n, 3) ? 3 : 2;
	const struct accel_value *list = accel_node_input(g, n, at);
	struct accel_value *out = output(g, n);

	if (n->op == ACCEL_OP_RESIZE && g->opset < 11)
		return accel_node_error(EOPNOTSUPP, n, "operator set 11 or later is needed");
	if (!list || list->rank != 1 || !accel_shape_fits(list->dims[0], x->rank) ||
	    (list->dtype != ACCEL_F32 && list->dtype != ACCEL_S64) || (at == 3) != (list->dtype == ACCEL_S64))
		return accel_node_error(EINVAL, n, "scales or sizes, one number a dimension, are needed");
	accel_shape_unknown(out, x->dtype, x->rank);
	for (int d = 0; list->data && d < x->rank; d++) {
		double v = accel_load_f64(list->dtype, list->data, d);

		if (!(v > 0) || v > (double)ACCEL_MAX_DIM)
			return accel_node_error(EINVAL, n, "'%s' has %g", list->name, v);
		if (x->dims[d] == 0)
			return accel_node_error(EINVAL, n, "input '%s' is empty", x->name);
		if (at == 3)
			out->dims[d] = (int64_t)v;
		else if (x->dims[d] > 0)
			out->dims[d] = (int64_t)fmin(floor((double)x->dims[d] * v), (double)ACCEL_MAX_DIM + 1);
	}
	return 0;
}
