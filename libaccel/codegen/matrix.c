// SPDX-License-Identifier: MIT
/* Gemm and MatMul. */
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "mx_lower.h"

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
	return accel_mx_check_types(a, b, accel_out(g, node));
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

/* Return: 0 or -ENOMEM; @p->data is to be freed */
static int pack_gemm(const struct accel_value *b, const struct accel_layout *lay, bool trans, float alpha, struct accel_packed *p)
{
	int64_t k = b->dims[trans ? 1 : 0], n = b->dims[trans ? 0 : 1], es = (int64_t)accel_dtype_bytes(b->store);
	float *f = accel_const_f32(b);

	*p = (struct accel_packed){ NULL, 1, k, k, n, es };
	p->data = f ? malloc((size_t)(k * n * es)) : NULL;
	if (!p->data) {
		free(f);
		return accel_enomem("weights");
	}
	for (int64_t i = 0; i < k; i++) {
		int64_t row = logical_k(lay, i);

		for (int64_t j = 0; j < n; j++)
			accel_pack_weight(b, j, alpha * (trans ? f[j * k + row] : f[row * n + j]), p->data + (i * n + j) * es);
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

/* The second operand: packed constants, or (then @packed has none) a computed matrix as it lies. */
static int set_b(struct accel_cg *cg, struct accel_mx *x, const struct accel_node *node,
		 const struct accel_tensor *a, struct accel_tensor *tb, bool *made, struct accel_packed *packed)
{
	const struct accel_value *b = accel_in(cg->g, node, 1);
	bool ints = accel_is_int8(a->type), trans = node->attrs.trans_b;
	int64_t es = (int64_t)accel_dtype_bytes(b->store);
	int err;

	*made = false;
	x->w_o = es;
	x->w_c = es * x->oc;
	if (b->data)
		return pack_gemm(b, &a->lay, trans, ints ? 1 : node->attrs.alpha, packed);
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
	struct accel_packed packed = { NULL };
	float *bias = NULL;
	int64_t es;
	int err;

	err = accel_cg_input(cg, node->in[0], &a);
	if (err)
		return err;
	if (a.lay.nhwc && (!bv->data || at->trans_a || a.lay.dim[0] != m))
		err = accel_cg_as(cg, &rows, &a, &made_a);
	else
		err = accel_cg_packed(cg, &a, &made_a);
	if (!err)
		err = set_b(cg, &x, node, &a, &b, &made_b, &packed);
	if (!err)
		err = accel_cg_output(cg, node->out[0], &out);
	if (!err)
		err = row_bias(accel_in(g, node, 2), n, at->beta, &bias);
	if (!err)
		err = accel_mx_set_numbers(cg, &x, &(struct accel_mx_numbers){
			.a = &a, .w = bv, .out = &out, .act = &node->act, .bias = bias, .oc = n,
			.gain = accel_is_int8(a.type) ? at->alpha : 1 });
	free(bias);
	if (err) {
		free(packed.data);
		return err;
	}
	es = (int64_t)accel_dtype_bytes(a.type);
	x.src = a.addr;
	x.src_c = at->trans_a ? es * m : es;
	x.src_x = at->trans_a ? es : es * k;
	x.dst = out.addr;
	x.dst_c = (int64_t)accel_dtype_bytes(out.type);
	x.dst_x = x.dst_c * n;
	err = packed.data ? accel_lower_mx_const(cg, node, &x, &packed) : accel_lower_mx(cg, node, &x);
	free(packed.data);
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
	return accel_mx_check_types(a, b, accel_out(g, node));
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
	struct accel_packed packed = { NULL };
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
		err = pack_gemm(&flat, &rows, false, 1, &packed);
		if (!err)
			err = accel_put_weights(cg, &packed, NULL, &x);
		free(packed.data);
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
		err = accel_mx_set_numbers(cg, &x, &(struct accel_mx_numbers){
			.a = &a, .w = bv, .out = &out, .act = &node->act, .oc = n, .gain = 1 });
	x.src_c = (int64_t)accel_dtype_bytes(a.type);
	x.src_x = x.src_c * k;
	x.dst_c = (int64_t)accel_dtype_bytes(out.type);
	x.dst_x = x.dst_c * n;
	for (int64_t i = 0; i < many && !err; i++) {
		struct accel_mx y = x;

		y.src = (struct accel_addr){ a.addr.region, a.addr.off + (uint64_t)(i * m * x.src_x) };
		y.w = (struct accel_addr){ x.w.region, x.w.off + (uint64_t)(i * k * x.w_c) };
		y.dst = (struct accel_addr){ res.addr.region, res.addr.off + (uint64_t)(i * m * x.dst_x) };
		err = accel_lower_mx(cg, node, &y);
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
