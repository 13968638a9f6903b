/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Loom registers, page tables, queue rings: what the hardware shows to the driver (BAR0, BAR2)
 * and to the firmware on its own control core.
 *
 * Everything is little-endian. Registers are 32 bits wide unless named _64 (two halves, low
 * first; a single 64-bit access is legal too). Reserved registers read as zero and ignore
 * writes. "bus address" is what the device puts on PCI: after an IOMMU, not before.
 */
#ifndef LOOM_REGS_H
#define LOOM_REGS_H

#include <linux/types.h>

#define LOOM_PCI_VENDOR		0x1234
#define LOOM_PCI_DEVICE		0x4c4d
#define LOOM_PCI_CLASS		0x1200	/* processing accelerator */

#define LOOM_BAR_REGS		0
#define LOOM_BAR_DOORBELL	2
#define LOOM_BAR_MSIX		4

#define LOOM_BAR0_BYTES		0x10000
#define LOOM_DOORBELL_STRIDE	0x1000	/* BAR2: one page a hardware queue */

#define LOOM_NUM_QUEUES		64
#define LOOM_NUM_AS		64
#define LOOM_MAX_CORES		8
#define LOOM_NUM_SEMS		64	/* per compute core */

/* MSI-X vectors: edges, nothing to acknowledge in the device. */
enum loom_vector {
	LOOM_VEC_MSG = 0,	/* firmware put messages into the F2H ring */
	LOOM_VEC_JOB = 1,	/* completion records were written */
	LOOM_VEC_FAULT = 2,	/* a queue stopped on an MMU or descriptor fault */
	LOOM_VEC_ERROR = 3,	/* boot failed, or the control core halted */
	LOOM_VEC_THERMAL = 4,	/* LOOM_REG_THROTTLE or LOOM_REG_CLOCK_CAP_KHZ has changed (LOOM_FEAT_CLOCK) */
	LOOM_NUM_VECTORS = 5,
};

/* ---- BAR0: identity and geometry (RO, constant while the device exists) ---- */
#define LOOM_REG_MAGIC		0x0000	/* LOOM_MAGIC */
#define LOOM_REG_REVISION	0x0004	/* [31:16] major, [15:0] minor */
#define LOOM_REG_FEATURES_64	0x0008	/* LOOM_FEAT_* */
#define LOOM_REG_ISA_VERSION	0x0010	/* LOOM_ISA_VERSION of isa.h: [31:16] major, [15:0] minor */
#define LOOM_REG_ARRAY_DIM	0x0014	/* R: rows = columns, one of 8 16 32 64 128 */
#define LOOM_REG_NUM_CORES	0x0018	/* 1..8 */
#define LOOM_REG_SPM_BYTES	0x001c	/* scratchpad a core, bytes, multiple of 4096 */
#define LOOM_REG_ACC_BYTES	0x0020	/* accumulators a core, bytes, multiple of 4096 */
#define LOOM_REG_DRAM_BPC	0x0024	/* DRAM bandwidth, bytes a cycle, shared by the cores */
#define LOOM_REG_CLOCK_MAX_KHZ	0x0028
#define LOOM_REG_NUM_QUEUES	0x002c	/* 64 */
#define LOOM_REG_NUM_AS		0x0030	/* 64 */
#define LOOM_REG_VA_BITS	0x0034	/* 48 */
#define LOOM_REG_TCM_BYTES	0x0038	/* memory of the control core, bytes */

#define LOOM_MAGIC		0x4d4f4f4c	/* "LOOM" */
#define LOOM_REVISION		0x00010001	/* 1.1: LOOM_QUEUE_DONE_64, LOOM_QUEUE_CYCLES_64 */

