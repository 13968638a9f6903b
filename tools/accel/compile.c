// SPDX-License-Identifier: MIT
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static const char help_text[] =
	"usage: accel compile MODEL.onnx -o PROGRAM.elf [OPTIONS]\n\n"
	"Compiles a model for a device's geometry and says where each node runs, and why.\n\n"
	TOOL_MODEL_HELP
	"  --eval FILE         samples, as for --calib; prints how many answers (the largest of the first output's numbers) become others\n"
	"                      by precision and pruning; with --prune the default is those of --calib\n"
	"  --eval-count N      samples to use at most\n"
	"  --labels FILE       right answers, a byte for each sample of --eval: IDX, .npy of u1 or plain; prints how many are right\n"
	"  -o, --output FILE   program to write (default: none, the table only)\n"
	"  --json              print the table as JSON\n";

static const struct {
	unsigned int bit;
	const char *text;
} plans[] = {
	{ ACCEL_PLAN_WEIGHTS_STAY, "weights stay" }, { ACCEL_PLAN_INPUT_STAYS, "input stays, weights streamed" },
	{ ACCEL_PLAN_STREAMED, "weights and input streamed" }, { ACCEL_PLAN_IN_KEPT, "input from the scratchpad" },
	{ ACCEL_PLAN_OUT_KEPT, "output kept in the scratchpad" }, { ACCEL_PLAN_SPARSE, "2:4" }, { ACCEL_PLAN_VECTOR, "by the vector unit" },
};

#define NUM_PLANS	(sizeof(plans) / sizeof(plans[0]))

/* Only where there is more than one stream. */
static void print_steps(const struct accel_program *prog)
{
	for (int i = 0; i < accel_program_num_steps(prog) && accel_program_num_steps(prog) > 1; i++) {
		struct accel_node_info first, last;
		struct accel_step_info s;

		if (accel_program_step_info(prog, i, &s) || accel_program_node_info(prog, s.first, &first) ||
		    accel_program_node_info(prog, s.last, &last))
			continue;
		printf("step %d: ", i);
		if (s.on_npu)
			printf("NPU, from %s to %s", first.name, last.name);
		else
			printf("CPU, %s", first.name);
		if (s.after >= 0)
			printf(", after step %d", s.after);
		puts(s.beside ? ", beside the NPU" : "");
	}
}

static void print_table(const struct accel_program *prog, const double *cycles)
{
	int n = accel_program_num_nodes(prog), npu = 0;
	struct accel_program_memory mem;
	double sum = 0;

	for (int i = 0; i < n; i++) {
		struct accel_node_info info;

		if (accel_program_node_info(prog, i, &info))
			continue;
		npu += info.on_npu;
		sum += cycles[i];
		printf("%-3s  %-18s %s%s%s", info.on_npu ? "NPU" : "CPU", info.op, info.name, *info.reason ? ": " : "",
		       info.reason);
		if (info.on_npu)
			printf("  (%.0f cycles", cycles[i]);
		for (size_t k = 0; k < NUM_PLANS; k++)
			if (info.plan & plans[k].bit)
				printf("; %s", plans[k].text);
		if (info.on_npu)
			putchar(')');
		putchar('\n');
	}
	print_steps(prog);
	accel_program_memory(prog, &mem);
	printf("memory: activations peak %llu bytes, lower bound %llu; weights %llu, inputs and outputs %llu, command streams %llu\n",
	       (unsigned long long)mem.arena_bytes, (unsigned long long)mem.arena_bound, (unsigned long long)mem.const_bytes,
	       (unsigned long long)mem.io_bytes, (unsigned long long)mem.stream_bytes);
	if (mem.kept_values)
		printf("in the scratchpad from layer to layer: %llu values, %llu bytes in all\n", (unsigned long long)mem.kept_values,
		       (unsigned long long)mem.kept_bytes);
	if (sum > 0)
		printf("about %.0f cycles a run\n", sum);
	printf("%d of %d nodes on the NPU\n", npu, n);
}

