/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between the QEMU versions that the device is built for. */
#ifndef LOOM_PCI_COMPAT_H
#define LOOM_PCI_COMPAT_H

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "hw/qdev-properties.h"

#if LOOM_QEMU_VERSION >= 0x0800
#include "hw/pci/pci_device.h"
#else
#include "hw/pci/pci.h"
#endif

#if LOOM_QEMU_VERSION >= 0x0a00
#include "system/runstate.h"
#define LOOM_PROP_CONST const
#define LOOM_PROP_END
#else
#include "sysemu/runstate.h"
#define LOOM_PROP_CONST
#define LOOM_PROP_END DEFINE_PROP_END_OF_LIST(),
#endif

/* The big lock got its new name in 9.0. */
#if LOOM_QEMU_VERSION < 0x0900
#define bql_lock()	qemu_mutex_lock_iothread()
#define bql_unlock()	qemu_mutex_unlock_iothread()
#define bql_locked()	qemu_mutex_iothread_locked()
#endif

/* The device's reset method was set directly before 9.2. */
#if LOOM_QEMU_VERSION < 0x0902
static inline void device_class_set_legacy_reset(DeviceClass *dc, void (*reset)(DeviceState *))
{
	dc->reset = reset;
}
#endif

/* A device is guarded (from 8.1 on, and in 7.2 since its security updates) against being accessed while it is; this one may be, and lets go of the big lock. */
static inline void loom_allow_concurrent_access(MemoryRegion *mr)
{
	mr->disable_reentrancy_guard = true;
}

/* Class data became const in 10.1. */
#if LOOM_QEMU_VERSION >= 0x0a01
#define LOOM_CLASS_DATA const void
#else
#define LOOM_CLASS_DATA void
#endif

#endif
