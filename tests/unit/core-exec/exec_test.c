/* SPDX-License-Identifier: MIT */
/* The run of streams: order, semaphores, barriers, faults, requests, state. */
#include <fenv.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include "stream.h"

#define IN	(64u << 10)
#define OUT	(128u << 10)

static void test_copy(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 1000; i++)
		b->mem[IN + i] = (uint8_t)(i * 7);
	signals(b, add_copy(b, LOOM_OP_LOAD, IN, 100, 1000), 3);
	waits(b, add_copy(b, LOOM_OP_STORE, OUT, 100, 1000), 3, 1);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	assert_memory_equal(b->mem + OUT, b->mem + IN, 1000);
	assert_int_equal(loom_core_counters(b->core)->bytes_in, 1000);
	assert_int_equal(loom_core_counters(b->core)->bytes_out, 1000);
	assert_int_equal(loom_core_counters(b->core)->descs, 3);
	assert_int_equal(loom_core_counters(b->core)->jobs, 1);
}

/* A STORE that comes first in the stream waits for a LOAD that comes later, on another engine. */
static void test_semaphore_orders_engines(void **state)
{
	struct bench *b = *state;

	b->mem[IN] = 42;
	waits(b, add_copy(b, LOOM_OP_STORE, OUT, 0, 1), 63, 2);
	signals(b, add_copy(b, LOOM_OP_LOAD, IN, 0, 1), 63);
	signals(b, add_ctrl(b, LOOM_OP_NOP), 63);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	assert_int_equal(b->mem[OUT], 42);
}

/* In order within an engine: the second LOAD may not pass the first, which waits. */
static void test_engine_is_in_order(void **state)
{
	struct bench *b = *state;

	b->mem[IN] = 1;
	b->mem[IN + 1] = 2;
	waits(b, add_copy(b, LOOM_OP_LOAD, IN, 0, 1), 0, 1);
	signals(b, add_copy(b, LOOM_OP_LOAD, IN + 1, 0, 1), 1);
	signals(b, add_copy(b, LOOM_OP_STORE, OUT, 0, 1), 0);
	waits(b, add_copy(b, LOOM_OP_STORE, OUT + 1, 0, 1), 1, 1);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->mem[OUT], 0);
	assert_int_equal(b->mem[OUT + 1], 2);
}

static void test_deadlock(void **state)
{
	struct bench *b = *state;

	waits(b, add_copy(b, LOOM_OP_STORE, OUT, 0, 1), 5, 1);
	signals(b, add_ctrl(b, LOOM_OP_END), 5);
	assert_int_equal(run(b), LOOM_EXEC_DEADLOCK);
	loom_core_abandon(b->core);
	b->slots = 0;
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
}

static void test_full_queue_holds_fetch(void **state)
{
	struct bench *b = *state;

	/* The engine's queue is full before the signal is reached: a machine with finite queues hangs. */
	for (uint32_t i = 0; i <= LOOM_QUEUE_DEPTH; i++)
		waits(b, add_copy(b, LOOM_OP_STORE, OUT, 0, 1), 1, 1);
	signals(b, add_ctrl(b, LOOM_OP_NOP), 1);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_DEADLOCK);
	b->slots = 0;
	for (uint32_t i = 0; i < LOOM_QUEUE_DEPTH; i++)
		waits(b, add_copy(b, LOOM_OP_STORE, OUT, 0, 1), 1, 1);
	signals(b, add_ctrl(b, LOOM_OP_NOP), 1);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
}

static void test_no_end(void **state)
{
	struct bench *b = *state;

	add_ctrl(b, LOOM_OP_NOP);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_NO_END);
}

static void assert_illegal(struct bench *b, uint32_t slot, uint32_t code, uint8_t engine)
{
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_ILLEGAL);
	assert_int_equal(b->res.fault_slot, slot);
	assert_int_equal(b->res.fault_code, code);
	assert_int_equal(b->res.fault_engine, engine);
}

