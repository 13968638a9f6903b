// SPDX-License-Identifier: MIT
#include "checker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uapi/loom/isa_table.h"

#define SEMS	64
#define DRAM	2	/* index of the first DRAM memory: one for each region */
#define MEMS	(DRAM + ACCEL_NUM_REGIONS)

/* Descriptors that have ended, by engine. */
struct clock {
	uint32_t t[LOOM_NUM_ENGINES];
};

/* Last accesses to a byte: index of the writer (0: none since the beginning) and of each engine's last reader. */
struct shadow {
	uint32_t writer;
	uint8_t writer_engine;
	uint32_t reader[LOOM_NUM_ENGINES];
};

struct signal {
	uint8_t engine;
	uint32_t index;
};

struct check {
	const struct accel_program *prog;
	const struct accel_stream *stream;
	struct shadow *mem[MEMS];
	uint64_t bytes[MEMS];
	struct clock *ends[LOOM_NUM_ENGINES];
	uint32_t *slots[LOOM_NUM_ENGINES];	/* of each descriptor */
	uint32_t count[LOOM_NUM_ENGINES];
	struct clock now[LOOM_NUM_ENGINES];
	struct signal *signals[SEMS];
	uint32_t num_signals[SEMS];
	uint32_t slot;
	uint32_t next_reloc;
	char *why;
	size_t size;
	int err;
};

static void fail(struct check *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (c->err)
		return;
	c->err = -EINVAL;
	n = snprintf(c->why, c->size, "slot %u: ", c->slot);
	va_start(ap, fmt);
	if (n > 0 && (size_t)n < c->size)
		vsnprintf(c->why + n, c->size - (size_t)n, fmt, ap);
	va_end(ap);
}

static const char *mem_name(int mem)
{
	static const char *const name[MEMS] = { "scratchpad", "accumulators", "const", "arena", "io" };

	return name[mem];
}

/* Has descriptor @index of @by ended when the present one of @engine begins? */
static int before(const struct check *c, int by, uint32_t index, int engine)
{
	return by == engine || index <= c->now[engine].t[by];
}

/* Descriptor @index of engine @by and the present one touch byte @at in no order. */
static void race(struct check *c, int mem, uint64_t at, int write, int by, uint32_t index, const char *what)
{
	uint32_t slot = c->slots[by][index - 1];
	const struct loom_op_info *op = loom_op_find(c->stream->data[(size_t)slot * LOOM_SLOT_BYTES]);

	fail(c, "%s of %s byte %llu races with its %s by the %s at slot %u", write ? "write" : "read", mem_name(mem),
	     (unsigned long long)at, what, op->name, slot);
}

static void touch(struct check *c, int engine, int mem, uint64_t at, uint64_t len, int write)
{
	if (at > c->bytes[mem] || len > c->bytes[mem] - at) {
		fail(c, "%s of %s bytes %llu to %llu, of which there are %llu", write ? "write" : "read", mem_name(mem),
		     (unsigned long long)at, (unsigned long long)(at + len), (unsigned long long)c->bytes[mem]);
		return;
	}
	for (uint64_t i = at; i < at + len && !c->err; i++) {
		struct shadow *s = &c->mem[mem][i];

		if (s->writer && !before(c, s->writer_engine, s->writer, engine))
			race(c, mem, i, write, s->writer_engine, s->writer, "write");
		if (!write) {
			if (!s->writer && mem < DRAM)
				fail(c, "read of %s byte %llu, which nothing wrote", mem_name(mem), (unsigned long long)i);
			s->reader[engine] = c->count[engine];
			continue;
		}
		for (int e = 0; e < LOOM_NUM_ENGINES; e++)
			if (s->reader[e] && !before(c, e, s->reader[e], engine))
				race(c, mem, i, write, e, s->reader[e], "read");
		s->writer = c->count[engine];
		s->writer_engine = (uint8_t)engine;
	}
}

