// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables: four levels in coherent memory, leaves of 4 KiB and, where addresses of both sides
 * align, 2 MiB.
 *
 * What can fail, memory for tables, is reserved beforehand: an operation whose need is reserved
 * goes through. Tables that are spare stay zeroed, so that they can be used as they are.
 */
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <loom/regs.h>

#include "loom_kunit.h"
#include "loom_pt.h"

#define LOOM_PT_ENTRIES		BIT(LOOM_PT_BITS)
#define LOOM_PT_BYTES		(LOOM_PT_ENTRIES * sizeof(__le64))
#define LOOM_PT_TOP		(LOOM_PT_LEVELS - 1)

/* Spare tables of each kind that an address space keeps for the next operation. */
#define LOOM_PT_KEEP		4

/**
 * struct loom_pt_table - one table
 * @entries: what the device reads
 * @dma: its bus address
 * @used: entries that are valid
 * @level: 0 is that of 4 KiB leaves
 * @link: in loom_pt.dead, or spare
 * @child: tables below, by index; NULL for leaves. None at level 0
 */
struct loom_pt_table {
	__le64 *entries;
	dma_addr_t dma;
	u16 used;
	u8 level;
	struct list_head link;
	struct loom_pt_table *child[];
};

static unsigned int pt_shift(unsigned int level)
{
	return LOOM_PAGE_SHIFT + level * LOOM_PT_BITS;
}

static unsigned int pt_index(u64 va, unsigned int level)
{
	return va >> pt_shift(level) & (LOOM_PT_ENTRIES - 1);
}

/* End of the range that the entry for @va covers. */
static u64 pt_entry_end(u64 va, unsigned int level)
{
	return (va | (BIT_ULL(pt_shift(level)) - 1)) + 1;
}

static enum loom_pt_kind pt_kind(unsigned int level)
{
	return level ? LOOM_PT_INNER : LOOM_PT_LEAF;
}

static struct loom_pt_table *pt_table_new(struct device *dev, unsigned int level)
{
	struct loom_pt_table *table;

	table = kzalloc(struct_size(table, child, level ? LOOM_PT_ENTRIES : 0), GFP_KERNEL);
	if (!table)
		return NULL;
	table->level = level;
	table->entries = dma_alloc_coherent(dev, LOOM_PT_BYTES, &table->dma, GFP_KERNEL);
	if (!table->entries) {
		kfree(table);
		return NULL;
	}
	return table;
}

static void pt_table_free(struct device *dev, struct loom_pt_table *table)
{
	dma_free_coherent(dev, LOOM_PT_BYTES, table->entries, table->dma);
	kfree(table);
}

static void pt_add_spare(struct loom_pt *pt, struct loom_pt_table *table)
{
	enum loom_pt_kind kind = pt_kind(table->level);

	guard(spinlock)(&pt->spare_lock);
	list_add(&table->link, &pt->spare[kind]);
	pt->num_spare[kind]++;
}

/* One of more than @keep spare tables, or NULL. */
static struct loom_pt_table *pt_take_spare(struct loom_pt *pt, enum loom_pt_kind kind, u32 keep)
{
	struct loom_pt_table *table;

	guard(spinlock)(&pt->spare_lock);
	if (pt->num_spare[kind] <= keep)
		return NULL;
	table = list_first_entry(&pt->spare[kind], struct loom_pt_table, link);
	list_del(&table->link);
	pt->num_spare[kind]--;
	return table;
}

/* One that is reserved. */
static struct loom_pt_table *pt_table_take(struct loom_pt *pt, unsigned int level)
{
	struct loom_pt_table *table = pt_take_spare(pt, pt_kind(level), 0);

	if (!WARN_ON_ONCE(!table))
		table->level = level;
	return table;
}

static void pt_table_free_tree(struct device *dev, struct loom_pt_table *table)
{
	for (unsigned int i = 0; table->level && i < LOOM_PT_ENTRIES; i++) {
		if (table->child[i])
			pt_table_free_tree(dev, table->child[i]);
	}
	pt_table_free(dev, table);
}

