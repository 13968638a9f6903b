# SPDX-License-Identifier: MIT
#
# Whole machines: saved and restored, with several devices, reset, unplugged and harmed at random moments.
check-deps += $(B)/tests/steady
test-vm-y  += tests/machine/snapshots@180 tests/machine/several@180 tests/machine/harm@180 \
              tests/machine/faults-quick@180

.PHONY: check-snapshots check-harm
check-snapshots: setup
	@$(MAKE_BUILT) all digits-data $(B)/tests/steady
	@B=$(B) tests/machine/snapshots $(or $(SNAPSHOTS),200)

$(B)/tests/machine/%.o: CPPFLAGS += -Ilibaccel/include

$(B)/tests/steady: $(B)/tests/machine/steady.o $(B)/tools/digits/idx.o $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) -L$(B) -laccel -lpthread -Wl,-rpath,'$$ORIGIN/..'

# The device object for QEMU $(1), with sanitizers in it
asan-so = $(B)/asan/qemu-device/loom-qemu-$(1).so
qemu-installed = $(shell $(or $(QEMU),qemu-system-x86_64) --version | sed -n 's/^QEMU emulator version \([0-9]*\.[0-9]*\).*/\1/p')

check-harm: setup
	@$(MAKE_BUILT) all digits-data $(B)/tests/steady
	@$(MAKE) --no-print-directory B=$(B)/asan CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined' \
		$(call asan-so,$(qemu-installed)) >$(B)/asan.log 2>&1 || { tail -n 20 $(B)/asan.log; false; }
	@B=$(B) tests/machine/harm --asan $(call asan-so,$(qemu-installed)) $(or $(ROUNDS),60)
	@B=$(B) tests/machine/harm --iommu 20
	@B=$(B) tests/machine/faults
	@B=$(B) tests/machine/faults --iommu
