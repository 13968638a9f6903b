// SPDX-License-Identifier: MIT
/* Functions of one number. */
#include <math.h>

#include "libaccel/cpu/lanes.h"

static double celu(double x, const struct accel_attrs *a)
{
	return fmax(0, x) + fmin(0, (double)a->alpha * expm1(x / (double)a->alpha));
}

static double elu(double x, const struct accel_attrs *a)
{
	return x < 0 ? (double)a->alpha * expm1(x) : x;
}

static double hard_sigmoid(double x, const struct accel_attrs *a)
{
	return fmax(0, fmin(1, (double)a->alpha * x + (double)a->beta));
}

static double hard_swish(double x)
{
	return x * fmax(0, fmin(1, x / 6 + 0.5));
}

static double is_inf(double x, const struct accel_attrs *a)
{
	return isinf(x) && (x < 0 ? a->flag : a->flag2);
}

static double is_nan(double x)
{
	return isnan(x);
}

static double leaky_relu(double x, const struct accel_attrs *a)
{
	return x < 0 ? (double)a->alpha * x : x;
}

static double neg(double x)
{
	return -x;
}

static double reciprocal(double x)
{
	return 1 / x;
}

static double selu(double x, const struct accel_attrs *a)
{
	return (double)a->gamma * (x > 0 ? x : (double)a->alpha * expm1(x));
}

static double shrink(double x, const struct accel_attrs *a)
{
	double lambda = (double)a->alpha, bias = (double)a->beta;

	return x < -lambda ? x + bias : x > lambda ? x - bias : 0;
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static double sign(double x)
{
	return x > 0 ? 1 : x < 0 ? -1 : x;	/* zero and NaN stay */
}

static double softplus(double x)
{
	return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double mish(double x)
{
	return x * tanh(softplus(x));
}

static double softsign(double x)
{
	return x / (1 + fabs(x));
}

static double thresholded_relu(double x, const struct accel_attrs *a)
{
	return x > (double)a->alpha ? x : 0;
}

static int64_t int_abs(int64_t x)
{
	return x < 0 ? (int64_t)(0 - (uint64_t)x) : x;
}

static int64_t int_neg(int64_t x)
{
	return (int64_t)(0 - (uint64_t)x);
}

static int64_t int_not(int64_t x)
{
	return !x;
}

static int64_t int_sign(int64_t x)
{
	return (x > 0) - (x < 0);
}

static uint64_t uint_same(uint64_t x)
{
	return x;
}

static uint64_t uint_sign(uint64_t x)
{
	return x != 0;
}

static uint64_t uint_neg(uint64_t x)
{
	return 0 - x;
}

/* @plain or @with for floats, and integers too where @s is NULL. */
static const struct row {
	double (*plain)(double x);
	double (*with)(double x, const struct accel_attrs *a);
	int64_t (*s)(int64_t x);
	uint64_t (*u)(uint64_t x);
} rows[ACCEL_NUM_OPS] = {
	[ACCEL_OP_ABS] = { .plain = fabs, .s = int_abs, .u = uint_same },
	[ACCEL_OP_ACOS] = { .plain = acos },
	[ACCEL_OP_ACOSH] = { .plain = acosh },
	[ACCEL_OP_ASIN] = { .plain = asin },
	[ACCEL_OP_ASINH] = { .plain = asinh },
	[ACCEL_OP_ATAN] = { .plain = atan },
	[ACCEL_OP_ATANH] = { .plain = atanh },
	[ACCEL_OP_CEIL] = { .plain = ceil },
	[ACCEL_OP_CELU] = { .with = celu },
	[ACCEL_OP_COS] = { .plain = cos },
	[ACCEL_OP_COSH] = { .plain = cosh },
	[ACCEL_OP_ELU] = { .with = elu },
	[ACCEL_OP_ERF] = { .plain = erf },
	[ACCEL_OP_EXP] = { .plain = exp },
	[ACCEL_OP_FLOOR] = { .plain = floor },
	[ACCEL_OP_HARDSIGMOID] = { .with = hard_sigmoid },
	[ACCEL_OP_HARDSWISH] = { .plain = hard_swish },
	[ACCEL_OP_ISINF] = { .with = is_inf },
	[ACCEL_OP_ISNAN] = { .plain = is_nan },
	[ACCEL_OP_LEAKYRELU] = { .with = leaky_relu },
	[ACCEL_OP_LOG] = { .plain = log },
	[ACCEL_OP_MISH] = { .plain = mish },
	[ACCEL_OP_NEG] = { .plain = neg, .s = int_neg, .u = uint_neg },
	[ACCEL_OP_NOT] = { .s = int_not },
	[ACCEL_OP_RECIPROCAL] = { .plain = reciprocal },
	[ACCEL_OP_ROUND] = { .plain = rint },
	[ACCEL_OP_SELU] = { .with = selu },
	[ACCEL_OP_SHRINK] = { .with = shrink },
	[ACCEL_OP_SIGMOID] = { .plain = sigmoid },
	[ACCEL_OP_SIGN] = { .plain = sign, .s = int_sign, .u = uint_sign },
	[ACCEL_OP_SIN] = { .plain = sin },
	[ACCEL_OP_SINH] = { .plain = sinh },
	[ACCEL_OP_SOFTPLUS] = { .plain = softplus },
	[ACCEL_OP_SOFTSIGN] = { .plain = softsign },
	[ACCEL_OP_SQRT] = { .plain = sqrt },
	[ACCEL_OP_TAN] = { .plain = tan },
	[ACCEL_OP_TANH] = { .plain = tanh },
	[ACCEL_OP_THRESHOLDEDRELU] = { .with = thresholded_relu },
};

static void compute(const struct row *r, const struct accel_attrs *a, enum accel_lane lane, union accel_lanes *x, int n)
{
	for (int i = 0; i < n; i++)
		if (lane == ACCEL_LANE_S64)
			x->s[i] = r->s(x->s[i]);
		else if (lane == ACCEL_LANE_U64)
			x->u[i] = r->u(x->u[i]);
		else
			x->f[i] = r->with ? r->with(x->f[i], a) : r->plain(x->f[i]);
}

int accel_kernel_unary(const struct accel_kernel *k)
{
	const struct row *r = &rows[k->n->op];
	enum accel_dtype t = k->in[0]->dtype;
	enum accel_lane lane = r->s ? accel_lane_of(t) : ACCEL_LANE_F64;
	int64_t total = accel_value_elems(k->out);
	union accel_lanes x;

	for (int64_t at = 0; at < total; at += ACCEL_LANES) {
		int n = (int)(total - at < ACCEL_LANES ? total - at : ACCEL_LANES);

		accel_lanes_load(t, k->x[0], at, 1, n, lane, &x);
		compute(r, &k->n->attrs, lane, &x, n);
		accel_lanes_store(k->out->dtype, k->y, at, n, lane, &x);
	}
	return 0;
}

int accel_kernel_cast(const struct accel_kernel *k)
{
	enum accel_dtype from = k->in[0]->dtype, to = k->out->dtype;
	bool whole = !accel_dtype_is_float(from) && !accel_dtype_is_float(to);
	enum accel_lane lane = whole ? ACCEL_LANE_S64 : ACCEL_LANE_F64;
	int64_t total = accel_value_elems(k->out);
	union accel_lanes x;

	for (int64_t at = 0; at < total; at += ACCEL_LANES) {
		int n = (int)(total - at < ACCEL_LANES ? total - at : ACCEL_LANES);

		accel_lanes_load(from, k->x[0], at, 1, n, lane, &x);
		accel_lanes_store(to, k->y, at, n, lane, &x);
	}
	return 0;
}
