// SPDX-License-Identifier: GPL-2.0
#include <drm/drm_drv.h>

int loom_probe(void);
int loom_probe(void)
{
	return DRIVER_GEM_GPUVA;
}
