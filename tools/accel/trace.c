// SPDX-License-Identifier: MIT
/* A run as trace events of Chrome and Perfetto: https://ui.perfetto.dev opens the file. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* Processes of the trace: engines by the device's clock, steps by the host's. */
enum { DEVICE = 1, HOST = 2 };

static const char *const engines[] = { "ctrl", "dmain", "mxu", "vpu", "dmaout" };
static const char *const stalls[ACCEL_TRACE_STALLS] = { "sem", "barrier", "bus", "bank", "plane" };

#define NUM_ENGINES	(sizeof(engines) / sizeof(engines[0]))
#define MAX_CORES	8

static const char help_text[] =
	"usage: accel trace MODEL.onnx|PROGRAM.elf [-o TRACE.json] [OPTIONS]\n\n"
	"Runs once and writes what happened as trace events, which ui.perfetto.dev and chrome://tracing show: by the device's cycles what\n"
	"each engine did, for which node, and what it waited for (sim); by the host's clock streams and CPU nodes (any device).\n\n"
	TOOL_MODEL_HELP
	"  --input FILE        of the first input: .npy, PNG or IDX images, .pb or raw bytes (default: zeros)\n"
	"  -o, --output FILE   default: standard output\n";

struct trace {
	struct tool_model model;
	const char *input, *output;
	json_t *events;
	double us_a_cycle;
	size_t descriptors;
	uint64_t last;		/* end of the last descriptor, in cycles */
	bool core[MAX_CORES], failed;
};

static void add(struct trace *t, json_t *event)
{
	t->failed |= !event || json_array_append_new(t->events, event);
}

static int engine_number(const char *name)
{
	for (size_t i = 0; i < NUM_ENGINES; i++)
		if (!strcmp(engines[i], name))
			return (int)i;
	return 0;
}

static void descriptor(struct trace *t, const struct accel_trace_event *e)
{
	json_t *args = json_pack("{s:s,s:s,s:i,s:I,s:I}", "node", e->name, "op", e->op, "slot", (int)e->slot, "begin_cycle",
				 (json_int_t)e->begin, "end_cycle", (json_int_t)e->end);
	int core = e->core < MAX_CORES ? e->core : 0;

	for (int i = 0; i < ACCEL_TRACE_STALLS; i++)
		if (e->stall[i])
			json_object_set_new(args, stalls[i], json_integer((json_int_t)e->stall[i]));
	add(t, json_pack("{s:s,s:s,s:s,s:f,s:f,s:i,s:i,s:o}", "ph", "X", "name", e->op, "cat", *e->name ? e->name : "control", "ts",
			 (double)e->begin * t->us_a_cycle, "dur", (double)(e->end - e->begin) * t->us_a_cycle, "pid", DEVICE, "tid",
			 core * (int)NUM_ENGINES + engine_number(e->engine), "args", args));
	t->core[core] = true;
	t->descriptors++;
	t->last = e->end > t->last ? e->end : t->last;
}

static void take(void *ctx, const struct accel_trace_event *e)
{
	struct trace *t = ctx;
	bool npu = e->kind == ACCEL_TRACE_STREAM;
	char name[32];

	if (e->kind == ACCEL_TRACE_DESCRIPTOR) {
		descriptor(t, e);
		return;
	}
	snprintf(name, sizeof(name), "stream %u", e->slot);
	add(t, json_pack("{s:s,s:s,s:s,s:f,s:f,s:i,s:i,s:{s:i,s:s}}", "ph", "X", "name", npu ? name : e->name, "cat", e->engine, "ts",
			 (double)e->begin / 1e3, "dur", (double)(e->end - e->begin) / 1e3, "pid", HOST, "tid", npu ? 0 : 1, "args", "step",
			 e->step, "op", e->op));
}

static void name_it(struct trace *t, const char *what, int pid, int tid, const char *name)
{
	add(t, json_pack("{s:s,s:s,s:i,s:i,s:{s:s}}", "ph", "M", "name", what, "pid", pid, "tid", tid, "args", "name", name));
}

static void name_all(struct trace *t, const struct accel_device_info *info)
{
	char text[128];

	snprintf(text, sizeof(text), "%s, by its clock of %u MHz", info->name, info->clock_khz / 1000);
	if (t->descriptors)
		name_it(t, "process_name", DEVICE, 0, text);
	for (int c = 0; c < MAX_CORES; c++)
		for (size_t i = 0; i < NUM_ENGINES && t->core[c]; i++) {
			snprintf(text, sizeof(text), "core %d %s", c, engines[i]);
			name_it(t, "thread_name", DEVICE, c * (int)NUM_ENGINES + (int)i, text);
		}
	name_it(t, "process_name", HOST, 0, "host, by its clock");
	name_it(t, "thread_name", HOST, 0, "streams, from submission to the end of waiting");
	name_it(t, "thread_name", HOST, 1, "CPU nodes");
}

