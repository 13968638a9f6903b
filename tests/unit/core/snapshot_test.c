// SPDX-License-Identifier: MIT
/*
 * Compiled networks run on two cores; at a random moment the device is saved, and goes on as another one. Results,
 * cycles and counts are those of an undisturbed run. LOOM_SNAPSHOTS sets how many (default 20), LOOM_SNAPSHOT_SEED
 * the first moment's seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "harness.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/graph.h"
#include "libaccel/program/program.h"
#include "tests/unit/libaccel-back/harness.h"

#define QUEUES	2u
#define JOBS	12u		/* of each queue, one after the other */
#define REGION(r)	(0x0000100000000000ull + ((uint64_t)(r) << 32))
#define STREAM	REGION(ACCEL_NUM_REGIONS)

/* A network in an address space of its own, on a queue of its own. */
struct net {
	struct accel_program *prog;
	uint8_t *io, *want;
	struct loom_completion cpl[JOBS];
};

struct nets {
	struct harness *h;
	struct net net[QUEUES];
	unsigned int in_flight;
};

static uint8_t *map_region(struct harness *h, unsigned int as, uint64_t va, uint64_t bytes)
{
	uint64_t size = (bytes + 4096) & ~4095ull, bus = h_alloc(h, size);

	h_map(h, as, va, bus, (unsigned int)(size / 4096), 0);
	return h_ptr(h, bus);
}

/* Memory of a session, as libaccel's runtime lays it out. */
static void place(struct harness *h, unsigned int as, struct net *n)
{
	const struct accel_program *p = n->prog;
	const struct accel_stream *st = &p->streams[0];
	uint8_t *stream = map_region(h, as, STREAM, (uint64_t)st->slots * LOOM_SLOT_BYTES);

	memcpy(map_region(h, as, REGION(ACCEL_REGION_CONST), p->const_bytes), p->consts, p->const_bytes);
	map_region(h, as, REGION(ACCEL_REGION_ARENA), p->arena_bytes);
	n->io = map_region(h, as, REGION(ACCEL_REGION_IO), p->io_bytes);
	for (size_t i = ACCEL_STAT_BYTES; i < p->io_bytes; i++)
		n->io[i] = i % 4 == 3 ? 0x3e : (uint8_t)(i * 37);
	memcpy(stream, st->data, (size_t)st->slots * LOOM_SLOT_BYTES);
	for (uint32_t r = 0; r < st->num_relocs; r++) {
		uint64_t va;

		memcpy(&va, stream + st->relocs[r].offset, sizeof(va));
		va += REGION(st->relocs[r].region);
		memcpy(stream + st->relocs[r].offset, &va, sizeof(va));
	}
	h_as_enable(h, as);
}

static struct accel_program *network(const struct loom_geometry *geo, uint64_t seed)
{
	const struct run_options o = { .batch = 2 };
	struct accel_graph *g = random_graph(seed);
	struct accel_device *dev;
	struct accel_program *p;
	char spec[80];

	snprintf(spec, sizeof(spec), "sim:array=%u,spm=%u,acc=%u", geo->array_dim, geo->spm_bytes, geo->acc_bytes);
	must(accel_open(spec, &dev));
	p = compile_on(dev, g, &o);
	assert_int_equal(p->num_streams, 1);
	accel_graph_unref(g);
	accel_close(dev);
	return p;
}

/* Every queue's jobs, from rings that were made before; outputs are wiped. */
static void submit(struct nets *t, uint64_t *first)
{
	for (unsigned int q = 0; q < QUEUES; q++) {
		struct net *n = &t->net[q];
		int out = n->prog->graph->outputs[0];

		memset(n->io, 0, ACCEL_STAT_BYTES);
		memset(n->io + n->prog->host_off[out], 0xee, (size_t)accel_value_bytes(&n->prog->graph->values[out]));
		for (unsigned int j = 0; j < JOBS; j++) {
			uint64_t seqno = h_put(t->h, q, STREAM, n->prog->streams[0].slots);

			first[q] = j ? first[q] : seqno;
		}
		h_ring(t->h, q);
	}
}

