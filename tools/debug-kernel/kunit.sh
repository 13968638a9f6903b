#!/bin/sh
# SPDX-License-Identifier: MIT
#
# In the guest: inserts the module of the driver's KUnit tests, and prints what each suite has said, TAP.
insmod loom_kunit.ko || exit 1
for results in /sys/kernel/debug/kunit/loom_*/results; do
	cat "$results"
done
