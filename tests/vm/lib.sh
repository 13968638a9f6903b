# SPDX-License-Identifier: MIT
#
# What the tests of guests share.
. tests/shell/lib.sh

export B
vm=tools/vm/loom-vm
cache=${LOOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loom}

# Every QEMU that the device is built for and that is here: the installed one and that of the cache.
qemus() {
	for qemu in "${QEMU:-qemu-system-x86_64}" "$cache"/qemu-bin/*/qemu-system-x86_64; do
		! command -v "$qemu" >/dev/null || echo "$qemu"
	done
}

minor_of() { "$1" --version | sed -n 's/^QEMU emulator version \([0-9]*\.[0-9]*\).*/\1/p'; }

# gives STATUS COMMAND... - the command ends with this status
gives() {
	gives_expected=$1
	shift
	"$@"
	gives_status=$?
	[ $gives_status -eq "$gives_expected" ] && return
	echo "exit status $gives_status, expected $gives_expected"
	return 1
}

# prints TEXT COMMAND... - the command succeeds, and its standard output is TEXT
prints() {
	prints_expected=$1
	shift
	prints_output=$("$@") || { echo "failed: $*"; return 1; }
	[ "$prints_output" = "$prints_expected" ] && return
	echo "printed '$prints_output', expected '$prints_expected'"
	return 1
}
