/* SPDX-License-Identifier: MIT */
/* The cycle model: what descriptors cost, and the timeline. Rules and formulas: docs/hardware.md. */
#include "cycles.h"

#include <string.h>

#include <loom/isa_table.h>

#include "exec_priv.h"

#define ROW_PASSES	4	/* of SOFTMAX and LAYERNORM over their rows */

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t dma_bytes(const struct loom_dma *d)
{
	uint64_t bytes = d->elem;

	for (int i = 0; i < LOOM_DIMS; i++)
		bytes *= d->n[i];
	return bytes;
}

static uint64_t folds(uint64_t r, uint64_t n, uint64_t k)
{
	return LOOM_DIV_UP(k, r) * LOOM_DIV_UP(n, r);
}

static uint64_t conv_rows(const struct loom_conv *d)
{
	return (uint64_t)d->n * d->oh * d->ow;
}

static uint64_t conv_k(const struct loom_conv *d)
{
	return (uint64_t)d->kh * d->kw * d->ic;
}

/* Rows of the right operand that the array multiplies with: half of them where it is 2:4 sparse. */
static uint64_t dense_k(unsigned int flags, uint64_t k)
{
	return flags & LOOM_MXU_SPARSE24 ? k / 2 : k;
}

static uint64_t ewise_stages(const struct loom_ewise *d)
{
	uint64_t stages = 0;

	while (stages < LOOM_EW_STAGES && d->stage[stages].op)
		stages++;
	return later(stages, 1);
}

void loom_op_cost(const struct loom_geometry *geo, const struct loom_op *op, struct loom_cost *cost)
{
	const union loom_any *u = &op->u;
	const uint64_t r = geo->array_dim;

	memset(cost, 0, sizeof(*cost));
	cost->conflict = geo->timing ? loom_op_conflict(geo, op) : 0;
	switch (u->d.op) {
	case LOOM_OP_LOAD:
	case LOOM_OP_STORE:
		cost->bytes = dma_bytes(&u->dma);
		break;
	case LOOM_OP_FILL:
		cost->lanes = LOOM_DIV_UP(dma_bytes(&u->dma), 4 * r);
		break;
	case LOOM_OP_GATHER:
	case LOOM_OP_SCATTER:
		cost->bytes = (uint64_t)u->gather.count * u->gather.row_bytes;
		break;
	case LOOM_OP_ACCINIT:
		cost->rows = u->accinit.m * LOOM_DIV_UP((uint64_t)u->accinit.n, r);
		break;
	case LOOM_OP_MM:
		cost->rows = u->mm.m;
		cost->folds = folds(r, u->mm.n, dense_k(u->mm.flags, u->mm.k));
		break;
	case LOOM_OP_CONV:
		cost->rows = conv_rows(&u->conv);
		cost->folds = folds(r, u->conv.oc, dense_k(u->conv.flags, conv_k(&u->conv)));
		break;
	case LOOM_OP_REQUANT:
		cost->lanes = LOOM_DIV_UP((uint64_t)u->requant.m * u->requant.n, r);
		break;
	case LOOM_OP_EWISE:
		cost->lanes = LOOM_DIV_UP((uint64_t)u->ewise.m * u->ewise.n, r) * ewise_stages(&u->ewise);
		break;
	case LOOM_OP_LUT:
		cost->lanes = LOOM_DIV_UP((uint64_t)u->lut.m * u->lut.n, r);
		break;
	case LOOM_OP_POOL:
		cost->lanes = (uint64_t)u->pool.n * u->pool.oh * u->pool.ow * u->pool.kh * u->pool.kw *
			      LOOM_DIV_UP((uint64_t)u->pool.c, r);
		break;
	case LOOM_OP_SOFTMAX:
	case LOOM_OP_LAYERNORM:
		cost->lanes = ROW_PASSES * LOOM_DIV_UP((uint64_t)u->rows.m * u->rows.n, r);
		break;
	case LOOM_OP_UNPACK:
		cost->bytes = u->unpack.bytes;
		break;
	case LOOM_OP_RESIZE:
		cost->lanes = (uint64_t)u->resize.oh * u->resize.ow * LOOM_DIV_UP((uint64_t)u->resize.c, r) *
			      (u->resize.mode == LOOM_RESIZE_LINEAR ? 4 : 1);
		break;
	case LOOM_OP_OPTIM:
		cost->lanes = LOOM_DIV_UP((uint64_t)u->optim.count, r) * (4ull << u->optim.rule) / 2;
		break;
	case LOOM_OP_PLUT:
		cost->lanes = LOOM_DIV_UP((uint64_t)u->plut.m * u->plut.n, r);
		break;
	case LOOM_OP_DWCONV:
		cost->lanes = (uint64_t)u->dwconv.n * u->dwconv.oh * u->dwconv.ow * u->dwconv.kh * u->dwconv.kw *
			      LOOM_DIV_UP((uint64_t)u->dwconv.c, r);
		break;
	case LOOM_OP_REDUCE:
		cost->lanes = LOOM_DIV_UP((uint64_t)u->reduce.m * u->reduce.n, r);
		break;
	}
}

