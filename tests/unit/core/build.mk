# SPDX-License-Identifier: MIT
#
# Tests of the device side of the core, and of the firmware running on it.
core-dev-tests := device

core-dev-test-obj := $(B)/tests/unit/core/harness.o

$(addprefix $(B)/tests/unit/core_,$(core-dev-tests)): \
$(B)/tests/unit/core_%: $(B)/tests/unit/core/%_test.o $(core-dev-test-obj) $(B)/qemu-device/libloomcore.a \
                        | $(B)/firmware/loom_fw.bin
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $$(pkg-config --libs cmocka glib-2.0) -lpthread -lm

unit-y += $(addsuffix @120,$(addprefix $(B)/tests/unit/core_,$(core-dev-tests)))
