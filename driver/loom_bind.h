/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_BIND_H
#define LOOM_BIND_H

#include <linux/list.h>
#include <linux/types.h>

#include <drm/drm_gpuvm.h>

struct drm_file;
struct drm_loom_bind_op;
struct loom_bind;
struct loom_device;
struct loom_vm;

/**
 * struct loom_vma - a mapping
 * @base: range, buffer, offset
 * @readonly: the device may not write
 * @vm_bo: a reference, which keeps the buffer
 * @dead: in loom_bind.dead
 */
struct loom_vma {
	struct drm_gpuva base;
	bool readonly;
	struct drm_gpuvm_bo *vm_bo;
	struct list_head dead;
};

static inline struct loom_vma *to_loom_vma(struct drm_gpuva *va)
{
	return container_of(va, struct loom_vma, base);
}

void loom_vma_free(struct loom_vma *vma);

struct loom_bind *loom_bind_new(struct loom_vm *vm, struct drm_file *file,
				const struct drm_loom_bind_op *op);
int loom_bind_run(struct loom_bind *bind);
void loom_bind_free(struct loom_bind *bind);
void loom_bind_debugfs(struct loom_device *ldev);

/* for the VM's drm_gpuvm_ops */
int loom_bind_step_map(struct drm_gpuva_op *op, void *priv);
int loom_bind_step_unmap(struct drm_gpuva_op *op, void *priv);
int loom_bind_step_remap(struct drm_gpuva_op *op, void *priv);

#endif
