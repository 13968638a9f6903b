// SPDX-License-Identifier: MIT
/*
 * mutants [-f FIRST] [-n COUNT] [-t SECONDS] [-v] - mutated networks are refused or run, whatever was done to them
 *
 * Each is a process of its own, with a limit of processor time and of memory: import, passes, compilation, and a run on the
 * device model, in fp32, fp16, bf16 or int8. Mutant N is the same each time; those below the number of networks are not
 * mutated, and must run. It fails where one crashes, where what is built with sanitizers reports something, where an error
 * has no message or makes no sense, and where import itself takes longer than the limit. Networks that were made so large
 * that compiling or running them takes longer are stopped, and counted. Of a hundred and more, half must get to the end: what
 * is refused at once tests the importer only.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <accel/accel.h>

#include "libaccel/passes/passes.h"
#include "mutate.h"
#include "tests/conformance-nets/fill.h"

static const char *const nets[] = {
	"models/light_bvlc_alexnet.onnx", "models/light_zfnet512.onnx", "models/light_squeezenet.onnx",
	"models/light_shufflenet.onnx", "models/light_inception_v1.onnx", "models/light_inception_v2.onnx",
	"models/light_densenet121.onnx", "models/light_resnet50.onnx", "models/light_vgg19.onnx",
	"peer/ch_ppocr_mobile_v2.0_cls_infer.onnx",
};
#define NETS	(sizeof(nets) / sizeof(nets[0]))

/* Of input 0, where the model leaves them open. */
static const int64_t open_dims[] = { 1, 3, 48, 96 };

enum phase { IMPORTING, COMPILING, RUNNING };

/* The first three by phase. */
enum outcome { REFUSED, REFUSED_COMPILING, REFUSED_RUNNING, RUN, STOPPED, ODD, CRASHED, OUTCOMES };
static const char *const outcome_names[] = {
	"refused at import", "refused by the compiler", "refused when run", "run", "stopped at the limit", "errors without sense",
	"crashed",
};

/* What the process of a mutant says to ours. */
static struct shared {
	enum phase phase;
	char message[300];
} *shared;

static struct model models[NETS];

static unsigned int counts[NETS][OUTCOMES];

static float noise(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (float)(*state >> 40) * 0x1p-23f - 1;
}

static void fill_input(void *data, size_t bytes, enum accel_dtype dtype)
{
	uint64_t s = 42;

	memset(data, 0, bytes);
	for (size_t i = 0; dtype == ACCEL_F32 && i < bytes / sizeof(float); i++)
		((float *)data)[i] = noise(&s);
}

/* Errors that say something about the model or the machine, with a sentence. */
static enum outcome refused(int err)
{
	static const int known[] = { EBADMSG, EOPNOTSUPP, EINVAL, EOVERFLOW, ENOMEM, ENOSPC, ELOOP };

	snprintf(shared->message, sizeof(shared->message), "%d: %s", err, accel_errmsg());
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (err == -known[i] && *accel_errmsg())
			return REFUSED + (enum outcome)shared->phase;
	return ODD;
}

static int give_dims(struct accel_graph *g)
{
	struct accel_tensor_info info;

	if (accel_graph_input_info(g, 0, &info) || info.rank != 4)
		return 0;
	for (int i = 0; i < 4; i++)
		info.dims[i] = info.dims[i] < 0 ? open_dims[i] : info.dims[i];
	return accel_graph_set_input_dims(g, 0, info.dims);
}

/* One sample of input 0, for calibration; NULL where it cannot have one. */
static float *new_sample(const struct accel_graph *g, struct accel_compile_options *o)
{
	struct accel_tensor_info info;
	size_t elems = 1;
	float *data;

	if (accel_graph_input_info(g, 0, &info) || info.dtype != ACCEL_F32)
		return NULL;
	for (int i = 1; i < info.rank; i++)
		if (info.dims[i] < 0 || __builtin_mul_overflow(elems, (size_t)info.dims[i], &elems))
			return NULL;
	if (elems > 1 << 26)
		return NULL;
	data = malloc(elems * sizeof(*data) + 1);
	if (data)
		fill_input(data, elems * sizeof(*data), ACCEL_F32);
	o->calib_data = data;
	o->calib_count = 1;
	return data;
}

static enum outcome run(struct accel_device *dev, struct accel_program *p)
{
	struct accel_session *s;
	int err = accel_session_new(dev, p, &s);

	if (err)
		return refused(err);
	for (int i = 0; i < accel_program_num_inputs(p); i++) {
		struct accel_tensor_info info;
		size_t bytes;
		void *to = accel_input(s, i, &bytes);

		if (!accel_program_input_info(p, i, &info))
			fill_input(to, bytes, info.dtype);
	}
	err = accel_run(s);
	accel_session_free(s);
	return err ? refused(err) : RUN;
}

static enum outcome compile(struct accel_device *dev, struct accel_graph *g, enum accel_precision precision)
{
	struct accel_compile_options o = { .size = sizeof(o), .precision = precision };
	float *sample = precision == ACCEL_PREC_INT8 ? new_sample(g, &o) : NULL;
	struct accel_program *p;
	enum outcome outcome;
	int err = accel_compile(g, dev, &o, &p);

	free(sample);
	if (err)
		return refused(err);
	shared->phase = RUNNING;
	outcome = run(dev, p);
	accel_program_unref(p);
	return outcome;
}

static enum outcome try_model(const void *data, size_t bytes, enum accel_precision precision)
{
	struct accel_device *dev;
	struct accel_graph *g;
	enum outcome outcome;
	int err = accel_graph_parse_onnx(data, bytes, &g);

