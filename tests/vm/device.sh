#!/bin/sh
# SPDX-License-Identifier: MIT
# The device as a guest sees it with no driver: configuration space, BARs, registers, reset. In every QEMU.
set -u
cd "$(dirname "$0")/../.."
. tests/vm/lib.sh

# Registers that the tests read, from the header that says where they are.
reg() { sed -n "s/^#define LOOM_REG_$1[[:space:]]*\\(0x[0-9a-f]*\\).*/\\1/p" uapi/loom/regs.h; }

# Sourced in the guest: finds the device, and reads and writes BAR0.
cat >"$scratch/npu.sh" <<'SH'
for npu in /sys/bus/pci/devices/*; do
	[ "$(cat $npu/vendor):$(cat $npu/device)" != 0x1234:0x4c4d ] || break
done
echo 1 >$npu/enable
bar() { sed -n "$(($1 + 1))p" $npu/resource; }
bar_bytes() { bar $1 | { read -r first last _; echo $((last - first + 1)); }; }
bar0=$(bar 0 | cut -d' ' -f1)
get() { devmem $((bar0 + $1)) 32; }
put() { devmem $((bar0 + $1)) 32 $2; }
SH

# guest OPTIONS... -- SHELL: runs SHELL with the above, without the module
guest() { $vm --no-module --qemu "$qemu" --kvm off --timeout 60 --payload "$scratch/npu.sh" "$@"; }

traced() {
	guest --qemu-arg -trace --qemu-arg 'loom_reg_*' --cmd ". ./npu.sh; get $(reg MAGIC)" 2>&1 |
		grep 'loom_reg_read offset 0x0 size 4 value 0x4d4f4f4c'
}

for qemu in $(qemus); do
	minor=$(minor_of "$qemu")
	check "$minor: configuration space, BARs and MSI-X" prints "$(cat <<-TXT
	0x1234 0x4c4d 0x120000
	65536 262144
	1 pci-express
	TXT
	)" guest --cmd '. ./npu.sh
		echo $(cat $npu/vendor $npu/device $npu/class)
		echo $(bar_bytes 0) $(bar_bytes 2)
		echo $(hexdump -s 0x34 -n 1 -e "1/1 \"%d\"" $npu/config | grep -c .) \
			$([ -e $npu/current_link_speed ] && echo pci-express)'

	check "$minor: identity and geometry as given" prints \
		"0x4D4F4F4C 0x00000040 0x00000004 0x00200000 0x00000020 0x001E8480 0x00000000" \
		guest --array 64 --cores 4 --device-opts spm=2097152,bandwidth=32,clock=2000000 --cmd ". ./npu.sh
		echo \$(get $(reg MAGIC)) \$(get $(reg ARRAY_DIM)) \$(get $(reg NUM_CORES)) \
			\$(get $(reg SPM_BYTES)) \$(get $(reg DRAM_BPC)) \$(get $(reg CLOCK_MAX_KHZ)) \
			\$(get $(reg BOOT_STATUS))"

	check "$minor: function-level reset clears what was written" prints "0x00001000 0x00000000" \
		guest --cmd ". ./npu.sh; put $(reg FW_SIZE) 0x1000; before=\$(get $(reg FW_SIZE))
		echo 1 >\$npu/reset; echo 1 >\$npu/enable; echo \$before \$(get $(reg FW_SIZE))"

	check "$minor: D3hot: registers are away; back in D0 it is reset" prints \
		"0x00001000 0xFFFFFFFF 0 0x4D4F4F4C 0x00000000" guest --cmd ". ./npu.sh
		byte() { hexdump -s \$1 -n 1 -e '1/1 \"%d\"' \$npu/config; }
		cap=\$(byte 52); while [ \$(byte \$cap) != 1 ]; do cap=\$(byte \$((cap + 1))); done
		state() { printf \$1 | dd of=\$npu/config bs=1 seek=\$((cap + 4)) conv=notrunc 2>/dev/null; }
		dd if=\$npu/config of=/tmp/config bs=1 count=64 2>/dev/null
		put $(reg FW_SIZE) 0x1000; before=\$(get $(reg FW_SIZE))
		state '\\003'; off=\$(get $(reg MAGIC)); put $(reg FW_SIZE) 0x2000
		state '\\000'; enabled=\$((\$(byte 4) & 2)); dd if=/tmp/config of=\$npu/config bs=1 conv=notrunc 2>/dev/null
		echo \$before \$off \$enabled \$(get $(reg MAGIC)) \$(get $(reg FW_SIZE))"

	check "$minor: it gets warm where it is warm" prints "warm" guest --device-opts x-ambient=90000 --cmd ". ./npu.sh
		while [ \$((\$(get $(reg TEMP_MC)))) -lt 41000 ]; do usleep 100000; done; echo warm"
	refuse "$minor: no device is that hot" "x-ambient must be" guest --device-opts x-ambient=1000000 true

	refuse "$minor: a geometry that the hardware cannot have" "loom.*array" guest --array 33 true

	check "$minor: a device restored from a saved state answers" prints "0x4D4F4F4C" \
		guest --warm --cmd ". ./npu.sh; get $(reg MAGIC)"

	# A firmware image that is none: refused once it has been read, and unread without bus mastering.
	check "$minor: the device reads memory, when it may" prints "0x00000102 0x00000202" guest --cmd ". ./npu.sh
		boot() {
			put $(reg FW_ADDR_64) 0x1000000; put $(reg FW_SIZE) 0x1000
			put $(reg BOOT_CTRL) 1; usleep 200000; get $(reg BOOT_STATUS)
		}
		command() { printf \$1 | dd of=\$npu/config bs=1 seek=4 conv=notrunc 2>/dev/null; }
		command '\\002'
		without=\$(boot); put $(reg RESET) 0x52534554; command '\\006'; echo \$without \$(boot)"

	check "$minor: a device that is pulled out is gone, and the guest goes on" prints "$(printf 'there\ngone')" \
		guest --qemu-arg -device --qemu-arg pcie-root-port,id=rp,slot=7,chassis=1 --device-opts bus=rp \
		--cmd '. ./npu.sh; [ -e $npu/config ] && echo there
			for power in /sys/bus/pci/slots/*/power; do echo 0 >$power; done; sleep 0.5; [ -e $npu/config ] || echo gone'

	check "$minor: trace events" traced

	check "$minor: a device injected to be dead reads all ones" prints "0xFFFFFFFF" \
		guest --device-opts x-fault=dead-mmio --cmd ". ./npu.sh; get $(reg MAGIC)"
	check "$minor: a device injected to be gone is not there" prints "no" guest --device-opts x-fault=gone \
		--cmd 'grep -q 0x4c4d /sys/bus/pci/devices/*/device && echo yes || echo no'
done

done_testing
