# SPDX-License-Identifier: MIT
#
# Speed of the compute core beside OpenBLAS.
$(B)/tests/bench/kernels.o: CPPFLAGS += $$(pkg-config --cflags openblas)

$(B)/tests/bench/kernels: $(B)/tests/bench/kernels.o $(B)/qemu-device/libloomcore.a
	$(CC) $(CFLAGS) -o $@ $^ $$(pkg-config --libs openblas) -lm -lpthread
