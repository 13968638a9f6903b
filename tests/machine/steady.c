// SPDX-License-Identifier: MIT
/*
 * steady DEVICE DATA THREADS RUNS PROGRAM... - run programs on digits again and again, and say what came out.
 *
 * Thread t runs program t mod n in a session of its own, RUNS times (0: until it is killed), its run i on the inputs of
 * position (t + i) mod POSITIONS. A line for every run, as soon as it has ended:
 *
 *	DEVICE THREAD RUN PROGRAM POSITION HASH
 *
 * The last depends on program and position only, and on neither device nor what happens to it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <accel/accel.h>

#include "tools/digits/idx.h"

#define POSITIONS	8u
#define MAX_THREADS	64u

struct work {
	const char *spec;
	struct accel_device *dev;
	struct accel_program *program;
	const struct idx_digits *set;
	const float *pixels;
	unsigned int thread, which;
	unsigned long runs;
};

static void fail(const char *what)
{
	fprintf(stderr, "steady: %s: %s\n", what, accel_errmsg());
	exit(1);
}

/* All pixels as floats: a guest's arithmetic is slow, and the NPU is to be kept busy. */
static float *floats_of(const struct idx_digits *set)
{
	size_t pixels = (size_t)set->count * set->rows * set->cols;
	float *all = malloc(pixels * sizeof(*all));

	for (size_t i = 0; all && i < pixels; i++)
		all[i] = set->images[i] / 255.0f;
	return all;
}

static void fill(struct accel_session *s, const struct work *w, unsigned int position)
{
	size_t bytes, first = (size_t)position * 97 * w->set->rows * w->set->cols;
	float *in = accel_input(s, 0, &bytes);
	size_t all = (size_t)w->set->count * w->set->rows * w->set->cols;

	if (first + bytes / sizeof(float) > all) {
		fprintf(stderr, "steady: too few digits\n");
		exit(2);
	}
	memcpy(in, w->pixels + first, bytes);
}

/* FNV-1a */
static uint64_t hash(const uint8_t *p, size_t bytes)
{
	uint64_t h = 0xcbf29ce484222325ull;

	while (bytes--)
		h = (h ^ *p++) * 0x100000001b3ull;
	return h;
}

static void *worker(void *arg)
{
	struct work *w = arg;
	struct accel_session *s;
	char line[256];

	if (accel_session_new(w->dev, w->program, &s))
		fail(w->spec);
	for (unsigned long i = 0; !w->runs || i < w->runs; i++) {
		unsigned int position = (unsigned int)((w->thread + i) % POSITIONS);
		size_t bytes, len;
		const void *out;

		fill(s, w, position);
		if (accel_run(s))
			fail(w->spec);
		out = accel_output(s, 0, &bytes);
		len = (size_t)snprintf(line, sizeof(line), "%s %u %lu %u %u %016llx\n", w->spec, w->thread, i, w->which, position,
				       (unsigned long long)hash(out, bytes));
		if (write(STDOUT_FILENO, line, len) != (ssize_t)len)
			exit(1);
	}
	accel_session_free(s);
	return NULL;
}

static void load_digits(struct idx_digits *set, const char *data)
{
	char images[512], labels[512], why[256];

	snprintf(images, sizeof(images), "%s/test-images-idx3-ubyte", data);
	snprintf(labels, sizeof(labels), "%s/test-labels-idx1-ubyte", data);
	if (idx_digits_load(set, images, labels, why, sizeof(why))) {
		fprintf(stderr, "steady: %s\n", why);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct accel_program *programs[MAX_THREADS];
	struct work work[MAX_THREADS];
	pthread_t ids[MAX_THREADS];
	unsigned long threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned int n = argc > 5 ? (unsigned int)argc - 5 : 0;
	struct idx_digits set;
	float *pixels;

	if (!n || n > MAX_THREADS || !threads || threads > MAX_THREADS) {
		fprintf(stderr, "usage: steady DEVICE DATA THREADS RUNS PROGRAM...\n");
		return 2;
	}
	load_digits(&set, argv[2]);
	pixels = floats_of(&set);
	if (!pixels)
		return 1;
	for (unsigned int p = 0; p < n; p++)
		if (accel_program_load(argv[5 + p], &programs[p]))
			fail(argv[5 + p]);
	for (unsigned int t = 0; t < threads; t++) {
		work[t] = (struct work){ .spec = argv[1], .program = programs[t % n], .set = &set, .pixels = pixels, .thread = t, .which = t % n,
					 .runs = strtoul(argv[4], NULL, 10) };
		if (accel_open(argv[1], &work[t].dev))
			fail(argv[1]);
		if (pthread_create(&ids[t], NULL, worker, &work[t]))
			exit(1);
	}
	for (unsigned int t = 0; t < threads; t++) {
		pthread_join(ids[t], NULL);
		accel_close(work[t].dev);
	}
	for (unsigned int p = 0; p < n; p++)
		accel_program_unref(programs[p]);
	free(pixels);
	idx_digits_free(&set);
	return 0;
}
