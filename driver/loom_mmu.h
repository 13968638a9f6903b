/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_MMU_H
#define LOOM_MMU_H

#include <linux/types.h>

struct loom_as;
struct loom_device;
struct loom_pt_need;
struct sg_table;

int loom_mmu_init(struct loom_device *ldev);
void loom_mmu_fini(struct loom_device *ldev);
void loom_mmu_post_reset(struct loom_device *ldev);

struct loom_as *loom_as_create(struct loom_device *ldev);
void loom_as_destroy(struct loom_as *as);
unsigned int loom_as_number(const struct loom_as *as);

int loom_as_reserve(struct loom_as *as, const struct loom_pt_need *need);
void loom_as_unreserve(struct loom_as *as, const struct loom_pt_need *need);
int loom_as_begin(struct loom_as *as, u64 va, u64 size);
int loom_as_map(struct loom_as *as, u64 va, u64 size, struct sg_table *sgt, u64 offset,
		bool readonly);
void loom_as_unmap(struct loom_as *as, u64 va, u64 size);
void loom_as_flush(struct loom_as *as, u64 va, u64 size);

#endif
