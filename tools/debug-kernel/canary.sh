#!/bin/sh
# SPDX-License-Identifier: MIT
#
# canary.sh BUG... - in a guest: has canary.ko commit each bug, and leaves what the kernel says of it in
# out/BUG.log.
echo 1 >/sys/module/workqueue/parameters/watchdog_thresh
dmesg -c >/dev/null
for bug; do
	insmod ./canary.ko bug="$bug" || exit 1
	sleep 1
	dmesg -c >"out/$bug.log"
	rmmod canary
done
