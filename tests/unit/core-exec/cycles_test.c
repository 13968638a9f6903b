/* SPDX-License-Identifier: MIT */
/* The cycle model: against SCALE-Sim's published counts, a PE-stepped array, and timelines worked out by hand. */
#include <stdlib.h>
#include <string.h>

#include "pe_array.h"
#include "stream.h"
#include "topology.h"

#define IN	(64u << 10)
#define OUT	(128u << 10)

static void layer_is(const struct topology_layer *l, uint64_t r32, uint64_t r128)
{
	assert_int_equal(topology_layer_cycles(l, 32, loom_mxu_scalesim), r32);
	assert_int_equal(topology_layer_cycles(l, 128, loom_mxu_scalesim), r128);
}

static void test_scalesim_layers(void **state)
{
	layer_is(&topology_resnet50[0], 121939, 24963);
	layer_is(&topology_resnet50[2], 108359, 16489);
	layer_is(&topology_resnet50[17], 146431, 27583);
	layer_is(&topology_resnet50[20], 194559, 49023);
}

static void test_scalesim_networks(void **state)
{
	for (int i = 0; i < NUM_TOPOLOGIES; i++) {
		assert_int_equal(topology_cycles(&topologies[i], 32, loom_mxu_scalesim), topologies[i].cycles[0]);
		assert_int_equal(topology_cycles(&topologies[i], 128, loom_mxu_scalesim), topologies[i].cycles[1]);
	}
}

/* Never above the bound of double-buffered weights: max(T, R) a fold, one fill and drain a layer. */
static void test_native_networks(void **state)
{
	assert_in_range(topology_cycles(&topologies[2], 32, loom_mxu_native), 3500000, 3524812);
	assert_in_range(topology_cycles(&topologies[2], 128, loom_mxu_native), 380000, 391754);
}

static uint64_t core_cycles(struct bench *b, uint32_t m, uint32_t n, uint32_t k)
{
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = m, .n = n, .k = k, .lda = k, .ldb = n, .ldc = 4 * n,
			      .b = 65536, .a_type = LOOM_S8, .b_type = LOOM_S8, .flags = LOOM_MXU_ZERO };

	b->slots = 0;
	add(b, &mm, 1);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	return b->res.cycles - 1;	/* END takes one */
}

static void test_pe_array(void **state)
{
	struct bench *b = *state;
	int32_t a[64 * 64], w[64 * 64], c[64 * 64], want[64 * 64];
	uint32_t seed = 1;

	b->geo.array_dim = 8;
	loom_core_free(b->core);
	assert_int_equal(loom_core_new(&b->geo, &b->core), 0);
	for (int round = 0; round < 60; round++) {
		uint32_t dim[3];
		uint64_t cycles;

		for (int i = 0; i < 3; i++)
			dim[i] = 1 + (seed = seed * 1664525 + 1013904223) / 65536 % (round < 30 ? 12 : 60);
		for (int i = 0; i < 64 * 64; i++) {
			a[i] = (int32_t)((seed = seed * 1664525 + 1013904223) >> 24) - 128;
			w[i] = (int32_t)((seed = seed * 1664525 + 1013904223) >> 24) - 128;
		}
		memset(c, 0, sizeof(c));
		memset(want, 0, sizeof(want));
		for (uint32_t i = 0; i < dim[0]; i++)
			for (uint32_t j = 0; j < dim[1]; j++)
				for (uint32_t p = 0; p < dim[2]; p++)
					want[i * dim[1] + j] += a[i * dim[2] + p] * w[p * dim[1] + j];
		cycles = pe_array_run(8, dim[0], dim[1], dim[2], a, w, c);
		assert_memory_equal(c, want, sizeof(c));
		assert_int_equal(cycles, loom_mxu_native(8, dim[0], dim[1], dim[2]));
		assert_int_equal(cycles, core_cycles(b, dim[0], dim[1], dim[2]));
	}
}

