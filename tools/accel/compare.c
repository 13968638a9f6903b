// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define MAX_INPUTS 16

/**
 * struct compare
 * @sample: which of those in the files
 * @tolerance: a node's own relative error beyond which it is where an error enters; @given: it decides the exit code too
 * @rows: for JSON
 * @first: text of the first node beyond @tolerance, "" for none
 * @worst: of the node that adds most, @worst_own
 * @last: relative error of the last node
 */
struct compare {
	struct tool_model model;
	const char *input[MAX_INPUTS];
	int num_inputs;
	int64_t sample;
	double tolerance;
	bool given, json;
	struct accel_device *dev;
	json_t *rows;
	char first[160], worst[160];
	double worst_own, last;
};

static const char help_text[] =
	"usage: accel compare MODEL.onnx [OPTIONS]\n\n"
	"Runs a model once on the device and once in fp32 on the CPU. For each node: how far its output is off that of the fp32\n"
	"network, and how much of that the node has added itself, to the inputs that it had on the device.\n\n"
	TOOL_MODEL_HELP
	"  --input FILE        .npy, IDX images (bytes become 0..1) or raw bytes; once for each input in order\n"
	"                      (default: zeros, which show little)\n"
	"  --sample N          which sample of the files (0)\n"
	"  --tolerance X       own error, in parts of the largest magnitude, from which on a node is named as the place\n"
	"                      where an error enters (fp32 1e-4, fp16 1e-2, bf16 and int8 5e-2); exit code 1 if there is one\n"
	"  --json              print as JSON\n";

/* JSON has no infinities. */
static json_t *real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *stats_json(const struct accel_error_stats *e)
{
	return json_pack("{s:o,s:o,s:o,s:o}", "max_abs", real(e->max_abs), "relative", real(e->relative), "sqnr_db",
			 real(e->sqnr_db), "cosine", real(e->cosine));
}

static void row(void *ctx, const struct accel_node_error *e)
{
	struct compare *c = ctx;

	c->last = e->total.relative;
	if (!c->first[0] && e->own.relative > c->tolerance)
		snprintf(c->first, sizeof(c->first), "%s %s", e->op, e->name);
	if (e->own.relative > c->worst_own) {
		c->worst_own = e->own.relative;
		snprintf(c->worst, sizeof(c->worst), "%s %s", e->op, e->name);
	}
	if (c->json) {
		json_array_append_new(c->rows, json_pack("{s:s,s:s,s:i,s:b,s:I,s:o,s:o}", "name", e->name, "op", e->op, "output",
							 e->output, "npu", e->on_npu, "elements", (json_int_t)e->elems, "total",
							 stats_json(&e->total), "own", stats_json(&e->own)));
		return;
	}
	printf("%-3s %10.3g %10.3g %8.1f %9.6f   %10.3g %8.1f   %s %s\n", e->on_npu ? "NPU" : "CPU", e->total.max_abs,
	       e->total.relative, e->total.sqnr_db, e->total.cosine, e->own.relative, e->own.sqnr_db, e->op, e->name);
}

static int64_t input_bytes(const struct compare *c, const struct accel_tensor_info *info)
{
	int64_t bytes = (int64_t)accel_dtype_bytes(info->dtype);

	for (int i = 0; i < info->rank; i++) {
		int64_t dim = info->dims[i];

		/* The batch, of models that leave it open and of those that are made for one. */
		if (i == 0 && dim <= 1)
			dim = c->model.batch;
		if (dim < 0 || (dim && bytes > INT64_MAX / 8 / dim))
			return -1;
		bytes *= dim;
	}
	return bytes;
}

/* Contents of input @i, to be freed; NULL and *@code. */
static void *read_input(const struct compare *c, struct accel_graph *g, int i, int *code)
{
	struct accel_tensor_info info;
	struct tool_data d = { 0 };
	int64_t bytes;
	void *data = NULL;

	*code = TOOL_FAILED;
	if (accel_graph_input_info(g, i, &info))
		return NULL;
	bytes = input_bytes(c, &info);
	if (bytes < 0) {
		fprintf(stderr, "accel: input %s has open dims: give them with --dims\n", info.name);
		*code = TOOL_USAGE;
		return NULL;
	}
	if (i < c->num_inputs) {
		*code = tool_read_input(c->input[i], &info, &c->model.image, &d);
		if (*code)
			return NULL;
		if (c->sample < 0 || !bytes || (int64_t)d.bytes / bytes <= c->sample) {
			fprintf(stderr, "accel: %s: its %zu bytes have no sample %lld of %lld bytes\n", c->input[i], d.bytes,
				(long long)c->sample, (long long)bytes);
			free(d.data);
			*code = TOOL_BAD_FILE;
			return NULL;
		}
	}
	data = calloc(1, (size_t)bytes + 1);
	if (data && d.data)
		memcpy(data, d.data + c->sample * bytes, (size_t)bytes);
	free(d.data);
	*code = data ? TOOL_OK : TOOL_FAILED;
	return data;
}

