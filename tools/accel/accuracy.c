// SPDX-License-Identifier: MIT
/* What precision and pruning do to a network's answers: the same samples through it as it is, pruned, and as compiled. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* An answer is the largest of the first output's numbers. */
struct answers {
	float *numbers;		/* of all samples */
	size_t each;		/* of one */
};

static size_t answer(const struct answers *a, int64_t sample)
{
	const float *p = a->numbers + (size_t)sample * a->each;
	size_t best = 0;

	for (size_t i = 1; i < a->each; i++)
		best = p[i] > p[best] ? i : best;
	return best;
}

static int run_samples(struct accel_session *s, const struct tool_data *samples, int64_t count, struct answers *a)
{
	size_t in_bytes, out_bytes;
	void *in = accel_input(s, 0, &in_bytes);
	const float *out = accel_output(s, 0, &out_bytes);

	a->each = out_bytes / sizeof(float);
	a->numbers = malloc((size_t)count * out_bytes + 1);
	if (!a->numbers)
		return TOOL_FAILED;
	for (int64_t k = 0; k < count; k++) {
		int err;

		memcpy(in, samples->data + (size_t)k * in_bytes, in_bytes);
		err = tool_interrupted ? -EINTR : accel_run(s);
		if (err)
			return tool_fail(err);
		memcpy(a->numbers + (size_t)k * a->each, out, out_bytes);
	}
	return TOOL_OK;
}

/* Samples one at a time, so the batch is 1. */
static int run_on(const char *device, struct accel_graph *g, const struct accel_compile_options *o, const struct tool_data *samples,
		  int64_t count, struct answers *a)
{
	struct accel_tensor_info in, out;
	struct accel_session *s = NULL;
	struct accel_program *p = NULL;
	struct accel_device *dev;
	int err = accel_open(device, &dev), code;

	if (err)
		return tool_fail(err);
	err = accel_compile_cached(g, dev, o, &p);
	if (!err)
		err = accel_program_input_info(p, 0, &in);
	if (!err)
		err = accel_program_output_info(p, 0, &out);
	if (!err && (in.dtype != ACCEL_F32 || out.dtype != ACCEL_F32 || in.rank < 1 || in.dims[0] != 1)) {
		fprintf(stderr, "accel: the accuracy of networks with one f32 input and an f32 output can be found, sample by sample\n");
		code = TOOL_FAILED;
	} else {
		if (!err)
			err = accel_session_new(dev, p, &s);
		code = err ? tool_fail(err) : run_samples(s, samples, count, a);
	}
	accel_session_free(s);
	accel_program_unref(p);
	accel_close(dev);
	return code;
}

static void add_line(struct tool_accuracy *t, const char *name, const struct answers *ref, const struct answers *a)
{
	struct tool_accuracy_line *l = &t->line[t->num_lines++];

	snprintf(l->name, sizeof(l->name), "%s", name);
	for (int64_t k = 0; k < t->samples; k++) {
		size_t got = answer(a, k);

		l->right += t->labels.data && t->labels.data[k] == got;
		l->differ += got != answer(ref, k);
	}
	for (size_t i = 0; i < (size_t)t->samples * ref->each; i++) {
		float d = fabsf(a->numbers[i] - ref->numbers[i]);

		if (!(d <= l->worst))
			l->worst = d;
	}
}

/* A byte for each sample: IDX, .npy of u1, or as many plain bytes. */
static int read_labels(const char *path, struct tool_accuracy *t)
{
	int code = tool_read(path, ACCEL_U8, &t->labels);

	if (code || (int64_t)t->labels.bytes >= t->samples)
		return code;
	fprintf(stderr, "accel: %s: %zu labels are not enough for %lld samples\n", path, t->labels.bytes, (long long)t->samples);
	return TOOL_BAD_FILE;
}

static const char *compiled_name(const struct tool_model *m, char *buf, size_t size)
{
	snprintf(buf, size, "as compiled, %s%s%s", tool_precision_name(m->precision), m->num_node_precisions ? " and others" : "",
		 m->prune ? ", 2:4" : "");
	return buf;
}

static int measure(const struct tool_model *m, struct accel_graph *g, const struct accel_compile_options *o,
		   const struct tool_data *samples, struct tool_accuracy *t)
{
	const struct accel_compile_options plain = { .size = sizeof(plain), .batch = 1 };
	struct accel_compile_options pruned = plain, compiled = *o;
	struct answers ref = { 0 }, a = { 0 };
	char name[64];
	int code = run_on("cpu", g, &plain, samples, t->samples, &ref);

	if (!code)
		add_line(t, "as it is, fp32 on the CPU", &ref, &ref);
	pruned.prune = m->prune;
	if (!code && m->prune) {
		code = run_on("cpu", g, &pruned, samples, t->samples, &a);
		if (!code)
			add_line(t, "pruned to 2:4, fp32 on the CPU", &ref, &a);
		free(a.numbers);
		a.numbers = NULL;
	}
	compiled.batch = 1;
	if (!code)
		code = run_on(m->device, g, &compiled, samples, t->samples, &a);
	if (!code)
		add_line(t, compiled_name(m, name, sizeof(name)), &ref, &a);
	free(a.numbers);
	free(ref.numbers);
	return code;
}

int tool_accuracy_measure(const struct tool_model *m, struct accel_graph *g, const struct accel_compile_options *o)
{
	const char *from = m->eval ? m->eval : m->calib;
	struct tool_accuracy *t = m->accuracy;
	struct tool_data samples = { 0 };
	int code = tool_read_samples(from, g, &m->image, m->eval ? m->eval_count : m->calib_count, &samples, &t->samples);

	tool_catch_signals();
	if (!code && m->labels)
		code = read_labels(m->labels, t);
	if (!code)
		code = measure(m, g, o, &samples, t);
	free(samples.data);
	return code;
}

void tool_accuracy_print(const struct tool_accuracy *t)
{
	for (int i = 0; i < t->num_lines; i++) {
		const struct tool_accuracy_line *l = &t->line[i];

		printf("accuracy: %-32s ", l->name);
		if (t->labels.data)
			printf("%lld of %lld right (%.1f%%)%s", (long long)l->right, (long long)t->samples,
			       100.0 * (double)l->right / (double)t->samples, i ? ", " : "\n");
		else if (!i)
			puts("the reference");
		if (i)
			printf("%lld of %lld samples answered otherwise, numbers off by %.3g at most\n", (long long)l->differ,
			       (long long)t->samples, (double)l->worst);
	}
}

json_t *tool_accuracy_json(const struct tool_accuracy *t)
{
	json_t *lines = json_array();

	for (int i = 0; i < t->num_lines; i++) {
		const struct tool_accuracy_line *l = &t->line[i];
		json_t *one = json_pack("{s:s,s:I,s:I,s:f}", "network", l->name, "samples", (json_int_t)t->samples, "answered_otherwise",
					(json_int_t)l->differ, "largest_difference", (double)l->worst);

		if (t->labels.data)
			json_object_set_new(one, "right", json_integer((json_int_t)l->right));
		json_array_append_new(lines, one);
	}
	return lines;
}

void tool_accuracy_free(struct tool_accuracy *t)
{
	free(t->labels.data);
}
