/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_VM_H
#define LOOM_VM_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm.h>

struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_printer;
struct loom_as;
struct loom_bindq;
struct loom_device;
struct loom_file;

/**
 * struct loom_vm - an address space of a process
 */
struct loom_vm {
	/** @base: mappings; it lives until the last of its vm_bos is gone */
	struct drm_gpuvm base;

	/** @users: the file, while the VM has an id; queues; queued calls of VM_BIND; @give_up */
	struct kref users;

	/** @lfile: file that made it, which may be closed; a reference while there are users */
	struct loom_file *lfile;

	/** @ldev: device; a reference while there are users */
	struct loom_device *ldev;

	/**
	 * @lock: protects the mappings and @as. Fences wait for it: nobody allocates memory or
	 * takes a reservation inside
	 */
	struct mutex lock;

	/** @as: address space of the device */
	struct loom_as *as;

	/** @bindq: where asynchronous calls of VM_BIND queue; while there are users */
	struct loom_bindq *bindq;

	/** @unusable: one of them has failed; never cleared */
	bool unusable;

	/** @give_up: has the hardware stop its queues once it is unusable; a user meanwhile */
	struct work_struct give_up;

	/** @release: takes the VM apart where the last user cannot */
	struct work_struct release;
};

struct loom_vm *loom_vm_lookup(struct drm_file *file, u32 id);
void loom_vm_get(struct loom_vm *vm);
void loom_vm_put(struct loom_vm *vm);
void loom_vm_put_async(struct loom_vm *vm);
void loom_vm_give_up(struct loom_vm *vm);
void loom_vm_close_all(struct drm_file *file);

struct drm_gem_object *loom_vm_root(struct loom_vm *vm);
int loom_vm_peek(struct loom_vm *vm, u64 va, void *to, size_t size);
struct drm_gpuvm *loom_vm_gpuvm(struct loom_vm *vm);
unsigned int loom_vm_as(const struct loom_vm *vm);
void loom_vms_show(struct loom_device *ldev, struct drm_printer *p);

int loom_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file);

#endif
