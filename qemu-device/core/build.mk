# SPDX-License-Identifier: MIT
#
# libloomcore.a: the device itself, plain C, without QEMU.

# Registers, boot ROM, control core, MMU, queues, threads
core-dev-src := geometry.c device.c threads.c regs.c thermal.c perf.c trace.c boot.c rv32.c ctlcore.c ccbus.c mmu.c queue.c \
                compcore.c inject.c save.c
$(B)/qemu-device/core/boot.o: CPPFLAGS += $$(pkg-config --cflags glib-2.0)

# Compute core: command streams
core-exec-src := exec.c counters.c exec_trace.c exec_state.c exec_ctrl.c check.c check_mxu.c check_vpu.c dma.c \
                 mxu.c mxu_gemm.c mxu_pack.c mxu_packed.c mxu_scalar.c mxu_avx2.c mxu_vnni.c mxu_neon.c \
                 vpu.c vpu_ewise.c vpu_requant.c vpu_pool.c vpu_reduce.c vpu_rows.c vpu_dwconv.c vpu_resize.c vpu_optim.c dma_unpack.c \
                 vpu_lanes_scalar.c vpu_lanes_avx2.c vpu_lanes_vnni.c vpu_lanes_neon.c kernels.c cycles.c banks.c fpconv.c

core-obj := $(addprefix $(B)/qemu-device/core/,$(patsubst %.c,%.o,$(core-dev-src) $(core-exec-src)))

# The vector unit's lane loops are plain C that the compiler vectorises. errno and FP exceptions are not
# looked at; neither option changes a value.
$(B)/qemu-device/core/vpu_lanes_%.o: CFLAGS += -O3 -fno-math-errno -fno-trapping-math

$(B)/qemu-device/libloomcore.a: $(core-obj)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

# The compute core alone, which needs nothing but a C compiler; for tests on other processors
$(B)/qemu-device/libloomexec.a: $(addprefix $(B)/qemu-device/core/,$(core-exec-src:.c=.o))
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

all-y += $(B)/qemu-device/libloomcore.a

include $(wildcard tests/unit/core/build.mk)
