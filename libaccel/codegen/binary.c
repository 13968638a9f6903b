// SPDX-License-Identifier: MIT
/*
 * Add, Sub, Mul, Div, and a product and sum by channel in one. The operand whose shape is the result's is walked as a matrix; the other is a matrix too, or a
 * row for every so many rows, or, where constant, a vector or a number.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "libaccel/error.h"
#include "libaccel/graph/build.h"

enum side_kind {
	SIDE_FULL,	/* as many elements as the result */
	SIDE_NUMBER,	/* constant, one element */
	SIDE_VECTOR,	/* constant, one row for all */
	SIDE_AFFINE,	/* two vectors */
	SIDE_ROW,	/* computed, one row for each group of rows */
	SIDE_NONE,	/* not supported */
};

/* Dims of @v aligned to the right of the result's. */
static void aligned(const struct accel_value *v, int rank, int64_t *dim)
{
	for (int i = 0; i < rank; i++) {
		int k = i - (rank - v->rank);

		dim[i] = k >= 0 ? v->dims[k] : 1;
	}
}

/* Does @v have extent only along one axis of the result (and, if @images, along the first)? */
static bool along(const struct accel_value *v, const struct accel_value *out, int axis, bool images)
{
	int64_t dim[ACCEL_MAX_RANK];

	aligned(v, out->rank, dim);
	for (int i = 0; i < out->rank; i++) {
		if (i == axis || (i == 0 && images && dim[0] == out->dims[0]))
			continue;
		if (dim[i] != 1)
			return false;
	}
	return dim[axis] == out->dims[axis];
}

static bool is_full(const struct accel_value *v, const struct accel_value *out)
{
	int64_t dim[ACCEL_MAX_RANK];

	if (v->rank > out->rank)
		return false;
	aligned(v, out->rank, dim);
	return !memcmp(dim, out->dims, (size_t)out->rank * sizeof(*dim));
}

/* The axis whose elements lie next to each other where the result is kept. */
static int inner_axis(const struct accel_value *out)
{
	struct accel_layout lay = accel_layout_of(out);

	if (lay.nhwc)
		return 1;
	/* [n][c][1][1] is a matrix of n rows. */
	return out->rank == 4 && out->dims[2] * out->dims[3] == 1 ? 1 : out->rank - 1;
}

static enum side_kind classify(const struct accel_value *v, const struct accel_value *out)
{
	if (is_full(v, out) && !(v->data && accel_value_elems(v) == 1))
		return SIDE_FULL;
	if (v->rank > out->rank)
		return SIDE_NONE;
	if (v->data && accel_value_elems(v) == 1)
		return SIDE_NUMBER;
	if (v->data)
		return along(v, out, inner_axis(out), false) ? SIDE_VECTOR : SIDE_NONE;
	return along(v, out, inner_axis(out), true) ? SIDE_ROW : SIDE_NONE;
}

static bool arithmetic(enum accel_dtype t)
{
	return t == ACCEL_F32 || t == ACCEL_F16 || t == ACCEL_BF16 || accel_is_int8(t);
}

const char *accel_can_binary(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *a = accel_in(g, node, 0), *b = accel_in(g, node, 1), *out = accel_out(g, node);
	enum side_kind ka = classify(a, out), kb = classify(b, out);

	if (out->rank < 1)
		return "its result is a scalar";
	if (!arithmetic(a->store) || !arithmetic(b->store) || !arithmetic(out->store))
		return "its type is not supported on the NPU";
	if ((!a->data && a->quant.channel_scale) || (!b->data && b->quant.channel_scale))
		return "per-channel quantisation of an activation is not supported on the NPU";
	if (a->data && b->data)
		return "both operands are constant";
	if ((ka == SIDE_FULL && kb != SIDE_NONE) || (kb == SIDE_FULL && ka != SIDE_NONE))
		return NULL;
	return "broadcasting of this form is not supported on the NPU";
}

/**
 * struct job - what to do with rows of @cols elements
 * @a: walked
 * @b: SIDE_FULL and SIDE_ROW
 * @vec: SIDE_VECTOR: constant f32; SIDE_AFFINE: factors, and behind them what is added
 * @number: SIDE_NUMBER
 * @group: SIDE_ROW: rows that share one of @b
 * @proto: descriptor without addresses, sizes and strides
 */
struct job {
	struct accel_tensor a, b, out;
	enum side_kind kind;
	struct accel_addr vec;
	int64_t rows, cols, group;
	struct loom_ewise proto;
};

static int64_t bytes_of(const struct accel_tensor *t)
{
	return (int64_t)accel_dtype_bytes(t->type);
}

