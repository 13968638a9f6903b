/* SPDX-License-Identifier: MIT */
/* Inside of the device: its state, its locks, and what its parts offer each other. */
#ifndef LOOM_CORE_NPU_H
#define LOOM_CORE_NPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loom/isa.h>
#include <loom/regs.h>

#include "device.h"
#include "exec.h"
#include "mmu.h"
#include "rv32.h"
#include "threads.h"

#define LOOM_SHM_PAGE		4096u
#define LOOM_SHM_PAGES		(LOOM_CC_SHM_MAX / LOOM_SHM_PAGE)

/**
 * struct loom_queue - one hardware queue; device lock
 * @ring, @cpl, @log2, @as, @ctrl, @tail, @head: the registers
 * @cycles, @macs: of the present job's earlier parts, where it yielded
 * @done, @done_cycles: LOOM_QUEUE_DONE_64, LOOM_QUEUE_CYCLES_64
 */
struct loom_queue {
	uint64_t ring, cpl;
	uint32_t log2, as, ctrl, tail, head;
	uint64_t cycles, macs;
	uint64_t done, done_cycles;
};

/* What a compute core has to do next. */
enum loom_phase {
	LOOM_PHASE_NONE,	/* nothing: state is not LOOM_CORE_RUNNING */
	LOOM_PHASE_START,	/* fetch the ring entry, run */
	LOOM_PHASE_CONTINUE,	/* was paused in the middle of the stream */
	LOOM_PHASE_HUNG,	/* never ends by itself */
	LOOM_PHASE_DELAY,	/* has run; the modelled end has not come yet */
};

/**
 * struct loom_trace - trace ring of a core; device lock
 * @base, @log2, @ctrl, @head, @tail, @dropped, @error: the registers
 * @generation: counts enabling and disabling, so that a write of before counts for nothing
 * @writing: the task is writing into the ring
 */
struct loom_trace {
	uint64_t base, head, tail, dropped;
	uint32_t log2, ctrl, error;
	uint32_t generation;
	bool writing;
};

/**
 * struct loom_ccu - one compute core and its control block
 *
 * Device lock, except: @exec, @tlb and @traced belong to the running task; @requests is atomic.
 *
 * @requests: what the running @exec polls: LOOM_EXEC_*
 * @want: LOOM_EXEC_STOP and _YIELD as asked for the present job
 * @queue, @index, @slot: the job to start, as firmware wrote them
 * @job: what is running: copies taken at START, so that later writes do not matter; from start_ns on at the present clock, after
 *	@job.passed cycles at others
 * @state, @result, @cpl_status: as firmware reads them; result.status is LOOM_CCC_STATUS
 * @outcome: in LOOM_PHASE_DELAY, what comes after it
 * @end_ns: in LOOM_PHASE_DELAY, when
 * @stuck: ignores STOP
 * @inject: LOOM_INJECT_HANG_CORE, _HANG_JOB, _DEAD_CORE, _MMU_FAULT or _DMA_FAULT, for the job being started
 * @jobs: ended since reset
 * @latched: what LOOM_REG_PERF shows
 * @trace: its trace ring
 * @traced: the job that records are of
 * @epoch: dev->epoch that @exec works for
 */
struct loom_ccu {
	struct loom_dev *dev;
	unsigned int id;
	struct loom_task task;
	struct loom_core *exec;
	struct loom_tlb *tlb;
	_Atomic uint32_t requests;
	uint32_t want;

	uint32_t queue, index, slot;
	struct {
		uint32_t queue, index, slot, as;
		uint64_t seqno, start_ns, passed;
	} job;
	uint32_t state, cpl_status;
	struct loom_exec_result result;
	enum loom_phase phase;
	enum loom_exec_outcome outcome;
	uint64_t end_ns;
	bool stuck;
	enum loom_inject inject;
	uint64_t jobs;
	struct loom_exec_sample latched;
	struct loom_trace trace;
	struct {
		uint64_t seqno;
		uint32_t queue;
	} traced;
	uint64_t epoch;
};

