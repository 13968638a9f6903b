#!/bin/sh
# SPDX-License-Identifier: MIT
# The compute core on AArch64 with its NEON kernels, under user-mode emulation: the unit tests of the run of streams, and
# random streams with each set of kernels against the reference. LOOM_FUZZ_SECONDS bounds those (default 10).
set -u
. tests/shell/lib.sh

tests=$B/aarch64/tests/unit/core-exec
export LOOM_FUZZ_SECONDS="${LOOM_FUZZ_SECONDS:-10}"

# emulate NAME PROGRAM - one test, made of the program's own.
emulate() {
	tests_run=$((tests_run + 1))
	qemu-aarch64 -L /usr/aarch64-linux-gnu "$2" >"$scratch/tap" 2>&1 && result=ok || result='not ok'
	[ "$result" = ok ] || tests_failed=$((tests_failed + 1))
	sed -e 's/^\(\(not \)\{0,1\}ok [0-9]* - \)/\1aarch64: /' -e 's/^/    /' "$scratch/tap"
	echo "$result $tests_run - aarch64: $1"
}

emulate 'the run of streams' "$tests/exec"
emulate 'random streams, NEON kernels and plain C, against the reference' "$tests/fuzz"
done_testing
