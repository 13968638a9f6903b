#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Every public function of libaccel, and every structure of the interfaces, is documented.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh

# undocumented FILE: functions that no comment begins with their name, nor names in the list of one
undocumented() {
	awk '
		/^\/\*\*/ { comment = "" ; inside = 1 }
		inside { comment = comment $0 "\n" }
		/\*\// { inside = 0 }
		/^ACCEL_API/ && match($0, /accel_[a-z0-9_]+\(/) {
			name = substr($0, RSTART, RLENGTH - 1)
			if (index(comment, name " -") == 0)
				print name
		}' "$1"
}

for header in libaccel/include/accel/*.h; do
	missing=$(undocumented "$header" | tr '\n' ' ')
	check "$header: every function (missing: ${missing:-none})" test -z "$missing"
done

for header in uapi/loom/*.h uapi/drm/*.h; do
	missing=$(awk '
		/^ \* struct [a-z0-9_]+ -|^ \* struct [a-z0-9_]+$|^\/\*\* struct/ { for (i = 1; i <= NF; i++) if ($i == "struct") seen[$(i + 1)] = 1 }
		/^struct [a-z0-9_]+ \{/ { if (!seen[$2]) printf "%s ", $2 }' "$header")
	check "$header: every structure (missing: ${missing:-none})" test -z "$missing"
done
done_testing