/* Both directions share one bus; 6400 bytes are 100 cycles of it. */
static void test_bus_is_shared(void **state)
{
	struct bench *b = *state;

	add_copy(b, LOOM_OP_LOAD, IN, 0, 6400);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.cycles, 100 + LOOM_DMA_LATENCY + 1);
	b->slots = 0;
	add_copy(b, LOOM_OP_LOAD, IN, 0, 6400);
	add_copy(b, LOOM_OP_STORE, OUT, 8192, 6400);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.cycles, 200 + LOOM_DMA_LATENCY + 1);
}

/* Of the bus each core has its share, used or not. */
static void test_bus_is_shared_by_cores(void **state)
{
	struct bench *b = *state;

	b->geo.num_cores = 4;
	loom_core_free(b->core);
	assert_int_equal(loom_core_new(&b->geo, &b->core), 0);
	add_copy(b, LOOM_OP_LOAD, IN, 0, 6400);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.cycles, 400 + LOOM_DMA_LATENCY + 1);
}

/* A transfer that comes later in the stream but could run earlier takes the bus while it is idle. */
static void test_bus_gap_is_used(void **state)
{
	struct bench *b = *state;
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = 1000, .n = 32, .k = 32, .lda = 32, .ldb = 32, .ldc = 128,
			      .a_type = LOOM_S8, .b_type = LOOM_S8, .flags = LOOM_MXU_ZERO };
	uint64_t product = 32 + 1000 + 62;

	signals(b, add(b, &mm, 1), 0);
	waits(b, add_copy(b, LOOM_OP_STORE, OUT, 0, 640), 0, 1);
	add_copy(b, LOOM_OP_LOAD, IN, 0, 6400);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.cycles, product + 10 + LOOM_DMA_LATENCY + 1);
}

/* The second of two products fills its weights while the first streams. */
static void test_products_overlap(void **state)
{
	struct bench *b = *state;
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = 100, .n = 32, .k = 32, .lda = 32, .ldb = 32, .ldc = 128,
			      .a_type = LOOM_S8, .b_type = LOOM_S8 };

	add(b, &mm, 1);
	add(b, &mm, 1);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.cycles, 32 + 100 + 100 + 62 + 1);
}

static void test_semaphore_time(void **state)
{
	struct bench *b = *state;
	struct loom_requant rq = { .d.op = LOOM_OP_REQUANT, .src = LOOM_ACC, .m = 64, .n = 32, .lds = 128,
				   .ldd = 32, .mode = LOOM_RQ_F32, .dst_type = LOOM_U8, .hi = 255 };
	uint32_t slot;

	signals(b, add_copy(b, LOOM_OP_LOAD, IN, 0, 640), 0);
	signals(b, add_copy(b, LOOM_OP_LOAD, IN, 0, 6400), 0);
	slot = add(b, &rq, 1);
	waits(b, slot, 0, 1);		/* the first LOAD only */
	add_ctrl(b, LOOM_OP_END);
	run(b);
	assert_int_equal(b->res.cycles, 110 + LOOM_DMA_LATENCY + 1);
	waits(b, slot, 0, 2);
	run(b);
	assert_int_equal(b->res.cycles, 110 + LOOM_DMA_LATENCY + 64 + LOOM_VPU_LATENCY + 1);
}

/* ---- Where the time went ---- */

/* For each engine busy and stalled cycles are those that the stalls of its descriptors say, and never more than all. */
static struct loom_exec_sample sample(struct bench *b)
{
	struct loom_exec_sample s;

	loom_core_sample(b->core, &s);
	assert_int_equal(s.cycles, b->core->time.horizon);
	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		uint64_t sum = s.busy[e];

		for (int i = 0; i < LOOM_NUM_STALLS; i++)
			sum += s.stall[e][i];
		assert_int_equal(sum, b->core->time.seen[e]);
		assert_true(sum <= s.cycles);
	}
	loom_core_reset_counters(b->core);
	return s;
}

static void only_stalls(const struct loom_exec_sample *s, int engine, uint64_t sem, uint64_t barrier, uint64_t bus,
			uint64_t bank, uint64_t plane)
{
	const uint64_t want[LOOM_NUM_STALLS] = { sem, barrier, bus, bank, plane };

	for (int i = 0; i < LOOM_NUM_STALLS; i++)
		assert_int_equal(s->stall[engine][i], want[i]);
}

