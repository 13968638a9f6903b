// SPDX-License-Identifier: GPL-2.0
#include <drm/drm_gem_shmem_helper.h>

void loom_probe(struct drm_gem_shmem_object *shmem);
void loom_probe(struct drm_gem_shmem_object *shmem)
{
	drm_gem_shmem_put_pages_locked(shmem);
}
