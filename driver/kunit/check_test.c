// SPDX-License-Identifier: GPL-2.0
/*
 * Validators of what comes from user space and from other drivers: of each field what just may be,
 * and what just may not.
 */
#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include <drm/loom_accel.h>
#include <loom/regs.h>

#include "../loom_device.h"
#include "../loom_kunit.h"
#include "../loom_userq.h"

#define SLOT	64

static int bind(u32 flags, u32 handle, u64 offset, u64 va, u64 size)
{
	struct drm_loom_bind_op op = {
		.flags = flags, .bo_handle = handle, .bo_offset = offset, .va = va, .size = size,
	};

	return loom_bind_check(&op);
}

static void bind_range(struct kunit *test)
{
	const u32 maps = DRM_LOOM_BIND_MAP;

	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_START, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_END - SZ_4K, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_START, LOOM_VA_END - LOOM_VA_START), 0);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_START - SZ_4K, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, 0, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_END, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_END - SZ_4K, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_START, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_START + 1, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_START, SZ_4K + 1), -EINVAL);
	/* sums that wrap */
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, -(u64)SZ_4K, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 0, LOOM_VA_START, -(u64)LOOM_VA_START), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, -(u64)SZ_4K, LOOM_VA_START, SZ_8K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(maps, 1, 1, LOOM_VA_START, SZ_4K), -EINVAL);
}

static void bind_flags(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, bind(DRM_LOOM_BIND_MAP | DRM_LOOM_BIND_READONLY, 1, 0, SZ_1M, SZ_4K),
			0);
	KUNIT_EXPECT_EQ(test, bind(DRM_LOOM_BIND_UNMAP, 0, 0, SZ_1M, SZ_4K), 0);
	KUNIT_EXPECT_EQ(test, bind(DRM_LOOM_BIND_UNMAP, 1, 0, SZ_1M, SZ_4K), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(DRM_LOOM_BIND_UNMAP, 0, SZ_4K, SZ_1M, SZ_4K), -EINVAL);
	for (unsigned int bit = 0; bit < 32; bit++) {
		u32 map = DRM_LOOM_BIND_MAP ^ BIT(bit), unmap = DRM_LOOM_BIND_UNMAP | BIT(bit);

		if (map != (DRM_LOOM_BIND_MAP | DRM_LOOM_BIND_READONLY))
			KUNIT_EXPECT_EQ(test, bind(map, 1, 0, SZ_1M, SZ_4K), -EINVAL);
		if (unmap != DRM_LOOM_BIND_UNMAP)
			KUNIT_EXPECT_EQ(test, bind(unmap, 0, 0, SZ_1M, SZ_4K), -EINVAL);
	}
}

static bool job(u32 flags, u64 va, u32 slots)
{
	struct drm_loom_job job = { .flags = flags, .stream_va = va, .stream_slots = slots };

	return loom_job_ok(&job);
}

static void jobs(struct kunit *test)
{
	const u64 longest = (u64)LOOM_STREAM_SLOTS_MAX * SLOT;

	KUNIT_EXPECT_TRUE(test, job(0, LOOM_VA_START, 1));
	KUNIT_EXPECT_TRUE(test, job(0, LOOM_VA_END - SLOT, 1));
	KUNIT_EXPECT_TRUE(test, job(0, LOOM_VA_END - longest, LOOM_STREAM_SLOTS_MAX));
	KUNIT_EXPECT_FALSE(test, job(0, LOOM_VA_START, 0));
	KUNIT_EXPECT_FALSE(test, job(0, LOOM_VA_START, LOOM_STREAM_SLOTS_MAX + 1));
	KUNIT_EXPECT_FALSE(test, job(0, LOOM_VA_START, U32_MAX));
	KUNIT_EXPECT_FALSE(test, job(0, LOOM_VA_START - SLOT, 1));
	KUNIT_EXPECT_FALSE(test, job(0, LOOM_VA_START + 8, 1));
	KUNIT_EXPECT_FALSE(test, job(0, LOOM_VA_END - SLOT, 2));
	KUNIT_EXPECT_FALSE(test, job(0, LOOM_VA_END, 1));
	KUNIT_EXPECT_FALSE(test, job(0, -(u64)SLOT, 2));
	for (unsigned int bit = 0; bit < 32; bit++)
		KUNIT_EXPECT_FALSE(test, job(BIT(bit), LOOM_VA_START, 1));
}

static bool sync(u32 flags, u64 value)
{
	struct drm_loom_sync_op op = { .flags = flags, .handle = 1, .value = value };

	return loom_sync_ok(&op);
}

static void syncs(struct kunit *test)
{
	static const u32 known[] = { DRM_LOOM_SYNC_SYNCOBJ, DRM_LOOM_SYNC_TIMELINE };

	for (unsigned int i = 0; i < ARRAY_SIZE(known); i++) {
		bool binary = known[i] == DRM_LOOM_SYNC_SYNCOBJ;

		KUNIT_EXPECT_EQ(test, sync(known[i], 0), binary);
		KUNIT_EXPECT_EQ(test, sync(known[i], 1), !binary);
		KUNIT_EXPECT_EQ(test, sync(known[i], U64_MAX), !binary);
		KUNIT_EXPECT_EQ(test, sync(known[i] | DRM_LOOM_SYNC_SIGNAL, 0), binary);
		KUNIT_EXPECT_EQ(test, sync(known[i] | DRM_LOOM_SYNC_SIGNAL, 1), !binary);
	}
	for (unsigned int bit = 1; bit < 32; bit++) {
		if (BIT(bit) == DRM_LOOM_SYNC_SIGNAL)
			continue;
		KUNIT_EXPECT_FALSE(test, sync(BIT(bit), 0));
		KUNIT_EXPECT_FALSE(test, sync(BIT(bit), 1));
	}
}

