// SPDX-License-Identifier: MIT
/* Page walk, every fault, TLB: over a bus that counts what it is asked for. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "qemu-device/core/mmu.h"

#define PAGES		4096
#define BASE		0x40000000ull
#define VA		0x0000123456789000ull
#define HUGE_VA		0x0000007fffe00000ull
#define AS		7

/**
 * struct world - memory and an MMU on it
 * @reads: dma_read calls
 * @maps: mappings held; @map_calls: ever made
 * @map_limit: dma_map shortens to this
 * @block: dma_read waits in here while set
 */
struct world {
	uint8_t *mem;
	struct loom_mmu mmu;
	struct loom_tlb *tlb;
	struct loom_bus bus;
	uint64_t next, pgd;
	_Atomic int reads, maps, map_calls, entered;
	_Atomic int block;
	size_t map_limit;
};

static uint8_t *at(struct world *w, uint64_t addr, size_t len)
{
	if (addr < BASE || addr - BASE > PAGES * 4096ull - len)
		return NULL;
	return w->mem + (addr - BASE);
}

static int bus_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct world *w = opaque;
	uint8_t *p = at(w, addr, len);

	atomic_fetch_add(&w->reads, 1);
	atomic_fetch_add(&w->entered, 1);
	while (atomic_load(&w->block))
		sched_yield();
	if (!p)
		return -EFAULT;
	memcpy(buf, p, len);
	return 0;
}

static int bus_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	uint8_t *p = at(opaque, addr, len);

	if (!p)
		return -EFAULT;
	memcpy(p, buf, len);
	return 0;
}

static void *bus_map(void *opaque, uint64_t addr, size_t *len, int write)
{
	struct world *w = opaque;
	uint8_t *p = at(w, addr, 1);

	if (!p)
		return NULL;
	if (w->map_limit && *len > w->map_limit)
		*len = w->map_limit;
	atomic_fetch_add(&w->maps, 1);
	atomic_fetch_add(&w->map_calls, 1);
	return p;
}

static void bus_unmap(void *opaque, void *ptr, size_t len, int write)
{
	struct world *w = opaque;

	atomic_fetch_sub(&w->maps, 1);
}

static uint64_t page(struct world *w)
{
	w->next += 4096;
	assert_true(w->next <= PAGES * 4096ull);
	return BASE + w->next - 4096;
}

static uint64_t *entry(struct world *w, uint64_t va, int level)
{
	uint64_t table = w->pgd, *e;

	for (int l = 3;; l--) {
		e = (uint64_t *)at(w, table, 4096) + ((va >> (12 + 9 * l)) & 511);
		if (l == level)
			return e;
		if (!*e)
			*e = page(w) | LOOM_PTE_VALID;
		table = *e & LOOM_PTE_ADDR;
	}
}

static int setup(void **state, bool map)
{
	struct world *w = calloc(1, sizeof(*w));

	w->mem = aligned_alloc(4096, PAGES * 4096ull);
	memset(w->mem, 0, PAGES * 4096ull);
	w->bus = (struct loom_bus) { .dma_read = bus_read, .dma_write = bus_write };
	if (map) {
		w->bus.dma_map = bus_map;
		w->bus.dma_unmap = bus_unmap;
	}
	loom_mmu_init(&w->mmu, &w->bus, w);
	w->tlb = loom_mmu_add_user(&w->mmu);
	w->next = 4 << 20;	/* below: data */
	w->pgd = page(w);
	atomic_store(&w->mmu.as[AS].pgd, w->pgd);
	atomic_store(&w->mmu.as[AS].enable, 1);
	*state = w;
	return 0;
}

static int setup_plain(void **state) { return setup(state, false); }
static int setup_mapped(void **state) { return setup(state, true); }

static int teardown(void **state)
{
	struct world *w = *state;

	loom_mmu_fini(&w->mmu);
	assert_int_equal(w->maps, 0);
	free(w->mem);
	free(w);
	return 0;
}

static int access_at(struct world *w, uint64_t va, size_t len, int access, uint64_t *fault_va)
{
	static uint8_t buf[1 << 20];

	assert_true(len <= sizeof(buf));
	*fault_va = ~0ull;
	return loom_tlb_access(w->tlb, AS, va, buf, len, access, fault_va);
}

static void expect_fault(struct world *w, uint64_t va, size_t len, int access, int want, uint64_t want_va)
{
	uint64_t fault_va;

	assert_int_equal(access_at(w, va, len, access, &fault_va), want);
	assert_true(fault_va == want_va);
}

/* ---- Walk ---- */

