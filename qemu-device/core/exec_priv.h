/* SPDX-License-Identifier: MIT */
/* What the files of the compute core share. Not for its users: they include exec.h. */
#ifndef LOOM_CORE_EXEC_PRIV_H
#define LOOM_CORE_EXEC_PRIV_H

#include <stdbool.h>

#include <loom/isa.h>
#include <loom/regs.h>

#include "cycles.h"
#include "exec.h"

/* Descriptors an engine's queue holds; fetch stalls when the next one's queue is full. */
#define LOOM_QUEUE_DEPTH	256u

#define LOOM_DIV_UP(a, b)	(((a) + (b) - 1) / (b))

/* A descriptor, whichever it is; one-slot descriptors leave the second half unused. */
union loom_any {
	struct loom_desc d;
	struct loom_nop nop;
	struct loom_stat_desc stat;
	struct loom_dma dma;
	struct loom_gather gather;
	struct loom_accinit accinit;
	struct loom_mm mm;
	struct loom_conv conv;
	struct loom_requant requant;
	struct loom_ewise ewise;
	struct loom_lut lut;
	struct loom_pool pool;
	struct loom_reduce reduce;
	struct loom_rows rows;
	struct loom_dwconv dwconv;
	struct loom_optim optim;
	struct loom_plut plut;
	struct loom_resize resize;
	struct loom_unpack unpack;
	uint8_t byte[2 * LOOM_SLOT_BYTES];
};
_Static_assert(sizeof(union loom_any) == 128, "loom_any");

/**
 * struct loom_op - a descriptor that passed its checks
 * @u: the descriptor
 * @slot: its index in the stream
 * @spm_begin, @spm_end: no byte of the scratchpad below the one, or at or above the other, is written
 * @acc_end: no byte of the accumulators at or above this is written
 */
struct loom_op {
	union loom_any u;
	uint32_t slot;
	uint32_t spm_begin, spm_end;
	uint32_t acc_end;
};

struct loom_op_queue {
	struct loom_op op[LOOM_QUEUE_DEPTH];
	uint32_t head, count;
};

/**
 * struct loom_exec_fault - why a descriptor could not be executed
 * @status: loom_job_status, LOOM_JOB_OK for none
 * @code: loom_illegal or loom_mmu_fault
 * @va: of an MMU fault
 * @access: LOOM_ACCESS_* of an MMU fault
 */
struct loom_exec_fault {
	uint32_t status;
	uint32_t code;
	uint64_t va;
	uint8_t access;
};

/**
 * struct loom_trace_buffer - records on their way to whoever wants them
 * @emit: NULL: nobody does
 * @count: records in @rec; none when the core is not running
 */
struct loom_trace_buffer {
	void (*emit)(void *opaque, const struct loom_trace_record *rec, size_t n);
	void *opaque;
	uint32_t count;
	struct loom_trace_record rec[LOOM_TRACE_BATCH];
};

struct loom_mxu_buffers;
struct loom_packed;
struct loom_vpu_buffers;

/**
 * struct loom_core - one compute core
 *
 * Owned by one thread at a time; other threads read @counters only.
 *
 * @id: what STAT reports as the core's number
 * @order: state of the chance that picks the order of execution; 0: the first in the stream goes first
 * @active: a job is paused (or being run) here
 * @va: of the stream; @slots its length; @next the slot to fetch
 * @chunk: slots fetched ahead, from the page of the last fetch: [@chunk_first, @chunk_first + @chunk_slots)
 * @spm_dirty: bytes of the scratchpad that may be other than zero; @acc_dirty likewise
 * @macs, @bytes_in, @bytes_out, @descs: of this job since loom_core_run()
 */
struct loom_core {
	struct loom_geometry geo;
	uint8_t *spm;
	uint8_t *acc;
	uint32_t sem[LOOM_NUM_SEMS];
	struct loom_op_queue *queue;
	uint32_t id;
	uint64_t order;

	bool active;
	uint64_t va;
	uint32_t slots, next;
	uint32_t chunk_first, chunk_slots;
	uint8_t chunk[4096] __attribute__((aligned(64)));
	uint32_t spm_dirty, acc_dirty;

	uint64_t macs, bytes_in, bytes_out, descs;
	struct loom_timeline time;
	struct loom_exec_counters counters;

	const struct loom_vm *vm;
	const _Atomic uint32_t *requests;

