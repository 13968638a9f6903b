// SPDX-License-Identifier: MIT
/* What a failed job says in words. */
#include "fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libaccel/error.h"
#include "uapi/loom/isa_table.h"
#include "uapi/loom/regs.h"

static const char *illegal_text(uint32_t code)
{
	static const char *const text[] = {
		[LOOM_ILL_OPCODE] = "there is no such operation",
		[LOOM_ILL_UNIMPLEMENTED] = "this revision of the hardware lacks the operation",
		[LOOM_ILL_RESERVED] = "a reserved field is not zero",
		[LOOM_ILL_TYPE] = "a type is not legal there",
		[LOOM_ILL_SPM_RANGE] = "an operand reaches beyond the scratchpad",
		[LOOM_ILL_ACC_RANGE] = "an operand reaches beyond the accumulators",
		[LOOM_ILL_ALIGN] = "an operand is not aligned",
		[LOOM_ILL_VALUE] = "a value is outside of its limits",
		[LOOM_ILL_SEM] = "there is no such semaphore",
		[LOOM_ILL_INDEX] = "an index is beyond its limit",
	};

	return code < sizeof(text) / sizeof(text[0]) && text[code] ? text[code] : "unknown reason";
}

static const char *mmu_text(uint32_t code)
{
	static const char *const text[] = {
		[LOOM_MMU_FAULT_UNMAPPED] = "nothing is mapped there",
		[LOOM_MMU_FAULT_READ_ONLY] = "the memory is read-only",
		[LOOM_MMU_FAULT_PTE] = "the page table is malformed",
		[LOOM_MMU_FAULT_RANGE] = "the address has more than 48 bits",
		[LOOM_MMU_FAULT_BUS] = "the bus does not answer",
		[LOOM_MMU_FAULT_DISABLED] = "the address space is not enabled",
	};

	return code < sizeof(text) / sizeof(text[0]) && text[code] ? text[code] : "unknown reason";
}

/* "conv of Conv \"features.0\" (slot 12)" */
static void name_descriptor(const struct accel_program *prog, uint32_t stream, uint32_t slot, char *buf, size_t size)
{
	const struct accel_stream *s = &prog->streams[stream];
	const struct loom_op_info *op;
	struct loom_desc d;

	if (slot >= s->slots) {
		snprintf(buf, size, "slot %u of stream %u", slot, stream);
		return;
	}
	memcpy(&d, s->data + (size_t)slot * LOOM_SLOT_BYTES, sizeof(d));
	op = loom_op_find(d.op);
	if (d.node < prog->graph->num_nodes)
		snprintf(buf, size, "%s (slot %u) of node %s \"%s\"", op ? op->name : "descriptor", slot,
			 accel_op_name(prog->graph->nodes[d.node].op), prog->graph->nodes[d.node].name);
	else
		snprintf(buf, size, "%s (slot %u)", op ? op->name : "descriptor", slot);
}

int accel_fault_error(const struct accel_program *prog, uint32_t stream, const struct accel_fault *f)
{
	char where[256];

	name_descriptor(prog, stream, f->slot, where, sizeof(where));
	if (f->timeout)
		return accel_error(ETIMEDOUT, "run: the driver stopped the job, which took longer than its time limit");
	if (f->reset)
		return accel_error(EIO, "run: the device was reset while the job ran: submit it again in a new session");
	if (f->deadlock)
		return accel_error(EIO, "run: the engines waited for each other in stream %u", stream);
	switch (f->status) {
	case LOOM_JOB_ILLEGAL:
		return accel_error(EIO, "run: illegal descriptor: %s: %s", where, illegal_text(f->code));
	case LOOM_JOB_MMU_FAULT:
		return accel_error(EIO, "run: %s at address 0x%llx: %s: %s", f->write ? "write" : "read",
				   (unsigned long long)f->va, where, mmu_text(f->code));
	case LOOM_JOB_NO_END:
		return accel_error(EIO, "run: stream %u has no end descriptor", stream);
	case LOOM_JOB_STOPPED:
		return accel_error(EIO, "run: the job was stopped by the firmware");
	default:
		return accel_error(EIO, "run: the job failed with status %u", f->status);
	}
}
