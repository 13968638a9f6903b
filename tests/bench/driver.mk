# SPDX-License-Identifier: MIT
#
# What the driver costs: a program for the guest, with the helpers of the kselftest suites.
driver-bench-o := $(addprefix $(B)/tests/,bench/driver_bench.o kselftest/loom_test.o kselftest/machine.o kselftest/user_queue.o)
bench-y        += $(B)/tests/bench/driver

$(driver-bench-o): CPPFLAGS += -D_GNU_SOURCE $$(pkg-config --cflags libdrm)

$(B)/tests/bench/driver: $(driver-bench-o)
	$(CC) $(CFLAGS) -o $@ $^ -pthread
