/* SPDX-License-Identifier: MIT */
/*
 * Packed blocks of right operands are used again, and never after a byte that they are made from may have changed: products of
 * every form before and after every kind of write, against the reference.
 */
#include <stdlib.h>
#include <string.h>

#include <tests/reference/ref.h>

#include "stream.h"

#define DATA		(1u << 20)	/* VA of noise that fills the scratchpad at first */
#define NOISE		(256u << 10)	/* bytes of it */
#define OTHER		(DATA + 320)	/* other noise */
#define LEFT		0u
#define RIGHT		(64u << 10)
#define META		(96u << 10)
#define AWAY		(128u << 10)	/* sources of what is written */
#define PRODUCTS	3		/* before a write, and after it */
#define OUTPUT		(16u << 10)	/* accumulators of a product */
#define MAX_OPS		32u

/* A stream and what the reference needs of it; @va: of the first content of the scratchpad. */
struct script {
	uint64_t va;
	union loom_any op[MAX_OPS];
	uint32_t count;
};

static void put(struct bench *b, struct script *s, const union loom_any *u, uint32_t slots)
{
	assert_true(s->count < MAX_OPS);
	s->op[s->count++] = *u;
	add(b, u, slots);
	add_ctrl(b, LOOM_OP_BARRIER);
}

/* ---- Products ---- */

/**
 * struct product
 * @from: [begin, end) of the right operand; @meta: of what says where its elements belong
 */
struct product {
	const char *name;
	union loom_any u;
	uint32_t slots, from[2], meta[2];
};

#define MM(a_t, b_t, rows, cols, depth, left, right, ...) { .mm = { .d.op = LOOM_OP_MM, .a = LEFT, .b = RIGHT, .m = rows, \
	.n = cols, .k = depth, .lda = left, .ldb = right, .ldc = (cols) * 4, .a_type = a_t, .b_type = b_t, __VA_ARGS__ } }

static const struct product products[] = {
	{ "s8", MM(LOOM_S8, LOOM_S8, 8, 33, 40, 40, 33, .b_zp = 3), 1, { RIGHT, RIGHT + 40 * 33 }, { 0, 0 } },
	{ "s8, many rows", MM(LOOM_U8, LOOM_S8, 100, 20, 30, 30, 24), 1, { RIGHT, RIGHT + 29 * 24 + 20 }, { 0, 0 } },
	{ "s8, stored by columns", MM(LOOM_S8, LOOM_U8, 8, 17, 40, 40, 44, .flags = LOOM_MXU_TRANS_B), 1,
	  { RIGHT, RIGHT + 16 * 44 + 40 }, { 0, 0 } },
	{ "s4", MM(LOOM_S8, LOOM_S4, 8, 33, 20, 20, 17), 1, { RIGHT, RIGHT + 20 * 17 }, { 0, 0 } },
	{ "f32", MM(LOOM_F32, LOOM_F32, 5, 20, 12, 48, 80), 1, { RIGHT, RIGHT + 12 * 80 }, { 0, 0 } },
	{ "s8, sparse", MM(LOOM_S8, LOOM_S8, 8, 32, 16, 16, 32, .flags = LOOM_MXU_SPARSE24, .meta = META), 1,
	  { RIGHT, RIGHT + 8 * 32 }, { META, META + 4 * 16 } },
	{ "s8, sparse, by columns", MM(LOOM_S8, LOOM_S8, 8, 16, 32, 32, 16, .meta = META,
				       .flags = LOOM_MXU_SPARSE24 | LOOM_MXU_TRANS_B), 1,
	  { RIGHT, RIGHT + 16 * 16 }, { META, META + 16 * 4 } },
	{ "convolution", { .conv = {
		.d.op = LOOM_OP_CONV, .in = LEFT, .w = RIGHT, .n = 1, .oh = 4, .ow = 4, .ih = 4, .iw = 4, .ic = 8, .oc = 20,
		.in_stride_y = 32, .in_stride_x = 8, .w_stride_tap = 160, .w_stride_c = 20, .out_stride = 80, .kh = 3, .kw = 3,
		.sy = 1, .sx = 1, .dy = 1, .dx = 1, .pad_y = 1, .pad_x = 1, .idy = 1, .idx = 1, .a_type = LOOM_S8,
		.b_type = LOOM_S8, .flags = LOOM_MXU_ROTATE } }, 2, { RIGHT, RIGHT + 9 * 160 }, { 0, 0 } },
};

