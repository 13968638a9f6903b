/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping with the machine, saving and loading. The core rests whenever the machine does not run; its
 * interrupts up to then are delivered before the interrupt controllers' state is saved.
 */
#include "loom_pci.h"

#include "hw/pci/msix.h"
#include "migration/vmstate.h"
#include "qemu/error-report.h"
#include "trace-loom.h"

void loom_set_running(LoomState *s, bool running)
{
	bool let_go;

	if (s->at_rest == !running)
		return;
	trace_loom_running(running);
	if (running) {
		loom_look_for_iommu(s);
		loom_dev_resume(s->core);
	} else {
		loom_irqs_hold(s);
		let_go = loom_wait_begin(s);
		loom_dev_quiesce(s->core);
		loom_wait_end(s, let_go);
		loom_irqs_release(s);
	}
	s->at_rest = !running;
}

void loom_forget_state(LoomState *s)
{
	g_free(s->state);
	s->state = NULL;
	s->state_len = 0;
}

static int loom_pre_save(void *opaque)
{
	LoomState *s = opaque;
	void *state;
	size_t len;
	int ret;

	if (!s->at_rest)
		return -EBUSY; /* QEMU saves stopped machines only */
	ret = loom_dev_save(s->core, &state, &len);
	if (ret)
		return ret;
	if (len <= UINT32_MAX) {
		loom_forget_state(s);
		s->state = g_memdup2(state, len);
		s->state_len = len;
	} else {
		ret = -EFBIG;
	}
	free(state);
	trace_loom_save(s->state_len);
	return ret;
}

static int loom_post_save(void *opaque)
{
	loom_forget_state(opaque);
	return 0;
}

static int loom_pre_load(void *opaque)
{
	loom_forget_state(opaque);
	return 0;
}

static int loom_post_load(void *opaque, int version_id)
{
	LoomState *s = opaque;
	int ret;

	if (!s->at_rest)
		return -EBUSY;
	loom_irqs_forget(s);
	ret = loom_dev_load(s->core, s->state, s->state_len);
	trace_loom_load(s->state_len, ret);
	loom_forget_state(s);
	if (ret)
		error_report("loom: the saved state is damaged, or of an NPU of another geometry");
	return ret;
}

const VMStateDescription loom_vmstate = {
	.name = TYPE_LOOM,
	.version_id = 2,
	.minimum_version_id = 2,
	.pre_save = loom_pre_save,
	.post_save = loom_post_save,
	.pre_load = loom_pre_load,
	.post_load = loom_post_load,
	.fields = (VMStateField[]) {
		VMSTATE_PCI_DEVICE(parent_obj, LoomState),
		VMSTATE_MSIX(parent_obj, LoomState),
		VMSTATE_UINT32(state_len, LoomState),
		VMSTATE_VBUFFER_ALLOC_UINT32(state, LoomState, 1, NULL, state_len),
		VMSTATE_END_OF_LIST()
	},
};
