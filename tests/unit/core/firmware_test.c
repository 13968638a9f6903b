// SPDX-License-Identifier: MIT
/* The firmware: messages good and bad, full and hostile rings, who runs when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define CODE	0x0000100000000000ull
#define DATA	0x0000200000000000ull

static int setup(void **state)
{
	struct harness *h = harness_new(NULL, true);

	h_boot(h);
	*state = h;
	return 0;
}

static int setup_two_cores(void **state)
{
	struct loom_geometry geo;
	struct harness *h;

	loom_geometry_default(&geo);
	geo.num_cores = 2;
	h = harness_new(&geo, true);
	h_boot(h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	harness_free(*state);
	return 0;
}

static uint32_t ping(struct harness *h)
{
	struct loom_msg msg = { .type = LOOM_MSG_PING };

	return h_call(h, &msg);
}

/* ---- Messages ---- */

static void handshake(void **state)
{
	struct harness *h = harness_new(NULL, true);
	struct loom_msg msg;

	h_load_image(h);
	assert_int_equal(h_start(h), LOOM_BOOT_RUNNING);
	/* nothing before HELLO */
	assert_int_equal(ping(h), LOOM_FW_ERR_STATE);
	assert_int_equal(h_queue_create(h, 0, 0, 3, 0), LOOM_FW_ERR_STATE);
	/* another major; the reply tells the firmware's own */
	msg = (struct loom_msg) { .type = LOOM_MSG_HELLO };
	msg.u.hello.proto_version = LOOM_FW_PROTO_VERSION + 0x10000;
	assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_VERSION);
	assert_int_equal(msg.u.hello.proto_version, LOOM_FW_PROTO_VERSION);
	assert_int_equal(ping(h), LOOM_FW_ERR_STATE);
	/* a higher minor is fine */
	msg = (struct loom_msg) { .type = LOOM_MSG_HELLO };
	msg.u.hello.proto_version = LOOM_FW_PROTO_VERSION + 5;
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	assert_int_equal(msg.u.hello.proto_version, LOOM_FW_PROTO_VERSION);
	assert_int_equal(msg.u.hello.num_cores, 1);
	assert_string_equal(msg.u.hello.version, ((struct loom_fw_hdr *)h_ptr(h, h->fw))->version);
	assert_int_equal(ping(h), LOOM_FW_OK);
	/* once only */
	msg = (struct loom_msg) { .type = LOOM_MSG_HELLO };
	msg.u.hello.proto_version = LOOM_FW_PROTO_VERSION;
	assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_STATE);
	harness_free(h);
}

static void unknown_messages(void **state)
{
	struct harness *h = *state;
	static const uint32_t types[] = { 0, 9, LOOM_MSG_REPLY, LOOM_MSG_QUEUE_FAULT, 0xffffffff };
	struct loom_msg msg;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		msg = (struct loom_msg) { .type = types[i] };
		assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_UNKNOWN);
	}
	msg = (struct loom_msg) { .type = LOOM_MSG_PING, .rsvd = 1 };
	assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_PARAM);
	msg = (struct loom_msg) { .type = LOOM_MSG_PING, .status = 1 };
	assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_PARAM);
	msg = (struct loom_msg) { .type = LOOM_MSG_SET_CLOCK };
	assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_PARAM);
}

static void queue_parameters(void **state)
{
	struct harness *h = *state;
	struct loom_msg good = { .type = LOOM_MSG_QUEUE_CREATE }, msg;

	good.u.queue_create.ring = 0x1000;
	good.u.queue_create.cpl = 0x2000;
	good.u.queue_create.queue = 63;
	good.u.queue_create.as = 63;
	good.u.queue_create.log2 = 1;
	good.u.queue_create.prio = 3;
#define BAD(field, value) do {							\
		msg = good;							\
		msg.u.queue_create.field = (value);				\
		assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_PARAM);		\
	} while (0)
	BAD(queue, 64);
	BAD(queue, 0xffffffff);
	BAD(as, 64);
	BAD(log2, 0);
	BAD(log2, 13);
	BAD(log2, 0xffffffff);
	BAD(prio, 4);
	BAD(flags, 4);
	BAD(head, 1);
	BAD(flags, 0x80000000);
	BAD(ring, 0x1020);
	BAD(cpl, 0x2001);
	BAD(ring, 0xffffffffffffffc0ull);
	BAD(cpl, 0xffffffffffffff80ull);
	good.u.queue_create.flags = LOOM_QUEUE_RING_VA;
	BAD(ring, 0x0000ffffffffffc0ull);
	BAD(cpl, 0x0001000000000000ull);
	msg = good;
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	/* twice */
	msg = good;
	assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_STATE);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_DESTROY, 63, NULL), LOOM_FW_OK);
	msg = good;
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
}