static u64 pt_read(const struct loom_pt_table *table, unsigned int i)
{
	return le64_to_cpu(table->entries[i]);
}

static void pt_write(struct loom_pt_table *table, unsigned int i, u64 pte)
{
	bool was = pt_read(table, i) & LOOM_PTE_VALID;
	bool is = pte & LOOM_PTE_VALID;

	table->used += is - was;
	WRITE_ONCE(table->entries[i], cpu_to_le64(pte));
}

static void pt_stale(struct loom_pt *pt, u64 start, u64 end)
{
	pt->stale_start = pt->stale ? min(pt->stale_start, start) : start;
	pt->stale_end = pt->stale ? max(pt->stale_end, end) : end;
	pt->stale = true;
}

/* Replaces the 2 MiB leaf at index @i of a level 1 table by a table that says the same. */
static int pt_split(struct loom_pt *pt, struct loom_pt_table *table, unsigned int i, u64 va)
{
	u64 huge = pt_read(table, i);
	struct loom_pt_table *leaf = pt_table_take(pt, 0);

	if (!leaf)
		return -ENOMEM;
	for (unsigned int n = 0; n < LOOM_PT_ENTRIES; n++)
		pt_write(leaf, n, (huge & ~LOOM_PTE_HUGE) + ((u64)n << LOOM_PAGE_SHIFT));
	dma_wmb(); /* the table before the entry that leads to it */
	table->child[i] = leaf;
	pt_write(table, i, leaf->dma | LOOM_PTE_VALID);
	pt_stale(pt, ALIGN_DOWN(va, SZ_2M), ALIGN_DOWN(va, SZ_2M) + SZ_2M);
	return 0;
}

/*
 * The table of @level for @va, made if it is not there, where @make; a 2 MiB leaf in the way is
 * split. NULL when there is none; an error pointer only with @make.
 */
static struct loom_pt_table *pt_walk(struct loom_pt *pt, u64 va, unsigned int level, bool make)
{
	struct loom_pt_table *table = pt->root;

	while (table->level > level) {
		unsigned int i = pt_index(va, table->level);
		struct loom_pt_table *child = table->child[i];

		if (!child && !make)
			return NULL;
		if (!child && (pt_read(table, i) & LOOM_PTE_VALID)) {
			int ret = pt_split(pt, table, i, va);

			if (ret)
				return ERR_PTR(ret);
			child = table->child[i];
		} else if (!child) {
			child = pt_table_take(pt, table->level - 1);
			if (!child)
				return ERR_PTR(-ENOMEM);
			dma_wmb(); /* the table before the entry that leads to it */
			table->child[i] = child;
			pt_write(table, i, child->dma | LOOM_PTE_VALID);
		}
		table = child;
	}
	return table;
}

/**
 * struct pt_cursor - walks a range of a buffer leaf by leaf
 * @sg: present segment
 * @skip: bytes of it that are behind us
 * @va: of the next leaf
 * @left: bytes to go
 */
struct pt_cursor {
	struct scatterlist *sg;
	u64 skip;
	u64 va;
	u64 left;
};

static void pt_cursor_normalise(struct pt_cursor *cursor)
{
	while (cursor->left && cursor->skip >= sg_dma_len(cursor->sg)) {
		cursor->skip -= sg_dma_len(cursor->sg);
		cursor->sg = sg_next(cursor->sg);
	}
}

static struct pt_cursor pt_cursor(u64 va, u64 size, struct sg_table *sgt, u64 offset)
{
	struct pt_cursor cursor = { .sg = sgt->sgl, .skip = offset, .va = va, .left = size };

	pt_cursor_normalise(&cursor);
	return cursor;
}

static dma_addr_t pt_cursor_dma(const struct pt_cursor *cursor)
{
	return sg_dma_address(cursor->sg) + cursor->skip;
}

