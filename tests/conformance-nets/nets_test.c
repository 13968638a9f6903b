// SPDX-License-Identifier: MIT
/*
 * Whole networks: graphs of libonnx-testdata with random weights, on the device model and on the CPU.
 *
 *	nets [-b BATCH] [-d SPEC] [-p PRECISION] [-l LINES] [-o DIR] [-c] [-q] [-n] [NAME...]
 *
 * Without names, all networks; without a precision, all three. -l prints that many lines of a profile by layer, -o leaves
 * programs (NAME-PRECISION.elf) and the bytes of their outputs (.out) in a folder, -c does no more than compile, -q leaves out
 * the list of nodes on the CPU, -n does not look for races. Each prints a line of TAP and what was measured;
 * it fails where the device's answer is further from the CPU's than the tolerance of the precision, or where a stream
 * has a race. Networks whose graphs are not in the cache are a failure: `make models-data` puts them there.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <accel/accel.h>

#include "input.h"
#include "load.h"
#include "libaccel/codegen/checker.h"
#include "libaccel/program/program.h"
#include "profile.h"

static const char *const nets[] = {
	"bvlc_alexnet", "zfnet512", "squeezenet", "shufflenet", "inception_v1", "inception_v2", "densenet121", "resnet50",
	"vgg19",
};

/**
 * struct mode - a precision, and how far its answer may be from the CPU's, of the largest magnitude in that
 * @fp32: from the CPU's in fp32
 * @same: from the CPU's in the same precision, where the few differences are roundings; 0 where that is not looked at
 */
static const struct mode {
	const char *name;
	enum accel_precision precision;
	double fp32, same;
} modes[] = {
	{ "fp32", ACCEL_PREC_FP32, 1e-4, 0 },
	{ "fp16", ACCEL_PREC_FP16, 2e-2, 0 },
	{ "int8", ACCEL_PREC_INT8, 5e-2, 5e-2 },
};

struct answer {
	float *data;
	size_t count;
	double compile_s, run_s;
	struct accel_stats stats;
	int nodes, on_npu, races;
};

static const char *device = "sim", *keep_in;
static bool list_cpu_nodes = true, only_compile;
static int profile_lines;
static int64_t batch = 1;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void placement(const struct accel_program *p, struct answer *a)
{
	a->nodes = accel_program_num_nodes(p);
	for (int i = 0; i < a->nodes; i++) {
		struct accel_node_info info;

		if (accel_program_node_info(p, i, &info))
			continue;
		a->on_npu += info.on_npu;
		if (!info.on_npu && list_cpu_nodes && p->target.array_dim)
			printf("#   CPU %s %s: %s\n", info.op, info.name, info.reason);
	}
}

static int check_races(const struct accel_program *p)
{
	char why[256];
	int races = 0;

	for (uint32_t i = 0; i < p->num_streams; i++)
		if (accel_check_stream(p, i, why, sizeof(why))) {
			printf("#   stream %u: %s\n", i, why);
			races++;
		}
	return races;
}

/* Program and, where there is a session, its outputs, for another device to be held to. */
static int keep(const struct accel_program *p, struct accel_session *s, const char *name)
{
	char path[512];
	int err;

	snprintf(path, sizeof(path), "%s/%s.elf", keep_in, name);
	err = accel_program_save(p, path);
	if (err || !s)
		return err;
	snprintf(path, sizeof(path), "%s/%s.out", keep_in, name);
	if (!write_outputs(s, p, path))
		return 0;
	perror(path);
	return -1;
}

/* @name: to keep it under; NULL where it is not to be kept. */
static int run_program(struct accel_device *dev, struct accel_program *p, const char *name, struct answer *a)
{
	struct accel_session *s;
	const void *out;
	size_t bytes;
	double t;
	void *in;
	int err = accel_session_new(dev, p, &s);

	if (err)
		return err;
	in = accel_input(s, 0, &bytes);
	random_input(in, bytes / sizeof(float));
	t = now();
	err = accel_run(s);
	a->run_s = now() - t;
	accel_session_stats(s, &a->stats);
	out = accel_output(s, accel_program_num_outputs(p) - 1, &bytes);
	a->data = malloc(bytes);
	a->count = bytes / sizeof(float);
	if (!err && a->data)
		memcpy(a->data, out, bytes);
	if (!err && name)
		err = keep(p, s, name);
	accel_session_free(s);
	return err;
}

static int run_on(const char *spec, struct accel_graph *g, enum accel_precision precision, bool check, const char *name,
		  struct answer *a)
{
	struct accel_compile_options o = { .size = sizeof(o), .precision = precision, .batch = batch };
	struct accel_device_info di;
	struct accel_program *p;
	struct accel_device *dev;
	float *calib = NULL;
	double t;
	int err;

