# SPDX-License-Identifier: MIT
#
# Tests of the compute core.
core-exec-tests := $(B)/tests/unit/core-exec

unit-y += $(core-exec-tests)/fuzz@120

$(core-exec-tests)/fuzz: $(addprefix $(core-exec-tests)/,fuzz.o gen.o) $(reference-obj) $(B)/qemu-device/libloomcore.a
	$(CC) $(CFLAGS) -o $@ $^ -lm -lpthread