	if (err)
		return refused(err);
	err = give_dims(g);
	if (!err) {
		shared->phase = COMPILING;
		err = accel_open("sim:timing=0", &dev);
	}
	if (err) {
		outcome = refused(err);
	} else {
		outcome = compile(dev, g, precision);
		accel_close(dev);
	}
	accel_graph_unref(g);
	return outcome;
}

static const void *mutant(unsigned int n, size_t *bytes, char *what, size_t size)
{
	unsigned int net = n % NETS;
	void *data;

	if (n < NETS) {
		snprintf(what, size, "nothing");
		*bytes = models[net].bytes;
		return models[net].data;
	}
	return mutate_model(&models[net], n, &data, bytes, what, size) ? NULL : data;
}

/* In a process of its own. Leaves by exit(), for what looks for lost memory then. */
static void be_mutant(const void *data, size_t bytes, enum accel_precision precision, unsigned int seconds)
{
	struct rlimit cpu = { seconds, seconds + 5 }, core = { 0, 0 };
	enum outcome outcome;
	void *copy = malloc(bytes ? bytes : 1);	/* of the exact size, so that one byte too far is seen */

	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_CORE, &core);
	alarm(20 * seconds);		/* it may wait for what never comes */
	if (!copy)
		_exit(OUTCOMES);
	memcpy(copy, data, bytes);
	outcome = try_model(copy, bytes, precision);
	free(copy);
	exit((int)outcome);
}

static enum outcome judge(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) <= ODD)
		return (enum outcome)WEXITSTATUS(status);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU && shared->phase != IMPORTING)
		return STOPPED;
	return CRASHED;
}

static bool try_mutant(unsigned int n, unsigned int seconds, bool verbose)
{
	enum accel_precision precision = (enum accel_precision)(n / NETS % 4);
	char what[256];
	enum outcome outcome;
	size_t bytes;
	const void *data = mutant(n, &bytes, what, sizeof(what));
	struct rusage used;
	int status;
	pid_t pid;

	if (!data)
		return false;
	memset(shared, 0, sizeof(*shared));
	fflush(NULL);
	pid = fork();
	if (!pid)
		be_mutant(data, bytes, precision, seconds);
	if (n >= NETS)
		free((void *)data);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return false;
	outcome = judge(status);
	counts[n % NETS][outcome]++;
	if (verbose || outcome > RUN || (n < NETS && outcome != RUN))
		printf("# mutant %u of %s, precision %d (%s): %s%s%s (status %#x, phase %d, %ld.%01ld s)\n", n, nets[n % NETS], (int)precision,
		       what, outcome_names[outcome], *shared->message ? ": " : "", shared->message, (unsigned int)status,
		       (int)shared->phase, (long)used.ru_utime.tv_sec, (long)used.ru_utime.tv_usec / 100000);
	return n < NETS ? outcome == RUN : outcome < ODD;
}

/* Imports model @i, for what its values are. */
static bool know(size_t i)
{
	struct accel_graph *g;
	bool ok = !accel_graph_parse_onnx(models[i].data, models[i].bytes, &g);

	models[i].graph = ok ? g : NULL;
	return ok && !give_dims(g) && !accel_pass_shapes(g, 1);
}

static bool read_models(void)
{
	const char *cache = getenv("LOOM_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char folder[300], path[400];

	if (cache)
		snprintf(folder, sizeof(folder), "%s", cache);
	else
		snprintf(folder, sizeof(folder), "%s%s/loom", xdg ? xdg : home ? home : "", xdg ? "" : "/.cache");
	for (size_t i = 0; i < NETS; i++) {
		size_t bytes;
		void *data;
		bool ok;

		snprintf(path, sizeof(path), "%s/%s", folder, nets[i]);
		data = read_file(path, &bytes);
		ok = data && !shrink_model(data, bytes, &models[i].data, &models[i].bytes);
		free(data);
		if (!ok || !know(i)) {
			printf("Bail out! %s cannot be read; make models-data peer-data fetches it\n", path);
			return false;
		}
	}
	return true;
}

/* Prints how far they got; false where too few got to the end. */
static bool report(unsigned int count, bool ok)
{
	unsigned int sums[OUTCOMES] = { 0 };

	for (size_t i = 0; i < NETS; i++) {
		printf("# %-42s", nets[i]);
		for (int k = 0; k < OUTCOMES; k++) {
			printf("%s%u %s", k ? ", " : "", counts[i][k], outcome_names[k]);
			sums[k] += counts[i][k];
		}
		printf("\n");
	}
	if (count >= 100 && sums[RUN] * 2 < count) {
		printf("# only %u of %u have run\n", sums[RUN], count);
		ok = false;
	}
	printf("%s 1 - %u models:", ok ? "ok" : "not ok", count);
	for (int k = 0; k < OUTCOMES; k++)
		printf("%s %u %s", k ? "," : "", sums[k], outcome_names[k]);
	printf("\n1..1\n");
	return ok;
}

int main(int argc, char **argv)
{
	unsigned int first = 0, count = 1000, seconds = 60;
	bool verbose = false, ok = true;
	int opt;

	while ((opt = getopt(argc, argv, "f:n:t:v")) != -1) {
		unsigned int value = optarg ? (unsigned int)strtoul(optarg, NULL, 10) : 0;

		if (opt == 'f')
			first = value;
		else if (opt == 'n')
			count = value;
		else if (opt == 't' && value)
			seconds = value;
		else if (opt == 'v')
			verbose = true;
		else
			return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || !read_models())
		return 1;
	for (unsigned int n = first; n < first + count; n++)
		ok &= try_mutant(n, seconds, verbose);
	ok = report(count, ok);
	for (size_t i = 0; i < NETS; i++) {
		free(models[i].data);
		accel_graph_unref(models[i].graph);
	}
	return ok ? 0 : 1;
}
