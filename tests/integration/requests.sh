#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Requests of one session through the driver: on two cores, on two devices, and on two of which one is pulled out meanwhile.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh
program=$scratch/cnn.elf

in_guest() { # DEVICES COMMAND
	set -- "$1" "$2" --payload "$B/tests/requests" --payload "$program"
	devices=$1 command=$2
	shift 2
	if [ "$devices" = 2 ]; then
		set -- "$@" --qemu-arg -device --qemu-arg loom,cores=2
	fi
	tools/vm/loom-vm --cores 2 "$@" --cmd "$command"
}

check 'compiled' "$B/accel" compile models/digits-cnn.onnx --device sim:cores=2 --precision fp16 -o "$program"
check 'on two cores' in_guest 1 'requests drm cnn.elf 64'
check 'on two devices; then one of them is unplugged' in_guest 2 'requests all cnn.elf 64 &&
	gone=$(basename "$(readlink /sys/class/accel/accel1/device)") &&
	requests all cnn.elf 200 "/sys/bus/pci/devices/$gone/remove" 1 && [ ! -e /sys/class/accel/accel1 ]'
done_testing
