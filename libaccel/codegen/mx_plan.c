// SPDX-License-Identifier: MIT
/*
 * Tile sizes of matrix work: every combination of a few sizes a dimension is priced by a formula, and of the cheapest
 * that fit the one is taken whose descriptors end first by the device's own cycle model. Sizes never change results:
 * the terms of each output are always added in the same order.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "mx.h"

/* Cycles a descriptor costs beyond its work, about. */
#define DESC_CYCLES 64

/* Of a descriptor: pixels, channels. */
#define MAX_SIDE (1 << 16)

/*
 * Of floating work, how much longer than the fastest, as a part, a plan of less effort may take. Effort is bytes between the
 * memories and to the array, and what DMA rows and descriptors cost as if they were bytes: the array takes as long with many
 * small tiles, but they bring the same operands again and again. Integers, which are half as wide or less, are chosen by time.
 */
#define FLOAT_SLACK	0.05
#define EFFORT_WORTH	0.3	/* when plans are listed, of the bus's time */
#define ROW_BYTES	256
#define DESC_BYTES	8192

/* Plans that the cycle model is asked about, and descriptors of one above which it is not. */
#define SHORTLIST	24
#define MAX_MODELLED	20000.0

/* The cheapest plans so far, ascending. */
struct shortlist {
	struct accel_mx_plan plan[SHORTLIST];
	int num;
};

struct shape {
	int64_t in_tile;	/* bytes of input a tile */
	int64_t in_piece;	/* ... a piece of the sum */
	int64_t w_block;	/* bytes of weights of a block of outputs */
	int64_t w_piece;
	int64_t vec;		/* bias and scales of a block of outputs */
	int64_t out;		/* bytes of a tile's output */
	int64_t res;		/* bytes of what is added to a tile */
	int64_t pixels;
	int64_t pieces, blocks, tiles;
};

static int64_t in_bytes(const struct accel_mx *x, const struct accel_mx_plan *p, int64_t ky, int64_t kx, int64_t c)
{
	int64_t rows = accel_min64(accel_mx_span(p->th, x->sy, ky, x->dy), x->ih);
	int64_t cols = accel_min64(accel_mx_span(p->tw, x->sx, kx, x->dx), x->iw);

	if (x->depthwise)
		c = p->to;
	else if (x->groups > 1)
		c *= x->groups;
	return p->tn * rows * cols * c * accel_loom_bytes(x->a_type);
}

static bool is_float(const struct accel_mx *x)
{
	return x->a_type != LOOM_S8 && x->a_type != LOOM_U8;
}

/* Its descriptors read all of the sum's terms at once, from a box that all of its outputs share. */
static bool one_piece(const struct accel_mx *x)
{
	return x->depthwise || x->groups > 1;
}

static void measure(const struct accel_mx *x, const struct accel_mx_plan *p, struct shape *s)
{
	s->in_tile = x->src_kept ? 0 : in_bytes(x, p, x->kh, x->kw, x->ic);
	s->in_piece = x->src_kept ? 0 : in_bytes(x, p, p->cy, p->cx, p->cc);
	s->w_block = accel_mx_weight_bytes(x, x->kh * x->kw * x->ic, p->to);
	s->w_piece = accel_mx_weight_bytes(x, p->cy * p->cx * p->cc, p->to);
	s->vec = accel_spm_round(x->has_bias ? 4 * p->to : 0) + accel_spm_round(x->has_scale ? 4 * p->to : 0);
	s->pixels = p->tn * p->th * p->tw;
	s->out = x->dst_kept ? 0 : s->pixels * p->to * accel_loom_bytes(x->out_type);
	s->res = x->has_res ? s->pixels * p->to * accel_loom_bytes(x->res_type) : 0;
	s->pieces = accel_ceil_div(x->kh, p->cy) * accel_ceil_div(x->kw, p->cx) * accel_ceil_div(x->ic, p->cc);
	s->blocks = accel_ceil_div(x->oc, p->to);
	s->tiles = accel_ceil_div(x->n, p->tn) * accel_ceil_div(x->oh, p->th) * accel_ceil_div(x->ow, p->tw);
}