#define LOOM_FEAT_TIMING	(1ull << 0)	/* completions arrive at the modelled time */
#define LOOM_FEAT_TRACE		(1ull << 1)	/* trace ring */
#define LOOM_FEAT_SPARSE24	(1ull << 2)	/* 2:4 structured sparsity */
#define LOOM_FEAT_INT4		(1ull << 3)
#define LOOM_FEAT_FP8		(1ull << 4)
#define LOOM_FEAT_TRAIN		(1ull << 5)	/* transposed operands, input dilation, optimiser steps */
#define LOOM_FEAT_PERF		(1ull << 6)	/* LOOM_REG_PERF: counters that are latched together */
#define LOOM_FEAT_CLOCK		(1ull << 7)	/* LOOM_REG_CLOCK_SET_KHZ, operating points, throttling */

/* ---- BAR0: reset and boot ---- */
#define LOOM_REG_RESET		0x0100	/* WO: LOOM_RESET_KEY resets all but PCI configuration */
#define LOOM_RESET_KEY		0x52534554	/* "RSET"; other values are ignored */
#define LOOM_REG_BOOT_CTRL	0x0104	/* WO: 1 starts the boot ROM */
#define LOOM_REG_BOOT_STATUS	0x0108	/* RO: [7:0] loom_boot_state, [15:8] loom_boot_error */
#define LOOM_REG_FW_ADDR_64	0x0110	/* RW: bus address of the firmware image (fw.h) */
#define LOOM_REG_FW_SIZE	0x0118	/* RW: image size, bytes */
#define LOOM_REG_SHM_ADDR_64	0x0120	/* RW: bus address of the shared memory (fw.h), 4 KiB aligned */
#define LOOM_REG_SHM_SIZE	0x0128	/* RW: bytes, multiple of 4096, at most LOOM_CC_SHM_MAX */

enum loom_boot_state {
	LOOM_BOOT_OFF = 0,	/* after reset */
	LOOM_BOOT_RUNNING = 1,	/* image accepted, control core runs */
	LOOM_BOOT_FAILED = 2,	/* image refused; error says why */
	LOOM_BOOT_HALTED = 3,	/* firmware halted itself or took a trap it could not handle */
};

enum loom_boot_error {
	LOOM_BOOT_ERR_NONE = 0,
	LOOM_BOOT_ERR_DMA = 1,		/* image or shared memory could not be read */
	LOOM_BOOT_ERR_MAGIC = 2,
	LOOM_BOOT_ERR_VERSION = 3,	/* header version, or hardware revision the image is not for */
	LOOM_BOOT_ERR_LENGTH = 4,	/* lengths disagree, or do not fit the TCM */
	LOOM_BOOT_ERR_DIGEST = 5,	/* SHA-256 of the payload does not match */
	LOOM_BOOT_ERR_ENTRY = 6,	/* entry point outside of the payload or misaligned */
	LOOM_BOOT_ERR_TRAP = 7,		/* halted: unhandled trap; see LOOM_REG_TRAP_* */
	LOOM_BOOT_ERR_PANIC = 8,	/* halted: firmware wrote LOOM_CC_HALT; code in LOOM_REG_TRAP_VALUE */
};

/* Why the control core halted (RO, valid in LOOM_BOOT_HALTED). */
#define LOOM_REG_TRAP_CAUSE	0x0140	/* mcause */
#define LOOM_REG_TRAP_PC	0x0144	/* mepc */
#define LOOM_REG_TRAP_VALUE	0x0148	/* mtval, or the panic code */

/* ---- BAR0: mailbox ---- */
#define LOOM_REG_MBOX_DOORBELL	0x0200	/* WO: any value: messages wait in the H2F ring */

/* ---- BAR0: telemetry (RO) ---- */
#define LOOM_REG_CLOCK_KHZ	0x0300	/* present clock: the lower of CLOCK_SET_KHZ and CLOCK_CAP_KHZ */
#define LOOM_REG_TEMP_MC	0x0304	/* die temperature, millidegrees Celsius, signed */
#define LOOM_REG_POWER_MW	0x0308
#define LOOM_REG_PERF_LATCH	0x030c	/* WO: bit a core: copy its counters to LOOM_REG_PERF */
#define LOOM_REG_PERF_TIME_64	0x0310	/* RO: nanoseconds since reset at the last LOOM_REG_PERF_LATCH */

