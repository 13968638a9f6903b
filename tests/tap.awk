# SPDX-License-Identifier: MIT
#
# Reads the output of one test program; prints "passed failed skipped", then diagnostics of failures.
# Variables: status (exit status), limit (seconds), strict (1: a missing device is a failure).
# How results are counted is told in tests/run.

function show(text) { shown[++n_shown] = text }

# The nesting of a line: "# " or four blanks a level. Leaves the bare line in `bare`.
function level(line,	d) {
	d = 0
	while (line ~ /^(# |    )/) {
		line = substr(line, line ~ /^# / ? 3 : 5)
		d++
	}
	bare = line
	return d
}

function bad_plan(d) {
	failed++
	children_failed[d]++
	show("planned " plan[d] " tests, saw " seen[d])
}

# Closes a run of results at level d: the plan must have been kept.
function close_level(d) {
	if (d in plan && plan[d] != seen[d])
		bad_plan(d)
	delete plan[d]
	delete seen[d]
}

function take_plan(d, line,	n) {
	n = line
	sub(/^1\.\./, "", n)
	sub(/[^0-9].*/, "", n)
	n += 0
	if (!(d in plan) && seen[d] > 0) {	# a plan that trails its tests
		plan[d] = n
		close_level(d)
		return
	}
	close_level(d)
	if (n == 0 && tolower(line) ~ /# *skip/) {
		take_skip(line)
		children[d]++
		points++
		return
	}
	plan[d] = n
	seen[d] = 0
}

function take_skip(line,	reason) {
	reason = tolower(line)
	sub(/^.*# *skip[a-z]*[: ]*/, "", reason)
	if (strict == 1 && (reason == "" || reason ~ /(^|[^a-z])no .*(device|\/dev\/accel)/)) {
		failed++
		show(line)
		show("  skipped, but this run requires the device")
		return
	}
	skipped++
}

# Results one level down since the last result at d make this one their summary.
function take_result(d, line,	ok, summary) {
	ok = line !~ /^not /
	close_level(d + 1)
	summary = children[d + 1] > 0
	if (summary && (ok || children_failed[d + 1] > 0)) {
		# counted already
	} else if (tolower(line) ~ /# *skip/) {
		take_skip(line)
	} else if (ok) {
		passed++
	} else if (tolower(line) ~ /# *(todo|xfail)/) {
		skipped++
	} else {
		failed++
		show(line)
		diagnose = d + 1
	}
	if (!ok)
		children_failed[d]++
	children[d]++
	children[d + 1] = children_failed[d + 1] = 0
	seen[d]++
	points++
}

{
	gsub(/\r/, "")
	tail[NR % 20] = $0
	d = level($0)
}
# a nested result has a number; cmocka closes a group with a comment that has none
bare ~ /^(not )?ok([ \t]|$)/ && (d == 0 || bare ~ /^(not )?ok [0-9]/) {
	diagnose = 0
	take_result(d, bare)
	next
}
bare ~ /^1\.\.[0-9]+/ { take_plan(d, bare); next }
bare ~ /^Bail out!/ { failed++; bailed = 1; show(bare); next }
/^ERROR: / { show($0); next }	# cmocka's failure messages, on standard error
# diagnostics stand one level below their result; nested ones keep no mark of their own
diagnose && $0 ~ /^ *#/ && d >= diagnose { show("  " bare) }
diagnose && $0 !~ /^ *#/ { diagnose = 0 }

END {
	for (d = 9; d >= 0; d--)
		close_level(d)
	why = ""
	if (status == 124)
		why = "stopped after " limit " s"
	else if (status == 137)
		why = "killed, at the latest after " limit " s"
	else if (status == 4 && !failed && !skipped)
		take_skip("")
	else if (status != 0 && status != 4 && !failed)
		why = "exit status " status
	else if (status == 0 && points == 0 && !failed && !skipped)
		passed++
	if (why != "") {
		failed++
		show(why "; its last lines:")
		for (i = NR - 19; i <= NR; i++)
			if (i > 0)
				show("  " tail[i % 20])
	}
	print passed + 0, failed + 0, skipped + 0
	for (i = 1; i <= n_shown && i <= 60; i++)
		print shown[i]
	if (n_shown > 60)
		print "(" n_shown - 60 " lines more in the log)"
}
