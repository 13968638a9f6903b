// SPDX-License-Identifier: GPL-2.0
/*
 * An operation of VM_BIND, over drm_gpuvm, in three parts: new does all that can fail or that takes
 * a reservation; run changes the mappings, and may be what a fence waits for; free gives back what
 * is not used any more.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/fault-inject.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_gpuvm.h>

#include <drm/loom_accel.h>

#include "loom_bind.h"
#include "loom_compat.h"
#include "loom_device.h"
#include "loom_gem.h"
#include "loom_kunit.h"
#include "loom_mmu.h"
#include "loom_pt.h"
#include "loom_trace.h"
#include "loom_vm.h"

#define LOOM_BIND_FLAGS_MAP	(DRM_LOOM_BIND_MAP | DRM_LOOM_BIND_READONLY)

/**
 * struct loom_bind - one operation
 * @vm: whose user keeps it
 * @op: what is asked for
 * @vma: memory for the mappings it may make: the new one, and what is left of one that is cut
 * @need: of page tables, reserved
 * @reserved: @need is
 * @vm_bo: MAP: of the buffer, a reference
 * @sgt: MAP: of the buffer
 * @dead: struct loom_vma, mappings that are gone, whose buffers the device may still use
 */
struct loom_bind {
	struct loom_vm *vm;
	struct drm_loom_bind_op op;
	struct loom_vma *vma[3];
	struct loom_pt_need need;
	bool reserved;
	struct drm_gpuvm_bo *vm_bo;
	struct sg_table *sgt;
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

/*
 * The buffer may go with its last drm_gpuvm_bo, and its reservation with it: keep it till it is
 * unlocked.
 */
static void loom_bind_put_bo(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj = vm_bo->obj;

	drm_gem_object_get(obj);
	dma_resv_lock(obj->resv, NULL);
	drm_gpuvm_bo_put(vm_bo);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
}

/**
 * loom_vma_free() - let go of a mapping that is out of its VM, and of the buffer
 * @vma: mapping that the device has forgotten
 */
void loom_vma_free(struct loom_vma *vma)
{
	loom_bind_put_bo(vma->vm_bo);
	kfree(vma);
}

/*
 * Not drm_gpuva_link(): that takes the reservation, which must not be taken where fences wait for
 * the operation. Nobody goes through the mappings of a buffer; they keep its drm_gpuvm_bo.
 */
static void loom_vma_set(struct loom_vma *vma, struct drm_gpuvm_bo *vm_bo, bool readonly)
{
	vma->vm_bo = drm_gpuvm_bo_get(vm_bo);
	vma->readonly = readonly;
}

/**
 * loom_bind_step_map() - a mapping comes into being, for drm_gpuvm
 * @op: what is to be done
 * @priv: struct loom_bind
 *
 * Return: 0, or a negative errno, which is a bug.
 */
int loom_bind_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct loom_bind *bind = priv;
	struct drm_gpuva_op_map *map = &op->map;
	struct loom_vma *vma = loom_bind_take_vma(bind);
	bool readonly = bind->op.flags & DRM_LOOM_BIND_READONLY;

	drm_gpuva_map(&bind->vm->base, &vma->base, map);
	loom_vma_set(vma, bind->vm_bo, readonly);
	return loom_as_map(bind->vm->as, map->va.addr, map->va.range, bind->sgt, map->gem.offset,
			   readonly);
}

