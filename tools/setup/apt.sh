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

apt_dir=$LOOM_CACHE/apt

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
	Types: deb deb-src
	URIs: $1
	Suites: $2
	Components: main
	Signed-By: $KEYRING

	ENTRY
}

apt_opts="-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$apt_dir/sources.d
	-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=$apt_dir/none
	-o Dir::State::lists=$apt_dir/lists -o Dir::Cache=$apt_dir/cache
	-o Acquire::Languages=none -o Acquire::Retries=3
	-o APT::Sandbox::User=root -o Debug::NoLocking=1 -q"

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
	security=$(configured_uri "$codename-security")

	mkdir -p "$apt_dir/sources.d" "$apt_dir/none" "$apt_dir/lists/partial" \
		"$apt_dir/cache/archives/partial"
	{
		source_entry "$uri" "$codename $backports"
		[ -z "$security" ] || source_entry "$security" "$codename-security"
	} >"$apt_dir/sources.d/loom.sources"
	say "reading package lists of $codename $backports"
	aptget update || die "cannot read the package lists from $uri (set LOOM_MIRROR to another mirror)"
	apt_updated=1
}

# Downloads packages (NAME, NAME=VERSION or NAME/SUITE) into the working directory.
apt_download() {
	aptget download "$@" || die "cannot download: $* (is the mirror reachable, and is there" \
		"space in $(pwd)?)"
}

# Puts directory $1 in the place $2, replacing what is there.
publish() {
	mkdir -p "$(dirname "$2")"
	[ ! -e "$2" ] || mv "$2" "$work/old.$$"
	mv "$1" "$2"
}
