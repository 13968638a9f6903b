#!/bin/sh
# SPDX-License-Identifier: MIT
#
# fuzz.sh run BUILD SECONDS SEED NAME...	fuzz each surface for so long, two at a time; then coverage
# fuzz.sh merge BUILD NAME...		few inputs that reach what all found so far reach, into tests/fuzz/corpus
# fuzz.sh coverage BUILD NAME...		lines of the device that corpora and inputs found reach
#
# Inputs found lie in BUILD/fuzz/found/NAME, logs in BUILD/fuzz/NAME.log, inputs that fail in BUILD/fuzz/NAME-crash-*.
set -eu

MAX_BYTES=1024
mode=$1
build=$2
fuzz=$build/fuzz
shift 2
# The firmware that the device boots comes from here.
export B="$build"

# folders NAME - where the inputs of a surface are; what is found from now on comes into the first
folders() {
	mkdir -p "$fuzz/found/$1" "tests/fuzz/corpus/$1"
	echo "$fuzz/found/$1" "tests/fuzz/corpus/$1"
}

# one SECONDS SEED NAME
one() {
	# shellcheck disable=SC2046 # one word a folder
	if "$fuzz/asan/tests/fuzz/$3" -max_total_time="$1" -seed="$2" -max_len=$MAX_BYTES -timeout=60 -rss_limit_mb=4096 \
		-print_final_stats=1 -artifact_prefix="$fuzz/$3-" $(folders "$3") >"$fuzz/$3.log" 2>&1; then
		echo "ok - $3: nothing found, $(sed -n 's/^stat::number_of_executed_units: *//p' "$fuzz/$3.log") inputs," \
			"$(find "$fuzz/found/$3" -type f | wc -l) kept"
	else
		echo "not ok - $3:"
		grep -E '^(==|SUMMARY|Test unit|artifact)|runtime error|seed|differ' "$fuzz/$3.log" | sed 's/^/# /'
		exit 1
	fi
}

run() {
	seconds=$1
	seed=$2
	shift 2
	failed=0
	printf '%s\n' "$@" | xargs -n 1 -P 2 "$0" one "$build" "$seconds" "$seed" || failed=1
	coverage "$@"
	exit $failed
}

merge() {
	for name; do
		# shellcheck disable=SC2046
		set -- $(folders "$name")
		rm -rf "$fuzz/merged"
		mkdir "$fuzz/merged"
		"$fuzz/asan/tests/fuzz/$name" -set_cover_merge=1 -use_counters=0 -max_len=$MAX_BYTES "$fuzz/merged" "$@" 2>"$fuzz/merge.log"
		rm -r "$2"
		mv "$fuzz/merged" "$2"
		echo "$name: $(find "$2" -type f | wc -l) files, $(du -sb "$2" | cut -f 1) bytes"
	done
}

coverage() {
	objects=
	rm -rf "$fuzz/profiles"
	for name; do
		# shellcheck disable=SC2046
		LLVM_PROFILE_FILE=$fuzz/profiles/$name.profraw "$fuzz/coverage/tests/fuzz/$name" -runs=0 $(folders "$name") \
			>"$fuzz/coverage-$name.log" 2>&1
		objects="$objects -object $fuzz/coverage/tests/fuzz/$name"
	done
	llvm-profdata merge -o "$fuzz/profiles/all" "$fuzz/profiles"/*.profraw
	# shellcheck disable=SC2086
	llvm-cov report $objects -instr-profile="$fuzz/profiles/all" | awk '
		/^Filename/ || /qemu-device\/core\/.*\.[ch]/ || /core\/.*\.[ch] / || /^TOTAL/' >"$fuzz/coverage.txt"
	cat "$fuzz/coverage.txt"
}

"$mode" "$@"
