/* SPDX-License-Identifier: MIT */
/*
 * A compiled program in memory: command streams with relocations, constants, the refined graph (names, CPU nodes,
 * inputs and outputs), and the order in which streams and CPU nodes run. file_write.c and file_read.c map it to
 * and from ELF; docs/program-format.md states the format.
 */
#ifndef ACCEL_PROGRAM_PROGRAM_H
#define ACCEL_PROGRAM_PROGRAM_H

#include <stdatomic.h>
#include <stdint.h>

#include <accel/accel.h>

#include "libaccel/graph/graph.h"

/* Memories that a stream addresses; va fields hold an offset into one until a session relocates them. */
enum accel_region {
	ACCEL_REGION_CONST = 0,	/* weights, read-only */
	ACCEL_REGION_ARENA = 1,	/* activations between nodes */
	ACCEL_REGION_IO = 2,	/* what the host sees: statistics, inputs, outputs, values of CPU nodes */
	ACCEL_NUM_REGIONS = 3,
};

/** accel_region_name - "const", "arena", "io" */
const char *accel_region_name(enum accel_region region);

/**
 * struct accel_reloc - a 64-bit va field of a stream
 * @offset: bytes from the stream's start; the field holds the offset into @region
 * @region: accel_region
 */
struct accel_reloc {
	uint32_t offset;
	uint32_t region;
};

/**
 * struct accel_stream - a command stream
 * @data: descriptors, @slots slots of 64 bytes
 * @relocs: in ascending order of offsets
 */
struct accel_stream {
	uint8_t *data;
	uint32_t slots, cap_slots;
	struct accel_reloc *relocs;
	uint32_t num_relocs, cap_relocs;
};

enum accel_step_kind {
	ACCEL_STEP_NPU = 1,	/* run streams[index] */
	ACCEL_STEP_CPU = 2,	/* evaluate graph->nodes[index] */
};

/**
 * struct accel_step - a part of a run. Steps of one kind run in their order; those of the other run beside them
 * @kind: accel_step_kind
 * @after: how many of all steps must have ended, if they are of the other kind: 0, or 1 + the last one that it waits for
 */
struct accel_step {
	uint32_t kind;
	uint32_t index;
	uint32_t after;
};

/**
 * struct accel_target - the geometry a program was compiled for; all zero for CPU devices
 * @isa_version: the lowest that has all that the streams use
 * @features: LOOM_FEAT_* that they use
 */
struct accel_target {
	uint32_t isa_version;
	uint32_t array_dim;
	uint32_t spm_bytes;
	uint32_t acc_bytes;
	uint32_t features;
};

#define ACCEL_NO_HOST UINT64_MAX

/* The IO region begins with a struct loom_stat for each stream. */
#define ACCEL_STAT_BYTES 128

/**
 * struct accel_program
 * @graph: after passes; every dim is known
 * @host_off: for each value of @graph, offset in the IO region of its copy in the value's own dtype, row-major,
 *	or ACCEL_NO_HOST
 * @plans: by node: ACCEL_PLAN_*
 * @kept_values: that stay in the scratchpad between two layers; @kept_bytes in all
 * @arena_bytes: of the memory plan
 * @arena_bound: that no plan can be below: the most that is needed at one moment
 */
struct accel_program {
	atomic_int refs;
	struct accel_target target;
	enum accel_precision precision;
	int64_t batch;
	struct accel_graph *graph;
	uint64_t *host_off;
	uint8_t *consts;
	uint64_t const_bytes, arena_bytes, arena_bound, io_bytes, kept_bytes;
	uint32_t kept_values;
	uint8_t *plans;
	struct accel_stream *streams;
	uint32_t num_streams;
	struct accel_step *steps;
	uint32_t num_steps;
};

/** accel_isa_runs - has a device of instruction set @has all of @needs: the same major, and no lower a minor version? */
static inline bool accel_isa_runs(uint32_t has, uint32_t needs)
{
	return has >> 16 == needs >> 16 && (has & 0xffff) >= (needs & 0xffff);
}

/** accel_program_needs - sets isa_version and features of its target by what the streams use */
void accel_program_needs(struct accel_program *prog);

/** accel_program_alloc - an empty program that takes over @graph */
struct accel_program *accel_program_alloc(struct accel_graph *graph);

/** accel_program_add_stream - append an empty stream and a step that runs it; NULL for want of memory */
struct accel_stream *accel_program_add_stream(struct accel_program *prog);

/** accel_program_add_step - append a step; -ENOMEM */
int accel_program_add_step(struct accel_program *prog, enum accel_step_kind kind, uint32_t index);

#endif
