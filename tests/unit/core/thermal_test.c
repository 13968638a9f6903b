// SPDX-License-Identifier: MIT
/* Clock and temperature: operating points, jobs on a clock that changes, throttling and its end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define CODE	0x0000100000000000ull
#define DATA	0x0000200000000000ull
#define SECOND	1000000000ull
#define LOADS	8u		/* of 1 MiB: 16384 cycles of the bus each */

static struct harness *device(uint32_t khz)
{
	struct loom_geometry geo;

	loom_geometry_default(&geo);
	geo.clock_khz = khz;
	return harness_new(&geo, true);
}

static uint32_t opp(struct harness *h, unsigned int i, uint32_t reg)
{
	return h_read(h, LOOM_REG_OPP(i) + reg);
}

static void check_points(uint32_t max_khz, unsigned int count, uint32_t lowest_khz)
{
	struct harness *h = device(max_khz);

	assert_int_equal(h_read(h, LOOM_REG_NUM_OPPS), count);
	assert_int_equal(opp(h, 0, LOOM_OPP_KHZ), lowest_khz);
	assert_int_equal(opp(h, count - 1, LOOM_OPP_KHZ), max_khz);
	assert_int_equal(opp(h, count - 1, LOOM_OPP_MV), 900);
	for (unsigned int i = 1; i < count; i++) {
		assert_true(opp(h, i, LOOM_OPP_KHZ) > opp(h, i - 1, LOOM_OPP_KHZ));
		assert_true(opp(h, i, LOOM_OPP_MV) > opp(h, i - 1, LOOM_OPP_MV));
	}
	for (unsigned int i = count; i < LOOM_MAX_OPPS; i++) {
		assert_int_equal(opp(h, i, LOOM_OPP_KHZ), 0);
		assert_int_equal(opp(h, i, LOOM_OPP_MV), 0);
	}
	harness_free(h);
}

static void operating_points(void **state)
{
	check_points(1000000, 4, 250000);
	check_points(4000000, 4, 1000000);
	check_points(2500, 3, 1250);
	check_points(1000, 1, 1000);
}

static void check_clock(struct harness *h, uint32_t khz)
{
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_SET_KHZ), khz);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), khz);
}

static void clock_is_set(void **state)
{
	struct harness *h = device(800000);
	struct loom_msg msg = { .type = LOOM_MSG_SET_CLOCK };

	check_clock(h, 800000);
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 400000);
	check_clock(h, 400000);
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 0);
	check_clock(h, 1000);
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, ~0u);
	check_clock(h, 800000);
	loom_dev_write(h->dev, LOOM_REG_CLOCK_SET_KHZ, 0x1234567800000000ull + 123456, 8);
	check_clock(h, 123456);
	h_write(h, LOOM_REG_CLOCK_CAP_KHZ, 1000);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_CAP_KHZ), 800000);
	/* firmware's way */
	h_boot(h);
	msg.u.clock.clock_khz = 300000;
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	assert_int_equal(msg.u.clock.clock_khz, 300000);
	check_clock(h, 300000);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	check_clock(h, 800000);
	harness_free(h);
}

static struct h_stream long_job(struct harness *h)
{
	struct h_stream s = h_stream_mapped(h, 0, CODE, 2 * LOADS + 1);

	h_map(h, 0, DATA, h_alloc(h, 1 << 20), 256, 0);
	for (unsigned int i = 0; i < LOADS; i++)
		h_dma(&s, LOOM_OP_LOAD, DATA, 0, 1 << 20);
	h_op(&s, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	return s;
}

/* A job that began on one clock ends on another: neither before nor long after its cycles have passed. */
static void clock_changes_under_a_job(void **state)
{
	struct harness *h = device(1000000);
	uint64_t begin, set, end, cycles, before, seqno;
	struct h_stream s;

	h_boot(h);
	s = long_job(h);
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 1000);
	begin = h_now_ms();
	cycles = h_wait(h, 0, h_submit(h, 0, CODE, s.slots)).cycles;
	assert_true(h_now_ms() + 1 >= begin + cycles / 1000);

	/* slower: what has passed at 2 MHz is no more than the time since the doorbell */
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 2000);
	begin = h_now_ms();
	seqno = h_submit(h, 0, CODE, s.slots);
	h_sleep_us(20000);
	before = h_now_ms();
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 1000);
	set = h_now_ms();
	assert_int_equal(h_wait(h, 0, seqno).cycles, cycles);
	end = h_now_ms();
	if ((set + 1 - begin) * 2000 < cycles)
		assert_true(end + 2 >= before + (cycles - (set + 1 - begin) * 2000) / 1000);

	/* faster: the rest passes at once, where it would have taken a minute */
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 1000);
	for (unsigned int i = 0; i < LOADS; i++)
		seqno = h_submit(h, 0, CODE, s.slots);
	begin = h_now_ms();
	h_sleep_us(10000);
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 1000000);
	assert_int_equal(h_wait(h, 0, seqno).cycles, cycles);
	assert_true(h_now_ms() - begin < LOADS * cycles / 1000);
	harness_free(h);
}

