#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/vm/loom-vm: what goes into a guest, what comes out, and that nothing is left behind.
set -u
cd "$(dirname "$0")/../.."
. tests/vm/lib.sh

# No NPU: these tests are about the launcher.
guest() { $vm --no-device --timeout 60 "$@"; }

check "the command's output is the launcher's" prints "hello  guest's" guest echo "hello  guest's"
check "so is its exit status" gives 7 guest --cmd 'exit 7'
check "and a large one" gives 200 guest --cmd 'exit 200'

# What QEMU 7.2 gets wrong is left out, and what makes a boot slow (docs/howto-vm.md).
processors() {
	guest --kvm off --smp 2 --cmd 'echo $(nproc) $(grep -c constant_tsc /proc/cpuinfo) $(grep -cw cx16 /proc/cpuinfo)'
}
check "emulated processors have a constant TSC, and no cmpxchg16b" prints "2 2 0" processors

mkdir -p "$scratch/in/sub"
echo one >"$scratch/in/a file"
head -c 3000000 /dev/urandom >"$scratch/in/sub/big"
echo kept >"$scratch/in/kept"
both_ways() {
	guest --payload "$scratch/in" --payload "$scratch/in/kept:/etc/kept" --out "$scratch/back" \
		--cmd 'cat /etc/kept; cp -r in out' && diff -r "$scratch/in" "$scratch/back/in"
}
check "files and folders go in and come out unchanged" both_ways
check "the payload's source is not written to" test ! -e "$scratch/in/.command"

check "a program brings its shared libraries" prints "$(openssl version 2>/dev/null || xz --version)" \
	guest --payload "$(readlink -f "$(command -v openssl || command -v xz)")" --cmd \
	'if [ -e openssl ]; then openssl version; else xz --version; fi'

refuse "a payload that is not there" "nothing-here.*does not exist" guest --payload nothing-here true
refuse "an unknown option" "unknown option --frobnicate" guest --frobnicate 1 true
refuse "a number that is none" "array needs a number" $vm --array many true
refuse "no command" "no command" guest
properties() { $vm --device-opts help | grep -q x-fault; }
check "the device's properties are listed without one" properties

check "time is limited" gives 124 guest --timeout 6 sleep 100
died() { guest --cmd 'echo c >/proc/sysrq-trigger' 2>&1; }
check "a guest that dies is told from a command that fails" gives 125 died
log_comes() { guest --dmesg "$scratch/dmesg" true && grep -q 'Linux version' "$scratch/dmesg"; }
check "the kernel's log comes out" log_comes

warm() { guest --warm "$@"; }
cold_command() { prints "first" warm echo first; }
check "a warm start runs the command" cold_command
check "and another one another command" prints "second" warm echo second
warm_is_warm() {
	# uptime goes on from the saved state: a booting guest cannot be as far so soon
	start=$(date +%s%N)
	warm true || return 1
	took=$((($(date +%s%N) - start) / 1000000))
	echo "$took ms"
	[ $took -lt 2500 ]
}
check "a warm start takes less than a boot" warm_is_warm
right_time() {
	there=$(warm date +%s) && here=$(date +%s) && echo "guest $there, host $here" &&
		[ $((here - there)) -lt 5 ]
}
check "a restored guest knows the time" right_time

left_behind() {
	mkdir "$scratch/tmp"
	TMPDIR=$scratch/tmp $vm --no-device --timeout 60 --cmd 'echo up; sleep 100' >"$scratch/up" &
	launcher=$!
	for _ in $(seq 200); do
		[ ! -s "$scratch/up" ] || break
		sleep 0.1
	done
	folder=$(ls "$scratch/tmp")
	kill "-$1" $launcher
	wait $launcher
	sleep 0.5
	for process in /proc/[0-9]*/cmdline; do
		case $(tr '\0' ' ' 2>/dev/null <"$process") in
		*"$scratch/tmp/$folder"*) echo "$process is left"; return 1 ;;
		esac
	done 2>/dev/null
	[ "$1" = KILL ] || [ -z "$(ls "$scratch/tmp")" ]
	result=$?
	rm -rf "$scratch/tmp"
	return $result
}
check "nothing is left when it is terminated" left_behind TERM
check "no QEMU is left even when it is killed" left_behind KILL

done_testing
