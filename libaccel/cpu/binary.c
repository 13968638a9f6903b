// SPDX-License-Identifier: MIT
/* Functions of two numbers, with broadcasting; more operands are taken one after the other. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "libaccel/cpu/lanes.h"

static double add(double a, double b)
{
	return a + b;
}

static double sub(double a, double b)
{
	return a - b;
}

static double mul(double a, double b)
{
	return a * b;
}

static double divide(double a, double b)
{
	return a / b;
}

static double larger(double a, double b)
{
	return isnan(a) || a > b ? a : b;	/* NaN stays */
}

static double smaller(double a, double b)
{
	return isnan(a) || a < b ? a : b;
}

/* Remainder with the sign of the divisor; C's fmod has that of the dividend. */
static double floor_mod(double a, double b)
{
	double r = fmod(a, b);

	return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static double prelu(double a, double b)
{
	return a < 0 ? a * b : a;
}

static int64_t s_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t s_sub(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static int64_t s_mul(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* Division by zero gives 0; the one division that overflows wraps. */
static int64_t s_div(int64_t a, int64_t b)
{
	return b == 0 ? 0 : b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

static int64_t s_rem(int64_t a, int64_t b)
{
	return b == 0 || b == -1 ? 0 : a % b;
}

static int64_t s_floor_mod(int64_t a, int64_t b)
{
	int64_t r = s_rem(a, b);

	return r && (r < 0) != (b < 0) ? r + b : r;
}

static int64_t s_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t s_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t s_and(int64_t a, int64_t b)
{
	return a & b;
}

static int64_t s_or(int64_t a, int64_t b)
{
	return a | b;
}

static int64_t s_xor(int64_t a, int64_t b)
{
	return a ^ b;
}

static int64_t s_left(int64_t a, int64_t b)
{
	return (uint64_t)b > 63 ? 0 : (int64_t)((uint64_t)a << b);
}

static int64_t s_right(int64_t a, int64_t b)
{
	return (uint64_t)b > 63 ? (a < 0 ? -1 : 0) : a >> b;
}

static int64_t s_prelu(int64_t a, int64_t b)
{
	return a < 0 ? s_mul(a, b) : a;
}

static int64_t s_pow(int64_t a, int64_t b)
{
	int64_t r = 1;

	if (b < 0)
		return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
	for (; b; b >>= 1, a = s_mul(a, a))
		if (b & 1)
			r = s_mul(r, a);
	return r;
}

static uint64_t u_div(uint64_t a, uint64_t b)
{
	return b ? a / b : 0;
}

static uint64_t u_rem(uint64_t a, uint64_t b)
{
	return b ? a % b : 0;
}

static uint64_t u_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t u_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t u_right(uint64_t a, uint64_t b)
{
	return b > 63 ? 0 : a >> b;
}

static uint64_t u_same(uint64_t a, uint64_t b)
{
	return a;
}

/* @u NULL: as @s. */
struct row {
	double (*f)(double a, double b);
	int64_t (*s)(int64_t a, int64_t b);
	uint64_t (*u)(uint64_t a, uint64_t b);
};

static const struct row rows[ACCEL_NUM_OPS] = {
	[ACCEL_OP_ADD] = { add, s_add, NULL },
	[ACCEL_OP_SUB] = { sub, s_sub, NULL },
	[ACCEL_OP_MUL] = { mul, s_mul, NULL },
	[ACCEL_OP_DIV] = { divide, s_div, u_div },
	[ACCEL_OP_AND] = { NULL, s_and, NULL },
	[ACCEL_OP_OR] = { NULL, s_or, NULL },
	[ACCEL_OP_XOR] = { NULL, s_xor, NULL },
	[ACCEL_OP_BITSHIFT] = { NULL, s_left, NULL },
	[ACCEL_OP_MAX] = { larger, s_max, u_max },
	[ACCEL_OP_MIN] = { smaller, s_min, u_min },
	[ACCEL_OP_SUM] = { add, s_add, NULL },
	[ACCEL_OP_MEAN] = { add, s_add, NULL },
	[ACCEL_OP_MOD] = { floor_mod, s_floor_mod, u_rem },
	[ACCEL_OP_POW] = { pow, s_pow, NULL },
	[ACCEL_OP_PRELU] = { prelu, s_prelu, u_same },
};

/* Operators that an attribute makes two of. */
static const struct row shift_right = { NULL, s_right, u_right };
static const struct row c_mod = { fmod, s_rem, u_rem };

static const struct row *row_of(const struct accel_node *n)
{
	if (n->op == ACCEL_OP_BITSHIFT && n->attrs.mode == 1)
		return &shift_right;
	return n->op == ACCEL_OP_MOD && n->attrs.flag ? &c_mod : &rows[n->op];
}

static void compute(const struct row *r, enum accel_lane lane, union accel_lanes *a, const union accel_lanes *b, int n)
{
	for (int i = 0; i < n; i++)
		if (lane == ACCEL_LANE_F64)
			a->f[i] = r->f(a->f[i], b->f[i]);
		else if (lane == ACCEL_LANE_U64 && r->u)
			a->u[i] = r->u(a->u[i], b->u[i]);
		else
			a->s[i] = r->s(a->s[i], b->s[i]);
}

/* One operand, of the type of the output, is its first result. */
static void spread(const struct accel_kernel *k)
{
	struct accel_walk w;
	size_t size = accel_dtype_bytes(k->out->dtype);
	char *y = k->y;

	accel_walk_begin(&w, k->out, k->in, 1);
	for (int64_t row = 0; row < w.rows; row++, accel_walk_next(&w))
		for (int64_t i = 0; i < w.row; i++, y += size)
			memcpy(y, (const char *)k->x[0] + (size_t)(w.off[0] + i * w.step[0]) * size, size);
}

/* y = @a op operand @b, where @a is an input, or what the output holds so far. */
static void pair(const struct accel_kernel *k, const struct accel_value *va, const void *a, int b)
{
	const struct accel_value *in[2] = { va, k->in[b] };
	bool floats = accel_dtype_is_float(va->dtype) || accel_dtype_is_float(in[1]->dtype);
	enum accel_lane lane = floats ? ACCEL_LANE_F64 : accel_lane_of(va->dtype);
	const struct row *r = row_of(k->n);
	union accel_lanes x[2];
	struct accel_walk w;

	accel_walk_begin(&w, k->out, in, 2);
	for (int64_t row = 0; row < w.rows; row++, accel_walk_next(&w))
		for (int64_t at = 0; at < w.row; at += ACCEL_LANES) {
			int n = (int)(w.row - at < ACCEL_LANES ? w.row - at : ACCEL_LANES);

			accel_lanes_load(va->dtype, a, w.off[0] + at * w.step[0], w.step[0], n, lane, &x[0]);
			accel_lanes_load(in[1]->dtype, k->x[b], w.off[1] + at * w.step[1], w.step[1], n, lane, &x[1]);
			compute(r, lane, &x[0], &x[1], n);
			accel_lanes_store(k->out->dtype, k->y, row * w.row + at, n, lane, &x[0]);
		}
}

int accel_kernel_pairs(const struct accel_kernel *k)
{
	int64_t total = accel_value_elems(k->out);

	if (k->n->num_in == 1)
		spread(k);
	for (int i = 1; i < k->n->num_in; i++)
		pair(k, i == 1 ? k->in[0] : k->out, i == 1 ? k->x[0] : k->y, i);
	for (int64_t i = 0; k->n->op == ACCEL_OP_MEAN && i < total; i++)
		accel_store_f64(k->out->dtype, k->y, i, accel_load_f64(k->out->dtype, k->y, i) / k->n->num_in);
	return 0;
}

enum { IS_LESS = 1, IS_EQUAL = 2, IS_GREATER = 4 };

static const int wanted[ACCEL_NUM_OPS] = {
	[ACCEL_OP_EQUAL] = IS_EQUAL,
	[ACCEL_OP_LESS] = IS_LESS,
	[ACCEL_OP_LESS_EQUAL] = IS_LESS | IS_EQUAL,
	[ACCEL_OP_GREATER] = IS_GREATER,
	[ACCEL_OP_GREATER_EQUAL] = IS_GREATER | IS_EQUAL,
};

#define RELATION(a, b)	((a) < (b) ? IS_LESS : (a) == (b) ? IS_EQUAL : (a) > (b) ? IS_GREATER : 0)

static int relation(enum accel_lane lane, const union accel_lanes *a, const union accel_lanes *b, int i)
{
	if (lane == ACCEL_LANE_F64)
		return RELATION(a->f[i], b->f[i]);
	return lane == ACCEL_LANE_U64 ? RELATION(a->u[i], b->u[i]) : RELATION(a->s[i], b->s[i]);
}

int accel_kernel_compare(const struct accel_kernel *k)
{
	enum accel_dtype t = k->in[0]->dtype;
	enum accel_lane lane = accel_lane_of(t);
	union accel_lanes x[2];
	struct accel_walk w;
	uint8_t *y = k->y;

	accel_walk_begin(&w, k->out, k->in, 2);
	for (int64_t row = 0; row < w.rows; row++, accel_walk_next(&w))
		for (int64_t at = 0; at < w.row; at += ACCEL_LANES) {
			int n = (int)(w.row - at < ACCEL_LANES ? w.row - at : ACCEL_LANES);

			for (int v = 0; v < 2; v++)
				accel_lanes_load(t, k->x[v], w.off[v] + at * w.step[v], w.step[v], n, lane, &x[v]);
			for (int i = 0; i < n; i++)
				*y++ = (relation(lane, &x[0], &x[1], i) & wanted[k->n->op]) != 0;
		}
	return 0;
}

int accel_kernel_where(const struct accel_kernel *k)
{
	size_t size = accel_dtype_bytes(k->out->dtype);
	const uint8_t *condition = k->x[0];
	struct accel_walk w;
	char *y = k->y;

	accel_walk_begin(&w, k->out, k->in, 3);
	for (int64_t row = 0; row < w.rows; row++, accel_walk_next(&w))
		for (int64_t i = 0; i < w.row; i++, y += size) {
			int v = condition[w.off[0] + i * w.step[0]] ? 1 : 2;

			memcpy(y, (const char *)k->x[v] + (size_t)(w.off[v] + i * w.step[v]) * size, size);
		}
	return 0;
}
