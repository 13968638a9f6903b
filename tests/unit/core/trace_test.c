// SPDX-License-Identifier: MIT
/* The trace rings: what is in them, what happens when they are full, wrong, taken away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz.h"
#include "harness.h"

#define CODE	0x0000100000000000ull
#define DATA	0x0000200000000000ull
#define BYTES	4096u
#define DESCS	5u		/* of a copy job: LOAD, BARRIER, STORE, BARRIER, END */
#define RECORDS	(DESCS + 1)	/* and the RUN */

struct scene {
	struct harness *h;
	struct h_stream s;
	uint64_t data, ring;
	unsigned int core;
};

static uint32_t trace_reg(struct scene *t, uint32_t reg)
{
	return LOOM_REG_TRACE(t->core) + reg;
}

static uint64_t get(struct scene *t, uint32_t reg)
{
	return loom_dev_read(t->h->dev, trace_reg(t, reg), reg == LOOM_TRACE_CTRL || reg == LOOM_TRACE_ERROR ||
			     reg == LOOM_TRACE_LOG2 ? 4 : 8);
}

/* Enables a ring of 64 records at @base; CTRL as it then reads. */
static uint32_t enable(struct scene *t, uint64_t base, uint32_t log2, uint32_t ctrl)
{
	h_write64(t->h, trace_reg(t, LOOM_TRACE_BASE_64), base);
	h_write(t->h, trace_reg(t, LOOM_TRACE_LOG2), log2);
	h_write(t->h, trace_reg(t, LOOM_TRACE_CTRL), ctrl | LOOM_TRACE_CTRL_ENABLE);
	return h_read(t->h, trace_reg(t, LOOM_TRACE_CTRL));
}

static struct loom_trace_record *record(struct scene *t, uint64_t i)
{
	return (struct loom_trace_record *)h_ptr(t->h, t->ring) + i % 64;
}

/* A copy job on queue 3 of address space 1, and a place for a ring of 64 records. */
static struct scene scene_new(const struct loom_geometry *geo)
{
	struct scene t = { .h = harness_new(geo, true) };

	t.data = h_alloc(t.h, 2 * BYTES);
	t.ring = h_alloc(t.h, 8192);
	h_boot(t.h);
	t.s = h_stream_mapped(t.h, 1, CODE, 16);
	h_map(t.h, 1, DATA, t.data, 2 * BYTES / 4096, 0);
	h_copy(&t.s, DATA + BYTES, DATA, BYTES);
	h_op(&t.s, LOOM_OP_END);
	assert_int_equal(h_queue_create(t.h, 3, 1, 8, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	return t;
}

/* The job copies as it should; its cycles. */
static uint64_t copies(struct scene *t)
{
	struct loom_completion c;

	memset(h_ptr(t->h, t->data), (int)t->h->queue[3].submitted + 1, BYTES);
	c = h_wait(t->h, 3, h_submit(t->h, 3, CODE, t->s.slots));
	assert_int_equal(c.status, LOOM_JOB_OK);
	assert_memory_equal(h_ptr(t->h, t->data), h_ptr(t->h, t->data + BYTES), BYTES);
	return c.cycles;
}

static void one_job(void **state)
{
	static const struct { uint8_t op, engine; uint32_t slot; } want[RECORDS] = {
		{ LOOM_TRACE_RUN, LOOM_ENGINE_CTRL, 0 }, { LOOM_OP_LOAD, LOOM_ENGINE_DMA_IN, 0 },
		{ LOOM_OP_BARRIER, LOOM_ENGINE_CTRL, 2 }, { LOOM_OP_STORE, LOOM_ENGINE_DMA_OUT, 3 },
		{ LOOM_OP_BARRIER, LOOM_ENGINE_CTRL, 5 }, { LOOM_OP_END, LOOM_ENGINE_CTRL, 6 },
	};
	struct scene t = scene_new(NULL);
	uint64_t begin = 0, len;

	assert_true(h_read(t.h, LOOM_REG_FEATURES_64) & LOOM_FEAT_TRACE);
	copies(&t);	/* not traced */
	begin = loom_dev_read(t.h->dev, LOOM_REG_CORE(0) + LOOM_CORE_CYCLES_64, 8);
	assert_int_equal(enable(&t, t.ring, 6, 0), LOOM_TRACE_CTRL_ENABLE);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == 0);
	len = copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == RECORDS);
	for (uint32_t i = 0; i < RECORDS; i++) {
		struct loom_trace_record *r = record(&t, i);

		assert_int_equal(r->op, want[i].op);
		assert_int_equal(r->engine, want[i].engine);
		assert_int_equal(r->slot, want[i].slot);
		assert_int_equal(r->seq, i + 1);
		assert_int_equal(r->job, 2);
		assert_int_equal(r->queue, 3);
		assert_int_equal(r->core, 0);
		if (i)
			assert_in_range(r->end, r->start + 1, begin + len);
	}
	/* 64 cycles on the bus and 64 of latency each way, barriers one */
	assert_true(record(&t, 0)->start == begin);
	assert_true(record(&t, 1)->start == begin && record(&t, 1)->end == begin + 128);
	assert_true(record(&t, 2)->start == begin + 128 && record(&t, 2)->end == begin + 129);
	assert_int_equal(record(&t, 2)->stall[LOOM_STALL_BARRIER], 128);
	assert_true(record(&t, 3)->start == begin + 129 && record(&t, 3)->end == begin + 129 + 128);
	assert_int_equal(record(&t, 3)->stall[LOOM_STALL_BARRIER], 129);
	assert_true(record(&t, 5)->end == begin + len);
	/* the next job goes on where this one ended */
	copies(&t);
	assert_true(record(&t, RECORDS)->op == LOOM_TRACE_RUN && record(&t, RECORDS)->start == begin + len);
	assert_true(record(&t, RECORDS)->job == 3 && record(&t, RECORDS)->end > record(&t, 0)->end);
	harness_free(t.h);
}

