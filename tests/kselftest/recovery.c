// SPDX-License-Identifier: MIT
/*
 * Recovery: jobs that hang, a core that does not stop, firmware that crashes, interrupts that are lost.
 *
 * What a stream cannot do by itself the device does on request: see inject(). faults.c has all kinds under load.
 */
#include <stdlib.h>
#include <unistd.h>

#include "loom_test.h"

#define TIMEOUT_MS	400

/* A shorter timeout, for the tests that wait for one. */
static void short_timeout(void)
{
	set_module_param("timeout_ms", TIMEOUT_MS);
}

static uint32_t resets(int fd)
{
	struct drm_loom_query_health health;

	loom_query(fd, DRM_LOOM_QUERY_HEALTH, &health, sizeof(health));
	return health.resets;
}

TEST(hung_job)
{
	struct client c = client_open();
	struct client bystander = client_open();
	struct stream s = hang(&c);
	uint32_t before = resets(c.fd), later = syncobj_create(c.fd);
	struct drm_loom_queue_get_state state;
	int64_t start = now_ns();

	short_timeout();
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(submit_one(c.fd, c.queue, CODE_VA, s.slots, later));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
	CHECK(now_ns() - start >= (TIMEOUT_MS - 100) * MS);
	CHECK_EQ(syncobj_status(c.fd, c.out), -ETIME);
	CHECK_OK(syncobj_wait(c.fd, later, deadline(SECOND)));
	CHECK_EQ(syncobj_status(c.fd, later), -ECANCELED);
	state = queue_state(c.fd, c.queue);
	CHECK_EQ(state.state, DRM_LOOM_QUEUE_STATE_TIMEOUT);
	CHECK_EQ(state.jobs_completed, 2);
	CHECK_RET(client_start(&c, &s), -EIO);
	CHECK_EQ(resets(c.fd), before);

	client_serves(&bystander);
	CHECK_EQ(queue_state(bystander.fd, bystander.queue).state, 0);
	CHECK_OK(queue_destroy(c.fd, c.queue));
	c.queue = queue_create(c.fd, c.vm);
	client_serves(&c);
}

/* Some work, then a word to DATA_VA. */
static struct stream long_store(struct bo *code, uint32_t fills, uint32_t value)
{
	struct stream s = stream(code->map, code->size);

	for (uint32_t i = 0; i < fills; i++)
		st_fill(&s, 1024, i, 192 * 1024);
	st_op(&s, LOOM_OP_BARRIER);
	st_fill(&s, 0, value, 1);
	st_op(&s, LOOM_OP_BARRIER);
	st_store(&s, DATA_VA, 0, 1);
	st_op(&s, LOOM_OP_END);
	return s;
}

/*
 * Jobs that take about as long as they may: each either ended in time, with its result, and its queue
 * goes on, or has timed out, with all that this means. One that ended is followed by a longer one, one that did not by
 * a shorter one, however fast the machine is just now.
 */
TEST_WITHIN(completion_at_the_timeout, 60)
{
	enum { LIMIT_MS = 80, SLOTS = 65536, MAX_FILLS = SLOTS - 8, ROUNDS = 40 };
	struct client c = client_open();
	struct bo code = bo_create(c.fd, SLOTS * LOOM_SLOT_BYTES, c.vm);
	unsigned int in_time = 0, late = 0;
	uint32_t fills = 256;

	CHECK_OK(vm_map(c.fd, c.vm, 0x60000000, code.handle, 0, code.size, 0));
	set_module_param("timeout_ms", 10000);
	for (;; fills *= 2) {
		int64_t start = now_ns();
		struct stream s = long_store(&code, fills, 1);

		CHECK_OK(submit_one(c.fd, c.queue, 0x60000000, s.slots, c.out));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
		if (now_ns() - start > 2 * LIMIT_MS * MS || fills * 4 > MAX_FILLS)
			break;
	}

	set_module_param("timeout_ms", LIMIT_MS);
	srand(2);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t step = fills / 8 + rand() % (fills / 4 + 1);
		struct stream s = long_store(&code, fills, round);
		int status;

		CHECK_OK(submit_one(c.fd, c.queue, 0x60000000, s.slots, c.out));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
		status = syncobj_status(c.fd, c.out);
		if (status == 1) {
			CHECK_EQ(*(volatile uint32_t *)c.data.map, round);
			CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
			in_time++;
			fills = fills + step < MAX_FILLS ? fills + step : MAX_FILLS;
			continue;
		}
		CHECK_EQ(status, -ETIME);
		CHECK_EQ(queue_state(c.fd, c.queue).state, DRM_LOOM_QUEUE_STATE_TIMEOUT);
		CHECK_OK(queue_destroy(c.fd, c.queue));
		c.queue = queue_create(c.fd, c.vm);
		late++;
		fills -= step;
	}
	CHECK(in_time && late);
}

