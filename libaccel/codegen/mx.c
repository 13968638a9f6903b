// SPDX-License-Identifier: MIT
/* Emission of matrix work, tile by tile. */
#include "mx.h"

#include <math.h>
#include <string.h>

/* A tile of outputs, of which a pixel's lie @pitch from the next one's in the accumulators. */
struct tile {
	int64_t n0, nn, y0, ny, x0, nx, o0, no, pitch;
	int64_t pixels;
};

/* Terms of the sum: taps [ky, ky + nky) x [kx, kx + nkx), channels [c, c + nc). */
struct piece {
	int64_t ky, nky, kx, nkx, c, nc;
};

/* A box of input in the scratchpad: from row @r0, column @q0, channel @c0; byte strides by column, row, image. */
struct box {
	uint32_t spm;
	int64_t r0, rows, q0, cols, c0, chans;
	int64_t sx, sy, sn;
};

/* Weights of a piece, or of all, in the scratchpad: taps from (ky, kx), channels from @c, @no outputs a row. */
struct weights {
	uint32_t spm;
	struct piece has;
	int64_t no;
};

struct vectors {
	uint32_t bias, scale;
};

uint32_t accel_loom_bytes(enum loom_type t)
{
	switch (t) {
	case LOOM_S8:
	case LOOM_U8:
		return 1;
	case LOOM_F16:
	case LOOM_BF16:
		return 2;
	default:
		return 4;
	}
}

static uint32_t float_bits(float f)
{
	uint32_t u;

	memcpy(&u, &f, 4);
	return u;
}

/* Rows (or columns) of input in [*lo, *lo + *count) that taps reach; at least one, even where all is padding. */
static void reach(int64_t out0, int64_t count, int64_t stride, int64_t tap0, int64_t taps, int64_t dilation,
		  int64_t pad, int64_t size, int64_t *lo, int64_t *num)
{
	int64_t a = out0 * stride + tap0 * dilation - pad;
	int64_t b = a + accel_mx_span(count, stride, taps, dilation);

	a = accel_max64(accel_min64(a, size - 1), 0);
	b = accel_max64(accel_min64(b, size), a + 1);
	*lo = a;
	*num = b - a;
}

static struct box box_of(const struct accel_mx *x, const struct tile *t, const struct piece *p)
{
	struct box b = { .c0 = p->c, .chans = p->nc };

	if (x->depthwise) {
		b.c0 = t->o0;
		b.chans = t->no;
	} else if (x->groups > 1) {
		b.chans = x->groups * x->ic;
	}
	reach(t->y0, t->ny, x->sy, p->ky, p->nky, x->dy, x->pad_y, x->ih, &b.r0, &b.rows);
	reach(t->x0, t->nx, x->sx, p->kx, p->nkx, x->dx, x->pad_x, x->iw, &b.q0, &b.cols);
	b.sx = b.chans * accel_loom_bytes(x->a_type);
	b.sy = b.sx * b.cols;
	b.sn = b.sy * b.rows;
	if (x->src_kept) {
		b.c0 = 0;
		b.sx = x->src_x;
		b.sy = x->src_y;
		b.sn = x->src_n;
	}
	return b;
}

static uint64_t box_bytes(const struct accel_mx *x, const struct tile *t, const struct box *b)
{
	return (uint64_t)(t->nn * b->rows * b->cols * b->chans) * accel_loom_bytes(x->a_type);
}

static void load_box(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, const struct box *b)
{
	int64_t es = accel_loom_bytes(x->a_type);
	struct accel_copy c = {
		.addr = { x->src.region, x->src.off + (uint64_t)(t->n0 * x->src_n + b->r0 * x->src_y +
								b->q0 * x->src_x + b->c0 * x->src_c) },
		.spm = b->spm,
		.elem = (uint32_t)es,
		.n = { b->chans, b->cols, b->rows, t->nn, 1 },
		.va = { x->src_c, x->src_x, x->src_y, x->src_n, 0 },
		.sp = { es, es * b->chans, es * b->chans * b->cols, es * b->chans * b->cols * b->rows, 0 },
	};

	accel_emit_load(e, &c);
}

