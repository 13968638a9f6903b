# SPDX-License-Identifier: MIT
#
# loom_fw.bin: the firmware of the control core, and the image that request_firmware() loads.

RV_CROSS   ?= riscv64-unknown-elf-
RV_CC      := $(RV_CROSS)gcc
RV_FLAGS   := -march=rv32im_zicsr -mabi=ilp32 -nostdlib
RV_CFLAGS  := $(RV_FLAGS) -std=gnu11 -ffreestanding -O2 -g -ffunction-sections -fdata-sections \
              -fno-builtin -fno-tree-loop-distribute-patterns -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes

# Of the last tag or commit; of a tree without git, a fixed one.
FW_VERSION  = $(shell git describe --tags --always 2>/dev/null || echo 0.1)

fw-src := main.c mbox.c queue.c sched.c fault.c timer.c log.c trap.c bits.c string.c
fw-obj := $(B)/firmware/start.o $(addprefix $(B)/firmware/,$(fw-src:.c=.o))

$(B)/firmware/version.h: FORCE
	@mkdir -p $(@D)
	@echo '#define LOOM_FW_VERSION "$(FW_VERSION)"' > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/firmware/main.o: $(B)/firmware/version.h

# Explicit rules, one an object: they win over the generic rule for host objects.
define fw-rule
$(B)/firmware/$(basename $(1)).o: firmware/$(1)
	@mkdir -p $$(@D)
	$$(RV_CC) $$(RV_CFLAGS) $$(WERROR) -Ifirmware/include -Iuapi -I$$(B)/firmware -MMD -MP -c -o $$@ $$<
endef
$(foreach s,start.S $(fw-src),$(eval $(call fw-rule,$(s))))

$(B)/firmware/loom_fw.elf: $(fw-obj) firmware/link.ld
	$(RV_CC) $(RV_FLAGS) -static -Wl,--gc-sections -Wl,--no-warn-rwx-segments -Wl,-T,firmware/link.ld -o $@ $(fw-obj)

$(B)/firmware/mkimage.o: CPPFLAGS += $$(pkg-config --cflags glib-2.0)
$(B)/firmware/mkimage: $(B)/firmware/mkimage.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $$(pkg-config --libs glib-2.0)

$(B)/firmware/loom_fw.bin: $(B)/firmware/loom_fw.elf $(B)/firmware/mkimage
	$(B)/firmware/mkimage '$(FW_VERSION)' $< $@

# For a test: its header is right, but in HELLO it speaks protocol 9.0.
$(B)/firmware/mbox_v9.o: firmware/mbox.c
	@mkdir -p $(@D)
	$(RV_CC) $(RV_CFLAGS) $(WERROR) -DFW_SPEAKS=0x00090000 -Ifirmware/include -Iuapi -I$(B)/firmware -MMD -MP -c -o $@ $<
$(B)/firmware/loom_fw_v9.elf: $(subst mbox.o,mbox_v9.o,$(fw-obj)) firmware/link.ld
	$(RV_CC) $(RV_FLAGS) -static -Wl,--gc-sections -Wl,--no-warn-rwx-segments -Wl,-T,firmware/link.ld -o $@ $(filter %.o,$^)
$(B)/firmware/loom_fw_v9.bin: $(B)/firmware/loom_fw_v9.elf $(B)/firmware/mkimage
	$(B)/firmware/mkimage '$(FW_VERSION)' $< $@

.PHONY: FORCE
all-y += $(B)/firmware/loom_fw.bin
