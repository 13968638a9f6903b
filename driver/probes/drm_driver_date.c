// SPDX-License-Identifier: GPL-2.0
#include <drm/drm_drv.h>

const struct drm_driver loom_probe = { .date = "" };