	struct loom_trace_buffer trace;

	struct loom_mxu_buffers *mxu;
	struct loom_packed *packed;
	struct loom_vpu_buffers *vpu;
	uint8_t *bounce;
};

#define LOOM_BOUNCE_BYTES	65536u

/* A long descriptor asks this between blocks of work, so that STOP need not wait for its end. */
static inline bool loom_exec_stopping(const struct loom_core *core)
{
	return core->requests &&
	       (atomic_load_explicit(core->requests, memory_order_relaxed) & LOOM_EXEC_STOP);
}

static inline uint32_t loom_type_bytes(unsigned int type)
{
	static const uint8_t bytes[LOOM_NUM_TYPES] = {
		[LOOM_S8] = 1, [LOOM_U8] = 1, [LOOM_S32] = 4, [LOOM_F16] = 2, [LOOM_BF16] = 2,
		[LOOM_F32] = 4, [LOOM_E4M3] = 1, [LOOM_E5M2] = 1,
	};

	return type < LOOM_NUM_TYPES ? bytes[type] : 0;
}

/* The engine of an opcode, or -1 where there is none. */
int loom_op_engine(unsigned int opcode);

/**
 * loom_check - is a descriptor legal?
 * @geo: sizes of the memories
 * @op: u is read; what it writes is set
 * @last: the descriptor is the last of its stream
 * Return: 0, or the loom_illegal that it is refused with.
 */
unsigned int loom_check(const struct loom_geometry *geo, struct loom_op *op, bool last);

/* Executors: one descriptor that passed loom_check(). A fault is put into @fault. */
typedef void (*loom_exec_fn)(struct loom_core *core, const struct loom_op *op,
			     struct loom_exec_fault *fault);

void loom_exec_nop(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_mark(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_stat(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_load(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_fill(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_store(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_gather(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_accinit(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_mm(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_conv(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_requant(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_ewise(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_lut(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_pool(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_reduce(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_softmax(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_layernorm(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_dwconv(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_plut(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_resize(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_optim(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);
void loom_exec_unpack(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault);

/* Every byte the memories of a core may hold of the job goes; semaphores go to 0. */
void loom_core_clear(struct loom_core *core);

/* counters.c, by the core's thread: a descriptor of @engine, the last on @t; a job that ended. */
void loom_count(struct loom_exec_counters *c, const struct loom_timeline *t, int engine, uint64_t cycles,
		uint64_t macs, uint64_t bytes_in, uint64_t bytes_out);
void loom_count_job(struct loom_exec_counters *c);

/* exec_trace.c: note the descriptor that was just accounted for; hand on what was noted. */
void loom_trace_note(struct loom_core *core, const struct loom_op *op, int engine);
void loom_trace_flush(struct loom_core *core);

/* Access to the job's memory; false with @fault filled in. */
bool loom_vm_read(struct loom_core *core, uint64_t va, void *buf, size_t len,
		  struct loom_exec_fault *fault);
bool loom_vm_write(struct loom_core *core, uint64_t va, const void *buf, size_t len,
		   struct loom_exec_fault *fault);

int loom_mxu_buffers_new(struct loom_mxu_buffers **out);
void loom_mxu_buffers_free(struct loom_mxu_buffers *buf);
int loom_vpu_buffers_new(struct loom_vpu_buffers **out);
void loom_vpu_buffers_free(struct loom_vpu_buffers *buf);

/* mxu_packed.c, by the core's thread: packed blocks of right operands in @spm; the device's own business, no state. */
int loom_packed_new(const uint8_t *spm, uint32_t spm_bytes, struct loom_packed **out);
void loom_packed_free(struct loom_packed *p);
void loom_packed_limit(struct loom_packed *p, uint64_t bytes);
const struct loom_packed_counts *loom_packed_counts(const struct loom_packed *p);

/* Bytes [@begin, @end) of the scratchpad are about to change: nothing that was made from them is used again. */
void loom_packed_forget(struct loom_packed *p, uint32_t begin, uint32_t end);

/* An operand of the vector unit: scratchpad, or accumulators with LOOM_ACC. */
static inline void *loom_mem(struct loom_core *core, uint32_t addr)
{
	return addr & LOOM_ACC ? core->acc + (addr & ~LOOM_ACC) : core->spm + addr;
}

#endif
