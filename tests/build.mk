# SPDX-License-Identifier: MIT
#
# Tests. Rooms add to these lists (a program may be followed by @SECONDS, its time limit):
#   unit-y      host programs, built here, that print TAP
#   test-sh-y   shell tests, which use what `all` builds
#   test-vm-y   tests that start guests
#   check-deps  what else must be made before a test runs
test-sh-y  += tests/shell/run.sh tests/shell/spdx.sh tests/shell/syntax.sh tests/shell/digits-data.sh@300 \
              tests/shell/readme.sh@300 \
              tests/shell/install.sh tests/shell/kernel-doc.sh tests/shell/setup.sh tests/shell/driver-style.sh@300
test-vm-y  +=
check-deps +=

# Before any rule: prerequisites are read where they stand.
include $(wildcard tests/*/*.mk)

unit-programs = $(foreach t,$(unit-y),$(firstword $(subst @, ,$(t))))

$(B)/tests/%.o: CPPFLAGS += $$(pkg-config --cflags cmocka)

.PHONY: units check check-built
units: $(unit-programs)

check: setup
	@LOOM_PACKAGES_LIST=tests/packages.list tools/setup/packages
	@$(MAKE_BUILT) all units digits-data $(check-deps)
	@$(MAKE) --no-print-directory check-built

check-built:
	@B=$(B) tests/run -l $(B)/logs $(unit-y) $(test-sh-y) $(test-vm-y)