static void touch_rows(struct check *c, int engine, uint32_t addr, uint64_t rows, uint64_t stride, uint64_t len,
		       int write)
{
	for (uint64_t i = 0; i < rows && !c->err; i++)
		touch(c, engine, addr & LOOM_ACC ? 1 : 0, (addr & ~LOOM_ACC) + i * stride, len, write);
}

static uint64_t size_of(unsigned int type)
{
	switch (type) {
	case LOOM_F16:
	case LOOM_BF16:
		return 2;
	case LOOM_S32:
	case LOOM_F32:
		return 4;
	default:
		return 1;
	}
}

/* The relocation of the field at @offset of the present descriptor: which memory a VA is in. */
static int region_at(struct check *c, size_t offset)
{
	uint32_t at = c->slot * LOOM_SLOT_BYTES + (uint32_t)offset;
	const struct accel_reloc *r = &c->stream->relocs[c->next_reloc];

	if (c->next_reloc >= c->stream->num_relocs || r->offset != at) {
		fail(c, "its address has no relocation");
		return -1;
	}
	c->next_reloc++;
	return DRAM + (int)r->region;
}

static void walk_dma(struct check *c, int engine, const struct loom_dma *d)
{
	int mem = d->d.op == LOOM_OP_FILL ? -1 : region_at(c, offsetof(struct loom_dma, va));
	int store = d->d.op == LOOM_OP_STORE;
	uint32_t i[LOOM_DIMS] = { 0 };
	int k = 0;

	while (k < LOOM_DIMS && !c->err) {
		int64_t va = (int64_t)d->va, spm = d->spm;

		for (int j = 0; j < LOOM_DIMS; j++) {
			va += d->va_stride[j] * i[j];
			spm += (int64_t)d->spm_stride[j] * i[j];
		}
		if (va < 0 || spm < 0) {
			fail(c, "address below zero");
			return;
		}
		touch(c, engine, 0, (uint64_t)spm, d->elem, !store);
		if (mem >= 0)
			touch(c, engine, mem, (uint64_t)va, d->elem, store);
		for (k = 0; k < LOOM_DIMS && ++i[k] == d->n[k]; k++)
			i[k] = 0;
	}
}

static void walk_conv(struct check *c, const struct loom_conv *d)
{
	uint64_t ea = size_of(d->a_type), eb = size_of(d->b_type);

	for (uint32_t n = 0; n < d->n; n++)
		for (uint32_t y = 0; y < d->ih; y++)
			touch_rows(c, LOOM_ENGINE_MXU, d->in + n * d->in_stride_n + y * d->in_stride_y, d->iw,
				   d->in_stride_x, d->ic * ea, 0);
	for (uint32_t t = 0; t < (uint32_t)d->kh * d->kw; t++)
		touch_rows(c, LOOM_ENGINE_MXU, d->w + t * d->w_stride_tap, d->flags & LOOM_MXU_SPARSE24 ? d->ic / 2 : d->ic,
			   d->w_stride_c, d->oc * eb, 0);
	if (d->flags & LOOM_MXU_SPARSE24)
		touch(c, LOOM_ENGINE_MXU, 0, d->meta, (uint64_t)d->kh * d->kw * (d->ic / 4) * ((d->oc + 1) / 2), 0);
	if (!(d->flags & LOOM_MXU_ZERO))
		touch_rows(c, LOOM_ENGINE_MXU, d->out | LOOM_ACC, (uint64_t)d->n * d->oh * d->ow, d->out_stride,
			   d->oc * 4ull, 0);
	touch_rows(c, LOOM_ENGINE_MXU, d->out | LOOM_ACC, (uint64_t)d->n * d->oh * d->ow, d->out_stride, d->oc * 4ull, 1);
}

