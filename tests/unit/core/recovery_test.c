// SPDX-License-Identifier: MIT
/* When things go wrong: faults, hangs, stops, resets at any moment, crashes, saved states. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"
#include "qemu-device/core/exec.h"

#define CODE	0x0000100000000000ull
#define DATA	0x0000200000000000ull

static int setup_cores(void **state, unsigned int cores)
{
	struct loom_geometry geo;
	struct harness *h;

	loom_geometry_default(&geo);
	geo.num_cores = cores;
	h = harness_new(&geo, true);
	h_boot(h);
	*state = h;
	return 0;
}

static int setup(void **state) { return setup_cores(state, 1); }
static int setup_two(void **state) { return setup_cores(state, 2); }

static int teardown(void **state)
{
	harness_free(*state);
	return 0;
}

static struct h_stream good_job(struct harness *h, unsigned int as)
{
	struct h_stream s = h_stream_mapped(h, as, CODE, 8);

	h_map(h, as, DATA, h_alloc(h, 8192), 2, 0);
	h_copy(&s, DATA + 4096, DATA, 4096);
	h_op(&s, LOOM_OP_END);
	return s;
}

static struct h_stream hanging_job(struct harness *h, unsigned int as)
{
	struct h_stream s = h_stream_mapped(h, as, CODE, 2);

	h_wait_sem(&s, 7, 1);
	h_op(&s, LOOM_OP_END);
	return s;
}

/* The fault message of queue @q, which must be the next one. */
static struct loom_msg fault_message(struct harness *h, uint32_t q)
{
	struct loom_msg msg;

	assert_true(h_receive(h, &msg, H_TIMEOUT_MS));
	assert_int_equal(msg.type, LOOM_MSG_QUEUE_FAULT);
	assert_int_equal(msg.u.fault.queue, q);
	return msg;
}

/* ---- Faults ---- */