/* Where the nibbles of sparse weights lie that begin at @w: behind what is kept of them. */
static uint32_t nibbles_of(const struct accel_mx *x, const struct tile *t, const struct piece *p, uint32_t w)
{
	return w + accel_spm_round((uint64_t)(p->nky * p->nkx * p->nc / 2 * t->no) * accel_loom_bytes(x->b_type));
}

static void load_nibbles(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, const struct weights *w)
{
	const struct piece *p = &w->has;
	int64_t tap = x->m_c * (x->ic / 4), row = accel_ceil_div(t->no, 2);
	struct accel_copy c = {
		.addr = { x->meta.region, x->meta.off + (uint64_t)((p->ky * x->kw + p->kx) * tap + p->c / 4 * x->m_c + t->o0 / 2) },
		.spm = nibbles_of(x, t, p, w->spm),
		.elem = 1,
		.n = { row, p->nc / 4, p->nkx, p->nky, 1 },
		.va = { 1, x->m_c, tap, tap * x->kw, 0 },
		.sp = { 1, row, row * (p->nc / 4), row * (p->nc / 4) * p->nkx, 0 },
	};

	accel_emit_load(e, &c);
}

/* The box in the scratchpad: where it is kept, or in a transient buffer. */
static void get_box(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, struct box *b)
{
	if (x->src_kept) {
		b->spm = x->src_at + (uint32_t)(t->n0 * x->src_n + b->r0 * x->src_y + b->q0 * x->src_x);
		return;
	}
	b->spm = accel_spm_alloc(e, box_bytes(x, t, b));
	load_box(e, x, t, b);
}

static void load_weights(struct accel_emit *e, const struct accel_mx *x, const struct tile *t,
			 const struct weights *w)
{
	const struct piece *p = &w->has;
	int64_t es = accel_loom_bytes(x->b_type);
	struct accel_copy c = {
		.addr = { x->w.region, x->w.off + (uint64_t)((p->ky * x->kw + p->kx) * x->w_tap +
							      (x->sparse ? p->c / 2 : p->c) * x->w_c + t->o0 * x->w_o) },
		.spm = w->spm,
		.elem = (uint32_t)es,
		.n = { t->no, x->sparse ? p->nc / 2 : p->nc, p->nkx, p->nky, 1 },
		.va = { x->w_o, x->w_c, x->w_tap, x->w_tap * x->kw, 0 },
		.sp = { es },
	};

	for (int i = 1; i < 4; i++)
		c.sp[i] = c.sp[i - 1] * c.n[i - 1];
	if (x->w_blocked) {
		c.addr.off = x->w.off + (uint64_t)((t->o0 * x->kh * x->kw * x->ic + ((p->ky * x->kw + p->kx) * x->ic + p->c) * t->no) * es);
		c.va[1] = es * t->no;
		c.va[2] = c.va[1] * x->ic;
		c.va[3] = c.va[2] * x->kw;
	}
	if (x->groups > 1)
		accel_emit_load_flat(e, x->w, w->spm, (uint64_t)(x->kh * x->kw * x->ic * x->oc * es));
	else
		accel_emit_load(e, &c);
	if (x->sparse)
		load_nibbles(e, x, t, w);
}

int64_t accel_mx_weight_bytes(const struct accel_mx *x, int64_t rows, int64_t outputs)
{
	int64_t es = accel_loom_bytes(x->b_type);

	if (!x->sparse)
		return rows * outputs * es;
	return accel_spm_round((uint64_t)(rows / 2 * outputs * es)) + rows / 4 * accel_ceil_div(outputs, 2);
}

static uint64_t weight_bytes(const struct accel_mx *x, const struct tile *t, const struct piece *p)
{
	return (uint64_t)accel_mx_weight_bytes(x, p->nky * p->nkx * p->nc, t->no);
}

