# SPDX-License-Identifier: GPL-2.0-or-later
#
# loom-qemu-<minor>.so: the device for the distribution's QEMU of that minor version, one for each that
# the cache has headers of.
include tools/setup/setup.mk

qemu-minors := $(patsubst $(LOOM_CACHE)/qemu/%/stamp,%,$(wildcard $(LOOM_CACHE)/qemu/*/stamp))
qemu-pci-src := preload.c device.c bus.c state.c fault.c power.c trace.c

# 7.2 -> 0x0702
qemu-version = $(shell printf '0x%02x%02x' $(subst ., ,$(1)))

# QEMU's headers do not stand our warnings: they count as the system's.
define qemu-rules
qemu-obj-$(1) := $$(qemu-pci-src:%.c=$$(B)/qemu-device/pci/$(1)/%.o)

$$(B)/qemu-device/pci/$(1)/%.o: qemu-device/pci/%.c $$(B)/qemu-device/pci/$(1)/trace-loom.h \
		$$(B)/qemu-device/pci/$(1)/trace-loom.c.inc
	$$(CC) $$(CSTD) $$(CWARN) $$(CFLAGS) $$(CPPFLAGS) -D_GNU_SOURCE \
		-DLOOM_QEMU_MINOR='"$(1)"' -DLOOM_QEMU_VERSION=$$(call qemu-version,$(1)) \
		-I$$(B)/qemu-device/pci/$(1) -isystem $$(LOOM_CACHE)/qemu/$(1)/gen \
		-isystem $$(LOOM_CACHE)/qemu/$(1)/include $$$$(pkg-config --cflags glib-2.0) \
		-MMD -MP -c -o $$@ $$<

$$(B)/qemu-device/pci/$(1)/trace-loom.h: qemu-device/pci/trace-events
	@mkdir -p $$(@D)
	python3 -B $$(LOOM_CACHE)/qemu/$(1)/scripts/tracetool.py --format=h --group=loom --backends=log $$< $$@

$$(B)/qemu-device/pci/$(1)/trace-loom.c.inc: qemu-device/pci/trace-events
	@mkdir -p $$(@D)
	python3 -B $$(LOOM_CACHE)/qemu/$(1)/scripts/tracetool.py --format=c --group=loom --backends=log $$< $$@

# The object is preloaded into processes that are no QEMU too, where nothing of QEMU's or GLib's is found:
# all that it needs of others is made weak, but for what begins with "__": that is the C library's, or lies in the
# compiler's own library, which gives nothing to weak names.
$$(B)/qemu-device/pci/$(1)/whole.o: $$(qemu-obj-$(1)) $$(B)/qemu-device/libloomcore.a
	$$(LD) -r -o $$@.tmp $$(qemu-obj-$(1)) --whole-archive $$(B)/qemu-device/libloomcore.a
	nm -u $$@.tmp | awk '$$$$2 !~ /^__/ { print $$$$2 }' >$$@.weak
	objcopy --weaken-symbols=$$@.weak $$@.tmp $$@
	@rm $$@.tmp

$$(B)/qemu-device/loom-qemu-$(1).so: $$(B)/qemu-device/pci/$(1)/whole.o
	$$(CC) $$(CFLAGS) -shared -Wl,--no-as-needed -o $$@ $$< -lm -lpthread

all-y += $$(B)/qemu-device/loom-qemu-$(1).so
endef
$(foreach minor,$(qemu-minors),$(eval $(call qemu-rules,$(minor))))

ifeq ($(qemu-minors),)
.PHONY: qemu-device-none
qemu-device-none:
	@echo "no QEMU headers in $(LOOM_CACHE): the device is not built. Run 'make setup' first."
all-y += qemu-device-none
endif