/* Everything before the descriptor has had its effect, nothing after it has. */
static void test_illegal_is_precise(void **state)
{
	struct bench *b = *state;
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = 1, .n = 1, .k = 1, .a_type = LOOM_S8, .b_type = LOOM_S8,
			      .a = 1u << 20 };
	uint32_t slot;

	add_fill(b, 0, 4, 9);
	add_copy(b, LOOM_OP_STORE, OUT, 0, 4);
	slot = add(b, &mm, 1);
	add_copy(b, LOOM_OP_STORE, OUT + 4, 0, 4);
	add_ctrl(b, LOOM_OP_END);
	assert_illegal(b, slot, LOOM_ILL_SPM_RANGE, LOOM_ENGINE_MXU);
	assert_int_equal(b->mem[OUT + 3], 9);
	assert_int_equal(b->mem[OUT + 4], 0);
}

static void test_illegal_codes(void **state)
{
	struct bench *b = *state;
	struct loom_nop nop = { .d.op = LOOM_OP_NOP };
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = 2, .n = 2, .k = 2, .lda = 2, .ldb = 2, .ldc = 8,
			      .a_type = LOOM_S8, .b_type = LOOM_S8 }, m;

#define ILLEGAL(desc, slots_, code, engine) do { b->slots = 0; add(b, &(desc), slots_);	\
		add_ctrl(b, LOOM_OP_END); assert_illegal(b, 0, code, engine); } while (0)
	nop.d.op = 0;
	ILLEGAL(nop, 1, LOOM_ILL_OPCODE, LOOM_ENGINE_CTRL);
	nop.d.op = LOOM_OP_NOP;
	nop.rsvd[11] = 0x01000000;
	ILLEGAL(nop, 1, LOOM_ILL_RESERVED, LOOM_ENGINE_CTRL);
	nop.rsvd[11] = 0;
	nop.d.rsvd = 1;
	ILLEGAL(nop, 1, LOOM_ILL_RESERVED, LOOM_ENGINE_CTRL);
	nop.d.op = LOOM_OP_END;		/* not the last */
	nop.d.rsvd = 0;
	ILLEGAL(nop, 1, LOOM_ILL_VALUE, LOOM_ENGINE_CTRL);
	m = mm;
	m.b_type = LOOM_F16;
	ILLEGAL(m, 1, LOOM_ILL_TYPE, LOOM_ENGINE_MXU);
	m = mm;
	m.flags = LOOM_MXU_SPARSE24 | LOOM_MXU_TRANS_B;
	m.k = 6;
	ILLEGAL(m, 1, LOOM_ILL_VALUE, LOOM_ENGINE_MXU);
	m.k = 16;
	m.n = 4;
	m.ldc = 16;
	m.meta = b->geo.spm_bytes - 7;	/* four columns of two bytes of nibbles */
	ILLEGAL(m, 1, LOOM_ILL_SPM_RANGE, LOOM_ENGINE_MXU);
	m = mm;
	m.flags = 0x80;
	ILLEGAL(m, 1, LOOM_ILL_RESERVED, LOOM_ENGINE_MXU);
	m = mm;
	m.c = b->geo.acc_bytes - 12;
	ILLEGAL(m, 1, LOOM_ILL_ACC_RANGE, LOOM_ENGINE_MXU);
	m = mm;
	m.c = 2;
	ILLEGAL(m, 1, LOOM_ILL_ALIGN, LOOM_ENGINE_MXU);
	m = mm;
	m.a_zp = 256;
	ILLEGAL(m, 1, LOOM_ILL_VALUE, LOOM_ENGINE_MXU);
	m = mm;
	m.m = 1u << 20;		/* 2^20 rows of 2^32 - 1 bytes: far beyond, and no overflow */
	m.lda = 0xffffffff;
	m.ldc = 8;
	ILLEGAL(m, 1, LOOM_ILL_SPM_RANGE, LOOM_ENGINE_MXU);
