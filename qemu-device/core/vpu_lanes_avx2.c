/* SPDX-License-Identifier: MIT */
/* Lane loops for AVX2, FMA and F16C. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

#include "fpconv.h"
#include "kernels.h"

#pragma GCC target("avx2,fma,f16c")

#define LANES_NAME	loom_kernels_avx2
#define LANES_TEXT	"avx2"
#define LANES_MM_F32	loom_mm_f32_avx2
#define LANES_MR_F32	LOOM_MR
#define LANES_MM_S16	loom_mm_s16_avx2
#define LANES_F16C
#include "vpu_lanes.h"
#endif
