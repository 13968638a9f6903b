// SPDX-License-Identifier: MIT
/* Reductions over any axes, and what runs along one: ArgMax, ArgMin, CumSum. Floats accumulate in f64. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/lanes.h"
#include "libaccel/error.h"

static double f_sum(double acc, double x)
{
	return acc + x;
}

static double f_abs_sum(double acc, double x)
{
	return acc + fabs(x);
}

static double f_square_sum(double acc, double x)
{
	return acc + x * x;
}

static double f_product(double acc, double x)
{
	return acc * x;
}

static double f_max(double acc, double x)
{
	return isnan(x) || x > acc ? x : acc;
}

static double f_min(double acc, double x)
{
	return isnan(x) || x < acc ? x : acc;
}

static int64_t s_sum(int64_t acc, int64_t x)
{
	return (int64_t)((uint64_t)acc + (uint64_t)x);
}

static int64_t s_abs_sum(int64_t acc, int64_t x)
{
	return s_sum(acc, x < 0 ? s_sum(~x, 1) : x);
}

static int64_t s_square_sum(int64_t acc, int64_t x)
{
	return s_sum(acc, (int64_t)((uint64_t)x * (uint64_t)x));
}

static int64_t s_product(int64_t acc, int64_t x)
{
	return (int64_t)((uint64_t)acc * (uint64_t)x);
}

static int64_t s_max(int64_t acc, int64_t x)
{
	return x > acc ? x : acc;
}

static int64_t s_min(int64_t acc, int64_t x)
{
	return x < acc ? x : acc;
}

/* @f and @s take one more number in; @s NULL: integers go through f64. */
static const struct row {
	double (*f)(double acc, double x);
	int64_t (*s)(int64_t acc, int64_t x);
	double first_f;
	int64_t first_s;
	double (*finish)(double acc);
} rows[ACCEL_NUM_OPS] = {
	[ACCEL_OP_REDUCE_L1] = { f_abs_sum, s_abs_sum, 0, 0, NULL },
	[ACCEL_OP_REDUCE_L2] = { f_square_sum, NULL, 0, 0, sqrt },
	[ACCEL_OP_REDUCE_LOGSUM] = { f_sum, NULL, 0, 0, log },
	[ACCEL_OP_REDUCE_LOGSUMEXP] = { f_sum, NULL, 0, 0, log },
	[ACCEL_OP_REDUCE_MAX] = { f_max, s_max, -INFINITY, INT64_MIN, NULL },
	[ACCEL_OP_REDUCE_MEAN] = { f_sum, s_sum, 0, 0, NULL },
	[ACCEL_OP_REDUCE_MIN] = { f_min, s_min, INFINITY, INT64_MAX, NULL },
	[ACCEL_OP_REDUCE_PROD] = { f_product, s_product, 1, 1, NULL },
	[ACCEL_OP_REDUCE_SUM] = { f_sum, s_sum, 0, 0, NULL },
	[ACCEL_OP_REDUCE_SUMSQUARE] = { f_square_sum, s_square_sum, 0, 0, NULL },
};

/* Which axes go: a constant or computed list of axes; all of them, or none, where there is no list. */
static int axes_of(const struct accel_kernel *k, uint32_t *mask)
{
	int rank = k->in[0]->rank;
	int64_t count = k->in[1] ? accel_value_elems(k->in[1]) : 0;

	*mask = count || k->n->attrs.flag ? 0 : (1u << rank) - 1;
	for (int64_t i = 0; i < count; i++) {
		int64_t axis = accel_load_s64(k->in[1]->dtype, k->x[1], i);

		axis += axis < 0 ? rank : 0;
		if (axis < 0 || axis >= rank)
			return accel_node_error(EINVAL, k->n, "axis %lld, for an input of %d dimensions", (long long)axis, rank);
		*mask |= 1u << axis;
	}
	return 0;
}

