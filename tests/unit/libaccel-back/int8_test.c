// SPDX-License-Identifier: MIT
/* int8: one convolution or matrix product, computed here with integers, gives the NPU's very bytes. */
#include "harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/graph/dtype.h"

/* What the compiled graph says of the one node. */
struct layer {
	const struct accel_value *x, *w, *b, *y;
	const struct accel_node *node;
	int64_t n, ic, ih, iw, oc, oh, ow, kh, kw, group;
};

static const struct accel_node *find_node(const struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++)
		if (g->nodes[i].op == ACCEL_OP_CONV || g->nodes[i].op == ACCEL_OP_GEMM)
			return &g->nodes[i];
	fail_msg("no layer");
	return NULL;
}

static struct layer read_layer(const struct accel_graph *g)
{
	const struct accel_node *n = find_node(g);
	struct layer l = {
		.node = n, .x = &g->values[n->in[0]], .w = &g->values[n->in[1]],
		.b = n->num_in > 2 && n->in[2] >= 0 ? &g->values[n->in[2]] : NULL, .y = &g->values[n->out[0]],
		.ih = 1, .iw = 1, .oh = 1, .ow = 1, .kh = 1, .kw = 1, .group = 1,
	};

	assert_int_equal(n->place, ACCEL_PLACE_NPU);
	assert_true(l.x->store == ACCEL_S8 || l.x->store == ACCEL_U8);
	assert_int_equal(l.w->store, ACCEL_S8);
	l.n = l.x->dims[0];
	l.ic = l.x->dims[1];
	l.oc = l.y->dims[1];
	if (n->op == ACCEL_OP_GEMM)
		return l;
	l.group = n->attrs.group;
	l.ih = l.x->dims[2], l.iw = l.x->dims[3];
	l.oh = l.y->dims[2], l.ow = l.y->dims[3];
	l.kh = l.w->dims[2], l.kw = l.w->dims[3];
	return l;
}

static float scale_of(const struct accel_value *w, int64_t channel)
{
	return w->quant.channel_scale ? w->quant.channel_scale[channel] : w->quant.scale;
}

static int32_t weight(const struct layer *l, int64_t o, int64_t c, int64_t ky, int64_t kx)
{
	int64_t at = ((o * (l->ic / l->group) + c) * l->kh + ky) * l->kw + kx;
	int32_t q;

	if (l->node->op == ACCEL_OP_GEMM && !l->node->attrs.trans_b)
		at = c * l->oc + o;
	q = accel_quantise(((const float *)l->w->data)[at], scale_of(l->w, o), 0, ACCEL_S8);
	return q < -127 ? -127 : q;
}

static int32_t accumulate(const struct layer *l, const float *x, int64_t n, int64_t o, int64_t oy, int64_t ox)
{
	const struct accel_attrs *a = &l->node->attrs;
	int64_t icg = l->ic / l->group, c0 = o / (l->oc / l->group) * icg;
	bool conv = l->node->op == ACCEL_OP_CONV;
	uint32_t acc = 0;

	for (int64_t ky = 0; ky < l->kh; ky++)
		for (int64_t kx = 0; kx < l->kw; kx++)
			for (int64_t c = 0; c < icg; c++) {
				int64_t y = conv ? oy * a->stride[0] + ky * a->dilation[0] - a->pad[0] : 0;
				int64_t q = conv ? ox * a->stride[1] + kx * a->dilation[1] - a->pad[1] : 0;
				int32_t v;

				if (y < 0 || y >= l->ih || q < 0 || q >= l->iw)
					continue;
				v = accel_quantise(x[((n * l->ic + c0 + c) * l->ih + y) * l->iw + q], l->x->quant.scale,
						   l->x->quant.zero_point, l->x->store) - l->x->quant.zero_point;
				acc += (uint32_t)(v * weight(l, o, c, ky, kx));
			}
	return (int32_t)acc;
}

/* A bias is an integer of the sum where bounds are to be kept that the output's type has not anyway. */
static int32_t integer_bias(const struct layer *l, int64_t o)
{
	return accel_quantise(((const float *)l->b->data)[o], l->x->quant.scale * scale_of(l->w, o), 0, ACCEL_S32);
}

/* ... and else is added to the scaled sum, in one rounding. */
static float scaled(const struct layer *l, int32_t acc, int64_t o, bool bounded, float unit)
{
	float gain = l->x->quant.scale * scale_of(l->w, o) / unit;

	if (!l->b)
		return (float)acc * gain;
	if (bounded)
		return (float)(int32_t)((uint32_t)acc + (uint32_t)integer_bias(l, o)) * gain;
	return fmaf((float)acc, gain, ((const float *)l->b->data)[o] / unit);
}

