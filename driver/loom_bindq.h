/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_BINDQ_H
#define LOOM_BINDQ_H

struct drm_device;
struct drm_file;
struct drm_loom_vm_get_state;
struct loom_bindq;
struct loom_device;

struct loom_bindq *loom_bindq_new(struct loom_device *ldev);
void loom_bindq_destroy(struct loom_bindq *bindq);
void loom_bindq_get_state(struct loom_bindq *bindq, struct drm_loom_vm_get_state *args);

int loom_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif
