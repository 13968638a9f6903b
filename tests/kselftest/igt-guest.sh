#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In the guest: igt-guest.sh TEST... - runs tests of igt.tar, prints TAP: each subtest, and whether the kernel's
# log is clean.
mkdir igt
tar -x -f igt.tar -C igt
rmmod vgem 2>/dev/null
rm -rf /dev/dri
mkdir /dev/dri
dev=$(cat /sys/class/accel/accel0/dev) || exit 1
mknod /dev/dri/card0 c "${dev%:*}" "${dev#*:}"

igt() { # TEST OPTION...
	test_program=$1
	shift
	igt/lib/ld-linux-x86-64.so.2 --library-path igt/lib "igt/$test_program" "$@" >/tmp/igt.out 2>&1
}

# Subtests that need a machine which does something within a tenth of a second each time, which an emulated one on a
# busy host may not: these have several tries, each by itself.
timed='delayed|snapshot|interrupted'
tries=5

# timed_subtest TEST NAME - prints how it went
timed_subtest() {
	for try in $(seq $tries); do
		igt "$1" --run-subtest "$2"
		status=$?
		[ $try = 1 ] && echo "1..1"
		case $status in
		0)	echo "ok 1 - $1: $2$([ "$try" = 1 ] || echo " (try $try)")"
			return ;;
		77)	echo "ok 1 - $1: $2 # SKIP what it needs is not here"
			return ;;
		esac
	done
	echo "not ok 1 - $1: $2"
	sed 's/^/# /' /tmp/igt.out
	failed=1
}

dmesg -c >/tmp/log.before
failed=0
for test; do
	subtests='*'
	igt "$test" --list-subtests
	by_themselves=$(grep -E "$timed" /tmp/igt.out)
	for name in $by_themselves; do
		subtests="$subtests,!$name"
	done
	if [ -n "$by_themselves" ]; then igt "$test" --run-subtest "$subtests"; else igt "$test"; fi
	status=$?
	if [ $status = 77 ]; then
		echo "1..1"
		echo "ok 1 - $test # SKIP $(sed -n 's/^Test requirement: /this kernel lacks /p' /tmp/igt.out | head -n 1)"
		continue
	fi
	awk -v test="$test" -v status=$status '
		/^(Subtest|SUCCESS|FAIL|SKIP|CRASH|TIMEOUT)/ {
			name = "the test"
			result = $1
			if ($1 == "Subtest") {
				name = $2
				sub(/:$/, "", name)
				result = $3
				subtests++
			} else if (subtests) {
				next
			}
			printf "%sok %d - %s: %s%s\n", result ~ /^(SUCCESS|SKIP)/ ? "" : "not ", ++n, test, name,
				result ~ /^SKIP/ ? " # SKIP what it needs is not here" : ""
		}
		END {
			printf "%sok %d - %s: exit status %d\n", status == 0 ? "" : "not ", ++n, test, status
			printf "1..%d\n", n
		}' /tmp/igt.out
	if [ $status != 0 ]; then
		failed=1
		sed 's/^/# /' /tmp/igt.out
	fi
	for name in $by_themselves; do
		timed_subtest "$test" "$name"
	done
done
dmesg -c >/tmp/log
echo 1..1
if grep -E 'WARNING:|BUG:|Oops|general protection|blocked for more than' /tmp/log; then
	echo "not ok 1 - the kernel's log is clean"
	failed=1
else
	echo "ok 1 - the kernel's log is clean"
fi
exit $failed