static void fault_stops_its_queue_only(void **state)
{
	struct harness *h = *state;
	struct h_stream good = good_job(h, 1), bad = h_stream_mapped(h, 0, CODE, 8);
	unsigned int irqs = h->irqs[LOOM_VEC_FAULT];
	struct loom_completion c;
	struct loom_msg msg;
	uint64_t seqno, next;

	h_op(&bad, LOOM_OP_NOP);
	h_dma(&bad, LOOM_OP_LOAD, 0x123456789000ull, 0, 64);
	h_op(&bad, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 10, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	assert_int_equal(h_queue_create(h, 11, 1, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	seqno = h_put(h, 10, CODE, bad.slots);
	next = h_put(h, 10, CODE, bad.slots);
	h_ring(h, 10);
	c = h_wait(h, 10, seqno);
	assert_int_equal(c.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(c.fault_code, LOOM_MMU_FAULT_UNMAPPED);
	assert_true(c.fault_va == 0x123456789000ull);
	assert_int_equal(c.fault_slot, 1);
	assert_int_equal(c.fault_engine, LOOM_ENGINE_DMA_IN);
	assert_int_equal(c.fault_access, LOOM_ACCESS_READ);
	msg = fault_message(h, 10);
	assert_true(h_wait_irq(h, LOOM_VEC_FAULT, irqs, 1000));
	assert_int_equal(msg.u.fault.as, 0);
	assert_int_equal(msg.u.fault.index, 0);
	assert_int_equal(msg.u.fault.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(msg.u.fault.code, LOOM_MMU_FAULT_UNMAPPED);
	assert_true(msg.u.fault.va == 0x123456789000ull);
	assert_int_equal(msg.u.fault.slot, 1);
	assert_int_equal(msg.u.fault.engine, LOOM_ENGINE_DMA_IN);
	/* the neighbour does not notice; the second job waits until the queue is told to go on */
	for (int i = 0; i < 20; i++)
		assert_int_equal(h_wait(h, 11, h_submit(h, 11, CODE, good.slots)).status, LOOM_JOB_OK);
	assert_false(h_done(h, 10, next));
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 10, NULL), LOOM_FW_OK);
	assert_int_equal(h_wait(h, 10, next).status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(fault_message(h, 10).u.fault.index, 1);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_DESTROY, 10, NULL), LOOM_FW_OK);
}

static void read_only_pages(void **state)
{
	struct harness *h = *state;
	struct h_stream s = h_stream_mapped(h, 0, CODE, 8);
	uint64_t data = h_alloc(h, 4096);
	struct loom_completion c;

	h_map(h, 0, DATA, data, 1, LOOM_PTE_RO);
	h_copy(&s, DATA, DATA, 64);
	h_op(&s, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	c = h_wait(h, 0, h_submit(h, 0, CODE, s.slots));
	assert_int_equal(c.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(c.fault_code, LOOM_MMU_FAULT_READ_ONLY);
	assert_true(c.fault_va == DATA);
	assert_int_equal(c.fault_engine, LOOM_ENGINE_DMA_OUT);
	assert_int_equal(c.fault_access, LOOM_ACCESS_WRITE);
	fault_message(h, 0);
}

/* Every way in which a ring entry or a stream may be malformed. */
static void bad_entries(void **state)
{
	struct harness *h = *state;
	struct h_stream s = h_stream_mapped(h, 0, CODE, 8);
	struct loom_job bad[6] = {
		{ .stream_va = CODE + 32, .stream_slots = 1 },
		{ .stream_va = CODE, .stream_slots = 0 },
		{ .stream_va = CODE, .stream_slots = LOOM_STREAM_SLOTS_MAX + 1 },
		{ .stream_va = CODE, .stream_slots = 1, .flags = 1 },
		{ .stream_va = CODE, .stream_slots = 1, .rsvd = { [4] = 1 } },
		{ .stream_va = CODE, .stream_slots = 0xffffffff },
	};
	struct loom_completion c;

	h_op(&s, LOOM_OP_NOP);
	h_op(&s, 0xee);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t seqno = h_put(h, 0, 0, 0);
		struct loom_job *job = (struct loom_job *)h_ptr(h, h->queue[0].ring) + (seqno - 1) % 16;

		bad[i].seqno = seqno;
		*job = bad[i];
		h_ring(h, 0);
		assert_int_equal(h_wait(h, 0, seqno).status, LOOM_JOB_BAD_ENTRY);
		assert_int_equal(fault_message(h, 0).u.fault.status, LOOM_JOB_BAD_ENTRY);
		assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 0, NULL), LOOM_FW_OK);
	}
	c = h_wait(h, 0, h_submit(h, 0, CODE, 1));
	assert_int_equal(c.status, LOOM_JOB_NO_END);
	fault_message(h, 0);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 0, NULL), LOOM_FW_OK);
	c = h_wait(h, 0, h_submit(h, 0, CODE, 2));
	assert_int_equal(c.status, LOOM_JOB_ILLEGAL);
	assert_int_equal(c.fault_code, LOOM_ILL_OPCODE);
	assert_int_equal(c.fault_slot, 1);
	fault_message(h, 0);
}