/* Scratchpad that a plan needs, each transient buffer twice, so that one fills while the other is used. */
static int64_t spm_need(const struct accel_mx_plan *p, const struct shape *s)
{
	int64_t out = 2 * ((int64_t)accel_spm_round(s->out) + accel_spm_round(s->res));
	int64_t slack = 4 * ACCEL_SPM_ALIGN;

	switch (p->keep) {
	case ACCEL_MX_KEEP_WEIGHTS:
		return (s->blocks > 1 ? 2 : 1) * (accel_spm_round(s->w_block) + s->vec + slack) + out +
		       2 * (int64_t)accel_spm_round(s->in_tile);
	case ACCEL_MX_KEEP_INPUT:
		return (s->tiles > 1 ? 2 : 1) * (accel_spm_round(s->in_tile) + slack) + out +
		       2 * ((int64_t)accel_spm_round(s->w_piece) + s->vec);
	default:
		return out + 2 * ((int64_t)accel_spm_round(s->w_piece) + accel_spm_round(s->in_piece) + s->vec);
	}
}

static int fits(const struct accel_mx *x, const struct accel_machine *m, const struct accel_mx_plan *p, const struct shape *s)
{
	return 2 * (int64_t)accel_spm_round(4 * s->pixels * p->to) <= m->acc_bytes &&
	       spm_need(p, s) + x->keep_lo + x->keep_hi <= m->spm_bytes;
}

static double price(const struct accel_mx *x, const struct accel_machine *m, const struct accel_mx_plan *p,
		    const struct shape *s)
{
	double r = m->array_dim, bpc = accel_machine_bpc(m), tiles = (double)s->tiles * s->blocks;
	double k = (double)p->cy * p->cx * p->cc / (x->sparse ? 2 : 1);
	double groups = x->groups > 1 ? (double)x->groups : 1;
	double columns = groups * (double)accel_ceil_div((int64_t)(p->to / groups), m->array_dim);
	double folds = (double)accel_ceil_div((int64_t)k, m->array_dim) * columns;
	double t = s->pixels > r ? s->pixels : r;
	double init = x->has_bias && !x->late_bias ? (double)s->pixels * accel_ceil_div(p->to, m->array_dim) : 0;
	double mxu = tiles * (init + s->pieces * (folds * t + DESC_CYCLES));
	double lanes = accel_mx_stages(x) * (double)s->pixels * p->to / r, vpu;
	double weights = (double)s->w_block * s->blocks, out = tiles * s->out, in, first, cost;

	if (x->depthwise) {
		mxu = tiles * init;
		lanes += (double)s->pixels * k * accel_ceil_div(p->to, m->array_dim) + DESC_CYCLES;
	}
	vpu = tiles * (lanes + DESC_CYCLES);
	switch (p->keep) {
	case ACCEL_MX_KEEP_WEIGHTS:
		in = weights + (double)s->in_tile * tiles;
		first = s->w_block + s->in_tile;
		break;
	case ACCEL_MX_KEEP_INPUT:
		in = (double)s->in_tile * s->tiles + weights * s->tiles;
		first = s->in_tile + s->w_piece;
		break;
	default:
		in = tiles * s->pieces * s->in_piece + weights * s->tiles;
		first = s->in_piece + s->w_piece;
		break;
	}
	in = (in + out + tiles * s->res) / bpc + tiles * DESC_CYCLES;
	cost = mxu > in ? mxu : in;
	cost = cost > vpu ? cost : vpu;
	return cost + (first + s->out) / bpc + lanes;
}

/* Descriptors, about. */
static double length(const struct shape *s)
{
	return (double)s->tiles * s->blocks * (3.0 * s->pieces + 4);
}

