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

dmesg -c >/tmp/log.before
failed=0
for test; do
	igt/lib/ld-linux-x86-64.so.2 --library-path igt/lib "igt/$test" >/tmp/igt.out 2>&1
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
