/* SPDX-License-Identifier: MIT */
/* Facts of the program file that writer and reader share; docs/program-format.md is the reference. */
#ifndef ACCEL_PROGRAM_FILE_H
#define ACCEL_PROGRAM_FILE_H

#include <stdint.h>

#define ACCEL_FILE_VERSION	5
#define ACCEL_FILE_MACHINE	0x4c4d		/* e_machine: unassigned, PCI device id of the Loom */

#define ACCEL_SEC_CONST		".loom.const"
#define ACCEL_SEC_STREAM	".loom.stream"
#define ACCEL_SEC_RELA		".rela.loom.stream"
#define ACCEL_SEC_GRAPH		".loom.graph"
#define ACCEL_SEC_NOTE		".note.loom"

#define ACCEL_NOTE_NAME		"Loom"
#define ACCEL_NOTE_TYPE		1

#define ACCEL_RELOC_ABS64	1	/* r_type: 64-bit address: symbol's region + addend */

/*
 * Behind the ELF file: magic, then SHA-256 of everything before the magic.
 */
#define ACCEL_SUM_MAGIC		"LOOMSUM1"
#define ACCEL_SUM_MAGIC_BYTES	8
#define ACCEL_SUM_BYTES		32
#define ACCEL_TRAILER_BYTES	(ACCEL_SUM_MAGIC_BYTES + ACCEL_SUM_BYTES)

/**
 * struct accel_file_note - descriptor of the note; little-endian, as the host
 */
struct accel_file_note {
	uint32_t version;
	uint32_t isa_version;
	uint32_t array_dim;
	uint32_t spm_bytes;
	uint32_t acc_bytes;
	uint32_t precision;
	uint32_t num_streams;
	uint32_t features;
	uint64_t batch;
	uint64_t const_bytes;
	uint64_t arena_bytes;
	uint64_t io_bytes;
	uint64_t arena_bound;
	uint64_t kept_bytes;
	uint64_t kept_values;
};
_Static_assert(sizeof(struct accel_file_note) == 88, "accel_file_note");

/** accel_file_sum - SHA-256 of @data */
void accel_file_sum(const void *data, uint64_t len, uint8_t sum[ACCEL_SUM_BYTES]);

#endif