#undef ILLEGAL
	b->slots = 0;
	add(b, &mm, 1);
	((struct loom_desc *)(void *)(b->mem + VM_STREAM))->signal_sem[1] = 64;
	add_ctrl(b, LOOM_OP_END);
	assert_illegal(b, 0, LOOM_ILL_SEM, LOOM_ENGINE_MXU);
	b->slots = 0;			/* a second slot beyond the end */
	add_fill(b, 0, 1, 1);
	b->slots = 1;
	assert_illegal(b, 0, LOOM_ILL_OPCODE, LOOM_ENGINE_DMA_IN);
}

static void test_mmu_faults(void **state)
{
	struct bench *b = *state;
	uint32_t slot;

	add_ctrl(b, LOOM_OP_NOP);
	slot = add_copy(b, LOOM_OP_LOAD, VM_HOLE - 8, 0, 16);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(b->res.fault_code, LOOM_MMU_FAULT_UNMAPPED);
	assert_int_equal(b->res.fault_va, VM_HOLE);
	assert_int_equal(b->res.fault_slot, slot);
	assert_int_equal(b->res.fault_engine, LOOM_ENGINE_DMA_IN);
	assert_int_equal(b->res.fault_access, LOOM_ACCESS_READ);

	b->slots = 0;
	slot = add_copy(b, LOOM_OP_STORE, (1ull << 48) - 4, 0, 16);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(b->res.fault_code, LOOM_MMU_FAULT_RANGE);
	assert_int_equal(b->res.fault_access, LOOM_ACCESS_WRITE);

	/* The stream itself. */
	assert_int_equal(loom_core_run(b->core, &b->vm, VM_HOLE - 64, 2, 1, NULL, &b->res), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(b->res.fault_slot, 1);
	assert_int_equal(b->res.fault_engine, LOOM_ENGINE_CTRL);
}

/* Rows of 32 bytes with gaps between them: these may be read, but where a page is missing it is the first wanted byte that counts. */
static void test_rows_before_a_hole(void **state)
{
	struct bench *b = *state;
	struct loom_dma load = {
		.d.op = LOOM_OP_LOAD, .spm = 64, .elem = 16, .n = { 2, 100, 1, 1, 1 }, .spm_stride = { 16, 32 }, .va_stride = { 16, 100 },
	};
	const uint64_t rows = 99 * 100 + 32;

	for (uint32_t i = 0; i < rows; i++)
		b->mem[VM_HOLE - rows + i] = (uint8_t)(i / 100 + i % 100);
	load.va = VM_HOLE - rows;
	add(b, &load, 2);
	add_copy(b, LOOM_OP_STORE, 1 << 20, 64, 3200);
	signals(b, 0, 1);
	waits(b, 2, 1, 1);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	for (uint32_t i = 0; i < 3200; i++)
		assert_int_equal(b->mem[(1 << 20) + i], (uint8_t)(i / 32 + i % 32));

	b->slots = 0;
	load.va += 62;
	add(b, &load, 2);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.status, LOOM_JOB_MMU_FAULT);
	assert_int_equal(b->res.fault_va, VM_HOLE + 30);
}

