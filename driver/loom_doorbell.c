// SPDX-License-Identifier: GPL-2.0
/*
 * Doorbell pages in user space. A mapping outlives its queue, and the device: what is behind it is
 * decided at each page fault, and taken away again by unmapping it. Then writes go to a page that
 * nobody reads.
 *
 * The hardware's page is taken away from an idle queue too: so the first write after a pause is a
 * page fault, which is how the driver learns that there may be jobs to watch.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/xarray.h>

#include <drm/drm_accel.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>

#include "loom_device.h"
#include "loom_doorbell.h"
#include "loom_drv.h"
#include "loom_queue.h"
#include "loom_userq.h"

/* Offsets of the device file: below those of buffers. */
#define LOOM_DOORBELL_PGOFF	(DRM_FILE_PAGE_OFFSET_START - LOOM_NUM_QUEUES)

static_assert(LOOM_DOORBELL_STRIDE == PAGE_SIZE);

/**
 * loom_doorbell_offset() - where mmap() finds the page
 * @doorbell: doorbell
 *
 * Return: bytes.
 */
u64 loom_doorbell_offset(const struct loom_doorbell *doorbell)
{
	return (u64)(LOOM_DOORBELL_PGOFF + doorbell->slot) << PAGE_SHIFT;
}

static void loom_doorbell_unmap(struct loom_doorbell *doorbell)
{
	unmap_mapping_range(doorbell->ldev->drm.anon_inode->i_mapping,
			    loom_doorbell_offset(doorbell), PAGE_SIZE, 1);
}

/**
 * loom_doorbell_close() - take the hardware's page away until it is needed again
 * @doorbell: doorbell
 *
 * What was written before has reached the device on return. Process context; may wait for memory.
 */
void loom_doorbell_close(struct loom_doorbell *doorbell)
{
	scoped_guard(mutex, &doorbell->lock)
		doorbell->open = false;
	loom_doorbell_unmap(doorbell);
}

/**
 * loom_doorbell_revoke() - take the hardware's page away for ever
 * @doorbell: doorbell
 *
 * As loom_doorbell_close().
 */
void loom_doorbell_revoke(struct loom_doorbell *doorbell)
{
	scoped_guard(mutex, &doorbell->lock) {
		doorbell->revoked = true;
		doorbell->open = false;
	}
	loom_doorbell_unmap(doorbell);
}

static struct loom_queue *loom_vma_queue(struct vm_area_struct *vma)
{
	return vma->vm_private_data;
}

static vm_fault_t loom_doorbell_insert(struct vm_fault *vmf, struct loom_doorbell *doorbell)
{
	struct vm_area_struct *vma = vmf->vma;
	resource_size_t bar;

	CLASS(loom_enter, enter)(doorbell->ldev);
	if (!enter.ok || doorbell->revoked)
		return vmf_insert_pfn(vma, vma->vm_start, page_to_pfn(doorbell->dummy));

	bar = pci_resource_start(doorbell->ldev->pdev, LOOM_BAR_DOORBELL);
	if (!doorbell->open) {
		doorbell->open = true;
		loom_userq_opened(loom_vma_queue(vma));
	}
	return vmf_insert_pfn_prot(vma, vma->vm_start, PHYS_PFN(bar) + doorbell->slot,
				   pgprot_noncached(vma->vm_page_prot));
}

static vm_fault_t loom_doorbell_fault(struct vm_fault *vmf)
{
	struct loom_doorbell *doorbell = loom_userq_doorbell(loom_vma_queue(vmf->vma));

	guard(mutex)(&doorbell->lock);
	return loom_doorbell_insert(vmf, doorbell);
}

static void loom_doorbell_vma_open(struct vm_area_struct *vma)
{
	loom_queue_ref(loom_vma_queue(vma));
}

static void loom_doorbell_vma_close(struct vm_area_struct *vma)
{
	loom_queue_unref(loom_vma_queue(vma));
}

static const struct vm_operations_struct loom_doorbell_vm_ops = {
	.open = loom_doorbell_vma_open,
	.close = loom_doorbell_vma_close,
	.fault = loom_doorbell_fault,
};

/* The user queue of the file that has the slot, with a reference to its memory; or NULL. */
static struct loom_queue *loom_doorbell_find(struct loom_file *lfile, unsigned int slot)
{
	struct loom_queue *queue;
	unsigned long id;

	xa_lock(&lfile->queues);
	xa_for_each(&lfile->queues, id, queue) {
		if (queue->hwq.user && queue->hwq.slot == slot) {
			loom_queue_ref(queue);
			break;
		}
	}
	xa_unlock(&lfile->queues);
	return queue;
}

static int loom_doorbell_mmap(struct drm_file *file, struct vm_area_struct *vma)
{
	struct loom_queue *queue;

	if (vma_pages(vma) != 1 || !(vma->vm_flags & VM_SHARED) || vma->vm_flags & VM_EXEC)
		return -EINVAL;
	CLASS(loom_enter, enter)(to_loom_device(file->minor->dev));
	if (!enter.ok)
		return -ENODEV;
	queue = loom_doorbell_find(to_loom_file(file), vma->vm_pgoff - LOOM_DOORBELL_PGOFF);
	if (!queue)
		return -EINVAL;

	vm_flags_mod(vma, VM_IO | VM_PFNMAP | VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP,
		     VM_MAYEXEC);
	vma->vm_private_data = queue;
	vma->vm_ops = &loom_doorbell_vm_ops;
	return 0;
}

/**
 * loom_mmap() - mmap() of the device file: doorbells and buffers
 * @filp: file
 * @vma: new mapping
 *
 * Return: 0; -EINVAL for an offset that is nothing of the file's, or a doorbell mapped as it cannot
 * be; -ENODEV; others.
 */
int loom_mmap(struct file *filp, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff >= LOOM_DOORBELL_PGOFF &&
	    vma->vm_pgoff < LOOM_DOORBELL_PGOFF + LOOM_NUM_QUEUES)
		return loom_doorbell_mmap(filp->private_data, vma);
	return drm_gem_mmap(filp, vma);
}

/**
 * loom_doorbell_init() - nothing is mapped yet
 * @doorbell: zeroed; the slot is set later, before user space learns of the offset
 * @ldev: device
 *
 * Return: 0 or -ENOMEM.
 */
int loom_doorbell_init(struct loom_doorbell *doorbell, struct loom_device *ldev)
{
	doorbell->dummy = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!doorbell->dummy)
		return -ENOMEM;
	doorbell->ldev = ldev;
	mutex_init(&doorbell->lock);
	return 0;
}

/**
 * loom_doorbell_fini() - nothing is mapped any more
 * @doorbell: doorbell that no mapping refers to
 *
 * Any context but hard interrupts.
 */
void loom_doorbell_fini(struct loom_doorbell *doorbell)
{
	mutex_destroy(&doorbell->lock);
	__free_page(doorbell->dummy);
}
