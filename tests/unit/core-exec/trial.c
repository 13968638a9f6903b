/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <loom/isa_table.h>
#include <qemu-device/core/kernels.h>
#include <tests/reference/ref.h>

#include "gen.h"

#define STREAM_OPS	40
#define STREAM_BYTES	((3u * STREAM_OPS + 8) * LOOM_SLOT_BYTES)
#define SEMS		4u
#define MAX_WORK	400000u
#define DATA_STREAMS	32u		/* that share their memories' first content */
#define ACC_FROM	8192u		/* in the scratchpad */

/*
 * A stream under test, and what the reference says; @data_of: what the data were made from; @reuse: products share their
 * operands.
 */
struct trial {
	uint64_t seed, data_of;
	bool reuse;
	uint8_t dram[GEN_DRAM_BYTES];
	uint32_t slots, ops;
	uint32_t op_slot[STREAM_OPS];
	struct ref ref;
	struct trial_counts count;
	struct loom_core *core, *other;
	uint8_t *mem;		/* the DRAM that the core sees */
};

static const struct loom_geometry geo = { 8, 1, GEN_SPM_BYTES, GEN_ACC_BYTES, 64, 1000000, 1 };

const char *const trial_kernels[TRIAL_KERNELS] = { "scalar", "avx2", "vnni", "neon" };

static int dram_read(void *opaque, uint64_t va, void *buf, size_t len, uint64_t *fault_va)
{
	const uint8_t *dram = opaque;

	if (va > GEN_DRAM_BYTES || len > GEN_DRAM_BYTES - va) {
		*fault_va = va;
		return LOOM_MMU_FAULT_UNMAPPED;
	}
	memcpy(buf, dram + va, len);
	return 0;
}

static int dram_write(void *opaque, uint64_t va, const void *buf, size_t len, uint64_t *fault_va)
{
	uint8_t *dram = opaque;

	if (va > GEN_DRAM_BYTES || len > GEN_DRAM_BYTES - va) {
		*fault_va = va;
		return LOOM_MMU_FAULT_UNMAPPED;
	}
	memcpy(dram + va, buf, len);
	return 0;
}

static void append(struct trial *t, const void *desc, uint32_t slots)
{
	memcpy(t->dram + (size_t)t->slots * LOOM_SLOT_BYTES, desc, (size_t)slots * LOOM_SLOT_BYTES);
	t->slots += slots;
}

/* Scratchpad and accumulators start as noise: a LOAD of all, and ACCINIT from it. */
static void preamble(struct trial *t)
{
	union loom_any u = { .dma = {
		.d = { .op = LOOM_OP_LOAD, .wait_sem = { 255, 255 }, .signal_sem = { 255, 255 } },
		.va = GEN_DRAM_DATA, .elem = 16, .n = { GEN_SPM_BYTES / 16, 1, 1, 1, 1 },
		.spm_stride = { 16 }, .va_stride = { 16 },
	} };

	append(t, &u, 2);
	memset(&u, 0, sizeof(u));
	u.accinit = (struct loom_accinit) {
		.d = { .op = LOOM_OP_ACCINIT, .wait_sem = { 255, 255 }, .signal_sem = { 255, 255 } },
		.m = 1, .n = GEN_ACC_BYTES / 4, .bias = ACC_FROM, .flags = LOOM_ACCINIT_BIAS,
	};
	append(t, &u, 1);
}

/* Mostly small, for there to be many: what a set of kernels does at its edges shows there. */
static uint64_t work_limit(struct gen *g)
{
	return gen_chance(g, 80) ? 1500 : gen_chance(g, 85) ? 6000 : MAX_WORK;
}

/*
 * Most streams have only what is legal: what comes after the first that is refused is not executed. @r: earlier products, of
 * whose operands there is to be more; or NULL.
 */
static uint32_t make_op(struct gen *g, bool refusals, const struct gen_products *r, union loom_any *u)
{
	for (;;) {
		struct loom_op op = { 0 };
		uint32_t slots = gen_desc(g, u, work_limit(g));

		if (r)
			slots = gen_reuse(g, r, u, slots);
		if (gen_work(u) > MAX_WORK || loom_op_engine(u->d.op) == LOOM_ENGINE_CTRL)
			continue;
		memset(u->d.wait_sem, LOOM_SEM_NONE, 2);
		memset(u->d.wait_value, 0, sizeof(u->d.wait_value));
		op.u = *u;
		if (slots == 1)
			memset(op.u.byte + LOOM_SLOT_BYTES, 0, LOOM_SLOT_BYTES);
		if (refusals || !loom_check(&geo, &op, false))
			return slots;
	}
}

/* Waits only for what comes earlier, so that the stream's order stands; and now and then a barrier before it. */
static void order(struct trial *t, struct gen *g, union loom_any *u, uint32_t *signalled)
{
	static const struct loom_nop barrier = { .d = { .op = LOOM_OP_BARRIER, .wait_sem = { 255, 255 },
							.signal_sem = { 255, 255 } } };

	for (int i = 0; i < 2; i++) {
		uint32_t sem = (uint32_t)(gen_next(g) % SEMS);

		if (!signalled[sem] || gen_next(g) % 2)
			continue;
		u->d.wait_sem[i] = (uint8_t)sem;
		u->d.wait_value[i] = (uint32_t)gen_next(g) % (signalled[sem] + 1);
	}
	for (int i = 0; i < 2; i++) {
		u->d.signal_sem[i] = gen_next(g) % 2 ? (uint8_t)(gen_next(g) % SEMS) : LOOM_SEM_NONE;
		if (u->d.signal_sem[i] != LOOM_SEM_NONE)
			signalled[u->d.signal_sem[i]]++;
	}
	if (gen_next(g) % 8 == 0)
		append(t, &barrier, 1);
}

/* The last descriptor waits for ever, so that the core keeps its memories to be looked at. */
static void make_stream(struct trial *t, struct gen *g)
{
	struct gen data = { .state = t->seed / DATA_STREAMS };
	uint32_t slots, signalled[SEMS] = { 0 };
	bool refusals = gen_chance(g, 15);
	struct gen_products products = { .count = 0 };
	union loom_any u;

	if (!t->slots || t->data_of != data.state) {
		t->data_of = data.state;
		gen_data(&data, t->dram + GEN_DRAM_DATA, GEN_DRAM_BYTES - GEN_DRAM_DATA);
	}
	memset(t->dram, 0, STREAM_BYTES);
	t->slots = 0;
	preamble(t);
	for (t->ops = 0; t->ops < STREAM_OPS && gen_more(g); t->ops++) {
		slots = make_op(g, refusals, t->reuse ? &products : NULL, &u);
		gen_remember(&products, &u);
		order(t, g, &u, signalled);
		t->op_slot[t->ops] = t->slots;
		append(t, &u, slots);
	}
	memset(&u, 0, sizeof(u));
	u.nop = (struct loom_nop) { .d = { .op = LOOM_OP_NOP, .wait_sem = { 0, 255 }, .signal_sem = { 255, 255 },
					   .wait_value = { 1 } } };
	u.d.wait_value[0] = 0xffffffff;
	append(t, &u, 1);
}

static int fail(const struct trial *t, const char *set, const char *what, uint32_t op, uint32_t at)
{
	const uint8_t *desc = t->dram + (size_t)t->op_slot[op < t->ops ? op : t->ops - 1] * LOOM_SLOT_BYTES;
	const struct loom_op_info *info = loom_op_find(*desc);

	printf("# seed %llu, kernels %s: %s, after descriptor %u (%s), at %#x; this stream alone:\n"
	       "# LOOM_FUZZ_SEED=%llu LOOM_FUZZ_DESCRIPTORS=1\n", (unsigned long long)t->seed,
	       set, what, op, info ? info->name : "?", at, (unsigned long long)t->seed);
	return -1;
}

static uint32_t differs(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes && memcmp(a, b, bytes); i++)
		if (a[i] != b[i])
			return i;
	return bytes;
}

/* Both start from the same memories; the reference executes the first @ops operations. */
static void reference(struct trial *t, uint32_t ops)
{
	union loom_any u;

	memcpy(t->ref.mem[REF_SPM], t->dram + GEN_DRAM_DATA, GEN_SPM_BYTES);
	memcpy(t->ref.mem[REF_ACC], t->dram + GEN_DRAM_DATA + ACC_FROM, GEN_ACC_BYTES);
	memcpy(t->ref.mem[REF_DRAM], t->dram, GEN_DRAM_BYTES);
	t->ref.stray = 0;
	for (uint32_t i = 0; i < ops; i++) {
		memcpy(&u, t->dram + (size_t)t->op_slot[i] * LOOM_SLOT_BYTES, sizeof(u));
		ref_exec(&t->ref, &u);
	}
}

/* What the records of a run come to. */
struct traced {
	uint64_t count, end, start[LOOM_NUM_ENGINES], stall[LOOM_NUM_ENGINES][LOOM_NUM_STALLS];
	bool bad;
};

static void trace(void *opaque, const struct loom_trace_record *rec, size_t n)
{
	struct traced *t = opaque;

	for (; n; n--, rec++) {
		/* An engine takes its descriptors up in order. */
		t->bad = t->bad || rec->end < rec->start || rec->start < t->start[rec->engine] ||
			 rec->engine != loom_op_engine(rec->op);
		t->start[rec->engine] = rec->start;
		t->end = rec->end > t->end ? rec->end : t->end;
		t->count++;
		for (int i = 0; i < LOOM_NUM_STALLS; i++)
			t->stall[rec->engine][i] += rec->stall[i];
	}
}

/* Every cycle of every engine is busy, lost to one cause, or idle; counters are sums of what descriptors cost. */
static const char *accounts(struct loom_core *core, const struct loom_exec_result *res, const struct traced *t)
{
	struct loom_exec_sample s;

	loom_core_sample(core, &s);
	if (s.cycles != res->cycles || s.macs != res->macs)
		return "counters differ from the result";
	if (t->bad || t->count != s.descs || t->end != s.cycles || memcmp(t->stall, s.stall, sizeof(s.stall)))
		return "records of the trace differ from the counters";
	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		uint64_t sum = s.busy[e];

		for (int i = 0; i < LOOM_NUM_STALLS; i++)
			sum += s.stall[e][i];
		if (sum != core->time.seen[e] || sum > s.cycles || s.busy[e] != core->time.busy[e])
			return "busy and stalled cycles do not add up";
	}
	return NULL;
}

/* What the core, and the DRAM that it sees, have other than the reference, or NULL. */
static const char *memories(struct trial *t, const struct loom_core *core, const uint8_t *dram, uint32_t *at)
{
	*at = differs(core->spm, t->ref.mem[REF_SPM], GEN_SPM_BYTES);
	if (*at < GEN_SPM_BYTES)
		return "scratchpad differs";
	*at = differs(core->acc, t->ref.mem[REF_ACC], GEN_ACC_BYTES);
	if (*at < GEN_ACC_BYTES)
		return "accumulators differ";
	*at = differs(dram + GEN_DRAM_DATA, t->ref.mem[REF_DRAM] + GEN_DRAM_DATA, GEN_DRAM_BYTES - GEN_DRAM_DATA);
	return *at < GEN_DRAM_BYTES - GEN_DRAM_DATA ? "DRAM differs" : NULL;
}

/* The stream, of which the core gets @ops operations: the descriptor that hangs takes the place of the next one. Its slots. */
static uint32_t cut(struct trial *t, uint32_t ops, uint8_t *dram)
{
	uint32_t end = ops < t->ops ? t->op_slot[ops] : t->slots - 1;

	memcpy(dram, t->dram, GEN_DRAM_BYTES);
	memcpy(dram + (size_t)end * LOOM_SLOT_BYTES, t->dram + (size_t)(t->slots - 1) * LOOM_SLOT_BYTES,
	       LOOM_SLOT_BYTES);
	return end + 1;
}

/* The core executes as many; what differs, or NULL. *@at says where. */
static const char *difference(struct trial *t, struct loom_core *core, uint32_t ops, uint8_t *dram, uint32_t *at)
{
	uint32_t slots = cut(t, ops, dram);
	struct loom_vm vm = { dram_read, dram_write, dram };
	struct loom_exec_result res;
	struct traced traced = { 0 };
	const char *what;

	*at = 0;
	loom_core_reset_counters(core);
	loom_core_set_trace(core, trace, &traced);
	if (loom_core_run(core, &vm, 0, slots, 0, NULL, &res) != LOOM_EXEC_DEADLOCK)
		return "legal, but not run to its end";
	loom_core_set_trace(core, NULL, NULL);
	what = accounts(core, &res, &traced);
	return what ? what : memories(t, core, dram, at);
}

/* Compares after @ops operations; on a mismatch finds the first operation that makes one. */
static int compare(struct trial *t, struct loom_core *core, const char *set, uint32_t ops, uint8_t *dram)
{
	const char *what;
	uint32_t at;

	if (!difference(t, core, ops, dram, &at))
		return 0;
	for (uint32_t n = 0; n <= ops; n++) {
		reference(t, n);
		what = difference(t, core, n, dram, &at);
		if (what)
			return fail(t, set, what, n ? n - 1 : 0, at);
	}
	return fail(t, set, "differs once, then not", ops, 0);
}

/* GATHER and SCATTER are refused while executing, by an index; everything else before. */
static unsigned int verdict(struct trial *t, const struct loom_op *op)
{
	const struct loom_gather *g = &op->u.gather;
	struct loom_op copy = *op;
	unsigned int ill = loom_check(&geo, &copy, false);

	if (ill || (g->d.op != LOOM_OP_GATHER && g->d.op != LOOM_OP_SCATTER))
		return ill;
	for (uint32_t i = 0; i < g->count; i++)
		if (ref_get(&t->ref, REF_SPM, g->index + 4ull * i, 4) >= g->limit)
			return LOOM_ILL_INDEX;
	return 0;
}

/* The core must refuse operation @i with code @ill. */
static int check_refusal(struct trial *t, struct loom_core *core, const char *set, uint32_t i, unsigned int ill,
			 uint8_t *dram)
{
	struct loom_vm vm = { dram_read, dram_write, dram };
	struct loom_exec_result res;

	memcpy(dram, t->dram, GEN_DRAM_BYTES);
	if (loom_core_run(core, &vm, 0, t->slots, 0, NULL, &res) == LOOM_EXEC_ENDED &&
	    res.status == LOOM_JOB_ILLEGAL && res.fault_code == ill && res.fault_slot == t->op_slot[i])
		return 0;
	return fail(t, set, "wrong or no refusal", i, res.fault_slot);
}

/*
 * The reference executes up to the first descriptor that is refused. Return: 0, 1 where the stream leaves DRAM, which
 * other tests look at, or -1.
 */
static int run_reference(struct trial *t, uint32_t *done, unsigned int *ill)
{
	reference(t, 0);
	*ill = 0;
	for (*done = 0; *done < t->ops; ++*done) {
		struct loom_op op = { .slot = t->op_slot[*done] };
		const struct loom_op_info *info;

		memcpy(&op.u, t->dram + (size_t)op.slot * LOOM_SLOT_BYTES, sizeof(op.u));
		info = loom_op_find(op.u.d.op);
		if (info && info->slots == 1)
			memset(op.u.byte + LOOM_SLOT_BYTES, 0, LOOM_SLOT_BYTES);
		*ill = verdict(t, &op);
		if (*ill)
			return 0;
		t->count.descriptors++;
		t->count.by_op[op.u.d.op]++;
		if (!ref_exec(&t->ref, &op.u))
			return fail(t, "any", "legal, but unknown to the reference", *done, 0);
		if (t->ref.stray & (1u << REF_SPM | 1u << REF_ACC))
			return fail(t, "any", "legal, but leaves its memory", *done, 0);
		/* A stream that writes itself is another one from there on. */
		if (t->ref.stray || memcmp(t->ref.mem[REF_DRAM], t->dram, STREAM_BYTES))
			return 1;
	}
	return 0;
}

/* The DRAM of a core that is asked to pause at its @at-th access. */
struct pausing {
	uint8_t *dram;
	uint32_t accesses, at;
	_Atomic uint32_t requests;
};

static void count_access(struct pausing *p)
{
	if (++p->accesses == p->at)
		p->requests = LOOM_EXEC_PAUSE;
}

static int pausing_read(void *opaque, uint64_t va, void *buf, size_t len, uint64_t *fault_va)
{
	struct pausing *p = opaque;

	count_access(p);
	return dram_read(p->dram, va, buf, len, fault_va);
}

