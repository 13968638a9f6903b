/* SPDX-License-Identifier: MIT */
/*
 * Benchmarks of the compute core; figures as tests/bench/run wants them. Words on the command line choose those
 * whose names contain one of them. With AVX2 only, the peer too:
 *	LOOM_CORE_KERNELS=avx2 OPENBLAS_CORETYPE=Haswell build/tests/bench/core core.kernel core.conv
 */
#include "core_bench.h"

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qemu-device/core/kernels.h>

void openblas_set_num_threads(int n);
char *openblas_get_corename(void);

const struct precision precisions[NUM_PRECISIONS] = {
	{ "int8", LOOM_S8, 1 }, { "fp16", LOOM_F16, 2 }, { "fp32", LOOM_F32, 4 },
};

static char **words;

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double cpu_seconds(void)
{
	return seconds(CLOCK_THREAD_CPUTIME_ID);
}

double wall_seconds(void)
{
	return seconds(CLOCK_MONOTONIC);
}

bool wanted(const char *name)
{
	for (char **w = words; *w; w++)
		if (strstr(name, *w))
			return true;
	return !*words;
}

void figure(const char *name, double value, const char *unit, const char *better, const char *peer, double peer_value)
{
	printf("%s\t%.*f\t%s\t%s\t%s\t%.*f\n", name, value < 1000 ? 3 : 0, value, unit, better, peer,
	       peer_value < 1000 ? 3 : 0, peer_value);
	fflush(stdout);
}

void bench_exit(const char *what)
{
	fprintf(stderr, "core bench: %s\n", what);
	exit(1);
}

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

struct loom_vm memory_vm(struct memory *m)
{
	return (struct loom_vm) { mem_read, mem_write, m };
}

struct loom_exec_result run_stream(struct loom_core *core, struct memory *m, uint64_t va, uint32_t slots)
{
	struct loom_vm vm = memory_vm(m);
	_Atomic uint32_t requests = 0;
	struct loom_exec_result res;

	if (loom_core_run(core, &vm, va, slots, 0, &requests, &res) != LOOM_EXEC_ENDED || res.status) {
		fprintf(stderr, "core bench: slot %u refused: status %u code %u\n", res.fault_slot, res.status,
			res.fault_code);
		exit(1);
	}
	return res;
}

double sgemm_times(int m, int n, int k, int runs)
{
	float *a = calloc((size_t)m * (size_t)k, 4), *b = calloc((size_t)k * (size_t)n, 4);
	float *c = calloc((size_t)m * (size_t)n, 4);
	double t;

	if (!a || !b || !c)
		bench_exit("out of memory");
	t = cpu_seconds();
	for (int i = 0; i < runs; i++)
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a, k, b, n, 0, c, n);
	t = cpu_seconds() - t;
	free(a);
	free(b);
	free(c);
	return t;
}

double sgemm(int m, int n, int k)
{
	int runs = 1;
	double t;

	while ((t = sgemm_times(m, n, k, runs)) < MIN_SECONDS)
		runs *= 2;
	return 2e-9 * m * n * k * runs / t;
}

struct loom_desc desc_head(uint8_t op)
{
	return (struct loom_desc) { .op = op, .wait_sem = { LOOM_SEM_NONE, LOOM_SEM_NONE },
				    .signal_sem = { LOOM_SEM_NONE, LOOM_SEM_NONE } };
}

int main(int argc, char **argv)
{
	words = argv + 1;
	openblas_set_num_threads(1);
	fprintf(stderr, "core bench: kernels for %s; OpenBLAS for %s\n", loom_kernels()->name, openblas_get_corename());
	bench_kernels();
	bench_gemm();
	bench_cycles();
	return 0;
}
