/* SPDX-License-Identifier: MIT */
/*
 * The run of a stream: fetch, five in-order engine queues, semaphores.
 *
 * One thread executes all engines. Among the engines whose oldest descriptor is ready, the one that comes first in
 * the stream goes first, and a descriptor is fetched only when none is ready. So the order is a function of the
 * stream alone, and when a descriptor faults every earlier one has ended or can never start: the fault is precise.
 */
#include "exec_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <loom/isa_table.h>

#include "fpenv.h"

static const struct {
	loom_exec_fn run;
	bool barrier;		/* starts when all else has ended, and holds back fetch */
} ops[256] = {
	[LOOM_OP_NOP] = { loom_exec_nop, false },
	[LOOM_OP_BARRIER] = { loom_exec_nop, true },
	[LOOM_OP_MARK] = { loom_exec_mark, true },
	[LOOM_OP_END] = { loom_exec_nop, true },
	[LOOM_OP_STAT] = { loom_exec_stat, true },
	[LOOM_OP_LOAD] = { loom_exec_load, false },
	[LOOM_OP_FILL] = { loom_exec_fill, false },
	[LOOM_OP_GATHER] = { loom_exec_gather, false },
	[LOOM_OP_UNPACK] = { loom_exec_unpack, false },
	[LOOM_OP_STORE] = { loom_exec_store, false },
	[LOOM_OP_SCATTER] = { loom_exec_gather, false },
	[LOOM_OP_ACCINIT] = { loom_exec_accinit, false },
	[LOOM_OP_MM] = { loom_exec_mm, false },
	[LOOM_OP_CONV] = { loom_exec_conv, false },
	[LOOM_OP_REQUANT] = { loom_exec_requant, false },
	[LOOM_OP_EWISE] = { loom_exec_ewise, false },
	[LOOM_OP_LUT] = { loom_exec_lut, false },
	[LOOM_OP_POOL] = { loom_exec_pool, false },
	[LOOM_OP_REDUCE] = { loom_exec_reduce, false },
	[LOOM_OP_SOFTMAX] = { loom_exec_softmax, false },
	[LOOM_OP_LAYERNORM] = { loom_exec_layernorm, false },
	[LOOM_OP_DWCONV] = { loom_exec_dwconv, false },
	[LOOM_OP_PLUT] = { loom_exec_plut, false },
	[LOOM_OP_RESIZE] = { loom_exec_resize, false },
	[LOOM_OP_OPTIM] = { loom_exec_optim, false },
};

int loom_op_engine(unsigned int opcode)
{
	const struct loom_op_info *info = loom_op_find(opcode);

	return info ? info->engine : -1;
}

int loom_core_new(const struct loom_geometry *geo, struct loom_core **out)
{
	struct loom_core *core = calloc(1, sizeof(*core));

	if (!core)
		return -ENOMEM;
	core->geo = *geo;
	core->spm = aligned_alloc(4096, geo->spm_bytes);
	core->acc = aligned_alloc(4096, geo->acc_bytes);
	core->queue = calloc(LOOM_NUM_ENGINES, sizeof(*core->queue));
	core->bounce = malloc(LOOM_BOUNCE_BYTES);
	if (!core->spm || !core->acc || !core->queue || !core->bounce ||
	    loom_mxu_buffers_new(&core->mxu) || loom_vpu_buffers_new(&core->vpu) ||
	    loom_packed_new(core->spm, geo->spm_bytes, &core->packed)) {
		loom_core_free(core);
		return -ENOMEM;
	}
	core->spm_dirty = geo->spm_bytes;
	core->acc_dirty = geo->acc_bytes;
	loom_core_clear(core);
	*out = core;
	return 0;
}

void loom_core_set_id(struct loom_core *core, uint32_t id)
{
	core->id = id;
}

void loom_core_set_order(struct loom_core *core, uint64_t seed)
{
	core->order = seed;
}

void loom_core_free(struct loom_core *core)
{
	if (!core)
		return;
	loom_packed_free(core->packed);
	loom_vpu_buffers_free(core->vpu);
	loom_mxu_buffers_free(core->mxu);
	free(core->bounce);
	free(core->queue);
	free(core->acc);
	free(core->spm);
	free(core);
}

void loom_core_set_packed(struct loom_core *core, uint64_t bytes)
{
	loom_packed_limit(core->packed, bytes);
}

const struct loom_packed_counts *loom_core_packed(const struct loom_core *core)
{
	return loom_packed_counts(core->packed);
}

