/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_GEM_H
#define LOOM_GEM_H

#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include <drm/drm_gem_shmem_helper.h>

struct dma_buf;
struct dma_buf_attachment;
struct drm_file;
struct drm_printer;
struct loom_device;

/**
 * struct loom_bo - a buffer
 * @shmem: its memory; shmem.sgt is its DMA mapping, made at the first VM_BIND, or at import
 * @dontneed: its contents may be dropped; protected by the reservation, as is
 * @lost: they were, since user space last said that it needs them
 * @vm_root: of the only VM it may be mapped in, whose reservation it shares; or NULL
 * @detached: imported from here, until the device went; a reference, since the reservation is its
 * @link: in the list of struct loom_gem
 * @free: frees one that was imported; or
 * @rcu: one that was not
 */
struct loom_bo {
	struct drm_gem_shmem_object shmem;
	bool dontneed;
	bool lost;
	struct drm_gem_object *vm_root;
	struct dma_buf *detached;
	struct list_head link;
	union {
		struct work_struct free;
		struct rcu_head rcu;
	};
};

static inline struct loom_bo *to_loom_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct loom_bo, shmem);
}

int loom_gem_init(struct loom_device *ldev);
void loom_gem_fini(struct loom_device *ldev);

struct drm_gem_object *loom_gem_create_object(struct drm_device *drm, size_t size);
struct drm_gem_object *loom_gem_import(struct drm_device *drm, struct dma_buf_attachment *attach,
				       struct sg_table *sgt);
struct sg_table *loom_bo_map_dma(struct loom_bo *bo);
int loom_bo_peek(struct loom_bo *bo, u64 offset, void *to, size_t size);
void loom_gem_show_usage(struct drm_printer *p, struct drm_file *file);

int loom_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *file);
int loom_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file);

#endif