/* The product, to output @i. */
static void put_product(struct bench *b, struct script *s, const struct product *p, uint32_t i)
{
	union loom_any u = p->u;

	if (u.d.op == LOOM_OP_MM) {
		u.mm.c = i * OUTPUT;
		u.mm.flags |= LOOM_MXU_ZERO;
	} else {
		u.conv.out = i * OUTPUT;
		u.conv.flags |= LOOM_MXU_ZERO;
	}
	put(b, s, &u, p->slots);
}

/* ---- Writers ---- */

/**
 * struct writer - a descriptor that writes to one element
 * @dst: offset of the field that says where
 * @bytes: it writes
 * @wide: it writes elsewhere as well, and what lies between may count as written
 * @up: it says so of what lies so many bytes above
 */
struct writer {
	const char *name;
	union loom_any u;
	uint32_t slots;
	size_t dst;
	uint32_t bytes;
	bool wide;
	uint32_t up;
};

#define WRITER_TO(what, form, field, size, wide, ...) { what, { .form = { __VA_ARGS__ } }, \
	sizeof(((union loom_any *)0)->form) / LOOM_SLOT_BYTES, offsetof(union loom_any, form.field), size, wide, 0 }
#define WRITER(what, form, field, size, ...)	WRITER_TO(what, form, field, size, false, __VA_ARGS__)
#define WIDE(what, form, field, size, ...)	WRITER_TO(what, form, field, size, true, __VA_ARGS__)
#define ONE_EACH	.n = { 1, 1, 1, 1, 1 }
#define HYPER		.hyper = { 0x3f000000, 0x3f000000, 0x3f000000, 0x3f800000, 0, 0x3f800000, 0x3f800000, 0x3f800000 }
#define ADAM		.d.op = LOOM_OP_OPTIM, .param = AWAY, .grad = AWAY + 16, .state0 = AWAY + 32, .state1 = AWAY + 48, \
			.count = 1, HYPER, .rule = LOOM_OPTIM_ADAM
#define FLAT		.m = 1, .n = 1, .lds = 64, .ldd = 64

static const struct writer writers[] = {
	WRITER("LOAD", dma, spm, 1, .d.op = LOOM_OP_LOAD, .va = DATA + AWAY, .elem = 1, ONE_EACH),
	WIDE("LOAD, downwards", dma, spm, 1, .d.op = LOOM_OP_LOAD, .va = DATA + AWAY, .elem = 1, .n = { 3, 1, 1, 1, 1 },
	     .va_stride = { 1 }, .spm_stride = { -20000 }),
	{ "LOAD, downwards to there", { .dma = { .d.op = LOOM_OP_LOAD, .va = DATA + AWAY, .elem = 1, .n = { 3, 1, 1, 1, 1 },
						 .va_stride = { 1 }, .spm_stride = { -20000 } } }, 2,
	  offsetof(union loom_any, dma.spm), 1, true, 40000 },
	WRITER("FILL", dma, spm, 1, .d.op = LOOM_OP_FILL, .elem = 1, ONE_EACH, .value = 0x5d),
	WRITER("GATHER", gather, spm, 1, .d.op = LOOM_OP_GATHER, .va = DATA + AWAY + 6, .index = AWAY + 64, .count = 1,
	       .row_bytes = 1, .limit = 0xffffffff),
	WRITER("UNPACK, S4", unpack, spm, 1, .d.op = LOOM_OP_UNPACK, .va = DATA + AWAY, .bytes = 1, .count = 1,
	       .mode = LOOM_UNPACK_S4),
	WRITER("UNPACK, 2:4", unpack, spm, 4, .d.op = LOOM_OP_UNPACK, .va = DATA + AWAY, .bytes = 3, .count = 4,
	       .mode = LOOM_UNPACK_24, .elem = 1),
	WRITER("UNPACK, RLE", unpack, spm, 1, .d.op = LOOM_OP_UNPACK, .va = DATA + AWAY, .bytes = 2, .count = 1,
	       .mode = LOOM_UNPACK_RLE),
	WRITER("REQUANT", requant, dst, 1, .d.op = LOOM_OP_REQUANT, .src = AWAY, FLAT, .scale = 0x33000000,
	       .mode = LOOM_RQ_F32, .dst_type = LOOM_S8, .lo = -128, .hi = 127),
	WRITER("EWISE", ewise, dst, 4, .d.op = LOOM_OP_EWISE, .m = 1, .n = 1, .src0 = AWAY, .lds0 = 4, .ldd = 4,
	       .src0_type = LOOM_U8, .dst_type = LOOM_F32),
	WRITER("LUT", lut, dst, 1, .d.op = LOOM_OP_LUT, .src = AWAY, .table = AWAY + 1024, FLAT, .elem = 1),
	WRITER("POOL", pool, out, 1, .d.op = LOOM_OP_POOL, .in = AWAY, .n = 1, .ih = 1, .iw = 1, .oh = 1, .ow = 1, .c = 1,
	       .in_stride_x = 1, .in_stride_y = 1, .kh = 1, .kw = 1, .sy = 1, .sx = 1, .dy = 1, .dx = 1,
	       .mode = LOOM_POOL_MAX, .type = LOOM_S8, .scale = 0x3f800000),
	WRITER("REDUCE", reduce, dst, 4, .d.op = LOOM_OP_REDUCE, .src = AWAY, .m = 1, .n = 9, .lds = 16, .ldd = 4,
	       .op = LOOM_REDUCE_SUM, .src_type = LOOM_U8, .dst_type = LOOM_F32, .scale = 0x3f800000),
	WRITER("SOFTMAX", rows, dst, 4, .d.op = LOOM_OP_SOFTMAX, .src = AWAY, FLAT, .eps = 0x3f800000,
	       .src_type = LOOM_BF16, .dst_type = LOOM_F32),
	WRITER("LAYERNORM", rows, dst, 4, .d.op = LOOM_OP_LAYERNORM, .src = AWAY, FLAT, .gamma = AWAY + 16, .beta = AWAY + 32,
	       .eps = 0x3f800000, .src_type = LOOM_BF16, .dst_type = LOOM_F32),
	WRITER("PLUT", plut, dst, 4, .d.op = LOOM_OP_PLUT, .src = AWAY, FLAT, .table = AWAY + 16, .segments = 1,
	       .src_type = LOOM_BF16, .dst_type = LOOM_F32),
	WRITER("RESIZE", resize, out, 1, .d.op = LOOM_OP_RESIZE, .in = AWAY, .ih = 1, .iw = 1, .oh = 1, .ow = 1, .c = 1,
	       .in_stride_x = 1, .in_stride_y = 1, .scale_y = 65536, .scale_x = 65536, .mode = LOOM_RESIZE_NEAREST,
	       .type = LOOM_S8),
	WIDE("OPTIM, parameter", optim, param, 4, ADAM),
	WIDE("OPTIM, first moment", optim, state0, 4, ADAM),
	WIDE("OPTIM, second moment", optim, state1, 4, ADAM),
	WIDE("OPTIM, copy", optim, copy, 2, ADAM, .copy_type = LOOM_BF16),
};