/* ---- BAR0: clock and throttling (RO unless it says otherwise; LOOM_FEAT_CLOCK; docs/hardware.md) ---- */
#define LOOM_REG_CLOCK_SET_KHZ	0x0318	/* RW: the clock that is wanted, clamped to 1000..CLOCK_MAX_KHZ. Firmware
					 * writes it too, as LOOM_CC_CLOCK_KHZ */
#define LOOM_REG_CLOCK_CAP_KHZ	0x031c	/* what throttling allows now: the clock of an operating point */
#define LOOM_REG_TEMP_LIMIT_MC	0x0320	/* from here on the device lowers its clock, step by step */
#define LOOM_REG_TEMP_HYST_MC	0x0324	/* below this it raises it again */
#define LOOM_REG_TEMP_CRIT_MC	0x0328	/* from here on it goes to the lowest operating point at once */
#define LOOM_REG_THROTTLE	0x032c	/* LOOM_THROTTLE_*: why CLOCK_CAP_KHZ is less than CLOCK_MAX_KHZ; 0: it is not */
#define LOOM_THROTTLE_THERMAL	0x1	/*   the limit was reached, and the clock is not yet back at its highest */
#define LOOM_THROTTLE_CRITICAL	0x2	/*   the critical temperature was, and the die is not yet below the limit */
#define LOOM_REG_THROTTLE_COUNT	0x0330	/* how often throttling has begun since reset */
#define LOOM_REG_NUM_OPPS	0x0334	/* operating points, 1..LOOM_MAX_OPPS */
#define LOOM_REG_THROTTLE_NS_64	0x0338	/* nanoseconds since reset in which LOOM_REG_THROTTLE was not 0 */
#define LOOM_MAX_OPPS		8
#define LOOM_REG_OPP(i)		(0x0340 + (i) * 8)	/* operating points, lowest clock first */
#define LOOM_OPP_KHZ		0x0
#define LOOM_OPP_MV		0x4	/* supply of the cores, millivolts */

/* ---- BAR0: address spaces, one block each ---- */
#define LOOM_REG_AS(as)		(0x1000 + (as) * 0x40)
#define LOOM_AS_PGD_64		0x00	/* RW: bus address of the top-level table, 4 KiB aligned */
#define LOOM_AS_CTRL		0x08	/* RW: bit 0 enable. Disabling drops the TLB of this AS */
#define LOOM_AS_CTRL_ENABLE	0x1
#define LOOM_AS_INV_VA_64	0x10	/* RW: first VA to invalidate, 4 KiB aligned */
#define LOOM_AS_INV_PAGES	0x18	/* RW: 4 KiB pages to invalidate, 0 = the whole AS */
#define LOOM_AS_INV		0x1c	/* WO: any value starts; RO: 1 while in progress. When it reads
					 * 0 no engine holds or uses a translation that was dropped. */

/* ---- BAR0: telemetry counters, one block a core (RO, 64-bit, free-running since reset) ---- */
#define LOOM_REG_CORE(core)	(0x3000 + (core) * 0x100)
#define LOOM_CORE_CYCLES_64	0x00	/* core clock cycles spent in jobs, by the cycle model */
#define LOOM_CORE_MACS_64	0x08	/* multiply-accumulates done by the array */
#define LOOM_CORE_BYTES_IN_64	0x10	/* DRAM to scratchpad */
#define LOOM_CORE_BYTES_OUT_64	0x18	/* scratchpad to DRAM */
#define LOOM_CORE_DESCS_64	0x20	/* descriptors executed */
#define LOOM_CORE_JOBS_64	0x28	/* jobs ended, for whatever reason */
#define LOOM_CORE_BUSY_64(eng)	(0x40 + (eng) * 8)	/* cycles that engine (isa.h) was busy */

