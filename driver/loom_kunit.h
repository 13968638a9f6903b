/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit tests (driver/kunit) call beside what the units call of each other.
 */
#ifndef LOOM_KUNIT_H
#define LOOM_KUNIT_H

#include <kunit/visibility.h>
#include <linux/types.h>

struct drm_loom_bind_op;
struct drm_loom_job;
struct drm_loom_sync_op;
struct loom_hwq;
struct sg_table;

#if IS_ENABLED(CONFIG_KUNIT)
int loom_bind_check(const struct drm_loom_bind_op *op);
bool loom_bo_size_ok(u64 size);
bool loom_gem_sgt_ok(struct sg_table *sgt, u64 size);
bool loom_job_ok(const struct drm_loom_job *job);
bool loom_sync_ok(const struct drm_loom_sync_op *op);

u64 loom_hwq_started(const struct loom_hwq *hwq, u32 head);
u32 loom_userq_left(u64 done, u32 head, u32 tail, unsigned int log2);
int loom_mbox_pending(u32 head, u32 tail);
#endif

#endif