/* Fetching ahead must not touch a page that no descriptor of the stream lies in before its turn. */
static void test_end_before_a_hole(void **state)
{
	struct bench *b = *state;
	struct loom_nop end = { .d = { .op = LOOM_OP_END, .wait_sem = { 255, 255 }, .signal_sem = { 255, 255 } } };

	memcpy(b->mem + VM_HOLE - 64, &end, 64);
	assert_int_equal(loom_core_run(b->core, &b->vm, VM_HOLE - 64, 1, 0, NULL, &b->res), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
}

static void test_mark_clears(void **state)
{
	struct bench *b = *state;

	memset(b->mem + OUT, 0xee, 16);
	add_fill(b, 0, 8, 1);
	signals(b, add_ctrl(b, LOOM_OP_NOP), 9);
	add_ctrl(b, LOOM_OP_MARK);
	add_copy(b, LOOM_OP_STORE, OUT, 0, 16);
	waits(b, add_ctrl(b, LOOM_OP_END), 9, 1);
	assert_int_equal(run(b), LOOM_EXEC_DEADLOCK);
	for (int i = 0; i < 16; i++)
		assert_int_equal(b->mem[OUT + i], 0);
}

static void test_yield_and_go_on(void **state)
{
	struct bench *b = *state;

	add_fill(b, 0, 8, 1);
	add_copy(b, LOOM_OP_STORE, OUT, 0, 8);
	add_ctrl(b, LOOM_OP_MARK);
	add_copy(b, LOOM_OP_STORE, OUT + 8, 0, 8);
	add_ctrl(b, LOOM_OP_END);
	memset(b->mem + OUT, 0xee, 16);
	b->requests = LOOM_EXEC_YIELD;
	assert_int_equal(run(b), LOOM_EXEC_YIELDED);
	assert_int_equal(b->res.slot, 5);
	assert_int_equal(b->mem[OUT], 1);
	assert_int_equal(b->mem[OUT + 8], 0xee);
	b->requests = 0;
	assert_int_equal(loom_core_run(b->core, &b->vm, VM_STREAM, b->slots, b->res.slot, &b->requests, &b->res),
			 LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	assert_int_equal(b->mem[OUT + 8], 0);
}

static void test_stop(void **state)
{
	struct bench *b = *state;

	add_copy(b, LOOM_OP_LOAD, IN, 0, 8);
	add_copy(b, LOOM_OP_STORE, OUT, 0, 8);
	add_ctrl(b, LOOM_OP_END);
	b->mem[IN] = 5;
	b->request_at = 2;	/* the fetch is the first access, the LOAD the second */
	b->request_bits = LOOM_EXEC_STOP;
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_STOPPED);
	assert_int_equal(b->mem[OUT], 0);
}

static void *stop_soon(void *opaque)
{
	const struct timespec delay = { .tv_nsec = 50000000 };
	struct bench *b = opaque;

	nanosleep(&delay, NULL);
	atomic_fetch_or(&b->requests, LOOM_EXEC_STOP);
	return NULL;
}

/* A legal descriptor of 10^12 multiplications is left on the way. */
static void test_stop_inside_a_descriptor(void **state)
{
	struct bench *b = *state;
	struct loom_conv cv = { .d.op = LOOM_OP_CONV, .n = 1, .oh = 16, .ow = 16, .ih = 1, .iw = 1, .ic = 64, .oc = 64,
				.out_stride = 256, .kh = 1024, .kw = 1024, .sy = 1, .sx = 1, .dy = 1, .dx = 1,
				.idy = 1, .idx = 1, .a_type = LOOM_S8, .b_type = LOOM_S8 };
	struct timespec t0, t1;
	pthread_t thread;

	add(b, &cv, 2);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, b), 0);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	pthread_join(thread, NULL);
	assert_int_equal(b->res.status, LOOM_JOB_STOPPED);
	assert_true(t1.tv_sec - t0.tv_sec < 3);
}

/* As some libraries leave a thread's state. Returns whether all of it was so. */
static bool flush_subnormals(bool on)
{
#if defined(__SSE2__)
	const unsigned int bits = 0x8040, old = _mm_getcsr();	/* FTZ and DAZ */

	_mm_setcsr(on ? old | bits : old & ~bits);
	return (old & bits) == bits;
#elif defined(__aarch64__)
	const uint64_t bits = 7u << 24;	/* AHP, DN and FZ */
	uint64_t old;

	__asm__ volatile("mrs %0, fpcr" : "=r"(old));
	__asm__ volatile("msr fpcr, %0" : : "r"(on ? old | bits : old & ~bits));
	return (old & bits) == bits;
#else
	return !on;
#endif
}