static void load_vectors(struct accel_emit *e, const struct accel_mx *x, const struct tile *t,
			 const struct vectors *v)
{
	struct accel_addr bias = { x->bias.region, x->bias.off + (uint64_t)t->o0 * 4 };
	struct accel_addr scale = { x->scale.region, x->scale.off + (uint64_t)t->o0 * 4 };

	if (x->has_bias)
		accel_emit_load_flat(e, bias, v->bias, (uint64_t)t->no * 4);
	if (x->has_scale)
		accel_emit_load_flat(e, scale, v->scale, (uint64_t)t->no * 4);
}

/* A vector in a transient buffer, to be used before much else is allocated. */
static uint32_t load_vector(struct accel_emit *e, bool present, struct accel_addr addr, const struct tile *t)
{
	uint32_t spm;

	if (!present)
		return 0;
	spm = accel_spm_alloc(e, (uint64_t)t->no * 4);
	addr.off += (uint64_t)t->o0 * 4;
	accel_emit_load_flat(e, addr, spm, (uint64_t)t->no * 4);
	return spm;
}

static void emit_accinit(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, uint32_t acc,
			 const struct vectors *v)
{
	struct loom_accinit d = {
		.d.op = LOOM_OP_ACCINIT, .acc = acc, .m = (uint32_t)t->pixels, .n = (uint32_t)t->no,
		.ldc = (uint32_t)t->no * 4, .bias = v->bias, .flags = LOOM_ACCINIT_BIAS,
	};

	if (x->has_bias && !x->late_bias)
		accel_emit(e, &d);
}

/* One tap whose pixels are exactly the box's: a matrix product. */
static bool is_matrix(const struct accel_mx *x, const struct tile *t, const struct piece *p, const struct box *b)
{
	int64_t r = t->y0 * x->sy + p->ky * x->dy - x->pad_y;
	int64_t q = t->x0 * x->sx + p->kx * x->dx - x->pad_x;

	return p->nky == 1 && p->nkx == 1 && x->sy == 1 && x->sx == 1 && r == b->r0 && q == b->q0 &&
	       b->rows == t->ny && b->cols == t->nx && (t->ny == 1 || b->sy == b->sx * t->nx) &&
	       (t->nn == 1 || b->sn == b->sy * t->ny);
}

static void emit_mm(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, const struct piece *p,
		    const struct box *b, uint32_t w, uint32_t acc, uint8_t flags)
{
	uint32_t es = accel_loom_bytes(x->a_type);
	struct loom_mm d = {
		.d.op = LOOM_OP_MM, .a = b->spm + (uint32_t)(p->c - b->c0) * es, .b = w, .c = acc,
		.m = (uint32_t)t->pixels, .n = (uint32_t)t->no, .k = (uint32_t)p->nc,
		.lda = (uint32_t)b->sx, .ldb = (uint32_t)t->no * accel_loom_bytes(x->b_type),
		.ldc = (uint32_t)t->pitch * 4, .a_type = (uint8_t)x->a_type, .b_type = (uint8_t)x->b_type,
		.flags = flags, .a_zp = (int16_t)x->a_zp, .b_zp = (int16_t)x->b_zp,
	};

	if (x->sparse) {
		d.flags |= LOOM_MXU_SPARSE24;
		d.meta = nibbles_of(x, t, p, w);
	}
	accel_emit(e, &d);
}

