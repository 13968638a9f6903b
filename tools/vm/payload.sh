# SPDX-License-Identifier: MIT
#
# Sourced by loom-vm: what goes into a guest and comes out of it. The payload disk is one sector of
# text followed by a tar archive in blocks of 64 KiB; the result disk is a tar archive. Both are sparse files.

disk_size=2G
stage=$tmp/stage

# stage_payload SRC[:DEST]: DEST is a path in the guest, by default /loom/<name of SRC>. A folder is
# taken with all that it has.
stage_payload() {
	case $1 in
	*:*) src=${1%:*} dst=${1##*:} ;;
	*)   src=$1 dst=/loom/$(basename "$1") ;;
	esac
	[ -r "$src" ] || die "payload '$src' does not exist or cannot be read"
	src=$(readlink -f "$src")
	if [ -d "$src" ]; then
		# Folders are made and only files linked: nothing staged later may fall into SRC.
		mkdir -p "$stage$dst"
		cp -rsf "$src/." "$stage$dst"
	else
		mkdir -p "$stage$(dirname "$dst")"
		ln -sfn "$src" "$stage$dst"
	fi
}

# Shared libraries of everything staged that is an executable or a library, in /loom/lib by soname;
# the loader where programs expect it.
stage_libraries() {
	find -L "$stage" -type f \( -perm /111 -o -name '*.so' -o -name '*.so.*' \) |
		while read -r file; do
			[ "$(head -c 4 "$file" | tail -c 3)" != ELF ] || readlink -f "$file" # so that $ORIGIN is where it was built
		done >"$tmp/elf"
	[ -s "$tmp/elf" ] || return 0
	tr '\n' '\0' <"$tmp/elf" | xargs -0 ldd >"$tmp/ldd" 2>/dev/null || true
	if grep -q 'not found' "$tmp/ldd"; then
		grep 'not found' "$tmp/ldd" | sort -u >&2
		die "the payload needs libraries that are not there (see above)"
	fi
	mkdir -p "$stage/loom/lib"
	sed -n 's/^[[:space:]]*\([^ ]*\) => \(\/[^ ]*\) .*/\1 \2/p' "$tmp/ldd" | sort -u |
		while read -r soname path; do
			[ -e "$stage/loom/lib/$soname" ] || ln -s "$path" "$stage/loom/lib/$soname"
		done
	sed -n 's/^[[:space:]]*\(\/[^ ]*\/ld-[^ ]*\) .*/\1/p' "$tmp/ldd" | sort -u |
		while read -r loader; do
			mkdir -p "$stage$(dirname "$loader")"
			ln -sf "$loader" "$stage$loader"
		done
}

# make_payload ORDER: the payload disk that tells the guest ORDER (run, shell or hold).
make_payload() {
	payload=$tmp/payload.img
	: >"$tmp/archive"
	if [ "$1" != hold ]; then
		mkdir -p "$stage/loom"
		printf '%s\n' "$command" >"$stage/loom/.command"
		stage_libraries
		tar -c -h -f "$tmp/archive" -b 128 --owner=0 --group=0 -C "$stage" . ||
			die "cannot pack the payload"
	fi
	blocks=$(($(stat -c %s "$tmp/archive") / 65536))
	printf '%s\nnow=%s\nblocks=%s\n' "$1" "$(date +%s)" $blocks >"$payload"
	truncate -s 512 "$payload"
	cat "$tmp/archive" >>"$payload"
	rm "$tmp/archive"
	truncate -s "%$disk_size" "$payload" # up to a whole multiple
	[ "$(stat -c %s "$payload")" -eq "$(disk_bytes)" ] || die "the payload is larger than $disk_size"
	result=$tmp/result.img
	truncate -s "$disk_size" "$result"
}

disk_bytes() { echo $((${disk_size%G} << 30)); }

# Takes the results apart: $status, the folder asked for with --out, the kernel's log. Fails where
# the guest ended without writing any.
take_results() {
	mkdir -p "$tmp/result"
	tar -x -f "$result" -C "$tmp/result" --no-same-owner 2>/dev/null || return 1
	status=$(cat "$tmp/result/.status" 2>/dev/null) || return 1
	[ -z "$dmesg_file" ] || cp "$tmp/result/.dmesg" "$dmesg_file"
	[ -z "$out_dir" ] || { mkdir -p "$out_dir" && cp -r "$tmp/result/out/." "$out_dir"; }
}
