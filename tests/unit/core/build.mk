# SPDX-License-Identifier: MIT
#
# Tests of the device side of the core, and of the firmware running on it.
core-dev-tests := boot device firmware fuzz inject mmu recovery rv32 thermal trace

core-dev-test-obj := $(B)/tests/unit/core/harness.o
$(B)/tests/unit/core/%.o: CPPFLAGS += $$(pkg-config --cflags cmocka glib-2.0)

$(addprefix $(B)/tests/unit/core_,$(core-dev-tests)): \
$(B)/tests/unit/core_%: $(B)/tests/unit/core/%_test.o $(core-dev-test-obj) $(B)/qemu-device/libloomcore.a \
                        | $(B)/firmware/loom_fw.bin
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $$(pkg-config --libs cmocka glib-2.0) -lpthread -lm

fuzz-device-o := $(addprefix $(B)/tests/unit/core/,fuzz_registers.o fuzz_images.o fuzz_tables.o)
$(B)/tests/unit/core_fuzz: $(fuzz-device-o) $(B)/tests/unit/core/fuzz_corpus.o

unit-y += $(addsuffix @120,$(addprefix $(B)/tests/unit/core_,$(core-dev-tests)))

# The device in QEMU, driven as the core is.
$(B)/tests/unit/core_timing: $(B)/tests/unit/core/timing_test.o $(B)/tests/unit/core/qtest_dev.o $(core-dev-test-obj) \
                             $(B)/qemu-device/core/geometry.o \
                             | $(B)/firmware/loom_fw.bin
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $$(pkg-config --libs cmocka glib-2.0) -lpthread

unit-y += $(B)/tests/unit/core_timing@120

# Compiled networks on the device: needs the library too.
$(B)/tests/unit/core/snapshot_test.o: CPPFLAGS += -Ilibaccel/include
$(B)/tests/unit/core_snapshot: $(B)/tests/unit/core/snapshot_test.o $(core-dev-test-obj) $(B)/tests/unit/libaccel-back/harness.o \
                               $(B)/libaccel.a $(B)/qemu-device/libloomcore.a | $(B)/firmware/loom_fw.bin
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $$(pkg-config --libs cmocka) $(libaccel-libs)

unit-y += $(B)/tests/unit/core_snapshot@120

include tests/rv32/build.mk
$(B)/tests/unit/core_rv32: | $(rv32-images)
