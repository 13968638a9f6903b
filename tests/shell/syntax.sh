#!/bin/sh
# SPDX-License-Identifier: MIT
# Every shell script is read without complaint by its shell, no source file is too long to read, and none names a folder of
# one person's machine.
set -u
. tests/shell/lib.sh

max_lines=800

shell_of() {
	case $(head -n 1 "$1" | tr -d '\0') in
	'#!/bin/sh'* | '#!/usr/bin/env sh'*) echo sh ;;
	'#!/bin/bash'* | '#!/usr/bin/env bash'*) echo bash ;;
	*) case $1 in *.sh) echo sh ;; esac ;;
	esac
}

sources >"$scratch/all"
while read -r file; do
	[ -f "$file" ] || continue
	shell=$(shell_of "$file")
	[ -n "$shell" ] && check "$file" "$shell" -n "$file"
done <"$scratch/all"

all_short() {
	bad=0
	while read -r file; do
		[ -f "$file" ] || continue
		n=$(wc -l <"$file")
		[ "$n" -le $max_lines ] && continue
		echo "$file: $n lines"
		bad=1
	done <"$scratch/code"
	return $bad
}

grep -E '\.(c|h|S|sh|mk|awk)$' "$scratch/all" >"$scratch/code"
check "no source file has over $max_lines lines" all_short

no_private_path() {
	! xargs grep -nE "(^|[ \"'=:(])/(root|home|work)/" <"$scratch/code" /dev/null
}
check "no source file names a private folder" no_private_path
done_testing
