# SPDX-License-Identifier: MIT
#
# setup: installs the distribution packages that are missing, and fills the cache.

ifndef setup-included
setup-included := 1

LOOM_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/loom
export LOOM_CACHE

# Where kbuild finds the guests' kernel; another tree may be given.
KDIR ?= $(LOOM_CACHE)/kernel/build

.PHONY: setup
setup:
	@tools/setup/packages
	@tools/setup/fetch

endif
