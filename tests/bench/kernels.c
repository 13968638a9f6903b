/* SPDX-License-Identifier: MIT */
/*
 * Speed of single MM and CONV descriptors on a core, one thread, beside OpenBLAS's sgemm of the same
 * product in the same run. GMAC/s for integers, GFLOP/s (one fma counts two) for floats and for sgemm.
 */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <loom/isa.h>
#include <qemu-device/core/exec.h>

#define SPM_BYTES	(64u << 20)
#define ACC_BYTES	(16u << 20)
#define MIN_SECONDS	0.3

void openblas_set_num_threads(int n);

/* Time of this thread on a processor: what else the host does is not counted. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Streams and data lie in one array, at VA 0. */
struct memory {
	uint8_t *base;
	size_t bytes;
};

static int mem_read(void *opaque, uint64_t va, void *buf, size_t len, uint64_t *fault_va)
{
	const struct memory *m = opaque;

	if (va > m->bytes || len > m->bytes - va) {
		*fault_va = va;
		return 1;
	}
	memcpy(buf, m->base + va, len);
	return 0;
}

static int mem_write(void *opaque, uint64_t va, const void *buf, size_t len, uint64_t *fault_va)
{
	const struct memory *m = opaque;

	if (va > m->bytes || len > m->bytes - va) {
		*fault_va = va;
		return 1;
	}
	memcpy(m->base + va, buf, len);
	return 0;
}

static struct loom_desc head(uint8_t op)
{
	return (struct loom_desc) { .op = op, .wait_sem = { 0xff, 0xff }, .signal_sem = { 0xff, 0xff } };
}

/* Runs @n descriptors of @slots slots and END; seconds, less those of an empty stream. */
static double run(struct loom_core *core, const void *desc, uint32_t slots, uint32_t n)
{
	uint32_t total = slots * n + 1;
	struct memory mem = { calloc(total, 64), (size_t)total * 64 };
	struct loom_vm vm = { mem_read, mem_write, &mem };
	struct loom_nop end = { .d = head(LOOM_OP_END) };
	_Atomic uint32_t requests = 0;
	struct loom_exec_result res;
	double t;

	for (uint32_t i = 0; i < n; i++)
		memcpy(mem.base + (size_t)i * slots * 64, desc, slots * 64);
	memcpy(mem.base + (size_t)n * slots * 64, &end, 64);
	t = now();
	if (loom_core_run(core, &vm, 0, total, 0, &requests, &res) != LOOM_EXEC_ENDED || res.status) {
		fprintf(stderr, "bench: descriptor refused: status %u code %u\n", res.status, res.fault_code);
		exit(1);
	}
	t = now() - t;
	free(mem.base);
	return t;
}

static double rate(struct loom_core *core, const void *desc, uint32_t slots, double macs)
{
	uint32_t n = 1;
	double t;

	while ((t = run(core, desc, slots, n)) < MIN_SECONDS)
		n *= 2;
	return macs * n / t * 1e-9;
}

static double sgemm(int m, int n, int k)
{
	float *a = calloc((size_t)m * (size_t)k, 4), *b = calloc((size_t)k * (size_t)n, 4);
	float *c = calloc((size_t)m * (size_t)n, 4);
	double t, t0 = now();
	int runs = 0;

	do {
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
		runs++;
	} while ((t = now() - t0) < MIN_SECONDS);
	free(a);
	free(b);
	free(c);
	return 2e-9 * m * n * k * runs / t;
}

static void bench_mm(struct loom_core *core, const char *name, uint8_t type, uint32_t bytes, uint32_t size,
		     double peer)
{
	struct loom_mm d = {
		.d = head(LOOM_OP_MM), .b = size * size * bytes, .m = size, .n = size, .k = size,
		.lda = size * bytes, .ldb = size * bytes, .ldc = size * 4, .a_type = type, .b_type = type,
		.flags = LOOM_MXU_ZERO,
	};
	double r = rate(core, &d, 1, (double)size * size * size) * (type == LOOM_S8 ? 1 : 2);

	printf("%-24s %7.1f   sgemm %6.1f   ratio %.2f\n", name, r, peer, r / peer);
}

/* A same-padded convolution of a square input. */
static void bench_conv(struct loom_core *core, const char *name, uint8_t type, uint32_t bytes, uint32_t out,
		       uint32_t stride, uint32_t ic, uint32_t oc, uint32_t kernel)
{
	uint32_t in = out * stride, k = kernel * kernel * ic;
	struct loom_conv d = {
		.d = head(LOOM_OP_CONV), .w = in * in * ic * bytes, .n = 1, .oh = out, .ow = out, .ih = in,
		.iw = in, .ic = ic, .oc = oc, .in_stride_y = in * ic * bytes, .in_stride_x = ic * bytes,
		.w_stride_tap = ic * oc * bytes, .w_stride_c = oc * bytes, .out_stride = oc * 4,
		.kh = (uint16_t)kernel, .kw = (uint16_t)kernel, .sy = (uint16_t)stride,
		.sx = (uint16_t)stride, .dy = 1, .dx = 1, .pad_y = (int16_t)(kernel / 2),
		.pad_x = (int16_t)(kernel / 2), .idy = 1, .idx = 1, .a_type = type, .b_type = type,
		.flags = LOOM_MXU_ZERO,
	};
	double peer = sgemm((int)(out * out), (int)oc, (int)k);
	double r = rate(core, &d, 2, (double)out * out * oc * k) * (type == LOOM_S8 ? 1 : 2);

	printf("%-24s %7.1f   sgemm %6.1f   ratio %.2f\n", name, r, peer, r / peer);
}

int main(void)
{
	static const struct { const char *name; uint32_t out, stride, ic, oc, kernel; } convs[] = {
		{ "3136x64x576", 56, 1, 64, 64, 3 }, { "784x128x1152", 28, 1, 128, 128, 3 },
		{ "196x256x2304", 14, 1, 256, 256, 3 }, { "49x512x4608", 7, 1, 512, 512, 3 },
		{ "12544x64x147", 112, 2, 3, 64, 7 },
	};
	static const struct { const char *name; uint8_t type; uint32_t bytes; } types[] = {
		{ "int8", LOOM_S8, 1 }, { "fp16", LOOM_F16, 2 }, { "bf16", LOOM_BF16, 2 }, { "fp32", LOOM_F32, 4 },
	};
	struct loom_geometry geo = { 32, 1, SPM_BYTES, ACC_BYTES, 64, 1000000, 1 };
	struct loom_core *core;
	char name[64];

	openblas_set_num_threads(1);
	if (loom_core_new(&geo, &core))
		return 1;
	for (uint32_t size = 1024; size >= 32; size = size == 1024 ? 128 : size / 2) {
		double peer = sgemm((int)size, (int)size, (int)size);

		for (int t = 0; t < 4; t++) {
			snprintf(name, sizeof(name), "mm.%s.%u", types[t].name, size);
			bench_mm(core, name, types[t].type, types[t].bytes, size, peer);
		}
	}
	for (int c = 0; c < 5; c++)
		for (int t = 0; t < 4; t += 1 + (t == 1)) {
			snprintf(name, sizeof(name), "conv.%s.%s", types[t].name, convs[c].name);
			bench_conv(core, name, types[t].type, types[t].bytes, convs[c].out, convs[c].stride,
				   convs[c].ic, convs[c].oc, convs[c].kernel);
		}
	loom_core_free(core);
	return 0;
}