	memset(a, 0, sizeof(*a));
	err = accel_open(spec, &dev);
	if (err)
		return err;
	if (precision == ACCEL_PREC_INT8)
		calib = calibrate_net(g, &o);
	t = now();
	err = accel_compile(g, dev, &o, &p);
	a->compile_s = now() - t;
	free(calib);
	if (!err) {
		placement(p, a);
		a->races = check ? check_races(p) : 0;
		if (profile_lines && p->target.array_dim) {
			accel_device_get_info(dev, &di);
			print_profile(stdout, p, &di, profile_lines);
		}
		err = only_compile ? (name ? keep(p, NULL, name) : 0) : run_program(dev, p, name, a);
		accel_program_unref(p);
	}
	accel_close(dev);
	return err;
}

static bool compare(const struct answer *got, const struct answer *want, const char *what, double tolerance)
{
	double worst = 0, largest = 0;

	for (size_t i = 0; i < want->count; i++) {
		double d = fabs((double)got->data[i] - (double)want->data[i]);

		largest = fmax(largest, fabs((double)want->data[i]));
		if (!(d <= worst))
			worst = d;
	}
	printf("#   off the CPU's %s by %.2g of %.2g (%.1e relative, %.0e allowed)\n", what, worst, largest, worst / largest,
	       tolerance);
	return got->count == want->count && worst <= tolerance * largest;
}

/* @fp32: the CPU's answer in fp32. */
static bool try(const char *name, struct accel_graph *g, const struct mode *m, bool check, const struct answer *fp32)
{
	struct answer got = { 0 }, same = { 0 };
	char kept[64];
	bool ok;

	printf("# %s %s\n", name, m->name);
	snprintf(kept, sizeof(kept), "%s-%s", name, m->name);
	ok = !run_on(device, g, m->precision, check, keep_in ? kept : NULL, &got) &&
	     (m->same == 0 || only_compile || !run_on("cpu", g, m->precision, false, NULL, &same));
	if (!ok) {
		printf("#   %s\n", accel_errmsg());
	} else if (only_compile) {
		printf("#   compiled in %.2f s\n", got.compile_s);
	} else {
		printf("#   %d of %d nodes on the NPU; compiled in %.2f s, run in %.2f s (CPU %.2f s); %llu cycles, "
		       "utilisation %.1f%%\n", got.on_npu, got.nodes, got.compile_s, got.run_s, fp32->run_s,
		       (unsigned long long)got.stats.cycles, 100 * got.stats.utilisation);
		ok = compare(&got, fp32, "fp32", m->fp32) && !got.races;
		if (m->same != 0)
			ok &= compare(&got, &same, m->name, m->same);
	}
	free(got.data);
	free(same.data);
	return ok;
}

int main(int argc, char **argv)
{
	const char *precision = NULL, *const *list = nets;
	int num = (int)(sizeof(nets) / sizeof(nets[0])), opt, test = 0, failed = 0;
	bool check = true;

	while ((opt = getopt(argc, argv, "b:d:p:l:o:cqn")) != -1) {
		if (opt == 'b')
			batch = atoi(optarg);
		else if (opt == 'd')
			device = optarg;
		else if (opt == 'p')
			precision = optarg;
		else if (opt == 'l')
			profile_lines = atoi(optarg);
		else if (opt == 'o')
			keep_in = optarg;
		else if (opt == 'c')
			only_compile = true;
		else if (opt == 'q')
			list_cpu_nodes = false;
		else if (opt == 'n')
			check = false;
		else
			return 2;
	}
	if (optind < argc) {
		list = (const char *const *)argv + optind;
		num = argc - optind;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < num; i++) {
		struct accel_graph *g = load_net(list[i]);
		struct answer fp32 = { 0 };
		bool known = g && (only_compile || !run_on("cpu", g, ACCEL_PREC_FP32, false, NULL, &fp32));

		if (g && !known)
			printf("# %s on the CPU: %s\n", list[i], accel_errmsg());
		for (size_t k = 0; k < sizeof(modes) / sizeof(modes[0]); k++) {
			bool ok;

			if (precision && strcmp(precision, modes[k].name))
				continue;
			ok = known && try(list[i], g, &modes[k], check, &fp32);
			failed += !ok;
			printf("%sok %d - %s %s\n", ok ? "" : "not ", ++test, list[i], modes[k].name);
		}
		free(fp32.data);
		if (g)
			accel_graph_unref(g);
	}
	printf("1..%d\n", test);
	return failed || !test;
}
