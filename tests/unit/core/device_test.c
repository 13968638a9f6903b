// SPDX-License-Identifier: MIT
/* Jobs through the whole device: doorbell, firmware, core, completion record, interrupt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "harness.h"

#define CODE	0x0000100000000000ull
#define DATA	0x0000200000000000ull

/* Copies the first half of @bytes at DATA to the second. */
static struct h_stream copy_job(struct harness *h, unsigned int as, uint64_t data, uint32_t bytes)
{
	struct h_stream s = h_stream_mapped(h, as, CODE, 16);

	h_map(h, as, DATA, data, (2 * bytes + 4095) / 4096, 0);
	h_copy(&s, DATA + bytes, DATA, bytes);
	h_op(&s, LOOM_OP_END);
	return s;
}

static void fill(struct harness *h, uint64_t bus, size_t n, unsigned int seed)
{
	uint8_t *p = h_ptr(h, bus);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
}

static void one_job(bool can_map)
{
	struct harness *h = harness_new(NULL, can_map);
	uint64_t data = h_alloc(h, 128 << 10), seqno;
	unsigned int irqs = h->irqs[LOOM_VEC_JOB];
	struct loom_completion c;
	struct h_stream s;

	h_boot(h);
	s = copy_job(h, 5, data, 64 << 10);
	fill(h, data, 64 << 10, 1);
	assert_int_equal(h_queue_create(h, 3, 5, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	seqno = h_submit(h, 3, CODE, s.slots);
	assert_true(h_wait_irq(h, LOOM_VEC_JOB, irqs, H_TIMEOUT_MS));
	assert_true(h_done(h, 3, seqno));
	c = h_wait(h, 3, seqno);
	assert_int_equal(c.status, LOOM_JOB_OK);
	assert_int_equal(c.fault_code, 0);
	assert_int_equal(c.core, 0);
	assert_true(c.cycles > 0);
	assert_memory_equal(h_ptr(h, data), h_ptr(h, data + (64 << 10)), 64 << 10);
	/* telemetry: 64 KiB each way, one job */
	assert_int_equal(h_read(h, LOOM_REG_CORE(0) + LOOM_CORE_BYTES_IN_64), 64 << 10);
	assert_int_equal(h_read(h, LOOM_REG_CORE(0) + LOOM_CORE_BYTES_OUT_64), 64 << 10);
	assert_int_equal(h_read(h, LOOM_REG_CORE(0) + LOOM_CORE_JOBS_64), 1);
	assert_true(loom_dev_read(h->dev, LOOM_REG_CORE(0) + LOOM_CORE_CYCLES_64, 8) == c.cycles);
	/* the queue as the driver may look at it */
	assert_int_equal(h_read(h, LOOM_REG_QUEUE(3) + LOOM_QUEUE_HEAD), 1);
	assert_int_equal(h_read(h, LOOM_REG_QUEUE(3) + LOOM_QUEUE_TAIL), 1);
	assert_int_equal(h_read(h, LOOM_REG_QUEUE(3) + LOOM_QUEUE_AS), 5);
	assert_int_equal(h_read(h, LOOM_REG_QUEUE(3) + LOOM_QUEUE_DONE_64), 1);
	assert_true(loom_dev_read(h->dev, LOOM_REG_QUEUE(3) + LOOM_QUEUE_CYCLES_64, 8) == c.cycles);
	assert_int_equal(H_SHM(h, jobs_started), 1);
	assert_int_equal(H_SHM(h, jobs_ended), 1);
	harness_free(h);
}

static void one_job_mapped(void **state) { one_job(true); }
static void one_job_by_dma(void **state) { one_job(false); }

static void rings_by_virtual_address(void **state)
{
	struct harness *h = harness_new(NULL, true);
	struct loom_msg msg = { .type = LOOM_MSG_QUEUE_CREATE };
	uint64_t data = h_alloc(h, 8192), rings = h_alloc(h, 8192);
	struct h_stream s;

	h_boot(h);
	s = copy_job(h, 1, data, 4096);
	h_map(h, 1, DATA + 0x100000, rings, 2, 0);
	h->queue[9] = (struct h_queue) { .ring = rings, .cpl = rings + 4096, .log2 = 2 };
	msg.u.queue_create.ring = DATA + 0x100000;
	msg.u.queue_create.cpl = DATA + 0x101000;
	msg.u.queue_create.queue = 9;
	msg.u.queue_create.as = 1;
	msg.u.queue_create.log2 = 2;
	msg.u.queue_create.prio = LOOM_PRIO_HIGH;
	msg.u.queue_create.flags = LOOM_QUEUE_RING_VA;
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	for (int i = 0; i < 10; i++)
		assert_int_equal(h_wait(h, 9, h_submit(h, 9, CODE, s.slots)).status, LOOM_JOB_OK);
	harness_free(h);
}

/* In order, one record each, rings wrapping many times; bursts as large as the ring. */
static void many_jobs(void **state)
{
	struct harness *h = harness_new(NULL, true);
	uint64_t data = h_alloc(h, 8192);
	struct h_stream s;

	h_boot(h);
	s = copy_job(h, 0, data, 4096);
	assert_int_equal(h_queue_create(h, 63, 0, 3, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (unsigned int burst = 0; burst < 200; burst++) {
		uint64_t last = 0;

		for (unsigned int i = 0; i <= burst % 8; i++)
			last = h_put(h, 63, CODE, s.slots);
		h_ring(h, 63);
		h_wait(h, 63, last);
		for (unsigned int i = 0; i <= burst % 8; i++)
			assert_true(h_done(h, 63, last - i));
	}
	assert_true(h_until(H_SHM(h, jobs_ended) == h->queue[63].submitted, 1000));
	harness_free(h);
}

static void doorbells_that_mean_nothing(void **state)
{
	struct harness *h = harness_new(NULL, true);
	uint64_t data = h_alloc(h, 8192);
	struct h_stream s;

	h_boot(h);
	s = copy_job(h, 0, data, 4096);
	assert_int_equal(h_queue_create(h, 2, 0, 3, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	/* no queue, no page, another word of the page */
	loom_dev_doorbell(h->dev, 3 * LOOM_DOORBELL_STRIDE, 1);
	loom_dev_doorbell(h->dev, (uint64_t)LOOM_NUM_QUEUES * LOOM_DOORBELL_STRIDE, 1);
	loom_dev_doorbell(h->dev, 2 * LOOM_DOORBELL_STRIDE + 4, 1);
	/* more jobs than the ring holds */
	loom_dev_doorbell(h->dev, 2 * LOOM_DOORBELL_STRIDE, 9);
	loom_dev_doorbell(h->dev, 2 * LOOM_DOORBELL_STRIDE, 0xffffffff);
	h_sleep_us(20000);
	assert_int_equal(H_SHM(h, jobs_started), 0);
	assert_int_equal(h_wait(h, 2, h_submit(h, 2, CODE, s.slots)).status, LOOM_JOB_OK);
	/* the same tail again starts nothing */
	h_ring(h, 2);
	h_sleep_us(20000);
	assert_int_equal(H_SHM(h, jobs_started), 1);
	harness_free(h);
}

static void four_cores(void **state)
{
	struct loom_geometry geo;
	struct harness *h;
	uint64_t data[6], last[6];
	struct h_stream s[6];

	loom_geometry_default(&geo);
	geo.num_cores = 4;
	h = harness_new(&geo, true);
	h_boot(h);
	for (unsigned int q = 0; q < 6; q++) {
		data[q] = h_alloc(h, 256 << 10);
		fill(h, data[q], 128 << 10, q);
		s[q] = copy_job(h, q, data[q], 128 << 10);
		assert_int_equal(h_queue_create(h, q, q, 6, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	}
	for (unsigned int i = 0; i < 50; i++)
		for (unsigned int q = 0; q < 6; q++)
			last[q] = h_submit(h, q, CODE, s[q].slots);
	for (unsigned int q = 0; q < 6; q++) {
		assert_int_equal(h_wait(h, q, last[q]).status, LOOM_JOB_OK);
		assert_memory_equal(h_ptr(h, data[q]), h_ptr(h, data[q] + (128 << 10)), 128 << 10);
	}
	/* every core had its share */
	for (unsigned int c = 0; c < 4; c++)
		assert_true(h_read(h, LOOM_REG_CORE(c) + LOOM_CORE_JOBS_64) > 0);
	harness_free(h);
}

/* A job is not seen to end before the time the model says it takes: 4096 bytes each way at 1 MHz. */
static void modelled_time(void **state)
{
	struct harness *h = harness_new(NULL, true);
	struct loom_msg msg = { .type = LOOM_MSG_SET_CLOCK };
	uint64_t data = h_alloc(h, 256 << 10), begin;
	struct loom_completion c;
	struct h_stream s;

	h_boot(h);
	s = copy_job(h, 0, data, 128 << 10);
	msg.u.clock.clock_khz = 10;	/* clamped to 1000 */
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	assert_int_equal(msg.u.clock.clock_khz, 1000);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 1000);
	assert_int_equal(h_queue_create(h, 0, 0, 3, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	begin = h_now_ms();
	c = h_wait(h, 0, h_submit(h, 0, CODE, s.slots));
	assert_true(c.cycles >= 4096);
	assert_true(h_now_ms() - begin + 1 >= c.cycles / 1000);
	harness_free(h);
}

static uint64_t perf(struct harness *h, uint32_t offset)
{
	return loom_dev_read(h->dev, LOOM_REG_PERF(0) + offset, 8);
}

/* Busy and stalled cycles of every engine, which together are never more than all. Returns their sum. */
static uint64_t perf_adds_up(struct harness *h)
{
	uint64_t cycles = perf(h, LOOM_CORE_CYCLES_64), all = 0;

	for (uint32_t e = 0; e < LOOM_NUM_ENGINES; e++) {
		uint64_t sum = perf(h, LOOM_CORE_BUSY_64(e));

		for (uint32_t i = 0; i < LOOM_NUM_STALLS; i++)
			sum += perf(h, LOOM_PERF_STALL_64(e, i));
		assert_true(sum <= cycles);
		all += sum;
	}
	return all;
}

/* Latched counters are of one moment, however the core goes on; and they hold still. */
static void latched_counters(void **state)
{
	struct harness *h = harness_new(NULL, true);
	uint64_t data = h_alloc(h, 8192), last = 0, all, cycles = 0, time = 0;
	unsigned int moved = 0;
	struct h_stream s;

	h_boot(h);
	assert_true(h_read(h, LOOM_REG_FEATURES_64) & LOOM_FEAT_PERF);
	s = copy_job(h, 0, data, 4096);
	assert_int_equal(h_queue_create(h, 0, 0, 9, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (int round = 0; round < 20 || moved < 5; round++) {
		assert_true(round < 2000);
		for (int i = 0; i < 100; i++)
			last = h_submit(h, 0, CODE, s.slots);
		while (!h_done(h, 0, last)) {
			h_write(h, LOOM_REG_PERF_LATCH, 1);
			assert_true(perf(h, LOOM_CORE_CYCLES_64) >= cycles);
			moved += perf(h, LOOM_CORE_CYCLES_64) > cycles;
			cycles = perf(h, LOOM_CORE_CYCLES_64);
			assert_true(loom_dev_read(h->dev, LOOM_REG_PERF_TIME_64, 8) > time);
			time = loom_dev_read(h->dev, LOOM_REG_PERF_TIME_64, 8);
			/* in and out go together, but for the job that is under way */
			assert_in_range(perf(h, LOOM_CORE_BYTES_IN_64) - perf(h, LOOM_CORE_BYTES_OUT_64), 0, 4096);
			perf_adds_up(h);
		}
	}
	h_write(h, LOOM_REG_PERF_LATCH, 1);
	all = perf_adds_up(h);
	assert_true(all > 0);
	assert_true(perf(h, LOOM_CORE_DESCS_64) == perf(h, LOOM_CORE_JOBS_64) * 5);
	assert_true(perf(h, LOOM_CORE_CYCLES_64) == loom_dev_read(h->dev, LOOM_REG_CORE(0) + LOOM_CORE_CYCLES_64, 8));
	assert_int_equal(h_read(h, LOOM_REG_PERF(0) + LOOM_CORE_BYTES_IN_64), (uint32_t)perf(h, LOOM_CORE_BYTES_IN_64));
	assert_int_equal(h_read(h, LOOM_REG_PERF(0) + LOOM_CORE_BYTES_IN_64 + 4), perf(h, LOOM_CORE_BYTES_IN_64) >> 32);
	/* what is not there is zero: causes, engines, offsets, cores */
	assert_int_equal(perf(h, LOOM_PERF_STALL_64(0, LOOM_NUM_STALLS)), 0);
	assert_int_equal(perf(h, LOOM_PERF_STALL_64(LOOM_NUM_ENGINES, 0)), 0);
	assert_int_equal(perf(h, 0x30) | perf(h, 0x78) | perf(h, 0x3f8), 0);
	assert_int_equal(loom_dev_read(h->dev, LOOM_REG_PERF(1), 8), 0);
	h_wait(h, 0, h_submit(h, 0, CODE, s.slots));
	assert_true(perf_adds_up(h) == all);
	h_write(h, LOOM_REG_PERF_LATCH, 0xfffffffe);
	assert_true(perf_adds_up(h) == all);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	assert_int_equal(perf_adds_up(h) | perf(h, LOOM_CORE_CYCLES_64), 0);
	h_write(h, LOOM_REG_PERF_LATCH, 1);
	assert_int_equal(perf_adds_up(h) | perf(h, LOOM_CORE_CYCLES_64), 0);
	harness_free(h);
}

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void idle_costs_nothing(void **state)
{
	struct harness *h = harness_new(NULL, true);
	uint64_t data = h_alloc(h, 8192);
	struct timespec half = { .tv_nsec = 500000000 };
	struct h_stream s;
	uint32_t beats;
	double t;

	h_boot(h);
	s = copy_job(h, 0, data, 4096);
	assert_int_equal(h_queue_create(h, 0, 0, 3, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_wait(h, 0, h_submit(h, 0, CODE, s.slots));
	h_sleep_us(100000);
	beats = H_SHM(h, heartbeat);
	t = cpu_seconds();
	nanosleep(&half, NULL);
	t = cpu_seconds() - t;
	assert_true(t < 0.005);
	assert_int_equal(H_SHM(h, heartbeat), beats);
	harness_free(h);
}

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec * 1e-3;
}

static int compare(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;

	return d < 0 ? -1 : d > 0;
}

/* Doorbell to interrupt of an empty job; the figure is printed, the order of magnitude is checked. */
static void latency(void **state)
{
	enum { N = 200 };
	struct harness *h = harness_new(NULL, true);
	struct h_stream s;
	double us[N];

	h_boot(h);
	s = h_stream_mapped(h, 0, CODE, 1);
	h_op(&s, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 0, 0, 3, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (int i = 0; i < N; i++) {
		unsigned int irqs = h->irqs[LOOM_VEC_JOB];
		double t = now_us();

		h_submit(h, 0, CODE, s.slots);
		assert_true(h_wait_irq(h, LOOM_VEC_JOB, irqs, H_TIMEOUT_MS));
		us[i] = now_us() - t;
	}
	qsort(us, N, sizeof(us[0]), compare);
	print_message("# doorbell to interrupt: median %.1f us, best %.1f us\n", us[N / 2], us[0]);
	assert_true(us[N / 2] < 5000);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_job_mapped),
		cmocka_unit_test(one_job_by_dma),
		cmocka_unit_test(rings_by_virtual_address),
		cmocka_unit_test(many_jobs),
		cmocka_unit_test(doorbells_that_mean_nothing),
		cmocka_unit_test(four_cores),
		cmocka_unit_test(modelled_time),
		cmocka_unit_test(latched_counters),
		cmocka_unit_test(idle_costs_nothing),
		cmocka_unit_test(latency),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
