/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Misbehaviour on request: x-fault arms a fault, x-fault-armed says what has not struck yet. */
#include "loom_pci.h"

#include "qapi/error.h"
#include "trace-loom.h"

/* With a NULL at the end. */
static const char *const fault_names[LOOM_NUM_INJECT + 1] = {
	[LOOM_INJECT_NONE] = "none",
	[LOOM_INJECT_HANG_CORE] = "hang-core",
	[LOOM_INJECT_HANG_JOB] = "hang-job",
	[LOOM_INJECT_HANG_QUEUE] = "hang-queue",
	[LOOM_INJECT_MMU_FAULT] = "mmu-fault",
	[LOOM_INJECT_DMA_FAULT] = "dma-fault",
	[LOOM_INJECT_FW_CRASH] = "fw-crash",
	[LOOM_INJECT_FW_HANG] = "fw-hang",
	[LOOM_INJECT_NO_HEARTBEAT] = "no-heartbeat",
	[LOOM_INJECT_BOOT_FAIL] = "boot-fail",
	[LOOM_INJECT_BOOT_HANG] = "boot-hang",
	[LOOM_INJECT_BOOT_DEAD] = "boot-dead",
	[LOOM_INJECT_DROP_IRQ] = "drop-irq",
	[LOOM_INJECT_IRQ_STORM] = "irq-storm",
	[LOOM_INJECT_DROP_DOORBELL] = "drop-doorbell",
	[LOOM_INJECT_DROP_MBOX] = "drop-mbox",
	[LOOM_INJECT_CORRUPT_CPL] = "corrupt-completion",
	[LOOM_INJECT_DROP_CPL] = "drop-completion",
	[LOOM_INJECT_CORRUPT_MBOX] = "corrupt-mbox",
	[LOOM_INJECT_CORRUPT_LOG] = "corrupt-log",
	[LOOM_INJECT_DEAD_MMIO] = "dead-mmio",
	[LOOM_INJECT_GONE] = "gone",
	[LOOM_INJECT_DEAD_CORE] = "dead-core",
};

static const QEnumLookup fault_lookup = {
	.array = fault_names,
	.size = LOOM_NUM_INJECT,
};

static int get_fault(Object *obj, Error **errp)
{
	return LOOM(obj)->fault;
}

static void set_fault(Object *obj, int fault, Error **errp)
{
	LoomState *s = LOOM(obj);
	bool let_go;

	trace_loom_inject(fault_names[fault]);
	s->fault = fault;
	if (s->core) {
		let_go = loom_wait_begin(s);
		loom_dev_inject(s->core, fault);
		loom_wait_end(s, let_go);
	}
}

static char *get_armed(Object *obj, Error **errp)
{
	LoomState *s = LOOM(obj);
	uint64_t armed = s->core ? loom_dev_injected(s->core) : 0;
	GString *text = g_string_new(armed ? "" : "none");
	unsigned int i;

	for (i = 0; i < LOOM_NUM_INJECT; i++)
		if (armed & (1ull << i))
			g_string_append_printf(text, "%s%s", text->len ? "," : "", fault_names[i]);
	return g_string_free(text, false);
}

void loom_fault_properties(ObjectClass *klass)
{
	char *names = g_strjoinv(", ", (char **)fault_names);
	char *text = g_strdup_printf("misbehave: %s", names);

	object_class_property_add_enum(klass, "x-fault", "LoomFault", &fault_lookup, get_fault,
				       set_fault);
	object_class_property_set_description(klass, "x-fault", text);
	object_class_property_add_str(klass, "x-fault-armed", get_armed, NULL);
	object_class_property_set_description(klass, "x-fault-armed", "faults that have yet to strike, or last");
	g_free(text);
	g_free(names);
}

/* Pulled out, as far as the bus can tell. */
bool loom_is_gone(LoomState *s)
{
	return s->core && (loom_dev_injected(s->core) & (1ull << LOOM_INJECT_GONE));
}
