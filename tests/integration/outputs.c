// SPDX-License-Identifier: MIT
/*
 * outputs DEVICE DATA COUNT THREADS FILE PROGRAM... - run programs on the first COUNT held-out digits and write
 * every output, byte for byte, to FILE.
 *
 * Each of THREADS threads has a session of its own for a program and takes every THREADS-th digit, so that as many
 * cores are at work. The file depends on programs and digits only.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <accel/accel.h>

#include "tools/digits/idx.h"

struct work {
	struct accel_device *dev;
	struct accel_program *program;
	const struct idx_digits *set;
	uint32_t first, step, count;
	char *out;
	size_t out_bytes;
	int err;
	char why[512];
};

static int run_one(struct work *w, struct accel_session *s, uint32_t i)
{
	const uint8_t *pixels = idx_image(w->set, i);
	size_t bytes, out_bytes;
	float *in = accel_input(s, 0, &bytes);
	const void *out;
	int err;

	for (size_t p = 0; p < bytes / sizeof(float); p++)
		in[p] = pixels[p] / 255.0f;
	err = accel_run(s);
	if (err)
		return err;
	out = accel_output(s, 0, &out_bytes);
	if (out_bytes != w->out_bytes)
		return -EINVAL;
	memcpy(w->out + (size_t)i * out_bytes, out, out_bytes);
	return 0;
}

static void *worker(void *arg)
{
	struct work *w = arg;
	struct accel_session *s = NULL;

	w->err = accel_session_new(w->dev, w->program, &s);
	for (uint32_t i = w->first; !w->err && i < w->count; i += w->step)
		w->err = run_one(w, s, i);
	if (w->err)
		snprintf(w->why, sizeof(w->why), "%s", accel_errmsg());
	accel_session_free(s);
	return NULL;
}

static size_t output_bytes(struct accel_program *program)
{
	struct accel_tensor_info info;
	size_t bytes;

	if (accel_program_output_info(program, 0, &info))
		return 0;
	bytes = accel_dtype_bytes(info.dtype);
	for (int d = 0; d < info.rank; d++)
		bytes *= (size_t)info.dims[d];
	return bytes;
}

/* One program: COUNT outputs into @file. */
static int run_program(const char *spec, const char *path, const struct idx_digits *set, uint32_t count,
		       uint32_t threads, FILE *file)
{
	struct accel_program *program;
	struct work *work = calloc(threads, sizeof(*work));
	pthread_t *ids = calloc(threads, sizeof(*ids));
	size_t bytes;
	char *out = NULL;
	int err = work && ids ? accel_program_load(path, &program) : -ENOMEM;

	if (err) {
		fprintf(stderr, "outputs: %s\n", accel_errmsg());
		goto free;
	}
	bytes = output_bytes(program);
	out = calloc(count, bytes);
	for (uint32_t t = 0; t < threads; t++) {
		work[t] = (struct work){ .program = program, .set = set, .first = t, .step = threads,
					 .count = count, .out = out, .out_bytes = bytes };
		err = accel_open(spec, &work[t].dev);
		if (err || pthread_create(&ids[t], NULL, worker, &work[t])) {
			fprintf(stderr, "outputs: %s\n", accel_errmsg());
			exit(2);
		}
	}
	for (uint32_t t = 0; t < threads; t++) {
		pthread_join(ids[t], NULL);
		accel_close(work[t].dev);
		if (work[t].err && !err) {
			err = work[t].err;
			fprintf(stderr, "outputs: %s: %s\n", path, work[t].why);
		}
	}
	if (!err && fwrite(out, bytes, count, file) != count)
		err = -EIO;
	accel_program_unref(program);
free:
	free(out);
	free(ids);
	free(work);
	return err;
}

int main(int argc, char **argv)
{
	char images[512], labels[512], why[256];
	struct idx_digits set;
	uint32_t count, threads;
	FILE *file;
	int err = 0;

	if (argc < 7) {
		fprintf(stderr, "usage: outputs DEVICE DATA COUNT THREADS FILE PROGRAM...\n");
		return 2;
	}
	snprintf(images, sizeof(images), "%s/test-images-idx3-ubyte", argv[2]);
	snprintf(labels, sizeof(labels), "%s/test-labels-idx1-ubyte", argv[2]);
	if (idx_digits_load(&set, images, labels, why, sizeof(why))) {
		fprintf(stderr, "outputs: %s\n", why);
		return 2;
	}
	count = (uint32_t)strtoul(argv[3], NULL, 10);
	threads = (uint32_t)strtoul(argv[4], NULL, 10);
	file = fopen(argv[5], "wb");
	if (!file || !count || count > set.count || !threads || threads > 64) {
		fprintf(stderr, "outputs: bad count, threads or file\n");
		return 2;
	}
	for (int i = 6; !err && i < argc; i++)
		err = run_program(argv[1], argv[i], &set, count, threads, file);
	if (fclose(file))
		err = -EIO;
	idx_digits_free(&set);
	return err ? 1 : 0;
}
