# SPDX-License-Identifier: GPL-2.0
#
# loom.ko, against the stock kernel that set-up has fetched, or against KDIR=... Kbuild leaves its own files in
# driver/.

loom-ko     := $(B)/driver/loom.ko
loom-ko-src := Kbuild driver/Kbuild driver/probe $(wildcard driver/*.c driver/*.h driver/probes/*.c \
               uapi/drm/*.h uapi/loom/*.h)
loom-ko-opt  = $(if $(CI),W=1 KCFLAGS=-Werror)

all-y += $(loom-ko)

$(loom-ko): $(loom-ko-src)
	@test -e $(KDIR)/Makefile || { \
		echo "driver: no kernel headers in $(KDIR): run 'make setup', or give KDIR=..." >&2; exit 1; }
	+$(MAKE) -C $(KDIR) M=$(CURDIR) $(loom-ko-opt) modules
	@mkdir -p $(@D)
	cp driver/loom.ko $@
