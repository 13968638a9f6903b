// SPDX-License-Identifier: MIT
/* Queues: made, stopped, resumed, destroyed; their doorbells, and what they owe the driver. */
#include "fw.h"

struct queue queues[LOOM_NUM_QUEUES];

/* Queues that may have something for queue_report(). */
static uint32_t owing[LOOM_NUM_QUEUES / 32];

static bool ring_fits(uint64_t addr, uint32_t log2, bool is_va)
{
	uint64_t end = addr + (64u << log2);

	if (addr % 64 || end < addr)
		return false;
	return !is_va || end <= 1ull << LOOM_VA_BITS;
}

static void write_hw(unsigned int q, uint64_t ring, uint64_t cpl, uint32_t log2, uint32_t as, bool va)
{
	hwq_write(q, LOOM_CCQ_CTRL, 0);
	hwq_write(q, LOOM_CCQ_RING_64, (uint32_t)ring);
	hwq_write(q, LOOM_CCQ_RING_64 + 4, (uint32_t)(ring >> 32));
	hwq_write(q, LOOM_CCQ_CPL_64, (uint32_t)cpl);
	hwq_write(q, LOOM_CCQ_CPL_64 + 4, (uint32_t)(cpl >> 32));
	hwq_write(q, LOOM_CCQ_LOG2, log2);
	hwq_write(q, LOOM_CCQ_AS, as);
	hwq_write(q, LOOM_CCQ_CTRL, LOOM_CCQ_CTRL_ENABLE | (va ? LOOM_CCQ_CTRL_RING_VA : 0));
}

enum loom_fw_status queue_create(const struct loom_msg *msg)
{
	uint64_t ring = msg->u.queue_create.ring, cpl = msg->u.queue_create.cpl;
	uint32_t q = msg->u.queue_create.queue, as = msg->u.queue_create.as;
	uint32_t log2 = msg->u.queue_create.log2, prio = msg->u.queue_create.prio;
	uint32_t flags = msg->u.queue_create.flags, head = msg->u.queue_create.head;
	bool va = flags & LOOM_QUEUE_RING_VA;

	if (q >= LOOM_NUM_QUEUES || as >= LOOM_NUM_AS || prio >= LOOM_NUM_PRIOS ||
	    log2 < LOOM_RING_LOG2_MIN || log2 > LOOM_RING_LOG2_MAX ||
	    (flags & ~(uint32_t)(LOOM_QUEUE_RING_VA | LOOM_QUEUE_AT_HEAD)) ||
	    (head && !(flags & LOOM_QUEUE_AT_HEAD)) ||
	    !ring_fits(ring, log2, va) || !ring_fits(cpl, log2, va))
		return LOOM_FW_ERR_PARAM;
	/* A fault of the number's last holder must not be taken for one of the new queue. */
	if (queues[q].state != QUEUE_FREE || queues[q].fault_waits)
		return LOOM_FW_ERR_STATE;
	queues[q] = (struct queue) {
		.state = QUEUE_ACTIVE, .prio = (uint8_t)prio, .log2 = (uint8_t)log2, .core = NO_CORE,
		.as = as, .cpl = cpl, .head = head, .tail = head,
	};
	write_hw(q, ring, cpl, log2, as, va);
	hwq_write(q, LOOM_CCQ_HEAD, head);
	return LOOM_FW_OK;
}

/* The queue by its number from a message, or NULL. */
static struct queue *find(uint32_t q, enum loom_fw_status *status)
{
	*status = LOOM_FW_ERR_PARAM;
	if (q >= LOOM_NUM_QUEUES)
		return NULL;
	*status = LOOM_FW_ERR_STATE;
	return queues[q].state == QUEUE_FREE ? NULL : &queues[q];
}

enum loom_fw_status queue_destroy(uint32_t q)
{
	enum loom_fw_status status;
	struct queue *queue = find(q, &status);