static void test_stall_semaphore_and_barrier(void **state)
{
	struct bench *b = *state;
	struct loom_requant rq = { .d.op = LOOM_OP_REQUANT, .src = LOOM_ACC, .m = 64, .n = 32, .lds = 128,
				   .ldd = 32, .mode = LOOM_RQ_F32, .dst_type = LOOM_U8, .hi = 255 };
	const uint64_t loaded = 100 + LOOM_DMA_LATENCY;
	struct loom_exec_sample s;

	signals(b, add_copy(b, LOOM_OP_LOAD, IN, 0, 6400), 0);
	waits(b, add(b, &rq, 1), 0, 1);
	add_ctrl(b, LOOM_OP_BARRIER);
	add_copy(b, LOOM_OP_STORE, OUT, 0, 640);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	s = sample(b);
	assert_int_equal(s.cycles, loaded + 64 + LOOM_VPU_LATENCY + 1 + 10 + LOOM_DMA_LATENCY + 1);
	assert_int_equal(s.busy[LOOM_ENGINE_DMA_IN], 100);
	only_stalls(&s, LOOM_ENGINE_DMA_IN, 0, 0, 0, 0, 0);
	assert_int_equal(s.busy[LOOM_ENGINE_VPU], 64);
	only_stalls(&s, LOOM_ENGINE_VPU, loaded, 0, 0, 0, 0);
	assert_int_equal(s.busy[LOOM_ENGINE_DMA_OUT], 10);
	only_stalls(&s, LOOM_ENGINE_DMA_OUT, 0, loaded + 64 + LOOM_VPU_LATENCY + 1, 0, 0, 0);
	assert_int_equal(s.busy[LOOM_ENGINE_CTRL], 2);
	only_stalls(&s, LOOM_ENGINE_CTRL, 0, s.cycles - 2, 0, 0, 0);
	only_stalls(&s, LOOM_ENGINE_MXU, 0, 0, 0, 0, 0);
}

static void test_stall_bus(void **state)
{
	struct bench *b = *state;
	struct loom_exec_sample s;

	add_copy(b, LOOM_OP_LOAD, IN, 0, 6400);
	add_copy(b, LOOM_OP_STORE, OUT, 8192, 6400);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	s = sample(b);
	only_stalls(&s, LOOM_ENGINE_DMA_IN, 0, 0, 0, 0, 0);
	only_stalls(&s, LOOM_ENGINE_DMA_OUT, 0, 0, 100, 0, 0);
}

/* Of two products of 3 rows on 2 x 2 folds each plane but the very first waits for the one before to start. */
static void test_stall_plane(void **state)
{
	struct bench *b = *state;
	struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = 3, .n = 64, .k = 64, .lda = 64, .ldb = 64, .ldc = 256,
			      .b = 65536, .a_type = LOOM_S8, .b_type = LOOM_S8 };
	struct loom_exec_sample s;

	add(b, &mm, 1);
	add(b, &mm, 1);
	add_ctrl(b, LOOM_OP_END);
	run(b);
	s = sample(b);
	assert_int_equal(s.busy[LOOM_ENGINE_MXU], 2 * 4 * 3);
	only_stalls(&s, LOOM_ENGINE_MXU, 0, 0, 0, 0, 32 + 7 * (32 - 3));
	assert_int_equal(s.cycles, 32 + 7 * 32 + 3 + 62 + 1);
}

