// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers: shmem GEM objects with cached CPU mappings.
 *
 * A DMA mapping must not outlive the driver's hold on the device, but a buffer may: so the unit
 * knows all buffers that have one, and unmaps them when the device goes.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/shmem_fs.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>

#include "loom_compat.h"
#include "loom_device.h"
#include "loom_drv.h"
#include "loom_gem.h"
#include "loom_kunit.h"
#include "loom_vm.h"

/**
 * struct loom_gem - the unit's state
 * @lock: protects the list. Inside of reservations, which who has it only tries: a buffer can be
 *	freed with others' held
 * @mapped: struct loom_bo, buffers that are mapped for DMA
 * @unmapping: of these, those that are being freed, and not on the list any more
 * @shrink_lock: only in reclaim, outside of @lock: who finds another one at it waits, and does not
 *	report that there is no memory to be had
 * @shrinker: takes the memory of those that nobody needs
 */
struct loom_gem {
	struct mutex lock; /* see above */
	struct list_head mapped;
	atomic_t unmapping;
	struct mutex shrink_lock; /* see above */
	struct shrinker *shrinker;
};

/* Inside of the buffer's reservation; and of gem->lock, where it is on the list. */
static void loom_bo_unpin(struct loom_bo *bo)
{
	struct drm_gem_shmem_object *shmem = &bo->shmem;

	list_del_init(&bo->link);
	dma_unmap_sgtable(shmem->base.dev->dev, shmem->sgt, DMA_BIDIRECTIONAL, 0);
	sg_free_table(shmem->sgt);
	kfree(shmem->sgt);
	shmem->sgt = NULL;
	drm_gem_shmem_put_pages_locked(shmem);
}

/* Only a buffer that is not attached any more is not mapped: exporters keep mappings till then. */
static void loom_bo_detach(struct loom_bo *bo)
{
	struct drm_gem_object *obj = &bo->shmem.base;
	struct dma_buf_attachment *attach = obj->import_attach;

	list_del_init(&bo->link);
	dma_buf_unmap_attachment_unlocked(attach, bo->shmem.sgt, DMA_BIDIRECTIONAL);
	bo->shmem.sgt = NULL;
	bo->detached = attach->dmabuf;
	obj->import_attach = NULL;
	dma_buf_detach(bo->detached, attach);
}

/*
 * A buffer without references: nobody can have a reservation of its own. The VM's is waited for.
 * Its last reference may have gone with other reservations held (drm_exec, where a mapping goes
 * while a job is submitted), so to wait for its own would look like a deadlock, though none is.
 */
static void loom_bo_lock_unused(struct loom_bo *bo)
{
	struct dma_resv *resv = bo->shmem.base.resv;

	if (bo->vm_root)
		dma_resv_lock(resv, NULL);
	else
		WARN_ON(!dma_resv_trylock(resv));
}

/*
 * A reservation is not waited for with gem->lock: so the buffer is only counted meanwhile, for
 * loom_gem_fini() not to miss it.
 */
static void loom_bo_forget(struct loom_gem *gem, struct loom_bo *bo)
{
	scoped_guard(mutex, &gem->lock) {
		if (list_empty(&bo->link))
			return;
		list_del_init(&bo->link);
		atomic_inc(&gem->unmapping);
	}
	if (drm_gem_is_imported(&bo->shmem.base)) {
		loom_bo_detach(bo);
	} else {
		loom_bo_lock_unused(bo);
		loom_bo_unpin(bo);
		dma_resv_unlock(bo->shmem.base.resv);
	}
	if (atomic_dec_and_test(&gem->unmapping))
		wake_up_var(&gem->unmapping);
}

