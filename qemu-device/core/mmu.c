// SPDX-License-Identifier: MIT
/* Address spaces, page walk and TLBs. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "mmu.h"

#define PAGE_BYTES	(1ull << LOOM_PAGE_SHIFT)
#define HUGE_BYTES	(1ull << LOOM_HUGE_SHIFT)
#define RUN_MAX		(64u << 10)	/* bytes copied in one section: bounds how long one is open */

/* ---- Address spaces ---- */

void loom_mmu_init(struct loom_mmu *mmu, const struct loom_bus *bus, void *opaque)
{
	memset(mmu, 0, sizeof(*mmu));
	mmu->bus = bus;
	mmu->opaque = opaque;
	atomic_store(&mmu->epoch, 1);
	for (unsigned int i = 0; i < LOOM_NUM_AS; i++)
		atomic_store(&mmu->as[i].generation, 1);
}

struct loom_tlb *loom_mmu_add_user(struct loom_mmu *mmu)
{
	struct loom_tlb *tlb = calloc(1, sizeof(*tlb));

	if (tlb) {
		tlb->mmu = mmu;
		mmu->user[mmu->num_users++] = tlb;
	}
	return tlb;
}

void loom_mmu_fini(struct loom_mmu *mmu)
{
	for (unsigned int i = 0; i < mmu->num_users; i++) {
		loom_tlb_flush(mmu->user[i]);
		free(mmu->user[i]);
	}
	mmu->num_users = 0;
}

void loom_mmu_drop(struct loom_mmu *mmu, unsigned int as)
{
	atomic_fetch_add(&mmu->as[as].generation, 1);
	atomic_store(&mmu->as[as].inv_epoch, atomic_fetch_add(&mmu->epoch, 1) + 1);
}

/* A section opened at @epoch or later sees what was written before the epoch began. */
static bool older_section_open(struct loom_mmu *mmu, uint64_t epoch)
{
	for (unsigned int i = 0; i < mmu->num_users; i++) {
		uint64_t active = atomic_load(&mmu->user[i]->active);

		if (active && active < epoch)
			return true;
	}
	return false;
}

bool loom_mmu_busy(struct loom_mmu *mmu, unsigned int as)
{
	return older_section_open(mmu, atomic_load(&mmu->as[as].inv_epoch));
}

uint64_t loom_mmu_reset(struct loom_mmu *mmu)
{
	atomic_fetch_add(&mmu->cut, 1);
	for (unsigned int i = 0; i < LOOM_NUM_AS; i++) {
		struct loom_as *as = &mmu->as[i];

		atomic_store(&as->enable, 0);
		atomic_store(&as->pgd, 0);
		as->inv_va = 0;
		as->inv_pages = 0;
		loom_mmu_drop(mmu, i);
	}
	return atomic_fetch_add(&mmu->epoch, 1) + 1;
}

void loom_mmu_wait(struct loom_mmu *mmu, uint64_t epoch)
{
	while (older_section_open(mmu, epoch))
		sched_yield();
}

/* ---- Sections ---- */

void loom_tlb_renew(struct loom_tlb *tlb)
{
	tlb->cut = atomic_load(&tlb->mmu->cut);
}

bool loom_tlb_enter(struct loom_tlb *tlb)
{
	/*
	 * Sequentially consistent: either this section sees the new generation or cut, or whoever
	 * made it sees this section as an older one.
	 */
	atomic_store(&tlb->active, atomic_load(&tlb->mmu->epoch));
	if (atomic_load(&tlb->mmu->cut) == tlb->cut)
		return true;
	loom_tlb_leave(tlb);
	return false;
}

void loom_tlb_leave(struct loom_tlb *tlb)
{
	atomic_store_explicit(&tlb->active, 0, memory_order_release);
}

/* ---- TLB entries ---- */

static void entry_unmap(struct loom_tlb *tlb, struct loom_tlb_entry *e)
{
	struct loom_mmu *mmu = tlb->mmu;

	if (e->host)
		mmu->bus->dma_unmap(mmu->opaque, e->host, e->host_len, e->host_write);
	e->host = NULL;
}

static void entry_fill(struct loom_tlb *tlb, struct loom_tlb_entry *e, uint64_t key,
		       uint64_t generation, uint64_t bus, bool read_only)
{
	entry_unmap(tlb, e);
	*e = (struct loom_tlb_entry) {
		.key = key, .generation = generation, .bus = bus, .read_only = read_only,
	};
}

static void flush_array(struct loom_tlb *tlb, struct loom_tlb_entry *e, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		entry_unmap(tlb, &e[i]);
		e[i].generation = 0;
	}
}

