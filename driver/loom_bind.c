// SPDX-License-Identifier: GPL-2.0
/*
 * VM_BIND over drm_gpuvm. It is synchronous.
 */
#include <linux/dma-resv.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>

#include "loom_bind.h"
#include "loom_compat.h"
#include "loom_device.h"
#include "loom_drv.h"
#include "loom_gem.h"
#include "loom_mmu.h"
#include "loom_trace.h"
#include "loom_vm.h"

#define LOOM_BIND_FLAGS_MAP	(DRM_LOOM_BIND_MAP | DRM_LOOM_BIND_READONLY)

/**
 * struct loom_bind - one operation under way
 * @vm: whose lock is held
 * @va: range
 * @size: bytes
 * @vma: memory for the mappings it may make: the new one, and what is left of one that is cut
 * @vm_bo: MAP: of the buffer
 * @sgt: MAP: of the buffer
 * @readonly: MAP
 * @dead: struct loom_vma, mappings that are gone, whose buffers the device may still use
 */
struct loom_bind {
	struct loom_vm *vm;
	u64 va;
	u64 size;
	struct loom_vma *vma[3];
	struct drm_gpuvm_bo *vm_bo;
	struct sg_table *sgt;
	bool readonly;
	struct list_head dead;
};

static struct loom_vma *loom_bind_take_vma(struct loom_bind *bind)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bind->vma); i++) {
		if (bind->vma[i])
			return no_free_ptr(bind->vma[i]);
	}
	return NULL; /* an operation makes three at most */
}

static void loom_vma_link(struct loom_vma *vma, struct drm_gpuvm_bo *vm_bo)
{
	dma_resv_lock(vma->base.gem.obj->resv, NULL);
	drm_gpuva_link(&vma->base, vm_bo);
	dma_resv_unlock(vma->base.gem.obj->resv);
}

/**
 * loom_vma_free() - let go of a mapping that is out of its VM, and of the buffer
 * @vma: mapping that the device has forgotten
 *
 * The buffer may go with its last mapping, and its reservation with it: keep it till it is
 * unlocked.
 */
void loom_vma_free(struct loom_vma *vma)
{
	struct drm_gem_object *obj = vma->base.gem.obj;

	drm_gem_object_get(obj);
	dma_resv_lock(obj->resv, NULL);
	drm_gpuva_unlink(&vma->base);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
	kfree(vma);
}

/**
 * loom_bind_step_map() - a mapping comes into being, for drm_gpuvm
 * @op: what is to be done
 * @priv: struct loom_bind
 *
 * Return: 0: nothing fails that was prepared.
 */
int loom_bind_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct loom_bind *bind = priv;
	struct loom_vma *vma = loom_bind_take_vma(bind);
	struct drm_gpuva_op_map *map = &op->map;

	vma->readonly = bind->readonly;
	loom_as_map(bind->vm->as, map->va.addr, map->va.range, bind->sgt, map->gem.offset,
		    vma->readonly);
	drm_gpuva_map(&bind->vm->base, &vma->base, map);
	loom_vma_link(vma, bind->vm_bo);
	return 0;
}

/**
 * loom_bind_step_unmap() - a mapping goes, for drm_gpuvm
 * @op: what is to be done
 * @priv: struct loom_bind
 *
 * Return: 0: nothing fails that was prepared.
 */
int loom_bind_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct loom_bind *bind = priv;
	struct loom_vma *vma = to_loom_vma(op->unmap.va);

	loom_as_unmap(bind->vm->as, vma->base.va.addr, vma->base.va.range);
	drm_gpuva_unmap(&op->unmap);
	list_add(&vma->dead, &bind->dead);
	return 0;
}

/**
 * loom_bind_step_remap() - a mapping is cut, for drm_gpuvm
 * @op: what is to be done
 * @priv: struct loom_bind
 *
 * Return: 0: nothing fails that was prepared.
 */
