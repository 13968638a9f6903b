/* SPDX-License-Identifier: MIT */
/*
 * A product of 1024^3 as a whole command stream, from memory to memory: tiles of 256 x 128 outputs, K in chunks of 1 KiB
 * of operand row, two buffers for everything, so that all engines of the default machine overlap. On one core, on two
 * cores at once, and with the cycle model on and off.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_bench.h"

#define SIZE		1024u
#define TILE_M		256u
#define TILE_N		128u
#define CHUNK_BYTES	1024u
#define TILES		(SIZE / TILE_M * (SIZE / TILE_N))
#define MAX_SLOTS	8192u

/* Scratchpad, 1 MiB; accumulators, 256 KiB. */
#define SPM_A(i)	((i) % 2 * TILE_M * CHUNK_BYTES)
#define SPM_B(i)	(2 * TILE_M * CHUNK_BYTES + (i) % 2 * TILE_N * CHUNK_BYTES)
#define SPM_C(i)	(2 * (TILE_M + TILE_N) * CHUNK_BYTES + (i) % 2 * TILE_M * TILE_N * 4)
#define ACC_C(i)	((i) % 2 * TILE_M * TILE_N * 4)

enum { SEM_LOADED, SEM_MULTIPLIED, SEM_CONVERTED, SEM_STORED };

/* Memory: the stream, A, B, C. */
#define VA_A		(MAX_SLOTS * LOOM_SLOT_BYTES)
#define VA_B(p)		(VA_A + SIZE * SIZE * (p)->bytes)
#define VA_C(p)		(VA_B(p) + SIZE * SIZE * (p)->bytes)

struct stream {
	struct memory mem;
	uint32_t slots;
};

static void put(struct stream *s, const void *desc, uint32_t slots)
{
	if (s->slots + slots > MAX_SLOTS)
		bench_exit("stream too long");
	memcpy(s->mem.base + (size_t)s->slots * LOOM_SLOT_BYTES, desc, (size_t)slots * LOOM_SLOT_BYTES);
	s->slots += slots;
}

/* Waits for nothing where @value is not positive. */
static void wait_for(struct loom_desc *d, int i, uint8_t sem, int value)
{
	if (value > 0) {
		d->wait_sem[i] = sem;
		d->wait_value[i] = (uint32_t)value;
	}
}

/* @rows rows of @bytes, 16 at a time; a matrix's rows lie @pitch apart in memory. */
static struct loom_dma transfer(uint8_t op, uint64_t va, uint32_t pitch, uint32_t spm, uint32_t rows, uint32_t bytes)
{
	return (struct loom_dma) { .d = desc_head(op), .va = va, .spm = spm, .elem = 16, .n = { bytes / 16, rows, 1, 1, 1 },
				   .spm_stride = { 16, (int32_t)bytes }, .va_stride = { 16, pitch } };
}

/* Chunk @c of K for tile @t; @n counts chunks over all tiles. */
static void put_chunk(struct stream *s, const struct precision *p, uint32_t t, uint32_t c, uint32_t n)
{
	const uint32_t pitch = SIZE * p->bytes, kc = CHUNK_BYTES / p->bytes, chunks = SIZE / kc;
	const uint32_t row = t / (SIZE / TILE_N) * TILE_M, col = t % (SIZE / TILE_N) * TILE_N;
	struct loom_dma a = transfer(LOOM_OP_LOAD, VA_A + (uint64_t)row * pitch + c * CHUNK_BYTES, pitch, SPM_A(n), TILE_M,
				     CHUNK_BYTES);
	struct loom_dma b = transfer(LOOM_OP_LOAD, VA_B(p) + (uint64_t)c * kc * pitch + col * p->bytes, pitch, SPM_B(n), kc,
				     TILE_N * p->bytes);
	struct loom_mm mm = {
		.d = desc_head(LOOM_OP_MM), .a = SPM_A(n), .b = SPM_B(n), .c = ACC_C(t), .m = TILE_M, .n = TILE_N, .k = kc,
		.lda = CHUNK_BYTES, .ldb = TILE_N * p->bytes, .ldc = TILE_N * 4, .a_type = p->type, .b_type = p->type,
		.flags = c ? 0 : LOOM_MXU_ZERO,
	};

	wait_for(&a.d, 0, SEM_MULTIPLIED, (int)n - 1);
	b.d.signal_sem[0] = SEM_LOADED;
	wait_for(&mm.d, 0, SEM_LOADED, (int)n + 1);
	if (!c)
		wait_for(&mm.d, 1, SEM_CONVERTED, (int)t - 1);
	mm.d.signal_sem[0] = SEM_MULTIPLIED;
	put(s, &a, 2);
	put(s, &b, 2);
	put(s, &mm, 1);
	if (c == chunks - 1) {
		struct loom_dma out = transfer(LOOM_OP_STORE, VA_C(p) + (uint64_t)row * pitch + col * p->bytes, pitch,
					       SPM_C(t), TILE_M, TILE_N * p->bytes);
		struct loom_requant rq = {
			.d = desc_head(LOOM_OP_REQUANT), .src = ACC_C(t) | LOOM_ACC, .dst = SPM_C(t), .m = TILE_M,
			.n = TILE_N, .lds = TILE_N * 4, .ldd = TILE_N, .scale = 0x3e000000 /* 1/8 */,
			.mode = LOOM_RQ_F32, .dst_type = LOOM_S8, .lo = -128, .hi = 127,
		};
		struct loom_ewise ew = {
			.d = desc_head(LOOM_OP_EWISE), .src0 = ACC_C(t) | LOOM_ACC, .dst = SPM_C(t), .m = TILE_M,
			.n = TILE_N, .lds0 = TILE_N * 4, .ldd = TILE_N * p->bytes, .src0_type = LOOM_F32,
			.dst_type = p->type,
		};
		struct loom_desc *d = p->type == LOOM_S8 ? &rq.d : &ew.d;

		wait_for(d, 0, SEM_MULTIPLIED, (int)n + 1);
		wait_for(d, 1, SEM_STORED, (int)t - 1);
		d->signal_sem[0] = SEM_CONVERTED;
		put(s, d, p->type == LOOM_S8 ? 1 : 2);
		wait_for(&out.d, 0, SEM_CONVERTED, (int)t + 1);
		out.d.signal_sem[0] = SEM_STORED;
		put(s, &out, 2);
	}
}