uint64_t loom_op_macs(const struct loom_op *op)
{
	const union loom_any *u = &op->u;

	switch (u->d.op) {
	case LOOM_OP_MM:
		return (uint64_t)u->mm.m * u->mm.n * dense_k(u->mm.flags, u->mm.k);
	case LOOM_OP_CONV:
		return conv_rows(&u->conv) * u->conv.oc * dense_k(u->conv.flags, conv_k(&u->conv));
	default:
		return 0;
	}
}

void loom_timeline_reset(struct loom_timeline *t)
{
	memset(t, 0, sizeof(*t));
}

void loom_timeline_mark(struct loom_timeline *t)
{
	memset(t->sem_value, 0, sizeof(t->sem_value));
}

/* When semaphore @sem had reached @value; for values long past, the oldest time that is still known. */
static uint64_t reached(const struct loom_timeline *t, uint8_t sem, uint32_t value)
{
	uint32_t now = t->sem_value[sem];

	if (!value || value > now)
		return 0;
	if (now - value >= LOOM_SEM_HISTORY)
		value = now - LOOM_SEM_HISTORY + 1;
	return t->sem_time[sem][(value - 1) % LOOM_SEM_HISTORY];
}

static void signal_at(struct loom_timeline *t, uint8_t sem, uint64_t when)
{
	uint32_t v = t->sem_value[sem];

	/* A value is reached when the last of its signals is given. */
	if (v)
		when = later(when, t->sem_time[sem][(v - 1) % LOOM_SEM_HISTORY]);
	t->sem_time[sem][v % LOOM_SEM_HISTORY] = when;
	t->sem_value[sem] = v + 1;
}

/* Takes @len bus cycles that are free from @start on, in as many pieces as need be. Returns their end. */
static uint64_t bus_take(struct loom_timeline *t, uint64_t start, uint64_t len)
{
	uint64_t at = later(start, t->bus_floor), from = at;
	uint32_t first = 0, next;

	while (first < t->bus_count && t->bus[first].to < at)
		first++;
	for (next = first; next < t->bus_count && t->bus[next].from <= at + len; next++) {
		if (t->bus[next].from > at)
			len -= t->bus[next].from - at;
		else if (t->bus[next].from < from)
			from = t->bus[next].from;
		at = later(at, t->bus[next].to);
	}
	at += len;
	/* All between @from and @at is busy now: one interval in place of those it swallowed. */
	if (next == first && t->bus_count == LOOM_BUS_GAPS) {
		t->bus_floor = t->bus[0].to;
		memmove(t->bus, t->bus + 1, (LOOM_BUS_GAPS - 1) * sizeof(t->bus[0]));
		t->bus_count--;
		if (!first)
			return later(at, t->bus_floor + len);
		first--;
		next--;
	}
	memmove(t->bus + first + 1, t->bus + next, (t->bus_count - next) * sizeof(t->bus[0]));
	t->bus_count = t->bus_count - (next - first) + 1;
	t->bus[first].from = from;
	t->bus[first].to = at;
	return at;
}

/* The engine's time up to @to was lost by @cause. */
static void stall_to(struct loom_timeline *t, int engine, enum loom_stall cause, uint64_t to)
{
	if (to <= t->seen[engine])
		return;
	t->span.stall[cause] += to - t->seen[engine];
	t->seen[engine] = to;
}

static void stall_for(struct loom_timeline *t, int engine, enum loom_stall cause, uint64_t cycles)
{
	stall_to(t, engine, cause, t->seen[engine] + cycles);
}

static void busy_for(struct loom_timeline *t, int engine, uint64_t cycles)
{
	t->span.busy += cycles;
	t->seen[engine] += cycles;
}

