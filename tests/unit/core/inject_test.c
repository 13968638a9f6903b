// SPDX-License-Identifier: MIT
/* Every fault that the device has on request: what it does, what ends it, and that it travels with a saved state. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define CODE	0x0000100000000000ull
#define DATA	0x0000200000000000ull
#define SHORT_MS	100	/* how long is waited for what must not come */

static int setup(void **state)
{
	struct harness *h = harness_new(NULL, true);

	h_boot(h);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	harness_free(*state);
	return 0;
}

static bool armed(struct harness *h, enum loom_inject what)
{
	return loom_dev_injected(h->dev) & (1ull << what);
}

/* A job that copies a page, and its queue 0. */
static uint32_t with_queue(struct harness *h)
{
	struct h_stream s = h_stream_mapped(h, 0, CODE, 8);

	h_map(h, 0, DATA, h_alloc(h, 8192), 2, 0);
	h_copy(&s, DATA + 4096, DATA, 4096);
	h_op(&s, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	return s.slots;
}

static void runs_well(struct harness *h, uint32_t slots)
{
	assert_int_equal(h_wait(h, 0, h_submit(h, 0, CODE, slots)).status, LOOM_JOB_OK);
}

static void reset_and_boot(struct harness *h)
{
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	h_boot(h);
}

static uint32_t ping(struct harness *h)
{
	struct loom_msg msg = { .type = LOOM_MSG_PING };

	return h_call(h, &msg);
}

static bool answers(struct harness *h)
{
	struct loom_msg msg = { .type = LOOM_MSG_PING };

	h_send(h, &msg);
	return h_receive(h, &msg, SHORT_MS);
}

/* ---- Jobs and queues ---- */

static void faults(struct harness *h, uint32_t slots, enum loom_inject what, uint32_t code)
{
	struct loom_completion c;
	struct loom_msg msg;

	loom_dev_inject(h->dev, what);
	c = h_wait(h, 0, h_submit(h, 0, CODE, slots));
	assert_int_equal(c.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(c.fault_code, code);
	assert_true(c.fault_va == CODE);
	assert_true(h_receive(h, &msg, H_TIMEOUT_MS));
	assert_int_equal(msg.type, LOOM_MSG_QUEUE_FAULT);
	assert_int_equal(loom_dev_injected(h->dev), 0);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_RESUME, 0, NULL), LOOM_FW_OK);
	runs_well(h, slots);
}

static void job_faults(void **state)
{
	struct harness *h = *state;
	uint32_t slots = with_queue(h);

	faults(h, slots, LOOM_INJECT_MMU_FAULT, LOOM_MMU_FAULT_UNMAPPED);
	faults(h, slots, LOOM_INJECT_DMA_FAULT, LOOM_MMU_FAULT_BUS);
}

static void deaf_queue(void **state)
{
	struct harness *h = *state;
	uint32_t slots = with_queue(h);
	uint64_t seqno;

	assert_int_equal(h_queue_create(h, 1, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	loom_dev_inject(h->dev, LOOM_INJECT_HANG_QUEUE);
	seqno = h_submit(h, 0, CODE, slots);
	for (int i = 0; i < 5; i++) {
		h_ring(h, 0);
		h_sleep_us(10000);
	}
	assert_false(h_done(h, 0, seqno));
	assert_false(armed(h, LOOM_INJECT_HANG_QUEUE));
	/* the other one is well; firmware knows nothing of the job, so the queue can go */
	assert_int_equal(h_wait(h, 1, h_submit(h, 1, CODE, slots)).status, LOOM_JOB_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_STOP, 0, NULL), LOOM_FW_OK);
	assert_int_equal(h_queue_call(h, LOOM_MSG_QUEUE_DESTROY, 0, NULL), LOOM_FW_OK);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	runs_well(h, slots);
}

static void lost_doorbell(void **state)
{
	struct harness *h = *state;
	uint32_t slots = with_queue(h);
	uint64_t seqno;

	loom_dev_inject(h->dev, LOOM_INJECT_DROP_DOORBELL);
	seqno = h_submit(h, 0, CODE, slots);
	h_sleep_us(SHORT_MS * 1000);
	assert_false(h_done(h, 0, seqno));
	h_ring(h, 0);
	assert_int_equal(h_wait(h, 0, seqno).status, LOOM_JOB_OK);
}

static void lost_record(void **state)
{
	struct harness *h = *state;
	uint32_t slots = with_queue(h);
	unsigned int irqs = h->irqs[LOOM_VEC_JOB];
	uint64_t seqno;

	loom_dev_inject(h->dev, LOOM_INJECT_DROP_CPL);
	seqno = h_submit(h, 0, CODE, slots);
	assert_true(h_wait_irq(h, LOOM_VEC_JOB, irqs, H_TIMEOUT_MS));
	assert_false(h_done(h, 0, seqno));
	runs_well(h, slots);
	assert_false(h_done(h, 0, seqno));
}

/* ---- Firmware ---- */

static void firmware_hangs(void **state)
{
	struct harness *h = *state;
	uint32_t slots = with_queue(h);
	uint64_t seqno;

	loom_dev_inject(h->dev, LOOM_INJECT_FW_HANG);
	seqno = h_submit(h, 0, CODE, slots);
	assert_false(answers(h));
	assert_false(h_done(h, 0, seqno));
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS) & 0xff, LOOM_BOOT_RUNNING);
	loom_dev_inject(h->dev, LOOM_INJECT_NONE);
	assert_false(answers(h));
	reset_and_boot(h);
	assert_int_equal(ping(h), LOOM_FW_OK);
}

