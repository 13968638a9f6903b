# SPDX-License-Identifier: MIT
#
# Reads annotated sources (.gcov); prints of each: name, lines executed, lines with code, percentage, and
# the ranges of lines that were not executed, lines without code between them included. A line that is compiled
# more than once (inline functions of headers) is one line, executed when one of its instances was.
function finish(  line, first, last, lines, executed, missed) {
	for (line = 1; line <= end; line++) {
		if (!(line in code))
			continue
		lines++
		if (code[line]) {
			executed++
			if (first)
				missed = missed " " first (last > first ? "-" last : "")
			first = 0
			continue
		}
		last = line
		if (!first)
			first = line
	}
	if (first)
		missed = missed " " first (last > first ? "-" last : "")
	if (lines)
		printf "%s %d %d %.1f%%%s\n", name, executed, lines, 100 * executed / lines, missed
	delete code
	end = 0
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
{
	code[line] = code[line] || count !~ /^[#=]/
	if (line > end)
		end = line
}
END { finish() }