/* What the caller's thread does with subnormals and rounding is neither seen nor changed. */
static void test_floating_point_environment(void **state)
{
	struct bench *b = *state;
	struct loom_ewise ew = { .d.op = LOOM_OP_EWISE, .m = 1, .n = 4, .lds0 = 16, .dst = 64, .ldd = 16,
				 .src0_type = LOOM_F32, .dst_type = LOOM_F32, .imm = { 0x3eaaaaab },
				 .stage = { { LOOM_EW_MUL, LOOM_EWS_IMM0 } } };
	const uint32_t in[4] = { 0x00000003, 0x00800000, 0x3f800001, 0xbf800001 };
	const uint32_t want[4] = { 0x00000001, 0x002aaaab, 0x3eaaaaac, 0xbeaaaaac };

	memcpy(b->mem + IN, in, 16);
	signals(b, add_copy(b, LOOM_OP_LOAD, IN, 0, 16), 0);
	waits(b, add(b, &ew, 2), 0, 1);
	add_ctrl(b, LOOM_OP_BARRIER);
	add_copy(b, LOOM_OP_STORE, OUT, 64, 16);
	add_ctrl(b, LOOM_OP_END);
	fesetround(FE_DOWNWARD);
	flush_subnormals(true);
	run(b);
	assert_int_equal(fegetround(), FE_DOWNWARD);
	assert_true(flush_subnormals(false));
	fesetround(FE_TONEAREST);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	assert_memory_equal(b->mem + OUT, want, 16);
}

/* A descriptor of two slots that lie in two pages. */
static void test_descriptor_across_pages(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < 63; i++)
		add_ctrl(b, LOOM_OP_NOP);
	b->mem[IN] = 77;
	assert_int_equal(add_copy(b, LOOM_OP_LOAD, IN, 0, 1), 63);
	add_ctrl(b, LOOM_OP_BARRIER);
	add_copy(b, LOOM_OP_STORE, OUT, 0, 1);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	assert_int_equal(b->mem[OUT], 77);
}

/* Some products of tiles, with everything that a core keeps between two descriptors in use. */
static void busy_stream(struct bench *b)
{
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .a = 0, .b = 4096, .m = 16, .n = 16, .k = 64, .lda = 64,
			      .ldb = 16, .ldc = 64, .a_type = LOOM_S8, .b_type = LOOM_S8 };
	struct loom_requant rq = { .d.op = LOOM_OP_REQUANT, .src = LOOM_ACC, .dst = 8192, .m = 16, .n = 16,
				   .lds = 64, .ldd = 16, .scale = 0x3b000000, .mode = LOOM_RQ_F32,
				   .dst_type = LOOM_S8, .lo = -128, .hi = 127 };

	b->slots = 0;
	for (uint32_t i = 0; i < 12; i++) {
		uint32_t slot;

		if (i)
			waits(b, add_copy(b, LOOM_OP_LOAD, IN + i * 64, 0, 2048), 2, i);
		else
			add_copy(b, LOOM_OP_LOAD, IN, 0, 2048);
		signals(b, add_copy(b, LOOM_OP_LOAD, IN + 4096 + i * 16, 4096, 2048), 0);
		slot = add(b, &mm, 1);
		waits(b, slot, 0, i + 1);
		signals(b, slot, 1);
		slot = add(b, &rq, 1);
		waits(b, slot, 1, i + 1);
		signals(b, slot, 2);
		waits(b, add_copy(b, LOOM_OP_STORE, OUT + i * 256, 8192, 256), 2, i + 1);
	}
	add_ctrl(b, LOOM_OP_END);
}

