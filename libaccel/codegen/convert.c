// SPDX-License-Identifier: MIT
/* Copies between layouts and types: transposition by the DMA's strides, conversion by the vector unit. */
#include <math.h>
#include <string.h>

#include "codegen.h"
#include "libaccel/error.h"

void accel_stage(struct loom_ewise *d, enum loom_ew_op op, enum loom_ew_operand operand)
{
	int i = 0;

	while (d->stage[i].op != LOOM_EW_NOP)
		i++;
	d->stage[i].op = (uint8_t)op;
	d->stage[i].operand = (uint8_t)operand;
}

void accel_stage_imm(struct loom_ewise *d, enum loom_ew_op op, int i, float v)
{
	d->imm[i] = accel_bits(v);
	accel_stage(d, op, (enum loom_ew_operand)(LOOM_EWS_IMM0 + i));
}

void accel_stage_act(struct loom_ewise *d, const struct accel_act *act, int i)
{
	if (act->kind != ACCEL_ACT_CLIP)
		return;
	if (act->lo > -INFINITY)
		accel_stage_imm(d, LOOM_EW_MAX, i, act->lo);
	if (act->hi < INFINITY)
		accel_stage_imm(d, LOOM_EW_MIN, i + 1, act->hi);
}

static bool same_type(const struct accel_tensor *a, const struct accel_tensor *b)
{
	return a->type == b->type && (!accel_is_int8(a->type) ||
				      (a->scale == b->scale && a->zero_point == b->zero_point));
}

/* The vector unit's part of a conversion of @m x @n packed elements. */
static void emit_cast(struct accel_emit *e, const struct accel_tensor *src, const struct accel_tensor *dst,
		      const struct accel_act *act, uint32_t from, uint32_t to, int64_t count)
{
	struct loom_ewise d = {
		.d.op = LOOM_OP_EWISE, .m = 1, .n = (uint32_t)count, .src0 = from, .dst = to,
		.lds0 = (uint32_t)(count * (int64_t)accel_dtype_bytes(src->type)),
		.ldd = (uint32_t)(count * (int64_t)accel_dtype_bytes(dst->type)),
		.src0_type = (uint8_t)accel_loom_type(src->type),
		.dst_type = (uint8_t)accel_loom_type(dst->type),
	};

	if (accel_is_int8(src->type)) {
		d.zp0 = (int16_t)src->zero_point;
		accel_stage_imm(&d, LOOM_EW_MUL, 0, src->scale);
	}
	accel_stage_act(&d, act, 1);
	if (accel_is_int8(dst->type)) {
		d.zpd = (int16_t)dst->zero_point;
		accel_stage_imm(&d, LOOM_EW_DIV, 3, dst->scale);
	}
	accel_emit(e, &d);
}

/* A copy over four dimensions in the order of the destination. */
struct walk {
	int64_t n[4], src[4], dst[4];
};

static void copy_box(struct accel_cg *cg, const struct accel_tensor *src, const struct accel_tensor *dst,
		     const struct accel_act *act, const struct walk *w, const int64_t at[4], const int64_t size[4])
{
	int64_t es = (int64_t)accel_dtype_bytes(src->type), ed = (int64_t)accel_dtype_bytes(dst->type);
	struct accel_copy in = { .addr = src->addr, .elem = (uint32_t)es }, out = { .addr = dst->addr, .elem = (uint32_t)ed };
	int64_t count = 1;

	for (int i = 0; i < 4; i++) {
		int k = 3 - i;

		in.n[i] = out.n[i] = size[k];
		in.addr.off += (uint64_t)(at[k] * w->src[k]);
		out.addr.off += (uint64_t)(at[k] * w->dst[k]);
		in.va[i] = w->src[k];
		out.va[i] = w->dst[k];
		in.sp[i] = count * es;
		out.sp[i] = count * ed;
		count *= size[k];
	}
	in.n[4] = out.n[4] = 1;
	in.spm = out.spm = accel_spm_alloc(&cg->e, (uint64_t)(count * es));
	accel_emit_load(&cg->e, &in);
	if (!same_type(src, dst) || act->kind != ACCEL_ACT_NONE) {
		out.spm = accel_spm_alloc(&cg->e, (uint64_t)(count * ed));
		emit_cast(&cg->e, src, dst, act, in.spm, out.spm, count);
	}
	accel_emit_store(&cg->e, &out);
}

