// SPDX-License-Identifier: MIT
/* A job that ended badly stops its queue, and nothing else. */
#include "fw.h"

/* The record itself could not be written: that is what the driver has to hear of. */
static void describe_record_fault(struct queue *queue, struct loom_msg *msg, uint32_t code)
{
	uint32_t entry = (queue->head - 1) & ((1u << queue->log2) - 1);

	msg->u.fault.status = LOOM_JOB_MMU_FAULT;
	msg->u.fault.code = code;
	msg->u.fault.va = queue->cpl + 64ull * entry;
	msg->u.fault.access = LOOM_ACCESS_WRITE;
}

static void describe_job_fault(struct loom_msg *msg, unsigned int core, uint32_t status)
{
	uint32_t info = core_read(core, LOOM_CCC_FAULT_INFO);

	msg->u.fault.status = status;
	msg->u.fault.code = core_read(core, LOOM_CCC_FAULT_CODE);
	msg->u.fault.va = (uint64_t)core_read(core, LOOM_CCC_FAULT_VA_64 + 4) << 32 |
			  core_read(core, LOOM_CCC_FAULT_VA_64);
	msg->u.fault.slot = core_read(core, LOOM_CCC_FAULT_SLOT);
	msg->u.fault.engine = (uint8_t)info;
	msg->u.fault.access = (uint8_t)(info >> 8);
}

void queue_fault(unsigned int q, unsigned int core, uint32_t status)
{
	struct queue *queue = &queues[q];
	struct loom_msg *msg = &queue->fault;
	uint32_t record = core_read(core, LOOM_CCC_CPL_STATUS);

	*msg = (struct loom_msg) { .type = LOOM_MSG_QUEUE_FAULT };
	msg->u.fault.queue = q;
	msg->u.fault.as = queue->as;
	msg->u.fault.index = queue->head - 1;
	msg->u.fault.core = (uint8_t)core;
	if (record)
		describe_record_fault(queue, msg, record);
	else
		describe_job_fault(msg, core, status);
	queue->state = QUEUE_STOPPED;
	queue->fault_waits = true;
	queue_owes(q);
	log_line(LOG_WARN, "queue %u: job %u ended with status %u, code %u, at %X", (uint32_t)q,
		 queue->head - 1, msg->u.fault.status, msg->u.fault.code, msg->u.fault.va);
}
