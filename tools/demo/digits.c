// SPDX-License-Identifier: MIT
/*
 * loom-digits: classifies the held-out digits with the programs made from models/, on an NPU and on the CPU, and
 * says how well and how fast. Runs wherever libaccel finds the device it is told to use.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "digits.h"
#include "tools/digits/draw.h"

#define SHOWN	10	/* digits that are drawn */

static const char usage_text[] =
	"usage: loom-digits [OPTIONS]\n"
	"\n"
	"Classifies handwritten digits with the programs that tools/demo/demo compiled.\n"
	"\n"
	"  --device SPEC    NPU to use (default drm: the first /dev/accel node that is a Loom)\n"
	"  --programs DIR   compiled programs, NETWORK-PRECISION.elf (default programs)\n"
	"  --models DIR     ONNX files, for the CPU (default models)\n"
	"  --data DIR       IDX files of the digits (default digits)\n"
	"  --count N        digits to classify on the NPU (default all)\n"
	"  --cpu-count N    digits to classify on the CPU (default 20; 0 for none)\n"
	"  --json FILE      write the figures to FILE too\n"
	"\n"
	"Exit status: 0 all ran and the accuracies are as they should be, 1 they are not, 2 wrong usage or\n"
	"something is missing.\n";

static int parse_count(const char *text, uint32_t *out)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (errno || end == text || *end || v > UINT32_MAX || *text == '-')
		return -EINVAL;
	*out = (uint32_t)v;
	return 0;
}

static int parse_args(int argc, char **argv, struct digits_options *o)
{
	static const struct option longs[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "programs", required_argument, NULL, 'p' },
		{ "models", required_argument, NULL, 'm' },
		{ "data", required_argument, NULL, 'D' },
		{ "count", required_argument, NULL, 'n' },
		{ "cpu-count", required_argument, NULL, 'c' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		int err = 0;

		switch (c) {
		case 'd': o->device = optarg; break;
		case 'p': o->programs = optarg; break;
		case 'm': o->models = optarg; break;
		case 'D': o->data = optarg; break;
		case 'n': err = parse_count(optarg, &o->count); break;
		case 'c': err = parse_count(optarg, &o->cpu_count); break;
		case 'j': o->json = optarg; break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			return -EINVAL;
		}
		if (err) {
			fprintf(stderr, "loom-digits: '%s' is not a count\n", optarg);
			return err;
		}
	}
	return optind == argc ? 0 : -EINVAL;
}

static int terminal_columns(void)
{
	struct winsize ws;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 ? ws.ws_col : 0;
}

/* The pictures: the first held-out digits, with what the NPU makes of them. */
static int show(struct accel_device *dev, const struct digits_options *o, const struct idx_digits *set)
{
	const struct digits_case *best = &digits_cases[0];
	struct draw_digit shown[SHOWN];
	uint32_t n = set->count < SHOWN ? set->count : SHOWN;
	struct digits_result r;
	uint8_t answers[SHOWN];
	float confidence[SHOWN];
	int err;

	err = digits_run_program(dev, o, best, set, n, answers, confidence, &r);
	if (err)
		return err;
	printf("The first %u held-out digits, as the network %s in %s answers on the NPU:\n\n", n, best->network,
	       best->precision);
	for (uint32_t i = 0; i < n; i++)
		shown[i] = (struct draw_digit){ .pixels = idx_image(set, i), .label = set->labels[i],
						.answer = answers[i], .confidence = confidence[i] };
	err = draw_digits(stdout, draw_style_for(stdout), shown, n, draw_per_row(terminal_columns()));
	printf("\n");
	return err;
}

static void print_device(const struct accel_device *dev)
{
	struct accel_device_info info;

	accel_device_get_info(dev, &info);
	printf("Device %s: %ux%u array, %u core%s, %u KiB scratchpad, %u B/cycle, %u MHz%s%s\n\n", info.name,
	       info.array_dim, info.array_dim, info.num_cores, info.num_cores == 1 ? "" : "s",
	       info.spm_bytes / 1024, info.dram_bpc, info.clock_khz / 1000,
	       info.firmware[0] ? ", firmware " : "", info.firmware);
}

static int run_all(struct accel_device *npu, const struct digits_options *o, const struct idx_digits *set,
		   struct digits_result *results)
{
	uint32_t count = o->count && o->count < set->count ? o->count : set->count;
	int err = show(npu, o, set);

	printf("%-8s %-6s %-7s %9s %12s %12s %12s\n", "network", "type", "device", "accuracy", "us/digit",
	       "cycles", "array use");
	for (int i = 0; !err && i < DIGITS_NUM_CASES; i++) {
		struct digits_result *r = &results[i];

		if (digits_cases[i].on_cpu && !o->cpu_count)
			continue;
		err = digits_cases[i].on_cpu ? digits_run_cpu(o, &digits_cases[i], set, o->cpu_count, r) :
		      digits_run_program(npu, o, &digits_cases[i], set, count, NULL, NULL, r);
		if (!err)
			digits_print_row(&digits_cases[i], r);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct digits_options o = { .device = "drm", .programs = "programs", .models = "models",
				    .data = "digits", .cpu_count = 20 };
	struct digits_result results[DIGITS_NUM_CASES] = { 0 };
	struct accel_device *npu = NULL;
	struct idx_digits set = { 0 };
	int err, status = 2;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (parse_args(argc, argv, &o)) {
		fputs(usage_text, stderr);
		return 2;
	}
	err = digits_load_test_set(&o, &set);
	if (!err)
		err = accel_open(o.device, &npu);
	if (err) {
		if (!set.count)
			goto out;
		fprintf(stderr, "loom-digits: %s\n", accel_errmsg());
		goto out;
	}
	print_device(npu);
	err = run_all(npu, &o, &set, results);
	if (err)
		goto out;
	if (o.json && digits_write_json(o.json, results)) {
		fprintf(stderr, "loom-digits: cannot write %s\n", o.json);
		goto out;
	}
	status = digits_verdict(results) ? 0 : 1;
out:
	accel_close(npu);
	idx_digits_free(&set);
	return status;
}