static void heartbeat_stops(void **state)
{
	struct harness *h = *state;
	struct h_stream hang = h_stream_mapped(h, 0, CODE, 2);
	uint32_t beat;

	h_wait_sem(&hang, 7, 1);
	h_op(&hang, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 0, 0, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	h_submit(h, 0, CODE, hang.slots);
	beat = H_SHM(h, heartbeat);
	assert_true(h_until(H_SHM(h, heartbeat) != beat, H_TIMEOUT_MS));
	loom_dev_inject(h->dev, LOOM_INJECT_NO_HEARTBEAT);
	h_sleep_us(20000);
	beat = H_SHM(h, heartbeat);
	h_sleep_us(3 * LOOM_HEARTBEAT_MS * 1000);
	assert_int_equal(H_SHM(h, heartbeat), beat);
	assert_int_equal(ping(h), LOOM_FW_OK);
	assert_true(armed(h, LOOM_INJECT_NO_HEARTBEAT));
	loom_dev_inject(h->dev, LOOM_INJECT_NONE);
	assert_true(h_until(H_SHM(h, heartbeat) != beat, H_TIMEOUT_MS));
}

static void boots_fail(void **state)
{
	struct harness *h = *state;
	unsigned int irqs = h->irqs[LOOM_VEC_ERROR];
	const uint32_t refused = LOOM_BOOT_FAILED | LOOM_BOOT_ERR_DIGEST << 8;

	loom_dev_inject(h->dev, LOOM_INJECT_BOOT_FAIL);
	assert_int_equal(ping(h), LOOM_FW_OK);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	h_load_image(h);
	assert_int_equal(h_start(h), refused);
	assert_true(h_wait_irq(h, LOOM_VEC_ERROR, irqs, H_TIMEOUT_MS));
	reset_and_boot(h);

	loom_dev_inject(h->dev, LOOM_INJECT_BOOT_DEAD);
	for (int i = 0; i < 3; i++) {
		h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
		assert_int_equal(h_start(h), refused);
	}
	loom_dev_inject(h->dev, LOOM_INJECT_NONE);
	reset_and_boot(h);

	loom_dev_inject(h->dev, LOOM_INJECT_BOOT_HANG);
	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	h_write64(h, LOOM_REG_FW_ADDR_64, h->fw);
	h_write(h, LOOM_REG_FW_SIZE, h->fw_bytes);
	h_write(h, LOOM_REG_BOOT_CTRL, 1);
	h_sleep_us(SHORT_MS * 1000);
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_OFF);
	reset_and_boot(h);
}

/* ---- Messages, log ---- */

static void lost_message(void **state)
{
	struct harness *h = *state;

	loom_dev_inject(h->dev, LOOM_INJECT_DROP_MBOX);
	assert_false(answers(h));
	assert_int_equal(loom_dev_injected(h->dev), 0);
	/* the next doorbell brings both */
	assert_true(answers(h));
	assert_true(answers(h));
}

