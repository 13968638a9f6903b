// SPDX-License-Identifier: MIT
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool.h"

#define WARM_UP		3
#define MAX_AT_ONCE	256

/**
 * struct bench
 * @runs: to time, at most; 0 without a limit
 * @duration_ms: time to go on, at most; 0 without a limit
 * @concurrency: requests under way at once
 * @merge: requests are samples, merged to batches
 * @us: time of each run, from its submission to its end
 * @total_us: from the first submission to the last end
 */
struct bench {
	struct tool_model model;
	int64_t runs, duration_ms, concurrency, merge_delay_us;
	bool merge, json;
	struct accel_session *s;
	double *us, total_us;
	size_t num, cap;
	uint64_t start_ns;
	struct accel_stats last;
};

static const char help_text[] =
	"usage: accel bench MODEL.onnx|PROGRAM.elf [OPTIONS]\n\n"
	"Runs on zeros, after a few runs to warm up, and prints the distribution of times and the throughput.\n\n"
	TOOL_MODEL_HELP
	"  --runs N            runs to time (100; without a limit when --duration is given)\n"
	"  --duration S        go on for S seconds, or until --runs are done\n"
	"  --concurrency N     requests under way at once, on all cores and devices (1)\n"
	"  --merge-delay US    a request is one sample; as many as the batch run as one, the first waiting so many\n"
	"                      microseconds at most for others\n"
	"  --json              print as JSON\n";

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int note(struct bench *b, const struct accel_stats *st)
{
	if (b->num == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 1024;
		double *p = reallocarray(b->us, cap, sizeof(*p));

		if (!p) {
			fprintf(stderr, "accel: out of memory\n");
			return TOOL_FAILED;
		}
		b->us = p;
		b->cap = cap;
	}
	b->us[b->num++] = (double)st->wall_ns / 1e3;
	b->last = *st;
	return TOOL_OK;
}

/* May one more be begun, when @begun were? */
static bool goes_on(const struct bench *b, int64_t begun)
{
	if (b->runs && begun >= b->runs)
		return false;
	return !b->duration_ms || now_ns() - b->start_ns < (uint64_t)b->duration_ms * 1000000;
}

static int one_at_a_time(struct bench *b)
{
	for (int i = 0; i < WARM_UP; i++) {
		int err = tool_interrupted ? -EINTR : accel_run(b->s);

		if (err)
			return tool_fail(err);
	}
	b->start_ns = now_ns();
	for (int64_t i = 0; goes_on(b, i); i++) {
		struct accel_stats st;
		int err = tool_interrupted ? -EINTR : accel_run(b->s);

		if (err)
			return tool_fail(err);
		accel_session_stats(b->s, &st);
		if (note(b, &st))
			return TOOL_FAILED;
	}
	return TOOL_OK;
}

/**
 * struct flight - the requests under way
 * @in: what all read
 */
struct flight {
	const void **in;
	void **out;
	struct accel_request *req[MAX_AT_ONCE];
	struct pollfd fd[MAX_AT_ONCE];
	int64_t begun;
};

static int begin(struct bench *b, struct flight *f, int64_t k)
{
	int err = accel_session_submit(b->s, f->in, f->out, &f->req[k]), fd;

	if (err)
		return tool_fail(err);
	fd = accel_request_fd(f->req[k]);
	if (fd < 0)
		return tool_fail(fd);
	f->fd[k] = (struct pollfd){ .fd = fd, .events = POLLIN };
	f->begun++;
	return TOOL_OK;
}

static int end(struct bench *b, struct flight *f, int64_t k, bool warm)
{
	struct accel_stats st;
	int err = accel_request_wait(f->req[k], -1), code;

	if (err)
		return tool_fail(err);
	accel_request_stats(f->req[k], &st);
	code = warm ? note(b, &st) : TOOL_OK;
	accel_request_free(f->req[k]);
	f->req[k] = NULL;
	f->fd[k].fd = -1;
	return code;
}

/* A first request on each, to warm up; then each that ends makes room for the next. */
static int at_once(struct bench *b, struct flight *f)
{
	int64_t under_way = 0;
	int code = TOOL_OK;

	for (int64_t k = 0; k < b->concurrency && !code; k++)
		code = begin(b, f, k);
	for (int64_t k = 0; k < b->concurrency && !code; k++)
		code = end(b, f, k, false);
	f->begun = 0;
	b->start_ns = now_ns();
	for (int64_t k = 0; k < b->concurrency && !code && goes_on(b, f->begun); k++, under_way++)
		code = begin(b, f, k);
	while (under_way && !code) {
		if (tool_interrupted || (poll(f->fd, (nfds_t)b->concurrency, -1) < 0 && errno != EAGAIN))
			return tool_fail(-EINTR);
		for (int64_t k = 0; k < b->concurrency && !code; k++) {
			if (f->fd[k].fd < 0 || !f->fd[k].revents)
				continue;
			code = end(b, f, k, true);
			if (!code && goes_on(b, f->begun))
				code = begin(b, f, k);
			else
				under_way--;
		}
	}
	return code;
}

