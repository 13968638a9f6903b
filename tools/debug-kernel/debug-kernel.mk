# SPDX-License-Identifier: MIT
#
# check-debug: the kselftest suites on a kernel that watches the driver. docs/howto-debug-kernel.md
include tools/setup/setup.mk

.PHONY: debug-kernel driver-debug check-debug fuzz-driver

debug-kernel: setup
	LOOM_PACKAGES_LIST=tools/debug-kernel/packages.list tools/setup/packages
	tools/debug-kernel/build

# loom.ko for it, beside the stock one.
driver-debug: debug-kernel
	@mkdir -p $(B)/driver-debug
	@ln -sfn $(CURDIR)/uapi $(B)/driver-debug/uapi
	tools/debug-kernel/module driver $(B)/driver-debug/driver
	tools/debug-kernel/module tools/debug-kernel/canary $(B)/canary

check-debug: driver-debug
	$(MAKE_BUILT) all $(check-deps)
	@B=$(B) tests/run -t 7200 -l $(B)/logs tools/debug-kernel/check

# The fuzzer of the ioctls for long, on the same kernel.
fuzz-driver: driver-debug
	$(MAKE_BUILT) all $(check-deps)
	@B=$(B) tests/run -t 7200 -l $(B)/logs tools/debug-kernel/fuzz
