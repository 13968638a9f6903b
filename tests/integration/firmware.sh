#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Firmware that must not run is refused by name, for its reason, and the guest lives on: a good image placed
# afterwards works.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh
good=$B/firmware/loom_fw.bin
images=$scratch/images
mkdir "$images"

# damage NAME OFFSET BYTES: a copy of the image with BYTES (octal escapes) at OFFSET
damage() {
	cp "$good" "$images/$1.bin"
	# shellcheck disable=SC2059 # escapes are meant
	printf "$3" | dd of="$images/$1.bin" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# Offsets are those of struct loom_fw_hdr in uapi/loom/fw.h.
flipped=$(dd if="$good" bs=1 skip=200 count=1 2>/dev/null | od -An -to1 | tr -d ' ')
damage payload 200 "\\$(printf %03o $((0$flipped ^ 1)))"
damage magic 0 'X'
damage header-version 4 '\011'
damage revision 10 '\011'
damage length 16 '\377\377\377'
damage entry 24 '\003'
head -c 1000 "$good" >"$images/truncated.bin"
head -c 64 "$good" >"$images/short.bin"
: >"$images/empty.bin"
cp "$good" "$images/good.bin"

cat >"$scratch/try" <<'SH'
# Tries every image in turn; leaves a log a try.
mkdir -p /lib/firmware/loom out
for image in payload magic header-version revision length entry truncated short empty good; do
	dmesg -c >/dev/null
	cp images/$image.bin /lib/firmware/loom/loom_fw.bin
	insmod /lib/modules/*/loom.ko 2>/dev/null
	{
		dmesg
		[ -e /dev/accel/accel0 ] && echo 'node: yes' || echo 'node: no'
	} >out/$image.log
	rmmod loom
done
SH
check 'a guest tries every image' tools/vm/loom-vm --no-module --out "$scratch" \
	--payload "$images" --payload "$scratch/try" --cmd 'sh ./try'

# refused_for IMAGE REASON
refused_for() {
	grep -q "firmware loom/loom_fw.bin was refused: .*$2" "$scratch/$1.log" &&
		grep -q 'node: no' "$scratch/$1.log" && ! grep -qE 'BUG|WARNING|Oops' "$scratch/$1.log" ||
		{ cat "$scratch/$1.log"; false; }
}
check 'a flipped bit is found' refused_for payload 'SHA-256'
check 'no firmware at all' refused_for magic 'not a Loom'
check 'another version of the header' refused_for header-version 'other hardware, or of an unknown format'
check 'an image for other hardware' refused_for revision 'other hardware'
check 'lengths that disagree' refused_for length length
check 'an entry point that is none' refused_for entry entry
check 'a truncated image' refused_for truncated length
check 'less than a header' refused_for short 'bytes'
check 'an empty file is no firmware' grep -q 'firmware loom/loom_fw.bin was not found' "$scratch/empty.log"
check 'the right image works then' grep -q 'node: yes' "$scratch/good.log"
done_testing
