/* SPDX-License-Identifier: MIT */
/* Lane loops for any host. */
#define LANES_NAME	loom_kernels_scalar
#define LANES_TEXT	"scalar"
#define LANES_MM_F32	loom_mm_f32_scalar
#define LANES_MR_F32	LOOM_MR
#define LANES_MM_S16	loom_mm_s16_scalar
#include "vpu_lanes.h"