static void loom_bo_free_now(struct loom_bo *bo)
{
	struct drm_gem_shmem_object *shmem = &bo->shmem;
	struct drm_gem_object *vm_root = bo->vm_root;
	struct dma_buf *detached;

	loom_bo_forget(to_loom_device(shmem->base.dev)->gem, bo);
	detached = bo->detached;
	if (drm_gem_is_imported(&shmem->base) || vm_root || shmem->pages) {
		drm_gem_shmem_free(shmem);
	} else {
		/*
		 * There is nothing for which that would have to wait for the reservation. Lockdep
		 * knows all that a drm_exec has locked by the first of them: that may be this one,
		 * unlocked, with others still held.
		 */
		drm_gem_object_release(&shmem->base);
		kfree_rcu(bo, rcu);
	}
	if (detached)
		dma_buf_put(detached);
	if (vm_root)
		drm_gem_object_put(vm_root);
}

static void loom_bo_free_work(struct work_struct *work)
{
	struct loom_bo *bo = container_of(work, struct loom_bo, free);
	struct drm_device *drm = bo->shmem.base.dev;

	loom_bo_free_now(bo);
	drm_dev_put(drm);
}

/* An exporter's reservation is not to be waited for with others held. */
static void loom_bo_free(struct drm_gem_object *obj)
{
	struct loom_bo *bo = to_loom_bo(obj);

	if (drm_gem_is_imported(obj)) {
		drm_dev_get(obj->dev);
		INIT_WORK(&bo->free, loom_bo_free_work);
		queue_work(loom_release_wq, &bo->free);
	} else {
		loom_bo_free_now(bo);
	}
}

static struct dma_buf *loom_bo_export(struct drm_gem_object *obj, int flags)
{
	if (to_loom_bo(obj)->vm_root)
		return ERR_PTR(-EPERM);
	return drm_gem_prime_export(obj, flags);
}

static enum drm_gem_object_status loom_bo_status(struct drm_gem_object *obj)
{
	struct loom_bo *bo = to_loom_bo(obj);

	return (bo->shmem.pages || drm_gem_is_imported(obj) ? DRM_GEM_OBJECT_RESIDENT : 0) |
	       (bo->dontneed ? DRM_GEM_OBJECT_PURGEABLE : 0);
}

static const struct drm_gem_object_funcs loom_bo_funcs = {
	.free = loom_bo_free,
	.export = loom_bo_export,
	.status = loom_bo_status,
	.print_info = drm_gem_shmem_object_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

/**
 * loom_gem_create_object() - allocate the structure of a buffer, for the shmem helpers
 * @drm: device
 * @size: unused
 *
 * Return: the object, or an error pointer.
 */
struct drm_gem_object *loom_gem_create_object(struct drm_device *drm, size_t size)
{
	struct loom_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->shmem.base.funcs = &loom_bo_funcs;
	INIT_LIST_HEAD(&bo->link);
	return &bo->shmem.base;
}

static void loom_gem_add_mapped(struct loom_gem *gem, struct loom_bo *bo)
{
	guard(mutex)(&gem->lock);
	if (list_empty(&bo->link))
		list_add(&bo->link, &gem->mapped);
}

/* Page tables can say no less than a page. */
VISIBLE_IF_KUNIT bool loom_gem_sgt_ok(struct sg_table *sgt, u64 size)
{
	struct scatterlist *sg;
	u64 bytes = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!PAGE_ALIGNED(sg_dma_address(sg) | sg_dma_len(sg)))
			return false;
		bytes += sg_dma_len(sg);
	}
	return bytes >= size;
}
EXPORT_SYMBOL_IF_KUNIT(loom_gem_sgt_ok);

/**
 * loom_gem_import() - a buffer of somebody else's memory
 * @drm: device
 * @attach: of the dma-buf
 * @sgt: its DMA mapping, which becomes the buffer's
 *
 * Return: the object; error pointers -ENODEV, -EINVAL, -ENOMEM, with which @sgt stays the caller's.
 */
struct drm_gem_object *loom_gem_import(struct drm_device *drm, struct dma_buf_attachment *attach,
				       struct sg_table *sgt)
{
	struct loom_device *ldev = to_loom_device(drm);
	struct drm_gem_object *obj;

