/* SPDX-License-Identifier: MIT */
/*
 * The MMU: 64 address spaces whose tables lie in host memory, and a TLB for each engine that makes
 * accesses (every compute core, and the control core).
 *
 * All memory traffic of the device that may have to be cut off goes through a struct loom_tlb, in
 * short sections between loom_tlb_enter() and loom_tlb_leave(). A section notes the epoch at which it
 * began; dropping translations or resetting the device begins a new epoch, and is complete when no
 * section of an older one is open. So neither ever waits for a job, only for one memory copy.
 */
#ifndef LOOM_CORE_MMU_H
#define LOOM_CORE_MMU_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loom/regs.h>

#include "device.h"

#define LOOM_TLB_PAGES	2048	/* powers of two */
#define LOOM_TLB_HUGE	64
#define LOOM_TLB_TABLES	64
#define LOOM_MMU_USERS	(LOOM_MAX_CORES + 1)

/**
 * struct loom_as - one address space's registers
 * @pgd: bus address of the top-level table
 * @enable: LOOM_AS_CTRL_ENABLE
 * @generation: translations that carry another one are dropped; never 0
 * @inv_epoch: epoch that the last invalidation began
 * @inv_va: LOOM_AS_INV_VA_64; device lock
 * @inv_pages: LOOM_AS_INV_PAGES; device lock
 */
struct loom_as {
	_Atomic uint64_t pgd;
	_Atomic uint32_t enable;
	_Atomic uint64_t generation;
	_Atomic uint64_t inv_epoch;
	uint64_t inv_va;
	uint32_t inv_pages;
};

/**
 * struct loom_tlb_entry - one translation, with the host's mapping of the page where it has one
 * @key: page number and address space
 * @generation: of the address space when it was filled; 0 is empty
 * @bus: address of the page
 * @host: host pointer to the page, or NULL
 * @host_len: bytes mapped at @host, from the page's start
 * @read_only: PTE says so
 * @host_write: @host was mapped for writing
 * @unmappable: the host declined to map; use dma_read and dma_write
 */
struct loom_tlb_entry {
	uint64_t key;
	uint64_t generation;
	uint64_t bus;
	uint8_t *host;
	size_t host_len;
	bool read_only, host_write, unmappable;
};

/**
 * struct loom_tlb - of one engine
 *
 * Only the thread that runs the engine touches it, but for @active, which others watch.
 *
 * @active: epoch of the open section, 0 while none is
 * @cut: value of mmu->cut when the engine began its present work; a reset in between makes every
 *	further access fail
 * @page: 4 KiB translations, direct mapped
 * @huge: 2 MiB translations, direct mapped
 * @table: level-0 tables found by walks: @bus is the table's address
 */
struct loom_tlb {
	struct loom_mmu *mmu;
	_Atomic uint64_t active;
	uint64_t cut;
	struct loom_tlb_entry page[LOOM_TLB_PAGES];
	struct loom_tlb_entry huge[LOOM_TLB_HUGE];
	struct loom_tlb_entry table[LOOM_TLB_TABLES];
};

/**
 * struct loom_mmu
 * @epoch: counts invalidations and resets, from 1
 * @cut: counts resets
 */
struct loom_mmu {
	const struct loom_bus *bus;
	void *opaque;
	_Atomic uint64_t epoch;
	_Atomic uint64_t cut;
	struct loom_as as[LOOM_NUM_AS];
	struct loom_tlb *user[LOOM_MMU_USERS];
	unsigned int num_users;
};

void loom_mmu_init(struct loom_mmu *mmu, const struct loom_bus *bus, void *opaque);

/** loom_mmu_add_user - a new, empty TLB; owned by the MMU. NULL: no memory */
struct loom_tlb *loom_mmu_add_user(struct loom_mmu *mmu);

/** loom_mmu_fini - give every mapping back and free the TLBs; no engine runs */
void loom_mmu_fini(struct loom_mmu *mmu);

/** loom_mmu_drop - drop all translations of @as (device lock held); loom_mmu_busy() says when that is complete */
void loom_mmu_drop(struct loom_mmu *mmu, unsigned int as);

/** loom_mmu_busy - some engine may still use a translation that loom_mmu_drop() dropped */
bool loom_mmu_busy(struct loom_mmu *mmu, unsigned int as);

/**
 * loom_mmu_reset - disable every address space and cut off all engines (device lock held)
 *
 * On return no engine begins to access memory before its @cut is renewed.
 *
 * Return: for loom_mmu_wait(): the epoch that has begun.
 */
uint64_t loom_mmu_reset(struct loom_mmu *mmu);

/**
 * loom_mmu_wait - until no section is open that is older than @epoch
 *
 * Without the device lock: an access may wait for a lock whose holder is about to take that one.
 */
void loom_mmu_wait(struct loom_mmu *mmu, uint64_t epoch);

/** loom_tlb_renew - let the engine access memory again after a reset (device lock held) */
void loom_tlb_renew(struct loom_tlb *tlb);

/** loom_tlb_enter - open a section. False, and no section, where the engine was cut off */
bool loom_tlb_enter(struct loom_tlb *tlb);
void loom_tlb_leave(struct loom_tlb *tlb);

/** loom_tlb_flush - forget everything and give the host's mappings back; by the owner, outside of sections */
void loom_tlb_flush(struct loom_tlb *tlb);

/**
 * loom_tlb_access - copy between @buf and virtual memory
 * @access: LOOM_ACCESS_READ: into @buf; LOOM_ACCESS_WRITE: out of it
 * @fault_va: where it failed; what lies before it was copied
 *
 * Aligned 8-byte writes are single stores with release order.
 *
 * Return: 0 or a loom_mmu_fault.
 */
int loom_tlb_access(struct loom_tlb *tlb, unsigned int as, uint64_t va, void *buf, size_t len,
		    int access, uint64_t *fault_va);

/** loom_tlb_bus_access - the same at a bus address, without translation: 0 or LOOM_MMU_FAULT_BUS, _DISABLED */
int loom_tlb_bus_access(struct loom_tlb *tlb, uint64_t addr, void *buf, size_t len, int access);

#endif
