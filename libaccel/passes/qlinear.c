// SPDX-License-Identifier: MIT
/*
 * QLinearConv and QLinearMatMul with constant parameters become Conv and MatMul between DequantizeLinear and QuantizeLinear, which is the
 * form of quantised networks that the other passes know: the NPU's products of integers and its requantisation give the same numbers.
 * The CPU has kernels of their own for both; this is not for programs that run there alone, where products of floats would stand for
 * those of integers.
 */
#include <math.h>
#include <stdlib.h>

#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/passes/passes.h"

/* A bias of this magnitude comes back as it was from a float that is it times a scale. */
#define MAX_BIAS	(1 << 21)

enum { X = 0, X_SCALE, X_ZERO, W, W_SCALE, W_ZERO, Y_SCALE, Y_ZERO, BIAS };

static int64_t elems(const struct accel_graph *g, const struct accel_node *n, int i)
{
	return accel_value_elems(accel_node_input(g, n, i));
}

static bool all_zero(const struct accel_value *v)
{
	for (int64_t i = 0; i < accel_value_elems(v); i++)
		if (accel_load_s64(v->dtype, v->data, i))
			return false;
	return true;
}

static bool usable_scales(const struct accel_value *v)
{
	const float *s = v->data;

	for (int64_t i = 0; i < accel_value_elems(v); i++)
		if (!(s[i] > 0) || isinf(s[i]))
			return false;
	return true;
}

static bool small_bias(const struct accel_value *v)
{
	for (int64_t i = 0; i < accel_value_elems(v); i++)
		if (llabs((long long)accel_load_s64(v->dtype, v->data, i)) > MAX_BIAS)
			return false;
	return true;
}

static bool fits(const struct accel_graph *g, const struct accel_node *n)
{
	static const int scales[] = { X_SCALE, W_SCALE, Y_SCALE };
	const struct accel_value *bias = accel_node_input(g, n, BIAS);

	if (n->dead || (n->op != ACCEL_OP_QLINEAR_CONV && n->op != ACCEL_OP_QLINEAR_MATMUL))
		return false;
	for (int i = X_SCALE; i <= Y_ZERO; i++)
		if (!accel_node_input(g, n, i)->data || ((i < W || i > W_ZERO) && elems(g, n, i) != 1))
			return false;
	for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		const struct accel_value *scale = accel_node_input(g, n, scales[i]), *zero = accel_node_input(g, n, scales[i] + 1);

		/* the pair's nodes want one shape of both */
		if (!usable_scales(scale) || (scale->rank != zero->rank && !(scales[i] == W_SCALE && all_zero(zero))))
			return false;
	}
	if ((elems(g, n, W_SCALE) > 1 || elems(g, n, W_ZERO) > 1) && !all_zero(accel_node_input(g, n, W_ZERO)))
		return false;
	return !bias || (bias->data && small_bias(bias));
}

/* A value of floats, made of @v by DequantizeLinear; @zero may be ACCEL_VALUE_NONE. */
static int dequantised(struct accel_graph *g, int v, int scale, int zero, int64_t axis)
{
	struct accel_attrs attrs = accel_op_info(ACCEL_OP_DEQUANTIZE)->defaults;
	int out = accel_graph_add_value(g, NULL, ACCEL_F32, g->values[v].rank, g->values[v].dims), ret;

	attrs.axis = axis;
	ret = out < 0 ? out : accel_graph_insert(g, ACCEL_OP_DEQUANTIZE, NULL, (int[]){ v, scale, zero }, zero < 0 ? 2 : 3, out, &attrs);
	return ret < 0 ? ret : out;
}

/* Scales of the products, which are the bias's. */
static int product_scales(struct accel_graph *g, const int *in)
{
	const struct accel_value *w = &g->values[in[W_SCALE]];
	int made = accel_graph_add_constant(g, NULL, ACCEL_F32, w->rank, w->dims, NULL);
	float x = *(const float *)g->values[in[X_SCALE]].data;

	for (int64_t i = 0; made >= 0 && i < accel_value_elems(&g->values[made]); i++)
		((float *)g->values[made].data)[i] = x * ((const float *)g->values[in[W_SCALE]].data)[i];
	return made;
}

static int replace(struct accel_graph *g, int index)
{
	struct accel_attrs attrs = accel_op_info(ACCEL_OP_QUANTIZE)->defaults;
	bool conv = g->nodes[index].op == ACCEL_OP_QLINEAR_CONV, zero;
	int in[BIAS + 1], y = g->nodes[index].out[0], sum, ret, scales;

	for (int i = 0; i <= BIAS; i++)
		in[i] = accel_node_in(&g->nodes[index], i);
	zero = all_zero(&g->values[in[W_ZERO]]);
	in[X] = dequantised(g, in[X], in[X_SCALE], in[X_ZERO], 1);
	if (in[X] < 0)
		return in[X];
	if (in[BIAS] >= 0) {
		scales = product_scales(g, in);
		in[BIAS] = scales < 0 ? scales : dequantised(g, in[BIAS], scales, ACCEL_VALUE_NONE, 0);
		if (in[BIAS] < 0)
			return in[BIAS];
	}
	in[W] = dequantised(g, in[W], in[W_SCALE], zero ? ACCEL_VALUE_NONE : in[W_ZERO], conv ? 0 : g->values[in[W]].rank - 1);
	sum = in[W] < 0 ? in[W] : accel_graph_add_value(g, NULL, ACCEL_F32, g->values[y].rank, g->values[y].dims);
	if (sum < 0)
		return sum;
	ret = accel_graph_insert(g, ACCEL_OP_QUANTIZE, NULL, (int[]){ sum, in[Y_SCALE], in[Y_ZERO] }, 3, y, &attrs);
	if (ret < 0)
		return ret;
	g->values[sum].producer = index;
	g->nodes[index].op = conv ? ACCEL_OP_CONV : ACCEL_OP_MATMUL;
	g->nodes[index].in[0] = in[X];
	g->nodes[index].in[1] = in[W];
	g->nodes[index].in[2] = in[BIAS];
	g->nodes[index].num_in = in[BIAS] >= 0 ? 3 : 2;
	g->nodes[index].out[0] = sum;
	return 0;
}

int accel_pass_qlinear(struct accel_graph *g)
{
	int count = g->num_nodes, ret = 0;

	for (int i = 0; i < count && !ret; i++)
		if (fits(g, &g->nodes[i]))
			ret = replace(g, i);
	return ret ? ret : accel_graph_compact(g);
}
