// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "harness.h"

/* ---- The bus ---- */

static uint8_t *at(struct harness *h, uint64_t addr, size_t len)
{
	if (addr < H_MEM_BASE || len > H_MEM_BYTES || addr - H_MEM_BASE > H_MEM_BYTES - len)
		return NULL;
	return h->mem + (addr - H_MEM_BASE);
}

static void pass_gate(struct harness *h)
{
	while (atomic_load(&h->gate) != H_OPEN) {
		atomic_compare_exchange_strong(&h->gate, &(enum h_gate){ H_SHUT }, H_WAITED_AT);
		sched_yield();
	}
}

static int bus_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	uint8_t *p = at(opaque, addr, len);

	pass_gate(opaque);
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
	if (len == 8 && !((uintptr_t)p & 7)) {
		uint64_t v;

		memcpy(&v, buf, 8);
		__atomic_store_n((uint64_t *)p, v, __ATOMIC_RELEASE);
	} else if (len == 4 && !((uintptr_t)p & 3)) {
		uint32_t v;

		memcpy(&v, buf, 4);
		__atomic_store_n((uint32_t *)p, v, __ATOMIC_RELEASE);
	} else {
		memcpy(p, buf, len);
	}
	return 0;
}

static void *bus_map(void *opaque, uint64_t addr, size_t *len, int write)
{
	struct harness *h = opaque;
	uint8_t *p = at(h, addr, 1);
	size_t left;

	if (!p)
		return NULL;
	left = H_MEM_BYTES - (size_t)(addr - H_MEM_BASE);
	if (*len > left)
		*len = left;
	atomic_fetch_add(&h->maps, 1);
	return p;
}

static void bus_unmap(void *opaque, void *ptr, size_t len, int write)
{
	struct harness *h = opaque;

	atomic_fetch_sub(&h->maps, 1);
}

static void bus_irq(void *opaque, unsigned int vector)
{
	struct harness *h = opaque;

	pthread_mutex_lock(&h->lock);
	atomic_fetch_add(&h->irqs[vector], 1);
	pthread_cond_broadcast(&h->irq_came);
	pthread_mutex_unlock(&h->lock);
}

static uint64_t bus_now(void *opaque)
{
	struct harness *h = opaque;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec + atomic_load(&h->skew_ns);
}

/* ---- Time ---- */

uint64_t h_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void h_sleep_us(unsigned int us)
{
	struct timespec ts = { .tv_nsec = (long)us * 1000 };

	nanosleep(&ts, NULL);
}

/* ---- Life ---- */

static void make_device(struct harness *h)
{
	struct loom_bus bus = {
		.dma_read = bus_read, .dma_write = bus_write, .irq = bus_irq, .now_ns = bus_now,
		.dma_map = h->can_map ? bus_map : NULL, .dma_unmap = h->can_map ? bus_unmap : NULL,
	};

	assert_int_equal(loom_dev_new(&h->geo, &bus, h, &h->dev), 0);
}

struct harness *harness_new(const struct loom_geometry *geo, bool can_map)
{
	struct harness *h = calloc(1, sizeof(*h));
	pthread_condattr_t attr;

	assert_non_null(h);
	if (geo)
		h->geo = *geo;
	else
		loom_geometry_default(&h->geo);
	h->can_map = can_map;
	h->mem = aligned_alloc(4096, H_MEM_BYTES);
	assert_non_null(h->mem);
	memset(h->mem, 0, H_MEM_BYTES);
	pthread_mutex_init(&h->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->irq_came, &attr);
	pthread_condattr_destroy(&attr);
	make_device(h);
	return h;
}

void harness_free(struct harness *h)
{
	loom_dev_free(h->dev);
	assert_int_equal(h->maps, 0);
	pthread_cond_destroy(&h->irq_came);
	pthread_mutex_destroy(&h->lock);
	free(h->mem);
	free(h);
}

void h_new_device(struct harness *h)
{
	loom_dev_free(h->dev);
	assert_int_equal(h->maps, 0);
	make_device(h);
}

/* ---- Memory ---- */

uint64_t h_alloc(struct harness *h, size_t bytes)
{
	uint64_t addr = H_MEM_BASE + h->next;

	h->next += (bytes + 4095) & ~4095ull;
	assert_true(h->next <= H_MEM_BYTES);
	memset(h_ptr(h, addr), 0, bytes);
	return addr;
}

