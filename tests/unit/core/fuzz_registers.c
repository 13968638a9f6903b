/* SPDX-License-Identifier: MIT */
/* Registers, doorbells, messages, jobs, and what firmware finds in the memory that it shares with the host. */
#include <string.h>

#include "fuzz.h"
#include "fuzz_device.h"

/* Where what is asked for lies; the device may write anywhere in memory, which is made anew for each round. */
#define RINGS		(16u << 20)
#define STREAMS		(20u << 20)
#define QUEUES		4u
#define RING_LOG2	3u
#define AS		1u
#define MAX_SLOTS	8u

static struct harness *victim;

struct harness *fuzz_device(void)
{
	if (!victim) {
		victim = harness_new(NULL, true);
		h_boot(victim);
	}
	return victim;
}

void fuzz_device_free(void)
{
	if (victim)
		harness_free(victim);
	victim = NULL;
}

const char *fuzz_recovers(struct harness *h)
{
	struct loom_msg msg = { .type = LOOM_MSG_PING };

	h_write(h, LOOM_REG_RESET, LOOM_RESET_KEY);
	if (h_read(h, LOOM_REG_BOOT_STATUS) != LOOM_BOOT_OFF)
		return "not off after a reset";
	h_boot(h);
	return h_call(h, &msg) == LOOM_FW_OK ? NULL : "no answer after a reset";
}

/* An address space with all memory from VA 0 on. */
static void map_all(struct harness *h)
{
	h->pgd[AS] = 0;
	h_map(h, AS, 0, H_MEM_BASE, H_MEM_BYTES >> LOOM_HUGE_SHIFT, LOOM_PTE_HUGE);
	h_as_enable(h, AS);
}

/* A message of any type, which is likely about queues that could exist. Not sent where its ring is full or broken. */
static void message(struct harness *h, struct fuzz *f)
{
	struct loom_msg_ring *r = &((struct loom_shm *)h_ptr(h, h->shm))->h2f;
	struct loom_msg msg = { .type = fuzz_below(f, 10) };
	uint32_t queue = fuzz_below(f, QUEUES), tail = __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);

	if (tail - __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) >= LOOM_MSG_SLOTS)
		return;
	switch (msg.type) {
	case LOOM_MSG_HELLO:
		msg.u.hello.proto_version = LOOM_FW_PROTO_VERSION;
		break;
	case LOOM_MSG_QUEUE_CREATE:
		msg.u.queue_create.ring = H_MEM_BASE + RINGS + queue * 8192;
		msg.u.queue_create.cpl = msg.u.queue_create.ring + 4096;
		msg.u.queue_create.queue = queue;
		msg.u.queue_create.as = AS;
		msg.u.queue_create.log2 = RING_LOG2;
		msg.u.queue_create.prio = fuzz_below(f, LOOM_NUM_PRIOS);
		break;
	case LOOM_MSG_SET_CLOCK:
		msg.u.clock.clock_khz = (uint32_t)fuzz_number(f);
		break;
	default:
		msg.u.queue.queue = queue;
	}
	for (uint32_t i = fuzz_below(f, 8); i > 5; i--)
		msg.u.raw[fuzz_below(f, sizeof(msg.u.raw))] = (uint8_t)fuzz_take(f, 1);
	memcpy(&r->msg[tail % LOOM_MSG_SLOTS], &msg, sizeof(msg));
	__atomic_store_n(&r->tail, tail + 1, __ATOMIC_RELEASE);
	h_write(h, LOOM_REG_MBOX_DOORBELL, 1);
	/* Read before what comes next, or after. */
	if (fuzz_below(f, 4))
		h_until(__atomic_load_n(&r->head, __ATOMIC_ACQUIRE) == tail + 1, 3);
}

