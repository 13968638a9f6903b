/* SPDX-License-Identifier: MIT */
/* Streams in which products share their right operand, and in which other descriptors write over it. */
#include "gen_priv.h"

#include <stddef.h>
#include <string.h>

/* Where a descriptor says where it writes in the scratchpad; NULL: it does not. */
static uint8_t *destination(union loom_any *u)
{
	static const uint8_t field[256] = {
		[LOOM_OP_LOAD] = offsetof(struct loom_dma, spm), [LOOM_OP_FILL] = offsetof(struct loom_dma, spm),
		[LOOM_OP_GATHER] = offsetof(struct loom_gather, spm), [LOOM_OP_UNPACK] = offsetof(struct loom_unpack, spm),
		[LOOM_OP_REQUANT] = offsetof(struct loom_requant, dst), [LOOM_OP_EWISE] = offsetof(struct loom_ewise, dst),
		[LOOM_OP_LUT] = offsetof(struct loom_lut, dst), [LOOM_OP_POOL] = offsetof(struct loom_pool, out),
		[LOOM_OP_REDUCE] = offsetof(struct loom_reduce, dst), [LOOM_OP_SOFTMAX] = offsetof(struct loom_rows, dst),
		[LOOM_OP_LAYERNORM] = offsetof(struct loom_rows, dst), [LOOM_OP_PLUT] = offsetof(struct loom_plut, dst),
		[LOOM_OP_RESIZE] = offsetof(struct loom_resize, out), [LOOM_OP_OPTIM] = offsetof(struct loom_optim, param),
	};

	return field[u->d.op] ? u->byte + field[u->d.op] : NULL;
}

/* Near what a product multiplies by, or what says where that belongs. */
static uint32_t target(struct gen *g, const union loom_any *p)
{
	const bool mm = p->d.op == LOOM_OP_MM;
	const uint32_t meta = mm ? p->mm.meta : p->conv.meta, w = mm ? p->mm.b : p->conv.w;
	const uint32_t at = meta && gen_chance(g, 30) ? meta : w;
	const uint32_t to = at + gen_size(g, 2000) - 1, back = gen_chance(g, 40) ? gen_size(g, 200) : 0;

	return (to > back ? to - back : 0) & ~(uint32_t)((1u << gen_below(g, 4)) - 1);
}

/* The same product again; or of other rows on the left, or to other accumulators. */
static void again(struct gen *g, const union loom_any *p, union loom_any *u)
{
	*u = *p;
	if (gen_chance(g, 30))
		return;
	if (u->d.op == LOOM_OP_MM) {
		u->mm.flags ^= gen_below(g, 2) ? LOOM_MXU_ZERO : 0;
		if (!(u->mm.flags & LOOM_MXU_TRANS_A))
			u->mm.m = gen_between(g, 1, u->mm.m + 4);
		u->mm.c = gen_below(g, 64) * 4;
	} else {
		u->conv.flags ^= gen_below(g, 2) ? LOOM_MXU_ZERO : 0;
		u->conv.oh = gen_between(g, 1, u->conv.oh + 1);
		u->conv.out = gen_below(g, 64) * 4;
	}
}

uint32_t gen_reuse(struct gen *g, const struct gen_products *r, union loom_any *u, uint32_t slots)
{
	const union loom_any *p = r->count ? &r->product[gen_below(g, r->count < GEN_PRODUCTS ? r->count : GEN_PRODUCTS)] :
				  NULL;
	uint8_t *to = destination(u);
	uint32_t at;

	if (!p)
		return slots;
	if (gen_chance(g, 45)) {
		again(g, p, u);
		return u->d.op == LOOM_OP_MM ? 1 : 2;
	}
	if (to && gen_chance(g, 50)) {
		at = target(g, p);
		memcpy(to, &at, sizeof(at));
	}
	return slots;
}

void gen_remember(struct gen_products *r, const union loom_any *u)
{
	if (u->d.op == LOOM_OP_MM || u->d.op == LOOM_OP_CONV)
		r->product[r->count++ % GEN_PRODUCTS] = *u;
}
