/* SPDX-License-Identifier: MIT */
/* What a device in QEMU has beyond device.h: see qtest_dev.c. */
#ifndef LOOM_TEST_QTEST_DEV_H
#define LOOM_TEST_QTEST_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loom_dev;

/** qtest_available - is there a QEMU, and a device built for it? */
bool qtest_available(void);

/** qtest_icount - what machines made from now on get as their option -icount; NULL: none */
extern const char *qtest_icount;

/** qtest_log - where machines made from now on write their trace events loom_job_* to; -1: nowhere */
extern int qtest_log;

/** qtest_object - the device for the installed QEMU; false where there is none */
bool qtest_object(char *path, size_t size);

/** qtest_now - nanoseconds on the machine's virtual clock, since the device was reset */
uint64_t qtest_now(struct loom_dev *dev);

#endif
