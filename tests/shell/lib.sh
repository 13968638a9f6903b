# SPDX-License-Identifier: MIT
#
# What a shell test sources to print TAP. A test runs in the top folder of the tree, and B names the build folder.

B=${B:-build}
tests_run=0
tests_failed=0

# A folder for the test's own files, gone when it ends.
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# check NAME COMMAND... - one test: passed when the command succeeds. Its output is shown when it does not.
check() {
	check_name=$1
	shift
	tests_run=$((tests_run + 1))
	if "$@" >"$scratch/check.out" 2>&1; then
		echo "ok $tests_run - $check_name"
	else
		tests_failed=$((tests_failed + 1))
		echo "not ok $tests_run - $check_name"
		sed 's/^/# /' "$scratch/check.out"
	fi
}

# refuse NAME PATTERN COMMAND... - one test: passed when the command fails and prints PATTERN (a grep one).
refuse() {
	refuse_name=$1
	refuse_pattern=$2
	shift 2
	check "$refuse_name" refused "$refuse_pattern" "$@"
}

refused() {
	refused_pattern=$1
	shift
	if "$@" >"$scratch/refused.out" 2>&1; then
		echo "did not fail: $*"
		return 1
	fi
	grep -q -e "$refused_pattern" "$scratch/refused.out" && return
	echo "failed, but without '$refused_pattern':"
	cat "$scratch/refused.out"
	return 1
}

# skip NAME REASON - one test that cannot be run here.
skip() {
	tests_run=$((tests_run + 1))
	echo "ok $tests_run - $1 # SKIP $2"
}

# sources - the names of the tree's own files, those not committed yet included.
sources() {
	{
		git ls-files --cached --others --exclude-standard 2>/dev/null ||
			find . -path "./$B" -prune -o -path ./.git -prune -o -type f -print
	} | sed 's|^\./||' | sort -u
}

# done_testing - prints the plan; the last thing that a test does.
done_testing() {
	echo "1..$tests_run"
	[ "$tests_failed" -eq 0 ]
}