/* Size of the next leaf. */
static u64 pt_cursor_leaf(const struct pt_cursor *cursor)
{
	u64 run = min(sg_dma_len(cursor->sg) - cursor->skip, cursor->left);

	return run >= SZ_2M && IS_ALIGNED(cursor->va | pt_cursor_dma(cursor), SZ_2M) ? SZ_2M :
										       SZ_4K;
}

static void pt_cursor_advance(struct pt_cursor *cursor, u64 bytes)
{
	cursor->va += bytes;
	cursor->left -= bytes;
	cursor->skip += bytes;
	pt_cursor_normalise(cursor);
}

/**
 * loom_pt_need_map() - tables that loom_pt_begin() and loom_pt_map() may take, at most
 * @va: page-aligned
 * @size: bytes, page-aligned
 * @sgt: buffer, mapped for DMA
 * @offset: bytes into the buffer, page-aligned
 *
 * Whatever else happens to the page tables until then.
 *
 * Return: for loom_pt_reserve().
 */
struct loom_pt_need loom_pt_need_map(u64 va, u64 size, struct sg_table *sgt, u64 offset)
{
	struct pt_cursor cursor = pt_cursor(va, size, sgt, offset);
	struct loom_pt_need need = {};
	u64 table_end = 0;

	while (cursor.left) {
		u64 leaf = pt_cursor_leaf(&cursor);

		if (leaf == SZ_4K && cursor.va >= table_end) {
			need.tables[LOOM_PT_LEAF]++;
			table_end = pt_entry_end(cursor.va, 1);
		}
		pt_cursor_advance(&cursor, leaf);
	}
	for (unsigned int level = 2; level <= LOOM_PT_TOP; level++)
		need.tables[LOOM_PT_INNER] += ((va + size - 1) >> pt_shift(level)) -
					      (va >> pt_shift(level)) + 1;
	return need;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_need_map);

/**
 * loom_pt_need_unmap() - tables that loom_pt_begin() may take, at most
 * @va: page-aligned
 * @size: bytes, page-aligned
 *
 * Return: for loom_pt_reserve().
 */
struct loom_pt_need loom_pt_need_unmap(u64 va, u64 size)
{
	struct loom_pt_need need = {};

	need.tables[LOOM_PT_LEAF] = !IS_ALIGNED(va, SZ_2M) + !IS_ALIGNED(va + size, SZ_2M);
	return need;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_need_unmap);

/* Reserves @count tables of @kind, which are there when nothing is missing. */
static u32 pt_reserve(struct loom_pt *pt, enum loom_pt_kind kind, u32 count)
{
	guard(spinlock)(&pt->spare_lock);
	pt->reserved[kind] += count;
	return pt->reserved[kind] - min(pt->reserved[kind], pt->num_spare[kind]);
}

static int pt_make_spare(struct loom_pt *pt, enum loom_pt_kind kind, u32 count)
{
	for (; count; count--) {
		struct loom_pt_table *table = pt_table_new(pt->dev, kind == LOOM_PT_INNER);

		if (!table)
			return -ENOMEM;
		pt_add_spare(pt, table);
		cond_resched();
	}
	return 0;
}

/**
 * loom_pt_reserve() - have tables ready for an operation
 * @pt: page tables
 * @need: of the operation
 *
 * Needs no serialisation; not where fences wait for it.
 *
 * Return: 0; -ENOMEM, with nothing reserved.
 */
int loom_pt_reserve(struct loom_pt *pt, const struct loom_pt_need *need)
{
	u32 missing[LOOM_PT_KINDS];
	int ret = 0;

	for (unsigned int kind = 0; kind < LOOM_PT_KINDS; kind++)
		missing[kind] = pt_reserve(pt, kind, need->tables[kind]);
	for (unsigned int kind = 0; kind < LOOM_PT_KINDS && !ret; kind++)
		ret = pt_make_spare(pt, kind, missing[kind]);
	if (ret) {
		loom_pt_unreserve(pt, need);
		loom_pt_trim(pt);
	}
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_reserve);

