#!/bin/sh
# SPDX-License-Identifier: MIT
#
# guest.sh COMMAND... - runs COMMAND in a guest of the debug kernel, then gathers what the kernel's
# watchers have seen, in the guest's folder out/: the kernel log, what kmemleak found, lockdep's state, the
# coverage counters. Its output and exit status are COMMAND's.

out=/loom/out
debug=/sys/kernel/debug

cat /dev/kmsg >/tmp/kmsg & # all of it, whatever COMMAND clears
reader=$!
"$@"
status=$?

# Takes the driver from its device before the scan, so that what removal should have freed shows; the
# module stays, for its functions to have names. kmemleak spares objects younger than 5 s.
for dev in /sys/bus/pci/drivers/loom/*:*; do
	[ ! -e "$dev" ] || echo "${dev##*/}" >/sys/bus/pci/drivers/loom/unbind
done
if [ -e $debug/kmemleak ]; then
	echo scan >$debug/kmemleak
	sleep 6
	echo scan >$debug/kmemleak
	cat $debug/kmemleak >$out/leaks
fi

grep debug_locks /proc/lockdep_stats >$out/lockdep
if [ -d $debug/gcov ]; then
	cd $debug/gcov
	find . -name '*.gcda' | while read -r counters; do
		mkdir -p "$out/gcov/${counters%/*}"
		cat "$counters" >"$out/gcov/$counters"
	done
fi
sleep 1
kill $reader
# priority,sequence,microseconds,flags;text, and lines that begin with a blank: properties of devices
awk '/^[0-9]/ { split($0, field, ","); printf "[%.6f] %s\n", field[3] / 1e6, substr($0, index($0, ";") + 1) }' \
	/tmp/kmsg >$out/dmesg
exit $status
