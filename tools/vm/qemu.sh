# SPDX-License-Identifier: MIT
#
# Sourced by loom-vm: which QEMU runs, whether the device can be loaded into it, and its options.

# Sets $qemu_minor and, unless there is to be no device, $device_so. A device built for one minor
# version corrupts any other, so a QEMU that there is none for is refused.
check_qemu() {
	command -v "$qemu" >/dev/null || die "no QEMU '$qemu': install qemu-system-x86 (make setup)"
	qemu_version=$("$qemu" --version 2>/dev/null | sed -n 's/^QEMU emulator version \([^ ]*\).*/\1/p')
	qemu_minor=$(echo "$qemu_version" | sed -n 's/^\([0-9]*\.[0-9]*\).*/\1/p')
	[ -n "$qemu_minor" ] || die "'$qemu' does not say that it is a QEMU"
	[ "$device" = 1 ] || return 0

	device_so=$build/qemu-device/loom-qemu-$qemu_minor.so
	[ -e "$device_so" ] && return 0
	built=$(ls "$build/qemu-device" 2>/dev/null | sed -n 's/^loom-qemu-\(.*\)\.so$/\1/p' | tr '\n' ' ')
	die "QEMU $qemu_version ($qemu) is not supported: the device is built for ${built:-no version}" \
		"here. Use another QEMU (--qemu), or make the device for this one."
}

# Why KVM cannot be used, or nothing when it can. That a /dev/kvm exists says little: some run no
# kernel. So the guest's kernel is booted once, and the answer kept for this host, kernel and QEMU.
kvm_refusal() {
	[ -e "$kvm_node" ] || { echo "there is no $kvm_node"; return; }
	[ -r "$kvm_node" ] && [ -w "$kvm_node" ] || { echo "$kvm_node is not accessible"; return; }

	key=$(echo "$(uname -r) $(cat /proc/sys/kernel/random/boot_id) $release $qemu $qemu_version" |
		cksum | tr -d ' ')
	known=$build/vm/kvm-$key
	if [ ! -e "$known" ]; then
		if kvm_boots; then echo works; else echo fails; fi >"$tmp/known"
		mv "$tmp/known" "$known"
	fi
	[ "$(cat "$known")" = works ] || echo "$kvm_node exists but cannot boot the kernel"
}

kvm_boots() {
	: >"$tmp/probe"
	timeout -k 1 10 "$qemu" -nodefaults -no-user-config -display none -no-reboot -M q35 \
		-accel kvm -cpu host -m 256 -kernel "$kernel/vmlinux" -initrd "$initramfs" \
		-append "$quick_boot guest.mode=probe" -device isa-debug-exit,iobase=0xf4,iosize=4 \
		</dev/null >"$tmp/probe" 2>&1 &
	probe_pid=$!
	# A KVM that gives up only says so and stops the machine.
	while kill -0 $probe_pid 2>/dev/null; do
		! grep -q 'KVM internal error\|KVM: entry failed\|failed to initialize kvm' "$tmp/probe" || break
		sleep 0.05
	done
	kill $probe_pid 2>/dev/null || true
	probe_status=0
	wait $probe_pid || probe_status=$?
	[ $probe_status -eq 1 ] && [ ! -s "$tmp/probe" ]
}

# Sets $accel to tcg or kvm.
choose_accel() {
	accel=tcg
	[ "$kvm" != off ] || return 0
	refusal=$(kvm_refusal)
	if [ -z "$refusal" ]; then
		accel=kvm
	elif [ "$kvm" = on ]; then
		die "KVM was asked for, but $refusal"
	else
		echo "loom-vm: $refusal: emulating the processor (TCG), which is slower" >&2
	fi
}

# All that QEMU can emulate but cmpxchg16b: after that of QEMU 7.2 an interrupt may save flags that are no flags, and the
# guest dies of a double fault. As a model whose TSC is known to have the same rate in all processors: of others the kernel
# measures it, for 3 s each.
emulated_cpu=max,-cx16,vendor=GenuineIntel,family=6,model=26

# Each line one word of QEMU's command line. A saved state fits only the same lines, but for those
# that name files of one run.
machine_args() {
	cat <<-ARGS
	-nodefaults
	-no-user-config
	-no-reboot
	-display
	none
	-M
	q35
	-accel
	$accel$([ $accel = kvm ] || [ "$smp" = 1 ] || echo ,thread=multi)
	-cpu
	$([ $accel = kvm ] && echo host || echo "$emulated_cpu")
	-m
	$mem
	-smp
	$smp
	-device
	isa-debug-exit,iobase=0xf4,iosize=4
	ARGS
	cat "$tmp/qemu_args" # before the device, which may sit on a bus that they make
	if [ "$device" = 1 ]; then
		printf '%s\n' -device "loom$device_props"
	fi
}

run_args() {
	cat <<-ARGS
	-kernel
	$kernel/vmlinux
	-initrd
	$initramfs
	-append
	$kernel_args
	-drive
	if=none,id=payload,file=$payload,format=raw,cache=unsafe
	-device
	virtio-blk-pci,drive=payload
	-drive
	if=none,id=result,file=$result,format=raw,cache=unsafe
	-device
	virtio-blk-pci,drive=result
	-device
	virtio-serial-pci
	-device
	virtserialport,chardev=out,name=loom.out,nr=1
	ARGS
}

# The command that starts QEMU with the device and the words of $tmp/args, a word a line.
qemu_command() {
	echo env
	if [ "$device" = 0 ]; then
		:
	elif [ "$(head -c 2 "$(command -v "$qemu")")" = '#!' ]; then
		echo "LOOM_PRELOAD=$device_so" # a wrapper that knows what to do
	else
		echo "LD_PRELOAD=$device_so"
	fi
	echo "$qemu"
	cat "$tmp/args"
}

# qemu_start STDIN: runs it for $timeout seconds at most;
# it dies with this script. $qemu_pid ends with it, with status 124 when time was up.
qemu_start() {
	stdin=$1
	shift
	qemu_command >"$tmp/words"
	while IFS= read -r word; do
		set -- "$@" "$word"
	done <"$tmp/words"
	# When this script is killed timeout ends, and with it QEMU.
	setpriv --pdeathsig TERM timeout --foreground -k 2 "$timeout" setpriv --pdeathsig KILL "$@" \
		<"$stdin" 2>"$tmp/stderr" &
	qemu_pid=$!
}
