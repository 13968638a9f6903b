/* SPDX-License-Identifier: MIT */
/* OPTIM: one step of an optimiser; every line of a rule is one fp32 operation, and no NaN is left as it came. */
#include <math.h>
#include <string.h>

#include "fpconv.h"
#include "vpu.h"

enum { RATE, BETA1, BETA2, EPSILON, DECAY, CORRECT1, CORRECT2, UNSCALE };

static float adam(const float *h, float g, float *m, float *v)
{
	float mg = (1.0f - h[BETA1]) * g, gg = g * g;

	*m = loom_f32_canon(fmaf(h[BETA1], *m, mg));
	*v = loom_f32_canon(fmaf(h[BETA2], *v, (1.0f - h[BETA2]) * gg));
	return (*m * h[CORRECT1]) / (sqrtf(*v * h[CORRECT2]) + h[EPSILON]);
}

void loom_exec_optim(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_optim *d = &op->u.optim;
	const float *grad = (const float *)(const void *)(core->spm + d->grad);
	float *param = (float *)(void *)(core->spm + d->param), *m = (float *)(void *)(core->spm + d->state0);
	float *v = (float *)(void *)(core->spm + d->state1), h[8];

	memcpy(h, d->hyper, sizeof(h));
	for (uint32_t i = 0; i < d->count; i++) {
		float g = fmaf(h[DECAY], param[i], grad[i] * h[UNSCALE]);

		if (d->rule == LOOM_OPTIM_MOMENTUM) {
			m[i] = loom_f32_canon(fmaf(h[BETA1], m[i], g));
			g = m[i];
		} else if (d->rule == LOOM_OPTIM_ADAM) {
			g = adam(h, g, &m[i], &v[i]);
		}
		param[i] = loom_f32_canon(fmaf(-h[RATE], g, param[i]));
	}
	if (d->copy_type == LOOM_TYPE_NONE)
		return;
	for (uint32_t i = 0; i < d->count; i += LOOM_LANES)
		loom_kernels()->store[d->copy_type](core->spm + d->copy + (uint64_t)i * loom_type_bytes(d->copy_type),
						    param + i, d->count - i < LOOM_LANES ? d->count - i : LOOM_LANES,
						    0);
}
