/* SPDX-License-Identifier: MIT */
/*
 * The emitter: appends descriptors to a stream, hands out scratchpad and accumulators, and orders the engines.
 * Every descriptor's reads and writes are derived from its bytes and compared with what went before; the
 * semaphore waits that follow from it are written into the descriptor. Who emits only has to write descriptors in
 * an order that is right when they run one after the other.
 */
#ifndef ACCEL_CODEGEN_EMIT_H
#define ACCEL_CODEGEN_EMIT_H

#include <stdint.h>

#include "libaccel/program/program.h"
#include "uapi/loom/isa.h"

enum accel_space {
	ACCEL_SPACE_SPM = 0,
	ACCEL_SPACE_ACC,
	ACCEL_SPACE_DRAM,	/* region << 48 | offset */
	ACCEL_NUM_SPACES,
};

/* A place in DRAM. */
struct accel_addr {
	enum accel_region region;
	uint64_t off;
};

/* Bytes [lo, hi) of a space that a descriptor touches. */
struct accel_access {
	enum accel_space space;
	int write;
	uint64_t lo, hi;
};

#define ACCEL_MAX_ACCESS 6

/**
 * accel_access_of - ranges that a descriptor touches, each the hull of its strided operand
 * @va_base: added to va fields
 * Return: number of entries of @out, at most ACCEL_MAX_ACCESS
 */
int accel_access_of(const void *desc, uint64_t va_base, struct accel_access *out);

/* What engine had done when a descriptor ended: count of descriptors, by engine. */
struct accel_clock {
	uint32_t t[LOOM_NUM_ENGINES];
};

struct accel_touch {
	uint64_t lo, hi;
	uint32_t index;		/* descriptor of @engine, counted from 1 */
	uint8_t engine;
	uint8_t write;
};

struct accel_tracker {
	struct accel_touch *touch[ACCEL_NUM_SPACES];
	uint32_t num[ACCEL_NUM_SPACES], cap[ACCEL_NUM_SPACES];
	struct accel_clock *history[LOOM_NUM_ENGINES];	/* clock of each descriptor's end */
	uint32_t cap_history[LOOM_NUM_ENGINES];
	struct accel_clock now[LOOM_NUM_ENGINES];	/* what each engine knows to have ended */
	uint32_t count[LOOM_NUM_ENGINES];
};

/* Engine e signals semaphore e with every descriptor. */
struct accel_waits {
	uint8_t engine[LOOM_NUM_ENGINES];
	uint32_t value[LOOM_NUM_ENGINES];
	int num;
};

/**
 * accel_track - account for the next descriptor of @engine
 * @waits: out: what it must wait for, without what is implied by earlier waits
 * Return: 0 or -ENOMEM
 */
int accel_track(struct accel_tracker *t, enum loom_engine engine, const struct accel_access *acc, int num,
		struct accel_waits *waits);
/** accel_track_barrier - everything before is ordered before everything after; @reset: semaphores begin at 0 again */
void accel_track_barrier(struct accel_tracker *t, int reset);
void accel_track_free(struct accel_tracker *t);

/* Rotating allocation of [lo, hi). */
struct accel_ring {
	uint32_t lo, hi, head;
};

/**
 * struct accel_emit
 * @stream: appended to
 * @node: tag of the descriptors that follow
 * @spm_bytes: of the target
 * @acc_bytes: of the target
 * @spm: transient buffers
 * @acc: output tiles
 * @keep_lo: bytes at the bottom of the scratchpad that hold a value between operations
 * @keep_hi: the same at its top
 * @pin_lo: bytes pinned above that
 * @pin_hi: bytes pinned below that
 * @pin_side: 0 bottom, 1 top: last used
 * @err: first error, after which nothing is emitted
 */
struct accel_emit {
	struct accel_stream *stream;
	struct accel_tracker track;
	uint16_t node;
	uint32_t spm_bytes, acc_bytes;
	struct accel_ring spm, acc;
	uint32_t keep_lo, keep_hi;
	uint32_t pin_lo, pin_hi;
	int pin_side;
	int err;
};

#define ACCEL_SPM_ALIGN 64u

static inline uint32_t accel_spm_round(uint64_t bytes)
{
	return (uint32_t)((bytes + ACCEL_SPM_ALIGN - 1) / ACCEL_SPM_ALIGN * ACCEL_SPM_ALIGN);
}

void accel_emit_begin(struct accel_emit *e, struct accel_stream *stream, uint32_t spm_bytes, uint32_t acc_bytes);
/** accel_emit_end - STAT at @stat_off of the IO region, END; frees the tracker. Return: 0 or the first error */
int accel_emit_end(struct accel_emit *e, uint64_t stat_off);

/** accel_emit_abandon - in place of accel_emit_end(): nothing more comes, the stream stays as it is */
void accel_emit_abandon(struct accel_emit *e);

/** accel_emit - append a descriptor without DRAM address; its head needs only op */
void accel_emit(struct accel_emit *e, void *desc);
/** accel_emit_mark - a point at which the core may go to another job; nothing on chip survives it */
void accel_emit_mark(struct accel_emit *e);

/**
 * accel_pin_reserve - set aside pinned scratchpad for an operation; transient buffers use the rest
 * @bytes: of one set
 * @sets: 1, or 2 to fill one while the other is in use
 */
void accel_pin_reserve(struct accel_emit *e, uint32_t bytes, int sets);
/** accel_pin_next - address of the next set */
uint32_t accel_pin_next(struct accel_emit *e);

/** accel_spm_alloc - transient buffer, valid until the ring comes round; 64-byte aligned */
uint32_t accel_spm_alloc(struct accel_emit *e, uint64_t bytes);
uint32_t accel_acc_alloc(struct accel_emit *e, uint64_t bytes);

/**
 * struct accel_copy - a strided transfer between DRAM and scratchpad
 * @addr: DRAM element 0
 * @spm: scratchpad element 0
 * @elem: bytes an element: 1, 2, 4, 8
 * @n: elements by dimension, innermost first
 * @va: byte strides in DRAM
 * @sp: byte strides in the scratchpad
 */
struct accel_copy {
	struct accel_addr addr;
	uint32_t spm;
	uint32_t elem;
	int64_t n[LOOM_DIMS];
	int64_t va[LOOM_DIMS];
	int64_t sp[LOOM_DIMS];
};

void accel_emit_load(struct accel_emit *e, const struct accel_copy *c);
void accel_emit_store(struct accel_emit *e, const struct accel_copy *c);
/** accel_emit_load_flat - @bytes contiguous bytes */
void accel_emit_load_flat(struct accel_emit *e, struct accel_addr addr, uint32_t spm, uint64_t bytes);
void accel_emit_store_flat(struct accel_emit *e, struct accel_addr addr, uint32_t spm, uint64_t bytes);

#endif
