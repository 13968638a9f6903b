/* SPDX-License-Identifier: MIT */
/* Shared by the subcommands of accel. */
#ifndef LOOM_TOOLS_ACCEL_TOOL_H
#define LOOM_TOOLS_ACCEL_TOOL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <accel/accel.h>
#include <jansson.h>

/* Exit codes, the same for every subcommand. */
enum tool_exit {
	TOOL_OK = 0,
	TOOL_FAILED = 1,	/* what was asked for could not be done */
	TOOL_USAGE = 2,		/* the command line */
	TOOL_NO_DEVICE = 3,	/* no such device, or it may not be used */
	TOOL_BAD_FILE = 4,	/* a model, program or input file was refused */
	TOOL_INTERRUPTED = 130,	/* Ctrl-C */
};

/**
 * struct tool_command - a subcommand
 * @run: given its own arguments, argv[0] being its name; returns an exit code
 */
struct tool_command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int cmd_run(int argc, char **argv);
int cmd_compile(int argc, char **argv);
int cmd_dis(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_smi(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/** tool_interrupted - set by SIGINT and SIGTERM after tool_catch_signals() */
extern volatile sig_atomic_t tool_interrupted;
void tool_catch_signals(void);

/** tool_fail - print accel_errmsg() and give the exit code for @err */
int tool_fail(int err);
/** tool_usage - print "accel NAME: message" and where help is; TOOL_USAGE */
int tool_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** tool_number - a whole number in [lo, hi]; false and a message otherwise */
bool tool_number(const char *command, const char *option, const char *text, int64_t lo, int64_t hi, int64_t *out);

#define TOOL_MAX_NODE_PRECISIONS 64	/* options; a file of them may have more */

/**
 * struct tool_model - what the options say about the program to run
 * @path: ONNX model or program file
 * @device: for accel_open(), NULL for the best there is
 * @calib: file of samples, or folder of such files; NULL for none
 * @calib_count: samples to use at most
 * @calib_method: by which ranges are chosen
 * @calib_percentile: how much of a distribution its range covers; 0 for all
 * @node_precisions: options --node-precision as they came, @num_node_precisions of them
 * @num_node_precisions: entries
 * @prune: which weights become zero
 * @dims: of input 0 as text, "1x3x48x192"; NULL: those of the model
 */
struct tool_model {
	const char *path;
	const char *device;
	const char *calib;
	int64_t calib_count;
	enum accel_precision precision;
	int64_t batch;
	const char *dims;
	enum accel_calib_method calib_method;
	float calib_percentile;
	const char *node_precisions[TOOL_MAX_NODE_PRECISIONS];
	int num_node_precisions;
	enum accel_prune prune;
	bool npu_only;
};

/* getopt_long() entries and help for the options in struct tool_model, and the function that takes them. */
#define TOOL_MODEL_OPTIONS				\
	{ "device", required_argument, NULL, 'd' },	\
	{ "precision", required_argument, NULL, 'p' },	\
	{ "batch", required_argument, NULL, 'b' },	\
	{ "dims", required_argument, NULL, 'D' },	\
	{ "calib", required_argument, NULL, 'c' },	\
	{ "calib-count", required_argument, NULL, 'C' },\
	{ "calib-method", required_argument, NULL, 'm' },\
	{ "node-precision", required_argument, NULL, 'P' },\
	{ "prune", required_argument, NULL, 'R' },\
	{ "npu-only", no_argument, NULL, 'N' }
#define TOOL_MODEL_HELP								\
	"  --device SPEC       cpu, sim[:array=R,...], drm, /dev/accel/accelN or a PCI address\n"	\
	"  --precision P       fp32 (default), fp16, bf16 or int8\n"		\
	"  --batch N           images a run, where the model leaves it open (1)\n"	\
	"  --dims NxCxHxW      dims of the first input, where the model leaves them open\n"	\
	"  --calib FILE        samples for int8: IDX images or .npy, or a folder of such files\n"	\
	"  --calib-count N     samples to use at most (200)\n"			\
	"  --calib-method M    which range of an activation int8 covers: minmax (default), percentile (99.99),\n"	\
	"                      percentile:P, entropy or mse\n"			\
	"  --node-precision NAME=P\n"						\
	"                      fp32, fp16, bf16 or int8 for one node; again for others, or @FILE with a line NAME=P for each\n"	\
	"  --prune 2:4         of each four weights the two smallest become zero; with --calib, prints what that does\n"	\
	"  --npu-only          refuse a model of which a part would run on the CPU\n"
/** tool_model_init - defaults */
void tool_model_init(struct tool_model *m);
/** tool_model_option - 1 taken; 0 not one of these; -1 bad value, message printed */
int tool_model_option(const char *command, struct tool_model *m, int opt, const char *arg);

/**
 * tool_open - open the device and compile or load the program
 * Return: an exit code; on TOOL_OK both are the caller's
 */
int tool_open(const struct tool_model *m, struct accel_device **dev, struct accel_program **prog);

/** tool_open_device - an exit code, with a message */
int tool_open_device(const struct tool_model *m, struct accel_device **dev);
/** tool_with_graph - import the model and call @use with it and with what the options say; its exit code, or another */
int tool_with_graph(const struct tool_model *m,
		    int (*use)(void *ctx, struct accel_graph *g, const struct accel_compile_options *o), void *ctx);

/** tool_precision_name - "fp32" and so on */
const char *tool_precision_name(enum accel_precision p);

/**
 * struct tool_data - samples from a file
 * @data: bytes as the network's input wants them
 */
struct tool_data {
	uint8_t *data;
	size_t bytes;
};

/** tool_calib_method - "percentile:99.9" and so on into @m; 1, or -1 with a message */
int tool_calib_method(const char *command, struct tool_model *m, const char *arg);
/** tool_precision_of - its number, or -1 */
int tool_precision_of(const char *name);

/**
 * struct tool_quant - what the options say about quantisation, as accel_compile() wants it
 * @calib: samples of input 0
 * @list: precisions of nodes
 * @texts: what their names point into
 */
struct tool_quant {
	struct tool_data calib;
	struct accel_node_precision *list;
	char **texts;
	int num_texts;
};

/** tool_quant_read - read files and options into @q, and set @o to them. Return: an exit code; @q is to be freed always */
int tool_quant_read(const struct tool_model *m, struct accel_graph *g, struct tool_quant *q, struct accel_compile_options *o);
void tool_quant_free(struct tool_quant *q);

/**
 * tool_prune_report - print how the answers of @g, in fp32 on the CPU, differ for pruning with @o->prune, over the samples in @o
 * Return: an exit code
 */
int tool_prune_report(struct accel_graph *g, const struct accel_compile_options *o);

/**
 * tool_read - read an input file: .npy (f32, f64, u8), IDX images of bytes (scaled to 0..1), else raw bytes
 * @dtype: of the input; values are converted, raw bytes are not
 * Return: an exit code, with a message
 */
int tool_read(const char *path, enum accel_dtype dtype, struct tool_data *out);
/** tool_write - write a tensor: .npy by name, else raw; @runs is a first dimension. Return: an exit code */
int tool_write(const char *path, const struct accel_tensor_info *info, int64_t runs, const void *data, size_t bytes);

/** tool_stats_json - @stats as an object */
json_t *tool_stats_json(const struct accel_stats *stats);
/** tool_device_json - kind, name and geometry */
json_t *tool_device_json(const struct accel_device *dev);
/** tool_print_json - print and release @j; an exit code */
int tool_print_json(json_t *j);

#endif
