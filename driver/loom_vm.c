// SPDX-License-Identifier: GPL-2.0
/*
 * VMs: address spaces as user space has them: ids, life, what is in them. VM_BIND is in
 * loom_bindq.c and loom_bind.c.
 */
#include <linux/mutex.h>
#include <linux/slab.h>

#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>

#include "loom_bind.h"
#include "loom_bindq.h"
#include "loom_device.h"
#include "loom_drv.h"
#include "loom_gem.h"
#include "loom_mmu.h"
#include "loom_queue.h"
#include "loom_vm.h"

static void loom_vm_free(struct drm_gpuvm *gpuvm)
{
	struct loom_vm *vm = container_of(gpuvm, struct loom_vm, base);

	mutex_destroy(&vm->lock);
	kfree(vm);
}

static const struct drm_gpuvm_ops loom_vm_ops = {
	.vm_free = loom_vm_free,
	.sm_step_map = loom_bind_step_map,
	.sm_step_unmap = loom_bind_step_unmap,
	.sm_step_remap = loom_bind_step_remap,
};

static void loom_vm_release(struct loom_vm *vm)
{
	struct drm_device *drm = &vm->ldev->drm;
	struct drm_gpuva *va, *next;

	loom_bindq_destroy(vm->bindq);
	loom_as_destroy(vm->as);
	drm_gpuvm_for_each_va_safe(va, next, &vm->base) {
		if (va == &vm->base.kernel_alloc_node)
			continue;
		drm_gpuva_remove(va);
		loom_vma_free(to_loom_vma(va));
	}
	loom_file_give(vm->lfile, &vm->lfile->num_vms);
	drm_gpuvm_put(&vm->base);
	drm_dev_put(drm);
}

static void loom_vm_release_work(struct work_struct *work)
{
	loom_vm_release(container_of(work, struct loom_vm, release));
}

/* No queue uses the VM any more, and nobody can reach it. */
static void loom_vm_destroy(struct kref *users)
{
	loom_vm_release(container_of(users, struct loom_vm, users));
}

static void loom_vm_destroy_async(struct kref *users)
{
	struct loom_vm *vm = container_of(users, struct loom_vm, users);

	queue_work(loom_release_wq, &vm->release);
}

/**
 * loom_vm_get() - take another reference
 * @vm: VM
 */
void loom_vm_get(struct loom_vm *vm)
{
	kref_get(&vm->users);
}

/**
 * loom_vm_put() - drop a reference
 * @vm: VM or NULL
 *
 * Process context; may sleep.
 */
void loom_vm_put(struct loom_vm *vm)
{
	if (vm)
		kref_put(&vm->users, loom_vm_destroy);
}

/**
 * loom_vm_put_async() - drop a reference where the VM cannot be taken apart
 * @vm: VM
 *
 * Any context: the scheduler of the VM too.
 */
void loom_vm_put_async(struct loom_vm *vm)
{
	kref_put(&vm->users, loom_vm_destroy_async);
}

static void loom_vm_end_queues(struct loom_vm *vm,
			       void (*end)(struct loom_hwq *hwq, u32 state, int error))
{
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_hwq *hwq = loom_hwqs_get(vm->ldev, i);

		if (!hwq)
			continue;
		if (hwq_to_queue(hwq)->vm == vm)
			end(hwq, DRM_LOOM_QUEUE_STATE_VM, -ECANCELED);
		loom_queue_put(hwq_to_queue(hwq));
	}
}

static void loom_vm_give_up_work(struct work_struct *work)
{
	struct loom_vm *vm = container_of(work, struct loom_vm, give_up);

	loom_vm_end_queues(vm, loom_hwq_kill);
	loom_vm_put_async(vm);
}

/**
 * loom_vm_give_up() - nothing is mapped, and no further job begins in this VM
 * @vm: VM of which nobody knows what is mapped; not called twice
 *
 * Fences may wait for it. Those of its queues signal later: the hardware stops executing them from
 * a work item, since that takes reset.lock, which a reset holds while fences wait for it.
 */
void loom_vm_give_up(struct loom_vm *vm)
{
	WRITE_ONCE(vm->unusable, true);
	smp_mb(); /* pairs with that of loom_ioctl_queue_create() */
	loom_vm_end_queues(vm, loom_hwq_condemn);
	loom_vm_get(vm);
	queue_work(vm->ldev->sched_wq, &vm->give_up);
}

