/* SPDX-License-Identifier: MIT */
/* What the device's own cycle model says of emitted descriptors. */
#ifndef ACCEL_CODEGEN_MODEL_H
#define ACCEL_CODEGEN_MODEL_H

#include <stdint.h>

struct accel_stream;

/**
 * struct accel_machine - what code is generated for
 * @dram_bpc: bytes a cycle of the bus, which the cores share
 * @features: LOOM_FEAT_*
 * @num_cores: cores of the device, each with its fixed share; 0 counts as 1
 */
struct accel_machine {
	uint32_t array_dim, spm_bytes, acc_bytes, dram_bpc, num_cores;
	uint64_t features;
};

/** accel_machine_bpc - bytes a cycle that one core can count on */
static inline double accel_machine_bpc(const struct accel_machine *m)
{
	return (double)m->dram_bpc / (m->num_cores ? m->num_cores : 1);
}

/** accel_model_cycles - from the start of @s, on an idle machine, to its last end; -1 for want of memory */
double accel_model_cycles(const struct accel_stream *s, const struct accel_machine *m);

#endif