/* ---- BAR0: trace ring, one a core: what it executed, and when (docs/hardware.md) ---- */
#define LOOM_REG_TRACE(core)	(0x3800 + (core) * 0x40)
#define LOOM_TRACE_BASE_64	0x00	/* RW: bus address of the ring, 64-byte aligned */
#define LOOM_TRACE_LOG2		0x08	/* RW: log2 of its records, LOOM_TRACE_LOG2_MIN.._MAX */
#define LOOM_TRACE_CTRL		0x0c	/* RW: LOOM_TRACE_CTRL_*. These three ignore writes while enabled, but
					 * for one to CTRL that clears ENABLE */
#define LOOM_TRACE_CTRL_ENABLE	0x1	/*   set: HEAD, TAIL, DROPPED and ERROR become 0 */
#define LOOM_TRACE_CTRL_OVERWRITE 0x2	/*   a full ring loses its oldest records; otherwise what is new is dropped */
#define LOOM_TRACE_CTRL_BUSY	0x4	/*   RO: the ring is being written. Its memory is the host's again when
					 *   both this and ENABLE read 0 */
#define LOOM_TRACE_HEAD_64	0x10	/* RO: records ever written, record i at i mod the ring's size */
#define LOOM_TRACE_TAIL_64	0x18	/* RW: records that the host has taken; values not in TAIL..HEAD are ignored */
#define LOOM_TRACE_DROPPED_64	0x20	/* RO: records that found no room, or could not be written */
#define LOOM_TRACE_ERROR	0x28	/* RO: loom_trace_error: why ENABLE is clear */

#define LOOM_TRACE_LOG2_MIN	6
#define LOOM_TRACE_LOG2_MAX	20

enum loom_trace_error {
	LOOM_TRACE_ERR_NONE = 0,
	LOOM_TRACE_ERR_SIZE = 1,	/* LOG2 out of its limits */
	LOOM_TRACE_ERR_ADDRESS = 2,	/* BASE not aligned, or the ring wraps around */
	LOOM_TRACE_ERR_DMA = 3,		/* the ring could not be written */
};

#define LOOM_TRACE_RUN		0x00	/* in place of an opcode: the core took up a job */

/**
 * struct loom_trace_record - one descriptor that was executed
 * @seq: the record's number in its ring + 1; tells records that were overwritten from those expected
 * @start: its engine took it up, in cycles of LOOM_CORE_CYCLES_64. LOOM_TRACE_RUN: where the job's cycles begin
 * @end: all it wrote could be seen. LOOM_TRACE_RUN: nanoseconds since reset, of the device's clock
 * @job: seqno of the job
 * @slot: of the descriptor in the job's stream; LOOM_TRACE_RUN: the first to be executed
 * @queue: hardware queue of the job
 * @node: the descriptor's tag
 * @op: loom_opcode of isa.h, or LOOM_TRACE_RUN
 * @engine: loom_engine of isa.h
 * @core: that executed it
 * @rsvd: zero
 * @stall: cycles that its engine lost before and in it, by enum loom_stall; at most 2^32-1
 */
struct loom_trace_record {
	__le64 seq;
	__le64 start;
	__le64 end;
	__le64 job;
	__le32 slot;
	__le16 queue;
	__le16 node;
	__u8   op;
	__u8   engine;
	__u8   core;
	__u8   rsvd;
	__le32 stall[5];
};
_Static_assert(sizeof(struct loom_trace_record) == 64, "loom_trace_record");

/* ---- BAR0: the same counters and more, as they were at the last LOOM_REG_PERF_LATCH (RO, 64-bit) ---- */
/*
 * All of a core's counters are of one moment, between two descriptors. Offsets up to LOOM_CORE_BUSY_64 are those of
 * LOOM_REG_CORE. For each engine
 *	idle = cycles - busy - sum of stalls
 * which is never negative. Whoever latches keeps others from it until everything is read.
 */
#define LOOM_REG_PERF(core)	(0x8000 + (core) * 0x400)
#define LOOM_PERF_CONFLICTS_64	0x70	/* accesses to the scratchpad that met a bank conflict */
#define LOOM_PERF_STALL_64(eng, cause)	(0x100 + (eng) * 0x40 + (cause) * 8)	/* cycles lost */

