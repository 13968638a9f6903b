// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char help_text[] =
	"usage: accel bench MODEL.onnx|PROGRAM.elf [OPTIONS]\n\n"
	"Runs on zeros, after a few runs to warm up, and prints the distribution of times.\n\n"
	TOOL_MODEL_HELP
	"  --runs N            runs to time (100)\n"
	"  --json              print as JSON\n";

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int measure(struct accel_session *s, int64_t runs, double *us, struct accel_stats *last)
{
	for (int64_t i = -3; i < runs; i++) {
		int err = tool_interrupted ? -1 : accel_run(s);

		if (err)
			return tool_fail(err);
		accel_session_stats(s, last);
		if (i >= 0)
			us[i] = (double)last->wall_ns / 1e3;
	}
	qsort(us, (size_t)runs, sizeof(*us), compare);
	return TOOL_OK;
}

static int report(const struct tool_model *m, const struct accel_device *dev, const double *us, int64_t runs,
		  const struct accel_stats *st, bool json)
{
	double sum = 0, p50 = us[runs / 2], p90 = us[runs * 9 / 10], p99 = us[runs * 99 / 100];

	for (int64_t i = 0; i < runs; i++)
		sum += us[i];
	if (json)
		return tool_print_json(json_pack("{s:s,s:o,s:I,s:f,s:f,s:f,s:f,s:f,s:o}", "program", m->path, "device",
						 tool_device_json(dev), "runs", (json_int_t)runs, "min_us", us[0], "p50_us",
						 p50, "p90_us", p90, "p99_us", p99, "runs_per_s", (double)runs * 1e6 / sum,
						 "stats", tool_stats_json(st)));
	printf("%lld runs: least %.1f us, half within %.1f, 90%% %.1f, 99%% %.1f; %.1f runs a second\n", (long long)runs,
	       us[0], p50, p90, p99, (double)runs * 1e6 / sum);
	if (st->cycles)
		printf("%llu cycles a run, utilisation of the array %.1f%%\n", (unsigned long long)st->cycles,
		       100 * st->utilisation);
	return TOOL_OK;
}

static int execute(const struct tool_model *m, int64_t runs, bool json)
{
	double *us = calloc((size_t)runs, sizeof(*us));
	struct accel_session *s = NULL;
	struct accel_program *prog;
	struct accel_device *dev;
	struct accel_stats st;
	int code, err;

	if (!us) {
		fprintf(stderr, "accel: out of memory\n");
		return TOOL_FAILED;
	}
	code = tool_open(m, &dev, &prog);
	if (code) {
		free(us);
		return code;
	}
	err = accel_session_new(dev, prog, &s);
	code = err ? tool_fail(err) : measure(s, runs, us, &st);
	if (!code)
		code = report(m, dev, us, runs, &st, json);
	accel_session_free(s);
	accel_program_unref(prog);
	accel_close(dev);
	free(us);
	return code;
}

int cmd_bench(int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_MODEL_OPTIONS, { "runs", required_argument, NULL, 'r' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct tool_model m;
	int64_t runs = 100;
	bool json = false;
	int opt;

	tool_model_init(&m);
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		int taken = tool_model_option("bench", &m, opt, optarg);

		if (taken < 0)
			return TOOL_USAGE;
		if (taken)
			continue;
		if (opt == 'h') {
			fputs(help_text, stdout);
			return TOOL_OK;
		}
		if (opt == 'j')
			json = true;
		else if (opt != 'r' || !tool_number("bench", "runs", optarg, 1, 10000000, &runs))
			return TOOL_USAGE;
	}
	if (optind + 1 != argc)
		return tool_usage("bench", "give one model or program");
	m.path = argv[optind];
	tool_catch_signals();
	return execute(&m, runs, json);
}