/**
 * loom_vm_lookup() - VM by its id
 * @file: whose id it is
 * @id: id
 *
 * Return: a reference, or NULL.
 */
struct loom_vm *loom_vm_lookup(struct drm_file *file, u32 id)
{
	struct xarray *vms = &to_loom_file(file)->vms;
	struct loom_vm *vm;

	xa_lock(vms);
	vm = xa_load(vms, id);
	if (vm)
		loom_vm_get(vm);
	xa_unlock(vms);
	return vm;
}

/**
 * loom_vm_root() - object whose reservation the private buffers share
 * @vm: VM
 *
 * Return: the object, as long as the VM.
 */
struct drm_gem_object *loom_vm_root(struct loom_vm *vm)
{
	return drm_gpuvm_resv_obj(&vm->base);
}

/**
 * loom_vm_gpuvm() - to lock the VM's reservations
 * @vm: VM
 *
 * Return: the gpuvm, as long as the VM.
 */
struct drm_gpuvm *loom_vm_gpuvm(struct loom_vm *vm)
{
	return &vm->base;
}

/**
 * loom_vm_as() - number of the hardware's address space
 * @vm: VM
 *
 * Return: below LOOM_NUM_AS.
 */
unsigned int loom_vm_as(const struct loom_vm *vm)
{
	return loom_as_number(vm->as);
}

/**
 * loom_vm_peek() - copy what the device sees at an address, for a dump
 * @vm: VM
 * @va: of the device
 * @to: where to
 * @size: bytes
 *
 * Pages of what is mapped are there as long as the device is: inside of drm_dev_enter() or with
 * reset.lock held. Locks are only tried: whoever holds them may be waiting for the caller.
 *
 * Return: 0; -EBUSY; -EFAULT where not all of it is mapped; -EOPNOTSUPP for memory of others.
 */
int loom_vm_peek(struct loom_vm *vm, u64 va, void *to, size_t size)
{
	int ret = 0;

	if (!mutex_trylock(&vm->lock))
		return -EBUSY;
	while (size && !ret) {
		size_t part = min_t(size_t, size, PAGE_SIZE - offset_in_page(va));
		struct drm_gpuva *vma = drm_gpuva_find_first(&vm->base, va, part);

		/* Mappings begin and end at pages. */
		if (!vma || vma == &vm->base.kernel_alloc_node)
			ret = -EFAULT;
		else
			ret = loom_bo_peek(to_loom_bo(vma->gem.obj),
					   vma->gem.offset + (va - vma->va.addr), to, part);
		va += part;
		to += part;
		size -= part;
	}
	mutex_unlock(&vm->lock);
	return ret;
}

static void loom_vm_show(struct loom_vm *vm, struct drm_printer *p)
{
	struct drm_gpuva *va;

	guard(mutex)(&vm->lock);
	drm_gpuvm_for_each_va(va, &vm->base) {
		if (va == &vm->base.kernel_alloc_node)
			continue;
		drm_printf(p, "  %#014llx-%#014llx %s buffer %zu offset %#llx%s\n", va->va.addr,
			   va->va.addr + va->va.range,
			   to_loom_vma(va)->readonly ? "r" : "rw", va->gem.obj->size,
			   va->gem.offset, to_loom_bo(va->gem.obj)->vm_root ? "" : " shared");
	}
}

/**
 * loom_vms_show() - print the address spaces of all files, and what is mapped in them
 * @ldev: device that is there
 * @p: where to
 */
void loom_vms_show(struct loom_device *ldev, struct drm_printer *p)
{
	struct drm_file *file;

	guard(mutex)(&ldev->drm.filelist_mutex);
	list_for_each_entry(file, &ldev->drm.filelist, lhead) {
		unsigned long id;

		for (id = 1; id <= LOOM_FILE_VMS; id++) {
			struct loom_vm *vm = loom_vm_lookup(file, id);

			if (!vm)
				continue;
			drm_printf(p, "client %llu vm %lu as %u\n", file->client_id, id,
				   loom_vm_as(vm));
			loom_vm_show(vm, p);
			loom_vm_put(vm);
		}
	}
}

