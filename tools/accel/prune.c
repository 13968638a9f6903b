// SPDX-License-Identifier: MIT
/* What pruning does to a network's answers: the same samples through it as it is and pruned. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/**
 * struct pruned_pair - the network on the CPU, as it is and pruned
 * @program: of both
 * @session: of both
 */
struct pruned_pair {
	struct accel_device *dev;
	struct accel_program *program[2];
	struct accel_session *session[2];
};

static void close_pair(struct pruned_pair *p)
{
	for (int i = 0; i < 2; i++) {
		accel_session_free(p->session[i]);
		accel_program_unref(p->program[i]);
	}
	accel_close(p->dev);
}

static int open_pair(struct accel_graph *g, const struct accel_compile_options *o, struct pruned_pair *p)
{
	int err = accel_open("cpu", &p->dev);

	for (int i = 0; i < 2 && !err; i++) {
		struct accel_compile_options plain = { .size = sizeof(plain), .batch = 1, .prune = i ? o->prune : ACCEL_PRUNE_NONE };

		err = accel_compile(g, p->dev, &plain, &p->program[i]);
		if (!err)
			err = accel_session_new(p->dev, p->program[i], &p->session[i]);
	}
	return err;
}

/* @differ counts where the largest number is another one, @worst is the largest difference of any two. */
static void compare(const float *a, const float *b, size_t count, int64_t *differ, float *worst)
{
	size_t best_a = 0, best_b = 0;

	for (size_t i = 0; i < count; i++) {
		best_a = a[i] > a[best_a] ? i : best_a;
		best_b = b[i] > b[best_b] ? i : best_b;
		*worst = fabsf(a[i] - b[i]) <= *worst ? *worst : fabsf(a[i] - b[i]);
	}
	*differ += best_a != best_b;
}

static int run_pair(struct pruned_pair *p, const struct accel_compile_options *o)
{
	struct accel_tensor_info info;
	int64_t differ = 0, runs;
	size_t bytes, out_bytes;
	float worst = 0;
	int err = accel_program_output_info(p->program[0], 0, &info);

	accel_input(p->session[0], 0, &bytes);
	if (!err && info.dtype != ACCEL_F32) {
		fprintf(stderr, "accel: --prune: the first output has no f32 that could be compared\n");
		return TOOL_FAILED;
	}
	runs = o->calib_count;
	for (int64_t k = 0; k < runs && !err; k++) {
		const float *out[2];

		for (int i = 0; i < 2 && !err; i++) {
			memcpy(accel_input(p->session[i], 0, NULL), (const uint8_t *)o->calib_data + (size_t)k * bytes, bytes);
			err = accel_run(p->session[i]);
			out[i] = accel_output(p->session[i], 0, &out_bytes);
		}
		if (!err)
			compare(out[0], out[1], out_bytes / sizeof(float), &differ, &worst);
	}
	if (err)
		return tool_fail(err);
	fprintf(stderr, "accel: pruned, the largest of the first output's numbers is another one for %lld of %lld samples; numbers "
		"are off by %.3g at most\n", (long long)differ, (long long)runs, (double)worst);
	return TOOL_OK;
}

int tool_prune_report(struct accel_graph *g, const struct accel_compile_options *o)
{
	struct pruned_pair p = { 0 };
	struct accel_tensor_info info;
	int err = open_pair(g, o, &p), code;

	if (!err)
		err = accel_program_input_info(p.program[0], 0, &info);
	if (err) {
		code = tool_fail(err);
	} else if (info.dtype != ACCEL_F32 || info.rank < 1 || info.dims[0] != 1) {
		fprintf(stderr, "accel: --prune: samples cannot be run one at a time, so nothing is said about what it does\n");
		code = TOOL_OK;
	} else {
		code = run_pair(&p, o);
	}
	close_pair(&p);
	return code;
}
