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
int cmd_trace(int argc, char **argv);
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

#define TOOL_IMAGE_CHANNELS 3

/**
 * struct tool_image - how images become numbers
 * @mean: by channel, of numbers from 0 to 1
 * @std: what the rest is divided by
 * @bgr: blue is the first channel
 */
struct tool_image {
	float mean[TOOL_IMAGE_CHANNELS], std[TOOL_IMAGE_CHANNELS];
	bool bgr;
};

/** tool_image_numbers - "0.5", for all channels, or "0.485,0.456,0.406"; false where it is neither */
bool tool_image_numbers(const char *text, float out[TOOL_IMAGE_CHANNELS]);

struct tool_accuracy;

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
 * @image: how images become numbers
 * @eval: samples whose answers are looked at, like @calib; @eval_count of them at most
 * @labels: the right ones, or NULL
 * @accuracy: where that goes; NULL where nobody asks
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
	struct tool_image image;
	const char *eval, *labels;
	int64_t eval_count;
	struct tool_accuracy *accuracy;
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
	{ "image-mean", required_argument, NULL, 'M' },	\
	{ "image-std", required_argument, NULL, 'S' },	\
	{ "image-bgr", no_argument, NULL, 'B' },	\
	{ "npu-only", no_argument, NULL, 'N' }
#define TOOL_MODEL_HELP								\
	"  --device SPEC       cpu, sim[:array=R,...], drm, /dev/accel/accelN or a PCI address\n"	\
	"  --precision P       fp32 (default), fp16, bf16 or int8\n"		\
	"  --batch N           images a run, where the model leaves it open (1)\n"	\
	"  --dims NxCxHxW      dims of the first input, where the model leaves them open\n"	\
	"  --calib FILE        samples for int8: .npy, PNG or IDX images, .pb (TensorProto), or a folder of such files\n"	\
	"  --calib-count N     samples to use at most (200)\n"			\
	"  --calib-method M    which range of an activation int8 covers: minmax (default), percentile (99.99),\n"	\
	"                      percentile:P, entropy or mse\n"			\
	"  --node-precision NAME=P\n"						\
	"                      fp32, fp16, bf16 or int8 for one node; again for others, or @FILE with a line NAME=P for each\n"	\
	"  --prune 2:4         of each four weights the two smallest become zero\n"	\
	"  --image-mean M, --image-std S, --image-bgr\n"				\
	"                      PNG images: their bytes b become (b / 255 - M) / S (0 and 1), one number or one a channel; channels in\n"	\
	"                      the order blue, green, red\n"			\
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

/**
 * tool_read_samples - samples of input 0 as f32 from a file, or the files of a folder and of the folders in it, by name
 * @wanted: at most
 * @out: to be freed
 * @count: how many there are
 * Return: an exit code, with a message
 */
int tool_read_samples(const char *path, struct accel_graph *g, const struct tool_image *image, int64_t wanted, struct tool_data *out,
		      int64_t *count);

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
 * struct tool_accuracy - how networks answer
 * @labels: right answers, a byte each; none where @labels.data is NULL
 * @line: the network as it is, and what became of it; the others beside the first:
 *	right: answers that are; differ: that are others; worst: largest difference of a number
 */
struct tool_accuracy {
	struct tool_data labels;
	int64_t samples;
	struct tool_accuracy_line {
		char name[64];
		int64_t right, differ;
		float worst;
	} line[3];
	int num_lines;
};

/**
 * tool_accuracy_measure - have @g answer the samples as it is, pruned where @m says so, and as compiled with @o; into @m->accuracy
 * Return: an exit code
 */
int tool_accuracy_measure(const struct tool_model *m, struct accel_graph *g, const struct accel_compile_options *o);
void tool_accuracy_print(const struct tool_accuracy *t);
json_t *tool_accuracy_json(const struct tool_accuracy *t);
void tool_accuracy_free(struct tool_accuracy *t);

/** tool_slurp - the bytes of a regular file. Return: an exit code, with a message */
int tool_slurp(const char *path, struct tool_data *out);
/**
 * tool_read_input - read what an input is to hold
 * @info: of the input
 * @image: for images
 *
 * PNG images (by what is in them) are made gray or RGB by the input's channels, resized to its height and width (bilinear), and their bytes
 * b become (b / 255 - mean) / std. Files that end in .pb are TensorProtos. The rest is for tool_read().
 * Return: an exit code, with a message
 */
int tool_read_input(const char *path, const struct accel_tensor_info *info, const struct tool_image *image, struct tool_data *out);
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
