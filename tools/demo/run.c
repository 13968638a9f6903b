// SPDX-License-Identifier: MIT
/* Runs one case of the digits demonstration and times it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digits.h"

#define CLASSES 10

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int digits_load_test_set(const struct digits_options *o, struct idx_digits *set)
{
	char images[512], labels[512], why[256];
	int err;

	snprintf(images, sizeof(images), "%s/test-images-idx3-ubyte", o->data);
	snprintf(labels, sizeof(labels), "%s/test-labels-idx1-ubyte", o->data);
	err = idx_digits_load(set, images, labels, why, sizeof(why));
	if (err)
		fprintf(stderr, "loom-digits: %s (make digits-data fetches the digits)\n", why);
	return err;
}

static int fail(const struct digits_case *c, int err)
{
	fprintf(stderr, "loom-digits: %s %s: %s\n", c->network, c->precision, accel_errmsg());
	return err;
}

/* One digit through the session; the answer is the largest of ten probabilities. */
static int classify(struct accel_session *s, const uint8_t *pixels, size_t n, uint8_t *answer, float *confidence)
{
	size_t in_bytes, out_bytes;
	float *in = accel_input(s, 0, &in_bytes);
	const float *p;
	int err;

	if (!in || in_bytes != n * sizeof(float))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		in[i] = pixels[i] / 255.0f;
	err = accel_run(s);
	if (err)
		return err;
	p = accel_output(s, 0, &out_bytes);
	if (!p || out_bytes != CLASSES * sizeof(float))
		return -EINVAL;
	*answer = 0;
	for (uint8_t i = 1; i < CLASSES; i++)
		if (p[i] > p[*answer])
			*answer = i;
	*confidence = p[*answer];
	return 0;
}

static int run_session(struct accel_session *s, const struct idx_digits *set, uint32_t count, uint8_t *answers,
		       float *confidence, struct digits_result *r)
{
	size_t pixels = (size_t)set->rows * set->cols;
	double *times = malloc(count * sizeof(*times));
	struct accel_stats stats;
	int err = times ? 0 : -ENOMEM;

	*r = (struct digits_result){ 0 };
	for (uint32_t i = 0; !err && i < count; i++) {
		uint8_t answer;
		float sure;
		double start = now_us();

		err = classify(s, idx_image(set, i), pixels, &answer, &sure);
		if (err)
			break;
		times[i] = now_us() - start;
		r->count++;
		r->right += answer == set->labels[i];
		if (answers)
			answers[i] = answer;
		if (confidence)
			confidence[i] = sure;
	}
	if (!err && count) {
		qsort(times, count, sizeof(*times), compare_doubles);
		r->us = times[count / 2];
		accel_session_stats(s, &stats);
		r->cycles = stats.cycles;
		r->utilisation = stats.utilisation;
	}
	free(times);
	return err;
}

int digits_run_program(struct accel_device *dev, const struct digits_options *o, const struct digits_case *c,
		       const struct idx_digits *set, uint32_t count, uint8_t *answers, float *confidence,
		       struct digits_result *r)
{
	struct accel_program *program = NULL;
	struct accel_session *session = NULL;
	char path[512];
	int err;

	snprintf(path, sizeof(path), "%s/digits-%s-%s.elf", o->programs, c->network, c->precision);
	err = accel_program_load(path, &program);
	if (!err)
		err = accel_session_new(dev, program, &session);
	if (!err)
		err = run_session(session, set, count, answers, confidence, r);
	accel_session_free(session);
	accel_program_unref(program);
	return err ? fail(c, err) : 0;
}

int digits_run_cpu(const struct digits_options *o, const struct digits_case *c, const struct idx_digits *set,
		   uint32_t count, struct digits_result *r)
{
	struct accel_graph *graph = NULL;
	struct accel_program *program = NULL;
	struct accel_session *session = NULL;
	struct accel_device *cpu = NULL;
	char path[512];
	int err;

	if (count > set->count)
		count = set->count;
	snprintf(path, sizeof(path), "%s/digits-%s.onnx", o->models, c->network);
	err = accel_open("cpu", &cpu);
	if (!err)
		err = accel_graph_load_onnx(path, &graph);
	if (!err)
		err = accel_compile(graph, cpu, NULL, &program);
	if (!err)
		err = accel_session_new(cpu, program, &session);
	if (!err)
		err = run_session(session, set, count, NULL, NULL, r);
	accel_session_free(session);
	accel_program_unref(program);
	accel_graph_unref(graph);
	accel_close(cpu);
	return err ? fail(c, err) : 0;
}
