// SPDX-License-Identifier: GPL-2.0
/*
 * Five MSI-X vectors, or four of a device that does not throttle. Job completion is handled in the
 * hard handler, since somebody waits for it; what the firmware has to say is read in a thread.
 */
#include <linux/interrupt.h>
#include <linux/pci.h>

#include <drm/drm_print.h>

#include "loom_clock.h"
#include "loom_device.h"
#include "loom_fw.h"
#include "loom_hwq.h"
#include "loom_inject.h"
#include "loom_irq.h"
#include "loom_mbox.h"

static irqreturn_t loom_irq_wake(int irq, void *data)
{
	return IRQ_WAKE_THREAD;
}

static irqreturn_t loom_irq_msg(int irq, void *data)
{
	loom_mbox_receive(data);
	return IRQ_HANDLED;
}

static irqreturn_t loom_irq_job(int irq, void *data)
{
	if (!loom_inject(data, LOOM_INJECT_INTERRUPT))
		loom_hwqs_poll(data);
	return IRQ_HANDLED;
}

static irqreturn_t loom_irq_error(int irq, void *data)
{
	struct loom_device *ldev = data;

	/* One that is left of before a reset, or another probe, can come after it. */
	if (!READ_ONCE(ldev->reset.booting) && loom_fw_is_halted(ldev))
		loom_device_reset_schedule(ldev, "the firmware crashed");
	return IRQ_HANDLED;
}

static irqreturn_t loom_irq_thermal(int irq, void *data)
{
	loom_clock_look(data);
	return IRQ_HANDLED;
}

static const struct {
	irq_handler_t handler;
	irq_handler_t thread;
	const char *name;
} loom_vectors[LOOM_NUM_VECTORS] = {
	[LOOM_VEC_MSG]	 = { loom_irq_wake, loom_irq_msg, "loom-msg" },
	[LOOM_VEC_JOB]	 = { loom_irq_job, NULL, "loom-job" },
	[LOOM_VEC_FAULT] = { loom_irq_wake, loom_irq_msg, "loom-fault" },
	[LOOM_VEC_ERROR] = { loom_irq_error, NULL, "loom-error" },
	[LOOM_VEC_THERMAL] = { loom_irq_thermal, NULL, "loom-thermal" },
};

static int loom_irq_count(const struct loom_device *ldev)
{
	return ldev->info.features & LOOM_FEAT_CLOCK ? LOOM_NUM_VECTORS : LOOM_VEC_THERMAL;
}

static void loom_irq_free(struct loom_device *ldev, int count)
{
	while (count--)
		free_irq(pci_irq_vector(ldev->pdev, count), ldev);
	pci_free_irq_vectors(ldev->pdev);
}

/**
 * loom_irq_init() - request the vectors
 * @ldev: device
 *
 * Return: 0 or a negative errno.
 */
int loom_irq_init(struct loom_device *ldev)
{
	int count = loom_irq_count(ldev), ret;

	ret = pci_alloc_irq_vectors(ldev->pdev, count, count, PCI_IRQ_MSIX);
	if (ret < 0) {
		drm_err(&ldev->drm, "cannot get %d MSI-X vectors (%d)\n", count, ret);
		return ret;
	}

	for (int i = 0; i < count; i++) {
		ret = request_threaded_irq(pci_irq_vector(ldev->pdev, i), loom_vectors[i].handler,
					   loom_vectors[i].thread, 0, loom_vectors[i].name, ldev);
		if (ret) {
			drm_err(&ldev->drm, "cannot request vector %d (%d)\n", i, ret);
			loom_irq_free(ldev, i);
			return ret;
		}
	}
	return 0;
}

/**
 * loom_irq_fini() - free the vectors; no handler runs any more
 * @ldev: device
 */
void loom_irq_fini(struct loom_device *ldev)
{
	loom_irq_free(ldev, loom_irq_count(ldev));
}
