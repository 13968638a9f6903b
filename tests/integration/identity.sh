#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The outputs of drm and sim are byte-identical: every network, precision and array size, 1 and 4 cores.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh
data=${LOOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loom}/digits
dir=$scratch
digits=16
arrays='8 16 32 64 128'
precisions='fp32 fp16 bf16 int8'

# compile ARRAY: every network in every precision
compile() {
	mkdir -p "$dir/$1"
	for network in mlp cnn; do
		for precision in $precisions; do
			"$B/accel" compile "models/digits-$network.onnx" --device "sim:array=$1" \
				--precision $precision --calib "$data/train-images-idx3-ubyte" \
				-o "$dir/$1/$network-$precision.elf" || return
		done
	done
}

on_sim() { # ARRAY
	compile "$1" && "$B/tests/outputs" "sim:array=$1" "$data" $digits 1 "$dir/$1.sim" "$dir/$1"/*.elf
}

on_drm() { # ARRAY CORES
	rm -rf "$dir/out"
	tools/vm/loom-vm --array "$1" --cores "$2" --out "$dir/out" --payload "$B/tests/outputs" \
		--payload "$dir/$1:/loom/programs" --payload "$data" \
		--cmd "outputs drm digits $digits $2 out/drm programs/*.elf" && cmp "$dir/out/drm" "$dir/$1.sim"
}

same_everywhere() {
	for array in $arrays; do
		cmp "$dir/8.sim" "$dir/$array.sim" || return
	done
}

for array in $arrays; do
	check "array $array: compiled, and run on sim" on_sim "$array"
	for cores in 1 4; do
		check "array $array, $cores core(s): drm gives the bytes of sim" on_drm "$array" $cores
	done
done
# The array size is no part of the arithmetic: nor may it be of the results.
check 'every array size gives the same bytes' same_everywhere
done_testing