static void walk_dwconv(struct check *c, const struct loom_dwconv *d)
{
	uint64_t pixels = (uint64_t)d->n * d->oh * d->ow;

	for (uint32_t n = 0; n < d->n; n++)
		for (uint32_t y = 0; y < d->ih; y++)
			touch_rows(c, LOOM_ENGINE_VPU, d->in + n * d->in_stride_n + y * d->in_stride_y, d->iw,
				   d->in_stride_x, d->c * size_of(d->a_type), 0);
	touch_rows(c, LOOM_ENGINE_VPU, d->w, (uint64_t)d->kh * d->kw, d->w_stride_tap, d->c * size_of(d->b_type), 0);
	if (!(d->flags & LOOM_MXU_ZERO))
		touch_rows(c, LOOM_ENGINE_VPU, d->out | LOOM_ACC, pixels, d->out_stride, d->c * 4ull, 0);
	touch_rows(c, LOOM_ENGINE_VPU, d->out | LOOM_ACC, pixels, d->out_stride, d->c * 4ull, 1);
}

static void walk_mm(struct check *c, const struct loom_mm *d)
{
	uint64_t ea = size_of(d->a_type), eb = size_of(d->b_type);

	touch_rows(c, LOOM_ENGINE_MXU, d->a, d->m, d->lda, d->k * ea, 0);
	touch_rows(c, LOOM_ENGINE_MXU, d->b, d->flags & LOOM_MXU_SPARSE24 ? d->k / 2 : d->k, d->ldb, d->n * eb, 0);
	if (d->flags & LOOM_MXU_SPARSE24)
		touch(c, LOOM_ENGINE_MXU, 0, d->meta, (uint64_t)(d->k / 4) * ((d->n + 1) / 2), 0);
	if (!(d->flags & LOOM_MXU_ZERO))
		touch_rows(c, LOOM_ENGINE_MXU, d->c | LOOM_ACC, d->m, d->ldc, d->n * 4ull, 0);
	touch_rows(c, LOOM_ENGINE_MXU, d->c | LOOM_ACC, d->m, d->ldc, d->n * 4ull, 1);
}

static void walk_ewise(struct check *c, const struct loom_ewise *d)
{
	int used[16] = { 0 };

	for (int i = 0; i < LOOM_EW_STAGES; i++)
		used[LOOM_EWS_FIRST(d->stage[i].operand)] = used[LOOM_EWS_SECOND(d->stage[i].operand)] = 1;
	touch_rows(c, LOOM_ENGINE_VPU, d->src0, d->m, d->lds0, d->n * size_of(d->src0_type), 0);
	if (used[LOOM_EWS_SRC1])
		touch_rows(c, LOOM_ENGINE_VPU, d->src1, d->m, d->lds1, d->n * size_of(d->src1_type), 0);
	if (used[LOOM_EWS_VEC0])
		touch(c, LOOM_ENGINE_VPU, 0, d->vec0, d->n * 4ull, 0);
	if (used[LOOM_EWS_VEC1])
		touch(c, LOOM_ENGINE_VPU, 0, d->vec1, d->n * 4ull, 0);
	touch_rows(c, LOOM_ENGINE_VPU, d->dst, d->m, d->ldd, d->n * size_of(d->dst_type), 1);
}

static void walk_pool(struct check *c, const struct loom_pool *d)
{
	uint64_t es = size_of(d->type);

	for (uint32_t n = 0; n < d->n; n++)
		for (uint32_t y = 0; y < d->ih; y++)
			touch_rows(c, LOOM_ENGINE_VPU, d->in + n * d->in_stride_n + y * d->in_stride_y, d->iw,
				   d->in_stride_x, d->c * es, 0);
	touch_rows(c, LOOM_ENGINE_VPU, d->out, (uint64_t)d->n * d->oh * d->ow, d->out_stride, d->c * es, 1);
}

