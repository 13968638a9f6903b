/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_FW_DRV_H
#define LOOM_FW_DRV_H

#include <linux/types.h>

struct loom_device;

int loom_fw_init(struct loom_device *ldev);
void loom_fw_fini(struct loom_device *ldev);
int loom_fw_post_reset(struct loom_device *ldev);

bool loom_fw_is_halted(struct loom_device *ldev);
void loom_fw_rest(struct loom_device *ldev);
void loom_fw_watch(struct loom_device *ldev, bool busy, u64 ns);

#endif