#define NUM(a)	(sizeof(a) / sizeof((a)[0]))

static void put_writer(struct bench *b, struct script *s, const struct writer *w, uint32_t at)
{
	union loom_any u = w->u;

	at += w->up;
	memcpy(u.byte + w->dst, &at, 4);
	put(b, s, &u, w->slots);
}

/* ---- Runs ---- */

static struct ref ref;

/* Numbers that are finite in every type; the reference's DRAM is the core's. */
static int setup(void **state)
{
	struct bench *b;

	bench_setup(state);
	b = *state;
	for (uint32_t i = 0; i < NOISE + 4096; i++)
		b->mem[DATA + i] = (uint8_t)(i % 4 == 3 ? 0x3e + (i >> 5) % 3 : i * 2654435761u >> 24);
	ref.bytes[REF_SPM] = b->geo.spm_bytes;
	ref.bytes[REF_ACC] = b->geo.acc_bytes;
	ref.bytes[REF_DRAM] = VM_BYTES;
	ref.mem[REF_SPM] = malloc(b->geo.spm_bytes);
	ref.mem[REF_ACC] = malloc(b->geo.acc_bytes);
	ref.mem[REF_DRAM] = b->mem;
	assert_true(ref.mem[REF_SPM] && ref.mem[REF_ACC]);
	return 0;
}

static int teardown(void **state)
{
	free(ref.mem[REF_SPM]);
	free(ref.mem[REF_ACC]);
	return bench_teardown(state);
}

/* The scratchpad starts as what lies at @va. */
static void start(struct bench *b, struct script *s, uint64_t va)
{
	b->slots = 0;
	s->count = 0;
	s->va = va;
	add_copy(b, LOOM_OP_LOAD, va, 0, NOISE);
	add_ctrl(b, LOOM_OP_BARRIER);
}

/* To a descriptor that waits for ever, so that the memories stay. */
static void finish(struct bench *b)
{
	waits(b, add_ctrl(b, LOOM_OP_NOP), 0, 1);
}

