// SPDX-License-Identifier: MIT
/* The CPU as a device: programs for it have CPU steps only. */
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "libaccel/error.h"

static const struct accel_backend cpu_ops = { .close = NULL };

int accel_cpu_open(struct accel_device **out)
{
	struct accel_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return accel_enomem("a device");
	dev->ops = &cpu_ops;
	dev->info.kind = ACCEL_DEVICE_CPU;
	strcpy(dev->info.name, "cpu");
	*out = dev;
	return 0;
}
