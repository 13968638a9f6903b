/* SPDX-License-Identifier: MIT */
/* The entry of libFuzzer, once for each surface: FUZZ_TARGET is one of tests/unit/core/fuzz.h. */
#include <stdio.h>
#include <stdlib.h>

#include <tests/unit/core/fuzz.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct fuzz f = { .data = data, .left = bytes };
	const char *what = FUZZ_TARGET(&f);

	if (what) {
		fprintf(stderr, "%s\n", what);
		abort();
	}
	return 0;
}
