// SPDX-License-Identifier: MIT
#include "emit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/loom/isa_table.h"
#include "uapi/loom/regs.h"

#define DMA_MAX_COUNT (1 << 24)

void accel_emit_begin(struct accel_emit *e, struct accel_stream *stream, uint32_t spm_bytes, uint32_t acc_bytes)
{
	memset(e, 0, sizeof(*e));
	e->stream = stream;
	e->spm_bytes = spm_bytes;
	e->acc_bytes = acc_bytes;
	e->spm = (struct accel_ring){ 0, spm_bytes, 0 };
	e->acc = (struct accel_ring){ 0, acc_bytes, 0 };
}

static void *append(struct accel_emit *e, const void *desc, uint32_t slots)
{
	struct accel_stream *s = e->stream;

	if (s->slots + slots > LOOM_STREAM_SLOTS_MAX) {
		e->err = -E2BIG;
		return NULL;
	}
	if (s->slots + slots > s->cap_slots) {
		uint32_t cap = s->cap_slots ? s->cap_slots * 2 : 64;
		uint8_t *p = reallocarray(s->data, cap, LOOM_SLOT_BYTES);

		if (!p) {
			e->err = -ENOMEM;
			return NULL;
		}
		s->data = p;
		s->cap_slots = cap;
	}
	s->slots += slots;
	return memcpy(s->data + (size_t)(s->slots - slots) * LOOM_SLOT_BYTES, desc,
		      (size_t)slots * LOOM_SLOT_BYTES);
}

static void add_reloc(struct accel_emit *e, uint32_t offset, enum accel_region region)
{
	struct accel_stream *s = e->stream;

	if (s->num_relocs == s->cap_relocs) {
		uint32_t cap = s->cap_relocs ? s->cap_relocs * 2 : 64;
		struct accel_reloc *p = reallocarray(s->relocs, cap, sizeof(*p));

		if (!p) {
			e->err = -ENOMEM;
			return;
		}
		s->relocs = p;
		s->cap_relocs = cap;
	}
	s->relocs[s->num_relocs++] = (struct accel_reloc){ offset, region };
}

static void head(struct accel_emit *e, struct loom_desc *d, const struct accel_waits *w, int first, int num)
{
	memset(d->wait_sem, LOOM_SEM_NONE, sizeof(d->wait_sem));
	memset(d->signal_sem, LOOM_SEM_NONE, sizeof(d->signal_sem));
	d->node = e->node;
	for (int i = 0; i < num; i++) {
		d->wait_sem[i] = w->engine[first + i];
		d->wait_value[i] = w->value[first + i];
	}
}

/*
 * A descriptor has two waits. A third goes through the control engine: a NOP waits for two others, and the
 * descriptor for the NOP.
 */
static void fold_waits(struct accel_emit *e, struct accel_waits *w)
{
	struct loom_nop nop = { .d.op = LOOM_OP_NOP };
	struct accel_waits none;

	while (!e->err && w->num > 2) {
		head(e, &nop.d, w, w->num - 2, 2);
		nop.d.signal_sem[0] = LOOM_ENGINE_CTRL;
		e->err = accel_track(&e->track, LOOM_ENGINE_CTRL, NULL, 0, &none);
		append(e, &nop, 1);
		w->num -= 2;
		w->engine[w->num] = LOOM_ENGINE_CTRL;
		w->value[w->num++] = e->track.count[LOOM_ENGINE_CTRL];
	}
}

static void put(struct accel_emit *e, void *desc, enum accel_region region)
{
	struct loom_desc *d = desc;
	const struct loom_op_info *op = loom_op_find(d->op);
	struct accel_access acc[ACCEL_MAX_ACCESS];
	struct accel_waits waits;
	int num;

	if (e->err)
		return;
	num = accel_access_of(desc, (uint64_t)region << 48, acc);
	e->err = accel_track(&e->track, op->engine, acc, num, &waits);
	fold_waits(e, &waits);
	if (e->err)
		return;
	head(e, d, &waits, 0, waits.num);
	d->signal_sem[0] = op->engine;
	append(e, desc, op->slots);
}

void accel_emit(struct accel_emit *e, void *desc)
{
	put(e, desc, 0);
}

void accel_emit_mark(struct accel_emit *e)
{
	struct loom_nop mark = { .d.op = LOOM_OP_MARK };
	const struct accel_waits none = { .num = 0 };

	if (e->err)
		return;
	head(e, &mark.d, &none, 0, 0);
	append(e, &mark, 1);
	accel_track_barrier(&e->track, 1);
}

int accel_emit_end(struct accel_emit *e, uint64_t stat_off)
{
	struct loom_stat_desc stat = { .d.op = LOOM_OP_STAT, .va = stat_off };
	struct loom_nop end = { .d.op = LOOM_OP_END };
	const struct accel_waits none = { .num = 0 };
	uint32_t at = e->stream->slots * LOOM_SLOT_BYTES;

	if (!e->err) {
		head(e, &stat.d, &none, 0, 0);
		head(e, &end.d, &none, 0, 0);
		append(e, &stat, 1);
	}
	if (!e->err)
		add_reloc(e, at + offsetof(struct loom_stat_desc, va), ACCEL_REGION_IO);
	if (!e->err)
		append(e, &end, 1);
	accel_track_free(&e->track);
	return e->err;
}

void accel_emit_abandon(struct accel_emit *e)
{
	accel_track_free(&e->track);
}

