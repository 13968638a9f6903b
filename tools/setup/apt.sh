# SPDX-License-Identifier: MIT
#
# Sourced by the fetch scripts: the cache, and reading packages of any suite with an apt state of
# our own, so that the system's apt configuration is neither changed nor needed to list the suite.

LOOM_CACHE=${LOOM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/loom}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "fetch: $*"; }
die() { echo "fetch: $*" >&2; exit 1; }

codename=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
case $codename in
bookworm) backports=bookworm-backports ;;
trixie)	  backports= ;;
*)	  die "Debian 12 (bookworm) or 13 (trixie) is needed; this is '${codename:-unknown}'" ;;
esac

mkdir -p "$LOOM_CACHE" || die "cannot create the cache $LOOM_CACHE (set LOOM_CACHE to a writable place)"
work=$(mktemp -d "$LOOM_CACHE/.tmp.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

# Where the system gets suite $1 from; nothing when it does not. Read from its sources themselves, as apt
# tells only of those whose lists it has.
configured_uri() {
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -r "$file" ] || sed -n 's/^deb[[:space:]]*\(\[[^]]*\]\)*[[:space:]]*//p' "$file"
	done | awk -v s="$1" '$2 == s { print $1; exit }' >"$work/uri"
	for file in /etc/apt/sources.list.d/*.sources; do
		[ ! -r "$file" ] || { cat "$file"; echo; }
	done | awk -v s="$1" '
		/^$/		{ uri = ""; found = 0 }
		/^URIs:/	{ uri = $2 }
		/^Suites:/	{ for (i = 2; i <= NF; i++) if ($i == s) found = 1 }
		found && uri	{ print uri; exit }' >>"$work/uri"
	head -n 1 "$work/uri"
}

source_entry() { # URI SUITES
	cat <<-ENTRY
	Types: $types
	URIs: $1
	Suites: $2
	Components: main
	Signed-By: $KEYRING

	ENTRY
}

# Has packages, and sources where $3 is not "deb", read from suites $2 from here on, by an apt state of their
# own, $1.
apt_suites() {
	apt_dir=$LOOM_CACHE/$1
	suites=$2
	types=${3-deb deb-src}
	apt_opts="-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$apt_dir/sources.d
	-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=$apt_dir/none
	-o Dir::State::lists=$apt_dir/lists -o Dir::Cache=$apt_dir/cache
	-o Acquire::Languages=none -o Acquire::Retries=3
	-o APT::Sandbox::User=root -o Debug::NoLocking=1 -q"
}
apt_suites apt "$codename $backports"

# The options never hold a blank inside one word but where the cache's path does.
case $LOOM_CACHE in *[[:space:]]*) die "the cache's path must not contain blanks: $LOOM_CACHE" ;; esac
# shellcheck disable=SC2086
aptget() { apt-get $apt_opts "$@"; }
# shellcheck disable=SC2086
aptcache() { apt-cache $apt_opts "$@"; }

# Reads the package lists, once a run of the calling script.
apt_update() {
	[ -z "${apt_updated-}" ] || return 0
	[ -r "$KEYRING" ] || die "$KEYRING is missing: install debian-archive-keyring"
	uri=${LOOM_MIRROR:-$(configured_uri "$codename")}
	[ -n "$uri" ] || die "no mirror of $codename in the system's apt sources; set LOOM_MIRROR to one"
	security=
	[ "${suites%% *}" != "$codename" ] || security=$(configured_uri "$codename-security")

	mkdir -p "$apt_dir/sources.d" "$apt_dir/none" "$apt_dir/lists/partial" \
		"$apt_dir/cache/archives/partial"
	{
		source_entry "$uri" "$suites"
		[ -z "$security" ] || source_entry "$security" "$codename-security"
	} >"$apt_dir/sources.d/loom.sources"
	say "reading package lists of $suites"
	aptget update || die "cannot read the package lists from $uri (set LOOM_MIRROR to another mirror)"
	apt_updated=1
}

# Downloads packages (NAME, NAME=VERSION or NAME/SUITE) into the working directory.
apt_download() {
	aptget download "$@" || die "cannot download: $* (is the mirror reachable, and is there" \
		"space in $(pwd)?)"
}

# The version of the source package of kernel release $1; else the newest of its series.
kernel_source_version() {
	wanted=${1%%+*} wanted=${wanted%%-*}
	aptcache show "linux-source-${wanted%.*}" 2>/dev/null | sed -n 's/^Version: //p' | sort -Vr |
		awk -v v="$wanted-" 'index($0, v) == 1 { print; next } { rest[++n] = $0 }
			END { for (i = 1; i <= n; i++) print rest[i] }' | head -n 1
}

# Downloads the source package of kernel release $1 to the working directory.
kernel_source_download() {
	apt_update
	source_version=$(kernel_source_version "$1")
	[ -n "$source_version" ] || die "the archive has no source package of kernel $1"
	source_series=$(echo "$source_version" | cut -d. -f1,2)
	say "fetching linux-source-$source_series $source_version (150 MB)"
	(cd "$work" && apt_download "linux-source-$source_series=$source_version")
}

# Unpacks it to folder $1; of it only the paths that follow, where there are any.
kernel_source_unpack() {
	unpack_to=$1
	shift
	for path; do
		set -- "$@" "linux-source-$source_series/$path"
		shift
	done
	dpkg-deb --fsys-tarfile "$work"/linux-source-*.deb | tar -xO "./usr/src/linux-source-$source_series.tar.xz" |
		xz -dc | tar -x --strip-components=1 -C "$unpack_to" "$@" || die "cannot unpack the kernel's source"
}

# Puts directory $1 in the place $2, replacing what is there.
publish() {
	mkdir -p "$(dirname "$2")"
	[ ! -e "$2" ] || mv "$2" "$work/old.$$"
	mv "$1" "$2"
}