static void copy_walk(struct accel_cg *cg, const struct accel_tensor *src, const struct accel_tensor *dst,
		      const struct accel_act *act, const struct walk *w)
{
	int64_t each = (int64_t)(accel_dtype_bytes(src->type) + accel_dtype_bytes(dst->type));
	int64_t room = accel_min64((int64_t)(cg->e.spm_bytes / 4 - 2 * ACCEL_SPM_ALIGN) / each, 1 << 24);
	int64_t size[4], at[4] = { 0 };

	for (int k = 3; k >= 0; k--) {
		size[k] = accel_min64(w->n[k], accel_max64(room, 1));
		room /= w->n[k];
	}
	accel_pin_reserve(&cg->e, 0, 1);
	for (at[0] = 0; at[0] < w->n[0]; at[0] += size[0])
		for (at[1] = 0; at[1] < w->n[1]; at[1] += size[1])
			for (at[2] = 0; at[2] < w->n[2]; at[2] += size[2])
				for (at[3] = 0; at[3] < w->n[3]; at[3] += size[3]) {
					int64_t part[4];

					for (int k = 0; k < 4; k++)
						part[k] = accel_min64(size[k], w->n[k] - at[k]);
					copy_box(cg, src, dst, act, w, at, part);
				}
}

void accel_emit_walk(struct accel_cg *cg, const struct accel_tensor *src, const struct accel_tensor *dst,
		     const struct accel_act *act, const int64_t n[4], const int64_t from[4], const int64_t to[4])
{
	struct walk w;

	memcpy(w.n, n, sizeof(w.n));
	memcpy(w.src, from, sizeof(w.src));
	memcpy(w.dst, to, sizeof(w.dst));
	copy_walk(cg, src, dst, act, &w);
}

static int convert(struct accel_cg *cg, const struct accel_tensor *src, const struct accel_tensor *dst,
		   const struct accel_act *act)
{
	static const int nchw[4] = { 0, 1, 2, 3 }, nhwc[4] = { 0, 2, 3, 1 };
	const int *order = dst->lay.nhwc ? nhwc : nchw;
	const int64_t *dim = dst->lay.nhwc ? dst->lay.dim : src->lay.dim;
	int64_t from[4], to[4];
	struct walk w = { .n = { 1, 1, 1, dst->elems } };

	if (accel_layout_same(&src->lay, &dst->lay) && !src->pitch && !dst->pitch) {
		w.src[3] = (int64_t)accel_dtype_bytes(src->type);
		w.dst[3] = (int64_t)accel_dtype_bytes(dst->type);
		copy_walk(cg, src, dst, act, &w);
		return cg->e.err;
	}
	if (!accel_strides4(src, dim, from) || !accel_strides4(dst, dim, to)) {
		struct accel_tensor flat = *src;
		int err;

		flat.lay = (struct accel_layout){ .nhwc = false };
		flat.pitch = 0;
		err = accel_cg_temp(cg, &flat);
		if (!err)
			err = convert(cg, src, &flat, &(struct accel_act){ ACCEL_ACT_NONE, 0, 0 });
		if (!err)
			err = convert(cg, &flat, dst, act);
		accel_arena_release(&cg->arena, flat.addr.off);
		return err;
	}
	for (int i = 0; i < 4; i++) {
		w.n[i] = dim[order[i]];
		w.src[i] = from[order[i]];
		w.dst[i] = to[order[i]];
	}
	copy_walk(cg, src, dst, act, &w);
	return cg->e.err;
}

int accel_emit_convert(struct accel_cg *cg, const struct accel_tensor *src, const struct accel_tensor *dst)
{
	return convert(cg, src, dst, &(struct accel_act){ ACCEL_ACT_NONE, 0, 0 });
}

const char *accel_can_unary(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *in = accel_in(g, node, 0);

	if (in && in->quant.channel_scale)
		return "per-channel quantisation of an activation is not supported on the NPU";
	return NULL;
}