/**
 * loom_bind_step_unmap() - a mapping goes, for drm_gpuvm
 * @op: what is to be done
 * @priv: struct loom_bind
 *
 * Return: 0.
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
 * Return: 0.
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
	if (prev)
		loom_vma_set(prev, old->vm_bo, old->readonly);
	if (next)
		loom_vma_set(next, old->vm_bo, old->readonly);
	list_add(&old->dead, &bind->dead);
	return 0;
}

static bool loom_bind_range_ok(u64 va, u64 size)
{
	u64 end;

	return size && PAGE_ALIGNED(va | size) && !check_add_overflow(va, size, &end) &&
	       va >= LOOM_VA_START && end <= LOOM_VA_END;
}

VISIBLE_IF_KUNIT int loom_bind_check(const struct drm_loom_bind_op *op)
{
	u64 end;

	if (!loom_bind_range_ok(op->va, op->size))
		return -EINVAL;
	switch (op->flags & DRM_LOOM_BIND_TYPE) {
	case DRM_LOOM_BIND_MAP:
		if (op->flags & ~LOOM_BIND_FLAGS_MAP || !PAGE_ALIGNED(op->bo_offset) ||
		    check_add_overflow(op->bo_offset, op->size, &end))
			return -EINVAL;
		return 0;
	case DRM_LOOM_BIND_UNMAP:
		if (op->flags != DRM_LOOM_BIND_UNMAP || op->bo_handle || op->bo_offset)
			return -EINVAL;
		return 0;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(loom_bind_check);

static struct drm_gpuvm_bo *loom_bind_obtain_bo(struct loom_vm *vm, struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	dma_resv_lock(obj->resv, NULL);
	vm_bo = drm_gpuvm_bo_obtain_locked(&vm->base, obj);
	dma_resv_unlock(obj->resv);
	if (!IS_ERR(vm_bo) && drm_gpuvm_is_extobj(&vm->base, obj))
		drm_gpuvm_bo_extobj_add(vm_bo);
	return vm_bo;
}

static int loom_bind_take_bo(struct loom_bind *bind, struct drm_gem_object *obj)
{
	struct drm_gem_object *vm_root = to_loom_bo(obj)->vm_root;
	struct drm_gpuvm_bo *vm_bo;
	struct sg_table *sgt;

	if (bind->op.bo_offset + bind->op.size > obj->size)
		return -EINVAL;
	if (vm_root && vm_root != loom_vm_root(bind->vm))
		return -EINVAL;

	/* The shrinker keeps off the pages of a buffer that has a drm_gpuvm_bo. */
	vm_bo = loom_bind_obtain_bo(bind->vm, obj);
	if (IS_ERR(vm_bo))
		return PTR_ERR(vm_bo);
	bind->vm_bo = vm_bo;
	sgt = loom_bo_map_dma(to_loom_bo(obj));
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	bind->sgt = sgt;
	return 0;
}

static int loom_bind_lookup(struct loom_bind *bind, struct drm_file *file)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, bind->op.bo_handle);
	int ret;

	if (!obj)
		return -ENOENT;
	ret = loom_bind_take_bo(bind, obj);
	drm_gem_object_put(obj);
	return ret;
}

static int loom_bind_prepare(struct loom_bind *bind, struct drm_file *file)
{
	const struct drm_loom_bind_op *op = &bind->op;
	bool map = (op->flags & DRM_LOOM_BIND_TYPE) == DRM_LOOM_BIND_MAP;
	int ret;

	if (map) {
		ret = loom_bind_lookup(bind, file);
		if (ret)
			return ret;
		bind->need = loom_pt_need_map(op->va, op->size, bind->sgt, op->bo_offset);
	} else {
		bind->need = loom_pt_need_unmap(op->va, op->size);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(bind->vma); i++) {
		bind->vma[i] = kzalloc(sizeof(*bind->vma[i]), GFP_KERNEL);
		if (!bind->vma[i])
			return -ENOMEM;
	}
	ret = loom_as_reserve(bind->vm->as, &bind->need);
	bind->reserved = !ret;
	return ret;
}

/**
 * loom_bind_new() - check an operation, and have all that it may need
 * @vm: VM; the caller keeps it until loom_bind_free()
 * @file: caller
 * @op: operation
 *
 * Inside of drm_dev_enter(). Not interruptible.
 *
 * Return: the operation; error pointers -EINVAL, -ENOENT, -ENOMEM.
 */
