// SPDX-License-Identifier: MIT
/* Conv, Gemm and MatMul: weights packed, numerics stated, and handed to matrix work. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"

static bool is_float(enum accel_dtype t)
{
	return t == ACCEL_F32 || t == ACCEL_F16 || t == ACCEL_BF16;
}

/* Types of the two operands and of the result. */
static const char *check_types(const struct accel_value *a, const struct accel_value *b,
			       const struct accel_value *out)
{
	bool ints = accel_is_int8(a->store) && accel_is_int8(b->store);

	if (!ints && !(is_float(a->store) && a->store == b->store))
		return "operands are kept in different types";
	if (!is_float(out->store) && !accel_is_int8(out->store))
		return "its output's type is not supported on the NPU";
	if (a->quant.channel_scale || out->quant.channel_scale)
		return "per-channel quantisation of an activation is not supported on the NPU";
	return NULL;
}

static float weight_scale(const struct accel_value *w, int64_t channel)
{
	const struct accel_quant *q = &w->quant;

	return q->channel_scale ? q->channel_scale[channel % q->channels] : q->scale;
}

/*
 * The result's type and clamps, and, for integers, the bias in units of the accumulator and the factor from it
 * to the result. @bias: NULL or @oc values; @gain: of the products.
 */
static int set_numerics(struct accel_cg *cg, struct accel_mx *x, const struct accel_node *node,
			const struct accel_tensor *a, const struct accel_value *w, const struct accel_tensor *out,
			const float *bias, int64_t oc, float gain)
{
	bool ints = accel_is_int8(a->type), int_out = accel_is_int8(out->type);
	int lowest = out->type == ACCEL_S8 ? -128 : 0;

	x->a_type = accel_loom_type(a->type);
	x->b_type = accel_loom_type(w->store);
	x->out_type = accel_loom_type(out->type);
	x->a_zp = ints ? a->zero_point : 0;
	x->b_zp = ints && !w->quant.channel_scale ? w->quant.zero_point : 0;
	x->out_scale = out->scale;
	x->out_zp = int_out ? out->zero_point : 0;
	x->lo = node->act.kind == ACCEL_ACT_CLIP ? node->act.lo : -INFINITY;
	x->hi = node->act.kind == ACCEL_ACT_CLIP ? node->act.hi : INFINITY;
	x->q_lo = lowest;
	x->q_hi = lowest + 255;
	if (int_out && x->lo > -INFINITY)
		x->q_lo = accel_quantise(x->lo, out->scale, out->zero_point, out->type);
	if (int_out && x->hi < INFINITY)
		x->q_hi = accel_quantise(x->hi, out->scale, out->zero_point, out->type);

	if (bias) {
		uint32_t *p = accel_cg_const(cg, (uint64_t)oc * 4, &x->bias);

		if (!p)
			return accel_enomem("constants");
		x->has_bias = true;
		for (int64_t i = 0; i < oc; i++)
			p[i] = ints ? (uint32_t)accel_quantise(bias[i], a->scale * weight_scale(w, i) * gain, 0,
							       ACCEL_S32) : accel_bits(bias[i]);
	}
	if (ints) {
		float *p = accel_cg_const(cg, (uint64_t)oc * 4, &x->scale);

		if (!p)
			return accel_enomem("constants");
		x->has_scale = true;
		for (int64_t i = 0; i < oc; i++)
			p[i] = a->scale * weight_scale(w, i) * gain / (int_out ? out->scale : 1.0f);
	}
	return 0;
}

/* One weight, as it is kept. */
static void pack_weight(const struct accel_value *w, int64_t channel, float v, uint8_t *dst)
{
	int32_t q;

	if (!accel_is_int8(w->store)) {
		accel_store_f32(w->store, &v, dst, 1);
		return;
	}
	q = accel_quantise(v, weight_scale(w, channel), w->quant.channel_scale ? 0 : w->quant.zero_point, w->store);
	*dst = (uint8_t)q;
}

