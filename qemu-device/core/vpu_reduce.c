/* SPDX-License-Identifier: MIT */
/* REDUCE: one pass over the elements that make a result, in ascending order. */
#include <string.h>

#include "fpconv.h"
#include "vpu.h"

/**
 * struct state - of one result on its way
 * @f: of floating elements
 * @i: of integer elements
 * @best: ARGMAX: index of the largest so far
 */
struct state {
	float f;
	int32_t i;
	int32_t best;
};

static bool is_float(unsigned int type)
{
	return type != LOOM_S8 && type != LOOM_U8 && type != LOOM_S32;
}

static bool above(float x, float y)
{
	return x > y || (x != x && y == y);
}

/* NaN if either is; of zeros the negative one is smaller. */
static float lesser(float a, float b)
{
	if (a != a || b != b)
		return a != a ? a : b;
	return a < b || (a == b && loom_bits_of_f32(a) >> 31) ? a : b;
}

static float greater(float a, float b)
{
	if (a != a || b != b)
		return a != a ? a : b;
	return a > b || (a == b && !(loom_bits_of_f32(a) >> 31)) ? a : b;
}

static void step_float(unsigned int op, struct state *s, float x, uint32_t index)
{
	switch (op) {
	case LOOM_REDUCE_SUM:
	case LOOM_REDUCE_MEAN:
		s->f = (index ? s->f : 0.0f) + x;
		break;
	case LOOM_REDUCE_MAX:
		s->f = index ? greater(s->f, x) : x;
		break;
	case LOOM_REDUCE_MIN:
		s->f = index ? lesser(s->f, x) : x;
		break;
	case LOOM_REDUCE_ARGMAX:
		if (!index || above(x, s->f)) {
			s->f = x;
			s->best = (int32_t)index;
		}
		break;
	}
}

static void step_int(unsigned int op, struct state *s, int32_t x, uint32_t index)
{
	switch (op) {
	case LOOM_REDUCE_SUM:
	case LOOM_REDUCE_MEAN:
		s->i = (int32_t)((index ? (uint32_t)s->i : 0) + (uint32_t)x);
		break;
	case LOOM_REDUCE_MAX:
		s->i = !index || x > s->i ? x : s->i;
		break;
	case LOOM_REDUCE_MIN:
		s->i = !index || x < s->i ? x : s->i;
		break;
	case LOOM_REDUCE_ARGMAX:
		if (!index || x > s->i) {
			s->i = x;
			s->best = (int32_t)index;
		}
		break;
	}
}

static void finish(struct loom_core *core, const struct loom_reduce *d, const struct state *s, uint32_t at,
		   uint32_t count)
{
	uint8_t *dst = core->spm + d->dst + (uint64_t)at * d->ldd;
	float v = is_float(d->src_type) ? s->f : (float)s->i;

	if (d->op == LOOM_REDUCE_ARGMAX) {
		memcpy(dst, &s->best, sizeof(s->best));
		return;
	}
	if (d->op == LOOM_REDUCE_MEAN)
		v /= (float)count;
	v *= loom_f32_of_bits(d->scale);
	loom_kernels()->store[d->dst_type](dst, &v, 1, d->zpd);
}

/* Elements of a row from column @col on: floats into v, integers into i. */
static void load_block(const struct loom_reduce *d, const uint8_t *row, uint32_t col, uint32_t n, float *v,
		       int32_t *i)
{
	const struct loom_kernels *k = loom_kernels();
	const uint8_t *src = row + (uint64_t)col * loom_type_bytes(d->src_type);

	if (is_float(d->src_type)) {
		k->load[d->src_type](v, src, n, 0);
	} else {
		memset(i, 0, n * sizeof(*i));
		k->add_s32[d->src_type](i, src, n, d->zp);
	}
}

static void reduce_row(struct loom_core *core, const struct loom_reduce *d, const uint8_t *row, uint32_t at)
{
	bool floating = is_float(d->src_type);
	int32_t ints[LOOM_LANES];
	struct state s = { 0 };

	for (uint32_t j = 0; j < d->n; j += LOOM_LANES) {
		uint32_t n = d->n - j < LOOM_LANES ? d->n - j : LOOM_LANES;

		load_block(d, row, j, n, core->vpu->v, ints);
		for (uint32_t i = 0; i < n; i++)
			if (floating)
				step_float(d->op, &s, core->vpu->v[i], j + i);
			else
				step_int(d->op, &s, ints[i], j + i);
	}
	finish(core, d, &s, at, d->n);
}

/* The operation on whole blocks, for floats: sums from +0.0, of others the first row is the start. */
static void (*block_op(unsigned int op))(float *v, const float *w, size_t n)
{
	return loom_kernels()->ew[op == LOOM_REDUCE_MAX ? LOOM_EW_MAX :
				  op == LOOM_REDUCE_MIN ? LOOM_EW_MIN : LOOM_EW_ADD];
}

/* A block of columns; the rows pass by. */
static void reduce_columns(struct loom_core *core, const struct loom_reduce *d, const uint8_t *src, uint32_t j,
			   uint32_t n)
{
	bool floating = is_float(d->src_type), blocks = floating && d->op != LOOM_REDUCE_ARGMAX;
	bool sums = d->op == LOOM_REDUCE_SUM || d->op == LOOM_REDUCE_MEAN;
	float *v = core->vpu->v, *acc = core->vpu->src[0];
	struct state s[LOOM_LANES] = { 0 };
	int32_t ints[LOOM_LANES];

	memset(acc, 0, sizeof(core->vpu->src[0]));
	for (uint32_t i = 0; i < d->m && !loom_exec_stopping(core); i++) {
		load_block(d, src + (uint64_t)i * d->lds, j, n, v, ints);
		if (blocks && !i && !sums)
			memcpy(acc, v, n * sizeof(*v));
		else if (blocks)
			block_op(d->op)(acc, v, n);
		else
			for (uint32_t c = 0; c < n; c++)
				if (floating)
					step_float(d->op, &s[c], v[c], i);
				else
					step_int(d->op, &s[c], ints[c], i);
	}
	for (uint32_t c = 0; c < n; c++) {
		if (blocks)
			s[c].f = acc[c];
		finish(core, d, &s[c], j + c, d->m);
	}
}

void loom_exec_reduce(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_reduce *d = &op->u.reduce;
	const uint8_t *src = loom_mem(core, d->src);

	if (d->flags & LOOM_REDUCE_COLUMNS) {
		for (uint32_t j = 0; j < d->n && !loom_exec_stopping(core); j += LOOM_LANES)
			reduce_columns(core, d, src, j, d->n - j < LOOM_LANES ? d->n - j : LOOM_LANES);
	} else {
		for (uint32_t i = 0; i < d->m && !loom_exec_stopping(core); i++)
			reduce_row(core, d, src + (uint64_t)i * d->lds, i);
	}
	if (loom_exec_stopping(core))
		fault->status = LOOM_JOB_STOPPED;
}