static void garbage_in_shared_memory(void **state)
{
	struct harness *h = *state;
	unsigned int irqs = h->irqs[LOOM_VEC_MSG];

	loom_dev_inject(h->dev, LOOM_INJECT_CORRUPT_MBOX);
	assert_true(h_wait_irq(h, LOOM_VEC_MSG, irqs, H_TIMEOUT_MS));
	assert_true(H_SHM(h, f2h.tail) - h->f2h_head > LOOM_MSG_SLOTS);
	assert_true(h->h2f_tail - H_SHM(h, h2f.head) > LOOM_MSG_SLOTS);
	reset_and_boot(h);

	loom_dev_inject(h->dev, LOOM_INJECT_CORRUPT_LOG);
	assert_true(h_until(H_SHM(h, log.tail) > 0xf0000000u, H_TIMEOUT_MS));
	assert_int_equal(ping(h), LOOM_FW_OK);
}

/* ---- Interrupts, registers ---- */

static void interrupt_storm(void **state)
{
	struct harness *h = *state;
	uint32_t slots = with_queue(h);
	unsigned int irqs = h->irqs[LOOM_VEC_ERROR];

	loom_dev_inject(h->dev, LOOM_INJECT_IRQ_STORM);
	assert_true(h_until(h->irqs[LOOM_VEC_ERROR] - irqs > 100, H_TIMEOUT_MS));
	runs_well(h, slots);
	/* no reset ends it */
	reset_and_boot(h);
	irqs = h->irqs[LOOM_VEC_FAULT];
	assert_true(h_until(h->irqs[LOOM_VEC_FAULT] - irqs > 100, H_TIMEOUT_MS));
	loom_dev_inject(h->dev, LOOM_INJECT_NONE);
	h_sleep_us(20000);
	irqs = h->irqs[LOOM_VEC_FAULT];
	h_sleep_us(20000);
	assert_int_equal(h->irqs[LOOM_VEC_FAULT], irqs);
}

static void pulled_out(void **state)
{
	struct harness *h = *state;
	uint32_t slots = with_queue(h);
	uint64_t seqno;
	unsigned int irqs;

	runs_well(h, slots);
	loom_dev_inject(h->dev, LOOM_INJECT_GONE);
	irqs = h->irqs[LOOM_VEC_JOB];
	assert_int_equal(h_read(h, LOOM_REG_MAGIC), 0xffffffff);
	seqno = h_submit(h, 0, CODE, slots);
	h_write(h, LOOM_REG_BOOT_CTRL, 1);
	h_sleep_us(SHORT_MS * 1000);
	assert_false(h_done(h, 0, seqno));
	assert_int_equal(h->irqs[LOOM_VEC_JOB], irqs);
	loom_dev_inject(h->dev, LOOM_INJECT_NONE);
	assert_int_equal(h_read(h, LOOM_REG_BOOT_STATUS), LOOM_BOOT_OFF);
	h_boot(h);
	assert_int_equal(ping(h), LOOM_FW_OK);
}

/* ---- Saved states ---- */

static void faults_are_saved(void **state)
{
	struct harness *h = *state;
	uint32_t slots = with_queue(h);
	unsigned int irqs;
	void *blob;
	size_t len;

	loom_dev_inject(h->dev, LOOM_INJECT_HANG_QUEUE);
	h_submit(h, 0, CODE, slots);
	loom_dev_inject(h->dev, LOOM_INJECT_FW_HANG);
	assert_true(h_until(!armed(h, LOOM_INJECT_FW_HANG), H_TIMEOUT_MS));
	loom_dev_inject(h->dev, LOOM_INJECT_CORRUPT_CPL);
	loom_dev_inject(h->dev, LOOM_INJECT_IRQ_STORM);
	loom_dev_quiesce(h->dev);
	assert_int_equal(loom_dev_save(h->dev, &blob, &len), 0);
	h_new_device(h);
	loom_dev_quiesce(h->dev);
	assert_int_equal(loom_dev_load(h->dev, blob, len), 0);
	free(blob);
	irqs = h->irqs[LOOM_VEC_ERROR];
	loom_dev_resume(h->dev);
	assert_true(h_until(h->irqs[LOOM_VEC_ERROR] - irqs > 10, H_TIMEOUT_MS));
	assert_true(armed(h, LOOM_INJECT_CORRUPT_CPL));
	loom_dev_inject(h->dev, LOOM_INJECT_NONE);
	assert_false(answers(h));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(job_faults), T(deaf_queue), T(lost_doorbell), T(lost_record),
		T(firmware_hangs), T(heartbeat_stops), T(boots_fail),
		T(lost_message), T(garbage_in_shared_memory),
		T(interrupt_storm), T(pulled_out), T(faults_are_saved),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
