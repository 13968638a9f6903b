#!/bin/sh
# SPDX-License-Identifier: MIT
# The module in a guest: it loads, the firmware answers, it goes and comes back; in a restored guest, behind
# an IOMMU, when the device is pulled out from under it, and without a governor for its clock. In every QEMU.
set -u
cd "$(dirname "$0")/../.."
. tests/vm/lib.sh

guest() { $vm --qemu "$qemu" --kvm off --timeout 60 --dmesg "$scratch/dmesg" "$@"; }

# clean COMMAND...: the command succeeds, and the kernel had nothing to complain of
clean() {
	"$@" || return 1
	! grep -E 'BUG:|WARNING:|Oops|Call Trace|DMAR: .*fault|loom .*(\*ERROR\*|timed out|reset)' "$scratch/dmesg"
}

is_there='test -c /dev/accel/accel0'
is_gone='test ! -e /dev/accel/accel0 && test ! -d /sys/module/loom'

has_devfreq='test -e /sys/class/accel/accel0/device/devfreq/*/governor'
governor=governor_simpleondemand
governor_is_module() { [ -e "${LOOM_KERNEL:-$cache/kernel}/modules/$governor.ko" ]; }

for qemu in $(qemus); do
	minor=$(minor_of "$qemu")
	check "$minor: the module loads and the firmware answers" \
		clean guest --cmd "$is_there && dmesg | grep 'loom .*firmware'"
	check "$minor: it goes and comes back" \
		clean guest --cmd "for i in 1 2 3; do rmmod loom && $is_gone && modprobe loom && $is_there || exit; done"
	check "$minor: a restored guest's firmware is alive" \
		clean guest --warm --cmd "$is_there && sleep 3 && $is_there && rmmod loom && modprobe loom && $is_there"
	check "$minor: the command may load it" \
		clean guest --no-module --cmd "test ! -d /sys/module/loom && modprobe loom && $is_there"
	check "$minor: behind an IOMMU" \
		clean guest --qemu-arg -device --qemu-arg intel-iommu --append "intel_iommu=on iommu.passthrough=0" \
		--cmd "$is_there && grep DMA /sys/class/accel/accel0/device/iommu_group/type && rmmod loom"
	check "$minor: the device is pulled out" \
		clean guest --qemu-arg -device --qemu-arg pcie-root-port,id=rp,slot=7,chassis=1 \
		--device-opts bus=rp --cmd "$is_there; for power in /sys/bus/pci/slots/*/power; do echo 0 >\$power; done
			sleep 0.5; test ! -e /dev/accel/accel0 && rmmod loom && $is_gone"
	check "$minor: four cores, the largest array" \
		clean guest --array 128 --cores 4 --cmd "$is_there"
	if ! governor_is_module; then
		skip "$minor: governors of the clock that are not loaded" "this kernel has none as a module"
		continue
	fi
	check "$minor: it asks for the governor of its clock" clean guest --cmd "
		$has_devfreq && rmmod loom && rmmod $governor && modprobe loom && $has_devfreq && test -d /sys/module/$governor"
	check "$minor: it does without a governor" clean guest --cmd "
		rmmod loom && rmmod $governor && rm /lib/modules/*/$governor.ko && modprobe loom && $is_there &&
		! $has_devfreq && dmesg | grep 'no devfreq' && rmmod loom"
done

done_testing
