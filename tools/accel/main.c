// SPDX-License-Identifier: MIT
/* accel: one command, a subcommand for each thing to do. */
#include <stdio.h>
#include <string.h>

#include "tool.h"

static const struct tool_command commands[] = {
	{ "run", "run a model or program", cmd_run },
	{ "compile", "compile a model to a program file", cmd_compile },
	{ "dis", "print a program's command streams", cmd_dis },
	{ "bench", "time a model or program", cmd_bench },
	{ "compare", "say where a model's precision is lost", cmd_compare },
	{ "trace", "write what engines did in a run, for Perfetto", cmd_trace },
	{ "smi", "show devices and how they are", cmd_smi },
	{ "doctor", "say why a device cannot be used", cmd_doctor },
	{ "train", "not built yet", NULL },
	{ "reset", "not built yet", NULL },
};

static void help(FILE *out)
{
	fputs("usage: accel COMMAND [OPTIONS]\n\n", out);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].summary);
	fputs("\naccel COMMAND --help says more. Exit codes: 0 well, 1 failed, 2 usage, 3 no device, 4 bad file,\n"
	      "130 interrupted.\n", out);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return TOOL_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		help(stdout);
		return TOOL_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("accel %s\n", accel_version());
		return TOOL_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		if (commands[i].run)
			return commands[i].run(argc - 1, argv + 1);
		fprintf(stderr, "accel %s: this command is not built yet\n", argv[1]);
		return TOOL_FAILED;
	}
	fprintf(stderr, "accel: there is no command '%s'; accel --help lists them\n", argv[1]);
	return TOOL_USAGE;
}