static void new_ones_are_dropped(void **state)
{
	struct scene t = scene_new(NULL);

	enable(&t, t.ring, 6, 0);
	for (int i = 0; i < 20; i++)
		copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == 64);
	assert_true(get(&t, LOOM_TRACE_DROPPED_64) == 20 * RECORDS - 64);
	for (uint32_t i = 0; i < 64; i++)
		assert_int_equal(record(&t, i)->seq, i + 1);
	/* room again, around the end of the ring; a tail from nowhere changes nothing */
	h_write64(t.h, trace_reg(&t, LOOM_TRACE_TAIL_64), 65);
	assert_true(get(&t, LOOM_TRACE_TAIL_64) == 0);
	h_write64(t.h, trace_reg(&t, LOOM_TRACE_TAIL_64), 60);
	h_write64(t.h, trace_reg(&t, LOOM_TRACE_TAIL_64), 59);
	assert_true(get(&t, LOOM_TRACE_TAIL_64) == 60);
	for (int i = 0; i < 20; i++)
		copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == 64 + 60);
	assert_true(get(&t, LOOM_TRACE_DROPPED_64) == 40 * RECORDS - 124);
	for (uint32_t i = 60; i < 124; i++)
		assert_int_equal(record(&t, i)->seq, i + 1);
	harness_free(t.h);
}

static void old_ones_are_overwritten(void **state)
{
	struct scene t = scene_new(NULL);

	enable(&t, t.ring, 6, LOOM_TRACE_CTRL_OVERWRITE);
	for (int i = 0; i < 30; i++)
		copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == 30 * RECORDS && get(&t, LOOM_TRACE_DROPPED_64) == 0);
	for (uint32_t i = 30 * RECORDS - 64; i < 30 * RECORDS; i++)
		assert_int_equal(record(&t, i)->seq, i + 1);
	harness_free(t.h);
}

static void refused(struct scene *t, uint64_t base, uint32_t log2, uint32_t error)
{
	assert_int_equal(enable(t, base, log2, 0), 0);
	assert_int_equal(get(t, LOOM_TRACE_ERROR), error);
}

