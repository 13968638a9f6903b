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
 * @free_order: no element of the destination is written twice
 */
struct walk {
	uint32_t elem;
	unsigned int dims;
	uint32_t n[LOOM_DIMS];
	int64_t spm[LOOM_DIMS];
	int64_t va[LOOM_DIMS];
	bool free_order;
};

/* Longer elements go between DRAM and the scratchpad without a bounce buffer between them. */
#define LOOM_DIRECT_BYTES	4096

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
	w->free_order = injective(&sorted, store ? sorted.va : sorted.spm);
	if (w->free_order) {
		*w = sorted;
		w->free_order = true;
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

/* A number of bytes that is known here, so that the loop has no call. */
static inline void copy_line_of(uint8_t *dst, int64_t dst_step, const uint8_t *src, int64_t src_step, uint32_t n,
				uint32_t bytes)
{
	for (; n; n--, dst += dst_step, src += src_step)
		memcpy(dst, src, bytes);
}

static void copy_line(uint8_t *dst, int64_t dst_step, const uint8_t *src, int64_t src_step, uint32_t n, uint32_t bytes)
{
	switch (bytes) {
	case 1: copy_line_of(dst, dst_step, src, src_step, n, 1); break;
	case 2: copy_line_of(dst, dst_step, src, src_step, n, 2); break;
	case 4: copy_line_of(dst, dst_step, src, src_step, n, 4); break;
	case 8: copy_line_of(dst, dst_step, src, src_step, n, 8); break;
	case 16: copy_line_of(dst, dst_step, src, src_step, n, 16); break;
	default: copy_line_of(dst, dst_step, src, src_step, n, bytes);
	}
}

/* A line of dimension @dim, which is @dense_step apart in the dense copy. */
static void line(const struct walk *w, unsigned int dim, bool store, uint8_t *dense, uint32_t dense_step, uint8_t *spm)
{
	if (store)
		copy_line(dense, dense_step, spm, w->spm[dim], w->n[dim], w->elem);
	else
		copy_line(spm, w->spm[dim], dense, dense_step, w->n[dim], w->elem);
}

/*
 * The inner @dims dimensions between the scratchpad and a copy without gaps. Of two the longer one makes the lines, where
 * the order is free.
 */
static void pack(const struct walk *w, unsigned int dims, bool store, uint8_t *dense, uint8_t *spm)
{
	uint32_t below = w->elem;

	if (!dims) {
		copy_elem(store ? dense : spm, store ? spm : dense, w->elem);
		return;
	}
	if (dims == 1) {
		line(w, 0, store, dense, w->elem, spm);
		return;
	}
	if (dims == 2 && w->free_order && w->n[1] > w->n[0]) {
		for (uint32_t i = 0; i < w->n[0]; i++)
			line(w, 1, store, dense + (size_t)i * w->elem, w->elem * w->n[0], spm + (int64_t)i * w->spm[0]);
		return;
	}
	for (unsigned int i = 0; i < dims - 1; i++)
		below *= w->n[i];
	for (uint32_t i = 0; i < w->n[dims - 1]; i++)
		pack(w, dims - 1, store, dense + (size_t)i * below, spm + (int64_t)i * w->spm[dims - 1]);
}

/*
 * Dimensions that fill DRAM without gaps, from the innermost: by way of the bounce buffer, as many steps of the last of them
 * (@dim) at a time as it holds.
 */
static bool run_bounced(struct loom_core *core, const struct walk *w, unsigned int dim, bool store, uint64_t va, int64_t spm,
			struct loom_exec_fault *fault)
{
	uint32_t below = w->elem, step;
	struct walk part = *w;

	for (unsigned int i = 0; i < dim; i++)
		below *= w->n[i];
	step = LOOM_BOUNCE_BYTES / below;
	for (uint32_t i = 0; i < w->n[dim]; i += step) {
		uint8_t *at = core->spm + spm + (int64_t)i * w->spm[dim];
		uint64_t from = va + (uint64_t)i * below;
		size_t bytes;

		part.n[dim] = w->n[dim] - i < step ? w->n[dim] - i : step;
		bytes = (size_t)part.n[dim] * below;
		if (!store && !loom_vm_read(core, from, core->bounce, bytes, fault))
			return false;
		pack(&part, dim + 1, store, core->bounce, at);
		if (store && !loom_vm_write(core, from, core->bounce, bytes, fault))
			return false;
		if (loom_exec_stopping(core)) {
			fault->status = LOOM_JOB_STOPPED;
			return false;
		}
	}
	return true;
}

/* Dimensions, from the innermost, that leave no gap in DRAM and of which all but the last fit the bounce buffer. */
static unsigned int run_dims(const struct walk *w)
{
	uint64_t bytes = w->elem;
	unsigned int dims = 0;

	if (w->elem > LOOM_DIRECT_BYTES)
		return 0;
	while (dims < w->dims && w->va[dims] == (int64_t)bytes && bytes <= LOOM_BOUNCE_BYTES)
		bytes *= w->n[dims++];
	return dims;
}

/* Innermost elements, a step apart in DRAM: each by itself. */
static bool line_direct(struct loom_core *core, const struct walk *w, bool store, uint64_t va, int64_t spm,
			struct loom_exec_fault *fault)
{
	for (uint32_t i = 0; i < (w->dims ? w->n[0] : 1); i++) {
		uint64_t a = va + (uint64_t)i * (uint64_t)w->va[0];
		uint8_t *at = core->spm + spm + (int64_t)i * w->spm[0];

		if (!(store ? loom_vm_write(core, a, at, w->elem, fault) :
			      loom_vm_read(core, a, at, w->elem, fault)))
			return false;
	}
	return true;
}

/* Elements that are read with what lies between them: a step of a page at most, so that each page has one of them. */
#define LOOM_SPAN_STEP		4096
#define LOOM_SPAN_WASTE		8	/* bytes read for each that is wanted, at most */
#define LOOM_SPAN_ELEM		512	/* longer ones cost less one by one: core.gemm.fp32.1024 at 0.82 of sgemm, not 0.76 */

static bool spanned(const struct walk *w, bool store)
{
	return !store && w->dims && w->n[0] > 1 && w->va[0] > 0 && w->va[0] <= LOOM_SPAN_STEP &&
	       w->va[0] <= (int64_t)w->elem * LOOM_SPAN_WASTE && w->elem <= LOOM_SPAN_ELEM;
}

/* As line_direct(), as many elements at a time as the bounce buffer holds; where a page is missing one by one, for an exact fault. */
static bool line_spanned(struct loom_core *core, const struct walk *w, uint64_t va, int64_t spm, struct loom_exec_fault *fault)
{
	const uint32_t step = (uint32_t)w->va[0], most = (LOOM_BOUNCE_BYTES - w->elem) / step + 1;
	struct loom_exec_fault missing = { 0 };
	struct walk part = *w;

	for (uint32_t i = 0; i < w->n[0]; i += part.n[0]) {
		uint64_t a = va + (uint64_t)i * step;
		int64_t at = spm + (int64_t)i * w->spm[0];

		part.n[0] = w->n[0] - i < most ? w->n[0] - i : most;
		if (loom_vm_read(core, a, core->bounce, (size_t)(part.n[0] - 1) * step + w->elem, &missing))
			copy_line(core->spm + at, w->spm[0], core->bounce, step, part.n[0], w->elem);
		else if (!line_direct(core, &part, false, a, at, fault))
			return false;
	}
	return true;
}

static bool lone_line(struct loom_core *core, const struct walk *w, bool store, uint64_t va, int64_t spm,
		      struct loom_exec_fault *fault)
{
	return spanned(w, store) ? line_spanned(core, w, va, spm, fault) : line_direct(core, w, store, va, spm, fault);
}

static void move(struct loom_core *core, const struct loom_dma *d, struct loom_exec_fault *fault)
{
	bool store = d->d.op == LOOM_OP_STORE;
	uint32_t i[LOOM_DIMS] = { 0 };
	unsigned int dim, run, inner;
	struct walk w;

	plan(d, &w);
	run = run_dims(&w);
	inner = run ? run : 1;
	for (;;) {
		uint64_t va = d->va;
		int64_t spm = d->spm;

		for (dim = inner; dim < w.dims; dim++) {
			va += (uint64_t)i[dim] * (uint64_t)w.va[dim];
			spm += (int64_t)i[dim] * w.spm[dim];
		}
		if (!(run ? run_bounced(core, &w, run - 1, store, va, spm, fault) :
			    lone_line(core, &w, store, va, spm, fault)))
			return;
		for (dim = inner; dim < w.dims && ++i[dim] == w.n[dim]; dim++)
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
