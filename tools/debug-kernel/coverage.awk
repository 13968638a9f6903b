# SPDX-License-Identifier: MIT
#
# Reads annotated sources (.gcov); prints of each: name, lines executed, lines with code, percentage, and
# the ranges of lines that were not executed, lines without code between them included.
function close_range() {
	if (first)
		missed = missed " " first (last > first ? "-" last : "")
	first = 0
}

function finish() {
	close_range()
	if (lines)
		printf "%s %d %d %.1f%%%s\n", name, executed, lines, 100 * executed / lines, missed
	lines = executed = 0
	missed = ""
}

FNR == 1 { finish() }
{
	split($0, field, ":")
	count = field[1]
	line = field[2] + 0
	gsub(/ /, "", count)
}
line == 0 && field[3] == "Source" { name = field[4] }
line == 0 || count == "-" { next }
count ~ /^[#=]/ {
	lines++
	last = line
	if (!first)
		first = line
	next
}
{
	lines++
	executed++
	close_range()
}
END { finish() }