static void run_reference(const struct bench *b, const struct script *s)
{
	memset(ref.mem[REF_SPM], 0, b->geo.spm_bytes);
	memset(ref.mem[REF_ACC], 0, b->geo.acc_bytes);
	memcpy(ref.mem[REF_SPM], b->mem + s->va, NOISE);
	ref.stray = 0;
	for (uint32_t i = 0; i < s->count; i++)
		assert_true(ref_exec(&ref, &s->op[i]));
	assert_int_equal(ref.stray, 0);
}

static void agree(const struct loom_core *core, const struct bench *b)
{
	assert_memory_equal(core->spm, ref.mem[REF_SPM], b->geo.spm_bytes);
	assert_memory_equal(core->acc, ref.mem[REF_ACC], b->geo.acc_bytes);
}

/* What came of the counts since *@from. */
static struct loom_packed_counts since(struct bench *b, struct loom_packed_counts *from)
{
	const struct loom_packed_counts *now = loom_core_packed(b->core);
	struct loom_packed_counts d = { now->packed - from->packed, now->kept - from->kept, now->reused - from->reused,
					now->forgotten - from->forgotten };

	*from = *now;
	return d;
}

static void run_script(struct bench *b, const struct script *s)
{
	assert_int_equal(run(b), LOOM_EXEC_DEADLOCK);
	run_reference(b, s);
	agree(b->core, b);
}

/*
 * Products, a write @at, the same products again. @inside: it is a write to what they multiply by. Return: are they others
 * after it?
 */
static bool check_write(struct bench *b, const struct product *p, const struct writer *w, uint32_t at, bool inside)
{
	struct loom_packed_counts count = *loom_core_packed(b->core), d;
	struct script s;
	bool changed;

	start(b, &s, DATA);
	for (uint32_t i = 0; i < PRODUCTS; i++)
		put_product(b, &s, p, i);
	put_writer(b, &s, w, at);
	for (uint32_t i = PRODUCTS; i < 2 * PRODUCTS; i++)
		put_product(b, &s, p, i);
	finish(b);
	run_script(b, &s);
	d = since(b, &count);
	/* Seen, kept, reused. */
	assert_int_equal(d.packed, inside ? 4 : 2);
	assert_int_equal(d.kept, inside ? 2 : 1);
	assert_int_equal(d.reused, inside ? 2 : 4);
	changed = memcmp(b->core->acc, b->core->acc + PRODUCTS * OUTPUT, OUTPUT);
	loom_core_abandon(b->core);
	assert_int_equal(since(b, &count).forgotten, 1);
	return changed;
}

static void test_writes(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < NUM(products); i++)
		for (size_t j = 0; j < NUM(writers); j++) {
			const struct product *p = &products[i];
			const struct writer *w = &writers[j];
			const uint32_t mask = ~(w->bytes - 1);
			bool changed;

			changed = check_write(b, p, w, p->from[0], true);
			changed |= check_write(b, p, w, (p->from[1] - 1) & mask, true);
			if (!changed)
				fail_msg("%s, %s: changes nothing", p->name, w->name);
			if (!w->wide) {
				assert_false(check_write(b, p, w, p->from[0] - w->bytes, false));
				assert_false(check_write(b, p, w, (p->from[1] + w->bytes - 1) & mask, false));
			}
			if (!p->meta[1])
				continue;
			changed = check_write(b, p, w, p->meta[0], true);
			changed |= check_write(b, p, w, (p->meta[1] - 1) & mask, true);
			if (!changed)
				fail_msg("%s, %s: changes nothing there", p->name, w->name);
			if (!w->wide)
				assert_false(check_write(b, p, w, p->meta[1], false));
		}
}

/* Products that differ in what one field says of the right operand, or of which block it is. */
static void test_other_operands(void **state)
{
	static const struct product other[] = {
		{ "all", MM(LOOM_S8, LOOM_S8, 8, 32, 40, 40, 36, .b_zp = 3), 1, { 0 }, { 0 } },
		{ "columns", MM(LOOM_S8, LOOM_S8, 8, 31, 40, 40, 36, .b_zp = 3), 1, { 0 }, { 0 } },
		{ "rows", MM(LOOM_S8, LOOM_S8, 8, 32, 39, 40, 36, .b_zp = 3), 1, { 0 }, { 0 } },
		{ "pitch", MM(LOOM_S8, LOOM_S8, 8, 32, 40, 40, 40, .b_zp = 3), 1, { 0 }, { 0 } },
		{ "zero point", MM(LOOM_S8, LOOM_S8, 8, 32, 40, 40, 36, .b_zp = 2), 1, { 0 }, { 0 } },
		{ "type", MM(LOOM_S8, LOOM_U8, 8, 32, 40, 40, 36, .b_zp = 3), 1, { 0 }, { 0 } },
		{ "order", MM(LOOM_S8, LOOM_S8, 8, 32, 40, 40, 36, .b_zp = 3, .flags = LOOM_MXU_TRANS_B), 1, { 0 }, { 0 } },
	};
	struct bench *b = *state;
	struct loom_packed_counts count = *loom_core_packed(b->core), d;
	struct script s;

	start(b, &s, DATA);
	for (uint32_t i = 0; i < 4 * NUM(other); i++)
		put_product(b, &s, &other[i % NUM(other)], i % NUM(other));
	finish(b);
	run_script(b, &s);
	d = since(b, &count);
	assert_int_equal(d.packed, 2 * NUM(other));
	assert_int_equal(d.reused, 2 * NUM(other));
}

