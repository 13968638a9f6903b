#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The command accel: what its subcommands print, and what they exit with.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh

accel=$B/accel
data=${LOOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loom}/digits
program=$scratch/cnn.elf

# exits CODE COMMAND... - it ends with that exit code
exits() {
	exits_want=$1
	shift
	"$@" >"$scratch/exits.out" 2>&1
	exits_got=$?
	[ $exits_got -eq "$exits_want" ] && return
	echo "exit code $exits_got, not $exits_want: $*"
	cat "$scratch/exits.out"
	return 1
}

# prints PATTERN COMMAND... - it succeeds and prints the pattern
prints() {
	prints_want=$1
	shift
	"$@" >"$scratch/prints.out" 2>&1 && grep -q -e "$prints_want" "$scratch/prints.out" && return
	echo "no '$prints_want' from: $*"
	head -n 20 "$scratch/prints.out"
	return 1
}

for command in run compile dis bench compare trace smi doctor; do
	check "$command --help" prints "usage: accel $command" "$accel" $command --help
done
check 'no command is a usage error' exits 2 "$accel"
check 'an unknown command is a usage error' exits 2 "$accel" fly
check 'an unknown option is a usage error' exits 2 "$accel" run --fly model.onnx
check 'what is not built says so' exits 1 "$accel" train

check 'compile prints where nodes run' prints '^NPU  Conv' "$accel" compile models/digits-cnn.onnx --device sim \
	--precision fp16 -o "$program"
check 'compile prints cycles of a node' prints '^NPU  Gemm .*([1-9][0-9]* cycles; ' "$accel" compile models/digits-cnn.onnx --device sim
check 'and how it is emitted' prints '^NPU  Conv .*; .*streamed' "$accel" compile models/digits-cnn.onnx \
	--device sim --precision int8 --calib "$data/train-images-idx3-ubyte"
check 'compile prints the memory plan' prints 'activations peak [1-9][0-9]* bytes, lower bound [1-9]' "$accel" compile models/digits-cnn.onnx --device sim
check 'and in JSON' prints '"activations_lower_bound": [1-9]' "$accel" compile models/digits-cnn.onnx --device sim --json
check 'compile --json' prints '"npu": true' "$accel" compile models/digits-cnn.onnx --device sim --json
check 'run prints probabilities' prints '^probabilities: ' "$accel" run "$program" --device sim
check 'run --json' prints '"cycles": [1-9]' "$accel" run "$program" --device sim --json
check 'dis names nodes and operations' prints 'mxu    conv' "$accel" dis "$program"
check 'bench' prints 'runs a second' "$accel" bench "$program" --device sim --runs 5
check 'bench of several at once' prints '20 runs, 4 at once' "$accel" bench "$program" --device sim:cores=2 --runs 20 \
	--concurrency 4
check 'bench for a time' prints '"runs_per_s": [1-9]' "$accel" bench "$program" --device sim+sim --duration 1 \
	--concurrency 3 --json
check 'bench of merged requests' prints '12 runs, 6 at once' "$accel" bench models/digits-cnn.onnx --device sim --batch 4 \
	--runs 12 --concurrency 6 --merge-delay 1000
digits="--calib $data/train-images-idx3-ubyte --input $data/test-images-idx3-ubyte --sample 3"
check 'compare names the node where an error enters' prints '^an error of more than 1e-06 enters first at Conv' \
	sh -c '"$0" compare models/digits-cnn.onnx --device sim --precision int8 --tolerance 1e-6 '"$digits; [ \$? -eq 1 ]" "$accel"
check 'compare of fp32 finds none' prints '^no node adds an error of more than 0.0001' "$accel" compare \
	models/digits-cnn.onnx --device sim $digits
check 'compare --json' prints '"sqnr_db": [1-9]' "$accel" compare models/digits-cnn.onnx --device sim --precision fp16 \
	$digits --json
check 'compare of a sample that is not there is refused' exits 4 "$accel" compare models/digits-cnn.onnx --device sim \
	--input "$data/test-images-idx3-ubyte" --sample 1000000
check 'trace' prints 'descriptors, [1-9][0-9]* cycles' "$accel" trace "$program" --device sim -o "$scratch/trace.json"
check 'has events of every engine' sh -c 'for e in ctrl dmain mxu vpu dmaout; do grep -q "core 0 $e" "$1" || exit 1; done' - \
	"$scratch/trace.json"
check 'names nodes' grep -q '"node":"Conv' "$scratch/trace.json"
check 'trace says what cannot be written' exits 1 "$accel" trace "$program" --device sim -o "$scratch/none/trace.json"
check 'no trace for the CPU' exits 1 "$accel" trace models/digits-mlp.onnx --device cpu -o "$scratch/cpu.json"
cached() { LOOM_CACHE=$scratch/cache LOOM_PROGRAM_CACHE=$1 "$accel" run models/digits-mlp.onnx --device sim; }
cached off >"$scratch/first" 2>&1
check 'programs are not kept when that is off' test ! -e "$scratch/cache"
cached 100 >"$scratch/second" 2>&1
check 'a program is kept' sh -c '[ "$(ls "$1"/cache/programs | wc -l)" = 1 ]' - "$scratch"
cached 100 >"$scratch/third" 2>&1
check 'and gives the same answer' sh -c 'cd "$1" && cmp first second && cmp first third && grep -q probabilities third' - \
	"$scratch"
check 'int8 with calibration' prints 'on the NPU' "$accel" compile models/digits-mlp.onnx --device sim \
	--precision int8 --calib "$data/train-images-idx3-ubyte"
