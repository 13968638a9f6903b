/* SPDX-License-Identifier: MIT */
/* Lane loops for AArch64, every processor of which has NEON, with its conversions of fp16. */
#if defined(__aarch64__)
#include <arm_neon.h>

#define LANES_NAME	loom_kernels_neon
#define LANES_TEXT	"neon"
#define LANES_MM_F32	loom_mm_f32_neon
#define LANES_MR_F32	LOOM_MR
#define LANES_MM_S16	loom_mm_s16_neon
#define LANES_NEON
#include "vpu_lanes.h"
#endif