static void walk(struct check *c, const void *desc)
{
	const struct loom_accinit *init = desc;
	const struct loom_requant *rq = desc;
	const struct loom_rows *rows = desc;

	switch (((const struct loom_desc *)desc)->op) {
	case LOOM_OP_NOP:
		break;
	case LOOM_OP_LOAD:
	case LOOM_OP_FILL:
		walk_dma(c, LOOM_ENGINE_DMA_IN, desc);
		break;
	case LOOM_OP_STORE:
		walk_dma(c, LOOM_ENGINE_DMA_OUT, desc);
		break;
	case LOOM_OP_ACCINIT:
		if (init->flags & LOOM_ACCINIT_BIAS)
			touch(c, LOOM_ENGINE_MXU, 0, init->bias, init->n * 4ull, 0);
		touch_rows(c, LOOM_ENGINE_MXU, init->acc | LOOM_ACC, init->m, init->ldc, init->n * 4ull, 1);
		break;
	case LOOM_OP_MM:
		walk_mm(c, desc);
		break;
	case LOOM_OP_CONV:
		walk_conv(c, desc);
		break;
	case LOOM_OP_DWCONV:
		walk_dwconv(c, desc);
		break;
	case LOOM_OP_REQUANT:
		touch_rows(c, LOOM_ENGINE_VPU, rq->src, rq->m, rq->lds, rq->n * 4ull, 0);
		if (rq->flags & LOOM_RQ_PER_CHANNEL)
			touch(c, LOOM_ENGINE_VPU, 0, rq->scale, rq->n * 4ull, 0);
		touch_rows(c, LOOM_ENGINE_VPU, rq->dst, rq->m, rq->ldd, rq->n, 1);
		break;
	case LOOM_OP_EWISE:
		walk_ewise(c, desc);
		break;
	case LOOM_OP_POOL:
		walk_pool(c, desc);
		break;
	case LOOM_OP_SOFTMAX:
		touch_rows(c, LOOM_ENGINE_VPU, rows->src, rows->m, rows->lds, rows->n * size_of(rows->src_type), 0);
		touch_rows(c, LOOM_ENGINE_VPU, rows->dst, rows->m, rows->ldd, rows->n * size_of(rows->dst_type), 1);
		break;
	default:
		fail(c, "the checker does not know operation 0x%02x", ((const struct loom_desc *)desc)->op);
	}
}

static void merge(struct clock *into, const struct clock *from)
{
	for (int e = 0; e < LOOM_NUM_ENGINES; e++)
		if (into->t[e] < from->t[e])
			into->t[e] = from->t[e];
}

/*
 * Semaphore @sem has reached @value: engine e alone has given at least the value less all signals that the others
 * may have given by now; its first so many have ended, and what ended before them.
 */
static void wait_for(struct check *c, int engine, unsigned int sem, uint32_t value)
{
	uint32_t by[LOOM_NUM_ENGINES] = { 0 };

	if (sem >= SEMS) {
		fail(c, "semaphore %u", sem);
		return;
	}
	if (value > c->num_signals[sem]) {
		fail(c, "waits for semaphore %u to be %u, but only %u signals come before it", sem, value,
		     c->num_signals[sem]);
		return;
	}
	for (uint32_t i = 0; i < c->num_signals[sem]; i++)
		by[c->signals[sem][i].engine]++;
	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		uint32_t others = c->num_signals[sem] - by[e], sure, seen = 0;

		if (value <= others)
			continue;
		sure = value - others;
		for (uint32_t i = 0; seen < sure; i++)
			if (c->signals[sem][i].engine == e && ++seen == sure)
				merge(&c->now[engine], &c->ends[e][c->signals[sem][i].index - 1]);
	}
}

static void signal(struct check *c, int engine, unsigned int sem)
{
	struct signal *p;

	if (sem >= SEMS) {
		fail(c, "semaphore %u", sem);
		return;
	}
	p = reallocarray(c->signals[sem], (size_t)c->num_signals[sem] + 1, sizeof(*p));
	if (!p) {
		c->err = -ENOMEM;
		return;
	}
	c->signals[sem] = p;
	p[c->num_signals[sem]++] = (struct signal){ (uint8_t)engine, c->count[engine] };
}