/* Walks the input: element after element, with the place in the output that each goes to. */
struct places {
	const struct accel_value *x;
	int64_t stride[ACCEL_MAX_RANK];
	int64_t at[ACCEL_MAX_RANK];
	int64_t to;
};

static int64_t places_begin(struct places *p, const struct accel_value *x, uint32_t mask)
{
	int64_t step = 1;

	*p = (struct places){ .x = x };
	for (int d = x->rank - 1; d >= 0; d--) {
		p->stride[d] = mask & 1u << d ? 0 : step;
		step *= mask & 1u << d ? 1 : x->dims[d];
	}
	return step;
}

static void places_next(struct places *p)
{
	for (int d = p->x->rank - 1; d >= 0; d--) {
		p->to += p->stride[d];
		if (++p->at[d] < p->x->dims[d])
			return;
		p->to -= p->at[d] * p->stride[d];
		p->at[d] = 0;
	}
}

static void run_s64(const struct accel_kernel *k, const struct row *r, uint32_t mask, int64_t *acc, int64_t outs)
{
	enum accel_dtype t = k->in[0]->dtype;
	int64_t total = accel_value_elems(k->in[0]);
	struct places p;

	places_begin(&p, k->in[0], mask);
	for (int64_t i = 0; i < outs; i++)
		acc[i] = r->first_s;
	for (int64_t i = 0; i < total; i++, places_next(&p))
		acc[p.to] = r->s(acc[p.to], accel_load_s64(t, k->x[0], i));
	for (int64_t i = 0; i < outs; i++) {
		if (k->n->op == ACCEL_OP_REDUCE_MEAN && total)
			acc[i] /= total / outs;
		accel_store_s64(t, k->y, i, acc[i]);
	}
}

/* @max: LogSumExp: the largest of each, which is taken off before and added behind; otherwise NULL. */
static void run_f64(const struct accel_kernel *k, const struct row *r, uint32_t mask, double *acc, int64_t outs,
		    const double *max)
{
	enum accel_dtype t = k->in[0]->dtype;
	int64_t total = accel_value_elems(k->in[0]);
	struct places p;

	places_begin(&p, k->in[0], mask);
	for (int64_t i = 0; i < outs; i++)
		acc[i] = r->first_f;
	for (int64_t i = 0; i < total; i++, places_next(&p)) {
		double x = accel_load_f64(t, k->x[0], i);

		acc[p.to] = r->f(acc[p.to], max ? exp(x - max[p.to]) : x);
	}
	for (int64_t i = 0; i < outs; i++) {
		if (k->n->op == ACCEL_OP_REDUCE_MEAN)
			acc[i] /= (double)total / (double)outs;
		if (r->finish)
			acc[i] = r->finish(acc[i]);
	}
}

/* The largest of each, as run_f64() wants it; 0 where that is no number. */
static void find_max(const struct accel_kernel *k, uint32_t mask, double *max, int64_t outs)
{
	run_f64(k, &rows[ACCEL_OP_REDUCE_MAX], mask, max, outs, NULL);
	for (int64_t i = 0; i < outs; i++)
		max[i] = isfinite(max[i]) ? max[i] : 0;
}

int accel_kernel_reduce(const struct accel_kernel *k)
{
	const struct row *r = &rows[k->n->op];
	bool exps = k->n->op == ACCEL_OP_REDUCE_LOGSUMEXP;
	struct places p;
	uint32_t mask;
	int64_t outs;
	double *acc;
	int ret = axes_of(k, &mask);

	if (ret)
		return ret;
	outs = places_begin(&p, k->in[0], mask);
	if (outs != accel_value_elems(k->out))
		return accel_node_error(EINVAL, k->n, "its axes do not fit the output's shape");
	acc = malloc((size_t)(2 * outs + 1) * sizeof(*acc));
	if (!acc)
		return accel_enomem(k->n->name);
	if (r->s && !accel_dtype_is_float(k->out->dtype)) {
		run_s64(k, r, mask, (int64_t *)acc, outs);
	} else {
		if (exps)
			find_max(k, mask, acc + outs, outs);
		run_f64(k, r, mask, acc, outs, exps ? acc + outs : NULL);
		for (int64_t i = 0; i < outs; i++)
			accel_store_f64(k->out->dtype, k->y, i, acc[i] + (exps ? acc[outs + i] : 0));
	}
	free(acc);
	return 0;
}