static void reads_and_writes(void **state)
{
	struct world *w = *state;
	uint8_t out[3 * 4096], in[3 * 4096];
	uint64_t fault_va;

	/* three pages in an order of their own, entered in the middle */
	*entry(w, VA, 0) = (BASE + 0x5000) | LOOM_PTE_VALID;
	*entry(w, VA + 4096, 0) = (BASE + 0x2000) | LOOM_PTE_VALID;
	*entry(w, VA + 8192, 0) = (BASE + 0x3000) | LOOM_PTE_VALID;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(loom_tlb_access(w->tlb, AS, VA + 100, out, 3 * 4096 - 100, LOOM_ACCESS_WRITE,
					 &fault_va), 0);
	assert_memory_equal(w->mem + 0x5000 + 100, out, 4096 - 100);
	assert_memory_equal(w->mem + 0x2000, out + 4096 - 100, 8192);
	assert_int_equal(loom_tlb_access(w->tlb, AS, VA + 100, in, 3 * 4096 - 100, LOOM_ACCESS_READ,
					 &fault_va), 0);
	assert_memory_equal(in, out, 3 * 4096 - 100);
}

static void huge_pages(void **state)
{
	struct world *w = *state;
	uint8_t v = 0;
	uint64_t fault_va;

	*entry(w, HUGE_VA, 1) = (BASE + 0x200000) | LOOM_PTE_VALID | LOOM_PTE_HUGE;
	*entry(w, HUGE_VA + 0x200000, 0) = (BASE + 0x1000) | LOOM_PTE_VALID;
	w->mem[0x200000 + 0x12345] = 0xab;
	assert_int_equal(loom_tlb_access(w->tlb, AS, HUGE_VA + 0x12345, &v, 1, 0, &fault_va), 0);
	assert_int_equal(v, 0xab);
	/* across the border of a huge and a small page */
	expect_fault(w, HUGE_VA + 0x1ff000, 3 * 4096, LOOM_ACCESS_READ, LOOM_MMU_FAULT_UNMAPPED,
		     HUGE_VA + 0x201000);
	/* where the host maps less than the page, the rest goes through the bus */
	loom_tlb_flush(w->tlb);
	w->map_limit = 4096;
	w->mem[0x3fffff] = 0xcd;
	assert_int_equal(loom_tlb_access(w->tlb, AS, HUGE_VA + 0x1fffff, &v, 1, 0, &fault_va), 0);
	assert_int_equal(v, 0xcd);
}

