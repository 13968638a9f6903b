// SPDX-License-Identifier: MIT
/* What the steps of a program are, for those who want to see. */
#include <errno.h>
#include <string.h>

#include "libaccel/error.h"
#include "program.h"
#include "uapi/loom/isa_table.h"

int accel_program_num_steps(const struct accel_program *p)
{
	return p->target.array_dim ? (int)p->num_steps : 0;
}

static void nodes_of(const struct accel_stream *s, struct accel_step_info *info)
{
	info->first = -1;
	for (uint32_t slot = 0; slot < s->slots;) {
		struct loom_desc d;
		const struct loom_op_info *op;

		memcpy(&d, s->data + (size_t)slot * LOOM_SLOT_BYTES, sizeof(d));
		op = loom_op_find(d.op);
		if (op->engine != LOOM_ENGINE_CTRL) {
			info->first = info->first < 0 ? d.node : info->first;
			info->last = d.node;
		}
		slot += op->slots;
	}
	if (info->first < 0)
		info->first = info->last = 0;
}

int accel_program_step_info(const struct accel_program *p, int i, struct accel_step_info *info)
{
	const struct accel_step *s;

	if (i < 0 || i >= accel_program_num_steps(p))
		return accel_error(EINVAL, "step info: there is no step %d; the program has %d", i, accel_program_num_steps(p));
	s = &p->steps[i];
	*info = (struct accel_step_info){ s->kind == ACCEL_STEP_NPU, (int)s->index, (int)s->index, (int)s->after - 1, 0 };
	if (info->on_npu) {
		nodes_of(&p->streams[s->index], info);
		return 0;
	}
	for (uint32_t k = 0; k < p->num_steps; k++)
		info->beside += p->steps[k].kind == ACCEL_STEP_NPU && k + 1 > s->after && p->steps[k].after <= (uint32_t)i;
	return 0;
}
