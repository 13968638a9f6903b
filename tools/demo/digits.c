// SPDX-License-Identifier: MIT
/*
 * digits - classify the held-out handwritten digits on a device, draw some, and say how well and how fast it went.
 *
 * Every NETWORK,PRECISION,FILE is one run: FILE is a compiled program, or an ONNX model (named *.onnx), which is then
 * compiled for the device. Exits with 0 when everything ran and the networks are as accurate as they must be.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accel/accel.h"
#include "tools/demo/report.h"
#include "tools/digits/draw.h"
#include "tools/digits/idx.h"

#define PIXELS		(DRAW_SIDE * DRAW_SIDE)
#define CLASSES		10
#define MAX_RUNS	16
#define CALIBRATION	64	/* training digits that int8 is calibrated with */
#define MAX_DRAWN	24

/**
 * struct options - the command line
 * @device: as accel_open() takes it
 * @label: what the table calls the device
 * @data: folder of the IDX files
 * @count: digits to classify
 * @draw: digits of the last run to draw
 * @batch: digits a run, for models compiled here
 */
struct options {
	const char *device, *label, *data;
	uint32_t count, draw;
	int64_t batch;
};

/** struct job - one run: what the command line says of it */
struct job {
	const char *network, *precision, *file;
};

static const struct {
	const char *name;
	enum accel_precision precision;
} precisions[] = {
	{ "fp32", ACCEL_PREC_FP32 }, { "fp16", ACCEL_PREC_FP16 },
	{ "bf16", ACCEL_PREC_BF16 }, { "int8", ACCEL_PREC_INT8 },
};

static int fail(const char *what)
{
	fprintf(stderr, "digits: %s: %s\n", what, accel_errmsg());
	return -1;
}

static int load_set(struct idx_digits *d, const char *dir, const char *name)
{
	char images[4096], labels[4096], msg[4608];

	snprintf(images, sizeof(images), "%s/%s-images-idx3-ubyte", dir, name);
	snprintf(labels, sizeof(labels), "%s/%s-labels-idx1-ubyte", dir, name);
	if (idx_digits_load(d, images, labels, msg, sizeof(msg))) {
		fprintf(stderr, "digits: %s\n", msg);
		return -1;
	}
	if (d->rows != DRAW_SIDE || d->cols != DRAW_SIDE) {
		fprintf(stderr, "digits: %s: images are not 28x28\n", images);
		idx_digits_free(d);
		return -1;
	}
	return 0;
}

static void to_floats(const uint8_t *bytes, size_t n, float *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = bytes[i] / 255.0f;
}

/* The first training digits as floats: they calibrate int8. The caller frees. */
static float *load_samples(const struct options *o, int64_t *count)
{
	struct idx_digits train;
	float *samples;

	if (load_set(&train, o->data, "train"))
		return NULL;
	*count = train.count < CALIBRATION ? train.count : CALIBRATION;
	samples = malloc((size_t)*count * PIXELS * sizeof(*samples));
	if (samples)
		to_floats(train.images, (size_t)*count * PIXELS, samples);
	else
		perror("digits");
	idx_digits_free(&train);
	return samples;
}

static int compile(const struct options *o, const struct job *job, struct accel_device *dev,
		   struct accel_program **prog)
{
	struct accel_compile_options c = { .size = sizeof(c), .batch = o->batch };
	struct accel_graph *graph;
	float *samples = NULL;
	int ret;

	for (size_t i = 0; i < sizeof(precisions) / sizeof(*precisions); i++)
		if (!strcmp(precisions[i].name, job->precision))
			c.precision = precisions[i].precision;
	if (c.precision == ACCEL_PREC_INT8) {
		c.calib_data = samples = load_samples(o, &c.calib_count);
		if (!samples)
			return -1;
	}
	if (accel_graph_load_onnx(job->file, &graph)) {
		ret = fail(job->file);
	} else {
		ret = accel_compile(graph, dev, &c, prog) ? fail(job->file) : 0;
		accel_graph_unref(graph);
	}
	free(samples);
	return ret;
}

static int get_program(const struct options *o, const struct job *job, struct accel_device *dev,
		       struct accel_program **prog)
{
	const char *end = strrchr(job->file, '.');

	if (end && !strcmp(end, ".onnx"))
		return compile(o, job, dev, prog);
	return accel_program_load(job->file, prog) ? fail(job->file) : 0;
}

static int best_of(const float *y)
{
	int best = 0;

	for (int i = 1; i < CLASSES; i++)
		if (y[i] > y[best])
			best = i;
	return best;
}

/**
 * classify() - run a session over the first @o->count digits
 * @r: receives what was counted and measured
 * @drawn: receives the first @o->draw digits and their answers
 * Return: 0, or -1 after a message.
 */
static int classify(const struct options *o, struct accel_session *s, const struct idx_digits *test,
		    struct demo_result *r, struct draw_digit *drawn)
{
	size_t in_bytes, out_bytes, batch;
	float *x = accel_input(s, 0, &in_bytes);
	const float *y = accel_output(s, 0, &out_bytes);
	double ns = 0, cycles = 0, useful = 0;
	uint32_t runs = 0;

