// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: what the units have to show, in accel/<PCI address>/. Nothing of it is an interface that
 * stays.
 */
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_print.h>

#include "loom_bind.h"
#include "loom_debugfs.h"
#include "loom_device.h"
#include "loom_hwq.h"
#include "loom_inject.h"
#include "loom_mbox.h"
#include "loom_pm.h"
#include "loom_recovery.h"
#include "loom_regs.h"
#include "loom_vm.h"

typedef void (*loom_show_fn)(struct loom_device *ldev, struct drm_printer *p);

static int loom_debugfs_show(struct seq_file *seq, loom_show_fn show)
{
	struct drm_debugfs_entry *entry = seq->private;
	struct loom_device *ldev = to_loom_device(entry->dev);
	struct drm_printer p = drm_seq_file_printer(seq);

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return -ENODEV;
	CLASS(loom_awake, awake)(ldev);
	if (awake.error)
		return awake.error;
	show(ldev, &p);
	return 0;
}

static int loom_debugfs_queues(struct seq_file *seq, void *unused)
{
	return loom_debugfs_show(seq, loom_hwqs_show);
}

static int loom_debugfs_address_spaces(struct seq_file *seq, void *unused)
{
	return loom_debugfs_show(seq, loom_vms_show);
}

static int loom_debugfs_firmware_log(struct seq_file *seq, void *unused)
{
	return loom_debugfs_show(seq, loom_mbox_show_log);
}

static int loom_debugfs_registers(struct seq_file *seq, void *unused)
{
	return loom_debugfs_show(seq, loom_regs_show);
}

static int loom_debugfs_recovery(struct seq_file *seq, void *unused)
{
	return loom_debugfs_show(seq, loom_recovery_show);
}

static const struct drm_debugfs_info loom_debugfs_files[] = {
	{ "queues", loom_debugfs_queues, 0 },
	{ "address_spaces", loom_debugfs_address_spaces, 0 },
	{ "firmware_log", loom_debugfs_firmware_log, 0 },
	{ "registers", loom_debugfs_registers, 0 },
	{ "recovery", loom_debugfs_recovery, 0 },
};

/**
 * loom_debugfs_init() - make the files
 * @ldev: device that will be registered; the files go when it is unregistered
 */
void loom_debugfs_init(struct loom_device *ldev)
{
	drm_debugfs_add_files(&ldev->drm, loom_debugfs_files, ARRAY_SIZE(loom_debugfs_files));
	loom_bind_debugfs(ldev);
	loom_inject_debugfs(ldev);
}