/* All that came before has ended. @reset: and nothing is left of it on chip. */
static void barrier(struct check *c, int reset)
{
	for (int e = 0; e < LOOM_NUM_ENGINES; e++)
		memcpy(c->now[e].t, c->count, sizeof(c->count));
	if (!reset)
		return;
	memset(c->num_signals, 0, sizeof(c->num_signals));
	for (int m = 0; m < DRAM; m++)
		memset(c->mem[m], 0, c->bytes[m] * sizeof(struct shadow));
}

static void descriptor(struct check *c, const struct loom_op_info *op, const struct loom_desc *d)
{
	int e = op->engine;
	struct clock *p = reallocarray(c->ends[e], (size_t)c->count[e] + 1, sizeof(*p));
	uint32_t *slots = reallocarray(c->slots[e], (size_t)c->count[e] + 1, sizeof(*slots));

	c->ends[e] = p ? p : c->ends[e];
	c->slots[e] = slots ? slots : c->slots[e];
	if (!p || !slots) {
		c->err = -ENOMEM;
		return;
	}
	slots[c->count[e]] = c->slot;
	for (int i = 0; i < 2; i++)
		if (d->wait_sem[i] != LOOM_SEM_NONE)
			wait_for(c, e, d->wait_sem[i], d->wait_value[i]);
	c->count[e]++;
	c->now[e].t[e] = c->count[e];
	if (d->op == LOOM_OP_STAT) {
		barrier(c, 0);
		region_at(c, offsetof(struct loom_stat_desc, va));
	} else if (d->op == LOOM_OP_BARRIER || d->op == LOOM_OP_MARK || d->op == LOOM_OP_END) {
		barrier(c, d->op == LOOM_OP_MARK);
	} else {
		walk(c, d);
	}
	c->ends[e][c->count[e] - 1] = c->now[e];
	for (int i = 0; i < 2; i++)
		if (d->signal_sem[i] != LOOM_SEM_NONE)
			signal(c, e, d->signal_sem[i]);
}

static void check_all(struct check *c)
{
	const struct accel_stream *s = c->stream;
	int ended = 0;

	for (c->slot = 0; c->slot < s->slots && !c->err;) {
		const uint8_t *at = s->data + (size_t)c->slot * LOOM_SLOT_BYTES;
		const struct loom_op_info *op = loom_op_find(at[0]);

		if (!op || op->slots > s->slots - c->slot) {
			fail(c, "no operation, or one that is cut off");
			return;
		}
		ended = op->opcode == LOOM_OP_END;
		descriptor(c, op, (const struct loom_desc *)at);
		c->slot += op->slots;
	}
	if (!ended)
		fail(c, "the stream does not end with end");
}

int accel_check_stream(const struct accel_program *prog, uint32_t stream, char *why, size_t size)
{
	struct check c = {
		.prog = prog, .stream = &prog->streams[stream], .why = why, .size = size,
		.bytes = { prog->target.spm_bytes, prog->target.acc_bytes, prog->const_bytes, prog->arena_bytes,
			   prog->io_bytes },
	};

	for (int m = 0; m < MEMS; m++) {
		c.mem[m] = calloc(c.bytes[m] + 1, sizeof(struct shadow));
		if (!c.mem[m])
			c.err = -ENOMEM;
	}
	if (!c.err)
		check_all(&c);
	for (int m = 0; m < MEMS; m++)
		free(c.mem[m]);
	for (int e = 0; e < LOOM_NUM_ENGINES; e++) {
		free(c.ends[e]);
		free(c.slots[e]);
	}
	for (int i = 0; i < SEMS; i++)
		free(c.signals[i]);
	return c.err;
}