/**
 * struct loom_cc - the control core
 *
 * Device lock, except: @cpu (but its signals), @tcm, @tlb and @shm belong to the running task.
 *
 * @booting: BOOT_CTRL was written, the boot ROM has not finished
 * @asleep: in wfi; an interrupt has to post the task
 * @hung: executes nothing until the device is reset, on request
 * @mbox: host rang and firmware has not acknowledged
 * @db_pending, @core_event: as the registers
 * @mtimecmp: as the register; microseconds
 * @shm: host pointers to the shared memory's pages, NULL where not mapped yet
 * @shm_unmappable: bit 0: mapping failed once, use dma_read and dma_write
 * @epoch: dev->epoch that @cpu works for
 */
struct loom_cc {
	struct loom_task task;
	struct rv32 cpu;
	uint8_t *tcm;
	struct loom_tlb *tlb;
	bool booting, asleep, hung, mbox;
	uint64_t db_pending;
	uint32_t core_event;
	_Atomic uint64_t mtimecmp;
	uint8_t *shm[LOOM_SHM_PAGES];
	bool shm_unmappable;
	uint64_t epoch;
};

/**
 * struct loom_thermal - temperature and power; device lock. A reset cools nothing
 * @last_ns: time of the last sample, 0 before the first
 * @macs, @bytes: counters then
 * @ambient_mc: around the device
 * @temp_mc, @power_mw: what the registers show
 */
struct loom_thermal {
	uint64_t last_ns, macs, bytes;
	double ambient_mc, temp_mc, power_mw;
};

struct loom_opp {
	uint32_t khz, mv;
};

/**
 * struct loom_throttle - what keeps the die from getting too hot; device lock
 * @opp: operating point whose clock is LOOM_REG_CLOCK_CAP_KHZ
 * @why, @count, @ns: the registers; @ns up to @counted_ns
 * @next_ns: bus time from which on the next step may be made
 * @task: looks at the temperature, each LOOM_THROTTLE_NS while it may rise
 * @looking: @task has a deadline
 */
struct loom_throttle {
	uint32_t opp, why, count;
	uint64_t ns, counted_ns, next_ns;
	struct loom_task task;
	bool looking;
};

#define LOOM_THROTTLE_NS	50000000ull
#define LOOM_CLOCK_MIN_KHZ	1000u

/**
 * struct loom_dev
 *
 * @lock protects all register state: the fields below that name no other rule, the queues, the
 * control blocks of the cores and the scheduler. It is held for moments only: never over a bus
 * function, an instruction of the control core or a descriptor.
 *
 * @epoch: counts resets. Work that began in an older one is discarded when it comes to rest
 * @t0_ns: bus time of the last reset, where mtime counts from
 * @shm_addr, @shm_size: latched from the registers when the boot ROM starts
 * @latch_ns: time since reset at which counters were last latched
 * @armed: faults, a bit each of loom_inject; atomic
 * @deaf_queues: bit q: LOOM_INJECT_HANG_QUEUE has struck queue q
 * @storm: task of LOOM_INJECT_IRQ_STORM
 */
struct loom_dev {
	struct loom_geometry geo;
	struct loom_bus bus;
	void *opaque;

	pthread_mutex_t lock;
	struct loom_sched sched;
	struct loom_mmu mmu;
	uint64_t epoch;
	_Atomic uint64_t t0_ns;

	uint32_t boot_state, boot_error;
	uint32_t trap_cause, trap_pc, trap_value;
	uint64_t fw_addr, shm_addr_reg, shm_addr;
	uint32_t fw_size, shm_size_reg, shm_size;
	uint32_t clock_khz, clock_set_khz;

	struct loom_queue queue[LOOM_NUM_QUEUES];
	struct loom_ccu core[LOOM_MAX_CORES];
	struct loom_cc cc;
	struct loom_thermal thermal;
	struct loom_throttle throttle;
	uint64_t latch_ns;