static void faults(void **state)
{
	struct world *w = *state;

	*entry(w, VA, 0) = (BASE + 0x5000) | LOOM_PTE_VALID;

	/* unmapped, at each level */
	expect_fault(w, VA + 4096, 1, 0, LOOM_MMU_FAULT_UNMAPPED, VA + 4096);
	expect_fault(w, VA + (1ull << 21), 1, 0, LOOM_MMU_FAULT_UNMAPPED, VA + (1ull << 21));
	expect_fault(w, VA + (1ull << 30), 1, 0, LOOM_MMU_FAULT_UNMAPPED, VA + (1ull << 30));
	expect_fault(w, VA + (1ull << 39), 1, 0, LOOM_MMU_FAULT_UNMAPPED, VA + (1ull << 39));
	/* what is not valid is unmapped, whatever else it says */
	*entry(w, VA + 4096, 0) = ~LOOM_PTE_VALID;
	expect_fault(w, VA + 4096, 1, 0, LOOM_MMU_FAULT_UNMAPPED, VA + 4096);

	/* bytes before the fault have been moved, and it names the page */
	expect_fault(w, VA + 4000, 200, LOOM_ACCESS_WRITE, LOOM_MMU_FAULT_UNMAPPED, VA + 4096);

	/* read-only: reading is allowed. On a table it does not count */
	*entry(w, VA, 0) |= LOOM_PTE_RO;
	loom_mmu_drop(&w->mmu, AS);
	expect_fault(w, VA + 8, 8, LOOM_ACCESS_WRITE, LOOM_MMU_FAULT_READ_ONLY, VA + 8);
	expect_fault(w, VA + 8, 8, LOOM_ACCESS_READ, 0, VA + 8);
	*entry(w, VA, 0) &= ~LOOM_PTE_RO;
	*entry(w, VA, 1) |= LOOM_PTE_RO;
	loom_mmu_drop(&w->mmu, AS);
	expect_fault(w, VA + 8, 8, LOOM_ACCESS_WRITE, 0, VA + 8);

	/* malformed: unknown bits anywhere, HUGE where it cannot be, a huge page off its alignment */
	for (int level = 0; level < 4; level++) {
		static const uint64_t bad[] = { 1 << 3, 1 << 11, 1ull << 52, 1ull << 63 };

		for (size_t i = 0; i < 5; i++) {
			uint64_t bits = i < 4 ? bad[i] : LOOM_PTE_HUGE, *e = entry(w, VA, level), old = *e;

			*e |= bits;
			loom_mmu_drop(&w->mmu, AS);
			if (i == 4 && level == 1)
				*e |= 0x1000;
			expect_fault(w, VA, 1, 0, LOOM_MMU_FAULT_PTE, VA);
			*e = old;
		}
	}
	loom_mmu_drop(&w->mmu, AS);

	/* beyond 48 bits, and running into it */
	expect_fault(w, 1ull << 48, 1, 0, LOOM_MMU_FAULT_RANGE, 1ull << 48);
	expect_fault(w, ~0ull, 1, 0, LOOM_MMU_FAULT_RANGE, ~0ull);
	*entry(w, 0x0000fffffffff000ull, 0) = (BASE + 0x5000) | LOOM_PTE_VALID;
	expect_fault(w, 0x0000fffffffffff0ull, 32, 0, LOOM_MMU_FAULT_RANGE, 1ull << 48);

	/* not on the bus: data, then a table, then the top one */
	*entry(w, VA, 0) = 0x1000 | LOOM_PTE_VALID;
	loom_mmu_drop(&w->mmu, AS);
	expect_fault(w, VA + 5, 1, 0, LOOM_MMU_FAULT_BUS, VA + 5);
	expect_fault(w, VA + 5, 1, 1, LOOM_MMU_FAULT_BUS, VA + 5);
	*entry(w, VA, 1) = 0x1000 | LOOM_PTE_VALID;
	loom_mmu_drop(&w->mmu, AS);
	expect_fault(w, VA, 1, 0, LOOM_MMU_FAULT_BUS, VA);
	atomic_store(&w->mmu.as[AS].pgd, 0x1000);
	loom_mmu_drop(&w->mmu, AS);
	expect_fault(w, VA, 1, 0, LOOM_MMU_FAULT_BUS, VA);

	atomic_store(&w->mmu.as[AS].enable, 0);
	expect_fault(w, VA, 1, 0, LOOM_MMU_FAULT_DISABLED, VA);
}

/* ---- TLB ---- */

static void hits_walk_no_more(void **state)
{
	struct world *w = *state;
	uint64_t fault_va;
	int reads;

	for (unsigned int i = 0; i < 64; i++)
		*entry(w, VA + i * 4096, 0) = (BASE + i * 4096) | LOOM_PTE_VALID;
	reads = w->reads;
	assert_int_equal(access_at(w, VA, 64 * 4096, 0, &fault_va), 0);
	/* four levels once, then one entry a page: the table is remembered. Plus the data where it is not mapped */
	assert_true(w->reads - reads <= 4 + 63 + 4);
	reads = w->reads;
	assert_int_equal(access_at(w, VA, 64 * 4096, 0, &fault_va), 0);
	/* pages that follow each other on the bus are read at one go of up to 64 KiB */
	assert_int_equal(w->reads - reads, w->bus.dma_map ? 0 : 4);
}

static void stale_until_dropped(void **state)
{
	struct world *w = *state;
	uint64_t fault_va;
	uint8_t v;

	w->mem[0x5000] = 5;
	w->mem[0x6000] = 6;
	*entry(w, VA, 0) = (BASE + 0x5000) | LOOM_PTE_VALID;
	assert_int_equal(loom_tlb_access(w->tlb, AS, VA, &v, 1, 0, &fault_va), 0);
	assert_int_equal(v, 5);
	*entry(w, VA, 0) = (BASE + 0x6000) | LOOM_PTE_VALID;
	loom_mmu_drop(&w->mmu, AS);
	assert_false(loom_mmu_busy(&w->mmu, AS));
	assert_int_equal(loom_tlb_access(w->tlb, AS, VA, &v, 1, 0, &fault_va), 0);
	assert_int_equal(v, 6);
	/* another address space is not touched, and does not hit this one's entries */
	atomic_store(&w->mmu.as[AS + 1].enable, 1);
	atomic_store(&w->mmu.as[AS + 1].pgd, page(w));
	assert_int_equal(loom_tlb_access(w->tlb, AS + 1, VA, &v, 1, 0, &fault_va), LOOM_MMU_FAULT_UNMAPPED);
}

static void *reader(void *opaque)
{
	struct world *w = opaque;
	uint64_t fault_va;

	return (void *)(intptr_t)access_at(w, VA, 16, LOOM_ACCESS_READ, &fault_va);
}