static void emit_conv(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, const struct piece *p,
		      const struct box *b, uint32_t w, uint32_t acc, uint8_t flags)
{
	uint32_t es = accel_loom_bytes(x->a_type), ws = accel_loom_bytes(x->b_type);
	struct loom_conv d = {
		.d.op = LOOM_OP_CONV, .in = b->spm + (uint32_t)(p->c - b->c0) * es, .w = w, .out = acc,
		.n = (uint32_t)t->nn, .oh = (uint32_t)t->ny, .ow = (uint32_t)t->nx,
		.ih = (uint32_t)b->rows, .iw = (uint32_t)b->cols,
		.ic = (uint32_t)p->nc, .oc = (uint32_t)t->no,
		.in_stride_x = (uint32_t)b->sx, .in_stride_y = (uint32_t)b->sy, .in_stride_n = (uint32_t)b->sn,
		.w_stride_tap = (uint32_t)(p->nc * t->no) * ws, .w_stride_c = (uint32_t)t->no * ws,
		.out_stride = (uint32_t)t->pitch * 4, .kh = (uint16_t)p->nky, .kw = (uint16_t)p->nkx,
		.sy = (uint16_t)x->sy, .sx = (uint16_t)x->sx, .dy = (uint16_t)x->dy, .dx = (uint16_t)x->dx,
		.pad_y = (int16_t)(x->pad_y + b->r0 - t->y0 * x->sy - p->ky * x->dy),
		.pad_x = (int16_t)(x->pad_x + b->q0 - t->x0 * x->sx - p->kx * x->dx),
		.idy = 1, .idx = 1, .a_type = (uint8_t)x->a_type, .b_type = (uint8_t)x->b_type, .flags = flags,
		.a_zp = (int16_t)x->a_zp, .b_zp = (int16_t)x->b_zp,
	};

	if (x->sparse) {
		d.flags |= LOOM_MXU_SPARSE24;
		d.w_stride_tap /= 2;
		d.meta = nibbles_of(x, t, p, w);
	}
	accel_emit(e, &d);
}

static void emit_dwconv(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, const struct box *b,
			uint32_t w, uint32_t acc, uint8_t flags)
{
	uint32_t es = accel_loom_bytes(x->a_type);
	struct loom_dwconv d = {
		.d.op = LOOM_OP_DWCONV, .in = b->spm, .w = w, .out = acc,
		.n = (uint32_t)t->nn, .oh = (uint32_t)t->ny, .ow = (uint32_t)t->nx,
		.ih = (uint32_t)b->rows, .iw = (uint32_t)b->cols, .c = (uint32_t)t->no,
		.in_stride_x = (uint32_t)b->chans * es, .w_stride_tap = (uint32_t)t->no * accel_loom_bytes(x->b_type),
		.out_stride = (uint32_t)t->no * 4, .kh = (uint16_t)x->kh, .kw = (uint16_t)x->kw,
		.sy = (uint16_t)x->sy, .sx = (uint16_t)x->sx, .dy = (uint16_t)x->dy, .dx = (uint16_t)x->dx,
		.pad_y = (int16_t)(x->pad_y + b->r0 - t->y0 * x->sy),
		.pad_x = (int16_t)(x->pad_x + b->q0 - t->x0 * x->sx),
		.a_type = (uint8_t)x->a_type, .b_type = (uint8_t)x->b_type, .flags = flags,
		.a_zp = (int16_t)x->a_zp, .b_zp = (int16_t)x->b_zp,
	};

	d.in_stride_y = d.in_stride_x * (uint32_t)b->cols;
	d.in_stride_n = d.in_stride_y * (uint32_t)b->rows;
	accel_emit(e, &d);
}

static void emit_sum(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, const struct piece *p,
		     const struct box *b, uint32_t w, uint32_t acc, uint8_t flags)
{
	if (is_matrix(x, t, p, b))
		emit_mm(e, x, t, p, b, w, acc, flags);
	else
		emit_conv(e, x, t, p, b, w, acc, flags);
}

/* Each group reads its channels of the box, and writes its columns of the accumulators. */
static void emit_groups(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, const struct box *b,
			uint32_t w, uint32_t acc, uint8_t flags)
{
	struct piece p = { 0, x->kh, 0, x->kw, 0, x->ic };
	struct tile one = *t;

	one.no = x->oc / x->groups;
	for (int64_t g = 0; g < x->groups; g++) {
		emit_sum(e, x, &one, &p, b, w, acc, flags);
		p.c += x->ic;
		w += (uint32_t)(x->kh * x->kw * x->ic * one.no) * accel_loom_bytes(x->b_type);
		acc += (uint32_t)one.no * 4;
	}
}