int loom_bind_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct loom_bind *bind = priv;
	struct drm_gpuva_op_remap *remap = &op->remap;
	struct loom_vma *old = to_loom_vma(remap->unmap->va);
	struct loom_vma *prev = remap->prev ? loom_bind_take_vma(bind) : NULL;
	struct loom_vma *next = remap->next ? loom_bind_take_vma(bind) : NULL;
	u64 start, range;

	drm_gpuva_op_remap_to_unmap_range(remap, &start, &range);
	loom_as_unmap(bind->vm->as, start, range);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, remap);
	if (prev) {
		prev->readonly = old->readonly;
		loom_vma_link(prev, old->base.vm_bo);
	}
	if (next) {
		next->readonly = old->readonly;
		loom_vma_link(next, old->base.vm_bo);
	}
	list_add(&old->dead, &bind->dead);
	return 0;
}

/* Memory for what the operation may need; freed by loom_bind_end(), as far as it was not used. */
static int loom_bind_begin(struct loom_bind *bind, struct loom_vm *vm, u64 va, u64 size)
{
	bind->vm = vm;
	bind->va = va;
	bind->size = size;
	INIT_LIST_HEAD(&bind->dead);
	for (unsigned int i = 0; i < ARRAY_SIZE(bind->vma); i++) {
		bind->vma[i] = kzalloc(sizeof(*bind->vma[i]), GFP_KERNEL);
		if (!bind->vma[i])
			return -ENOMEM;
	}
	return 0;
}

/* Buffers are let go of only when the device has forgotten their addresses. */
static void loom_bind_end(struct loom_bind *bind)
{
	struct loom_vma *vma, *next;

	loom_as_flush(bind->vm->as, bind->va, bind->size);
	list_for_each_entry_safe(vma, next, &bind->dead, dead)
		loom_vma_free(vma);
	for (unsigned int i = 0; i < ARRAY_SIZE(bind->vma); i++)
		kfree(bind->vma[i]);
}

static int loom_vm_unmap(struct loom_vm *vm, u64 va, u64 size)
{
	struct loom_bind bind = {};
	int ret;

	guard(mutex)(&vm->lock);

	ret = loom_bind_begin(&bind, vm, va, size);
	if (!ret)
		ret = loom_as_prepare_unmap(vm->as, va, size);
	if (!ret)
		ret = drm_gpuvm_sm_unmap(&vm->base, &bind, va, size);
	loom_bind_end(&bind);
	return ret;
}

static struct drm_gpuvm_bo *loom_vm_obtain_bo(struct loom_vm *vm, struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	dma_resv_lock(obj->resv, NULL);
	vm_bo = drm_gpuvm_bo_obtain_locked(&vm->base, obj);
	dma_resv_unlock(obj->resv);
	if (!IS_ERR(vm_bo) && drm_gpuvm_is_extobj(&vm->base, obj))
		drm_gpuvm_bo_extobj_add(vm_bo);
	return vm_bo;
}

static void loom_vm_put_bo(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj = vm_bo->obj;

	dma_resv_lock(obj->resv, NULL);
	drm_gpuvm_bo_put(vm_bo);
	dma_resv_unlock(obj->resv);
}

/* The caller has a reference to @obj. */
static int loom_vm_map(struct loom_vm *vm, struct drm_gem_object *obj,
		       const struct drm_loom_bind_op *op)
{
	struct loom_bind bind = { .readonly = op->flags & DRM_LOOM_BIND_READONLY };
	int ret;

	guard(mutex)(&vm->lock);

	/* The shrinker keeps off the pages of a buffer that has a vm_bo. */
	bind.vm_bo = loom_vm_obtain_bo(vm, obj);
	if (IS_ERR(bind.vm_bo))
		return PTR_ERR(bind.vm_bo);
	bind.sgt = loom_bo_map_dma(to_loom_bo(obj));
	if (IS_ERR(bind.sgt)) {
		loom_vm_put_bo(bind.vm_bo);
		return PTR_ERR(bind.sgt);
	}
	ret = loom_bind_begin(&bind, vm, op->va, op->size);
	if (!ret)
		ret = loom_as_prepare_unmap(vm->as, op->va, op->size);
	if (!ret)
		ret = loom_as_prepare_map(vm->as, op->va, op->size, bind.sgt, op->bo_offset);
	if (!ret)
		ret = loom_gpuvm_sm_map(&vm->base, &bind, op->va, op->size, obj, op->bo_offset);
	loom_bind_end(&bind);
	loom_vm_put_bo(bind.vm_bo);
	return ret;
}

