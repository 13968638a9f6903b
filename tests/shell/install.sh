#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `make install` into a staging folder: a program built against what is installed there runs.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh
stage=$scratch/stage
mkdir "$stage"

cat >"$stage/program.c" <<'C'
#include <accel/accel.h>
#include <loom/isa.h>
#include <stdio.h>

int main(void)
{
	struct accel_device *dev;

	if (accel_open("sim:array=16", &dev)) {
		puts(accel_errmsg());
		return 1;
	}
	accel_close(dev);
	return 0;
}
C

check 'installs' make --no-print-directory B="$B" DESTDIR="$stage" prefix=/usr install
for file in usr/bin/accel usr/lib/libaccel.so.0 usr/include/accel/accel.h usr/include/loom/isa.h \
	usr/share/man/man1/accel.1 lib/firmware/loom/loom_fw.bin usr/lib/udev/rules.d/70-loom.rules; do
	check "$file is there" test -s "$stage/$file"
done
flags=$(PKG_CONFIG_PATH=$stage/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage pkg-config --cflags --libs accel)
# shellcheck disable=SC2086 # one word a flag
check 'a program builds with pkg-config' gcc -o "$stage/program" "$stage/program.c" $flags
check 'and runs' env LD_LIBRARY_PATH="$stage/usr/lib" "$stage/program"
check 'the tool runs from there' env LD_LIBRARY_PATH="$stage/usr/lib" "$stage/usr/bin/accel" --help
done_testing