static struct accel_copy box(const struct accel_tensor *t, int64_t width, int64_t r, int64_t rows, int64_t c,
			     int64_t cols)
{
	int64_t es = bytes_of(t), pitch = t->pitch ? t->pitch : width;

	return (struct accel_copy){
		.addr = { t->addr.region, t->addr.off + (uint64_t)((r * pitch + c) * es) }, .elem = (uint32_t)es,
		.n = { cols, rows, 1, 1, 1 }, .va = { es, pitch * es, 0, 0, 0 }, .sp = { es, cols * es, 0, 0, 0 },
	};
}

static uint32_t load_box(struct accel_cg *cg, struct accel_copy c)
{
	c.spm = accel_spm_alloc(&cg->e, (uint64_t)(c.n[0] * c.n[1]) * c.elem);
	accel_emit_load(&cg->e, &c);
	return c.spm;
}

/* Columns @c.. of the job's vector @i in the scratchpad. */
static uint32_t load_vector(struct accel_cg *cg, const struct job *j, int i, int64_t c, int64_t cols)
{
	struct accel_addr at = { j->vec.region, j->vec.off + (uint64_t)(i * j->cols + c) * 4 };
	uint32_t spm = accel_spm_alloc(&cg->e, (uint64_t)cols * 4);

	accel_emit_load_flat(&cg->e, at, spm, (uint64_t)cols * 4);
	return spm;
}

static void emit_tile(struct accel_cg *cg, const struct job *j, int64_t r, int64_t rows, int64_t c, int64_t cols)
{
	struct loom_ewise d = j->proto;
	struct accel_copy out = box(&j->out, j->cols, r, rows, c, cols);

	d.m = (uint32_t)rows;
	d.n = (uint32_t)cols;
	d.src0 = load_box(cg, box(&j->a, j->cols, r, rows, c, cols));
	d.lds0 = (uint32_t)(cols * bytes_of(&j->a));
	if (j->kind == SIDE_FULL) {
		d.src1 = load_box(cg, box(&j->b, j->cols, r, rows, c, cols));
		d.lds1 = (uint32_t)(cols * bytes_of(&j->b));
	} else if (j->kind == SIDE_ROW) {
		d.src1 = load_box(cg, box(&j->b, j->cols, r / j->group, 1, c, cols));
	} else if (j->kind == SIDE_VECTOR || j->kind == SIDE_AFFINE) {
		d.vec0 = load_vector(cg, j, 0, c, cols);
		if (j->kind == SIDE_AFFINE)
			d.vec1 = load_vector(cg, j, 1, c, cols);
	}
	out.spm = accel_spm_alloc(&cg->e, (uint64_t)(rows * cols) * out.elem);
	d.dst = out.spm;
	d.ldd = (uint32_t)(cols * bytes_of(&j->out));
	accel_emit(&cg->e, &d);
	accel_emit_store(&cg->e, &out);
}

static void emit_job(struct accel_cg *cg, const struct job *j)
{
	int64_t each = bytes_of(&j->a) + bytes_of(&j->out) +
		       (j->kind == SIDE_FULL || j->kind == SIDE_ROW ? bytes_of(&j->b) : j->kind == SIDE_AFFINE ? 8 : 4);
	int64_t room = (int64_t)(cg->m.spm_bytes / 4 - 4 * ACCEL_SPM_ALIGN) / each;
	int64_t tc = accel_min64(j->cols, room), tr = accel_max64(1, accel_min64(j->group, room / tc));

	accel_pin_reserve(&cg->e, 0, 1);
	for (int64_t c = 0; c < j->cols; c += tc)
		for (int64_t g = 0; g < j->rows; g += j->group)
			for (int64_t r = g; r < g + j->group; r += tr)
				emit_tile(cg, j, r, accel_min64(tr, g + j->group - r), c,
					  accel_min64(tc, j->cols - c));
}

static enum loom_ew_op ew_op(enum accel_op op, bool swapped)
{
	switch (op) {
	case ACCEL_OP_ADD:
		return LOOM_EW_ADD;
	case ACCEL_OP_SUB:
		return swapped ? LOOM_EW_RSUB : LOOM_EW_SUB;
	case ACCEL_OP_MUL:
		return LOOM_EW_MUL;
	default:
		return swapped ? LOOM_EW_RDIV : LOOM_EW_DIV;
	}
}

/*
 * The chain of micro-operations. Integer sources come as (q - zero point); their scales are multiplied in as late as
 * the operation allows, the result's is divided out with them, and clamps follow in its unit.
 */
