// SPDX-License-Identifier: MIT
/*
 * Precision: how each value is stored. Values that imported quantisation has settled stay. Of the others, what
 * arithmetic nodes read and write takes the type that was asked for, with these exceptions: biases are F32, or S32 in
 * the scale of the products; what leaves the arithmetic part (towards Softmax, or the user) stays F32 where its node
 * can convert on the way out. Nodes that only move or select numbers keep their input's type and scale.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/passes/passes.h"

enum role {
	OTHER = 0,		/* works in F32 whatever was asked for */
	ARITHMETIC,		/* of the type asked for, and can convert on the way out */
	POOLING,		/* of one type; its output has a scale of its own */
	MOVING,			/* the output has its input's type and scale */
	JOINING,		/* inputs and output have one type and scale */
};

static const enum role roles[ACCEL_NUM_OPS] = {
	[ACCEL_OP_CONV] = ARITHMETIC,
	[ACCEL_OP_GEMM] = ARITHMETIC,
	[ACCEL_OP_MATMUL] = ARITHMETIC,
	[ACCEL_OP_ADD] = ARITHMETIC,
	[ACCEL_OP_SUB] = ARITHMETIC,
	[ACCEL_OP_MUL] = ARITHMETIC,
	[ACCEL_OP_DIV] = ARITHMETIC,
	[ACCEL_OP_RELU] = ARITHMETIC,
	[ACCEL_OP_CLIP] = ARITHMETIC,
	[ACCEL_OP_BATCHNORM] = ARITHMETIC,
	[ACCEL_OP_AVGPOOL] = POOLING,
	[ACCEL_OP_GLOBAL_AVGPOOL] = POOLING,
	[ACCEL_OP_MAXPOOL] = MOVING,
	[ACCEL_OP_FLATTEN] = MOVING,
	[ACCEL_OP_RESHAPE] = MOVING,
	[ACCEL_OP_TRANSPOSE] = MOVING,
	[ACCEL_OP_IDENTITY] = MOVING,
	[ACCEL_OP_CONCAT] = JOINING,
};

struct precision {
	struct accel_graph *g;
	enum accel_dtype type;			/* F32, F16, BF16 or S8 */
	struct accel_range *ranges;		/* where something is to be S8: by value, of calibration */
	bool *own;				/* by value: S8 for a node that has this precision of its own */
	bool *wanted;				/* by value: some node reads it in @type */
};

static bool is_8bit(enum accel_dtype t)
{
	return t == ACCEL_S8 || t == ACCEL_U8;
}

static bool is_float(enum accel_dtype t)
{
	return t == ACCEL_F32 || t == ACCEL_F16 || t == ACCEL_BF16;
}

static bool has_weights(const struct accel_graph *g, const struct accel_node *n)
{
	return n->op == ACCEL_OP_CONV || ((n->op == ACCEL_OP_GEMM || n->op == ACCEL_OP_MATMUL) &&
					  g->values[n->in[1]].data);
}

/* Stays F32, or becomes what its node makes of it. */
static bool is_bias(const struct accel_node *n, int i)
{
	return (i == 2 && (n->op == ACCEL_OP_CONV || n->op == ACCEL_OP_GEMM)) || (i > 0 && n->op == ACCEL_OP_BATCHNORM);
}

/* Which values arithmetic reads, directly or by way of nodes that only move. */
static void find_wanted(struct precision *p)
{
	for (int i = p->g->num_nodes - 1; i >= 0; i--) {
		const struct accel_node *n = &p->g->nodes[i];
		enum role role = roles[n->op];

		if (role == OTHER)
			continue;
		for (int k = 0; k < n->num_in; k++)
			if (n->in[k] >= 0 && !is_bias(n, k) && (role != MOVING || (k == 0 && p->wanted[n->out[0]])) &&
			    (role != JOINING || p->wanted[n->out[0]]))
				p->wanted[n->in[k]] = true;
	}
}

/* Makes @a and @b their hull; true where one of them was not. */
static bool join(struct accel_range *a, struct accel_range *b)
{
	struct accel_range r = { a->lo < b->lo ? a->lo : b->lo, a->hi > b->hi ? a->hi : b->hi };
	bool changed = r.lo < a->lo || r.hi > a->hi || r.lo < b->lo || r.hi > b->hi;

	*a = *b = r;
	return changed;
}

