/* SPDX-License-Identifier: MIT */
/*
 * Packed blocks of right operands, kept for the next descriptor that multiplies by the same bytes.
 *
 * A block is kept when it is asked for a second time, so that one which is used once costs a note of it and no memory. The
 * scratchpad that it was made from cannot have changed since: each descriptor that writes there ends what overlaps with
 * what it may write, before it is executed, and whatever else changes the scratchpad ends everything. There is no
 * eviction: when the memory is full, other blocks are packed as if there were none, and it empties as scratchpad is
 * written.
 */
#include "mxu.h"

#include <stdlib.h>
#include <string.h>

#define SETS		64u
#define WAYS		4u
#define PAGE		16384u		/* bytes; a panel of a whole block of K */
#define MAX_BYTES	(16u << 20)
_Static_assert(PAGE == LOOM_KC_BYTES * LOOM_NR, "a page is a panel");

/* All that a packed block depends on, but for the bytes of the scratchpad; no padding. */
struct key {
	const struct loom_kernels *kernels;
	const uint8_t *base, *meta;
	uint64_t tap_stride, ld, k0;
	uint32_t taps, rows, cols, meta_pitch;
	uint32_t k, j0, n;
	int32_t zp;
	uint8_t type, integer, trans, rotate;
	uint32_t zero;
};
_Static_assert(sizeof(struct key) == 3 * sizeof(void *) + 64, "padding");

/* Bytes [begin, end) of the scratchpad; none where both are equal. */
struct range {
	uint32_t begin, end;
};

/**
 * struct entry - a block that was seen
 * @from: what it is made from: the whole operand, and what says where its elements belong
 * @pages: that hold it, from @page on; 0: it is not kept
 */
struct entry {
	struct key key;
	struct range from[2];
	uint32_t page, pages;
	bool used;
};

/**
 * struct loom_packed
 * @live, @num_live: the entries that are used, in no order: few, most of the time
 * @all: holds every range of every entry
 * @memory: @limit bytes, or NULL before the first of them are needed; a byte of @taken for each page
 * @turn: the way of a set that the next new block may displace
 */
struct loom_packed {
	const uint8_t *spm;
	struct entry entry[SETS][WAYS], *live[SETS * WAYS];
	unsigned int num_live;
	struct range all;
	uint8_t *memory;
	size_t limit;
	uint8_t taken[MAX_BYTES / PAGE];
	unsigned int turn;
	struct loom_packed_counts count;
};

int loom_packed_new(const uint8_t *spm, uint32_t spm_bytes, struct loom_packed **out)
{
	struct loom_packed *p = calloc(1, sizeof(*p));

	*out = p;
	if (!p)
		return -1;
	p->spm = spm;
	loom_packed_limit(p, 4ull * spm_bytes);
	return 0;
}

void loom_packed_free(struct loom_packed *p)
{
	if (p)
		free(p->memory);
	free(p);
}

void loom_packed_limit(struct loom_packed *p, uint64_t bytes)
{
	loom_packed_forget(p, 0, UINT32_MAX);
	free(p->memory);
	p->memory = NULL;
	p->limit = (bytes < MAX_BYTES ? bytes : MAX_BYTES) / PAGE * PAGE;
}

const struct loom_packed_counts *loom_packed_counts(const struct loom_packed *p)
{
	return &p->count;
}

static bool overlap(const struct range *r, uint32_t begin, uint32_t end)
{
	return r->begin < end && begin < r->end;
}

static void extend(struct range *all, const struct range *r)
{
	if (r->begin == r->end)
		return;
	if (all->begin == all->end)
		*all = *r;
	if (r->begin < all->begin)
		all->begin = r->begin;
	if (r->end > all->end)
		all->end = r->end;
}

static void drop(struct loom_packed *p, struct entry *e)
{
	memset(p->taken + e->page, 0, e->pages);
	e->pages = 0;
	e->used = false;
}

void loom_packed_forget(struct loom_packed *p, uint32_t begin, uint32_t end)
{
	unsigned int left = 0;

	if (!overlap(&p->all, begin, end))
		return;
	p->all = (struct range) { 0, 0 };
	for (unsigned int i = 0; i < p->num_live; i++) {
		struct entry *e = p->live[i];

		if (overlap(&e->from[0], begin, end) || overlap(&e->from[1], begin, end)) {
			p->count.forgotten++;
			drop(p, e);
		} else {
			p->live[left++] = e;
			extend(&p->all, &e->from[0]);
			extend(&p->all, &e->from[1]);
		}
	}
	p->num_live = left;
}