/* Elements from -2 to 2: every precision holds them and their sums exactly. */
static int element(uint32_t matrix, uint32_t i)
{
	return (int)(((i + 1) * 2654435761u ^ matrix * 40503u * i) >> 13) % 5 - 2;
}

static void put_element(uint8_t *at, const struct precision *p, int v)
{
	static const uint16_t half[5] = { 0xc000, 0xbc00, 0, 0x3c00, 0x4000 };
	float f = (float)v;

	if (p->type == LOOM_S8)
		*at = (uint8_t)v;
	else
		memcpy(at, p->type == LOOM_F16 ? (const void *)&half[v + 2] : (const void *)&f, p->bytes);
}

static struct stream new_stream(const struct precision *p)
{
	struct stream s = { .mem.bytes = VA_A + 3 * SIZE * SIZE * p->bytes };
	struct loom_nop end = { .d = desc_head(LOOM_OP_END) };
	uint32_t chunks = SIZE * p->bytes / CHUNK_BYTES;

	s.mem.base = calloc(1, s.mem.bytes);
	if (!s.mem.base)
		bench_exit("out of memory");
	for (uint32_t m = 0; m < 2; m++)
		for (uint32_t i = 0; i < SIZE * SIZE; i++)
			put_element(s.mem.base + (m ? VA_B(p) : VA_A) + (size_t)i * p->bytes, p, element(m, i));
	for (uint32_t t = 0; t < TILES; t++)
		for (uint32_t c = 0; c < chunks; c++)
			put_chunk(&s, p, t, c, t * chunks + c);
	put(&s, &end, 1);
	return s;
}

/* What a stream left in memory, for some outputs: a figure of a wrong product is none. */
static void verify(const struct stream *s, const struct precision *p)
{
	for (uint32_t i = 0; i < SIZE * SIZE; i += 40503) {
		const uint8_t *at = s->mem.base + VA_C(p) + (size_t)i * p->bytes;
		int sum = 0;
		double got, want;
		uint16_t h;
		float f;

		for (uint32_t k = 0; k < SIZE; k++)
			sum += element(0, i / SIZE * SIZE + k) * element(1, k * SIZE + i % SIZE);
		memcpy(&f, at, p->bytes == 4 ? 4 : 0);
		memcpy(&h, at, p->bytes == 2 ? 2 : 0);
		got = p->type == LOOM_S8 ? (int8_t)*at : p->type == LOOM_F32 ? (double)f :
		      ldexp(1024 + (h & 1023), (h >> 10 & 31) - 25) * (h >> 15 ? -1 : 1);
		want = p->type == LOOM_S8 ? fmax(-128, fmin(127, rint(sum / 8.0))) : sum;
		/* A sum of 0 is no normal fp16 number. */
		if (got != want && !(p->type == LOOM_F16 && !sum && !(h & 0x7fff)))
			bench_exit("wrong product");
	}
}

static struct loom_core *new_core(int timing)
{
	struct loom_geometry geo;
	struct loom_core *core;

