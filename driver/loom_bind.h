/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_BIND_H
#define LOOM_BIND_H

#include <linux/list.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>

struct drm_device;
struct drm_file;

/**
 * struct loom_vma - a mapping
 * @base: range, buffer, offset
 * @readonly: the device may not write
 * @dead: in loom_bind.dead
 */
struct loom_vma {
	struct drm_gpuva base;
	bool readonly;
	struct list_head dead;
};

static inline struct loom_vma *to_loom_vma(struct drm_gpuva *va)
{
	return container_of(va, struct loom_vma, base);
}

void loom_vma_free(struct loom_vma *vma);

/* for the VM's drm_gpuvm_ops */
int loom_bind_step_map(struct drm_gpuva_op *op, void *priv);
int loom_bind_step_unmap(struct drm_gpuva_op *op, void *priv);
int loom_bind_step_remap(struct drm_gpuva_op *op, void *priv);

int loom_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif
