// SPDX-License-Identifier: GPL-2.0
/*
 * The device as a whole: identity, the order in which its units come and go, reset.
 *
 * Each unit exports the same verbs as far as it has something to do: init and fini at probe and
 * removal, pre_reset and post_reset around a reset of the hardware.
 */
#include <linux/iopoll.h>
#include <linux/pci.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "loom_bus.h"
#include "loom_clock.h"
#include "loom_coredump.h"
#include "loom_device.h"
#include "loom_fw.h"
#include "loom_gem.h"
#include "loom_hwq.h"
#include "loom_irq.h"
#include "loom_mbox.h"
#include "loom_mmu.h"
#include "loom_perf.h"
#include "loom_recovery.h"
#include "loom_trace.h"
#include "loom_watch.h"

#define LOOM_BOOT_TRIES	2

/* What the bus answers where no device does. */
#define LOOM_GONE	U32_MAX

static int loom_device_identify(struct loom_device *ldev)
{
	struct drm_loom_query_info *info = &ldev->info;
	u32 magic = loom_read(ldev, LOOM_REG_MAGIC);

	if (magic != LOOM_MAGIC) {
		drm_err(&ldev->drm, "not a Loom device: magic %#x, expected %#x\n", magic,
			LOOM_MAGIC);
		return -ENODEV;
	}

	info->revision = loom_read(ldev, LOOM_REG_REVISION);
	if (info->revision >> 16 != LOOM_REVISION >> 16) {
		drm_err(&ldev->drm, "hardware revision %u.%u is not supported, only %u.x\n",
			info->revision >> 16, info->revision & 0xffff, LOOM_REVISION >> 16);
		return -ENODEV;
	}

	info->features = loom_read64(ldev, LOOM_REG_FEATURES_64);
	info->va_start = LOOM_VA_START;
	info->va_end = LOOM_VA_END;
	info->isa_version = loom_read(ldev, LOOM_REG_ISA_VERSION);
	info->array_dim = loom_read(ldev, LOOM_REG_ARRAY_DIM);
	info->num_cores = loom_read(ldev, LOOM_REG_NUM_CORES);
	info->spm_bytes = loom_read(ldev, LOOM_REG_SPM_BYTES);
	info->acc_bytes = loom_read(ldev, LOOM_REG_ACC_BYTES);
	info->dram_bpc = loom_read(ldev, LOOM_REG_DRAM_BPC);
	info->clock_max_khz = loom_read(ldev, LOOM_REG_CLOCK_MAX_KHZ);
	ldev->clock_khz = info->clock_max_khz;
	info->max_queues = LOOM_FILE_QUEUES;
	info->max_vms = LOOM_FILE_VMS;
	info->page_bytes = 1u << LOOM_PAGE_SHIFT;

	if (!info->num_cores || info->num_cores > LOOM_MAX_CORES ||
	    loom_read(ldev, LOOM_REG_NUM_QUEUES) != LOOM_NUM_QUEUES ||
	    loom_read(ldev, LOOM_REG_NUM_AS) != LOOM_NUM_AS ||
	    loom_read(ldev, LOOM_REG_VA_BITS) != LOOM_VA_BITS) {
		drm_err(&ldev->drm, "geometry that this driver does not know\n");
		return -ENODEV;
	}
	return 0;
}

/* Stops all that the device does, at once. False where it does not answer, or is not there. */
static bool loom_device_quiesce(struct loom_device *ldev)
{
	u32 status;

	loom_clock_pre_reset(ldev);
	loom_write(ldev, LOOM_REG_RESET, LOOM_RESET_KEY);
	read_poll_timeout(loom_read, status,
			  status == LOOM_GONE || (status & 0xff) == LOOM_BOOT_OFF, 100,
			  LOOM_BOOT_TIMEOUT_MS * 1000, false, ldev, LOOM_REG_BOOT_STATUS);
	return (status & 0xff) == LOOM_BOOT_OFF;
}

/**
 * loom_device_is_gone() - whether nobody needs to wait for the device any more
 * @ldev: device whose registers may be read
 *
 * Removal waits for whoever waits for an answer, so it cannot tell them.
 *
 * Return: it is being removed, and off the bus already.
 */
bool loom_device_is_gone(struct loom_device *ldev)
{
	return drm_dev_is_unplugged(&ldev->drm) && loom_read(ldev, LOOM_REG_MAGIC) == LOOM_GONE;
}

static int loom_device_boot(struct loom_device *ldev)
{
	int ret;

	WRITE_ONCE(ldev->reset.booting, true);
	loom_perf_post_reset(ldev);
	loom_mbox_post_reset(ldev);
	loom_mmu_post_reset(ldev);
	ret = loom_fw_post_reset(ldev);
	loom_clock_post_reset(ldev);
	WRITE_ONCE(ldev->reset.booting, false);
	return ret;
}

static int loom_device_reboot(struct loom_device *ldev)
{
	int ret = -EIO;

	for (int i = 0; i < LOOM_BOOT_TRIES && ret; i++) {
		if (!loom_device_quiesce(ldev))
			break;
		ret = loom_device_boot(ldev);
	}
	return ret;
}

static void loom_device_reset_over(struct loom_device *ldev)
{
	WRITE_ONCE(ldev->reset.suspect, false);
	WRITE_ONCE(ldev->reset.pending, false);
	wake_up_all(&ldev->reset.over);
}

/*
 * Takes no more jobs, until it is bound anew; nor can it write to memory, whether it obeys or not.
 */
static void loom_device_give_up(struct loom_device *ldev)
{
	lockdep_assert_held_write(&ldev->reset.lock);
	loom_recovery_count(ldev, LOOM_GIVEN_UP);
	WRITE_ONCE(ldev->reset.wedged, true);
	loom_mbox_pre_reset(ldev);
	loom_device_quiesce(ldev);
	pci_clear_master(ldev->pdev);
	loom_hwqs_kill_all(ldev);
}

/*
 * Brings a device back whose queues were looked at by loom_hwqs_pre_reset(). Fences wait for this:
 * nothing here allocates memory.
 */
static void loom_device_restart(struct loom_device *ldev)
{
	bool cookie = dma_fence_begin_signalling();
	int ret;

	lockdep_assert_held_write(&ldev->reset.lock);
	ret = loom_device_reboot(ldev);
	loom_perf_forget(ldev);
	atomic_inc(&ldev->reset.count);
	loom_recovery_count(ldev, LOOM_DEVICE_RESETS);
	trace_loom_reset_done(ldev, ret);
	if (ret) {
		drm_err(&ldev->drm, "the device did not come back from reset (%d): giving up\n",
			ret);
		loom_device_give_up(ldev);
	} else {
		loom_hwqs_settle(ldev, false);
	}
	/* From here on the next reset may be asked for. */
	loom_device_reset_over(ldev);
	if (!ret)
		loom_hwqs_post_reset(ldev);
	loom_recovery_announce(ldev, ldev->reset.why, ret);
	dma_fence_end_signalling(cookie);
}

static void loom_device_reset_work(struct work_struct *work)
{
	struct loom_device *ldev = container_of(work, struct loom_device, reset.work);
	bool cookie;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok || ldev->reset.wedged) {
		loom_device_reset_over(ldev);
		return;
	}

	guard(rwsem_write)(&ldev->reset.lock);
	if (ldev->reset.bus_error)
		return;
	if (ldev->reset.asleep) {
		loom_device_reset_over(ldev);
		return;
	}
	cookie = dma_fence_begin_signalling();
	loom_mbox_pre_reset(ldev);
	loom_hwqs_pre_reset(ldev);
	loom_coredump_take(ldev, ldev->reset.why, NULL);
	loom_device_restart(ldev);
	dma_fence_end_signalling(cookie);
}

/**
 * loom_device_error_begin() - an error on the bus: nobody may talk to the device for now
 * @ldev: device
 * @readable: registers can still be read
 *
 * Nothing is ended before the device has been reset: it may still be writing. Until
 * loom_device_error_end() it is as if a reset was pending, so that nobody asks for another.
 */
void loom_device_error_begin(struct loom_device *ldev, bool readable)
{
	guard(rwsem_write)(&ldev->reset.lock);
	ldev->reset.bus_error = true;
	WRITE_ONCE(ldev->reset.pending, true);
	ldev->reset.why = "error on the bus";
	trace_loom_reset(ldev, ldev->reset.why);
	loom_mbox_pre_reset(ldev);
	loom_hwqs_pre_reset(ldev);
	if (readable)
		loom_coredump_take(ldev, ldev->reset.why, NULL);
}

/**
 * loom_device_error_end() - the bus works again, or never will
 * @ldev: device after loom_device_error_begin()
 * @recovered: registers can be read and written
 */
void loom_device_error_end(struct loom_device *ldev, bool recovered)
{
	CLASS(loom_enter, enter)(ldev);
	guard(rwsem_write)(&ldev->reset.lock);
	if (!ldev->reset.bus_error)
		return;
	ldev->reset.bus_error = false;
	if (!enter.ok || ldev->reset.wedged || ldev->reset.asleep) {
		loom_device_reset_over(ldev);
		return;
	}
	if (recovered) {
		loom_device_restart(ldev);
		return;
	}
	drm_err(&ldev->drm, "the bus did not recover: giving up\n");
	loom_device_give_up(ldev);
	loom_device_reset_over(ldev);
	loom_recovery_announce(ldev, ldev->reset.why, -EIO);
}

/**
 * loom_device_reset_prepare() - the function is about to be reset by somebody else
 * @ldev: device
 *
 * What had begun can be seen only now. Until loom_device_reset_done() nobody talks to the device.
 */
void loom_device_reset_prepare(struct loom_device *ldev)
{
	down_write(&ldev->reset.lock);
	loom_recovery_count(ldev, LOOM_FUNCTION_RESETS);
	loom_mbox_pre_reset(ldev);
	loom_hwqs_pre_reset(ldev);
	loom_device_quiesce(ldev);
}

/**
 * loom_device_reset_done() - the function has been reset by somebody else
 * @ldev: device after loom_device_reset_prepare(), by the same task
 *
 * As after a reset of the driver's own. A device that was given up stays so until it is bound anew.
 */
void loom_device_reset_done(struct loom_device *ldev)
{
	if (!ldev->reset.wedged && !ldev->reset.asleep) {
		ldev->reset.why = "reset of the function, from outside";
		trace_loom_reset(ldev, ldev->reset.why);
		loom_device_restart(ldev);
	}
	up_write(&ldev->reset.lock);
}

/**
 * loom_device_reset_schedule() - reset the device soon
 * @ldev: device
 * @why: for the log
 *
 * Whoever waits for the firmware is told at once that no answer will come. Any context.
 */
void loom_device_reset_schedule(struct loom_device *ldev, const char *why)
{
	if (READ_ONCE(ldev->reset.wedged) || drm_dev_is_unplugged(&ldev->drm) ||
	    xchg(&ldev->reset.pending, true))
		return;
	ldev->reset.why = why;
	trace_loom_reset(ldev, why);
	loom_mbox_pre_reset(ldev);
	queue_work(ldev->wq, &ldev->reset.work);
	drm_warn(&ldev->drm, "resetting the device: %s\n", why);
}

/**
 * loom_device_reset_wait() - until a scheduled reset is over
 * @ldev: device
 *
 * Not from work on @ldev->wq, and not with @ldev->reset.lock held.
 */
void loom_device_reset_wait(struct loom_device *ldev)
{
	wait_event(ldev->reset.over, !READ_ONCE(ldev->reset.pending));
}

/**
 * loom_device_sleep() - put the device to sleep
 * @ldev: device
 * @busy: also one with jobs. Those on cores are given time to end; what does not is lost, as in a
 *	reset. Others begin when the device has woken
 *
 * Return: 0, or -EBUSY: not now.
 */
int loom_device_sleep(struct loom_device *ldev, bool busy)
{
	flush_work(&ldev->reset.work);
	if (busy)
		loom_hwqs_pre_sleep(ldev);
	guard(rwsem_write)(&ldev->reset.lock);
	if (ldev->reset.bus_error || READ_ONCE(ldev->reset.pending) ||
	    (!busy && !loom_hwqs_are_idle(ldev)))
		return -EBUSY;
	if (!ldev->reset.wedged) {
		loom_fw_rest(ldev);
		loom_mbox_pre_reset(ldev);
		loom_hwqs_pre_reset(ldev);
		loom_perf_pre_sleep(ldev);
		loom_device_quiesce(ldev);
		loom_hwqs_settle(ldev, true);
	}
	WRITE_ONCE(ldev->reset.asleep, true);
	return 0;
}

