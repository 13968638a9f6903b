/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_PT_H
#define LOOM_PT_H

#include <linux/list.h>
#include <linux/types.h>

struct device;
struct loom_pt_table;
struct sg_table;

/**
 * struct loom_pt - page tables of one address space; the owner serialises all calls
 * @dev: for DMA memory
 * @root: top-level table
 * @dead: tables that the device may still have in its TLB: loom_pt_reap() after invalidation
 * @stale: translations in [@stale_start, @stale_end) were dropped since the last loom_pt_reap()
 * @stale_start: bytes
 * @stale_end: bytes
 */
struct loom_pt {
	struct device *dev;
	struct loom_pt_table *root;
	struct list_head dead;
	bool stale;
	u64 stale_start;
	u64 stale_end;
};

int loom_pt_init(struct loom_pt *pt, struct device *dev);
void loom_pt_fini(struct loom_pt *pt);
dma_addr_t loom_pt_root(const struct loom_pt *pt);

int loom_pt_prepare_map(struct loom_pt *pt, u64 va, u64 size, struct sg_table *sgt, u64 offset);
void loom_pt_map(struct loom_pt *pt, u64 va, u64 size, struct sg_table *sgt, u64 offset,
		 bool readonly);
int loom_pt_prepare_unmap(struct loom_pt *pt, u64 va, u64 size);
void loom_pt_unmap(struct loom_pt *pt, u64 va, u64 size);
void loom_pt_prune(struct loom_pt *pt, u64 va, u64 size);
void loom_pt_reap(struct loom_pt *pt);

#endif