/* 32 banks of words: rows of 128 bytes lie in the same banks, those of 132 in neighbouring ones. */
static void test_stall_bank_of_the_array(void **state)
{
	static const struct { uint32_t lda, type, conflict; } table[] = {
		{ 128, LOOM_F32, 31 }, { 132, LOOM_F32, 0 }, { 64, LOOM_F32, 15 }, { 256, LOOM_F16, 31 },
		{ 2, LOOM_F16, 0 }, { 0, LOOM_F32, 0 }, { 127, LOOM_S8, 3 },
	};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct loom_mm mm = { .d.op = LOOM_OP_MM, .m = 40, .n = 32, .k = 32, .lda = table[i].lda, .ldb = 128,
				      .ldc = 128, .b = 65536, .a_type = (uint8_t)table[i].type, .b_type = (uint8_t)table[i].type,
				      .flags = LOOM_MXU_TRANS_A };
		struct loom_exec_sample s;

		b->slots = 0;
		add(b, &mm, 1);
		add_ctrl(b, LOOM_OP_END);
		assert_int_equal(run(b), LOOM_EXEC_ENDED);
		assert_int_equal(b->res.status, LOOM_JOB_OK);
		s = sample(b);
		assert_int_equal(s.conflicts, table[i].conflict ? 40 : 0);
		assert_int_equal(s.busy[LOOM_ENGINE_MXU], 40);
		only_stalls(&s, LOOM_ENGINE_MXU, 0, 0, 0, 40 * table[i].conflict, 32);
		assert_int_equal(s.cycles, 32 + 40 * (1 + table[i].conflict) + 62 + 1);
	}
}

/* A LOAD of 640 elements of 4 bytes, 16 a cycle of the bus, @stride apart in the scratchpad. */
static void strided_load(struct bench *b, uint8_t op, uint32_t stride, uint32_t conflict)
{
	const struct loom_dma dma = { .d.op = op, .va = op == LOOM_OP_FILL ? 0 : IN, .elem = 4, .n = { 640, 1, 1, 1, 1 },
				      .spm_stride = { (int32_t)stride },
				      .va_stride = { op == LOOM_OP_FILL ? 0 : 4 } };
	const uint64_t len = op == LOOM_OP_FILL ? 20 : 40;
	const int e = op == LOOM_OP_STORE ? LOOM_ENGINE_DMA_OUT : LOOM_ENGINE_DMA_IN;
	struct loom_exec_sample s;

	b->slots = 0;
	add(b, &dma, 2);
	add_ctrl(b, LOOM_OP_END);
	assert_int_equal(run(b), LOOM_EXEC_ENDED);
	assert_int_equal(b->res.status, LOOM_JOB_OK);
	s = sample(b);
	assert_int_equal(s.conflicts, conflict ? len : 0);
	assert_int_equal(s.busy[e], len);
	only_stalls(&s, e, 0, 0, 0, len * conflict, 0);
	assert_int_equal(s.cycles, len * (1 + conflict) + (op == LOOM_OP_FILL ? 0 : LOOM_DMA_LATENCY) + 1);
}

static void test_stall_bank_of_dma(void **state)
{
	struct bench *b = *state;

	strided_load(b, LOOM_OP_LOAD, 4, 0);
	strided_load(b, LOOM_OP_LOAD, 128, 15);
	strided_load(b, LOOM_OP_STORE, 128, 15);
	strided_load(b, LOOM_OP_STORE, 64, 7);
	strided_load(b, LOOM_OP_LOAD, 132, 0);
	strided_load(b, LOOM_OP_LOAD, 0, 0);
	strided_load(b, LOOM_OP_FILL, 128, 31);
	strided_load(b, LOOM_OP_FILL, 4, 0);
}

static void test_timing_off(void **state)
{
	struct bench *b = *state;

	b->geo.timing = 0;
	loom_core_free(b->core);
	assert_int_equal(loom_core_new(&b->geo, &b->core), 0);
	assert_int_equal(core_cycles(b, 4, 4, 4) + 1, 0);
	assert_int_equal(b->res.macs, 64);
	assert_int_equal(loom_core_counters(b->core)->cycles, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalesim_layers), cmocka_unit_test(test_scalesim_networks),
		cmocka_unit_test(test_native_networks), TEST(test_pe_array), TEST(test_bus_is_shared),
		TEST(test_bus_is_shared_by_cores),
		TEST(test_bus_gap_is_used), TEST(test_products_overlap), TEST(test_semaphore_time),
		TEST(test_stall_semaphore_and_barrier),
		TEST(test_stall_bus), TEST(test_stall_plane), TEST(test_stall_bank_of_the_array),
		TEST(test_stall_bank_of_dma), TEST(test_timing_off),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("cycles", tests, NULL, NULL);
}