/* What keeps an engine from its next descriptor, or from going on with one. docs/hardware.md defines each. */
enum loom_stall {
	LOOM_STALL_SEM = 0,	/* waits for a semaphore */
	LOOM_STALL_BARRIER = 1,	/* waits for a barrier, MARK, STAT or END: or is one, and waits for the rest */
	LOOM_STALL_BUS = 2,	/* DMA: the DRAM bus is taken */
	LOOM_STALL_BANK = 3,	/* elements of one access lie in the same bank of the scratchpad */
	LOOM_STALL_PLANE = 4,	/* MXU: the next weight plane is not full */
	LOOM_NUM_STALLS = 5,
};
_Static_assert(sizeof(((struct loom_trace_record *)0)->stall) / 4 == LOOM_NUM_STALLS, "a stall of each cause");

/* ---- BAR0: hardware queues as the driver may look at them (RO) ---- */
#define LOOM_REG_QUEUE(q)	(0x4000 + (q) * 0x20)
#define LOOM_QUEUE_CTRL		0x00	/* as LOOM_CCQ_CTRL */
#define LOOM_QUEUE_HEAD		0x04	/* next job to start: count since creation, mod 2^32 */
#define LOOM_QUEUE_TAIL		0x08	/* last value written to the doorbell */
#define LOOM_QUEUE_AS		0x0c
#define LOOM_QUEUE_DONE_64	0x10	/* jobs whose completion record was written since creation */
#define LOOM_QUEUE_CYCLES_64	0x18	/* cycles in the records of these jobs, added up */

/* ---- BAR2 ---- */
/*
 * Page q belongs to queue q. A 32-bit write to its offset 0 stores the new tail: the number of
 * jobs ever put into the ring, mod 2^32. All else in the page reads zero and ignores writes.
 */
#define LOOM_DOORBELL_TAIL	0x0

/* ---- Page tables ---- */
/*
 * Four levels, 9 bits of VA each, 512 entries of 64 bits a table: level 3 is indexed by VA
 * [47:39], level 0 by VA [20:12]. A leaf is at level 0 (4 KiB) or, with HUGE, at level 1 (2 MiB).
 * Bits that are not named must be zero. A read-only bit counts at the leaf only.
 */
#define LOOM_VA_BITS		48
#define LOOM_PT_LEVELS		4
#define LOOM_PT_BITS		9
#define LOOM_PAGE_SHIFT		12
#define LOOM_HUGE_SHIFT		21
#define LOOM_PTE_VALID		(1ull << 0)
#define LOOM_PTE_RO		(1ull << 1)	/* leaf: engines may not write */
#define LOOM_PTE_HUGE		(1ull << 2)	/* level 1: leaf of 2 MiB, address 2 MiB aligned */
#define LOOM_PTE_ADDR		0x000ffffffffff000ull

/* ---- Queue rings ---- */
#define LOOM_RING_LOG2_MIN	1
#define LOOM_RING_LOG2_MAX	12

/**
 * struct loom_job - one entry of a job ring, written by whoever owns the queue
 * @stream_va: VA of the first descriptor in the queue's address space, 64-byte aligned
 * @stream_slots: length of the stream in 64-byte slots, 1..2^24
 * @flags: zero
 * @seqno: copied to the completion record; by convention the job's index in the queue + 1
 * @rsvd: zero
 */
struct loom_job {
	__le64 stream_va;
	__le32 stream_slots;
	__le32 flags;
	__le64 seqno;
	__le64 rsvd[5];
};
_Static_assert(sizeof(struct loom_job) == 64, "loom_job");

#define LOOM_STREAM_SLOTS_MAX	(1u << 24)

/* Why a job ended. */
enum loom_job_status {
	LOOM_JOB_OK = 0,
	LOOM_JOB_BAD_ENTRY = 1,		/* the ring entry is malformed */
	LOOM_JOB_ILLEGAL = 2,		/* illegal descriptor: fault_code is loom_illegal of isa.h */
	LOOM_JOB_MMU_FAULT = 3,		/* fault_code is loom_mmu_fault */
	LOOM_JOB_STOPPED = 4,		/* firmware stopped it (hang, queue stop) */
	LOOM_JOB_NO_END = 5,		/* the stream ran out without an END descriptor */
};