	/* Not after the last look at what is mapped. */
	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return ERR_PTR(-ENODEV);
	if (!loom_gem_sgt_ok(sgt, attach->dmabuf->size))
		return ERR_PTR(-EINVAL);
	obj = drm_gem_shmem_prime_import_sg_table(drm, attach, sgt);
	if (IS_ERR(obj))
		return obj;
	/* drm_gem_prime_import() says so only later. */
	obj->import_attach = attach;
	loom_gem_add_mapped(ldev->gem, to_loom_bo(obj));
	return obj;
}

/**
 * loom_bo_map_dma() - pin a buffer's pages and map them for the device
 * @bo: buffer
 *
 * The mapping stays as long as the buffer or the device. Not interruptible. Inside of
 * drm_dev_enter().
 *
 * Return: the table; error pointers -ENOMEM and others.
 */
struct sg_table *loom_bo_map_dma(struct loom_bo *bo)
{
	struct loom_gem *gem = to_loom_device(bo->shmem.base.dev)->gem;
	struct sg_table *sgt;

	for (;;) {
		sgt = drm_gem_shmem_get_pages_sgt(&bo->shmem);
		if (sgt != ERR_PTR(-EINTR))
			break;
		/* The helper gave way to a signal: wait for the lock as it did not. */
		dma_resv_lock(bo->shmem.base.resv, NULL);
		dma_resv_unlock(bo->shmem.base.resv);
	}

	if (!IS_ERR(sgt))
		loom_gem_add_mapped(gem, bo);
	return sgt;
}

/**
 * loom_bo_peek() - copy a part of one page
 * @bo: buffer that is mapped for DMA
 * @offset: bytes into it
 * @to: where to
 * @size: bytes
 *
 * Return: 0, or -EOPNOTSUPP where the pages are somebody else's.
 */
int loom_bo_peek(struct loom_bo *bo, u64 offset, void *to, size_t size)
{
	struct page **pages = READ_ONCE(bo->shmem.pages);

	if (!pages)
		return -EOPNOTSUPP;
	memcpy_from_page(to, pages[offset >> PAGE_SHIFT], offset_in_page(offset), size);
	return 0;
}

static void loom_bo_add_usage(struct drm_memory_stats *stats, struct drm_gem_object *obj)
{
	enum drm_gem_object_status status = loom_bo_status(obj);
	bool active = !dma_resv_test_signaled(obj->resv, DMA_RESV_USAGE_BOOKKEEP);

	if (drm_gem_object_is_shared_for_memory_stats(obj))
		stats->shared += obj->size;
	else
		stats->private += obj->size;
	if (active)
		stats->active += obj->size;
	if (!(status & DRM_GEM_OBJECT_RESIDENT))
		return;
	stats->resident += obj->size;
	if (status & DRM_GEM_OBJECT_PURGEABLE && !active)
		stats->purgeable += obj->size;
}

/**
 * loom_gem_show_usage() - the memory of a file, by region, for fdinfo
 * @p: where to
 * @file: file
 *
 * Not by drm_show_memory_stats(), which does not see the fences of explicit synchronisation:
 * nothing would ever be active.
 */
void loom_gem_show_usage(struct drm_printer *p, struct drm_file *file)
{
	struct drm_memory_stats stats = {};
	struct drm_gem_object *obj;
	int handle;

	scoped_guard(spinlock, &file->table_lock) {
		idr_for_each_entry(&file->object_idr, obj, handle)
			loom_bo_add_usage(&stats, obj);
	}
	drm_print_memory_stats(p, &stats, LOOM_GEM_STATS, "memory");
}

/* More than there is memory can never be bound, and overflows what the helpers compute. */
VISIBLE_IF_KUNIT bool loom_bo_size_ok(u64 size)
{
	return size && size <= (u64)totalram_pages() << PAGE_SHIFT;
}
EXPORT_SYMBOL_IF_KUNIT(loom_bo_size_ok);

static struct loom_bo *loom_bo_create(struct drm_device *drm, u64 size, struct loom_vm *vm)
{
	struct drm_gem_shmem_object *shmem = drm_gem_shmem_create(drm, size);
	struct loom_bo *bo;

