# SPDX-License-Identifier: MIT
#
# Programs for the control core, one an instruction; tests/unit/core/rv32_test.c runs them.
rv32-programs := $(basename $(notdir $(wildcard tests/rv32/*.S)))
rv32-images   := $(patsubst %,$(B)/tests/rv32/%.bin,$(rv32-programs))

$(B)/tests/rv32/%.elf: tests/rv32/%.S tests/rv32/case.inc tests/rv32/link.ld
	@mkdir -p $(@D)
	$(RV_CC) -march=rv32im_zicsr_zifencei -mabi=ilp32 -nostdlib -Itests/rv32 -Wl,-T,tests/rv32/link.ld -Wl,--no-warn-rwx-segments -o $@ $<

$(B)/tests/rv32/%.bin: $(B)/tests/rv32/%.elf
	$(RV_CROSS)objcopy -O binary $< $@
