// SPDX-License-Identifier: MIT
/* Random page tables: every access must do what a walk of the tables, one byte's page at a time, says. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "qemu-device/core/mmu.h"

#define PAGE		4096ull
#define BASE		0x40000000ull	/* 2 MiB aligned */
#define TABLES		24u		/* pages; data from there on */
#define PAGES		1024u
#define AS		3
#define MAX_LEN		(3 * PAGE)

/*
 * struct world - memory and an MMU on it
 * @shadow: what @mem ought to be
 */
struct world {
	uint8_t *mem, *shadow;
	struct loom_mmu mmu;
	struct loom_tlb *tlb;
	struct loom_bus bus;
	uint64_t pgd;
	bool enabled;
	size_t map_limit;
};

static uint8_t *at(struct world *w, uint64_t addr, size_t len)
{
	if (addr < BASE || len > PAGES * PAGE || addr - BASE > PAGES * PAGE - len)
		return NULL;
	return w->mem + (addr - BASE);
}

static int bus_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	const uint8_t *p = at(opaque, addr, len);

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
	uint64_t left = p ? BASE + PAGES * PAGE - addr : 0;

	if (*len > left)
		*len = left;
	if (w->map_limit && *len > w->map_limit)
		*len = w->map_limit;
	return p;
}

static void bus_unmap(void *opaque, void *ptr, size_t len, int write)
{
}

/* The plain walk: where @va lies, or why not. */
static int walk(struct world *w, uint64_t va, bool write, uint64_t *bus)
{
	uint64_t table = w->pgd, pte;

	if (va >> LOOM_VA_BITS)
		return LOOM_MMU_FAULT_RANGE;
	if (!w->enabled)
		return LOOM_MMU_FAULT_DISABLED;
	for (int level = LOOM_PT_LEVELS - 1;; level--) {
		uint64_t shift = LOOM_PAGE_SHIFT + (uint64_t)level * LOOM_PT_BITS;
		bool huge;

		if (bus_read(w, table + (va >> shift) % 512 * 8, &pte, 8))
			return LOOM_MMU_FAULT_BUS;
		if (!(pte & LOOM_PTE_VALID))
			return LOOM_MMU_FAULT_UNMAPPED;
		huge = pte & LOOM_PTE_HUGE;
		if (pte & ~(LOOM_PTE_VALID | LOOM_PTE_RO | LOOM_PTE_HUGE | LOOM_PTE_ADDR) || (huge && level != 1) ||
		    (huge && pte >> LOOM_PAGE_SHIFT & 511))
			return LOOM_MMU_FAULT_PTE;
		table = pte & LOOM_PTE_ADDR;
		if (!level || huge) {
			*bus = table + (va & ((1ull << shift) - 1));
			return write && pte & LOOM_PTE_RO ? LOOM_MMU_FAULT_READ_ONLY : 0;
		}
	}
}

/* Few indices a level, so that accesses meet what was made: the lowest, the next, the last. */
static uint64_t pick_index(struct fuzz *f)
{
	static const uint16_t index[4] = { 0, 1, 2, 511 };

	return index[fuzz_below(f, 4)];
}

static uint64_t pick_va(struct fuzz *f)
{
	uint64_t va = 0;

	if (fuzz_below(f, 50) == 49)
		return fuzz_number(f);
	for (int level = 0; level < LOOM_PT_LEVELS; level++)
		va |= pick_index(f) << (LOOM_PAGE_SHIFT + level * LOOM_PT_BITS);
	return va + (fuzz_below(f, 2) ? fuzz_below(f, 4096) : 4096 - fuzz_below(f, 32));
}

static uint64_t pick_pte(struct fuzz *f)
{
	uint64_t pte = BASE + fuzz_below(f, TABLES) * PAGE;

	switch (fuzz_below(f, 16)) {
	case 0: return 0;
	case 1: return fuzz_next(f);
	case 2: pte = (fuzz_next(f) & LOOM_PTE_ADDR); break;
	case 3: pte = BASE + (PAGES - fuzz_below(f, 3)) * PAGE; break;
	case 4: pte = BASE + fuzz_below(f, 3) * (512 * PAGE); pte |= LOOM_PTE_HUGE; break;
	case 5: pte |= 1ull << fuzz_below(f, 64); break;
	case 6: case 7: case 8: pte = BASE + (TABLES + fuzz_below(f, 8)) * PAGE; break;
	}
	if (!fuzz_below(f, 6))
		pte |= LOOM_PTE_RO;
	return pte | LOOM_PTE_VALID;
}

static void change_tables(struct world *w, struct fuzz *f, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t pte = pick_pte(f);

		uint64_t where = fuzz_below(f, TABLES) * PAGE + pick_index(f) * 8;

		memcpy(w->mem + where, &pte, 8);
		memcpy(w->shadow + where, &pte, 8);
	}
	loom_mmu_drop(&w->mmu, AS);
}

