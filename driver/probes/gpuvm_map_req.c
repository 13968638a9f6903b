// SPDX-License-Identifier: GPL-2.0
#include <drm/drm_gpuvm.h>

int loom_probe(struct drm_gpuvm *gpuvm);
int loom_probe(struct drm_gpuvm *gpuvm)
{
	struct drm_gpuvm_map_req req = { .map.va.addr = 1 };

	return drm_gpuvm_sm_map(gpuvm, NULL, &req);
}