/* Neither ring entry nor completion record can be reached. */
static void unreachable_rings(void **state)
{
	struct harness *h = *state;
	struct loom_msg msg = { .type = LOOM_MSG_QUEUE_CREATE };
	struct h_stream s = good_job(h, 0);
	uint64_t ring = h_alloc(h, 4096);

	msg.u.queue_create.queue = 1;
	msg.u.queue_create.ring = 0x1000;
	msg.u.queue_create.cpl = h_alloc(h, 4096);
	msg.u.queue_create.log2 = 4;
	h->queue[1] = (struct h_queue) { .ring = ring, .cpl = msg.u.queue_create.cpl, .log2 = 4 };
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	h_submit(h, 1, CODE, s.slots);
	msg = fault_message(h, 1);
	assert_int_equal(msg.u.fault.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(msg.u.fault.code, LOOM_MMU_FAULT_BUS);
	assert_true(msg.u.fault.va == 0x1000);

	h_map(h, 0, DATA + 0x100000, ring, 1, 0);
	msg = (struct loom_msg) { .type = LOOM_MSG_QUEUE_CREATE };
	msg.u.queue_create.queue = 2;
	msg.u.queue_create.ring = DATA + 0x100000;
	msg.u.queue_create.cpl = DATA + 0x200000;
	msg.u.queue_create.log2 = 4;
	msg.u.queue_create.flags = LOOM_QUEUE_RING_VA;
	h->queue[2] = (struct h_queue) { .ring = ring, .log2 = 4 };
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	h_submit(h, 2, CODE, s.slots);
	msg = fault_message(h, 2);
	assert_int_equal(msg.u.fault.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(msg.u.fault.code, LOOM_MMU_FAULT_UNMAPPED);
	assert_int_equal(msg.u.fault.access, LOOM_ACCESS_WRITE);
	assert_true(msg.u.fault.va == DATA + 0x200000);
}

/* ---- Hangs ---- */

static void stop_a_hung_job(void **state)
{
	struct harness *h = *state;
	struct h_stream hang = hanging_job(h, 0), good = good_job(h, 1);
	struct loom_msg reply;
	uint64_t stuck, next;

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	assert_int_equal(h_queue_create(h, 1, 1, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	stuck = h_submit(h, 0, CODE, hang.slots);
	assert_true(h_until(h_on_core(h, 0), H_TIMEOUT_MS));
	next = h_submit(h, 1, CODE, good.slots);
	h_sleep_us(30000);
	/* hung, and said to be; a queue on a core cannot be destroyed */
	assert_true(h_on_core(h, 0));
	assert_false(h_done(h, 1, next));
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_DESTROY, 0, NULL), LOOM_FW_ERR_STATE);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 0, &reply), LOOM_FW_OK);
	assert_int_equal(reply.u.queue.head, 1);
	assert_false(h_on_core(h, 0));
	assert_false(h_done(h, 0, stuck));
	assert_int_equal(h_wait(h, 1, next).status, LOOM_JOB_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_DESTROY, 0, NULL), LOOM_FW_OK);
}

static void stop_and_resume(void **state)
{
	struct harness *h = *state;
	struct h_stream good = good_job(h, 0);
	uint64_t seqno[3];

	loom_dev_inject(h->dev, LOOM_INJECT_HANG_JOB);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (int i = 0; i < 3; i++)
		seqno[i] = h_submit(h, 0, CODE, good.slots);
	assert_true(h_until(h_on_core(h, 0), H_TIMEOUT_MS));
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 0, NULL), LOOM_FW_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 0, NULL), LOOM_FW_OK);
	assert_int_equal(h_wait(h, 0, seqno[2]).status, LOOM_JOB_OK);
	assert_true(h_done(h, 0, seqno[1]));
	assert_false(h_done(h, 0, seqno[0]));
}

/* Stopping a job that has yielded ends it: no record, and the next one is the next. */
static void stop_a_yielded_job(void **state)
{
	struct harness *h = *state;
	struct h_stream s = h_stream_mapped(h, 0, CODE, 70001), hang = hanging_job(h, 1);
	struct loom_msg reply;
	uint64_t first, second;

	h_map(h, 0, DATA, h_alloc(h, 512 << 10), 128, 0);
	for (int i = 0; i < 10000; i++) {
		h_copy(&s, DATA + (256 << 10), DATA, 256 << 10);
		h_op(&s, LOOM_OP_MARK);
	}
	h_op(&s, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_LOW), LOOM_FW_OK);
	assert_int_equal(h_queue_create(h, 1, 1, 4, LOOM_PRIO_HIGH), LOOM_FW_OK);
	first = h_submit(h, 0, CODE, s.slots);
	assert_true(h_until(h_on_core(h, 0) || h_done(h, 0, first), H_TIMEOUT_MS));
	h_submit(h, 1, CODE, hang.slots);
	assert_true(h_until(h_on_core(h, 1), H_TIMEOUT_MS));
	assert_int_equal(H_SHM(h, yields), 1);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 0, &reply), LOOM_FW_OK);
	assert_int_equal(reply.u.queue.head, 1);
	assert_int_equal(H_SHM(h, jobs_ended), 1);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 1, NULL), LOOM_FW_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 0, NULL), LOOM_FW_OK);
	h_sleep_us(20000);
	assert_false(h_done(h, 0, first));
	assert_int_equal(H_SHM(h, jobs_started), 2);
	/* only the END of it */
	second = h_submit(h, 0, CODE + 64ull * (s.slots - 1), 1);
	assert_int_equal(h_wait(h, 0, second).status, LOOM_JOB_OK);
	assert_int_equal(H_SHM(h, jobs_ended), 3);
}

