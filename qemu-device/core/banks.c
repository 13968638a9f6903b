/* SPDX-License-Identifier: MIT */
/*
 * Banks of the scratchpad: R of them, of 32-bit words, word w in bank w mod R. Every engine has a port of its own, so
 * that only the elements of one access can meet in a bank; it then takes as many cycles as the fullest bank has words.
 */
#include "cycles.h"

#include <string.h>

#include "exec_priv.h"

#define MAX_BANKS	128u

/**
 * struct access - elements that a port takes in one cycle
 * @fill: words in each bank
 * @words: all words; @most: in the fullest bank
 * @last: the word of the element before, which counts once
 */
struct access {
	uint16_t fill[MAX_BANKS];
	uint32_t banks, words, most;
	uint64_t last;
};

static void access_begin(struct access *a, const struct loom_geometry *geo)
{
	a->banks = geo->array_dim;
	memset(a->fill, 0, a->banks * sizeof(a->fill[0]));
	a->words = 0;
	a->most = 0;
	a->last = UINT64_MAX;
}

static void access_element(struct access *a, int64_t addr, uint32_t bytes)
{
	for (uint64_t w = (uint64_t)addr / 4; w <= ((uint64_t)addr + bytes - 1) / 4; w++) {
		uint16_t *fill = &a->fill[w & (a->banks - 1)];

		if (w == a->last)
			continue;
		a->last = w;
		a->words++;
		if (++*fill > a->most)
			a->most = *fill;
	}
}

/* Cycles beyond those that as many words in a row take. */
static uint32_t access_end(const struct access *a)
{
	return a->words ? a->most - LOOM_DIV_UP(a->words, a->banks) : 0;
}

/**
 * struct walk - elements of a transfer in the scratchpad, the first dimension innermost
 */
struct walk {
	uint32_t addr, elem;
	uint32_t n[LOOM_DIMS];
	int32_t stride[LOOM_DIMS];
};

/* The first @bytes of the transfer stand for all. */
static uint32_t walk_conflict(const struct loom_geometry *geo, const struct walk *w, uint32_t bytes)
{
	uint32_t i[LOOM_DIMS] = { 0 }, left = bytes > w->elem ? bytes / w->elem : 1;
	int64_t at = w->addr;
	struct access a;
	int d;

	if (w->stride[0] == (int64_t)w->elem && w->n[0] >= left)
		return 0;
	access_begin(&a, geo);
	do {
		access_element(&a, at, w->elem);
		for (d = 0; d < LOOM_DIMS; d++) {
			at += w->stride[d];
			if (++i[d] < w->n[d])
				break;
			at -= (int64_t)w->stride[d] * w->n[d];
			i[d] = 0;
		}
	} while (--left && d < LOOM_DIMS);
	return access_end(&a);
}

static uint32_t dma_conflict(const struct loom_geometry *geo, const struct loom_dma *d, uint32_t bytes)
{
	struct walk w = { .addr = d->spm, .elem = d->elem };

	memcpy(w.n, d->n, sizeof(w.n));
	memcpy(w.stride, d->spm_stride, sizeof(w.stride));
	return walk_conflict(geo, &w, bytes);
}

static uint32_t gather_conflict(const struct loom_geometry *geo, const struct loom_gather *d, uint32_t bytes)
{
	const struct walk w = {
		.addr = d->spm, .elem = 1,
		.n = { d->row_bytes, d->count, 1, 1, 1 }, .stride = { 1, (int32_t)d->spm_stride },
	};

	return walk_conflict(geo, &w, bytes);
}

/* A transposed left operand gives the R elements of a row from as many rows of memory. */
static uint32_t mm_conflict(const struct loom_geometry *geo, const struct loom_mm *d)
{
	uint32_t bytes = loom_type_bytes(d->a_type), n = d->k < geo->array_dim ? d->k : geo->array_dim;
	struct access a;

	if (!(d->flags & LOOM_MXU_TRANS_A))
		return 0;
	access_begin(&a, geo);
	for (uint32_t k = 0; k < n; k++)
		access_element(&a, d->a + (int64_t)k * d->lda, bytes);
	return access_end(&a);
}

uint32_t loom_op_conflict(const struct loom_geometry *geo, const struct loom_op *op)
{
	const union loom_any *u = &op->u;
	const uint32_t share = LOOM_DIV_UP(geo->dram_bpc, geo->num_cores);

	switch (u->d.op) {
	case LOOM_OP_LOAD:
	case LOOM_OP_STORE:
		return dma_conflict(geo, &u->dma, share);
	case LOOM_OP_FILL:
		return dma_conflict(geo, &u->dma, 4 * geo->array_dim);
	case LOOM_OP_GATHER:
	case LOOM_OP_SCATTER:
		return gather_conflict(geo, &u->gather, share);
	case LOOM_OP_MM:
		return mm_conflict(geo, &u->mm);
	default:
		return 0;
	}
}