/* An access that is under way keeps the invalidation busy until it has ended. */
static void drop_waits_for_accesses(void **state)
{
	struct world *w = *state;
	pthread_t thread;
	void *result;

	*entry(w, VA, 0) = (BASE + 0x5000) | LOOM_PTE_VALID;
	atomic_store(&w->entered, 0);
	atomic_store(&w->block, 1);
	assert_int_equal(pthread_create(&thread, NULL, reader, w), 0);
	while (!atomic_load(&w->entered))
		sched_yield();
	assert_false(loom_mmu_busy(&w->mmu, AS));	/* nothing was dropped yet */
	loom_mmu_drop(&w->mmu, AS);
	assert_true(loom_mmu_busy(&w->mmu, AS));
	atomic_store(&w->block, 0);
	pthread_join(thread, &result);
	assert_null(result);
	assert_false(loom_mmu_busy(&w->mmu, AS));
}

static void reset_cuts_off(void **state)
{
	struct world *w = *state;
	uint64_t fault_va, word = 0;

	*entry(w, VA, 0) = (BASE + 0x5000) | LOOM_PTE_VALID;
	assert_int_equal(access_at(w, VA, 8, LOOM_ACCESS_WRITE, &fault_va), 0);
	loom_mmu_wait(&w->mmu, loom_mmu_reset(&w->mmu));
	/* as if the driver had already set up the next life */
	atomic_store(&w->mmu.as[AS].pgd, w->pgd);
	atomic_store(&w->mmu.as[AS].enable, 1);
	expect_fault(w, VA, 8, LOOM_ACCESS_WRITE, LOOM_MMU_FAULT_DISABLED, VA);
	assert_int_equal(loom_tlb_bus_access(w->tlb, BASE, &word, 8, LOOM_ACCESS_WRITE),
			 LOOM_MMU_FAULT_DISABLED);
	loom_tlb_renew(w->tlb);
	expect_fault(w, VA, 8, LOOM_ACCESS_WRITE, 0, VA);
	assert_int_equal(loom_tlb_bus_access(w->tlb, BASE, &word, 8, LOOM_ACCESS_WRITE), 0);
	assert_int_equal(loom_tlb_bus_access(w->tlb, 0x100, &word, 8, LOOM_ACCESS_READ), LOOM_MMU_FAULT_BUS);
}

/* More pages than the TLB has entries: evicted mappings are given back, all is still right. */
static void eviction(void **state)
{
	struct world *w = *state;
	uint64_t fault_va;

	for (unsigned int i = 0; i < 2 * LOOM_TLB_PAGES; i++) {
		*entry(w, VA + i * 4096ull, 0) = (BASE + (i % 512) * 4096) | LOOM_PTE_VALID;
		assert_int_equal(access_at(w, VA + i * 4096ull, 1, i & 1, &fault_va), 0);
		assert_true(w->maps <= LOOM_TLB_PAGES);
	}
	for (unsigned int i = 0; i < 512; i++) {
		uint8_t v;

		w->mem[i * 4096 + 9] = (uint8_t)(i + i / 256);
		assert_int_equal(loom_tlb_access(w->tlb, AS, VA + i * 4096ull + 9, &v, 1, 0, &fault_va), 0);
		assert_int_equal(v, (uint8_t)(i + i / 256));
	}
	loom_tlb_flush(w->tlb);
	assert_int_equal(w->maps, 0);
}

static void mapping_is_made_writable_once(void **state)
{
	struct world *w = *state;
	uint64_t fault_va;

	*entry(w, VA, 0) = (BASE + 0x5000) | LOOM_PTE_VALID;
	for (int i = 0; i < 10; i++)
		assert_int_equal(access_at(w, VA, 64, LOOM_ACCESS_READ, &fault_va), 0);
	assert_int_equal(w->map_calls, 1);
	for (int i = 0; i < 10; i++)
		assert_int_equal(access_at(w, VA, 64, i & 1, &fault_va), 0);
	assert_int_equal(w->map_calls, 2);
	assert_int_equal(w->maps, 1);
}

#define BOTH(f)									\
	cmocka_unit_test_setup_teardown(f, setup_plain, teardown),		\
	cmocka_unit_test_setup_teardown(f, setup_mapped, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(reads_and_writes),
		BOTH(huge_pages),
		BOTH(faults),
		BOTH(hits_walk_no_more),
		BOTH(stale_until_dropped),
		BOTH(drop_waits_for_accesses),
		BOTH(reset_cuts_off),
		BOTH(eviction),
		cmocka_unit_test_setup_teardown(mapping_is_made_writable_once, setup_mapped, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
