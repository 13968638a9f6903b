// SPDX-License-Identifier: MIT
#include <getopt.h>

#include "tool.h"

static const char help_text[] =
	"usage: accel dis PROGRAM.elf|MODEL.onnx [OPTIONS]\n\n"
	"Prints command streams, a descriptor a line. A model is compiled first, for --device (default sim).\n\n"
	TOOL_MODEL_HELP;

int cmd_dis(int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_MODEL_OPTIONS, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct accel_program *prog;
	struct accel_device *dev;
	struct tool_model m;
	int opt, code, err;

	tool_model_init(&m);
	m.device = "sim";
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		int taken = tool_model_option("dis", &m, opt, optarg);

		if (opt == 'h') {
			fputs(help_text, stdout);
			return TOOL_OK;
		}
		if (taken <= 0)
			return TOOL_USAGE;
	}
	if (optind + 1 != argc)
		return tool_usage("dis", "give one program or model");
	m.path = argv[optind];
	code = tool_open(&m, &dev, &prog);
	if (code)
		return code;
	err = accel_program_disassemble(prog, stdout);
	if (err)
		code = tool_fail(err);
	accel_program_unref(prog);
	accel_close(dev);
	return code;
}