/* What Concat joins has one range, and so has what only moves on its way there. */
static void join_ranges(struct precision *p)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (int i = p->g->num_nodes - 1; i >= 0; i--) {
			const struct accel_node *n = &p->g->nodes[i];

			if (roles[n->op] == MOVING && (p->ranges[n->out[0]].lo < p->ranges[n->in[0]].lo ||
						       p->ranges[n->out[0]].hi > p->ranges[n->in[0]].hi))
				changed |= join(&p->ranges[n->in[0]], &p->ranges[n->out[0]]);
			for (int k = 0; k < n->num_in && roles[n->op] == JOINING; k++)
				changed |= join(&p->ranges[n->in[k]], &p->ranges[n->out[0]]);
		}
	}
}

/* Affine parameters that cover @r and 0, which padding and Relu need to be exact. */
static struct accel_quant affine(struct accel_range r)
{
	double lo = r.lo < 0 ? r.lo : 0, hi = r.hi > 0 ? r.hi : 0, scale = (hi - lo) / 255;
	struct accel_quant q = { .scale = (float)scale };

	if (!(q.scale >= FLT_MIN))
		q.scale = 1;
	q.zero_point = accel_quantise((float)-lo, q.scale, -128, ACCEL_S8);
	return q;
}

/* The same about 0, for constants. */
static struct accel_quant affine_of_constant(const struct accel_value *v)
{
	struct accel_range r = { INFINITY, -INFINITY };
	int64_t n = accel_value_elems(v);

	for (int64_t i = 0; i < n; i++) {
		float x = ((const float *)v->data)[i];

		if (isfinite(x)) {
			r.lo = x < r.lo ? x : r.lo;
			r.hi = x > r.hi ? x : r.hi;
		}
	}
	return affine(r);
}

static void store_as(const struct precision *p, int index)
{
	struct accel_value *v = &p->g->values[index];

	v->store = p->type;
	if (p->type == ACCEL_S8)
		v->quant = v->data ? affine_of_constant(v) : affine(p->ranges[index]);
}

/* What is not f32 in the graph keeps its type; what nothing has settled yet and is not wanted is F32. */
static void settle_others(const struct precision *p)
{
	for (int v = 0; v < p->g->num_values; v++) {
		struct accel_value *value = &p->g->values[v];

		if (value->store == ACCEL_NONE)
			value->store = value->dtype;
	}
}

/* The scales of what nodes with a precision of their own read as S8. */
static void settle_own(struct precision *p)
{
	for (int i = 0; p->ranges && i < p->g->num_values; i++) {
		struct accel_value *v = &p->g->values[i];

		if (!p->own[i])
			continue;
		v->quant = v->data ? affine_of_constant(v) : affine(p->ranges[i]);
	}
}

static bool unsettled(const struct precision *p, int v)
{
	return v >= 0 && p->g->values[v].dtype == ACCEL_F32 && p->g->values[v].store == ACCEL_NONE;
}

/* Graph inputs and what nodes make, in execution order. */
static void settle_activations(struct precision *p)
{
	struct accel_graph *g = p->g;

	for (int i = 0; i < g->num_inputs; i++)
		if (unsettled(p, g->inputs[i]) && p->wanted[g->inputs[i]])
			store_as(p, g->inputs[i]);
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];
		const struct accel_value *in = &g->values[n->in[0]];
		struct accel_value *out = &g->values[n->out[0]];
		enum role role = roles[n->op];

		if (!unsettled(p, n->out[0]))
			continue;
		if (role == MOVING && in->store != ACCEL_NONE && !in->quant.channel_scale) {
			out->store = in->store;
			out->quant = in->quant;
		} else if (p->wanted[n->out[0]] || role == POOLING) {
			store_as(p, n->out[0]);
		} else {
			out->store = ACCEL_F32;
		}
	}
}

/* Constants that nodes other than as weights or bias read. */
static void settle_constants(struct precision *p)
{
	struct accel_graph *g = p->g;

	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];

		for (int k = 0; k < n->num_in && roles[n->op] != OTHER; k++)
			if (unsettled(p, n->in[k]) && g->values[n->in[k]].data && !is_bias(n, k) &&
			    !(k == 1 && has_weights(g, n)))
				store_as(p, n->in[k]);
	}
}

/* Input @k of node @index as a constant that no other node input names. */
static int private_constant(struct accel_graph *g, int index, int k)
{
	int v = g->nodes[index].in[k], copy;

	if (accel_graph_uses(g, v) == 1)
		return v;
	copy = accel_pass_constant(g, index, k == 1 ? "weights" : "bias", g->values[v].rank, g->values[v].dims);
	if (copy < 0)
		return copy;
	memcpy(g->values[copy].data, g->values[v].data, (size_t)accel_value_bytes(&g->values[v]));
	g->nodes[index].in[k] = copy;
	return copy;
}