/*
 * A job that ends while its queue is being stopped for it is well, and the queue goes on. At a slow clock what a job does
 * is done long before its time is over, and a core that is told to stop then ends it as it is. In every other round its
 * interrupt is lost, so that only who stopped the queue can see that it has ended.
 */
TEST_WITHIN(completion_while_stopping, 90)
{
	enum { CLOCK_KHZ = 1000, ROUNDS = 4 };
	struct client c;
	unsigned int timeouts;

	if (!device_remove())
		test_skip("no monitor to change the device by (LOOM_MONITOR)");
	device_add("clock=1000");
	c = client_open();
	timeouts = recovery_count("job_timeouts");
	short_timeout();
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		struct stream s = long_store(&c.code, 120, round);
		int64_t start = now_ns();

		if (round % 2)
			CHECK(inject("drop-irq"));
		CHECK_OK(client_start(&c, &s));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
		test_say("round %u: %lld ms\n", round, (long long)((now_ns() - start) / MS));
		CHECK(now_ns() - start >= (TIMEOUT_MS - 100) * MS);
		CHECK_EQ(syncobj_status(c.fd, c.out), 1);
		CHECK_EQ(word(&c.data, 0), round);
		client_serves(&c);
		CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
	}
	CHECK_EQ(recovery_count("job_timeouts"), timeouts);
	client_close(&c);
	CHECK(device_remove());
	device_add("");
	serves_anew();
}

/* Time is counted on the hardware only: a job that waits for cores that hang is not to blame. */
TEST_WITHIN(waiting_is_not_hanging, 60)
{
	struct client guilty[LOOM_MAX_CORES * 3], innocent = client_open();
	struct drm_loom_query_info info;
	struct stream s;
	unsigned int hangs;

	loom_query(innocent.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	hangs = info.num_cores * 3;
	short_timeout();
	for (unsigned int i = 0; i < hangs; i++) {
		guilty[i] = client_open();
		s = hang(&guilty[i]);
		CHECK_OK(client_start(&guilty[i], &s));
	}
	s = store_word(&innocent, DATA_VA, 66);
	CHECK_OK(client_start(&innocent, &s));
	CHECK_OK(syncobj_wait(innocent.fd, innocent.out, deadline(30 * SECOND)));
	CHECK_EQ(syncobj_status(innocent.fd, innocent.out), 1);
	CHECK_EQ(*(volatile uint32_t *)innocent.data.map, 66);
	for (unsigned int i = 0; i < hangs; i++) {
		CHECK_OK(syncobj_wait(guilty[i].fd, guilty[i].out, deadline(30 * SECOND)));
		CHECK_EQ(syncobj_status(guilty[i].fd, guilty[i].out), -ETIME);
	}
	CHECK_EQ(queue_state(innocent.fd, innocent.queue).state, 0);
}

/* Jobs that take longer together than the timeout, but not each, are well. */
TEST_WITHIN(timeout_is_a_jobs_own, 60)
{
	struct client c = client_open();
	struct stream s = client_stream(&c);
	int64_t start = now_ns();

	short_timeout();
	for (int i = 0; i < 300; i++)
		st_fill(&s, 0, i, 128 * 1024);
	st_op(&s, LOOM_OP_END);
	while (now_ns() - start < 3 * TIMEOUT_MS * MS) {
		for (int i = 0; i < 20; i++)
			CHECK_OK(client_start(&c, &s));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(20 * SECOND)));
	}
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
}

/* Many jobs that end about when their time is up: each either ends or times out, and nothing is stuck. */
TEST_WITHIN(many_timeouts, 120)
{
	short_timeout();
	set_module_param("timeout_ms", 40);
	for (int i = 0; i < 20; i++) {
		struct client c = client_open();
		struct stream s = hang(&c);

		CHECK_OK(client_start(&c, &s));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
		CHECK_EQ(syncobj_status(c.fd, c.out), -ETIME);
		client_close(&c);
	}
	serves_anew();
}

