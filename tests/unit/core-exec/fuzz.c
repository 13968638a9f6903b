/* SPDX-License-Identifier: MIT */
/*
 * Random streams through the compute core, with each set of kernels, against the reference: scratchpad,
 * accumulators and DRAM must agree to the bit after every stream. Before that the corpus of tests/fuzz. TAP on stdout.
 *
 * LOOM_FUZZ_SECONDS bounds the time (default 60), LOOM_FUZZ_DESCRIPTORS the descriptors executed (then there is no
 * other bound by default), LOOM_FUZZ_SEED is the first seed (default 1). LOOM_FUZZ_STATE names a file that keeps the
 * next seed and the descriptors so far: a run goes on from there, and does not pass a failure. A failure names the seed
 * of its stream.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <loom/isa_table.h>
#include <qemu-device/core/kernels.h>

#include "trial.h"

#define STATE_SECONDS	5

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + 1e-9 * (double)ts.tv_nsec;
}

static double env(const char *name, double otherwise)
{
	const char *s = getenv(name);

	return s ? strtod(s, NULL) : otherwise;
}

static int load_state(struct trial *t, const char *name, uint64_t *seed)
{
	unsigned long long next, so_far;
	FILE *f = name ? fopen(name, "r") : NULL;
	int ret = 0;

	if (!f)
		return name && errno != ENOENT ? -1 : 0;
	if (fscanf(f, "%llu %llu", &next, &so_far) == 2) {
		*seed = next;
		trial_counts(t)->descriptors = so_far;
		printf("# goes on at seed %llu after %llu descriptors\n", next, so_far);
	} else {
		ret = -1;
	}
	fclose(f);
	return ret;
}

/* Whole or not at all, whenever the run is ended. */
static int save_state(struct trial *t, const char *name, uint64_t seed)
{
	char new[4096];
	FILE *f;

	if (!name)
		return 0;
	snprintf(new, sizeof(new), "%s.new", name);
	f = fopen(new, "w");
	if (!f)
		return -1;
	fprintf(f, "%llu %llu\n", (unsigned long long)seed, (unsigned long long)trial_counts(t)->descriptors);
	return fclose(f) || rename(new, name) ? -1 : 0;
}

static void print_counts(const struct trial_counts *c, uint64_t streams)
{
	for (size_t i = 0; i < sizeof(loom_ops) / sizeof(loom_ops[0]); i++)
		if (c->by_op[loom_ops[i].opcode])
			printf("# %-8s %llu\n", loom_ops[i].name,
			       (unsigned long long)c->by_op[loom_ops[i].opcode]);
	for (int i = 1; i < 16; i++)
		if (c->by_code[i])
			printf("# refused with code %d: %llu\n", i, (unsigned long long)c->by_code[i]);
	printf("# %llu packed blocks reused, %llu written over\n", (unsigned long long)c->reused,
	       (unsigned long long)c->forgotten);
	printf("# %llu streams now; %llu descriptors in all, each with kernels", (unsigned long long)streams,
	       (unsigned long long)c->descriptors);
	for (size_t s = 0; s < TRIAL_KERNELS; s++)
		if (!loom_kernels_select(trial_kernels[s]))
			printf(" %s", trial_kernels[s]);
	printf("; %llu refused now\n", (unsigned long long)c->refused);
}

/* Streams from @seed on until time is up or there are enough. Return: failures, or -1 where the state is not kept. */
static int run_streams(struct trial *t, uint64_t seed)
{
	const char *state = getenv("LOOM_FUZZ_STATE");
	double enough = env("LOOM_FUZZ_DESCRIPTORS", 1e18);
	double end = now() + env("LOOM_FUZZ_SECONDS", enough < 1e18 ? 1e9 : 60), save = 0;
	uint64_t first;
	int failures = 0;

	if (load_state(t, state, &seed))
		return -1;
	for (first = seed; now() < end && (double)trial_counts(t)->descriptors < enough && failures < 5; seed++) {
		failures += trial_seed(t, seed) < 0;
		if (state && !failures && now() > save) {
			if (save_state(t, state, seed + 1))
				return -1;
			save = now() + STATE_SECONDS;
		}
	}
	print_counts(trial_counts(t), seed - first);
	return !failures && save_state(t, state, seed) ? -1 : failures;
}

static int run_corpus(void)
{
	unsigned int files = 0;
	int failures = fuzz_corpus("streams", fuzz_streams, &files);

	printf("# streams: %u files\n%sok 1 - the corpus of streams\n", files, failures ? "not " : "");
	return failures;
}

int main(void)
{
	struct trial *t = trial_new();
	int failures, corpus;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!t)
		return 1;
	printf("1..2\n");
	corpus = run_corpus();
	failures = run_streams(t, (uint64_t)env("LOOM_FUZZ_SEED", 1));
	if (failures < 0)
		printf("# the file that LOOM_FUZZ_STATE names cannot be read or written: %s\n", strerror(errno));
	printf("%sok 2 - random streams agree with the reference\n", failures ? "not " : "");
	trial_free(t);
	return failures || corpus ? 1 : 0;
}