	if (!queue)
		return status;
	if (queue->core != NO_CORE || queue->stopping)
		return LOOM_FW_ERR_STATE;
	if (queue->state == QUEUE_ACTIVE && (queue->yielded || queue->head != queue->tail))
		return LOOM_FW_ERR_STATE;
	queue->state = QUEUE_FREE;
	hwq_write(q, LOOM_CCQ_CTRL, 0);
	queue_update(q);
	return LOOM_FW_OK;
}

enum loom_fw_status queue_stop(uint32_t q, uint32_t cookie)
{
	enum loom_fw_status status;
	struct queue *queue = find(q, &status);

	if (!queue)
		return status;
	if (queue->stopping)
		return LOOM_FW_ERR_STATE;
	queue->state = QUEUE_STOPPED;
	queue->stopping = true;
	queue_owes(q);
	queue->cookie = cookie;
	if (queue->yielded)
		shm()->jobs_ended++;
	queue->yielded = false;
	if (queue->core != NO_CORE)
		sched_stop_core(queue->core);
	queue_update(q);
	return LOOM_FW_OK;
}

static void take_tail(unsigned int q)
{
	struct queue *queue = &queues[q];
	uint32_t tail = hwq_read(q, LOOM_CCQ_TAIL);

	/* More jobs than the ring has entries cannot be: whoever rang made a mistake. */
	if (tail - queue->head <= 1u << queue->log2)
		queue->tail = tail;
}

enum loom_fw_status queue_resume(uint32_t q)
{
	enum loom_fw_status status;
	struct queue *queue = find(q, &status);

	if (!queue)
		return status;
	if (queue->state != QUEUE_STOPPED || queue->stopping || queue->core != NO_CORE)
		return LOOM_FW_ERR_STATE;
	queue->state = QUEUE_ACTIVE;
	take_tail(q);
	queue_update(q);
	return LOOM_FW_OK;
}

void queue_doorbells(void)
{
	for (unsigned int word = 0; word < LOOM_NUM_QUEUES / 32; word++) {
		uint32_t reg = LOOM_CC_DB_PENDING_64 + 4 * word, pending = sys_read(reg);

		if (!pending)
			continue;
		/* Cleared first: what rings from now on is seen again. */
		sys_write(reg, pending);
		for (; pending; pending &= pending - 1) {
			unsigned int q = word * 32 + lowest_bit(pending);

			if (queues[q].state != QUEUE_FREE) {
				take_tail(q);
				queue_update(q);
			}
		}
	}
}

void queue_update(unsigned int q)
{
	struct queue *queue = &queues[q];

	sched_set_runnable(q, queue->prio, queue->state == QUEUE_ACTIVE && queue->core == NO_CORE &&
			   (queue->yielded || queue->head != queue->tail));
}

static void send_fault(struct queue *queue)
{
	if (!mbox_send(&queue->fault))
		return;
	queue->fault_waits = false;
	sys_write(LOOM_CC_HOST_IRQ, LOOM_VEC_FAULT);
}

static void send_stop_reply(unsigned int q)
{
	struct loom_msg msg = { 0 };

	msg.u.queue.queue = q;
	msg.u.queue.head = queues[q].head;
	if (mbox_reply(&msg, queues[q].cookie, queues[q].stuck ? LOOM_FW_ERR_STUCK : LOOM_FW_OK))
		queues[q].stopping = false;
}

void queue_owes(unsigned int q)
{
	owing[q / 32] |= 1u << (q % 32);
}

/* Out of line: in most passes no queue owes anything, and the loop around this saves no registers. */
static __attribute__((noinline)) void report_one(unsigned int q)
{
	struct queue *queue = &queues[q];

	if (queue->fault_waits)
		send_fault(queue);
	if (queue->stopping && (queue->core == NO_CORE || queue->stuck) && !queue->fault_waits)
		send_stop_reply(q);
	if (!queue->fault_waits && !queue->stopping)
		owing[q / 32] &= ~(1u << (q % 32));
}

void queue_report(void)
{
	for (unsigned int word = 0; word < LOOM_NUM_QUEUES / 32; word++)
		for (uint32_t owes = owing[word]; owes; owes &= owes - 1)
			report_one(word * 32 + lowest_bit(owes));
}