/* Rows of DRAM that a box of @pixels is, @tw of them side by side in an image of @width: @whole has all channels. */
static double box_rows(double pixels, int64_t tw, int64_t width, bool whole)
{
	return !whole ? pixels : tw < width ? pixels / tw : 1;
}

/* Each tile's products read the tile's pixels and its weights, and each piece of them the accumulators. */
static double effort(const struct accel_mx *x, const struct accel_mx_plan *p, const struct shape *s)
{
	double tiles = (double)s->tiles * s->blocks, loads = s->tiles, in = s->in_tile, weights = s->tiles;
	double array = (double)s->pixels * x->kh * x->kw * x->ic * accel_loom_bytes(x->a_type) + s->w_block +
		       2.0 * s->pieces * s->pixels * p->to;
	bool whole = p->keep != ACCEL_MX_KEEP_NONE || p->cc == x->ic;
	int64_t cols = accel_min64(accel_mx_span(p->tw, x->sx, x->kw, x->dx), x->iw);

	if (p->keep == ACCEL_MX_KEEP_WEIGHTS) {
		loads = tiles;
		weights = 1;
	} else if (p->keep == ACCEL_MX_KEEP_NONE) {
		loads = tiles * s->pieces;
		in = s->in_piece;
	}
	return loads * (in + ROW_BYTES * box_rows(in / accel_loom_bytes(x->a_type) / (whole ? x->ic : p->cc), cols, x->iw, whole)) +
	       weights * s->w_block * s->blocks + tiles * (s->out + s->res + array) +
	       tiles * ROW_BYTES * box_rows(s->pixels, p->tw, x->ow, p->to == x->oc) * (x->has_res ? 2 : 1) + DESC_BYTES * p->descs;
}

static void enlist(struct shortlist *l, const struct accel_mx_plan *p)
{
	int at = l->num;

	if (at == SHORTLIST && p->rank >= l->plan[at - 1].rank)
		return;
	if (at == SHORTLIST)
		at--;
	else
		l->num++;
	for (; at && l->plan[at - 1].rank > p->rank; at--)
		l->plan[at] = l->plan[at - 1];
	l->plan[at] = *p;
}

static void consider(const struct accel_mx *x, const struct accel_machine *m, struct accel_mx_plan *p,
		     struct shortlist *best)
{
	struct shape s;

	measure(x, p, &s);
	if (x->sparse && p->cc % 4)
		return;
	if (p->to > MAX_SIDE || (p->keep == ACCEL_MX_KEEP_WEIGHTS ? x->ic : p->cc) > MAX_SIDE || !fits(x, m, p, &s))
		return;
	p->cost = price(x, m, p, &s);
	p->descs = length(&s);
	p->effort = is_float(x) ? effort(x, p, &s) : p->descs;
	p->rank = p->cost + (is_float(x) ? EFFORT_WORTH * p->effort / accel_machine_bpc(m) : 0);
	enlist(best, p);
}

/* Pieces of the sum, from all of it down to a few channels of one tap. */
static void try_pieces(const struct accel_mx *x, const struct accel_machine *m, struct accel_mx_plan *p,
		       struct shortlist *best)
{
	p->cy = x->kh;
	p->cx = x->kw;
	p->cc = x->ic;
	for (int keep = ACCEL_MX_KEEP_WEIGHTS; keep <= (one_piece(x) ? ACCEL_MX_KEEP_WEIGHTS : ACCEL_MX_KEEP_NONE); keep++) {
		p->keep = keep;
		consider(x, m, p, best);
	}
	if (one_piece(x))
		return;
	for (int step = 0; step < 2; step++) {
		if (step == 0)
			p->cy = 1;
		else
			p->cx = 1;
		for (int keep = ACCEL_MX_KEEP_INPUT; keep <= ACCEL_MX_KEEP_NONE; keep++) {
			p->keep = keep;
			consider(x, m, p, best);
		}
	}
	while (p->cc > 1) {
		p->cc = p->cc > 2 * (int64_t)m->array_dim ?
			accel_ceil_div(accel_ceil_div(p->cc, 2), m->array_dim) * m->array_dim :
			accel_ceil_div(p->cc, 2);
		for (int keep = ACCEL_MX_KEEP_INPUT; keep <= ACCEL_MX_KEEP_NONE; keep++) {
			p->keep = keep;
			consider(x, m, p, best);
		}
	}
}