static int emit_mx(struct accel_cg *cg, const struct accel_node *node, const struct accel_mx *x)
{
	struct accel_mx_plan plan;

	if (accel_mx_choose(x, &cg->m, &plan))
		return accel_node_error(ENOSPC, node, "no tile of it fits a scratchpad of %u and accumulators of %u "
					"bytes", cg->m.spm_bytes, cg->m.acc_bytes);
	cg->macs += (double)x->n * x->oh * x->ow * x->oc * x->kh * x->kw * x->ic;
	accel_mx_emit(&cg->e, x, &plan);
	return cg->e.err;
}

/* ---- Conv ---- */

const char *accel_can_conv(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *x = accel_in(g, node, 0), *w = accel_in(g, node, 1), *b = accel_in(g, node, 2);
	const struct accel_attrs *a = &node->attrs;

	if (x->rank != 4)
		return "only two-dimensional convolution is supported on the NPU";
	if (!w->data || (b && !b->data))
		return "its weights are not constant";
	if (w->quant.channel_scale && w->quant.axis != 0)
		return "its weights are quantised along another axis than the output channels";
	for (int i = 0; i < 2; i++)
		if (a->stride[i] > 1024 || a->dilation[i] > 1024 || w->dims[2 + i] > 1024 ||
		    (w->dims[2 + i] - 1) * a->dilation[i] > 32000)
			return "its kernel, stride or dilation is beyond the NPU's limits";
	for (int i = 0; i < 4; i++)
		if (a->pad[i] < -32000 || a->pad[i] > 32000)
			return "its padding is beyond the NPU's limits";
	return check_types(x, w, accel_out(g, node));
}

/* Weights [oc][ic][kh][kw] to [group][ky][kx][ic][oc of the group]. */
static int pack_conv(struct accel_cg *cg, const struct accel_value *w, int64_t groups, struct accel_addr *addr)
{
	int64_t oc = w->dims[0] / groups, ic = w->dims[1], taps = w->dims[2] * w->dims[3];
	int64_t es = (int64_t)accel_dtype_bytes(w->store);
	float *f = accel_const_f32(w);
	uint8_t *p = accel_cg_const(cg, (uint64_t)(groups * oc * ic * taps * es), addr);

	if (!f || !p) {
		free(f);
		return accel_enomem("weights");
	}
	for (int64_t g = 0; g < groups; g++)
		for (int64_t o = 0; o < oc; o++)
			for (int64_t c = 0; c < ic; c++)
				for (int64_t t = 0; t < taps; t++)
					pack_weight(w, g * oc + o, f[((g * oc + o) * ic + c) * taps + t],
						    p + (((g * taps + t) * ic + c) * oc + o) * es);
	free(f);
	return 0;
}

/* A kernel of one tap reads only the pixels it strides over, and all pixels are alike. */
static void simplify(struct accel_mx *x)
{
	if (x->kh != 1 || x->kw != 1 || x->pad_y || x->pad_x || (x->oh - 1) * x->sy >= x->ih ||
	    (x->ow - 1) * x->sx >= x->iw)
		return;
	x->src_y *= x->sy;
	x->src_x *= x->sx;
	x->sy = x->sx = 1;
	x->ih = x->oh;
	x->iw = x->ow;
	if (x->src_y == x->src_x * x->ow && x->dst_y == x->dst_x * x->ow && x->oh * x->ow < 1 << 24) {
		x->ow *= x->oh;
		x->oh = 1;
	}
	if (x->oh == 1 && x->src_n == x->src_x * x->ow && x->dst_n == x->dst_x * x->ow &&
	    x->n * x->ow < 1 << 24) {
		x->ow *= x->n;
		x->n = 1;
	}
	x->ih = x->oh;
	x->iw = x->ow;
}

static int conv_tensors(struct accel_cg *cg, const struct accel_node *node, struct accel_tensor *in, bool *made,
			struct accel_tensor *out)
{
	const struct accel_value *v = &cg->g->values[node->in[0]];
	struct accel_layout lay = accel_layout_of(v);
	int err = accel_cg_input(cg, node->in[0], in);

	*made = false;
	if (!err && in->lay.nhwc)
		err = accel_cg_as(cg, &lay, in, made);
	return err ? err : accel_cg_output(cg, node->out[0], out);
}

