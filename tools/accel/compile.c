// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <string.h>

#include "tool.h"

static const char help_text[] =
	"usage: accel compile MODEL.onnx -o PROGRAM.elf [OPTIONS]\n\n"
	"Compiles a model for a device's geometry and says where each node runs, and why.\n\n"
	TOOL_MODEL_HELP
	"  -o, --output FILE   program to write (default: none, the table only)\n"
	"  --json              print the table as JSON\n";

static void print_table(const struct accel_program *prog)
{
	int n = accel_program_num_nodes(prog), npu = 0;

	for (int i = 0; i < n; i++) {
		struct accel_node_info info;

		if (accel_program_node_info(prog, i, &info))
			continue;
		npu += info.on_npu;
		printf("%-3s  %-18s %s%s%s\n", info.on_npu ? "NPU" : "CPU", info.op, info.name, *info.reason ? ": " : "",
		       info.reason);
	}
	printf("%d of %d nodes on the NPU\n", npu, n);
}

static int print_json(const struct tool_model *m, const struct accel_device *dev, const struct accel_program *prog)
{
	json_t *nodes = json_array();

	for (int i = 0; i < accel_program_num_nodes(prog); i++) {
		struct accel_node_info info;

		if (!accel_program_node_info(prog, i, &info))
			json_array_append_new(nodes, json_pack("{s:s,s:s,s:b,s:s}", "name", info.name, "op", info.op, "npu",
							       info.on_npu, "reason", info.reason));
	}
	return tool_print_json(json_pack("{s:s,s:s,s:o,s:o}", "model", m->path, "precision",
					 tool_precision_name(m->precision), "device", tool_device_json(dev), "nodes",
					 nodes));
}

int cmd_compile(int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_MODEL_OPTIONS, { "output", required_argument, NULL, 'o' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	const char *output = NULL;
	struct accel_program *prog;
	struct accel_device *dev;
	struct tool_model m;
	bool json = false;
	int opt, code, err;

	tool_model_init(&m);
	while ((opt = getopt_long(argc, argv, "o:h", options, NULL)) != -1) {
		int taken = tool_model_option("compile", &m, opt, optarg);

		if (taken < 0)
			return TOOL_USAGE;
		if (taken)
			continue;
		switch (opt) {
		case 'o':
			output = optarg;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return TOOL_OK;
		default:
			return TOOL_USAGE;
		}
	}
	if (optind + 1 != argc)
		return tool_usage("compile", "give one model");
	m.path = argv[optind];
	code = tool_open(&m, &dev, &prog);
	if (code)
		return code;
	err = output ? accel_program_save(prog, output) : 0;
	if (err)
		code = tool_fail(err);
	else if (json)
		code = print_json(&m, dev, prog);
	else
		print_table(prog);
	accel_program_unref(prog);
	accel_close(dev);
	return code;
}