/* A VM that was destroyed may still be on its way out. */
static struct loom_as *loom_vm_new_as(struct loom_device *ldev)
{
	struct loom_as *as = loom_as_create(ldev);

	if (as != ERR_PTR(-ENOSPC))
		return as;
	flush_workqueue(loom_release_wq);
	return loom_as_create(ldev);
}

static struct loom_vm *loom_vm_new(struct loom_device *ldev, struct loom_file *lfile)
{
	struct loom_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL);
	struct drm_gem_object *root;
	int ret;

	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->ldev = ldev;
	vm->lfile = lfile;
	kref_init(&vm->users);
	mutex_init(&vm->lock);
	INIT_WORK(&vm->give_up, loom_vm_give_up_work);
	INIT_WORK(&vm->release, loom_vm_release_work);

	ret = loom_file_take(lfile, &lfile->vms, &lfile->num_vms, LOOM_FILE_VMS);
	if (ret)
		goto err_free;
	vm->bindq = loom_bindq_new(ldev);
	if (IS_ERR(vm->bindq)) {
		ret = PTR_ERR(vm->bindq);
		goto err_give;
	}
	vm->as = loom_vm_new_as(ldev);
	if (IS_ERR(vm->as)) {
		ret = PTR_ERR(vm->as);
		goto err_bindq;
	}
	root = drm_gpuvm_resv_object_alloc(&ldev->drm);
	if (!root) {
		ret = -ENOMEM;
		goto err_as;
	}
	drm_gpuvm_init(&vm->base, "loom", 0, &ldev->drm, root, LOOM_VA_START,
		       LOOM_VA_END - LOOM_VA_START, 0, 0, &loom_vm_ops);
	drm_gem_object_put(root);
	drm_dev_get(&ldev->drm);
	return vm;

err_as:
	loom_as_destroy(vm->as);
err_bindq:
	loom_bindq_destroy(vm->bindq);
err_give:
	loom_file_give(lfile, &lfile->num_vms);
err_free:
	mutex_destroy(&vm->lock);
	kfree(vm);
	return ERR_PTR(ret);
}

/**
 * loom_ioctl_vm_create() - VM_CREATE
 * @drm: device
 * @data: struct drm_loom_vm_create
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_vm_create *args = data;
	struct loom_device *ldev = to_loom_device(drm);
	struct loom_vm *vm;
	int ret;

	if (args->flags)
		return -EINVAL;
	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return -ENODEV;
	vm = loom_vm_new(ldev, to_loom_file(file));
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ret = xa_alloc(&to_loom_file(file)->vms, &args->id, vm, XA_LIMIT(1, LOOM_FILE_VMS),
		       GFP_KERNEL);
	if (ret) {
		loom_vm_put(vm);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	return 0;
}

/**
 * loom_ioctl_vm_destroy() - VM_DESTROY
 * @drm: device
 * @data: struct drm_loom_vm_destroy
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_vm_destroy *args = data;
	struct loom_vm *vm;

	if (args->pad)
		return -EINVAL;
	vm = xa_erase(&to_loom_file(file)->vms, args->id);
	if (!vm)
		return -ENOENT;
	loom_vm_put(vm);
	return 0;
}

/**
 * loom_ioctl_vm_get_state() - VM_GET_STATE
 * @drm: device
 * @data: struct drm_loom_vm_get_state
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_vm_get_state(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_vm_get_state *args = data;
	struct loom_vm *vm;

	vm = loom_vm_lookup(file, args->id);
	if (!vm)
		return -ENOENT;
	args->state = READ_ONCE(vm->unusable) ? DRM_LOOM_VM_STATE_UNUSABLE : 0;
	loom_bindq_get_state(vm->bindq, args);
	loom_vm_put(vm);
	return 0;
}

/**
 * loom_vm_close_all() - drop the VMs of a file that is closed
 * @file: file
 */
void loom_vm_close_all(struct drm_file *file)
{
	struct xarray *vms = &to_loom_file(file)->vms;
	struct loom_vm *vm;
	unsigned long id;

	xa_for_each(vms, id, vm)
		loom_vm_put(vm);
	xa_destroy(vms);
}