void loom_core_clear(struct loom_core *core)
{
	loom_packed_forget(core->packed, 0, UINT32_MAX);
	memset(core->spm, 0, core->spm_dirty);
	memset(core->acc, 0, core->acc_dirty);
	core->spm_dirty = 0;
	core->acc_dirty = 0;
	memset(core->sem, 0, sizeof(core->sem));
}

static bool vm_ok(uint64_t va, size_t len, struct loom_exec_fault *fault, uint8_t access)
{
	const uint64_t limit = 1ull << LOOM_VA_BITS;

	if (va < limit && len <= limit - va)
		return true;
	fault->status = LOOM_JOB_MMU_FAULT;
	fault->code = LOOM_MMU_FAULT_RANGE;
	fault->va = va < limit ? limit : va;
	fault->access = access;
	return false;
}

static bool vm_done(int code, uint64_t fault_va, struct loom_exec_fault *fault, uint8_t access)
{
	if (!code)
		return true;
	fault->status = LOOM_JOB_MMU_FAULT;
	fault->code = (uint32_t)code;
	fault->va = fault_va;
	fault->access = access;
	return false;
}

bool loom_vm_read(struct loom_core *core, uint64_t va, void *buf, size_t len,
		  struct loom_exec_fault *fault)
{
	uint64_t fault_va = va;
	int code;

	if (!vm_ok(va, len, fault, LOOM_ACCESS_READ))
		return false;
	code = core->vm->read(core->vm->opaque, va, buf, len, &fault_va);
	return vm_done(code, fault_va, fault, LOOM_ACCESS_READ);
}

bool loom_vm_write(struct loom_core *core, uint64_t va, const void *buf, size_t len,
		   struct loom_exec_fault *fault)
{
	uint64_t fault_va = va;
	int code;

	if (!vm_ok(va, len, fault, LOOM_ACCESS_WRITE))
		return false;
	code = core->vm->write(core->vm->opaque, va, buf, len, &fault_va);
	return vm_done(code, fault_va, fault, LOOM_ACCESS_WRITE);
}

/* Slot @slot, by way of the chunk, which never reaches into a page that the slot is not in. */
static const void *fetch_slot(struct loom_core *core, uint32_t slot, struct loom_exec_fault *fault)
{
	if (slot < core->chunk_first || slot - core->chunk_first >= core->chunk_slots) {
		uint64_t va = core->va + (uint64_t)slot * LOOM_SLOT_BYTES;
		uint32_t n = (4096 - (uint32_t)(va & 4095)) / LOOM_SLOT_BYTES;

		if (n > core->slots - slot)
			n = core->slots - slot;
		core->chunk_slots = 0;
		if (!loom_vm_read(core, va, core->chunk, (size_t)n * LOOM_SLOT_BYTES, fault))
			return NULL;
		core->chunk_first = slot;
		core->chunk_slots = n;
	}
	return core->chunk + (size_t)(slot - core->chunk_first) * LOOM_SLOT_BYTES;
}

enum fetch { FETCHED, FETCH_FAULT, FETCH_HELD, FETCH_OUT };

static bool barrier_waits(const struct loom_core *core)
{
	const struct loom_op_queue *q = &core->queue[LOOM_ENGINE_CTRL];

	/* Fetch stops at a barrier, so it can only be the youngest. */
	return q->count &&
	       ops[q->op[(q->head + q->count - 1) % LOOM_QUEUE_DEPTH].u.d.op].barrier;
}

/* Fetches and checks the next descriptor, and hands it to its engine. */
static enum fetch fetch(struct loom_core *core, struct loom_exec_fault *fault)
{
	const struct loom_op_info *info;
	struct loom_op_queue *q;
	struct loom_op *op;
	const void *slot;

