/* SPDX-License-Identifier: MIT */
#include "gen_priv.h"

#include <string.h>

#include <loom/isa_table.h>

uint64_t gen_next(struct gen *g)
{
	struct fuzz random = { .state = g->state };
	uint64_t v;

	if (g->from && g->from->left)
		return fuzz_next(g->from);
	v = fuzz_random(&random);
	g->state = random.state;
	return v;
}

uint32_t gen_below(struct gen *g, uint32_t n)
{
	return g->from && g->from->left ? fuzz_below(g->from, n) : (uint32_t)(gen_next(g) % n);
}

uint32_t gen_between(struct gen *g, uint32_t lo, uint32_t hi)
{
	return lo + gen_below(g, hi - lo + 1);
}

bool gen_chance(struct gen *g, uint32_t percent)
{
	return gen_below(g, 100) < percent;
}

/* Mostly small, sometimes up to @max. */
uint32_t gen_size(struct gen *g, uint32_t max)
{
	static const uint32_t bound[] = { 3, 9, 20, 40 };
	uint32_t m = bound[gen_below(g, 4)];

	return gen_between(g, 1, gen_chance(g, 5) ? max : m < max ? m : max);
}

uint32_t gen_special32(struct gen *g)
{
	static const uint32_t v[] = {
		0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff, 0xff7fffff, 0x7f800000,
		0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0x3f800000, 0xbf800000, 0x33800000,
		0x4b000000, 0x4b000001, 0x3f000000, 0x3fc00000, 0x40200000, 0x477fe000, 0x477ff000,
		0x477fefff, 0x387fc000, 0x33000000, 0x33000001, 0x43e00000, 0x43e80000, 0x4f000000,
	};

	return gen_chance(g, 40) ? v[gen_below(g, sizeof(v) / sizeof(v[0]))] : (uint32_t)gen_next(g);
}

uint32_t gen_word(struct gen *g, enum gen_kind kind)
{
	uint32_t r = (uint32_t)gen_next(g), s = r & 0x80008000;

	switch (kind) {
	case SMALL_F32:		/* exponents -8..8 */
		return (r & 0x807fffff) | (119 + gen_below(g, 17)) << 23;
	case SMALL_F16:
		return s | ((r & 0x03ff03ff) + ((12 + gen_below(g, 6)) << 10 | (12 + gen_below(g, 6)) << 26));
	case SMALL_BF16:
		return s | ((r & 0x007f007f) + ((124 + gen_below(g, 6)) << 7 | (124 + gen_below(g, 6)) << 23));
	case SPECIAL_F32:
		return gen_special32(g);
	case SPECIAL_F16:	/* zeros, subnormals, infinities, the odd NaN */
		return r & (gen_chance(g, 50) ? 0x80038003 : gen_chance(g, 90) ? 0xfc00fc00 : 0xffffffff);
	case SMALL_INT:
		return r & 63;
	default:
		return r;
	}
}

void gen_data(struct gen *g, uint8_t *mem, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes; at += 1024) {
		enum gen_kind kind = (at >> 10) % 8 < NUM_KINDS - 1 ? (at >> 10) % 8 : NOISE;

		for (uint32_t i = 0; i < 1024; i += 4) {
			uint32_t w = gen_word(g, kind);

			memcpy(mem + at + i, &w, 4);
		}
	}
}

void gen_head(union loom_any *u, uint8_t op)
{
	memset(u, 0, sizeof(*u));
	u->d.op = op;
	memset(u->d.wait_sem, LOOM_SEM_NONE, 2);
	memset(u->d.signal_sem, LOOM_SEM_NONE, 2);
}

/* An address of @bytes in a memory of @limit, aligned; now and then at its very end, or just beyond. */
uint32_t gen_place(struct gen *g, uint32_t limit, uint64_t bytes, uint32_t align)
{
	uint32_t at;

	if (bytes > limit)
		return gen_below(g, limit) & ~(align - 1);
	at = gen_chance(g, 5) ? limit - (uint32_t)bytes : gen_below(g, limit - (uint32_t)bytes + 1);
	if (gen_chance(g, 1))
		at += align;
	return gen_chance(g, 99) ? at & ~(align - 1) : at;
}

/* Places an operand of @type in the scratchpad where the data are likely of its kind. */
uint32_t gen_place_typed(struct gen *g, unsigned int type, uint64_t bytes, uint32_t align)
{
	static const uint8_t kind_of[LOOM_NUM_TYPES] = {
		[LOOM_F32] = SMALL_F32, [LOOM_F16] = SMALL_F16, [LOOM_BF16] = SMALL_BF16,
	};
	uint32_t kind, at;

	if (!(LOOM_TYPES(type) & LOOM_TYPES_FLOAT) || gen_chance(g, 30))
		return gen_place(g, GEN_SPM_BYTES, bytes, align);
	kind = kind_of[type];
	at = gen_below(g, 8) * 8192 + kind * 1024 + (gen_below(g, 512) & ~(align - 1));
	return at + bytes <= GEN_SPM_BYTES ? at : gen_place(g, GEN_SPM_BYTES, bytes, align);
}

/* Bytes between rows of @bytes: tight, or with a gap; rarely too small. */
uint32_t gen_pitch(struct gen *g, uint32_t bytes, uint32_t align, bool zero_ok)
{
	if (zero_ok && gen_chance(g, 3))
		return 0;
	bytes = (bytes + align - 1) & ~(align - 1);
	if (gen_chance(g, 1) && bytes > align)
		return bytes - align;
	return bytes + (gen_chance(g, 50) ? 0 : align * gen_below(g, 20));
}

