// SPDX-License-Identifier: GPL-2.0
/*
 * Indices of rings: that they wrap, and that numbers of the hardware that cannot be are seen.
 */
#include <kunit/test.h>

#include "../loom_hwq.h"
#include "../loom_job.h"
#include "../loom_kunit.h"

#define WRAP	BIT_ULL(32)

static void messages(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, loom_mbox_pending(0, 0), 0);
	KUNIT_EXPECT_EQ(test, loom_mbox_pending(5, 7), 2);
	KUNIT_EXPECT_EQ(test, loom_mbox_pending(5, 5 + LOOM_MSG_SLOTS), LOOM_MSG_SLOTS);
	KUNIT_EXPECT_EQ(test, loom_mbox_pending(5, 6 + LOOM_MSG_SLOTS), -EPROTO);
	KUNIT_EXPECT_EQ(test, loom_mbox_pending(7, 5), -EPROTO);
	KUNIT_EXPECT_EQ(test, loom_mbox_pending(U32_MAX, 1), 2);
	KUNIT_EXPECT_EQ(test, loom_mbox_pending(0, U32_MAX), -EPROTO);
}

static u64 started(u64 base, u64 done, u64 pushed, u32 head)
{
	static struct loom_hwq hwq;

	hwq.base = base;
	hwq.done = done;
	hwq.pushed = pushed;
	return loom_hwq_started(&hwq, head);
}

static void jobs_started(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, started(0, 0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, started(0, 2, 5, 2), 2);
	KUNIT_EXPECT_EQ(test, started(0, 2, 5, 3), 3);
	KUNIT_EXPECT_EQ(test, started(0, 2, 5, 5), 5);
	/* made again by a reset when 100 jobs had ended */
	KUNIT_EXPECT_EQ(test, started(100, 102, 105, 3), 103);
}

static void jobs_started_wrap(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, started(0, WRAP - 1, WRAP + 3, U32_MAX), WRAP - 1);
	KUNIT_EXPECT_EQ(test, started(0, WRAP - 1, WRAP + 3, 0), WRAP);
	KUNIT_EXPECT_EQ(test, started(0, WRAP - 1, WRAP + 3, 1), WRAP + 1);
	KUNIT_EXPECT_EQ(test, started(0, WRAP + 7, WRAP + 9, 8), WRAP + 8);
	KUNIT_EXPECT_EQ(test, started(100, 3 * WRAP + 107, 3 * WRAP + 109, 8), 3 * WRAP + 108);
}

/* The worst is expected: all had begun. */
static void jobs_started_nonsense(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, started(0, 2, 5, 6), 5);
	KUNIT_EXPECT_EQ(test, started(0, 2, 5, U32_MAX), 5);
	KUNIT_EXPECT_EQ(test, started(0, 2, 5, 1), 5); /* fewer than have ended */
	KUNIT_EXPECT_EQ(test, started(0, 2, 5, 0), 5);
	KUNIT_EXPECT_EQ(test, started(0, 5, 5, U32_MAX), 5);
	KUNIT_EXPECT_EQ(test, started(0, WRAP + 2, WRAP + 5, U32_MAX), WRAP + 5);
}

/* Each job lies where the hardware, which counts from the base, looks for it. */
static void entries(struct kunit *test)
{
	static const u64 bases[] = { 0, 100, WRAP - 3 };
	struct loom_hwq *hwq = kunit_kzalloc(test, sizeof(*hwq), GFP_KERNEL);
	struct loom_run *runs = kunit_kcalloc(test, LOOM_RING_ENTRIES, sizeof(*runs), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, hwq);
	KUNIT_ASSERT_NOT_NULL(test, runs);
	spin_lock_init(&hwq->lock);
	hwq->ring = kunit_kcalloc(test, LOOM_RING_ENTRIES, sizeof(*hwq->ring), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, hwq->ring);
	for (unsigned int i = 0; i < ARRAY_SIZE(bases); i++) {
		hwq->base = bases[i];
		for (u64 n = LOOM_RING_ENTRIES - 2; n < LOOM_RING_ENTRIES + 2; n++) {
			struct loom_job *entry = &hwq->ring[n % LOOM_RING_ENTRIES];
			u64 job = hwq->base + n;
			struct loom_run *run = &runs[job % LOOM_RING_ENTRIES];

			run->stream_va = 0x1000 * (n + 1);
			run->stream_slots = n + 7;
			hwq->inflight[job % LOOM_RING_ENTRIES] = run;
			loom_hwq_write_entry(hwq, job);
			KUNIT_EXPECT_EQ(test, le64_to_cpu(entry->stream_va), 0x1000 * (n + 1));
			KUNIT_EXPECT_EQ(test, le32_to_cpu(entry->stream_slots), n + 7);
			KUNIT_EXPECT_EQ(test, le64_to_cpu(entry->seqno), n + 1);
		}
	}
}

/* Of a queue whose doorbell user space has: with 16 entries. */
static u32 left(u64 done, u32 head, u32 tail)
{
	return loom_userq_left(done, head, tail, 4);
}

static void user_jobs(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, left(0, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, left(10, 10, 12), 2);
	KUNIT_EXPECT_EQ(test, left(10, 11, 12), 2);
	KUNIT_EXPECT_EQ(test, left(10, 10, 26), 16);
	KUNIT_EXPECT_EQ(test, left(WRAP - 1, U32_MAX, 1), 2);
	KUNIT_EXPECT_EQ(test, left(WRAP + 10, 10, 12), 2);
}

static void user_jobs_nonsense(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, left(10, 10, 27), 0); /* further ahead than the ring is long */
	KUNIT_EXPECT_EQ(test, left(10, 10, 9), 0); /* behind */
	KUNIT_EXPECT_EQ(test, left(10, 10, U32_MAX), 0);
	/* but what runs is there, whatever the doorbell says */
	KUNIT_EXPECT_EQ(test, left(10, 11, 9), 1);
	KUNIT_EXPECT_EQ(test, left(10, 11, 10), 1);
	KUNIT_EXPECT_EQ(test, left(WRAP - 1, 0, 77), 1);
	KUNIT_EXPECT_EQ(test, left(10, U32_MAX, U32_MAX), 0);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(messages),
	KUNIT_CASE(jobs_started),
	KUNIT_CASE(jobs_started_wrap),
	KUNIT_CASE(jobs_started_nonsense),
	KUNIT_CASE(entries),
	KUNIT_CASE(user_jobs),
	KUNIT_CASE(user_jobs_nonsense),
	{}
};

static struct kunit_suite ring_suite = {
	.name = "loom_rings",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);