	if (barrier_waits(core))
		return FETCH_HELD;
	if (core->next >= core->slots)
		return FETCH_OUT;
	slot = fetch_slot(core, core->next, fault);
	if (!slot)
		return FETCH_FAULT;
	info = loom_op_find(*(const uint8_t *)slot);
	if (!info || info->slots > core->slots - core->next) {
		fault->status = LOOM_JOB_ILLEGAL;
		fault->code = LOOM_ILL_OPCODE;
		return FETCH_FAULT;
	}
	q = &core->queue[info->engine];
	if (q->count == LOOM_QUEUE_DEPTH)
		return FETCH_HELD;
	op = &q->op[(q->head + q->count) % LOOM_QUEUE_DEPTH];
	memset(&op->u, 0, sizeof(op->u));
	memcpy(op->u.byte, slot, LOOM_SLOT_BYTES);
	if (info->slots == 2) {
		slot = fetch_slot(core, core->next + 1, fault);
		if (!slot)
			return FETCH_FAULT;
		memcpy(op->u.byte + LOOM_SLOT_BYTES, slot, LOOM_SLOT_BYTES);
	}
	op->slot = core->next;
	fault->code = loom_check(&core->geo, op, core->next + info->slots == core->slots);
	if (fault->code) {
		fault->status = LOOM_JOB_ILLEGAL;
		return FETCH_FAULT;
	}
	q->count++;
	core->next += info->slots;
	return FETCHED;
}

static bool waits_met(const struct loom_core *core, const struct loom_desc *d)
{
	for (int i = 0; i < 2; i++)
		if (d->wait_sem[i] != LOOM_SEM_NONE && core->sem[d->wait_sem[i]] < d->wait_value[i])
			return false;
	return true;
}

/* 0..@n-1 by chance (splitmix64). */
static uint32_t chance(struct loom_core *core, uint32_t n)
{
	uint64_t z = core->order += 0x9e3779b97f4a7c15ull;

	core->order += !core->order;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)(z >> 33) % n;
}

/* The engine whose oldest descriptor is ready and comes first in the stream, or wins by chance; or -1. */
static int pick(struct loom_core *core)
{
	uint32_t first = UINT32_MAX, ready = 0;
	int others = 0, best = -1;

	for (int e = LOOM_NUM_ENGINES - 1; e >= 0; e--) {
		const struct loom_op_queue *q = &core->queue[e];
		const struct loom_op *op = &q->op[q->head];

		if (!q->count)
			continue;
		if (waits_met(core, &op->u.d) && !(ops[op->u.d.op].barrier && others)) {
			ready++;
			if (core->order ? !chance(core, ready) : op->slot < first) {
				first = op->slot;
				best = e;
			}
		}
		others++;
	}
	return best;
}

static void account(struct loom_core *core, const struct loom_op *op)
{
	uint64_t horizon = core->time.horizon, macs = loom_op_macs(op), in = 0, out = 0;
	int engine = loom_op_find(op->u.d.op)->engine;
	struct loom_cost cost;

	loom_op_cost(&core->geo, op, &cost);
	if (engine == LOOM_ENGINE_DMA_IN)
		in = cost.bytes;
	else
		out = cost.bytes;
	core->descs++;
	core->macs += macs;
	core->bytes_in += in;
	core->bytes_out += out;
	if (core->geo.timing)
		loom_timeline_run(&core->time, &core->geo, op, &cost);
	loom_count(&core->counters, &core->time, engine, core->time.horizon - horizon, macs, in, out);
	if (core->trace.emit)
		loom_trace_note(core, op, engine);
}

static void execute(struct loom_core *core, int engine, struct loom_exec_fault *fault)
{
	struct loom_op_queue *q = &core->queue[engine];
	struct loom_op *op = &q->op[q->head];

	if (op->spm_end > core->spm_dirty)
		core->spm_dirty = op->spm_end;
	if (op->acc_end > core->acc_dirty)
		core->acc_dirty = op->acc_end;
	loom_packed_forget(core->packed, op->spm_begin, op->spm_end);
	ops[op->u.d.op].run(core, op, fault);
	if (fault->status)
		return;
	account(core, op);
	if (op->u.d.op != LOOM_OP_MARK) {
		for (int i = 0; i < 2; i++)
			if (op->u.d.signal_sem[i] != LOOM_SEM_NONE)
				core->sem[op->u.d.signal_sem[i]]++;
	} else {
		loom_timeline_mark(&core->time);
	}
	q->head = (q->head + 1) % LOOM_QUEUE_DEPTH;
	q->count--;
}

static enum loom_exec_outcome leave(struct loom_core *core, enum loom_exec_outcome outcome,
				    struct loom_exec_result *res)
{
	res->cycles = core->time.horizon;
	res->macs = core->macs;
	res->slot = core->next;
	loom_trace_flush(core);
	core->vm = NULL;
	core->requests = NULL;
	if (outcome == LOOM_EXEC_ENDED)
		loom_count_job(&core->counters);
	if (outcome == LOOM_EXEC_ENDED || outcome == LOOM_EXEC_YIELDED)
		loom_core_abandon(core);
	return outcome;
}

