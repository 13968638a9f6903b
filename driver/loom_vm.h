/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_VM_H
#define LOOM_VM_H

#include <linux/types.h>

struct dma_fence;
struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_gpuvm;
struct drm_printer;
struct loom_device;
struct loom_vm;

struct loom_vm *loom_vm_lookup(struct drm_file *file, u32 id);
void loom_vm_get(struct loom_vm *vm);
void loom_vm_put(struct loom_vm *vm);
void loom_vm_close_all(struct drm_file *file);

struct drm_gem_object *loom_vm_root(struct loom_vm *vm);
struct drm_gpuvm *loom_vm_gpuvm(struct loom_vm *vm);
unsigned int loom_vm_as(const struct loom_vm *vm);
void loom_vms_show(struct loom_device *ldev, struct drm_printer *p);

int loom_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif
