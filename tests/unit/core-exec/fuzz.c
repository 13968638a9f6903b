/* SPDX-License-Identifier: MIT */
/*
 * Random streams through the compute core, with each set of kernels, against the reference: scratchpad,
 * accumulators and DRAM must agree to the bit after every stream. TAP on stdout.
 *
 * LOOM_FUZZ_SECONDS bounds the time (default 15), LOOM_FUZZ_SEED is the first seed (default 1); a failure names the
 * seed of its stream.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <loom/isa_table.h>
#include <qemu-device/core/kernels.h>
#include <tests/reference/ref.h>

#include "gen.h"

#define STREAM_OPS	12
#define SEMS		4u
#define MAX_WORK	400000u

/* A stream under test, and what the reference says. */
struct trial {
	uint64_t seed;
	uint8_t dram[GEN_DRAM_BYTES];
	uint32_t slots, ops;
	uint32_t op_slot[STREAM_OPS];
	struct ref ref;
};

static uint64_t descriptors, refused, by_op[256], by_code[16];

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
		.m = 1, .n = GEN_ACC_BYTES / 4, .bias = 8192, .flags = LOOM_ACCINIT_BIAS,
	};
	append(t, &u, 1);
}

/* Waits only for what comes earlier, so that the stream's order stands; and now and then a barrier before it. */
static void order(struct trial *t, struct gen *g, union loom_any *u, uint32_t *signalled)
{
	static const struct loom_nop barrier = { .d = { .op = LOOM_OP_BARRIER, .wait_sem = { 255, 255 },
							.signal_sem = { 255, 255 } } };

	memset(u->d.wait_sem, LOOM_SEM_NONE, 2);
	memset(u->d.wait_value, 0, sizeof(u->d.wait_value));
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
	uint32_t slots, signalled[SEMS] = { 0 };
	union loom_any u;

	memset(t->dram, 0, GEN_DRAM_DATA);
	gen_data(g, t->dram + GEN_DRAM_DATA, GEN_DRAM_BYTES - GEN_DRAM_DATA);
	t->slots = 0;
	preamble(t);
	for (t->ops = 0; t->ops < STREAM_OPS; t->ops++) {
		do
			slots = gen_desc(g, &u);
		while (gen_work(&u) > MAX_WORK || loom_op_engine(u.d.op) == LOOM_ENGINE_CTRL);
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

	printf("# seed %llu, kernels %s: %s, after descriptor %u (%s), at %#x\n", (unsigned long long)t->seed,
	       set, what, op, info ? info->name : "?", at);
	return -1;
}

static uint32_t differs(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		if (a[i] != b[i])
			return i;
	return bytes;
}

/* Both start from the same memories; the reference executes the first @ops operations. */
static void reference(struct trial *t, uint32_t ops)
{
	union loom_any u;

	memset(t->ref.mem[REF_SPM], 0, GEN_SPM_BYTES);
	memset(t->ref.mem[REF_ACC], 0, GEN_ACC_BYTES);
	memcpy(t->ref.mem[REF_DRAM], t->dram, GEN_DRAM_BYTES);
	t->ref.stray = 0;
	ref_exec(&t->ref, t->dram);
	ref_exec(&t->ref, t->dram + 2 * LOOM_SLOT_BYTES);
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

/* The core executes as many; what differs, or NULL. *@at says where. */
static const char *difference(struct trial *t, struct loom_core *core, uint32_t ops, uint8_t *dram, uint32_t *at)
{
	uint32_t end = ops < t->ops ? t->op_slot[ops] : t->slots - 1;
	struct loom_vm vm = { dram_read, dram_write, dram };
	struct loom_exec_result res;
	struct traced traced = { 0 };
	const char *what;

	/* The hanging descriptor takes the place of the next one. */
	memcpy(dram, t->dram, GEN_DRAM_BYTES);
	memcpy(dram + (size_t)end * LOOM_SLOT_BYTES, t->dram + (size_t)(t->slots - 1) * LOOM_SLOT_BYTES,
	       LOOM_SLOT_BYTES);
	*at = 0;
	loom_core_reset_counters(core);
	loom_core_set_trace(core, trace, &traced);
	if (loom_core_run(core, &vm, 0, end + 1, 0, NULL, &res) != LOOM_EXEC_DEADLOCK)
		return "legal, but not run to its end";
	loom_core_set_trace(core, NULL, NULL);
	what = accounts(core, &res, &traced);
	if (what)
		return what;
	*at = differs(core->spm, t->ref.mem[REF_SPM], GEN_SPM_BYTES);
	if (*at < GEN_SPM_BYTES)
		return "scratchpad differs";
	*at = differs(core->acc, t->ref.mem[REF_ACC], GEN_ACC_BYTES);
	if (*at < GEN_ACC_BYTES)
		return "accumulators differ";
	*at = differs(dram + GEN_DRAM_DATA, t->ref.mem[REF_DRAM] + GEN_DRAM_DATA, GEN_DRAM_BYTES - GEN_DRAM_DATA);
	return *at < GEN_DRAM_BYTES - GEN_DRAM_DATA ? "DRAM differs" : NULL;
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
static unsigned int verdict(const struct loom_geometry *geo, struct trial *t, const struct loom_op *op)
{
	const struct loom_gather *g = &op->u.gather;
	struct loom_op copy = *op;
	unsigned int ill = loom_check(geo, &copy, false);

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
static int run_reference(struct trial *t, const struct loom_geometry *geo, uint32_t *done, unsigned int *ill)
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
		*ill = verdict(geo, t, &op);
		if (*ill)
			return 0;
		descriptors++;
		by_op[op.u.d.op]++;
		if (!ref_exec(&t->ref, &op.u))
			return fail(t, "any", "legal, but unknown to the reference", *done, 0);
		if (t->ref.stray & (1u << REF_SPM | 1u << REF_ACC))
			return fail(t, "any", "legal, but leaves its memory", *done, 0);
		if (t->ref.stray)
			return 1;
	}
	return 0;
}

static int run_trial(struct trial *t, struct loom_core *core, const struct loom_geometry *geo, uint8_t *dram)
{
	static const char *const sets[] = { "scalar", "avx2", "vnni" };
	const struct loom_kernels *best = loom_kernels();
	unsigned int ill;
	uint32_t done;
	int ret = run_reference(t, geo, &done, &ill);

	for (int s = 0; s < 3 && !ret; s++) {
		if (loom_kernels_select(sets[s]))
			continue;
		ret = compare(t, core, sets[s], done, dram);
		if (!ret && ill)
			ret = check_refusal(t, core, sets[s], done, ill, dram);
	}
	if (ill) {
		refused++;
		by_code[ill & 15]++;
	}
	loom_kernels_select(best->name);
	return ret;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static double env(const char *name, double otherwise)
{
	const char *s = getenv(name);

	return s ? strtod(s, NULL) : otherwise;
}

int main(void)
{
	struct loom_geometry geo = { 8, 1, GEN_SPM_BYTES, GEN_ACC_BYTES, 64, 1000000, 1 };
	double start = now(), seconds = env("LOOM_FUZZ_SECONDS", 15);
	uint64_t seed = (uint64_t)env("LOOM_FUZZ_SEED", 1), streams = 0;
	struct trial *t = calloc(1, sizeof(*t));
	uint8_t *dram = malloc(GEN_DRAM_BYTES);
	struct loom_core *core;
	int failures = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!t || !dram || loom_core_new(&geo, &core))
		return 1;
	t->ref.bytes[REF_SPM] = GEN_SPM_BYTES;
	t->ref.bytes[REF_ACC] = GEN_ACC_BYTES;
	t->ref.bytes[REF_DRAM] = GEN_DRAM_BYTES;
	for (int s = 0; s < REF_SPACES; s++)
		t->ref.mem[s] = malloc(t->ref.bytes[s]);
	for (; now() - start < seconds && failures < 5; seed++, streams++) {
		struct gen g = { seed };

		t->seed = seed;
		make_stream(t, &g);
		failures += run_trial(t, core, &geo, dram) < 0;
	}
	for (size_t i = 0; i < sizeof(loom_ops) / sizeof(loom_ops[0]); i++)
		if (by_op[loom_ops[i].opcode])
			printf("# %-8s %llu\n", loom_ops[i].name,
			       (unsigned long long)by_op[loom_ops[i].opcode]);
	for (int i = 1; i < 16; i++)
		if (by_code[i])
			printf("# refused with code %d: %llu\n", i, (unsigned long long)by_code[i]);
	printf("# %llu streams, %llu descriptors, %llu refused\n", (unsigned long long)streams,
	       (unsigned long long)descriptors, (unsigned long long)refused);
	printf("1..1\n%sok 1 - random streams agree with the reference\n", failures ? "not " : "");
	for (int s = 0; s < REF_SPACES; s++)
		free(t->ref.mem[s]);
	loom_core_free(core);
	free(dram);
	free(t);
	return failures ? 1 : 0;
}
