/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_RECOVERY_H
#define LOOM_RECOVERY_H

#include <linux/types.h>

struct drm_printer;
struct loom_device;

/**
 * enum loom_recovery_event - what went wrong, and how far recovery had to go
 * @LOOM_JOB_FAULTS: jobs that ended with a fault
 * @LOOM_JOB_TIMEOUTS: jobs that were on the hardware for too long
 * @LOOM_LOST_INTERRUPTS: jobs whose end only the watch saw
 * @LOOM_QUEUE_STOPS: first level: queues that were stopped because of a job of theirs
 * @LOOM_CORE_RESETS: second level: cores that the firmware reset, since they did not stop
 * @LOOM_DEVICE_RESETS: third level: resets of the device, with the firmware loaded anew
 * @LOOM_FUNCTION_RESETS: of those, the ones that came from outside
 * @LOOM_BUS_ERRORS: errors that the PCI core told of
 * @LOOM_GIVEN_UP: resets that the device did not come back from
 * @LOOM_DUMPS: dumps that were handed over
 * @LOOM_NUM_RECOVERY_EVENTS: how many there are
 */
enum loom_recovery_event {
	LOOM_JOB_FAULTS,
	LOOM_JOB_TIMEOUTS,
	LOOM_LOST_INTERRUPTS,
	LOOM_QUEUE_STOPS,
	LOOM_CORE_RESETS,
	LOOM_DEVICE_RESETS,
	LOOM_FUNCTION_RESETS,
	LOOM_BUS_ERRORS,
	LOOM_GIVEN_UP,
	LOOM_DUMPS,
	LOOM_NUM_RECOVERY_EVENTS,
};

int loom_recovery_init(struct loom_device *ldev);
void loom_recovery_fini(struct loom_device *ldev);

void loom_recovery_count(struct loom_device *ldev, enum loom_recovery_event event);
void loom_recovery_count_many(struct loom_device *ldev, enum loom_recovery_event event, u32 n);
void loom_recovery_announce(struct loom_device *ldev, const char *why, int error);
void loom_recovery_show(struct loom_device *ldev, struct drm_printer *p);

#endif