/* A tensor as [outer][n][inner] about axis @axis. */
struct runs {
	int64_t outer, n, inner;
};

static struct runs runs_of(const struct accel_value *v, int64_t axis)
{
	int a = (int)(axis < 0 ? axis + v->rank : axis);

	return (struct runs){ accel_dims_product(v, 0, a), v->dims[a], accel_dims_product(v, a + 1, v->rank) };
}

/* Is element @a of the input before element @b, where the largest (or smallest) is sought? */
static bool beats(const struct accel_kernel *k, int64_t a, int64_t b)
{
	enum accel_dtype t = k->in[0]->dtype;
	bool max = k->n->op == ACCEL_OP_ARGMAX, last = k->n->attrs.flag;

	if (accel_dtype_is_float(t)) {
		double x = accel_load_f64(t, k->x[0], a), y = accel_load_f64(t, k->x[0], b);

		return (max ? x > y : x < y) || (last && x == y);
	} else {
		int64_t x = accel_load_s64(t, k->x[0], a), y = accel_load_s64(t, k->x[0], b);

		return (max ? x > y : x < y) || (last && x == y);
	}
}

int accel_kernel_arg(const struct accel_kernel *k)
{
	struct runs r = runs_of(k->in[0], k->n->attrs.axis);
	int64_t *y = k->y;

	for (int64_t o = 0; o < r.outer; o++)
		for (int64_t i = 0; i < r.inner; i++) {
			int64_t base = o * r.n * r.inner + i, best = 0;

			for (int64_t j = 1; j < r.n; j++)
				if (beats(k, base + j * r.inner, base + best * r.inner))
					best = j;
			*y++ = best;
		}
	return 0;
}

/* One run: sums of what is before, with the element itself or without. */
static void cumulate(const struct accel_kernel *k, int64_t base, int64_t n, int64_t step)
{
	bool floats = accel_dtype_is_float(k->out->dtype), exclusive = k->n->attrs.flag;
	enum accel_dtype t = k->out->dtype;
	double f = 0;
	int64_t s = 0;

	for (int64_t j = 0; j < n; j++) {
		int64_t at = base + (k->n->attrs.flag2 ? n - 1 - j : j) * step;
		double fx = floats ? accel_load_f64(t, k->x[0], at) : 0;
		int64_t sx = floats ? 0 : accel_load_s64(t, k->x[0], at);

		if (floats)
			accel_store_f64(t, k->y, at, exclusive ? f : f + fx);
		else
			accel_store_s64(t, k->y, at, exclusive ? s : s_sum(s, sx));
		f += fx;
		s = s_sum(s, sx);
	}
}

int accel_kernel_cumsum(const struct accel_kernel *k)
{
	int64_t axis = accel_load_s64(k->in[1]->dtype, k->x[1], 0);
	struct runs r;

	if (axis < -k->out->rank || axis >= k->out->rank)
		return accel_node_error(EINVAL, k->n, "axis %lld, for an input of %d dimensions", (long long)axis,
					k->out->rank);
	r = runs_of(k->out, axis);
	for (int64_t o = 0; o < r.outer; o++)
		for (int64_t i = 0; i < r.inner; i++)
			cumulate(k, o * r.n * r.inner + i, r.n, r.inner);
	return 0;
}

int accel_kernel_dropout(const struct accel_kernel *k)
{
	memcpy(k->y, k->x[0], (size_t)accel_value_bytes(k->out));
	if (k->ys[1])
		memset(k->ys[1], true, (size_t)accel_value_elems(k->outs[1]));
	return 0;
}
