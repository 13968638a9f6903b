/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_MBOX_H
#define LOOM_MBOX_H

#include <linux/types.h>

struct drm_printer;
struct loom_device;
struct loom_msg;

int loom_mbox_init(struct loom_device *ldev);
void loom_mbox_fini(struct loom_device *ldev);
void loom_mbox_pre_reset(struct loom_device *ldev);
void loom_mbox_post_reset(struct loom_device *ldev);

int loom_mbox_call(struct loom_device *ldev, struct loom_msg *msg);
void loom_mbox_receive(struct loom_device *ldev);

u32 loom_mbox_heartbeat(struct loom_device *ldev);
u64 loom_mbox_on_core(struct loom_device *ldev);
void loom_mbox_show_log(struct loom_device *ldev, struct drm_printer *p);

#endif
