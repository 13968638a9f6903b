// SPDX-License-Identifier: MIT
#include "tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

volatile sig_atomic_t tool_interrupted;

static void on_signal(int sig)
{
	(void)sig;
	tool_interrupted = 1;
}

/* Without SA_RESTART, so that a wait for the device ends. */
void tool_catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

int tool_fail(int err)
{
	if (err == -EINTR || tool_interrupted) {
		fprintf(stderr, "accel: interrupted\n");
		return TOOL_INTERRUPTED;
	}
	fprintf(stderr, "accel: %s\n", accel_errmsg());
	switch (err) {
	case -ENODEV:
	case -EACCES:
		return TOOL_NO_DEVICE;
	case -EBADMSG:
	case -EOPNOTSUPP:
	case -EPROTO:
		return TOOL_BAD_FILE;
	default:
		return TOOL_FAILED;
	}
}

int tool_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "accel %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; accel %s --help says more\n", command);
	return TOOL_USAGE;
}

bool tool_number(const char *command, const char *option, const char *text, int64_t lo, int64_t hi, int64_t *out)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 0);
	if (errno || end == text || *end || v < lo || v > hi) {
		tool_usage(command, "--%s wants a number from %lld to %lld, not '%s'", option, (long long)lo, (long long)hi,
			   text);
		return false;
	}
	*out = v;
	return true;
}

static const char *const precisions[] = { "fp32", "fp16", "bf16", "int8" };

const char *tool_precision_name(enum accel_precision p)
{
	return p < sizeof(precisions) / sizeof(precisions[0]) ? precisions[p] : "?";
}

void tool_model_init(struct tool_model *m)
{
	*m = (struct tool_model){ .calib_count = 200, .eval_count = 1000000, .batch = 1, .image.std = { 1, 1, 1 } };
}

int tool_precision_of(const char *name)
{
	for (size_t i = 0; i < sizeof(precisions) / sizeof(precisions[0]); i++)
		if (!strcmp(name, precisions[i]))
			return (int)i;
	return -1;
}

static int set_precision(const char *command, struct tool_model *m, const char *arg)
{
	int p = tool_precision_of(arg);

	if (p < 0) {
		tool_usage(command, "--precision is fp32, fp16, bf16 or int8, not '%s'", arg);
		return -1;
	}
	m->precision = (enum accel_precision)p;
	return 1;
}

static int add_node_precision(const char *command, struct tool_model *m, const char *arg)
{
	if (m->num_node_precisions == TOOL_MAX_NODE_PRECISIONS) {
		tool_usage(command, "--node-precision: more than %d; put them into a file", TOOL_MAX_NODE_PRECISIONS);
		return -1;
	}
	m->node_precisions[m->num_node_precisions++] = arg;
	return 1;
}

static int set_image(const char *command, const char *option, float *numbers, const char *arg)
{
	if (tool_image_numbers(arg, numbers) && (!strcmp(option, "image-mean") || (numbers[0] > 0 && numbers[1] > 0 && numbers[2] > 0)))
		return 1;
	tool_usage(command, "--%s wants one number or three with commas between them%s, not '%s'", option,
		   strcmp(option, "image-mean") ? ", all above 0" : "", arg);
	return -1;
}

int tool_model_option(const char *command, struct tool_model *m, int opt, const char *arg)
{
	switch (opt) {
	case 'd':
		m->device = arg;
		return 1;
	case 'p':
		return set_precision(command, m, arg);
	case 'b':
		return tool_number(command, "batch", arg, 1, 65536, &m->batch) ? 1 : -1;
	case 'D':
		m->dims = arg;
		return 1;
	case 'c':
		m->calib = arg;
		return 1;
	case 'C':
		return tool_number(command, "calib-count", arg, 1, 1000000, &m->calib_count) ? 1 : -1;
	case 'm':
		return tool_calib_method(command, m, arg);
	case 'P':
		return add_node_precision(command, m, arg);
	case 'R':
		if (strcmp(arg, "2:4")) {
			tool_usage(command, "--prune is 2:4, not '%s'", arg);
			return -1;
		}
		m->prune = ACCEL_PRUNE_2_4;
		return 1;
	case 'M':
	case 'S':
		return set_image(command, opt == 'M' ? "image-mean" : "image-std", opt == 'M' ? m->image.mean : m->image.std, arg);
	case 'B':
		m->image.bgr = true;
		return 1;
	case 'N':
		m->npu_only = true;
		return 1;
	default:
		return 0;
	}
}

static bool is_program(const char *path)
{
	char magic[4] = { 0 };
	FILE *f = fopen(path, "rb");
	bool yes;

	if (!f)
		return false;
	yes = fread(magic, 1, 4, f) == 4 && !memcmp(magic, "\177ELF", 4);
	fclose(f);
	return yes;
}