static void wrong_rings(void **state)
{
	struct scene t = scene_new(NULL);

	refused(&t, t.ring, LOOM_TRACE_LOG2_MIN - 1, LOOM_TRACE_ERR_SIZE);
	refused(&t, t.ring, LOOM_TRACE_LOG2_MAX + 1, LOOM_TRACE_ERR_SIZE);
	refused(&t, t.ring, 0xffffffff, LOOM_TRACE_ERR_SIZE);
	refused(&t, t.ring + 32, 6, LOOM_TRACE_ERR_ADDRESS);
	refused(&t, 0xffffffffffffff00ull, 6, LOOM_TRACE_ERR_ADDRESS);
	copies(&t);
	/* no memory there: the first record says so, and the job knows nothing of it */
	assert_int_equal(enable(&t, 0x1000, 6, 0), LOOM_TRACE_CTRL_ENABLE);
	assert_int_equal(get(&t, LOOM_TRACE_ERROR), LOOM_TRACE_ERR_NONE);
	copies(&t);
	assert_int_equal(get(&t, LOOM_TRACE_ERROR), LOOM_TRACE_ERR_DMA);
	assert_int_equal(get(&t, LOOM_TRACE_CTRL), 0);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == 0 && get(&t, LOOM_TRACE_DROPPED_64) > 0);
	/* memory that ends inside of the ring */
	assert_int_equal(enable(&t, H_MEM_BASE + H_MEM_BYTES - 1024, 6, 0), LOOM_TRACE_CTRL_ENABLE);
	for (int i = 0; i < 3; i++)
		copies(&t);
	assert_int_equal(get(&t, LOOM_TRACE_ERROR), LOOM_TRACE_ERR_DMA);
	/* and it can be put right */
	assert_int_equal(enable(&t, t.ring, 6, 0), LOOM_TRACE_CTRL_ENABLE);
	copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == RECORDS && !get(&t, LOOM_TRACE_ERROR));
	harness_free(t.h);
}

static void settings_hold_while_enabled(void **state)
{
	struct scene t = scene_new(NULL);

	enable(&t, t.ring, 6, LOOM_TRACE_CTRL_OVERWRITE);
	copies(&t);
	assert_int_equal(enable(&t, 0, 9, 0), LOOM_TRACE_CTRL_ENABLE | LOOM_TRACE_CTRL_OVERWRITE);
	assert_true(get(&t, LOOM_TRACE_BASE_64) == t.ring && get(&t, LOOM_TRACE_LOG2) == 6);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == RECORDS);
	h_write(t.h, trace_reg(&t, LOOM_TRACE_CTRL), 0);
	assert_true(h_until(!get(&t, LOOM_TRACE_CTRL), H_TIMEOUT_MS));
	memset(h_ptr(t.h, t.ring), 0xee, 4096);
	copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == RECORDS);
	for (uint32_t i = 0; i < 4096; i++)
		assert_int_equal(((uint8_t *)h_ptr(t.h, t.ring))[i], 0xee);
	enable(&t, t.ring, 6, 0);
	copies(&t);
	h_write(t.h, LOOM_REG_RESET, LOOM_RESET_KEY);
	assert_true(!get(&t, LOOM_TRACE_CTRL) && !get(&t, LOOM_TRACE_HEAD_64) && !get(&t, LOOM_TRACE_BASE_64));
	/* a core that is not there */
	t.core = 1;
	assert_int_equal(enable(&t, t.ring, 6, 0), 0);
	harness_free(t.h);
}