static void emit_piece(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, const struct piece *p,
		       const struct box *b, uint32_t w, uint32_t acc, bool first)
{
	uint8_t flags = first && (!x->has_bias || x->late_bias) ? LOOM_MXU_ZERO : 0;

	if (x->depthwise)
		emit_dwconv(e, x, t, b, w, acc, flags);
	else if (x->groups > 1)
		emit_groups(e, x, t, b, w, acc, flags);
	else
		emit_sum(e, x, t, p, b, w, acc, flags);
}

static bool int_type(enum loom_type t)
{
	return t == LOOM_S8 || t == LOOM_U8;
}

static void emit_requant(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, uint32_t acc,
			 uint32_t out, uint32_t ldd, uint32_t scale)
{
	struct loom_requant d = {
		.d.op = LOOM_OP_REQUANT, .src = acc | LOOM_ACC, .dst = out, .m = (uint32_t)t->pixels,
		.n = (uint32_t)t->no, .lds = (uint32_t)t->no * 4, .ldd = ldd, .scale = scale,
		.mode = LOOM_RQ_F32, .dst_type = (uint8_t)x->out_type, .flags = LOOM_RQ_PER_CHANNEL,
		.zp = (int16_t)x->out_zp, .lo = (int16_t)x->q_lo, .hi = (int16_t)x->q_hi,
	};

	accel_emit(e, &d);
}

static void add_stage(struct loom_ewise *d, int *stages, enum loom_ew_op op, int operand)
{
	d->stage[*stages].op = (uint8_t)op;
	d->stage[(*stages)++].operand = (uint8_t)operand;
}

static void add_imm(struct loom_ewise *d, int *stages, enum loom_ew_op op, int i, float v)
{
	d->imm[i] = float_bits(v);
	add_stage(d, stages, op, LOOM_EWS_IMM0 + i);
}

/* Sums of integers that nothing is added to go out by REQUANT. */
static bool by_requant(const struct accel_mx *x)
{
	return int_type(x->a_type) && int_type(x->out_type) && !(x->has_bias && x->late_bias) && !x->has_res;
}

/* The chain from an accumulator to the output. Limits that the output's type has anyway are not looked at. */
static int finish_stages(const struct accel_mx *x, struct loom_ewise *d)
{
	float unit = int_type(x->out_type) && int_type(x->a_type) ? x->out_scale : 1;
	int lowest = x->out_type == LOOM_S8 ? -128 : 0, stages = 0;
	bool typed = int_type(x->out_type);

	if (x->has_bias && x->late_bias && x->has_scale)
		add_stage(d, &stages, LOOM_EW_FMA, LOOM_EWS_PAIR(LOOM_EWS_VEC0, LOOM_EWS_VEC1));
	else if (x->has_bias && x->late_bias)
		add_stage(d, &stages, LOOM_EW_ADD, LOOM_EWS_VEC1);
	else if (x->has_scale)
		add_stage(d, &stages, LOOM_EW_MUL, LOOM_EWS_VEC0);
	if (x->has_res && x->res_gain != 1) {
		d->imm[3] = float_bits(x->res_gain);
		add_stage(d, &stages, LOOM_EW_MAC, LOOM_EWS_PAIR(LOOM_EWS_SRC1, LOOM_EWS_IMM3));
	} else if (x->has_res) {
		add_stage(d, &stages, LOOM_EW_ADD, LOOM_EWS_SRC1);
	}
	if (x->lo > -INFINITY && (!typed || x->q_lo > lowest))
		add_imm(d, &stages, LOOM_EW_MAX, 0, x->lo / unit);
	if (x->hi < INFINITY && (!typed || x->q_hi < lowest + 255))
		add_imm(d, &stages, LOOM_EW_MIN, 1, x->hi / unit);
	if (typed && !int_type(x->a_type))
		add_imm(d, &stages, LOOM_EW_DIV, 2, x->out_scale);
	return stages;
}

int accel_mx_stages(const struct accel_mx *x)
{
	struct loom_ewise d = { 0 };
	int stages = by_requant(x) ? 1 : finish_stages(x, &d);

	return stages ? stages : 1;
}