	_Atomic uint64_t armed;
	uint64_t deaf_queues;
	struct loom_task storm;
};

/* ---- device.c ---- */
uint64_t loom_dev_now(struct loom_dev *dev);

/** loom_dev_irq - raise @vector; no lock held */
void loom_dev_irq(struct loom_dev *dev, unsigned int vector);

/** loom_dev_soft_reset - all registers to their reset values, all DMA cut off; the lock is not held.
 *  Engines may still compute for the past, but nothing of it is seen. Does not wait for jobs. */
void loom_dev_soft_reset(struct loom_dev *dev);

/* ---- inject.c ---- */
/** loom_inject_is - whether @what is armed */
bool loom_inject_is(struct loom_dev *dev, enum loom_inject what);
/** loom_inject_take - whether @what is armed; it no longer is */
bool loom_inject_take(struct loom_dev *dev, enum loom_inject what);
/** loom_inject_mute - registers and doorbells do nothing */
bool loom_inject_mute(struct loom_dev *dev);
/** loom_inject_job - the fault that the next job to be started was armed with, taken; or _NONE */
enum loom_inject loom_inject_job(struct loom_dev *dev);
/** loom_inject_fetch - what a job with @what ends with, instead of fetching its stream */
void loom_inject_fetch(struct loom_tlb *tlb, enum loom_inject what, uint64_t stream_va, struct loom_exec_result *r);
/** loom_inject_shm - faults that lie in the memory shared with the driver; by the control core's task, no lock held */
void loom_inject_shm(struct loom_dev *dev);
/** loom_inject_drops_store - whether the control core's write at @offset of the shared memory is lost */
bool loom_inject_drops_store(struct loom_dev *dev, uint32_t offset);
/** loom_inject_storm - task that raises every vector while it is asked for */
void loom_inject_storm(void *opaque);

/* ---- thermal.c ---- */
/** loom_thermal_update - bring temperature and power up to @now_ns (lock held) */
void loom_thermal_update(struct loom_dev *dev, uint64_t now_ns);
/** loom_thermal_run - the task of throttling */
void loom_thermal_run(void *opaque);
/** loom_thermal_look - the temperature, or what it leads to, may have changed: look now (lock held) */
void loom_thermal_look(struct loom_dev *dev);
/** loom_thermal_watch - something began that makes heat: look soon (lock held) */
void loom_thermal_watch(struct loom_dev *dev, uint64_t now_ns);
/** loom_thermal_init - as cold as what is around it; before the first reset */
void loom_thermal_init(struct loom_dev *dev);
/** loom_thermal_reset - register state (lock held); the temperature has been brought up to date */
void loom_thermal_reset(struct loom_dev *dev);
/** loom_clock_set - write of the wanted clock (lock held) */
void loom_clock_set(struct loom_dev *dev, uint32_t khz, uint64_t now_ns);
unsigned int loom_opp_count(const struct loom_dev *dev);
/** loom_opp - operating point @i, zero beyond the last */
struct loom_opp loom_opp(const struct loom_dev *dev, unsigned int i);
/** loom_throttle_count_time - bring LOOM_REG_THROTTLE_NS_64 up to @now_ns (lock held) */
void loom_throttle_count_time(struct loom_dev *dev, uint64_t now_ns);
/** loom_throttle_limit - LOOM_REG_TEMP_LIMIT_MC, _HYST_MC or _CRIT_MC */
uint32_t loom_throttle_limit(uint32_t reg);

/* ---- perf.c ---- */
/** loom_perf_latch - copy the counters of the cores in @mask, at @now_ns (lock held) */
void loom_perf_latch(struct loom_dev *dev, uint32_t mask, uint64_t now_ns);
/** loom_perf_read - the 64-bit counter at @offset from LOOM_REG_PERF(0), 0 where none is (lock held) */
uint64_t loom_perf_read(struct loom_dev *dev, uint32_t offset);