/* Paused, saved, loaded into another core, and finished: at every descriptor. */
static void test_pause_save_load(void **state)
{
	struct bench *b = *state;
	uint8_t *want = malloc(4096), *blob = malloc(loom_core_state_bytes(b->core));
	struct loom_exec_result first;
	uint32_t accesses = 1;
	bool paused = true;

	for (int i = 0; i < 16384; i++)
		b->mem[IN + i] = (uint8_t)(i * 31 + i / 7);
	busy_stream(b);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	first = b->res;
	memcpy(want, b->mem + OUT, 4096);
	for (; paused; accesses++) {
		struct loom_core *other;

		memset(b->mem + OUT, 0, 4096);
		b->accesses = 0;
		b->requests = 0;
		b->request_at = accesses;
		b->request_bits = LOOM_EXEC_PAUSE;
		paused = run(b) == LOOM_EXEC_PAUSED;
		b->request_at = 0;
		b->requests = 0;
		if (paused) {
			loom_core_save(b->core, blob);
			loom_core_abandon(b->core);
			assert_int_equal(loom_core_new(&b->geo, &other), 0);
			assert_int_equal(loom_core_load(other, blob, loom_core_state_bytes(other)), 0);
			assert_int_equal(loom_core_continue(other, &b->vm, &b->requests, &b->res),
					 LOOM_EXEC_ENDED);
			loom_core_free(other);
		}
		assert_int_equal(b->res.status, LOOM_JOB_OK);
		assert_int_equal(b->res.cycles, first.cycles);
		assert_int_equal(b->res.macs, first.macs);
		assert_memory_equal(b->mem + OUT, want, 4096);
	}
	assert_true(accesses > 30);
	free(blob);
	free(want);
}

static void test_load_refuses_damage(void **state)
{
	struct bench *b = *state;
	size_t len = loom_core_state_bytes(b->core);
	uint8_t *blob = malloc(len);
	struct loom_geometry geo = b->geo;
	struct loom_core *other;

	loom_core_save(b->core, blob);
	assert_int_equal(loom_core_load(b->core, blob, len), 0);
	assert_int_not_equal(loom_core_load(b->core, blob, len - 1), 0);
	assert_int_not_equal(loom_core_load(b->core, blob, 3), 0);
	blob[0] ^= 1;
	assert_int_not_equal(loom_core_load(b->core, blob, len), 0);
	blob[0] ^= 1;
	geo.spm_bytes *= 2;
	assert_int_equal(loom_core_new(&geo, &other), 0);
	assert_int_not_equal(loom_core_load(other, blob, len), 0);
	loom_core_free(other);
	free(blob);
}

/* What one job leaves in the core, the next cannot see. */
static void test_nothing_leaks(void **state)
{
	struct bench *b = *state;
	struct loom_accinit acc = { .d.op = LOOM_OP_ACCINIT, .m = 4, .n = 4, .ldc = 16, .value = 0x5a5a5a5a };
	struct loom_ewise ew = { .d.op = LOOM_OP_EWISE, .m = 4, .n = 4, .src0 = LOOM_ACC, .lds0 = 16, .dst = 4096,
				 .ldd = 16, .src0_type = LOOM_S32, .dst_type = LOOM_S32 };

	add_fill(b, 0, 4096, 0x77);
	add(b, &acc, 1);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	b->slots = 0;
	add(b, &ew, 2);
	add_copy(b, LOOM_OP_STORE, OUT, 0, 8192);
	add_ctrl(b, LOOM_OP_END);
	memset(b->mem + OUT, 1, 8192);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	for (int i = 0; i < 8192; i++)
		assert_int_equal(b->mem[OUT + i], 0);
}

static void test_stat(void **state)
{
	struct bench *b = *state;
	struct loom_stat_desc stat = { .d.op = LOOM_OP_STAT, .va = OUT };
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = 3, .n = 5, .k = 7, .lda = 7, .ldb = 5, .ldc = 20,
			      .a_type = LOOM_S8, .b_type = LOOM_S8, .flags = LOOM_MXU_ZERO };
	struct loom_stat st;

	loom_core_set_id(b->core, 3);
	add_copy(b, LOOM_OP_LOAD, IN, 0, 640);
	add(b, &mm, 1);
	add_copy(b, LOOM_OP_STORE, OUT + 4096, 0, 64);
	add(b, &stat, 1);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	memcpy(&st, b->mem + OUT, sizeof(st));
	assert_int_equal(st.core, 3);
	assert_int_equal(st.macs, 3 * 5 * 7);
	assert_int_equal(st.bytes_in, 640);
	assert_int_equal(st.bytes_out, 64);
	assert_int_equal(st.descs, 3);
	assert_int_equal(st.array_dim, 32);
	assert_true(st.cycles > 0 && st.cycles < b->res.cycles);
	assert_int_equal(st.busy[LOOM_ENGINE_DMA_IN], 10);
	assert_int_equal(b->res.macs, 3 * 5 * 7);
}

