#!/bin/sh
# SPDX-License-Identifier: MIT
# Every source file begins with the SPDX line of its room.
set -u
. tests/shell/lib.sh

# The licence of the room that a file lies in.
licence() {
	case $1 in
	driver/* | */Kbuild | Kbuild) echo "GPL-2.0" ;;
	qemu-device/pci/*) echo "GPL-2.0-or-later" ;;
	uapi/*.h) echo "(GPL-2.0 WITH Linux-syscall-note) OR MIT" ;;
	*) echo "MIT" ;;
	esac
}

# Is the file source code? By its name, or because it is a script.
is_source() {
	case $1 in
	LICENSES/*) return 1 ;;
	*.c | *.h | *.S | *.s | *.ld | *.lds | *.sh | *.mk | *.awk | *.py | *.js | *.inc) return 0 ;;
	Makefile | */Makefile | Kbuild | */Kbuild | Kconfig | */Kconfig) return 0 ;;
	esac
	[ "$(head -c 2 "$1" | tr -d '\0')" = '#!' ]
}

# has_line FILE - the line is the first, or the second after #!
has_line() {
	want="SPDX-License-Identifier: $(licence "$1")"
	got=$(sed -n '1{/^#!/n;p;q}' "$1" | sed -e 's|^[^S]*SPDX-|SPDX-|' -e 's| *\*/ *$||')
	[ "$got" = "$want" ] && return
	echo "$1: wanted '$want', found '$got'"
	return 1
}

all_have_line() {
	bad=0
	while read -r file; do
		has_line "$file" || bad=1
	done <"$1"
	return $bad
}

sources | while read -r file; do
	[ -f "$file" ] && is_source "$file" && echo "$file"
done >"$scratch/all"

for room in driver firmware libaccel qemu-device tests tools uapi; do
	grep "^$room/" "$scratch/all" >"$scratch/room"
	check "SPDX lines in $room: $(wc -l <"$scratch/room") files" all_have_line "$scratch/room"
done
grep -v -e '^driver/' -e '^firmware/' -e '^libaccel/' -e '^qemu-device/' -e '^tests/' -e '^tools/' \
	-e '^uapi/' "$scratch/all" >"$scratch/room"
check "SPDX lines elsewhere: $(wc -l <"$scratch/room") files" all_have_line "$scratch/room"

# The check itself must see what is wrong.
mkdir -p "$scratch/driver"
printf '// SPDX-License-Identifier: MIT\n' >"$scratch/driver/a.c"
printf '#include <stdio.h>\n' >"$scratch/b.c"
in_scratch() {
	(cd "$scratch" && has_line "$1")
}
refuse "another room's licence is seen" "driver/a.c: wanted" in_scratch driver/a.c
refuse "a missing line is seen" "b.c: wanted" in_scratch b.c
done_testing