/* A core that ignores the stop is reset by the firmware: nobody else notices. */
TEST_WITHIN(core_is_reset, 60)
{
	struct client c = client_open(), idle = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	uint32_t before = resets(c.fd);
	unsigned int cores = recovery_count("core_resets");

	client_serves(&idle);
	short_timeout();
	for (int i = 1; i <= 3; i++) {
		if (!inject("hang-core"))
			test_skip("no monitor to inject faults by (LOOM_MONITOR)");
		CHECK_OK(client_start(&c, &s));
		CHECK_OK(syncobj_wait(c.fd, c.out, deadline(20 * SECOND)));
		CHECK_EQ(syncobj_status(c.fd, c.out), -ETIME);
		CHECK_EQ(queue_state(c.fd, c.queue).state, DRM_LOOM_QUEUE_STATE_TIMEOUT);
		CHECK_EQ(recovery_count("core_resets"), cores + i);
		CHECK_EQ(queue_state(idle.fd, idle.queue).state, 0);
		client_serves(&idle);
		CHECK_OK(queue_destroy(c.fd, c.queue));
		c.queue = queue_create(c.fd, c.vm);
	}
	CHECK_EQ(resets(idle.fd), before);
	serves_anew();
}

/* A core that obeys not even its own reset: the device is reset. Who had nothing on it does not notice. */
TEST_WITHIN(core_does_not_stop, 60)
{
	struct client c = client_open(), idle = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	uint32_t before = resets(c.fd);

	client_serves(&idle);
	short_timeout();
	if (!inject("dead-core"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(20 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -ETIME);
	CHECK(queue_state(c.fd, c.queue).state & DRM_LOOM_QUEUE_STATE_TIMEOUT);
	CHECK_EQ(resets(idle.fd), before + 1);
	CHECK_EQ(queue_state(idle.fd, idle.queue).state, 0);
	client_serves(&idle);
	serves_anew();
}

/* As above, with jobs of another queue that had not begun: they are executed after the reset. */
TEST_WITHIN(reset_keeps_what_waits, 60)
{
	struct drm_loom_query_info info;
	struct client guilty[LOOM_MAX_CORES], waiting = client_open();
	struct stream s;

	loom_query(waiting.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	if (info.num_cores != 1)
		test_skip("needs a device with one core");
	guilty[0] = client_open();
	short_timeout();
	if (!inject("dead-core"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	s = hang(&guilty[0]);
	CHECK_OK(client_start(&guilty[0], &s));
	usleep(100 * 1000);
	s = store_word(&waiting, DATA_VA, 123);
	CHECK_OK(client_start(&waiting, &s));
	CHECK_OK(syncobj_wait(waiting.fd, waiting.out, deadline(20 * SECOND)));
	CHECK_EQ(syncobj_status(waiting.fd, waiting.out), 1);
	CHECK_EQ(*(volatile uint32_t *)waiting.data.map, 123);
	CHECK_EQ(queue_state(waiting.fd, waiting.queue).state, 0);
	CHECK_OK(syncobj_wait(guilty[0].fd, guilty[0].out, deadline(SECOND)));
	CHECK_EQ(syncobj_status(guilty[0].fd, guilty[0].out), -ETIME);
}

/* The firmware crashes with a job on a core, whose queue dies; an idle one lives. */
TEST_WITHIN(firmware_crash, 60)
{
	struct client c = client_open(), idle = client_open();
	struct stream s = hang(&c);
	uint32_t before = resets(c.fd);

	client_serves(&idle);
	CHECK_OK(client_start(&c, &s));
	usleep(100 * 1000);
	if (!inject("fw-crash"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(20 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -EIO);
	CHECK_EQ(queue_state(c.fd, c.queue).state,
			 DRM_LOOM_QUEUE_STATE_RESET | DRM_LOOM_QUEUE_STATE_INNOCENT);
	CHECK_RET(client_start(&c, &s), -EIO);
	client_serves(&idle);
	CHECK(resets(c.fd) > before);
	serves_anew();
}

TEST_WITHIN(firmware_crash_while_idle, 60)
{
	struct client c = client_open();
	uint32_t before = resets(c.fd);

	client_serves(&c);
	if (!inject("fw-crash"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	client_serves(&c);
	CHECK(resets(c.fd) > before);
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
}

TEST_WITHIN(lost_interrupt, 60)
{
	struct client c = client_open();

	for (int i = 0; i < 5; i++) {
		if (!inject("drop-irq"))
			test_skip("no monitor to inject faults by (LOOM_MONITOR)");
		client_serves(&c);
	}
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
}

/* A completion record that is wrong: the job is stopped, not believed. */
TEST_WITHIN(corrupt_completion, 60)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);

	short_timeout();
	if (!inject("corrupt-completion"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(20 * SECOND)));
	CHECK(syncobj_status(c.fd, c.out) < 0);
	CHECK(queue_state(c.fd, c.queue).state);
	serves_anew();
}
