#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Suites as 32-bit programs, on the 64-bit kernel: each call in its 32-bit form, all of uapi, sync and implicit, and of the others
# what is about calls and not about what the device does then.
cd "$(dirname "$0")" || exit 1
suites='uapi
sync
implicit
bind map_and_unmap between_jobs in_order all_or_nothing refused shorter_structure
queue several_jobs_a_call all_or_nothing stream_range stream_not_mapped priorities_need_permission
userq polled waits faults refused older_programs limit
doorbell mappings_refused after_destroy
perf values reading overflow refused needs_a_capability'

missing=$(echo "$suites" | while read -r suite tests; do [ -x "${suite}_32" ] || echo "${suite}_32"; done)
[ -z "$missing" ] || { echo "1..0 # SKIP not built: is there a 32-bit C library?"; exit 4; }

number=0 failed=0
echo "TAP version 13"
echo "1..$(echo "$suites" | wc -l)"
while read -r suite tests; do
	number=$((number + 1))
	# shellcheck disable=SC2086 # one word a test
	./"${suite}_32" $tests >/tmp/tap.32 2>&1 </dev/null
	status=$?
	# A name that no test has would pass unseen.
	[ -z "$tests" ] || [ "$(grep -cE '^(not )?ok ' /tmp/tap.32)" = "$(echo "$tests" | wc -w)" ] || status=1
	case $status in
	0)	echo "ok $number ${suite}_32" ;;
	*)	echo "not ok $number ${suite}_32"
		failed=1 ;;
	esac
	sed 's/^/# /' /tmp/tap.32
done <<END
$suites
END
exit $failed
