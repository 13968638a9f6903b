/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PCI device: properties, BARs, reset, coming and going. */
#include "loom_pci.h"

#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "qapi/error.h"
#include "trace-loom.h"

static uint64_t regs_read(void *opaque, hwaddr offset, unsigned int size)
{
	LoomState *s = opaque;
	uint64_t value = s->core && !loom_is_off(s) ? loom_dev_read(s->core, offset, size) : UINT64_MAX;

	trace_loom_reg_read(offset, size, value);
	return value;
}

static void regs_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	LoomState *s = opaque;

	bool let_go;

	trace_loom_reg_write(offset, size, value);
	if (!s->core || loom_is_off(s))
		return;
	/* A reset waits for accesses to memory that are under way. */
	let_go = offset == LOOM_REG_RESET && loom_wait_begin(s);
	loom_dev_write(s->core, offset, value, size);
	loom_wait_end(s, let_go);
}

/* Doorbells are written only; what is read of them means nothing. */
static uint64_t doorbell_read(void *opaque, hwaddr offset, unsigned int size)
{
	return 0;
}

static void doorbell_write(void *opaque, hwaddr offset, uint64_t value, unsigned int size)
{
	LoomState *s = opaque;

	trace_loom_doorbell(offset, value);
	if (size == 4 && s->core && !loom_is_off(s))
		loom_dev_doorbell(s->core, offset, value);
}

