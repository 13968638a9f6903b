// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces of the device: their registers, and that nothing that the device may still
 * translate is given back before it has said that it does not.
 */
#include <linux/bitmap.h>
#include <linux/iopoll.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "loom_device.h"
#include "loom_mmu.h"
#include "loom_pt.h"

/* In parts, as of a message: see loom_mbox_wait(). */
#define LOOM_INV_PARTS		20
#define LOOM_INV_PART_US	(50 * 1000)
#define LOOM_INV_SPIN_US	20

/**
 * struct loom_mmu - the unit's state
 */
struct loom_mmu {
	/**
	 * @lock: protects @as, and the page tables' existence against removal. Taken inside of
	 * reset.lock
	 */
	struct mutex lock;

	/** @as: address spaces by number */
	struct loom_as *as[LOOM_NUM_AS];
};

/**
 * struct loom_as - one address space; its owner serialises operations: begin to flush
 * @ldev: device
 * @number: of the hardware's address space
 * @pt: page tables; pt.root is NULL once the device has gone
 */
struct loom_as {
	struct loom_device *ldev;
	unsigned int number;
	struct loom_pt pt;
};

static void loom_as_enable(struct loom_as *as)
{
	loom_write64(as->ldev, LOOM_REG_AS(as->number) + LOOM_AS_PGD_64, loom_pt_root(&as->pt));
	loom_write(as->ldev, LOOM_REG_AS(as->number) + LOOM_AS_CTRL, LOOM_AS_CTRL_ENABLE);
}

/* 0 pages are the whole address space. Returns when the device holds nothing of it any more. */
static int loom_as_invalidate(struct loom_as *as, u64 va, u32 pages)
{
	struct loom_device *ldev = as->ldev;
	u32 base = LOOM_REG_AS(as->number);
	int ret = -ETIMEDOUT;
	u32 busy;

	loom_write64(ldev, base + LOOM_AS_INV_VA_64, va);
	loom_write(ldev, base + LOOM_AS_INV_PAGES, pages);
	loom_write(ldev, base + LOOM_AS_INV, 1);

	/* It takes moments, unless an engine is in the middle of a transfer. */
	if (!read_poll_timeout_atomic(loom_read, busy, !busy, 0, LOOM_INV_SPIN_US, false, ldev,
				      base + LOOM_AS_INV))
		return 0;
	for (unsigned int i = 0; i < LOOM_INV_PARTS && ret && !loom_device_is_gone(ldev); i++)
		ret = read_poll_timeout(loom_read, busy, !busy, 20, LOOM_INV_PART_US, false, ldev,
					base + LOOM_AS_INV);
	return ret;
}

/*
 * Makes the device forget [@va, @va + @pages), whatever it takes: a device that does not answer is
 * reset, and a device that is gone or has been given up is off the bus. One that sleeps has
 * forgotten.
 */
static void loom_as_forget(struct loom_as *as, u64 va, u32 pages)
{
	struct loom_device *ldev = as->ldev;
	int ret = 0;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return;

	scoped_guard(rwsem_read, &ldev->reset.lock) {
		if (!ldev->reset.wedged && !ldev->reset.asleep)
			ret = loom_as_invalidate(as, va, pages);
	}
	if (ret) {
		WRITE_ONCE(ldev->reset.suspect, true);
		loom_device_reset_schedule(ldev, "a TLB invalidation was not acknowledged");
		loom_device_reset_wait(ldev);
	}
}

/**
 * loom_as_create() - an empty address space
 * @ldev: device that is there: inside of drm_dev_enter()
 *
 * Return: the address space; error pointers -ENOSPC where all are taken, -ENOMEM.
 */
struct loom_as *loom_as_create(struct loom_device *ldev)
{
	struct loom_mmu *mmu = ldev->mmu;
	struct loom_as *as;
	int ret;

	as = kzalloc(sizeof(*as), GFP_KERNEL);
	if (!as)
		return ERR_PTR(-ENOMEM);
	as->ldev = ldev;
	ret = loom_pt_init(&as->pt, &ldev->pdev->dev);
	if (ret)
		goto err_free;

	scoped_guard(rwsem_read, &ldev->reset.lock) {
		guard(mutex)(&mmu->lock);

		while (as->number < LOOM_NUM_AS && mmu->as[as->number])
			as->number++;
		if (as->number == LOOM_NUM_AS) {
			ret = -ENOSPC;
			break;
		}
		mmu->as[as->number] = as;
		if (!ldev->reset.asleep)
			loom_as_enable(as);
	}
	if (!ret)
		return as;

	loom_pt_fini(&as->pt);
err_free:
	kfree(as);
	return ERR_PTR(ret);
}

/**
 * loom_as_destroy() - give an address space back
 * @as: address space that no queue uses
 */