static void set_chain(struct job *j, const struct accel_node *node, bool swapped, float number)
{
	struct loom_ewise *d = &j->proto;
	bool b_int = (j->kind == SIDE_FULL || j->kind == SIDE_ROW) && accel_is_int8(j->b.type);
	float sa = accel_is_int8(j->a.type) ? j->a.scale : 1, sb = b_int ? j->b.scale : 1;
	float so = accel_is_int8(j->out.type) ? j->out.scale : 1, factor;
	enum loom_ew_op op = ew_op(node->op, swapped);
	struct accel_act act = node->act;

	if (node->op == ACCEL_OP_MUL) {
		factor = sa * sb / so;
	} else if (node->op == ACCEL_OP_DIV) {
		factor = (swapped ? sb / sa : sa / sb) / so;
	} else if (j->kind == SIDE_NUMBER) {
		number /= sa;
		factor = sa / so;
	} else {
		if (sa != sb)
			accel_stage_imm(d, LOOM_EW_MUL, 0, sa / sb);
		factor = sb / so;
	}
	switch (j->kind) {
	case SIDE_NUMBER:
		accel_stage_imm(d, op, 0, number);
		break;
	case SIDE_VECTOR:
		accel_stage(d, op, LOOM_EWS_VEC0);
		break;
	default:
		accel_stage(d, op, LOOM_EWS_SRC1);
		d->src1_type = (uint8_t)accel_loom_type(j->b.type);
		d->zp1 = (int16_t)(b_int ? j->b.zero_point : 0);
		break;
	}
	act.lo /= so;
	act.hi /= so;
	if (factor != 1.0f)
		accel_stage_imm(d, LOOM_EW_MUL, 1, factor);
	accel_stage_act(d, &act, 2);
	d->src0_type = (uint8_t)accel_loom_type(j->a.type);
	d->dst_type = (uint8_t)accel_loom_type(j->out.type);
	d->zp0 = (int16_t)(accel_is_int8(j->a.type) ? j->a.zero_point : 0);
	d->zpd = (int16_t)(accel_is_int8(j->out.type) ? j->out.zero_point : 0);
}

/* The second operand of @j by its kind, from value @v. */
static int set_side(struct accel_cg *cg, struct job *j, int v, const struct accel_value *out, float *number, bool *made)
{
	const struct accel_value *val = &cg->g->values[v];
	float *f, *p;
	int err = 0;

	*made = false;
	if (j->kind == SIDE_FULL || j->kind == SIDE_ROW) {
		err = accel_cg_input(cg, v, &j->b);
		return err || j->kind == SIDE_ROW ? err : accel_cg_as(cg, &j->out.lay, &j->b, made);
	}
	f = accel_const_f32(val);
	if (!f)
		return accel_enomem("constants");
	if (j->kind == SIDE_NUMBER) {
		*number = f[0];
	} else {
		p = accel_cg_const(cg, (uint64_t)out->dims[inner_axis(out)] * 4, &j->vec);
		if (p)
			memcpy(p, f, (size_t)out->dims[inner_axis(out)] * 4);
		else
			err = accel_enomem("constants");
	}
	free(f);
	return err;
}

/* Rows and columns to walk: the inner axis where the second operand needs to know it, else one long row. */
static void set_shape(struct job *j, const struct accel_value *side, const struct accel_value *out)
{
	int64_t dim[ACCEL_MAX_RANK];
	bool gaps = j->a.pitch || j->out.pitch || (j->kind == SIDE_FULL && j->b.pitch);

	j->cols = (j->kind == SIDE_FULL || j->kind == SIDE_NUMBER) && !gaps ? j->out.elems : out->dims[inner_axis(out)];
	j->rows = j->out.elems / j->cols;
	j->group = j->rows;
	if (j->kind != SIDE_ROW)
		return;
	aligned(side, out->rank, dim);
	if (dim[0] == out->dims[0] && inner_axis(out) != 0)
		j->group = j->rows / out->dims[0];
}

/* What @node reads as its input @walked, laid out as what it makes; @made: that is a copy, to be given back. */
static int set_operands(struct accel_cg *cg, struct job *j, const struct accel_node *node, int walked, bool *made)
{
	int err = accel_cg_input(cg, walked, &j->a);

	if (!err)
		err = accel_cg_output(cg, node->out[0], &j->out);
	if (!err)
		err = accel_cg_as(cg, &j->out.lay, &j->a, made);
	return err;
}