static enum loom_exec_outcome fail(struct loom_core *core, const struct loom_exec_fault *fault,
				   uint32_t slot, uint8_t engine, struct loom_exec_result *res)
{
	res->status = fault->status;
	res->fault_code = fault->code;
	res->fault_va = fault->va;
	res->fault_access = fault->access;
	res->fault_slot = slot;
	res->fault_engine = engine;
	return leave(core, LOOM_EXEC_ENDED, res);
}

/* Nothing is ready and nothing can be fetched. */
static enum loom_exec_outcome stuck(struct loom_core *core, enum fetch why, struct loom_exec_result *res)
{
	struct loom_exec_fault fault = { .status = LOOM_JOB_NO_END };
	bool idle = true;

	for (int e = 0; e < LOOM_NUM_ENGINES; e++)
		idle = idle && !core->queue[e].count;
	if (why == FETCH_OUT && idle)
		return fail(core, &fault, core->slots, LOOM_ENGINE_CTRL, res);
	return leave(core, LOOM_EXEC_DEADLOCK, res);
}

static uint8_t engine_of(struct loom_core *core)
{
	struct loom_exec_fault ignored = { 0 };
	const uint8_t *slot = fetch_slot(core, core->next, &ignored);
	const struct loom_op_info *info = slot ? loom_op_find(*slot) : NULL;

	return info ? info->engine : LOOM_ENGINE_CTRL;
}

static enum loom_exec_outcome run(struct loom_core *core, struct loom_exec_result *res)
{
	struct loom_exec_fault fault = { 0 };

	for (;;) {
		uint32_t req = core->requests ? atomic_load(core->requests) : 0;
		enum fetch got = FETCH_HELD;
		uint32_t slot;
		uint8_t op;
		int e;

		if (req & LOOM_EXEC_STOP) {
			fault.status = LOOM_JOB_STOPPED;
			return fail(core, &fault, core->next, LOOM_ENGINE_CTRL, res);
		}
		if (req & LOOM_EXEC_PAUSE)
			return leave(core, LOOM_EXEC_PAUSED, res);
		e = core->order && chance(core, 4) ? -1 : pick(core);
		if (e < 0) {
			got = fetch(core, &fault);
			if (got == FETCHED)
				continue;
			if (core->order && got != FETCH_FAULT)
				e = pick(core);
		}
		if (e < 0) {
			if (got == FETCH_FAULT)
				return fail(core, &fault, core->next,
					    fault.status == LOOM_JOB_ILLEGAL ? engine_of(core) :
					    LOOM_ENGINE_CTRL, res);
			return stuck(core, got, res);
		}
		op = core->queue[e].op[core->queue[e].head].u.d.op;
		slot = core->queue[e].op[core->queue[e].head].slot;
		execute(core, e, &fault);
		if (fault.status)
			return fail(core, &fault, slot, (uint8_t)e, res);
		if (op == LOOM_OP_END)
			return leave(core, LOOM_EXEC_ENDED, res);
		if (op == LOOM_OP_MARK && (req & LOOM_EXEC_YIELD))
			return leave(core, LOOM_EXEC_YIELDED, res);
	}
}

enum loom_exec_outcome loom_core_continue(struct loom_core *core, const struct loom_vm *vm,
					  const _Atomic uint32_t *requests,
					  struct loom_exec_result *res)
{
	enum loom_exec_outcome outcome;
	fp_state fp;

	memset(res, 0, sizeof(*res));
	core->vm = vm;
	core->requests = requests;
	fp = fp_enter();
	outcome = run(core, res);
	fp_leave(fp);
	return outcome;
}

enum loom_exec_outcome loom_core_run(struct loom_core *core, const struct loom_vm *vm, uint64_t va,
				     uint32_t slots, uint32_t first_slot, const _Atomic uint32_t *requests,
				     struct loom_exec_result *res)
{
	loom_core_abandon(core);
	core->active = true;
	core->va = va;
	core->slots = slots;
	core->next = first_slot < slots ? first_slot : slots;
	core->macs = 0;
	core->bytes_in = 0;
	core->bytes_out = 0;
	core->descs = 0;
	loom_timeline_reset(&core->time);
	return loom_core_continue(core, vm, requests, res);
}

void loom_core_abandon(struct loom_core *core)
{
	core->active = false;
	core->chunk_slots = 0;
	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		core->queue[e].head = 0;
		core->queue[e].count = 0;
	}
	loom_core_clear(core);
}
