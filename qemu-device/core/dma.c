/* SPDX-License-Identifier: MIT */
/*
 * DMA engines. A 5-D walk is reordered, where its destination has no element twice, so that it runs along
 * DRAM in long contiguous pieces; a piece that is contiguous in the scratchpad too is moved in one go, others go by
 * way of a bounce buffer.
 */
#include "exec_priv.h"

#include <string.h>

/**
 * struct walk - a strided walk, innermost dimension first
 * @elem: bytes an element
 * @dims: dimensions in use; inner ones that were contiguous on both sides are merged into @elem
 */
struct walk {
	uint32_t elem;
	unsigned int dims;
	uint32_t n[LOOM_DIMS];
	int64_t spm[LOOM_DIMS];
	int64_t va[LOOM_DIMS];
};

static uint64_t magnitude(int64_t v)
{
	return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

/* Each dimension steps over all that lies inside of it: no address comes twice. @stride is ascending. */
static bool injective(const struct walk *w, const int64_t *stride)
{
	unsigned __int128 inner = w->elem;

	for (unsigned int i = 0; i < w->dims; i++) {
		if (magnitude(stride[i]) < inner)
			return false;
		inner += (unsigned __int128)magnitude(stride[i]) * (w->n[i] - 1);
	}
	return true;
}

static void swap_dims(struct walk *w, unsigned int a, unsigned int b)
{
	uint32_t n = w->n[a];
	int64_t spm = w->spm[a], va = w->va[a];

	w->n[a] = w->n[b];
	w->spm[a] = w->spm[b];
	w->va[a] = w->va[b];
	w->n[b] = n;
	w->spm[b] = spm;
	w->va[b] = va;
}

/* A stride of 0 goes outermost: it is no run along memory. */
static bool before(int64_t a, int64_t b)
{
	return a && (!b || magnitude(a) < magnitude(b));
}

static void sort_dims(struct walk *w, const int64_t *stride)
{
	for (unsigned int i = 1; i < w->dims; i++)
		for (unsigned int j = i; j && before(stride[j], stride[j - 1]); j--)
			swap_dims(w, j, j - 1);
}

static void plan(const struct loom_dma *d, struct walk *w)
{
	bool store = d->d.op == LOOM_OP_STORE;
	struct walk sorted;
	bool free_order;

	memset(w, 0, sizeof(*w));
	w->elem = d->elem;
	for (int i = 0; i < LOOM_DIMS; i++) {
		if (d->n[i] == 1)
			continue;
		w->n[w->dims] = d->n[i];
		w->spm[w->dims] = d->spm_stride[i];
		w->va[w->dims] = d->va_stride[i];
		w->dims++;
	}
	sorted = *w;
	sort_dims(&sorted, store ? sorted.va : sorted.spm);
	free_order = injective(&sorted, store ? sorted.va : sorted.spm);
	if (free_order) {
		*w = sorted;
		sort_dims(w, w->va);
	}
	while (w->dims && w->spm[0] == w->elem && w->va[0] == w->elem &&
	       (uint64_t)w->elem * w->n[0] <= UINT32_MAX) {
		w->elem *= w->n[0];
		w->dims--;
		memmove(w->n, w->n + 1, w->dims * sizeof(w->n[0]));
		memmove(w->spm, w->spm + 1, w->dims * sizeof(w->spm[0]));
		memmove(w->va, w->va + 1, w->dims * sizeof(w->va[0]));
	}
}

static void copy_elem(void *dst, const void *src, uint32_t bytes)
{
	switch (bytes) {
	case 1: memcpy(dst, src, 1); break;
	case 2: memcpy(dst, src, 2); break;
	case 4: memcpy(dst, src, 4); break;
	case 8: memcpy(dst, src, 8); break;
	default: memcpy(dst, src, bytes);
	}
}

/* A row of elements that is contiguous in DRAM and strided in the scratchpad. */
static bool row_bounced(struct loom_core *core, const struct walk *w, bool store, uint64_t va, int64_t spm,
			struct loom_exec_fault *fault)
{
	uint32_t step = LOOM_BOUNCE_BYTES / w->elem;

	for (uint32_t i = 0; i < w->n[0]; i += step) {
		uint32_t n = w->n[0] - i < step ? w->n[0] - i : step;
		size_t bytes = (size_t)n * w->elem;
		uint8_t *at = core->spm + spm + (int64_t)i * w->spm[0];

		if (!store && !loom_vm_read(core, va + (uint64_t)i * w->elem, core->bounce, bytes, fault))
			return false;
		for (uint32_t j = 0; j < n; j++) {
			uint8_t *b = core->bounce + (size_t)j * w->elem;

			if (store)
				copy_elem(b, at + j * w->spm[0], w->elem);
			else
				copy_elem(at + j * w->spm[0], b, w->elem);
		}
		if (store && !loom_vm_write(core, va + (uint64_t)i * w->elem, core->bounce, bytes, fault))
			return false;
	}
	return true;
}

static bool row(struct loom_core *core, const struct walk *w, bool store, uint64_t va, int64_t spm,
		struct loom_exec_fault *fault)
{
	if (w->dims && w->va[0] == w->elem && w->elem <= 4096)
		return row_bounced(core, w, store, va, spm, fault);
	for (uint32_t i = 0; i < (w->dims ? w->n[0] : 1); i++) {
		uint64_t a = va + (uint64_t)i * (uint64_t)w->va[0];
		uint8_t *at = core->spm + spm + (int64_t)i * w->spm[0];

		if (!(store ? loom_vm_write(core, a, at, w->elem, fault) :
			      loom_vm_read(core, a, at, w->elem, fault)))
			return false;
	}
	return true;
}

static void move(struct loom_core *core, const struct loom_dma *d, struct loom_exec_fault *fault)
{
	uint32_t i[LOOM_DIMS] = { 0 };
	struct walk w;
	unsigned int dim;

	plan(d, &w);
	for (;;) {
		uint64_t va = d->va;
		int64_t spm = d->spm;

		for (dim = 1; dim < w.dims; dim++) {
			va += (uint64_t)i[dim] * (uint64_t)w.va[dim];
			spm += (int64_t)i[dim] * w.spm[dim];
		}
		if (!row(core, &w, d->d.op == LOOM_OP_STORE, va, spm, fault))
			return;
		for (dim = 1; dim < w.dims && ++i[dim] == w.n[dim]; dim++)
			i[dim] = 0;
		if (dim >= w.dims)
			return;
		if (loom_exec_stopping(core)) {
			fault->status = LOOM_JOB_STOPPED;
			return;
		}
	}
}

void loom_exec_load(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	move(core, &op->u.dma, fault);
}

void loom_exec_store(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	move(core, &op->u.dma, fault);
}

static void fill_row(uint8_t *at, const uint8_t *elem, uint32_t bytes, uint32_t n, int64_t stride)
{
	if (bytes == 1 && stride == 1) {
		memset(at, elem[0], n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		copy_elem(at + i * stride, elem, bytes);
}

void loom_exec_fill(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_dma *d = &op->u.dma;
	uint32_t i[LOOM_DIMS] = { 0 };
	uint8_t elem[16] = { 0 };
	int dim;

	/* Little-endian: the low bytes of the value come first. */
	for (int b = 0; b < 4; b++)
		elem[b] = (uint8_t)(d->value >> (8 * b));
	for (;;) {
		int64_t at = d->spm;

		for (dim = 1; dim < LOOM_DIMS; dim++)
			at += (int64_t)i[dim] * d->spm_stride[dim];
		fill_row(core->spm + at, elem, d->elem, d->n[0], d->spm_stride[0]);
		for (dim = 1; dim < LOOM_DIMS && ++i[dim] == d->n[dim]; dim++)
			i[dim] = 0;
		if (dim == LOOM_DIMS)
			return;
		if (loom_exec_stopping(core)) {
			fault->status = LOOM_JOB_STOPPED;
			return;
		}
	}
}

/* GATHER and SCATTER. Every index is checked before the first row moves. */
void loom_exec_gather(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_gather *g = &op->u.gather;
	bool store = g->d.op == LOOM_OP_SCATTER;
	const uint8_t *index = core->spm + g->index;
	uint32_t row_index;

	for (uint32_t i = 0; i < g->count; i++) {
		memcpy(&row_index, index + 4ull * i, 4);
		if (row_index >= g->limit) {
			fault->status = LOOM_JOB_ILLEGAL;
			fault->code = LOOM_ILL_INDEX;
			return;
		}
	}
	for (uint32_t i = 0; i < g->count; i++) {
		uint8_t *at = core->spm + g->spm + (uint64_t)i * g->spm_stride;
		uint64_t va;

		memcpy(&row_index, index + 4ull * i, 4);
		va = g->va + (uint64_t)row_index * (uint64_t)g->row_stride;
		if (!(store ? loom_vm_write(core, va, at, g->row_bytes, fault) :
			      loom_vm_read(core, va, at, g->row_bytes, fault)))
			return;
		if (loom_exec_stopping(core)) {
			fault->status = LOOM_JOB_STOPPED;
			return;
		}
	}
}
