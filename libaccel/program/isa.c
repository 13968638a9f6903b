// SPDX-License-Identifier: MIT
/* Which version of the instruction set, and which features, a program needs: each addition to them has a line here. */
#include <stdbool.h>
#include <string.h>

#include "program.h"
#include "uapi/loom/isa_table.h"
#include "uapi/loom/regs.h"

#define FIRST	0x00010000	/* what all devices have */

/* Chains with two operands a stage came with 1.1. */
static uint32_t ewise_needs(const struct loom_ewise *d)
{
	for (int i = 0; i < LOOM_EW_STAGES; i++)
		if (d->stage[i].op == LOOM_EW_FMA || d->stage[i].op == LOOM_EW_MAC)
			return 0x00010001;
	return FIRST;
}

static bool is_sparse(const uint8_t *at)
{
	struct loom_conv conv;
	struct loom_mm mm;

	if (at[0] == LOOM_OP_MM) {
		memcpy(&mm, at, sizeof(mm));
		return mm.flags & LOOM_MXU_SPARSE24;
	}
	if (at[0] != LOOM_OP_CONV)
		return false;
	memcpy(&conv, at, sizeof(conv));
	return conv.flags & LOOM_MXU_SPARSE24;
}

static void look_at(const uint8_t *at, struct accel_target *t)
{
	struct loom_ewise d;

	if (is_sparse(at))
		t->features |= LOOM_FEAT_SPARSE24;
	if (at[0] != LOOM_OP_EWISE)
		return;
	memcpy(&d, at, sizeof(d));
	if (ewise_needs(&d) > t->isa_version)
		t->isa_version = ewise_needs(&d);
}

void accel_program_needs(struct accel_program *prog)
{
	prog->target.isa_version = FIRST;
	prog->target.features = 0;
	for (uint32_t i = 0; i < prog->num_streams; i++) {
		const struct accel_stream *s = &prog->streams[i];

		for (uint32_t slot = 0; slot < s->slots;) {
			const uint8_t *at = s->data + (size_t)slot * LOOM_SLOT_BYTES;

			look_at(at, &prog->target);
			slot += loom_op_find(at[0])->slots;
		}
	}
}
