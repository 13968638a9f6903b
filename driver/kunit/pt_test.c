// SPDX-License-Identifier: GPL-2.0
/*
 * Page tables, read as the device reads them: from the bus address of the top-level table on.
 */
#include <kunit/device.h>
#include <kunit/test.h>
#include <linux/dma-direct.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include <loom/regs.h>

#include "../loom_pt.h"

#define VA		0x40000000ull	/* at a boundary of every level but the top one */
#define MEMORY		0x80000000ull	/* bus address of buffers, which nobody reads */
#define BUFFER_PARTS	4

/* A buffer that is made of parts anywhere on the bus. */
struct buffer {
	struct sg_table sgt;
	struct scatterlist part[BUFFER_PARTS];
};

struct context {
	struct loom_pt pt;
	struct buffer buffer;
};

static void buffer_init(struct buffer *buffer)
{
	sg_init_table(buffer->part, BUFFER_PARTS);
	buffer->sgt.sgl = buffer->part;
	buffer->sgt.nents = 0;
	buffer->sgt.orig_nents = BUFFER_PARTS;
}

static void buffer_add(struct buffer *buffer, dma_addr_t at, u32 bytes)
{
	struct scatterlist *part = &buffer->part[buffer->sgt.nents++];

	sg_dma_address(part) = at;
	sg_dma_len(part) = bytes;
}

static u64 read_entry(struct loom_pt *pt, dma_addr_t table, u64 va, unsigned int level)
{
	const __le64 *entries = phys_to_virt(dma_to_phys(pt->dev, table));

	return le64_to_cpu(entries[va >> (LOOM_PAGE_SHIFT + level * LOOM_PT_BITS) &
				   (BIT(LOOM_PT_BITS) - 1)]);
}

/* The leaf that translates @va, or 0; @level: where it was found. */
static u64 leaf(struct loom_pt *pt, u64 va, unsigned int *level)
{
	dma_addr_t table = loom_pt_root(pt);
	u64 entry;

	for (*level = LOOM_PT_LEVELS - 1; ; --*level) {
		entry = read_entry(pt, table, va, *level);
		if (!(entry & LOOM_PTE_VALID))
			return 0;
		if (!*level || (entry & LOOM_PTE_HUGE))
			return entry;
		table = entry & LOOM_PTE_ADDR;
	}
}

static void expect_leaf(struct kunit *test, u64 va, unsigned int level, u64 entry)
{
	struct context *c = test->priv;
	unsigned int found;

	KUNIT_EXPECT_EQ(test, leaf(&c->pt, va, &found), entry);
	if (entry)
		KUNIT_EXPECT_EQ(test, found, level);
}

static void expect_small(struct kunit *test, u64 va, u64 address)
{
	expect_leaf(test, va, 0, address | LOOM_PTE_VALID);
}

static void expect_huge(struct kunit *test, u64 va, u64 address)
{
	expect_leaf(test, va, 1, address | LOOM_PTE_VALID | LOOM_PTE_HUGE);
}

static void expect_nothing(struct kunit *test, u64 va)
{
	expect_leaf(test, va, 0, 0);
}

/* As loom_bind does it. */
static void map(struct kunit *test, u64 va, u64 size, u64 offset, bool readonly)
{
	struct context *c = test->priv;
	struct loom_pt_need need = loom_pt_need_map(va, size, &c->buffer.sgt, offset);

	need.tables[LOOM_PT_LEAF] += loom_pt_need_unmap(va, size).tables[LOOM_PT_LEAF];
	KUNIT_ASSERT_EQ(test, loom_pt_reserve(&c->pt, &need), 0);
	KUNIT_ASSERT_EQ(test, loom_pt_begin(&c->pt, va, size), 0);
	loom_pt_unmap(&c->pt, va, size);
	KUNIT_ASSERT_EQ(test, loom_pt_map(&c->pt, va, size, &c->buffer.sgt, offset, readonly), 0);
	loom_pt_unreserve(&c->pt, &need);
}