void loom_tlb_flush(struct loom_tlb *tlb)
{
	flush_array(tlb, tlb->page, LOOM_TLB_PAGES);
	flush_array(tlb, tlb->huge, LOOM_TLB_HUGE);
	flush_array(tlb, tlb->table, LOOM_TLB_TABLES);
}

/* Page numbers have at most 36 bits. */
static uint64_t key_of(unsigned int as, uint64_t page)
{
	return page | (uint64_t)as << 40;
}

static struct loom_tlb_entry *slot_of(struct loom_tlb_entry *array, unsigned int n, uint64_t page,
				      unsigned int as)
{
	return &array[(page ^ as * 37) & (n - 1)];
}

static bool hit(const struct loom_tlb_entry *e, uint64_t key, uint64_t generation)
{
	return e->generation == generation && e->key == key;
}

/* Map the page (@bytes long) into host memory where the host can. */
static void entry_map(struct loom_tlb *tlb, struct loom_tlb_entry *e, size_t bytes, int access)
{
	struct loom_mmu *mmu = tlb->mmu;
	bool write = access == LOOM_ACCESS_WRITE;

	if (e->unmappable || (e->host && (!write || e->host_write)))
		return;
	entry_unmap(tlb, e);
	if (mmu->bus->dma_map) {
		e->host_len = bytes;
		e->host = mmu->bus->dma_map(mmu->opaque, e->bus, &e->host_len, write);
		e->host_write = write;
	}
	e->unmappable = !e->host;
}

/* ---- Walk ---- */

static int read_pte(struct loom_tlb *tlb, uint64_t table, unsigned int index, uint64_t *pte)
{
	struct loom_mmu *mmu = tlb->mmu;

	if (mmu->bus->dma_read(mmu->opaque, table + index * 8, pte, 8))
		return LOOM_MMU_FAULT_BUS;
	return 0;
}

/* What one entry of a table at @level may look like. */
static int check_pte(uint64_t pte, int level)
{
	uint64_t known = LOOM_PTE_VALID | LOOM_PTE_RO | LOOM_PTE_ADDR;

	if (!(pte & LOOM_PTE_VALID))
		return LOOM_MMU_FAULT_UNMAPPED;
	if (level == 1)
		known |= LOOM_PTE_HUGE;
	if (pte & ~known)
		return LOOM_MMU_FAULT_PTE;
	if ((pte & LOOM_PTE_HUGE) && (pte & LOOM_PTE_ADDR & (HUGE_BYTES - 1)))
		return LOOM_MMU_FAULT_PTE;
	return 0;
}

static int walk(struct loom_tlb *tlb, unsigned int as, uint64_t generation, uint64_t va,
		struct loom_tlb_entry **out)
{
	uint64_t vpn = va >> LOOM_PAGE_SHIFT, hpn = va >> LOOM_HUGE_SHIFT, pte;
	struct loom_tlb_entry *t = slot_of(tlb->table, LOOM_TLB_TABLES, hpn, as), *e;
	uint64_t table = atomic_load(&tlb->mmu->as[as].pgd);
	int level = LOOM_PT_LEVELS - 1, err;

	if (hit(t, key_of(as, hpn), generation)) {
		table = t->bus;
		level = 0;
	}
	for (;; level--) {
		unsigned int index = (vpn >> (LOOM_PT_BITS * level)) & ((1u << LOOM_PT_BITS) - 1);

		err = read_pte(tlb, table, index, &pte);
		if (!err)
			err = check_pte(pte, level);
		if (err)
			return err;
		table = pte & LOOM_PTE_ADDR;
		if (level == 0 || (pte & LOOM_PTE_HUGE))
			break;
		if (level == 1)
			entry_fill(tlb, t, key_of(as, hpn), generation, table, false);
	}
	if (level)
		e = slot_of(tlb->huge, LOOM_TLB_HUGE, hpn, as);
	else
		e = slot_of(tlb->page, LOOM_TLB_PAGES, vpn, as);
	entry_fill(tlb, e, key_of(as, level ? hpn : vpn), generation, table, pte & LOOM_PTE_RO);
	*out = e;
	return 0;
}

/* ---- Access ---- */

/*
 * struct run - bytes that follow each other both in VA and at the other end
 * @host: at the other end, or NULL: then @bus is it
 */
struct run {
	uint8_t *host;
	uint64_t bus;
	size_t len;
};

