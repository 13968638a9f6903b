// SPDX-License-Identifier: MIT
/* What the options say about quantisation: samples, how ranges follow from them, and precisions of single nodes. */
#define _GNU_SOURCE /* asprintf */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool.h"

#define USUAL_PERCENTILE 99.99f

int tool_calib_method(const char *command, struct tool_model *m, const char *arg)
{
	static const char share[] = "percentile";
	char *end = "";

	m->calib_method = ACCEL_CALIB_RANGE;
	m->calib_percentile = 0;
	if (!strcmp(arg, "minmax"))
		return 1;
	if (!strcmp(arg, "entropy")) {
		m->calib_method = ACCEL_CALIB_ENTROPY;
		return 1;
	}
	if (!strcmp(arg, "mse")) {
		m->calib_method = ACCEL_CALIB_MSE;
		return 1;
	}
	if (!strncmp(arg, share, strlen(share))) {
		arg += strlen(share);
		m->calib_percentile = *arg == ':' ? strtof(arg + 1, &end) : USUAL_PERCENTILE;
		if ((*arg == ':' || !*arg) && !*end && m->calib_percentile > 50 && m->calib_percentile <= 100)
			return 1;
		arg -= strlen(share);
	}
	tool_usage(command, "--calib-method is minmax, percentile, percentile:P with P from 50 to 100, entropy or mse, not '%s'", arg);
	return -1;
}

static int append(struct tool_data *to, const struct tool_data *from)
{
	uint8_t *data = realloc(to->data, to->bytes + from->bytes + 1);

	if (!data) {
		fprintf(stderr, "accel: out of memory\n");
		return TOOL_FAILED;
	}
	memcpy(data + to->bytes, from->data, from->bytes);
	to->data = data;
	to->bytes += from->bytes;
	return TOOL_OK;
}

/**
 * struct samples - being read
 * @info: of the input
 * @bytes: of one
 * @wanted: enough of them
 */
struct samples {
	const struct tool_image *image;
	struct accel_tensor_info info;
	size_t bytes;
	int64_t wanted;
	struct tool_data *data;
};

static int append_file(const char *path, struct samples *s)
{
	struct tool_data one = { 0 };
	int code = tool_read_input(path, &s->info, s->image, &one);

	if (!code && (one.bytes < s->bytes || one.bytes % s->bytes)) {
		fprintf(stderr, "accel: %s: %zu values are not samples of %zu\n", path, one.bytes / sizeof(float),
			s->bytes / sizeof(float));
		code = TOOL_BAD_FILE;
	}
	if (!code)
		code = append(s->data, &one);
	free(one.data);
	return code;
}

/* Hidden files do not count, nor what ONNX's test data have beside the first input: other inputs, outputs, the model. */
static int counts(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	if (e->d_name[0] == '.' || (n > 5 && !strcmp(e->d_name + n - 5, ".onnx")))
		return 0;
	if (n < 3 || strcmp(e->d_name + n - 3, ".pb"))
		return 1;
	return strncmp(e->d_name, "output_", 7) && (strncmp(e->d_name, "input_", 6) || !strcmp(e->d_name, "input_0.pb"));
}

static int append_path(const char *path, struct samples *s, int depth);

/* What is in a folder, by name, until there are as many samples as are wanted. */
static int append_folder(const char *folder, struct samples *s, int depth)
{
	struct dirent **entries;
	int n = scandir(folder, &entries, counts, versionsort), code = TOOL_OK;

	if (n < 0) {
		fprintf(stderr, "accel: %s: %s\n", folder, strerror(errno));
		return TOOL_BAD_FILE;
	}
	for (int i = 0; i < n; i++) {
		char *path = NULL;

		if (!code && (int64_t)(s->data->bytes / s->bytes) < s->wanted) {
			if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
				path = NULL;
			code = path ? append_path(path, s, depth) : TOOL_FAILED;
			free(path);
		}
		free(entries[i]);
	}
	free(entries);
	return code;
}

