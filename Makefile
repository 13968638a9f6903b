# SPDX-License-Identifier: MIT
#
# Loom: one non-recursive build. Each room states what it builds in its own build.mk, which
#   - adds its products to all-y, and its host test programs (TAP on stdout) to unit-y;
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

all-y  :=
unit-y :=

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

.PHONY: all
all: $(all-y)

.PHONY: clean
clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
