#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The outputs of drm and sim are byte-identical: every network, precision and array size, 1 and 4 cores.
set -u
cd "$(dirname "$0")/../.."
build=${B:-build}
data=${LOOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loom}/digits
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
digits=16
arrays='8 16 32 64 128'
precisions='fp32 fp16 bf16 int8'

echo 1..11
n=0
result() { # STATUS TEXT
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

# compile ARRAY: every network in every precision
compile() {
	mkdir -p "$dir/$1"
	for network in mlp cnn; do
		for precision in $precisions; do
			"$build/accel" compile "models/digits-$network.onnx" --device "sim:array=$1" \
				--precision $precision --calib "$data/train-images-idx3-ubyte" \
				-o "$dir/$1/$network-$precision.elf" >"$dir/log" 2>&1 || { sed 's/^/# /' "$dir/log"; return 1; }
		done
	done
}

for array in $arrays; do
	compile "$array" && "$build/tests/outputs" "sim:array=$array" "$data" $digits 1 "$dir/$array.sim" "$dir/$array"/*.elf
	compiled=$?
	for cores in 1 4; do
		status=$compiled
		[ $status -ne 0 ] || tools/vm/loom-vm --array "$array" --cores $cores --out "$dir/out" \
			--payload "$build/tests/outputs" --payload "$dir/$array:/loom/programs" --payload "$data" \
			--cmd "outputs drm digits $digits $cores out/drm programs/*.elf" >"$dir/log" 2>&1 &&
			cmp "$dir/out/drm" "$dir/$array.sim" >>"$dir/log" 2>&1
		status=$?
		[ $status -eq 0 ] || sed 's/^/# /' "$dir/log"
		result $status "array $array, $cores core(s): drm and sim give the same bytes"
		rm -rf "$dir/out"
	done
done

# The array size is no part of the arithmetic: nor may it be of the results.
status=0
for array in $arrays; do
	cmp "$dir/8.sim" "$dir/$array.sim" || status=1
done
result $status "every array size gives the same bytes"