static int weight_axis(const struct accel_node *n, const struct accel_value *w)
{
	return n->op == ACCEL_OP_CONV || (n->op == ACCEL_OP_GEMM && n->attrs.trans_b) ? 0 : w->rank - 1;
}

/* Largest magnitude of each channel of @w along @axis, into @amax. */
static void channel_maxima(const struct accel_value *w, int axis, float *amax)
{
	int64_t inner = 1, channels = w->dims[axis], n = accel_value_elems(w);

	for (int i = axis + 1; i < w->rank; i++)
		inner *= w->dims[i];
	memset(amax, 0, (size_t)channels * sizeof(*amax));
	for (int64_t i = 0; i < n; i++) {
		float a = fabsf(((const float *)w->data)[i]);

		if (a > amax[i / inner % channels] && isfinite(a))
			amax[i / inner % channels] = a;
	}
}

/*
 * Symmetric S8 weights with a scale for each channel: its largest magnitude is 127. A channel may take a larger scale,
 * so that its bias fits 32 bits in the scale of its products.
 */
static int quantise_weights(struct accel_graph *g, int index)
{
	int w = private_constant(g, index, 1), axis;
	const struct accel_node *n = &g->nodes[index];
	const struct accel_value *bias = accel_node_input(g, n, 2);
	float in_scale = g->values[n->in[0]].quant.scale, *scale;
	int64_t channels;

	if (w < 0)
		return w;
	axis = weight_axis(n, &g->values[w]);
	channels = g->values[w].dims[axis];
	scale = malloc(((size_t)channels + 1) * sizeof(*scale));
	if (!scale)
		return accel_enomem(n->name);
	channel_maxima(&g->values[w], axis, scale);
	for (int64_t c = 0; c < channels; c++) {
		float b = bias && bias->data ? fabsf(((const float *)bias->data)[c]) : 0;
		float least = b / in_scale * 0x1p-30f;

		scale[c] /= 127;
		if (scale[c] < least)
			scale[c] = least;
		if (!(scale[c] * in_scale >= FLT_MIN))
			scale[c] = scale[c] > 0 ? FLT_MIN / in_scale : 1;
	}
	g->values[w].store = ACCEL_S8;
	g->values[w].quant = (struct accel_quant){ .channel_scale = scale, .channels = channels, .axis = axis };
	return 0;
}

/* Imported weights fit where they are one scale, or one an output channel. */
static bool usable_weights(const struct accel_node *n, const struct accel_value *w)
{
	return is_8bit(w->store) && (!w->quant.channel_scale || w->quant.axis == weight_axis(n, w));
}

/* A bias is added to the products of integers, and so has their scale. */
static int quantise_bias(struct accel_graph *g, int index)
{
	int b = accel_node_in(&g->nodes[index], 2) < 0 ? -1 : private_constant(g, index, 2);
	const struct accel_node *n = &g->nodes[index];
	const struct accel_quant *w = &g->values[n->in[1]].quant;
	float in_scale = g->values[n->in[0]].quant.scale, *scale;
	struct accel_value *bias;
	int64_t channels;

	if (accel_node_in(n, 2) < 0)
		return 0;
	if (b < 0)
		return b;
	bias = &g->values[b];
	channels = bias->dims[0];
	scale = malloc(((size_t)channels + 1) * sizeof(*scale));
	if (!scale)
		return accel_enomem(n->name);
	for (int64_t c = 0; c < channels; c++)
		scale[c] = in_scale * (w->channel_scale ? w->channel_scale[c] : w->scale);
	free(bias->quant.channel_scale);
	bias->store = ACCEL_S32;
	bias->quant = (struct accel_quant){ .channel_scale = scale, .channels = channels };
	return 0;
}

static void own_weights(struct precision *p, int index)
{
	struct accel_value *v = &p->g->values[index];

	v->store = ACCEL_S8;
	v->quant = affine_of_constant(v);
}