/* A queue that goes on where another was: at any index, also where that wraps. */
static void queue_goes_on(void **state)
{
	static const uint32_t heads[] = { 0, 1, 1000, 0xffffffff };
	struct harness *h = *state;
	uint64_t code = h_alloc(h, 4096);

	h_map(h, 0, 0x100000, code, 1, 0);
	h_as_enable(h, 0);
	*(uint8_t *)h_ptr(h, code) = LOOM_OP_END;
	memset((uint8_t *)h_ptr(h, code) + 2, LOOM_SEM_NONE, 4);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct loom_msg msg = { .type = LOOM_MSG_QUEUE_CREATE };
		struct h_queue *hq = &h->queue[i];

		hq->log2 = 2;
		hq->submitted = heads[i];
		hq->ring = h_alloc(h, 64u << hq->log2);
		hq->cpl = h_alloc(h, 64u << hq->log2);
		msg.u.queue_create.ring = hq->ring;
		msg.u.queue_create.cpl = hq->cpl;
		msg.u.queue_create.queue = (uint32_t)i;
		msg.u.queue_create.log2 = hq->log2;
		msg.u.queue_create.prio = LOOM_PRIO_NORMAL;
		msg.u.queue_create.flags = LOOM_QUEUE_AT_HEAD;
		msg.u.queue_create.head = heads[i];
		assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
		assert_int_equal(h_read(h, LOOM_REG_QUEUE(i) + LOOM_QUEUE_HEAD), heads[i]);
		/* further ahead than the ring is long: nothing begins */
		loom_dev_doorbell(h->dev, i * LOOM_DOORBELL_STRIDE, heads[i] + 5);
		assert_int_equal(h_call(h, &(struct loom_msg) { .type = LOOM_MSG_PING }), LOOM_FW_OK);
		assert_int_equal(h_read(h, LOOM_REG_QUEUE(i) + LOOM_QUEUE_HEAD), heads[i]);
		for (uint32_t n = 1; n < 7; n++) {
			const struct loom_completion *c = (struct loom_completion *)h_ptr(h, hq->cpl) + (heads[i] + n - 1) % 4;

			h_submit(h, (uint32_t)i, 0x100000, 1);
			assert_true(h_until(h_read(h, LOOM_REG_QUEUE(i) + LOOM_QUEUE_DONE_64) == n, H_TIMEOUT_MS));
			assert_int_equal(c->status, LOOM_JOB_OK);
			assert_int_equal((uint32_t)c->seqno, heads[i] + n);
			assert_int_equal(h_read(h, LOOM_REG_QUEUE(i) + LOOM_QUEUE_HEAD), heads[i] + n);
		}
	}
}

static void queue_states(void **state)
{
	static const uint32_t types[] = { LOOM_MSG_QUEUE_DESTROY, LOOM_MSG_QUEUE_STOP, LOOM_MSG_QUEUE_RESUME };
	struct harness *h = *state;
	struct loom_msg reply;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(h_queue_call(h, types[i], 5, NULL), LOOM_FW_ERR_STATE);
		assert_int_equal(h_queue_call(h, types[i], 64, NULL), LOOM_FW_ERR_PARAM);
		assert_int_equal(h_queue_call(h, types[i], 0xffffffff, NULL), LOOM_FW_ERR_PARAM);
	}
	assert_int_equal(h_queue_create(h, 5, 0, 4, 1), LOOM_FW_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 5, NULL), LOOM_FW_ERR_STATE);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 5, &reply), LOOM_FW_OK);
	assert_int_equal(reply.u.queue.queue, 5);
	assert_int_equal(reply.u.queue.head, 0);
	/* stopping what is stopped is no mistake */
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 5, NULL), LOOM_FW_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 5, NULL), LOOM_FW_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_DESTROY, 5, NULL), LOOM_FW_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_DESTROY, 5, NULL), LOOM_FW_ERR_STATE);
}

/* Nobody takes replies for a while: none is lost, and they come in order. */
static void full_ring(void **state)
{
	struct harness *h = *state;
	struct loom_msg msg;
	uint32_t first = h->cookie + 1;

	for (unsigned int i = 0; i < 2 * LOOM_MSG_SLOTS; i++) {
		msg = (struct loom_msg) { .type = LOOM_MSG_PING };
		h_send(h, &msg);
	}
	h_sleep_us(50000);
	assert_int_equal(H_SHM(h, f2h.tail) - h->f2h_head, LOOM_MSG_SLOTS);
	for (unsigned int i = 0; i < 2 * LOOM_MSG_SLOTS; i++) {
		assert_true(h_receive(h, &msg, H_TIMEOUT_MS));
		assert_int_equal(msg.type, LOOM_MSG_REPLY);
		assert_int_equal(msg.cookie, first + i);
	}
	assert_int_equal(ping(h), LOOM_FW_OK);
}