void *h_ptr(struct harness *h, uint64_t bus)
{
	uint8_t *p = at(h, bus, 1);

	assert_non_null(p);
	return p;
}

static uint64_t *entry(struct harness *h, uint64_t table, uint64_t va, int level)
{
	unsigned int i = (va >> (LOOM_PAGE_SHIFT + LOOM_PT_BITS * level)) & ((1 << LOOM_PT_BITS) - 1);

	return (uint64_t *)h_ptr(h, table) + i;
}

uint64_t *h_pte(struct harness *h, unsigned int as, uint64_t va, int level)
{
	uint64_t table = h->pgd[as];

	for (int l = LOOM_PT_LEVELS - 1; l > level; l--)
		table = *entry(h, table, va, l) & LOOM_PTE_ADDR;
	return entry(h, table, va, level);
}

void h_map(struct harness *h, unsigned int as, uint64_t va, uint64_t bus, unsigned int pages,
	   uint64_t flags)
{
	int leaf = (flags & LOOM_PTE_HUGE) ? 1 : 0;

	if (!h->pgd[as])
		h->pgd[as] = h_alloc(h, 4096);
	for (unsigned int p = 0; p < pages; p++) {
		uint64_t step = (uint64_t)p << (leaf ? LOOM_HUGE_SHIFT : LOOM_PAGE_SHIFT);

		for (int l = LOOM_PT_LEVELS - 1; l > leaf; l--) {
			uint64_t *e = h_pte(h, as, va + step, l);

			if (!*e)
				*e = h_alloc(h, 4096) | LOOM_PTE_VALID;
		}
		*h_pte(h, as, va + step, leaf) = (bus + step) | LOOM_PTE_VALID | flags;
	}
}

void h_as_enable(struct harness *h, unsigned int as)
{
	if (!h->pgd[as])
		h->pgd[as] = h_alloc(h, 4096);
	h_write64(h, LOOM_REG_AS(as) + LOOM_AS_PGD_64, h->pgd[as]);
	h_write(h, LOOM_REG_AS(as) + LOOM_AS_CTRL, LOOM_AS_CTRL_ENABLE);
}

void h_invalidate(struct harness *h, unsigned int as)
{
	h_write(h, LOOM_REG_AS(as) + LOOM_AS_INV_PAGES, 0);
	h_write(h, LOOM_REG_AS(as) + LOOM_AS_INV, 1);
	assert_true(h_until(!h_read(h, LOOM_REG_AS(as) + LOOM_AS_INV), H_TIMEOUT_MS));
}

/* ---- Registers ---- */

uint32_t h_read(struct harness *h, uint32_t reg)
{
	return (uint32_t)loom_dev_read(h->dev, reg, 4);
}

void h_write(struct harness *h, uint32_t reg, uint32_t v)
{
	loom_dev_write(h->dev, reg, v, 4);
}

void h_write64(struct harness *h, uint32_t reg, uint64_t v)
{
	h_write(h, reg, (uint32_t)v);
	h_write(h, reg + 4, (uint32_t)(v >> 32));
}

/* ---- Boot ---- */

void h_load_image(struct harness *h)
{
	const char *build = getenv("B");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/firmware/loom_fw.bin", build ? build : "build");
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s: %s (run from the top of the tree)", path, strerror(errno));
	if (!h->fw)
		h->fw = h_alloc(h, 256 << 10);
	h->fw_bytes = (uint32_t)fread(h_ptr(h, h->fw), 1, 256 << 10, f);
	fclose(f);
	assert_true(h->fw_bytes > sizeof(struct loom_fw_hdr));
}

volatile struct loom_shm *h_shm(struct harness *h)
{
	return h_ptr(h, h->shm);
}

bool h_on_core(struct harness *h, unsigned int q)
{
	return (H_SHM(h, on_core[q / 32]) >> (q % 32)) & 1;
}

