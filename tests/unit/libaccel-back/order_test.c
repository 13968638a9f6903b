// SPDX-License-Identifier: MIT
/*
 * Streams ask for all the order that they need: whatever order of execution chance picks among those that the
 * semaphores allow, the bytes are the same; and without one of their waits, often they are not. LOOM_ORDERS sets how many.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/codegen/checker.h"
#include "uapi/loom/isa_table.h"

#define GEOMETRY "sim:array=8,spm=65536,acc=16384"

static unsigned int orders(void)
{
	const char *s = getenv("LOOM_ORDERS");

	return s ? (unsigned int)strtoul(s, NULL, 0) : 8;
}

static void any_order(void **state)
{
	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct run_options o = { .precision = seed & 1 ? ACCEL_PREC_FP32 : ACCEL_PREC_FP16, .batch = 2,
					 .check = true, .seed = seed };
		struct accel_graph *g = random_graph(seed);
		struct result want = run_on(GEOMETRY, g, &o);

		for (unsigned int i = 1; i <= orders(); i++) {
			struct result got;
			char spec[80];

			snprintf(spec, sizeof(spec), GEOMETRY ",order=%u", i);
			got = run_on(spec, g, &o);
			assert_same(&got, &want, spec);
			free(got.data);
		}
		free(want.data);
		accel_graph_unref(g);
	}
	print_message("# 12 graphs in %u orders each\n", orders());
}

/* Runs @p in order @order; true where the output is that of @want, or @want is taken from it. */
static bool same(struct accel_program *p, unsigned int order, uint8_t *want, size_t size, bool first)
{
	struct accel_session *s;
	struct accel_device *dev;
	size_t bytes;
	char spec[80];
	const void *out;
	uint8_t *in;
	bool equal;

	snprintf(spec, sizeof(spec), GEOMETRY ",order=%u", order);
	must(accel_open(spec, &dev));
	must(accel_session_new(dev, p, &s));
	in = accel_input(s, 0, &bytes);
	for (size_t i = 0; i < bytes; i++)
		in[i] = i % 4 == 3 ? 0x3e : (uint8_t)(i * 37);	/* floats between 1/8 and 1/2 */
	/* A stream without one of its waits may do anything but end badly. */
	must(accel_run(s));
	out = accel_output(s, 0, &bytes);
	assert_true(bytes <= size);
	if (first)
		memcpy(want, out, bytes);
	equal = !memcmp(want, out, bytes);
	accel_session_free(s);
	accel_close(dev);
	return equal;
}

/* Takes one wait after the other away; of those that the checker calls a race some must be seen to be one. */
static void missing_waits(void **state)
{
	const struct run_options o = { .batch = 2 };
	struct accel_graph *g = random_graph(12);
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_stream *s;
	uint8_t want[65536];
	int races = 0, seen = 0;

	must(accel_open(GEOMETRY, &dev));
	p = compile_on(dev, g, &o);
	s = &p->streams[0];
	same(p, 0, want, sizeof(want), true);
	for (uint32_t slot = 0; slot < s->slots && races < 60;) {
		struct loom_desc *d = (struct loom_desc *)(s->data + (size_t)slot * LOOM_SLOT_BYTES), keep = *d;
		char why[256];

		slot += loom_op_find(d->op)->slots;
		if (d->wait_sem[0] == LOOM_SEM_NONE)
			continue;
		d->wait_sem[0] = LOOM_SEM_NONE;
		d->wait_value[0] = 0;
		if (accel_check_stream(p, 0, why, sizeof(why))) {
			bool equal = true;

			races++;
			/* Both descriptors have a name. */
			assert_non_null(strstr(why, "slot"));
			assert_true(!strstr(why, "races") || strstr(strstr(why, "races"), "slot"));
			for (unsigned int i = 1; i <= 4 && equal; i++)
				equal = same(p, i, want, sizeof(want), false);
			seen += !equal;
		}
		*d = keep;
	}
	print_message("# waits taken away: %d races, %d seen in four orders\n", races, seen);
	assert_true(races > 10 && seen > races / 4);
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(any_order), cmocka_unit_test(missing_waits) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("orders", tests, NULL, NULL);
}
