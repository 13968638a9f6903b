/* SPDX-License-Identifier: MIT */
/* A core's counters: written by its thread alone, read by anybody, all of one moment where that is asked for. */
#include <sched.h>
#include <string.h>

#include "exec_priv.h"

/* There is one writer: no locked instruction is needed. */
static void add(_Atomic uint64_t *counter, uint64_t n)
{
	if (n)
		atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
				      memory_order_relaxed);
}

static void begin(struct loom_exec_counters *c)
{
	add(&c->seq, 1);
	atomic_thread_fence(memory_order_release);
}

static void end(struct loom_exec_counters *c)
{
	atomic_store_explicit(&c->seq, atomic_load_explicit(&c->seq, memory_order_relaxed) + 1, memory_order_release);
}

void loom_count(struct loom_exec_counters *c, const struct loom_timeline *t, int engine, uint64_t cycles,
		uint64_t macs, uint64_t bytes_in, uint64_t bytes_out)
{
	begin(c);
	add(&c->descs, 1);
	add(&c->macs, macs);
	add(&c->bytes_in, bytes_in);
	add(&c->bytes_out, bytes_out);
	add(&c->cycles, cycles);
	add(&c->busy[engine], t->span.busy);
	add(&c->conflicts, t->span.conflicts);
	for (int i = 0; i < LOOM_NUM_STALLS; i++)
		add(&c->stall[engine][i], t->span.stall[i]);
	end(c);
}

void loom_count_job(struct loom_exec_counters *c)
{
	begin(c);
	add(&c->jobs, 1);
	end(c);
}

const struct loom_exec_counters *loom_core_counters(const struct loom_core *core)
{
	return &core->counters;
}

void loom_core_reset_counters(struct loom_core *core)
{
	struct loom_exec_counters *c = &core->counters;

	begin(c);
	atomic_store(&c->cycles, 0);
	atomic_store(&c->macs, 0);
	atomic_store(&c->bytes_in, 0);
	atomic_store(&c->bytes_out, 0);
	atomic_store(&c->descs, 0);
	atomic_store(&c->jobs, 0);
	atomic_store(&c->conflicts, 0);
	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		atomic_store(&c->busy[e], 0);
		for (int i = 0; i < LOOM_NUM_STALLS; i++)
			atomic_store(&c->stall[e][i], 0);
	}
	end(c);
}

static void copy(const struct loom_exec_counters *c, struct loom_exec_sample *out)
{
	out->cycles = atomic_load_explicit(&c->cycles, memory_order_relaxed);
	out->macs = atomic_load_explicit(&c->macs, memory_order_relaxed);
	out->bytes_in = atomic_load_explicit(&c->bytes_in, memory_order_relaxed);
	out->bytes_out = atomic_load_explicit(&c->bytes_out, memory_order_relaxed);
	out->descs = atomic_load_explicit(&c->descs, memory_order_relaxed);
	out->jobs = atomic_load_explicit(&c->jobs, memory_order_relaxed);
	out->conflicts = atomic_load_explicit(&c->conflicts, memory_order_relaxed);
	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		out->busy[e] = atomic_load_explicit(&c->busy[e], memory_order_relaxed);
		for (int i = 0; i < LOOM_NUM_STALLS; i++)
			out->stall[e][i] = atomic_load_explicit(&c->stall[e][i], memory_order_relaxed);
	}
}

void loom_core_sample(const struct loom_core *core, struct loom_exec_sample *out)
{
	const struct loom_exec_counters *c = &core->counters;

	for (;;) {
		uint64_t seq = atomic_load_explicit(&c->seq, memory_order_acquire);

		copy(c, out);
		atomic_thread_fence(memory_order_acquire);
		if (!(seq & 1) && atomic_load_explicit(&c->seq, memory_order_relaxed) == seq)
			return;
		sched_yield();
	}
}