/* The core decides what sizes and alignments do. */
static const MemoryRegionOps regs_ops = {
	.read = regs_read,
	.write = regs_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
	.impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static const MemoryRegionOps doorbell_ops = {
	.read = doorbell_read,
	.write = doorbell_write,
	.endianness = DEVICE_LITTLE_ENDIAN,
	.valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
	.impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static void loom_run_state(void *opaque, bool running, RunState state)
{
	loom_set_running(opaque, running);
}

void loom_reset_core(LoomState *s)
{
	bool let_go;

	loom_irqs_hold(s);
	let_go = loom_wait_begin(s);
	loom_dev_reset(s->core);
	loom_wait_end(s, let_go);
	loom_irqs_forget(s);
	loom_irqs_release(s);
}

static void loom_reset(DeviceState *dev)
{
	LoomState *s = LOOM(dev);

	trace_loom_reset();
	loom_power_on(s);
	loom_reset_core(s);
	msix_reset(&s->parent_obj);
}

static bool loom_init_pci(LoomState *s, Error **errp)
{
	PCIDevice *pci = &s->parent_obj;
	unsigned int vector;

	memory_region_init_io(&s->regs, OBJECT(s), &regs_ops, s, "loom-regs", LOOM_BAR0_BYTES);
	memory_region_init_io(&s->doorbells, OBJECT(s), &doorbell_ops, s, "loom-doorbells",
			      LOOM_NUM_QUEUES * LOOM_DOORBELL_STRIDE);
	loom_allow_concurrent_access(&s->regs);
	loom_allow_concurrent_access(&s->doorbells);
	pci_register_bar(pci, LOOM_BAR_REGS, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->regs);
	pci_register_bar(pci, LOOM_BAR_DOORBELL, PCI_BASE_ADDRESS_SPACE_MEMORY, &s->doorbells);
	pci->config[PCI_INTERRUPT_PIN] = 0; /* MSI-X only */

	if (pci_bus_is_express(pci_get_bus(pci))) {
		if (pcie_endpoint_cap_init(pci, 0) < 0) {
			error_setg(errp, "no room for the PCI Express capability");
			return false;
		}
		pcie_cap_flr_init(pci);
	}
	if (!loom_init_power(s, errp))
		return false;
	if (msix_init_exclusive_bar(pci, LOOM_NUM_VECTORS, LOOM_BAR_MSIX, errp))
		return false;
	for (vector = 0; vector < LOOM_NUM_VECTORS; vector++)
		msix_vector_use(pci, vector);
	return true;
}

static void loom_exit_pci(LoomState *s)
{
	PCIDevice *pci = &s->parent_obj;

	msix_uninit_exclusive_bar(pci);
	if (pci->exp.exp_cap)
		pcie_cap_exit(pci);
}

static void loom_realize(PCIDevice *pci, Error **errp)
{
	LoomState *s = LOOM(pci);
	const char *why;
	int ret;

	s->geo.timing = s->timing;
	if (loom_geometry_check(&s->geo, &why)) {
		error_setg(errp, "%s", why);
		return;
	}
	if (!loom_init_pci(s, errp))
		return;
	loom_irqs_init(s);
	loom_timer_init(s);
	ret = loom_dev_new(&s->geo, &loom_pci_bus, s, &s->core);
	if (ret) {
		error_setg_errno(errp, -ret, "cannot make the NPU");
		loom_timer_fini(s);
		loom_irqs_fini(s);
		loom_exit_pci(s);
		return;
	}
	loom_dev_set_ambient(s->core, s->ambient);
	s->run_notifier = qemu_add_vm_change_state_handler(loom_run_state, s);
	loom_set_running(s, runstate_is_running());
	if (s->fault)
		loom_dev_inject(s->core, s->fault);
}

static void loom_unrealize(PCIDevice *pci)
{
	LoomState *s = LOOM(pci);
	struct loom_dev *core;
	bool let_go;

	qemu_del_vm_change_state_handler(s->run_notifier);
	loom_irqs_hold(s);
	while (s->waiters) {
		bql_unlock();
		g_usleep(10);
		bql_lock();
	}
	/* From here on nobody else finds it, whoever has the big lock meanwhile. */
	core = s->core;
	s->core = NULL;
	let_go = loom_wait_begin(s);
	loom_dev_free(core);
	loom_wait_end(s, let_go);
	loom_timer_fini(s);
	loom_irqs_fini(s);
	loom_forget_state(s);
	loom_exit_pci(s);
}

static void loom_instance_init(Object *obj)
{
	/* Room for a PCI Express configuration space, on a conventional bus unused. */
	PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
	LOOM(obj)->ambient = LOOM_AMBIENT_MC;
}

static uint32_t loom_read_config(PCIDevice *pci, uint32_t addr, int len)
{
	if (loom_is_gone(LOOM(pci)))
		return UINT32_MAX >> (32 - 8 * len);
	return pci_default_read_config(pci, addr, len);
}

static void loom_write_config(PCIDevice *pci, uint32_t addr, uint32_t value, int len)
{
	if (loom_is_gone(LOOM(pci)))
		return;
	loom_write_config_power(LOOM(pci), addr, value, len);
	if (pci->exp.exp_cap)
		pcie_cap_flr_write_config(pci, addr, value, len);
}

/* Defaults are those of loom_geometry_default(), which realize cannot tell from what a user said. */
static LOOM_PROP_CONST Property loom_properties[] = {
	DEFINE_PROP_UINT32("array", LoomState, geo.array_dim, 32),
	DEFINE_PROP_UINT32("cores", LoomState, geo.num_cores, 1),
	DEFINE_PROP_UINT32("spm", LoomState, geo.spm_bytes, 1024 * 1024),
	DEFINE_PROP_UINT32("acc", LoomState, geo.acc_bytes, 256 * 1024),
	DEFINE_PROP_UINT32("bandwidth", LoomState, geo.dram_bpc, 64),
	DEFINE_PROP_UINT32("clock", LoomState, geo.clock_khz, 1000000),
	DEFINE_PROP_BOOL("timing", LoomState, timing, true),
	LOOM_PROP_END
};

/* For tests: a stopped machine's compute cores, one word each. */
static char *get_cores(Object *obj, Error **errp)
{
	LoomState *s = LOOM(obj);
	GString *text = g_string_new(NULL);
	unsigned int i;

	for (i = 0; s->core && s->at_rest && i < s->geo.num_cores; i++)
		g_string_append_printf(text, "%s%s", i ? " " : "", loom_dev_core_state(s->core, i));
	return g_string_free(text, false);
}

static void loom_describe(ObjectClass *klass)
{
	static const struct {
		const char *name;
		const char *text;
	} table[] = {
		{ "array", "rows and columns of the systolic array: 8, 16, 32, 64 or 128" },
		{ "cores", "compute cores, 1 to 8" },
		{ "spm", "scratchpad of a core, bytes" },
		{ "acc", "accumulators of a core, bytes" },
		{ "bandwidth", "DRAM bytes a cycle" },
		{ "clock", "clock, kHz" },
		{ "timing", "account cycles" },
		{ "x-cores", "what the cores of a stopped machine are at" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		object_class_property_set_description(klass, table[i].name, table[i].text);
}

static void loom_class_init(ObjectClass *klass, LOOM_CLASS_DATA *data)
{
	DeviceClass *dc = DEVICE_CLASS(klass);
	PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);

	k->realize = loom_realize;
	k->exit = loom_unrealize;
	k->config_read = loom_read_config;
	k->config_write = loom_write_config;
	k->vendor_id = LOOM_PCI_VENDOR;
	k->device_id = LOOM_PCI_DEVICE;
	k->class_id = LOOM_PCI_CLASS;
	k->revision = 1;
	set_bit(DEVICE_CATEGORY_MISC, dc->categories);
	dc->desc = "Loom neural processing unit";
	dc->vmsd = &loom_vmstate;
	device_class_set_legacy_reset(dc, loom_reset);
	device_class_set_props(dc, loom_properties);
	loom_fault_properties(klass);
	loom_power_properties(klass);
	object_class_property_add_str(klass, "x-cores", get_cores, NULL);
	loom_describe(klass);
}

void loom_register_type(void)
{
	static InterfaceInfo interfaces[] = {
		{ INTERFACE_PCIE_DEVICE },
		{ INTERFACE_CONVENTIONAL_PCI_DEVICE },
		{ }
	};
	static const TypeInfo type = {
		.name = TYPE_LOOM,
		.parent = TYPE_PCI_DEVICE,
		.instance_size = sizeof(LoomState),
		.instance_init = loom_instance_init,
		.class_init = loom_class_init,
		.interfaces = interfaces,
	};

	type_register_static(&type);
}