/* Weights and bias of node @index, after its input is settled. */
static int settle_weights(struct precision *p, int index)
{
	struct accel_graph *g = p->g;
	const struct accel_node *n = &g->nodes[index];
	const struct accel_value *x = &g->values[n->in[0]], *b = accel_node_input(g, n, 2);
	bool fits_int = n->op != ACCEL_OP_MATMUL && is_8bit(x->store) && !x->quant.channel_scale &&
			(!b || (accel_pass_is_f32_constant(g, n, 2) && b->rank == 1));
	int ret = 0;

	if (!accel_pass_is_f32_constant(g, n, 1))
		return 0;
	if (unsettled(p, n->in[1])) {
		if (is_float(x->store))
			p->g->values[n->in[1]].store = x->store;
		else if (fits_int && (p->type == ACCEL_S8 || p->own[n->in[0]]))
			ret = quantise_weights(g, index);
		else if (n->op == ACCEL_OP_MATMUL && p->own[n->in[0]])
			own_weights(p, n->in[1]);
		else if (p->type != ACCEL_S8 || (n->op == ACCEL_OP_MATMUL && is_8bit(x->store)))
			store_as(p, n->in[1]);
	}
	n = &g->nodes[index];
	if (!ret && fits_int && usable_weights(n, &g->values[n->in[1]]))
		ret = quantise_bias(g, index);
	return ret;
}

/* Integers that were imported but cannot be used as such are plain numbers again. */
static void unstore_leftovers(struct precision *p)
{
	struct accel_graph *g = p->g;

	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];
		struct accel_value *w = has_weights(g, n) ? &g->values[n->in[1]] : NULL;

		if (w && is_8bit(w->store) && !usable_weights(n, w)) {
			free(w->quant.channel_scale);
			w->quant = (struct accel_quant){ 0 };
			w->store = ACCEL_F32;
		}
	}
}

static int settle(struct precision *p, const struct accel_compile_options *opts)
{
	int ret = 0;

	if (p->ranges)
		ret = accel_calibrate(p->g, opts, p->ranges);
	if (ret)
		return ret;
	find_wanted(p);
	if (p->type == ACCEL_S8)
		join_ranges(p);
	settle_own(p);
	settle_activations(p);
	settle_constants(p);
	for (int i = 0; i < p->g->num_nodes && !ret; i++)
		if (has_weights(p->g, &p->g->nodes[i]))
			ret = settle_weights(p, i);
	if (ret)
		return ret;
	unstore_leftovers(p);
	settle_others(p);
	return 0;
}

static bool imported_quantised(const struct accel_graph *g)
{
	for (int v = 0; v < g->num_values; v++)
		if (is_8bit(g->values[v].store))
			return true;
	return false;
}

/* Which values accel_pass_node_precision() wants as S8; are there any? */
static bool find_own(struct precision *p)
{
	bool any = false;

	for (int i = 0; i < p->g->num_values; i++) {
		const struct accel_value *v = &p->g->values[i];

		p->own[i] = v->dtype == ACCEL_F32 && v->store == ACCEL_S8 && v->quant.scale == 0 && !v->quant.channel_scale;
		any |= p->own[i];
	}
	return any;
}

int accel_pass_precision(struct accel_graph *g, const struct accel_compile_options *opts)
{
	static const enum accel_dtype types[] = {
		[ACCEL_PREC_FP32] = ACCEL_F32, [ACCEL_PREC_FP16] = ACCEL_F16,
		[ACCEL_PREC_BF16] = ACCEL_BF16, [ACCEL_PREC_INT8] = ACCEL_S8,
	};
	struct precision p = { .g = g };
	bool ranged;
	int ret;

	if ((unsigned int)opts->precision >= sizeof(types) / sizeof(types[0]))
		return accel_error(EINVAL, "compile options: precision %d is unknown", opts->precision);
	p.type = types[opts->precision];
	if (p.type == ACCEL_S8 && !opts->calib_data) {
		if (!imported_quantised(g))
			return accel_error(EINVAL, "int8: the model is not quantised itself, so calibration data are needed "
					   "(calib_data; --calib FILE of the command accel)");
		p.type = ACCEL_F32;
	}
	p.wanted = calloc((size_t)g->num_values + 1, sizeof(*p.wanted));
	p.own = calloc((size_t)g->num_values + 1, sizeof(*p.own));
	ranged = p.own && (find_own(&p) || p.type == ACCEL_S8);
	if (ranged)
		p.ranges = calloc((size_t)g->num_values + 1, sizeof(*p.ranges));
	ret = p.wanted && p.own && (p.ranges || !ranged) ? settle(&p, opts) : accel_enomem("precision");
	free(p.wanted);
	free(p.own);
	free(p.ranges);
	return ret;
}