/* Accumulators to the output's type, pixels @ldd bytes apart. @res: where what is added lies */
static void emit_finish(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, uint32_t acc,
			uint32_t out, uint32_t ldd, uint32_t res, const struct vectors *v)
{
	struct loom_ewise d = {
		.d.op = LOOM_OP_EWISE, .m = (uint32_t)t->pixels, .n = (uint32_t)t->no, .src0 = acc | LOOM_ACC,
		.lds0 = (uint32_t)t->no * 4, .dst = out, .ldd = ldd,
		.src0_type = int_type(x->a_type) ? LOOM_S32 : LOOM_F32, .dst_type = (uint8_t)x->out_type,
		.zpd = (int16_t)(int_type(x->out_type) ? x->out_zp : 0),
	};

	if (by_requant(x)) {
		emit_requant(e, x, t, acc, out, ldd, v->scale);
		return;
	}
	finish_stages(x, &d);
	if (x->has_scale)
		d.vec0 = v->scale;
	if (x->has_bias && x->late_bias)
		d.vec1 = v->bias;
	if (x->has_res) {
		d.src1 = res;
		d.lds1 = (uint32_t)t->no * accel_loom_bytes(x->res_type);
		d.src1_type = (uint8_t)x->res_type;
		d.zp1 = (int16_t)x->res_zp;
	}
	accel_emit(e, &d);
}

/* Where a tile lies in the whole output, in bytes. */
static uint64_t place_of(const struct accel_mx *x, const struct tile *t)
{
	return (uint64_t)(t->n0 * x->dst_n + t->y0 * x->dst_y + t->x0 * x->dst_x + t->o0 * x->dst_c);
}

static void store_tile(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, uint32_t out)
{
	int64_t es = accel_loom_bytes(x->out_type);
	struct accel_copy c = {
		.addr = { x->dst.region, x->dst.off + place_of(x, t) },
		.spm = out,
		.elem = (uint32_t)es,
		.n = { t->no, t->nx, t->ny, t->nn, 1 },
		.va = { x->dst_c, x->dst_x, x->dst_y, x->dst_n, 0 },
		.sp = { es, es * t->no, es * t->no * t->nx, es * t->no * t->nx * t->ny, 0 },
	};

	if (x->dst_kept)
		memcpy(c.sp, c.va, sizeof(c.sp));
	accel_emit_store(e, &c);
}

/* What is added to a tile, in a transient buffer. */
static uint32_t load_res(struct accel_emit *e, const struct accel_mx *x, const struct tile *t)
{
	int64_t es = accel_loom_bytes(x->res_type);
	struct accel_copy c = {
		.addr = { x->res.region, x->res.off + (uint64_t)(t->n0 * x->res_n + t->y0 * x->res_y +
								t->x0 * x->res_x + t->o0 * x->res_c) },
		.elem = (uint32_t)es,
		.n = { t->no, t->nx, t->ny, t->nn, 1 },
		.va = { x->res_c, x->res_x, x->res_y, x->res_n, 0 },
		.sp = { es, es * t->no, es * t->no * t->nx, es * t->no * t->nx * t->ny, 0 },
	};

	c.spm = accel_spm_alloc(e, (uint64_t)(t->pixels * t->no * es));
	accel_emit_load(e, &c);
	return c.spm;
}

/* Into the kept output: in one go where all pixels are as far apart, else row by row. */
static void finish_kept(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, uint32_t acc, uint32_t res,
			const struct vectors *v)
{
	bool rows = (t->ny == 1 || x->dst_y == x->dst_x * t->nx) && (t->nn == 1 || x->dst_n == x->dst_y * t->ny);
	int64_t count = rows ? 1 : t->nn * t->ny;
	uint32_t at = x->dst_at + (uint32_t)place_of(x, t);
	struct tile part = *t;

	part.pixels = t->pixels / count;
	for (int64_t i = 0; i < count; i++) {
		uint32_t before = (uint32_t)(i * part.pixels * t->no);

		emit_finish(e, x, &part, acc + before * 4, at + (uint32_t)(i / t->ny * x->dst_n + i % t->ny * x->dst_y),
			    (uint32_t)x->dst_x, res + before * accel_loom_bytes(x->has_res ? x->res_type : x->out_type), v);
	}
	if (x->dst_stored)
		store_tile(e, x, t, at);
}

