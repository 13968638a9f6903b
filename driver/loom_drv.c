// SPDX-License-Identifier: GPL-2.0
/*
 * Loom NPU: module, PCI driver, files, and the ioctls that are about the device.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait_bit.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "loom_bindq.h"
#include "loom_bus.h"
#include "loom_clock.h"
#include "loom_compat.h"
#include "loom_debugfs.h"
#include "loom_devfreq.h"
#include "loom_device.h"
#include "loom_doorbell.h"
#include "loom_drv.h"
#include "loom_gem.h"
#include "loom_hwmon.h"
#include "loom_job.h"
#include "loom_perf.h"
#include "loom_pm.h"
#include "loom_queue.h"
#include "loom_userq.h"
#include "loom_vm.h"

/* How long what was destroyed may take to be gone, where nothing keeps it. */
#define LOOM_LINGER_MS	1000

struct workqueue_struct *loom_release_wq;

static void loom_file_free(struct kref *refs)
{
	kfree(container_of(refs, struct loom_file, refs));
}

/**
 * loom_file_take() - one more VM or queue of a file
 * @lfile: file
 * @ids: of its VMs or queues
 * @count: num_vms or num_queues
 * @limit: of both
 *
 * Those that have lost their id still take a place in the hardware. Where nothing keeps them they
 * are gone in a moment, which is waited for.
 *
 * Return: 0, for loom_file_give(); -ENOSPC.
 */
int loom_file_take(struct loom_file *lfile, struct xarray *ids, atomic_t *count, u32 limit)
{
	unsigned long id;
	u32 used = 0;
	void *entry;

	if (!atomic_add_unless(count, 1, limit)) {
		xa_for_each(ids, id, entry)
			used++;
		if (used >= limit ||
		    !wait_var_event_timeout(count, atomic_add_unless(count, 1, limit),
					    msecs_to_jiffies(LOOM_LINGER_MS)))
			return -ENOSPC;
	}
	kref_get(&lfile->refs);
	return 0;
}

/**
 * loom_file_give() - the VM or queue is gone
 * @lfile: file, maybe closed
 * @count: num_vms or num_queues
 */
void loom_file_give(struct loom_file *lfile, atomic_t *count)
{
	atomic_dec(count);
	wake_up_var(count);
	kref_put(&lfile->refs, loom_file_free);
}

/**
 * loom_array_check() - see whether an array of user space can be right
 * @array: stride, count, pointer
 * @min_stride: bytes of the first version of its elements
 *
 * Return: 0, -EINVAL, or -E2BIG for a stride beyond all reason.
 */
int loom_array_check(const struct drm_loom_array *array, u32 min_stride)
{
	if (!array->count)
		return 0;
	if (array->stride < min_stride || !array->array)
		return -EINVAL;
	return array->stride > PAGE_SIZE ? -E2BIG : 0;
}

/**
 * loom_array_get() - copy an element from user space
 * @array: checked by loom_array_check()
 * @i: below array->count
 * @element: where to; what user space does not know of is zero
 * @size: bytes that this driver knows of
 *
 * Return: 0, -EFAULT, or -E2BIG where user space asks for what this driver does not know.
 */
int loom_array_get(const struct drm_loom_array *array, u32 i, void *element, size_t size)
{
	u64 address;

	if (check_add_overflow(array->array, (u64)i * array->stride, &address))
		return -EFAULT;
	return copy_struct_from_user(element, size, u64_to_user_ptr(address), array->stride);
}

/* As it is now, which a device that sleeps cannot tell. */
static void *loom_query_health(struct loom_device *ldev)
{
	struct drm_loom_query_health *health;

	CLASS(loom_awake, awake)(ldev);
	if (awake.error)
		return ERR_PTR(awake.error);
	health = kzalloc(sizeof(*health), GFP_KERNEL);
	if (!health)
		return NULL;
	loom_clock_health(ldev, health);
	health->resets = atomic_read(&ldev->reset.count);
	return health;
}

/* The answer to a query, to be freed. */
static void *loom_query_answer(struct loom_device *ldev, u32 type, u32 *size)
{
	struct drm_loom_query_core *core;

	switch (type) {
	case DRM_LOOM_QUERY_INFO:
		*size = sizeof(ldev->info);
		return kmemdup(&ldev->info, *size, GFP_KERNEL);
	case DRM_LOOM_QUERY_CORE:
		*size = ldev->info.num_cores * sizeof(*core);
		core = kzalloc(*size, GFP_KERNEL);
		if (core)
			loom_perf_query(ldev, core);
		return core;
	case DRM_LOOM_QUERY_HEALTH:
		*size = sizeof(struct drm_loom_query_health);
		return loom_query_health(ldev);
	default:
		return ERR_PTR(-EINVAL);
	}
}