/* Each core writes its own ring, and both together everything. */
static void two_cores(void **state)
{
	struct loom_geometry geo;
	uint64_t last, head[2];
	struct scene t;

	loom_geometry_default(&geo);
	geo.num_cores = 2;
	t = scene_new(&geo);
	assert_int_equal(h_queue_create(t.h, 4, 1, 8, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	for (t.core = 0; t.core < 2; t.core++)
		enable(&t, t.ring + 4096 * t.core, 6, LOOM_TRACE_CTRL_OVERWRITE);
	for (int i = 0; i < 100; i++) {
		h_submit(t.h, 3, CODE, t.s.slots);
		last = h_submit(t.h, 4, CODE, t.s.slots);
	}
	h_wait(t.h, 3, last);
	h_wait(t.h, 4, last);
	for (t.core = 0; t.core < 2; t.core++) {
		struct loom_trace_record *r = h_ptr(t.h, t.ring + 4096 * t.core);

		head[t.core] = get(&t, LOOM_TRACE_HEAD_64);
		for (int i = 0; i < 64 && head[t.core] >= 64; i++)
			assert_int_equal(r[i].core, t.core);
	}
	assert_true(head[0] + head[1] == 200 * RECORDS);
	harness_free(t.h);
}

/* The ring goes with the device: a restored one goes on where the saved one was. */
static void saved_and_restored(void **state)
{
	struct scene t = scene_new(NULL);
	void *blob;
	size_t len;

	enable(&t, t.ring, 6, LOOM_TRACE_CTRL_OVERWRITE);
	copies(&t);
	loom_dev_quiesce(t.h->dev);
	assert_int_equal(loom_dev_save(t.h->dev, &blob, &len), 0);
	h_new_device(t.h);
	loom_dev_quiesce(t.h->dev);
	assert_int_equal(loom_dev_load(t.h->dev, blob, len), 0);
	loom_dev_resume(t.h->dev);
	free(blob);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == RECORDS && get(&t, LOOM_TRACE_BASE_64) == t.ring);
	copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == 2 * RECORDS);
	assert_true(record(&t, RECORDS)->start == record(&t, RECORDS - 1)->end);
	harness_free(t.h);
}

static void without_cycle_model(void **state)
{
	struct loom_geometry geo;
	struct scene t;

	loom_geometry_default(&geo);
	geo.timing = 0;
	t = scene_new(&geo);
	enable(&t, t.ring, 6, 0);
	copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == RECORDS);
	assert_int_equal(record(&t, 1)->op, LOOM_OP_LOAD);
	assert_true(record(&t, 1)->start == 0 && record(&t, 1)->end == 0);
	harness_free(t.h);
}

/* Whatever is written to the registers of the ring, and whenever: jobs end well, and only the ring's memory is written. */
static void anything_at_any_time(void **state)
{
	struct scene t = scene_new(NULL);
	struct fuzz f = { .state = 1 };
	uint64_t last = 0;

	for (int round = 0; round < 3000; round++) {
		uint32_t reg = trace_reg(&t, fuzz_below(&f, 16) * 4);
		uint64_t v = fuzz_number(&f);

		if (fuzz_below(&f, 3) == 0)
			last = h_submit(t.h, 3, CODE, t.s.slots);
		if (fuzz_below(&f, 2) == 0)
			enable(&t, fuzz_below(&f, 2) ? t.ring : ~(uint64_t)H_MEM_BASE & v & ~63ull, 6, fuzz_below(&f, 4));
		else if (reg != trace_reg(&t, LOOM_TRACE_BASE_64) && reg != trace_reg(&t, LOOM_TRACE_BASE_64 + 4))
			loom_dev_write(t.h->dev, reg, v, fuzz_below(&f, 2) ? 4 : 8);
		if (round % 50 == 49)
			assert_int_equal(h_wait(t.h, 3, last).status, LOOM_JOB_OK);
		if (fuzz_below(&f, 2) == 0)
			h_write(t.h, trace_reg(&t, LOOM_TRACE_CTRL), 0);
	}
	h_write(t.h, trace_reg(&t, LOOM_TRACE_CTRL), 0);
	copies(&t);
	assert_true(enable(&t, t.ring, 6, 0) & LOOM_TRACE_CTRL_ENABLE);
	copies(&t);
	assert_true(get(&t, LOOM_TRACE_HEAD_64) == RECORDS);
	harness_free(t.h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_job), cmocka_unit_test(new_ones_are_dropped),
		cmocka_unit_test(old_ones_are_overwritten), cmocka_unit_test(wrong_rings),
		cmocka_unit_test(settings_hold_while_enabled), cmocka_unit_test(two_cores),
		cmocka_unit_test(saved_and_restored), cmocka_unit_test(without_cycle_model),
		cmocka_unit_test(anything_at_any_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
