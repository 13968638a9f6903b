#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every command that README.md shows works as shown. `make demo` and `make check` are not run again here: the
# first is tests/integration/demo.sh's, the second is running.
set -u
cd "$(dirname "$0")/../.."
log=$(mktemp)
commands=$(mktemp)
copy=$(mktemp -d)
trap 'rm -rf "$log" "$commands" "$copy"' EXIT

sed -n 's/^    \([^ ].*\)/\1/p' README.md | grep -v '^ ' | grep -E '^(make|build|tools)' >"$commands"
total=$(($(wc -l <"$commands") + 2))
echo "1..$total"
n=0
result() { # STATUS TEXT
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		tail -n 20 "$log" | sed 's/^/# /'
	fi
}

while read -r line; do
	case $line in
	'make demo') grep -q tools/demo/demo tests/integration/demo.sh ;;
	'make check') true ;;
	'make all') make --no-print-directory B="${B:-build}" all >"$log" 2>&1 ;;
	build/*) sh -c "$line" >"$log" 2>&1 </dev/null ;;
	*) echo "no test runs this command" >"$log"; false ;;
	esac
	result $? "README: $line"
done <"$commands"

# The module's own line, in a copy so that kbuild's files of the tree stay as they are.
kdir=${KDIR:-${LOOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loom}/kernel/build}
cp -r Kbuild driver uapi "$copy/"
make -C "$kdir" M="$copy" modules >"$log" 2>&1 && test -e "$copy/driver/loom.ko"
result $? 'README: kbuild alone builds the module'

# Links lead somewhere.
status=0
for file in $(sed -n 's/.*](\([^)#]*\)).*/\1/p' README.md; grep -o '](\([^)]*\))' README.md | sed 's/](\(.*\))/\1/'); do
	case $file in
	http*) ;;
	*) [ -e "$file" ] || { echo "README.md links to $file, which does not exist" >>"$log"; status=1; } ;;
	esac
done
result $status 'README: links lead somewhere'
