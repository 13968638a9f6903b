/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_PT_H
#define LOOM_PT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device;
struct loom_pt_table;
struct sg_table;

/** enum loom_pt_kind - tables that can stand in for each other */
enum loom_pt_kind {
	/** @LOOM_PT_LEAF: level 0 */
	LOOM_PT_LEAF,
	/** @LOOM_PT_INNER: the levels above */
	LOOM_PT_INNER,
	/** @LOOM_PT_KINDS: number of kinds */
	LOOM_PT_KINDS,
};

/**
 * struct loom_pt_need - tables that an operation may take
 * @tables: by kind
 */
struct loom_pt_need {
	u32 tables[LOOM_PT_KINDS];
};

/**
 * struct loom_pt - page tables of one address space; the owner serialises calls, if
 * they do not say otherwise
 * @dev: for DMA memory
 * @root: top-level table
 * @dead: tables that the device may still have in its TLB: loom_pt_reap() after invalidation
 * @stale: translations in [@stale_start, @stale_end) were dropped since the last loom_pt_reap()
 * @stale_start: bytes
 * @stale_end: bytes
 * @spare_lock: protects what follows; innermost
 * @spare: tables that are in no tree, by kind
 * @num_spare: how many, at least as many as are reserved and not taken yet
 * @reserved: by operations that are not over
 */
struct loom_pt {
	struct device *dev;
	struct loom_pt_table *root;
	struct list_head dead;
	bool stale;
	u64 stale_start;
	u64 stale_end;
	spinlock_t spare_lock; /* see above */
	struct list_head spare[LOOM_PT_KINDS];
	u32 num_spare[LOOM_PT_KINDS];
	u32 reserved[LOOM_PT_KINDS];
};

int loom_pt_init(struct loom_pt *pt, struct device *dev);
void loom_pt_fini(struct loom_pt *pt);
dma_addr_t loom_pt_root(const struct loom_pt *pt);

struct loom_pt_need loom_pt_need_map(u64 va, u64 size, struct sg_table *sgt, u64 offset);
struct loom_pt_need loom_pt_need_unmap(u64 va, u64 size);
int loom_pt_reserve(struct loom_pt *pt, const struct loom_pt_need *need);
void loom_pt_unreserve(struct loom_pt *pt, const struct loom_pt_need *need);
void loom_pt_trim(struct loom_pt *pt);

int loom_pt_begin(struct loom_pt *pt, u64 va, u64 size);
int loom_pt_map(struct loom_pt *pt, u64 va, u64 size, struct sg_table *sgt, u64 offset,
		bool readonly);
void loom_pt_unmap(struct loom_pt *pt, u64 va, u64 size);
void loom_pt_prune(struct loom_pt *pt, u64 va, u64 size);
void loom_pt_reap(struct loom_pt *pt);

#endif