static void finish_tile(struct accel_emit *e, const struct accel_mx *x, const struct tile *t, uint32_t acc,
			const struct vectors *v)
{
	uint32_t res = x->has_res ? load_res(e, x, t) : 0, out, each = accel_loom_bytes(x->out_type);

	if (x->dst_kept) {
		finish_kept(e, x, t, acc, res, v);
		return;
	}
	out = accel_spm_alloc(e, (uint64_t)(t->pixels * t->no) * each);
	emit_finish(e, x, t, acc, out, (uint32_t)t->no * each, res, v);
	store_tile(e, x, t, out);
}

static const struct piece *whole(const struct accel_mx *x, struct piece *p)
{
	*p = (struct piece){ 0, x->kh, 0, x->kw, 0, x->ic };
	return p;
}

/* The next piece in the order ky, kx, c; false after the last. */
static bool next_piece(const struct accel_mx *x, const struct accel_mx_plan *plan, struct piece *p, bool first)
{
	if (first) {
		*p = (struct piece){ 0 };
	} else if (p->c + p->nc < x->ic) {
		p->c += p->nc;
	} else if (p->kx + p->nkx < x->kw) {
		p->c = 0;
		p->kx += p->nkx;
	} else if (p->ky + p->nky < x->kh) {
		p->c = p->kx = 0;
		p->ky += p->nky;
	} else {
		return false;
	}
	p->nc = accel_min64(plan->cc, x->ic - p->c);
	p->nkx = accel_min64(plan->cx, x->kw - p->kx);
	p->nky = accel_min64(plan->cy, x->kh - p->ky);
	return true;
}

/* Tiles of pixels in order; false after the last. */
static bool next_pixels(const struct accel_mx *x, const struct accel_mx_plan *plan, struct tile *t, bool first)
{
	if (first)
		t->n0 = t->y0 = t->x0 = 0;
	else if ((t->x0 += plan->tw) >= x->ow) {
		t->x0 = 0;
		if ((t->y0 += plan->th) >= x->oh) {
			t->y0 = 0;
			if ((t->n0 += plan->tn) >= x->n)
				return false;
		}
	}
	t->nn = accel_min64(plan->tn, x->n - t->n0);
	t->ny = accel_min64(plan->th, x->oh - t->y0);
	t->nx = accel_min64(plan->tw, x->ow - t->x0);
	t->pixels = t->nn * t->ny * t->nx;
	return true;
}

static bool next_outputs(const struct accel_mx *x, const struct accel_mx_plan *plan, struct tile *t, bool first)
{
	t->o0 = first ? 0 : t->o0 + plan->to;
	t->no = t->pitch = accel_min64(plan->to, x->oc - t->o0);
	return t->o0 < x->oc;
}

static uint32_t alloc_acc(struct accel_emit *e, const struct tile *t)
{
	return accel_acc_alloc(e, (uint64_t)(t->pixels * t->no) * 4);
}

static void keep_weights(struct accel_emit *e, const struct accel_mx *x, const struct accel_mx_plan *plan)
{
	struct piece all;
	struct tile t = { .no = plan->to };
	uint32_t bytes = accel_spm_round(weight_bytes(x, &t, whole(x, &all)));
	uint32_t vec = accel_spm_round((uint64_t)plan->to * 4);

	accel_pin_reserve(e, bytes + (x->has_bias ? vec : 0) + (x->has_scale ? vec : 0),
			  plan->to < x->oc ? 2 : 1);
	for (bool fo = true; next_outputs(x, plan, &t, fo); fo = false) {
		struct weights w = { accel_pin_next(e), all, t.no };
		struct vectors v = { w.spm + bytes, w.spm + bytes + (x->has_bias ? vec : 0) };

		load_vectors(e, x, &t, &v);
		load_weights(e, x, &t, &w);
		for (bool fp = true; next_pixels(x, plan, &t, fp); fp = false) {
			struct box b = box_of(x, &t, &all);
			uint32_t acc = alloc_acc(e, &t);

			get_box(e, x, &t, &b);
			emit_accinit(e, x, &t, acc, &v);
			emit_piece(e, x, &t, &all, &b, w.spm, acc, true);
			finish_tile(e, x, &t, acc, &v);
		}
	}
}