uint32_t h_start(struct harness *h)
{
	if (!h->shm)
		h->shm = h_alloc(h, LOOM_SHM_BYTES);
	memset(h_ptr(h, h->shm), 0, LOOM_SHM_BYTES);
	h_shm(h)->magic = LOOM_SHM_MAGIC;
	h_shm(h)->bytes = LOOM_SHM_BYTES;
	h->h2f_tail = 0;
	h->f2h_head = 0;
	h_write64(h, LOOM_REG_FW_ADDR_64, h->fw);
	h_write(h, LOOM_REG_FW_SIZE, h->fw_bytes);
	h_write64(h, LOOM_REG_SHM_ADDR_64, h->shm);
	h_write(h, LOOM_REG_SHM_SIZE, LOOM_SHM_BYTES);
	h_write(h, LOOM_REG_BOOT_CTRL, 1);
	assert_true(h_until(h_read(h, LOOM_REG_BOOT_STATUS) != LOOM_BOOT_OFF, H_TIMEOUT_MS));
	return h_read(h, LOOM_REG_BOOT_STATUS);
}

void h_boot(struct harness *h)
{
	struct loom_msg msg = { .type = LOOM_MSG_HELLO };

	h_load_image(h);
	assert_int_equal(h_start(h), LOOM_BOOT_RUNNING);
	msg.u.hello.proto_version = LOOM_FW_PROTO_VERSION;
	assert_int_equal(h_call(h, &msg), LOOM_FW_OK);
}

/* ---- Messages ---- */