void accel_pin_reserve(struct accel_emit *e, uint32_t bytes, int sets)
{
	e->pin_lo = e->pin_hi = 0;
	if (sets == 2)
		e->pin_lo = e->pin_hi = accel_spm_round(bytes);
	else if (e->pin_side)
		e->pin_lo = accel_spm_round(bytes);
	else
		e->pin_hi = accel_spm_round(bytes);
	if ((uint64_t)e->pin_lo + e->pin_hi + e->keep_lo + e->keep_hi > e->spm_bytes) {
		e->err = e->err ? e->err : -ENOSPC;
		e->pin_lo = e->pin_hi = 0;
	}
	e->spm.lo = e->keep_lo + e->pin_lo;
	e->spm.hi = e->spm_bytes - e->keep_hi - e->pin_hi;
}

uint32_t accel_pin_next(struct accel_emit *e)
{
	if (e->pin_lo && e->pin_hi)
		e->pin_side = !e->pin_side;
	else
		e->pin_side = !e->pin_lo;
	return e->pin_side ? (e->spm_bytes - e->keep_hi - e->pin_hi) / ACCEL_SPM_ALIGN * ACCEL_SPM_ALIGN : e->keep_lo;
}

static uint32_t ring_alloc(struct accel_emit *e, struct accel_ring *r, uint64_t bytes)
{
	uint64_t lo = r->head < r->lo ? r->lo : r->head;

	bytes = accel_spm_round(bytes);
	if (lo + bytes > r->hi)
		lo = r->lo;
	if (lo + bytes > r->hi) {
		e->err = e->err ? e->err : -ENOSPC;
		return 0;
	}
	r->head = (uint32_t)(lo + bytes);
	return (uint32_t)lo;
}

uint32_t accel_spm_alloc(struct accel_emit *e, uint64_t bytes)
{
	return ring_alloc(e, &e->spm, bytes);
}

uint32_t accel_acc_alloc(struct accel_emit *e, uint64_t bytes)
{
	return ring_alloc(e, &e->acc, bytes);
}

/* Fewer, longer dimensions where both sides are regular. */
static void merge_dims(struct accel_copy *c)
{
	int k = 0;

	for (int i = 0; i < LOOM_DIMS; i++) {
		if (c->n[i] == 1)
			continue;
		if (k && c->va[i] == c->va[k - 1] * c->n[k - 1] && c->sp[i] == c->sp[k - 1] * c->n[k - 1]) {
			c->n[k - 1] *= c->n[i];
			continue;
		}
		c->n[k] = c->n[i];
		c->va[k] = c->va[i];
		c->sp[k++] = c->sp[i];
	}
	for (; k < LOOM_DIMS; k++) {
		c->n[k] = 1;
		c->va[k] = c->sp[k] = 0;
	}
}

/* Wider elements where runs, addresses and strides are multiples of them. */
static void widen(struct accel_copy *c)
{
	while (c->elem < 16 && c->va[0] == c->elem && c->sp[0] == c->elem) {
		int64_t w = 2 * (int64_t)c->elem;

		if (c->n[0] % 2 || c->addr.off % w || c->spm % w)
			return;
		for (int i = 1; i < LOOM_DIMS; i++)
			if (c->va[i] % w || c->sp[i] % w)
				return;
		c->elem *= 2;
		c->n[0] /= 2;
		c->va[0] = c->sp[0] = w;
		if (c->n[0] == 1)
			return;
	}
}

static void put_copy(struct accel_emit *e, const struct accel_copy *c, enum loom_opcode op)
{
	struct loom_dma d = { .d.op = (uint8_t)op, .va = c->addr.off, .spm = c->spm, .elem = (uint8_t)c->elem };
	uint32_t at;

	for (int i = 0; i < LOOM_DIMS; i++) {
		d.n[i] = (uint32_t)c->n[i];
		d.va_stride[i] = c->va[i];
		d.spm_stride[i] = (int32_t)c->sp[i];
	}
	put(e, &d, c->addr.region);
	if (e->err)
		return;
	at = (e->stream->slots - 2) * LOOM_SLOT_BYTES;
	add_reloc(e, at + offsetof(struct loom_dma, va), c->addr.region);
}

static void emit_copy(struct accel_emit *e, const struct accel_copy *copy, enum loom_opcode op)
{
	struct accel_copy c = *copy;

	merge_dims(&c);
	widen(&c);
	for (int i = 0; i < LOOM_DIMS; i++) {
		struct accel_copy part = c;

		if (c.n[i] <= DMA_MAX_COUNT)
			continue;
		part.n[i] = DMA_MAX_COUNT;
		emit_copy(e, &part, op);
		part.n[i] = c.n[i] - DMA_MAX_COUNT;
		part.addr.off += (uint64_t)(c.va[i] * DMA_MAX_COUNT);
		part.spm += (uint32_t)(c.sp[i] * DMA_MAX_COUNT);
		emit_copy(e, &part, op);
		return;
	}
	put_copy(e, &c, op);
}

void accel_emit_load(struct accel_emit *e, const struct accel_copy *c)
{
	emit_copy(e, c, LOOM_OP_LOAD);
}

void accel_emit_store(struct accel_emit *e, const struct accel_copy *c)
{
	emit_copy(e, c, LOOM_OP_STORE);
}

static struct accel_copy flat(struct accel_addr addr, uint32_t spm, uint64_t bytes)
{
	return (struct accel_copy){ .addr = addr, .spm = spm, .elem = 1, .n = { (int64_t)bytes, 1, 1, 1, 1 },
				    .va = { 1 }, .sp = { 1 } };
}

void accel_emit_load_flat(struct accel_emit *e, struct accel_addr addr, uint32_t spm, uint64_t bytes)
{
	struct accel_copy c = flat(addr, spm, bytes);

	emit_copy(e, &c, LOOM_OP_LOAD);
}

void accel_emit_store_flat(struct accel_emit *e, struct accel_addr addr, uint32_t spm, uint64_t bytes)
{
	struct accel_copy c = flat(addr, spm, bytes);

	emit_copy(e, &c, LOOM_OP_STORE);
}