static int loom_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_loom_dev_query *args = data;
	struct loom_device *ldev = to_loom_device(drm);
	void __user *user = u64_to_user_ptr(args->pointer);
	void *answer;
	u32 size, copied;
	int ret = 0;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return -ENODEV;
	answer = loom_query_answer(ldev, args->type, &size);
	if (IS_ERR_OR_NULL(answer))
		return answer ? PTR_ERR(answer) : -ENOMEM;

	copied = min(size, args->size);
	if (args->pointer && (copy_to_user(user, answer, copied) ||
			      clear_user(user + copied, args->size - copied)))
		ret = -EFAULT;
	args->size = size;
	kfree(answer);
	return ret;
}

static int loom_open(struct drm_device *drm, struct drm_file *file)
{
	struct loom_file *lfile = kzalloc(sizeof(*lfile), GFP_KERNEL);

	if (!lfile)
		return -ENOMEM;
	kref_init(&lfile->refs);
	spin_lock_init(&lfile->usage_lock);
	xa_init_flags(&lfile->vms, XA_FLAGS_ALLOC1);
	xa_init_flags(&lfile->queues, XA_FLAGS_ALLOC1);
	file->driver_priv = lfile;
	return 0;
}

static void loom_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct loom_file *lfile = to_loom_file(file);

	loom_perf_close_all(file);
	loom_vm_close_all(file);
	loom_queue_close_all(file);
	kref_put(&lfile->refs, loom_file_free);
}

static void loom_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct loom_device *ldev = to_loom_device(file->minor->dev);
	struct loom_usage usage;

	loom_queue_usage(to_loom_file(file), &usage);
	drm_printf(p, "drm-engine-npu:\t%llu ns\n", usage.busy_ns);
	drm_printf(p, "drm-engine-capacity-npu:\t%u\n", ldev->info.num_cores);
	drm_printf(p, "drm-cycles-npu:\t%llu\n", usage.cycles);
	drm_printf(p, "drm-maxfreq-npu:\t%u KHz\n", ldev->info.clock_max_khz);
	drm_printf(p, "loom-jobs:\t%llu\n", usage.jobs);
	loom_gem_show_usage(p, file);
}

static const struct drm_ioctl_desc loom_ioctls[] = {
	DRM_IOCTL_DEF_DRV(LOOM_DEV_QUERY, loom_ioctl_dev_query, 0),
	DRM_IOCTL_DEF_DRV(LOOM_VM_CREATE, loom_ioctl_vm_create, 0),
	DRM_IOCTL_DEF_DRV(LOOM_VM_DESTROY, loom_ioctl_vm_destroy, 0),
	DRM_IOCTL_DEF_DRV(LOOM_VM_BIND, loom_ioctl_vm_bind, 0),
	DRM_IOCTL_DEF_DRV(LOOM_BO_CREATE, loom_ioctl_bo_create, 0),
	DRM_IOCTL_DEF_DRV(LOOM_BO_MMAP_OFFSET, loom_ioctl_bo_mmap_offset, 0),
	DRM_IOCTL_DEF_DRV(LOOM_BO_WAIT, loom_ioctl_bo_wait, 0),
	DRM_IOCTL_DEF_DRV(LOOM_QUEUE_CREATE, loom_ioctl_queue_create, 0),
	DRM_IOCTL_DEF_DRV(LOOM_QUEUE_DESTROY, loom_ioctl_queue_destroy, 0),
	DRM_IOCTL_DEF_DRV(LOOM_QUEUE_GET_STATE, loom_ioctl_queue_get_state, 0),
	DRM_IOCTL_DEF_DRV(LOOM_SUBMIT, loom_ioctl_submit, 0),
	DRM_IOCTL_DEF_DRV(LOOM_BO_MADVISE, loom_ioctl_bo_madvise, 0),
	DRM_IOCTL_DEF_DRV(LOOM_VM_GET_STATE, loom_ioctl_vm_get_state, 0),
	DRM_IOCTL_DEF_DRV(LOOM_QUEUE_WAIT, loom_ioctl_queue_wait, 0),
	DRM_IOCTL_DEF_DRV(LOOM_PERF_OPEN, loom_ioctl_perf_open, 0),
};

static const struct file_operations loom_fops = {
	.owner = THIS_MODULE,
	.open = accel_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = loom_mmap,
	.fop_flags = FOP_UNSIGNED_OFFSET,
	.show_fdinfo = drm_show_fdinfo,
};

static const struct drm_driver loom_drm_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE | LOOM_DRIVER_GPUVA,
	.open = loom_open,
	.postclose = loom_postclose,
	.show_fdinfo = loom_show_fdinfo,
	.gem_create_object = loom_gem_create_object,
	.gem_prime_import_sg_table = loom_gem_import,
	.ioctls = loom_ioctls,
	.num_ioctls = ARRAY_SIZE(loom_ioctls),
	.fops = &loom_fops,
	.name = "loom",
	.desc = "Loom NPU",
