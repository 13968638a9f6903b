/* SPDX-License-Identifier: MIT */
/* What the core executed, and when, for whoever asked to be told. */
#include "exec_priv.h"

void loom_core_set_trace(struct loom_core *core,
			 void (*emit)(void *opaque, const struct loom_trace_record *rec, size_t n), void *opaque)
{
	core->trace.emit = emit;
	core->trace.opaque = opaque;
	core->trace.count = 0;
}

void loom_trace_flush(struct loom_core *core)
{
	struct loom_trace_buffer *t = &core->trace;

	if (t->count)
		t->emit(t->opaque, t->rec, t->count);
	t->count = 0;
}

void loom_trace_note(struct loom_core *core, const struct loom_op *op, int engine)
{
	struct loom_trace_buffer *t = &core->trace;
	const struct loom_span *span = &core->time.span;
	/* The counter and the timeline advance together: their distance is where the job began. */
	uint64_t begin = atomic_load_explicit(&core->counters.cycles, memory_order_relaxed) - core->time.horizon;
	struct loom_trace_record *rec = &t->rec[t->count++];

	*rec = (struct loom_trace_record) {
		.start = begin + span->start,
		.end = begin + span->end,
		.slot = op->slot,
		.node = op->u.d.node,
		.op = op->u.d.op,
		.engine = (uint8_t)engine,
		.core = (uint8_t)core->id,
	};
	for (int i = 0; i < LOOM_NUM_STALLS; i++)
		rec->stall[i] = span->stall[i] < UINT32_MAX ? (uint32_t)span->stall[i] : UINT32_MAX;
	if (t->count == LOOM_TRACE_BATCH)
		loom_trace_flush(core);
}
