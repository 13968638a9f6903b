/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_PERF_H
#define LOOM_PERF_H

struct drm_device;
struct drm_file;
struct drm_loom_query_core;
struct loom_device;

int loom_perf_init(struct loom_device *ldev);
void loom_perf_post_reset(struct loom_device *ldev);
void loom_perf_forget(struct loom_device *ldev);
void loom_perf_pre_sleep(struct loom_device *ldev);
void loom_perf_query(struct loom_device *ldev, struct drm_loom_query_core *core);
void loom_perf_fini(struct loom_device *ldev);
void loom_perf_close_all(struct drm_file *file);

int loom_ioctl_perf_open(struct drm_device *drm, void *data, struct drm_file *file);

#endif
