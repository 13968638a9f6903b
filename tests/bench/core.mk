# SPDX-License-Identifier: MIT
#
# Speed and cycles of the compute core; OpenBLAS is the peer.
core-bench-o := $(addprefix $(B)/tests/bench/,core_bench.o core_kernels.o core_gemm.o core_cycles.o)
bench-y      += $(B)/tests/bench/core

$(core-bench-o): CPPFLAGS += -Ilibaccel/include $$(pkg-config --cflags openblas)

$(B)/tests/bench/core: $(core-bench-o) $(B)/libaccel.a $(libaccel-core)
	$(CC) $(CFLAGS) -o $@ $^ $(libaccel-libs)
