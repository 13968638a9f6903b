# SPDX-License-Identifier: MIT
#
# Tests of the compute core.
core-exec-tests := $(B)/tests/unit/core-exec

unit-y += $(addprefix $(core-exec-tests)/,fuzz@120 exec cycles)

$(core-exec-tests)/fuzz: $(addprefix $(core-exec-tests)/,fuzz.o gen.o gen_ops.o) $(reference-obj) $(B)/qemu-device/libloomcore.a
	$(CC) $(CFLAGS) -o $@ $^ -lm -lpthread

$(core-exec-tests)/exec: $(core-exec-tests)/exec_test.o
$(core-exec-tests)/cycles: $(addprefix $(core-exec-tests)/,cycles_test.o pe_array.o)
$(addprefix $(core-exec-tests)/,exec cycles): $(core-exec-tests)/stream.o $(B)/qemu-device/libloomcore.a
	$(CC) $(CFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $$(pkg-config --libs cmocka glib-2.0) -lm -lpthread
