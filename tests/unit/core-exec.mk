# SPDX-License-Identifier: MIT
#
# Tests of the compute core.
core-exec-tests := $(B)/tests/unit/core-exec

unit-y += $(addprefix $(core-exec-tests)/,fuzz@120 exec)

$(core-exec-tests)/fuzz: $(addprefix $(core-exec-tests)/,fuzz.o gen.o) $(reference-obj) $(B)/qemu-device/libloomcore.a
	$(CC) $(CFLAGS) -o $@ $^ -lm -lpthread

$(core-exec-tests)/exec: $(addprefix $(core-exec-tests)/,exec_test.o stream.o) $(B)/qemu-device/libloomcore.a
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs cmocka glib-2.0) -lm -lpthread