/* A job of a few descriptors that are hardly ever legal, but for those that have nothing but a head. */
static void job(struct harness *h, struct fuzz *f)
{
	static const uint8_t heads[] = { LOOM_OP_NOP, LOOM_OP_BARRIER, LOOM_OP_MARK, LOOM_OP_END };
	uint32_t queue = fuzz_below(f, QUEUES), index = fuzz_below(f, 4), slots = 1 + fuzz_below(f, MAX_SLOTS);
	struct loom_job *ring = h_ptr(h, H_MEM_BASE + RINGS + queue * 8192);
	uint8_t *slot = h_ptr(h, H_MEM_BASE + STREAMS);

	memset(slot, 0, MAX_SLOTS * LOOM_SLOT_BYTES);
	for (uint32_t i = 0; i < slots; i++, slot += LOOM_SLOT_BYTES) {
		struct loom_desc d = { .wait_sem = { LOOM_SEM_NONE, LOOM_SEM_NONE },
				       .signal_sem = { LOOM_SEM_NONE, LOOM_SEM_NONE } };

		d.op = fuzz_below(f, 3) ? heads[fuzz_below(f, 4)] : (uint8_t)fuzz_take(f, 1);
		memcpy(slot, &d, sizeof(d));
		for (uint32_t n = fuzz_below(f, 8); n > 4; n--)
			slot[fuzz_below(f, LOOM_SLOT_BYTES)] = (uint8_t)fuzz_take(f, 1);
	}
	ring[index % (1u << RING_LOG2)] = (struct loom_job) {
		.stream_va = fuzz_below(f, 8) ? STREAMS : fuzz_number(f), .stream_slots = slots, .seqno = index,
	};
	loom_dev_doorbell(h->dev, queue * LOOM_DOORBELL_STRIDE, index + 1);
	h_sleep_us(fuzz_below(f, 4) ? 0 : 500);
}

/* An offset near the start of some block, or anywhere. */
static uint64_t pick_register(struct fuzz *f)
{
	static const uint32_t block[] = { 0, 0x100, 0x200, 0x300, LOOM_REG_AS(0), LOOM_REG_AS(AS), LOOM_REG_CORE(0),
					  LOOM_REG_TRACE(0), LOOM_REG_QUEUE(0), LOOM_REG_PERF(0) };

	switch (fuzz_below(f, 8)) {
	case 0: return fuzz_number(f);
	case 1: return block[fuzz_below(f, sizeof(block) / sizeof(block[0]))] + fuzz_below(f, 0x200);
	default: return block[fuzz_below(f, sizeof(block) / sizeof(block[0]))] + 4 * fuzz_below(f, 0x80);
	}
}

static void poke(struct harness *h, struct fuzz *f)
{
	static const unsigned int size[] = { 1, 2, 4, 4, 4, 8, 8, 16 };
	uint64_t value;

	switch (fuzz_below(f, 14)) {
	case 0:
		loom_dev_doorbell(h->dev, fuzz_number(f), (uint32_t)fuzz_number(f));
		break;
	case 1:
		loom_dev_doorbell(h->dev, fuzz_below(f, LOOM_NUM_QUEUES) * LOOM_DOORBELL_STRIDE,
				  (uint32_t)fuzz_number(f));
		break;
	case 2: case 3: case 4:
		loom_dev_read(h->dev, pick_register(f), size[fuzz_below(f, 8)]);
		break;
	case 5:		/* addresses that exist */
		value = H_MEM_BASE + fuzz_take(f, 4) % H_MEM_BYTES;
		loom_dev_write(h->dev, pick_register(f), value, size[fuzz_below(f, 8)]);
		break;
	case 6: case 7:
		message(h, f);
		break;
	case 8: case 9:
		job(h, f);
		break;
	case 10:	/* firmware has time to do something */
		h_sleep_us(fuzz_below(f, 256));
		break;
	default:
		value = fuzz_number(f);
		loom_dev_write(h->dev, pick_register(f), value, size[fuzz_below(f, 8)]);
	}
}

const char *fuzz_registers(struct fuzz *f)
{
	struct harness *h = fuzz_device();
	uint64_t keep = h->next;
	uint32_t steps = 20 + fuzz_below(f, 2000);
	const char *what;

	map_all(h);
	/* Firmware may be told anything, too. */
	for (uint32_t i = fuzz_below(f, 4) ? 0 : fuzz_below(f, f->data ? 16 : 2000); i; i--)
		((uint8_t *)h_ptr(h, h->shm))[fuzz_below(f, LOOM_SHM_BYTES)] = (uint8_t)fuzz_take(f, 1);
	while (fuzz_more(f, &steps))
		poke(h, f);
	what = fuzz_recovers(h);
	h->next = keep;
	return what;
}
