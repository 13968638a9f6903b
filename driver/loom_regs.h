/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_REGS_DRV_H
#define LOOM_REGS_DRV_H

struct drm_printer;
struct loom_device;

void loom_regs_show(struct loom_device *ldev, struct drm_printer *p);

#endif