int accel_lower_conv(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_graph *g = cg->g;
	const struct accel_value *xv = accel_in(g, node, 0), *w = accel_in(g, node, 1), *b = accel_in(g, node, 2);
	const struct accel_attrs *a = &node->attrs;
	struct accel_tensor in, out;
	struct accel_mx x = { 0 };
	struct accel_addr src, dst, weights, bias, scale;
	int64_t di[4], dx[4], od[4], si[4], so[4], groups = a->group > 0 ? a->group : 1;
	float *bf = NULL;
	bool made;
	int err = conv_tensors(cg, node, &in, &made, &out);

	if (err)
		return err;
	accel_value_dims4(xv, di);
	accel_value_dims4(accel_out(g, node), od);
	memcpy(dx, di, sizeof(dx));
	if (!accel_strides4(&in, dx, si) || !accel_strides4(&out, od, so))
		return accel_node_error(EINVAL, node, "a tensor has an order that does not fit its shape");
	x.n = di[0];
	x.ih = di[2];
	x.iw = di[3];
	x.oh = od[2];
	x.ow = od[3];
	x.ic = w->dims[1];
	x.oc = w->dims[0] / groups;
	x.kh = w->dims[2];
	x.kw = w->dims[3];
	x.sy = a->stride[0];
	x.sx = a->stride[1];
	x.dy = a->dilation[0];
	x.dx = a->dilation[1];
	x.pad_y = a->pad[0];
	x.pad_x = a->pad[1];
	x.src_n = si[0], x.src_c = si[1], x.src_y = si[2], x.src_x = si[3];
	x.dst_n = so[0], x.dst_c = so[1], x.dst_y = so[2], x.dst_x = so[3];
	x.w_o = (int64_t)accel_dtype_bytes(w->store);
	x.w_c = x.w_o * x.oc;
	x.w_tap = x.w_c * x.ic;
	src = in.addr;
	dst = out.addr;
	if (b) {
		bf = accel_const_f32(b);
		if (!bf)
			return accel_enomem("bias");
	}
	err = pack_conv(cg, w, groups, &weights);
	if (!err)
		err = set_numerics(cg, &x, node, &in, w, &out, bf, w->dims[0], 1);
	free(bf);
	bias = x.bias;
	scale = x.scale;
	simplify(&x);
	for (int64_t i = 0; i < groups && !err; i++) {
		x.src = (struct accel_addr){ src.region, src.off + (uint64_t)(i * x.ic * x.src_c) };
		x.dst = (struct accel_addr){ dst.region, dst.off + (uint64_t)(i * x.oc * x.dst_c) };
		x.w = (struct accel_addr){ weights.region, weights.off + (uint64_t)(i * x.kh * x.kw * x.w_tap) };
		x.bias = (struct accel_addr){ bias.region, bias.off + (uint64_t)(i * x.oc * 4) };
		x.scale = (struct accel_addr){ scale.region, scale.off + (uint64_t)(i * x.oc * 4) };
		err = emit_mx(cg, node, &x);
	}
	if (made)
		accel_arena_release(&cg->arena, in.addr.off);
	return err;
}

/* ---- Gemm, MatMul ---- */

/* Output columns have each a bias of their own, or all one. */
static bool is_row_bias(const struct accel_value *c, int64_t n)
{
	int64_t elems = accel_value_elems(c);

	return elems == 1 || (elems == n && c->rank > 0 && c->dims[c->rank - 1] == n);
}

const char *accel_can_gemm(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *a = accel_in(g, node, 0), *b = accel_in(g, node, 1), *c = accel_in(g, node, 2);
	int64_t n = b->rank == 2 ? b->dims[node->attrs.trans_b ? 0 : 1] : 0;

	if (a->rank != 2 || b->rank != 2)
		return "its operands are not matrices";
	if (c && (!c->data || !is_row_bias(c, n)))
		return "its addend is not a constant row";
	if (b->quant.channel_scale && b->quant.axis != (node->attrs.trans_b ? 0 : 1))
		return "its weights are quantised along another axis than the output columns";
	if (!b->data && node->attrs.alpha != 1)
		return "alpha is not 1 and no operand is constant";
	return check_types(a, b, accel_out(g, node));
}

