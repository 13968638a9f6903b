/* SPDX-License-Identifier: MIT */
/*
 * A driver in the small: memory behind a bus, page tables, firmware boot, messages, queues and jobs over
 * qemu-device/core/device.h. Fails the running cmocka test where something does not come in time.
 */
#ifndef LOOM_TEST_HARNESS_H
#define LOOM_TEST_HARNESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loom/fw.h>
#include <loom/isa.h>
#include <loom/regs.h>

#include "qemu-device/core/device.h"

#define H_MEM_BASE	0x80000000ull		/* bus address of the memory */
#define H_MEM_BYTES	(32u << 20)
#define H_TIMEOUT_MS	60000		/* sanitizers and busy machines included */

/**
 * struct h_queue - the driver's side of a queue
 * @ring, @cpl: bus addresses
 * @submitted: jobs put into the ring
 */
struct h_queue {
	uint64_t ring, cpl;
	uint32_t log2, submitted;
};

/* A gate before the memory. */
enum h_gate {
	H_OPEN,
	H_SHUT,
	H_WAITED_AT,	/* shut, and somebody has come to it */
};

/**
 * struct harness
 * @can_map: the bus offers dma_map
 * @maps: mappings that the device holds
 * @irqs: interrupts seen, by vector
 * @skew_ns: added to the bus's clock
 * @skip_faults: h_call() passes over QUEUE_FAULT messages
 * @gate: who reads memory waits while it is not H_OPEN
 */
struct harness {
	struct loom_dev *dev;
	struct loom_geometry geo;
	uint8_t *mem;
	uint64_t next;
	uint64_t shm, fw;
	uint32_t fw_bytes, h2f_tail, f2h_head, cookie;
	uint64_t pgd[LOOM_NUM_AS];
	struct h_queue queue[LOOM_NUM_QUEUES];
	bool can_map, skip_faults;
	_Atomic enum h_gate gate;
	_Atomic int maps;
	_Atomic unsigned int irqs[LOOM_NUM_VECTORS];
	_Atomic uint64_t skew_ns;
	pthread_mutex_t lock;
	pthread_cond_t irq_came;
};

/** harness_new - a device of @geo (NULL: default) with memory, in reset */
struct harness *harness_new(const struct loom_geometry *geo, bool can_map);
void harness_free(struct harness *h);

/** h_new_device - replace the device by a new one of the same geometry over the same memory */
void h_new_device(struct harness *h);

/* ---- Memory ---- */
uint64_t h_alloc(struct harness *h, size_t bytes);	/* page-aligned, zeroed; bus address */
void *h_ptr(struct harness *h, uint64_t bus);

/** h_map - map @pages of 4 KiB (or 2 MiB with LOOM_PTE_HUGE) at @va; tables are made as needed */
void h_map(struct harness *h, unsigned int as, uint64_t va, uint64_t bus, unsigned int pages,
	   uint64_t flags);

/** h_pte - the entry of @va in the table of @level; tables above must be there */
uint64_t *h_pte(struct harness *h, unsigned int as, uint64_t va, int level);
void h_as_enable(struct harness *h, unsigned int as);
void h_invalidate(struct harness *h, unsigned int as);

/* ---- Registers ---- */
uint32_t h_read(struct harness *h, uint32_t reg);
void h_write(struct harness *h, uint32_t reg, uint32_t v);
void h_write64(struct harness *h, uint32_t reg, uint64_t v);

/* ---- Boot ---- */
/** h_load_image - the built firmware image, into the harness's memory; @h->fw and @h->fw_bytes */
void h_load_image(struct harness *h);
/** h_start - program addresses and start the boot ROM with whatever lies at @h->fw; BOOT_STATUS when it has decided */
uint32_t h_start(struct harness *h);
/** h_boot - h_load_image, h_start and HELLO, all of which must succeed */
void h_boot(struct harness *h);
volatile struct loom_shm *h_shm(struct harness *h);
/** H_SHM - a word of the shared memory that firmware writes */
#define H_SHM(h, field)	__atomic_load_n(&h_shm(h)->field, __ATOMIC_ACQUIRE)
/** h_on_core - firmware says that a job of queue @q is on a core */
bool h_on_core(struct harness *h, unsigned int q);

/* ---- Messages ---- */
void h_send(struct harness *h, struct loom_msg *msg);
/** h_receive - the next message; false after @ms */
bool h_receive(struct harness *h, struct loom_msg *msg, unsigned int ms);
/** h_call - send, and wait for the reply, which must be the next message; its status */
uint32_t h_call(struct harness *h, struct loom_msg *msg);
uint32_t h_queue_call(struct harness *h, uint32_t type, uint32_t q, struct loom_msg *reply);

/* ---- Queues and jobs ---- */
/** h_queue_create - rings in memory by bus address; status */
uint32_t h_queue_create(struct harness *h, uint32_t q, uint32_t as, uint32_t log2, uint32_t prio);
/** h_submit - put a job into the ring and ring the doorbell; its seqno */
uint64_t h_submit(struct harness *h, uint32_t q, uint64_t stream_va, uint32_t slots);
/** h_put - the same without the doorbell */
uint64_t h_put(struct harness *h, uint32_t q, uint64_t stream_va, uint32_t slots);
void h_ring(struct harness *h, uint32_t q);
bool h_done(struct harness *h, uint32_t q, uint64_t seqno);
/** h_wait - completion record of @seqno, which must come */
struct loom_completion h_wait(struct harness *h, uint32_t q, uint64_t seqno);
/** h_wait_irq - until more than @before interrupts came on @vector; false after @ms */
bool h_wait_irq(struct harness *h, unsigned int vector, unsigned int before, unsigned int ms);

/** h_until - poll @cond every 100 us until true or @ms passed */
#define h_until(cond, ms)						\
	({								\
		bool ok_ = false;					\
		for (uint64_t end_ = h_now_ms() + (ms); !ok_;) {	\
			ok_ = (cond);					\
			if (ok_ || h_now_ms() > end_)			\
				break;					\
			h_sleep_us(100);				\
		}							\
		ok_;							\
	})
uint64_t h_now_ms(void);
void h_sleep_us(unsigned int us);

/* ---- Streams ---- */
/**
 * struct h_stream - a stream being written
 * @slot: 64-byte slots at @bus
 */
struct h_stream {
	uint8_t *slot;
	uint64_t bus;
	uint32_t slots;
};

struct h_stream h_stream_new(struct harness *h, size_t max_slots);
/** h_stream_mapped - the same, mapped at @va of @as; the address space is enabled */
struct h_stream h_stream_mapped(struct harness *h, unsigned int as, uint64_t va, size_t max_slots);
void h_op(struct h_stream *s, uint8_t op);			/* NOP, BARRIER, MARK, END */
/** h_wait_sem - NOP that waits for semaphore @sem >= @value */
void h_wait_sem(struct h_stream *s, uint8_t sem, uint32_t value);
/** h_dma - LOAD or STORE of @n bytes in a row */
void h_dma(struct h_stream *s, uint8_t op, uint64_t va, uint32_t spm, uint32_t n);
/** h_copy - LOAD, BARRIER, STORE of @n bytes through the scratchpad */
void h_copy(struct h_stream *s, uint64_t to, uint64_t from, uint32_t n);

#endif
