#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Set-up tells a user who is not root exactly what root must do, and is silent where nothing is missing.
set -u
cd "$(dirname "$0")/../.."
. tests/shell/lib.sh

cat >"$scratch/list" <<'L'
# a package that is there, one that a command stands for, and one that no archive has
libc6                  -     the C library
no-such-package-a      sh    satisfied by a command
no-such-package-b      -     nothing provides it
L
chmod 755 "$scratch"
chmod 644 "$scratch/list"

# As another user where the test runs as root.
as_user() {
	if [ "$(id -u)" -eq 0 ]; then
		cp tools/setup/packages "$scratch/packages"
		LOOM_PACKAGES_LIST=$scratch/list setpriv --reuid=65534 --regid=65534 --clear-groups \
			"$scratch/packages" "$@"
	else
		LOOM_PACKAGES_LIST=$scratch/list tools/setup/packages "$@"
	fi
}

one_command() {
	refused '^  apt-get update && apt-get install -y --no-install-recommends no-such-package-b $' as_user "$@"
}

check 'a user is told the one command that root must run' one_command
check 'so is who only asks' one_command --check
sed -i '/package-b/d' "$scratch/list"
check 'nothing is said where nothing is missing' test -z "$(as_user 2>&1)"
check 'every package of the list has a reason' awk '!/^#/ && NF && NF < 3 { bad = 1 } END { exit bad }' \
	tools/setup/packages.list
refuse 'an unknown option is refused' 'unknown option' tools/setup/packages --frobnicate
done_testing