/**
 * loom_pt_unreserve() - the operation is over, or was given up
 * @pt: page tables
 * @need: what was reserved
 */
void loom_pt_unreserve(struct loom_pt *pt, const struct loom_pt_need *need)
{
	guard(spinlock)(&pt->spare_lock);
	for (unsigned int kind = 0; kind < LOOM_PT_KINDS; kind++)
		pt->reserved[kind] -= need->tables[kind];
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_unreserve);

static void pt_trim(struct loom_pt *pt, enum loom_pt_kind kind, u32 keep)
{
	struct loom_pt_table *table;

	while ((table = pt_take_spare(pt, kind, keep)))
		pt_table_free(pt->dev, table);
}

/**
 * loom_pt_trim() - free the spare tables that are too many
 * @pt: page tables
 *
 * Needs no serialisation, but the device may not go meanwhile.
 */
void loom_pt_trim(struct loom_pt *pt)
{
	for (unsigned int kind = 0; kind < LOOM_PT_KINDS; kind++)
		pt_trim(pt, kind, READ_ONCE(pt->reserved[kind]) + LOOM_PT_KEEP);
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_trim);

/* A 2 MiB leaf takes the place of a table, which has no valid entry any more. */
static void pt_drop_table(struct loom_pt *pt, struct loom_pt_table *table, unsigned int i, u64 va)
{
	struct loom_pt_table *child = table->child[i];

	table->child[i] = NULL;
	pt_write(table, i, 0);
	list_add(&child->link, &pt->dead);
	pt_stale(pt, ALIGN_DOWN(va, BIT_ULL(pt_shift(table->level))),
		 pt_entry_end(va, table->level));
}

/**
 * loom_pt_map() - write leaves, over nothing; its need is reserved
 * @pt: page tables
 * @va: page-aligned
 * @size: bytes, page-aligned
 * @sgt: buffer, mapped for DMA
 * @offset: bytes into the buffer, page-aligned
 * @readonly: engines may not write
 *
 * Return: 0; -ENOMEM is a bug.
 */
int loom_pt_map(struct loom_pt *pt, u64 va, u64 size, struct sg_table *sgt, u64 offset,
		bool readonly)
{
	u64 bits = LOOM_PTE_VALID | (readonly ? LOOM_PTE_RO : 0);
	struct pt_cursor cursor = pt_cursor(va, size, sgt, offset);
	struct loom_pt_table *table = NULL;
	u64 table_end = 0;

	while (cursor.left) {
		u64 leaf = pt_cursor_leaf(&cursor);
		unsigned int level = leaf == SZ_2M;
		unsigned int i = pt_index(cursor.va, level);

		if (level || cursor.va >= table_end) {
			table = pt_walk(pt, cursor.va, level, true);
			if (IS_ERR(table))
				return PTR_ERR(table);
			table_end = level ? 0 : pt_entry_end(cursor.va, 1);
		}
		if (level && table->child[i])
			pt_drop_table(pt, table, i, cursor.va);
		pt_write(table, i, pt_cursor_dma(&cursor) | bits | (level ? LOOM_PTE_HUGE : 0));
		pt_cursor_advance(&cursor, leaf);
	}
	dma_wmb(); /* leaves before the doorbell of a job that uses them */
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_map);

/**
 * loom_pt_begin() - make sure that no 2 MiB leaf is cut by the ends of a range
 * @pt: page tables
 * @va: page-aligned
 * @size: bytes, page-aligned
 *
 * What the device can translate does not change. The need is reserved.
 *
 * Return: 0; -ENOMEM is a bug.
 */
