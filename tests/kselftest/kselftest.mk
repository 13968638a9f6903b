# SPDX-License-Identifier: MIT
kselftest := $(B)/tests/kselftest

check-deps += $(kselftest)/uapi $(B)/firmware/loom_fw_v9.bin
test-vm-y  += tests/kselftest/run-in-vm@600 tests/kselftest/run-in-vm-iommu@300

$(kselftest)/uapi: $(wildcard tests/kselftest/*.c tests/kselftest/*.h uapi/drm/*.h uapi/loom/*.h) tests/kselftest/Makefile tests/kselftest/packages.list
	@LOOM_PACKAGES_LIST=tests/kselftest/packages.list tools/setup/packages
	+$(MAKE) --no-print-directory -C tests/kselftest OUTPUT=$(abspath $(kselftest)) \
		$(if $(CI),CFLAGS=-Werror)

# Recovery at scale: a thousand faults of all kinds under load, for a quarter of an hour or more.
.PHONY: check-recovery
check-recovery: setup
	$(MAKE_BUILT) all $(check-deps)
	@B=$(B) tests/run -t 7200 -l $(B)/logs tests/kselftest/check-recovery
