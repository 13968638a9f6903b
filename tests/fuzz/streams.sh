#!/bin/sh
# SPDX-License-Identifier: MIT
#
# streams.sh PROGRAM FOLDER DESCRIPTORS SEED - that many random descriptors against the reference, by two processes with
# seeds of their own. Where each of them is is kept in FOLDER: called again, it goes on from there.
set -u

program=$1
folder=$2
mkdir -p "$folder" || exit 1
pids=
trap 'kill $pids 2>/dev/null; exit 130' HUP INT TERM

for half in 1 2; do
	LOOM_FUZZ_STATE=$folder/streams-$half LOOM_FUZZ_DESCRIPTORS=$((($3 + 1) / 2)) \
		LOOM_FUZZ_SEED=$(($4 + (half - 1) * 1000000000000)) "$program" >"$folder/streams-$half.log" &
	pids="$pids $!"
done
failed=0
for pid in $pids; do
	wait "$pid" || failed=1
done
cat "$folder"/streams-[12].log
awk '{ n += $2 } END { printf "# %d descriptors in all\n", n }' "$folder"/streams-[12]
exit $failed