unsigned int gen_type_of(struct gen *g, uint32_t set)
{
	unsigned int t;

	do
		t = gen_below(g, LOOM_NUM_TYPES);
	while (!(LOOM_TYPES(t) & set));
	return t;
}

uint32_t gen_bytes_of(unsigned int type, uint32_t n)
{
	return type == LOOM_S4 ? (n + 1) / 2 : n * loom_type_bytes(type);
}

int16_t gen_zero_point(struct gen *g, unsigned int type)
{
	if (!(LOOM_TYPES(type) & (LOOM_TYPES_INT8 | LOOM_TYPES(LOOM_S4))) || gen_chance(g, 40))
		return 0;
	return (int16_t)((int)gen_below(g, 384) - 128);
}

void gen_operand_types(struct gen *g, uint8_t *a, uint8_t *b)
{
	*a = (uint8_t)gen_type_of(g, LOOM_TYPES_MXU_A);
	if (LOOM_TYPES(*a) & LOOM_TYPES_INT8)
		*b = (uint8_t)gen_type_of(g, LOOM_TYPES_INT8 | LOOM_TYPES(LOOM_S4));
	else if (LOOM_TYPES(*a) & LOOM_TYPES_FP8)
		*b = (uint8_t)gen_type_of(g, LOOM_TYPES_FP8);
	else
		*b = *a;
}

uint32_t gen_align_of(unsigned int type)
{
	return type == LOOM_S4 ? 1 : loom_type_bytes(type);
}

/* One bit of a legal descriptor turned over. */
static void mutate(struct gen *g, union loom_any *u, uint32_t slots)
{
	uint32_t bit = gen_below(g, slots * LOOM_SLOT_BYTES * 8);

	u->byte[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

uint32_t gen_desc(struct gen *g, union loom_any *u, uint64_t limit)
{
	static void (*const makers[])(struct gen *g, union loom_any *u) = {
		gen_mm, gen_mm, gen_conv, gen_conv, gen_accinit, gen_requant, gen_ewise, gen_ewise, gen_lut,
		gen_pool, gen_reduce, gen_dma, gen_dma, gen_gather, gen_rows, gen_plut, gen_dwconv,
		gen_unpack, gen_resize, gen_optim,
	};
	const uint32_t kind = gen_below(g, sizeof(makers) / sizeof(makers[0]));
	const struct loom_op_info *info;
	int tries = 40;

	/* A descriptor that is nothing but bytes. */
	if (g->from && gen_chance(g, 10)) {
		const uint8_t op = loom_ops[gen_below(g, sizeof(loom_ops) / sizeof(loom_ops[0]))].opcode;

		gen_head(u, op);
		for (uint32_t i = offsetof(struct loom_desc, wait_value); i < loom_op_find(op)->slots * LOOM_SLOT_BYTES; i++)
			u->byte[i] = (uint8_t)gen_below(g, 256);
		return loom_op_find(op)->slots;
	}
	/* The same kind again: small descriptors are not to be those of other kinds. */
	do
		makers[kind](g, u);
	while (gen_work(u) > limit && --tries);
	info = loom_op_find(u->d.op);
	if (gen_chance(g, 4))
		mutate(g, u, info->slots);
	info = loom_op_find(u->d.op);
	return info ? info->slots : 1;
}

uint64_t gen_work(const union loom_any *u)
{
	const struct loom_op op = { .u = *u };
	uint64_t work = loom_op_macs(&op);

	switch (u->d.op) {
	case LOOM_OP_LOAD:
	case LOOM_OP_STORE:
	case LOOM_OP_FILL:
		work = u->dma.elem;
		for (int i = 0; i < LOOM_DIMS && work < 1u << 30; i++)
			work *= u->dma.n[i];
		break;
	case LOOM_OP_REQUANT:
		work = (uint64_t)u->requant.m * u->requant.n;
		break;
	case LOOM_OP_EWISE:
		work = (uint64_t)u->ewise.m * u->ewise.n;
		break;
	case LOOM_OP_LUT:
		work = (uint64_t)u->lut.m * u->lut.n;
		break;
	case LOOM_OP_POOL:
		work = (uint64_t)u->pool.kh * u->pool.kw * u->pool.oh * u->pool.ow;
		work = work < 1u << 20 ? work * u->pool.n * u->pool.c : work;
		break;
	case LOOM_OP_UNPACK:
		work = (uint64_t)u->unpack.count + u->unpack.bytes;
		break;
	case LOOM_OP_RESIZE:
		work = (uint64_t)u->resize.oh * u->resize.ow * u->resize.c;
		break;
	case LOOM_OP_OPTIM:
		work = u->optim.count * 4ull;
		break;
	case LOOM_OP_SOFTMAX:
	case LOOM_OP_LAYERNORM:
		work = 8ull * u->rows.m * u->rows.n;
		break;
	case LOOM_OP_PLUT:
		work = (uint64_t)u->plut.m * u->plut.n * u->plut.segments;
		break;
	case LOOM_OP_DWCONV:
		work = (uint64_t)u->dwconv.kh * u->dwconv.kw * u->dwconv.oh * u->dwconv.ow;
		work = work < 1u << 20 ? work * u->dwconv.n * u->dwconv.c : work;
		break;
	case LOOM_OP_REDUCE:
		work = (uint64_t)u->reduce.m * u->reduce.n;
		break;
	case LOOM_OP_GATHER:
	case LOOM_OP_SCATTER:
		work = (uint64_t)u->gather.count * u->gather.row_bytes;
		break;
	}
	return work;
}