int accel_lower_binary(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_value *out = accel_out(cg->g, node);
	const struct accel_value *a = accel_in(cg->g, node, 0), *b = accel_in(cg->g, node, 1);
	/* The walked operand is computed and full; Sub and Div know both orders. */
	bool swapped = a->data || classify(a, out) != SIDE_FULL;
	int walked = node->in[swapped], other = node->in[!swapped];
	struct job j = { .kind = classify(swapped ? a : b, out), .proto = { .d.op = LOOM_OP_EWISE } };
	bool made_a = false, made_b = false;
	float number = 0;
	int err;

	err = set_operands(cg, &j, node, walked, &made_a);
	if (!err)
		err = set_side(cg, &j, other, out, &number, &made_b);
	if (err)
		return err;
	set_shape(&j, &cg->g->values[other], out);
	set_chain(&j, node, swapped, number);
	emit_job(cg, &j);
	if (made_a)
		accel_arena_release(&cg->arena, j.a.addr.off);
	if (made_b)
		accel_arena_release(&cg->arena, j.b.addr.off);
	return cg->e.err;
}

const char *accel_can_affine(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *x = accel_in(g, node, 0), *out = accel_out(g, node);

	for (int i = 1; i < 5; i++)
		if (!accel_in(g, node, i) || !accel_in(g, node, i)->data)
			return "its parameters are computed";
	if (node->attrs.flag || node->attrs.epsilon != 0 || node->num_out > 1)
		return "it is not a product and a sum by channel";
	if (!arithmetic(x->store) || !arithmetic(out->store))
		return "its type is not supported on the NPU";
	if (x->data || x->quant.channel_scale)
		return "per-channel quantisation of an activation is not supported on the NPU";
	return out->rank >= 2 && inner_axis(out) == 1 ? NULL : "its channels do not lie next to each other";
}

static void set_types(struct job *j)
{
	j->proto.src0_type = (uint8_t)accel_loom_type(j->a.type);
	j->proto.dst_type = (uint8_t)accel_loom_type(j->out.type);
	j->proto.zp0 = (int16_t)(accel_is_int8(j->a.type) ? j->a.zero_point : 0);
	j->proto.zpd = (int16_t)(accel_is_int8(j->out.type) ? j->out.zero_point : 0);
}

/* One long row, and no second operand. */
int accel_lower_sqrt(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_value *out = accel_out(cg->g, node);
	struct job j = { .kind = SIDE_NUMBER, .proto = { .d.op = LOOM_OP_EWISE } };
	bool made = false;
	int err = set_operands(cg, &j, node, node->in[0], &made);

	if (err)
		return err;
	set_shape(&j, NULL, out);
	if (accel_is_int8(j.a.type))
		accel_stage_imm(&j.proto, LOOM_EW_MUL, 0, j.a.scale);
	accel_stage(&j.proto, LOOM_EW_SQRT, LOOM_EWS_NONE);
	if (accel_is_int8(j.out.type))
		accel_stage_imm(&j.proto, LOOM_EW_MUL, 1, 1 / j.out.scale);
	set_types(&j);
	emit_job(cg, &j);
	if (made)
		accel_arena_release(&cg->arena, j.a.addr.off);
	return cg->e.err;
}

/* x * f + t by channel: the scales of integers go into f and t. */
int accel_lower_affine(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_value *out = accel_out(cg->g, node);
	const float *f = accel_in(cg->g, node, 1)->data, *t = accel_in(cg->g, node, 2)->data;
	struct job j = { .kind = SIDE_AFFINE, .proto = { .d.op = LOOM_OP_EWISE } };
	struct accel_act act = node->act;
	float sx, so, *p;
	bool made = false;
	int err = set_operands(cg, &j, node, node->in[0], &made);

	if (err)
		return err;
	j.cols = out->dims[1];
	j.rows = j.group = j.out.elems / j.cols;
	p = accel_cg_const(cg, (uint64_t)j.cols * 8, &j.vec);
	if (!p)
		return accel_enomem("constants");
	sx = accel_is_int8(j.a.type) ? j.a.scale : 1;
	so = accel_is_int8(j.out.type) ? j.out.scale : 1;
	for (int64_t c = 0; c < j.cols; c++) {
		p[c] = f[c] * sx / so;
		p[j.cols + c] = t[c] / so;
	}
	accel_stage(&j.proto, LOOM_EW_MUL, LOOM_EWS_VEC0);
	accel_stage(&j.proto, LOOM_EW_ADD, LOOM_EWS_VEC1);
	act.lo /= so;
	act.hi /= so;
	accel_stage_act(&j.proto, &act, 2);
	set_types(&j);
	emit_job(cg, &j);
	if (made)
		accel_arena_release(&cg->arena, j.a.addr.off);
	return cg->e.err;
}
