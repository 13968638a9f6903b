#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The demonstration shows what it claims: pictures, answers, accuracies, figures, and an exit status.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh
out=$scratch

LOOM_DRAW=ascii tools/demo/demo --out "$out" >"$out/log" 2>&1
status=$?
[ $status -eq 0 ] || sed 's/^/# /' "$out/log"
check 'exit status 0' test $status -eq 0
check 'every accuracy claim holds, and each is checked' test "$(grep -c '^ok  ' "$out/log")" -eq 4
check 'pictures with answers' grep -q '[0-9] ([0-9]* %) right' "$out/log"
check 'cycles and utilisation of the NPU' grep -qE '^cnn +int8 +npu +[0-9.]+ % +[0-9]+ +[1-9][0-9]* +[0-9.]+ %' "$out/log"
check 'figures as JSON' python3 -c "
import json, sys
rows = json.load(open('$out/digits.json'))
assert sum(r['device'] == 'npu' for r in rows) == 6
assert all(r['count'] == 1000 for r in rows if r['device'] == 'npu')"
done_testing