/* What the access ought to do, on the shadow: its end, *@done bytes of it first. */
static int expected(struct world *w, uint64_t va, uint8_t *buf, size_t len, bool write, size_t *done)
{
	struct world then = { .mem = w->shadow, .pgd = w->pgd, .enabled = w->enabled };

	for (*done = 0; *done < len;) {
		size_t n = PAGE - (va + *done) % PAGE;
		uint64_t bus;
		int err = walk(&then, va + *done, write, &bus);

		n = n < len - *done ? n : len - *done;
		if (!err && (write ? bus_write(&then, bus, buf + *done, n) : bus_read(&then, bus, buf + *done, n)))
			err = LOOM_MMU_FAULT_BUS;
		if (err)
			return err;
		*done += n;
	}
	return 0;
}

/* Tables are not written through themselves: a store that would is made a load. */
static bool hits_tables(struct world *w, uint64_t va, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE - (va + i) % PAGE) {
		uint64_t bus;

		if (!walk(w, va + i, false, &bus) && bus - BASE < TABLES * PAGE)
			return true;
	}
	return false;
}

/* Are the pages of the first @len bytes at @va what they ought to be? */
static bool same_pages(struct world *w, uint64_t va, size_t len)
{
	for (size_t i = 0; i < len; i += PAGE - (va + i) % PAGE) {
		uint64_t bus;

		if (walk(w, va + i, false, &bus))
			return false;
		bus &= ~(PAGE - 1);
		if (memcmp(at(w, bus, PAGE), w->shadow + (bus - BASE), PAGE))
			return false;
	}
	return true;
}

static const char *one_access(struct world *w, struct fuzz *f)
{
	uint64_t va = pick_va(f), fault_va = ~0ull;
	uint8_t got[MAX_LEN], want[MAX_LEN];
	size_t len = 1 + fuzz_below(f, fuzz_below(f, 2) ? 64 : MAX_LEN), done;
	bool write = fuzz_below(f, 2) && !hits_tables(w, va, len);
	int err, ret;

	for (size_t i = 0; i < len; i++)
		got[i] = want[i] = (uint8_t)fuzz_random(f);
	ret = loom_tlb_access(w->tlb, AS, va, got, len, write ? LOOM_ACCESS_WRITE : LOOM_ACCESS_READ, &fault_va);
	err = expected(w, va, want, len, write, &done);
	if (ret != err)
		return "another outcome than the walk's";
	if (err && fault_va != va + done)
		return "another address of the fault";
	if (!same_pages(w, va, done))
		return "other bytes in memory";
	return memcmp(got, want, len) ? "other bytes read" : NULL;
}

/* What stays from round to round is made once: its pages, and what they hold first. */
static void new_memory(struct world *w)
{
	static uint8_t *mem, *shadow;

	if (!mem) {
		mem = aligned_alloc(PAGE, PAGES * PAGE);
		shadow = malloc(PAGES * PAGE);
		if (!mem || !shadow)
			abort();
	}
	w->mem = mem;
	w->shadow = shadow;
	memset(w->mem, 0, TABLES * PAGE);
	for (size_t i = TABLES * PAGE; i < PAGES * PAGE; i += 8)
		memcpy(w->mem + i, &i, 8);
	memcpy(w->shadow, w->mem, PAGES * PAGE);
}

const char *fuzz_tables(struct fuzz *f)
{
	struct world w = { .enabled = true };
	const char *what = NULL;
	uint32_t steps = 3000;

	new_memory(&w);
	w.bus = (struct loom_bus) { .dma_read = bus_read, .dma_write = bus_write };
	if (fuzz_below(f, 3)) {
		w.bus.dma_map = bus_map;
		w.bus.dma_unmap = bus_unmap;
		w.map_limit = fuzz_below(f, 2) ? 0 : PAGE << fuzz_below(f, 8);
	}
	loom_mmu_init(&w.mmu, &w.bus, &w);
	w.tlb = loom_mmu_add_user(&w.mmu);
	w.pgd = BASE;
	atomic_store(&w.mmu.as[AS].pgd, w.pgd);
	atomic_store(&w.mmu.as[AS].enable, 1);
	change_tables(&w, f, f->data ? fuzz_below(f, 32) : 200);
	while (fuzz_more(f, &steps) && !what) {
		if (!fuzz_below(f, 8))
			change_tables(&w, f, 1 + fuzz_below(f, 20));
		if (fuzz_below(f, 40) == 39) {
			w.enabled = fuzz_below(f, 4);
			atomic_store(&w.mmu.as[AS].enable, w.enabled);
			loom_mmu_drop(&w.mmu, AS);
		}
		what = one_access(&w, f);
	}
	if (!what && memcmp(w.mem, w.shadow, PAGES * PAGE))
		what = "bytes written where none should be";
	loom_mmu_fini(&w.mmu);
	return what;
}