/* A tile whose sum comes in pieces; @kept: the whole box where it stays, else NULL. */
static void sum_tile(struct accel_emit *e, const struct accel_mx *x, const struct accel_mx_plan *plan,
		     const struct tile *t, const struct box *kept)
{
	struct vectors v = { load_vector(e, x->has_bias && !x->late_bias, x->bias, t), 0 };
	uint32_t acc = alloc_acc(e, t);
	struct piece p;

	emit_accinit(e, x, t, acc, &v);
	for (bool first = true; next_piece(x, plan, &p, first); first = false) {
		struct weights w = { accel_spm_alloc(e, weight_bytes(x, t, &p)), p, t->no };
		struct box b;

		load_weights(e, x, t, &w);
		if (kept) {
			b = *kept;
		} else {
			b = box_of(x, t, &p);
			get_box(e, x, t, &b);
		}
		emit_piece(e, x, t, &p, &b, w.spm, acc, first);
	}
	v.scale = load_vector(e, x->has_scale, x->scale, t);
	if (x->late_bias)
		v.bias = load_vector(e, x->has_bias, x->bias, t);
	finish_tile(e, x, t, acc, &v);
}

static void keep_input(struct accel_emit *e, const struct accel_mx *x, const struct accel_mx_plan *plan)
{
	struct piece all;
	struct tile t = { 0 };
	struct accel_mx_plan one = *plan;
	int64_t rows = accel_min64(accel_mx_span(plan->th, x->sy, x->kh, x->dy), x->ih);
	int64_t cols = accel_min64(accel_mx_span(plan->tw, x->sx, x->kw, x->dx), x->iw);
	uint64_t bytes = (uint64_t)(plan->tn * rows * cols * x->ic) * accel_loom_bytes(x->a_type);
	bool many = one.tn < x->n || one.th < x->oh || one.tw < x->ow;

	whole(x, &all);
	accel_pin_reserve(e, x->src_kept ? 0 : accel_spm_round(bytes), many ? 2 : 1);
	for (bool fp = true; next_pixels(x, plan, &t, fp); fp = false) {
		struct box b = box_of(x, &t, &all);

		if (x->src_kept) {
			get_box(e, x, &t, &b);
		} else {
			b.spm = accel_pin_next(e);
			load_box(e, x, &t, &b);
		}
		for (bool fo = true; next_outputs(x, plan, &t, fo); fo = false)
			sum_tile(e, x, plan, &t, &b);
	}
}

static void keep_none(struct accel_emit *e, const struct accel_mx *x, const struct accel_mx_plan *plan)
{
	struct tile t = { 0 };

	accel_pin_reserve(e, 0, 1);
	for (bool fp = true; next_pixels(x, plan, &t, fp); fp = false)
		for (bool fo = true; next_outputs(x, plan, &t, fo); fo = false)
			sum_tile(e, x, plan, &t, NULL);
}

void accel_mx_emit(struct accel_emit *e, const struct accel_mx *x, const struct accel_mx_plan *plan)
{
	e->keep_lo = x->keep_lo;
	e->keep_hi = x->keep_hi;
	switch (plan->keep) {
	case ACCEL_MX_KEEP_WEIGHTS:
		keep_weights(e, x, plan);
		break;
	case ACCEL_MX_KEEP_INPUT:
		keep_input(e, x, plan);
		break;
	default:
		keep_none(e, x, plan);
		break;
	}
}