static struct entry *set_of(struct loom_packed *p, const struct key *key)
{
	uint64_t h = 0, word;

	for (size_t i = 0; i < sizeof(*key); i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)key + i, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return p->entry[h % SETS];
}

/* Where the operand and, of one that is sparse, its nibbles lie. */
static void ranges_of(struct entry *e, const struct loom_packed *p, const struct loom_right *r)
{
	const uint64_t stored = r->meta ? r->rows / 2 : r->rows, lines = r->trans ? r->cols : stored;
	const uint64_t line = r->trans ? stored : r->cols;
	const uint64_t bytes = r->type == LOOM_S4 ? (line + 1) / 2 : line * loom_type_bytes(r->type);
	const uint64_t nibbles = r->taps * (uint64_t)(r->trans ? r->cols : r->rows / 4) * r->meta_pitch;

	e->from[0].begin = (uint32_t)(r->base - p->spm);
	e->from[0].end = (uint32_t)(e->from[0].begin + (r->taps - 1) * r->tap_stride + (lines - 1) * r->ld + bytes);
	e->from[1].begin = r->meta ? (uint32_t)(r->meta - p->spm) : 0;
	e->from[1].end = r->meta ? (uint32_t)(e->from[1].begin + nibbles) : 0;
}

/* The entry of @key; a new one is not kept. NULL: new, and all entries that could be it hold others. */
static struct entry *find(struct loom_packed *p, const struct key *key, const struct loom_right *r, bool *seen)
{
	struct entry *set = set_of(p, key), *free = NULL;

	*seen = true;
	for (unsigned int i = 0; i < WAYS; i++)
		if (set[i].used && !memcmp(&set[i].key, key, sizeof(*key)))
			return &set[i];
	*seen = false;
	for (unsigned int i = 0; i < WAYS && (!free || free->used); i++) {
		struct entry *e = &set[(p->turn + i) % WAYS];

		if (!e->used || (!e->pages && !free))
			free = e;
	}
	if (!free)
		return NULL;
	p->turn++;
	if (!free->used)
		p->live[p->num_live++] = free;
	free->key = *key;
	free->used = true;
	ranges_of(free, p, r);
	extend(&p->all, &free->from[0]);
	extend(&p->all, &free->from[1]);
	return free;
}

/* Pages for @bytes of @e, the first that are free and adjoin. Return: NULL where there are none. */
static uint8_t *keep(struct loom_packed *p, struct entry *e, size_t bytes)
{
	const uint32_t want = (uint32_t)LOOM_DIV_UP(bytes, PAGE), pages = (uint32_t)(p->limit / PAGE);
	uint32_t run = 0, at = 0;

	if (!p->memory)
		p->memory = aligned_alloc(4096, p->limit);
	if (!p->memory) {
		p->limit = 0;
		return NULL;
	}
	while (run < want && at < pages)
		run = p->taken[at++] ? 0 : run + 1;
	if (run < want)
		return NULL;
	e->page = at - want;
	e->pages = want;
	memset(p->taken + e->page, 1, want);
	return p->memory + (size_t)e->page * PAGE;
}

const uint8_t *loom_packed_right(struct loom_core *core, const struct loom_right *r, bool integer, uint64_t k0,
				 uint32_t k, uint32_t j0, uint32_t n)
{
	const size_t bytes = (size_t)LOOM_DIV_UP(n, LOOM_NR) * (integer ? LOOM_DIV_UP(k, 2) : k) * LOOM_NR * 4;
	const struct key key = {
		.kernels = loom_kernels(), .base = r->base, .meta = r->meta, .tap_stride = r->tap_stride, .ld = r->ld,
		.k0 = k0, .taps = r->taps, .rows = r->rows, .cols = r->cols, .meta_pitch = r->meta_pitch, .k = k,
		.j0 = j0, .n = n, .zp = r->zp, .type = (uint8_t)r->type, .integer = integer, .trans = r->trans,
		.rotate = r->rotate,
	};
	struct loom_packed *p = core->packed;
	uint8_t *at = NULL;
	struct entry *e;
	bool seen;

	if (p->limit) {
		e = find(p, &key, r, &seen);
		if (e && e->pages) {
			p->count.reused++;
			return p->memory + (size_t)e->page * PAGE;
		}
		if (e && seen)
			at = keep(p, e, bytes);
		p->count.kept += !!at;
	}
	p->count.packed++;
	if (!at)
		at = core->mxu->b;
	loom_pack_right(core->mxu, at, r, integer, k0, k, j0, n);
	return at;
}
