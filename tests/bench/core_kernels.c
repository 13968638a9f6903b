/* SPDX-License-Identifier: MIT */
/* MM and CONV descriptors alone, from scratchpad to accumulators, beside sgemm of the same product in the same run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_bench.h"

#define SPM_BYTES	(64u << 20)
#define ACC_BYTES	(16u << 20)

/* Seconds for @n descriptors of @slots slots and END. */
static double run(struct loom_core *core, const void *desc, uint32_t slots, uint32_t n)
{
	uint32_t total = slots * n + 1;
	struct memory mem = { calloc(total, LOOM_SLOT_BYTES), (size_t)total * LOOM_SLOT_BYTES };
	struct loom_nop end = { .d = desc_head(LOOM_OP_END) };
	double t;

	if (!mem.base)
		bench_exit("out of memory");
	for (uint32_t i = 0; i < n; i++)
		memcpy(mem.base + (size_t)i * slots * LOOM_SLOT_BYTES, desc, slots * LOOM_SLOT_BYTES);
	memcpy(mem.base + (size_t)n * slots * LOOM_SLOT_BYTES, &end, LOOM_SLOT_BYTES);
	t = cpu_seconds();
	run_stream(core, &mem, 0, total);
	t = cpu_seconds() - t;
	free(mem.base);
	return t;
}

/* Both are measured in turns, so that what slows the host for a while slows both; the best of each counts. */
static void compare(struct loom_core *core, const char *name, const void *desc, uint32_t slots, const struct precision *p,
		    int m, int n, int k)
{
	double macs = (double)m * n * k * (p->type == LOOM_S8 ? 1e-9 : 2e-9), best = 0, peer = 0;
	uint32_t runs = 1;

	while (run(core, desc, slots, runs) < MIN_SECONDS)
		runs *= 2;
	for (int i = 0; i < 3; i++) {
		double rate = macs * runs / run(core, desc, slots, runs), other = sgemm(m, n, k);

		best = rate > best ? rate : best;
		peer = other > peer ? other : peer;
	}
	figure(name, best, p->type == LOOM_S8 ? "GMAC/s" : "GFLOP/s", "higher",
	       "OpenBLAS sgemm of the same product, GFLOP/s", peer);
}

static void bench_mm(struct loom_core *core, const char *name, const struct precision *p, uint32_t size)
{
	struct loom_mm d = {
		.d = desc_head(LOOM_OP_MM), .b = size * size * p->bytes, .m = size, .n = size, .k = size,
		.lda = size * p->bytes, .ldb = size * p->bytes, .ldc = size * 4, .a_type = p->type, .b_type = p->type,
		.flags = LOOM_MXU_ZERO,
	};

	compare(core, name, &d, 1, p, (int)size, (int)size, (int)size);
}

struct shape {
	const char *name;
	uint32_t out, stride, ic, oc, kernel;
};

/* A same-padded convolution of a square input. */
static void bench_conv(struct loom_core *core, const char *name, const struct precision *p, const struct shape *s)
{
	uint32_t in = s->out * s->stride, k = s->kernel * s->kernel * s->ic;
	struct loom_conv d = {
		.d = desc_head(LOOM_OP_CONV), .w = in * in * s->ic * p->bytes, .n = 1, .oh = s->out, .ow = s->out,
		.ih = in, .iw = in, .ic = s->ic, .oc = s->oc, .in_stride_y = in * s->ic * p->bytes,
		.in_stride_x = s->ic * p->bytes, .w_stride_tap = s->ic * s->oc * p->bytes,
		.w_stride_c = s->oc * p->bytes, .out_stride = s->oc * 4, .kh = (uint16_t)s->kernel,
		.kw = (uint16_t)s->kernel, .sy = (uint16_t)s->stride, .sx = (uint16_t)s->stride, .dy = 1, .dx = 1,
		.pad_y = (int16_t)(s->kernel / 2), .pad_x = (int16_t)(s->kernel / 2), .idy = 1, .idx = 1,
		.a_type = p->type, .b_type = p->type, .flags = LOOM_MXU_ZERO,
	};

	compare(core, name, &d, 2, p, (int)(s->out * s->out), (int)s->oc, (int)k);
}

void bench_kernels(void)
{
	static const struct shape shapes[] = {
		{ "3136x64x576", 56, 1, 64, 64, 3 }, { "784x128x1152", 28, 1, 128, 128, 3 },
		{ "196x256x2304", 14, 1, 256, 256, 3 }, { "49x512x4608", 7, 1, 512, 512, 3 },
		{ "12544x64x147", 112, 2, 3, 64, 7 },
	};
	struct loom_geometry geo = { 32, 1, SPM_BYTES, ACC_BYTES, 64, 1000000, 1 };
	struct loom_core *core;
	char name[64];

	if (loom_core_new(&geo, &core))
		bench_exit("out of memory");
	for (int p = 0; p < NUM_PRECISIONS; p++) {
		snprintf(name, sizeof(name), "core.kernel.%s.1024", precisions[p].name);
		if (wanted(name))
			bench_mm(core, name, &precisions[p], 1024);
	}
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
		for (int p = 0; p < NUM_PRECISIONS; p++) {
			snprintf(name, sizeof(name), "core.conv.%s.%s", precisions[p].name, shapes[s].name);
			if (wanted(name))
				bench_conv(core, name, &precisions[p], &shapes[s]);
		}
	loom_core_free(core);
}
