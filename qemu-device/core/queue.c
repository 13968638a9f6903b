// SPDX-License-Identifier: MIT
/* Hardware queues: doorbells, ring entries, completion records. */
#include <string.h>

#include "npu.h"

/* Unless a fault was asked for. Lock held. */
static bool hears(struct loom_dev *dev, uint64_t q)
{
	if (loom_inject_take(dev, LOOM_INJECT_DROP_DOORBELL))
		return false;
	if (loom_inject_take(dev, LOOM_INJECT_HANG_QUEUE))
		dev->deaf_queues |= 1ull << q;
	return !(dev->deaf_queues & 1ull << q);
}

void loom_queue_doorbell(struct loom_dev *dev, uint64_t offset, uint32_t tail)
{
	uint64_t q = offset / LOOM_DOORBELL_STRIDE;

	if (q >= LOOM_NUM_QUEUES || offset % LOOM_DOORBELL_STRIDE != LOOM_DOORBELL_TAIL)
		return;
	pthread_mutex_lock(&dev->lock);
	if ((dev->queue[q].ctrl & LOOM_CCQ_CTRL_ENABLE) && hears(dev, q)) {
		dev->queue[q].tail = tail;
		dev->cc.db_pending |= 1ull << q;
		loom_cc_update_irq(dev);
	}
	pthread_mutex_unlock(&dev->lock);
}

void loom_queue_set_ctrl(struct loom_dev *dev, unsigned int q, uint32_t ctrl)
{
	struct loom_queue *queue = &dev->queue[q];

	queue->ctrl = ctrl & (LOOM_CCQ_CTRL_ENABLE | LOOM_CCQ_CTRL_RING_VA);
	if (!(queue->ctrl & LOOM_CCQ_CTRL_ENABLE)) {
		queue->head = 0;
		queue->tail = 0;
		queue->done = 0;
		queue->done_cycles = 0;
		dev->cc.db_pending &= ~(1ull << q);
		dev->deaf_queues &= ~(1ull << q);
		loom_cc_update_irq(dev);
	}
}

/* Copy one 64-byte entry, or a part of it, of a ring whose first is at @ring. */
static int ring_access(struct loom_tlb *tlb, const struct loom_queue *q, uint64_t ring, uint32_t index,
		       size_t offset, void *buf, size_t len, int access, uint64_t *fault_va)
{
	uint64_t entry = index & ((1u << (q->log2 & 31)) - 1);
	uint64_t addr = ring + entry * 64 + offset;

	if (q->ctrl & LOOM_CCQ_CTRL_RING_VA)
		return loom_tlb_access(tlb, q->as, addr, buf, len, access, fault_va);
	*fault_va = addr;
	return loom_tlb_bus_access(tlb, addr, buf, len, access);
}

static bool entry_ok(const struct loom_job *job)
{
	if (job->stream_va % 64 || !job->stream_slots || job->stream_slots > LOOM_STREAM_SLOTS_MAX ||
	    job->flags)
		return false;
	for (size_t i = 0; i < sizeof(job->rsvd) / sizeof(job->rsvd[0]); i++)
		if (job->rsvd[i])
			return false;
	return true;
}

void loom_queue_fetch(struct loom_tlb *tlb, const struct loom_queue *q, uint32_t index,
		      struct loom_job *job, struct loom_exec_result *r)
{
	int err;

	memset(job, 0, sizeof(*job));
	err = ring_access(tlb, q, q->ring, index, 0, job, sizeof(*job), LOOM_ACCESS_READ, &r->fault_va);
	if (err) {
		r->status = LOOM_JOB_MMU_FAULT;
		r->fault_code = (uint32_t)err;
		r->fault_engine = LOOM_ENGINE_CTRL;
		r->fault_access = LOOM_ACCESS_READ;
		return;
	}
	r->fault_va = 0;
	r->status = entry_ok(job) ? LOOM_JOB_OK : LOOM_JOB_BAD_ENTRY;
}

int loom_queue_complete(struct loom_tlb *tlb, const struct loom_queue *q, uint32_t index,
			struct loom_completion *rec)
{
	uint64_t fault_va;
	int err;

	err = ring_access(tlb, q, q->cpl, index, 8, (char *)rec + 8, sizeof(*rec) - 8,
			  LOOM_ACCESS_WRITE, &fault_va);
	if (err)
		return err;
	atomic_thread_fence(memory_order_release);
	return ring_access(tlb, q, q->cpl, index, 0, &rec->seqno, 8, LOOM_ACCESS_WRITE, &fault_va);
}