static bool loom_bind_range_ok(u64 va, u64 size)
{
	u64 end;

	return size && PAGE_ALIGNED(va | size) && !check_add_overflow(va, size, &end) &&
	       va >= LOOM_VA_START && end <= LOOM_VA_END;
}

static int loom_vm_bind_map(struct loom_vm *vm, struct drm_file *file,
			    const struct drm_loom_bind_op *op)
{
	struct drm_gem_object *obj;
	u64 end;
	int ret = -EINVAL;

	if (op->flags & ~LOOM_BIND_FLAGS_MAP || !PAGE_ALIGNED(op->bo_offset) ||
	    check_add_overflow(op->bo_offset, op->size, &end))
		return -EINVAL;

	obj = drm_gem_object_lookup(file, op->bo_handle);
	if (!obj)
		return -ENOENT;
	if (end <= obj->size &&
	    (!to_loom_bo(obj)->vm_root || to_loom_bo(obj)->vm_root == loom_vm_root(vm)))
		ret = loom_vm_map(vm, obj, op);
	drm_gem_object_put(obj);
	return ret;
}

static int loom_vm_bind_op(struct loom_vm *vm, struct drm_file *file,
			   const struct drm_loom_bind_op *op)
{
	if (!loom_bind_range_ok(op->va, op->size))
		return -EINVAL;

	switch (op->flags & DRM_LOOM_BIND_TYPE) {
	case DRM_LOOM_BIND_MAP:
		return loom_vm_bind_map(vm, file, op);
	case DRM_LOOM_BIND_UNMAP:
		if (op->flags != DRM_LOOM_BIND_UNMAP || op->bo_handle || op->bo_offset)
			return -EINVAL;
		return loom_vm_unmap(vm, op->va, op->size);
	default:
		return -EINVAL;
	}
}

/**
 * loom_ioctl_vm_bind() - VM_BIND
 * @drm: device
 * @data: struct drm_loom_vm_bind
 * @file: caller
 *
 * Waits inside are not interruptible: a call that began again would do its first operations twice.
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_vm_bind *args = data;
	struct drm_loom_bind_op op;
	struct loom_vm *vm;
	u32 done = 0;
	int ret;

	if (args->flags)
		return -EINVAL;
	ret = loom_array_check(&args->ops, sizeof(op));
	if (ret)
		return ret;
	CLASS(loom_enter, enter)(to_loom_device(drm));
	if (!enter.ok)
		return -ENODEV;
	vm = loom_vm_lookup(file, args->vm_id);
	if (!vm)
		return -ENOENT;

	for (; !ret && done < args->ops.count; done++) {
		ret = fatal_signal_pending(current) ? -EINTR : 0;
		if (!ret)
			ret = loom_array_get(&args->ops, done, &op, sizeof(op));
		if (!ret) {
			ret = loom_vm_bind_op(vm, file, &op);
			trace_loom_bind(vm->ldev, loom_vm_as(vm), &op, ret);
		}
		if (ret)
			break;
		cond_resched();
	}
	loom_vm_put(vm);
	if (ret) {
		drm_dbg_driver(drm, "VM_BIND: operation %u: %d\n", done, ret);
		args->ops.count = done;
	}
	return ret;
}

