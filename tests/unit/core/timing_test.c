// SPDX-License-Identifier: MIT
/*
 * timing=on in QEMU: between doorbell and completion passes, on the machine's virtual clock, what the job's cycles take at the
 * device's clock.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"
#include "qtest_dev.h"

#define CODE	0x0000100000000000ull
#define DATA	0x0000200000000000ull
#define TOLERANCE_NS	2000000	/* firmware, the host's threads, and this test's looking */
#define LOADS	8u		/* of 1 MiB: 16384 cycles of the bus each */

static struct h_stream job(struct harness *h)
{
	struct h_stream s = h_stream_mapped(h, 0, CODE, 2 * LOADS + 1);

	h_map(h, 0, DATA, h_alloc(h, 1 << 20), 256, 0);
	for (unsigned int i = 0; i < LOADS; i++)
		h_dma(&s, LOOM_OP_LOAD, DATA, 0, 1 << 20);
	h_op(&s, LOOM_OP_END);
	return s;
}

/* Nanoseconds from before the doorbell to after the completion record was seen. */
static uint64_t run(struct harness *h, const struct h_stream *s, uint64_t *cycles)
{
	uint64_t begin = qtest_now(h->dev), seqno = h_submit(h, 0, CODE, s->slots), end;
	struct loom_completion c;

	while (!h_done(h, 0, seqno)) {
		assert_true(qtest_now(h->dev) < begin + H_TIMEOUT_MS * 1000000ull);
		h_sleep_us(50);
	}
	end = qtest_now(h->dev);
	c = h_wait(h, 0, seqno);
	assert_int_equal(c.status, LOOM_JOB_OK);
	*cycles = c.cycles;
	return end - begin;
}

/* Never sooner than cycles / clock; and in the best of some rounds, others being the host's doing, not much later. */
static void at_clock(uint32_t khz)
{
	uint64_t cycles, ns, took, best = UINT64_MAX;
	struct loom_geometry geo;
	struct harness *h;
	struct h_stream s;

	if (!qtest_available())
		skip();
	loom_geometry_default(&geo);
	geo.clock_khz = khz;
	h = harness_new(&geo, true);
	h_boot(h);
	s = job(h);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (int i = 0; i < 3 || (i < 40 && best > TOLERANCE_NS); i++) {
		took = run(h, &s, &cycles);
		assert_in_range(cycles, LOADS * 16384, LOADS * 16384 + 100);
		ns = cycles * 1000000 / khz;
		assert_true(took >= ns);
		best = took - ns < best ? took - ns : best;
	}
	print_message("# %u kHz: %llu cycles are %llu us; seen %llu us later\n", khz, (unsigned long long)cycles,
		      (unsigned long long)ns / 1000, (unsigned long long)best / 1000);
	assert_true(best <= TOLERANCE_NS);
	harness_free(h);
}

static void at_1_mhz(void **state) { at_clock(1000); }
static void at_5_mhz(void **state) { at_clock(5000); }

/* Without it a job of 131 ms ends long before. */
static void timing_off(void **state)
{
	struct loom_geometry geo;
	struct harness *h;
	struct h_stream s;
	uint64_t cycles;
	int rounds = 0;

	if (!qtest_available())
		skip();
	loom_geometry_default(&geo);
	geo.clock_khz = 1000;
	geo.timing = 0;
	h = harness_new(&geo, true);
	h_boot(h);
	s = job(h);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	while (run(h, &s, &cycles) >= 100000000)
		assert_true(++rounds < 20);
	assert_int_equal(cycles, 0);
	harness_free(h);
}

/*
 * The clock of a machine that counts instructions jumps, while its processor sleeps, to the next moment that QEMU waits for: so
 * QEMU waits for the device. A job of 131 ms takes the host a fraction of that, and never ends too soon.
 */
static void jumping_clock(void **state)
{
	uint64_t cycles, virtual = 0, real;
	struct loom_geometry geo;
	struct harness *h;
	struct h_stream s;

	if (!qtest_available())
		skip();
	loom_geometry_default(&geo);
	geo.clock_khz = 1000;
	qtest_icount = "shift=3,sleep=off";
	h = harness_new(&geo, true);
	qtest_icount = NULL;
	h_boot(h);
	s = job(h);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	real = h_now_ms();
	for (int i = 0; i < 40; i++) {
		uint64_t took = run(h, &s, &cycles);

		assert_true(took >= cycles * 1000);
		virtual += took;
	}
	real = h_now_ms() - real;
	print_message("# %llu ms of virtual time in %llu ms\n", (unsigned long long)virtual / 1000000,
		      (unsigned long long)real);
	assert_true(real < virtual / 1000000);
	harness_free(h);
}

/* What QEMU's trace says of two jobs is what their records say. */
static void traced_jobs(void **state)
{
	int log = memfd_create("log", 0);
	char text[4096] = "", want[200];
	struct harness *h;
	struct h_stream s;
	uint64_t cycles;

	if (!qtest_available())
		skip();
	qtest_log = log;
	h = harness_new(NULL, true);
	qtest_log = -1;
	h_boot(h);
	s = job(h);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	run(h, &s, &cycles);
	run(h, &s, &cycles);
	harness_free(h);
	assert_true(pread(log, text, sizeof(text) - 1, 0) > 0);
	close(log);
	snprintf(want, sizeof(want), "loom_job_end core 0 queue 0 index 1 status 0 cycles %llu", (unsigned long long)cycles);
	assert_non_null(strstr(text, "loom_job_start core 0 queue 0 index 0 slot 0"));
	assert_non_null(strstr(text, "loom_job_start core 0 queue 0 index 1 slot 0"));
	assert_non_null(strstr(text, want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_1_mhz), cmocka_unit_test(at_5_mhz), cmocka_unit_test(timing_off),
		cmocka_unit_test(jumping_clock), cmocka_unit_test(traced_jobs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("timing", tests, NULL, NULL);
}