/* Time passes, until @cond. */
#define passes_until(h, cond)						\
	do {								\
		int rounds_ = 0;					\
		while (!(cond)) {					\
			assert_true(rounds_++ < 2000);			\
			(h)->skew_ns += SECOND / 4;			\
			h_sleep_us(10000);				\
			h_read((h), LOOM_REG_TEMP_MC);			\
		}							\
	} while (0)

static uint32_t why(struct harness *h)
{
	return h_read(h, LOOM_REG_THROTTLE);
}

static uint64_t throttled_ns(struct harness *h)
{
	return loom_dev_read(h->dev, LOOM_REG_THROTTLE_NS_64, 8);
}

static int32_t temp(struct harness *h)
{
	return (int32_t)h_read(h, LOOM_REG_TEMP_MC);
}

/* A clock that is not lowered by throttling alone; all of a heat wave. */
static void heat_and_cold(void **state)
{
	struct harness *h = device(1000000);
	unsigned int irqs = h->irqs[LOOM_VEC_THERMAL];
	uint64_t ns;

	h_boot(h);
	assert_in_range(temp(h), 34000, 60000);
	assert_int_equal(why(h), 0);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_CAP_KHZ), 1000000);
	assert_int_equal(h_read(h, LOOM_REG_TEMP_LIMIT_MC), 95000);
	assert_int_equal(h_read(h, LOOM_REG_TEMP_HYST_MC), 90000);
	assert_int_equal(h_read(h, LOOM_REG_TEMP_CRIT_MC), 105000);
	h->skew_ns += 10 * SECOND;
	assert_int_equal(throttled_ns(h), 0);

	/* a little too hot: it lowers its clock, and says so; what is wanted stays */
	assert_int_equal(loom_dev_set_ambient(h->dev, 98000), 0);
	passes_until(h, why(h) == LOOM_THROTTLE_THERMAL);
	assert_true(h_wait_irq(h, LOOM_VEC_THERMAL, irqs, 1000));
	passes_until(h, h_read(h, LOOM_REG_CLOCK_CAP_KHZ) == 250000);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 250000);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_SET_KHZ), 1000000);
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 100000);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 100000);
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 1000000);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 250000);
	ns = throttled_ns(h);
	h->skew_ns += SECOND;
	assert_true(throttled_ns(h) >= ns + SECOND);
	assert_in_range(temp(h), 95000, 100000);

	/* much too hot */
	assert_int_equal(loom_dev_set_ambient(h->dev, 130000), 0);
	passes_until(h, why(h) == (LOOM_THROTTLE_THERMAL | LOOM_THROTTLE_CRITICAL));
	assert_true(temp(h) >= 105000);
	assert_int_equal(h_read(h, LOOM_REG_THROTTLE_COUNT), 1);

	/* and over */
	assert_int_equal(loom_dev_set_ambient(h->dev, 20000), 0);
	passes_until(h, why(h) == LOOM_THROTTLE_THERMAL);
	assert_in_range(temp(h), 20000, 95000);
	irqs = h->irqs[LOOM_VEC_THERMAL];
	passes_until(h, !why(h));
	assert_true(h_wait_irq(h, LOOM_VEC_THERMAL, irqs, 1000));
	assert_in_range(temp(h), 20000, 90000);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 1000000);
	ns = throttled_ns(h);
	h->skew_ns += SECOND;
	assert_int_equal(throttled_ns(h), ns);
	assert_int_equal(h_read(h, LOOM_REG_THROTTLE_COUNT), 1);
	harness_free(h);
}

/* At the critical temperature it does not go step by step. */
static void critical_at_once(void **state)
{
	struct harness *h = device(1000000);

	h_boot(h);
	assert_int_equal(loom_dev_set_ambient(h->dev, 500000), 0);
	h->skew_ns += 100 * SECOND;
	assert_true(temp(h) > 400000);
	assert_true(h_until(why(h) == (LOOM_THROTTLE_THERMAL | LOOM_THROTTLE_CRITICAL), 5000));
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 250000);
	harness_free(h);
}