static uint32_t load32(volatile uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void copy_words(volatile void *to, const volatile void *from, size_t bytes)
{
	for (size_t i = 0; i < bytes / 4; i++)
		__atomic_store_n((volatile uint32_t *)to + i,
				 __atomic_load_n((const volatile uint32_t *)from + i, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
}

void h_send(struct harness *h, struct loom_msg *msg)
{
	volatile struct loom_msg_ring *r = &h_shm(h)->h2f;

	msg->cookie = ++h->cookie;
	assert_true(h_until(h->h2f_tail - load32(&r->head) < LOOM_MSG_SLOTS, H_TIMEOUT_MS));
	copy_words(&r->msg[h->h2f_tail % LOOM_MSG_SLOTS], msg, sizeof(*msg));
	__atomic_store_n(&r->tail, ++h->h2f_tail, __ATOMIC_RELEASE);
	h_write(h, LOOM_REG_MBOX_DOORBELL, 1);
}

bool h_receive(struct harness *h, struct loom_msg *msg, unsigned int ms)
{
	volatile struct loom_msg_ring *r = &h_shm(h)->f2h;

	if (!h_until(load32(&r->tail) != h->f2h_head, ms))
		return false;
	copy_words(msg, &r->msg[h->f2h_head % LOOM_MSG_SLOTS], sizeof(*msg));
	__atomic_store_n(&r->head, ++h->f2h_head, __ATOMIC_RELEASE);
	return true;
}

uint32_t h_call(struct harness *h, struct loom_msg *msg)
{
	uint32_t cookie;

	h_send(h, msg);
	cookie = msg->cookie;
	do {
		assert_true(h_receive(h, msg, H_TIMEOUT_MS));
	} while (h->skip_faults && msg->type == LOOM_MSG_QUEUE_FAULT);
	assert_int_equal(msg->type, LOOM_MSG_REPLY);
	assert_int_equal(msg->cookie, cookie);
	return msg->status;
}

uint32_t h_queue_call(struct harness *h, uint32_t type, uint32_t q, struct loom_msg *reply)
{
	struct loom_msg msg = { .type = type };
	uint32_t status;

	msg.u.queue.queue = q;
	status = h_call(h, &msg);
	if (reply)
		*reply = msg;
	return status;
}

/* ---- Queues and jobs ---- */

uint32_t h_queue_create(struct harness *h, uint32_t q, uint32_t as, uint32_t log2, uint32_t prio)
{
	struct loom_msg msg = { .type = LOOM_MSG_QUEUE_CREATE };
	struct h_queue *hq = &h->queue[q];

	hq->log2 = log2;
	hq->submitted = 0;
	hq->ring = h_alloc(h, 64u << log2);
	hq->cpl = h_alloc(h, 64u << log2);
	msg.u.queue_create.ring = hq->ring;
	msg.u.queue_create.cpl = hq->cpl;
	msg.u.queue_create.queue = q;
	msg.u.queue_create.as = as;
	msg.u.queue_create.log2 = log2;
	msg.u.queue_create.prio = prio;
	return h_call(h, &msg);
}

uint64_t h_put(struct harness *h, uint32_t q, uint64_t stream_va, uint32_t slots)
{
	struct h_queue *hq = &h->queue[q];
	struct loom_job *job = (struct loom_job *)h_ptr(h, hq->ring) +
			       (hq->submitted & ((1u << hq->log2) - 1));

	*job = (struct loom_job) {
		.stream_va = stream_va, .stream_slots = slots, .seqno = hq->submitted + 1ull,
	};
	return ++hq->submitted;
}

void h_ring(struct harness *h, uint32_t q)
{
	loom_dev_doorbell(h->dev, (uint64_t)q * LOOM_DOORBELL_STRIDE, h->queue[q].submitted);
}

uint64_t h_submit(struct harness *h, uint32_t q, uint64_t stream_va, uint32_t slots)
{
	uint64_t seqno = h_put(h, q, stream_va, slots);

	h_ring(h, q);
	return seqno;
}

static struct loom_completion *record(struct harness *h, uint32_t q, uint64_t seqno)
{
	struct h_queue *hq = &h->queue[q];

	return (struct loom_completion *)h_ptr(h, hq->cpl) + ((seqno - 1) & ((1u << hq->log2) - 1));
}

bool h_done(struct harness *h, uint32_t q, uint64_t seqno)
{
	return __atomic_load_n(&record(h, q, seqno)->seqno, __ATOMIC_ACQUIRE) == seqno;
}

struct loom_completion h_wait(struct harness *h, uint32_t q, uint64_t seqno)
{
	if (!h_until(h_done(h, q, seqno), H_TIMEOUT_MS))
		fail_msg("job %u of queue %u did not complete", (unsigned int)seqno, q);
	return *record(h, q, seqno);
}

bool h_wait_irq(struct harness *h, unsigned int vector, unsigned int before, unsigned int ms)
{
	struct timespec ts;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += (long)(ms % 1000) * 1000000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	pthread_mutex_lock(&h->lock);
	while (h->irqs[vector] <= before && !err)
		err = pthread_cond_timedwait(&h->irq_came, &h->lock, &ts);
	pthread_mutex_unlock(&h->lock);
	return h->irqs[vector] > before;
}

/* ---- Streams ---- */

struct h_stream h_stream_new(struct harness *h, size_t max_slots)
{
	struct h_stream s = { .bus = h_alloc(h, max_slots * LOOM_SLOT_BYTES) };

	s.slot = h_ptr(h, s.bus);
	return s;
}

struct h_stream h_stream_mapped(struct harness *h, unsigned int as, uint64_t va, size_t max_slots)
{
	struct h_stream s = h_stream_new(h, max_slots);

	h_map(h, as, va, s.bus, (unsigned int)((max_slots * LOOM_SLOT_BYTES + 4095) / 4096), 0);
	h_as_enable(h, as);
	return s;
}

static void put(struct h_stream *s, const void *desc, size_t bytes)
{
	memcpy(s->slot + (size_t)s->slots * LOOM_SLOT_BYTES, desc, bytes);
	s->slots += (uint32_t)(bytes / LOOM_SLOT_BYTES);
}

static struct loom_desc head(uint8_t op)
{
	return (struct loom_desc) {
		.op = op, .wait_sem = { LOOM_SEM_NONE, LOOM_SEM_NONE },
		.signal_sem = { LOOM_SEM_NONE, LOOM_SEM_NONE },
	};
}

void h_op(struct h_stream *s, uint8_t op)
{
	struct loom_nop d = { .d = head(op) };

	put(s, &d, sizeof(d));
}

void h_wait_sem(struct h_stream *s, uint8_t sem, uint32_t value)
{
	struct loom_nop d = { .d = head(LOOM_OP_NOP) };

	d.d.wait_sem[0] = sem;
	d.d.wait_value[0] = value;
	put(s, &d, sizeof(d));
}

void h_dma(struct h_stream *s, uint8_t op, uint64_t va, uint32_t spm, uint32_t n)
{
	struct loom_dma d = {
		.d = head(op), .va = va, .spm = spm, .elem = 1, .n = { n, 1, 1, 1, 1 },
		.spm_stride = { 1 }, .va_stride = { 1 },
	};

	put(s, &d, sizeof(d));
}

void h_copy(struct h_stream *s, uint64_t to, uint64_t from, uint32_t n)
{
	h_dma(s, LOOM_OP_LOAD, from, 0, n);
	h_op(s, LOOM_OP_BARRIER);
	h_dma(s, LOOM_OP_STORE, to, 0, n);
	h_op(s, LOOM_OP_BARRIER);
}