static void unmap(struct kunit *test, u64 va, u64 size)
{
	struct context *c = test->priv;
	struct loom_pt_need need = loom_pt_need_unmap(va, size);

	KUNIT_ASSERT_EQ(test, loom_pt_reserve(&c->pt, &need), 0);
	KUNIT_ASSERT_EQ(test, loom_pt_begin(&c->pt, va, size), 0);
	loom_pt_unmap(&c->pt, va, size);
	loom_pt_prune(&c->pt, va, size);
	loom_pt_unreserve(&c->pt, &need);
}

static u32 spare(struct kunit *test)
{
	struct context *c = test->priv;

	return c->pt.num_spare[LOOM_PT_LEAF] + c->pt.num_spare[LOOM_PT_INNER];
}

static void empty(struct kunit *test)
{
	expect_nothing(test, 0);
	expect_nothing(test, VA);
	expect_nothing(test, BIT_ULL(LOOM_VA_BITS) - SZ_4K);
}

static void small_pages(struct kunit *test)
{
	struct context *c = test->priv;

	buffer_add(&c->buffer, MEMORY, SZ_8K);
	buffer_add(&c->buffer, 16 * MEMORY, SZ_4K);
	map(test, VA + SZ_4K, 3 * SZ_4K, 0, false);
	expect_nothing(test, VA);
	expect_small(test, VA + SZ_4K, MEMORY);
	expect_small(test, VA + 2 * SZ_4K, MEMORY + SZ_4K);
	expect_small(test, VA + 3 * SZ_4K, 16 * MEMORY);
	expect_nothing(test, VA + 4 * SZ_4K);
}

static void offset_into_buffer(struct kunit *test)
{
	struct context *c = test->priv;

	buffer_add(&c->buffer, MEMORY, SZ_8K);
	buffer_add(&c->buffer, 16 * MEMORY, SZ_8K);
	map(test, VA, SZ_8K, SZ_4K, false);
	expect_small(test, VA, MEMORY + SZ_4K);
	expect_small(test, VA + SZ_4K, 16 * MEMORY);
}

static void readonly_bit(struct kunit *test)
{
	struct context *c = test->priv;

	buffer_add(&c->buffer, MEMORY, SZ_2M + SZ_4K);
	map(test, VA, SZ_2M + SZ_4K, 0, true);
	expect_huge(test, VA, MEMORY | LOOM_PTE_RO);
	expect_small(test, VA + SZ_2M, (MEMORY + SZ_2M) | LOOM_PTE_RO);
}

static void aligned_is_huge(struct kunit *test)
{
	struct context *c = test->priv;

	buffer_add(&c->buffer, MEMORY, 2 * SZ_2M);
	map(test, VA, 2 * SZ_2M, 0, false);
	expect_huge(test, VA, MEMORY);
	expect_huge(test, VA + SZ_2M, MEMORY + SZ_2M);
	expect_nothing(test, VA + 2 * SZ_2M);
}

/* A huge leaf in the middle of small ones. */
static void huge_where_aligned(struct kunit *test)
{
	struct context *c = test->priv;

	buffer_add(&c->buffer, MEMORY - SZ_4K, SZ_2M + 2 * SZ_4K);
	map(test, VA - SZ_4K, SZ_2M + 2 * SZ_4K, 0, false);
	expect_small(test, VA - SZ_4K, MEMORY - SZ_4K);
	expect_huge(test, VA, MEMORY);
	expect_small(test, VA + SZ_2M, MEMORY + SZ_2M);
}

static void not_huge(struct kunit *test)
{
	struct context *c = test->priv;

	/* the address on the bus is not aligned; then the memory is in two parts */
	buffer_add(&c->buffer, MEMORY + SZ_4K, SZ_2M);
	buffer_add(&c->buffer, 2 * MEMORY, SZ_1M);
	buffer_add(&c->buffer, 3 * MEMORY, SZ_1M);
	map(test, VA, 2 * SZ_2M, 0, false);
	expect_small(test, VA, MEMORY + SZ_4K);
	expect_small(test, VA + SZ_2M - SZ_4K, MEMORY + SZ_2M);
	expect_small(test, VA + SZ_2M, 2 * MEMORY);
	expect_small(test, VA + 2 * SZ_2M - SZ_4K, 3 * MEMORY + SZ_1M - SZ_4K);

	/* and here the device's address is not */
	buffer_init(&c->buffer);
	buffer_add(&c->buffer, MEMORY, SZ_2M);
	map(test, VA + SZ_4K, SZ_2M, 0, false);
	expect_small(test, VA + SZ_4K, MEMORY);
	expect_small(test, VA + SZ_2M, MEMORY + SZ_2M - SZ_4K);
}

