// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define MAX_INPUTS 16

struct run {
	struct tool_model model;
	const char *input[MAX_INPUTS];
	int num_inputs;
	const char *output;
	int64_t repeat;
	bool stats, json;
	struct tool_data data[MAX_INPUTS];
	int64_t runs;
	uint8_t *results;	/* output 0 of each run */
	size_t result_bytes;
};

static const char help_text[] =
	"usage: accel run MODEL.onnx|PROGRAM.elf [OPTIONS]\n\n"
	"Runs a model (compiled on the fly) or a program once for each sample in the input file.\n\n"
	TOOL_MODEL_HELP
	"  --input FILE        .npy, IDX images (bytes become 0..1) or raw bytes; once for each input in order\n"
	"                      (default: zeros)\n"
	"  --output FILE       write output 0 of every run: .npy by name, else raw (default: printed)\n"
	"  --repeat N          run everything N times (1)\n"
	"  --stats             print cycles, utilisation and time of the last run\n"
	"  --json              print results as JSON\n";

/* How many runs the files are for: each holds a whole number of inputs. */
static int count_runs(struct run *r, struct accel_session *s)
{
	r->runs = 1;
	for (int i = 0; i < r->num_inputs; i++) {
		size_t bytes;

		if (!accel_input(s, i, &bytes))
			return tool_fail(-1);
		if (!r->data[i].bytes || r->data[i].bytes % bytes) {
			fprintf(stderr, "accel: %s: its %zu bytes are not a multiple of the input's %zu\n", r->input[i],
				r->data[i].bytes, bytes);
			return TOOL_BAD_FILE;
		}
		if (i == 0)
			r->runs = (int64_t)(r->data[i].bytes / bytes);
		else if (r->data[i].bytes / bytes != (size_t)r->runs) {
			fprintf(stderr, "accel: %s: it is for another number of runs than %s\n", r->input[i], r->input[0]);
			return TOOL_BAD_FILE;
		}
	}
	return TOOL_OK;
}

static int run_all(struct run *r, struct accel_session *s)
{
	const void *out = accel_output(s, 0, &r->result_bytes);

	r->results = malloc((size_t)r->runs * r->result_bytes + 1);
	if (!out || !r->results) {
		fprintf(stderr, "accel: out of memory\n");
		return TOOL_FAILED;
	}
	for (int64_t i = 0; i < r->runs * r->repeat; i++) {
		int64_t k = i % r->runs;
		int err;

		for (int j = 0; j < r->num_inputs; j++) {
			size_t bytes;
			void *in = accel_input(s, j, &bytes);

			memcpy(in, r->data[j].data + (size_t)k * bytes, bytes);
		}
		if (tool_interrupted)
			return tool_fail(0);
		err = accel_run(s);
		if (err)
			return tool_fail(err);
		memcpy(r->results + (size_t)k * r->result_bytes, out, r->result_bytes);
	}
	return TOOL_OK;
}

static void print_result(const struct run *r, const struct accel_tensor_info *info, int64_t run)
{
	const uint8_t *p = r->results + (size_t)run * r->result_bytes;
	size_t each = accel_dtype_bytes(info->dtype), n = r->result_bytes / each;

	printf("%s", info->name);
	if (r->runs > 1)
		printf("[%lld]", (long long)run);
	fputs(":", stdout);
	for (size_t i = 0; i < n && i < 16 && info->dtype == ACCEL_F32; i++) {
		float f;

		memcpy(&f, p + i * 4, 4);
		printf(" %.6g", (double)f);
	}
	if (n > 16 || info->dtype != ACCEL_F32)
		printf(" ... (%zu %s)", n, accel_dtype_name(info->dtype));
	putchar('\n');
}

static void print_stats(const struct accel_stats *st)
{
	printf("cycles %llu, macs %llu, utilisation %.1f%%, read %llu, written %llu bytes, %.1f us\n",
	       (unsigned long long)st->cycles, (unsigned long long)st->macs, 100 * st->utilisation,
	       (unsigned long long)st->bytes_in, (unsigned long long)st->bytes_out, (double)st->wall_ns / 1e3);
}

