# SPDX-License-Identifier: MIT
#
# Reads a kernel log; prints the start of every report of a bug in it (variable `lines`, default 40, lines
# each), and ends with 1 when there is one. A report goes on for as long as its lines follow each other.
BEGIN {
	if (!lines)
		lines = 40
	bug = "BUG: |WARNING: |UBSAN: |ODEBUG: |Oops|general protection fault|Kernel panic|" \
	      "DMA-API: .*(device driver|overlapping|cacheline)|INFO: (task|rcu|trying|possible)|" \
	      "unreferenced object|refcount_t: |list_(add|del) corruption|(soft|hard|workqueue) lockup|" \
	      "rcu: INFO|suspicious RCU|kmemleak: [1-9][0-9]* new|Call Trace:"
}
left > 0 { print; left--; if ($0 ~ bug) found = 1; next }
$0 ~ bug {
	if (n++)
		print "--"
	found = 1
	if (before != "")
		print before
	print
	left = lines
	before = ""
	next
}
{ before = $0 }
END { exit found }