enum loom_mmu_fault {
	LOOM_MMU_FAULT_NONE = 0,
	LOOM_MMU_FAULT_UNMAPPED = 1,
	LOOM_MMU_FAULT_READ_ONLY = 2,
	LOOM_MMU_FAULT_PTE = 3,		/* malformed table entry */
	LOOM_MMU_FAULT_RANGE = 4,	/* VA beyond 48 bits */
	LOOM_MMU_FAULT_BUS = 5,		/* table or data not reachable on the bus */
	LOOM_MMU_FAULT_DISABLED = 6,	/* address space is not enabled */
};

#define LOOM_ACCESS_READ	0
#define LOOM_ACCESS_WRITE	1

/**
 * struct loom_completion - one entry of a completion ring, written by the device
 * @seqno: of the job; written last, so that a reader that sees it sees the rest
 * @status: loom_job_status
 * @fault_code: by @status, otherwise zero
 * @fault_va: LOOM_JOB_MMU_FAULT: the address, page-exact at least
 * @fault_slot: slot index of the descriptor that faulted
 * @fault_engine: loom_engine of isa.h
 * @fault_access: LOOM_ACCESS_*
 * @core: that ran the job
 * @cycles: of the core, from first descriptor to last, by the cycle model
 * @macs: multiply-accumulates of the job
 * @rsvd: zero
 *
 * The completion of the job with index i (count since queue creation) goes to entry i mod the
 * number of entries, which is the job ring's.
 */
struct loom_completion {
	__le64 seqno;
	__le32 status;
	__le32 fault_code;
	__le64 fault_va;
	__le32 fault_slot;
	__u8   fault_engine;
	__u8   fault_access;
	__u8   core;
	__u8   rsvd0;
	__le64 cycles;
	__le64 macs;
	__le64 rsvd[2];
};
_Static_assert(sizeof(struct loom_completion) == 64, "loom_completion");

/* ================= what the control core sees ================= */
/*
 * RV32IM + Zicsr, machine mode only. External interrupt (MEIP) is the OR of LOOM_CC_IRQ; the
 * timer interrupt (MTIP) is mtime >= mtimecmp. wfi sleeps until either is pending.
 */
#define LOOM_CC_TCM		0x10000000u	/* code and data; LOOM_REG_TCM_BYTES long */
#define LOOM_CC_TCM_BYTES	0x00040000u
#define LOOM_CC_SYS		0x20000000u
#define LOOM_CC_QUEUES		0x21000000u
#define LOOM_CC_CORES		0x22000000u
#define LOOM_CC_SHM		0x80000000u	/* window on the host's shared memory */
#define LOOM_CC_SHM_MAX		0x00100000u

/* System block, offsets from LOOM_CC_SYS */
#define LOOM_CC_IRQ		0x00	/* RO: LOOM_CC_IRQ_*: level, cleared at the source */
#define LOOM_CC_IRQ_MBOX	0x1	/*   host rang; cleared by writing LOOM_CC_MBOX_ACK */
#define LOOM_CC_IRQ_DOORBELL	0x2	/*   some bit of LOOM_CC_DB_PENDING */
#define LOOM_CC_IRQ_CORE	0x4	/*   some bit of LOOM_CC_CORE_EVENT */
#define LOOM_CC_MBOX_ACK	0x04	/* WO */
#define LOOM_CC_HOST_IRQ	0x08	/* WO: raises MSI-X vector of that number */
#define LOOM_CC_NUM_CORES	0x0c	/* RO */
#define LOOM_CC_MTIME_64	0x10	/* RO: microseconds since reset */
#define LOOM_CC_MTIMECMP_64	0x18	/* RW: reset value all ones */
#define LOOM_CC_DB_PENDING_64	0x20	/* RO bit a queue: doorbell rung; W1C */
#define LOOM_CC_CORE_EVENT	0x28	/* RO bit a core: left LOOM_CORE_RUNNING; W1C */
#define LOOM_CC_CLOCK_KHZ	0x30	/* RW: sets LOOM_REG_CLOCK_SET_KHZ; reads LOOM_REG_CLOCK_KHZ */
#define LOOM_CC_TEMP_MC		0x34	/* RO */
#define LOOM_CC_POWER_MW	0x38	/* RO */
#define LOOM_CC_SHM_SIZE	0x3c	/* RO */
#define LOOM_CC_HALT		0x40	/* WO: panic code; control core stops, LOOM_VEC_ERROR */

