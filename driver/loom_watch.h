/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_WATCH_H
#define LOOM_WATCH_H

struct loom_device;

int loom_watch_init(struct loom_device *ldev);
void loom_watch_fini(struct loom_device *ldev);
void loom_watch_kick(struct loom_device *ldev);

#endif
