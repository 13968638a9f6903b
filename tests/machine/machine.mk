# SPDX-License-Identifier: MIT
#
# Whole machines: saved and restored, with several devices, reset, unplugged and harmed at random moments.
check-deps += $(B)/tests/steady
test-vm-y  += tests/machine/snapshots@180

.PHONY: check-snapshots
check-snapshots: setup
	@$(MAKE_BUILT) all digits-data $(B)/tests/steady
	@B=$(B) tests/machine/snapshots $(or $(SNAPSHOTS),200)

$(B)/tests/machine/%.o: CPPFLAGS += -Ilibaccel/include

$(B)/tests/steady: $(B)/tests/machine/steady.o $(B)/tools/digits/idx.o $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) -L$(B) -laccel -lpthread -Wl,-rpath,'$$ORIGIN/..'
