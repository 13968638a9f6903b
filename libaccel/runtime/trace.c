// SPDX-License-Identifier: MIT
/* What happened in runs of a session: its steps by the clock, and what each engine did by the device's cycles. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "session.h"
#include "uapi/loom/isa_table.h"
#include "uapi/loom/regs.h"

/**
 * struct accel_trace
 * @each: the user's
 * @begun: by accel_step_kind: when the present step of that kind began, ns since the run did
 * @cycles: device cycles of the streams of this run that have ended
 * @records: of the stream under way, written by the core's thread until it has been waited for
 * @failed: some could not be kept
 */
struct accel_trace {
	void (*each)(void *ctx, const struct accel_trace_event *event);
	void *ctx;
	uint64_t begun[ACCEL_STEP_CPU + 1];
	uint64_t cycles;
	struct loom_trace_record *records;
	size_t num, cap;
	bool failed;
};

static void take_records(void *opaque, const struct loom_trace_record *rec, size_t n)
{
	struct accel_trace *t = opaque;

	if (t->num + n > t->cap) {
		size_t cap = (t->num + n) * 2;
		struct loom_trace_record *p = reallocarray(t->records, cap, sizeof(*p));

		if (!p) {
			t->failed = true;
			return;
		}
		t->records = p;
		t->cap = cap;
	}
	memcpy(t->records + t->num, rec, n * sizeof(*rec));
	t->num += n;
}

static const char *node_name(const struct accel_session *s, uint32_t node)
{
	return node < (uint32_t)s->prog->graph->num_nodes ? s->prog->graph->nodes[node].name : "";
}

static void report_descriptors(struct accel_session *s, uint32_t step)
{
	static const char *const engines[LOOM_NUM_ENGINES] = { "ctrl", "dmain", "dmaout", "mxu", "vpu" };
	struct accel_trace *t = s->trace;

	for (size_t i = 0; i < t->num; i++) {
		const struct loom_trace_record *r = &t->records[i];
		struct accel_trace_event e = {
			.kind = ACCEL_TRACE_DESCRIPTOR, .step = (int)step, .name = node_name(s, r->node), .op = loom_op_find(r->op)->name,
			.engine = engines[r->engine], .core = r->core, .slot = r->slot, .begin = t->cycles + r->start,
			.end = t->cycles + r->end,
		};

		for (int k = 0; k < ACCEL_TRACE_STALLS; k++)
			e.stall[k] = r->stall[k];
		t->each(t->ctx, &e);
	}
	t->num = 0;
}

static void report_step(struct accel_session *s, uint32_t step)
{
	const struct accel_step *st = &s->prog->steps[step];
	struct accel_trace *t = s->trace;
	bool npu = st->kind == ACCEL_STEP_NPU;
	struct accel_trace_event e = {
		.kind = npu ? ACCEL_TRACE_STREAM : ACCEL_TRACE_CPU_NODE, .step = (int)step,
		.name = npu ? "" : s->prog->graph->nodes[st->index].name,
		.op = npu ? "stream" : accel_op_name(s->prog->graph->nodes[st->index].op), .engine = npu ? "npu" : "cpu",
		.slot = st->index, .begin = t->begun[st->kind], .end = accel_now_ns() - s->start_ns,
	};

	t->each(t->ctx, &e);
}

/* The session's own view of its steps. */
static void on_event(void *ctx, enum accel_event event, uint32_t step)
{
	struct accel_session *s = ctx;
	struct accel_trace *t = s->trace;
	uint32_t kind = s->prog->steps[step].kind;

	if (event == ACCEL_EVENT_BEGIN) {
		t->begun[kind] = accel_now_ns() - s->start_ns;
		/* The steps of a run before the first stream have been, if any: none of its cycles. */
		if (kind == ACCEL_STEP_NPU && s->prog->steps[step].index == 0)
			t->cycles = 0;
		return;
	}
	report_step(s, step);
	if (kind != ACCEL_STEP_NPU)
		return;
	report_descriptors(s, step);
	t->cycles += accel_stream_cycles(s, s->prog->steps[step].index);
}

int accel_session_trace(struct accel_session *s, void (*each)(void *ctx, const struct accel_trace_event *event), void *ctx,
			int *descriptors)
{
	bool can = s->ctx && s->dev->ops->trace;

	if (s->running)
		return accel_error(EBUSY, "trace: the session's last run has not been waited for");
	if (!each || !s->prog->target.array_dim)
		return accel_error(EINVAL, each ? "trace: the program is for the CPU, which has no steps to show" :
				   "trace: there is no function to be called");
	accel_trace_free(s);
	s->trace = calloc(1, sizeof(*s->trace));
	if (!s->trace)
		return accel_enomem("a trace");
	s->trace->each = each;
	s->trace->ctx = ctx;
	s->seen = on_event;
	s->seen_ctx = s;
	if (can)
		s->dev->ops->trace(s->ctx, take_records, s->trace);
	if (descriptors)
		*descriptors = can;
	return 0;
}

void accel_trace_free(struct accel_session *s)
{
	if (!s->trace)
		return;
	if (s->ctx && s->dev->ops->trace)
		s->dev->ops->trace(s->ctx, NULL, NULL);
	free(s->trace->records);
	free(s->trace);
	s->trace = NULL;
	s->seen = NULL;
}
