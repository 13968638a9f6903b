# SPDX-License-Identifier: MIT
#
# Loom: one non-recursive build. Each room states what it builds in its own build.mk, which
#   - adds its products to all-y, its host test programs (TAP on stdout) to unit-y, what only benchmarks
#     need to bench-y, and its installing targets to install-y;
#   - scopes flags to its folder:  $(B)/<room>/%.o: CPPFLAGS += ...
# Everything that is made lies under $(B); only kbuild's own files lie in driver/.

B       ?= build
DESTDIR ?=
prefix  ?= /usr/local
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
AR      ?= ar

# Warnings are errors where the project is tested (CI=true), not where it is used.
WERROR   = $(if $(CI),-Werror)
CFLAGS  ?= -O2 -g
CSTD     = -std=gnu11 -fPIC -ffp-contract=off -fvisibility=hidden
CWARN    = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -Wpointer-arith -Wno-unused-parameter $(WERROR)
CPPFLAGS += -Iuapi -I.

all-y     :=
unit-y    :=
bench-y   :=
install-y :=

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) $(CWARN) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

include $(wildcard uapi/build.mk)
include $(wildcard qemu-device/core/build.mk)
include $(wildcard qemu-device/pci/build.mk)
include $(wildcard firmware/build.mk)
include $(wildcard driver/build.mk)
include $(wildcard libaccel/build.mk)
include $(wildcard tools/build.mk)
include $(wildcard tests/build.mk)

# Set-up comes first and may install what the rest of the build needs; then a second make, which finds it.
MAKE_BUILT = tools/setup/quietly $(B)/build.log 'building' $(MAKE) --no-print-directory -j$$(nproc)

define HELP
Loom: an NPU with firmware, driver, compiler and tools, that needs no hardware.

  make demo       classify handwritten digits on the NPU, in a guest with the module loaded
  make check      run every test, those in guests too
  make all        build everything (default)
  make vm         an interactive guest with the module loaded
  make bench      measure; writes $(B)/bench/results.json
  make install    install library, headers, tool, manual pages, firmware (DESTDIR, prefix)
  make check-utilisation
                  use of the array by whole networks; by layer in $(B)/conformance/utilisation.txt
  make check-debug, make check-nets
                  longer tests: the driver on a debug kernel, whole networks
  make fuzz       the device's fuzzers under sanitizers, FUZZ_SECONDS=1800 each
  make fuzz-streams
                  FUZZ_DESCRIPTORS=100000000 at random against the reference; goes on where it was interrupted
  make check-mutants
                  MUTANTS=1000 mutated networks, refused or run, everything built with sanitizers
  make check-recovery
                  a thousand faults of all kinds under load; a quarter of an hour or more
  make check-kernels
                  all kselftest suites on the newest kernel that the distribution has
  make check-traps
                  that each known trap of drivers is covered by a test that fails without its cure; half an hour
  make check-kernel-tree
                  all kselftest suites as a part of a kernel tree
  make fuzz-driver
                  ten million random ioctls, or 30 minutes of them, on the debug kernel (FUZZ_IOCTLS=N, FUZZ_SECONDS=N)
  make check-ocr  a trained network beside ONNX Runtime, through the driver too
  make check-snapshots
                  200 snapshots of running networks, restored by another QEMU (SNAPSHOTS=N for another number)
  make check-harm   resets and unplugs at 60 random moments (ROUNDS=N), with the device built with sanitizers;
                  every fault on request; both behind an IOMMU too
  make setup      install missing packages (as root), fetch kernel and QEMU headers to the cache
  make clean      remove $(B)

Variables: V=1 (show commands), B (build folder), KDIR (kernel to build the module for), LOOM_CACHE (default ~/.cache/loom),
QEMU (default qemu-system-x86_64). demo, check, vm and bench run setup first.
endef

.PHONY: help all clean vm bench install
help:
	$(info $(HELP))
	@:

all: $(all-y)

vm: setup
	@$(MAKE_BUILT) all
	@tools/vm/loom-vm --interactive --payload $(B)/accel --payload models

bench: setup
	@$(MAKE_BUILT) all digits-data $(bench-y)
	@B=$(B) tests/bench/run $(B)/bench/results.json

install: $(install-y)

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