	if (IS_ERR(shmem))
		return ERR_CAST(shmem);
	bo = to_loom_bo(&shmem->base);
	if (vm) {
		bo->vm_root = loom_vm_root(vm);
		drm_gem_object_get(bo->vm_root);
		shmem->base.resv = bo->vm_root->resv;
	}
	return bo;
}

/**
 * loom_ioctl_bo_create() - BO_CREATE
 * @drm: device
 * @data: struct drm_loom_bo_create
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_bo_create *args = data;
	struct loom_vm *vm = NULL;
	struct loom_bo *bo;
	int ret;

	if (args->flags || args->pad || !args->size)
		return -EINVAL;
	if (!loom_bo_size_ok(args->size))
		return -ENOMEM;

	if (args->vm_id) {
		vm = loom_vm_lookup(file, args->vm_id);
		if (!vm)
			return -ENOENT;
	}
	bo = loom_bo_create(drm, args->size, vm);
	loom_vm_put(vm);
	if (IS_ERR(bo))
		return PTR_ERR(bo);

	ret = drm_gem_handle_create(file, &bo->shmem.base, &args->handle);
	args->size = bo->shmem.base.size;
	drm_gem_object_put(&bo->shmem.base);
	return ret;
}

/**
 * loom_ioctl_bo_mmap_offset() - BO_MMAP_OFFSET
 * @drm: device
 * @data: struct drm_loom_bo_mmap_offset
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_bo_mmap_offset *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	ret = drm_gem_is_imported(obj) ? -EINVAL : drm_gem_create_mmap_offset(obj);
	if (!ret)
		args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return ret;
}

/**
 * loom_ioctl_bo_wait() - BO_WAIT
 * @drm: device
 * @data: struct drm_loom_bo_wait
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_bo_wait *args = data;
	struct drm_gem_object *obj;
	unsigned long timeout;
	long ret;

	if (args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	/* The first of so many jiffies has begun before: they may be over too soon. */
	do {
		timeout = drm_timeout_abs_to_jiffies(args->timeout_ns);
		ret = dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_BOOKKEEP, true, timeout);
	} while (!ret && timeout);
	drm_gem_object_put(obj);
	if (ret < 0)
		return ret;
	return ret ? 0 : -ETIMEDOUT;
}

/**
 * loom_ioctl_bo_madvise() - BO_MADVISE
 * @drm: device
 * @data: struct drm_loom_bo_madvise
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_bo_madvise *args = data;
	struct drm_gem_object *obj;
	struct loom_bo *bo;
	int ret = 0;

	if (args->pad || args->advice > DRM_LOOM_ADVICE_DONTNEED)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	bo = to_loom_bo(obj);
	dma_resv_lock(obj->resv, NULL);
	if (drm_gem_is_imported(obj)) {
		ret = -EINVAL;
	} else {
		args->retained = !bo->lost;
		bo->dontneed = args->advice == DRM_LOOM_ADVICE_DONTNEED;
		bo->lost &= bo->dontneed;
	}
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
	return ret;
}

/* Nothing but its own DMA mapping holds the pages. Without the reservation, a guess. */
static bool loom_bo_purgeable(struct loom_bo *bo)
{
	return bo->dontneed && !drm_gem_is_imported(&bo->shmem.base) &&
	       loom_shmem_page_users(&bo->shmem) == 1 && list_empty(&bo->shmem.base.gpuva.list);
}

static unsigned long loom_gem_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct loom_gem *gem = shrinker->private_data;
	unsigned long pages = 0;
	struct loom_bo *bo;

	guard(mutex)(&gem->shrink_lock);
	if (!mutex_trylock(&gem->lock))
		return 0;
	list_for_each_entry(bo, &gem->mapped, link) {
		if (loom_bo_purgeable(bo))
			pages += bo->shmem.base.size >> PAGE_SHIFT;
	}
	mutex_unlock(&gem->lock);
	return pages ?: SHRINK_EMPTY;
}