static int write_out(struct trace *t, const struct accel_stats *stats)
{
	json_t *doc = json_pack("{s:O,s:s,s:{s:s,s:I,s:f,s:I}}", "traceEvents", t->events, "displayTimeUnit", "ns", "otherData", "model",
				t->model.path, "cycles", (json_int_t)stats->cycles, "utilisation", stats->utilisation, "descriptors",
				(json_int_t)t->descriptors);
	FILE *f = t->output ? fopen(t->output, "w") : stdout;
	int bad;

	if (!f) {
		fprintf(stderr, "accel: %s: %s\n", t->output, strerror(errno));
		json_decref(doc);
		return TOOL_FAILED;
	}
	bad = t->failed || !doc || json_dumpf(doc, f, JSON_COMPACT) || fputc('\n', f) == EOF || fflush(f);
	bad |= t->output && fclose(f);
	json_decref(doc);
	if (!bad)
		return TOOL_OK;
	fprintf(stderr, "accel: %s: the trace cannot be written: %s\n", t->output ? t->output : "standard output", strerror(errno));
	if (t->output)
		unlink(t->output);	/* never half a file */
	return TOOL_FAILED;
}

static int fill_input(const struct trace *t, const struct accel_program *prog, struct accel_session *s)
{
	struct accel_tensor_info info;
	struct tool_data d = { 0 };
	size_t bytes;
	void *in = accel_input(s, 0, &bytes);
	int err, code;

	if (!t->input)
		return TOOL_OK;
	err = accel_program_input_info(prog, 0, &info);
	code = err ? tool_fail(err) : tool_read_input(t->input, &info, &t->model.image, &d);
	if (!code && d.bytes < bytes) {
		fprintf(stderr, "accel: %s: %zu bytes are less than the input's %zu\n", t->input, d.bytes, bytes);
		code = TOOL_BAD_FILE;
	}
	if (!code)
		memcpy(in, d.data, bytes);
	free(d.data);
	return code;
}

static int run(struct trace *t, struct accel_device *dev, struct accel_program *prog, struct accel_session *s)
{
	struct accel_device_info info;
	struct accel_stats stats;
	int descriptors, code = fill_input(t, prog, s), err;

	if (code)
		return code;
	accel_device_get_info(dev, &info);
	t->us_a_cycle = 1e3 / (info.clock_khz ? info.clock_khz : 1000000);
	err = accel_session_trace(s, take, t, &descriptors);
	if (!err)
		err = accel_run(s);
	if (err)
		return tool_fail(err);
	if (!descriptors)
		fprintf(stderr, "accel: %s does not say what its engines do: the trace has streams and CPU nodes; --device sim has all\n",
			info.name);
	accel_session_stats(s, &stats);
	name_all(t, &info);
	code = write_out(t, &stats);
	if (!code)
		fprintf(stderr, "accel: %zu descriptors, %llu cycles\n", t->descriptors, (unsigned long long)stats.cycles);
	return code;
}

int cmd_trace(int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_MODEL_OPTIONS, { "input", required_argument, NULL, 'i' }, { "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct trace t = { 0 };
	struct accel_program *prog;
	struct accel_device *dev;
	struct accel_session *s = NULL;
	int opt, code, err;

	tool_model_init(&t.model);
	while ((opt = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		int taken = tool_model_option("trace", &t.model, opt, optarg);

		if (taken < 0)
			return TOOL_USAGE;
		if (taken)
			continue;
		if (opt == 'h') {
			fputs(help_text, stdout);
			return TOOL_OK;
		}
		if (opt != 'i' && opt != 'o')
			return TOOL_USAGE;
		*(opt == 'i' ? &t.input : &t.output) = optarg;
	}
	if (optind + 1 != argc)
		return tool_usage("trace", "give one model or program");
	t.model.path = argv[optind];
	tool_catch_signals();
	code = tool_open(&t.model, &dev, &prog);
	if (code)
		return code;
	t.events = json_array();
	err = accel_session_new(dev, prog, &s);
	code = err ? tool_fail(err) : run(&t, dev, prog, s);
	json_decref(t.events);
	accel_session_free(s);
	accel_program_unref(prog);
	accel_close(dev);
	return code;
}
