// SPDX-License-Identifier: GPL-2.0
/*
 * What the PCI core tells of the function: errors on the bus (AER), and resets by somebody else.
 *
 * An error comes in steps: error_detected, slot_reset, resume. Between them no lock is held, since
 * nobody promises that the next one comes; that a reset is pending keeps everybody waiting. Where
 * the next step does not come in time the device is given up.
 */
#include <linux/pci.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "loom_bus.h"
#include "loom_compat.h"
#include "loom_device.h"
#include "loom_recovery.h"

/* The PCI core resets buses and waits for links in between. */
#define LOOM_BUS_PATIENCE_MS	30000

/**
 * struct loom_bus - the unit's state
 * @ldev: device
 * @give_up: the PCI core began a recovery and did not end it
 */
struct loom_bus {
	struct loom_device *ldev;
	struct delayed_work give_up;
};

static void loom_bus_give_up_work(struct work_struct *work)
{
	struct loom_bus *bus = container_of(to_delayed_work(work), struct loom_bus, give_up);

	loom_device_error_end(bus->ldev, false);
}

static pci_ers_result_t loom_pci_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct loom_device *ldev = pci_get_drvdata(pdev);

	drm_warn(&ldev->drm, "error on the bus, channel state %u\n", state);
	loom_recovery_count(ldev, LOOM_BUS_ERRORS);
	loom_device_error_begin(ldev, state == pci_channel_io_normal);
	if (state == pci_channel_io_perm_failure) {
		loom_device_error_end(ldev, false);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	mod_delayed_work(system_dfl_wq, &ldev->bus->give_up,
			 msecs_to_jiffies(LOOM_BUS_PATIENCE_MS));
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t loom_pci_slot_reset(struct pci_dev *pdev)
{
	struct loom_device *ldev = pci_get_drvdata(pdev);

	pci_restore_state(pdev);
	pci_save_state(pdev);
	pci_set_master(pdev);
	if (loom_read(ldev, LOOM_REG_MAGIC) == LOOM_MAGIC)
		return PCI_ERS_RESULT_RECOVERED;
	cancel_delayed_work_sync(&ldev->bus->give_up);
	loom_device_error_end(ldev, false);
	return PCI_ERS_RESULT_DISCONNECT;
}

static void loom_pci_resume(struct pci_dev *pdev)
{
	struct loom_device *ldev = pci_get_drvdata(pdev);

	cancel_delayed_work_sync(&ldev->bus->give_up);
	loom_device_error_end(ldev, true);
}

static void loom_pci_reset_prepare(struct pci_dev *pdev)
{
	loom_device_reset_prepare(pci_get_drvdata(pdev));
}

static void loom_pci_reset_done(struct pci_dev *pdev)
{
	loom_device_reset_done(pci_get_drvdata(pdev));
}

const struct pci_error_handlers loom_pci_err_handler = {
	.error_detected = loom_pci_error_detected,
	.slot_reset = loom_pci_slot_reset,
	.resume = loom_pci_resume,
	.reset_prepare = loom_pci_reset_prepare,
	.reset_done = loom_pci_reset_done,
};

/**
 * loom_bus_init() - errors of the bus may come
 * @ldev: device whose interrupts are set up: its configuration is saved for slot_reset
 *
 * Return: 0 or -ENOMEM.
 */
int loom_bus_init(struct loom_device *ldev)
{
	struct loom_bus *bus = drmm_kzalloc(&ldev->drm, sizeof(*bus), GFP_KERNEL);

	if (!bus)
		return -ENOMEM;
	bus->ldev = ldev;
	INIT_DELAYED_WORK(&bus->give_up, loom_bus_give_up_work);
	ldev->bus = bus;
	return pci_save_state(ldev->pdev);
}

/**
 * loom_bus_fini() - none come any more
 * @ldev: device
 */
void loom_bus_fini(struct loom_device *ldev)
{
	cancel_delayed_work_sync(&ldev->bus->give_up);
}
