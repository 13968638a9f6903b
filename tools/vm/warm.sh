# SPDX-License-Identifier: MIT
#
# Sourced by loom-vm: warm starts. A guest that has loaded its module waits for a payload; its state
# then is saved as QEMU's migration stream, and later guests of the same kind start from there.

# What a state fits: the same QEMU, device, initramfs and machine.
warm_state() {
	key=$({
		echo "2 $qemu_version $base_key $kernel_args"
		machine_args
		[ "$device" = 0 ] || cksum <"$device_so"
	} | cksum | tr -d ' ')
	echo "$build/vm/warm-$key"
}

# Boots a guest up to where it waits, and saves it as $1.
save_state() {
	make_payload hold
	rm -f "$tmp/mon.in" "$tmp/mon.out" "$tmp/serial"
	mkfifo "$tmp/mon.in" "$tmp/mon.out"
	{
		machine_args
		run_args
		printf '%s\n' -chardev null,id=out -serial "file:$tmp/serial" \
			-chardev "pipe,id=mon,path=$tmp/mon" -mon chardev=mon,mode=readline
	} >"$tmp/args"
	qemu_start /dev/null
	cat "$tmp/mon.out" >"$tmp/mon.log" &
	cat_pid=$!

	until grep -q 'loom-vm: held' "$tmp/serial" 2>/dev/null; do
		kill -0 $qemu_pid 2>/dev/null || break
		sleep 0.05
	done
	if grep -q 'loom-vm: held' "$tmp/serial" 2>/dev/null; then
		printf '%s\n' 'migrate_set_parameter max-bandwidth 8G' \
			"migrate \"exec:cat > $1.new.$$\"" 'info migrate' quit >"$tmp/mon.in"
		wait $qemu_pid || true
	else
		kill $qemu_pid 2>/dev/null || true
	fi
	qemu_pid=
	kill $cat_pid 2>/dev/null || true
	cat_pid=
	if ! grep -q 'Migration status: completed' "$tmp/mon.log"; then
		cat "$tmp/stderr" >&2
		tail -n 20 "$tmp/serial" >&2 2>/dev/null || true
		return 1
	fi
	mv "$1.new.$$" "$1"
}