/* STOP is not obeyed: the firmware resets the core, and the device goes on. */
static void hung_core_is_reset(void **state)
{
	struct harness *h = *state;
	struct h_stream good = good_job(h, 0);
	uint32_t last;

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	assert_int_equal(h_queue_create(h, 1, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (uint32_t i = 1; i <= 3; i++) {
		loom_dev_inject(h->dev, LOOM_INJECT_HANG_CORE);
		h_submit(h, 0, CODE, good.slots);
		assert_true(h_until(h_on_core(h, 0), H_TIMEOUT_MS));
		assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 0, NULL), LOOM_FW_OK);
		assert_int_equal(H_SHM(h, core_resets), i);
		assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 0, NULL), LOOM_FW_OK);
		last = h_submit(h, 1, CODE, good.slots);
		assert_int_equal(h_wait(h, 1, last).status, LOOM_JOB_OK);
	}
}

/* Not even that helps: QUEUE_STOP says so, and the rest is up to the driver. */
static void dead_core_needs_a_reset_of_the_device(void **state)
{
	struct harness *h = *state;
	struct h_stream good = good_job(h, 0);
	struct loom_msg msg = { .type = LOOM_MSG_QUEUE_STOP };

	loom_dev_inject(h->dev, LOOM_INJECT_DEAD_CORE);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_submit(h, 0, CODE, good.slots);
	assert_true(h_until(h_on_core(h, 0), H_TIMEOUT_MS));
	assert_int_equal(h_call(h, &msg), LOOM_FW_ERR_STUCK);
	/* firmware is alive all the same */
	msg = (struct loom_msg) { .type = LOOM_MSG_PING };
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	h_boot(h);
	h_as_enable(h, 0);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	assert_int_equal(h_wait(h, 0, h_submit(h, 0, CODE, good.slots)).status, LOOM_JOB_OK);
}

/* ---- Reset at any moment ---- */

struct storm {
	struct harness *h;
	_Atomic bool armed, end;	/* armed: there are jobs in the rings */
};

static void *ring_all(void *opaque)
{
	struct storm *s = opaque;
	uint32_t tail = 0;

	while (!s->end) {
		for (unsigned int q = 0; q < 4; q++)
			loom_dev_doorbell(s->h->dev, q * LOOM_DOORBELL_STRIDE,
					  s->armed ? tail % 4 : 0);
		loom_dev_write(s->h->dev, LOOM_REG_MBOX_DOORBELL, 1, 4);
		loom_dev_write(s->h->dev, LOOM_REG_AS(0) + LOOM_AS_INV, 1, 4);
		loom_dev_read(s->h->dev, LOOM_REG_CORE(0), 8);
		loom_dev_read(s->h->dev, LOOM_REG_TEMP_MC, 4);
		tail++;
	}
	return NULL;
}

static void reset_storm(void **state)
{
	struct harness *h = *state;
	struct storm s = { .h = h };
	struct h_stream job = { 0 };
	pthread_t thread;

	for (unsigned int q = 0; q < 4; q++) {
		job = h_stream_mapped(h, q, CODE, 64);
		h_map(h, q, DATA, h_alloc(h, 512 << 10), 128, 0);
		for (int i = 0; i < 8; i++) {
			h_copy(&job, DATA + (256 << 10), DATA, 256 << 10);
			h_op(&job, LOOM_OP_MARK);
		}
		h_op(&job, LOOM_OP_END);
	}
	/* tails jump back and forth, as no driver would have them: a job may run twice */
	h->skip_faults = true;
	assert_int_equal(pthread_create(&thread, NULL, ring_all, &s), 0);
	for (unsigned int round = 0; round < 25; round++) {
		uint64_t base = h->next;

		s.armed = false;
		if (round & 1)
			h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
		else
			loom_dev_reset(h->dev);
		h_boot(h);
		for (unsigned int q = 0; q < 4; q++) {
			h_as_enable(h, q);
			assert_int_equal(h_queue_create(h, q, q, 4, q), LOOM_FW_OK);
		}
		for (unsigned int i = 0; i < 12; i++)
			h_put(h, i % 4, CODE, job.slots);
		s.armed = true;
		for (unsigned int q = 0; q < 4; q++)
			h_queue_call(h, LOOM_MSG_QUEUE_RESUME, q, NULL);
		h_sleep_us(round * 200);
		if (round % 5 == 0) {
			loom_dev_quiesce(h->dev);
			loom_dev_resume(h->dev);
		}
		h->next = base;
	}
	s.end = true;
	pthread_join(thread, NULL);
}