static json_t *steps_json(const struct accel_program *prog)
{
	json_t *steps = json_array();

	for (int i = 0; i < accel_program_num_steps(prog); i++) {
		struct accel_step_info s;

		if (!accel_program_step_info(prog, i, &s))
			json_array_append_new(steps, json_pack("{s:b,s:i,s:i,s:i,s:i}", "npu", s.on_npu, "first_node", s.first, "last_node",
							       s.last, "after", s.after, "streams_beside", s.beside));
	}
	return steps;
}

static int print_json(const struct tool_model *m, const struct accel_device *dev, const struct accel_program *prog,
		      const double *cycles)
{
	struct accel_program_memory mem;
	json_t *nodes = json_array();

	for (int i = 0; i < accel_program_num_nodes(prog); i++) {
		struct accel_node_info info;
		json_t *how = json_array();

		if (accel_program_node_info(prog, i, &info)) {
			json_decref(how);
			continue;
		}
		for (size_t k = 0; k < NUM_PLANS; k++)
			if (info.plan & plans[k].bit)
				json_array_append_new(how, json_string(plans[k].text));
		json_array_append_new(nodes, json_pack("{s:s,s:s,s:b,s:s,s:f,s:o}", "name", info.name, "op", info.op, "npu", info.on_npu,
						       "reason", info.reason, "cycles", cycles[i], "plan", how));
	}
	accel_program_memory(prog, &mem);
	return tool_print_json(json_pack("{s:s,s:s,s:o,s:o,s:o,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I},s:o}", "model", m->path, "precision",
					 tool_precision_name(m->precision), "device", tool_device_json(dev), "accuracy",
					 tool_accuracy_json(m->accuracy), "steps", steps_json(prog), "memory",
					 "weights", (json_int_t)mem.const_bytes, "activations_peak",
					 (json_int_t)mem.arena_bytes, "activations_lower_bound",
					 (json_int_t)mem.arena_bound, "kept_values", (json_int_t)mem.kept_values, "kept_bytes",
					 (json_int_t)mem.kept_bytes, "io", (json_int_t)mem.io_bytes, "streams",
					 (json_int_t)mem.stream_bytes, "nodes", nodes));
}

static int print(const struct tool_model *m, const struct accel_device *dev, const struct accel_program *prog, bool json)
{
	double *cycles = calloc((size_t)accel_program_num_nodes(prog) + 1, sizeof(*cycles));
	int err, code = TOOL_OK;

	if (!cycles)
		return TOOL_FAILED;
	err = accel_program_cycles(prog, dev, cycles);
	if (err)
		code = tool_fail(err);
	else if (json)
		code = print_json(m, dev, prog, cycles);
	else
		print_table(prog, cycles);
	if (!code && !json)
		tool_accuracy_print(m->accuracy);
	free(cycles);
	return code;
}

int cmd_compile(int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_MODEL_OPTIONS, { "eval", required_argument, NULL, 'e' }, { "eval-count", required_argument, NULL, 'E' },
		{ "labels", required_argument, NULL, 'l' }, { "output", required_argument, NULL, 'o' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	const char *output = NULL;
	struct accel_program *prog;
	struct accel_device *dev;
	struct tool_accuracy accuracy = { .num_lines = 0 };
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
		case 'e':
			m.eval = optarg;
			break;
		case 'E':
			if (!tool_number("compile", "eval-count", optarg, 1, 100000000, &m.eval_count))
				return TOOL_USAGE;
			break;
		case 'l':
			m.labels = optarg;
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
	if (m.labels && !m.eval)
		return tool_usage("compile", "--labels are of the samples of --eval");
	m.path = argv[optind];
	m.accuracy = &accuracy;
	code = tool_open(&m, &dev, &prog);
	if (code) {
		tool_accuracy_free(&accuracy);
		return code;
	}
	err = output ? accel_program_save(prog, output) : 0;
	code = err ? tool_fail(err) : print(&m, dev, prog, json);
	tool_accuracy_free(&accuracy);
	accel_program_unref(prog);
	accel_close(dev);
	return code;
}
