#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The suites as 32-bit programs, on the 64-bit kernel.
cd "$(dirname "$0")" || exit 1
suites='uapi_32 sync_32'

for suite in $suites; do
	[ -x "$suite" ] || { echo "1..0 # SKIP $suite was not built: is there a 32-bit C library?"; exit 4; }
done
number=0 failed=0
echo "TAP version 13"
echo "1..$(echo $suites | wc -w)"
for suite in $suites; do
	number=$((number + 1))
	./$suite >/tmp/tap.32 2>&1 && echo "ok $number $suite" || {
		echo "not ok $number $suite"
		failed=1
	}
	sed 's/^/# /' /tmp/tap.32
done
exit $failed