/* ---- trace.c ---- */
/** loom_trace_write - write of register @reg (LOOM_TRACE_*) of the ring (lock held) */
void loom_trace_write(struct loom_trace *t, uint32_t reg, uint64_t v);
/** loom_trace_start - by the task, no lock: the core is about to run @queue's job @seqno. @on: it is traced
 *  @slot: the first slot of a new part of the job; UINT32_MAX: it goes on where it was paused */
void loom_trace_start(struct loom_ccu *core, bool on, uint32_t queue, uint64_t seqno, uint32_t slot);
/** loom_trace_ok - could the registers, which come from outside, be as they are? */
bool loom_trace_ok(const struct loom_trace *t);
/** loom_trace_reset - register state (lock held) */
void loom_trace_reset(struct loom_trace *t);

/* ---- boot.c ---- */
/**
 * loom_boot_rom - check the image and load it into the TCM; by the control core's task, no lock
 * @entry: where execution begins
 * Return: a loom_boot_error.
 */
enum loom_boot_error loom_boot_rom(struct loom_dev *dev, uint64_t fw_addr, uint32_t fw_size,
				   uint64_t shm_addr, uint32_t shm_size, uint32_t *entry);

/* ---- ctlcore.c ---- */
/** loom_cc_run - the control core's task */
void loom_cc_run(void *opaque);
/** loom_cc_update_irq - recompute MEIP and wake the control core where that matters (lock held) */
void loom_cc_update_irq(struct loom_dev *dev);
/** loom_cc_reset - register state (lock held) */
void loom_cc_reset(struct loom_dev *dev);
/** loom_cc_panic - firmware wrote LOOM_CC_HALT; by the task, no lock held */
void loom_cc_panic(struct loom_dev *dev, uint32_t code);
/** loom_cc_attention - make the control core look at the world; lock held */
void loom_cc_attention(struct loom_dev *dev);
/** loom_cc_update_timer - recompute MTIP; by the task */
void loom_cc_update_timer(struct loom_dev *dev);
/** loom_cc_flush - give the mappings of shared memory back; the task is not running */
void loom_cc_flush(struct loom_dev *dev);

/* ---- ccbus.c ---- */
extern const struct rv32_bus loom_cc_bus;

/* ---- queue.c ---- */
void loom_queue_doorbell(struct loom_dev *dev, uint64_t offset, uint32_t tail);
/** loom_queue_set_ctrl - write of LOOM_CCQ_CTRL (lock held) */
void loom_queue_set_ctrl(struct loom_dev *dev, unsigned int q, uint32_t ctrl);
/** loom_queue_fetch - read and check ring entry @index of @q; @r gets status and fault where it is not LOOM_JOB_OK */
void loom_queue_fetch(struct loom_tlb *tlb, const struct loom_queue *q, uint32_t index,
		      struct loom_job *job, struct loom_exec_result *r);
/** loom_queue_complete - write completion record; 0 or a loom_mmu_fault */
int loom_queue_complete(struct loom_tlb *tlb, const struct loom_queue *q, uint32_t index,
			struct loom_completion *rec);

/* ---- compcore.c ---- */
/** loom_ccu_run - a compute core's task */
void loom_ccu_run(void *opaque);
/** loom_ccu_command - write of LOOM_CCC_CMD; by the control core's task, no lock held */
void loom_ccu_command(struct loom_dev *dev, unsigned int core, uint32_t cmd);
/** loom_ccu_reset - register state (lock held) */
void loom_ccu_reset(struct loom_ccu *core);
/** loom_ccu_new_clock - the clock was @old_khz up to @now_ns (lock held) */
void loom_ccu_new_clock(struct loom_ccu *core, uint32_t old_khz, uint64_t now_ns);
/** loom_ccu_new_epoch - drop what is left of the time before a reset; by the task, or while it rests;
 *  no lock held */
void loom_ccu_new_epoch(struct loom_ccu *core);
/** loom_ccu_counter - counter at byte @offset (LOOM_CORE_*_64) of the core's telemetry block; lock held */
uint64_t loom_ccu_counter(struct loom_ccu *core, uint32_t offset);

#endif
