// SPDX-License-Identifier: GPL-2.0
#include <drm/gpu_scheduler.h>

int loom_probe(struct drm_gpu_scheduler *sched);
int loom_probe(struct drm_gpu_scheduler *sched)
{
	struct drm_sched_init_args args = { .credit_limit = 1 };

	return drm_sched_init(sched, &args);
}
