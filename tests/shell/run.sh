#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/run itself: what it counts, what it shows, and when it fails.
set -u
. tests/shell/lib.sh

# program NAME - makes a program of the shell code on standard input
program() {
	{ echo '#!/bin/sh'; cat; } >"$scratch/$1"
	chmod +x "$scratch/$1"
}

# counts LINE STATUS ARGUMENT... - tests/run on these ends with LINE and exits with STATUS
counts() {
	want_line=$1
	want_status=$2
	shift 2
	(cd "$scratch" && "$OLDPWD/tests/run" -l "$scratch/logs" "$@") >"$scratch/out"
	got_status=$?
	got_line=$(tail -n 1 "$scratch/out")
	[ "$got_line" = "$want_line" ] && [ "$got_status" -eq "$want_status" ] && return
	echo "wanted '$want_line' and status $want_status, got status $got_status and:"
	cat "$scratch/out"
	return 1
}

shows() {
	grep -q -e "$1" "$scratch/out" || { cat "$scratch/out"; return 1; }
}

# strict NAME... - counts, where the device is required
strict() {
	(LOOM_REQUIRE_DEVICE=1; export LOOM_REQUIRE_DEVICE; counts "$@")
}

unset LOOM_REQUIRE_DEVICE

program plain_ok <<'end'
echo fine
end
program plain_bad <<'end'
echo last words
exit 3
end
program plain_skip <<'end'
exit 4
end
program flat <<'end'
echo 1..3
echo 'ok 1 - one'
echo 'not ok 2 - two'
echo '# two: 4 is not 5'
echo 'ok 3 - three # SKIP not here'
exit 1
end
program groups <<'end'
echo 1..1; echo 'ok 1 - a'
echo 1..2; echo 'ok 1 - b'; echo 'ok 2 - c'
end
program cmocka <<'end'
echo 1..2; echo 'ok 1 - a'; echo 'not ok 2 - b'; echo '# b.c:3: error: Failure!'
echo '# not ok - group'; echo 'ERROR: 4 is not 5' >&2
exit 1
end
program trailing <<'end'
echo 'ok 1 - a'; echo 'ok 2 - b'; echo 1..2
end
program short <<'end'
echo 1..3; echo 'ok 1 - a'
end
program liar <<'end'
echo 1..1; echo 'ok 1 - a'; exit 9
end
program bail <<'end'
echo 1..2; echo 'ok 1 - a'; echo 'ok 2 - b'; echo 'Bail out! no disk'; exit 1
end
program nested <<'end'
printf 'TAP version 13\r\n1..4\r\n# TAP version 13\r\n# 1..2\r\n# ok 1 a\r\n# ok 2 b\r\n'
printf 'ok 1 selftests: loom: first\r\n# 1..2\r\n# ok 1 c\r\n# not ok 2 d\r\n# # d: went wrong\r\n'
printf 'not ok 2 selftests: loom: second # exit=1\r\n# 1..0 # SKIP none\r\n'
printf 'ok 3 selftests: loom: third # SKIP\r\n# 1..1\r\n# ok 1 e\r\n'
printf 'not ok 4 selftests: loom: fourth # TIMEOUT\r\n'
exit 1
end
program no_device <<'end'
echo '1..2'; echo 'ok 1 - a'; echo 'ok 2 - b # SKIP no /dev/accel node'
end
program slow <<'end'
echo 1..1
sleep 20
end

check "exit status 0 is a pass" counts "1 passed, 0 failed, 0 skipped" 0 plain_ok
check "another exit status is a failure" counts "0 passed, 1 failed, 0 skipped" 1 plain_bad
check "  and the last lines are shown" shows "last words"
check "exit status 4 is a skip" counts "0 passed, 0 failed, 1 skipped" 0 plain_skip
check "results are counted one by one" counts "1 passed, 1 failed, 1 skipped" 1 flat
check "  and diagnostics are shown" shows "4 is not 5"
check "several plans in one output" counts "3 passed, 0 failed, 0 skipped" 0 groups
check "cmocka's summary is no result" counts "1 passed, 1 failed, 0 skipped" 1 cmocka
check "  and its message is shown" shows "4 is not 5"
check "a plan at the end" counts "2 passed, 0 failed, 0 skipped" 0 trailing
check "fewer results than planned fail" counts "1 passed, 1 failed, 0 skipped" 1 short
check "an exit status outweighs its results" counts "1 passed, 1 failed, 0 skipped" 1 liar
check "bailing out fails" counts "2 passed, 1 failed, 0 skipped" 1 bail
check "subtests are counted, not their summaries" \
	counts "4 passed, 2 failed, 1 skipped" 1 nested
check "  and their diagnostics are shown" shows "went wrong"
check "a program that does not end fails" counts "0 passed, 2 failed, 0 skipped" 1 slow@1
check "a missing program fails" counts "0 passed, 1 failed, 0 skipped" 1 absent
check "results add up" counts "3 passed, 2 failed, 1 skipped" 1 plain_ok plain_bad flat plain_ok
check "a missing device is a skip" counts "1 passed, 0 failed, 1 skipped" 0 no_device
check "  but a failure where it is required" strict "1 passed, 1 failed, 0 skipped" 1 no_device
check "  as is a skip without a reason" strict "0 passed, 1 failed, 0 skipped" 1 plain_skip
check "  while another reason stays a skip" strict "1 passed, 1 failed, 1 skipped" 1 flat
program twice <<'end'
echo "loom-vm: the guest's kernel died while booting; trying once more. The end of its log:"
echo 1..1
echo ok 1 - x
end
check "a guest that was started twice passes" counts "1 passed, 0 failed, 0 skipped" 0 twice
check "  but not unseen" shows "a guest was started twice"

program patient <<'end'
trap 'echo told >>"$0.ended"; exit 1' TERM
echo $$ >"$0.pid"
while :; do sleep 1 & wait $!; done
end
program interruptible <<'end'
trap 'exit 7' INT
kill -INT $$
exit 1
end

# Exits at once, and the test program and its children are gone.
interrupted() { # SIGNAL
	rm -f "$scratch/patient.pid" "$scratch/patient.ended"
	env --default-signal=INT tests/run -l "$scratch/logs" "$scratch/patient@60" >"$scratch/out" &
	runner=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$scratch/patient.pid" ] || sleep 0.5; done
	kill -s "$1" $runner
	wait $runner
	[ $? -eq 130 ] && grep -q told "$scratch/patient.ended" && ! kill -0 "$(cat "$scratch/patient.pid")" 2>/dev/null
}
check "Ctrl-C ends the program that runs" interrupted INT
check "  as does being told to end" interrupted TERM
check "programs can have Ctrl-C for themselves" counts "0 passed, 1 failed, 0 skipped" 1 interruptible
check "  and end as they wish" shows "exit status 7"
check "no programs at all is no success" counts "0 passed, 0 failed, 0 skipped" 1
done_testing