static int conclude(struct compare *c)
{
	if (c->json)
		return tool_print_json(json_pack("{s:s,s:s,s:o,s:f,s:s?,s:s?,s:o}", "model", c->model.path, "precision",
						 tool_precision_name(c->model.precision), "device", tool_device_json(c->dev),
						 "tolerance", c->tolerance, "enters_at", c->first[0] ? c->first : NULL, "largest_at",
						 c->worst[0] ? c->worst : NULL, "nodes", c->rows));
	if (c->first[0])
		printf("an error of more than %g enters first at %s\n", c->tolerance, c->first);
	else
		printf("no node adds an error of more than %g\n", c->tolerance);
	if (c->worst[0])
		printf("most is added by %s: %.3g; at the end there is %.3g\n", c->worst, c->worst_own, c->last);
	return TOOL_OK;
}

static int use(void *ctx, struct accel_graph *g, const struct accel_compile_options *o)
{
	struct compare *c = ctx;
	int num = accel_graph_num_inputs(g), code = TOOL_OK, err;
	void **in = calloc((size_t)num + 1, sizeof(*in));

	if (!in)
		return TOOL_FAILED;
	for (int i = 0; i < num && !code; i++)
		in[i] = read_input(c, g, i, &code);
	if (!code) {
		c->rows = c->json ? json_array() : NULL;
		if (!c->json)
			printf("      off by   relative     SQNR    cosine      own rel.     SQNR   node\n");
		err = accel_compare(g, c->dev, o, (const void *const *)in, row, c);
		code = err ? tool_fail(err) : conclude(c);
	}
	if (!code && c->given && c->first[0])
		code = TOOL_FAILED;
	for (int i = 0; i < num; i++)
		free(in[i]);
	free(in);
	return code;
}

static int take_option(struct compare *c, int opt, char *arg)
{
	char *end;

	switch (opt) {
	case 'i':
		if (c->num_inputs == MAX_INPUTS)
			return tool_usage("compare", "more than %d inputs", MAX_INPUTS);
		c->input[c->num_inputs++] = arg;
		return TOOL_OK;
	case 's':
		return tool_number("compare", "sample", arg, 0, 1000000000, &c->sample) ? TOOL_OK : TOOL_USAGE;
	case 't':
		c->given = true;
		c->tolerance = strtod(arg, &end);
		if (end == arg || *end || !(c->tolerance >= 0))
			return tool_usage("compare", "--tolerance wants a number that is not negative, not '%s'", arg);
		return TOOL_OK;
	case 'j':
		c->json = true;
		return TOOL_OK;
	default:
		return TOOL_USAGE;
	}
}

int cmd_compare(int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_MODEL_OPTIONS, { "input", required_argument, NULL, 'i' }, { "sample", required_argument, NULL, 's' },
		{ "tolerance", required_argument, NULL, 't' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	static const double usual[] = { 1e-4, 1e-2, 5e-2, 5e-2 };
	struct compare c = { 0 };
	int opt, code;

	tool_model_init(&c.model);
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		int taken = tool_model_option("compare", &c.model, opt, optarg);

		if (taken < 0)
			return TOOL_USAGE;
		if (opt == 'h') {
			fputs(help_text, stdout);
			return TOOL_OK;
		}
		if (!taken && take_option(&c, opt, optarg))
			return TOOL_USAGE;
	}
	if (optind + 1 != argc)
		return tool_usage("compare", "give one model");
	if (!c.given)
		c.tolerance = usual[c.model.precision];
	c.model.path = argv[optind];
	tool_catch_signals();
	code = tool_open_device(&c.model, &c.dev);
	if (code)
		return code;
	code = tool_with_graph(&c.model, use, &c);
	accel_close(c.dev);
	return code;
}
