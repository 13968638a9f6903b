#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What users get wrong or what gets damaged: each gives the right exit code and a message that names the cause,
# on the host and, where the driver has a say, in a guest.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh
accel=$B/accel
model=models/digits-mlp.onnx

# gives CODE PATTERN COMMAND...: exit code and message
gives() {
	gives_code=$1 gives_pattern=$2
	shift 2
	"$@" >"$scratch/out" 2>&1
	gives_status=$?
	cat "$scratch/out"
	[ $gives_status -eq "$gives_code" ] || { echo "exit code $gives_status, not $gives_code"; return 1; }
	grep -q -e "$gives_pattern" "$scratch/out" || { echo "the message lacks '$gives_pattern'"; return 1; }
}

check 'a program for an array of 16' "$accel" compile $model --device sim:array=16 -o "$scratch/16.elf"
check 'a program for an array of 32' "$accel" compile $model --device sim -o "$scratch/32.elf"
check 'another geometry: both are named' gives 1 'array of 16 x 16.*array of 32 x 32' \
	"$accel" run "$scratch/16.elf" --device sim

head -c 5000 $model >"$scratch/truncated.onnx"
check 'a truncated model' gives 4 'truncated or corrupt' "$accel" run "$scratch/truncated.onnx" --device sim
head -c 3000 "$scratch/32.elf" >"$scratch/truncated.elf"
check 'a truncated program' gives 4 'damaged' "$accel" run "$scratch/truncated.elf" --device sim
cp "$scratch/32.elf" "$scratch/flipped.elf"
printf '\377' | dd of="$scratch/flipped.elf" bs=1 seek=9000 conv=notrunc 2>/dev/null
check 'a program with a flipped byte' gives 4 'damaged' "$accel" run "$scratch/flipped.elf" --device sim
check 'no such model' gives 4 'No such file' "$accel" run "$scratch/none.onnx" --device sim
LC_ALL=C sed 's/Relu/Rolu/g' $model >"$scratch/unknown.onnx"
check 'an operator that is not supported is named, with its node' gives 4 "Rolu node '.*not supported" \
	"$accel" compile "$scratch/unknown.onnx" --device sim
check 'an array of an impossible size' gives 2 'array_dim must be' "$accel" run $model --device sim:array=33
check 'int8 without samples' gives 1 'calibration data' "$accel" run $model --device sim --precision int8
check 'a command that is not built says so' gives 1 'not built' "$accel" train
check 'a command that does not exist' gives 2 'no command' "$accel" frobnicate

# A guest has the node; and a user who may not open it.
cat >"$scratch/guest" <<'SH'
echo "user:x:1000:1000::/tmp:/bin/sh" >>/etc/passwd
chmod 600 /dev/accel/accel0
chmod 755 /loom /loom/lib
run() { # NAME COMMAND
	eval "$2" >out/$1 2>&1
	echo "exit $?" >>out/$1
}
run forbidden 'su user -c "LD_LIBRARY_PATH=/loom/lib /loom/accel run /loom/32.elf --device /dev/accel/accel0"'
run doctor-forbidden 'su user -c "LD_LIBRARY_PATH=/loom/lib /loom/accel doctor"'
run missing 'accel run 32.elf --device /dev/accel/accel9'
run geometry 'accel run 16.elf --device drm'
run good 'accel run 32.elf --device drm'
rmmod loom
run unloaded 'accel run 32.elf --device drm'
run doctor-unloaded 'accel doctor'
SH
mkdir "$scratch/result"
check 'a guest' tools/vm/loom-vm --out "$scratch/result" --payload "$accel" --payload "$scratch/guest" \
	--payload "$scratch/16.elf" --payload "$scratch/32.elf" --cmd 'mkdir -p /etc; sh ./guest'

# said NAME CODE PATTERN: what the guest's command NAME printed
said() {
	cat "$scratch/result/$1" && grep -q "^exit $2\$" "$scratch/result/$1" && grep -q -e "$3" "$scratch/result/$1"
}
check 'a forbidden node: that it is permission, and what to do' said forbidden 3 'permission\|not allowed\|may not'
check 'the doctor says so too' said doctor-forbidden 3 'permission\|not allowed\|may not'
check 'a missing node: that it is missing, and what to do' said missing 3 'no such device.*modprobe loom'
check 'another geometry, on the device' said geometry 1 'array of 16 x 16.*array of 32 x 32'
check 'the right program runs' said good 0 ''
check 'no module loaded' said unloaded 3 'modprobe loom'
check 'the doctor says so too' said doctor-unloaded 3 'module'
done_testing
