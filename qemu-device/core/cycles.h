/* SPDX-License-Identifier: MIT */
/*
 * The cycle model: when each descriptor would start and end on the machine, in core cycles from the job's start. It
 * follows the execution (semaphores, barriers) and never leads it; docs/hardware.md states the rules.
 */
#ifndef LOOM_CORE_CYCLES_H
#define LOOM_CORE_CYCLES_H

#include <stdint.h>

#include <loom/isa.h>
#include <loom/regs.h>

#include "geometry.h"

#define LOOM_DMA_LATENCY	64	/* from the last bus cycle of a transfer to its end */
#define LOOM_VPU_LATENCY	8	/* from the last lane cycle to the end */

#define LOOM_SEM_HISTORY	64
#define LOOM_BUS_GAPS		32

/**
 * struct loom_span - one descriptor on the timeline
 * @start: its waits are met and its engine takes it up
 * @end: all it wrote can be seen
 * @busy: cycles that its engine worked on it
 * @stall: cycles that its engine lost before and in it, by loom_stall
 * @conflicts: its accesses to the scratchpad that met a bank conflict
 */
struct loom_span {
	uint64_t start, end, busy, conflicts;
	uint64_t stall[LOOM_NUM_STALLS];
};

/**
 * struct loom_timeline - state of the model
 * @engine: when each engine can take its next descriptor
 * @barrier: nothing starts before
 * @horizon: end of everything so far
 * @stream_free: when the array can take the next operand row
 * @plane_free: when the shadow weight plane can be filled again
 * @bus_floor: the bus is taken up to here
 * @bus: busy intervals behind @bus_floor, ascending, apart
 * @bus_count: their number
 * @sem_time: when a semaphore reached value v, at index (v - 1) mod LOOM_SEM_HISTORY
 * @sem_value: its value
 * @seen: up to when each engine's time is accounted for, as busy or stalled; never beyond @horizon
 * @busy: cycles by engine
 * @span: the last descriptor
 */
struct loom_timeline {
	uint64_t engine[LOOM_NUM_ENGINES];
	uint64_t barrier;
	uint64_t horizon;
	uint64_t stream_free, plane_free;
	uint64_t bus_floor;
	struct { uint64_t from, to; } bus[LOOM_BUS_GAPS];
	uint32_t bus_count;
	uint32_t sem_value[LOOM_NUM_SEMS];
	uint64_t sem_time[LOOM_NUM_SEMS][LOOM_SEM_HISTORY];
	uint64_t seen[LOOM_NUM_ENGINES];
	uint64_t busy[LOOM_NUM_ENGINES];
	struct loom_span span;
};

/**
 * struct loom_cost - what a descriptor asks of its engine
 * @bytes: over the DRAM bus (DMA engines)
 * @rows: operand rows streamed for each fold (MXU)
 * @folds: weight planes (MXU); 0: @rows pass by without weights
 * @lanes: cycles of the vector unit, or of a DMA engine that moves nothing over the bus
 * @conflict: cycles that each access to the scratchpad takes longer than it would without bank conflicts
 */
struct loom_cost {
	uint64_t bytes;
	uint64_t rows, folds;
	uint64_t lanes;
	uint32_t conflict;
};

struct loom_op;

void loom_timeline_reset(struct loom_timeline *t);

/** loom_timeline_run - account one descriptor and its signals, in order of execution */
void loom_timeline_run(struct loom_timeline *t, const struct loom_geometry *geo, const struct loom_op *op,
		       const struct loom_cost *cost);

/** loom_timeline_mark - semaphores went back to 0 */
void loom_timeline_mark(struct loom_timeline *t);

/** loom_op_cost - of a legal descriptor */
void loom_op_cost(const struct loom_geometry *geo, const struct loom_op *op, struct loom_cost *cost);

/** loom_op_conflict - the @conflict of a legal descriptor's cost, by its addresses and strides */
uint32_t loom_op_conflict(const struct loom_geometry *geo, const struct loom_op *op);

/** loom_op_macs - multiply-accumulates of a legal descriptor: useful ones, m * n * k */
uint64_t loom_op_macs(const struct loom_op *op);

/**
 * loom_mxu_native - cycles of one product alone on an idle array
 * @r: rows = columns; @m, @n, @k: of the product
 */
uint64_t loom_mxu_native(uint64_t r, uint64_t m, uint64_t n, uint64_t k);

/** loom_mxu_scalesim - cycles of one product by the formula of SCALE-Sim (weight stationary, no overlap) */
uint64_t loom_mxu_scalesim(uint64_t r, uint64_t m, uint64_t n, uint64_t k);

#endif