/* A reset forgets registers, but cools nothing; a hot device is throttled as soon as it runs. */
static void reset_while_hot(void **state)
{
	struct harness *h = device(1000000);

	h_boot(h);
	assert_int_equal(loom_dev_set_ambient(h->dev, 200000), 0);
	passes_until(h, why(h) & LOOM_THROTTLE_CRITICAL);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	assert_true(temp(h) >= 105000);
	assert_int_equal(why(h), 0);
	assert_int_equal(throttled_ns(h), 0);
	assert_int_equal(h_read(h, LOOM_REG_THROTTLE_COUNT), 0);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 1000000);
	h->skew_ns += SECOND;
	h_sleep_us(120000);
	assert_int_equal(why(h), 0);
	h_boot(h);
	assert_true(h_until(why(h) & LOOM_THROTTLE_CRITICAL, 5000));
	assert_int_equal(h_read(h, LOOM_REG_THROTTLE_COUNT), 1);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 250000);
	harness_free(h);
}

/* Somebody else's device goes on where this one was: as hot, as slow, in the middle of a job. */
static void moved_while_hot(void **state)
{
	struct harness *h = device(4000);
	uint64_t seqno, cycles, ns;
	struct h_stream s;
	int32_t hot;
	void *blob;
	size_t len;

	h_boot(h);
	s = long_job(h);
	cycles = h_wait(h, 0, h_submit(h, 0, CODE, s.slots)).cycles;
	assert_int_equal(loom_dev_set_ambient(h->dev, 200000), 0);
	passes_until(h, why(h) & LOOM_THROTTLE_CRITICAL);
	seqno = h_submit(h, 0, CODE, s.slots);
	h_sleep_us(20000);
	loom_dev_quiesce(h->dev);
	hot = temp(h);
	ns = throttled_ns(h);
	assert_int_equal(loom_dev_save(h->dev, &blob, &len), 0);
	loom_dev_resume(h->dev);
	h_new_device(h);
	loom_dev_quiesce(h->dev);
	assert_int_equal(loom_dev_load(h->dev, blob, len), 0);
	loom_dev_resume(h->dev);
	free(blob);
	assert_int_equal(loom_dev_ambient(h->dev), 200000);
	assert_in_range(temp(h), hot - 5000, hot + 20000);
	assert_true(why(h) & LOOM_THROTTLE_CRITICAL);
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 1000);
	assert_true(throttled_ns(h) >= ns);
	assert_int_equal(h_wait(h, 0, seqno).cycles, cycles);
	assert_int_equal(loom_dev_set_ambient(h->dev, 20000), 0);
	passes_until(h, !why(h));
	assert_int_equal(h_read(h, LOOM_REG_CLOCK_KHZ), 4000);
	harness_free(h);
}

/* A slower device takes less power, one that is not booted least; the temperature follows. */
static void power_follows_the_clock(void **state)
{
	struct harness *h = device(1000000);
	uint32_t fast, slow, off;
	int32_t warm;

	h->skew_ns += SECOND;
	off = h_read(h, LOOM_REG_POWER_MW);
	h_boot(h);
	h->skew_ns += 100 * SECOND;
	fast = h_read(h, LOOM_REG_POWER_MW);
	h->skew_ns += 100 * SECOND;
	warm = temp(h);
	h_write(h, LOOM_REG_CLOCK_SET_KHZ, 250000);
	h->skew_ns += 100 * SECOND;
	slow = h_read(h, LOOM_REG_POWER_MW);
	assert_in_range(off, 350, 450);
	assert_in_range(fast, 950, 1050);
	assert_in_range(slow, 200, 300);	/* (400 + 150) * (600 / 900)^2 */
	assert_true(warm > 38000 && temp(h) < warm - 1000);
	harness_free(h);
}

/* Below zero the register is negative; what cannot be around a device is refused. */
static void ambient(void **state)
{
	struct harness *h = device(1000000);

	assert_int_equal(loom_dev_ambient(h->dev), LOOM_AMBIENT_MC);
	assert_int_equal(loom_dev_set_ambient(h->dev, LOOM_AMBIENT_MIN_MC - 1), -EINVAL);
	assert_int_equal(loom_dev_set_ambient(h->dev, LOOM_AMBIENT_MAX_MC + 1), -EINVAL);
	assert_int_equal(loom_dev_ambient(h->dev), LOOM_AMBIENT_MC);
	assert_int_equal(loom_dev_set_ambient(h->dev, LOOM_AMBIENT_MIN_MC), 0);
	h->skew_ns += 200 * SECOND;
	assert_true(temp(h) < -50000);
	h_boot(h);
	assert_int_equal(why(h), 0);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operating_points),
		cmocka_unit_test(clock_is_set),
		cmocka_unit_test(clock_changes_under_a_job),
		cmocka_unit_test(heat_and_cold),
		cmocka_unit_test(critical_at_once),
		cmocka_unit_test(reset_while_hot),
		cmocka_unit_test(moved_while_hot),
		cmocka_unit_test(power_follows_the_clock),
		cmocka_unit_test(ambient),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
