/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_MBOX_H
#define LOOM_MBOX_H

#include <linux/types.h>

#include <loom/fw.h>

struct drm_printer;
struct loom_device;
struct loom_msg;

/**
 * struct loom_mbox_snapshot - what the firmware says of itself, for a dump; not trusted
 * @heartbeat: as in struct loom_shm
 * @jobs_started: likewise
 * @jobs_ended: likewise
 * @yields: likewise
 * @core_resets: likewise
 * @on_core: queues with a job on a core, bit by number
 * @log_tail: bytes ever written to @log
 * @log: the log ring
 */
struct loom_mbox_snapshot {
	u32 heartbeat;
	u32 jobs_started;
	u32 jobs_ended;
	u32 yields;
	u32 core_resets;
	u64 on_core;
	u32 log_tail;
	char log[LOOM_LOG_BYTES];
};

int loom_mbox_init(struct loom_device *ldev);
void loom_mbox_fini(struct loom_device *ldev);
void loom_mbox_pre_reset(struct loom_device *ldev);
void loom_mbox_post_reset(struct loom_device *ldev);

int loom_mbox_call(struct loom_device *ldev, struct loom_msg *msg);
void loom_mbox_receive(struct loom_device *ldev);

u32 loom_mbox_heartbeat(struct loom_device *ldev);
u64 loom_mbox_on_core(struct loom_device *ldev);
u64 loom_mbox_waiting(struct loom_device *ldev);
u32 loom_mbox_core_resets(struct loom_device *ldev);
void loom_mbox_snapshot(struct loom_device *ldev, struct loom_mbox_snapshot *to);
void loom_mbox_show_snapshot(const struct loom_mbox_snapshot *from, struct drm_printer *p);
void loom_mbox_show_log(struct loom_device *ldev, struct drm_printer *p);

#endif
