# SPDX-License-Identifier: MIT
#
# Long runs of the device's fuzzers under AddressSanitizer and UndefinedBehaviorSanitizer, in a build of their own:
#   make fuzz [FUZZ_SECONDS=1800] [FUZZ_SEED=1]		seconds for each of the four surfaces
# `make check` has the same programs for seconds only.
FUZZ_SECONDS ?= 1800
FUZZ_SEED    ?= 1
fuzz-b       := $(B)/sanitized
fuzz-flags   := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzz-y       := tests/unit/core_fuzz tests/unit/core-exec/fuzz

.PHONY: fuzz
fuzz:
	$(MAKE) --no-print-directory B=$(fuzz-b) CFLAGS="$(fuzz-flags)" $(addprefix $(fuzz-b)/,$(fuzz-y))
	set -e; for t in $(fuzz-y); do \
		B=$(fuzz-b) LOOM_FUZZ_SECONDS=$(FUZZ_SECONDS) LOOM_FUZZ_SEED=$(FUZZ_SEED) $(fuzz-b)/$$t; done
