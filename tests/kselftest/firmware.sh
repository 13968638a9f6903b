#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Firmware that is wrong is refused, with the reason in the kernel's log; the right one is taken again.
file=/lib/firmware/loom/loom_fw.bin
good=/tmp/loom_fw.good

skip() { echo "1..0 # SKIP $*"; exit 4; }

[ -e /sys/module/loom/refcnt ] || skip "the driver is not a loaded module"
[ -w "$file" ] || skip "$file cannot be changed"
cp "$file" "$good" || exit 1
# For ten seconds after a suspend the kernel hands out the images that it kept for it (firmware cache).
[ "$(cat /sys/power/suspend_stats/success 2>/dev/null || echo 0)" = 0 ] || sleep 12
trap 'cp "$good" "$file"; rmmod loom 2>/dev/null; modprobe loom' EXIT

size=$(wc -c <"$good")
last=$((size - 1))

# put OFFSET BYTES: overwrites bytes of the image, given in octal escapes
put() {
	printf "$2" | dd of="$file" bs=1 seek="$1" conv=notrunc 2>/dev/null
}
flip() { # OFFSET: another byte than the one that is there
	if [ "$(od -An -tu1 -j"$1" -N1 "$file" | tr -d ' ')" = 90 ]; then put "$1" '\133'; else put "$1" '\132'; fi
}

number=0 failed=0
# refused NAME PATTERN: the driver finds no device that it can use, and the log says why
refused() {
	number=$((number + 1))
	rmmod loom 2>/dev/null
	dmesg -c >/dev/null
	modprobe loom
	reason=$(dmesg | grep -E "loom .*$2")
	if [ -n "$reason" ] && ! ls /dev/accel/accel* >/dev/null 2>&1; then
		echo "ok $number $1"
	else
		echo "not ok $number $1"
		dmesg | sed 's/^/# /'
		failed=1
	fi
	cp "$good" "$file"
}

echo "TAP version 13"
v9=$(dirname "$0")/loom_fw_v9.bin
count=13
[ ! -e "$v9" ] || count=14
echo "1..$count"
flip $last;				refused "a flipped bit at the end" "corrupt \(SHA-256\)"
flip 200;				refused "a flipped bit in the middle" "corrupt \(SHA-256\)"
flip 70;				refused "a flipped bit of the digest" "corrupt \(SHA-256\)"
flip 0;					refused "another magic" "not a Loom firmware"
put 4 '\377\177';			refused "an unknown header version" "unknown format"
put 8 '\0\0\011\0';			refused "other hardware" "other hardware"
put 12 '\0\0\011\0';			refused "another protocol" "speaks protocol 9\.0, this driver 1\.[0-9]+: install"
put 16 '\377\377\377\377';		refused "an absurd length" "lengths disagree"
put 20 '\377\377\377\377';		refused "an absurd bss" "lengths disagree"
put 24 '\0\0\0\0';			refused "an entry point elsewhere" "entry point"
head -c $((size - 4)) "$good" >"$file";	refused "a truncated payload" "lengths disagree"
head -c 100 "$good" >"$file";		refused "a truncated header" "100 bytes cannot be right"
rm "$file";				refused "no firmware" "was not found"
[ ! -e "$v9" ] || {
	cp "$v9" "$file";		refused "another protocol in HELLO only" "speaks protocol 9\.0, this driver 1\.[0-9]+: install"
}
exit $failed