static uint64_t run_dma(struct loom_timeline *t, const struct loom_geometry *geo, int engine, uint64_t start,
			const struct loom_cost *cost)
{
	/* Of the bus's cycles each core has its own: what the others do changes nothing. */
	uint64_t len = cost->bytes ? LOOM_DIV_UP(cost->bytes * geo->num_cores, geo->dram_bpc) : cost->lanes;
	uint64_t lost = len * cost->conflict;

	t->span.conflicts = cost->conflict ? len : 0;
	t->engine[engine] = cost->bytes ? bus_take(t, start, len + lost) : start + len + lost;
	busy_for(t, engine, len);
	stall_for(t, engine, LOOM_STALL_BANK, lost);
	stall_to(t, engine, LOOM_STALL_BUS, t->engine[engine]);
	return t->engine[engine] + (cost->bytes ? LOOM_DMA_LATENCY : 0);
}

static uint64_t run_mxu(struct loom_timeline *t, const struct loom_geometry *geo, uint64_t start,
			const struct loom_cost *cost)
{
	const uint64_t r = geo->array_dim, enter = cost->rows * (1 + cost->conflict);
	const uint64_t planes = later(cost->folds, 1);
	uint64_t stream = later(start, t->stream_free), last = stream;

	if (cost->folds) {
		uint64_t filled = later(start, t->plane_free) + r;

		stream = later(filled, t->stream_free);
		last = stream + (cost->folds - 1) * later(enter, r);
		t->plane_free = last;
	}
	t->engine[LOOM_ENGINE_MXU] = last;
	t->stream_free = last + enter;
	t->span.conflicts = cost->conflict ? planes * cost->rows : 0;
	stall_to(t, LOOM_ENGINE_MXU, LOOM_STALL_PLANE, stream);
	busy_for(t, LOOM_ENGINE_MXU, planes * cost->rows);
	stall_for(t, LOOM_ENGINE_MXU, LOOM_STALL_BANK, planes * (enter - cost->rows));
	stall_to(t, LOOM_ENGINE_MXU, LOOM_STALL_PLANE, t->stream_free);
	return t->stream_free + 2 * r - 2;
}

/* When the descriptor's waits are met and its engine takes it up. */
static uint64_t run_start(struct loom_timeline *t, const struct loom_desc *d, int engine)
{
	uint64_t start = later(t->barrier, t->engine[engine]);

	stall_to(t, engine, LOOM_STALL_BARRIER, t->barrier);
	for (int i = 0; i < 2; i++)
		if (d->wait_sem[i] != LOOM_SEM_NONE)
			start = later(start, reached(t, d->wait_sem[i], d->wait_value[i]));
	stall_to(t, engine, LOOM_STALL_SEM, start);
	if (engine == LOOM_ENGINE_CTRL && d->op != LOOM_OP_NOP) {
		start = later(start, t->horizon);
		stall_to(t, engine, LOOM_STALL_BARRIER, start);
	}
	return start;
}

void loom_timeline_run(struct loom_timeline *t, const struct loom_geometry *geo, const struct loom_op *op,
		       const struct loom_cost *cost)
{
	const struct loom_desc *d = &op->u.d;
	int engine = loom_op_find(d->op)->engine;
	uint64_t start, end;

	memset(&t->span, 0, sizeof(t->span));
	start = run_start(t, d, engine);
	if (engine == LOOM_ENGINE_CTRL) {
		end = start + 1;
		t->engine[engine] = end;
		busy_for(t, engine, 1);
		if (d->op != LOOM_OP_NOP)
			t->barrier = end;
	} else if (engine == LOOM_ENGINE_MXU) {
		end = run_mxu(t, geo, start, cost);
	} else if (engine == LOOM_ENGINE_VPU) {
		busy_for(t, engine, cost->lanes);
		t->engine[engine] = start + cost->lanes;
		end = t->engine[engine] + LOOM_VPU_LATENCY;
	} else {
		end = run_dma(t, geo, engine, start, cost);
	}
	t->span.start = start;
	t->span.end = end;
	t->busy[engine] += t->span.busy;
	t->horizon = later(t->horizon, end);
	for (int i = 0; i < 2; i++)
		if (d->signal_sem[i] != LOOM_SEM_NONE)
			signal_at(t, d->signal_sem[i], end);
}

uint64_t loom_mxu_native(uint64_t r, uint64_t m, uint64_t n, uint64_t k)
{
	return r + (folds(r, n, k) - 1) * later(m, r) + m + 2 * r - 2;
}

uint64_t loom_mxu_scalesim(uint64_t r, uint64_t m, uint64_t n, uint64_t k)
{
	return folds(r, n, k) * (3 * r + m - 2) - 1;
}