/* Queue block of queue q: LOOM_CC_QUEUES + q * LOOM_CCQ_STRIDE */
#define LOOM_CCQ_STRIDE		0x40
#define LOOM_CCQ_RING_64	0x00	/* RW: address of the job ring, 64-byte aligned */
#define LOOM_CCQ_CPL_64		0x08	/* RW: address of the completion ring, 64-byte aligned */
#define LOOM_CCQ_LOG2		0x10	/* RW: log2 of the entries of both rings */
#define LOOM_CCQ_AS		0x14	/* RW: address space of the jobs */
#define LOOM_CCQ_CTRL		0x18	/* RW: LOOM_CCQ_CTRL_* */
#define LOOM_CCQ_CTRL_ENABLE	0x1	/*   doorbells are latched; clearing it zeroes head and tail */
#define LOOM_CCQ_CTRL_RING_VA	0x2	/*   ring addresses are VAs of the AS, not bus addresses */
#define LOOM_CCQ_TAIL		0x1c	/* RO: last doorbell value */
#define LOOM_CCQ_HEAD		0x20	/* RW: kept by firmware */

/* Core block of core c: LOOM_CC_CORES + c * LOOM_CCC_STRIDE */
#define LOOM_CCC_STRIDE		0x80
#define LOOM_CCC_QUEUE		0x00	/* RW: queue of the job to start */
#define LOOM_CCC_INDEX		0x04	/* RW: its index in the queue (count, mod 2^32) */
#define LOOM_CCC_SLOT		0x08	/* RW: slot to start at: 0, or where the job yielded */
#define LOOM_CCC_CMD		0x0c	/* WO: loom_core_cmd */
#define LOOM_CCC_STATE		0x10	/* RO: loom_core_state */
#define LOOM_CCC_STATUS		0x14	/* RO: loom_job_status, valid in LOOM_CORE_ENDED */
#define LOOM_CCC_FAULT_CODE	0x18	/* RO: these as in struct loom_completion */
#define LOOM_CCC_FAULT_SLOT	0x1c
#define LOOM_CCC_FAULT_VA_64	0x20
#define LOOM_CCC_FAULT_INFO	0x28	/* RO: [7:0] engine, [15:8] access */
#define LOOM_CCC_CPL_STATUS	0x2c	/* RO: 0, or loom_mmu_fault of the last COMPLETE command */

enum loom_core_cmd {
	LOOM_CORE_CMD_START = 1,	/* idle or ended core: run QUEUE/INDEX from SLOT */
	LOOM_CORE_CMD_STOP = 2,		/* running core: abort; ends with LOOM_JOB_STOPPED */
	LOOM_CORE_CMD_YIELD = 3,	/* running core: stop at the next MARK */
	LOOM_CORE_CMD_COMPLETE = 4,	/* ended core: write the completion record, raise LOOM_VEC_JOB,
					 * become idle */
	LOOM_CORE_CMD_RELEASE = 5,	/* ended or yielded core: become idle, write nothing */
	LOOM_CORE_CMD_RESET = 6,	/* running core: drop the job, whatever state its engines are in; ends
					 * with LOOM_JOB_STOPPED. For a core that does not obey STOP */
};

enum loom_core_state {
	LOOM_CORE_IDLE = 0,
	LOOM_CORE_RUNNING = 1,
	LOOM_CORE_ENDED = 2,		/* STATUS says how */
	LOOM_CORE_YIELDED = 3,		/* stopped at a MARK; SLOT is where to go on */
};

#endif
