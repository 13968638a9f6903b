#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The driver as the kernel's own tools see it: checkpatch.pl --strict, sparse, and a build with W=1.
set -u
. tests/shell/lib.sh

cache=${LOOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loom}
checkpatch=$cache/kernel-source/scripts/checkpatch.pl

# What checkpatch.pl is not followed in: file, type, and why. All that is not here is a failure, as is an
# exception that is not needed any more.
exceptions='
driver/loom_trace.h OPEN_ENDED_LINE		TRACE_EVENT is written so all over the kernel
driver/loom_trace.h PARENTHESIS_ALIGNMENT	the same: its parts are indented by a tab
'

# complaints FILE... - one "FILE TYPE LINE: TEXT" a line
complaints() {
	printf '%s\n' "$@" | xargs -n 8 -P 2 perl "$checkpatch" --strict --no-tree --terse --no-summary --show-types -f |
		sed -n 's/^\([^:]*\):\([0-9]*\): [A-Z]*:\([A-Z_0-9]*\): /\1 \3 \2: /p'
}

style() {
	[ -r "$checkpatch" ] || { echo "$checkpatch is not there: tools/setup/fetch-kernel-source"; return 1; }
	# shellcheck disable=SC2046 # names of the project
	complaints $(sources | grep '^driver/[^/]*\.[ch]$') | sort >"$scratch/complaints"
	echo "$exceptions" | awk 'NF { print $1, $2 }' | sort >"$scratch/exceptions"
	cut -d' ' -f1,2 "$scratch/complaints" | sort -u >"$scratch/kinds"
	comm -13 "$scratch/kinds" "$scratch/exceptions" | sed 's/$/ is an exception that nothing needs/' >"$scratch/bad"
	grep -v -F -f "$scratch/exceptions" "$scratch/complaints" >>"$scratch/bad"
	cat "$scratch/bad"
	[ ! -s "$scratch/bad" ]
}

style_sees() {
	printf '// SPDX-License-Identifier: GPL-2.0\nint x;;\n' >"$scratch/bad.c"
	complaints "$scratch/bad.c" | grep ONE_SEMICOLON
}

# Beside the stock module, which is not built so: $B/driver-strict. What is there and up to date is not
# looked at again. Sparse does not know that a guard of cleanup.h gives its lock back, so its counting of
# locks is off; lockdep does that on the debug kernel.
strict() { # SOURCE DEST
	LOOM_KERNEL=$cache/kernel tools/debug-kernel/module "$1" "$2" -j2 W=1 C=1 \
		CHECK=sparse CF='-Wsparse-error -Wno-context' KCFLAGS=-Werror
}

driver_strict() {
	mkdir -p "$B/driver-strict"
	ln -sfn "$PWD/uapi" "$B/driver-strict/uapi"
	strict driver "$B/driver-strict/driver"
}

# A module with one mistake, which a compiler without further flags takes.
mistake() { # NAME CODE
	mkdir -p "$scratch/$1"
	{
		echo '// SPDX-License-Identifier: GPL-2.0'
		echo '#include <linux/module.h>'
		echo 'MODULE_LICENSE("GPL");'
		echo "$2"
	} >"$scratch/$1/$1.c"
	echo "obj-m := $1.o" >"$scratch/$1/Kbuild"
	strict "$scratch/$1" "$scratch/$1.build"
}

check "checkpatch.pl --strict has nothing to say of driver/" style
check "  and would" style_sees
check "the driver builds with W=1 and C=1 (sparse), without a warning" driver_strict
refuse "  and sparse would see a pointer to user space used" "dereference of noderef" \
	mistake deref 'int deref(int __user *p); int deref(int __user *p) { return *p; }'
refuse "  and W=1 a function without prototype" "no previous prototype" \
	mistake proto 'int proto(void) { return 0; }'
done_testing
