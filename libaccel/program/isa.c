// SPDX-License-Identifier: MIT
/* Which version of the instruction set a program needs: each addition to it has a line here. */
#include <string.h>

#include "program.h"
#include "uapi/loom/isa_table.h"

#define FIRST	0x00010000	/* what all devices have */

/* Chains with two operands a stage came with 1.1. */
static uint32_t ewise_needs(const struct loom_ewise *d)
{
	for (int i = 0; i < LOOM_EW_STAGES; i++)
		if (d->stage[i].op == LOOM_EW_FMA || d->stage[i].op == LOOM_EW_MAC)
			return 0x00010001;
	return FIRST;
}

uint32_t accel_program_isa(const struct accel_program *prog)
{
	uint32_t needs = FIRST;

	for (uint32_t i = 0; i < prog->num_streams; i++) {
		const struct accel_stream *s = &prog->streams[i];

		for (uint32_t slot = 0; slot < s->slots;) {
			const uint8_t *at = s->data + (size_t)slot * LOOM_SLOT_BYTES;
			struct loom_ewise d;

			if (at[0] == LOOM_OP_EWISE) {
				memcpy(&d, at, sizeof(d));
				needs = ewise_needs(&d) > needs ? ewise_needs(&d) : needs;
			}
			slot += loom_op_find(at[0])->slots;
		}
	}
	return needs;
}
