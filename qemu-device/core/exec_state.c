/* SPDX-License-Identifier: MIT */
/* The state of a core that is not running, as bytes of one host for another of the same build. */
#include "exec_priv.h"

#include <errno.h>
#include <string.h>

#define STATE_MAGIC	0x334f434cu	/* "LCO3" */

/* All but the memories, which follow, and what is made anew at the next run. */
struct state_head {
	uint32_t magic, bytes;
	uint32_t spm_bytes, acc_bytes, array_dim, active;
	uint64_t va;
	uint32_t slots, next;
	uint32_t spm_dirty, acc_dirty;
	uint32_t sem[LOOM_NUM_SEMS];
	uint64_t macs, bytes_in, bytes_out, descs;
	struct loom_timeline time;
	struct loom_exec_counters counters;
	uint32_t head[LOOM_NUM_ENGINES], count[LOOM_NUM_ENGINES];
};

static size_t queue_bytes(void)
{
	return LOOM_NUM_ENGINES * LOOM_QUEUE_DEPTH * sizeof(struct loom_op);
}

size_t loom_core_state_bytes(const struct loom_core *core)
{
	return sizeof(struct state_head) + queue_bytes() + core->geo.spm_bytes + core->geo.acc_bytes;
}

void loom_core_save(const struct loom_core *core, void *buf)
{
	struct state_head h;
	uint8_t *at = buf;

	memset(&h, 0, sizeof(h));
	h.magic = STATE_MAGIC;
	h.bytes = (uint32_t)loom_core_state_bytes(core);
	h.spm_bytes = core->geo.spm_bytes;
	h.acc_bytes = core->geo.acc_bytes;
	h.array_dim = core->geo.array_dim;
	h.active = core->active;
	h.va = core->va;
	h.slots = core->slots;
	h.next = core->next;
	h.spm_dirty = core->spm_dirty;
	h.acc_dirty = core->acc_dirty;
	memcpy(h.sem, core->sem, sizeof(h.sem));
	h.macs = core->macs;
	h.bytes_in = core->bytes_in;
	h.bytes_out = core->bytes_out;
	h.descs = core->descs;
	h.time = core->time;
	memcpy(&h.counters, &core->counters, sizeof(h.counters));
	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		h.head[e] = core->queue[e].head;
		h.count[e] = core->queue[e].count;
	}
	memcpy(at, &h, sizeof(h));
	at += sizeof(h);
	for (int e = 0; e < LOOM_NUM_ENGINES; e++, at += sizeof(core->queue[0].op))
		memcpy(at, core->queue[e].op, sizeof(core->queue[0].op));
	memcpy(at, core->spm, core->geo.spm_bytes);
	memcpy(at + core->geo.spm_bytes, core->acc, core->geo.acc_bytes);
}

static bool head_ok(const struct loom_core *core, const struct state_head *h, size_t len)
{
	bool ok = h->magic == STATE_MAGIC && h->bytes == len && len == loom_core_state_bytes(core) &&
		  h->spm_bytes == core->geo.spm_bytes && h->acc_bytes == core->geo.acc_bytes &&
		  h->array_dim == core->geo.array_dim && h->active <= 1 && h->next <= h->slots &&
		  h->spm_dirty <= h->spm_bytes && h->acc_dirty <= h->acc_bytes &&
		  h->time.bus_count <= LOOM_BUS_GAPS;

	for (int e = 0; e < LOOM_NUM_ENGINES; e++)
		ok = ok && h->head[e] < LOOM_QUEUE_DEPTH && h->count[e] <= LOOM_QUEUE_DEPTH;
	return ok;
}

/* What waits in the queues comes from outside: it must pass the checks of fetch again. */
static bool queues_ok(struct loom_core *core)
{
	for (int e = 0; e < LOOM_NUM_ENGINES; e++)
		for (uint32_t i = 0; i < core->queue[e].count; i++) {
			struct loom_op *op = &core->queue[e].op[(core->queue[e].head + i) % LOOM_QUEUE_DEPTH];

			if (op->slot >= core->slots || loom_op_engine(op->u.d.op) != e ||
			    loom_check(&core->geo, op, op->u.d.op == LOOM_OP_END))
				return false;
		}
	return true;
}

int loom_core_load(struct loom_core *core, const void *buf, size_t len)
{
	const uint8_t *at = buf;
	struct state_head h;

	if (len < sizeof(h))
		return -EINVAL;
	memcpy(&h, at, sizeof(h));
	if (!head_ok(core, &h, len))
		return -EINVAL;
	loom_packed_forget(core->packed, 0, UINT32_MAX);
	at += sizeof(h);
	for (int e = 0; e < LOOM_NUM_ENGINES; e++, at += sizeof(core->queue[0].op)) {
		memcpy(core->queue[e].op, at, sizeof(core->queue[0].op));
		core->queue[e].head = h.head[e];
		core->queue[e].count = h.count[e];
	}
	core->slots = h.slots;
	core->chunk_slots = 0;
	core->spm_dirty = core->geo.spm_bytes;
	core->acc_dirty = core->geo.acc_bytes;
	if (!queues_ok(core)) {
		loom_core_abandon(core);
		return -EINVAL;
	}
	memcpy(core->spm, at, core->geo.spm_bytes);
	memcpy(core->acc, at + core->geo.spm_bytes, core->geo.acc_bytes);
	core->active = h.active;
	core->va = h.va;
	core->next = h.next;
	core->spm_dirty = h.spm_dirty;
	core->acc_dirty = h.acc_dirty;
	memcpy(core->sem, h.sem, sizeof(h.sem));
	core->macs = h.macs;
	core->bytes_in = h.bytes_in;
	core->bytes_out = h.bytes_out;
	core->descs = h.descs;
	core->time = h.time;
	memcpy(&core->counters, &h.counters, sizeof(h.counters));
	return 0;
}