/* Translate @va; @out covers what is left of its page. */
static int translate(struct loom_tlb *tlb, unsigned int as, uint64_t va, int access, struct run *out)
{
	struct loom_as *space = &tlb->mmu->as[as];
	uint64_t vpn = va >> LOOM_PAGE_SHIFT, hpn = va >> LOOM_HUGE_SHIFT;
	uint64_t generation = atomic_load(&space->generation), bytes, offset;
	struct loom_tlb_entry *e;
	int err;

	if (va >> LOOM_VA_BITS)
		return LOOM_MMU_FAULT_RANGE;
	if (!(atomic_load(&space->enable) & LOOM_AS_CTRL_ENABLE))
		return LOOM_MMU_FAULT_DISABLED;
	e = slot_of(tlb->page, LOOM_TLB_PAGES, vpn, as);
	if (!hit(e, key_of(as, vpn), generation)) {
		e = slot_of(tlb->huge, LOOM_TLB_HUGE, hpn, as);
		if (!hit(e, key_of(as, hpn), generation)) {
			err = walk(tlb, as, generation, va, &e);
			if (err)
				return err;
		}
	}
	if (access == LOOM_ACCESS_WRITE && e->read_only)
		return LOOM_MMU_FAULT_READ_ONLY;
	bytes = e >= tlb->huge && e < tlb->huge + LOOM_TLB_HUGE ? HUGE_BYTES : PAGE_BYTES;
	entry_map(tlb, e, bytes, access);
	offset = va & (bytes - 1);
	out->bus = e->bus + offset;
	out->host = NULL;
	out->len = bytes - offset;
	if (e->host && offset < e->host_len) {
		out->host = e->host + offset;
		out->len = e->host_len - offset;
	}
	return 0;
}

static bool follows(const struct run *run, const struct run *next)
{
	if (run->host)
		return next->host == run->host + run->len;
	return !next->host && next->bus == run->bus + run->len;
}

/* The longest run at @va, at most @len bytes. */
static int find_run(struct loom_tlb *tlb, unsigned int as, uint64_t va, size_t len, int access,
		    struct run *run)
{
	struct run next;
	int err = translate(tlb, as, va, access, run);

	if (err)
		return err;
	while (run->len < len && !translate(tlb, as, va + run->len, access, &next) &&
	       follows(run, &next))
		run->len += next.len;
	if (run->len > len)
		run->len = len;
	return 0;
}

static int copy_run(struct loom_mmu *mmu, const struct run *run, void *buf, int access)
{
	if (!run->host) {
		int err = access == LOOM_ACCESS_WRITE ?
			  mmu->bus->dma_write(mmu->opaque, run->bus, buf, run->len) :
			  mmu->bus->dma_read(mmu->opaque, run->bus, buf, run->len);

		return err ? LOOM_MMU_FAULT_BUS : 0;
	}
	if (access == LOOM_ACCESS_READ) {
		memcpy(buf, run->host, run->len);
	} else if (run->len == 8 && !((uintptr_t)run->host & 7)) {
		uint64_t v;

		memcpy(&v, buf, 8);
		__atomic_store_n((uint64_t *)run->host, v, __ATOMIC_RELEASE);
	} else {
		memcpy(run->host, buf, run->len);
	}
	return 0;
}

/* As copy_run(); where some page of the run is not there only the first one, of @first bytes, so that a fault names its page. */
static int copy_pages(struct loom_mmu *mmu, struct run *run, size_t first, void *buf, int access)
{
	int err = copy_run(mmu, run, buf, access);

	if (!err || run->len <= first)
		return err;
	run->len = first;
	return copy_run(mmu, run, buf, access);
}

int loom_tlb_access(struct loom_tlb *tlb, unsigned int as, uint64_t va, void *buf, size_t len,
		    int access, uint64_t *fault_va)
{
	uint8_t *p = buf;

	while (len) {
		struct run run;
		int err;

		*fault_va = va;
		if (!loom_tlb_enter(tlb))
			return LOOM_MMU_FAULT_DISABLED;
		err = find_run(tlb, as, va, len < RUN_MAX ? len : RUN_MAX, access, &run);
		if (!err)
			err = copy_pages(tlb->mmu, &run, PAGE_BYTES - va % PAGE_BYTES, p, access);
		loom_tlb_leave(tlb);
		if (err)
			return err;
		va += run.len;
		p += run.len;
		len -= run.len;
	}
	return 0;
}

int loom_tlb_bus_access(struct loom_tlb *tlb, uint64_t addr, void *buf, size_t len, int access)
{
	struct run run = { .bus = addr, .len = len };
	int err;

	if (!loom_tlb_enter(tlb))
		return LOOM_MMU_FAULT_DISABLED;
	err = copy_run(tlb->mmu, &run, buf, access);
	loom_tlb_leave(tlb);
	return err;
}
