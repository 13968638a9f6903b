/* SPDX-License-Identifier: MIT */
/*
 * Fuzzers of what the host reaches: registers and doorbells, page tables, firmware images. Each has its corpus first, then
 * rounds from seeds: LOOM_FUZZ_SECONDS bounds those of each (default 4), LOOM_FUZZ_SEED is the first seed (default 1); a
 * failure names the file or the seed that made it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fuzz.h"
#include "fuzz_device.h"

static double env(const char *name, double otherwise)
{
	const char *s = getenv(name);

	return s ? strtod(s, NULL) : otherwise;
}

/* The corpus of @name, then rounds of @one with seeds from the first on, until time is up. */
static void rounds(const char *(*one)(struct fuzz *f), const char *name)
{
	uint64_t seed = (uint64_t)env("LOOM_FUZZ_SEED", 1), first = seed, end;
	unsigned int files = 0;

	assert_int_equal(fuzz_corpus(name, one, &files), 0);
	end = h_now_ms() + (uint64_t)(1000 * env("LOOM_FUZZ_SECONDS", 4));
	for (; h_now_ms() < end; seed++) {
		struct fuzz f = { .state = seed };
		const char *what = one(&f);

		if (what)
			fail_msg("seed %llu: %s", (unsigned long long)seed, what);
	}
	print_message("# %s: %u files, %llu rounds\n", name, files, (unsigned long long)(seed - first));
}

static void tables(void **state)
{
	rounds(fuzz_tables, "tables");
}

static void registers(void **state)
{
	rounds(fuzz_registers, "registers");
	fuzz_device_free();
}

static void images(void **state)
{
	rounds(fuzz_images, "images");
	fuzz_device_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables), cmocka_unit_test(registers), cmocka_unit_test(images),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("device fuzzers", tests, NULL, NULL);
}
