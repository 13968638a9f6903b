// SPDX-License-Identifier: MIT
/*
 * How well whole networks use the array, int8, by the device's own counters.
 *
 *	utilisation [-b] FILE
 *
 * A table of every network's layers goes to FILE: bound, achieved, and the largest loss. Each network is a test that fails
 * below what it has to reach. -b prints benchmark figures instead of TAP.
 */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <accel/accel.h>

#include "input.h"
#include "load.h"
#include "profile.h"

#define LARGE	"sim:array=128,spm=8388608,acc=4194304,bpc=256"

/**
 * struct aim - a network on a device
 * @least: use of the array in percent that it has to reach; 0: it is only reported
 */
static const struct aim {
	const char *net, *array, *device;
	int batch;
	double least;
} aims[] = {
	{ "resnet50", "32", "sim:array=32", 1, 85 },
	{ "squeezenet", "32", "sim:array=32", 1, 60 },
	/* A row of its dense layers takes as long as 32: the layers bound batch 1 near 83. */
	{ "vgg19", "32", "sim:array=32", 1, 0 },
	{ "vgg19", "32", "sim:array=32", 2, 90 },
	{ "resnet50", "128", LARGE, 1, 50 },
};

static int measure(struct accel_device *dev, const struct accel_program *p, struct accel_stats *stats)
{
	struct accel_session *s;
	size_t bytes;
	float *in;
	int err = accel_session_new(dev, (struct accel_program *)p, &s);

	if (err)
		return err;
	in = accel_input(s, 0, &bytes);
	random_input(in, bytes / sizeof(*in));
	err = accel_run(s);
	accel_session_stats(s, stats);
	accel_session_free(s);
	return err;
}

static int try(const struct aim *a, FILE *table, struct accel_stats *stats, double *bound)
{
	struct accel_compile_options o = { .size = sizeof(o), .precision = ACCEL_PREC_INT8, .batch = a->batch };
	struct accel_graph *g = load_net(a->net);
	struct accel_device_info info;
	struct accel_program *p;
	struct accel_device *dev;
	float *calib;
	int err;

	if (!g)
		return -1;
	err = accel_open(a->device, &dev);
	if (err) {
		accel_graph_unref(g);
		return err;
	}
	calib = calibrate_net(g, &o);
	err = accel_compile(g, dev, &o, &p);
	free(calib);
	accel_graph_unref(g);
	if (!err) {
		accel_device_get_info(dev, &info);
		fprintf(table, "# %s, array of %s x %s, batch %d\n", a->net, a->array, a->array, a->batch);
		*bound = print_profile(table, p, &info, INT_MAX);
		err = measure(dev, p, stats);
		accel_program_unref(p);
	}
	accel_close(dev);
	return err;
}

static void report(const struct aim *a, bool figures, int number, bool ok, const struct accel_stats *stats, double bound)
{
	double got = 100 * stats->utilisation;

	if (figures && a->batch > 1)
		printf("net.utilisation.%s.%s.batch%d", a->net, a->array, a->batch);
	else if (figures)
		printf("net.utilisation.%s.%s", a->net, a->array);
	if (figures)
		printf("\t%.1f\t%%\thigher\teach layer as fast as array, bus and vector unit allow it\t%.1f\n", got, bound);
	else
		printf("%sok %d - %s, array of %s, batch %d: %.1f%% of the array (%.0f%% wanted, its layers' bound %.1f%%), %llu "
		       "cycles\n", ok ? "" : "not ", number, a->net, a->array, a->batch, got, a->least, bound,
		       (unsigned long long)stats->cycles);
}

int main(int argc, char **argv)
{
	bool figures = argc > 1 && !strcmp(argv[1], "-b");
	int num = (int)(sizeof(aims) / sizeof(aims[0])), failed = 0;
	FILE *table;

	if (argc != 2 + figures) {
		fprintf(stderr, "usage: utilisation [-b] FILE\n");
		return 2;
	}
	table = fopen(argv[1 + figures], "w");
	if (!table) {
		perror(argv[1 + figures]);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < num; i++) {
		struct accel_stats stats = { 0 };
		double bound = 0;
		int err = try(&aims[i], table, &stats, &bound);
		bool ok = !err && 100 * stats.utilisation >= aims[i].least;

		if (err)
			fprintf(figures ? stderr : stdout, "# %s: %s\n", aims[i].net, accel_errmsg());
		if (!figures || !err)
			report(&aims[i], figures, i + 1, ok, &stats, bound);
		failed += figures ? err != 0 : !ok;
	}
	if (fclose(table)) {
		perror(argv[1 + figures]);
		return 1;
	}
	if (!figures)
		printf("1..%d\n", num);
	return failed != 0;
}