	batch = in_bytes / (PIXELS * sizeof(*x));
	if (!x || !y || !batch || in_bytes % (PIXELS * sizeof(*x)) ||
	    out_bytes != batch * CLASSES * sizeof(*y)) {
		fprintf(stderr, "digits: the program does not take 28x28 floats and give 10\n");
		return -1;
	}
	for (uint32_t at = 0; at + batch <= o->count; at += batch, runs++) {
		struct accel_stats stats;

		to_floats(idx_image(test, at), batch * PIXELS, x);
		if (accel_run(s))
			return fail("run");
		y = accel_output(s, 0, NULL);
		accel_session_stats(s, &stats);
		ns += stats.wall_ns;
		cycles += stats.cycles;
		useful += stats.utilisation * stats.cycles;
		for (size_t i = 0; i < batch; i++, y += CLASSES) {
			int answer = best_of(y), label = test->labels[at + i];

			r->right += answer == label;
			if (r->total < o->draw)
				drawn[r->total] = (struct draw_digit){
					idx_image(test, at + i), label, answer, y[answer] };
			r->total++;
		}
	}
	if (!runs) {
		fprintf(stderr, "digits: fewer digits than one batch of %zu\n", batch);
		return -1;
	}
	r->us_per_digit = ns / 1000 / r->total;
	r->cycles_per_digit = cycles / r->total;
	r->utilisation = cycles > 0 ? useful / cycles : 0;
	return 0;
}

static int run_job(const struct options *o, const struct job *job, struct accel_device *dev,
		   const struct idx_digits *test, struct demo_result *r, struct draw_digit *drawn)
{
	struct accel_program *prog;
	struct accel_session *s;
	int ret;

	*r = (struct demo_result){ job->network, job->precision, o->label, 0, 0, 0, 0, 0 };
	if (get_program(o, job, dev, &prog))
		return -1;
	ret = accel_session_new(dev, prog, &s) ? fail(job->file) : 0;
	if (!ret) {
		ret = classify(o, s, test, r, drawn);
		accel_session_free(s);
	}
	accel_program_unref(prog);
	return ret;
}

static int run_all(const struct options *o, const struct job *jobs, int n,
		   const struct idx_digits *test)
{
	struct demo_result results[MAX_RUNS];
	struct draw_digit drawn[MAX_DRAWN];
	struct accel_device *dev;
	uint32_t count;
	int ret = 0;

	if (accel_open(o->device, &dev))
		return fail(o->device ? o->device : "device");
	for (int i = 0; !ret && i < n; i++)
		ret = run_job(o, &jobs[i], dev, test, &results[i], drawn);
	accel_close(dev);
	if (ret)
		return ret;
	count = results[n - 1].total < o->draw ? results[n - 1].total : o->draw;
	if (draw_digits(stdout, draw_style_for(stdout), drawn, count, draw_per_row(0)))
		return -1;
	demo_report(stdout, results, (size_t)n);
	return demo_verdict(stderr, results, (size_t)n) ? -1 : 0;
}

/* Splits NETWORK,PRECISION,FILE in place. */
static int parse_job(char *text, struct job *job)
{
	job->network = strtok(text, ",");
	job->precision = strtok(NULL, ",");
	job->file = strtok(NULL, "");
	if (!job->file)
		return -1;
	for (size_t i = 0; i < sizeof(precisions) / sizeof(*precisions); i++)
		if (!strcmp(job->precision, precisions[i].name))
			return 0;
	return -1;
}

static int usage(void)
{
	fprintf(stderr, "usage: digits [--device SPEC] [--label NAME] [--data DIRECTORY] [--count N]\n"
			"              [--draw N] [--batch N] NETWORK,PRECISION,FILE...\n"
			"PRECISION is fp32, fp16, bf16 or int8; FILE is a program, or an ONNX model\n");
	return 2;
}

static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "device", 1, NULL, 'd' }, { "label", 1, NULL, 'l' }, { "data", 1, NULL, 'D' },
		{ "count", 1, NULL, 'c' }, { "draw", 1, NULL, 'r' }, { "batch", 1, NULL, 'b' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'd': o->device = optarg; break;
		case 'l': o->label = optarg; break;
		case 'D': o->data = optarg; break;
		case 'c': o->count = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'r': o->draw = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'b': o->batch = strtol(optarg, NULL, 10); break;
		default: return -1;
		}
	}
	return o->count && o->batch > 0 && o->draw <= MAX_DRAWN && o->draw <= o->count ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct options o = { NULL, "npu", ".", 1000, 6, 1 };
	struct job jobs[MAX_RUNS];
	struct idx_digits test;
	int n, ret;

	if (parse_options(&o, argc, argv))
		return usage();
	n = argc - optind;
	if (n < 1 || n > MAX_RUNS)
		return usage();
	for (int i = 0; i < n; i++)
		if (parse_job(argv[optind + i], &jobs[i]))
			return usage();
	if (load_set(&test, o.data, "test"))
		return 1;
	if (o.count > test.count)
		o.count = test.count;
	ret = run_all(&o, jobs, n, &test);
	idx_digits_free(&test);
	return ret ? 1 : 0;
}