/**
 * loom_device_wake() - after loom_device_sleep()
 * @ldev: device
 *
 * A device that does not wake is given up, as after a reset.
 */
void loom_device_wake(struct loom_device *ldev)
{
	int ret;

	guard(rwsem_write)(&ldev->reset.lock);
	if (!ldev->reset.asleep)
		return;
	ret = ldev->reset.wedged ? 0 : loom_device_reboot(ldev);
	WRITE_ONCE(ldev->reset.asleep, false);
	if (ldev->reset.wedged)
		return;
	if (!ret) {
		loom_hwqs_post_reset(ldev);
		return;
	}
	drm_err(&ldev->drm, "the device did not wake (%d): giving up\n", ret);
	loom_device_give_up(ldev);
	loom_recovery_announce(ldev, "the device did not wake", ret);
}

/**
 * loom_device_init() - bring all units up
 * @ldev: device whose BARs are mapped
 *
 * Return: 0 or a negative errno, said in the log; then nothing is left behind.
 */
int loom_device_init(struct loom_device *ldev)
{
	int ret;

	init_rwsem(&ldev->reset.lock);
	init_waitqueue_head(&ldev->reset.over);
	INIT_WORK(&ldev->reset.work, loom_device_reset_work);

	ret = loom_device_identify(ldev);
	if (ret)
		return ret;
	ret = loom_clock_init(ldev);
	if (ret)
		return ret;
	if (!loom_device_quiesce(ldev)) {
		drm_err(&ldev->drm, "the device does not answer a reset\n");
		return -EIO;
	}

	ret = loom_recovery_init(ldev);
	if (ret)
		return ret;
	ret = loom_coredump_init(ldev);
	if (ret)
		return ret;
	ret = loom_gem_init(ldev);
	if (ret)
		return ret;
	ret = loom_mmu_init(ldev);
	if (ret)
		return ret;
	ret = loom_hwqs_init(ldev);
	if (ret)
		return ret;
	ret = loom_watch_init(ldev);
	if (ret)
		return ret;
	ret = loom_perf_init(ldev);
	if (ret)
		return ret;
	ret = loom_mbox_init(ldev);
	if (ret)
		return ret;
	ret = loom_fw_init(ldev);
	if (ret)
		goto err_mbox;
	ret = loom_irq_init(ldev);
	if (ret)
		goto err_fw;
	ret = loom_bus_init(ldev);
	if (ret)
		goto err_irq;
	scoped_guard(rwsem_write, &ldev->reset.lock)
		ret = loom_device_boot(ldev);
	if (ret)
		goto err_irq;
	return 0;

err_irq:
	/* A reset that somebody asked for meanwhile boots the device once more. */
	loom_irq_fini(ldev);
	cancel_work_sync(&ldev->reset.work);
	loom_watch_fini(ldev);
	loom_device_quiesce(ldev);
	loom_clock_fini(ldev);
	loom_recovery_fini(ldev);
	loom_coredump_fini(ldev);
err_fw:
	loom_fw_fini(ldev);
err_mbox:
	loom_mbox_fini(ldev);
	return ret;
}

/**
 * loom_device_unplug() - take all units down
 * @ldev: device after drm_dev_unplug(): no ioctl is inside, but files and mappings may be open
 *
 * Afterwards nothing refers to the hardware, and no DMA mapping is left. Jobs that had not ended
 * have signalled -ENODEV.
 */
void loom_device_unplug(struct loom_device *ldev)
{
	loom_perf_fini(ldev);
	loom_bus_fini(ldev);
	cancel_work_sync(&ldev->reset.work);
	/* Who cannot talk to the firmware any more waits until the device is quiet. */
	WRITE_ONCE(ldev->reset.pending, true);
	loom_mbox_pre_reset(ldev);

	scoped_guard(rwsem_write, &ldev->reset.lock) {
		loom_device_quiesce(ldev);
		pci_clear_master(ldev->pdev);
		loom_irq_fini(ldev);
		loom_hwqs_fini(ldev);
		loom_mmu_fini(ldev);
		loom_gem_fini(ldev);
	}
	loom_clock_fini(ldev);
	loom_watch_fini(ldev);
	loom_recovery_fini(ldev);
	loom_coredump_fini(ldev);
	loom_fw_fini(ldev);
	loom_mbox_fini(ldev);
	loom_device_reset_over(ldev);
}
