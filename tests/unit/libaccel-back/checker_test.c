// SPDX-License-Identifier: MIT
/* The race checker sees what is taken away: each wait of a good stream is one that it needs. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/codegen/checker.h"
#include "uapi/loom/isa_table.h"

static struct accel_program *program(struct accel_device **dev)
{
	const struct run_options o = { .batch = 2 };
	struct accel_graph *g = random_graph(12);
	struct accel_program *p;

	must(accel_open("sim:array=8,spm=65536,acc=16384", dev));
	p = compile_on(*dev, g, &o);
	accel_graph_unref(g);
	return p;
}

/* Calls @change on every descriptor in turn, checks, and puts it back; how many changes were made and seen. */
static void mutate(struct accel_program *p, int (*change)(struct loom_desc *d, int which), int kinds, int *made,
		   int *seen)
{
	struct accel_stream *s = &p->streams[0];
	char why[256];

	*made = *seen = 0;
	for (uint32_t slot = 0; slot < s->slots;) {
		uint8_t *at = s->data + (size_t)slot * LOOM_SLOT_BYTES;
		const struct loom_op_info *op = loom_op_find(at[0]);
		uint8_t keep[128];

		assert_non_null(op);
		for (int k = 0; k < kinds; k++) {
			memcpy(keep, at, (size_t)op->slots * LOOM_SLOT_BYTES);
			if (change((struct loom_desc *)at, k)) {
				(*made)++;
				*seen += accel_check_stream(p, 0, why, sizeof(why)) != 0;
			}
			memcpy(at, keep, (size_t)op->slots * LOOM_SLOT_BYTES);
		}
		slot += op->slots;
	}
}

static int drop_wait(struct loom_desc *d, int which)
{
	if (d->wait_sem[which] == LOOM_SEM_NONE)
		return 0;
	d->wait_sem[which] = LOOM_SEM_NONE;
	d->wait_value[which] = 0;
	return 1;
}

static int wait_less(struct loom_desc *d, int which)
{
	if (d->wait_sem[which] == LOOM_SEM_NONE || d->wait_value[which] < 2)
		return 0;
	d->wait_value[which]--;
	return 1;
}

static int wait_too_much(struct loom_desc *d, int which)
{
	if (d->wait_sem[which] == LOOM_SEM_NONE)
		return 0;
	d->wait_value[which] += 100000;
	return 1;
}

static int drop_signal(struct loom_desc *d, int which)
{
	if (which || d->signal_sem[0] == LOOM_SEM_NONE)
		return 0;
	d->signal_sem[0] = LOOM_SEM_NONE;
	return 1;
}

static void changes(void **state)
{
	struct accel_device *dev;
	struct accel_program *p = program(&dev);
	char why[256] = "";
	int made, seen;

	if (accel_check_stream(p, 0, why, sizeof(why)))
		fail_msg("%s", why);
	mutate(p, wait_too_much, 2, &made, &seen);
	print_message("# waits for what never comes: %d of %d seen\n", seen, made);
	assert_true(made > 10 && seen == made);
	mutate(p, drop_wait, 2, &made, &seen);
	print_message("# waits dropped: %d of %d seen\n", seen, made);
	assert_true(made > 10 && seen >= made * 9 / 10);
	mutate(p, wait_less, 2, &made, &seen);
	print_message("# waits for one less: %d of %d seen\n", seen, made);
	assert_true(seen >= made / 2);
	mutate(p, drop_signal, 1, &made, &seen);
	print_message("# signals dropped: %d of %d seen\n", seen, made);
	assert_true(seen >= made / 2);
	accel_program_unref(p);
	accel_close(dev);
}

static void ends(void **state)
{
	struct accel_device *dev;
	struct accel_program *p = program(&dev);
	char why[256];

	p->streams[0].slots--;
	assert_int_not_equal(accel_check_stream(p, 0, why, sizeof(why)), 0);
	assert_non_null(strstr(why, "end"));
	p->streams[0].slots++;
	p->streams[0].data[0] = 0;
	assert_int_not_equal(accel_check_stream(p, 0, why, sizeof(why)), 0);
	accel_program_unref(p);
	accel_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(changes), cmocka_unit_test(ends) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("race checker", tests, NULL, NULL);
}