static int append_path(const char *path, struct samples *s, int depth)
{
	struct stat st;

	if (stat(path, &st) || !S_ISDIR(st.st_mode))
		return append_file(path, s);
	if (!depth) {
		fprintf(stderr, "accel: %s: a folder of samples has folders at one level only\n", path);
		return TOOL_BAD_FILE;
	}
	return append_folder(path, s, depth - 1);
}

int tool_read_samples(const char *path, struct accel_graph *g, const struct tool_image *image, int64_t wanted, struct tool_data *out,
		      int64_t *count)
{
	struct samples s = { .image = image, .bytes = sizeof(float), .wanted = wanted, .data = out };
	int err = accel_graph_input_info(g, 0, &s.info), code;

	if (err)
		return tool_fail(err);
	/* They become samples of f32; whether the network takes these, the compiler says. */
	s.info.dtype = ACCEL_F32;
	for (int i = 1; i < s.info.rank; i++)
		s.bytes *= (size_t)(s.info.dims[i] > 0 ? s.info.dims[i] : 1);
	code = append_path(path, &s, 2);
	if (!code && !out->bytes) {
		fprintf(stderr, "accel: %s: there are no samples\n", path);
		code = TOOL_BAD_FILE;
	}
	*count = (int64_t)(out->bytes / s.bytes);
	if (*count > wanted)
		*count = wanted;
	return code;
}

static int read_calib(const struct tool_model *m, struct accel_graph *g, struct tool_data *d, struct accel_compile_options *o)
{
	int code = tool_read_samples(m->calib, g, &m->image, m->calib_count, d, &o->calib_count);

	if (code)
		return code;
	o->calib_data = (const float *)d->data;
	o->calib_method = m->calib_method;
	o->calib_percentile = m->calib_percentile;
	return TOOL_OK;
}

/* "NAME=fp16"; names may have "=" in them. */
static int add_precision(const char *text, struct tool_quant *q)
{
	char **texts = reallocarray(q->texts, (size_t)q->num_texts + 1, sizeof(*texts));
	struct accel_node_precision *list;
	char *equals;
	int p;

	if (!texts)
		return TOOL_FAILED;
	q->texts = texts;
	list = reallocarray(q->list, (size_t)q->num_texts + 1, sizeof(*list));
	if (!list)
		return TOOL_FAILED;
	q->list = list;
	texts[q->num_texts] = strdup(text);
	if (!texts[q->num_texts])
		return TOOL_FAILED;
	equals = strrchr(texts[q->num_texts++], '=');
	p = equals ? tool_precision_of(equals + 1) : -1;
	if (p < 0) {
		fprintf(stderr, "accel: --node-precision is NAME=fp32, fp16, bf16 or int8, not '%s'\n", text);
		return TOOL_USAGE;
	}
	*equals = '\0';
	list[q->num_texts - 1] = (struct accel_node_precision){ texts[q->num_texts - 1], (enum accel_precision)p };
	return TOOL_OK;
}

/* A line for each; empty ones and those from "#" on do not count. */
static int read_precisions(const char *path, struct tool_quant *q)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	int code = TOOL_OK;

	if (!f) {
		fprintf(stderr, "accel: %s: %s\n", path, strerror(errno));
		return TOOL_BAD_FILE;
	}
	while (!code && getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line && *line != '#')
			code = add_precision(line, q);
	}
	free(line);
	fclose(f);
	return code;
}

int tool_quant_read(const struct tool_model *m, struct accel_graph *g, struct tool_quant *q, struct accel_compile_options *o)
{
	int code = m->calib ? read_calib(m, g, &q->calib, o) : TOOL_OK;

	for (int i = 0; i < m->num_node_precisions && !code; i++) {
		const char *arg = m->node_precisions[i];

		code = *arg == '@' ? read_precisions(arg + 1, q) : add_precision(arg, q);
	}
	o->node_precisions = q->list;
	o->num_node_precisions = q->num_texts;
	return code;
}

void tool_quant_free(struct tool_quant *q)
{
	free(q->calib.data);
	free(q->list);
	for (int i = 0; i < q->num_texts; i++)
		free(q->texts[i]);
	free(q->texts);
}
