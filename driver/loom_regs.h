/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_REGS_DUMP_H
#define LOOM_REGS_DUMP_H

#include <linux/types.h>

#include <loom/regs.h>

struct drm_printer;
struct loom_device;

/* What loom_regs_save() fills, as far as there are registers. */
#define LOOM_REGS_BYTES		LOOM_REG_QUEUE(LOOM_NUM_QUEUES)

void loom_regs_show(struct loom_device *ldev, struct drm_printer *p);
void loom_regs_save(struct loom_device *ldev, u32 *image);
void loom_regs_show_saved(const u32 *image, u32 num_cores, struct drm_printer *p);

#endif
