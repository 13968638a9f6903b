/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The NPU as a QEMU PCI device: shared by the files of this folder. */
#ifndef LOOM_PCI_H
#define LOOM_PCI_H

#include "compat.h"

#include "qom/object.h"

#include "loom/regs.h"
#include "qemu-device/core/device.h"

#define TYPE_LOOM "loom"
OBJECT_DECLARE_SIMPLE_TYPE(LoomState, LOOM)

/*
 * Interrupts come from the core's threads and need the big lock, which is held by those who wait for
 * these threads to come to rest. So they first hold the interrupts: from then on a thread only notes
 * its interrupt and goes on.
 */
struct loom_irqs {
	QemuMutex lock;		/* over the three below; taken inside the big lock, never around it */
	bool held;
	unsigned int delivering; /* threads on their way to the big lock */
	uint32_t pending;	/* vectors raised while held, a bit each */
};

/**
 * struct LoomState
 * @core: the device itself; NULL before realize
 * @timer: of the virtual clock: calls the core at @deadline
 * @timer_bh: sets @timer by @deadline, in the main loop
 * @timer_lock: over @deadline
 * @at_rest: @core is quiesced, because the machine does not run
 * @state, @state_len: what is migrated of @core; @state lives only while it is saved or loaded
 * @iommu: there is an IOMMU in front; set whenever the device begins to run
 * @waiters: callers that wait for the core's threads without the big lock; over it
 * @fault: enum loom_inject that the x-fault property asked for
 * @power_cap: offset of the power management capability
 * @ambient: what the x-ambient property asked for
 */
struct LoomState {
	PCIDevice parent_obj;

	MemoryRegion regs;
	MemoryRegion doorbells;
	struct loom_dev *core;
	struct loom_geometry geo;
	struct loom_irqs irqs;
	QEMUTimer *timer;
	QEMUBH *timer_bh;
	QemuMutex timer_lock;
	uint64_t deadline;
	VMChangeStateEntry *run_notifier;
	bool at_rest;
	bool iommu;
	unsigned int waiters;
	bool timing;
	int fault;
	uint8_t power_cap;
	int32_t ambient;
	uint8_t *state;
	uint32_t state_len;
};

/* bus.c: what the core needs of its host */
extern const struct loom_bus loom_pci_bus;
void loom_irqs_init(LoomState *s);
void loom_irqs_fini(LoomState *s);
void loom_irqs_hold(LoomState *s);
void loom_irqs_release(LoomState *s);
void loom_irqs_forget(LoomState *s);
void loom_timer_init(LoomState *s);
void loom_timer_fini(LoomState *s);
bool loom_wait_begin(LoomState *s);
void loom_wait_end(LoomState *s, bool let_go);
void loom_look_for_iommu(LoomState *s);

/* state.c: stopping, saving and loading */
extern const VMStateDescription loom_vmstate;
void loom_set_running(LoomState *s, bool running);
void loom_forget_state(LoomState *s);

/* fault.c: the x-fault properties */
void loom_fault_properties(ObjectClass *klass);
bool loom_is_gone(LoomState *s);

/* power.c: power states and the x-ambient property */
bool loom_init_power(LoomState *s, Error **errp);
void loom_power_properties(ObjectClass *klass);
/* loom_is_off - in D3hot: neither registers nor doorbells answer */
bool loom_is_off(LoomState *s);
void loom_power_on(LoomState *s);
/* loom_write_config_power - as pci_default_write_config(), and what a change of the power state does */
void loom_write_config_power(LoomState *s, uint32_t addr, uint32_t value, int len);

/* device.c */
/* loom_reset_core - the core and its interrupts, as after power-on */
void loom_reset_core(LoomState *s);
void loom_register_type(void);

/* trace.c */
void loom_register_trace(void);

#endif