void loom_as_destroy(struct loom_as *as)
{
	struct loom_device *ldev = as->ldev;
	struct loom_mmu *mmu = ldev->mmu;

	loom_as_forget(as, 0, 0);

	CLASS(loom_enter, enter)(ldev);
	scoped_guard(rwsem_read, &ldev->reset.lock) {
		guard(mutex)(&mmu->lock);

		if (!as->pt.root)
			break;
		if (enter.ok && !ldev->reset.asleep)
			loom_write(ldev, LOOM_REG_AS(as->number) + LOOM_AS_CTRL, 0);
		mmu->as[as->number] = NULL;
		loom_pt_fini(&as->pt);
	}
	kfree(as);
}

/**
 * loom_as_number() - what the hardware calls it
 * @as: address space
 *
 * Return: below LOOM_NUM_AS.
 */
unsigned int loom_as_number(const struct loom_as *as)
{
	return as->number;
}

/**
 * loom_as_reserve() - have all that an operation needs which can fail
 * @as: address space of a device that is there
 * @need: of loom_pt_need_map() or loom_pt_need_unmap()
 *
 * Needs no serialisation.
 *
 * Return: 0 or -ENOMEM.
 */
int loom_as_reserve(struct loom_as *as, const struct loom_pt_need *need)
{
	return loom_pt_reserve(&as->pt, need);
}

/**
 * loom_as_unreserve() - after the operation, done or given up
 * @as: address space
 * @need: what was reserved
 *
 * Needs no serialisation. Not where fences wait for it: memory is freed.
 */
void loom_as_unreserve(struct loom_as *as, const struct loom_pt_need *need)
{
	loom_pt_unreserve(&as->pt, need);

	/* Of a device that is gone, all tables are gone. */
	CLASS(loom_enter, enter)(as->ldev);
	if (enter.ok)
		loom_pt_trim(&as->pt);
}

/**
 * loom_as_begin() - begin an operation whose need is reserved
 * @as: address space of a device that is there until loom_as_flush()
 * @va: page-aligned
 * @size: bytes, page-aligned
 *
 * Return: 0, or a negative errno, which is a bug.
 */
int loom_as_begin(struct loom_as *as, u64 va, u64 size)
{
	return loom_pt_begin(&as->pt, va, size);
}

/**
 * loom_as_map() - map within the range of the operation, where nothing is mapped
 * @as: address space
 * @va: page-aligned
 * @size: bytes, page-aligned
 * @sgt: buffer, mapped for DMA
 * @offset: bytes into it, page-aligned
 * @readonly: engines may not write
 *
 * Return: 0, or a negative errno, which is a bug.
 */
int loom_as_map(struct loom_as *as, u64 va, u64 size, struct sg_table *sgt, u64 offset,
		bool readonly)
{
	return loom_pt_map(&as->pt, va, size, sgt, offset, readonly);
}

/**
 * loom_as_unmap() - unmap within the range; the device may still use it until loom_as_flush()
 * @as: address space
 * @va: page-aligned
 * @size: bytes, page-aligned
 */
void loom_as_unmap(struct loom_as *as, u64 va, u64 size)
{
	loom_pt_unmap(&as->pt, va, size);
}

/**
 * loom_as_flush() - end an operation, done or given up
 * @as: address space
 * @va: page-aligned: range that the operation was about
 * @size: bytes, page-aligned
 *
 * On return the device uses nothing any more that was unmapped. May sleep, and may reset the
 * device; not with reset.lock held.
 */
void loom_as_flush(struct loom_as *as, u64 va, u64 size)
{
	u64 pages;

	loom_pt_prune(&as->pt, va, size);
	if (!as->pt.stale)
		return;
	pages = (as->pt.stale_end - as->pt.stale_start) >> LOOM_PAGE_SHIFT;
	loom_as_forget(as, as->pt.stale_start, pages > U32_MAX ? 0 : pages);
	loom_pt_reap(&as->pt);
}

/**
 * loom_mmu_post_reset() - tell a device that was reset about the address spaces
 * @ldev: device
 */
void loom_mmu_post_reset(struct loom_device *ldev)
{
	struct loom_mmu *mmu = ldev->mmu;

	guard(mutex)(&mmu->lock);
	for (unsigned int i = 0; i < LOOM_NUM_AS; i++) {
		if (mmu->as[i])
			loom_as_enable(mmu->as[i]);
	}
}

/**
 * loom_mmu_init() - no address spaces yet
 * @ldev: device
 *
 * Return: 0 or a negative errno.
 */
int loom_mmu_init(struct loom_device *ldev)
{
	struct loom_mmu *mmu = drmm_kzalloc(&ldev->drm, sizeof(*mmu), GFP_KERNEL);

	if (!mmu)
		return -ENOMEM;
	ldev->mmu = mmu;
	return drmm_mutex_init(&ldev->drm, &mmu->lock);
}

/**
 * loom_mmu_fini() - free the page tables of a device that is gone
 * @ldev: device; reset.lock is held for writing
 *
 * Address spaces whose VMs still live lose their tables.
 */
void loom_mmu_fini(struct loom_device *ldev)
{
	struct loom_mmu *mmu = ldev->mmu;

	guard(mutex)(&mmu->lock);
	for (unsigned int i = 0; i < LOOM_NUM_AS; i++) {
		if (mmu->as[i])
			loom_pt_fini(&mmu->as[i]->pt);
		mmu->as[i] = NULL;
	}
}