/* Relu, Clip, Identity, QuantizeLinear, DequantizeLinear: a conversion with clamps. */
int accel_lower_unary(struct accel_cg *cg, const struct accel_node *node)
{
	struct accel_act act = node->act;
	struct accel_tensor in, out;
	int err;

	if (node->op == ACCEL_OP_RELU)
		act = (struct accel_act){ ACCEL_ACT_CLIP, 0, INFINITY };
	else if (node->op == ACCEL_OP_CLIP)
		act = (struct accel_act){ ACCEL_ACT_CLIP, node->attrs.lo, node->attrs.hi };
	err = accel_cg_input(cg, node->in[0], &in);
	if (!err)
		err = accel_cg_output(cg, node->out[0], &out);
	return err ? err : convert(cg, &in, &out, &act);
}

/* Axis of the input that output axis @i is; a first entry of -1 reverses. */
static int perm_of(const struct accel_node *node, int rank, int i)
{
	if (i >= rank)
		return i;
	return node->attrs.perm[0] < 0 ? rank - 1 - i : (int)node->attrs.perm[i];
}

/*
 * A channel shuffle: of [n][groups][each][pixels], which is kept as [n][pixels][groups * each], the middle two change places; what
 * comes out is kept in the same way, as whoever reads it as an image wants it.
 */
static bool is_shuffle(const struct accel_cg *cg, const struct accel_node *node, const struct accel_tensor *in)
{
	const struct accel_value *v = accel_in(cg->g, node, 0);
	const int64_t *dim = in->lay.dim, *perm = node->attrs.perm;

	return v->rank == 4 && in->lay.nhwc && perm[0] == 0 && perm[1] == 2 && perm[2] == 1 && perm[3] == 3 &&
	       dim[0] == v->dims[0] && dim[1] == v->dims[1] * v->dims[2] && dim[2] * dim[3] == v->dims[3] &&
	       cg->prog->host_off[node->out[0]] == ACCEL_NO_HOST && !cg->homes[node->out[0]].joined;
}

static int lower_shuffle(struct accel_cg *cg, const struct accel_node *node, const struct accel_tensor *in)
{
	const struct accel_value *v = accel_in(cg->g, node, 0);
	int64_t groups = v->dims[1], each = v->dims[2], pixels = v->dims[0] * v->dims[3];
	struct accel_tensor out;
	int err = accel_cg_output(cg, node->out[0], &out);
	int64_t es = (int64_t)accel_dtype_bytes(in->type), ed = (int64_t)accel_dtype_bytes(out.type);
	struct walk w = {
		.n = { 1, pixels, each, groups }, .src = { 0, (in->pitch ? in->pitch : groups * each) * es, es, each * es },
		.dst = { 0, groups * each * ed, groups * ed, ed },
	};

	if (err)
		return err;
	out.lay = cg->homes[node->out[0]].t.lay = in->lay;
	copy_walk(cg, in, &out, &node->act, &w);
	return cg->e.err;
}

/* The copy walks the output; the DMA's strides on the input do the rest. */
int accel_lower_transpose(struct accel_cg *cg, const struct accel_node *node)
{
	static const int nchw[4] = { 0, 1, 2, 3 }, nhwc[4] = { 0, 2, 3, 1 };
	const struct accel_value *iv = accel_in(cg->g, node, 0), *ov = accel_out(cg->g, node);
	struct accel_layout lay = accel_layout_of(iv);
	int64_t in_dim[4], out_dim[4], from[4], to[4];
	struct accel_tensor in, out;
	struct walk w;
	bool made = false;
	int err = accel_cg_input(cg, node->in[0], &in);

	if (!err && is_shuffle(cg, node, &in))
		return lower_shuffle(cg, node, &in);
	if (!err && in.lay.nhwc)
		err = accel_cg_as(cg, &lay, &in, &made);
	if (!err)
		err = accel_cg_output(cg, node->out[0], &out);
	if (err)
		return err;
	accel_value_dims4(iv, in_dim);
	accel_value_dims4(ov, out_dim);
	accel_strides4(&in, in_dim, from);
	accel_strides4(&out, out_dim, to);
	for (int i = 0; i < 4; i++) {
		int axis = out.lay.nhwc ? nhwc[i] : nchw[i];

		w.n[i] = out_dim[axis];
		w.dst[i] = to[axis];
		w.src[i] = from[perm_of(node, ov->rank, axis)];
	}
	copy_walk(cg, &in, &out, &node->act, &w);
	if (made)
		accel_arena_release(&cg->arena, in.addr.off);
	return cg->e.err;
}
