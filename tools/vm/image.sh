# SPDX-License-Identifier: MIT
#
# Sourced by loom-vm: the initramfs, which has busybox, the modules, the firmware and init. It is made
# again only when one of them has changed.

base_inputs() {
	echo "$here/init" "$here/image.sh" "$(command -v busybox)" "$kernel/stamp"
	[ "$module" = 0 ] || echo "$loom_ko" "$loom_fw"
}

# Sets $initramfs and $base_key.
base_image() {
	# shellcheck disable=SC2046 # names of the project and of commands
	base_key=$(cat $(base_inputs) | cksum | tr -d ' ')
	initramfs=$build/vm/base-$base_key.cpio
	[ ! -s "$initramfs" ] || return 0
	root=$tmp/base
	modules=$root/lib/modules/$release
	mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$modules"
	ln -s bin "$root/sbin"
	cp "$(command -v busybox)" "$root/bin/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
	done
	cp "$here/init" "$root/init"
	cp "$kernel/modules"/*.ko "$modules/"
	sed '/^#/d' "$here/modules.list" | while read -r name; do
		[ ! -e "$modules/$name.ko" ] || echo "$name"
	done >"$root/lib/modules/load"
	if [ "$module" = 1 ]; then
		strip --strip-debug -o "$modules/loom.ko" "$loom_ko"
		mkdir -p "$root/lib/firmware/loom"
		cp "$loom_fw" "$root/lib/firmware/loom/loom_fw.bin"
	fi
	busybox depmod -b "$root" "$release" || die "depmod failed"
	(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$initramfs.new.$$" ||
		die "cannot pack the initramfs"
	mv "$initramfs.new.$$" "$initramfs"
	rm -rf "$root"
	keep_newest base
}
