/* SPDX-License-Identifier: MIT */
/* What the benchmarks of the compute core share: time, memory, a peer, figures. */
#ifndef LOOM_TESTS_CORE_BENCH_H
#define LOOM_TESTS_CORE_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <loom/isa.h>
#include <qemu-device/core/exec.h>

#define MIN_SECONDS	0.15

/* Precisions of the figures. */
struct precision {
	const char *name;
	uint8_t type;
	uint32_t bytes;
};

#define NUM_PRECISIONS	3
extern const struct precision precisions[NUM_PRECISIONS];

/* Streams and data lie in one array, at VA 0. */
struct memory {
	uint8_t *base;
	size_t bytes;
};

/** memory_vm - the virtual memory that a core sees; @m outlives it */
struct loom_vm memory_vm(struct memory *m);

/** cpu_seconds - time of this thread on a processor: what else the host does is not counted */
double cpu_seconds(void);
double wall_seconds(void);

/** wanted - do the command line's words, parts of names, ask for figure @name? */
bool wanted(const char *name);

/** figure - print one */
void figure(const char *name, double value, const char *unit, const char *better, const char *peer, double peer_value);

/** sgemm - GFLOP/s (one fma counts two) of OpenBLAS on one thread */
double sgemm(int m, int n, int k);

/** sgemm_times - seconds of this thread's processor for @runs of them */
double sgemm_times(int m, int n, int k, int runs);

/** bench_exit - say what failed, and end */
_Noreturn void bench_exit(const char *what);

/** run_stream - execute @slots descriptors at VA @va, which must end well; the result */
struct loom_exec_result run_stream(struct loom_core *core, struct memory *m, uint64_t va, uint32_t slots);

struct loom_desc desc_head(uint8_t op);

void bench_kernels(void);
void bench_gemm(void);
void bench_cycles(void);

#endif