/* Indices that cannot be: nothing is executed out of the ring's bounds, and the firmware lives. */
static void hostile_indices(void **state)
{
	struct harness *h = *state;
	struct loom_msg msg = { .type = LOOM_MSG_PING };

	h->h2f_tail += LOOM_MSG_SLOTS + 1;
	__atomic_store_n(&h_shm(h)->h2f.tail, h->h2f_tail, __ATOMIC_RELEASE);
	h_write(h, LOOM_REG_MBOX_DOORBELL, 1);
	assert_true(h_until(__atomic_load_n(&h_shm(h)->h2f.head, __ATOMIC_ACQUIRE) == h->h2f_tail, 1000));
	assert_false(h_receive(h, &msg, 20));
	assert_int_equal(ping(h), LOOM_FW_OK);
	/* a head beyond the tail makes the ring look full: the reply waits until it makes sense again */
	__atomic_store_n(&h_shm(h)->f2h.head, h->f2h_head + 5, __ATOMIC_RELEASE);
	msg = (struct loom_msg) { .type = LOOM_MSG_PING };
	h_send(h, &msg);
	h_sleep_us(20000);
	assert_int_equal(H_SHM(h, f2h.tail), h->f2h_head);
	__atomic_store_n(&h_shm(h)->f2h.head, h->f2h_head, __ATOMIC_RELEASE);
	assert_true(h_receive(h, &msg, H_TIMEOUT_MS));
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_RUNNING);
}

/* The log has lines, each with a level and a time, and says who is there. */
static void log_ring(void **state)
{
	struct harness *h = *state;
	char text[256];
	uint32_t tail = H_SHM(h, log.tail);

	assert_true(tail > 20 && tail < sizeof(text));
	memcpy(text, (const void *)h_shm(h)->log.text, tail);
	text[tail] = 0;
	assert_int_equal(text[tail - 1], '\n');
	assert_true(!strncmp(text, "I 0.", 4));
	assert_non_null(strstr(text, "loom firmware "));
	assert_non_null(strstr(text, "protocol 00010002, 1 cores"));
}

/* ---- Scheduling ---- */

/* Copies @bytes @times over, with a MARK after each. */
static struct h_stream long_job(struct harness *h, unsigned int as, unsigned int times, uint32_t bytes)
{
	struct h_stream s = h_stream_mapped(h, as, CODE, 7 * times + 1);

	h_map(h, as, DATA, h_alloc(h, 2 * bytes), 2 * bytes / 4096, 0);
	for (unsigned int i = 0; i < times; i++) {
		h_copy(&s, DATA + bytes, DATA, bytes);
		h_op(&s, LOOM_OP_MARK);
	}
	h_op(&s, LOOM_OP_END);
	return s;
}

static struct h_stream short_job(struct harness *h, unsigned int as)
{
	return long_job(h, as, 1, 4096);
}

/* A stream that waits for ever. */
static struct h_stream hanging_job(struct harness *h, unsigned int as)
{
	struct h_stream s = h_stream_mapped(h, as, CODE, 2);

	h_wait_sem(&s, 7, 1);
	h_op(&s, LOOM_OP_END);
	return s;
}

/* The machine that runs this test may be too busy to run our threads for a while: several tries. */
#define TRIES	10

static void higher_priority_does_not_wait(void **state)
{
	struct harness *h = *state;
	struct h_stream slow = long_job(h, 0, 3000, 256 << 10), quick = short_job(h, 1);
	uint64_t low, bytes = 0;
	uint32_t before = 0;

	for (unsigned int q = 0; q < 4; q++)
		assert_int_equal(h_queue_create(h, q, q ? 1 : 0, 4, q), LOOM_FW_OK);
	for (int i = 0; i < TRIES && H_SHM(h, yields) < before + 3; i++) {
		before = H_SHM(h, yields);
		low = h_submit(h, 0, CODE, slow.slots);
		h_until(h_on_core(h, 0) || h_done(h, 0, low), H_TIMEOUT_MS);
		for (unsigned int q = 1; q < 4; q++)
			assert_int_equal(h_wait(h, q, h_submit(h, q, CODE, quick.slots)).status, LOOM_JOB_OK);
		assert_int_equal(h_wait(h, 0, low).status, LOOM_JOB_OK);
		/* it went on where it was: nothing twice, and its record covers all of its parts */
		bytes += 3000ull * (256 << 10) + 3 * 4096;
		assert_true(h_wait(h, 0, low).cycles > 3000ull * (256 << 10) / h->geo.dram_bpc);
		assert_true(loom_dev_read(h->dev, LOOM_REG_CORE(0) + LOOM_CORE_BYTES_IN_64, 8) == bytes);
	}
	/* it gave way to each of the three, which did not wait for its end */
	assert_true(H_SHM(h, yields) >= before + 3);
}