/* After the reset register was written nothing more reaches memory. */
static void reset_stops_dma(void **state)
{
	struct harness *h = *state;
	struct h_stream s = h_stream_mapped(h, 0, CODE, 4000);
	uint64_t data = h_alloc(h, 1 << 20);
	uint8_t *to = h_ptr(h, data + (512 << 10));

	h_map(h, 0, DATA, data, 256, 0);
	memset(h_ptr(h, data), 0x77, 512 << 10);
	for (int i = 0; i < 600; i++)
		h_copy(&s, DATA + (512 << 10), DATA, 512 << 10);
	h_op(&s, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_submit(h, 0, CODE, s.slots);
	assert_true(h_until(h_read(h, LOOM_REG_CORE(0) + LOOM_CORE_BYTES_OUT_64), H_TIMEOUT_MS));
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	memset(to, 0, 512 << 10);
	h_sleep_us(50000);
	for (size_t i = 0; i < 512 << 10; i++)
		assert_int_equal(to[i], 0);
}

static void *reset_device(void *opaque)
{
	h_write(opaque, LOOM_REG_RESET, LOOM_RESET_KEY);
	return NULL;
}

struct opener {
	struct harness *h;
	_Atomic bool answered;
	bool in_time;
};

static void *open_when_answered(void *opaque)
{
	struct opener *o = opaque;

	o->in_time = h_until(atomic_load(&o->answered), 10000);
	atomic_store(&o->h->gate, H_OPEN);
	return NULL;
}

/* Whom an access to memory waits for may wait for the device: while a reset waits for the access, the device answers. */
static void reset_answers_while_it_waits(void **state)
{
	struct harness *h = *state;
	struct h_stream s = good_job(h, 0);
	struct opener o = { .h = h };
	pthread_t reset, opener;

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	atomic_store(&h->gate, H_SHUT);
	h_submit(h, 0, CODE, s.slots);
	assert_true(h_until(atomic_load(&h->gate) == H_WAITED_AT, H_TIMEOUT_MS));
	assert_int_equal(pthread_create(&opener, NULL, open_when_answered, &o), 0);
	assert_int_equal(pthread_create(&reset, NULL, reset_device, h), 0);
	assert_true(h_until((h_read(h, LOOM_REG_BOOT_STATUS) & 0xff) == LOOM_BOOT_OFF, H_TIMEOUT_MS));
	loom_dev_tick(h->dev);
	atomic_store(&o.answered, true);
	pthread_join(opener, NULL);
	pthread_join(reset, NULL);
	assert_true(o.in_time);
}

static void free_at_any_moment(void **state)
{
	for (unsigned int round = 0; round < 20; round++) {
		struct harness *h;
		struct h_stream s;

		setup_cores((void **)&h, 1 + round % 3);
		s = h_stream_mapped(h, 0, CODE, 64);
		h_map(h, 0, DATA, h_alloc(h, 512 << 10), 128, 0);
		for (int i = 0; i < 8; i++)
			h_copy(&s, DATA + (256 << 10), DATA, 256 << 10);
		h_op(&s, LOOM_OP_END);
		assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
		h_submit(h, 0, CODE, s.slots);
		h_sleep_us(round * 37);
		harness_free(h);
	}
}

/* ---- Injected faults ---- */

static void firmware_crash(void **state)
{
	struct harness *h = *state;
	unsigned int irqs = h->irqs[LOOM_VEC_ERROR];

	loom_dev_inject(h->dev, LOOM_INJECT_FW_CRASH);
	assert_true(h_wait_irq(h, LOOM_VEC_ERROR, irqs, H_TIMEOUT_MS));
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_HALTED | LOOM_BOOT_ERR_TRAP << 8);
	assert_int_equal(h_read(h, LOOM_REG_TRAP_CAUSE), 2);
	assert_true(h_read(h, LOOM_REG_TRAP_PC) - LOOM_CC_TCM < LOOM_CC_TCM_BYTES);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	h_boot(h);
}

