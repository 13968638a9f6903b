#!/bin/sh
# SPDX-License-Identifier: MIT
# What cannot work is refused by name: QEMU versions that the device is not built for, KVM that is not
# there, is not allowed, or boots no kernel.
set -u
cd "$(dirname "$0")/../.."
. tests/vm/lib.sh

real=$(command -v "${QEMU:-qemu-system-x86_64}")

# A QEMU of another version, that writes down what it is called with.
cat >"$scratch/qemu-other" <<SH
#!/bin/sh
echo "\$@" >>"$scratch/calls"
echo "QEMU emulator version 9.1.2 (Other)"
SH
# A QEMU whose KVM gives up while the kernel unpacks itself: it says so and stops the machine.
cat >"$scratch/qemu-nokvm" <<SH
#!/bin/sh
case " \$* " in *" -accel kvm "*) echo "KVM internal error. Suberror: 1" >&2; exec sleep 30 ;; esac
exec $real "\$@"
SH
echo 'echo "something else 1.0"' >"$scratch/not-qemu"
chmod +x "$scratch"/qemu-* "$scratch/not-qemu"

refuse "a QEMU of an unsupported version is refused by name" "QEMU 9\.1\.2 .*is not supported" \
	$vm --qemu "$scratch/qemu-other" true
check "and is only asked for its version" prints "--version" cat "$scratch/calls"
refuse "what is no QEMU is refused" "does not say that it is a QEMU" $vm --qemu "$scratch/not-qemu" true
refuse "a QEMU that is not there" "no QEMU 'qemu-nowhere'.*install" $vm --qemu qemu-nowhere true

says() {
	says_pattern=$1
	shift
	"$@" >"$scratch/says" 2>&1 || { cat "$scratch/says"; return 1; }
	grep -q -e "$says_pattern" "$scratch/says" || { cat "$scratch/says"; return 1; }
}
check "no KVM: one line, and the guest runs" says "there is no $scratch/kvm: emulating" \
	env LOOM_KVM_NODE="$scratch/kvm" $vm --no-device true
refuse "no KVM where it was asked for" "asked for, but there is no" \
	env LOOM_KVM_NODE="$scratch/kvm" $vm --no-device --kvm on true
check "a KVM that cannot boot: one line, and the guest runs" says "cannot boot the kernel: emulating" \
	env LOOM_KVM_NODE=/dev/null $vm --no-device --qemu "$scratch/qemu-nokvm" true
refuse "a KVM that cannot boot where it was asked for" "asked for, but .* cannot boot the kernel" \
	env LOOM_KVM_NODE=/dev/null $vm --no-device --kvm on --qemu "$scratch/qemu-nokvm" true

# The preloaded object guards itself too.
for so in "$B"/qemu-device/loom-qemu-*.so; do
	minor=${so##*loom-qemu-}
	minor=${minor%.so}
	check "$minor: the object does nothing in other programs" prints "$so" \
		env LD_PRELOAD="$so" LD_BIND_NOW=1 sh -c 'echo $LD_PRELOAD'
	for qemu in $(qemus); do
		if [ "$(minor_of "$qemu")" = "$minor" ]; then
			check "$minor: QEMU $minor has the device" says "array=<uint32>" \
				env LD_PRELOAD="$so" "$qemu" -device loom,help
		else
			refuse "$minor: another QEMU refuses the object by name" "device was built for $minor" \
				env LD_PRELOAD="$so" "$qemu" -display none -device loom
		fi
	done
done

done_testing