static json_t *results_json(const struct run *r, const struct accel_tensor_info *info)
{
	json_t *all = json_array();

	for (int64_t k = 0; k < r->runs && info->dtype == ACCEL_F32; k++) {
		json_t *one = json_array();

		for (size_t i = 0; i < r->result_bytes / 4; i++) {
			float f;

			memcpy(&f, r->results + (size_t)k * r->result_bytes + i * 4, 4);
			/* JSON has no infinities and no NaN */
			json_array_append_new(one, f - f == 0 ? json_real((double)f) : json_null());
		}
		json_array_append_new(all, one);
	}
	return all;
}

static int report(const struct run *r, const struct accel_device *dev, const struct accel_program *prog,
		  const struct accel_session *s)
{
	struct accel_tensor_info info;
	struct accel_stats st;
	int err = accel_program_output_info(prog, 0, &info);

	if (err)
		return tool_fail(err);
	accel_session_stats(s, &st);
	if (r->output) {
		int code = tool_write(r->output, &info, r->runs, r->results, (size_t)r->runs * r->result_bytes);

		if (code)
			return code;
	}
	if (r->json)
		return tool_print_json(json_pack("{s:o,s:s,s:I,s:o,s:o}", "device", tool_device_json(dev), "program",
						 r->model.path, "runs", (json_int_t)r->runs, "stats", tool_stats_json(&st),
						 "outputs", r->output ? json_array() : results_json(r, &info)));
	for (int64_t k = 0; !r->output && k < r->runs; k++)
		print_result(r, &info, k);
	if (r->stats)
		print_stats(&st);
	return TOOL_OK;
}

static int execute(struct run *r)
{
	struct accel_session *s = NULL;
	struct accel_device *dev;
	struct accel_program *prog;
	struct accel_tensor_info info;
	int code = tool_open(&r->model, &dev, &prog), err;

	if (code)
		return code;
	for (int i = 0; i < r->num_inputs && !code; i++) {
		err = accel_program_input_info(prog, i, &info);
		code = err ? tool_fail(err) : tool_read_input(r->input[i], &info, &r->model.image, &r->data[i]);
	}
	if (!code) {
		err = accel_session_new(dev, prog, &s);
		code = err ? tool_fail(err) : TOOL_OK;
	}
	if (!code)
		code = count_runs(r, s);
	if (!code)
		code = run_all(r, s);
	if (!code)
		code = report(r, dev, prog, s);
	accel_session_free(s);
	accel_program_unref(prog);
	accel_close(dev);
	return code;
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_MODEL_OPTIONS, { "input", required_argument, NULL, 'i' }, { "output", required_argument, NULL, 'o' },
		{ "repeat", required_argument, NULL, 'r' }, { "stats", no_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct run r = { .repeat = 1 };
	int opt, code;

	tool_model_init(&r.model);
	while ((opt = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		int taken = tool_model_option("run", &r.model, opt, optarg);

		if (taken < 0)
			return TOOL_USAGE;
		if (taken)
			continue;
		switch (opt) {
		case 'i':
			if (r.num_inputs == MAX_INPUTS)
				return tool_usage("run", "more than %d inputs", MAX_INPUTS);
			r.input[r.num_inputs++] = optarg;
			break;
		case 'o':
			r.output = optarg;
			break;
		case 'r':
			if (!tool_number("run", "repeat", optarg, 1, 1000000000, &r.repeat))
				return TOOL_USAGE;
			break;
		case 's':
			r.stats = true;
			break;
		case 'j':
			r.json = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return TOOL_OK;
		default:
			return TOOL_USAGE;
		}
	}
	if (optind + 1 != argc)
		return tool_usage("run", "give one model or program");
	r.model.path = argv[optind];
	tool_catch_signals();
	code = execute(&r);
	for (int i = 0; i < r.num_inputs; i++)
		free(r.data[i].data);
	free(r.results);
	return code;
}