/* What matrix work on [m][k] by [k][n] is. */
static struct accel_mx matrix(int64_t m, int64_t k, int64_t n)
{
	return (struct accel_mx){
		.n = 1, .ih = 1, .iw = m, .ic = k, .oh = 1, .ow = m, .oc = n, .kh = 1, .kw = 1,
		.sy = 1, .sx = 1, .dy = 1, .dx = 1,
	};
}

/* Row of the weights that the @k-th stored element of an input row meets: itself, or by channels-last order. */
static int64_t logical_k(const struct accel_layout *lay, int64_t k)
{
	int64_t c = lay->dim[1], h = lay->dim[2], w = lay->dim[3];

	return lay->nhwc ? (k % c * h + k / c / w) * w + k / c % w : k;
}

static int pack_gemm(struct accel_cg *cg, const struct accel_value *b, const struct accel_layout *lay, bool trans,
		     float alpha, struct accel_addr *addr)
{
	int64_t k = b->dims[trans ? 1 : 0], n = b->dims[trans ? 0 : 1], es = (int64_t)accel_dtype_bytes(b->store);
	float *f = accel_const_f32(b);
	uint8_t *p = accel_cg_const(cg, (uint64_t)(k * n * es), addr);

	if (!f || !p) {
		free(f);
		return accel_enomem("weights");
	}
	for (int64_t i = 0; i < k; i++) {
		int64_t row = logical_k(lay, i);

		for (int64_t j = 0; j < n; j++)
			pack_weight(b, j, alpha * (trans ? f[j * k + row] : f[row * n + j]), p + (i * n + j) * es);
	}
	free(f);
	return 0;
}

/* @beta times the addend as a row of @n, to be freed; NULL in *@out where there is none. */
static int row_bias(const struct accel_value *c, int64_t n, float beta, float **out)
{
	float *f;

	*out = NULL;
	if (!c)
		return 0;
	f = accel_const_f32(c);
	*out = calloc((size_t)n, sizeof(**out));
	if (!f || !*out) {
		free(f);
		return accel_enomem("bias");
	}
	for (int64_t i = 0; i < n; i++)
		(*out)[i] = beta * f[accel_value_elems(c) == 1 ? 0 : i];
	free(f);
	return 0;
}

static const struct accel_layout rows = { .nhwc = false };

/* The second operand: packed constants, or a computed matrix as it lies. */
static int set_b(struct accel_cg *cg, struct accel_mx *x, const struct accel_node *node,
		 const struct accel_tensor *a, struct accel_tensor *tb, bool *made)
{
	const struct accel_value *b = accel_in(cg->g, node, 1);
	bool ints = accel_is_int8(a->type), trans = node->attrs.trans_b;
	int64_t es = (int64_t)accel_dtype_bytes(b->store);
	int err;

	*made = false;
	x->w_o = es;
	x->w_c = es * x->oc;
	if (b->data)
		return pack_gemm(cg, b, &a->lay, trans, ints ? 1 : node->attrs.alpha, &x->w);
	err = accel_cg_input(cg, node->in[1], tb);
	if (!err)
		err = accel_cg_as(cg, &rows, tb, made);
	x->w = tb->addr;
	if (trans) {
		x->w_o = es * x->ic;
		x->w_c = es;
	}
	return err;
}

int accel_lower_gemm(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_graph *g = cg->g;
	const struct accel_value *av = accel_in(g, node, 0), *bv = accel_in(g, node, 1), *ov = accel_out(g, node);
	const struct accel_attrs *at = &node->attrs;
	int64_t m = ov->dims[0], n = ov->dims[1], k = av->dims[at->trans_a ? 0 : 1];
	struct accel_mx x = matrix(m, k, n);
	struct accel_tensor a, b, out;
	bool made_a = false, made_b = false;
	float *bias = NULL;
	int64_t es;
	int err;

	err = accel_cg_input(cg, node->in[0], &a);
	if (err)
		return err;
	if (a.lay.nhwc && (!bv->data || at->trans_a || a.lay.dim[0] != m))
		err = accel_cg_as(cg, &rows, &a, &made_a);
	if (!err)
		err = set_b(cg, &x, node, &a, &b, &made_b);
	if (!err)
		err = accel_cg_output(cg, node->out[0], &out);
	if (!err)
		err = row_bias(accel_in(g, node, 2), n, at->beta, &bias);
	if (!err)
		err = set_numerics(cg, &x, node, &a, bv, &out, bias, n, accel_is_int8(a.type) ? at->alpha : 1);
	free(bias);
	if (err)
		return err;
	es = (int64_t)accel_dtype_bytes(a.type);
	x.src = a.addr;
	x.src_c = at->trans_a ? es * m : es;
	x.src_x = at->trans_a ? es : es * k;
	x.dst = out.addr;
	x.dst_c = (int64_t)accel_dtype_bytes(out.type);
	x.dst_x = x.dst_c * n;
	err = emit_mx(cg, node, &x);
	if (made_a)
		accel_arena_release(&cg->arena, a.addr.off);
	if (made_b)
		accel_arena_release(&cg->arena, b.addr.off);
	return err;
}

