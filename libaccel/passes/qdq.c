// SPDX-License-Identifier: MIT
/*
 * Imported quantisation. In ONNX a quantised value is a pair QuantizeLinear, DequantizeLinear, and a quantised
 * weight is a constant of integers behind a DequantizeLinear. Here both become f32 values with a store type, so that
 * the rest sees the same graph as after calibration. A pair whose value is used in other ways too stays as nodes.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/passes/passes.h"


/* Scale and zero point of a Q or DQ are constant, and the scales are usable. */
static bool constant_parameters(const struct accel_graph *g, const struct accel_node *n)
{
	const struct accel_value *scale = accel_node_input(g, n, 1), *zp = accel_node_input(g, n, 2);
	int64_t count = accel_value_elems(scale);

	if (!scale->data || (zp && !zp->data) || count < 1)
		return false;
	for (int64_t i = 0; i < count; i++) {
		float s = ((const float *)scale->data)[i];

		if (!(s > 0) || isinf(s))
			return false;
	}
	return true;
}

static int64_t zero_point(const struct accel_graph *g, const struct accel_node *n, int64_t i)
{
	const struct accel_value *zp = accel_node_input(g, n, 2);

	return zp ? accel_load_s64(zp->dtype, zp->data, i) : 0;
}

/* Integer type between Q and DQ. */
static enum accel_dtype quantised_type(const struct accel_graph *g, const struct accel_node *n)
{
	return n->op == ACCEL_OP_QUANTIZE ? g->values[n->out[0]].dtype : g->values[n->in[0]].dtype;
}

/* Parameters of a Q or DQ for a whole tensor; false where they are by channel. */
static bool tensor_quant(const struct accel_graph *g, const struct accel_node *n, struct accel_quant *q)
{
	const struct accel_value *scale = accel_node_input(g, n, 1);

	if (!constant_parameters(g, n) || accel_value_elems(scale) != 1)
		return false;
	*q = (struct accel_quant){ .scale = *(const float *)scale->data, .zero_point = (int32_t)zero_point(g, n, 0) };
	return true;
}

/* Parameters by channel; none where a zero point is not 0, which the hardware has no place for. */
static int channel_quant(const struct accel_graph *g, const struct accel_node *n, struct accel_quant *q, bool *can)
{
	const struct accel_value *scale = accel_node_input(g, n, 1), *x = accel_node_input(g, n, 0);
	int64_t channels = scale->dims[0];

	*can = constant_parameters(g, n);
	for (int64_t i = 0; *can && i < channels; i++)
		*can = zero_point(g, n, i) == 0;
	if (!*can)
		return 0;
	*q = (struct accel_quant){ .channels = channels };
	q->axis = (int)(n->attrs.axis < 0 ? n->attrs.axis + x->rank : n->attrs.axis);
	q->channel_scale = malloc((size_t)channels * sizeof(float));
	if (!q->channel_scale)
		return accel_enomem(n->name);
	memcpy(q->channel_scale, scale->data, (size_t)channels * sizeof(float));
	return 0;
}

/* DequantizeLinear of a constant: folding makes the numbers, this keeps how they were stored. */
static int constant_dequantize(struct accel_graph *g, const struct accel_node *n)
{
	struct accel_value *out = &g->values[n->out[0]];
	struct accel_quant q;
	bool can;
	int ret = 0;

	can = tensor_quant(g, n, &q);
	if (!can && accel_value_elems(accel_node_input(g, n, 1)) != 1)
		ret = channel_quant(g, n, &q, &can);
	if (!ret && can) {
		out->store = quantised_type(g, n);
		out->quant = q;
	}
	return ret;
}

static bool same_parameters(const struct accel_graph *g, const struct accel_node *a, const struct accel_node *b)
{
	struct accel_quant qa, qb;

	return tensor_quant(g, a, &qa) && tensor_quant(g, b, &qb) && qa.scale == qb.scale &&
	       qa.zero_point == qb.zero_point && quantised_type(g, a) == quantised_type(g, b);
}

/* Every use of value @v is a live node of @op with the parameters of @like. */
static bool only_used_by(const struct accel_graph *g, int v, enum accel_op op, const struct accel_node *like)
{
	if (accel_graph_is_output(g, v))
		return false;
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];

		for (int k = 0; k < n->num_in && !n->dead; k++)
			if (n->in[k] == v && (k || n->op != op || !same_parameters(g, n, like)))
				return false;
	}
	return true;
}

/* Removes the DequantizeLinear nodes behind Quantize node @q, and it, in favour of value @x. */
static void join(struct accel_graph *g, int q, int x)
{
	int xq = g->nodes[q].out[0];
	bool left = false;

	for (int i = 0; i < g->num_nodes; i++) {
		struct accel_node *n = &g->nodes[i];

		if (n->dead || n->op != ACCEL_OP_DEQUANTIZE || n->in[0] != xq)
			continue;
		n->in[0] = x;
		if (accel_pass_bypass(g, i, 0))
			continue;
		n->in[0] = xq;
		left = true;
	}
	g->nodes[q].dead = !left;
}

/* QuantizeLinear @index of something computed. */
static void quantize(struct accel_graph *g, int index)
{
	const struct accel_node *n = &g->nodes[index];
	int x = n->in[0];
	struct accel_quant q;

	if (!tensor_quant(g, n, &q) || g->values[x].dtype != ACCEL_F32 ||
	    !only_used_by(g, x, ACCEL_OP_QUANTIZE, n))
		return;
	g->values[x].store = quantised_type(g, n);
	g->values[x].quant = q;
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *other = &g->nodes[i];

		if (!other->dead && other->op == ACCEL_OP_QUANTIZE && other->in[0] == x &&
		    only_used_by(g, other->out[0], ACCEL_OP_DEQUANTIZE, other))
			join(g, i, x);
	}
}

/* DequantizeLinear of an integer that comes from outside, or from a pair that had to stay. */
static void dequantize(struct accel_graph *g, const struct accel_node *n)
{
	struct accel_quant q;

	if (!tensor_quant(g, n, &q) || quantised_type(g, n) == ACCEL_S32)
		return;
	g->values[n->out[0]].store = quantised_type(g, n);
	g->values[n->out[0]].quant = q;
}

int accel_pass_qdq(struct accel_graph *g)
{
	int ret = 0;

	for (int i = 0; i < g->num_nodes && !ret; i++) {
		const struct accel_node *n = &g->nodes[i];

		if (n->dead || n->op != ACCEL_OP_QUANTIZE || g->values[n->in[0]].data ||
		    g->values[n->in[0]].store != ACCEL_NONE)
			continue;
		quantize(g, i);
	}
	for (int i = 0; i < g->num_nodes && !ret; i++) {
		const struct accel_node *n = &g->nodes[i];

		if (n->dead || n->op != ACCEL_OP_DEQUANTIZE)
			continue;
		if (g->values[n->in[0]].data)
			ret = constant_dequantize(g, n);
		else
			dequantize(g, n);
	}
	return ret ? ret : accel_graph_compact(g);
}
