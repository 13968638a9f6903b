/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_COREDUMP_H
#define LOOM_COREDUMP_H

struct loom_device;
struct loom_hwq;

int loom_coredump_init(struct loom_device *ldev);
void loom_coredump_fini(struct loom_device *ldev);

void loom_coredump_take(struct loom_device *ldev, const char *why, struct loom_hwq *guilty);
void loom_coredump_fault(struct loom_hwq *hwq);

#endif