/* The accumulator as the f32 that the caller of the network sees. */
static float finish(const struct layer *l, int32_t acc, int64_t o)
{
	float so = l->y->quant.scale, v;
	int32_t lo = l->y->store == ACCEL_S8 ? -128 : 0, hi = lo + 255, zp = l->y->quant.zero_point;
	bool bounded;

	if (l->y->store == ACCEL_F32) {
		v = scaled(l, acc, o, l->node->act.kind == ACCEL_ACT_CLIP, 1);
		return l->node->act.kind == ACCEL_ACT_CLIP ? fminf(fmaxf(v, l->node->act.lo), l->node->act.hi) : v;
	}
	if (l->node->act.kind == ACCEL_ACT_CLIP) {
		lo = accel_quantise(l->node->act.lo, so, zp, l->y->store);
		if (l->node->act.hi < INFINITY)
			hi = accel_quantise(l->node->act.hi, so, zp, l->y->store);
	}
	bounded = lo > (l->y->store == ACCEL_S8 ? -128 : 0) || hi < (l->y->store == ACCEL_S8 ? 127 : 255);
	v = rintf(scaled(l, acc, o, bounded, so)) + (float)zp;
	v = fminf(fmaxf(v, (float)lo), (float)hi);
	return (v - (float)zp) * so;
}

static struct accel_graph *one_layer(struct rng *r, bool conv, int64_t in_dims[4])
{
	int64_t group = conv && rng_range(r, 0, 3) == 0 ? 2 : 1;
	int64_t w[4] = { group * rng_range(r, 1, 40), rng_range(r, 1, 20), rng_range(r, 1, 3), rng_range(r, 1, 3) };
	int64_t pads[4] = { rng_range(r, 0, 2), 1, 2, rng_range(r, 0, 1) }, strides[2] = { rng_range(r, 1, 2), rng_range(r, 1, 2) };
	const struct accel_attr attrs[] = {
		{ .name = "pads", .ints = pads, .count = 4 }, { .name = "strides", .ints = strides, .count = 2 },
		{ .name = "group", .i = group }, { .name = NULL },
	};
	struct accel_graph *g;
	int in[3], y;

	must(accel_graph_new(&g));
	in_dims[0] = rng_range(r, 1, 3);
	in_dims[1] = conv ? w[1] * group : rng_range(r, 1, 300);
	in_dims[2] = conv ? rng_range(r, 3, 15) : 1;
	in_dims[3] = conv ? rng_range(r, 3, 15) : 1;
	in[0] = accel_graph_input(g, "x", ACCEL_F32, conv ? 4 : 2, in_dims);
	if (!conv)
		w[1] = w[0], w[0] = in_dims[1];
	in[1] = add_const(g, r, conv ? 4 : 2, w, 0.5f);
	in[2] = add_const(g, r, 1, conv ? &w[0] : &w[1], 0.5f);
	y = accel_graph_op(g, conv ? "Conv" : "Gemm", NULL, in, 3, conv ? attrs : NULL);
	assert_true(y >= 0);
	if (rng_range(r, 0, 1))
		y = accel_graph_op(g, "Relu", NULL, &y, 1, NULL);
	assert_int_equal(accel_graph_output(g, y, "y"), 0);
	return g;
}

static void compare(const struct accel_program *p, const float *x, const float *got)
{
	struct layer l = read_layer(p->graph);

	for (int64_t n = 0; n < l.n; n++)
		for (int64_t o = 0; o < l.oc; o++)
			for (int64_t y = 0; y < l.oh; y++)
				for (int64_t q = 0; q < l.ow; q++) {
					float want = finish(&l, accumulate(&l, x, n, o, y, q), o);
					float have = got[((n * l.oc + o) * l.oh + y) * l.ow + q];

					if (want != have)
						fail_msg("(%d, %d, %d, %d): %g, not %g", (int)n, (int)o, (int)y, (int)q,
							 (double)have, (double)want);
				}
}

static void one(uint64_t seed, bool conv, const char *spec)
{
	struct rng r = { .s = seed * 31 + 7 };
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	struct run_options o = { .precision = ACCEL_PREC_INT8, .batch = 1, .check = true };
	int64_t dims[4];
	struct accel_graph *g = one_layer(&r, conv, dims);
	int64_t each = dims[1] * dims[2] * dims[3];
	float *x = malloc((size_t)(dims[0] * each) * sizeof(*x));
	size_t bytes;
	void *in;

	for (int64_t i = 0; i < dims[0] * each; i++)
		x[i] = rng_unit(&r);
	o.calib = x;
	o.calib_count = 1;
	must(accel_open(spec, &dev));
	p = compile_on(dev, g, &o);
	must(accel_session_new(dev, p, &s));
	in = accel_input(s, 0, &bytes);
	assert_int_equal(bytes, dims[0] * each * 4);
	memcpy(in, x, bytes);
	must(accel_run(s));
	compare(p, x, accel_output(s, 0, &bytes));
	accel_session_free(s);
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
	free(x);
}

static void convolutions(void **state)
{
	for (uint64_t seed = 0; seed < 24; seed++)
		one(seed, true, geometries[seed % (uint64_t)num_geometries]);
}

static void products(void **state)
{
	for (uint64_t seed = 100; seed < 124; seed++)
		one(seed, false, geometries[seed % (uint64_t)num_geometries]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(convolutions), cmocka_unit_test(products) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("int8 to the bit", tests, NULL, NULL);
}
