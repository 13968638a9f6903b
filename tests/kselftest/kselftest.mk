# SPDX-License-Identifier: MIT
kselftest := $(B)/tests/kselftest

check-deps += $(kselftest)/uapi $(B)/firmware/loom_fw_v9.bin
check-deps += kernel-source igt
test-vm-y  += tests/kselftest/in-kernel-tree@300 tests/kselftest/igt@300
test-vm-y  += tests/kselftest/run-in-vm@600 tests/kselftest/run-in-vm-iommu@300 tests/kselftest/check-recovery@300

$(kselftest)/uapi: $(wildcard tests/kselftest/*.c tests/kselftest/*.h uapi/drm/*.h uapi/loom/*.h) tests/kselftest/Makefile tests/kselftest/packages.list
	@LOOM_PACKAGES_LIST=tests/kselftest/packages.list tools/setup/packages
	+$(MAKE) --no-print-directory -C tests/kselftest OUTPUT=$(abspath $(kselftest)) \
		$(if $(CI),CFLAGS=-Werror)

# A part of the kernel's source, and IGT's tests, in the cache.
.PHONY: kernel-source igt
kernel-source:
	@tools/setup/fetch-kernel-source
igt:
	@tools/setup/fetch-igt

# The whole suite as a part of a kernel tree.
.PHONY: check-kernel-tree
check-kernel-tree: setup
	$(MAKE_BUILT) all $(check-deps)
	@B=$(B) LOOM_VM_TIMEOUT=1800 tests/kselftest/in-kernel-tree all

# Recovery at scale: a thousand faults of all kinds under load, for a quarter of an hour or more.
.PHONY: check-recovery
check-recovery: setup
	$(MAKE_BUILT) all $(check-deps)
	@B=$(B) LOOM_FAULTS=1000 tests/run -t 7200 -l $(B)/logs tests/kselftest/check-recovery

# That each trap of docs/driver.md has a test that fails without its cure. Half an hour or more.
.PHONY: check-traps
check-traps: debug-kernel
	$(MAKE_BUILT) all $(check-deps)
	@B=$(B) tests/run -t 7200 -l $(B)/logs tests/kselftest/check-traps