static void wait_all(struct nets *t, const uint64_t *first, bool reference)
{
	for (unsigned int q = 0; q < QUEUES; q++) {
		struct net *n = &t->net[q];

		for (unsigned int j = 0; j < JOBS; j++) {
			struct loom_completion c = h_wait(t->h, q, first[q] + j);

			assert_int_equal(c.status, LOOM_JOB_OK);
			if (reference)
				n->cpl[j] = c;
			assert_true(c.cycles == n->cpl[j].cycles && c.macs == n->cpl[j].macs);
		}
		if (reference)
			memcpy(n->want, n->io, n->prog->io_bytes);
		/* But for the number of the core in the statistics. */
		((struct loom_stat *)n->io)->core = ((struct loom_stat *)n->want)->core;
		assert_memory_equal(n->io, n->want, n->prog->io_bytes);
	}
}

/* Saves the device, and lets another one take its place. */
static void move(struct nets *t, const uint64_t *first)
{
	struct harness *h = t->h;
	void *blob;
	size_t len;
	bool busy = false;

	loom_dev_quiesce(h->dev);
	for (unsigned int q = 0; q < QUEUES; q++)
		busy = busy || !h_done(h, q, first[q] + JOBS - 1);
	t->in_flight += busy;
	assert_int_equal(loom_dev_save(h->dev, &blob, &len), 0);
	h->skew_ns += 3000000000ull;
	h_new_device(h);
	loom_dev_quiesce(h->dev);
	assert_int_equal(loom_dev_load(h->dev, blob, len), 0);
	loom_dev_resume(h->dev);
	free(blob);
}

/* Waits until job @n, counted from the first, is the next to end on one of the queues. */
static void reached(struct nets *t, const uint64_t *first, unsigned int n)
{
	if (n)
		assert_true(h_until(h_done(t->h, 0, first[0] + n - 1) || h_done(t->h, 1, first[1] + n - 1), H_TIMEOUT_MS));
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *s = getenv(name);

	return s ? strtoul(s, NULL, 0) : otherwise;
}

static void setup_nets(struct nets *t, int timing)
{
	struct loom_geometry geo;

	loom_geometry_default(&geo);
	geo.array_dim = 8;
	geo.num_cores = QUEUES;
	geo.spm_bytes = 64 << 10;
	geo.acc_bytes = 16 << 10;
	geo.timing = timing;
	memset(t, 0, sizeof(*t));
	t->h = harness_new(&geo, true);
	h_boot(t->h);
	for (unsigned int q = 0; q < QUEUES; q++) {
		t->net[q].prog = network(&geo, 12 + q);
		place(t->h, q + 1, &t->net[q]);
		t->net[q].want = malloc(t->net[q].prog->io_bytes);
		assert_int_equal(h_queue_create(t->h, q, q + 1, 5, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	}
}

static void snapshots(int timing)
{
	unsigned long count = setting("LOOM_SNAPSHOTS", 20), seed = setting("LOOM_SNAPSHOT_SEED", 1), i;
	uint64_t first[QUEUES], took;
	struct nets t;

	setup_nets(&t, timing);
	submit(&t, first);
	wait_all(&t, first, true);
	took = now_us();
	submit(&t, first);
	wait_all(&t, first, false);
	took = now_us() - took;
	/* More than asked for where a busy host let too many runs end before they were stopped. */
	for (i = 0; i < count || (t.in_flight < count / 4 && i < 10 * count); i++) {
		struct rng r = { .s = seed + i };

		submit(&t, first);
		/* By progress, since on a busy host no run takes as long as another. */
		reached(&t, first, (unsigned int)(rng_next(&r) % JOBS));
		h_sleep_us((unsigned int)(rng_next(&r) % (took / JOBS + 1)));
		move(&t, first);
		wait_all(&t, first, false);
	}
	print_message("# %lu snapshots, %u with jobs in flight, of runs of %llu us\n", i, t.in_flight,
		      (unsigned long long)took);
	assert_true(t.in_flight >= count / 4);
	for (unsigned int q = 0; q < QUEUES; q++) {
		accel_program_unref(t.net[q].prog);
		free(t.net[q].want);
	}
	harness_free(t.h);
}

static void with_the_clock(void **state)
{
	snapshots(1);
}

static void as_fast_as_it_can(void **state)
{
	snapshots(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(with_the_clock), cmocka_unit_test(as_fast_as_it_can) };

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("snapshots", tests, NULL, NULL);
}