	loom_geometry_default(&geo);
	geo.timing = timing;
	if (loom_core_new(&geo, &core))
		bench_exit("out of memory");
	return core;
}

/* Seconds of this thread's processor for one product, the best of @times. */
static double best_of(struct loom_core *core, struct stream *s, int times)
{
	double best = 0;

	for (int i = 0; i < times; i++) {
		double t = cpu_seconds();

		run_stream(core, &s->mem, 0, s->slots);
		t = cpu_seconds() - t;
		best = !i || t < best ? t : best;
	}
	return best;
}

static void bench_product(const struct precision *p)
{
	const double ops = (double)SIZE * SIZE * SIZE * (p->type == LOOM_S8 ? 1e-9 : 2e-9);
	struct loom_core *core = new_core(1);
	struct stream s = new_stream(p);
	double best = 0, peer = 0;
	char name[64];

	for (int i = 0; i < 3; i++) {
		double rate = ops / best_of(core, &s, 6), other = sgemm(SIZE, SIZE, SIZE);

		best = rate > best ? rate : best;
		peer = other > peer ? other : peer;
	}
	verify(&s, p);
	snprintf(name, sizeof(name), "core.gemm.%s.1024", p->name);
	figure(name, best, p->type == LOOM_S8 ? "GMAC/s" : "GFLOP/s", "higher",
	       "OpenBLAS sgemm of the same product, GFLOP/s", peer);
	free(s.mem.base);
	loom_core_free(core);
}

static void bench_timing(void)
{
	struct loom_core *on = new_core(1), *off = new_core(0);
	struct stream s = new_stream(&precisions[0]);
	double best_on = 1e9, best_off = 1e9;

	for (int i = 0; i < 6; i++) {
		best_on = fmin(best_on, best_of(on, &s, 4));
		best_off = fmin(best_off, best_of(off, &s, 4));
	}
	figure("core.timing_overhead", best_on / best_off, "ratio", "lower", "int8 product without the cycle model", 1);
	free(s.mem.base);
	loom_core_free(off);
	loom_core_free(on);
}

/* ---- Two cores at once ---- */

#define PRODUCTS	4

/* @peer: sgemm of the same product in place of the core */
struct worker {
	struct loom_core *core;
	struct stream s;
	bool peer;
	pthread_barrier_t *start;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	pthread_barrier_wait(w->start);
	for (int i = 0; i < PRODUCTS; i++)
		if (w->peer)
			sgemm_times(SIZE, SIZE, SIZE, 1);
		else
			run_stream(w->core, &w->s.mem, 0, w->s.slots);
	return NULL;
}

/* Seconds for PRODUCTS products on each of @n cores, or by as many threads of the peer, each on a thread of its own. */
static double together(struct worker *w, unsigned int n, bool peer)
{
	pthread_barrier_t start;
	pthread_t thread[2];
	double t;

	pthread_barrier_init(&start, NULL, n + 1);
	for (unsigned int i = 0; i < n; i++) {
		w[i].start = &start;
		w[i].peer = peer;
		if (pthread_create(&thread[i], NULL, work, &w[i]))
			bench_exit("no thread");
	}
	pthread_barrier_wait(&start);
	t = wall_seconds();
	for (unsigned int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	t = wall_seconds() - t;
	pthread_barrier_destroy(&start);
	return t;
}

/* Of a host that does other things as well two threads get less than two processors: the peer says how much less. */
static void bench_two_cores(void)
{
	double best[2][2] = { { 1e9, 1e9 }, { 1e9, 1e9 } };
	struct worker w[2];

	for (int i = 0; i < 2; i++)
		w[i] = (struct worker) { .core = new_core(1), .s = new_stream(&precisions[0]) };
	/* Wall time: many short trials, of which some meet a host that does nothing else. */
	for (int i = 0; i < 15; i++)
		for (unsigned int peer = 0; peer < 2; peer++)
			for (unsigned int n = 0; n < 2; n++)
				best[peer][n] = fmin(best[peer][n], together(w, n + 1, peer));
	figure("core.two_cores", 2 * best[0][0] / best[0][1], "x", "higher", "two threads of sgemm at once, of one",
	       2 * best[1][0] / best[1][1]);
	for (int i = 0; i < 2; i++) {
		free(w[i].s.mem.base);
		loom_core_free(w[i].core);
	}
}

void bench_gemm(void)
{
	char name[64];

	for (int p = 0; p < NUM_PRECISIONS; p++) {
		snprintf(name, sizeof(name), "core.gemm.%s.1024", precisions[p].name);
		if (wanted(name))
			bench_product(&precisions[p]);
	}
	if (wanted("core.timing_overhead"))
		bench_timing();
	if (wanted("core.two_cores"))
		bench_two_cores();
}