static void huge_is_split(struct kunit *test)
{
	struct context *c = test->priv;

	buffer_add(&c->buffer, MEMORY, SZ_2M);
	map(test, VA, SZ_2M, 0, true);
	KUNIT_EXPECT_FALSE(test, c->pt.stale);
	unmap(test, VA + SZ_64K, SZ_4K);
	KUNIT_EXPECT_TRUE(test, c->pt.stale);
	KUNIT_EXPECT_LE(test, c->pt.stale_start, VA);
	KUNIT_EXPECT_GE(test, c->pt.stale_end, VA + SZ_2M);
	expect_small(test, VA, MEMORY | LOOM_PTE_RO);
	expect_small(test, VA + SZ_64K - SZ_4K, (MEMORY + SZ_64K - SZ_4K) | LOOM_PTE_RO);
	expect_nothing(test, VA + SZ_64K);
	expect_small(test, VA + SZ_2M - SZ_4K, (MEMORY + SZ_2M - SZ_4K) | LOOM_PTE_RO);
}

/* A huge leaf takes the place of a table, which stays until the device has forgotten it. */
static void huge_over_small(struct kunit *test)
{
	struct context *c = test->priv;

	buffer_add(&c->buffer, MEMORY, SZ_2M);
	map(test, VA + SZ_4K, SZ_4K, 0, false);
	map(test, VA, SZ_2M, 0, false);
	expect_huge(test, VA, MEMORY);
	expect_huge(test, VA + SZ_4K, MEMORY);
	KUNIT_EXPECT_FALSE(test, list_empty(&c->pt.dead));
	KUNIT_EXPECT_TRUE(test, c->pt.stale);
	loom_pt_reap(&c->pt);
	KUNIT_EXPECT_TRUE(test, list_empty(&c->pt.dead));
	KUNIT_EXPECT_FALSE(test, c->pt.stale);
}

static void stale_range(struct kunit *test)
{
	struct context *c = test->priv;

	buffer_add(&c->buffer, MEMORY, SZ_64K);
	map(test, VA, SZ_64K, 0, false);
	KUNIT_EXPECT_FALSE(test, c->pt.stale); /* over nothing */
	unmap(test, VA + SZ_8K, SZ_4K);
	unmap(test, VA + SZ_32K, SZ_4K);
	KUNIT_EXPECT_TRUE(test, c->pt.stale);
	KUNIT_EXPECT_LE(test, c->pt.stale_start, VA + SZ_8K);
	KUNIT_EXPECT_GE(test, c->pt.stale_end, VA + SZ_32K + SZ_4K);
	loom_pt_reap(&c->pt);
	unmap(test, VA + SZ_8K, SZ_4K); /* nothing is there any more */
	KUNIT_EXPECT_FALSE(test, c->pt.stale);
}

static void empty_tables_go(struct kunit *test)
{
	struct context *c = test->priv;
	u32 before;

	buffer_add(&c->buffer, MEMORY, SZ_8K);
	map(test, VA - SZ_4K, SZ_8K, 0, false); /* two paths down from the top */
	unmap(test, VA - SZ_4K, SZ_8K);
	expect_nothing(test, VA - SZ_4K);
	expect_nothing(test, VA);
	KUNIT_EXPECT_EQ(test, read_entry(&c->pt, loom_pt_root(&c->pt), VA, LOOM_PT_LEVELS - 1), 0);
	KUNIT_EXPECT_FALSE(test, list_empty(&c->pt.dead));
	before = spare(test);
	loom_pt_reap(&c->pt);
	KUNIT_EXPECT_EQ(test, spare(test), before + 5); /* one of level 2, two each of 1 and 0 */
}