static void test_gather_index(void **state)
{
	struct bench *b = *state;
	struct loom_gather g = { .d.op = LOOM_OP_GATHER, .va = IN, .row_stride = 10, .spm = 256, .spm_stride = 16,
				 .index = 0, .count = 3, .row_bytes = 10, .limit = 20 };
	const uint32_t index[3] = { 19, 0, 7 }, bad[3] = { 1, 20, 2 };
	uint32_t slot;

	for (int i = 0; i < 200; i++)
		b->mem[IN + i] = (uint8_t)i;
	memcpy(b->mem + IN + 1024, index, 12);
	add_copy(b, LOOM_OP_LOAD, IN + 1024, 0, 12);
	slot = add(b, &g, 1);
	add_copy(b, LOOM_OP_STORE, OUT, 256, 48);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	for (int i = 0; i < 3; i++)
		assert_memory_equal(b->mem + OUT + 16 * i, b->mem + IN + 10 * index[i], 10);
	memcpy(b->mem + IN + 1024, bad, 12);
	assert_illegal(b, slot, LOOM_ILL_INDEX, LOOM_ENGINE_DMA_IN);
}

/* Two columns of 8 rows of which 4 are stored, as rows, with their nibbles packed along the rows. */
static void test_sparse_by_columns(void **state)
{
	struct bench *b = *state;
	static const uint8_t a[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	/* Column 0: rows 1 and 3, then twice row 2 of the second four, where the later value counts. Column 1: rows 0, 1; 3, 0. */
	static const uint8_t w[2][4] = { { 1, 2, 3, 4 }, { 10, 20, 30, 40 } }, meta[2] = { 0xad, 0x34 };
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = 1, .n = 2, .k = 8, .a = 0, .b = 64, .meta = 128, .lda = 8, .ldb = 4,
			      .ldc = 8, .a_type = LOOM_S8, .b_type = LOOM_S8,
			      .flags = LOOM_MXU_ZERO | LOOM_MXU_TRANS_B | LOOM_MXU_SPARSE24 };
	struct loom_nop wait = { .d.op = LOOM_OP_NOP };
	int32_t c[2];

	memcpy(b->mem + IN, a, sizeof(a));
	memcpy(b->mem + IN + 64, w, sizeof(w));
	memcpy(b->mem + IN + 128, meta, sizeof(meta));
	add_copy(b, LOOM_OP_LOAD, IN, 0, 192);
	add_ctrl(b, LOOM_OP_BARRIER);
	add(b, &mm, 1);
	add_ctrl(b, LOOM_OP_BARRIER);
	waits(b, add(b, &wait, 1), 0, 1);	/* for ever: the memories stay */
	assert_int_equal(run(b), LOOM_EXEC_DEADLOCK);
	memcpy(c, b->core->acc, sizeof(c));
	assert_int_equal(c[0], 2 * 1 + 4 * 2 + 7 * 4);
	assert_int_equal(c[1], 1 * 10 + 2 * 20 + 8 * 30 + 5 * 40);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_copy), TEST(test_semaphore_orders_engines), TEST(test_engine_is_in_order),
		TEST(test_deadlock), TEST(test_full_queue_holds_fetch), TEST(test_no_end),
		TEST(test_illegal_is_precise), TEST(test_illegal_codes), TEST(test_mmu_faults), TEST(test_rows_before_a_hole),
		TEST(test_end_before_a_hole), TEST(test_mark_clears), TEST(test_yield_and_go_on), TEST(test_stop),
		TEST(test_stop_inside_a_descriptor), TEST(test_floating_point_environment),
		TEST(test_descriptor_across_pages),
		TEST(test_pause_save_load), TEST(test_load_refuses_damage), TEST(test_nothing_leaks),
		TEST(test_stat), TEST(test_gather_index),
		TEST(test_sparse_by_columns),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("exec", tests, NULL, NULL);
}
