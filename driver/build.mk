# SPDX-License-Identifier: GPL-2.0
#
# loom.ko, against the stock kernel that set-up has fetched, or against KDIR=... Kbuild leaves its own files in
# driver/.

loom-ko     := $(B)/driver/loom.ko
loom-ko-src := Kbuild driver/Kbuild driver/probe $(wildcard driver/*.c driver/*.h driver/probes/*.c \
               uapi/drm/*.h uapi/loom/*.h)
loom-ko-opt  = $(if $(CI),W=1 KCFLAGS=-Werror)

all-y += $(loom-ko)

$(loom-ko): $(loom-ko-src)
	@test -e $(KDIR)/Makefile || { \
		echo "driver: no kernel headers in $(KDIR): run 'make setup', or give KDIR=..." >&2; exit 1; }
	+$(MAKE) -C $(KDIR) M=$(CURDIR) $(loom-ko-opt) modules
	@mkdir -p $(@D)
	cp driver/loom.ko $@

# The module for the newest kernel that the distribution offers, and the suites there.
.PHONY: check-kernels
check-kernels: setup
	tools/setup/fetch-kernel newest
	@mkdir -p $(B)/driver-newest
	@ln -sfn $(CURDIR)/uapi $(B)/driver-newest/uapi
	LOOM_KERNEL=$(LOOM_CACHE)/kernel-newest tools/debug-kernel/module driver $(B)/driver-newest/driver W=1 KCFLAGS=-Werror
	$(MAKE_BUILT) all $(kselftest)/uapi $(B)/firmware/loom_fw_v9.bin
	@B=$(B) LOOM_KERNEL=$(LOOM_CACHE)/kernel-newest LOOM_KO=$(B)/driver-newest/driver/loom.ko LOOM_VM_TIMEOUT=1200 \
		tests/run -t 1300 -l $(B)/logs tests/kselftest/run-in-vm