mkdir "$scratch/samples"
head -c $((16 + 28 * 28 * 10)) "$data/train-images-idx3-ubyte" | tail -c +17 >"$scratch/pixels"
for i in 1 2; do
	{ printf '\000\000\010\003\000\000\000\012\000\000\000\034\000\000\000\034'; cat "$scratch/pixels"; } >"$scratch/samples/$i.idx"
done
for method in minmax percentile percentile:99.9 entropy mse; do
	check "int8 with a folder of samples, $method" prints 'on the NPU' "$accel" compile models/digits-cnn.onnx --device sim \
		--precision int8 --calib "$scratch/samples" --calib-method $method
done
check 'an unknown method is a usage error' exits 2 "$accel" compile models/digits-cnn.onnx --calib-method guess
mkdir -p "$scratch/sets/test_data_set_0" "$scratch/sets/test_data_set_1"
for i in 0 1; do
	cp "$scratch/samples/1.idx" "$scratch/sets/test_data_set_$i/input_0.idx"
	echo no sample >"$scratch/sets/test_data_set_$i/output_0.pb"
	echo no sample >"$scratch/sets/test_data_set_$i/input_1.pb"
done
check 'folders of test data: the first input counts' prints 'on the NPU' "$accel" compile models/digits-cnn.onnx --device sim \
	--precision int8 --calib "$scratch/sets"
echo hello >"$scratch/samples/3.txt"
check 'a file that has no samples is refused' exits 4 "$accel" compile models/digits-cnn.onnx --device sim --precision int8 \
	--calib "$scratch/samples"
gemm=$("$accel" compile models/digits-cnn.onnx --device sim | sed -n 's/^NPU  Gemm *\([^ ]*\).*/\1/p' | head -n 1)
check 'a node in another precision' prints 'NPU  Clip' "$accel" compile models/digits-cnn.onnx --device sim --precision fp16 \
	--node-precision "$gemm=fp32"
echo "$gemm=fp32" >"$scratch/precisions"
check 'the same from a file' prints 'NPU  Clip' "$accel" compile models/digits-cnn.onnx --device sim --precision fp16 \
	--node-precision "@$scratch/precisions"
check 'a node in int8' prints 'NPU  Clip' "$accel" compile models/digits-cnn.onnx --device sim --precision fp16 \
	--node-precision "$gemm=int8" --calib "$scratch/samples/1.idx"
check 'which needs samples' refused 'calibration data' "$accel" compile models/digits-cnn.onnx --device sim \
	--node-precision "$gemm=int8"
check 'a node that is not there is named' refused "'nobody'" "$accel" compile models/digits-cnn.onnx --node-precision nobody=fp32
check 'pruning says what it does' prints '^accuracy: pruned to 2:4.* of 20 samples' "$accel" compile models/digits-cnn.onnx \
	--device sim --prune 2:4 --calib "$data/train-images-idx3-ubyte" --calib-count 20
check 'and makes fewer cycles' sh -c 'dense=$("$@" | sed -n "s/^about \([0-9]*\) .*/\1/p"); pruned=$("$@" --prune 2:4 |
	sed -n "s/^about \([0-9]*\) .*/\1/p"); [ "$pruned" -lt $((dense * 3 / 4)) ]' - "$accel" compile models/digits-mlp.onnx --device sim
check 'accuracy by labels' prints '^accuracy: as it is.* 98[0-9] of 1000 right' "$accel" compile models/digits-mlp.onnx --device sim \
	--prune 2:4 --eval "$data/test-images-idx3-ubyte" --labels "$data/test-labels-idx1-ubyte"
check 'accuracy in JSON' prints '"right": 9[0-9]' "$accel" compile models/digits-mlp.onnx --device sim --json --precision fp16 \
	--eval "$data/test-images-idx3-ubyte" --labels "$data/test-labels-idx1-ubyte" --eval-count 100
check 'labels without samples are a usage error' exits 2 "$accel" compile models/digits-mlp.onnx --labels "$data/test-labels-idx1-ubyte"
check 'too few labels are refused' exits 4 "$accel" compile models/digits-mlp.onnx --device sim \
	--eval "$data/train-images-idx3-ubyte" --labels "$data/test-labels-idx1-ubyte"
check 'image options are checked' exits 2 "$accel" compile models/digits-mlp.onnx --image-std 0
check 'another pruning is a usage error' exits 2 "$accel" compile models/digits-cnn.onnx --prune 1:4
check 'run over a file of digits' "$accel" run "$program" --device sim --input "$data/test-images-idx3-ubyte" \
	--output "$scratch/out.npy"
check 'writes the answers of all 1,000' test "$(wc -c <"$scratch/out.npy")" -gt 40000

check 'another geometry is refused' exits 1 "$accel" run "$program" --device sim:array=8
head -c 5000 "$program" >"$scratch/cut.elf"
check 'a truncated program is refused' exits 4 "$accel" run "$scratch/cut.elf" --device sim
head -c 5000 models/digits-cnn.onnx >"$scratch/cut.onnx"
check 'a truncated model is refused' exits 4 "$accel" run "$scratch/cut.onnx" --device sim
check 'a missing model is refused' exits 4 "$accel" run "$scratch/none.onnx" --device sim
check 'a missing node is no device' exits 3 "$accel" run "$program" --device /dev/accel/accel63
check 'input of a wrong size is refused' exits 4 "$accel" run "$program" --device sim --input "$scratch/cut.elf"
done_testing