static int pausing_write(void *opaque, uint64_t va, const void *buf, size_t len, uint64_t *fault_va)
{
	struct pausing *p = opaque;

	count_access(p);
	return dram_write(p->dram, va, buf, len, fault_va);
}

/* By another core, which takes over all that this one has. */
static enum loom_exec_outcome go_on(struct trial *t, const struct loom_vm *vm, struct pausing *p,
				    struct loom_exec_result *res)
{
	size_t bytes = loom_core_state_bytes(t->core);
	void *state = malloc(bytes);
	enum loom_exec_outcome out;

	if (!state)
		abort();
	p->requests = 0;
	loom_core_save(t->core, state);
	loom_core_abandon(t->core);
	out = loom_core_load(t->other, state, bytes) ? LOOM_EXEC_PAUSED :
	      loom_core_continue(t->other, vm, &p->requests, res);
	free(state);
	return out;
}

/*
 * The stream by a core that another takes over from on the way: one that has executed all of it before, and has what it kept
 * of that.
 */
static int check_restored(struct trial *t, const char *set, uint32_t ops)
{
	struct pausing p = { .dram = t->mem, .at = 1 + (uint32_t)(t->seed / 2 % 24) };
	struct loom_vm whole = { dram_read, dram_write, t->mem }, vm = { pausing_read, pausing_write, &p };
	const uint32_t slots = cut(t, ops, t->mem);
	struct loom_core *last = t->core;
	struct loom_exec_result res;
	enum loom_exec_outcome out;
	const char *what = NULL;
	uint32_t at = 0;

	loom_core_run(t->other, &whole, 0, slots, 0, NULL, &res);
	cut(t, ops, t->mem);
	out = loom_core_run(t->core, &vm, 0, slots, 0, &p.requests, &res);
	if (out == LOOM_EXEC_PAUSED) {
		out = go_on(t, &vm, &p, &res);
		last = t->other;
	}
	what = out == LOOM_EXEC_DEADLOCK ? memories(t, last, t->mem, &at) : "legal, but not run to its end";
	loom_core_abandon(t->other);
	return what ? fail(t, set, what, t->ops, at) : 0;
}

static int run_trial(struct trial *t)
{
	const struct loom_kernels *best = loom_kernels();
	unsigned int ill;
	uint32_t done;
	int ret = run_reference(t, &done, &ill);

	for (size_t s = 0; s < TRIAL_KERNELS && !ret; s++) {
		if (loom_kernels_select(trial_kernels[s]))
			continue;
		ret = compare(t, t->core, trial_kernels[s], done, t->mem);
		if (!ret && ill)
			ret = check_refusal(t, t->core, trial_kernels[s], done, ill, t->mem);
	}
	if (ill) {
		t->count.refused++;
		t->count.by_code[ill & 15]++;
	}
	loom_kernels_select(best->name);
	if (!ret && t->reuse)
		ret = check_restored(t, best->name, done);
	t->count.reused = loom_core_packed(t->core)->reused;
	t->count.forgotten = loom_core_packed(t->core)->forgotten;
	return ret < 0 ? -1 : 0;
}

int trial_seed(struct trial *t, uint64_t seed)
{
	struct gen g = { .state = seed };

	t->seed = seed;
	t->reuse = seed & 1;
	make_stream(t, &g);
	return run_trial(t);
}

int trial_bytes(struct trial *t, struct fuzz *f)
{
	struct gen g = { .from = f };

	t->seed = 0;
	t->reuse = false;
	make_stream(t, &g);
	return run_trial(t);
}

/* ---- Streams of any kind, and pauses ---- */

/* Few semaphores and small values, so that some waits end. */
static void any_order(struct gen *g, struct loom_desc *d)
{
	for (int i = 0; i < 2; i++) {
		d->wait_sem[i] = (uint8_t)(gen_chance(g, 15) ? gen_below(g, 3) : LOOM_SEM_NONE);
		d->wait_value[i] = d->wait_sem[i] == LOOM_SEM_NONE ? 0 : gen_below(g, 4);
		d->signal_sem[i] = (uint8_t)(gen_chance(g, 50) ? gen_below(g, 3) : LOOM_SEM_NONE);
	}
}