int loom_pt_begin(struct loom_pt *pt, u64 va, u64 size)
{
	u64 ends[] = { va, va + size };

	for (unsigned int n = 0; n < ARRAY_SIZE(ends); n++) {
		struct loom_pt_table *table;
		unsigned int i = pt_index(ends[n], 1);
		int ret;

		if (IS_ALIGNED(ends[n], SZ_2M))
			continue;
		table = pt_walk(pt, ends[n], 1, false);
		if (!table || table->child[i] || !(pt_read(table, i) & LOOM_PTE_VALID))
			continue;
		ret = pt_split(pt, table, i, ends[n]);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_begin);

static void pt_unmap(struct loom_pt *pt, struct loom_pt_table *table, u64 va, u64 end)
{
	for (u64 next; va < end; va = next) {
		unsigned int i = pt_index(va, table->level);
		struct loom_pt_table *child = table->level ? table->child[i] : NULL;

		next = min(pt_entry_end(va, table->level), end);
		if (child) {
			pt_unmap(pt, child, va, next);
		} else if (pt_read(table, i) & LOOM_PTE_VALID) {
			pt_write(table, i, 0);
			pt_stale(pt, va, next);
		}
	}
}

/**
 * loom_pt_unmap() - drop all translations of a range; after loom_pt_begin()
 * @pt: page tables
 * @va: page-aligned
 * @size: bytes, page-aligned
 *
 * Tables stay, for a loom_pt_map() that follows.
 */
void loom_pt_unmap(struct loom_pt *pt, u64 va, u64 size)
{
	pt_unmap(pt, pt->root, va, va + size);
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_unmap);

static void pt_prune(struct loom_pt *pt, struct loom_pt_table *table, u64 va, u64 end)
{
	for (u64 next; table->level && va < end; va = next) {
		unsigned int i = pt_index(va, table->level);
		struct loom_pt_table *child = table->child[i];

		next = min(pt_entry_end(va, table->level), end);
		if (!child)
			continue;
		pt_prune(pt, child, va, next);
		if (!child->used)
			pt_drop_table(pt, table, i, va);
	}
}

/**
 * loom_pt_prune() - unhook the tables of a range that have become empty, for loom_pt_reap()
 * @pt: page tables
 * @va: page-aligned
 * @size: bytes, page-aligned
 */
void loom_pt_prune(struct loom_pt *pt, u64 va, u64 size)
{
	pt_prune(pt, pt->root, va, va + size);
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_prune);

/**
 * loom_pt_reap() - the tables that are not in use any more are spare
 * @pt: page tables; the device has no translation of the stale range any more
 */
void loom_pt_reap(struct loom_pt *pt)
{
	struct loom_pt_table *table, *next;

	list_for_each_entry_safe(table, next, &pt->dead, link) {
		list_del(&table->link);
		pt_add_spare(pt, table);
	}
	pt->stale = false;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_reap);

/**
 * loom_pt_root() - bus address of the top-level table
 * @pt: page tables
 *
 * Return: 4 KiB aligned.
 */
dma_addr_t loom_pt_root(const struct loom_pt *pt)
{
	return pt->root->dma;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_root);

/**
 * loom_pt_init() - tables that translate nothing
 * @pt: page tables
 * @dev: for DMA memory
 *
 * Return: 0 or -ENOMEM.
 */
int loom_pt_init(struct loom_pt *pt, struct device *dev)
{
	pt->dev = dev;
	pt->stale = false;
	INIT_LIST_HEAD(&pt->dead);
	spin_lock_init(&pt->spare_lock);
	for (unsigned int kind = 0; kind < LOOM_PT_KINDS; kind++)
		INIT_LIST_HEAD(&pt->spare[kind]);
	pt->root = pt_table_new(dev, LOOM_PT_TOP);
	return pt->root ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_init);

/**
 * loom_pt_fini() - free all tables; the device does not use them any more
 * @pt: page tables
 */
void loom_pt_fini(struct loom_pt *pt)
{
	loom_pt_reap(pt);
	for (unsigned int kind = 0; kind < LOOM_PT_KINDS; kind++)
		pt_trim(pt, kind, 0);
	pt_table_free_tree(pt->dev, pt->root);
	pt->root = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(loom_pt_fini);
