#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every command that README.md shows works as shown. `make demo` and `make check` are not run again here: the
# first is tests/integration/demo.sh's, the second is running.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh

run_line() {
	case $1 in
	'make demo') grep -q tools/demo/demo tests/integration/demo.sh ;;
	'make check') true ;;
	'make all') make --no-print-directory B="$B" all ;;
	build/*) sh -c "$1" </dev/null ;;
	*) echo "no test runs this command"; false ;;
	esac
}

sed -n 's/^    \([^ ].*\)/\1/p' README.md | grep -E '^(make|build|tools)' >"$scratch/commands"
while read -r line; do
	check "README: $line" run_line "$line"
done <"$scratch/commands"

# The module's own line, in a copy, so that kbuild's files of the tree stay as they are.
kbuild_alone() {
	mkdir "$scratch/copy"
	cp -r Kbuild driver uapi "$scratch/copy/"
	find "$scratch/copy" -name '*.o' -delete -o -name '*.ko' -delete
	make -C "$KDIR" M="$scratch/copy" modules && test -e "$scratch/copy/driver/loom.ko"
}
KDIR=${KDIR:-${LOOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loom}/kernel/build}
check 'README: kbuild alone builds the module' kbuild_alone

grep -o '](\([^)]*\))' README.md | sed 's/](\(.*\))/\1/' >"$scratch/links"
while read -r link; do
	check "README links to $link" test -e "$link"
done <"$scratch/links"
done_testing
