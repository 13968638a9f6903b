// SPDX-License-Identifier: GPL-2.0
/*
 * Things that go wrong on request, by debugfs: once each by the file inject; where the kernel has
 * fault injection, as often as the folders fail_* say. What the device itself can be made to do
 * wrong is not here: that is for whoever provides the device.
 */
#include <linux/debugfs.h>
#include <linux/fault-inject.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_print.h>

#include "loom_device.h"
#include "loom_inject.h"
#include "loom_pm.h"

static const char * const loom_inject_names[LOOM_NUM_INJECT] = {
	[LOOM_INJECT_SUBMIT] = "submit",
	[LOOM_INJECT_MESSAGE] = "message",
	[LOOM_INJECT_DOORBELL] = "doorbell",
	[LOOM_INJECT_INTERRUPT] = "interrupt",
	[LOOM_INJECT_COMPLETION] = "completion",
	[LOOM_INJECT_TIMEOUT] = "timeout",
};

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS
static struct fault_attr loom_inject_attrs[LOOM_NUM_INJECT] = {
	[0 ... LOOM_NUM_INJECT - 1] = FAULT_ATTR_INITIALIZER,
};

static bool loom_inject_by_attr(enum loom_inject what)
{
	return should_fail(&loom_inject_attrs[what], 1);
}

static void loom_inject_add_attrs(struct loom_device *ldev)
{
	char name[32];

	for (unsigned int i = 0; i < LOOM_NUM_INJECT; i++) {
		snprintf(name, sizeof(name), "fail_%s", loom_inject_names[i]);
		loom_inject_attrs[i].verbose = 0;
		fault_create_debugfs_attr(name, ldev->drm.debugfs_root, &loom_inject_attrs[i]);
	}
}
#else
static bool loom_inject_by_attr(enum loom_inject what)
{
	return false;
}

static void loom_inject_add_attrs(struct loom_device *ldev)
{
}
#endif

/**
 * loom_inject() - whether something is to go wrong now
 * @ldev: device
 * @what: that
 *
 * Any context.
 *
 * Return: true once for each time that it was asked for.
 */
bool loom_inject(struct loom_device *ldev, enum loom_inject what)
{
	if (test_bit(what, &ldev->inject) && test_and_clear_bit(what, &ldev->inject))
		return true;
	return loom_inject_by_attr(what);
}

static int loom_inject_show(struct seq_file *seq, void *unused)
{
	struct loom_device *ldev = seq->private;

	for (unsigned int i = 0; i < LOOM_NUM_INJECT; i++)
		seq_printf(seq, "%s %d\n", loom_inject_names[i], test_bit(i, &ldev->inject));
	return 0;
}

static int loom_inject_open(struct inode *inode, struct file *file)
{
	return single_open(file, loom_inject_show, inode->i_private);
}

static int loom_inject_reset(struct loom_device *ldev)
{
	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return -ENODEV;
	CLASS(loom_awake, awake)(ldev);
	if (awake.error)
		return awake.error;
	loom_device_reset_schedule(ldev, "somebody wanted it (debugfs)");
	loom_device_reset_wait(ldev);
	return 0;
}

static int loom_inject_obey(struct loom_device *ldev, const char *word)
{
	int what;

	if (!strcmp(word, "reset"))
		return loom_inject_reset(ldev);
	if (!strcmp(word, "none")) {
		WRITE_ONCE(ldev->inject, 0);
		return 0;
	}
	what = match_string(loom_inject_names, LOOM_NUM_INJECT, word);
	if (what < 0)
		return -EINVAL;
	set_bit(what, &ldev->inject);
	return 0;
}

static ssize_t loom_inject_write(struct file *file, const char __user *from, size_t bytes,
				 loff_t *pos)
{
	struct loom_device *ldev = ((struct seq_file *)file->private_data)->private;
	char text[16] = {};
	int ret;

	if (bytes >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, bytes))
		return -EFAULT;
	ret = loom_inject_obey(ldev, strim(text));
	return ret ?: bytes;
}

static const struct file_operations loom_inject_fops = {
	.owner = THIS_MODULE,
	.open = loom_inject_open,
	.read = seq_read,
	.write = loom_inject_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * loom_inject_debugfs() - make the file inject, and the folders fail_*
 * @ldev: device that will be registered; they go when it is unregistered
 */
void loom_inject_debugfs(struct loom_device *ldev)
{
	debugfs_create_file("inject", 0600, ldev->drm.debugfs_root, ldev, &loom_inject_fops);
	loom_inject_add_attrs(ldev);
}
