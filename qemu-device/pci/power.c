/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power and heat: the PCI power states D0 and D3hot, and how warm it is around the device (property x-ambient). In D3hot the
 * device answers configuration accesses only, and forgets all it knew: it comes back as from a reset.
 */
#include "loom_pci.h"

#include "qapi/error.h"
#include "qapi/visitor.h"
#include "trace-loom.h"

bool loom_init_power(LoomState *s, Error **errp)
{
	PCIDevice *pci = &s->parent_obj;
	int cap = pci_add_capability(pci, PCI_CAP_ID_PM, 0, PCI_PM_SIZEOF, errp);

	if (cap < 0)
		return false;
	s->power_cap = cap;
	pci_set_word(pci->config + cap + PCI_PM_PMC, 3); /* version 1.2; no D1, D2, PME */
	pci_set_word(pci->wmask + cap + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
	return true;
}

static unsigned int power_state(LoomState *s)
{
	return pci_get_word(s->parent_obj.config + s->power_cap + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
}

static void set_power_state(LoomState *s, unsigned int state)
{
	uint8_t *ctrl = s->parent_obj.config + s->power_cap + PCI_PM_CTRL;

	pci_set_word(ctrl, (pci_get_word(ctrl) & ~PCI_PM_CTRL_STATE_MASK) | state);
}

bool loom_is_off(LoomState *s)
{
	return power_state(s) != 0;
}

void loom_power_on(LoomState *s)
{
	set_power_state(s, 0);
}

void loom_write_config_power(LoomState *s, uint32_t addr, uint32_t value, int len)
{
	unsigned int before = power_state(s), now;

	pci_default_write_config(&s->parent_obj, addr, value, len);
	now = power_state(s);
	if (now == before)
		return;
	/* States that it does not have are not taken. */
	if (now != 0 && now != 3) {
		set_power_state(s, before);
		return;
	}
	trace_loom_power(now);
	if (now == 0)
		pci_device_reset(&s->parent_obj);
	else
		loom_reset_core(s);
}

static void get_ambient(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	LoomState *s = LOOM(obj);
	int32_t millidegrees = s->core ? loom_dev_ambient(s->core) : s->ambient;

	visit_type_int32(v, name, &millidegrees, errp);
}

static void set_ambient(Object *obj, Visitor *v, const char *name, void *opaque, Error **errp)
{
	LoomState *s = LOOM(obj);
	int32_t millidegrees;

	if (!visit_type_int32(v, name, &millidegrees, errp))
		return;
	if (millidegrees < LOOM_AMBIENT_MIN_MC || millidegrees > LOOM_AMBIENT_MAX_MC) {
		error_setg(errp, "%s must be %d to %d, in thousandths of a degree Celsius", name, LOOM_AMBIENT_MIN_MC,
			   LOOM_AMBIENT_MAX_MC);
		return;
	}
	trace_loom_ambient(millidegrees);
	s->ambient = millidegrees;
	if (s->core)
		loom_dev_set_ambient(s->core, millidegrees);
}

void loom_power_properties(ObjectClass *klass)
{
	object_class_property_add(klass, "x-ambient", "int32", get_ambient, set_ambient, NULL, NULL);
	object_class_property_set_description(klass, "x-ambient",
					      "temperature around the device, thousandths of a degree Celsius");
}