struct loom_bind *loom_bind_new(struct loom_vm *vm, struct drm_file *file,
				const struct drm_loom_bind_op *op)
{
	struct loom_bind *bind;
	int ret;

	ret = loom_bind_check(op);
	if (ret)
		return ERR_PTR(ret);
	bind = kzalloc(sizeof(*bind), GFP_KERNEL);
	if (!bind)
		return ERR_PTR(-ENOMEM);
	bind->vm = vm;
	bind->op = *op;
	INIT_LIST_HEAD(&bind->dead);
	ret = loom_bind_prepare(bind, file);
	if (ret) {
		loom_bind_free(bind);
		return ERR_PTR(ret);
	}
	return bind;
}

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
static DECLARE_FAULT_ATTR(loom_fail_bind);

/**
 * loom_bind_debugfs() - the folder fail_bind, by which operations are made to fail
 * @ldev: device
 *
 * By themselves they never do, and what happens then could not be tested.
 */
void loom_bind_debugfs(struct loom_device *ldev)
{
	loom_fail_bind.verbose = 0;
	fault_create_debugfs_attr("fail_bind", ldev->drm.debugfs_root, &loom_fail_bind);
}

static bool loom_bind_fails(void)
{
	return should_fail(&loom_fail_bind, 1);
}
#else
void loom_bind_debugfs(struct loom_device *ldev)
{
}

static bool loom_bind_fails(void)
{
	return false;
}
#endif

static int loom_bind_change(struct loom_bind *bind)
{
	const struct drm_loom_bind_op *op = &bind->op;
	struct drm_gpuvm *gpuvm = &bind->vm->base;
	int ret;

	if (loom_bind_fails())
		return -ENOMEM;
	ret = loom_as_begin(bind->vm->as, op->va, op->size);
	if (ret)
		return ret;
	if (!bind->vm_bo)
		return drm_gpuvm_sm_unmap(gpuvm, bind, op->va, op->size);
	return loom_gpuvm_sm_map(gpuvm, bind, op->va, op->size, bind->vm_bo->obj, op->bo_offset);
}

/*
 * Fences wait for this. It is annotated in here and not around loom_enter: that is a recursive
 * reader (of SRCU), and lockdep follows no chain of waiting from there to the locks inside.
 */
static int loom_bind_apply(struct loom_bind *bind)
{
	const struct drm_loom_bind_op *op = &bind->op;
	struct loom_vm *vm = bind->vm;
	bool cookie = dma_fence_begin_signalling();
	int ret;

	scoped_guard(mutex, &vm->lock) {
		ret = loom_bind_change(bind);
		loom_as_flush(vm->as, op->va, op->size);
	}
	dma_fence_end_signalling(cookie);
	return ret;
}

/**
 * loom_bind_run() - do it
 * @bind: operation that has not been run
 *
 * Allocates nothing and takes no reservation, so that fences may wait for it. On return the device
 * uses nothing any more that was unmapped. May sleep, and may reset the device; not with reset.lock
 * held, nor from work on ldev->wq.
 *
 * Return: 0; -ENODEV where the device has gone. Any other error is a bug, and leaves the range in
 * an undefined state.
 */
int loom_bind_run(struct loom_bind *bind)
{
	struct loom_vm *vm = bind->vm;
	int ret = -ENODEV;

	CLASS(loom_enter, enter)(vm->ldev);
	if (enter.ok)
		ret = loom_bind_apply(bind);
	trace_loom_bind(vm->ldev, loom_vm_as(vm), &bind->op, ret);
	return ret;
}

/**
 * loom_bind_free() - let go of all that the operation does not need any more
 * @bind: operation, run or given up
 *
 * Takes reservations; not where fences wait for it.
 */
void loom_bind_free(struct loom_bind *bind)
{
	struct loom_vma *vma, *next;

	list_for_each_entry_safe(vma, next, &bind->dead, dead)
		loom_vma_free(vma);
	if (bind->reserved)
		loom_as_unreserve(bind->vm->as, &bind->need);
	if (bind->vm_bo)
		loom_bind_put_bo(bind->vm_bo);
	for (unsigned int i = 0; i < ARRAY_SIZE(bind->vma); i++)
		kfree(bind->vma[i]);
	kfree(bind);
}
