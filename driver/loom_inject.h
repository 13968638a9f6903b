/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_INJECT_H
#define LOOM_INJECT_H

#include <linux/types.h>

struct loom_device;

/**
 * enum loom_inject - what goes wrong on request, so that what follows can be tested
 * @LOOM_INJECT_SUBMIT: SUBMIT finds no memory for a job
 * @LOOM_INJECT_MESSAGE: the firmware is not told of a message
 * @LOOM_INJECT_DOORBELL: the device is not told of a job
 * @LOOM_INJECT_INTERRUPT: an interrupt for ended jobs is not handled
 * @LOOM_INJECT_COMPLETION: a completion record is destroyed before it is looked at
 * @LOOM_INJECT_TIMEOUT: a job in flight is taken for one that has been on its core for too long
 */
enum loom_inject {
	LOOM_INJECT_SUBMIT,
	LOOM_INJECT_MESSAGE,
	LOOM_INJECT_DOORBELL,
	LOOM_INJECT_INTERRUPT,
	LOOM_INJECT_COMPLETION,
	LOOM_INJECT_TIMEOUT,
	LOOM_NUM_INJECT,
};

bool loom_inject(struct loom_device *ldev, enum loom_inject what);
void loom_inject_debugfs(struct loom_device *ldev);

#endif
