/* SPDX-License-Identifier: MIT */
/* A device that is fuzzed round after round. */
#ifndef LOOM_TEST_FUZZ_DEVICE_H
#define LOOM_TEST_FUZZ_DEVICE_H

#include "harness.h"

/** fuzz_device - the device, with firmware running; made at the first call */
struct harness *fuzz_device(void);
void fuzz_device_free(void);

/** fuzz_recovers - after whatever was done to it: a reset, and the device works, or what does not */
const char *fuzz_recovers(struct harness *h);

#endif
