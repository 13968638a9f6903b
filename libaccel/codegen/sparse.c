// SPDX-License-Identifier: MIT
/* Weights that are 2:4: of each four along the terms of a sum two at most are not zero. The array then takes half the folds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "mx_lower.h"
#include "uapi/loom/regs.h"

#define GROUP	4
#define KEPT	2

/* Zero is what the array makes of elements that are not kept: the zero point, +0.0; never -0.0. */
static bool is_zero(const uint8_t *p, int64_t es, uint8_t zero)
{
	for (int64_t i = 0; i < es; i++)
		if (p[i] != zero)
			return false;
	return true;
}

bool accel_weights_24(const struct accel_packed *w, int zero_point)
{
	int64_t row = w->cols * w->es, fours = w->groups * w->rows / GROUP;

	if (w->tap_rows % GROUP)
		return false;
	for (int64_t q = 0; q < fours; q++)
		for (int64_t j = 0; j < w->cols; j++) {
			const uint8_t *p = w->data + q * GROUP * row + j * w->es;
			int kept = 0;

			for (int i = 0; i < GROUP; i++)
				kept += !is_zero(p + i * row, w->es, (uint8_t)zero_point);
			if (kept > KEPT)
				return false;
		}
	return true;
}

/* Which two of four to keep: those that are not zero, and others to make them two; ascending. */
static void find_kept(const uint8_t *p, int64_t row, int64_t es, uint8_t zero, int at[KEPT])
{
	bool keep[GROUP] = { false };
	int num = 0;

	for (int i = 0; i < GROUP; i++) {
		keep[i] = !is_zero(p + i * row, es, zero);
		num += keep[i];
	}
	for (int i = 0; i < GROUP && num < KEPT; i++)
		if (!keep[i]) {
			keep[i] = true;
			num++;
		}
	for (int i = 0, k = 0; i < GROUP && k < KEPT; i++)
		if (keep[i])
			at[k++] = i;
}

/* One group of rows; @values: KEPT rows of each four; @meta: a nibble a column for each four rows. */
static void pack_24(const struct accel_packed *w, const uint8_t *dense, uint8_t zero, uint8_t *values, uint8_t *meta)
{
	int64_t row = w->cols * w->es, nibbles = (w->cols + 1) / 2;

	for (int64_t q = 0; q < w->rows / GROUP; q++)
		for (int64_t j = 0; j < w->cols; j++) {
			const uint8_t *p = dense + q * GROUP * row + j * w->es;
			int at[KEPT] = { 0 };

			find_kept(p, row, w->es, zero, at);
			for (int k = 0; k < KEPT; k++)
				memcpy(values + (q * KEPT + k) * row + j * w->es, p + at[k] * row, (size_t)w->es);
			meta[q * nibbles + j / 2] |= (uint8_t)((at[0] | at[1] << 2) << (j % 2 ? 4 : 0));
		}
}

void accel_mx_make_sparse(struct accel_mx *x)
{
	x->sparse = true;
	x->w_tap /= 2;
	x->m_c = (x->oc + 1) / 2;
}

/* Blocks of @block columns, or what is left of them: the rows of each one after the other. */
static void put_blocks(const struct accel_packed *w, int64_t block, uint8_t *to)
{
	for (int64_t first = 0; first < w->cols; first += block) {
		int64_t bytes = accel_min64(block, w->cols - first) * w->es;

		for (int64_t i = 0; i < w->rows; i++, to += bytes)
			memcpy(to, w->data + (i * w->cols + first) * w->es, (size_t)bytes);
	}
}

int accel_put_weights(struct accel_cg *cg, const struct accel_packed *w, const struct accel_mx_plan *plan, struct accel_mx *x)
{
	int64_t dense = w->rows * w->cols * w->es, nibbles = w->rows / GROUP * ((w->cols + 1) / 2);
	uint8_t *values = accel_cg_const(cg, (uint64_t)(w->groups * (x->sparse ? dense / 2 : dense)), &x->w), *meta;

	if (!values)
		return accel_enomem("weights");
	x->w_blocked = plan && plan->to < x->oc && w->groups == 1 && !x->sparse && !x->depthwise;
	if (x->w_blocked) {
		put_blocks(w, plan->to, values);
		return 0;
	}
	if (!x->sparse) {
		memcpy(values, w->data, (size_t)(w->groups * dense));
		return 0;
	}
	meta = accel_cg_const(cg, (uint64_t)(w->groups * nibbles), &x->meta);
	if (!meta)
		return accel_enomem("weights");
	/* The second may have moved what the first gave. */
	values = cg->prog->consts + x->w.off;
	memset(meta, 0, (size_t)(w->groups * nibbles));
	for (int64_t g = 0; g < w->groups; g++)
		pack_24(w, w->data + g * dense, (uint8_t)x->b_zp, values + g * dense / 2, meta + g * nibbles);
	return 0;
}

bool accel_choose_sparse(struct accel_cg *cg, const struct accel_packed *w, const struct accel_mx *x,
			 const struct accel_mx_plan *dense, struct accel_mx *sparse, struct accel_mx_plan *plan)
{
	/* Once more, and constants are to be what they were. */
	if (cg->keeping ? !cg->sparse[cg->node] :
			  !(cg->m.features & LOOM_FEAT_SPARSE24) || !accel_weights_24(w, x->b_zp))
		return false;
	*sparse = *x;
	accel_mx_make_sparse(sparse);
	if (accel_mx_choose(sparse, &cg->m, plan)) {
		cg->e.err = cg->keeping ? -ENOSPC : cg->e.err;
		return false;
	}
	if (!cg->keeping)
		cg->sparse[cg->node] = plan->cost < 0 || dense->cost < 0 || plan->cost < dense->cost;
	return cg->sparse[cg->node];
}