static void ends_of_the_address_space(struct kunit *test)
{
	struct context *c = test->priv;
	u64 last = BIT_ULL(LOOM_VA_BITS) - SZ_4K;

	buffer_add(&c->buffer, MEMORY, SZ_4K);
	map(test, SZ_4K, SZ_4K, 0, false);
	map(test, last, SZ_4K, 0, false);
	expect_small(test, SZ_4K, MEMORY);
	expect_small(test, last, MEMORY);
	unmap(test, SZ_4K, BIT_ULL(LOOM_VA_BITS) - SZ_4K);
	expect_nothing(test, SZ_4K);
	expect_nothing(test, last);
}

/* What is reserved is enough, and what was reserved in vain is given back. */
static void reservation(struct kunit *test)
{
	struct context *c = test->priv;
	struct loom_pt_need need;

	buffer_add(&c->buffer, MEMORY, SZ_4M);
	need = loom_pt_need_map(VA, SZ_4M, &c->buffer.sgt, 0);
	KUNIT_EXPECT_EQ(test, need.tables[LOOM_PT_LEAF], 0); /* two huge leaves */
	need = loom_pt_need_map(VA + SZ_4K, SZ_2M, &c->buffer.sgt, 0);
	KUNIT_EXPECT_EQ(test, need.tables[LOOM_PT_LEAF], 2);
	KUNIT_EXPECT_EQ(test, loom_pt_need_unmap(VA, SZ_2M).tables[LOOM_PT_LEAF], 0);
	KUNIT_EXPECT_EQ(test, loom_pt_need_unmap(VA, SZ_4K).tables[LOOM_PT_LEAF], 1);
	KUNIT_EXPECT_EQ(test, loom_pt_need_unmap(VA + SZ_4K, SZ_4K).tables[LOOM_PT_LEAF], 2);

	need.tables[LOOM_PT_LEAF] = 20;
	KUNIT_ASSERT_EQ(test, loom_pt_reserve(&c->pt, &need), 0);
	KUNIT_EXPECT_GE(test, c->pt.num_spare[LOOM_PT_LEAF], 20);
	loom_pt_trim(&c->pt);
	KUNIT_EXPECT_GE(test, c->pt.num_spare[LOOM_PT_LEAF], 20);
	loom_pt_unreserve(&c->pt, &need);
	loom_pt_trim(&c->pt);
	KUNIT_EXPECT_LT(test, c->pt.num_spare[LOOM_PT_LEAF], 20);
}

static int pt_test_init(struct kunit *test)
{
	struct context *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct device *dev = kunit_device_register(test, "loom-pt-test");

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	KUNIT_ASSERT_EQ(test, loom_pt_init(&c->pt, dev), 0);
	buffer_init(&c->buffer);
	test->priv = c;
	return 0;
}

static void pt_test_exit(struct kunit *test)
{
	struct context *c = test->priv;

	if (c)
		loom_pt_fini(&c->pt);
}

static struct kunit_case pt_cases[] = {
	KUNIT_CASE(empty),
	KUNIT_CASE(small_pages),
	KUNIT_CASE(offset_into_buffer),
	KUNIT_CASE(readonly_bit),
	KUNIT_CASE(aligned_is_huge),
	KUNIT_CASE(huge_where_aligned),
	KUNIT_CASE(not_huge),
	KUNIT_CASE(huge_is_split),
	KUNIT_CASE(huge_over_small),
	KUNIT_CASE(stale_range),
	KUNIT_CASE(empty_tables_go),
	KUNIT_CASE(ends_of_the_address_space),
	KUNIT_CASE(reservation),
	{}
};

static struct kunit_suite pt_suite = {
	.name = "loom_pt",
	.init = pt_test_init,
	.exit = pt_test_exit,
	.test_cases = pt_cases,
};

kunit_test_suite(pt_suite);

/* MODULE_IMPORT_NS() takes a name or a string, by the kernel. */
MODULE_INFO(import_ns, "EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit tests of the Loom driver");
MODULE_LICENSE("GPL");
