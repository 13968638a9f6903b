/* SPDX-License-Identifier: MIT */
/* The same lane loops beside the matrix kernels of AVX-512 and VNNI. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#include "fpconv.h"
#include "kernels.h"

#pragma GCC target("avx2,fma,f16c")

#define LANES_NAME	loom_kernels_vnni
#define LANES_TEXT	"vnni"
#define LANES_MM_F32	loom_mm_f32_avx512
#define LANES_MR_F32	LOOM_MAX_MR
#define LANES_MM_S16	loom_mm_s16_vnni
#define LANES_F16C
#include "vpu_lanes.h"
#endif