static void lost_interrupt(void **state)
{
	struct harness *h = *state;
	struct h_stream s = good_job(h, 0);
	unsigned int irqs;

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_sleep_us(20000);
	loom_dev_inject(h->dev, LOOM_INJECT_DROP_IRQ);
	irqs = h->irqs[LOOM_VEC_JOB];
	h_wait(h, 0, h_submit(h, 0, CODE, s.slots));
	assert_false(h_wait_irq(h, LOOM_VEC_JOB, irqs, 50));
	h_submit(h, 0, CODE, s.slots);
	assert_true(h_wait_irq(h, LOOM_VEC_JOB, irqs, H_TIMEOUT_MS));
}

static void corrupt_record(void **state)
{
	struct harness *h = *state;
	struct h_stream s = good_job(h, 0);
	unsigned int irqs = h->irqs[LOOM_VEC_JOB];
	uint64_t seqno;

	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	loom_dev_inject(h->dev, LOOM_INJECT_CORRUPT_CPL);
	seqno = h_submit(h, 0, CODE, s.slots);
	assert_true(h_wait_irq(h, LOOM_VEC_JOB, irqs, H_TIMEOUT_MS));
	assert_false(h_done(h, 0, seqno));
	assert_int_equal(h_wait(h, 0, h_submit(h, 0, CODE, s.slots)).status, LOOM_JOB_OK);
}

/* ---- Saved states ---- */

static void move(struct harness *h)
{
	void *blob;
	size_t len;

	loom_dev_quiesce(h->dev);
	assert_int_equal(h->maps, 0);
	assert_int_equal(loom_dev_save(h->dev, &blob, &len), 0);
	/* on the other side the clock shows something else */
	h->skew_ns += 5000000000ull;
	h_new_device(h);
	loom_dev_quiesce(h->dev);
	assert_int_equal(loom_dev_load(h->dev, blob, len), 0);
	loom_dev_resume(h->dev);
	free(blob);
}

/* A job in flight is moved several times between two of its descriptors, and its result is right. */
static void move_with_a_job_in_flight(void **state)
{
	struct harness *h = *state;
	struct h_stream s = h_stream_mapped(h, 0, CODE, 4000);
	uint64_t data = h_alloc(h, 1 << 20), seqno;
	struct loom_completion c;
	int moves = 0;

	h_map(h, 0, DATA, data, 256, 0);
	for (size_t i = 0; i < 512 << 10; i++)
		((uint8_t *)h_ptr(h, data))[i] = (uint8_t)(i * 31 + i / 777);
	for (int i = 0; i < 400; i++)
		h_copy(&s, DATA + (512 << 10), DATA, 512 << 10);
	h_op(&s, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	seqno = h_submit(h, 0, CODE, s.slots);
	assert_true(h_until(h_on_core(h, 0), H_TIMEOUT_MS));
	while (!h_done(h, 0, seqno) && moves < 10) {
		move(h);
		moves++;
		h_sleep_us(2000);
	}
	c = h_wait(h, 0, seqno);
	assert_true(moves >= 2);
	assert_int_equal(c.status, LOOM_JOB_OK);
	assert_memory_equal(h_ptr(h, data), h_ptr(h, data + (512 << 10)), 512 << 10);
	assert_true(loom_dev_read(h->dev, LOOM_REG_CORE(0) + LOOM_CORE_BYTES_IN_64, 8) == 400ull * (512 << 10));
	assert_true(loom_dev_read(h->dev, LOOM_REG_CORE(0) + LOOM_CORE_CYCLES_64, 8) == c.cycles);
	assert_int_equal(h_read(h, LOOM_REG_CORE(0) + LOOM_CORE_JOBS_64), 1);
	/* and everything else still works */
	assert_int_equal(h_wait(h, 0, h_submit(h, 0, CODE, s.slots)).status, LOOM_JOB_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_DESTROY, 0, NULL), LOOM_FW_OK);
}