#if LOOM_HAVE_DRM_DRIVER_DATE
	.date = "20260101",
#endif
	.major = LOOM_ACCEL_MAJOR,
	.minor = LOOM_ACCEL_MINOR,
};

static void loom_drm_destroy_wq(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

static int loom_pci_map(struct loom_device *ldev, struct pci_dev *pdev)
{
	int ret;

	if (pci_resource_len(pdev, LOOM_BAR_REGS) < LOOM_BAR0_BYTES ||
	    pci_resource_len(pdev, LOOM_BAR_DOORBELL) < LOOM_NUM_QUEUES * LOOM_DOORBELL_STRIDE) {
		drm_err(&ldev->drm, "the BARs are missing or too small\n");
		return -ENODEV;
	}
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_request_all_regions(pdev, "loom");
	if (ret)
		return ret;
	ldev->regs = pcim_iomap(pdev, LOOM_BAR_REGS, 0);
	ldev->doorbells = pcim_iomap(pdev, LOOM_BAR_DOORBELL, 0);
	if (!ldev->regs || !ldev->doorbells)
		return -ENOMEM;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	/* It is ready as soon as it is in D0: nobody needs to wait after sleep or a bus reset. */
	pdev->d3hot_delay = 0;
	pdev->d3cold_delay = 0;
	pci_set_master(pdev);
	return 0;
}

static int loom_pci_alloc_wqs(struct loom_device *ldev)
{
	int ret;

	ldev->wq = alloc_ordered_workqueue("loom", WQ_MEM_RECLAIM);
	if (!ldev->wq)
		return -ENOMEM;
	ret = drmm_add_action_or_reset(&ldev->drm, loom_drm_destroy_wq, ldev->wq);
	if (ret)
		return ret;
	/*
	 * Near the submitter: unbound workers answer a single job later. Not of high priority: that
	 * would interrupt the submitter at each job, and not run the jobs of some queues together.
	 */
	ldev->sched_wq = alloc_workqueue("loom-sched", WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	if (!ldev->sched_wq)
		return -ENOMEM;
	return drmm_add_action_or_reset(&ldev->drm, loom_drm_destroy_wq, ldev->sched_wq);
}

static int loom_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct loom_device *ldev;
	int ret;

	ldev = devm_drm_dev_alloc(&pdev->dev, &loom_drm_driver, struct loom_device, drm);
	if (IS_ERR(ldev))
		return PTR_ERR(ldev);
	ldev->pdev = pdev;
	pci_set_drvdata(pdev, ldev);

	ret = loom_pci_map(ldev, pdev);
	if (ret)
		return ret;
	ret = loom_pci_alloc_wqs(ldev);
	if (ret)
		return ret;
	ret = loom_device_init(ldev);
	if (ret)
		return ret;
	loom_debugfs_init(ldev);
	ret = drm_dev_register(&ldev->drm, 0);
	if (ret) {
		loom_device_unplug(ldev);
		return ret;
	}
	loom_hwmon_init(ldev);
	loom_devfreq_init(ldev);
	loom_pm_init(ldev);
	return 0;
}

static void loom_pci_remove(struct pci_dev *pdev)
{
	struct loom_device *ldev = pci_get_drvdata(pdev);

	loom_pm_fini(ldev);
	loom_devfreq_fini(ldev);
	drm_dev_unplug(&ldev->drm);
	loom_device_unplug(ldev);
}

static const struct pci_device_id loom_pci_ids[] = {
	{ PCI_DEVICE(LOOM_PCI_VENDOR, LOOM_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, loom_pci_ids);

static struct pci_driver loom_pci_driver = {
	.name = "loom",
	.id_table = loom_pci_ids,
	.probe = loom_pci_probe,
	.remove = loom_pci_remove,
	.err_handler = &loom_pci_err_handler,
	.driver.pm = pm_ptr(&loom_pm_ops),
};

static int __init loom_module_init(void)
{
	int ret;

	loom_release_wq = alloc_workqueue("loom-release", WQ_UNBOUND, 0);
	if (!loom_release_wq)
		return -ENOMEM;
	ret = pci_register_driver(&loom_pci_driver);
	if (ret)
		destroy_workqueue(loom_release_wq);
	return ret;
}

static void __exit loom_module_exit(void)
{
	pci_unregister_driver(&loom_pci_driver);
	destroy_workqueue(loom_release_wq);
	/* The last queue let go of the module from a callback that may still be returning. */
	rcu_barrier();
}

module_init(loom_module_init);
module_exit(loom_module_exit);

MODULE_DESCRIPTION("Loom NPU");
MODULE_LICENSE("GPL");
LOOM_IMPORT_DMA_BUF();