/* Sizes by halving. */
static int64_t next_size(int64_t v)
{
	return v > 1 ? accel_ceil_div(v, 2) : 0;
}

static void try_outputs(const struct accel_mx *x, const struct accel_machine *m, struct accel_mx_plan *p,
			struct shortlist *best)
{
	p->to = x->oc;
	try_pieces(x, m, p, best);
	for (int64_t to = 1024; to >= 8 && !(x->groups > 1); to /= 2) {
		if (to >= x->oc)
			continue;
		p->to = to;
		try_pieces(x, m, p, best);
	}
}

double accel_mx_cycles(const struct accel_mx *x, const struct accel_machine *m, const struct accel_mx_plan *p, int times)
{
	struct accel_stream stream = { 0 };
	struct accel_emit e;
	double cycles = -1;

	if (times * p->descs > MAX_MODELLED)
		return -1;
	accel_emit_begin(&e, &stream, m->spm_bytes, m->acc_bytes);
	while (times--)
		accel_mx_emit(&e, x, p);
	if (!e.err)
		cycles = accel_model_cycles(&stream, m);
	accel_emit_abandon(&e);
	free(stream.data);
	free(stream.relocs);
	return cycles;
}

/* Of the plans that are hardly slower than the fastest the one of the least effort: for integers, the fewest descriptors. */
static void take_fastest(const struct accel_mx *x, const struct accel_machine *m, const struct shortlist *l,
			 struct accel_mx_plan *best)
{
	double cycles[SHORTLIST], least = -1, slack = is_float(x) && x->slack < FLOAT_SLACK ? FLOAT_SLACK : x->slack;

	for (int i = 0; i < l->num; i++) {
		cycles[i] = accel_mx_cycles(x, m, &l->plan[i], 1);
		if (cycles[i] >= 0 && (least < 0 || cycles[i] < least))
			least = cycles[i];
	}
	*best = l->plan[0];
	best->cost = -1;
	for (int i = 0; i < l->num; i++) {
		const struct accel_mx_plan *p = &l->plan[i];

		if (cycles[i] < 0 || cycles[i] > least * (1 + slack) || (best->cost >= 0 && (p->effort > best->effort ||
		    (p->effort == best->effort && cycles[i] >= best->cost))))
			continue;
		*best = *p;
		best->cost = cycles[i];
	}
}

int accel_mx_choose(const struct accel_mx *x, const struct accel_machine *m, struct accel_mx_plan *best)
{
	struct accel_mx_plan p = { 0 };
	int64_t cap = accel_min64(m->acc_bytes / 8, MAX_SIDE);
	struct shortlist l = { .num = 0 };

	for (p.tw = x->ow; p.tw; p.tw = next_size(p.tw)) {
		if (p.tw > cap)
			continue;
		for (p.th = x->oh; p.th; p.th = next_size(p.th)) {
			if (p.tw * p.th > cap)
				continue;
			for (p.tn = p.tw == x->ow && p.th == x->oh ? x->n : 1; p.tn; p.tn = next_size(p.tn))
				if (p.tw * p.th * p.tn <= cap)
					try_outputs(x, m, &p, &l);
		}
	}
	if (!l.num)
		return -ENOSPC;
	take_fastest(x, m, &l, best);
	return 0;
}

int accel_mx_refit(const struct accel_mx *x, const struct accel_machine *m, struct accel_mx_plan *plan)
{
	struct shape s;

	measure(x, plan, &s);
	if (!fits(x, m, plan, &s))
		return -ENOSPC;
	plan->cost = accel_mx_cycles(x, m, plan, 1);
	return 0;
}
