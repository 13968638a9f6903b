/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_USERQ_H
#define LOOM_USERQ_H

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct drm_loom_queue_create;
struct loom_doorbell;
struct loom_hwq;
struct loom_hwq_fault;
struct loom_queue;
struct loom_userq;

bool loom_userq_args_ok(const struct drm_loom_queue_create *args);
int loom_userq_init(struct loom_queue *queue, const struct drm_loom_queue_create *args);
void loom_userq_begin(struct loom_queue *queue, struct drm_loom_queue_create *args);
void loom_userq_end(struct loom_queue *queue);
void loom_userq_fini(struct loom_queue *queue);
void loom_userq_free(struct loom_userq *userq);

struct loom_doorbell *loom_userq_doorbell(struct loom_queue *queue);
void loom_userq_opened(struct loom_queue *queue);

/* with the queue's lock held */
void loom_userq_poll(struct loom_hwq *hwq);
void loom_userq_fault(struct loom_hwq *hwq, const struct loom_hwq_fault *fault, u32 index);
void loom_userq_ended(struct loom_hwq *hwq);
void loom_userq_pre_reset(struct loom_hwq *hwq, u32 head);
void loom_userq_revive(struct loom_hwq *hwq);

int loom_ioctl_queue_wait(struct drm_device *drm, void *data, struct drm_file *file);

#endif