/* Product of the dims before the last two. */
static int64_t batches(const struct accel_value *v)
{
	int64_t n = 1;

	for (int i = 0; i < v->rank - 2; i++)
		n *= v->dims[i];
	return n;
}

const char *accel_can_matmul(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *a = accel_in(g, node, 0), *b = accel_in(g, node, 1);

	if (a->rank < 2 || b->rank < 2)
		return "an operand is a vector";
	if (batches(b) != 1 && batches(a) != batches(b))
		return "its batches are broadcast";
	if (batches(b) != 1 && b->data)
		return "its weights are a batch";
	if (b->quant.channel_scale && b->quant.axis != b->rank - 1)
		return "its weights are quantised along another axis than the output columns";
	return check_types(a, b, accel_out(g, node));
}

int accel_lower_matmul(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_graph *g = cg->g;
	const struct accel_value *av = accel_in(g, node, 0), *bv = accel_in(g, node, 1);
	int64_t k = av->dims[av->rank - 1], n = bv->dims[bv->rank - 1], many = batches(bv);
	int64_t m = accel_value_elems(av) / k / many;
	struct accel_value flat = *bv;
	struct accel_mx x = matrix(m, k, n);
	struct accel_tensor a, b = { 0 }, out, res;
	bool made_a = false, made_b = false;
	int err;

	err = accel_cg_input(cg, node->in[0], &a);
	if (!err)
		err = accel_cg_as(cg, &rows, &a, &made_a);
	if (!err)
		err = accel_cg_output(cg, node->out[0], &out);
	if (err)
		return err;
	flat.rank = 2;
	flat.dims[0] = k;
	flat.dims[1] = n;
	x.w_o = (int64_t)accel_dtype_bytes(bv->store);
	x.w_c = x.w_o * n;
	if (bv->data) {
		err = pack_gemm(cg, &flat, &rows, false, 1, &x.w);
	} else {
		err = accel_cg_input(cg, node->in[1], &b);
		if (!err)
			err = accel_cg_as(cg, &rows, &b, &made_b);
		x.w = b.addr;
	}
	/* The result row-major, then in its own order where that is another. */
	res = out;
	res.lay = rows;
	if (!err && out.lay.nhwc)
		err = accel_cg_temp(cg, &res);
	if (!err)
		err = set_numerics(cg, &x, node, &a, bv, &out, NULL, n, 1);
	x.src_c = (int64_t)accel_dtype_bytes(a.type);
	x.src_x = x.src_c * k;
	x.dst_c = (int64_t)accel_dtype_bytes(out.type);
	x.dst_x = x.dst_c * n;
	for (int64_t i = 0; i < many && !err; i++) {
		struct accel_mx y = x;

		y.src = (struct accel_addr){ a.addr.region, a.addr.off + (uint64_t)(i * m * x.src_x) };
		y.w = (struct accel_addr){ x.w.region, x.w.off + (uint64_t)(i * k * x.w_c) };
		y.dst = (struct accel_addr){ res.addr.region, res.addr.off + (uint64_t)(i * m * x.dst_x) };
		err = emit_mx(cg, node, &y);
	}
	if (!err && out.lay.nhwc) {
		err = accel_emit_convert(cg, &res, &out);
		accel_arena_release(&cg->arena, res.addr.off);
	}
	if (made_a)
		accel_arena_release(&cg->arena, a.addr.off);
	if (made_b)
		accel_arena_release(&cg->arena, b.addr.off);
	return err;
}