/* Inside of gem->lock, which keeps a buffer that is being freed. Waits for nobody. */
static bool loom_bo_purge(struct loom_bo *bo)
{
	struct drm_gem_object *obj = &bo->shmem.base;
	bool purge;

	if (!dma_resv_trylock(obj->resv))
		return false;
	purge = loom_bo_purgeable(bo);
	if (purge) {
		loom_bo_unpin(bo);
		shmem_truncate_range(file_inode(obj->filp), 0, (loff_t)-1);
		bo->lost = true;
	}
	dma_resv_unlock(obj->resv);
	return purge;
}

static unsigned long loom_gem_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct loom_gem *gem = shrinker->private_data;
	struct loom_bo *bo, *next;
	unsigned long pages = 0;

	guard(mutex)(&gem->shrink_lock);
	if (!mutex_trylock(&gem->lock))
		return SHRINK_STOP;
	list_for_each_entry_safe(bo, next, &gem->mapped, link) {
		if (pages >= sc->nr_to_scan)
			break;
		if (loom_bo_purge(bo))
			pages += bo->shmem.base.size >> PAGE_SHIFT;
	}
	mutex_unlock(&gem->lock);
	return pages ?: SHRINK_STOP;
}

static void loom_gem_free_shrinker(struct drm_device *drm, void *shrinker)
{
	shrinker_free(shrinker);
}

/**
 * loom_gem_init() - no buffers yet
 * @ldev: device
 *
 * Return: 0 or a negative errno.
 */
int loom_gem_init(struct loom_device *ldev)
{
	struct loom_gem *gem = drmm_kzalloc(&ldev->drm, sizeof(*gem), GFP_KERNEL);
	int ret;

	if (!gem)
		return -ENOMEM;
	INIT_LIST_HEAD(&gem->mapped);
	ldev->gem = gem;
	ret = drmm_mutex_init(&ldev->drm, &gem->lock) ?:
	      drmm_mutex_init(&ldev->drm, &gem->shrink_lock);
	if (ret)
		return ret;

	gem->shrinker = shrinker_alloc(0, "drm-loom:%s", dev_name(ldev->drm.dev));
	if (!gem->shrinker)
		return -ENOMEM;
	gem->shrinker->count_objects = loom_gem_shrink_count;
	gem->shrinker->scan_objects = loom_gem_shrink_scan;
	gem->shrinker->private_data = gem;
	shrinker_register(gem->shrinker);
	return drmm_add_action_or_reset(&ldev->drm, loom_gem_free_shrinker, gem->shrinker);
}

/* A mapped buffer, with a reference, off the list; NULL when there is none with references. */
static struct loom_bo *loom_gem_take_mapped(struct loom_gem *gem)
{
	struct loom_bo *bo;

	guard(mutex)(&gem->lock);
	list_for_each_entry(bo, &gem->mapped, link) {
		if (kref_get_unless_zero(&bo->shmem.base.refcount)) {
			list_del_init(&bo->link);
			return bo;
		}
	}
	return NULL;
}

static bool loom_gem_is_empty(struct loom_gem *gem)
{
	guard(mutex)(&gem->lock);
	return list_empty(&gem->mapped);
}

static void loom_bo_unmap_dma(struct loom_bo *bo)
{
	struct drm_gem_object *obj = &bo->shmem.base;

	if (drm_gem_is_imported(obj)) {
		loom_bo_detach(bo);
		return;
	}
	dma_resv_lock(obj->resv, NULL);
	loom_bo_unpin(bo);
	dma_resv_unlock(obj->resv);
}

/**
 * loom_gem_fini() - undo the DMA mapping of every buffer
 * @ldev: device that makes no DMA any more
 *
 * The buffers live on, and so do their CPU mappings.
 */
void loom_gem_fini(struct loom_device *ldev)
{
	struct loom_gem *gem = ldev->gem;
	struct loom_bo *bo;

	while ((bo = loom_gem_take_mapped(gem))) {
		loom_bo_unmap_dma(bo);
		drm_gem_object_put(&bo->shmem.base);
	}
	/* One without references is unmapped by who frees it, who may not have begun. */
	while (!loom_gem_is_empty(gem))
		fsleep(1000);
	wait_var_event(&gem->unmapping, !atomic_read(&gem->unmapping));
}