/* "1x3x48x192" for input 0 of @g. */
static int set_dims(const char *text, struct accel_graph *g)
{
	int64_t dims[ACCEL_MAX_RANK];
	struct accel_tensor_info info;
	int err = accel_graph_input_info(g, 0, &info);
	char *end = (char *)text;

	for (int i = 0; !err && i < info.rank; i++) {
		dims[i] = strtoll(text, &end, 10);
		if (end == text || *end != (i + 1 < info.rank ? 'x' : '\0')) {
			fprintf(stderr, "accel: --dims: %d numbers with x between them are needed, as in 1x3x48x192\n", info.rank);
			return TOOL_USAGE;
		}
		text = end + 1;
	}
	if (!err)
		err = accel_graph_set_input_dims(g, 0, dims);
	return err ? tool_fail(err) : TOOL_OK;
}

int tool_with_graph(const struct tool_model *m,
		    int (*use)(void *ctx, struct accel_graph *g, const struct accel_compile_options *o), void *ctx)
{
	struct accel_compile_options o = {
		.size = sizeof(o), .precision = m->precision, .batch = m->batch, .npu_only = m->npu_only,
		.prune = m->prune,
	};
	struct tool_quant quant = { 0 };
	struct accel_graph *g;
	int err = accel_graph_load_onnx(m->path, &g), code = TOOL_OK;

	if (err)
		return tool_fail(err == -ENOENT ? -EBADMSG : err);
	if (m->dims)
		code = set_dims(m->dims, g);
	if (!code)
		code = tool_quant_read(m, g, &quant, &o);
	if (!code && m->accuracy && (m->eval || (m->prune && m->calib)))
		code = tool_accuracy_measure(m, g, &o);
	if (!code)
		code = use(ctx, g, &o);
	tool_quant_free(&quant);
	accel_graph_unref(g);
	return code;
}

struct compilation {
	struct accel_device *dev;
	struct accel_program **prog;
};

static int compile_graph(void *ctx, struct accel_graph *g, const struct accel_compile_options *o)
{
	struct compilation *c = ctx;
	int err = accel_compile_cached(g, c->dev, o, c->prog);

	return err ? tool_fail(err) : TOOL_OK;
}

int tool_open_device(const struct tool_model *m, struct accel_device **dev)
{
	int err = accel_open(m->device, dev);

	if (!err)
		return TOOL_OK;
	fprintf(stderr, "accel: %s\n", accel_errmsg());
	return err == -EINVAL ? TOOL_USAGE : TOOL_NO_DEVICE;
}

int tool_open(const struct tool_model *m, struct accel_device **dev, struct accel_program **prog)
{
	int code = tool_open_device(m, dev), err;

	if (code)
		return code;
	if (is_program(m->path)) {
		err = accel_program_load(m->path, prog);
		code = err ? tool_fail(err) : TOOL_OK;
	} else {
		struct compilation c = { *dev, prog };

		code = tool_with_graph(m, compile_graph, &c);
	}
	if (code)
		accel_close(*dev);
	return code;
}

json_t *tool_stats_json(const struct accel_stats *s)
{
	return json_pack("{s:I,s:I,s:I,s:I,s:f,s:I}", "cycles", (json_int_t)s->cycles, "macs", (json_int_t)s->macs,
			 "bytes_in", (json_int_t)s->bytes_in, "bytes_out", (json_int_t)s->bytes_out, "utilisation",
			 s->utilisation, "wall_ns", (json_int_t)s->wall_ns);
}

json_t *tool_device_json(const struct accel_device *dev)
{
	static const char *const kind[] = { "?", "drm", "sim", "cpu" };
	struct accel_device_info i;

	accel_device_get_info(dev, &i);
	return json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:s,s:i}", "kind", kind[i.kind <= ACCEL_DEVICE_CPU ? i.kind : 0],
			 "name", i.name, "array_dim", (int)i.array_dim, "num_cores", (int)i.num_cores, "spm_bytes",
			 (int)i.spm_bytes, "acc_bytes", (int)i.acc_bytes, "dram_bpc", (int)i.dram_bpc, "clock_khz",
			 (int)i.clock_khz, "firmware", i.firmware, "isa_version",
			 (int)i.isa_version);
}

int tool_print_json(json_t *j)
{
	int bad = !j || json_dumpf(j, stdout, JSON_INDENT(2)) || putchar('\n') == EOF || fflush(stdout);

	json_decref(j);
	if (bad)
		fprintf(stderr, "accel: cannot write the JSON\n");
	return bad ? TOOL_FAILED : TOOL_OK;
}