static void buffer_size(struct kunit *test)
{
	u64 memory = (u64)totalram_pages() << PAGE_SHIFT;

	KUNIT_EXPECT_FALSE(test, loom_bo_size_ok(0));
	KUNIT_EXPECT_TRUE(test, loom_bo_size_ok(1));
	KUNIT_EXPECT_TRUE(test, loom_bo_size_ok(memory));
	KUNIT_EXPECT_FALSE(test, loom_bo_size_ok(memory + 1));
	KUNIT_EXPECT_FALSE(test, loom_bo_size_ok(U64_MAX));
}

static bool parts(u64 at, u32 first, u32 second, u64 size)
{
	struct scatterlist part[2];
	struct sg_table sgt = { .sgl = part, .nents = 2, .orig_nents = 2 };

	sg_init_table(part, 2);
	sg_dma_address(&part[0]) = at;
	sg_dma_len(&part[0]) = first;
	sg_dma_address(&part[1]) = 2 * (u64)SZ_1G;
	sg_dma_len(&part[1]) = second;
	return loom_gem_sgt_ok(&sgt, size);
}

static void imported_memory(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, parts(SZ_1G, SZ_4K, SZ_8K, 3 * SZ_4K));
	KUNIT_EXPECT_TRUE(test, parts(SZ_1G, SZ_4K, SZ_8K, SZ_4K));
	KUNIT_EXPECT_FALSE(test, parts(SZ_1G, SZ_4K, SZ_8K, 3 * SZ_4K + 1));
	KUNIT_EXPECT_FALSE(test, parts(SZ_1G + 512, SZ_4K, SZ_8K, SZ_4K));
	KUNIT_EXPECT_FALSE(test, parts(SZ_1G, 512, SZ_8K, SZ_4K));
	KUNIT_EXPECT_FALSE(test, parts(SZ_1G, SZ_4K, SZ_4K + 1, SZ_4K));
}

static bool user_queue(u32 flags, u64 ring, u64 records, u32 log2, u32 pad)
{
	struct drm_loom_queue_create args = {
		.flags = flags, .ring_va = ring, .cpl_va = records, .ring_log2 = log2, .pad = pad,
	};

	return loom_userq_args_ok(&args);
}

static void user_queues(struct kunit *test)
{
	const u32 user = DRM_LOOM_QUEUE_USER;
	const u64 longest = (u64)sizeof(struct loom_job) << LOOM_RING_LOG2_MAX;
	const u64 end = LOOM_VA_END - longest;

	KUNIT_EXPECT_TRUE(test, user_queue(0, 0, 0, 0, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(0, SZ_1M, 0, 0, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(0, 0, SZ_1M, 0, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(0, 0, 0, LOOM_RING_LOG2_MIN, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(0, 0, 0, 0, 1));

	KUNIT_EXPECT_TRUE(test, user_queue(user, LOOM_VA_START, SZ_1M, LOOM_RING_LOG2_MIN, 0));
	KUNIT_EXPECT_TRUE(test, user_queue(user, end, SZ_1M, LOOM_RING_LOG2_MAX, 0));
	KUNIT_EXPECT_TRUE(test, user_queue(user, SZ_1M, end, LOOM_RING_LOG2_MAX, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, SZ_1M, SZ_2M, LOOM_RING_LOG2_MIN, 1));
	KUNIT_EXPECT_FALSE(test, user_queue(user, SZ_1M, SZ_2M, LOOM_RING_LOG2_MIN - 1, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, SZ_1M, SZ_2M, LOOM_RING_LOG2_MAX + 1, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, SZ_1M, SZ_2M, U32_MAX, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, 0, SZ_2M, LOOM_RING_LOG2_MIN, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, SZ_1M, 0, LOOM_RING_LOG2_MIN, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, SZ_1M + 8, SZ_2M, LOOM_RING_LOG2_MIN, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, SZ_1M, SZ_2M + 8, LOOM_RING_LOG2_MIN, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, end + 64, SZ_1M, LOOM_RING_LOG2_MAX, 0));
	KUNIT_EXPECT_FALSE(test, user_queue(user, -(u64)64, SZ_1M, LOOM_RING_LOG2_MIN, 0));
}

static struct kunit_case check_cases[] = {
	KUNIT_CASE(bind_range),
	KUNIT_CASE(bind_flags),
	KUNIT_CASE(jobs),
	KUNIT_CASE(syncs),
	KUNIT_CASE(buffer_size),
	KUNIT_CASE(imported_memory),
	KUNIT_CASE(user_queues),
	{}
};

static struct kunit_suite check_suite = {
	.name = "loom_checks",
	.test_cases = check_cases,
};

kunit_test_suite(check_suite);