static void move_idle_hung_and_off(void **state)
{
	struct harness *h = *state;
	struct h_stream hang = hanging_job(h, 0);
	struct loom_msg msg = { .type = LOOM_MSG_PING };

	move(h);
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_submit(h, 0, CODE, hang.slots);
	assert_true(h_until(h_on_core(h, 0), H_TIMEOUT_MS));
	h_sleep_us(5000);
	move(h);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 0, NULL), LOOM_FW_OK);
	loom_dev_inject(h->dev, LOOM_INJECT_FW_CRASH);
	assert_true(h_until(h_read(h, LOOM_REG_TRAP_CAUSE) == 2, H_TIMEOUT_MS));
	move(h);
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_HALTED | LOOM_BOOT_ERR_TRAP << 8);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	move(h);
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_OFF);
	h_boot(h);
}

/* Taken or refused, but never out of bounds; a device that takes it runs, or can be reset. */
static void try_damage(struct harness *h, const uint8_t *good, uint8_t *bad, size_t len, size_t from,
		       size_t to)
{
	for (size_t i = from; i < to; i++) {
		memcpy(bad, good, len);
		memset(bad + i, 0xff, 8);
		if (loom_dev_load(h->dev, bad, len))
			assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_OFF);
		if (i % 50 == 0) {
			loom_dev_resume(h->dev);
			h_sleep_us(1000);
			loom_dev_quiesce(h->dev);
		}
	}
}

static void damaged_states(void **state)
{
	struct loom_core *core;
	size_t ccu;
	struct harness *h = *state;
	struct loom_geometry other = h->geo;
	struct harness *h2;
	uint8_t *blob, *bad;
	size_t len;

	loom_dev_quiesce(h->dev);
	assert_int_equal(loom_dev_save(h->dev, (void **)&blob, &len), 0);
	bad = malloc(len);
#define REFUSED(n) do {									\
		assert_int_equal(loom_dev_load(h->dev, bad, (n)), -EINVAL);		\
		assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_OFF);	\
	} while (0)
	/* length, magic, version */
	memcpy(bad, blob, len);
	REFUSED(0);
	REFUSED(len - 1);
	REFUSED(len / 2);
	bad[0] ^= 1;
	REFUSED(len);
	bad[0] ^= 1;
	bad[8] ^= 1;
	REFUSED(len);
	/* the registers, and then the core's control block before its own state, set to all ones bit by bit */
	assert_int_equal(loom_core_new(&h->geo, &core), 0);
	ccu = len - loom_core_state_bytes(core);
	loom_core_free(core);
	try_damage(h, blob, bad, len, 12, 6000);
	try_damage(h, blob, bad, len, ccu - 400, ccu);
	/* the good one is still taken, here but not in a device of another geometry */
	assert_int_equal(loom_dev_load(h->dev, blob, len), 0);
	loom_dev_resume(h->dev);
	other.array_dim = 8;
	h2 = harness_new(&other, true);
	loom_dev_quiesce(h2->dev);
	assert_int_equal(loom_dev_load(h2->dev, blob, len), -EINVAL);
	loom_dev_resume(h2->dev);
	harness_free(h2);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	free(bad);
	free(blob);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(fault_stops_its_queue_only), T(read_only_pages), T(bad_entries), T(unreachable_rings),
		T(stop_a_hung_job), T(stop_and_resume), T(stop_a_yielded_job),
		T(hung_core_is_reset),
		T(dead_core_needs_a_reset_of_the_device),
		cmocka_unit_test_setup_teardown(reset_storm, setup_two, teardown),
		T(reset_stops_dma),
		T(reset_answers_while_it_waits),
		cmocka_unit_test(free_at_any_moment),
		T(firmware_crash), T(lost_interrupt), T(corrupt_record),
		T(move_with_a_job_in_flight), T(move_idle_hung_and_off), T(damaged_states),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