static void put_some(struct bench *b, struct script *s)
{
	for (uint32_t i = 0; i < 2 * PRODUCTS; i++)
		put_product(b, s, &products[i % 2 * 3], i);
}

/* Neither results nor cycles depend on the memory that there is for blocks. */
static void test_limit(void **state)
{
	static const struct {
		uint64_t bytes;
		uint32_t reused;
	} limits[] = { { 0, 0 }, { 16383, 0 }, { 16384, 1 }, { 32768, 2 }, { UINT64_MAX, 2 } };
	struct bench *b = *state;
	struct loom_packed_counts count = { 0, 0, 0, 0 };
	uint64_t cycles = 0;
	struct script s;

	start(b, &s, DATA);
	put_some(b, &s);
	finish(b);
	for (size_t i = 0; i < NUM(limits); i++) {
		loom_core_set_packed(b->core, limits[i].bytes);
		run_script(b, &s);
		assert_int_equal(since(b, &count).reused, limits[i].reused);
		assert_true(!i || b->res.cycles == cycles);
		cycles = b->res.cycles;
	}
	assert_true(cycles > 0);
}

/* What a core has kept is of no use to the next job, and of none behind a MARK. */
static void test_new_contents(void **state)
{
	struct bench *b = *state;
	struct loom_packed_counts count = { 0, 0, 0, 0 }, d;
	struct script s;

	for (int i = 0; i < 2; i++) {
		start(b, &s, i ? OTHER : DATA);
		put_some(b, &s);
		finish(b);
		run_script(b, &s);
		d = since(b, &count);
		assert_int_equal(d.packed, 4);
		assert_int_equal(d.reused, 2);
	}
	start(b, &s, DATA);
	put_some(b, &s);
	add_ctrl(b, LOOM_OP_MARK);
	add_copy(b, LOOM_OP_LOAD, OTHER, 0, NOISE);
	add_ctrl(b, LOOM_OP_BARRIER);
	s.va = OTHER;
	s.count = 0;
	put_some(b, &s);
	finish(b);
	run_script(b, &s);
	d = since(b, &count);
	assert_int_equal(d.packed, 8);
	assert_int_equal(d.reused, 4);
}

/* Paused at every access to memory, and continued by a core that has kept blocks of other bytes at the same addresses. */
static void test_restored(void **state)
{
	struct bench *b = *state;
	const size_t bytes = loom_core_state_bytes(b->core);
	struct loom_core *first = b->core, *second;
	void *blob = malloc(bytes);
	uint32_t pauses = 0;
	struct script s;

	assert_non_null(blob);
	assert_int_equal(loom_core_new(&b->geo, &second), 0);
	for (uint32_t at = 1; at == pauses + 1; at++) {
		start(b, &s, OTHER);
		put_some(b, &s);
		finish(b);
		b->core = second;
		assert_int_equal(run(b), LOOM_EXEC_DEADLOCK);
		b->core = first;

		start(b, &s, DATA);
		for (uint32_t i = 0; i < 2; i++)
			put_some(b, &s), put_writer(b, &s, &writers[0], RIGHT + 9 + i);
		put_some(b, &s);
		finish(b);
		b->accesses = 0;
		b->request_at = at;
		b->request_bits = LOOM_EXEC_PAUSE;
		if (run(b) == LOOM_EXEC_PAUSED) {
			pauses++;
			loom_core_save(first, blob);
			assert_int_equal(loom_core_load(second, blob, bytes), 0);
			b->requests = 0;
			assert_int_equal(loom_core_continue(second, &b->vm, &b->requests, &b->res), LOOM_EXEC_DEADLOCK);
		}
		run_reference(b, &s);
		agree(pauses == at ? second : first, b);
		b->requests = 0;
		b->request_at = 0;
	}
	assert_true(pauses >= 4);
	loom_core_free(second);
	free(blob);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_writes), TEST(test_other_operands), TEST(test_limit), TEST(test_new_contents), TEST(test_restored),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