static int with_requests(struct bench *b, const struct accel_program *prog)
{
	const struct accel_session_options o = {
		.size = sizeof(o), .merge = b->merge, .merge_delay_us = (uint32_t)b->merge_delay_us,
	};
	int num = accel_program_num_inputs(prog), code, err = accel_session_set_options(b->s, &o);
	struct flight f = { .in = calloc((size_t)num + 1, sizeof(void *)),
			    .out = calloc((size_t)accel_program_num_outputs(prog) + 1, sizeof(void *)) };

	if (err)
		return tool_fail(err);
	for (int i = 0; i < MAX_AT_ONCE; i++)
		f.fd[i].fd = -1;
	/* The session's own inputs are zeros. Outputs are not looked at. */
	for (int i = 0; f.in && i < num; i++)
		f.in[i] = accel_input(b->s, i, NULL);
	code = f.in && f.out ? at_once(b, &f) : TOOL_FAILED;
	for (int i = 0; i < MAX_AT_ONCE; i++)
		accel_request_free(f.req[i]);
	free(f.in);
	free(f.out);
	return code;
}

static int report(const struct bench *b, const struct accel_device *dev)
{
	const struct accel_stats *st = &b->last;
	const double *us = b->us, per_s = (double)b->num * 1e6 / b->total_us;
	size_t n = b->num;

	if (b->json)
		return tool_print_json(json_pack("{s:s,s:o,s:I,s:I,s:f,s:f,s:f,s:f,s:f,s:f,s:o}", "program", b->model.path,
						 "device", tool_device_json(dev), "runs", (json_int_t)n, "concurrency",
						 (json_int_t)b->concurrency, "min_us", us[0], "p50_us", us[n / 2], "p90_us",
						 us[n * 9 / 10], "p99_us", us[n * 99 / 100], "max_us", us[n - 1],
						 "runs_per_s", per_s, "stats", tool_stats_json(st)));
	printf("%zu runs, %lld at once: least %.1f us, half within %.1f, 90%% %.1f, 99%% %.1f; %.1f runs a second\n", n,
	       (long long)b->concurrency, us[0], us[n / 2], us[n * 9 / 10], us[n * 99 / 100], per_s);
	if (st->cycles)
		printf("%llu cycles a run, utilisation of the array %.1f%%\n", (unsigned long long)st->cycles,
		       100 * st->utilisation);
	return TOOL_OK;
}

static int execute(struct bench *b)
{
	struct accel_program *prog;
	struct accel_device *dev;
	int code = tool_open(&b->model, &dev, &prog), err;

	if (code)
		return code;
	err = accel_session_new(dev, prog, &b->s);
	if (err)
		code = tool_fail(err);
	else if (b->concurrency > 1 || b->merge)
		code = with_requests(b, prog);
	else
		code = one_at_a_time(b);
	b->total_us = (double)(now_ns() - b->start_ns) / 1e3;
	if (!code && !b->num) {
		fprintf(stderr, "accel: the time was over before a run had begun\n");
		code = TOOL_FAILED;
	}
	if (!code) {
		qsort(b->us, b->num, sizeof(*b->us), compare);
		code = report(b, dev);
	}
	accel_session_free(b->s);
	accel_program_unref(prog);
	accel_close(dev);
	free(b->us);
	return code;
}

static int take_option(struct bench *b, int opt, const char *arg)
{
	int64_t seconds;

	switch (opt) {
	case 'j':
		b->json = true;
		return TOOL_OK;
	case 'r':
		return tool_number("bench", "runs", arg, 1, 10000000, &b->runs) ? TOOL_OK : TOOL_USAGE;
	case 'n':
		return tool_number("bench", "concurrency", arg, 1, MAX_AT_ONCE, &b->concurrency) ? TOOL_OK : TOOL_USAGE;
	case 'M':
		b->merge = true;
		return tool_number("bench", "merge-delay", arg, 0, 10000000, &b->merge_delay_us) ? TOOL_OK : TOOL_USAGE;
	case 't':
		if (!tool_number("bench", "duration", arg, 1, 86400, &seconds))
			return TOOL_USAGE;
		b->duration_ms = seconds * 1000;
		return TOOL_OK;
	default:
		return TOOL_USAGE;
	}
}

int cmd_bench(int argc, char **argv)
{
	static const struct option options[] = {
		TOOL_MODEL_OPTIONS, { "runs", required_argument, NULL, 'r' }, { "json", no_argument, NULL, 'j' },
		{ "duration", required_argument, NULL, 't' }, { "concurrency", required_argument, NULL, 'n' },
		{ "merge-delay", required_argument, NULL, 'M' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct bench b = { .concurrency = 1 };
	int opt;

	tool_model_init(&b.model);
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		int taken = tool_model_option("bench", &b.model, opt, optarg);

		if (taken < 0)
			return TOOL_USAGE;
		if (opt == 'h') {
			fputs(help_text, stdout);
			return TOOL_OK;
		}
		if (!taken && take_option(&b, opt, optarg))
			return TOOL_USAGE;
	}
	if (optind + 1 != argc)
		return tool_usage("bench", "give one model or program");
	if (!b.runs && !b.duration_ms)
		b.runs = 100;
	b.model.path = argv[optind];
	tool_catch_signals();
	return execute(&b);
}
