// SPDX-License-Identifier: MIT
/*
 * net-run DEVICE - run whole networks' programs, as commands on standard input say, one a line:
 *
 *	run PROGRAM OUT		once, on the random input; every output, byte for byte, to the file OUT
 *	load PROGRAM [N]	make N sessions of it ready (1), and run each once
 *	time I			run all sessions of the I-th program loaded at once; prints how many milliseconds that took
 *
 * PROGRAM is a compiled program (.elf), or for the device `cpu` a model (.onnx), which runs in fp32. The first failure
 * ends it, with a message and exit status 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "input.h"

#define MAX_LOADED	32
#define MAX_SESSIONS	8

struct loaded {
	struct accel_program *program;
	struct accel_session *session[MAX_SESSIONS];
	int sessions;
};

static struct accel_device *dev;
static struct loaded loaded[MAX_LOADED];
static int num_loaded;

static int get_program(const char *path, struct accel_program **out)
{
	const char *end = strrchr(path, '.');
	struct accel_graph *g;
	int err;

	if (!end || strcmp(end, ".onnx"))
		return accel_program_load(path, out);
	err = accel_graph_load_onnx(path, &g);
	if (err)
		return err;
	err = accel_compile(g, dev, NULL, out);
	accel_graph_unref(g);
	return err;
}

static int new_session(struct accel_program *p, struct accel_session **out)
{
	int err = accel_session_new(dev, p, out);
	size_t bytes;
	float *in;

	if (err)
		return err;
	in = accel_input(*out, 0, &bytes);
	random_input(in, bytes / sizeof(*in));
	err = accel_run(*out);
	if (err)
		accel_session_free(*out);
	return err;
}

static int run(const char *path, const char *out)
{
	struct accel_session *s;
	struct accel_program *p;
	int err = get_program(path, &p);

	if (err)
		return err;
	err = new_session(p, &s);
	if (!err) {
		if (write_outputs(s, p, out)) {
			perror(out);
			exit(1);
		}
		accel_session_free(s);
	}
	accel_program_unref(p);
	return err;
}

static int load(const char *path, int sessions)
{
	struct loaded *l = &loaded[num_loaded];
	int err = num_loaded < MAX_LOADED && sessions > 0 && sessions <= MAX_SESSIONS ? 0 : -EINVAL;

	if (err)
		return err;
	err = get_program(path, &l->program);
	for (; !err && l->sessions < sessions; l->sessions++)
		err = new_session(l->program, &l->session[l->sessions]);
	num_loaded++;
	printf("loaded %d\n", num_loaded - 1);
	return err;
}

static int time_one(int i)
{
	struct timespec from, to;
	struct loaded *l = &loaded[i];
	int err = i < 0 || i >= num_loaded ? -EINVAL : 0;

	if (err)
		return err;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int k = 0; k < l->sessions && !err; k++)
		err = accel_submit(l->session[k]);
	for (int k = 0; k < l->sessions && !err; k++)
		err = accel_wait(l->session[k]);
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("ms %.3f\n", (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) * 1e-6);
	return err;
}

static int command(char *line)
{
	char path[512], out[512];
	int n = 1;

	if (sscanf(line, "run %511s %511s", path, out) == 2)
		return run(path, out);
	if (sscanf(line, "load %511s %d", path, &n) >= 1)
		return load(path, n);
	if (sscanf(line, "time %d", &n) == 1)
		return time_one(n);
	fprintf(stderr, "net-run: what is \"%s\"?\n", line);
	exit(2);
}

int main(int argc, char **argv)
{
	char line[1200];
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: net-run DEVICE <COMMANDS\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = accel_open(argv[1], &dev);
	while (!err && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		err = command(line);
	}
	if (err)
		fprintf(stderr, "net-run: %s\n", accel_errmsg());
	for (int i = 0; i < num_loaded; i++) {
		for (int k = 0; k < loaded[i].sessions; k++)
			accel_session_free(loaded[i].session[k]);
		accel_program_unref(loaded[i].program);
	}
	accel_close(dev);
	return err ? 1 : 0;
}
