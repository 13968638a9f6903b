# SPDX-License-Identifier: MIT
#
# Tests across rooms: library, driver, firmware and device together.
test-vm-y  += tests/integration/identity.sh@600 tests/integration/demo.sh@300 \
              tests/integration/firmware.sh tests/integration/bad-input.sh tests/integration/requests.sh
check-deps += $(B)/tests/outputs $(B)/tests/requests

$(B)/tests/integration/%.o: CPPFLAGS += -Ilibaccel/include

$(B)/tests/outputs: $(B)/tests/integration/outputs.o $(B)/tools/digits/idx.o $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) -L$(B) -laccel -lpthread -Wl,-rpath,'$$ORIGIN/..'

$(B)/tests/requests: $(B)/tests/integration/requests.o $(B)/libaccel.so
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) -L$(B) -laccel -Wl,-rpath,'$$ORIGIN/..'
