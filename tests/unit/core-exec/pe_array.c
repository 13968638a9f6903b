/* SPDX-License-Identifier: MIT */
#include "pe_array.h"

#include <stdbool.h>
#include <string.h>

#define MAX_R	8
#define IN_FLIGHT	4	/* folds: one loads, one streams, two drain */

/**
 * struct pe - registers of one element
 * @act: operand on its way to the right; @swap goes with the first of a fold
 * @psum: sum on its way down
 * @weight: in use; @shadow: the next one
 * @down: a weight on its way down to row @target, -1 for none
 */
struct pe {
	int32_t act, psum, weight, shadow;
	int32_t down, target;
	bool swap;
};

/**
 * struct fold - a block of K x N that the array holds at a time
 * @k0, @n0: its origin
 * @load: cycle at which its first weight enters column 0
 * @start: cycle at which its first operand enters row 0, 0 for not yet
 */
struct fold {
	uint32_t k0, n0;
	uint64_t load, start;
};

struct array {
	uint32_t r, m, n, k;
	const int32_t *a, *b;
	int32_t *c;
	struct pe pe[MAX_R][MAX_R];
};

static int32_t a_at(const struct array *x, uint64_t i, uint32_t k)
{
	return k < x->k ? x->a[i * x->k + k] : 0;
}

static int32_t b_at(const struct array *x, uint32_t k, uint32_t n)
{
	return k < x->k && n < x->n ? x->b[(uint64_t)k * x->n + n] : 0;
}

/* The operand of the fold that enters @row at cycle @t, if one does. */
static void left_edge(const struct array *x, const struct fold *f, uint32_t row, uint64_t t, struct pe *in)
{
	if (t < f->start + row || t - f->start - row >= x->m)
		return;
	in->act = a_at(x, t - f->start - row, f->k0 + row);
	in->swap = t == f->start + row;
}

/* The weight that enters @col at cycle @t, if one does: row 0's first, each column a cycle after the one before. */
static void top_edge(const struct array *x, const struct fold *f, uint32_t col, uint64_t t, struct pe *p)
{
	uint64_t row = t - f->load - col;

	if (t < f->load + col || row >= x->r)
		return;
	p->down = b_at(x, f->k0 + (uint32_t)row, f->n0 + col);
	p->target = (int32_t)row;
}

/* The sum that leaves @col at cycle @t belongs to this row of the fold. */
static void bottom_edge(struct array *x, const struct fold *f, uint32_t col, uint64_t t, int32_t sum)
{
	uint64_t first = f->start + x->r - 1 + col;

	if (t >= first && t - first < x->m && f->n0 + col < x->n)
		x->c[(t - first) * x->n + f->n0 + col] += sum;
}

/* One clock edge. The folds in flight, oldest last; the first still loads. */
static void step(struct array *x, const struct fold *f, uint32_t folds, uint64_t t)
{
	struct pe old[MAX_R][MAX_R];

	memcpy(old, x->pe, sizeof(old));
	for (uint32_t row = 0; row < x->r; row++)
		for (uint32_t col = 0; col < x->r; col++) {
			struct pe *p = &x->pe[row][col], in = { 0 };
			const struct pe *above = row ? &old[row - 1][col] : NULL;

			p->target = above ? above->target : -1;
			p->down = above ? above->down : 0;
			for (uint32_t i = 0; i < folds; i++) {
				if (!row)
					top_edge(x, &f[i], col, t, p);
				if (!col && f[i].start)
					left_edge(x, &f[i], row, t, &in);
			}
			if (col)
				in = old[row][col - 1];
			p->weight = in.swap ? old[row][col].shadow : old[row][col].weight;
			p->act = in.act;
			p->swap = in.swap;
			p->psum = (above ? above->psum : 0) + in.act * p->weight;
			if (p->target == (int32_t)row)
				p->shadow = p->down;
		}
	for (uint32_t col = 0; col < x->r; col++)
		for (uint32_t i = 0; i < folds; i++)
			if (f[i].start)
				bottom_edge(x, &f[i], col, t, x->pe[x->r - 1][col].psum);
}

uint64_t pe_array_run(uint32_t r, uint32_t m, uint32_t n, uint32_t k, const int32_t *a, const int32_t *b,
		      int32_t *c)
{
	struct array x = { .r = r, .m = m, .n = n, .k = k, .a = a, .b = b, .c = c };
	uint32_t kf = (k + r - 1) / r, folds = kf * ((n + r - 1) / r), at = 0, flying = 1;
	struct fold f[IN_FLIGHT] = { 0 };
	uint64_t t;

	for (uint32_t i = 0; i < MAX_R * MAX_R; i++)
		x.pe[i / MAX_R][i % MAX_R].target = -1;

	/* The controller knows only: a plane takes r cycles to fill, the left edge takes one row a cycle. */
	for (t = 0; at < folds || t < f[1].start + m + 2 * r - 2; t++) {
		if (at < folds && t >= f[0].load + r && (!at || t >= f[1].start + m)) {
			f[0].start = t;
			memmove(f + 1, f, (IN_FLIGHT - 1) * sizeof(f[0]));
			flying = flying < IN_FLIGHT ? flying + 1 : IN_FLIGHT;
			at++;
			f[0] = (struct fold) { .k0 = at % kf * r, .n0 = at / kf * r,
					       .load = at < folds ? t : UINT64_MAX / 2 };
		}
		step(&x, f, flying, t);
	}
	return t;
}
