// SPDX-License-Identifier: MIT
/* Trace rings: records of what a core executed, into the host's memory. */
#include <string.h>

#include "npu.h"

#define RECORD	((uint64_t)sizeof(struct loom_trace_record))

static uint64_t ring_size(const struct loom_trace *t)
{
	return 1ull << t->log2;
}

static enum loom_trace_error check(const struct loom_trace *t)
{
	if (t->log2 < LOOM_TRACE_LOG2_MIN || t->log2 > LOOM_TRACE_LOG2_MAX)
		return LOOM_TRACE_ERR_SIZE;
	if (t->base % RECORD || t->base + ring_size(t) * RECORD < t->base)
		return LOOM_TRACE_ERR_ADDRESS;
	return LOOM_TRACE_ERR_NONE;
}

bool loom_trace_ok(const struct loom_trace *t)
{
	return !(t->ctrl & ~(LOOM_TRACE_CTRL_ENABLE | LOOM_TRACE_CTRL_OVERWRITE)) && t->tail <= t->head &&
	       !(t->ctrl & LOOM_TRACE_CTRL_ENABLE && check(t));
}

static void write_ctrl(struct loom_trace *t, uint32_t v)
{
	bool on = v & LOOM_TRACE_CTRL_ENABLE;

	if (on && t->ctrl & LOOM_TRACE_CTRL_ENABLE)
		return;
	t->ctrl = v & (LOOM_TRACE_CTRL_ENABLE | LOOM_TRACE_CTRL_OVERWRITE);
	t->generation++;
	if (!on)
		return;
	t->head = 0;
	t->tail = 0;
	t->dropped = 0;
	t->error = check(t);
	if (t->error)
		t->ctrl &= ~LOOM_TRACE_CTRL_ENABLE;
}

void loom_trace_write(struct loom_trace *t, uint32_t reg, uint64_t v)
{
	bool enabled = t->ctrl & LOOM_TRACE_CTRL_ENABLE;

	switch (reg) {
	case LOOM_TRACE_BASE_64:
		t->base = enabled ? t->base : v;
		break;
	case LOOM_TRACE_LOG2:
		t->log2 = enabled ? t->log2 : (uint32_t)v;
		break;
	case LOOM_TRACE_CTRL:
		write_ctrl(t, (uint32_t)v);
		break;
	case LOOM_TRACE_TAIL_64:
		if (v - t->tail <= t->head - t->tail)
			t->tail = v;
		break;
	}
}

void loom_trace_reset(struct loom_trace *t)
{
	*t = (struct loom_trace) { .generation = t->generation + 1 };
}

/* How many of @n new records have room; the others are dropped. */
static size_t take_room(struct loom_trace *t, size_t n)
{
	uint64_t used = t->head - t->tail, room;

	/* A batch is never larger than a ring. */
	if (t->ctrl & LOOM_TRACE_CTRL_OVERWRITE)
		return n;
	room = used < ring_size(t) ? ring_size(t) - used : 0;
	if (n > room) {
		t->dropped += n - room;
		n = (size_t)room;
	}
	return n;
}

/* Records @first on, of which the ring's end may cut off some; false where they cannot be written. */
static bool write_records(struct loom_tlb *tlb, const struct loom_trace *t, uint64_t first,
			  struct loom_trace_record *rec, size_t n)
{
	uint64_t at = first % ring_size(t);
	size_t one = n < ring_size(t) - at ? n : (size_t)(ring_size(t) - at);

	if (loom_tlb_bus_access(tlb, t->base + at * RECORD, rec, one * RECORD, LOOM_ACCESS_WRITE))
		return false;
	return one == n || !loom_tlb_bus_access(tlb, t->base, rec + one, (n - one) * RECORD, LOOM_ACCESS_WRITE);
}

/* By the core's task, no lock. Nothing of it counts if the ring was disabled or the device reset meanwhile. */
static void emit(void *opaque, const struct loom_trace_record *from, size_t n)
{
	struct loom_ccu *core = opaque;
	struct loom_dev *dev = core->dev;
	struct loom_trace *t = &core->trace, copy;
	struct loom_trace_record rec[LOOM_TRACE_BATCH];
	bool ok;

	pthread_mutex_lock(&dev->lock);
	if (!(t->ctrl & LOOM_TRACE_CTRL_ENABLE) || core->epoch != dev->epoch) {
		pthread_mutex_unlock(&dev->lock);
		return;
	}
	n = take_room(t, n);
	t->writing = n;
	copy = *t;
	pthread_mutex_unlock(&dev->lock);
	if (!n)
		return;
	memcpy(rec, from, n * RECORD);
	for (size_t i = 0; i < n; i++) {
		rec[i].seq = copy.head + i + 1;
		rec[i].job = core->traced.seqno;
		rec[i].queue = (uint16_t)core->traced.queue;
	}
	ok = write_records(core->tlb, &copy, copy.head, rec, n);
	pthread_mutex_lock(&dev->lock);
	t->writing = false;
	if (t->generation == copy.generation && ok) {
		t->head += n;
	} else if (t->generation == copy.generation) {
		t->dropped += n;
		t->error = LOOM_TRACE_ERR_DMA;
		t->ctrl &= ~LOOM_TRACE_CTRL_ENABLE;
	}
	pthread_mutex_unlock(&dev->lock);
}

void loom_trace_start(struct loom_ccu *core, bool on, uint32_t queue, uint64_t seqno, uint32_t slot)
{
	struct loom_dev *dev = core->dev;
	struct loom_trace_record run = {
		.op = LOOM_TRACE_RUN, .engine = LOOM_ENGINE_CTRL, .core = (uint8_t)core->id, .slot = slot,
	};

	core->traced.seqno = seqno;
	core->traced.queue = queue;
	loom_core_set_trace(core->exec, on ? emit : NULL, core);
	if (!on || slot == UINT32_MAX)
		return;
	run.start = atomic_load(&loom_core_counters(core->exec)->cycles);
	run.end = loom_dev_now(dev) - atomic_load(&dev->t0_ns);
	emit(core, &run, 1);
}