static void make_wild(struct trial *t, struct gen *g)
{
	static const uint8_t control[] = { LOOM_OP_NOP, LOOM_OP_BARRIER, LOOM_OP_MARK, LOOM_OP_STAT };
	struct gen data = { .state = 0 };
	union loom_any u;

	if (!t->slots || t->data_of) {
		t->data_of = 0;
		gen_data(&data, t->dram + GEN_DRAM_DATA, GEN_DRAM_BYTES - GEN_DRAM_DATA);
	}
	memset(t->dram, 0, STREAM_BYTES);
	t->slots = 0;
	preamble(t);
	for (t->ops = 0; t->ops < STREAM_OPS && gen_more(g); t->ops++) {
		uint32_t slots = 1;

		if (gen_chance(g, 20)) {
			memset(&u, 0, sizeof(u));
			u.d.op = control[gen_below(g, 4)];
			if (u.d.op == LOOM_OP_STAT)
				u.stat.va = GEN_DRAM_DATA + 64 * gen_below(g, 4096);
		} else {
			slots = gen_desc(g, &u, work_limit(g));
		}
		any_order(g, &u.d);
		if (gen_work(&u) <= MAX_WORK)
			append(t, &u, slots);
	}
	memset(&u, 0, sizeof(u));
	u.d = (struct loom_desc) { .op = LOOM_OP_END, .wait_sem = { 255, 255 }, .signal_sem = { 255, 255 } };
	append(t, &u, 1);
}

const char *trial_paused(struct trial *t, struct fuzz *f)
{
	struct gen g = { .from = f };
	struct pausing p = { .dram = t->mem, .at = 1 + gen_below(&g, 64) };
	struct loom_vm vm = { dram_read, dram_write, t->ref.mem[REF_DRAM] }, pausing = { pausing_read, pausing_write, &p };
	struct loom_exec_result want, got;
	enum loom_exec_outcome first, second;

	make_wild(t, &g);
	memcpy(t->ref.mem[REF_DRAM], t->dram, GEN_DRAM_BYTES);
	memcpy(t->mem, t->dram, GEN_DRAM_BYTES);
	first = loom_core_run(t->core, &vm, 0, t->slots, 0, NULL, &want);
	if (first == LOOM_EXEC_DEADLOCK)
		loom_core_abandon(t->core);
	second = loom_core_run(t->core, &pausing, 0, t->slots, 0, &p.requests, &got);
	if (second == LOOM_EXEC_PAUSED)
		second = go_on(t, &pausing, &p, &got);
	if (second == LOOM_EXEC_DEADLOCK) {
		loom_core_abandon(t->core);
		loom_core_abandon(t->other);
	}
	if (first != second)
		return "another outcome after a pause";
	if (first == LOOM_EXEC_ENDED && (want.status != got.status || want.fault_code != got.fault_code ||
					 want.fault_slot != got.fault_slot || want.cycles != got.cycles))
		return "another end after a pause";
	return differs(t->mem, t->ref.mem[REF_DRAM], GEN_DRAM_BYTES) < GEN_DRAM_BYTES ? "other bytes after a pause" : NULL;
}

/* ---- Life ---- */

struct trial_counts *trial_counts(struct trial *t)
{
	return &t->count;
}

void trial_free(struct trial *t)
{
	for (int s = 0; s < REF_SPACES; s++)
		free(t->ref.mem[s]);
	loom_core_free(t->other);
	loom_core_free(t->core);
	free(t->mem);
	free(t);
}

struct trial *trial_new(void)
{
	struct trial *t = calloc(1, sizeof(*t));
	bool ok;

	if (!t)
		return NULL;
	t->mem = malloc(GEN_DRAM_BYTES);
	t->ref.bytes[REF_SPM] = GEN_SPM_BYTES;
	t->ref.bytes[REF_ACC] = GEN_ACC_BYTES;
	t->ref.bytes[REF_DRAM] = GEN_DRAM_BYTES;
	ok = t->mem && !loom_core_new(&geo, &t->core) && !loom_core_new(&geo, &t->other);
	for (int s = 0; s < REF_SPACES; s++) {
		t->ref.mem[s] = malloc(t->ref.bytes[s]);
		ok = ok && t->ref.mem[s];
	}
	if (!ok) {
		trial_free(t);
		return NULL;
	}
	return t;
}
