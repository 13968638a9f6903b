/* SPDX-License-Identifier: MIT */
/* What there is of the machine's memory and the device's objects, before and after. */
#ifndef LOOM_KSELFTEST_INVENTORY_H
#define LOOM_KSELFTEST_INVENTORY_H

#include <stdbool.h>

/* KiB of memory; open files. */
struct inventory {
	long slab, free, files;
};

/* When nobody has the device open any more; takes some seconds. */
struct inventory inventory(void);
/* Again when all that ends in its own time should have; some tries until nothing is missing. */
struct inventory inventory_after(const struct inventory *before);
bool nothing_leaked(const struct inventory *before, const struct inventory *after);
/* All address spaces and queues of the device are free, and there for the taking. */
void take_all(void);

#endif