static void equals_take_turns(void **state)
{
	struct harness *h = *state;
	uint32_t slots = 0, before = 0;
	uint64_t seqno[3];

	for (unsigned int q = 0; q < 3; q++) {
		slots = long_job(h, q, 3000, 256 << 10).slots;
		assert_int_equal(h_queue_create(h, q, q, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	}
	for (int i = 0; i < TRIES && H_SHM(h, yields) < before + 6; i++) {
		before = H_SHM(h, yields);
		for (unsigned int q = 0; q < 3; q++)
			seqno[q] = h_submit(h, q, CODE, slots);
		for (unsigned int q = 0; q < 3; q++)
			assert_int_equal(h_wait(h, q, seqno[q]).status, LOOM_JOB_OK);
	}
	/* each gave way several times: none of them ran through */
	assert_true(H_SHM(h, yields) >= before + 6);
}

/* A lone job is not disturbed, and one without MARK is never interrupted. */
static void nobody_waits_nobody_yields(void **state)
{
	struct harness *h = *state;
	struct h_stream s = long_job(h, 0, 200, 128 << 10);

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_wait(h, 0, h_submit(h, 0, CODE, s.slots));
	h_wait(h, 0, h_submit(h, 0, CODE, s.slots));
	assert_int_equal(H_SHM(h, yields), 0);
}

static void two_cores_two_queues(void **state)
{
	struct harness *h = *state;
	struct h_stream hang = hanging_job(h, 0), s = long_job(h, 1, 20, 64 << 10);

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_LOW), LOOM_FW_OK);
	assert_int_equal(h_queue_create(h, 1, 1, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_submit(h, 0, CODE, hang.slots);
	h_submit(h, 0, CODE, hang.slots);
	assert_true(h_until(h_on_core(h, 0), H_TIMEOUT_MS));
	for (int i = 0; i < 20; i++)
		assert_int_equal(h_wait(h, 1, h_submit(h, 1, CODE, s.slots)).core, 1);
	/* a queue runs one job at a time, though a core is free */
	h_sleep_us(20000);
	assert_int_equal(h_read(h, LOOM_REG_QUEUE(0) + LOOM_QUEUE_HEAD), 1);
	assert_int_equal(H_SHM(h, jobs_started), 21);
}

static void heartbeat_while_busy(void **state)
{
	struct harness *h = *state;
	struct h_stream hang = hanging_job(h, 0);
	uint32_t beats;

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_submit(h, 0, CODE, hang.slots);
	assert_true(h_until(h_on_core(h, 0), H_TIMEOUT_MS));
	for (int i = 0; i < 3; i++) {
		beats = H_SHM(h, heartbeat);
		assert_true(h_until(H_SHM(h, heartbeat) != beats, 10 * LOOM_HEARTBEAT_MS));
	}
	assert_int_equal(ping(h), LOOM_FW_OK);
}

static void suspend(void **state)
{
	struct harness *h = *state;
	struct loom_msg msg = { .type = LOOM_MSG_SUSPEND };
	struct h_stream s = long_job(h, 0, 500, 128 << 10);
	uint32_t started;

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (int i = 0; i < 10; i++)
		h_submit(h, 0, CODE, s.slots);
	assert_true(h_until(H_SHM(h, jobs_started), H_TIMEOUT_MS));
	/* what runs ends properly, nothing else starts */
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	started = H_SHM(h, jobs_started);
	assert_true(started < 10);
	assert_int_equal(H_SHM(h, jobs_ended), started);
	assert_true(h_done(h, 0, started));
	assert_false(h_on_core(h, 0));
	h_submit(h, 0, CODE, s.slots);
	h_sleep_us(20000);
	assert_int_equal(H_SHM(h, jobs_started), started);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshake),
		T(unknown_messages), T(queue_parameters), T(queue_goes_on), T(queue_states), T(full_ring), T(hostile_indices),
		T(log_ring),
		T(higher_priority_does_not_wait), T(equals_take_turns), T(nobody_waits_nobody_yields),
		cmocka_unit_test_setup_teardown(two_cores_two_queues, setup_two_cores, teardown),
		T(heartbeat_while_busy), T(suspend),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
