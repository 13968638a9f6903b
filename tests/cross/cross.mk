# SPDX-License-Identifier: MIT
#
# The compute core for AArch64: its tests, compiled into a build folder of their own, run by user-mode emulation. By
# clang, which compiles for every processor: the distribution's gcc for AArch64 cannot be installed beside gcc-multilib,
# which the driver's tests need.
cross-b     := $(B)/aarch64
cross-root  := /usr/aarch64-linux-gnu
cross-cc    := clang --target=aarch64-linux-gnu -mno-outline-atomics
cross-tests := $(addprefix $(cross-b)/tests/unit/core-exec/,exec fuzz)

.PHONY: cross-tests
cross-tests:
	@CPPFLAGS='-nostdlibinc -isystem $(cross-root)/include -Itests/cross/include' \
	$(MAKE) --no-print-directory B=$(cross-b) CC='$(cross-cc)' AR=llvm-ar CFLAGS='-O2 -g -Wno-unknown-pragmas' \
		LDFLAGS='-fuse-ld=lld -nostdlib -L$(cross-root)/lib $(cross-root)/lib/crt1.o' core-exec-libs=-lc $(cross-tests)

test-sh-y  += tests/cross/aarch64.sh
check-deps += cross-tests
